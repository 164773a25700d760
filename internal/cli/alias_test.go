package cli

import (
	"strings"
	"testing"

	"sallyport/internal/command"
)

const aliasFile = `[toplevel]
tok = sso-oidc create-token --client-id a --client-secret 'b c' --grant-type g
quiet = tok --output off
# It hides the service, and means it.
sso = sso --output text
around = about
about = around
debugged = tok --debug
other = tok --profile x
open = sso-oidc 'create-token
nothing = --output text
bogus = sso-oidc create-token --output xml
say = !echo "$# words:" "$@" >&2; exit 7; true
[command sso-oidc]
ctk = create-token --client-id a --client-secret b --grant-type g
lines =
    create-token --client-id a
    --client-secret b --grant-type g
function =
    !f() {
        echo "second: $2" >&2
    }; f
dies = !kill -9 $$
CTL = create-token
register-client = !echo shadowed >&2 #
`

func TestAliases(t *testing.T) {
	const sent = `{"clientId": "a", "clientSecret": "b c", "grantType": "g"}`
	tests := []struct {
		name   string
		args   []string
		exit   int
		body   string // that was sent
		stdout string
		stderr string
	}{
		{"a command", []string{"tok"}, 0, sent, "{\n    \"accessToken\": \"x\"\n}\n", ""},
		{"with more options", []string{"tok", "--code", "c"}, 0, strings.TrimSuffix(sent, "}") + `, "code": "c"}`, "{\n    \"accessToken\": \"x\"\n}\n", ""},
		{"of an alias, with an option of every command", []string{"quiet"}, 0, sent, "", ""},
		{"of a service", []string{"sso-oidc", "ctk"}, 0, strings.Replace(sent, "b c", "b", 1), "{\n    \"accessToken\": \"x\"\n}\n", ""},
		{"on several lines", []string{"sso-oidc", "lines"}, 0, strings.Replace(sent, "b c", "b", 1), "{\n    \"accessToken\": \"x\"\n}\n", ""},
		{"for the shell on several lines", []string{"sso-oidc", "function", "a", "b c"}, 0, "", "", "second: b c"},
		{"for the shell that a signal ends", []string{"sso-oidc", "dies"}, 1<<8 - 9, "", "", ""},
		{"called in capitals", []string{"TOK"}, command.ExitUsage, "", "", "invalid choice 'TOK'"},
		{"written in capitals", []string{"sso-oidc", "CTL"}, command.ExitUsage, "", "", "invalid choice 'CTL'"},
		{"that hides what it stands for", []string{"sso", "list-accounts", "--access-token", "t", "--no-paginate"}, 0, "", "n\n", ""},
		{"for the shell, with its exit code", []string{"say", "a b", "--region", "r", "c"}, 7, "", "", "0 words:"},
		{"for the shell in place of an operation", []string{"sso-oidc", "register-client", "x"}, 0, "", "", "shadowed"},
		{"that goes round in circles", []string{"around"}, command.ExitOther, "", "", "stands for itself"},
		{"that wants to debug", []string{"debugged"}, command.ExitOther, "", "", "brings --debug"},
		{"that chooses a profile", []string{"other"}, command.ExitOther, "", "", "brings --profile"},
		{"with an open quotation", []string{"open"}, command.ExitOther, "", "", "cannot be read"},
		{"of no command", []string{"nothing"}, command.ExitUsage, "", "", "names no command"},
		{"with a bad choice", []string{"bogus"}, command.ExitOther, "", "", "invalid choice 'xml'"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, response{body: `{"accessToken":"x","nextToken":"n"}`})
			s.file(".aws/cli/alias", aliasFile)
			got := s.call(test.args...)
			body := ""
			if len(s.requests) > 0 {
				body = s.requests[0].Body
			}
			if got.exit != test.exit || got.stdout != test.stdout || !strings.Contains(got.stderr, test.stderr) || body != test.body {
				t.Errorf("got %+v and sent %s", got, body)
			}
		})
	}
}

func TestABrokenAliasFileEndsEveryCommand(t *testing.T) {
	s := newStage(t, response{body: "{}"})
	s.file(".aws/cli/alias", "tok = x\n")
	if got := s.call(createToken...); got.exit != command.ExitOther || len(s.requests) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestWithoutAHomeThereAreNoAliases(t *testing.T) {
	s := newStage(t, response{body: "{}"})
	s.file(".aws/cli/alias", aliasFile)
	t.Chdir(s.home)
	s.home = ""
	if got := s.call("say"); got.exit != command.ExitUsage || strings.Contains(got.stderr, "words:") {
		t.Errorf("the alias in the working folder was run: %+v", got)
	}
}

func TestEncodings(t *testing.T) {
	tests := []struct {
		name, variable, encoding, file string
		exit                           int
		want                           string
	}{
		{"a file in Latin-1", fileEncodingVariable, "latin-1", "caf\xe9", 0, `"code": "caf\u00e9"`},
		{"by another of its names", fileEncodingVariable, "ISO_8859_1", "caf\xe9", 0, `"code": "caf\u00e9"`},
		{"a file in UTF-16", fileEncodingVariable, "utf-16", "\xff\xfeA\x00", 0, `"code": "A"`},
		{"a mark at the beginning that is taken off", fileEncodingVariable, "utf-8-sig", "\xef\xbb\xbfA", 0, `"code": "A"`},
		{"UTF-8 unless said otherwise", fileEncodingVariable, "", "é", 0, `"code": "\u00e9"`},
		{"a file that does not fit", fileEncodingVariable, "ascii", "\xe9", command.ExitUsage, "could not be decoded"},
		{"a file that is no UTF-8", fileEncodingVariable, "", "\xe9", command.ExitUsage, "could not be decoded"},
		{"an encoding that does not exist", fileEncodingVariable, "klingon", "a", command.ExitOther, "unknown encoding: klingon"},
		{"an encoding that nothing is read in", fileEncodingVariable, "klingon", "", 0, `"code": "none"`},
		{"output in an encoding that does not exist", outputEncodingVariable, "klingon", "a", command.ExitOther, "unknown encoding: klingon"},
		{"output that does not fit", outputEncodingVariable, "ascii", "a", command.ExitOther, "cannot be written"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, response{body: `{"accessToken":"é"}`})
			if test.encoding != "" {
				s.env[test.variable] = test.encoding
			}
			code := "none"
			if test.file != "" {
				code = "file://" + s.file("code", test.file)
			}
			got := s.call(with(createToken, "--code", code)...)
			where := got.stderr
			if test.exit == 0 {
				where = s.requests[0].Body
			}
			if got.exit != test.exit || !strings.Contains(where, test.want) {
				t.Errorf("got %+v", got)
			}
		})
	}
	s := newStage(t, response{body: `{"accessToken":"é"}`})
	s.env[outputEncodingVariable] = "latin1"
	if got := s.call(with(createToken, "--output", "text")...); got.stdout != "\xe9\n" {
		t.Errorf("output in Latin-1: %+v", got)
	}
}
