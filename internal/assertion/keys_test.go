package assertion

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/fetch"
	"sallyport/internal/jose"
	"sallyport/internal/trace"
)

// token is a good assertion of the world's provider.
func (w *world) token() string {
	w.t.Helper()
	return w.key.sign(w.t, w.claims(nil))
}

// want verifies a token and compares the reason; 0 means that it is accepted.
func (w *world) want(token string, want Reason) {
	w.t.Helper()
	if _, err := w.verify(token); reasonOf(err) != want || (err == nil) != (want == 0) {
		w.t.Errorf("got %v (%v), want %v", reasonOf(err), err, want)
	}
}

// wantFetches compares how often the keys were asked for so far.
func (w *world) wantFetches(want int) {
	w.t.Helper()
	if got := w.fetches(); got != want {
		w.t.Errorf("the keys were fetched %d times, want %d", got, want)
	}
}

// settle waits until no fetch is under way.
func (w *world) settle() {
	w.t.Helper()
	for {
		w.cache.mu.Lock()
		p := w.cache.issuers[w.URL]
		var loading chan struct{}
		if p != nil {
			loading = p.loading
		}
		w.cache.mu.Unlock()
		if loading == nil {
			return
		}
		<-loading
	}
}

func TestKeysAreFetchedOnceAndAgainWhenTheyGrowOld(t *testing.T) {
	w := newWorld(t)
	for range 20 {
		w.want(w.token(), 0)
	}
	w.wantFetches(1)
	w.clock.Advance(renewAfter - time.Minute)
	w.want(w.token(), 0)
	w.settle()
	w.wantFetches(1)
	w.clock.Advance(time.Minute + time.Second)
	w.want(w.token(), 0)
	w.settle()
	w.wantFetches(2)
	w.clock.Advance(freshFor + time.Second)
	w.want(w.token(), 0)
	w.wantFetches(3)
}

func TestRenewingDoesNotMakeAnybodyWait(t *testing.T) {
	w := newWorld(t)
	w.want(w.token(), 0)
	stall := make(chan struct{})
	w.set(func() { w.stall = stall })
	w.clock.Advance(renewAfter)
	w.want(w.token(), 0) // while the answer is held back
	close(stall)
	w.settle()
	w.wantFetches(2)
}

func TestANewKeyOfTheIssuerWorksAtOnceAndADroppedOneStops(t *testing.T) {
	w := newWorld(t)
	old := w.token()
	w.want(old, 0)
	second := newKey(t, "k2")
	w.set(func() { w.published = append(w.published, second.jwk()) })
	w.want(second.sign(t, w.claims(nil)), 0)
	w.wantFetches(2)
	w.set(func() { w.published = []map[string]any{second.jwk()} })
	w.clock.Advance(freshFor)
	w.want(second.sign(t, w.claims(nil)), 0)
	w.want(w.token(), UnknownKey)
}

func TestUnknownKeysAskTheIssuerOnceAMinute(t *testing.T) {
	w := newWorld(t)
	w.want(w.token(), 0)
	forged := newKey(t, "unknown")
	for range 50 {
		w.want(forged.sign(t, w.claims(nil)), UnknownKey)
	}
	w.wantFetches(2)
	w.clock.Advance(unknownKeyPause - time.Second)
	w.want(forged.sign(t, w.claims(nil)), UnknownKey)
	w.wantFetches(2)
	w.clock.Advance(time.Second)
	w.want(forged.sign(t, w.claims(nil)), UnknownKey)
	w.wantFetches(3)
	w.want(w.token(), 0)
}

func TestABadSignatureFetchesNothing(t *testing.T) {
	w := newWorld(t)
	w.want(w.token(), 0)
	impostor := newKey(t, w.key.id)
	for range 10 {
		w.want(impostor.sign(t, w.claims(nil)), Signature)
	}
	w.wantFetches(1)
}

func TestNothingIsFetchedForAnAssertionOfSomebodyElse(t *testing.T) {
	w := newWorld(t)
	w.want(w.key.sign(t, w.claims(map[string]any{"iss": "https://idp.example.test"})), OtherIssuer)
	w.want("nonsense", Malformed)
	w.wantFetches(0)
}

