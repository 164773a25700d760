package clients

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport/test/harness"
)

// home is the home folder of somebody who pasted what the server prints at its start into ~/.aws/config.
type home struct {
	folder string
	server *harness.Server
}

// The names in what the server prints.
const (
	printedSession = "sallyport"
	printedProfile = "demo"
)

func newHome(t testing.TB, s *harness.Server) *home {
	t.Helper()
	h := &home{folder: t.TempDir(), server: s}
	if err := os.MkdirAll(filepath.Dir(h.tokenFile()), 0o700); err != nil {
		t.Fatal(err)
	}
	h.write(t, h.configFile(), []byte(printedConfig(t, s)))
	return h
}

// printedConfig is the fragment that the server tells its newcomers to paste.
func printedConfig(t testing.TB, s *harness.Server) string {
	t.Helper()
	const before, after = "Add this to ~/.aws/config:\n\n", "\n2. aws sso login"
	eventually(t, "the server's greeting", func() bool { return strings.Contains(s.Log.String(), after) })
	_, text, _ := strings.Cut(s.Log.String(), before)
	text, _, _ = strings.Cut(text, after)
	return text
}

func (h *home) configFile() string { return filepath.Join(h.folder, ".aws", "config") }

// tokenFile is where every client looks for the token of the session.
func (h *home) tokenFile() string {
	digest := sha1.Sum([]byte(printedSession))
	return filepath.Join(h.folder, ".aws", "sso", "cache", hex.EncodeToString(digest[:])+".json")
}

func (h *home) write(t testing.TB, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// environ is the environment of a program that somebody runs at home: nothing of the developer's who runs the test gets in.
func (h *home) environ() []string {
	return append(bareEnviron(h.folder), "AWS_PROFILE="+printedProfile)
}

// bareEnviron is that of somebody whose home is empty.
func bareEnviron(folder string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "LANG=C.UTF-8", "AWS_EC2_METADATA_DISABLED=true"}
}

// cachedToken is the token file that AWS CLIs write and SDKs refresh.
type cachedToken struct {
	StartURL              string `json:"startUrl"`
	Region                string `json:"region"`
	AccessToken           string `json:"accessToken"`
	ExpiresAt             string `json:"expiresAt"`
	ClientID              string `json:"clientId"`
	ClientSecret          string `json:"clientSecret"`
	RegistrationExpiresAt string `json:"registrationExpiresAt"`
	RefreshToken          string `json:"refreshToken"`
}

// keep writes the tokens of a sign-in to the cache, as good until the moment.
func (h *home) keep(t testing.TB, r registered, tokens members, until time.Time) {
	t.Helper()
	text, err := json.Marshal(cachedToken{
		StartURL: h.server.AWSStartURL(), Region: h.server.Region,
		AccessToken: tokens.text("accessToken"), ExpiresAt: until.UTC().Format(time.RFC3339),
		ClientID: r.id, ClientSecret: r.secret, RegistrationExpiresAt: time.Unix(r.expires, 0).UTC().Format(time.RFC3339),
		RefreshToken: tokens.text("refreshToken"),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.write(t, h.tokenFile(), text)
}

// kept reads the cache back.
func (h *home) kept(t testing.TB) cachedToken {
	t.Helper()
	text, err := os.ReadFile(h.tokenFile())
	if err != nil {
		t.Fatal(err)
	}
	var cached cachedToken
	if err := json.Unmarshal(text, &cached); err != nil {
		t.Fatal(err)
	}
	return cached
}
