package session

import (
	"fmt"
	"testing"
	"time"

	"sallyport/internal/sigv4"
)

func TestCredentialsAreShownWithoutTheirSecrets(t *testing.T) {
	c := Credentials{AccountID: "111122223333", AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "secret/+", SessionToken: "token==", Expiration: time.Unix(1_800_000_000, 0).UTC()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if shown := fmt.Sprintf(verb, c); shown != "credentials ASIAEXAMPLE of account 111122223333 until 2027-01-15T08:00:00Z" {
			t.Errorf("%s shows %s", verb, shown)
		}
	}
}

// They go into variables and onto terminals, wherever they come from.
func TestCredentialsThatCanBeNoneAreNotUsed(t *testing.T) {
	good := sigv4.Credentials{AccessKeyID: "a", SecretAccessKey: "b/+", SessionToken: "c=="}
	for _, test := range []struct {
		name   string
		spoil  func(*sigv4.Credentials)
		usable bool
	}{
		{"as they should be", func(*sigv4.Credentials) {}, true},
		{"a line end in the id", func(c *sigv4.Credentials) { c.AccessKeyID = "a\nX=1" }, false},
		{"an escape in the secret", func(c *sigv4.Credentials) { c.SecretAccessKey = "\x1b[2J" }, false},
		{"no token", func(c *sigv4.Credentials) { c.SessionToken = "" }, false},
	} {
		found := good
		test.spoil(&found)
		if _, usable := credentialsOf(Role{}, found, time.Time{}); usable != test.usable {
			t.Errorf("%s: usable is %v", test.name, usable)
		}
	}
}