func TestAnOutageOfTheIssuerIsNotOursForAnHour(t *testing.T) {
	w := newWorld(t)
	w.want(w.token(), 0)
	w.set(func() { w.broken = true })
	w.clock.Advance(freshFor + staleFor - time.Second)
	w.want(w.token(), 0)
	w.clock.Advance(time.Second)
	w.want(w.token(), IssuerUnreachable)
	w.set(func() { w.broken = false })
	w.clock.Advance(failureFor)
	w.want(w.token(), 0)
}

func TestAnOutageIsNotAFlood(t *testing.T) {
	w := newWorld(t)
	asked := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.asked["/.well-known/openid-configuration"]
	}
	w.set(func() { w.broken = true })
	for range 50 {
		w.want(w.token(), IssuerUnreachable)
	}
	if got := asked(); got != 1 {
		t.Errorf("asked %d times, want 1", got)
	}
	w.clock.Advance(failureFor)
	w.want(w.token(), IssuerUnreachable)
	if got := asked(); got != 2 {
		t.Errorf("asked %d times after the pause, want 2", got)
	}
	w.set(func() { w.broken = false })
	w.clock.Advance(failureFor)
	w.want(w.token(), 0)
	w.set(func() { w.broken = true }) // and with keys at hand, that are used on
	w.clock.Advance(freshFor)
	before := asked()
	for range 50 {
		w.want(w.token(), 0)
		w.want(newKey(t, "unknown").sign(t, w.claims(nil)), UnknownKey)
	}
	if got := asked(); got != before+1 {
		t.Errorf("asked %d times with keys at hand, want %d", got, before+1)
	}
}

// waiting tells how many assertions wait for the keys of the world's provider.
func (w *world) waiting() int {
	w.cache.mu.Lock()
	defer w.cache.mu.Unlock()
	if p := w.cache.issuers[w.URL]; p != nil {
		return p.waiting
	}
	return 0
}

// inParallel verifies one token n times at once, and answers the channel of the results.
func (w *world) inParallel(ctx context.Context, n int) <-chan error {
	results := make(chan error, n)
	token := w.token()
	for range n {
		go func() {
			_, err := w.Verify(ctx, token, w.issuer(), Expectations{Audiences: []string{audience}})
			results <- err
		}()
	}
	return results
}

// until yields until the condition holds, or the test's deadline says that it never will.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestFiveHundredAssertionsWaitForOneFetch(t *testing.T) {
	w := newWorld(t)
	stall := make(chan struct{})
	w.set(func() { w.stall = stall })
	const assertions, refused = 600, 600 - maxWaiting
	results := w.inParallel(t.Context(), assertions)
	for range refused { // those for whom there is no room do not wait
		if err := <-results; reasonOf(err) != IssuerUnreachable {
			t.Fatalf("got %v", err)
		}
	}
	until(t, "all others to wait", func() bool { return w.waiting() == maxWaiting })
	other := newProvider(t)
	other.published = []map[string]any{w.key.jwk()}
	if _, err := w.Verify(t.Context(), w.key.sign(t, w.claims(map[string]any{"iss": other.URL})), other.issuer(), Expectations{Audiences: []string{audience}}); err != nil {
		t.Errorf("the assertions of another issuer wait too: %v", err)
	}
	close(stall)
	for range assertions - refused {
		if err := <-results; err != nil {
			t.Fatal(err)
		}
	}
	w.wantFetches(1)
	if got := w.waiting(); got != 0 {
		t.Errorf("%d still wait", got)
	}
}

func TestWhoeverGoesAwayLeavesTheFetchToTheOthers(t *testing.T) {
	w := newWorld(t)
	stall := make(chan struct{})
	w.set(func() { w.stall = stall })
	ctx, cancel := context.WithCancel(t.Context())
	results := w.inParallel(ctx, 1)
	until(t, "the first to wait", func() bool { return w.waiting() == 1 })
	patient := w.inParallel(t.Context(), 1)
	until(t, "the second to wait", func() bool { return w.waiting() == 2 })
	cancel()
	if err := <-results; reasonOf(err) != IssuerUnreachable {
		t.Errorf("the one that went away: %v", err)
	}
	close(stall)
	if err := <-patient; err != nil {
		t.Error(err)
	}
	w.wantFetches(1)
}

