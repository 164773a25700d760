package web

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/api"
)

// TestNobodyLearnsWhyASignInFailed compares everything that a browser gets.
func TestNobodyLearnsWhyASignInFailed(t *testing.T) {
	s := newSite(t)
	tests := []struct{ name, user, password string }{
		{"a wrong password", "alice", "wrong"},
		{"an unknown name", "nobody", password},
		{"a disabled person", "carol", password},
		{"a person without a password", "dave", password},
		{"a name that only looks like alice", "al\u0131ce", password},
		{"a name with NUL", "alice\x00", password},
	}
	varying := regexp.MustCompile(`value="[^"]*"`) // the ticket and the name that was typed
	var first string
	for _, tt := range tests {
		b := s.browser()
		before := s.counts()
		r := b.submit(b.get(PathSignIn).form(PathSignIn), FieldUserName, tt.user, FieldPassword, tt.password)
		r.want(http.StatusBadRequest, "Sign in")
		var names []string
		for name := range r.header {
			names = append(names, name)
		}
		slices.Sort(names)
		names = slices.DeleteFunc(names, func(name string) bool { return name == "Content-Length" })
		seen := strings.Join(names, " ") + varying.ReplaceAllString(r.body, "")
		if first == "" {
			first = seen
		}
		if seen != first {
			t.Errorf("%s is told apart:\n%s\nnot\n%s", tt.name, seen, first)
		}
		before["audit_event"] = s.counts()["audit_event"]
		s.unchanged(before, tt.name)
	}
}

func TestManyWrongPasswordsHaveToWait(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	f := b.get(PathSignIn).form(PathSignIn)
	const limit = 10
	for range limit {
		b.submit(f, FieldUserName, "alice", FieldPassword, "wrong").want(http.StatusBadRequest, "Sign in")
	}
	r := b.submit(f, FieldUserName, "alice", FieldPassword, password)
	if r.status < 400 || r.status >= 500 || !strings.Contains(r.body, "try again in 15 minutes") {
		t.Errorf("%d\n%s", r.status, r.body)
	}
}

// TestSignInGoesOnAtOurOwnPagesOnly: continue comes back from the browser.
func TestSignInGoesOnAtOurOwnPagesOnly(t *testing.T) {
	s := newSite(t)
	d := s.startDevice("127.0.0.1")
	b := s.browser()
	device := b.follow(b.get(d.link)).form(PathSignIn).fields.Get(FieldContinue)
	tests := []struct{ name, value, want string }{
		{"nothing", "", PathPortal},
		{"another site", "https://evil.example.test/", PathPortal},
		{"another site without a scheme", "//evil.example.test/", PathPortal},
		{"a path of ours that nobody sealed", "/signout", PathPortal},
		{"a known word and another site", "device.https://evil.example.test/", PathDevice},
		{"what we sealed", device, d.link},
		{"what we sealed, changed", device + "A", PathDevice},
		{"what we sealed, as something else", strings.Replace(device, "device", "portal", 1), PathPortal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := s.browser()
			r := b.submit(b.get(PathSignIn).form(PathSignIn),
				FieldUserName, "alice", FieldPassword, password, FieldContinue, tt.value)
			if r.status != http.StatusSeeOther || r.location != tt.want {
				t.Errorf("%d to %q, want %q", r.status, r.location, tt.want)
			}
		})
	}
}

func FuzzContinuation(f *testing.F) {
	f.Add("device.x")
	f.Add("authorize.//evil")
	f.Add("authorize.\r\nSet-Cookie: a=b")
	h := newFuzzHandler(f)
	f.Fuzz(func(t *testing.T, text string) {
		to := h.location(parseContinuation(text))
		u, err := url.Parse(to)
		if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") ||
			strings.ContainsAny(to, "\r\n\\") {
			t.Errorf("%q leads to %q", text, to)
		}
	})
}

func TestEverySignInIsANewSession(t *testing.T) {
	s := newSite(t)
	b := s.as("alice")
	first := b.sessionCookie()
	s.clock.Advance(1e9)
	b.signIn(b.get(PathSignIn), "alice")
	if second := b.sessionCookie(); second == first || second == "" {
		t.Errorf("the session of before goes on: %q", second)
	}
}

func (b *browser) sessionCookie() string {
	u, _ := url.Parse(b.url)
	for _, cookie := range b.client.Jar.Cookies(u) {
		if cookie.Name == cookieSession {
			return cookie.Value
		}
	}
	return ""
}

