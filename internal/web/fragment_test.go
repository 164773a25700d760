package web

import (
	"strings"
	"testing"

	"sallyport/test/vectors"
)

var harbour = CommandLine{
	Session: "harbour", StartURL: "https://d-9067f2a3c1.awsapps.com/start", Region: "eu-central-1",
	Endpoint: "https://id.example.test",
}

func TestFragmentsHaveWhatTheCommandLineReads(t *testing.T) {
	session := `[sso-session harbour]
sso_start_url = https://d-9067f2a3c1.awsapps.com/start
sso_region = eu-central-1
sso_registration_scopes = sso:account:access

[services harbour]
sso_oidc =
  endpoint_url = https://id.example.test
sso =
  endpoint_url = https://id.example.test
sts =
  endpoint_url = https://id.example.test
`
	profile := `[profile demo]
sso_session = harbour
sso_account_id = 111122223333
sso_role_name = ReadOnly
region = eu-central-1
services = harbour
`
	role := Role{Name: "ReadOnly", Profile: "demo"}
	if got := harbour.SessionFragment(); got != session {
		t.Errorf("session fragment:\n%s", got)
	}
	if got := harbour.ProfileFragment(Account{ID: "111122223333"}, role); got != profile {
		t.Errorf("profile fragment:\n%s", got)
	}
	if got := harbour.LoginCommand(role); got != "aws sso login --profile demo" {
		t.Errorf("login command: %s", got)
	}
}

func TestNamesCannotAddSettingsToAFragment(t *testing.T) {
	const attack = "x]\ncredential_process = rm -rf ~\r\n[profile default\u2028$(id)`;"
	c := CommandLine{Session: attack, StartURL: attack, Region: attack, Endpoint: attack}
	role := Role{Name: attack, Profile: attack}
	for _, got := range []string{c.SessionFragment(), c.ProfileFragment(Account{ID: attack, Name: attack}, role)} {
		for line := range strings.SplitSeq(got, "\n") {
			if strings.HasPrefix(line, "credential_process") || strings.HasPrefix(line, "[profile default") {
				t.Errorf("a name became a line of its own:\n%s", got)
			}
		}
	}
	if got := c.LoginCommand(role); strings.ContainsAny(got, "\n$`;(") {
		t.Errorf("a name reaches the shell: %q", got)
	}
}

func TestProfileNamesAreDistinct(t *testing.T) {
	accounts := []Account{
		{ID: "111122223333", Name: "Demo", Roles: []Role{{Name: "Admin"}, {Name: "Read Only"}, {Name: "Read+Only"}}},
		{ID: "444455556666", Name: "demo", Roles: []Role{{Name: "Admin"}, {Name: "Set", Profile: "mine"}}},
		{ID: "777788889999", Name: "株式会社", Roles: []Role{{Name: "Admin"}}},
	}
	NameProfiles(accounts)
	want := []string{
		"demo-admin-111122223333", "demo-read-only-111122223333", "demo-read-only-111122223333-2",
		"demo-admin-444455556666", "mine", "unnamed-admin",
	}
	var got []string
	for _, a := range accounts {
		for _, r := range a.Roles {
			got = append(got, r.Profile)
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func FuzzProfileWord(f *testing.F) {
	f.Add("Demo account]\n[x")
	for _, text := range vectors.Naughty(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := profileWord(s)
		if got == "" || len(got) > maxProfileName || strings.HasPrefix(got, "-") {
			t.Errorf("%q became %q", s, got)
		}
		if strings.Trim(got, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
			t.Errorf("%q needs quoting", got)
		}
		if again := profileWord(got); again != got {
			t.Errorf("%q is not stable: %q", got, again)
		}
	})
}