func TestKeysOfOneIssuerNeverVerifyTheAssertionsOfAnother(t *testing.T) {
	w, attacker := newWorld(t), newProvider(t)
	forger := newKey(t, w.key.id) // the name of the other's key
	attacker.published = []map[string]any{forger.jwk()}
	want := Expectations{Audiences: []string{audience}}
	ownToken := forger.sign(t, w.claims(map[string]any{"iss": attacker.URL}))
	for range 2 {
		if _, err := w.Verify(t.Context(), ownToken, attacker.issuer(), want); err != nil {
			t.Fatal(err)
		}
		w.want(forger.sign(t, w.claims(nil)), Signature)
		w.want(w.token(), 0)
		if _, err := w.Verify(t.Context(), w.token(), attacker.issuer(), want); reasonOf(err) != OtherIssuer {
			t.Errorf("got %v", err)
		}
	}
}

func TestDocumentsOfAnIssuerThatAreNotBelieved(t *testing.T) {
	tests := []struct {
		name   string
		change func(*provider)
		shown  string // in the trace
	}{
		{"the discovery document is of another issuer", func(p *provider) { p.discovery = map[string]any{"issuer": "https://idp.example.test"} }, "is of issuer"},
		{"the discovery document has a slash more", func(p *provider) { p.discovery = map[string]any{"issuer": p.URL + "/"} }, "is of issuer"},
		{"it names no keys", func(p *provider) { p.discovery = map[string]any{"jwks_uri": nil} }, "no jwks_uri"},
		{"its keys are a list", func(p *provider) { p.discovery = map[string]any{"jwks_uri": []string{p.URL + "/keys"}} }, "no jwks_uri"},
		{"its keys are where clouds keep credentials", func(p *provider) { p.discovery = map[string]any{"jwks_uri": "https://169.254.169.254/keys"} }, "not public"},
		{"its keys are a file", func(p *provider) { p.discovery = map[string]any{"jwks_uri": "file:///etc/passwd"} }, "names no server"},
		{"its keys are not there", func(p *provider) { p.discovery = map[string]any{"jwks_uri": p.URL + "/missing"} }, "status 404"},
		{"its keys are no JSON", func(p *provider) { p.document = []byte("<html>") }, "key set is not acceptable"},
		{"its keys are larger than a mebibyte", func(p *provider) { p.document = make([]byte, jose.MaxSetBytes+1) }, "larger than"},
		{"its keys are ten thousand", func(p *provider) { p.document = []byte(`{"keys":[` + strings.Repeat("{},", 10_000) + `{}]}`) }, "too many members"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.set(func() { tt.change(w.provider) })
			ctx, traced := trace.With(t.Context())
			_, err := w.Verify(ctx, w.token(), w.issuer(), Expectations{Audiences: []string{audience}})
			if reasonOf(err) != IssuerUnreachable {
				t.Fatalf("got %v", err)
			}
			if failed := failure(traced); !strings.Contains(failed.Detail, tt.shown) {
				t.Errorf("the trace has %q", failed.Detail)
			}
			if strings.Contains(err.Error(), w.URL) || strings.Contains(err.Error(), tt.shown) {
				t.Errorf("the refusal says %q", err)
			}
		})
	}
}

func TestAnIssuerWhoseAddressEndsInASlashIsDiscovered(t *testing.T) {
	w := newWorld(t)
	w.set(func() { w.discovery = map[string]any{"issuer": w.URL + "/"} })
	issuer := Issuer{URL: w.URL + "/"}
	token := w.key.sign(t, w.claims(map[string]any{"iss": issuer.URL}))
	if _, err := w.Verify(t.Context(), token, issuer, Expectations{Audiences: []string{audience}}); err != nil {
		t.Error(err)
	}
}

func TestKeysThatAreIgnoredAreExplained(t *testing.T) {
	w := newWorld(t)
	jwk := w.key.jwk()
	jwk["use"] = "enc"
	w.set(func() { w.published = []map[string]any{jwk} })
	ctx, traced := trace.With(t.Context())
	if _, err := w.Verify(ctx, w.token(), w.issuer(), Expectations{Audiences: []string{audience}}); reasonOf(err) != UnknownKey {
		t.Fatalf("got %v", err)
	}
	if failed := failure(traced); !strings.Contains(failed.Detail, "its use is not sig") {
		t.Errorf("the trace has %q", failed.Detail)
	}
}

