package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/command"
)

// request is what the server of a test saw.
type request struct {
	Method, Target, Body string
	Header               http.Header
}

// stage is where a command of a test runs: a server with scripted answers, an environment and a home of its own.
type stage struct {
	t        *testing.T
	url      string
	home     string
	env      map[string]string
	requests []request
	services []*api.Service
	pauses   []time.Duration
}

// response is one scripted answer. The last one is repeated.
type response struct {
	status  int
	errType string
	body    string
}

func newStage(t *testing.T, responses ...response) *stage {
	t.Helper()
	s := &stage{t: t, home: t.TempDir(), env: map[string]string{"AWS_REGION": "eu-west-1"}, services: api.Services}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.requests = append(s.requests, request{r.Method, r.URL.RequestURI(), string(body), r.Header})
		next := responses[min(len(s.requests), len(responses))-1]
		if next.errType != "" {
			w.Header().Set("x-amzn-ErrorType", next.errType)
		}
		if next.status != 0 {
			w.WriteHeader(next.status)
		}
		io.WriteString(w, next.body)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *stage) file(name, content string) string {
	s.t.Helper()
	path := filepath.Join(s.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

type outcome struct {
	exit           int
	stdout, stderr string
}

func (s *stage) run(args ...string) outcome {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	lookup := func(name string) (string, bool) { value, set := s.env[name]; return value, set }
	env := command.Environ{LookupEnv: lookup, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Home: s.home, Version: "1.2.3"}
	wait := func(_ context.Context, pause time.Duration) error { s.pauses = append(s.pauses, pause); return nil }
	exit := (&run{Call: &command.Call{Environ: env, Wait: wait}, Program: &Program{Services: s.services}}).main(s.t.Context(), args)
	return outcome{exit, stdout.String(), stderr.String()}
}

// call runs with the endpoint of the stage.
func (s *stage) call(args ...string) outcome {
	s.t.Helper()
	return s.run(append(args, "--endpoint-url", s.url)...)
}

var createToken = []string{"sso-oidc", "create-token", "--client-id", "ci", "--client-secret", "cs", "--grant-type", "g"}

func with(base []string, more ...string) []string { return append(slices.Clone(base), more...) }

func TestCreateTokenOnTheWireAndOnPaper(t *testing.T) {
	s := newStage(t, response{body: `{"idToken":null,"expiresIn":"28800","unknown":1,"tokenType":"Bearer","accessToken":"<é&>"}`})
	got := s.call(with(createToken, "--scope", "a", "b c", "--code", "é")...)
	want := outcome{0, "{\n    \"accessToken\": \"<é&>\",\n    \"tokenType\": \"Bearer\",\n    \"expiresIn\": 28800\n}\n", ""}
	if got != want {
		t.Errorf("got %+v", got)
	}
	sent := s.requests[0]
	if sent.Method != "POST" || sent.Target != "/token" ||
		sent.Body != `{"clientId": "ci", "clientSecret": "cs", "grantType": "g", "code": "\u00e9", "scope": ["a", "b c"]}` {
		t.Errorf("sent %+v", sent)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "Accept-Encoding": "identity", "Amz-Sdk-Request": "attempt=1", "Authorization": ""} {
		if got := sent.Header.Get(name); got != want {
			t.Errorf("header %s is %q, want %q", name, got, want)
		}
	}
}

func TestExitCodesAndSentences(t *testing.T) {
	refusal := response{400, "AuthorizationPendingException:http://x", `{"error":"authorization_pending","error_description":"wait"}`}
	good := response{body: `{"accessToken":"a"}`}
	tests := []struct {
		name     string
		answer   response
		args     []string
		exit     int
		sentence string
		sent     int
	}{
		{"a refusal of the service", refusal, createToken, command.ExitService,
			"sallyport: [ERROR]: An error occurred (AuthorizationPendingException) when calling the CreateToken operation: \n\n" +
				"Additional error details:\nerror: authorization_pending\nerror_description: wait\n", 1},
		{"a refusal with a message", response{403, "", `{"message":"No access"}`}, createToken, command.ExitService,
			"An error occurred (403) when calling the CreateToken operation: No access\n", 1},
		{"an answer that is not JSON", response{400, "", "oops"}, createToken, command.ExitService, "(400) when calling the CreateToken operation: oops", 1},
		{"a namespace before the code", response{400, "", `{"__type":"com.x#BadException"}`}, createToken, command.ExitService, "(BadException)", 1},
		{"a redirect is not followed", response{307, "", ""}, createToken, command.ExitService, "(307)", 1},
		{"a bare 429 is not sent again", response{429, "", "{}"}, createToken, command.ExitService, "(429)", 1},
		{"no arguments", good, nil, command.ExitUsage, "arguments are required: command", 0},
		{"a service alone", good, []string{"sso-oidc"}, command.ExitUsage, "arguments are required: operation", 0},
		{"an unknown service", good, []string{"s3"}, command.ExitUsage, "invalid choice 's3', valid choices are: sso-oidc, sso, sts", 0},
		{"a misspelled operation", good, []string{"sso-oidc", "create-tokn"}, command.ExitUsage, "Maybe you meant:\n\n  * create-token", 0},
		{"required options", good, []string{"sso-oidc", "create-token", "--client-id", "x"}, command.ExitUsage, "required: --client-secret, --grant-type\n\nusage:", 0},
		{"an unknown option", good, with(createToken, "--bogus", "x"), command.ExitUsage, "Unknown options: x, --bogus", 0},
		{"a word too many", good, with(createToken, "more"), command.ExitUsage, "Unknown options: more", 0},
		{"a double dash", good, with(createToken, "--", "more"), command.ExitUsage, "Unknown options: more, --", 0},
		{"help with something behind it", good, []string{"help", "sso-oidc"}, command.ExitUsage, "stands last: sallyport sso-oidc help", 0},
		{"-h is no option", good, with(createToken, "-h"), command.ExitUsage, "Unknown options: -h", 0},
		{"an ambiguous prefix", good, with(createToken, "--client", "x"), command.ExitUsage, "ambiguous option: --client could match --client-id, --client-secret", 0},
		{"a missing value", good, with(createToken, "--code"), command.ExitUsage, "argument --code: expected one argument", 0},
		{"a value that looks like an option", good, with(createToken, "--code", "-x"), command.ExitUsage, "argument --code: expected one argument", 0},
		{"a switch with a value", good, with(createToken, "--no-paginate=true"), command.ExitUsage, "ignored explicit argument", 0},
		{"an option of the operation before it", good, []string{"sso-oidc", "--client-id", "x", "create-token"}, command.ExitUsage, "invalid choice 'x'", 0},
		{"an output that does not exist", good, with(createToken, "--output", "xml"), command.ExitUsage, "invalid choice 'xml'", 0},
		{"input as YAML that is none", good, with(createToken, "--cli-input-yaml", "a: b: c"), command.ExitUsage, "Invalid YAML: line 1", 0},
		{"input as JSON and YAML", good, with(createToken, "--cli-input-yaml", "{}", "--cli-input-json", "{}"), command.ExitUsage, "only one of", 0},
		{"both ways of auto-prompt", good, with(createToken, "--cli-auto-prompt", "--no-cli-auto-prompt"), command.ExitUsage, "at the same time", 0},
		{"errors as JSON", refusal, with(createToken, "--cli-error-format", "json"), command.ExitService,
			"{\n    \"Message\": \"\",\n    \"Code\": \"AuthorizationPendingException\",\n    \"error\": \"authorization_pending\",\n    \"error_description\": \"wait\"\n}\n", 1},
		{"errors as YAML, found before anything is sent", good, with(createToken, "--cli-error-format", "yaml", "--query", ""), command.ExitUsage, "Code: ParamValidation\nMessage: ", 0},
		{"errors as text", refusal, with(createToken, "--cli-error-format", "text"), command.ExitService, "AuthorizationPendingException\t\tauthorization_pending\twait\n", 1},
		{"errors without details", refusal, with(createToken, "--cli-error-format", "legacy"), command.ExitService, "CreateToken operation: \n", 1},
		{"an error without a code is a sentence in every form", good, with(createToken, "--cli-error-format", "json", "--profile", "nope"), command.ExitOther, "[ERROR]: The config profile (nope)", 0},
		{"a bad query", good, with(createToken, "--query", "a."), command.ExitUsage, "Bad value for --query", 0},
		{"a query that fails on the answer", good, with(createToken, "--query", "abs(@)"), command.ExitOther, "in function abs()", 1},
		{"a time-out that is no number", good, with(createToken, "--cli-read-timeout", "1.5"), command.ExitOther, "whole number of seconds", 0},
		{"a negative time-out", good, with(createToken, "--cli-connect-timeout", "-1"), command.ExitOther, "whole number of seconds", 0},
		{"a Region with an underscore", good, with(createToken, "--region", "us_east"), command.ExitOther, "doesn't match a supported format", 0},
		{"a form of moments that does not exist", good, with(createToken, "--profile", "late"), command.ExitConfiguration, "(Configuration): Unknown cli_timestamp_format value: noon", 0},
		{"a file that is missing, before the profile is looked for", good, with(createToken, "--code", "file:///nonexistent", "--profile", "nope"), command.ExitUsage, "Unable to load paramfile", 0},
		{"a form of binary values that does not exist", good, with(createToken, "--profile", "odd"), command.ExitOther, "Invalid value for cli_binary_format: hex", 0},
		{"an unknown profile", good, with(createToken, "--profile", "nope"), command.ExitOther, "The config profile (nope) could not be found", 0},
		{"no output", good, with(createToken, "--output", "off"), command.ExitOK, "", 1},
		{"a CA bundle is not read for plain HTTP", good, with(createToken, "--ca-bundle", "/nonexistent"), command.ExitOK, "", 1},
		{"a bad integer", good, []string{"sso", "list-accounts", "--access-token", "t", "--max-results", "x"}, command.ExitOther, "invalid literal", 0},
		{"an integer too small", good, []string{"sso", "list-accounts", "--access-token", "t", "--max-results", "0"}, command.ExitUsage, "Invalid value for parameter maxResults, value: 0, valid min value: 1", 0},
		{"a page size that is no number", good, []string{"sso", "list-accounts", "--access-token", "t", "--page-size", "x"}, command.ExitUsage, "--page-size: invalid int", 0},
		{"a token that ends in a newline", good, []string{"sso", "logout", "--access-token=t\n"}, command.ExitOther, "Invalid header value", 0},
		{"no credentials to sign with", good, []string{"sts", "get-caller-identity", "--profile", "bare"}, command.ExitOther, "Partial credentials", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, test.answer)
			s.file(".aws/config", "[profile odd]\ncli_binary_format = hex\n[profile late]\ncli_timestamp_format = noon\n")
			s.file(".aws/credentials", "[bare]\naws_access_key_id = AKIA\n")
			run := s.call
			if len(test.args) < 2 {
				run = s.run
			}
			got := run(test.args...)
			if got.exit != test.exit || !strings.Contains(got.stderr, test.sentence) || len(s.requests) != test.sent {
				t.Errorf("exit %d (want %d), %d requests (want %d), standard error:\n%s\nwant in it:\n%s",
					got.exit, test.exit, len(s.requests), test.sent, got.stderr, test.sentence)
			}
			if !strings.Contains(test.name, "CA bundle") && got.stdout != "" {
				t.Errorf("standard output has %q", got.stdout)
			}
		})
	}
}

