package commandline

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/test/harness"
)

// marked begins every secret of these tests: what the server answers, what the command line says, what files and variables hold.
const marked = "MARKED-SECRET-"

// plain are the values of members that a sign-in looks at, or shows to the person. All others are a word, a number, or marked.
var plain = map[string]any{
	"expiresIn": 28800, "interval": 1, "clientSecretExpiresAt": 4070908800, "expiration": 4070908800000, "userCode": "ABCD-EFGH",
	"verificationUri": "http://127.0.0.1:9/device", "verificationUriComplete": "http://127.0.0.1:9/device?user_code=ABCD-EFGH",
	"accountId": "123456789012", "roleName": "Admin", "scope": []string{"sso:account:access"},
}

// sample is a value of a shape with every secret in it marked. There is no further page.
func sample(shape *api.Shape, paging *api.Paging) map[string]any {
	values := map[string]any{}
	for _, m := range shape.Members {
		switch known, looked := plain[m.Name]; {
		case paging != nil && (m.Name == paging.Token || m.Name == paging.Limit):
		case looked:
			values[m.Name] = known
		case m.Masked():
			values[m.Name] = marked + m.Name
		case m.Kind == api.List && m.Shape != nil:
			values[m.Name] = []any{sample(m.Shape, nil)}
		case m.Kind == api.List:
			values[m.Name] = []string{"word"}
		case m.Kind == api.Structure:
			values[m.Name] = sample(m.Shape, nil)
		case m.Kind == api.Integer || m.Kind == api.Long:
			values[m.Name] = cmp.Or(m.Min, 1)
		default:
			values[m.Name] = "word"
		}
	}
	return values
}

// markedServer answers every operation with a sample of its output, or all of them with an error.
func markedServer(t *testing.T) (url string, refuse func(bool)) {
	refusing := false
	answers := map[string][]byte{}
	for _, service := range api.Services {
		for _, operation := range service.Operations {
			body, err := json.Marshal(sample(operation.Output, operation.Paging))
			if err != nil {
				t.Fatal(err)
			}
			path, _, _ := strings.Cut(operation.Path, "?")
			answers[operation.Method+" "+path] = body
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refusing {
			w.Header().Set("x-amzn-ErrorType", "InvalidRequestException")
			w.Header().Set("x-amzn-RequestId", "id")
			w.WriteHeader(http.StatusBadRequest)
			w.Write([]byte(`{"message":"no","clientSecret":"` + marked + `error"}`))
			return
		}
		w.Write(answers[r.Method+" "+r.URL.Path])
	}))
	t.Cleanup(server.Close)
	return server.URL, func(on bool) { refusing = on }
}

const markedConfig = `[profile p]
sso_session = s
sso_account_id = 123456789012
sso_role_name = Admin
region = us-east-1
[sso-session s]
sso_start_url = https://d-1.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access
`

// No secret reaches standard error, whatever is called and whether it succeeds, nor what --debug tells there. Commands for people do not
// print one on standard output either, unless it is what they are for.
func TestSecretsAreNeverTold(t *testing.T) {
	url, refuse := markedServer(t)
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"config": markedConfig, "credentials": "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = " + marked + "file\naws_session_token = " + marked + "file\n",
	} {
		if err := os.WriteFile(filepath.Join(home, ".aws", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tell := func(quiet bool, words ...string) {
		program := exec.Command(harness.Binary(t), words...)
		program.Env = []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + home, "AWS_ENDPOINT_URL=http://user:" + marked + "url@" + strings.TrimPrefix(url, "http://"), "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1",
			"HTTPS_PROXY=http://user:" + marked + "proxy@127.0.0.1:9",
		}
		var stdout, stderr bytes.Buffer
		program.Stdout, program.Stderr = &stdout, &stderr
		err := program.Run()
		if text := stderr.String(); strings.Contains(text, marked) || strings.Contains(text, "panic:") {
			t.Errorf("%q, %v: standard error tells\n%s", words, err, text)
		}
		if quiet && strings.Contains(stdout.String(), marked) {
			t.Errorf("%q, %v: standard output tells\n%s", words, err, &stdout)
		}
	}
	for _, refusing := range []bool{false, true} {
		refuse(refusing)
		for _, service := range api.Services {
			for _, operation := range service.Operations {
				input, err := json.Marshal(sample(operation.Input, operation.Paging))
				if err != nil {
					t.Fatal(err)
				}
				words := []string{service.Command, command.Spell(operation.Name), "--region", "us-east-1", "--cli-input-json", string(input), "--debug"}
				tell(false, words...)
				tell(false, append(words, "--query", "nothing[?")...)
				tell(false, append(words, "--no-such-option", "x")...)
			}
		}
	}
	refuse(false)
	tell(true, "login", "--profile", "p", "--use-device-code", "--no-browser", "--debug")
	for _, refusing := range []bool{false, true} {
		refuse(refusing)
		for _, line := range []string{"whoami", "configure --dry-run --sso-session s", "doctor", "doctor --output json", "exec -- true", "sso-oidc create-token-with-iam --client-id i --grant-type g --assertion " + marked + "assertion --output off"} {
			words := append([]string{"--debug"}, strings.Fields(line)...)
			if !strings.HasPrefix(line, "configure") {
				words = append([]string{"--profile", "p"}, words...)
			}
			tell(true, words...)
		}
		tell(false, "token", "--profile", "p", "--debug")
		tell(false, "credentials", "--profile", "p", "--debug")
	}
	for _, option := range []string{"--access-token", "--client-secret", "--refresh-token", "--profile", "--device-code"} {
		tell(true, "__complete", "sso-oidc", "create-token", option, "")
		tell(true, "__complete", "sso", "logout", option, "")
	}
	tell(true, "logout", "--debug")
}
