package attacks

import (
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// requestCase is what a request template needs besides its placeholders, and what to look at besides what the catalogue says of every
// answer. All fields may be absent.
type requestCase struct {
	flags    []string                 // settings: unless nil the entry gets a server of its own
	arrange  func(w *world, f *stage) // before the request
	template func(t *template)        // fills in what the template only describes
	check    func(w *world, f *stage, a answer)
}

// requests are the entries with a template that need more than the template. Those that are not here need nothing.
var requests = func() map[string]requestCase {
	all := maps.Clone(publicRequests)
	maps.Copy(all, jwtRequests)
	maps.Copy(all, exchangeRequests)
	return all
}()

// stage is what the placeholders of one entry stand for. It is made as far as the template asks for it.
type stage struct {
	w         *world
	client    registration
	other     registration
	device    device
	code      string
	tokens    tokens
	app       *propagation
	browser   *browser // whose cookies the request has, if any
	sent      func() answer
	lastQuery url.Values
}

// owner is the client of {client_id}.
func (f *stage) owner() registration {
	if f.client.id == "" {
		f.client = f.w.register()
	}
	return f.client
}

func (f *stage) stranger() registration {
	if f.other.id == "" {
		f.other = f.w.register()
	}
	return f.other
}

func (f *stage) pending() device {
	if f.device.code == "" {
		f.device = f.w.start(f.owner())
	}
	return f.device
}

func (f *stage) issued() string {
	if f.code == "" {
		f.code = f.w.code(f.owner(), "alice", nil)
	}
	return f.code
}

func (f *stage) session() tokens {
	if f.tokens.access == "" {
		f.tokens = f.w.login(f.owner(), "alice")
	}
	return f.tokens
}

// placeholders are the names in braces. One that is not here fails the entry that uses it.
var placeholders = map[string]func(f *stage) string{
	"client_id":            func(f *stage) string { return f.owner().id },
	"client_secret":        func(f *stage) string { return f.owner().secret },
	"client2_id":           func(f *stage) string { return f.stranger().id },
	"client2_secret":       func(f *stage) string { return f.stranger().secret },
	"device_code":          func(f *stage) string { return f.pending().code },
	"user_code":            func(f *stage) string { return f.pending().userCode },
	"code":                 func(f *stage) string { return f.issued() },
	"verifier":             func(f *stage) string { return verifier },
	"challenge":            func(f *stage) string { return challengeOf(verifier) },
	"access_token":         func(f *stage) string { return f.session().access },
	"refresh_token":        func(f *stage) string { return f.session().refresh },
	"access_token_minus_1": func(f *stage) string { return f.session().access[:len(f.session().access)-1] },
	"expired_access_token": func(f *stage) string {
		token := f.session().access
		f.w.advance(61 * time.Minute)
		return token
	},
	"app_arn":                     func(f *stage) string { return f.application().app },
	"assertion":                   func(f *stage) string { return f.assertion(nil) },
	"assertion_wrong_aud":         func(f *stage) string { return f.assertion(members{"aud": "somebody else"}) },
	"assertion_unknown_user":      func(f *stage) string { return f.assertion(members{"email": "nobody@acme.example"}) },
	"assertion_expired":           func(f *stage) string { return f.assertion(members{"exp": f.w.now().Add(-2 * time.Hour).Unix()}) },
	"assertion_other_issuer":      func(f *stage) string { return f.assertionOfOther() },
	"id_token":                    func(f *stage) string { return f.application().front(f.app.app).token().tokens().id },
	"foreign_access_token":        func(f *stage) string { return f.w.foreignToken() },
	"access_token_other_audience": func(f *stage) string { return f.application().front(f.w.application()).token().tokens().access },
	"start_url":                   func(f *stage) string { return f.w.server.StartURL },
}

func (f *stage) assertion(changes members) string {
	p := f.application()
	return p.issuer.token(p.email, changes)
}

// assertionOfOther is a good one of an issuer that the instance trusts and the application does not take.
func (f *stage) assertionOfOther() string {
	p, other := f.application(), f.w.issuer()
	f.w.trust(other.url, "email", "emails.value")
	return other.token(p.email, nil)
}

var placeholder = regexp.MustCompile(`\{[a-z0-9_]+\}`)

func (f *stage) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		value, known := placeholders[strings.Trim(name, "{}")]
		if !known {
			f.w.t.Errorf("the placeholder %s is not known here", name)
			return name
		}
		return value(f)
	})
}

