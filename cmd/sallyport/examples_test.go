package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// browser is a browser in which alice sits, who approves whatever she is asked. It is found in PATH like the program itself.
func browser() {
	page, err := url.Parse(os.Args[1])
	if err != nil {
		fatal(err)
	}
	path, body := "/_dev/authorize", map[string]string{"userName": "alice", "query": page.RawQuery}
	if code := page.Query().Get("user_code"); code != "" {
		path, body = "/_dev/device", map[string]string{"userName": "alice", "decision": "approve", "userCode": code}
	}
	text, err := json.Marshal(body)
	if err != nil {
		fatal(err)
	}
	answer, err := http.Post(page.Scheme+"://"+page.Host+path, "application/json", bytes.NewReader(text)) // goes on to the redirect URI
	if err != nil {
		fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		fatal(fmt.Errorf("%s: %s", path, answer.Status))
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// peoplesCommands are the commands for people in an order in which their examples can be run.
var peoplesCommands = []string{"login", "token", "whoami", "credentials", "exec", "configure", "doctor", "completion", "manual", "logout"}

const examplesDirectory = `
instance: {name: Example, ownerAccountId: "111122223333"}
users: [{userName: alice, givenName: Alice, familyName: Archer, email: alice@example.com}]
groups: []
accounts: [{accountId: "111122223333", name: prod-eu, email: prod@example.com}]
permissionSets: [{name: Admin}, {name: ReadOnly}]
assignments:
  - {account: "111122223333", permissionSet: Admin, users: [alice]}
  - {account: "111122223333", permissionSet: ReadOnly, users: [alice]}
`

const examplesConfig = `
[sso-session corp]
sso_start_url = {startURL}
sso_region = us-east-1
sso_registration_scopes = sso:account:access
[profile dev]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Admin
region = us-east-1
services = corp
[services corp]
sso_oidc =
  endpoint_url = {url}
sso =
  endpoint_url = {url}
`

// shellBlock is an example in a page of the manual.
var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// Every example in the help of the commands for people is run as it would be pasted, against a server of one's own instead of that
// at example.com. Those of the operations are run by test/clients.
func TestTheExamplesOfTheCommandsForPeopleRun(t *testing.T) {
	server, home := harness.Start(t), t.TempDir()
	write(t, filepath.Join(home, "directory.yaml"), examplesDirectory, 0o600)
	write(t, filepath.Join(home, ".aws", "config"), strings.NewReplacer("{startURL}", server.AWSStartURL(), "{url}", server.Endpoint).Replace(examplesConfig), 0o600)
	write(t, filepath.Join(home, "bin", "terraform"), "#!/bin/sh\n", 0o700)
	for _, folder := range []string{".local/share/bash-completion/completions", ".config/fish/completions", ".zfunc"} {
		if err := os.MkdirAll(filepath.Join(home, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	run := func(line string) {
		t.Helper()
		shell := exec.Command("sh", "-c", line)
		shell.Dir = home
		shell.Env = []string{"HOME=" + home, "PATH=" + filepath.Join(home, "bin") + ":" + os.Getenv("PATH"), "BROWSER=browser", "LANG=C.UTF-8",
			"AWS_ENDPOINT_URL=" + server.Endpoint, "AWS_REGION=us-east-1", "AWS_PROFILE=dev", "AWS_EC2_METADATA_DISABLED=true", "PAGER=cat"}
		if out, err := shell.CombinedOutput(); err != nil {
			t.Errorf("%s\n%v\n%s", line, err, out)
		}
	}
	server.Operate("apply", "-f", filepath.Join(home, "directory.yaml"))
	run("sallyport manual --format markdown --to pages")
	here := strings.NewReplacer("https://sso.example.com", server.Endpoint, "https://d-1234567890.awsapps.com/start", server.AWSStartURL())
	for _, word := range peoplesCommands {
		page, err := os.ReadFile(filepath.Join(home, "pages", "sallyport-"+word+".md"))
		if err != nil {
			t.Fatal(err)
		}
		_, examples, found := strings.Cut(string(page), "\n## Examples\n")
		if !found {
			t.Errorf("%s has no examples", word)
		}
		for _, block := range shellBlock.FindAllStringSubmatch(examples, -1) {
			run(here.Replace(block[1]))
		}
	}
	everyPageIsRun(t, filepath.Join(home, "pages"))
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// everyPageIsRun fails the test for a page of the manual that is neither an operation's nor in the list of commands.
func everyPageIsRun(t *testing.T, folder string) {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(folder, "sallyport-*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	for _, page := range pages {
		word := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(page), "sallyport-"), ".md")
		ofService := slices.ContainsFunc(api.Services, func(s *api.Service) bool { return word == s.Command || strings.HasPrefix(word, s.Command+"-") })
		if !ofService && !slices.Contains(peoplesCommands, word) {
			t.Errorf("the examples of %s are not run", word)
		}
	}
}
