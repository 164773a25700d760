package session

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The digests are those that botocore makes of the same texts.
func TestRoleKeysAreTheReferences(t *testing.T) {
	role := Role{AccountID: "111122223333", Name: "Admin"}
	for _, test := range []struct{ name, session, startURL, want string }{
		{"of a session", "acme-é", "https://d-1.awsapps.com/start", "12275c99d98a45d1ffc7bfdd60d905963aa6c81e"},
		{"of the older form", "", "https://d-1.awsapps.com/start", "33c2c2ae6532fd46dd47330e56f47d7c5a48444f"},
	} {
		if got := roleKey(role, test.session, test.startURL); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestRoleFilesAreTheReferencesForm(t *testing.T) {
	file := roleFile{filepath.Join(t.TempDir(), "cli", "cache"), "key"}
	put := Credentials{AccountID: "111122223333", AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "secret/+", SessionToken: "token==", Expiration: time.Unix(1_800_000_000, 0).UTC()}
	if err := file.write(put); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file.path())
	const want = `{"ProviderType": "sso", "Credentials": {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret/+", "SessionToken": "token==", ` +
		`"Expiration": "2027-01-15T08:00:00Z", "AccountId": "111122223333"}}`
	if err != nil || string(text) != want {
		t.Errorf("the file says %s, %v", text, err)
	}
	if info, err := os.Stat(file.path()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	if got, ok := file.read(); !ok || got != put {
		t.Errorf("it reads as %v, %v", got, ok)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if shown := fmt.Sprintf(verb, put); shown != "credentials ASIAEXAMPLE of account 111122223333 until 2027-01-15T08:00:00Z" {
			t.Errorf("%s shows %s", verb, shown)
		}
	}
}

func TestRoleFilesThatAreNoneAreNotRead(t *testing.T) {
	for name, text := range map[string]string{
		"of another provider":       `{"ProviderType": "process", "Credentials": {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c", "Expiration": "2027-01-15T08:00:00Z"}}`,
		"without a secret":          `{"ProviderType": "sso", "Credentials": {"AccessKeyId": "a", "SessionToken": "c", "Expiration": "2027-01-15T08:00:00Z"}}`,
		"without an end":            `{"ProviderType": "sso", "Credentials": {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}}`,
		"with a line end in a key":  `{"ProviderType": "sso", "Credentials": {"AccessKeyId": "a\nX=1", "SecretAccessKey": "b", "SessionToken": "c", "Expiration": "2027-01-15T08:00:00Z"}}`,
		"that is torn":              `{"ProviderType": "sso", "Cred`,
		"that is no object at all":  `[]`,
		"that is an empty file":     ``,
		"whose parts are no texts":  `{"ProviderType": "sso", "Credentials": {"AccessKeyId": 1, "SecretAccessKey": 2, "SessionToken": 3, "Expiration": 4}}`,
		"whose credentials are not": `{"ProviderType": "sso", "Credentials": "x"}`,
	} {
		file := roleFile{t.TempDir(), "key"}
		if err := os.WriteFile(file.path(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := file.read(); ok {
			t.Errorf("a file %s is read as %v", name, got)
		}
	}
}

func TestRemovingRoleFilesLeavesThoseOfOthers(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"mine.json": `{"ProviderType": "sso", "Credentials": {}}`, "other.json": `{"ProviderType": "sso", "Credentials": {}}`,
		"assumed.json": `{"Credentials": {}}`, "note.txt": `{"ProviderType": "sso"}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := removeRoleFiles(folder, func(key string) bool { return key != "other" })
	left, _ := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || removed != 1 || len(left) != 3 {
		t.Errorf("removed %d, left %v, %v", removed, left, err)
	}
	if removed, err := removeRoleFiles(filepath.Join(folder, "missing"), func(string) bool { return true }); removed != 0 || err != nil {
		t.Errorf("without a folder: %d, %v", removed, err)
	}
}
