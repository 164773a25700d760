package server

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/test/vectors"
)

var testNow = time.Date(2030, 1, 2, 3, 4, 5, 678, time.UTC)

const testHost = "127.0.0.1:8420"

// answering is a handler that answers 200 and says what path it saw.
var answering = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "saw %s", r.URL.Path) })

func testOptions(log *slog.Logger) hygieneOptions {
	return hygieneOptions{
		now:   func() time.Time { return testNow },
		hosts: map[string]bool{testHost: true, "localhost:8420": true, "sso.example.com": true},
		log:   log,
	}
}

// startServer serves the handler behind the hygiene on loopback, as the server does.
func startServer(t *testing.T, next http.Handler, options hygieneOptions) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := newHTTPServer(hygiene(next, options), options.log)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	return listener.Addr().String()
}

// sendRaw writes bytes as they are and returns the answer; a nil response means that the connection was cut.
func sendRaw(t *testing.T, address, raw string) (*http.Response, string) {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
	go func() { _, _ = io.WriteString(connection, raw) }() // an early answer may stop the server from reading all of it
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return nil, ""
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response, string(body)
}

func TestRequestsAreRefusedBeforeTheyAreRouted(t *testing.T) {
	long := strings.Repeat("x", maxTarget)
	var many []string
	for i := range maxQueryParameters {
		many = append(many, fmt.Sprintf("p%d=1", i))
	}
	full := strings.Join(many, "&")
	cookies := strings.Repeat("a=b; ", 10_000)
	for _, c := range []struct {
		name    string
		target  string // default "GET /token"; without a method it is GET
		host    string // default testHost
		headers string
		body    string
		want    int
	}{
		{name: "a plain path passes", target: "/token", want: 200},
		{name: "the root passes", target: "/", want: 200},
		{name: "a slash at the end passes", target: "/start/", want: 200},
		{name: "a dot in a name passes", target: "/.well-known/openid-configuration", want: 200},
		{name: "three dots are a name", target: "/.../a", want: 200},
		{name: "an escape that had to be passes", target: "/users/a%20b%C3%A9", want: 200},
		{name: "a query passes", target: "/authorize?scopes=sso%3Aaccount%3Aaccess+openid&state=a%2Fb&&x", want: 200},
		{name: "a question mark alone passes", target: "/?", want: 200},
		{name: "slashes and dots in a query pass", target: "/a?u=http://h//x/../y?z", want: 200},

		{name: "an empty segment", target: "//evil.example/", want: 400},
		{name: "an empty segment within", target: "/a//b", want: 400},
		{name: "an empty segment at the end", target: "/a//", want: 400},
		{name: "a dot segment", target: "/a/./b", want: 400},
		{name: "a dot segment at the end", target: "/a/.", want: 400},
		{name: "a parent segment", target: "/healthz/../token", want: 400},
		{name: "a parent segment at the end", target: "/a/..", want: 400},
		{name: "an encoded parent segment", target: "/healthz/%2e%2E/token", want: 400},
		{name: "a half encoded parent segment", target: "/static/.%2e/x", want: 400},
		{name: "an encoded slash", target: "/static/..%2f..%2fetc/passwd", want: 400},
		{name: "an encoded backslash", target: "/static/..%5C..%5Cetc", want: 400},
		{name: "a backslash", target: `/static\..\etc`, want: 400},
		{name: "a semicolon in the path", target: "/token;x=/healthz", want: 400},
		{name: "a semicolon in the query", target: "/token?a=1;b=2", want: 400},
		{name: "an escape that nothing asked for", target: "/%74oken", want: 400},
		{name: "an encoded underscore", target: "/%5fdev/state", want: 400},
		{name: "an encoded NUL", target: "/token%00", want: 400},
		{name: "an encoded line end", target: "/token%0d%0aSet-Cookie:%20a=b", want: 400},
		{name: "an encoded DEL", target: "/token%7f", want: 400},
		{name: "a fragment", target: "/token#x", want: 400},
		{name: "a fragment after a query", target: "/token?a=1#x", want: 400},
		{name: "a raw control", target: "/token\x01", want: 400},
		{name: "a raw byte beyond ASCII", target: "/tok\xc3\xa9n", want: 400},
		{name: "a raw byte beyond ASCII in the query", target: "/token?a=\xc3\xa9", want: 400},
		{name: "an escape that is no UTF-8", target: "/token%ff", want: 400},
		{name: "an escape cut short", target: "/token%2", want: 400},
		{name: "absolute form", target: "http://127.0.0.1:8420/token", want: 400},
		{name: "asterisk form", target: "OPTIONS *", want: 400},
		{name: "CONNECT", target: "CONNECT 127.0.0.1:8420", want: 400},
		{name: "CONNECT with a path", target: "CONNECT /token", want: 400},
		{name: "a target beyond the bound", target: "/" + long, want: 414},

		{name: "a repeated parameter", target: "/authorize?client_id=a&client_id=b", want: 400},
		{name: "a parameter repeated in disguise", target: "/authorize?client_id=a&client%5Fid=b", want: 400},
		{name: "a query value that does not decode", target: "/authorize?state=%zz", want: 400},
		{name: "a query name that does not decode", target: "/authorize?%=1", want: 400},
		{name: "a query value that is no UTF-8", target: "/authorize?state=%ff%fe", want: 400},
		{name: "as many parameters as allowed", target: "/?" + full, want: 200},
		{name: "one parameter too many", target: "/?" + full + "&q=1", want: 400},

		{name: "TRACE", target: "TRACE /token", want: 405},
		{name: "a method nobody knows", target: "PROPFIND /token", want: 405},
		{name: "a method in lower case", target: "get /token", want: 405},
		{name: "DELETE is for the router to judge", target: "DELETE /token", want: 200},

		{name: "another host of ours", host: "sso.example.com", want: 200},
		{name: "a stranger's host", host: "evil.example", want: 421},
		{name: "upper case", host: "SSO.example.com", want: 421},
		{name: "a trailing dot", host: "sso.example.com.", want: 421},
		{name: "another port", host: "127.0.0.1:8421", want: 421},
		{name: "no port", host: "127.0.0.1", want: 421},
		{name: "a letter that folds to one of ours", host: "loca\u017fhost:8420", want: 400},
		{name: "a health check by address", target: "/healthz", host: "10.0.0.1", want: 200},
		{name: "a readiness check by address", target: "/readyz", host: "10.0.0.1:9", want: 200},
		{name: "something below a health check", target: "/healthz/x", host: "10.0.0.1", want: 421},
		{name: "a health check in the query", target: "/token?/healthz", host: "10.0.0.1", want: 421},
		{name: "a prober's name proves nothing", host: "evil.example", headers: "User-Agent: GoogleHC/1.0\r\n", want: 421},

		{name: "early data", headers: "Early-Data: 1\r\n", want: 425},
		{name: "a compressed body", headers: "Content-Encoding: gzip\r\n", want: 415},
		{name: "a body compressed after all", headers: "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", want: 415},
		{name: "identity is no coding", headers: "Content-Encoding: Identity\r\n", want: 200},
		{name: "a megabyte of header", headers: "X-Big: " + strings.Repeat("x", 1<<20) + "\r\n", want: 431},
		{name: "ten thousand headers", headers: strings.Repeat("A:b\r\n", 10_000), want: 431},
		{name: "ten thousand cookies", headers: "Cookie: " + cookies + "\r\n", want: 431},
		{name: "h2c is not offered", headers: "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", want: 200},
		{name: "two framings", target: "POST /token", headers: "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", body: "0\r\n\r\n", want: 400},
		{name: "a chunked body", target: "POST /token", headers: "Transfer-Encoding: chunked\r\n", body: "3\r\nabc\r\n0\r\n\r\n", want: 400},
		{name: "a framing that nobody knows", target: "POST /token", headers: "Transfer-Encoding: xchunked\r\n", want: 501},
		{name: "two lengths", target: "POST /token", headers: "Content-Length: 3\r\nContent-Length: 4\r\n", want: 400},
		{name: "a folded header", headers: "X-A: b\r\n c\r\n", want: 200}, // net/http joins the lines, as RFC 9112 §5.2 allows
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.target == "" {
				c.target = "/token"
			}
			if !strings.Contains(c.target, " ") {
				c.target = "GET " + c.target
			}
			if c.host == "" {
				c.host = testHost
			}
			address := startServer(t, answering, testOptions(quiet))
			response, body := sendRaw(t, address, c.target+" HTTP/1.1\r\nHost: "+c.host+"\r\n"+c.headers+"\r\n"+c.body)
			if response == nil {
				t.Fatalf("the connection was cut, want %d", c.want)
			}
			if response.StatusCode != c.want {
				t.Fatalf("status %d, want %d: %s", response.StatusCode, c.want, body)
			}
			if allow := response.Header.Get("Allow"); c.want == 405 && allow != allowedMethods {
				t.Errorf("Allow is %q", allow)
			}
		})
	}
}