func TestConfiguredKeysFetchNothing(t *testing.T) {
	w := newWorld(t)
	static := newKey(t, "k1")
	jwks, err := json.Marshal(map[string]any{"keys": []any{static.jwk()}})
	if err != nil {
		t.Fatal(err)
	}
	verify := func(token string, jwks []byte) error {
		_, err := w.Verify(t.Context(), token, Issuer{URL: w.URL, JWKS: jwks}, Expectations{Audiences: []string{audience}})
		return err
	}
	if err := verify(static.sign(t, w.claims(nil)), jwks); err != nil {
		t.Error(err)
	}
	if err := verify(w.token(), jwks); reasonOf(err) != Signature {
		t.Errorf("the published key: %v", err)
	}
	if err := verify(newKey(t, "k2").sign(t, w.claims(nil)), jwks); reasonOf(err) != UnknownKey {
		t.Errorf("an unknown key: %v", err)
	}
	if err := verify(w.token(), []byte("{}")); reasonOf(err) != IssuerUnreachable {
		t.Errorf("keys that are no set: %v", err)
	}
	w.wantFetches(0)
	if err := verify(w.token(), []byte{}); err != nil {
		t.Errorf("an empty text of keys: %v", err)
	}
	w.wantFetches(1)
}

func TestTheCacheIsBounded(t *testing.T) {
	w := newWorld(t)
	w.want(w.token(), 0)
	for i := range maxIssuers + 10 {
		w.cache.mu.Lock()
		w.cache.publication(fmt.Sprintf("https://%d.example.test", i))
		w.cache.publication(w.URL) // used all the time, so it stays
		w.cache.mu.Unlock()
		if _, err := w.cache.static(fmt.Appendf(nil, `{"keys":[],"x":%d}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.cache.issuers) > maxIssuers || len(w.cache.parsed) > maxStatic {
		t.Errorf("%d issuers and %d parsed sets", len(w.cache.issuers), len(w.cache.parsed))
	}
	w.want(w.token(), 0)
	w.wantFetches(1)
}

func TestAnIssuerWhoseKeysAreOnTheWayIsNotForgotten(t *testing.T) {
	w := newWorld(t)
	stall := make(chan struct{})
	w.set(func() { w.stall = stall })
	results := w.inParallel(t.Context(), 1)
	until(t, "it to wait", func() bool { return w.waiting() == 1 })
	w.cache.mu.Lock()
	for i := range 2 * maxIssuers {
		w.cache.publication(fmt.Sprintf("https://%d.example.test", i))
	}
	kept := w.cache.issuers[w.URL] != nil
	w.cache.mu.Unlock()
	close(stall)
	if err := <-results; err != nil || !kept {
		t.Errorf("got %v, kept %v", err, kept)
	}
}

func TestWithoutAClientOnlyPublicAddressesAreReached(t *testing.T) {
	w := newWorld(t)
	verifier := New(Options{Now: w.clock.Now})
	ctx, traced := trace.With(t.Context())
	if _, err := verifier.Verify(ctx, w.token(), w.issuer(), Expectations{Audiences: []string{audience}}); reasonOf(err) != IssuerUnreachable {
		t.Fatalf("got %v", err)
	}
	if failed := failure(traced); !strings.Contains(failed.Detail, "https") {
		t.Errorf("the trace has %q", failed.Detail)
	}
	w.wantFetches(0)
}

// A redirect would lead the fetch to wherever the issuer likes, and is not followed.
func TestRedirectsOfAnIssuerAreNotFollowed(t *testing.T) {
	w := newWorld(t)
	front := httptest.NewServer(http.RedirectHandler(w.URL+"/.well-known/openid-configuration", http.StatusFound))
	t.Cleanup(front.Close)
	_, err := w.cache.download(t.Context(), front.URL)
	var refusal *fetch.Error
	if !errors.As(err, &refusal) || refusal.Rule != fetch.RuleRedirect {
		t.Errorf("got %v", err)
	}
	if paths := []int{w.fetches(), w.asked["/.well-known/openid-configuration"]}; slices.Max(paths) != 0 {
		t.Errorf("asked %v", paths)
	}
}
