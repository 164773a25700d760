package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sallyport/internal/store"
)

const callback = "http://127.0.0.1:51820/oauth/callback"

func TestAnApplicationGetsItsCodeThroughThePages(t *testing.T) {
	s := newSite(t)
	c := s.register(loopbackURI)
	b := s.browser()
	page := b.follow(b.get(authorizeQuery(c)))
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' http://127.0.0.1:51820;") {
		t.Errorf("browsers would stop the redirect that follows a sign-in: %s", policy)
	}
	page = b.follow(b.signIn(page, "alice")).want(http.StatusOK, "Allow access?")
	for _, shown := range []string{"aws-tool", "self-declared", "127.0.0.1:51820", "ALICE"} {
		if !strings.Contains(page.body, shown) {
			t.Errorf("the page does not show %q", shown)
		}
	}
	values := b.submit(page.form(PathConsent), FieldDecision, DecisionApprove).answered(http.StatusSeeOther, callback)
	if values.Get("state") != "state-1" || len(values) != 2 {
		t.Errorf("answered %v", values)
	}
	if _, refused := s.redeemCode(c, values.Get("code")); refused != "" {
		t.Errorf("the code got %s, want a token", refused)
	}
}

func TestAnApplicationOfTheAdministratorsGetsItsCodeThroughThePages(t *testing.T) {
	s := newSite(t)
	const id = "apl-aaaaaaaaaaaaaaaa"
	s.update(func(tx *store.Tx) error {
		if err := tx.PutApplication(store.Application{
			ApplicationID: id, InstanceID: "ssoins-1111111111111111", AccountID: "111122223333", Name: "Payroll", Status: store.StatusEnabled,
		}); err != nil {
			return err
		}
		return tx.PutApplicationGrant(store.ApplicationGrant{
			ApplicationID: id, GrantType: "authorization_code", Document: `{"AuthorizationCode":{"RedirectUris":["https://payroll.example.test/callback"]}}`,
		})
	})
	c := client{id: "arn:aws:sso::111122223333:application/ssoins-1111111111111111/" + id}
	request := authorizeQuery(c, "redirect_uri", "https://payroll.example.test/callback", "scopes", "openid")
	b := s.browser()
	page := b.follow(b.get(request)).want(http.StatusOK, "Sign in")
	if !strings.Contains(page.body, "Payroll") || strings.Contains(page.body, "self-declared") {
		t.Errorf("the sign-in does not lead back to Payroll:\n%s", page.body)
	}
	page = b.follow(b.signIn(page, "alice")).want(http.StatusOK, "Allow access?")
	for shown, want := range map[string]bool{"Payroll": true, "Your administrators set this application up": true, "self-declared": false} {
		if strings.Contains(page.body, shown) != want {
			t.Errorf("the page shows %q: %v", shown, !want)
		}
	}
	values := b.submit(page.form(PathConsent), FieldDecision, DecisionApprove).answered(http.StatusSeeOther, "https://payroll.example.test/callback")
	if values.Get("state") != "state-1" || values.Get("code") == "" {
		t.Errorf("answered %v", values)
	}
	if got := b.get(authorizeQuery(c, "redirect_uri", "https://payroll.example.test/other", "scopes", "openid")); got.status != http.StatusBadRequest {
		t.Errorf("a redirect URI that is not configured: status %d", got.status)
	}
}

func TestDenialIsToldToTheApplication(t *testing.T) {
	s := newSite(t)
	c := s.register(loopbackURI)
	b := s.as("alice")
	page := b.get(authorizeQuery(c)).want(http.StatusOK, "Allow access?")
	values := b.submit(page.form(PathConsent), FieldDecision, DecisionDeny).answered(http.StatusSeeOther, callback)
	if values.Get("error") != "access_denied" || values.Get("state") != "state-1" || values.Has("code") {
		t.Errorf("answered %v", values)
	}
	b.get(authorizeQuery(c)).want(http.StatusOK, "Allow access?") // a denial is not remembered, although the box was ticked
}