var uuidV4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestEveryResponseHasTheHeaders(t *testing.T) {
	handlers := map[string]http.Handler{
		"an answer":               answering,
		"no answer at all":        http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		"not found":               http.NotFoundHandler(),
		"a panic":                 http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("deliberate") }),
		"a flush before anything": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = http.NewResponseController(w).Flush() }),
		"a handler that weakens": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Frame-Options", "ALLOWALL")
			w.Header().Del(requestIDHeader)
			w.WriteHeader(http.StatusCreated)
		}),
	}
	want := map[string]string{
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
		"Cache-Control":                "no-store",
		"Date":                         "Wed, 02 Jan 2030 03:04:05 GMT",
	}
	check := func(t *testing.T, host string, handler http.Handler) {
		response := httptest.NewRecorder()
		request := httptest.NewRequest("GET", "/x", nil)
		request.Host = host
		hygiene(handler, testOptions(quiet)).ServeHTTP(response, request)
		header := response.Result().Header
		for name, value := range want {
			if got := header.Values(name); len(got) != 1 || got[0] != value {
				t.Errorf("%s is %q, want %q", name, got, value)
			}
		}
		if id := header.Get("x-amzn-RequestId"); !uuidV4.MatchString(id) {
			t.Errorf("request id %q is no version 4 UUID", id)
		}
		if !strings.Contains(header.Get("Permissions-Policy"), "camera=()") {
			t.Errorf("Permissions-Policy is %q", header.Get("Permissions-Policy"))
		}
		if sts := header.Get(stsHeader); sts != "" {
			t.Errorf("%s is %q without TLS", stsHeader, sts)
		}
	}
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) { check(t, testHost, handler) })
	}
	t.Run("a refusal", func(t *testing.T) { check(t, "evil.example", answering) })
}

