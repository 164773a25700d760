package cli

import (
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/command"
)

func TestInputThatIsRefused(t *testing.T) {
	all := func(document string) []string {
		return []string{"sso-oidc", "create-token", "--cli-input-json", document}
	}
	tests := []struct {
		name     string
		args     []string
		sentence string
	}{
		{"bad JSON", all("{"), "Invalid JSON"},
		{"a list", all("[]"), "expected an object"},
		{"missing members, all named", all("{}"), "Missing required parameter in input: \"clientId\"\nMissing required parameter in input: \"clientSecret\"\nMissing"},
		{"an unknown member", all(`{"clientid":"x"}`), `Unknown parameter in input: "clientid", must be one of: clientId, clientSecret`},
		{"a wrong type", all(`{"clientId":5}`), "Invalid type for parameter clientId: number, valid type: string"},
		{"null", all(`{"code":null}`), "Invalid type for parameter code: null"},
		{"a wrong element", all(`{"scope":["a",1,true]}`), "parameter scope[1]: number, valid type: string\nInvalid type for parameter scope[2]: boolean"},
		{"the document joined to its option", []string{"sso-oidc", "create-token", "--cli-input-json={}"}, "arguments are required: --client-id"},
		{"a bad list", with(createToken, "--scope", "[1"), "Error parsing parameter '--scope': Invalid JSON"},
		{"a list with a wrong element", with(createToken, "--scope", "[1]"), "scope[0]"},
		{"a file that is missing", with(createToken, "--code", "file:///nonexistent"), "Unable to load paramfile"},
		{"a file of bytes", with(createToken, "--code", "fileb://~/text"), "Invalid type for parameter code: bytes"},
		{"a file of bytes for a list", with(createToken, "--scope", "fileb://~/text"), "Invalid type for parameter scope: bytes"},
		{"a file that is no text", with(createToken, "--code", "file://~/binary"), "could not be decoded"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, response{body: "{}"})
			s.file("text", "x")
			s.file("binary", "\xff")
			got := s.call(test.args...)
			if got.exit != command.ExitUsage || !strings.Contains(got.stderr, test.sentence) || len(s.requests) != 0 {
				t.Errorf("got %+v and %d requests, want %q", got, len(s.requests), test.sentence)
			}
		})
	}
}