func TestConsentIsRememberedUnlessAskedAnew(t *testing.T) {
	s := newSite(t)
	c := s.register(loopbackURI)
	b := s.as("alice")
	f := b.get(authorizeQuery(c)).want(http.StatusOK, "Allow access?").form(PathConsent)
	f.fields.Del(FieldRemember)
	b.submit(f, FieldDecision, DecisionApprove).answered(http.StatusSeeOther, callback)
	f = b.get(authorizeQuery(c)).want(http.StatusOK, "Allow access?").form(PathConsent) // the box was not ticked
	b.submit(f, FieldDecision, DecisionApprove).answered(http.StatusSeeOther, callback)

	values := b.get(authorizeQuery(c)).answered(http.StatusFound, callback)
	if _, refused := s.redeemCode(c, values.Get("code")); refused != "" {
		t.Errorf("the code got %s", refused)
	}
	b.get(authorizeQuery(c, "prompt", "consent")).want(http.StatusOK, "Allow access?")
	s.as("bob").get(authorizeQuery(c)).want(http.StatusOK, "Allow access?")
	b.get(authorizeQuery(s.register(loopbackURI))).want(http.StatusOK, "Allow access?")

	before := s.counts()
	b.send("HEAD", authorizeQuery(c), nil, nil).want(http.StatusOK, "")
	s.unchanged(before, "HEAD")

	fresh := s.browser() // sign-in leads straight back to the application
	values = fresh.follow(fresh.signIn(fresh.follow(fresh.get(authorizeQuery(c))), "alice")).answered(http.StatusFound, callback)
	if values.Get("code") == "" {
		t.Errorf("answered %v", values)
	}
}

func TestPrompts(t *testing.T) {
	s := newSite(t)
	c := s.register(loopbackURI)
	b := s.browser()
	if got := b.get(authorizeQuery(c, "prompt", "none")).answered(http.StatusFound, callback).Get("error"); got != "login_required" {
		t.Errorf("prompt=none signed out: %q", got)
	}
	b = s.as("alice")
	if got := b.get(authorizeQuery(c, "prompt", "none")).answered(http.StatusFound, callback).Get("error"); got != "consent_required" {
		t.Errorf("prompt=none without consent: %q", got)
	}
	s.clock.Advance(1e9)
	if got := b.get(authorizeQuery(c, "prompt", "none", "max_age", "0")).answered(http.StatusFound, callback).Get("error"); got != "login_required" {
		t.Errorf("prompt=none with an old sign-in: %q", got)
	}
	for _, again := range []string{"prompt=login", "max_age=0"} {
		name, value, _ := strings.Cut(again, "=")
		s.clock.Advance(1e9)
		page := b.follow(b.get(authorizeQuery(c, name, value))).want(http.StatusOK, "Sign in")
		if !strings.Contains(page.body, "asks you to sign in again") || !strings.Contains(page.body, `value="alice"`) {
			t.Errorf("%s: the page does not say why, or for whom", again)
		}
		b.follow(b.signIn(page, "alice")).want(http.StatusOK, "Allow access?")
	}
}

func TestWhatIsWrongWithTheClientStaysHere(t *testing.T) {
	s := newSite(t)
	c := s.register(loopbackURI)
	tests := []struct{ name, target, exception string }{
		{"an unknown client", authorizeQuery(client{id: "nope"}), "InvalidClientException"},
		{"no client", authorizeQuery(c, "client_id", "-"), "InvalidClientException"},
		{"another redirect URI", authorizeQuery(c, "redirect_uri", "https://evil.example.test/cb"), "InvalidRequestException"},
		{"a script", authorizeQuery(c, "redirect_uri", "javascript:alert(1)"), "InvalidRequestException"},
		{"no redirect URI", authorizeQuery(c, "redirect_uri", "-"), "InvalidRequestException"},
		{"a redirect URI twice", authorizeQuery(c) + "&redirect_uri=https%3A%2F%2Fevil.example.test", "InvalidRequestException"},
		{"a state twice", authorizeQuery(c) + "&state=x", "InvalidRequestException"},
		{"what cannot be decoded", authorizeQuery(c) + "&x=%zz", "InvalidRequestException"},
		{"a semicolon", authorizeQuery(c) + ";x=1", "InvalidRequestException"},
		{"what is not UTF-8", authorizeQuery(c, "state", "a\xff"), "InvalidRequestException"},
		{"a long state", authorizeQuery(c, "state", strings.Repeat("s", 10_000)), "InvalidRequestException"},
		{"nothing", PathAuthorize, "InvalidClientException"},
	}
	for _, who := range []*browser{s.browser(), s.as("alice")} {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				r := who.get(tt.target).want(http.StatusBadRequest, "This request cannot be used")
				if r.location != "" || r.header.Get("x-amzn-ErrorType") != tt.exception {
					t.Errorf("location %q, %s", r.location, r.header.Get("x-amzn-ErrorType"))
				}
				if !strings.Contains(r.body, "request-1") {
					t.Error("the page does not name the request")
				}
				if strings.Contains(r.body, "Exception") || strings.Contains(r.body, "does not open") {
					t.Errorf("the page says what is for the log:\n%s", r.body)
				}
			})
		}
	}
}

