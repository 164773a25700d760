package ssocache

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	startURL  = "https://d-1234567890.awsapps.com/start"
	legacyURL = "https://d-1234567890.awsapps.com/start/#/ä😀"
)

// The files in testdata were written by the AWS CLI 2.9.19 on a sign-in at a server that made up the secrets.
var written = Open("testdata")

func moment(text string) time.Time {
	at, valid := parseTime(text)
	if !valid {
		panic(text)
	}
	return at
}

func TestKeysAreThoseOfTheAWSCLI(t *testing.T) {
	dev := Client{StartURL: startURL, Region: "eu-west-1", Session: "dev", Scopes: []string{"sso:account:access", `codewhisperer:é"x`}}
	bare := Client{StartURL: startURL, Region: "eu-west-1", Session: "bare"}
	legacy := Client{StartURL: legacyURL, Region: "eu-west-1"}
	tests := []struct{ name, key, want string }{
		{"the token of a session", TokenKey("dev", startURL), "34c6fceca75e456f25e7e99531e2425c6c1de443"},
		{"the token of a session without scopes", TokenKey("bare", startURL), "b9e2c5c9b81ab1605f269dab3ed81a8dd42016cb"},
		{"the token of a start URL", TokenKey("", legacyURL), "a8c4948bc18f48aa880c4fab1a2afaa55993233c"},
		{"a registration with scopes, of which one must be escaped", RegistrationKey(dev), "c473343abde10216dde6a0802c99c35cfae8da41"},
		{"a registration without scopes", RegistrationKey(bare), "f884fa5cee940c03061f62d75fc68d2f70995da4"},
		{"a registration without a session, for a URL beyond the basic plane", RegistrationKey(legacy), "fc56ba40993fa9d0b2f41ef0deff3db6de7a544e"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.key != test.want {
				t.Errorf("the key is %s, want %s", test.key, test.want)
			}
			if !IsDigest(test.key) {
				t.Errorf("%s is not taken for a digest", test.key)
			}
			if _, err := os.Stat(written.Path(test.key)); err != nil {
				t.Error(err)
			}
		})
	}
	none := Client{Scopes: []string{}}
	if RegistrationKey(none) == RegistrationKey(Client{}) {
		t.Error("an empty list of scopes and none have the same key")
	}
	for _, key := range []string{"", "kiro-auth-token", "34c6fceca75e456f25e7e99531e2425c", TokenKey("dev", "") + "00"} {
		if IsDigest(key) {
			t.Errorf("%q is taken for a digest", key)
		}
	}
}

func TestFilesOfTheAWSCLIReadRight(t *testing.T) {
	token, err := written.ReadToken(TokenKey("dev", ""))
	want := Token{
		StartURL: startURL, Region: "eu-west-1", AccessToken: "invented-access-token", ExpiresAt: moment("2026-11-22T17:10:53Z"),
		ClientID: "example-client-id", ClientSecret: "invented-client-secret", RegistrationExpiresAt: moment("2027-02-20T09:10:53Z"),
		RefreshToken: "invented-refresh-token",
	}
	if diff := cmp.Diff(want, token, cmpopts.IgnoreUnexported(Token{})); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	legacy, err := written.ReadToken(TokenKey("", legacyURL))
	if err != nil || legacy.StartURL != legacyURL {
		t.Errorf("got %v, %v", legacy, err)
	}
	registration, err := written.ReadRegistration("c473343abde10216dde6a0802c99c35cfae8da41")
	if err != nil || registration.ClientSecret != "invented-client-secret" || !registration.ExpiresAt.Equal(moment("2027-02-20T09:10:53Z")) ||
		!slices.Equal(registration.Scopes, []string{"sso:account:access", `codewhisperer:é"x`}) || registration.GrantTypes != nil {
		t.Errorf("got %v, %v", registration, err)
	}
}

