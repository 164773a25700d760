package client

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/sigv4"
)

var sampleRole = PortalRole{AccountID: "111122223333", Name: "Admin", Session: "acme-é", StartURL: "https://d-1.awsapps.com/start"}

// The digests are those that botocore makes of the same texts.
func TestKeysOfPortalRolesAreTheReferences(t *testing.T) {
	older := sampleRole
	older.Session = ""
	for _, test := range []struct {
		name string
		role PortalRole
		want string
	}{
		{"of a session", sampleRole, "12275c99d98a45d1ffc7bfdd60d905963aa6c81e"},
		{"of the older form", older, "33c2c2ae6532fd46dd47330e56f47d7c5a48444f"},
	} {
		if got := test.role.Key(); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// atHome are settings of a home folder that has nothing, and the path of a role's credentials there.
func atHome(t *testing.T, role PortalRole) (*Settings, string) {
	t.Helper()
	home := t.TempDir()
	s := &Settings{Call: &command.Call{Environ: command.Environ{Home: home}, Debug: &command.DebugLog{}}}
	return s, filepath.Join(home, ".aws", "cli", "cache", role.Key()+".json")
}

func TestPortalRolesAreKeptInTheReferencesForm(t *testing.T) {
	s, path := atHome(t, sampleRole)
	if _, _, ok := s.KeptRole(sampleRole); ok {
		t.Error("something is kept already")
	}
	put, until := sigv4.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "secret/+", SessionToken: "token=="}, time.Unix(4_070_908_800, 0).UTC()
	s.KeepRole(sampleRole, put, until)
	text, err := os.ReadFile(path)
	const want = `{"ProviderType": "sso", "Credentials": {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret/+", "SessionToken": "token==", ` +
		`"Expiration": "2099-01-01T00:00:00Z", "AccountId": "111122223333"}}`
	if err != nil || string(text) != want {
		t.Errorf("the file says %s, %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	if got, expires, ok := s.KeptRole(sampleRole); !ok || got != put || !expires.Equal(until) {
		t.Errorf("it reads as %v until %v, %v", got.AccessKeyID, expires, ok)
	}
}

func TestPortalRolesThatAreNoneAreNotRead(t *testing.T) {
	for name, text := range map[string]string{
		"without a secret":          `{"ProviderType": "sso", "Credentials": {"AccessKeyId": "a", "SessionToken": "c", "Expiration": "2099-01-15T08:00:00Z"}}`,
		"without an end":            `{"ProviderType": "sso", "Credentials": {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}}`,
		"that ends soon":            `{"ProviderType": "sso", "Credentials": {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c", "Expiration": "2020-01-15T08:00:00Z"}}`,
		"that is torn":              `{"ProviderType": "sso", "Cred`,
		"that is no object at all":  `[]`,
		"that is an empty file":     ``,
		"whose parts are no texts":  `{"ProviderType": "sso", "Credentials": {"AccessKeyId": 1, "SecretAccessKey": 2, "SessionToken": 3, "Expiration": 4}}`,
		"whose credentials are not": `{"ProviderType": "sso", "Credentials": "x"}`,
	} {
		s, path := atHome(t, sampleRole)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, _, ok := s.KeptRole(sampleRole); ok {
			t.Errorf("a file %s is read as %v", name, got)
		}
	}
}

func TestThePortalsAnswerIsRead(t *testing.T) {
	const whole = `{"roleCredentials": {"accessKeyId": "a", "secretAccessKey": "b", "sessionToken": "c", "expiration": 4070908800123}}`
	for _, test := range []struct{ name, answer, want string }{
		{"whole", whole, "a b c 2099-01-01T00:00:00Z"},
		{"without a key", `{"roleCredentials": {"secretAccessKey": "b", "sessionToken": "c", "expiration": 4070908800123}}`, ""},
		{"without an end", `{"roleCredentials": {"accessKeyId": "a", "secretAccessKey": "b", "sessionToken": "c"}}`, ""},
		{"with an end that is a text", `{"roleCredentials": {"accessKeyId": "a", "secretAccessKey": "b", "sessionToken": "c", "expiration": "soon"}}`, ""},
		{"with nothing", `{}`, ""},
	} {
		answer, err := jmespath.ParseJSON([]byte(test.answer))
		if err != nil {
			t.Fatal(err)
		}
		found, expires, err := ReadPortalRole(answer)
		got := ""
		if err == nil {
			got = found.AccessKeyID + " " + found.SecretAccessKey + " " + found.SessionToken + " " + expires.Format(time.RFC3339)
		}
		if got != test.want {
			t.Errorf("%s: %q, %v", test.name, got, err)
		}
	}
}

func TestForgettingRolesLeavesThoseOfOthers(t *testing.T) {
	s, path := atHome(t, sampleRole)
	every := func(string) bool { return true }
	if removed, err := s.ForgetRoles(every); removed != 0 || err != nil {
		t.Errorf("without a folder: %d, %v", removed, err)
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"mine.json": `{"ProviderType": "sso", "Credentials": {}}`, "other.json": `{"ProviderType": "sso", "Credentials": {}}`,
		"assumed.json": `{"Credentials": {}}`, "process.json": `{"ProviderType": "process"}`, "note.txt": `{"ProviderType": "sso"}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := s.ForgetRoles(func(key string) bool { return key != "other" })
	left, _ := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || removed != 1 || len(left) != 4 {
		t.Errorf("removed %d, left %v, %v", removed, left, err)
	}
}