func TestCookies(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	page := b.get(PathSignIn)
	signedIn := b.signIn(page, "alice")
	for _, r := range []reply{page, signedIn} {
		if len(r.header["Set-Cookie"]) == 0 {
			t.Error("no cookie")
		}
		for _, line := range r.header["Set-Cookie"] {
			if !strings.Contains(line, "; Path=/; ") || !strings.HasSuffix(line, "HttpOnly; SameSite=Lax") {
				t.Errorf("cookie %s", line)
			}
		}
	}
	s.clock.Advance(2 * 60e9)
	if r := b.get(PathPortal); len(r.header["Set-Cookie"]) != 1 {
		t.Errorf("a browser that comes again gets %q", r.header["Set-Cookie"])
	}
	for range 3 { // an hour idle ends a session, an hour and a half with visits does not
		s.clock.Advance(idleTimeout / 2)
		b.get(PathPortal).want(http.StatusOK, "Your accounts")
	}
	s.clock.Advance(idleTimeout)
	b.get(PathPortal).want(http.StatusSeeOther, "")
}

func TestCookiesOverTLS(t *testing.T) {
	s := newSite(t)
	s.handler.Secure = true
	v := &visit{w: httptest.NewRecorder(), r: httptest.NewRequest("GET", "/", nil)}
	s.handler.setCookie(v, cookieSession, "value")
	want := "__Host-sallyport-session=value; Path=/; HttpOnly; Secure; SameSite=Lax"
	if got := v.w.Header().Get("Set-Cookie"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	v.r.AddCookie(&http.Cookie{Name: cookieSession, Value: "from a plain connection"})
	if got := s.handler.cookie(v, cookieSession); got != "" {
		t.Errorf("took a cookie without the prefix: %q", got)
	}
}

// TestCookiesHoldNothingReadable goes through a whole authorization and reads every cookie on the way.
func TestCookiesHoldNothingReadable(t *testing.T) {
	s := newSite(t)
	c := s.register(webURI)
	b := s.browser()
	pages := []reply{b.get(authorizeQuery(c, "redirect_uri", webURI))}
	signInPage := b.follow(pages[0])
	signedIn := b.signIn(signInPage, "alice")
	pages = append(pages, signInPage, signedIn, b.follow(signedIn))
	for _, r := range pages {
		for _, line := range r.header["Set-Cookie"] {
			value, _, _ := strings.Cut(line[strings.Index(line, "=")+1:], ";")
			decoded, _ := base64.RawURLEncoding.DecodeString(value)
			for _, secret := range []string{"alice", "ALICE", "user-", "state-1", "app.example", "E9Melhoa", c.id[:20]} {
				if strings.Contains(value, secret) || strings.Contains(string(decoded), secret) {
					t.Errorf("a cookie holds %q: %s", secret, line)
				}
			}
		}
	}
}

func TestSignOutEndsWhatWasGranted(t *testing.T) {
	s := newSite(t)
	d := s.startDevice("127.0.0.1")
	b, page := s.open(d)
	b.submit(page.form(PathDeviceDecision), FieldDecision, DecisionApprove).want(http.StatusSeeOther, "")
	accessToken, refused := s.poll(d)
	if refused != "" {
		t.Fatal(refused)
	}
	list := &api.ListAccountsRequest{AccessToken: accessToken}
	if _, err := s.portal.ListAccounts(t.Context(), api.Caller{}, list); err != nil {
		t.Fatal(err)
	}
	portal := b.get(PathPortal).want(http.StatusOK, "Your accounts")
	stolen := b.sessionCookie()
	r := b.submit(portal.form(PathSignOut)).want(http.StatusOK, "You are signed out")
	if b.sessionCookie() != "" {
		t.Errorf("the cookie stays: %q", r.header["Set-Cookie"])
	}
	if _, err := s.portal.ListAccounts(t.Context(), api.Caller{}, list); err == nil {
		t.Error("the access token outlives sign-out")
	}
	b.get(PathPortal).want(http.StatusSeeOther, "")
	b.send("GET", PathPortal, nil, http.Header{"Cookie": {cookieSession + "=" + stolen}}).want(http.StatusSeeOther, "")
}

func TestDemoUsersAreShownInDevelopmentModeOnly(t *testing.T) {
	s := newSite(t)
	if body := s.browser().get(PathSignIn).body; strings.Contains(body, "Development mode") {
		t.Error("shown without it")
	}
	s.handler.Dev = &DevHints{Users: []DemoUser{{"alice", "demo password"}}}
	if body := s.browser().get(PathSignIn).body; !strings.Contains(body, "demo password") {
		t.Error("not shown")
	}
}