func TestAnInterimResponseIsNotTheAnswer(t *testing.T) {
	address := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProcessing)
		panic("deliberate")
	}), testOptions(quiet))
	response, err := http.DefaultTransport.RoundTrip(&http.Request{Method: "GET", Host: testHost, Header: http.Header{}, URL: &url.URL{Scheme: "http", Host: address, Path: "/x"}})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusInternalServerError || response.Header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("answered %d with %v", response.StatusCode, response.Header)
	}
}

func TestAPageMayHaveItsOwnPolicies(t *testing.T) {
	own := map[string]string{
		"Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
		"Cache-Control":           "public, max-age=31536000, immutable",
		"Referrer-Policy":         "same-origin",
	}
	response := httptest.NewRecorder()
	request := httptest.NewRequest("GET", "/static/style.css", nil)
	request.Host = testHost
	hygiene(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range own {
			w.Header().Set(name, value)
		}
		w.WriteHeader(200)
	}), testOptions(quiet)).ServeHTTP(response, request)
	for name, value := range own {
		if got := response.Header().Values(name); !slices.Equal(got, []string{value}) {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
}

func TestSharedHeaderValuesCannotBeAppendedTo(t *testing.T) {
	for range 2 {
		response := httptest.NewRecorder()
		request := httptest.NewRequest("GET", "/x", nil)
		request.Host = testHost
		hygiene(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(200)
			w.Header().Add("X-Frame-Options", "late")
		}), testOptions(quiet)).ServeHTTP(response, request)
	}
	if value := commonHeaders[1].value; len(value) != 1 || cap(value) != 1 {
		t.Errorf("the table's value is %q", value)
	}
}

