package session

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/client"
	"sallyport/internal/command"
)

const sampleConfig = `
[default]
region = us-east-2
[profile dev]
sso_session = acme
sso_account_id = 111122223333
sso_role_name = Admin
[profile other]
sso_session = acme
sso_account_id = 444455556666
sso_role_name = Admin
[profile old]
sso_start_url = https://old.awsapps.com/start
sso_region = eu-west-1
[profile half]
sso_start_url = https://old.awsapps.com/start
[profile lost]
sso_session = nowhere
[profile split]
sso_session = acme
sso_region = eu-west-3
[profile file]
sso_start_url = file:///etc/passwd
sso_region = eu-west-1
[profile host]
sso_start_url = https://old.awsapps.com/start
sso_region = evil.example/
[sso-session acme]
sso_start_url = https://acme.awsapps.com/start
sso_region = eu-central-1
sso_registration_scopes = sso:account:access, codewhisperer:analysis,
[sso-session bare]
sso_region = eu-central-1
`

// settings are those of a command line in a home folder of its own, with the sample configuration.
func settings(t *testing.T, env map[string]string, words ...string) *client.Settings {
	t.Helper()
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".aws", "config"), []byte(sampleConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	return settingsIn(t, home, env, words...)
}

func settingsIn(t *testing.T, home string, env map[string]string, words ...string) *client.Settings {
	t.Helper()
	global, err := command.GlobalOptions.Parse(append([]string{"login"}, words...))
	if err != nil {
		t.Fatal(err)
	}
	local, err := Options.Parse(global.Rest)
	if err != nil {
		t.Fatal(err)
	}
	lookup := func(name string) (string, bool) { value, set := env[name]; return value, set }
	loaded, err := client.Load(&command.Call{
		Environ: command.Environ{LookupEnv: lookup, Home: home, Stderr: os.Stderr},
		Global:  global.Arguments, Local: local.Arguments, Debug: &command.DebugLog{}, Wait: command.Wait,
	})
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func TestResolve(t *testing.T) {
	const url = "https://ad-hoc.example/start"
	for _, test := range []struct {
		name    string
		env     map[string]string
		words   string
		want    SignIn
		command string
	}{
		{name: "a profile that names a session", words: "--profile dev", command: "sallyport login --profile dev", want: SignIn{
			StartURL: "https://acme.awsapps.com/start", Region: "eu-central-1", Name: "acme", AccountID: "111122223333", RoleName: "Admin",
			Scopes: []string{"sso:account:access", "codewhisperer:analysis"}}},
		{name: "the profile of the environment", env: map[string]string{"AWS_PROFILE": "old"}, command: "sallyport login --profile old",
			want: SignIn{StartURL: "https://old.awsapps.com/start", Region: "eu-west-1", Older: true}},
		{name: "a session by its name, without a profile", words: "--sso-session acme", command: "sallyport login --sso-session acme", want: SignIn{
			StartURL: "https://acme.awsapps.com/start", Region: "eu-central-1", Name: "acme", Scopes: []string{"sso:account:access", "codewhisperer:analysis"}}},
		{name: "a start URL and a Region", words: "--start-url " + url + " --region eu-north-1",
			command: "sallyport login --start-url " + url + " --region eu-north-1", want: SignIn{StartURL: url, Region: "eu-north-1"}},
		{name: "a start URL and the Region of the profile", words: "--start-url " + url,
			command: "sallyport login --start-url " + url + " --region us-east-2", want: SignIn{StartURL: url, Region: "us-east-2"}},
		{name: "a start URL with a name and scopes", words: "--start-url " + url + " --sso-session mine --sso-registration-scopes a:b,c:d",
			command: "sallyport login --start-url " + url + " --region us-east-2 --sso-session mine --sso-registration-scopes a:b,c:d",
			want:    SignIn{StartURL: url, Region: "us-east-2", Name: "mine", Scopes: []string{"a:b", "c:d"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Resolve(settings(t, test.env, strings.Fields(test.words)...))
			if err != nil {
				t.Fatal(err)
			}
			if got.StartURL != test.want.StartURL || got.Region != test.want.Region || got.Name != test.want.Name || got.Older != test.want.Older ||
				got.AccountID != test.want.AccountID || got.RoleName != test.want.RoleName || !slices.Equal(got.Scopes, test.want.Scopes) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if line := got.Command("login"); line != test.command {
				t.Errorf("the command is %q, want %q", line, test.command)
			}
		})
	}
}

func TestResolveRefusesWhatNamesNoSignInAndSaysWhatMendsIt(t *testing.T) {
	for _, test := range []struct {
		name, words string
		exit        int
		want        []string
	}{
		{"a profile without a sign-in", "", command.ExitConfiguration, []string{"the profile default has no sign-in", "`sallyport configure`", "--start-url and --region"}},
		{"half a sign-in", "--profile half", command.ExitConfiguration, []string{"profile half lacks sso_region", "`sallyport configure`"}},
		{"a session that is nowhere", "--profile lost", command.ExitConfiguration, []string{"has no section [sso-session nowhere]", "`sallyport configure`"}},
		{"half a session", "--sso-session bare", command.ExitConfiguration, []string{"[sso-session bare]", "lacks sso_start_url"}},
		{"a profile that contradicts its session", "--profile split", command.ExitConfiguration, []string{"sso_region of the profile split (eu-west-3)", "(eu-central-1)", "remove it"}},
		{"a start URL that no browser could open", "--profile file", command.ExitConfiguration, []string{"no http or https URL"}},
		{"a Region that would name another host", "--profile host", command.ExitConfiguration, []string{"the Region \"evil.example/\""}},
		{"a name that means another instance", "--start-url https://x.example --sso-session acme", command.ExitConfiguration, []string{"[sso-session acme]", "another name"}},
		{"scopes without a start URL", "--profile dev --sso-registration-scopes a:b", command.ExitUsage, []string{"belongs to --start-url"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Resolve(settings(t, nil, strings.Fields(test.words)...))
			var failure *command.Failure
			if !errors.As(err, &failure) || failure.Exit != test.exit {
				t.Fatalf("got %v, want a failure with exit code %d", err, test.exit)
			}
			for _, words := range test.want {
				if !strings.Contains(failure.Message, words) {
					t.Errorf("%q does not say %q", failure.Message, words)
				}
			}
		})
	}
}
