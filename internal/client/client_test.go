package client

import (
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/test/vectors"
)

const sampleConfig = `
[default]
region = us-east-2
[profile dev]
region = ap-south-1
services = s1
endpoint_url = http://profile
[profile plain]
endpoint_url = http://profile
[profile deaf]
endpoint_url = http://profile
ignore_configured_endpoint_urls = true
[profile lost]
services = nowhere
[services s1]
sso_oidc =
  endpoint_url = http://section
`

// settingsOf loads the settings of a run with these words and variables.
func settingsOf(t *testing.T, env map[string]string, words ...string) (*Settings, error) {
	t.Helper()
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".aws", "config"), []byte(sampleConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	parsed, err := command.GlobalOptions.Parse(words)
	if err != nil {
		return nil, err
	}
	return Load(&command.Call{Environ: environ(home, env), Global: parsed.Arguments, Debug: &command.DebugLog{}})
}

func environ(home string, env map[string]string) command.Environ {
	return command.Environ{LookupEnv: func(name string) (string, bool) { value, set := env[name]; return value, set }, Home: home}
}

func TestEndpoints(t *testing.T) {
	tests := []struct {
		name  string
		env   map[string]string
		words string
		want  string
	}{
		{"the built-in host name", nil, "", "https://oidc.us-east-2.amazonaws.com"},
		{"in China", nil, "--region cn-north-1", "https://oidc.cn-north-1.amazonaws.com.cn"},
		{"with FIPS and dual stack", map[string]string{"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "True"}, "", "https://oidc-fips.us-east-2.api.aws"},
		{"in the cloud of the government, whose usual hosts are FIPS hosts", map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}, "--region us-gov-west-1", "https://oidc.us-gov-west-1.amazonaws.com"},
		{"there with dual stack", map[string]string{"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}, "--region us-gov-west-1", "https://oidc-fips.us-gov-west-1.api.aws"},
		{"escapes in capitals", nil, "--endpoint-url http://a/b%2fc", "http://a/b%2Fc"},
		{"a host in small letters", nil, "--endpoint-url HTTP://LocalHost:8443/X", "http://localhost:8443/X"},
		{"a Region that asks for FIPS", nil, "--region fips-eu-west-1", "https://oidc-fips.eu-west-1.amazonaws.com"},
		{"a Region that asks for FIPS at its end", nil, "--region us-gov-west-1-fips", "https://oidc.us-gov-west-1.amazonaws.com"},
		{"a port behind what looks like a scheme", nil, "--endpoint-url localhost:8443", "error"},
		{"a blank before it", map[string]string{"AWS_ENDPOINT_URL": " http://any"}, "", "http://any"},
		{"the profile's", nil, "--profile plain --region x-1", "http://profile"},
		{"the services section goes before the profile's", nil, "--profile dev", "http://section"},
		{"a variable goes before the files", map[string]string{"AWS_ENDPOINT_URL": "http://any"}, "--profile dev", "http://any"},
		{"the service's variable goes before the general one", map[string]string{"AWS_ENDPOINT_URL": "http://any", "AWS_ENDPOINT_URL_SSO_OIDC": "http://own/base/"}, "", "http://own/base/"},
		{"the option goes before all", map[string]string{"AWS_ENDPOINT_URL_SSO_OIDC": "http://own", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "--endpoint-url https://u:p@flag:8443/x?q#f", "https://flag:8443/x"},
		{"what is configured can be switched off", map[string]string{"AWS_ENDPOINT_URL": "http://any", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "--profile dev", "https://oidc.ap-south-1.amazonaws.com"},
		{"the profile can switch itself off", nil, "--profile deaf --region x-1", "https://oidc.x-1.amazonaws.com"},
		{"a section that is missing", nil, "--profile lost --region x-1", "error"},
		{"no scheme", map[string]string{"AWS_ENDPOINT_URL": "127.0.0.1"}, "", "error"},
		{"another scheme", map[string]string{"AWS_ENDPOINT_URL": "ftp://x"}, "", "error"},
		{"no host", map[string]string{"AWS_ENDPOINT_URL": "http://"}, "", "error"},
		{"a blank in the host", map[string]string{"AWS_ENDPOINT_URL": "http://a b"}, "", "error"},
		{"a port too high", map[string]string{"AWS_ENDPOINT_URL": "http://a:99999"}, "", "error"},
		{"an empty Region", nil, "--region=", "error"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := settingsOf(t, test.env, strings.Fields(test.words)...)
			if err != nil {
				t.Fatal(err)
			}
			region, err := s.Region()
			if err != nil {
				t.Fatal(err)
			}
			endpoint, err := s.Endpoint(api.SSOOIDC, region)
			if err == nil && endpoint.String() != test.want || err != nil && test.want != "error" {
				t.Errorf("got %v, %v; want %s", endpoint, err, test.want)
			}
		})
	}
}

// The Region of a sign-in comes from a file, and is a part of the host that gets its token.
func TestARegionLeadsToNoOtherHost(t *testing.T) {
	s, err := settingsOf(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, region := range []string{"x.evil.example/", "evil.example:443/?", "a@evil.example#", "a b", strings.Repeat("a", 64)} {
		if endpoint, err := s.Endpoint(api.SSO, region); err == nil {
			t.Errorf("%q leads to %s", region, endpoint)
		}
	}
}

func TestRegionsAndProfiles(t *testing.T) {
	tests := []struct {
		name  string
		env   map[string]string
		words string
		want  string
	}{
		{"the default profile", nil, "", "us-east-2"},
		{"a profile by option", map[string]string{"AWS_PROFILE": "plain"}, "--profile dev", "ap-south-1"},
		{"a profile by variable", map[string]string{"AWS_PROFILE": "dev", "AWS_DEFAULT_PROFILE": "plain"}, "", "ap-south-1"},
		{"the older variable", map[string]string{"AWS_DEFAULT_PROFILE": "dev"}, "", "ap-south-1"},
		{"AWS_REGION goes before AWS_DEFAULT_REGION", map[string]string{"AWS_REGION": "a-1", "AWS_DEFAULT_REGION": "b-1"}, "", "a-1"},
		{"AWS_DEFAULT_REGION goes before the profile", map[string]string{"AWS_DEFAULT_REGION": "b-1"}, "", "b-1"},
		{"the option goes before all, letters kept", map[string]string{"AWS_REGION": "a-1"}, "--region EU-1", "EU-1"},
		{"another config file", map[string]string{"AWS_CONFIG_FILE": "/nonexistent", "AWS_DEFAULT_REGION": "c-1"}, "", "c-1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := settingsOf(t, test.env, strings.Fields(test.words)...)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := s.Region(); err != nil || got != test.want {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

// A silence longer than the read time-out is an error of the connection that calls itself a time-out; a time-out of zero means none.
func TestImpatience(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	_, err := impatientConn{near, time.Nanosecond}.Read(make([]byte, 1))
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Fatalf("got %v", err)
	}
	target, _ := url.Parse("http://h/p?secret")
	if got := connectionError(target, err).Error(); got != `Read timeout on endpoint URL: "http://h/p"` {
		t.Errorf("got %s", got)
	}
	_, err = impatientConn{near, time.Nanosecond}.Write(make([]byte, 1))
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("writing: got %v", err)
	}
}

func TestZeroMeansNoTimeout(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for option, want := range map[string]bool{"--cli-read-timeout=0": false, "--cli-read-timeout=9": true, "--cli-connect-timeout=0": true} {
		s, err := settingsOf(t, nil, option)
		if err != nil {
			t.Fatal(err)
		}
		transport, err := s.Transport(&url.URL{Scheme: "http"})
		if err != nil {
			t.Fatal(err)
		}
		conn, err := transport.DialContext(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, impatient := conn.(impatientConn); impatient != want {
			t.Errorf("%s: impatient is %v", option, impatient)
		}
		conn.Close()
	}
}

func TestProxies(t *testing.T) {
	tests := []struct {
		name, target string
		env          map[string]string
		want         string
	}{
		{"none", "http://a/", nil, ""},
		{"loopback too", "http://127.0.0.1:1/", map[string]string{"HTTP_PROXY": "http://p:1"}, "http://p:1"},
		{"by scheme", "https://a/", map[string]string{"HTTP_PROXY": "http://p:1", "https_proxy": "q:2"}, "http://q:2"},
		{"one for all schemes is unknown", "https://a/", map[string]string{"ALL_PROXY": "http://p:1"}, ""},
		{"an empty variable in small letters goes before the one in capitals", "http://a/", map[string]string{"HTTP_PROXY": "http://p:1", "http_proxy": ""}, ""},
		{"two slashes and no scheme", "http://a/", map[string]string{"HTTP_PROXY": "//p:1"}, "http://p:1"},
		{"a host that is exempt", "http://a.b/", map[string]string{"HTTP_PROXY": "http://p:1", "NO_PROXY": "x, a.b"}, ""},
		{"a domain that is exempt", "http://a.b/", map[string]string{"HTTP_PROXY": "http://p:1", "no_proxy": ".b"}, ""},
		{"a domain that only looks alike", "http://ab/", map[string]string{"HTTP_PROXY": "http://p:1", "no_proxy": "b"}, "http://p:1"},
		{"a host that is exempt with its port", "http://a:8/", map[string]string{"HTTP_PROXY": "http://p:1", "no_proxy": "a:8"}, ""},
		{"a host that is exempt with another port", "http://a:9/", map[string]string{"HTTP_PROXY": "http://p:1", "no_proxy": "a:8"}, "http://p:1"},
		{"networks are unknown", "http://10.1.2.3/", map[string]string{"HTTP_PROXY": "http://p:1", "no_proxy": "10.0.0.0/8"}, "http://p:1"},
		{"of another kind", "http://a/", map[string]string{"HTTP_PROXY": "socks5://p:1"}, "error"},
		{"that is no URL", "http://a/", map[string]string{"HTTP_PROXY": "http://p:x"}, "error"},
		{"everything is exempt", "http://a/", map[string]string{"HTTP_PROXY": "http://p:1", "no_proxy": "*"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &Settings{Call: &command.Call{Environ: environ("", test.env)}}
			target, _ := url.Parse(test.target)
			got, err := s.proxyFor(target)
			var network *net.OpError
			if test.want == "error" && errors.As(err, &network) && network.Op == opProxy {
				return
			}
			if err != nil || got == nil && test.want != "" || got != nil && got.String() != test.want {
				t.Errorf("got %v, %v; want %q", got, err, test.want)
			}
		})
	}
}

func TestAnswersAreReadLeniently(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"an integer as text", `{"expiresIn":" 12 "}`, `{"expiresIn":12}`},
		{"a fraction is cut", `{"expiresIn":1.9}`, `{"expiresIn":1}`},
		{"an integer with every digit", `{"expiresIn":12345678901234567890}`, `{"expiresIn":12345678901234567890}`},
		{"a number with an exponent", `{"expiresIn":1e3}`, `{"expiresIn":1000}`},
		{"a number too large for any clock", `{"expiresIn":1e999}`, "error"},
		{"a number too large for any clock, in more digits than anybody needs", `{"expiresIn":1.` + strings.Repeat("7", 4300) + `e999}`, "error"},
		{"more digits than anybody needs", `{"expiresIn":"` + strings.Repeat("7", 4301) + `"}`, "error"},
		{"no number", `{"expiresIn":"soon"}`, "error"},
		{"a boolean", `{"expiresIn":true}`, `{"expiresIn":1}`},
		{"underscores between digits", `{"expiresIn":"+1_000"}`, `{"expiresIn":1000}`},
		{"underscores elsewhere", `{"expiresIn":"1__0"}`, "error"},
		{"an underscore at the end", `{"expiresIn":"1_"}`, "error"},
		{"an underscore at the beginning", `{"expiresIn":"-_1"}`, "error"},
		{"a text that is none is kept", `{"accessToken":5}`, `{"accessToken":5}`},
		{"a list", `[]`, `{}`},
		{"the order of the model", `{"tokenType":"b","accessToken":"a"}`, `{"accessToken":"a","tokenType":"b"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body, err := jmespath.ParseJSON([]byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			got, err := readStructure(api.CreateToken.Output(), body)
			if text := string(jmespath.Compact.AppendJSON(nil, got)); err == nil && text != test.want || err != nil && test.want != "error" {
				t.Errorf("got %s, %v; want %s", text, err, test.want)
			}
		})
	}
}

// identity is an answer of the Query protocol.
const identity = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::1:assumed-role/r/s</Arn><UserId>AROA:s</UserId><Account>000000000001</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>`

// A server may part a text into as many pieces as it likes; putting them together must not take the square of their number.
func TestTextInManyPiecesIsOneText(t *testing.T) {
	const pieces = 1 << 18
	document, err := parseXML([]byte("<a> x" + strings.Repeat("y<!---->", pieces) + "</a>"))
	if err != nil || document.text != " x"+strings.Repeat("y", pieces) {
		t.Fatalf("got %d bytes, %v", len(document.text), err)
	}
}

// Whatever a server answers, the outcome is an exit code and, on success, JSON.
func FuzzAnswers(f *testing.F) {
	f.Add(200, "", `{"roleCredentials":{"expiration":"1"}}`, identity)
	f.Add(400, "X#Y:z", `{"message":[1],"error":{}}`, "<ErrorResponse><Error><Code>c</Code></Error></ErrorResponse>")
	for _, document := range vectors.Bodies(f, "output", "query") {
		f.Add(200, "", "{}", document)
	}
	for _, body := range append(vectors.Bodies(f, "output", "json"), vectors.Bodies(f, "output", "rest-json")...) {
		f.Add(200, "", body, "<a/>")
	}
	f.Fuzz(func(t *testing.T, status int, errType, body, document string) {
		for _, test := range []struct {
			operation *api.Operation
			body      string
		}{{api.GetRoleCredentials.Operation, body}, {api.ListAccounts.Operation, body}, {api.GetCallerIdentity.Operation, document}} {
			answer := &reply{status: status, header: map[string][]string{"X-Amzn-Errortype": {errType}}, body: []byte(test.body)}
			c := &Client{settings: &Settings{Call: &command.Call{Debug: &command.DebugLog{}}}}
			if isTransient(answer, test.operation) || answer.isError() {
				_ = serviceError(test.operation, answer, false, 0)
				continue
			}
			value, err := c.readAnswer(test.operation, answer)
			if err == nil && !json.Valid(jmespath.Pretty.AppendJSON(nil, value)) {
				t.Errorf("%s was read as what is no JSON", test.body)
			}
		}
	})
}

func TestEndpointsOfTheProfileAsVariables(t *testing.T) {
	tests := []struct {
		name  string
		env   map[string]string
		words string
		want  string
	}{
		{"of the services section", nil, "--profile dev", "AWS_ENDPOINT_URL=http://profile AWS_ENDPOINT_URL_SSO_OIDC=http://section"},
		{"of the profile alone", nil, "--profile plain", "AWS_ENDPOINT_URL=http://profile"},
		{"none", nil, "", ""},
		{"the service's variable goes before", map[string]string{"AWS_ENDPOINT_URL_SSO_OIDC": "http://own"}, "--profile dev", "AWS_ENDPOINT_URL=http://profile"},
		{"the general variable goes before all", map[string]string{"AWS_ENDPOINT_URL": "http://any"}, "--profile dev", ""},
		{"ignored", map[string]string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "--profile dev", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := settingsOf(t, test.env, strings.Fields(test.words)...)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(s.EndpointVariables(), " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestCodesOfErrors(t *testing.T) {
	const header, query = "X-Amzn-Errortype", "X-Amzn-Query-Error"
	tests := []struct {
		name       string
		head, text string // a header
		body       string
		want       string
	}{
		{"the header goes before the body", header, "A", `{"code":"B","__type":"C"}`, "A"},
		{"an empty header too", header, "", `{"code":"B"}`, ""},
		{"a namespace and an address", header, "com.x#A:http://y", `{}`, "A"},
		{"an address alone", header, ":http://y", `{}`, ""},
		{"an address that looks like a namespace", "", "", `{"__type":"http://x/y#A"}`, "http"},
		{"code goes before Code and __type", "", "", `{"__type":"C","Code":"B","code":"A"}`, "A"},
		{"an empty code counts", "", "", `{"code":"","__type":"C"}`, ""},
		{"a null does not", "", "", `{"code":null,"__type":"C"}`, "C"},
		{"the older protocol's goes before __type", query, "Q;Sender", `{"__type":"C"}`, "Q"},
		{"but not before the code", query, "Q;Sender", `{"code":"B"}`, "B"},
		{"the older protocol's without a sender is none", query, "Q", `{"__type":"C"}`, "C"},
		{"the status for want of a code", "", "", `{"error":"x"}`, "400"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := &reply{status: 400, header: map[string][]string{}, body: []byte(test.body)}
			if test.head != "" {
				answer.header[test.head] = []string{test.text}
			}
			err := serviceError(api.CreateToken.Operation, answer, false, 0)
			want := "An error occurred (" + test.want + ") when calling the CreateToken operation: "
			if err.Error() != want {
				t.Errorf("got %q, want %q", err, want)
			}
		})
	}
}

func TestQueriesOfEndpoints(t *testing.T) {
	s, err := settingsOf(t, nil, "--endpoint-url", "http://h/base?a=b")
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Client(api.SSOOIDC, "r")
	if err != nil {
		t.Fatal(err)
	}
	if got := newMessage(c.endpoint, api.CreateToken.Operation, jmespath.Value{}).url.String(); got != "http://h/base/token?a=b" {
		t.Errorf("an operation without a query goes to %s", got)
	}
	if got := newMessage(c.endpoint, api.CreateTokenWithIAM.Operation, jmespath.Value{}).url.String(); got != "http://h/base/token?aws_iam=t" {
		t.Errorf("an operation with a query goes to %s", got)
	}
}

func TestAnEmptyVariableNamesNoProfile(t *testing.T) {
	if _, err := settingsOf(t, map[string]string{"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": "dev"}); err == nil || !strings.Contains(err.Error(), "profile () could not be found") {
		t.Errorf("got %v", err)
	}
	if s, err := settingsOf(t, map[string]string{"AWS_PROFILE": "dev"}, "--profile", ""); err != nil || s.ProfileName != "dev" {
		t.Errorf("an empty option: %v", err)
	}
}

// The runtime would trust what SSL_CERT_FILE names; the reference does not.
func TestVariablesOfOpenSSLAreNotHeeded(t *testing.T) {
	for _, variable := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR"} {
		s, err := settingsOf(t, map[string]string{variable: "/nonexistent"})
		if err != nil {
			t.Fatal(err)
		}
		config, err := s.tlsConfig(&url.URL{Scheme: "https"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(rootFiles[0]); err == nil && config.RootCAs == nil {
			t.Errorf("%s is heeded", variable)
		}
	}
}

func TestUserAgent(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want string // in it
	}{
		{"the command", nil, " cfg/retry-mode#standard md/command#sso-oidc.create-token"},
		{"where it runs", map[string]string{"AWS_EXECUTION_ENV": "CI"}, " exec-env/CI cfg/"},
		{"the application", map[string]string{"AWS_SDK_UA_APP_ID": "my app/1\r\n"}, " app/my-app-1-- md/"},
		{"no application", map[string]string{"AWS_SDK_UA_APP_ID": ""}, "standard md/"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := settingsOf(t, test.env)
			if err != nil {
				t.Fatal(err)
			}
			c, err := s.Client(api.SSOOIDC, "us-east-1")
			if err != nil {
				t.Fatal(err)
			}
			if got := c.userAgent(api.CreateToken.Operation); !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q in it", got, test.want)
			}
		})
	}
}
