package cli

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/jmespath"
	"sallyport/internal/strictjson"
)

func pemOf(certificate []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
}

// Every operation's skeletons have the members of the published model, in its order, and an output skeleton reads as an answer.
func TestSkeletonsFollowTheModels(t *testing.T) {
	for _, service := range api.Services {
		text, err := os.ReadFile(filepath.Join("../../test/vectors/aws-service-models", service.Command, "service-2.json"))
		if err != nil {
			t.Fatal(err)
		}
		model, err := strictjson.Parse(text, strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, operation := range service.Operations {
			t.Run(operation.Name, func(t *testing.T) { checkSkeletons(t, model, operation) })
		}
	}
}

func checkSkeletons(t *testing.T, model strictjson.Value, operation *api.Operation) {
	word := optionName(operation.Name)
	s := newStage(t, response{})
	delete(s.env, "AWS_REGION")
	got := s.run(operation.Service.Command, word, "--generate-cli-skeleton")
	if got.exit != 0 || memberOrder(t, got.stdout) != modelOrder(model, operation.Name, "input") {
		t.Errorf("input skeleton: %+v", got)
	}
	if output := jmespath.Pretty.AppendJSON(nil, outputSkeleton(operation.Output)); memberOrder(t, string(output)) != modelOrder(model, operation.Name, "output") {
		t.Errorf("output skeleton is %s", output)
	}
	example := outputSkeleton(operation.Output)
	if answer, err := readStructure(operation.Output, example); err != nil || !answer.Equal(example) {
		t.Errorf("the output skeleton was read as %v, %v", answer, err)
	}
}

func memberOrder(t *testing.T, document string) string {
	t.Helper()
	value, err := strictjson.Parse([]byte(document), strictjson.Limits{})
	if err != nil {
		t.Fatalf("%q: %v", document, err)
	}
	var names []string
	for _, member := range value.Members() {
		names = append(names, member.Name)
	}
	return strings.Join(names, " ")
}

func modelOrder(model strictjson.Value, operation, side string) string {
	at := func(v strictjson.Value, path ...string) strictjson.Value {
		for _, name := range path {
			v, _ = v.Get(name)
		}
		return v
	}
	shape := at(model, "operations", operation, side, "shape").Text()
	var names []string
	for _, member := range at(model, "shapes", shape, "members").Members() {
		names = append(names, member.Name)
	}
	return strings.Join(names, " ")
}

func TestSkeletonsByteForByte(t *testing.T) {
	tests := []struct {
		name string
		args string
		want string
	}{
		{"input", "sso-oidc register-client --generate-cli-skeleton", `{
    "clientName": "",
    "clientType": "",
    "scopes": [
        ""
    ],
    "redirectUris": [
        ""
    ],
    "grantTypes": [
        ""
    ],
    "issuerUrl": "",
    "entitledApplicationArn": ""
}
`},
		{"output", "sso list-accounts --access-token t --generate-cli-skeleton output", `{
    "nextToken": "nextToken",
    "accountList": [
        {
            "accountId": "accountId",
            "accountName": "accountName",
            "emailAddress": "emailAddress"
        }
    ]
}
`},
		{"output through a query", "sso list-accounts --access-token t --generate-cli-skeleton output --query accountList[0].accountId", "\"accountId\"\n"},
		{"output of nothing", "sso logout --access-token t --generate-cli-skeleton output", ""},
		{"input of nothing", "sts get-caller-identity --generate-cli-skeleton input", "{}\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, response{})
			if got := s.run(strings.Fields(test.args)...); got != (outcome{0, test.want, ""}) || len(s.requests) > 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
	list := &api.Shape{Members: []*api.Member{{Name: "scope", Kind: api.List, Element: "Scope"}}}
	if got := string(jmespath.Compact.AppendJSON(nil, outputSkeleton(list))); got != `{"scope":["Scope"]}` {
		t.Errorf("the element of a list is not named for its shape: %s", got)
	}
	s := newStage(t, response{})
	if got := s.run("sso-oidc", "create-token", "--generate-cli-skeleton", "output"); got.exit != exitUsage || !strings.Contains(got.stderr, "--client-id") {
		t.Errorf("an output skeleton without required options: %+v", got)
	}
	delete(s.env, "AWS_REGION")
	if got := s.run("sso", "logout", "--access-token", "t", "--generate-cli-skeleton", "output"); got.exit != exitConfiguration {
		t.Errorf("an output skeleton without a Region: %+v", got)
	}
}

// Help names every option of the operation and every member of its output, and needs nothing configured.
func TestHelp(t *testing.T) {
	s := newStage(t, response{})
	delete(s.env, "AWS_REGION")
	for _, service := range api.Services {
		got := s.run(service.Command, "help")
		for _, word := range operationWords(service) {
			if got.exit != 0 || !strings.Contains(got.stdout, word) {
				t.Errorf("help of %s lacks %s", service.Command, word)
			}
		}
		for _, operation := range service.Operations {
			got := s.run(service.Command, optionName(operation.Name), "help")
			for _, known := range slices.Concat(operationOptions(operation), globalOptions) {
				if got.exit != 0 || !known.hidden && !strings.Contains(got.stdout, "--"+known.name) {
					t.Errorf("help of %s lacks --%s", operation.Name, known.name)
				}
			}
			for _, heading := range []string{"NAME", "DESCRIPTION", "SYNOPSIS", "OPTIONS", "GLOBAL OPTIONS", "OUTPUT"} {
				if !strings.Contains("\n"+got.stdout, "\n"+heading+"\n") {
					t.Errorf("help of %s lacks %s", operation.Name, heading)
				}
			}
		}
	}
	if got := s.run("help"); got.exit != 0 || !strings.Contains(got.stdout, "sso-oidc") {
		t.Errorf("got %+v", got)
	}
	if got := s.run("sso-oidc", "create-token", "--client-id", "x", "help"); got.exit != exitUsage {
		t.Errorf("help after some options: %+v", got)
	}
}

func TestOptionNames(t *testing.T) {
	for name, want := range map[string]string{
		"clientId": "client-id", "CreateTokenWithIAM": "create-token-with-iam", "redirectUris": "redirect-uris",
		"entitledApplicationArn": "entitled-application-arn", "GetCallerIdentity": "get-caller-identity", "SSOInstance": "sso-instance",
	} {
		if got := optionName(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func TestParseIni(t *testing.T) {
	const good = `
# comment
[default]
Region = eu-west-1
output=json # part of the value
services = s1
empty =
; comment
[profile "a b"]
  sso_session: x = y
[services s1]
sso_oidc =
  # comment
  endpoint_url = http://o

  other = 1
sso =
	endpoint_url=http://p
`
	file, err := parseIni(good)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ section, key, want string }{
		{"default", "region", "eu-west-1"},
		{"default", "output", "json # part of the value"},
		{"default", "empty", ""},
		{`profile "a b"`, "sso_session", "x = y"},
		{"services s1", "sso_oidc", "\nendpoint_url = http://o\nother = 1"},
	}
	for _, test := range tests {
		if got, found := file[test.section][test.key]; !found || got != test.want {
			t.Errorf("[%s] %s is %q, %v; want %q", test.section, test.key, got, found, test.want)
		}
	}
	if got, _ := nestedValue(file["services s1"]["sso"], "endpoint_url"); got != "http://p" {
		t.Errorf("the nested value is %q", got)
	}
	if kind, name := sectionName(`profile "a b"`); kind != "profile" || name != "a b" {
		t.Errorf("the section is %q %q", kind, name)
	}
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
			if got := s.call(createToken...); got.exit != exitOther || !strings.Contains(got.stderr, "Unable to parse config file") || len(s.requests) > 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

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
[profile default]
region = us-west-9
[profile lost]
services = nowhere
[services s1]
sso_oidc =
  endpoint_url = http://section
`

// settingsOf loads the settings of a run with these words and variables.
func settingsOf(t *testing.T, env map[string]string, words ...string) (*settings, error) {
	t.Helper()
	s := newStage(t, response{})
	s.file(".aws/config", sampleConfig)
	r := &run{Environ: Environ{LookupEnv: func(name string) (string, bool) { value, set := env[name]; return value, set }, Home: s.home}}
	if _, _, err := r.parseGlobals(words); err != nil {
		return nil, err
	}
	return r.loadSettings()
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
			region, err := s.region()
			if err != nil {
				t.Fatal(err)
			}
			endpoint, err := s.endpoint(api.SSOOIDC, region)
			if err == nil && endpoint.String() != test.want || err != nil && test.want != "error" {
				t.Errorf("got %v, %v; want %s", endpoint, err, test.want)
			}
		})
	}
}

func TestRegionsAndProfiles(t *testing.T) {
	tests := []struct {
		name  string
		env   map[string]string
		words string
		want  string
	}{
		{"[default] goes before [profile default]", nil, "", "us-east-2"},
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
			if got, err := s.region(); err != nil || got != test.want {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
	s := newStage(t, response{})
	delete(s.env, "AWS_REGION")
	if got := s.call(createToken...); got.exit != exitConfiguration || !strings.Contains(got.stderr, "(NoRegion): You must specify a region") {
		t.Errorf("without a Region: %+v", got)
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
		transport, err := s.transport(&url.URL{Scheme: "http"})
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
		{"for all schemes", "https://a/", map[string]string{"ALL_PROXY": "http://p:1"}, "http://p:1"},
		{"a host that is exempt", "http://a.b/", map[string]string{"HTTP_PROXY": "http://p:1", "NO_PROXY": "x, a.b"}, ""},
		{"a domain that is exempt", "http://a.b/", map[string]string{"HTTP_PROXY": "http://p:1", "no_proxy": ".b"}, ""},
		{"a domain that only looks alike", "http://ab/", map[string]string{"HTTP_PROXY": "http://p:1", "no_proxy": "b"}, "http://p:1"},
		{"a network that is exempt", "http://10.1.2.3/", map[string]string{"HTTP_PROXY": "http://p:1", "no_proxy": "10.0.0.0/8"}, ""},
		{"everything is exempt", "http://a/", map[string]string{"HTTP_PROXY": "http://p:1", "no_proxy": "*"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &run{Environ: Environ{LookupEnv: func(name string) (string, bool) { value, set := test.env[name]; return value, set }}}
			target, _ := url.Parse(test.target)
			got, err := r.proxyFor(target)
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
		{"no number", `{"expiresIn":"soon"}`, "error"},
		{"a boolean", `{"expiresIn":true}`, "error"},
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
			got, err := readStructure(api.CreateToken.Output, body)
			if text := string(jmespath.Compact.AppendJSON(nil, got)); err == nil && text != test.want || err != nil && test.want != "error" {
				t.Errorf("got %s, %v; want %s", text, err, test.want)
			}
		})
	}
}

// Whatever the words are, each is taken once: as an option, as a value, or as rest.
func FuzzGrammar(f *testing.F) {
	f.Add("sso-oidc\x00create-token\x00--client-id\x00x\x00--scope\x00a\x00b\x00--\x00-1\x00--no")
	f.Fuzz(func(t *testing.T, joined string) {
		words := strings.Split(joined, "\x00")
		for _, known := range []options{globalOptions, operationOptions(api.CreateToken.Operation), operationOptions(api.ListAccounts.Operation), {}} {
			result, err := known.parse(words)
			if err != nil {
				continue
			}
			count := len(result.strays())
			for _, values := range result.arguments {
				count += len(values)
			}
			if count > len(words)+len(known) {
				t.Errorf("%q became %+v", words, result)
			}
		}
	})
}

func FuzzParseIni(f *testing.F) {
	f.Add(sampleConfig)
	f.Add("[a]\nb=c\n d\n[")
	f.Fuzz(func(_ *testing.T, text string) {
		file, err := parseIni(text)
		if err != nil {
			return
		}
		for header, keys := range file {
			sectionName(header)
			for _, value := range keys {
				nestedValue(value, "endpoint_url")
			}
		}
	})
}

// Whatever a server answers, the outcome is an exit code and, on success, JSON.
func FuzzAnswers(f *testing.F) {
	f.Add(200, "", `{"roleCredentials":{"expiration":"1"}}`, identity)
	f.Add(400, "X#Y:z", `{"message":[1],"error":{}}`, "<ErrorResponse><Error><Code>c</Code></Error></ErrorResponse>")
	f.Fuzz(func(t *testing.T, status int, errType, body, document string) {
		for _, test := range []struct {
			operation *api.Operation
			body      string
		}{{api.GetRoleCredentials.Operation, body}, {api.ListAccounts.Operation, body}, {api.GetCallerIdentity.Operation, document}} {
			answer := &reply{status: status, header: map[string][]string{"X-Amzn-Errortype": {errType}}, body: []byte(test.body)}
			r := &run{operation: test.operation, debug: newDebugLog(nil, false)}
			if isTransient(answer, test.operation) || answer.isError() {
				_ = r.serviceError(answer, false, 0)
				continue
			}
			value, err := r.readAnswer(answer)
			if err == nil && !json.Valid(jmespath.Pretty.AppendJSON(nil, value)) {
				t.Errorf("%s was read as what is no JSON", test.body)
			}
		}
	})
}
