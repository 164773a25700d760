package attacks

import (
	"bytes"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
)

// publicRequests are those of registered clients and of the portal.
var publicRequests = map[string]requestCase{
	"register-name-spoof": {check: func(w *world, f *stage, a answer) {
		w.refused(a, 400, "InvalidClientMetadataException")
		for _, name := range []string{"AWS\u200b CLI", "a\u2066b", "AWS\nCLI", "AWS\x00", "AWS\u00ad", "\u2028", "\ufeffAWS"} {
			w.refused(w.post("/client/register", publicClient.with(members{"clientName": name})), 400, "InvalidClientMetadataException")
		}
		b := w.as("alice")
		p, _ := b.devicePage(w.start(w.register(members{"clientName": "AWS CLI (official)"})))
		b.says(p, "AWS CLI (official)", "self-declared name")
	}},
	"register-redirect-many": {
		template: func(t *template) {
			many := make([]any, 10_000) // short enough for the body to be read: the count is what is refused
			for i := range many {
				many[i] = "a"
			}
			t.JSON.(map[string]any)["redirectUris"] = many
		},
		check: func(w *world, f *stage, a answer) {
			w.refused(w.post("/client/register", publicClient.with(members{"redirectUris": redirectURIs(11)})), 400, "InvalidRequestException")
			w.want(200, w.post("/client/register", publicClient.with(members{"redirectUris": redirectURIs(10)})))
			whole := w.post("/client/register", publicClient.with(members{"redirectUris": redirectURIs(10_000)}))
			w.refusedBy(whole, 400, 413) // longer than a body may be
		},
	},
	"register-issuer-foreign": {check: func(w *world, f *stage, a answer) {
		trap := w.trap()
		w.refused(w.post("/client/register", publicClient.with(members{"issuerUrl": trap.url})), 400, "InvalidRequestException")
		trap.unvisited()
	}},
	"register-arn-forged": {check: func(w *world, f *stage, a answer) {
		own := strings.Replace(w.server.InstanceARN, "instance/", "111122223333:application/", 1) + "/apl-1"
		w.alike("the ARN of an application", a, w.post("/client/register", publicClient.with(members{"entitledApplicationArn": own})))
	}},

	"device-poll-pending": {check: func(w *world, f *stage, a answer) {
		before := f.sent() // the second of the burst that clients may send
		b := w.as("bob")
		b.devicePage(f.device)
		w.alike("a code that was typed and one that was not", before, f.sent())
	}},
	"device-code-other-client": {check: func(w *world, f *stage, a answer) {
		unknown := strings.Repeat("0", len(f.device.code))
		w.alike("another's device code and an unknown one", a, w.poll(f.other, device{code: unknown}))
		w.decide(f.device, "alice", "approve")
		w.alike("another's approved device code and an unknown one", f.sent(), w.poll(f.other, device{code: unknown}))
		w.want(200, w.poll(f.client, f.device))
	}},
	"device-code-as-usercode": {check: func(w *world, f *stage, a answer) {
		w.decide(f.device, "alice", "approve")
		w.refused(f.sent(), 400, "InvalidGrantException")
		w.want(200, w.poll(f.client, f.device))
	}},
	"device-grant-disabled": {flags: []string{"--device-grant=false"}, check: func(w *world, f *stage, a answer) {
		// Two nodes on one store: the one with the grant starts and approves, the other one has it switched off and honours nothing.
		on := w.beside()
		c := on.register()
		pending, approved := on.start(c), on.start(c)
		on.decide(approved, "alice", "approve")
		w.refused(w.poll(c, pending), 400, "UnauthorizedClientException")
		w.refused(w.poll(c, approved), 400, "UnauthorizedClientException")
	}},
	"device-scope-escalation": {check: func(w *world, f *stage, a answer) {
		wanted := pollRequest(f.client, f.device).with(members{"scope": []string{"sso:account:access", "admin:all"}})
		w.refused(w.post("/token", wanted), 400, "InvalidScopeException")
		w.decide(f.device, "alice", "approve")
		w.refused(f.sent(), 400, "InvalidScopeException")
		w.refused(w.post("/token", wanted), 400, "InvalidScopeException")
		w.want(200, w.poll(f.client, f.device))
	}},

	"code-redirect-mismatch": {check: func(w *world, f *stage, a answer) {
		for _, to := range []string{`https://evil.example.test/"><script>alert(1)</script>`, "javascript:alert(1)", "http://127.0.0.1/other"} {
			f.lastQuery.Set("redirect_uri", to)
			page := w.refused(w.get("/authorize?"+f.lastQuery.Encode()), 400, "InvalidRequestException")
			if page.header.Get("Location") != "" || bytes.Contains(page.body, []byte("<script>")) {
				w.t.Errorf("%q: %s", to, page)
			}
		}
	}},
	"code-redirect-missing": {check: func(w *world, f *stage, a answer) {
		two := w.register(members{"redirectUris": []string{"https://a.example.test/cb", "https://b.example.test/cb"}})
		page := w.get("/authorize?" + authorizeQuery(two, map[string]string{"redirect_uri": ""}).Encode())
		if w.refused(page, 400, "InvalidRequestException"); page.header.Get("Location") != "" {
			w.t.Errorf("went to %s", page)
		}
	}},
	"code-pkce-downgrade":   {check: codeStays},
	"code-other-client":     {check: codeStays},
	"code-redirect-differs": {check: codeStays},
	"code-pkce-wrong": {check: func(w *world, f *stage, a answer) {
		w.refused(f.sent(), 400, "InvalidGrantException")
		codeStays(w, f, a) // after two wrong proofs
		c, burnt := f.client, w.code(f.client, "alice", nil)
		for range 3 {
			w.refused(w.post("/token", redeemRequest(c, burnt).with(members{"codeVerifier": strings.Repeat("x", 43)})), 400, "InvalidGrantException")
		}
		w.refused(w.redeem(c, burnt), 400, "InvalidGrantException")
	}},
	"code-state-echo": {
		arrange: func(w *world, f *stage) { f.browser = w.consented(f.owner()) },
		check: func(w *world, f *stage, a answer) {
			to := a.location(w.t)
			query, err := url.ParseQuery(to.RawQuery)
			if err != nil || len(query) != 2 || query.Get("state") != f.lastQuery.Get("state") || to.Fragment != "" || query.Get("code") == "evil" {
				w.t.Errorf("the client would read %q", query)
			}
			if a.header.Get("Set-Cookie") != "" || strings.ContainsAny(a.header.Get("Location"), "\r\n\"<> ") {
				w.t.Errorf("the header is %q", a.header)
			}
		},
	},
	"code-state-long": {check: func(w *world, f *stage, a answer) {
		if a.status == 400 && !a.isPage() {
			w.t.Errorf("no page: %s", a)
		}
		// What is taken comes back whole.
		c := f.owner()
		b := w.consented(c)
		whole := strings.Repeat("s", 2048)
		taken := b.send("GET", "/authorize?"+authorizeQuery(c, map[string]string{"state": whole}).Encode(), nil, nil)
		if taken.status != 302 || taken.location(w.t).Query().Get("state") != whole {
			w.t.Errorf("a state of 2048 bytes: %s", taken)
		}
	}},
	"code-request-object": {check: func(w *world, f *stage, a answer) {
		trap := w.trap()
		f.lastQuery.Set("request_uri", trap.url)
		w.refusedBy(w.get("/authorize?"+f.lastQuery.Encode()), 302)
		f.lastQuery.Del("request_uri")
		f.lastQuery.Set("request", "eyJhbGciOiJub25lIn0.e30.")
		if object := w.get("/authorize?" + f.lastQuery.Encode()); object.location(w.t).Query().Get("error") != "request_not_supported" {
			w.t.Errorf("a request object: %s", object)
		}
		trap.unvisited()
	}},
	"code-authorize-post": {check: func(w *world, f *stage, a answer) {
		// Whatever the answer is to a POST, nobody is sent on with a code.
		b := w.consented(f.owner())
		f.browser = b
		again := f.sent()
		if again.status == 405 && !strings.Contains(again.header.Get("Allow"), "GET") || strings.Contains(again.header.Get("Location"), "code=") {
			w.t.Errorf("a POST of somebody who agreed before: %s", again)
		}
	}},
	"code-authorize-prefetch": {
		// With a remembered consent, where a request that is looked at is answered with a code at once.
		arrange: func(w *world, f *stage) { f.browser = w.consented(f.owner()) },
		check: func(w *world, f *stage, a answer) {
			for _, purpose := range []string{"prefetch", "prefetch;prerender", "PREFETCH"} {
				ahead := f.browser.send("GET", "/authorize?"+f.lastQuery.Encode(), map[string]string{"Sec-Purpose": purpose}, nil)
				if strings.Contains(ahead.header.Get("Location"), "code=") {
					w.t.Errorf("%s: %s", purpose, ahead)
				}
			}
			head := f.browser.send("HEAD", "/authorize?"+f.lastQuery.Encode(), nil, nil)
			if strings.Contains(head.header.Get("Location"), "code=") {
				w.t.Errorf("HEAD: %s", head)
			}
			if seen := f.browser.send("GET", "/authorize?"+f.lastQuery.Encode(), nil, nil); !strings.Contains(seen.header.Get("Location"), "code=") {
				w.t.Errorf("the same request, looked at: %s", seen)
			}
		},
	},

	"token-grant-not-registered": {arrange: func(w *world, f *stage) {
		f.client = w.register(members{"grantTypes": []string{grantDevice}})
		f.tokens.refresh, f.tokens.access = w.login(w.register(), "alice").refresh, "-"
	}},
	"token-secret-of-other": {check: func(w *world, f *stage, a answer) {
		w.decide(f.device, "alice", "approve")
		w.refused(f.sent(), 401, "InvalidClientException")
		w.want(200, w.poll(f.client, f.device))
	}},
	"token-cache": {check: func(w *world, f *stage, a answer) {
		w.decide(f.device, "alice", "approve")
		for _, x := range []answer{a, w.want(200, f.sent()), w.refused(f.sent(), 400, "InvalidGrantException")} {
			if x.header.Get("Cache-Control") != "no-store" {
				w.t.Errorf("may be cached: %s", x)
			}
		}
	}},
	"token-cors": {check: func(w *world, f *stage, a answer) {
		for _, origin := range []string{"null", w.server.Endpoint, "https://evil.example.test"} {
			header := map[string]string{"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
			w.refused(w.send("OPTIONS", "/token", header, nil), 405, "UnknownOperationException") // no header of CORS: seen by watch
		}
	}},
	"token-err-reflect": {check: func(w *world, f *stage, a answer) {
		if !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") || bytes.Contains(a.body, []byte("alert")) {
			w.t.Errorf("the request is reflected: %s", a)
		}
	}},

	"portal-bad-token": {check: func(w *world, f *stage, a answer) {
		for _, token := range []string{"x", "AAAAAAAAAAAAAAAAAAAA", "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9", f.session().access + f.session().access} {
			w.refused(w.accounts(token), 401, "UnauthorizedException")
		}
		w.refusedBy(w.accounts(""), 400, 401)
		w.refusedBy(w.get("/assignment/accounts"), 400, 401)
	}},
	"portal-expired": {flags: []string{}, check: func(w *world, f *stage, a answer) {
		w.refused(w.credentials(f.tokens.access, "111122223333", "AdministratorAccess"), 401, "UnauthorizedException")
	}},
	"portal-account-foreign": {check: func(w *world, f *stage, a answer) {
		// alice holds nothing of DeveloperAccess, which exists; nobody holds anything in an account that does not.
		w.alike("a role that is not theirs and one that is not there", a, w.credentials(f.tokens.access, "222233334444", "DeveloperAccess"))
	}},
	"portal-role-foreign": {check: func(w *world, f *stage, a answer) {
		w.alike("a role that is not there and one that is not theirs", a, w.credentials(f.tokens.access, "111122223333", "ReadOnlyAccess"))
	}},
	"portal-dup-param": {check: func(w *world, f *stage, a answer) {
		twice := w.send("GET", "/federation/credentials?account_id=111122223333&role_name=Admin&role_name=Admin", bearer(f.tokens.access), nil)
		w.refused(twice, 400, "InvalidRequestException")
	}},
	"portal-page-forged": {check: forgedPages},
	"portal-creds-cache": {check: func(w *world, f *stage, a answer) {
		if a.header.Get("Cache-Control") != "no-store" || !bytes.Contains(a.body, []byte("sessionToken")) {
			w.t.Errorf("may be cached: %q", a.header)
		}
	}},
	"portal-cors": {check: func(w *world, f *stage, a answer) {
		header := bearer(f.tokens.access)
		header["Origin"] = "https://evil.example.test"
		w.want(200, w.send("GET", "/assignment/accounts", header, nil)) // no header of CORS: seen by watch
	}},
	"refresh-access-as-refresh": {check: func(w *world, f *stage, a answer) {
		w.want(200, w.refresh(f.client, f.tokens.refresh))
		w.refused(w.refresh(f.client, f.tokens.access[:len(f.tokens.access)/2]+f.tokens.refresh[len(f.tokens.refresh)/2:]), 400, "InvalidGrantException")
	}},
	"refresh-refresh-as-access": {check: func(w *world, f *stage, a answer) {
		w.want(200, w.accounts(f.tokens.access))
	}},
}

