package creds

import (
	"strings"
	"testing"
)

func FuzzOpenRefresh(f *testing.F) {
	n := newNode(f)
	access := n.access(f, AccessToken{SessionID: "s", Scopes: "openid", ExpiresAt: 1_900_000_000_000})
	for _, seed := range []string{access, "aor" + access[3:], "aor", "", strings.Repeat("a", 20_000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, ok := OpenRefresh(n.ring, text); ok {
			t.Errorf("%q opens, and was never sealed", text)
		}
	})
}

func FuzzOpenAccessKeySecret(f *testing.F) {
	n := newNode(f)
	sealed := SealAccessKeySecret(n.ring, "AKIA1", "secret")
	for _, seed := range []string{sealed, sealed[1:], sealed + "=", ""} {
		f.Add("AKIA1", seed)
		f.Add("AKIA2", seed)
	}
	f.Fuzz(func(t *testing.T, id, text string) {
		if _, ok := OpenAccessKeySecret(n.ring, id, text); ok && (id != "AKIA1" || text != sealed) {
			t.Errorf("%q opens for %q, and was never sealed", text, id)
		}
	})
}