func TestStrictTransportSecurityIsForTLSAndNotForLocalhost(t *testing.T) {
	for _, c := range []struct {
		name, host string
		tls        bool
		want       string
	}{
		{"a public name over TLS", "sso.example.com", true, "max-age=31536000"},
		{"an address over TLS", testHost, true, "max-age=31536000"},
		{"localhost over TLS, where other servers live too", "localhost:8420", true, ""},
		{"a public name without TLS", "sso.example.com", false, ""},
		{"a refusal over TLS", "evil.example", true, "max-age=31536000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			response := httptest.NewRecorder()
			request := httptest.NewRequest("GET", "/x", nil)
			request.Host = c.host
			if c.tls {
				request.TLS = &tls.ConnectionState{}
			}
			hygiene(answering, testOptions(quiet)).ServeHTTP(response, request)
			if got := response.Header().Get(stsHeader); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestRequestIDsReachHandlersAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	handler := hygiene(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := RequestID(r.Context())
		if id == "" || id != w.Header().Get("x-amzn-RequestId") {
			t.Errorf("context has %q, header has %q", id, w.Header().Get("x-amzn-RequestId"))
		}
		seen[id] = true
	}), testOptions(quiet))
	for range 10 {
		request := httptest.NewRequest("GET", "/x", nil)
		request.Host = testHost
		request.Header.Set("x-amzn-RequestId", "of the client's choice")
		handler.ServeHTTP(httptest.NewRecorder(), request)
	}
	if len(seen) != 10 {
		t.Errorf("%d ids for 10 requests", len(seen))
	}
}

func TestRefusalsSpeakTheCallersLanguage(t *testing.T) {
	options := testOptions(quiet)
	address := startServer(t, answering, options)
	options.htmlError = func(w http.ResponseWriter, _ *http.Request, status int, requestID, message string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "our page %d %s %s", status, requestID, message)
	}
	withPages := startServer(t, answering, options)

	ask := func(address, accept string) (*http.Response, string) {
		return sendRaw(t, address, "GET /a//b HTTP/1.1\r\nHost: "+testHost+"\r\nAccept: "+accept+"\r\n\r\n")
	}
	response, body := ask(address, "*/*")
	var refusal errorBody
	if err := json.Unmarshal([]byte(body), &refusal); err != nil {
		t.Fatalf("body %q: %v", body, err)
	}
	want := errorBody{"InvalidRequestException", targetPath.message, "invalid_request", targetPath.message, response.Header.Get("x-amzn-RequestId")}
	if refusal != want || response.Header.Get("x-amzn-ErrorType") != "InvalidRequestException" || response.Header.Get("Content-Type") != "application/json" {
		t.Errorf("refusal %+v with headers %v, want %+v", refusal, response.Header, want)
	}

	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	response, body = ask(address, browser)
	if !strings.HasPrefix(body, "<!doctype html>") || !strings.Contains(body, response.Header.Get("x-amzn-RequestId")) || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		t.Errorf("a browser got %q", body)
	}
	response, body = ask(withPages, browser)
	if response.StatusCode != 400 || !strings.HasPrefix(body, "our page 400 "+response.Header.Get("x-amzn-RequestId")) || response.Header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("a browser got %d %q", response.StatusCode, body)
	}
}

func TestAcceptRanksPagesAndJSON(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                                   false,
		"*/*":                                false,
		"application/json":                   false,
		"text/html":                          true,
		"text/html,*/*;q=0.8":                true,
		"application/json, text/html":        false,
		"application/json;q=0.5, text/html":  true,
		"text/html;q=0, application/json":    false,
		"text/html;q=nonsense":               false,
		"text/html;level=1;q=0.9, */*;q=0.1": true,
		"text/html" + strings.Repeat(",a/b", 500): false,
	} {
		if got := prefersHTML(accept); got != want {
			t.Errorf("%.60q prefers HTML: %v, want %v", accept, got, want)
		}
	}
}

