package attacks

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"fmt"
	"strings"
)

var httpSteps = map[string]attack{
	"http-big-header": func(w *world) {
		for what, lines := range map[string]string{
			"1 MB in one":    "X-Big: " + strings.Repeat("a", 1<<20) + "\r\n",
			"10,000 headers": strings.Repeat("X-Many: a\r\n", 10_000),
			"201 headers":    strings.Repeat("X-Many: a\r\n", 201),
			"10,000 cookies": "Cookie: " + strings.Repeat("a=b; ", 10_000) + "\r\n",
			"many cookies":   "Cookie: " + strings.Repeat("a=b; ", 9_000) + "\r\n",
			"cookie lines":   strings.Repeat("Cookie: a=b\r\n", 250),
		} {
			w.rawRefused(what, "GET /start HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n"+lines+"\r\n", "431")
		}
	},
	"http-te-cl": func(w *world) {
		const head, smuggled = "POST /token HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\n", "GET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n"
		const chunked = "5\r\n{}   \r\n0\r\n\r\n"
		for what, request := range map[string]string{
			"chunked":                            "Transfer-Encoding: chunked\r\n\r\n" + chunked,
			"a length and chunks":                "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
			"chunks and a length":                "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + chunked,
			"two lengths":                        "Content-Length: 2\r\nContent-Length: 0\r\n\r\n{}",
			"two lengths in one":                 "Content-Length: 2, 0\r\n\r\n{}",
			"a signed length":                    "Content-Length: +2\r\n\r\n{}",
			"a negative length":                  "Content-Length: -2\r\n\r\n{}",
			"a hexadecimal length":               "Content-Length: 0x2\r\n\r\n{}",
			"no number":                          "Content-Length: two\r\n\r\n{}",
			"a huge length":                      "Content-Length: 99999999999999999999\r\n\r\n{}",
			"a blank before the colon":           "Content-Length : 2\r\n\r\n{}",
			"a blank before the colon of chunks": "Transfer-Encoding : chunked\r\n\r\n" + chunked,
			"chunked in other letter case":       "Transfer-Encoding: cHuNkEd\r\n\r\n" + chunked,
			"chunked with a tab":                 "Transfer-Encoding:\tchunked\r\n\r\n" + chunked,
			"chunked on a folded line":           "Transfer-Encoding:\r\n chunked\r\n\r\n" + chunked,
			"chunks with a bare LF":              "Transfer-Encoding: chunked\r\n\r\n5\n{}   \n0\n\n",
			"chunk extensions":                   "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\n{}   \r\n0\r\n\r\n",
			"a bare CR in a header":              "X-Bare: a\rContent-Length: 2\r\n\r\n{}",
			"a NUL in a header":                  "X-Nul: a\x00b\r\n\r\n",
			"a NUL in a name":                    "X-N\x00l: a\r\n\r\n",
			"a line without a colon":             "X-Nothing\r\n\r\n",
			"an empty name":                      ": a\r\n\r\n",
			"a folded first line":                " X-Folded: a\r\n\r\n",
		} {
			first := head
			if what == "a folded first line" {
				first = "POST /token HTTP/1.1\r\n"
				request = " Host: HOST\r\n\r\n"
			}
			w.rawRefused(what, first+request+smuggled, "400")
		}
		// Codings that nobody knows: net/http answers 501 as RFC 9112 §6.1 asks, and ends the connection.
		for what, coding := range map[string]string{
			"another coding": "gzip", "two codings": "gzip, chunked", "chunked inside": "chunked, gzip", "a misspelt coding": "xchunked",
			"identity": "identity", "chunked twice": "chunked, chunked", "two lines": "chunked\r\nTransfer-Encoding: identity",
		} {
			w.rawRefused(what, head+"Transfer-Encoding: "+coding+"\r\n\r\n"+chunked+smuggled, "400|501")
		}
		// HTTP/1.0 has no chunks: the request ends with its headers, and nothing behind it is taken for another one.
		old := w.raw("POST /token HTTP/1.0\r\nHost: HOST\r\nContent-Type: application/json\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked + smuggled)
		if len(old.statuses) != 1 || old.statuses[0] != "400" || !old.closed {
			w.t.Errorf("chunks in HTTP/1.0: %v, closed %v: %s", old.statuses, old.closed, old.text)
		}
	},
	"http-h2c-upgrade": func(w *world) {
		header := "Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"
		a := w.raw("GET /healthz HTTP/1.1\r\nHost: HOST\r\n" + header)
		if len(a.statuses) != 1 || a.statuses[0] != "200" || strings.Contains(a.text, "Upgrade:") {
			w.t.Errorf("an upgrade: %s", a.text)
		}
		w.rawRefused("a preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400|505")
	},
	"http-connect": func(w *world) {
		for _, line := range []string{
			"CONNECT evil.example.test:443", "CONNECT HOST", "CONNECT /token", "GET http://HOST/healthz", "GET http://evil.example.test/", "OPTIONS *", "GET *",
			"GET healthz", "GET ?a", "GET //healthz", "GET /a/../healthz", "GET /%2e%2e/healthz", "GET /healthz%2f", "GET /a\\b", "GET /a;b", "GET /./healthz",
			"GET https://HOST/healthz", "GET @HOST/healthz", "GET /healthz#x",
		} {
			w.rawRefused(line, line+" HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", "400")
		}
		w.rawRefused("two hosts", "GET /healthz HTTP/1.1\r\nHost: HOST\r\nHost: evil.example.test\r\n\r\n", "400")
		w.rawRefused("no host", "GET /healthz HTTP/1.1\r\n\r\n", "400")
	},
	"http-hop-headers": func(w *world) {
		direct, proxied := w.another(proxyElsewhere), w.another("--trusted-proxies=127.0.0.1")
		shown := func(w *world, header map[string]string) string {
			w.t.Helper()
			header["Content-Type"], header["User-Agent"] = "application/json", "hops/1"
			d := w.startFrom(w.register(), header)
			p, _ := w.as("alice").devicePage(d)
			for _, address := range []string{"203.0.113.9", "198.51.100.1", "192.0.2.200", "127.0.0.1"} {
				if strings.Contains(string(p.body), "<code>"+address+"</code>") {
					return address
				}
			}
			return "nothing"
		}
		others := func() map[string]string {
			return map[string]string{
				"X-Real-Ip": "198.51.100.1", "Forwarded": "for=198.51.100.1", "True-Client-Ip": "198.51.100.1", "X-Client-Ip": "198.51.100.1",
				"Cf-Connecting-Ip": "198.51.100.1",
			}
		}
		with := func(header map[string]string, name, value string) map[string]string {
			header[name] = value
			return header
		}
		for what, c := range map[string]struct {
			w      *world
			header map[string]string
			want   string
		}{
			"without a proxy no header counts": {direct, with(others(), "X-Forwarded-For", "203.0.113.9"), "127.0.0.1"},
			"other headers never count":        {proxied, others(), "127.0.0.1"},
			"the proxy's header counts":        {proxied, with(others(), "X-Forwarded-For", "203.0.113.9"), "203.0.113.9"},
			"of its entries the last":          {proxied, with(others(), "X-Forwarded-For", "192.0.2.200, 203.0.113.9"), "203.0.113.9"},
			"Connection cannot strip it":       {proxied, with(with(others(), "X-Forwarded-For", "203.0.113.9"), "Connection", "X-Forwarded-For, X-Real-Ip"), "203.0.113.9"},
			"what is no address counts not":    {proxied, with(others(), "X-Forwarded-For", "203.0.113.9, evil"), "127.0.0.1"},
		} {
			if got := shown(c.w, c.header); got != c.want {
				w.t.Errorf("%s: the requester is at %s, want %s", what, got, c.want)
			}
		}
		session := direct.login(direct.register(), "alice")
		header := bearer(session.access)
		header["Connection"] = "x-amz-sso_bearer_token, Authorization"
		w.want(200, direct.send("GET", "/assignment/accounts", header, nil))
	},
	"http-crlf": func(w *world) {
		b := w.as("alice")
		c := w.register()
		const inject = "%0d%0aSet-Cookie:%20evil=1%0d%0a%0d%0a<script>alert(1)</script>%00"
		query := strings.Replace(authorizeQuery(c, map[string]string{"state": "STATE"}).Encode(), "STATE", inject, 1)
		for _, target := range []string{
			"/authorize?" + query, "/authorize?" + strings.Replace(query, "response_type=code", "response_type=token", 1), "/authorize?client_id=" + inject,
			"/device?user_code=" + inject, "/device?done=" + inject, "/signin?continue=" + inject, "/signin?continue=device." + inject, "/consent?request=" + inject,
			"/start?page=" + inject, "/" + inject, "/static/" + inject, "/assignment/accounts?next_token=" + inject, "/nothing?x=" + inject,
			"/.well-known/" + inject,
		} {
			for _, sender := range []*browser{w.browser(), b} {
				a := sender.send("GET", target, bearer("x"), nil)
				for _, cookie := range a.header["Set-Cookie"] {
					if strings.Contains(cookie, "evil") {
						w.t.Errorf("%s: a header was split: %q", target, a.header)
					}
				}
				if bytes.Contains(a.body, []byte("<script>")) || bytes.Contains(a.body, []byte{0}) {
					w.t.Errorf("%s: reflected: %s", target, a)
				}
			}
		}
		for what, request := range map[string]string{
			"a raw CR LF in the target": "GET /healthz?a=b\r\nX: y HTTP/1.1\r\nHost: HOST\r\n\r\n", "a raw NUL": "GET /healthz?\x00 HTTP/1.1\r\nHost: HOST\r\n\r\n",
			"a raw CR": "GET /healthz?a\rb HTTP/1.1\r\nHost: HOST\r\n\r\n", "a raw LF in a header": "GET /healthz HTTP/1.1\r\nHost: HOST\r\nX: a\nb\r\n\r\n",
		} {
			w.rawRefused(what, request, "400")
		}
	},
	"http-unicode-host": func(w *world) {
		_, port, _ := strings.Cut(w.host(), ":")
		for _, host := range []string{
			"evil.example.test", "evil.example.test:" + port, "127.0.0.1", "127.0.0.1:1", "LOCALHOST:" + port, "localhost.:" + port, "127.0.0.1.:" + port,
			"127.1:" + port, "2130706433:" + port, "0x7f.0.0.1:" + port, "127.0.0.1:0" + port, "127.0.0.1:" + port + ":80", "loc\u0430lhost:" + port, "xn--lochost-5fg:" + port,
			"[::ffff:127.0.0.1]:" + port, "localhost:" + port + ",evil.example.test", "evil.example.test#localhost:" + port, "user@127.0.0.1:" + port, "",
		} {
			w.rawRefused(fmt.Sprintf("%q", host), "GET /start HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n", "421|400")
			w.rawRefused(fmt.Sprintf("%q", host), "GET /_dev/state HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n", "421|400")
		}
		w = w.another(proxyElsewhere)
		_, port, _ = strings.Cut(w.host(), ":")
		a := w.raw("GET /signin HTTP/1.1\r\nHost: localhost:" + port + "\r\nX-Forwarded-Host: evil.example.test\r\nConnection: close\r\n\r\n")
		if len(a.statuses) != 1 || a.statuses[0] != "200" || strings.Contains(a.text, "evil.example.test") {
			w.t.Errorf("an honest host: %s", a.text)
		}
	},
	"http-gzip-req": func(w *world) {
		var bomb bytes.Buffer
		packer := gzip.NewWriter(&bomb)
		if _, err := packer.Write(make([]byte, 10<<20)); err != nil {
			w.t.Fatal(err)
		}
		if err := packer.Close(); err != nil {
			w.t.Fatal(err)
		}
		for _, coding := range []string{"gzip", "x-gzip", "deflate", "br", "zstd", "identity, gzip"} {
			for _, path := range []string{"/token", "/introspect", "/signin", "/"} {
				w.refused(w.send("POST", path, map[string]string{"Content-Type": "application/json", "Content-Encoding": coding}, bomb.Bytes()), 415, "InvalidRequestException")
			}
		}
	},
	"http-range": func(w *world) {
		sheet := w.styleSheet()
		whole := w.want(200, w.get(sheet))
		ranges := "bytes=0-"
		for n := range 1000 {
			ranges += fmt.Sprintf(",%d-%d", n, n+1)
		}
		for _, header := range []string{ranges, "bytes=0-0", "bytes=-1", "bytes=99999999-", "bytes=1-0", "lines=1-2"} {
			a := w.send("GET", sheet, map[string]string{"Range": header}, nil)
			if w.refusedBy(a, 200, 416); len(a.body) > len(whole.body) {
				w.t.Errorf("%.30s: %d bytes", header, len(a.body))
			}
		}
	},
	"http-panic": func(w *world) {
		w = w.another()
		*w.broken = true
		c := w.register()
		d := w.start(c)
		w.decide(d, "alice", "approve")
		w.control(200, "/_dev/fault", members{"operation": "CreateToken", "exception": "panic"}, nil)
		a := w.refused(w.poll(c, d), 500, "InternalServerException")
		id := a.header.Get("X-Amzn-Requestid")
		if a.member("requestId") != id {
			w.t.Errorf("the body lacks the request id: %s", a)
		}
		w.logs("a handler panicked", "goroutine ", id)
		w.want(200, w.poll(c, d)) // nothing was spent, nothing is locked, the process is up
		w.want(200, w.get("/readyz"))
	},
	"http-hash-collision": func(w *world) {
		var object, form strings.Builder
		object.WriteString("{")
		for n := range 5000 {
			fmt.Fprintf(&object, `"%04x":1,`, n)
			fmt.Fprintf(&form, "%04x=1&", n)
		}
		object.WriteString(`"z":1}`)
		w.refused(w.send("POST", "/token", asJSON, []byte(object.String())), 400, "InvalidRequestException")
		asForm := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
		for _, path := range []string{"/introspect", "/revoke", "/", "/signin", "/device/decision", "/consent"} {
			w.refusedBy(w.send("POST", path, asForm, []byte(form.String())), 400, 403)
		}
		w.refused(w.get("/healthz?"+strings.TrimRight(form.String()[:1400], "&")), 400, "InvalidRequestException")
		var lines strings.Builder
		for n := range 5000 {
			fmt.Fprintf(&lines, "X-%04x: 1\r\n", n)
		}
		w.rawRefused("headers", "GET /start HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n"+lines.String()+"\r\n", "431")
	},
	"http-regex": func(w *world) {
		c := w.register()
		session := w.login(c, "alice")
		long, query := strings.Repeat("a", 60_000), strings.Repeat("1", 15_000) // as much as is read of a body and of a target
		w.unchanged("long inputs", func() {
			for _, name := range []string{"clientName", "clientType", "issuerUrl", "entitledApplicationArn"} {
				w.refusedBy(w.post("/client/register", publicClient.with(members{name: long})), 400)
			}
			for _, name := range []string{"scopes", "redirectUris", "grantTypes"} {
				w.refusedBy(w.post("/client/register", publicClient.with(members{name: []string{long}})), 400)
			}
			for _, name := range []string{"clientId", "clientSecret", "grantType", "deviceCode"} {
				w.refusedBy(w.post("/token", pollRequest(c, device{code: "a"}).with(members{name: long})), 400, 401)
			}
			w.refusedBy(w.post("/token", redeemRequest(c, long)), 400)
			w.refusedBy(w.post("/token", redeemRequest(c, "a").with(members{"codeVerifier": long})), 400)
			w.refusedBy(w.refresh(c, long), 400)
			w.refusedBy(w.post("/device_authorization", w.startRequest(c).with(members{"startUrl": long})), 400)
			w.refusedBy(w.credentials(session.access, query, "Admin"), 400)
			w.refusedBy(w.credentials(session.access, "111122223333", query), 400, 403)
			w.refusedBy(w.send("GET", "/assignment/accounts?next_token="+query, bearer(session.access), nil), 400)
			w.refusedBy(w.send("GET", "/assignment/accounts?max_result="+query, bearer(session.access), nil), 400)
			for name := range authorizeQuery(c, nil) {
				if name != "state" {
					a := w.get("/authorize?" + authorizeQuery(c, map[string]string{name: query[:8000]}).Encode())
					w.refusedBy(a, 302, 400)
				}
			}
			for _, path := range []string{"/token", "/client/register", "/device_authorization"} {
				w.refusedBy(w.send("POST", path, asJSON, []byte(`{"clientId":"`+strings.Repeat("a", 1<<20)+`"}`)), 413)
			}
			w.refusedBy(w.get("/authorize?state="+strings.Repeat("a", 20_000)), 414)
		})
	},
	"http-time-parse": func(w *world) {
		c := w.register()
		for _, date := range []string{
			"99991231T235959Z", "00000000T000000Z", "20260230T000000Z", "20261231T235960Z", "20260101T000000+0100", "20260101T000000z", "2026-01-01T00:00:00Z",
			"Thu, 01 Jan 2026 00:00:00 GMT", "+20260101T00000Z", "292277026596-12-04T15:30:07Z", "1767225600", "", "\u0662\u0660\u0662\u0666",
		} {
			header := map[string]string{
				"Content-Type": "application/x-www-form-urlencoded", "X-Amz-Date": date,
				"Authorization": "AWS4-HMAC-SHA256 Credential=" + w.server.Admin.AccessKeyID + "/20260101/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + strings.Repeat("0", 64),
			}
			// What is a date, but not today's, is refused as a signature is.
			w.refusedBy(w.send("POST", "/", header, []byte("Action=GetCallerIdentity&Version=2011-06-15")), 400, 403)
			for _, name := range []string{"If-Modified-Since", "If-Unmodified-Since", "Date", "If-Range"} {
				w.refusedBy(w.send("GET", w.styleSheet(), map[string]string{name: date}, nil), 200, 304)
			}
			a := w.get("/authorize?" + authorizeQuery(c, map[string]string{"max_age": date}).Encode())
			if date != "" && date != "1767225600" && (a.status != 302 || a.location(w.t).Query().Get("error") != "invalid_request") {
				w.t.Errorf("max_age=%q: %s", date, a)
			}
		}
	},
	"http-pprof": func(w *world) {
		for _, path := range []string{
			"/debug/pprof", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/metrics", "/verify", "/minio/bootstrap/v1/verify", "/env", "/actuator/env",
			"/server-status", "/.env", "/.git/config", "/config", "/debug", "/admin", "/internal", "/_dev", "/_dev/", "/_dev/env", "/static/", "/robots.txt",
			"/swagger.json", "/graphql",
		} {
			for _, method := range []string{"GET", "POST"} {
				w.t.Log(method, path)
				w.refusedBy(w.send(method, path, nil, nil), 401, 404, 405)
			}
		}
	},
	"http-health-bypass": func(w *world) {
		probe := map[string]string{"User-Agent": "GoogleHC/1.0"}
		w.refusedBy(w.send("GET", "/assignment/accounts", probe, nil), 400, 401)
		w.refused(w.send("GET", "/federation/credentials?account_id=111122223333&role_name=Admin", map[string]string{
			"User-Agent": "kube-probe/1.30", "x-amz-sso_bearer_token": "x"}, nil), 401, "UnauthorizedException")
		if a := w.send("GET", "/start", map[string]string{"User-Agent": "GoogleHC/1.0", "Accept": "text/html"}, nil); a.status != 303 {
			w.t.Errorf("the portal for a probe: %s", a)
		}
		for _, target := range []string{"/healthz/../assignment/accounts", "/healthz/%2e%2e/start", "/healthz//start", "/healthz;/start", "/healthz%2f..%2fstart"} {
			w.rawRefused(target, "GET "+target+" HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", "400")
		}
		for _, target := range []string{"/healthz/start", "/readyz/start"} {
			w.refusedBy(w.get(target), 404)
		}
		if a := w.want(200, w.get("/healthz?x=/start&next=/assignment/accounts")); string(a.body) != "ok\n" {
			w.t.Errorf("a health check with a query: %s", a)
		}
		w.refusedBy(w.send("POST", "/healthz", nil, nil), 404, 405)
	},
	"http-tls-old": func(w *world) {
		w = w.another("--tls-auto")
		address := strings.TrimPrefix(w.server.Endpoint, "https://")
		trust := roots(w.t, w.server.CABundle)
		handshake := func(change func(*tls.Config)) (tls.ConnectionState, error) {
			config := &tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS10, ServerName: "localhost"}
			change(config)
			c, err := tls.Dial("tcp", address, config)
			if err != nil {
				return tls.ConnectionState{}, err
			}
			defer c.Close()
			return c.ConnectionState(), nil
		}
		for what, change := range map[string]func(*tls.Config){
			"TLS 1.0":          func(c *tls.Config) { c.MaxVersion = tls.VersionTLS10 },
			"TLS 1.1":          func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11 },
			"RC4":              weak(tls.TLS_RSA_WITH_RC4_128_SHA, tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA, tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA),
			"3DES":             weak(tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA),
			"RSA key exchange": weak(tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_128_CBC_SHA),
			"a wrong name":     func(c *tls.Config) { c.ServerName = "evil.example.test" },
		} {
			if state, err := handshake(change); err == nil {
				w.t.Errorf("%s: a connection of version %x with %s", what, state.Version, tls.CipherSuiteName(state.CipherSuite))
			}
		}
		state, err := handshake(func(*tls.Config) {})
		if err != nil || state.Version != tls.VersionTLS13 {
			w.t.Errorf("a modern client: version %x, %v", state.Version, err)
		}
		if _, err := handshake(func(c *tls.Config) { c.ServerName = "127.0.0.1" }); err != nil { // an address is not sent as a name
			w.t.Errorf("no name: %v", err)
		}
		w.want(200, w.get("/healthz"))
	},
	"http-early-data": func(w *world) {
		c := w.register()
		d := w.start(c)
		w.decide(d, "alice", "approve")
		body := `{"clientId":"` + c.id + `","clientSecret":"` + c.secret + `","grantType":"` + grantDevice + `","deviceCode":"` + d.code + `"}`
		w.refused(w.send("POST", "/token", map[string]string{"Content-Type": "application/json", "Early-Data": "1"}, []byte(body)), 425, "InvalidRequestException")
		w.refusedBy(w.send("GET", "/authorize?"+authorizeQuery(c, nil).Encode(), map[string]string{"Early-Data": "1"}, nil), 425)
		w.want(200, w.poll(c, d))
	},
}

func weak(suites ...uint16) func(*tls.Config) {
	return func(c *tls.Config) { c.MaxVersion, c.CipherSuites = tls.VersionTLS12, suites }
}

// styleSheet is the path of a static file.
func (w *world) styleSheet() string {
	w.t.Helper()
	for _, to := range w.browser().open("/signin").links {
		if strings.HasPrefix(to, "/static/") && strings.HasSuffix(to, ".css") {
			return to
		}
	}
	w.t.Fatal("the sign-in page has no style sheet")
	return ""
}