func redirectURIs(n int) []string {
	uris := make([]string, n)
	for i := range uris {
		uris[i] = "http://127.0.0.1/" + strings.Repeat("x", i%50)
	}
	return uris
}

// codeStays says that a refused redemption by somebody else leaves the code to its owner.
func codeStays(w *world, f *stage, _ answer) {
	w.t.Helper()
	w.want(200, w.redeem(f.client, f.code))
}

// consented is the browser of somebody who agreed for good to what the client asks for.
func (w *world) consented(c registration) *browser {
	w.t.Helper()
	b := w.as("alice")
	_, f := b.consentPage(c, nil)
	if a := b.post(f, "decision", "approve", "remember", "yes"); a.status != 303 {
		w.t.Fatalf("consent: %s", a)
	}
	return b
}

// forgedPages tries next tokens of other people, other lists, and other bytes.
func forgedPages(w *world, f *stage, _ answer) {
	list := func(token, path, next string) answer {
		return w.send("GET", path+"max_result=1&next_token="+url.QueryEscape(next), bearer(token), nil)
	}
	first := w.want(200, w.send("GET", "/assignment/accounts?max_result=1", bearer(f.tokens.access), nil)).member("nextToken")
	bob := w.login(w.register(), "bob")
	w.want(200, list(f.tokens.access, "/assignment/accounts?", first))
	forged := map[string]answer{
		"another person":      list(bob.access, "/assignment/accounts?", first),
		"another list":        list(f.tokens.access, "/assignment/roles?account_id=111122223333&", first),
		"a changed end":       list(f.tokens.access, "/assignment/accounts?", first[:len(first)-2]+"AA"),
		"a shortened one":     list(f.tokens.access, "/assignment/accounts?", first[:len(first)-1]),
		"SQL":                 list(f.tokens.access, "/assignment/accounts?", "' OR 1=1 --"),
		"a token as a cursor": list(f.tokens.access, "/assignment/accounts?", f.tokens.access),
	}
	for what, a := range forged {
		w.t.Log(what)
		w.refused(a, 400, "InvalidRequestException")
	}
}

// trap is an address that nobody may fetch.
type trap struct {
	w      *world
	url    string
	visits atomic.Int32
	close  func()
}

func (w *world) trap() *trap {
	w.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	t := &trap{w: w, url: "http://" + listener.Addr().String() + "/latest/meta-data"}
	t.close = func() { listener.Close() }
	w.t.Cleanup(t.close)
	go func() {
		for {
			visitor, err := listener.Accept()
			if err != nil {
				return
			}
			t.visits.Add(1)
			visitor.Close()
		}
	}()
	return t
}

// unvisited fails the entry if somebody came. A server that fetches does so before it answers.
func (t *trap) unvisited() {
	t.w.t.Helper()
	if n := t.visits.Load(); n > 0 {
		t.w.t.Errorf("the server fetched an address that it was given, %d times", n)
	}
	t.close()
}
