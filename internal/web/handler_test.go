package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"sallyport/internal/keys"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
)

// formOf opens the page that has the form for a path.
var formOf = map[string]func(b *browser) form{
	PathSignIn:         func(b *browser) form { return b.get(PathSignIn).form(PathSignIn) },
	PathSignOut:        func(b *browser) form { return b.get(PathPortal).form(PathSignOut) },
	PathDevice:         func(b *browser) form { return b.get(PathDevice).form(PathDevice) },
	PathDeviceDecision: func(b *browser) form { return b.get(b.startDevice("127.0.0.1").link).form(PathDeviceDecision) },
	PathConsent:        func(b *browser) form { return b.get(authorizeQuery(b.register(loopbackURI))).form(PathConsent) },
}

// press fills in what makes the form valid, whichever it is.
var press = []string{FieldUserName, "alice", FieldPassword, password, FieldDecision, DecisionApprove, FieldUserCode, "BBBB-BBBB"}

// TestEveryFormNeedsItsTicket goes through the table of routes, so that a new form is tested on the day it comes.
func TestEveryFormNeedsItsTicket(t *testing.T) {
	for _, p := range pages {
		if p.post == nil {
			continue
		}
		t.Run(p.path, func(t *testing.T) {
			if formOf[p.path] == nil {
				t.Fatal("the test does not know which page has this form")
			}
			s := newSite(t)
			alice, bob := s.as("alice"), s.as("bob")
			foreign := formOf[p.path](bob).fields.Get(FieldTicket)
			own := formOf[p.path](alice)
			other := formOf[PathDevice](alice).fields.Get(FieldTicket)
			if p.path == PathDevice {
				other = formOf[PathSignOut](alice).fields.Get(FieldTicket)
			}
			before := s.counts()
			refused := func(name string, b *browser, changes ...string) {
				t.Helper()
				r := b.submit(own, append(append([]string{}, press...), changes...)...)
				if r.status != http.StatusForbidden || r.location != "" {
					t.Errorf("%s: %d to %q", name, r.status, r.location)
				}
				s.unchanged(before, name)
			}
			refused("without a ticket", alice, FieldTicket, "")
			refused("with somebody else's ticket", alice, FieldTicket, foreign)
			refused("with the ticket of another form", alice, FieldTicket, other)
			refused("with a changed ticket", alice, FieldTicket, own.fields.Get(FieldTicket)+"A")
			refused("with a made-up ticket", alice, FieldTicket, "x")
			refused("in somebody else's browser", bob)
			refused("in a browser without cookies", s.browser())

			alice.header.Set("Sec-Fetch-Site", "cross-site")
			refused("from another site", alice)
			alice.header.Set("Sec-Fetch-Site", "same-site")
			refused("from another origin of the site", alice)
			alice.header.Del("Sec-Fetch-Site")
			alice.header.Set("Origin", "https://evil.example.test")
			refused("from another origin, by an old browser", alice)
			alice.header.Del("Origin")

			s.clock.Advance(ticketLifetime + 1e9)
			refused("with an old ticket", alice)

			r := alice.submit(formOf[p.path](s.as("alice").use(alice)), press...)
			if r.status == http.StatusForbidden {
				t.Errorf("a good form is refused as well:\n%s", r.body)
			}
		})
	}
}

// use moves the cookies of b into another browser and returns that.
func (b *browser) use(other *browser) *browser {
	other.client.Jar = b.client.Jar
	return other
}