func TestAPanicIsAnsweredAndItsStackIsLogged(t *testing.T) {
	var out bytes.Buffer
	address := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "half=done")
		panic("deliberate\nwith a line end")
	}), testOptions(mustLogger(t, &out, "json", "info")))
	response, body := sendRaw(t, address, "GET /boom?code=hunter2 HTTP/1.1\r\nHost: "+testHost+"\r\nConnection: close\r\n\r\n")
	id := response.Header.Get("x-amzn-RequestId")
	switch {
	case response.StatusCode != 500, response.Header.Get("x-amzn-ErrorType") != "InternalServerException", !strings.Contains(body, id):
		t.Errorf("answered %d %v %s", response.StatusCode, response.Header, body)
	case response.Header.Get("Set-Cookie") != "":
		t.Error("the cookie of the failed handler was sent")
	case strings.Contains(body, "deliberate"), strings.Contains(body, "goroutine"), strings.Contains(body, ".go"):
		t.Errorf("the body tells about the inside: %s", body)
	}
	if again, _ := sendRaw(t, address, "GET /boom HTTP/1.1\r\nHost: "+testHost+"\r\nConnection: close\r\n\r\n"); again == nil || again.StatusCode != 500 {
		t.Error("the server did not survive")
	}
	log := out.String()
	if !strings.Contains(log, "hygiene_test.go") || !strings.Contains(log, id) || strings.Contains(log, "hunter2") {
		t.Errorf("the log lacks the stack or the id, or has the query: %s", log)
	}
}

func TestAPanicInTheMiddleOfAnAnswerCutsTheConnection(t *testing.T) {
	for _, value := range []any{"deliberate", http.ErrAbortHandler} {
		address := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(value)
		}), testOptions(quiet))
		response, err := http.DefaultTransport.RoundTrip(&http.Request{Method: "GET", Host: testHost, Header: http.Header{}, URL: &url.URL{Scheme: "http", Host: address, Path: "/x"}})
		if err != nil {
			t.Fatal(err) // the header was flushed
		}
		if _, err := io.ReadAll(response.Body); err == nil {
			t.Errorf("%v: the client took half an answer for all of it", value)
		}
		response.Body.Close()
	}
}

func TestTheAccessLogHasOneLineAndNoQuery(t *testing.T) {
	for _, c := range []struct {
		name, level, target string
		status              int
		want                bool
	}{
		{"an answer at debug", "debug", "/token?code=hunter2", 200, true},
		{"an answer at info", "info", "/token?code=hunter2", 200, false},
		{"a pending poll at info", "info", "/token", 400, false},
		{"a failure at info", "info", "/token?code=hunter2", 500, true},
		{"a refusal at info", "info", "/token//?code=hunter2", 400, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			handler := hygiene(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, "12345")
			}), testOptions(mustLogger(t, &out, "json", c.level)))
			request := httptest.NewRequest("POST", c.target, nil)
			request.Host = testHost
			response := httptest.NewRecorder()
			handler.ServeHTTP(response, request)
			if !c.want {
				if out.Len() > 0 {
					t.Errorf("logged %s", out.String())
				}
				return
			}
			var line struct {
				Method, Path, Remote string
				Status               int
				Bytes                int
				RequestID            string `json:"request_id"`
			}
			if err := json.Unmarshal(out.Bytes(), &line); err != nil {
				t.Fatalf("%q is not one JSON line: %v", out.String(), err)
			}
			if line.Method != "POST" || line.Status != c.status || line.Bytes != response.Body.Len() || line.Remote != "192.0.2.1" || line.RequestID != response.Header().Get("x-amzn-RequestId") {
				t.Errorf("logged %s", out.String())
			}
			if strings.Contains(out.String(), "hunter2") {
				t.Errorf("the query is in %s", out.String())
			}
		})
	}
}

