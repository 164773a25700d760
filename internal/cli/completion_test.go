package cli

import (
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/command"
)

func TestCompletionKnowsTheTableAndTheProfiles(t *testing.T) {
	s := newStage(t)
	s.file(".aws/config", "[profile work]\nregion = eu-north-1\nsso_start_url = https://x\n[sso-session mine]\n")
	s.file(".aws/sso/cache/token.json", `{"accessToken": "hidden-a", "expiresAt": "2030-01-02T03:04:05Z", "clientId": "cached-client", "clientSecret": "hidden-s", "refreshToken": "hidden-r"}`)
	tests := []struct {
		name  string
		words []string
		want  []string
		not   string
	}{
		{"services and commands", []string{""}, []string{"sso-oidc\t", "completion\t", "manual\t"}, "__complete"},
		{"operations", []string{"sso-oidc", "create"}, []string{"create-token\t", "create-token-with-iam\t"}, "register"},
		{"options", []string{"sso-oidc", "create-token", "--red"}, []string{"--redirect-uri\t"}, "--region"},
		{"known values of a member", []string{"sso-oidc", "create-token", "--grant-type", "re"}, []string{"refresh_token\t"}, "device"},
		{"profiles", []string{"sso", "list-accounts", "--profile", ""}, []string{"work\teu-north-1"}, ""},
		{"Regions of profiles", []string{"--region", ""}, []string{"eu-north-1\tof profile work"}, ""},
		{"start URLs", []string{"sso-oidc", "start-device-authorization", "--start-url", ""}, []string{"https://x\tof profile work"}, ""},
		{"clients that are known", []string{"sso-oidc", "create-token", "--client-id", ""}, []string{"cached-client\t"}, "hidden"},
		{"and not their secrets", []string{"sso-oidc", "create-token", "--client-secret", ""}, nil, "hidden"},
		{"nor tokens", []string{"sso", "list-accounts", "--access-token", ""}, nil, "hidden"},
		{"nor tokens that are typed in part", []string{"sso-oidc", "create-token", "--refresh-token=hid"}, nil, "hidden"},
		{"help of a service", []string{"sso", "h"}, []string{"help\t"}, ""},
		{"files for what is read from one", []string{"--ca-bundle", "/e"}, []string{"\tfiles\t"}, ""},
		{"shells", []string{"completion", ""}, []string{"bash\t", "zsh\t", "fish\t"}, ""},
		{"nothing that is hidden", []string{"--debug"}, []string{"--debug\t"}, "--" + command.DebugSecrets + "\t"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := s.run(append([]string{"__complete"}, test.words...)...)
			for _, want := range test.want {
				if !strings.Contains(got.stdout, want) {
					t.Errorf("%q is missing in %q", want, got.stdout)
				}
			}
			if got.exit != 0 || test.not != "" && strings.Contains(got.stdout, test.not) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// The outline has every value that this machine knows once, and marks those that must not be seen.
func TestTheOutlineMarksWhatIsSecret(t *testing.T) {
	secrets := secretOptions(api.Services)
	for _, name := range []string{"--access-token", "--refresh-token", "--client-secret", "--code", "--code-verifier"} {
		if !secrets[name] {
			t.Errorf("%s is not secret", name)
		}
	}
	for _, name := range []string{"--client-id", "--account-id", "--role-name", "--grant-type"} {
		if secrets[name] {
			t.Errorf("%s is secret", name)
		}
	}
}

func TestCompletionScripts(t *testing.T) {
	for shell, want := range map[string]string{"bash": "complete ", "zsh": "#compdef", "fish": "complete "} {
		if got := newStage(t).run("completion", shell); got.exit != 0 || !strings.Contains(got.stdout, want) {
			t.Errorf("%s: %+v", shell, got)
		}
	}
	if got := newStage(t).run("completion", "tcsh"); got.exit != command.ExitUsage || !strings.Contains(got.stderr, "invalid choice 'tcsh'") {
		t.Errorf("another shell: %+v", got)
	}
	if got := newStage(t).run("completion"); got.exit != command.ExitUsage {
		t.Errorf("no shell: %+v", got)
	}
}