func TestWhatIsWrongWithTheRequestIsToldToTheApplication(t *testing.T) {
	s := newSite(t)
	c := s.register(loopbackURI)
	tests := []struct {
		name    string
		changes []string
		want    string
	}{
		{"no challenge", []string{"code_challenge", "-"}, "invalid_request"},
		{"a plain challenge", []string{"code_challenge_method", "plain"}, "invalid_request"},
		{"a token", []string{"response_type", "token"}, "unsupported_response_type"},
		{"a scope that was not registered", []string{"scopes", "codewhisperer:analysis"}, "invalid_scope"},
		{"a negative age", []string{"max_age", "-1"}, "invalid_request"},
		{"a huge age", []string{"max_age", "99999999999999999999"}, "invalid_request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			values := s.browser().get(authorizeQuery(c, tt.changes...)).answered(http.StatusFound, callback)
			if values.Get("error") != tt.want || values.Get("error_description") == "" || values.Get("state") != "state-1" {
				t.Errorf("answered %v", values)
			}
		})
	}
}

// TestALinkToUsIsNoLinkToAnywhere: anybody can register a client with any https address.
func TestALinkToUsIsNoLinkToAnywhere(t *testing.T) {
	s := newSite(t)
	c := s.register(webURI)
	tests := []struct {
		name    string
		changes []string
		want    string // exception
	}{
		{"a scope that was not registered", []string{"scopes", "evil:scope"}, "InvalidScopeException"},
		{"no challenge", []string{"code_challenge", "-"}, "InvalidRequestException"},
		{"prompt=none", []string{"prompt", "none"}, "InvalidRequestException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			target := authorizeQuery(c, append(tt.changes, "redirect_uri", webURI)...)
			page := s.browser().get(target).want(http.StatusBadRequest, "This request cannot be used")
			if page.location != "" || page.header.Get("x-amzn-ErrorType") != tt.want {
				t.Errorf("location %q, %s", page.location, page.header.Get("x-amzn-ErrorType"))
			}
			if !strings.Contains(page.body, "app.example.test") || strings.Contains(page.body, `href="https://app`) {
				t.Errorf("the page does not name the target, or links to it:\n%s", page.body)
			}
			s.as("alice").get(target).answered(http.StatusFound, webURI)
		})
	}
}

func TestAHostileStateComesBackAsItWas(t *testing.T) {
	s := newSite(t)
	c := s.register(loopbackURI)
	const state = "a\"><script>&code=evil#x\r\nSet-Cookie: a=b"
	b := s.as("alice")
	page := b.get(authorizeQuery(c, "state", state)).want(http.StatusOK, "Allow access?")
	checkDocument(t, page.body)
	r := b.submit(page.form(PathConsent), FieldDecision, DecisionApprove)
	values := r.answered(http.StatusSeeOther, callback)
	if values.Get("state") != state || len(values["code"]) != 1 || len(values) != 2 || values.Get("code") == "evil" {
		t.Errorf("answered %v", values)
	}
	if strings.ContainsAny(r.location, "#<>\" ") || len(r.header["Set-Cookie"]) != 0 {
		t.Errorf("location %q, cookies %q", r.location, r.header["Set-Cookie"])
	}
	values = b.get(authorizeQuery(c, "state", state, "response_type", "x")).answered(http.StatusFound, callback)
	if values.Get("state") != state || values.Has("code") {
		t.Errorf("answered %v", values)
	}
}

