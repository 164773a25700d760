//go:build unix

package login

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sallyport/test/harness"
)

// browserVariable makes the test's own program a browser: it says what the person does there.
const browserVariable = "LOGIN_TEST_BROWSER"

// What the person does in the browser.
const (
	approves = "approves"
	refuses  = "refuses"
	wanders  = "wanders" // asks the listener for things that are not the answer, and approves then
	fails    = "fails"   // there is no browser
)

func TestMain(m *testing.M) {
	if what := os.Getenv(browserVariable); what != "" {
		if err := browse(what, os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// browse does in the browser what a person would.
func browse(what, address string) error {
	page, err := url.Parse(address)
	switch {
	case err != nil:
		return err
	case what == fails:
		return errors.New("no browser")
	case page.Query().Has("user_code"):
		return control(page, "/_dev/device", map[string]string{"userCode": page.Query().Get("user_code"), "userName": "alice", "decision": decision(what)}, nil)
	case what == refuses:
		return visit(page.Query().Get("redirect_uri") + "?error=access_denied&error_description=not%20today&state=" + page.Query().Get("state"))
	case what == wanders:
		if err := visit(page.Query().Get("redirect_uri") + "?code=x&state=guessed"); err == nil {
			return errors.New("a guessed state was taken")
		}
	}
	var answer struct{ Location string }
	if err := control(page, "/_dev/authorize", map[string]string{"query": page.RawQuery, "userName": "alice"}, &answer); err != nil {
		return err
	}
	return visit(answer.Location)
}

func decision(what string) string {
	if what == refuses {
		return "deny"
	}
	return "approve"
}

func visit(address string) error {
	response, err := http.Get(address)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}

// control calls a control endpoint of the server that a page is of.
func control(page *url.URL, path string, body, out any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := stay.Post(page.Scheme+"://"+page.Host+path, "application/json", bytes.NewReader(text))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s: status %d", path, response.StatusCode)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(out)
}

// person is somebody at a machine with a home folder, a configuration and a browser.
type person struct {
	t      testing.TB
	server *harness.Server
	home   string
	env    []string
}

// accountOfAlice and roleOfAlice are what alice of the demo holds.
const (
	accountOfAlice = "111122223333"
	roleOfAlice    = "AdministratorAccess"
)

// newPerson starts a server and puts its profiles into a configuration.
func newPerson(t testing.TB) *person {
	t.Helper()
	p := &person{t: t, server: harness.Start(t), home: t.TempDir()}
	p.write(".aws/config", strings.NewReplacer("{url}", p.server.StartURL, "{region}", p.server.Region, "{account}", accountOfAlice, "{role}", roleOfAlice,
		"{endpoint}", p.server.Endpoint).Replace(`
[profile dev]
sso_session = demo
sso_account_id = {account}
sso_role_name = {role}
region = eu-north-1
endpoint_url = {endpoint}
[profile twin]
sso_session = demo
sso_account_id = {account}
sso_role_name = Billing
endpoint_url = {endpoint}
[profile old]
sso_start_url = {url}
sso_region = {region}
sso_account_id = {account}
sso_role_name = {role}
endpoint_url = {endpoint}
[sso-session demo]
sso_start_url = {url}
sso_region = {region}
sso_registration_scopes = sso:account:access
`))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p.env = []string{"HOME=" + p.home, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "BROWSER=" + self, browserVariable + "=" + approves}
	return p
}

func (p *person) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// with is the person with further variables.
func (p *person) with(env ...string) *person {
	changed := *p
	changed.env = append(append([]string(nil), p.env...), env...)
	return &changed
}

// ended is a command that has ended.
type ended struct {
	t              testing.TB
	line           string
	exit           int
	stdout, stderr string
}

func (p *person) command(line string) *exec.Cmd {
	p.t.Helper()
	c := exec.Command(harness.Binary(p.t), strings.Fields(line)...)
	c.Env, c.Dir = p.env, p.home
	return c
}

// run runs a command line.
func (p *person) run(line string) ended {
	p.t.Helper()
	var stdout, stderr strings.Builder
	c := p.command(line)
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil && c.ProcessState == nil {
		p.t.Fatal(err)
	}
	return ended{p.t, line, c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// with fails the test unless the command ended with the code.
func (e ended) with(exit int) ended {
	e.t.Helper()
	if e.exit != exit {
		e.t.Fatalf("%q ended with %d, want %d\n%s%s", e.line, e.exit, exit, e.stdout, e.stderr)
	}
	return e
}

// says fails the test unless standard error has the words.
func (e ended) says(words ...string) ended {
	e.t.Helper()
	for _, word := range words {
		if !strings.Contains(e.stderr, word) {
			e.t.Errorf("%q does not say %q:\n%s", e.line, word, e.stderr)
		}
	}
	return e
}

// cached are the files of the cache of sign-ins that have a member.
func (p *person) cached(member string) map[string]map[string]any {
	p.t.Helper()
	found := map[string]map[string]any{}
	paths, err := filepath.Glob(filepath.Join(p.home, ".aws/sso/cache/*.json"))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, path := range paths {
		var object map[string]any
		text, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(text, &object)
		}
		if err != nil {
			p.t.Fatal(err)
		}
		if _, has := object[member]; has {
			found[path] = object
		}
	}
	return found
}

// only is the one entry of a map.
func only[K comparable, V any](t testing.TB, all map[K]V) (K, V) {
	t.Helper()
	if len(all) != 1 {
		t.Fatalf("there are %d, want one: %v", len(all), all)
	}
	for key, value := range all {
		return key, value
	}
	panic("unreachable")
}

// change rewrites a member of every token that is kept.
func (p *person) change(member string, value any) {
	p.t.Helper()
	p.changeIn("accessToken", member, value)
}

// changeIn rewrites a member of every file that has another one.
func (p *person) changeIn(kind, member string, value any) {
	p.t.Helper()
	for path, object := range p.cached(kind) {
		object[member] = value
		text, err := json.Marshal(object)
		if err == nil {
			err = os.WriteFile(path, text, 0o600)
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
}
