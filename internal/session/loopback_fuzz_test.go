package session

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Whatever comes to the port, an answer is one only for who knows the state, and pages repeat nothing of a request.
func FuzzCallback(f *testing.F) {
	const host, state = "127.0.0.1:1", "STATESTATESTATE"
	f.Add("GET", host, "/oauth/callback?code=c&state="+state)
	f.Add("GET", host, "/oauth/callback?error=access_denied&error_description=%1b%5b2J&state="+state)
	f.Add("GET", host, "/oauth/callback?code=c&state="+state+"&state=x;y")
	f.Add("POST", "evil.example", "//oauth/callback?%zz")
	f.Fuzz(func(t *testing.T, method, name, target string) {
		address, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		r := &http.Request{Method: method, Host: name, URL: address, Header: http.Header{}}
		l := &listener{host: host, state: state, answers: make(chan callback, 1)}
		w := httptest.NewRecorder()
		l.ServeHTTP(w, r)
		select {
		case answer := <-l.answers:
			if method != http.MethodGet || name != host || address.Query().Get("state") != state || (answer.code == "") == (answer.refusal == "") {
				t.Errorf("%s %s for %q is taken as %+v", method, target, name, answer)
			}
		default:
			if w.Code == http.StatusOK {
				t.Errorf("%s %s for %q is answered with success, and nothing was taken", method, target, name)
			}
		}
		if code := address.Query().Get("code"); len(code) > len("window") && strings.ContainsAny(code, "<>\"'&") && strings.Contains(w.Body.String(), code) {
			t.Errorf("the page repeats %q", code)
		}
	})
}
