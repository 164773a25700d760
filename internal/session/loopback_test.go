package session

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func newListener(t *testing.T) *listener {
	t.Helper()
	l, err := listen("the-state")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l
}

// knock sends a request to the listener; an empty host is its own.
func knock(t *testing.T, l *listener, method, target, host string) *http.Response {
	t.Helper()
	request, err := http.NewRequest(method, "http://"+l.host+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

func TestTheListenerTakesNothingButTheAnswerToItsState(t *testing.T) {
	for _, test := range []struct {
		name, method, target, host string
		status                     int
	}{
		{name: "another state", target: "/oauth/callback?code=c&state=other", status: http.StatusBadRequest},
		{name: "no state", target: "/oauth/callback?code=c", status: http.StatusBadRequest},
		{name: "an error without the state", target: "/oauth/callback?error=access_denied", status: http.StatusBadRequest},
		{name: "neither code nor error", target: "/oauth/callback?state=the-state", status: http.StatusBadRequest},
		{name: "code and error", target: "/oauth/callback?state=the-state&code=c&error=e", status: http.StatusBadRequest},
		{name: "two codes", target: "/oauth/callback?state=the-state&code=c&code=d", status: http.StatusBadRequest},
		{name: "a query that cannot be read", target: "/oauth/callback?state=the-state&code=c&x=%zz", status: http.StatusBadRequest},
		{name: "another path", target: "/favicon.ico", status: http.StatusNotFound},
		{name: "a path below", target: "/oauth/callback/?code=c&state=the-state", status: http.StatusNotFound},
		{name: "another method", method: "POST", target: "/oauth/callback?code=c&state=the-state", status: http.StatusMethodNotAllowed},
		{name: "a name that was rebound to loopback", target: "/oauth/callback?code=c&state=the-state", host: "evil.example", status: http.StatusForbidden},
		{name: "localhost, which the redirect URI is not", target: "/oauth/callback?code=c&state=the-state", host: "localhost", status: http.StatusForbidden},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newListener(t)
			if test.method == "" {
				test.method = http.MethodGet
			}
			if got := knock(t, l, test.method, test.target, test.host).StatusCode; got != test.status {
				t.Errorf("status %d, want %d", got, test.status)
			}
			// The true answer is taken after that.
			knock(t, l, http.MethodGet, "/oauth/callback?code=right&state=the-state", "")
			answer, err := l.await(t.Context(), time.Minute)
			if err != nil || answer.code != "right" {
				t.Errorf("the answer is %+v, %v", answer, err)
			}
		})
	}
}

func TestTheListenerTakesOneAnswer(t *testing.T) {
	l := newListener(t)
	first := knock(t, l, http.MethodGet, "/oauth/callback?code=first&state=the-state", "")
	second := knock(t, l, http.MethodGet, "/oauth/callback?code=second&state=the-state", "")
	if first.StatusCode != http.StatusOK || second.StatusCode != http.StatusGone {
		t.Errorf("statuses %d and %d, want 200 and 410", first.StatusCode, second.StatusCode)
	}
	if answer, err := l.await(t.Context(), time.Minute); err != nil || answer.code != "first" {
		t.Errorf("the answer is %+v, %v", answer, err)
	}
}

func TestTheListenerPassesARefusalOn(t *testing.T) {
	l := newListener(t)
	page := knock(t, l, http.MethodGet, "/oauth/callback?error=access_denied&error_description=no%1b[2J&state=the-state", "")
	text, err := io.ReadAll(page.Body)
	if err != nil || !strings.Contains(string(text), "Not signed in") || strings.Contains(string(text), "\x1b") {
		t.Errorf("the page is %q, %v", text, err)
	}
	answer, err := l.await(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if got := refusedInBrowser(answer).Error(); !strings.HasSuffix(got, "(access_denied: no\uFFFD[2J)") {
		t.Errorf("the failure is %q", got)
	}
}

func TestThePagesKeepTheCodeToThemselves(t *testing.T) {
	l := newListener(t)
	page := knock(t, l, http.MethodGet, "/oauth/callback?code=secret-code&state=the-state", "")
	text, err := io.ReadAll(page.Body)
	if err != nil || strings.Contains(string(text), "secret-code") {
		t.Errorf("the page is %q, %v", text, err)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := page.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; frame-ancestors 'none'") {
		t.Errorf("the policy is %q", policy)
	}
}

func TestTheListenerIsGoneAfterwards(t *testing.T) {
	l := newListener(t)
	address, err := url.Parse(l.redirectURI)
	if err != nil || address.Hostname() != "127.0.0.1" || address.Port() == "" || address.Path != "/oauth/callback" {
		t.Fatalf("the redirect URI is %s, %v", l.redirectURI, err)
	}
	l.close()
	if _, err := http.Get(l.redirectURI); err == nil {
		t.Error("the port answers still")
	}
}

func TestTheWaitForTheBrowserEnds(t *testing.T) {
	l := newListener(t)
	if _, err := l.await(t.Context(), time.Nanosecond); !errors.Is(err, errNobodyCame) {
		t.Errorf("after its time it ends with %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.await(ctx, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted it ends with %v", err)
	}
}
