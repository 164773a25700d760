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