func TestValuesFromFiles(t *testing.T) {
	tests := []struct{ name, content, option, value, want string }{
		{"a newline at the end stays", "tok\n", "--code", "file://~/v", `"code": "tok\n"`},
		{"line ends are made one", "a\r\nb\rc", "--code", "file://~/v", `"code": "a\nb\nc"`},
		{"a variable in the path", "x", "--code", "file://$WHERE/v", `"code": "x"`},
		{"a list", `["p","q"]`, "--scope", "file://~/v", `"scope": ["p", "q"]`},
		{"a list that is no JSON falls into characters", "pq", "--scope", "file://~/v", `"scope": ["p", "q"]`},
		{"one of two words is no file", "x", "--scope", "file://~/v other", `"scope": ["file://~/v", "other"]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, response{body: "{}"})
			s.file("v", test.content)
			s.env["WHERE"] = s.home
			got := s.call(with(createToken, append([]string{test.option}, strings.Fields(test.value)...)...)...)
			if got.exit != 0 || !strings.Contains(s.requests[0].Body, test.want) {
				t.Errorf("%+v, sent %+v, want %s", got, s.requests, test.want)
			}
		})
	}
}

func TestWithoutParameterValidation(t *testing.T) {
	document := func(text string) []string {
		return []string{"sso-oidc", "create-token", "--cli-input-json", text, "--profile", "lax"}
	}
	tests := []struct {
		name string
		args []string
		exit int
		want string // that was sent, or in the error
	}{
		{"every type is sent", document(`{"clientId":5,"scope":["a",1]}`), 0, `{"clientId": 5, "scope": ["a", 1]}`},
		{"a null is not", document(`{"clientId":null,"code":"c"}`), 0, `{"code": "c"}`},
		{"a text falls into a list", document(`{"scope":"ab"}`), 0, `{"scope": ["a", "b"]}`},
		{"an object falls into its names", document(`{"scope":{"a":1}}`), 0, `{"scope": ["a"]}`},
		{"a number is no list", document(`{"scope":5}`), command.ExitOther, `"scope" is number, which has no elements`},
		{"an unknown member", document(`{"clientid":"x"}`), command.ExitOther, `"clientid" is no member`},
		{"bytes", with(createToken, "--code", "fileb://~/text", "--profile", "lax"), command.ExitOther, "code holds bytes"},
		{"any word but true switches it off", with(createToken, "--scope", "[1]", "--profile", "odd"), 0, `{"clientId": "ci", "clientSecret": "cs", "grantType": "g", "scope": [1]}`},
		{"true does not", with(createToken, "--scope", "[1]", "--profile", "strict"), command.ExitUsage, "scope[0]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, response{body: "{}"})
			s.file("text", "x")
			s.file(".aws/config", "[profile lax]\nparameter_validation = false\n[profile odd]\nparameter_validation = 1\n[profile strict]\nparameter_validation = True\n")
			got := s.call(test.args...)
			where := got.stderr
			if test.exit == 0 && len(s.requests) == 1 {
				where = s.requests[0].Body
			}
			if got.exit != test.exit || !strings.Contains(where, test.want) {
				t.Errorf("%+v\nsent %+v\nwant %s", got, s.requests, test.want)
			}
		})
	}
}

func TestInputDocumentsInFiles(t *testing.T) {
	const document = `{"clientId":"a","clientSecret":"b","grantType":"c"}`
	wide := ""
	for _, r := range document {
		wide += string(r) + "\x00"
	}
	tests := []struct {
		name, option, content string
		exit                  int
	}{
		{"text", "file://", document, 0},
		{"text with a mark before it", "file://", "\ufeff" + document, command.ExitUsage},
		{"bytes with a mark before them", "fileb://", "\ufeff" + document, 0},
		{"bytes in UTF-16", "fileb://", "\xff\xfe" + wide, 0},
		{"bytes in half of UTF-16", "fileb://", "\xff\xfea", command.ExitUsage},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, response{body: "{}"})
			got := s.call("sso-oidc", "create-token", "--cli-input-json", test.option+s.file("input", test.content))
			if got.exit != test.exit || test.exit == 0 && s.requests[0].Body != `{"clientId": "a", "clientSecret": "b", "grantType": "c"}` {
				t.Errorf("%+v\nsent %+v", got, s.requests)
			}
		})
	}
}

func TestAnInputDocumentIsNoPipe(t *testing.T) {
	s := newStage(t, response{body: "{}"})
	if got := s.call("sso-oidc", "create-token", "--cli-input-json", "file:///dev/null"); got.exit != command.ExitUsage || !strings.Contains(got.stderr, "read twice") {
		t.Errorf("got %+v", got)
	}
}

func TestStructuresInTheShorthandSyntax(t *testing.T) {
	person := &api.Shape{Name: "Person", Members: []*api.Member{{Name: "Name", Wire: "Name"}, {Name: "Age", Wire: "Age", Kind: api.Integer}}}
	service := &api.Service{ID: "Test", Command: "test", EndpointPrefix: "test"}
	service.Operations = []*api.Operation{{Service: service, Name: "Put", Method: "POST", Path: "/put", Output: &api.Shape{}, Input: &api.Shape{Members: []*api.Member{
		{Name: "One", Wire: "One", Kind: api.Structure, Shape: person}, {Name: "Many", Wire: "Many", Kind: api.List, Element: "Person", Shape: person},
	}}}}
	tests := []struct {
		name string
		args []string
		exit int
		want string // the body sent, or what the error says
	}{
		{"a structure", []string{"--one", "Name=a b,Age=3"}, 0, `{"One": {"Name": "a b", "Age": 3}}`},
		{"a list", []string{"--many", "Name=a", "Name='x,y',Age=4"}, 0, `{"Many": [{"Name": "a"}, {"Name": "x,y", "Age": 4}]}`},
		{"JSON", []string{"--one", `{"Age": 5}`, "--many", `[{"Name": "b"}]`}, 0, `{"One": {"Age": 5}, "Many": [{"Name": "b"}]}`},
		{"a JSON document a word", []string{"--many", `{"Age": 5}`, `{"Age": 6}`}, 0, `{"Many": [{"Age": 5}, {"Age": 6}]}`},
		{"no syntax at all", []string{"--one", "Name"}, command.ExitUsage, "Error parsing parameter '--one'"},
		{"no number", []string{"--one", "Age=old"}, command.ExitOther, "Error parsing parameter '--one'"},
		{"an unknown member", []string{"--one", "Nom=a"}, command.ExitUsage, `Unknown parameter in One: "Nom", must be one of: Name, Age`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, response{body: "{}"})
			s.services = []*api.Service{service}
			got := s.call(append([]string{"test", "put"}, test.args...)...)
			switch {
			case got.exit != test.exit:
				t.Errorf("got %+v", got)
			case test.exit != 0 && !strings.Contains(got.stderr, test.want):
				t.Errorf("got %s, want %s", got.stderr, test.want)
			case test.exit == 0 && s.requests[0].Body != test.want:
				t.Errorf("sent %s, want %s", s.requests[0].Body, test.want)
			}
		})
	}
}