func (f *stage) fillJSON(value any) any {
	switch value := value.(type) {
	case string:
		return f.fill(value)
	case []any:
		filled := make([]any, len(value))
		for i := range value {
			filled[i] = f.fillJSON(value[i])
		}
		return filled
	case map[string]any:
		filled := map[string]any{}
		for name := range value {
			filled[name] = f.fillJSON(value[name])
		}
		return filled
	}
	return value
}

func (f *stage) fillValues(all map[string]string) url.Values {
	values := url.Values{}
	for name, value := range all {
		values.Set(name, f.fill(value))
	}
	return values
}

// tryRequest sends the template of an entry and compares what comes back with what the catalogue expects.
func tryRequest(w *world, e entry) {
	c := requests[e.ID]
	if c.flags != nil {
		w = w.another(c.flags...)
	}
	f := &stage{w: w}
	if c.arrange != nil {
		c.arrange(w, f)
	}
	request := *e.Request
	if c.template != nil {
		c.template(&request)
	}
	f.prepare(request)
	before := w.rows()
	a := f.sent()
	e.Expect.compare(w, f, a)
	if after := w.rows(); a.status >= 400 && !sameRows(before, after) {
		w.t.Errorf("a refused request changed rows from %v to %v", before, after)
	}
	if c.check != nil {
		c.check(w, f, a)
	}
}

func sameRows(a, b map[string]int) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// prepare makes the request, so that it can be sent once and again.
func (f *stage) prepare(t template) {
	header := map[string]string{}
	for name, value := range t.Headers {
		header[name] = f.fill(value)
	}
	target := t.Path
	if t.Query != nil {
		f.lastQuery = f.fillValues(t.Query)
		target += "?" + f.lastQuery.Encode()
	}
	body := []byte(f.fill(t.RawBody))
	switch {
	case t.JSON != nil:
		body, _ = json.Marshal(f.fillJSON(t.JSON))
	case t.Form != nil:
		body = []byte(f.fillValues(t.Form).Encode())
	}
	f.sent = func() answer {
		f.w.t.Helper()
		switch {
		case f.browser != nil:
			return f.browser.send(t.Method, target, header, body)
		case t.Sign != "":
			service := strings.Split(t.Sign, ":")[1] // scheme, service, and a name for whoever may call
			return f.w.do(f.w.request(signing{key: f.application().caller, service: service}, t.Method, target, header, body))
		}
		return f.w.send(t.Method, target, header, body)
	}
}

// compare holds an answer against the catalogue. What is said in words alone is for the entry's own check.
func (x expectation) compare(w *world, f *stage, a answer) {
	w.t.Helper()
	if numbers := x.Status.numbers(); len(numbers) > 0 && !slices.Contains(numbers, strconv.Itoa(a.status)) {
		w.t.Errorf("want the status %q, got %s", x.Status, a)
	}
	switch {
	case strings.Contains(string(x.Status), "302 error"):
		x.compareRedirect(w, f, a)
	case strings.Contains(string(x.Status), "page"):
		if !a.isPage() || a.header.Get("Location") != "" {
			w.t.Errorf("want a page and no redirect, got %s", a)
		}
		x.compareException(w, a)
	case a.status >= 400:
		x.compareException(w, a)
		if x.Error != "" && !strings.HasSuffix(x.Error, "Exception") && !oneOf(x.Error, a.member("error")) {
			w.t.Errorf("want the error %s, got %s", x.Error, a)
		}
	}
}

func (x expectation) compareException(w *world, a answer) {
	w.t.Helper()
	exceptions := x.Exception
	if exceptions == "" && strings.HasSuffix(x.Error, "Exception") {
		exceptions = x.Error // the portal's errors have no other name
	}
	if exceptions != "" && a.status >= 400 && !oneOf(exceptions, a.exception()) {
		w.t.Errorf("want %s, got %s", exceptions, a)
	}
}

// compareRedirect expects the error at the client's own address and nowhere else. A redirect is for the browser and then for the client's
// listener: the exception's name, where one is given, travels in a header that only AWS's tools would read.
func (x expectation) compareRedirect(w *world, f *stage, a answer) {
	w.t.Helper()
	to := a.location(w.t)
	if a.status != 302 || !strings.HasPrefix(to.String(), callback+"?") || !oneOf(x.Error, to.Query().Get("error")) ||
		to.Query().Get("state") != f.lastQuery.Get("state") || to.Query().Has("code") {
		w.t.Errorf("want a redirect to %s with the error %s, got %s", callback, x.Error, a)
	}
	if name := a.exception(); name != "" && x.Exception != "" && !oneOf(x.Exception, name) {
		w.t.Errorf("want %s, got %s", x.Exception, a)
	}
}
