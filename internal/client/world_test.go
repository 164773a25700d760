package client

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/internal/command"
	"sallyport/internal/jmespath"
)

// world is what a command finds: files, variables, and one server that plays all services.
type world struct {
	home string
	env  map[string]string

	*httptest.Server
	mu       sync.Mutex
	replies  map[string][]string // by method and path; the last one repeats
	requests []*request
}

// request is what the server saw.
type request struct {
	line   string // method and path
	query  string
	header http.Header
	body   string
}

// The keys of the tests. They open nothing.
const (
	configKeys = "aws_access_key_id = AKCONFIG\naws_secret_access_key = sconfig\n"
	secretKeys = "aws_access_key_id = AKSECRET\naws_secret_access_key = ssecret\n"
	future     = "2099-01-01T00:00:00Z"
	past       = "2020-01-01T00:00:00Z"

	identityReply  = `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
	processReply   = `{"Version":1,"AccessKeyId":"AKPROC","SecretAccessKey":"sproc"}`
	containerReply = `{"AccessKeyId":"AKCONT","SecretAccessKey":"scont","Token":"tcont","Expiration":"` + future + `"}`
	instanceReply  = `{"Code":"Success","AccessKeyId":"AKINST","SecretAccessKey":"sinst","Token":"tinst","Expiration":"` + past + `"}`
	portalReply    = `{"roleCredentials":{"accessKeyId":"AKSSO","secretAccessKey":"ssso","sessionToken":"tsso","expiration":4070908800000}}`
	refreshReply   = `{"accessToken":"NEW","tokenType":"Bearer","expiresIn":28800,"refreshToken":"NEWR"}`
)

func roleReply(operation, expires string) string {
	return "<" + operation + "Response><" + operation + "Result><AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId>" +
		"<Arn>arn:aws:sts::123456789012:assumed-role/r/x</Arn></AssumedRoleUser><Credentials><AccessKeyId>AKROLE</AccessKeyId>" +
		"<SecretAccessKey>srole</SecretAccessKey><SessionToken>trole</SessionToken><Expiration>" + expires + "</Expiration></Credentials></" +
		operation + "Result></" + operation + "Response>"
}

// newWorld has every service answer well, and finds no instance.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{home: t.TempDir(), replies: map[string][]string{
		"POST /sts/":                      {roleReply("AssumeRole", future)},
		"POST /oidc/token":                {refreshReply},
		"GET /sso/federation/credentials": {portalReply},
		"GET /creds":                      {containerReply},
		"PUT /latest/api/token":           {"IMDSTOK"},
		"GET /latest/meta-data/iam/security-credentials/":      {"role1"},
		"GET /latest/meta-data/iam/security-credentials/role1": {instanceReply},
		"GET /latest/meta-data/placement/availability-zone/":   {"eu-west-3b"},
	}}
	w.Server = httptest.NewServer(http.HandlerFunc(w.answer))
	t.Cleanup(w.Close)
	w.env = map[string]string{
		"AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
		"AWS_ENDPOINT_URL_STS": w.URL + "/sts/", "AWS_ENDPOINT_URL_SSO": w.URL + "/sso", "AWS_ENDPOINT_URL_SSO_OIDC": w.URL + "/oidc",
	}
	return w
}

// answer gives the next reply. One that begins with a number is a status with its body.
func (w *world) answer(out http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	line := r.Method + " " + r.URL.Path
	w.mu.Lock()
	w.requests = append(w.requests, &request{line, r.URL.RawQuery, r.Header, string(body)})
	replies := w.replies[line]
	if len(replies) > 1 {
		w.replies[line] = replies[1:]
	}
	w.mu.Unlock()
	if len(replies) == 0 {
		out.WriteHeader(http.StatusNotFound)
		return
	}
	reply := replies[0]
	if status, rest, found := strings.Cut(reply, "|"); found {
		code, errorType, _ := strings.Cut(status, " ")
		if errorType != "" {
			out.Header().Set("x-amzn-ErrorType", errorType)
		}
		out.WriteHeader(map[string]int{"400": 400, "401": 401, "403": 403, "404": 404, "500": 500}[code])
		reply = rest
	}
	io.WriteString(out, reply)
}

// lines are the requests so far.
func (w *world) lines() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var lines []string
	for _, r := range w.requests {
		lines = append(lines, r.line)
	}
	return strings.Join(lines, ", ")
}

func (w *world) write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(w.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// expand puts the addresses of the world into a text.
func (w *world) expand(text string) string {
	return strings.NewReplacer("@URL@", w.URL, "@HOME@", w.home).Replace(text)
}

// settings are those of a command with these words.
func (w *world) settings(t *testing.T, words string) (*Settings, error) {
	t.Helper()
	parsed, err := command.GlobalOptions.Parse(strings.Fields(words))
	if err != nil {
		t.Fatal(err)
	}
	env := environ(w.home, w.env)
	env.Stdin, env.Stderr = strings.NewReader(""), io.Discard
	var log strings.Builder
	debug := command.NewDebugLog(&log, command.Arguments{"debug": nil})
	t.Cleanup(func() { checkNoSecrets(t, log.String()) })
	wait := func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return Load(&command.Call{Environ: env, Global: parsed.Arguments, Debug: debug, Wait: wait})
}

// secrets must stand in no log and in no error.
var secrets = []string{"sconfig", "ssecret", "sproc", "scont", "sinst", "ssso", "srole", "senv", "trole", "tsso", "NEWR", "REFRESH", "slogin", "tlogin", "sagain", "CSEC", "J.W.T", "AGENTTOKEN"}

func checkNoSecrets(t *testing.T, text string) {
	t.Helper()
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in what is shown: %s", secret, text)
		}
	}
}

// outcome is what a seeking of credentials came to: the key id and the token, or the exit code and a part of the sentence.
func outcome(found string, err error) (string, string) {
	var failure *command.Failure
	switch {
	case err == nil:
		return found, ""
	case errors.As(err, &failure):
		return map[int]string{command.ExitConfiguration: "253", command.ExitService: "254", command.ExitOther: "255"}[failure.Exit], err.Error()
	}
	return "another error", err.Error()
}

// textValue is the text of a member, empty where it is missing.
func textValue(value jmespath.Value, name string) string {
	inner, _ := value.Get(name)
	return inner.Text()
}

// silentServer takes connections and says nothing.
func silentServer(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return "http://" + listener.Addr().String()
}