func TestPagesFetchedAheadIssueNothing(t *testing.T) {
	s := newSite(t)
	c := s.register(loopbackURI)
	b := s.as("alice")
	f := b.get(authorizeQuery(c)).form(PathConsent)
	b.submit(f, FieldDecision, DecisionApprove).answered(http.StatusSeeOther, callback)
	again := PathConsent + "?" + FieldRequest + "=" + url.QueryEscape(b.get(authorizeQuery(c, "prompt", "consent")).form(PathConsent).fields.Get(FieldRequest))
	tests := []struct {
		header, value string
		status        int
	}{
		{"Sec-Purpose", "prefetch", http.StatusForbidden},
		{"Sec-Purpose", "prefetch;prerender", http.StatusForbidden},
		{"Purpose", "prefetch", http.StatusForbidden},
		{"X-Moz", "prefetch", http.StatusForbidden},
		{"X-Purpose", "preview", http.StatusForbidden},
		{"Sec-Fetch-Dest", "iframe", http.StatusForbidden},
		{"Sec-Fetch-Dest", "empty", http.StatusForbidden},
		{"Sec-Fetch-Dest", "image", http.StatusForbidden},
	}
	before := s.counts()
	for _, tt := range tests {
		for _, target := range []string{authorizeQuery(c), again, PathDevice} {
			b.send("GET", target, nil, http.Header{tt.header: {tt.value}}).want(tt.status, "")
		}
	}
	s.unchanged(before, "a page fetched ahead")
	b.get(authorizeQuery(c)).answered(http.StatusFound, callback)
}

func TestConsentBelongsToWhoSawThePage(t *testing.T) {
	s := newSite(t)
	c := s.register(loopbackURI)
	b := s.as("alice")
	page := b.get(authorizeQuery(c)).want(http.StatusOK, "Allow access?")
	b.signIn(b.get(PathSignIn), "bob") // in a second tab
	before := s.counts()
	b.submit(page.form(PathConsent), FieldDecision, DecisionApprove).want(http.StatusForbidden, "This was not done")
	s.unchanged(before, "the page of another person")
}

func TestConsentIsForOneRequest(t *testing.T) {
	s := newSite(t)
	c := s.register(loopbackURI)
	b := s.as("alice")
	first := b.get(authorizeQuery(c)).form(PathConsent)
	first.fields.Del(FieldRemember)
	b.submit(first, FieldDecision, DecisionApprove).answered(http.StatusSeeOther, callback)
	second := b.get(authorizeQuery(s.register(webURI), "redirect_uri", webURI)).form(PathConsent)
	before := s.counts()

	b.submit(first, FieldDecision, DecisionApprove).want(http.StatusBadRequest, "This request cannot be used")
	b.submit(first, FieldDecision, DecisionDeny).want(http.StatusBadRequest, "")
	b.submit(first, FieldDecision, DecisionApprove, FieldRequest, second.fields.Get(FieldRequest)).want(http.StatusForbidden, "")
	b.submit(second, FieldDecision, DecisionApprove, FieldTicket, first.fields.Get(FieldTicket)).want(http.StatusForbidden, "")
	b.submit(second, FieldDecision, DecisionApprove, FieldRequest, second.fields.Get(FieldRequest)+"A").want(http.StatusBadRequest, "")
	b.submit(second, FieldDecision, "yes").want(http.StatusBadRequest, "")
	b.get(PathConsent).want(http.StatusBadRequest, "")
	b.get(PathConsent+"?request="+second.fields.Get(FieldTicket)).want(http.StatusBadRequest, "")
	s.unchanged(before, "a form of another request")

	s.clock.Advance(11 * 60e9)
	b.submit(second, FieldDecision, DecisionApprove).want(http.StatusBadRequest, "")
	s.unchanged(before, "a request that is too old")
}

func TestLongRequestsAreCarriedOrRefused(t *testing.T) {
	s := newSite(t)
	long := webURI + "?" + strings.Repeat("x", 1900)
	var scopes []string
	for i := range 25 {
		scopes = append(scopes, fmt.Sprintf("%s:%s:%02d", strings.Repeat("s", 50), strings.Repeat("t", 50), i))
	}
	tests := []struct {
		name   string
		client client
		status int
	}{
		{"two long redirect URIs", s.registerFor([]string{"sso:account:access"}, long, long+"y"), http.StatusOK},
		{"and as many long scopes as there can be", s.registerFor(scopes, long, long+"y"), http.StatusBadRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := s.browser()
			r := b.follow(b.get(authorizeQuery(tt.client, "redirect_uri", long, "state", strings.Repeat("s", 2048), "scopes", "-")))
			if r.want(tt.status, ""); r.status == http.StatusOK {
				b.follow(b.signIn(r, "alice")).want(http.StatusOK, "Allow access?")
			} else if !strings.Contains(r.body, "The request is too long") {
				t.Errorf("the page says something else:\n%s", r.body)
			}
		})
	}
}