func TestDateFollowsTheServersClock(t *testing.T) {
	options, moment := testOptions(quiet), testNow
	options.now = func() time.Time { return moment }
	handler := hygiene(answering, options)
	for _, want := range []string{"Wed, 02 Jan 2030 03:04:05 GMT", "Wed, 02 Jan 2030 03:14:05 GMT"} {
		request := httptest.NewRequest("GET", "/x", nil)
		request.Host = testHost
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		if got := response.Header().Get("Date"); got != want {
			t.Errorf("Date is %q, want %q", got, want)
		}
		moment = moment.Add(10 * time.Minute)
	}
}

func TestBodiesAreNotBuffered(t *testing.T) {
	address := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first := make([]byte, 1)
		_, _ = io.ReadFull(r.Body, first)
		_, _ = w.Write(first) // before the rest of the body was sent
	}), testOptions(quiet))
	response, body := sendRaw(t, address, "POST /x HTTP/1.1\r\nHost: "+testHost+"\r\nContent-Length: 100000\r\nConnection: close\r\n\r\na")
	if response == nil || body != "a" {
		t.Errorf("answered %v %q", response, body)
	}
}

func TestTheServerIsImpatient(t *testing.T) {
	server := newHTTPServer(answering, quiet)
	for name, timeout := range map[string]time.Duration{
		"ReadHeaderTimeout": server.ReadHeaderTimeout, "ReadTimeout": server.ReadTimeout, "WriteTimeout": server.WriteTimeout, "IdleTimeout": server.IdleTimeout,
	} {
		if timeout <= 0 || timeout > 2*time.Minute {
			t.Errorf("%s is %v", name, timeout)
		}
	}
}

func TestClientAddress(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"a stranger is who it is", "192.0.2.1:5", nil, "192.0.2.1"},
		{"a stranger's claims are not believed", "192.0.2.1:5", []string{"198.51.100.1"}, "192.0.2.1"},
		{"a proxy names its client", "10.0.0.1:5", []string{"198.51.100.1"}, "198.51.100.1"},
		{"what the client claimed before is ignored", "10.0.0.1:5", []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1"},
		{"a chain of proxies is walked", "10.0.0.1:5", []string{"203.0.113.9, 198.51.100.1, 10.0.0.7,fd00::2"}, "198.51.100.1"},
		{"several lines are one list", "10.0.0.1:5", []string{"203.0.113.9", "198.51.100.1, 10.0.0.7", "10.0.0.8"}, "198.51.100.1"},
		{"a chain of proxies only is its far end", "10.0.0.1:5", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"a proxy without the header is the client", "10.0.0.1:5", nil, "10.0.0.1"},
		{"an entry that is no address ends the walk", "10.0.0.1:5", []string{"198.51.100.1, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"an empty entry ends the walk", "10.0.0.1:5", []string{"198.51.100.1,"}, "10.0.0.1"},
		{"an entry with a port", "10.0.0.1:5", []string{"198.51.100.1:1234"}, "198.51.100.1"},
		{"an IPv6 entry in brackets", "10.0.0.1:5", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"an IPv6 entry with a port", "[fd00::1]:5", []string{"[2001:db8::1]:99"}, "2001:db8::1"},
		{"IPv4 inside IPv6 is IPv4", "[::ffff:10.0.0.1]:5", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"a zone is dropped", "[fe80::1%eth0]:5", nil, "fe80::1"},
		{"a peer without an address is nobody", "@", []string{"198.51.100.1"}, "invalid IP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			request := &http.Request{RemoteAddr: c.peer, Header: http.Header{"X-Forwarded-For": c.forwarded}}
			before := slices.Clone(c.forwarded)
			if got := clientAddr(request, trusted).String(); got != c.want {
				t.Errorf("client is %s, want %s", got, c.want)
			}
			if !slices.Equal(before, request.Header["X-Forwarded-For"]) {
				t.Errorf("the header became %q", request.Header["X-Forwarded-For"])
			}
		})
	}
}