func TestNoGETDecidesAnything(t *testing.T) {
	s := newSite(t)
	s.addAccounts("user-alice", 2)
	b := s.as("alice")
	d := s.startDevice("127.0.0.1")
	decided := b.get(d.link).form(PathDeviceDecision)
	consent := b.get(authorizeQuery(s.register(loopbackURI))).form(PathConsent)
	queries := []string{
		"", strings.TrimPrefix(authorizeQuery(s.register(loopbackURI)), PathAuthorize), strings.TrimPrefix(d.link, PathDevice),
		"?" + decided.fields.Encode() + "&decision=approve", "?" + consent.fields.Encode() + "&decision=approve",
		"?done=x", "?page=2", "?continue=device.x&user_name=alice&password=" + url.QueryEscape(password),
	}
	before := s.counts()
	for _, p := range pages {
		for _, method := range []string{"GET", "HEAD"} {
			for _, query := range queries {
				path := strings.TrimSuffix(p.path, "{$}")
				if r := b.send(method, path+query, nil, nil); r.status >= http.StatusInternalServerError {
					t.Errorf("%s %s%s: %d", method, path, query, r.status)
				}
			}
		}
	}
	s.unchanged(before, "a GET")
	if _, refused := s.poll(d); refused != "AuthorizationPendingException" {
		t.Errorf("the device got %q", refused)
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	allows := map[string]string{
		PathAuthorize: "GET, HEAD", PathSignOut: "POST", PathDeviceDecision: "POST", PathSignIn: "GET, HEAD, POST",
		PathPortal: "GET, HEAD", PathDevice: "GET, HEAD, POST", PathConsent: "GET, HEAD, POST",
	}
	for path, allow := range allows {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
			if strings.Contains(allow, method) {
				continue
			}
			r := b.send(method, path, nil, nil).want(http.StatusMethodNotAllowed, "This cannot be done here")
			if got := r.header.Get("Allow"); got != allow {
				t.Errorf("%s %s allows %q, want %q", method, path, got, allow)
			}
		}
	}
}

func TestFormsThatCannotBeReadAreRefused(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	tests := []struct {
		name, kind, body string
		want             int
	}{
		{"JSON", "application/json", `{"user_name":"alice"}`, http.StatusUnsupportedMediaType},
		{"no type", "", "user_name=alice", http.StatusUnsupportedMediaType},
		{"parts", "multipart/form-data; boundary=x", "--x--", http.StatusUnsupportedMediaType},
		{"a field twice", "application/x-www-form-urlencoded", "user_name=alice&user_name=bob", http.StatusBadRequest},
		{"what cannot be decoded", "application/x-www-form-urlencoded", "user_name=%zz", http.StatusBadRequest},
		{"what is not UTF-8", "application/x-www-form-urlencoded", "user_name=%ff", http.StatusBadRequest},
		{"too much", "application/x-www-form-urlencoded", "user_name=" + strings.Repeat("a", maxForm), http.StatusRequestEntityTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), "POST", s.url+PathSignIn, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", tt.kind)
			response, err := b.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != tt.want {
				t.Errorf("%d, want %d", response.StatusCode, tt.want)
			}
		})
	}
}

func FuzzOpenTicket(f *testing.F) {
	h := newFuzzHandler(f)
	f.Add(h.sealTicket(ticket{actionDevice, "sign-in/x", "y"}) + "A")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if opened, ok := h.openTicket(text); ok && h.sealTicket(opened) != text {
			t.Errorf("%q opened as %+v", text, opened)
		}
	})
}

// newFuzzHandler has a ring, and no room.
func newFuzzHandler(f *testing.F) *Handler {
	f.Helper()
	clock, dir := new(sys.Clock), f.TempDir()
	rows, err := store.Open(store.Options{Dir: dir, Database: testdb.URL(f, dir), Clock: clock})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { rows.Close() })
	root, err := keys.RootKeyFile(filepath.Join(dir, "root.key"))
	if err != nil {
		f.Fatal(err)
	}
	ring, err := keys.Open(f.Context(), rows, root, "test")
	if err != nil {
		f.Fatal(err)
	}
	return New(Options{Ring: ring, Clock: clock})
}

func TestErrorPages(t *testing.T) {
	h := New(Options{Instance: "Harbour"})
	for _, status := range []int{400, 403, 404, 405, 413, 421, 429, 431, 500, 503} {
		w := httptest.NewRecorder()
		h.Error(w, httptest.NewRequest("GET", "/", nil), status, "request-7", `What <b>was</b> wrong.`)
		body := w.Body.String()
		checkDocument(t, body)
		if w.Code != status || !strings.Contains(body, "request-7") || !strings.Contains(body, "What &lt;b&gt;was") ||
			!strings.Contains(body, "Harbour") || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%d:\n%s", status, body)
		}
	}
}

func TestFailuresTellNothingButTheRequest(t *testing.T) {
	s := newSite(t)
	w := httptest.NewRecorder()
	v := &visit{w: w, r: httptest.NewRequest("GET", "/", nil), caller: testCaller(httptest.NewRequest("GET", "/", nil))}
	s.handler.fail(v, errors.New("open /var/lib/sallyport.db: disk on fire"))
	body := w.Body.String()
	if w.Code != http.StatusInternalServerError || strings.Contains(body, "fire") || !strings.Contains(body, "request-1") {
		t.Errorf("%d\n%s", w.Code, body)
	}
}