func TestGrammarThatIsAccepted(t *testing.T) {
	tests := []struct {
		name string
		args []string
		body string
	}{
		{"global options anywhere", []string{"--color", "off", "sso-oidc", "--no-cli-pager", "create-token", "--client-id", "ci", "--region", "x-1", "--client-secret", "cs", "--grant-type", "g"},
			`{"clientId": "ci", "clientSecret": "cs", "grantType": "g"}`},
		{"a unique prefix", with(createToken, "--dev", "d"), `{"clientId": "ci", "clientSecret": "cs", "grantType": "g", "deviceCode": "d"}`},
		{"a prefix of a global option is the global option", with(createToken, "--r", "x-2"), `{"clientId": "ci", "clientSecret": "cs", "grantType": "g"}`},
		{"an exact name wins over a longer one", with(createToken, "--code", "c"), `{"clientId": "ci", "clientSecret": "cs", "grantType": "g", "code": "c"}`},
		{"the last of a repeated option", with(createToken, "--client-id", "x", "--client-id=y=z"), `{"clientId": "y=z", "clientSecret": "cs", "grantType": "g"}`},
		{"a value that begins with a dash", with(createToken, "--code=-x"), `{"clientId": "ci", "clientSecret": "cs", "grantType": "g", "code": "-x"}`},
		{"a negative number", with(createToken, "--code", "-1.5"), `{"clientId": "ci", "clientSecret": "cs", "grantType": "g", "code": "-1.5"}`},
		{"a dash with a blank", with(createToken, "--code", "-a b"), `{"clientId": "ci", "clientSecret": "cs", "grantType": "g", "code": "-a b"}`},
		{"a lone dash", with(createToken, "--code", "-"), `{"clientId": "ci", "clientSecret": "cs", "grantType": "g", "code": "-"}`},
		{"an empty word where help could stand", with(createToken, ""), `{"clientId": "ci", "clientSecret": "cs", "grantType": "g"}`},
		{"an empty value", with(createToken, "--code="), `{"clientId": "ci", "clientSecret": "cs", "grantType": "g", "code": ""}`},
		{"a URL is a value", with(createToken, "--redirect-uri", "http://127.0.0.1/cb"), `{"clientId": "ci", "clientSecret": "cs", "grantType": "g", "redirectUri": "http://127.0.0.1/cb"}`},
		{"a list of no words", with(createToken, "--scope"), `{"clientId": "ci", "clientSecret": "cs", "grantType": "g", "scope": []}`},
		{"a list around a global option", with(createToken, "--scope", "a", "--region", "x-3", "b"), `{"clientId": "ci", "clientSecret": "cs", "grantType": "g", "scope": ["a", "b"]}`},
		{"a list in JSON", with(createToken, "--scope", ` ["a", "b c"]`), `{"clientId": "ci", "clientSecret": "cs", "grantType": "g", "scope": ["a", "b c"]}`},
		{"two words of JSON are words", with(createToken, "--scope", `["a"]`, `["b"]`), `{"clientId": "ci", "clientSecret": "cs", "grantType": "g", "scope": ["[\"a\"]", "[\"b\"]"]}`},
		{"an input document", []string{"sso-oidc", "create-token", "--cli-input-json", `{"clientId":"a","clientId":"b","grantType":"g","clientSecret":"s"}`},
			`{"clientId": "b", "grantType": "g", "clientSecret": "s"}`},
		{"options win over the document", []string{"sso-oidc", "create-token", "--scope", "x", "--cli-input-json", `{"clientId":"a","grantType":"g","clientSecret":"s","scope":["p","q"]}`},
			`{"scope": ["x"], "clientId": "a", "grantType": "g", "clientSecret": "s"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, response{body: "{}"})
			got := s.call(test.args...)
			if got.exit != 0 || len(s.requests) != 1 || s.requests[0].Body != test.body {
				t.Errorf("%+v\nsent %+v\nwant %s", got, s.requests, test.body)
			}
		})
	}
}

func TestAttempts(t *testing.T) {
	good := response{body: `{"tokenType":"t"}`}
	tests := []struct {
		name      string
		env       string
		responses []response
		exit      int
		sent      int
		stderr    string
	}{
		{"a gateway's failure is sent again", "2", []response{{502, "", "{}"}, good}, command.ExitOK, 2, ""},
		{"a throttling code is sent again", "2", []response{{400, "ThrottlingException", "{}"}, good}, command.ExitOK, 2, ""},
		{"SlowDownException is not", "3", []response{{400, "SlowDownException", "{}"}, good}, command.ExitService, 1, "(SlowDownException) when calling the CreateToken operation: "},
		{"the last failure tells how often", "2", []response{{500, "InternalServerException", `{"message":"m"}`}}, command.ExitService, 2, "(InternalServerException) when calling the CreateToken operation (reached max retries: 1): m"},
		{"an empty failure has the reason of its status", "1", []response{{503, "", ""}}, command.ExitService, 1, "(503) when calling the CreateToken operation (reached max retries: 0): Service Unavailable"},
		{"no attempts at all", "0", []response{good}, command.ExitOther, 0, "retry"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, test.responses...)
			s.env["AWS_MAX_ATTEMPTS"] = test.env
			got := s.call(createToken...)
			if got.exit != test.exit || len(s.requests) != test.sent || !strings.Contains(got.stderr, test.stderr) {
				t.Errorf("%+v after %d requests, want %d after %d and %q", got, len(s.requests), test.exit, test.sent, test.stderr)
			}
		})
	}
}

// An interrupt while a request waits ends the command with 130 and a fresh line.
func TestInterrupt(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		interrupt()
		<-r.Context().Done()
	}))
	defer server.Close()
	var stdout, stderr bytes.Buffer
	env := command.Environ{LookupEnv: func(string) (string, bool) { return "", false }, Stdout: &stdout, Stderr: &stderr, Home: t.TempDir()}
	r := &run{Call: &command.Call{Environ: env, Wait: command.Wait}, Program: &Program{Services: api.Services}}
	if exit := r.main(ctx, with(createToken, "--region", "x-1", "--endpoint-url", server.URL)); exit != command.ExitInterrupt || stdout.String() != "\n" || stderr.String() != "" {
		t.Errorf("exit %d, %q, %q", exit, &stdout, &stderr)
	}
}

func TestConnectionErrors(t *testing.T) {
	s := newStage(t, response{})
	s.env["AWS_MAX_ATTEMPTS"] = "1"
	tests := []struct{ name, endpoint, want string }{
		{"nobody listens", "http://127.0.0.1:1", `Could not connect to the endpoint URL: "http://127.0.0.1:1/token"`},
		{"plain HTTP behind https", strings.Replace(s.url, "http:", "https:", 1), "SSL validation failed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := s.run(with(createToken, "--endpoint-url", test.endpoint)...)
			if got.exit != command.ExitOther || !strings.Contains(got.stderr, test.want) {
				t.Errorf("got %+v, want %q", got, test.want)
			}
		})
	}
}

func TestAProxyThatRefuses(t *testing.T) {
	s := newStage(t, response{status: 404})
	s.env["HTTPS_PROXY"], s.env["AWS_MAX_ATTEMPTS"] = s.url, "1"
	got := s.run(with(createToken, "--endpoint-url", "https://oidc.example")...)
	if got.exit != command.ExitOther || !strings.Contains(got.stderr, "Failed to connect to proxy URL") {
		t.Errorf("got %+v", got)
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"tokenType":"t"}`) }))
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	pem := pemOf(server.Certificate().Raw)
	tests := []struct {
		name   string
		bundle string
		args   []string
		exit   int
		stderr string
	}{
		{"a bundle that holds the authority", pem, nil, command.ExitOK, ""},
		{"a bundle without certificates", "junk", nil, command.ExitOther, "holds no certificate"},
		{"no verification, with a warning", "junk", []string{"--no-verify-ssl"}, command.ExitOK, "InsecureRequestWarning"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, response{})
			s.env["AWS_CA_BUNDLE"], s.env["AWS_MAX_ATTEMPTS"] = s.file("ca.pem", test.bundle), "1"
			got := s.run(with(createToken, append(test.args, "--endpoint-url", server.URL)...)...)
			if got.exit != test.exit || !strings.Contains(got.stderr, test.stderr) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func oneLine(t *testing.T, document string) string {
	t.Helper()
	if document == "" {
		return ""
	}
	var line bytes.Buffer
	if err := json.Compact(&line, []byte(document)); err != nil {
		t.Fatal(err)
	}
	return line.String()
}

const identity = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::1:assumed-role/r/s</Arn><UserId>AROA:s</UserId><Account>000000000001</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>`

func TestSignedQueryOperation(t *testing.T) {
	s := newStage(t, response{body: identity})
	s.env["AWS_ACCESS_KEY_ID"], s.env["AWS_SECRET_ACCESS_KEY"], s.env["AWS_SESSION_TOKEN"] = "AKIAEXAMPLE", "secret", "session"
	got := s.call("sts", "get-caller-identity")
	if got.exit != 0 || oneLine(t, got.stdout) != `{"UserId":"AROA:s","Account":"000000000001","Arn":"arn:aws:sts::1:assumed-role/r/s"}` {
		t.Errorf("%+v", got)
	}
	sent := s.requests[0]
	if sent.Body != "Action=GetCallerIdentity&Version=2011-06-15" || sent.Header.Get("X-Amz-Security-Token") != "session" ||
		!strings.Contains(sent.Header.Get("Authorization"), "/eu-west-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,") {
		t.Errorf("sent %+v", sent)
	}
	if got := s.call("sts", "get-caller-identity", "--no-sign-request"); got.exit != 0 || s.requests[1].Header.Get("Authorization") != "" {
		t.Errorf("%+v", got)
	}
}

func TestQueryErrors(t *testing.T) {
	tests := []struct {
		name, body string
		exit       int
		want       string
	}{
		{"a code and a message", "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>bad &amp; worse</Message></Error></ErrorResponse>", command.ExitService,
			"An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: bad & worse\n"},
		{"XML without them", "<a/>", command.ExitService, "(Unknown) when calling the GetCallerIdentity operation: Unknown\n"},
		{"no XML", "junk", command.ExitOther, "Unable to parse response"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := newStage(t, response{403, "", test.body}).call("sts", "get-caller-identity", "--no-sign-request")
			if got.exit != test.exit || !strings.Contains(got.stderr, test.want) {
				t.Errorf("got %+v, want %q", got, test.want)
			}
		})
	}
}

func TestCredentialsFromTheEnvironmentAndFiles(t *testing.T) {
	tests := []struct {
		name, option string
		env          map[string]string
		key          string // signed with; empty: refused
		stderr       string
	}{
		{"the environment", "", map[string]string{"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s"}, "AKIAENV", ""},
		{"half of the environment", "", map[string]string{"AWS_ACCESS_KEY_ID": "AKIAENV"}, "", "Partial credentials found in env"},
		{"an environment that expired", "", map[string]string{"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s", "AWS_CREDENTIAL_EXPIRATION": "2001-01-01T00:00:00Z"}, "", "expired"},
		{"--profile goes before the environment", "--profile=p", map[string]string{"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s"}, "AKIAPROFILE", ""},
		{"the environment goes before AWS_PROFILE", "", map[string]string{"AWS_PROFILE": "p", "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s"}, "AKIAENV", ""},
		{"a process of the profile", "--profile=process", nil, "AKIAPROCESS", ""},
		{"a process whose credentials expired", "--profile=late", nil, "", "expired"},
		{"the credentials file goes before the config file", "--profile=p", nil, "AKIAPROFILE", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, response{body: identity})
			s.file("fresh.json", `{"Version":1,"AccessKeyId":"AKIAPROCESS","SecretAccessKey":"s"}`)
			s.file("late.json", `{"Version":1,"AccessKeyId":"AKIAPROCESS","SecretAccessKey":"s","Expiration":"2001-01-01T00:00:00Z"}`)
			s.file(".aws/config", "[profile p]\naws_access_key_id=AKIACONFIG\naws_secret_access_key=s\n"+
				"[profile process]\ncredential_process = cat "+s.home+"/fresh.json\n[profile late]\ncredential_process = cat "+s.home+"/late.json\n")
			s.file(".aws/credentials", "[p]\naws_access_key_id=AKIAPROFILE\naws_secret_access_key=s\n")
			for name, value := range test.env {
				s.env[name] = value
			}
			got := s.call(strings.Fields("sts get-caller-identity " + test.option)...)
			switch {
			case test.key == "" && (got.exit != command.ExitOther || !strings.Contains(got.stderr, test.stderr) || len(s.requests) > 0):
				t.Errorf("got %+v", got)
			case test.key != "" && (got.exit != 0 || !strings.Contains(s.requests[0].Header.Get("Authorization"), "Credential="+test.key+"/")):
				t.Errorf("got %+v and %+v", got, s.requests)
			}
		})
	}
}

// What the table calls secret is on the wire and nowhere in what --debug prints.
func TestDebugMasksSecrets(t *testing.T) {
	s := newStage(t, response{body: `{"accessToken":"hush-at","refreshToken":"hush-rt","tokenType":"Bearer","idToken":"hush-id","strange":"hush-x"}`})
	args := with(createToken, "--client-secret", "hush-cs", "--code", "hush-c", "--device-code", "hush-dc", "--refresh-token", "hush-in", "--code-verifier", "hush-v", "--debug")
	got := s.call(args...)
	if got.exit != 0 || !strings.Contains(s.requests[0].Body, "hush-v") || !strings.Contains(got.stdout, "hush-at") {
		t.Fatalf("%+v", got)
	}
	if strings.Contains(got.stderr, "hush") {
		t.Errorf("standard error tells secrets:\n%s", got.stderr)
	}
	for _, want := range []string{`"clientId":"ci"`, `"clientSecret":"***"`, "request POST " + s.url + "/token", "response status 200", `"tokenType":"Bearer"`} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("standard error lacks %q:\n%s", want, got.stderr)
		}
	}
	portal := newStage(t, response{body: `{"roleCredentials":{"accessKeyId":"ASIA","secretAccessKey":"hush","sessionToken":"hush","expiration":1}}`})
	if got := portal.call("sso", "get-role-credentials", "--role-name", "r", "--account-id", "1", "--access-token", "hush", "--debug"); strings.Contains(got.stderr, "hush") ||
		!strings.Contains(got.stderr, "ASIA") {
		t.Errorf("got %s", got.stderr)
	}
}

func TestVersion(t *testing.T) {
	s := newStage(t, response{})
	for _, args := range [][]string{{"--version"}, {"sso-oidc", "create-token", "--version", "--profile", "nope"}} {
		if got := s.run(args...); got.exit != 0 || !strings.HasPrefix(got.stdout, "sallyport/1.2.3 Go/") {
			t.Errorf("%v: %+v", args, got)
		}
	}
}

func TestVersionsBeginWithADigit(t *testing.T) {
	for version, want := range map[string]string{"": "0.0.0", "v1.2.3": "1.2.3", "(devel)": "0.0.0-devel", "0.1.0": "0.1.0"} {
		if got := numbered(version); got != want {
			t.Errorf("%q is %q, want %q", version, got, want)
		}
	}
}

// The pauses are random, but never longer than a time that doubles up to twenty seconds.
func TestPauses(t *testing.T) {
	s := newStage(t, response{503, "", "{}"})
	s.env["AWS_MAX_ATTEMPTS"] = "8"
	if got := s.call(createToken...); got.exit != command.ExitService || len(s.pauses) != 7 {
		t.Fatalf("%+v after %d pauses", got, len(s.pauses))
	}
	for i, most := range []time.Duration{1, 2, 4, 8, 16, 20, 20} {
		if pause := s.pauses[i]; pause < 0 || pause > most*time.Second {
			t.Errorf("pause %d is %v, want at most %d s", i+1, pause, most)
		}
	}
}

// Sent again, a request keeps its id and counts itself.
func TestAttemptsAreCounted(t *testing.T) {
	s := newStage(t, response{502, "", "{}"}, response{body: "{}"})
	if got := s.call(createToken...); got.exit != 0 || got.stdout != "" {
		t.Fatalf("%+v", got)
	}
	first, second := s.requests[0].Header, s.requests[1].Header
	if !regexp.MustCompile("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$").MatchString(first.Get("Amz-Sdk-Invocation-Id")) || first.Get("Amz-Sdk-Invocation-Id") != second.Get("Amz-Sdk-Invocation-Id") {
		t.Errorf("the invocation ids are %v and %v", first, second)
	}
	if got := second.Get("Amz-Sdk-Request"); !strings.HasSuffix(got, "attempt=2; max=3") {
		t.Errorf("the second attempt says %q", got)
	}
}

func TestARegionIsRequired(t *testing.T) {
	s := newStage(t, response{})
	delete(s.env, "AWS_REGION")
	if got := s.call(createToken...); got.exit != command.ExitConfiguration || !strings.Contains(got.stderr, "(NoRegion): You must specify a region") {
		t.Errorf("without a Region: %+v", got)
	}
}

func TestABrokenFileGoesBeforeTheGrammar(t *testing.T) {
	s := newStage(t, response{body: "{}"})
	s.file(".aws/config", "region = x\n")
	for _, args := range [][]string{nil, {"sso-oidc"}, {"sso-oidc", "create-token"}, with(createToken, "--bogus")} {
		if got := s.run(args...); got.exit != command.ExitOther || !strings.Contains(got.stderr, "Unable to parse config file") {
			t.Errorf("%q: %+v", args, got)
		}
	}
}

func TestADoubleDashAtTheEndIsNothing(t *testing.T) {
	s := newStage(t, response{body: "{}"})
	if got := s.run(with(createToken, "--endpoint-url", s.url, "--")...); got.exit != 0 || len(s.requests) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestNothingBehindTheVersionIsRead(t *testing.T) {
	s := newStage(t, response{body: "{}"})
	if got := s.run("--version", "--output", "xml"); got.exit != 0 || !strings.HasPrefix(got.stdout, "sallyport/") {
		t.Errorf("got %+v", got)
	}
}

func TestWhatIsPromptedFor(t *testing.T) {
	s := newStage(t, response{body: "{}"})
	s.file(".aws/config", "[profile asks]\ncli_auto_prompt = on\n")
	tests := []struct {
		name, variable string
		args           []string
		prompted       bool
	}{
		{"the profile of the environment asks", "asks", createToken, true},
		{"the profile of the command line does not", "", with(createToken, "--profile", "asks"), false},
		{"help is shown wherever it stands", "", []string{"sso-oidc", "create-token", "help", "--cli-auto-prompt"}, false},
		{"the option asks", "", with(createToken, "--cli-auto-prompt"), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			delete(s.env, "AWS_PROFILE")
			if test.variable != "" {
				s.env["AWS_PROFILE"] = test.variable
			}
			if got := s.call(test.args...); strings.Contains(got.stderr, "needs a terminal") != test.prompted {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func pemOf(certificate []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
}

func TestBrokenConfigurationEndsEveryCommand(t *testing.T) {
	tests := []struct{ name, text string }{
		{"no section", "region = x\n"},
		{"a repeated key", "[default]\nregion=a\nREGION=b\n"},
		{"a repeated section", "[a]\n[a]\n"},
		{"a key without a value", "[a]\nregion\n"},
		{"a value without a key", "[a]\n= x\n"},
		{"bytes that are no text", "[a]\nx = \xff\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, response{})
			s.file(".aws/config", test.text)
			if got := s.call(createToken...); got.exit != command.ExitOther || !strings.Contains(got.stderr, "Unable to parse config file") || len(s.requests) > 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// Whatever the words are, each is taken once: as an option, as a value, or as rest.
func FuzzGrammar(f *testing.F) {
	f.Add("sso-oidc\x00create-token\x00--client-id\x00x\x00--scope\x00a\x00b\x00--\x00-1\x00--no")
	f.Fuzz(func(t *testing.T, joined string) {
		words := strings.Split(joined, "\x00")
		for _, known := range []command.Options{command.GlobalOptions, operationOptions(api.CreateToken.Operation), operationOptions(api.ListAccounts.Operation), {}} {
			result, err := known.Parse(words)
			if err != nil {
				continue
			}
			count := len(result.Strays())
			for _, values := range result.Arguments {
				count += len(values)
			}
			if count > len(words)+len(known) {
				t.Errorf("%q became %+v", words, result)
			}
		}
	})
}
