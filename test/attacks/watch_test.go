package attacks

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// watch sees every request and answer of the run. It holds each answer against the invariants of all answers, and keeps every secret
// that was issued or shown, to look for them in logs and files afterwards.
type watch struct {
	world *world
	base  http.RoundTripper
}

func (w *watch) RoundTrip(r *http.Request) (*http.Response, error) {
	w.world.kept.fromRequest(r)
	response, err := w.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	w.world.kept.fromAnswer(response.Header, body)
	if !strings.HasPrefix(r.URL.Path, "/_dev/") {
		w.world.judge(r, answer{response.StatusCode, response.Header, body})
	}
	return response, nil
}

// everyAnswer are the headers that no answer may lack, with a text that each must hold.
var everyAnswer = map[string]string{
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Content-Security-Policy":      "frame-ancestors 'none'",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=()",
	"Date":                         "GMT",
	"X-Amzn-Requestid":             "-4",
}

// insides are what no answer may show of the inside of the server.
var insides = []string{"goroutine ", ".go:", "runtime error", "panic", "SQLITE", "sqlite", "SELECT ", "INSERT ", "/internal/", "no such table"}

// judge holds an answer against what holds for all of them.
func (w *world) judge(r *http.Request, a answer) {
	if a.status == http.StatusRequestHeaderFieldsTooLarge && a.header.Get("X-Amzn-Requestid") == "" {
		return // net/http answers for itself when it stops reading the headers
	}
	for name, text := range everyAnswer {
		if !strings.Contains(a.header.Get(name), text) {
			w.t.Errorf("%s %s: the header %s is %q and lacks %q", r.Method, r.URL.Path, name, a.header.Get(name), text)
		}
	}
	cacheable := strings.HasPrefix(r.URL.Path, "/static/") || strings.HasPrefix(r.URL.Path, "/.well-known/")
	if a.status < 400 && !cacheable && a.header.Get("Cache-Control") != "no-store" {
		w.t.Errorf("%s %s may be cached: %q", r.Method, r.URL.Path, a.header.Get("Cache-Control"))
	}
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control-") {
			w.t.Errorf("%s %s lets other origins read: %s", r.Method, r.URL.Path, name)
		}
	}
	// A browser that fetches a page ahead is told to come again: that is no failure.
	ahead := a.status == http.StatusServiceUnavailable && r.Header.Get("Sec-Purpose") != ""
	if a.status >= 500 && !ahead && !*w.broken {
		w.t.Errorf("%s %s failed: %s", r.Method, r.URL.Path, a)
	}
	if a.status >= 400 {
		w.judgeRefusal(r, a)
	}
}

func (w *world) judgeRefusal(r *http.Request, a answer) {
	for _, inside := range insides {
		if bytes.Contains(a.body, []byte(inside)) {
			w.t.Errorf("%s %s shows %q: %s", r.Method, r.URL.Path, inside, a)
		}
	}
	switch kind := a.header.Get("Content-Type"); {
	case r.Method == http.MethodHead:
		return
	case strings.HasPrefix(kind, "application/json"):
		w.judgeJSON(r, a, "message")
	case strings.HasPrefix(kind, "application/x-amz-json-1.1"):
		w.judgeJSON(r, a, "Message")
	case strings.HasPrefix(kind, "text/xml"):
		if a.exception() == "" || a.element("Code") != a.exception() || a.element("Message") == "" || a.element("RequestId") == "" {
			w.t.Errorf("%s %s: no SDK can read the error: %s", r.Method, r.URL.Path, a)
		}
	default:
		return
	}
	if kind := w.kept.in(a.body); kind != "" {
		w.t.Errorf("%s %s: the error shows a %s: %s", r.Method, r.URL.Path, kind, a)
	}
}

func (w *world) judgeJSON(r *http.Request, a answer, message string) {
	if a.exception() == "" || a.member("__type") != a.exception() || a.member(message) == "" {
		w.t.Errorf("%s %s: no SDK can read the error: %s", r.Method, r.URL.Path, a)
	}
	switch r.URL.Path {
	case "/token", "/client/register", "/device_authorization", "/introspect", "/revoke":
		// What is wrong with a signature is no error of OAuth.
		if !oneOf(signatureRefusals, a.exception()) && (a.member("error") == "" || a.member("error_description") == "") {
			w.t.Errorf("%s %s: the error lacks OAuth's members: %s", r.Method, r.URL.Path, a)
		}
	}
}

// secrets are what a server issued or was shown.
type secrets struct {
	mu    sync.Mutex
	kinds map[string]string
}

// leastSecret is the length from which a text is looked for: shorter ones are in every log by chance.
const leastSecret = 8

func (s *secrets) add(kind, text string) {
	if len(text) < leastSecret {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kinds == nil {
		s.kinds = map[string]string{}
	}
	s.kinds[text] = kind
}

// forget takes back what was sent like a secret and is none.
func (s *secrets) forget(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kinds, text)
}

// in returns the kind of a secret that the text holds, or the empty text.
func (s *secrets) in(text []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for secret, kind := range s.kinds {
		if bytes.Contains(text, []byte(secret)) {
			return kind
		}
	}
	return ""
}

// secretMembers are the members of JSON bodies, fields of forms and parameters that hold secrets.
var secretMembers = map[string]bool{
	"clientSecret": true, "deviceCode": true, "userCode": true, "accessToken": true, "refreshToken": true, "idToken": true, "code": true,
	"codeVerifier": true, "secretAccessKey": true, "sessionToken": true,
	"password": true, "user_code": true, "client_secret": true, "token": true,
	"identityContext": true, "SecretAccessKey": true, "SessionToken": true,
}

func (s *secrets) fromJSON(body []byte) {
	var all map[string]any
	if json.Unmarshal(body, &all) == nil {
		s.fromMembers(all)
	}
}

func (s *secrets) fromMembers(all map[string]any) {
	for name, value := range all {
		switch value := value.(type) {
		case string:
			if secretMembers[name] {
				s.add(name, value)
			}
		case map[string]any:
			s.fromMembers(value)
		}
	}
}

func (s *secrets) fromForm(text string) {
	form, err := url.ParseQuery(text)
	if err != nil {
		return
	}
	for name, values := range form {
		for _, value := range values {
			if secretMembers[name] {
				s.add(name, value)
			}
		}
	}
}

func (s *secrets) fromRequest(r *http.Request) {
	s.add("bearer token", r.Header.Get("X-Amz-Sso_bearer_token"))
	s.fromForm(r.URL.RawQuery)
	if r.GetBody == nil {
		return
	}
	reader, err := r.GetBody()
	if err != nil {
		return
	}
	body, _ := io.ReadAll(reader)
	s.fromJSON(body)
	s.fromForm(string(body))
}

// secretElements are those of XML answers, whose secrets have no letter that XML would escape.
var secretElements = regexp.MustCompile(`<(SecretAccessKey|SessionToken)>([^<]+)<`)

func (s *secrets) fromAnswer(header http.Header, body []byte) {
	s.fromJSON(body)
	for _, found := range secretElements.FindAllSubmatch(body, -1) {
		s.add(string(found[1]), string(found[2]))
	}
	if to, err := url.Parse(header.Get("Location")); err == nil {
		s.fromForm(to.RawQuery)
	}
	for _, line := range header["Set-Cookie"] {
		if cookie, err := http.ParseSetCookie(line); err == nil {
			s.add("cookie", cookie.Value)
		}
	}
}
