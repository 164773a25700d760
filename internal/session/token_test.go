package session

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"sallyport/internal/ssocache"
)

// A refresh has a patience of its own. Its end cancels the requests as an interrupt does, though nobody interrupted the command.
func TestATokenOutlivesARefreshThatRanOutOfTime(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	defer server.Close()
	loaded := settings(t, map[string]string{"AWS_ENDPOINT_URL": server.URL}, "--profile", "dev")
	loaded.Wait = func(context.Context, time.Duration) error { return context.Canceled }
	signIn, err := Resolve(loaded)
	if err != nil {
		t.Fatal(err)
	}
	soon := time.Now().Add(ssocache.Reserve / 2).UTC()
	kept := ssocache.Token{StartURL: signIn.StartURL, Region: signIn.Region, AccessToken: "kept", ExpiresAt: soon,
		ClientID: "id", ClientSecret: "secret", RefreshToken: "refresh"}
	if err := signIn.cache.WriteToken(signIn.key(), kept); err != nil {
		t.Fatal(err)
	}
	if token, err := signIn.Token(t.Context()); err != nil || token.AccessToken != "kept" {
		t.Errorf("the token is %q with %v, want the one that is valid yet", token.AccessToken, err)
	}
	signIn.now = func() time.Time { return soon.Add(time.Second) }
	if token, err := signIn.Token(t.Context()); err == nil {
		t.Errorf("the token is %q though it has ended, want a failure", token.AccessToken)
	}
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := signIn.Token(interrupted); err != context.Canceled {
		t.Errorf("an interrupt ends with %v", err)
	}
}