func FuzzClientAddressIsNeverOfTheClientsChoice(f *testing.F) {
	for _, entry := range []string{"198.51.100.1", "10.0.0.1, 10.0.0.2", ",", "[::1]:1", "a\r\nb", "::ffff:1.2.3.4%x", strings.Repeat("10.0.0.1,", 100)} {
		f.Add(entry, "198.51.100.7")
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, claimed, appended string) {
		hop, err := netip.ParseAddr(appended)
		if err != nil || hop.Zone() != "" || trusted[0].Contains(hop.Unmap()) {
			return
		}
		stranger := &http.Request{RemoteAddr: "192.0.2.1:5", Header: http.Header{"X-Forwarded-For": {claimed}}}
		if got := clientAddr(stranger, trusted); got != netip.MustParseAddr("192.0.2.1") {
			t.Errorf("a stranger became %v by claiming %q", got, claimed)
		}
		proxied := &http.Request{RemoteAddr: "10.0.0.1:5", Header: http.Header{"X-Forwarded-For": {claimed + ", " + appended}}}
		if got := clientAddr(proxied, trusted); got != hop.Unmap() {
			t.Errorf("behind a proxy that saw %v the client became %v by claiming %q", hop, got, claimed)
		}
	})
}

func FuzzWhatPassesIsCanonical(f *testing.F) {
	for _, target := range []string{"/", "/a/../b", "/a%2e", "/a?b=c&d=%20", "//", "/%", "/a;b", "/.../..", "/a/.", "*", "http://a/", "/é", "/a#b", "/%c3%a9"} {
		f.Add(target)
	}
	for _, target := range vectors.URLs(f) {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		parsed, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		request := &http.Request{Method: "GET", RequestURI: target, URL: parsed, Host: testHost}
		handler := &hygieneHandler{hygieneOptions: testOptions(quiet)}
		if handler.refusal(request) != nil {
			return
		}
		if _, err := url.ParseQuery(parsed.RawQuery); err != nil {
			t.Errorf("%q passed with a query that does not parse: %v", target, err)
		}
		for _, values := range parsed.Query() {
			if len(values) != 1 {
				t.Errorf("%q passed with a repeated parameter", target)
			}
		}
		if cleaned := cleanPath(parsed.Path); cleaned != parsed.Path {
			t.Errorf("%q passed with the path %q, which a router cleans to %q", target, parsed.Path, cleaned)
		}
		if strings.ContainsAny(parsed.Path, "\\\x00\r\n\x7f") || strings.Count(parsed.Path, "/") != strings.Count(parsed.EscapedPath(), "/") {
			t.Errorf("%q passed with the path %q", target, parsed.Path)
		}
	})
}

// cleanPath is what http.ServeMux redirects to.
func cleanPath(path string) string {
	mux := http.NewServeMux()
	mux.Handle("/", answering)
	response := httptest.NewRecorder()
	request := &http.Request{Method: "GET", URL: &url.URL{Path: path}, Host: testHost}
	mux.ServeHTTP(response, request)
	if location, err := url.Parse(response.Header().Get("Location")); err == nil && location.Path != "" {
		return location.Path
	}
	return path
}

// discardResponse is the cheapest ResponseWriter, so that the benchmark measures the hygiene.
type discardResponse struct{ header http.Header }

func (d *discardResponse) Header() http.Header         { return d.header }
func (d *discardResponse) Write(b []byte) (int, error) { return len(b), nil }
func (d *discardResponse) WriteHeader(int)             {}

// BenchmarkHygiene measures what every poll pays, the common headers included: the goal is less than 1.5 µs.
func BenchmarkHygiene(b *testing.B) {
	body := []byte(`{"error":"authorization_pending"}`)
	handler := hygiene(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()[contentTypeHeader] = []string{"application/json"}
		w.WriteHeader(400)
		_, _ = w.Write(body)
	}), testOptions(mustLogger(b, &bytes.Buffer{}, "text", "info")))
	request := httptest.NewRequest("POST", "/token", nil)
	request.Host = testHost
	for name, value := range map[string]string{"User-Agent": "x", "Accept-Encoding": "identity", "Content-Type": "application/json", "Content-Length": "300", "Amz-Sdk-Invocation-Id": "x", "Amz-Sdk-Request": "x", "Connection": "keep-alive"} {
		request.Header.Set(name, value)
	}
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(&discardResponse{http.Header{}}, request)
	}
}
