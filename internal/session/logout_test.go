package session

import (
	"os"
	"path/filepath"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/ssocache"
)

const twoServers = `
[default]
endpoint_url = https://default.example
[profile a]
sso_session = a
services = a
[profile b]
sso_session = b
[sso-session a]
sso_start_url = https://a.example/start
sso_region = us-east-1
[sso-session b]
sso_start_url = https://b.example/start
sso_region = us-east-1
[services a]
sso =
  endpoint_url = https://portal.a.example
`

// A token is a secret of the server that issued it: the sign-out sends it there or nowhere.
func TestEachTokenGoesToItsOwnServer(t *testing.T) {
	const aws, strange = "https://portal.sso.us-east-1.amazonaws.com", "https://strange.example/start"
	for _, test := range []struct {
		name, session, startURL, file string
		words                         []string
		want                          string // empty for a refusal
	}{
		{name: "of a profile with an endpoint", session: "a", startURL: "https://a.example/start", want: "https://portal.a.example"},
		{name: "of such a profile, with another endpoint on the command line", session: "a", startURL: "https://a.example/start",
			words: []string{"--endpoint-url", "https://flag.example"}, want: "https://portal.a.example"},
		{name: "of a profile without an endpoint", session: "b", startURL: "https://b.example/start", want: aws},
		{name: "of such a profile, with an endpoint on the command line", session: "b", startURL: "https://b.example/start",
			words: []string{"--endpoint-url", "https://flag.example"}, want: "https://flag.example"},
		{name: "that was issued before the session got its start URL", session: "a", startURL: strange},
		{name: "of a sign-in without a profile", session: "c", startURL: strange, want: "https://default.example"},
		{name: "of another tool, by the name of its file", file: "editor-auth-token", startURL: strange, want: aws},
		{name: "of another tool, which tells no start URL", session: "c", words: []string{"--endpoint-url", "https://flag.example"}, want: aws},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config")
			if err := os.WriteFile(path, []byte(twoServers), 0o600); err != nil {
				t.Fatal(err)
			}
			s := settings(t, map[string]string{"AWS_CONFIG_FILE": path}, test.words...)
			l := leaver{settings: s, homes: homesByKey(s.Files())}
			key := test.file
			if key == "" {
				key = ssocache.TokenKey(test.session, test.startURL)
			}
			found, err := l.settingsFor(key, ssocache.Token{StartURL: test.startURL})
			if err != nil {
				if test.want != "" {
					t.Error(err)
				}
				return
			}
			if endpoint, err := found.Endpoint(api.SSO, "us-east-1"); err != nil || endpoint.String() != test.want {
				t.Errorf("it goes to %v, %v, want %q", endpoint, err, test.want)
			}
		})
	}
}
