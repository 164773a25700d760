package ssocache

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"sallyport/test/vectors"
)

// anyText is any text, often with signs that JSON escapes.
var anyText = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "a\"\\/\n\r\t\b\f\x00\x7f", "ä\u2028😀", "<&>"}))

var anyTime = rapid.Custom(func(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(1, 253402300799).Draw(t, "seconds"), 0).UTC()
})

// What is written is read back, by us and by a decoder of JSON that knows nothing of us.
func TestTokensAndRegistrationsReadBack(t *testing.T) {
	c := Open(t.TempDir())
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) string { return anyText.Draw(t, name) }
		token := Token{
			StartURL: text("start URL"), Region: text("region"), AccessToken: "a" + text("access token"), ExpiresAt: anyTime.Draw(t, "end"),
			ClientID: text("client"), ClientSecret: text("secret"), RefreshToken: text("refresh token"), RegistrationExpiresAt: anyTime.Draw(t, "end of the registration"),
		}
		if err := c.WriteToken("t", token); err != nil {
			t.Fatal(err)
		}
		got, err := c.ReadToken("t")
		if diff := cmp.Diff(token, got, cmpopts.IgnoreUnexported(Token{})); err != nil || diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
		registration := Registration{ClientID: "c" + text("id"), ClientSecret: "s" + text("secret"), ExpiresAt: anyTime.Draw(t, "end"), Scopes: []string{text("scope"), text("scope")}}
		if err := c.WriteRegistration("r", registration); err != nil {
			t.Fatal(err)
		}
		again, err := c.ReadRegistration("r")
		if diff := cmp.Diff(registration, again, cmpopts.IgnoreUnexported(Registration{})); err != nil || diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
	})
}

func TestQuotedTextIsASCIIAndReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := anyText.Draw(t, "text")
		quoted := quote(text)
		var got string
		if err := json.Unmarshal(quoted, &got); err != nil || got != text {
			t.Fatalf("%q was quoted as %s and read as %q, %v", text, quoted, got, err)
		}
		if strings.ContainsFunc(string(quoted), func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("%q was quoted as %q", text, quoted)
		}
	})
}

// Whatever stands in a file: it is refused, or it is written in a form that reads the same. Both forms of printing stay silent.
func FuzzRecords(f *testing.F) {
	for _, seed := range []string{
		`{"accessToken": "a", "expiresAt": "2030-01-02T03:04:05Z", "x": [1, {"y": null}]}`, `{"accessToken":"a","expiresAt":"2030-01-02T03:04:05.5UTC"}`,
		`{"clientId": "c", "clientSecret": "s", "expiresAt": "2030-01-02T03:04:05Z", "scopes": ["a"], "grantTypes": []}`, `{"": 1, "a"`, `[]`, `{"a":1}{}`,
	} {
		f.Add([]byte(seed))
	}
	for _, document := range vectors.JSONTestSuite(f) {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		all, reason := parseMembers(text)
		if reason != "" {
			return
		}
		if token, reason := tokenOf(all); reason == "" {
			_ = fmt.Sprint(token)
			again, reason := parseMembers(encode(token.members()))
			second, _ := tokenOf(again)
			if reason != "" || string(encode(second.members())) != string(encode(token.members())) {
				t.Fatalf("%q became %q: %s", text, encode(token.members()), reason)
			}
		}
		if registration, reason := registrationOf(all); reason == "" {
			again, reason := parseMembers(encode(registration.members()))
			second, _ := registrationOf(again)
			if reason != "" || string(encode(second.members())) != string(encode(registration.members())) {
				t.Fatalf("%q became %q: %s", text, encode(registration.members()), reason)
			}
		}
	})
}