// What we write is the same bytes, so no program can tell who wrote.
func TestFilesAreWrittenAsTheAWSCLIWritesThem(t *testing.T) {
	entries, err := written.List()
	if err != nil || len(entries) != 6 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	ours := Open(t.TempDir())
	for _, e := range entries {
		switch {
		case e.Token != nil:
			err = ours.WriteToken(e.Key, *e.Token)
		case e.Registration != nil:
			err = ours.WriteRegistration(e.Key, *e.Registration)
		default:
			t.Fatalf("%s %s", e.Path, e.Problem)
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(read(t, e.Path), read(t, ours.Path(e.Key))); diff != "" {
			t.Error(diff)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// put writes a file of somebody else.
func put(t *testing.T, c Cache, key, text string) {
	t.Helper()
	if err := os.WriteFile(c.Path(key), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFilesOfOtherProgramsReadRight(t *testing.T) {
	tests := []struct{ name, text, expires string }{
		{"Go's SDK, sorted and with a line end", `{"accessToken":"a","clientId":"c","expiresAt":"2030-01-02T03:04:05Z","startUrl":"u"}` + "\n", "2030-01-02T03:04:05Z"},
		{"JavaScript's SDK, indented and with a fraction", "{\n  \"startUrl\": \"u\",\n  \"accessToken\": \"a\",\n  \"expiresAt\": \"2030-01-02T03:04:05.678Z\"\n}", "2030-01-02T03:04:05Z"},
		{"an old AWS CLI", `{"startUrl": "u", "region": "r", "accessToken": "a", "expiresAt": "2030-01-02T03:04:05UTC"}`, "2030-01-02T03:04:05Z"},
		{"an offset", `{"accessToken": "a", "expiresAt": "2030-01-02T03:04:05+01:00"}`, "2030-01-02T02:04:05Z"},
		{"an offset without a colon", `{"accessToken": "a", "expiresAt": "2030-01-02T03:04:05.1-0100"}`, "2030-01-02T04:04:05Z"},
		{"no offset", `{"accessToken": "a", "expiresAt": "2030-01-02T03:04:05"}`, "2030-01-02T03:04:05Z"},
		{"a blank for the T", `{"accessToken": "a", "expiresAt": "2030-01-02 03:04:05Z"}`, "2030-01-02T03:04:05Z"},
		{"members of other types", `{"accessToken": "a", "expiresAt": "2030-01-02T03:04:05Z", "refreshToken": null, "clientId": 7, "registrationExpiresAt": {}}`, "2030-01-02T03:04:05Z"},
		{"the last of a member counts", `{"accessToken": "b", "accessToken": "a", "expiresAt": "2030-01-02T03:04:05Z"}`, "2030-01-02T03:04:05Z"},
		{"letters' case tells", `{"accessToken": "a", "AccessToken": "b", "expiresAt": "2030-01-02T03:04:05Z"}`, "2030-01-02T03:04:05Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := Open(t.TempDir())
			put(t, c, "k", test.text)
			token, err := c.ReadToken("k")
			if err != nil || token.AccessToken != "a" || token.ExpiresAt.Truncate(time.Second) != moment(test.expires) {
				t.Errorf("got %q until %v, %v", token.AccessToken, token.ExpiresAt, err)
			}
			if token.Refreshable(time.Time{}) {
				t.Error("it can be refreshed")
			}
		})
	}
}

func TestUnusableFilesAreNoTokenForAReason(t *testing.T) {
	const secret = "s3cret"
	tests := []struct{ name, text, reason string }{
		{"an empty file", "", "is no JSON object"},
		{"another value", `["` + secret + `"]`, "is no JSON object"},
		{"half a file", `{"accessToken": "` + secret, "is broken JSON at byte"},
		{"no JSON inside", `{"accessToken": "s", ` + secret + `}`, "is broken JSON at byte"},
		{"something behind", `{"accessToken": "s"} ` + secret, "is broken JSON at byte"},
		{"a byte that is no text", "{\"accessToken\": \"" + secret + "\xff\"}", "is not valid UTF-8"},
		{"a mark of the byte order", "\ufeff{}", "is no JSON object"},
		{"no access token", `{"expiresAt": "2030-01-02T03:04:05Z"}`, "has no accessToken"},
		{"an access token of another type", `{"accessToken": 1, "expiresAt": "2030-01-02T03:04:05Z"}`, "has no accessToken"},
		{"no end", `{"accessToken": "s"}`, "has no expiresAt that is a time"},
		{"an end that is no time", `{"accessToken": "s", "expiresAt": "` + secret + `"}`, "has no expiresAt that is a time"},
		{"an end beyond the calendar", `{"accessToken": "s", "expiresAt": "9999-12-31T23:59:59-01:00"}`, "has no expiresAt that is a time"},
		{"too large", `{"a": "` + strings.Repeat("a", maxFile) + `"}`, "is too large for what it should be"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := Open(t.TempDir())
			put(t, c, "k", test.text)
			token, err := c.ReadToken("k")
			if !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), c.Path("k")+" "+test.reason) {
				t.Errorf("got %v", err)
			}
			if strings.Contains(fmt.Sprint(err), secret) || token.AccessToken != "" {
				t.Errorf("got %v and %q", err, token.AccessToken)
			}
		})
	}
	for _, path := range []string{"testdata/none", "testdata/34c6fceca75e456f25e7e99531e2425c6c1de443.json"} {
		if _, err := Open(path).ReadToken("k"); !errors.Is(err, ErrNone) {
			t.Errorf("got %v", err)
		}
	}
}

func TestUnusableRegistrationsAreNoneForAReason(t *testing.T) {
	tests := []struct{ name, text, reason string }{
		{"no id", `{"clientSecret": "s", "expiresAt": "2030-01-02T03:04:05Z"}`, "has no clientId"},
		{"no secret", `{"clientId": "c", "expiresAt": "2030-01-02T03:04:05Z"}`, "has no clientSecret"},
		{"no end", `{"clientId": "c", "clientSecret": "s"}`, "has no expiresAt that is a time"},
		{"broken", `{`, "is broken JSON at byte 1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := Open(t.TempDir())
			put(t, c, "k", test.text)
			if _, err := c.ReadRegistration("k"); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestUnknownMembersAreKept(t *testing.T) {
	c := Open(t.TempDir())
	put(t, c, "t", `{"x": {"deep":[1, 2.50]}, "accessToken": "old", "expiresAt": "2030-01-02T03:04:05.9Z", "é": null}`)
	token, err := c.ReadToken("t")
	if err != nil {
		t.Fatal(err)
	}
	token.AccessToken = "new"
	if err := c.WriteToken("t", token); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, c.Path("t")), `{"accessToken": "new", "expiresAt": "2030-01-02T03:04:05Z", "x": {"deep":[1, 2.50]}, "\u00e9": null}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	put(t, c, "r", `{"y": 1, "clientId": "c", "clientSecret": "s", "expiresAt": "2030-01-02T03:04:05Z", "scopes": ["a"], "grantTypes": ["authorization_code", "refresh_token"]}`)
	registration, err := c.ReadRegistration("r")
	if err != nil || !registration.Allows("authorization_code") || registration.Allows("device") {
		t.Fatalf("got %v, %v", registration, err)
	}
	if err := c.WriteRegistration("r", registration); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, c.Path("r")), `{"clientId": "c", "clientSecret": "s", "expiresAt": "2030-01-02T03:04:05Z", "scopes": ["a"], "grantTypes": ["authorization_code", "refresh_token"], "y": 1}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

var sampleToken = Token{AccessToken: "hidden-a", RefreshToken: "hidden-r", ClientSecret: "hidden-s", ClientID: "c", StartURL: "u", Region: "r", ExpiresAt: moment("2030-01-02T03:04:05Z")}

func TestFilesAndFolderAreTheirOwnersAlone(t *testing.T) {
	c := Open(Dir(t.TempDir()))
	if err := c.WriteToken("k", sampleToken); err != nil {
		t.Fatal(err)
	}
	put(t, c, "open", "{}")
	if err := os.Chmod(c.Path("open"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.WriteToken("open", sampleToken); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{c.Path("k"): 0o600, c.Path("open"): 0o600, filepath.Dir(c.Path("k")): 0o700} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("the mode of %s is %v, %v", path, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(c.Path("k")), "*.tmp")); len(left) != 0 {
		t.Errorf("%q is left over", left)
	}
}

func TestWhatCannotBeReadIsNotWritten(t *testing.T) {
	c := Open(t.TempDir())
	far := sampleToken
	far.ExpiresAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name string
		err  error
	}{
		{"a token without a value", c.WriteToken("k", Token{ExpiresAt: sampleToken.ExpiresAt})},
		{"a token without an end", c.WriteToken("k", Token{AccessToken: "a"})},
		{"a token that ends beyond the calendar", c.WriteToken("k", far)},
		{"a registration without a secret", c.WriteRegistration("k", Registration{ClientID: "c", ExpiresAt: sampleToken.ExpiresAt})},
		{"a key that leaves the folder", c.WriteToken("../k", sampleToken)},
		{"no key", c.WriteToken("", sampleToken)},
		{"the folder itself", c.Remove("..")},
	}
	for _, test := range tests {
		if test.err == nil {
			t.Errorf("%s was accepted", test.name)
		}
	}
	if entries, err := c.List(); err != nil || len(entries) != 0 {
		t.Errorf("%d files, %v", len(entries), err)
	}
}

func TestListTellsTokensFromRegistrations(t *testing.T) {
	c := Open(t.TempDir())
	put(t, c, "broken", "{")
	put(t, c, "editor-token", `{"accessToken": "a", "region": "r", "expiresAt": "soon"}`)
	put(t, c, "other", `{"deviceCode": "d"}`)
	put(t, c, "registration", `{"clientId": "c", "clientSecret": "s", "expiresAt": "2030-01-02T03:04:05Z"}`)
	put(t, c, "token", `{"accessToken": "a", "expiresAt": "2030-01-02T03:04:05Z"}`)
	if err := os.Mkdir(c.Path("folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	unlock, err := c.Lock(t.Context(), "token")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	entries, err := c.List()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, fmt.Sprintf("%s %v %v %s", e.Key, e.Token != nil, e.Registration != nil, e.Problem))
	}
	want := []string{
		"broken false false is broken JSON at byte 1",
		"editor-token true false has no expiresAt that is a time",
		"other false false has neither a token nor a registration",
		"registration false true ",
		"token true false ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if entries, err := Open(filepath.Join(c.dir, "none")).List(); len(entries) != 0 || err != nil {
		t.Errorf("a folder that is not there has %d files, %v", len(entries), err)
	}
}

func TestRemoveNeedsNothingToBeThere(t *testing.T) {
	c := Open(t.TempDir())
	put(t, c, "k", "{}")
	for range 2 {
		if err := c.Remove("k"); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(c.Path("k")); err == nil {
		t.Error("it is still there")
	}
}

func TestRefreshable(t *testing.T) {
	now := moment("2030-01-01T00:00:00Z")
	tests := []struct {
		name   string
		change func(*Token)
		want   bool
	}{
		{"with everything", func(*Token) {}, true},
		{"with a registration that ends later", func(token *Token) { token.RegistrationExpiresAt = now.Add(time.Second) }, true},
		{"with a registration that ended", func(token *Token) { token.RegistrationExpiresAt = now }, false},
		{"without a refresh token", func(token *Token) { token.RefreshToken = "" }, false},
		{"without a client", func(token *Token) { token.ClientID = "" }, false},
		{"without a secret", func(token *Token) { token.ClientSecret = "" }, false},
	}
	for _, test := range tests {
		token := sampleToken
		test.change(&token)
		if got := token.Refreshable(now); got != test.want {
			t.Errorf("%s it is %v", test.name, got)
		}
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	registration := Registration{ClientID: "c", ClientSecret: "hidden-s", ExpiresAt: sampleToken.ExpiresAt}
	held := struct {
		Token        *Token
		Registration Registration
		Entries      []Entry
	}{&sampleToken, registration, []Entry{{Token: &sampleToken, Registration: &registration}}}
	var out bytes.Buffer
	for _, value := range []any{sampleToken, &sampleToken, registration, &registration, held} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "value", value)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "value", value)
		if err := json.NewEncoder(&out).Encode(value); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(out.String(), "hidden") || !strings.Contains(out.String(), "token of u in r until 2030-01-02T03:04:05Z, with a refresh token") {
		t.Errorf("printed:\n%s", out.String())
	}
}

func TestWhetherAnythingCanBeKeptIsKnownBefore(t *testing.T) {
	home := t.TempDir()
	c := Open(Dir(home))
	if err := c.CheckWritable(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(Dir(home)); err != nil || len(left) > 0 {
		t.Errorf("the check left %v, %v", left, err)
	}
	inTheWay := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Open(Dir(inTheWay)).CheckWritable(); err == nil {
		t.Error("below a file that is no folder, something can be written")
	}
}

func TestATokenOfAnotherServerIsNone(t *testing.T) {
	c := Open(Dir(t.TempDir()))
	for _, test := range []struct {
		name, issued, asked string
		want                bool
	}{
		{"of the same start URL", "https://a.example/start", "https://a.example/start", true},
		{"spelled otherwise", "https://A.example/start#/", "https://a.example/start", true},
		{"of one that the file does not tell", "", "https://a.example/start", true},
		{"of another host", "https://a.example/start", "https://b.example/start", false},
		{"of another port", "https://a.example:8443/start", "https://a.example/start", false},
		{"of what is no URL", "https://a.example/start", "https://a.example\x7f/", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			token := sampleToken
			token.StartURL = test.issued
			if err := c.WriteToken("k", token); err != nil {
				t.Fatal(err)
			}
			found, err := c.ReadTokenOf(test.asked, "k")
			if (err == nil) != test.want || err != nil && (!errors.Is(err, ErrNone) || found.AccessToken != "") {
				t.Errorf("got %v, %v", found, err)
			}
		})
	}
}

func TestWithoutAHomeTheWorkingFolderTakesNoPlaceOfIt(t *testing.T) {
	t.Chdir(t.TempDir())
	planted := Open(Dir("."))
	if err := planted.WriteToken("k", sampleToken); err != nil {
		t.Fatal(err)
	}
	c := Open(Dir(""))
	if token, err := c.ReadToken("k"); !errors.Is(err, ErrNone) {
		t.Errorf("read %v, %v", token, err)
	}
	if entries, err := c.List(); len(entries) != 0 || err != nil {
		t.Errorf("listed %v, %v", entries, err)
	}
	if err := c.CheckWritable(); err == nil {
		t.Error("something can be written")
	}
	if err := c.WriteToken("other", sampleToken); err == nil {
		t.Error("a token was written")
	}
	if _, err := c.Lock(t.Context(), "k"); err == nil {
		t.Error("a lock was had")
	}
	if err := c.Remove("k"); err != nil {
		t.Error(err)
	}
	if _, err := planted.ReadToken("k"); err != nil {
		t.Errorf("the file that was there: %v", err)
	}
}

func TestAFileThatIsBeingWrittenIsReadAgain(t *testing.T) {
	for _, test := range []struct {
		name   string
		states []string // what a look finds; the last one stays
		looks  int
		reason string
	}{
		{"nobody writes", []string{`{"a": "b"}`}, 1, ""},
		{"it was emptied", []string{"", `{"a": "b"}`}, 2, ""},
		{"half of it is there", []string{"", `{"a"`, `{"a": "b"}`}, 3, ""},
		{"the rest never comes", []string{`{"a"`}, looks, "is broken JSON at byte 4"},
	} {
		t.Run(test.name, func(t *testing.T) {
			seen := 0
			_, reason := readSettled(func() ([]byte, string) {
				seen++
				return []byte(test.states[min(seen, len(test.states))-1]), ""
			}, func() {})
			if seen != test.looks || reason != test.reason {
				t.Errorf("%d looks and %q, want %d and %q", seen, reason, test.looks, test.reason)
			}
		})
	}
}
