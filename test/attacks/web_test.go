package attacks

import (
	"bytes"
	"encoding/base64"
	"strings"
	"time"
)

var webSteps = map[string]attack{
	"web-csrf": func(w *world) {
		w = w.another("--web-idle-timeout=24h", "--approval-max-age=24h")
		c := w.register()
		alice, bob := w.as("alice"), w.as("bob")
		forms := func(b *browser) map[string]form {
			_, decision := b.devicePage(w.start(c))
			_, consent := b.consentPage(c, nil)
			p := b.open("/device")
			return map[string]form{
				"/signin": b.form(b.open("/signin"), "/signin"), "/signout": b.form(p, "/signout"), "/device": b.form(p, "/device"),
				"/device/decision": decision, "/consent": consent,
			}
		}
		own, bobs := forms(alice), forms(bob)
		// No page has a form that is not in the table.
		for _, target := range []string{"/start", "/device", "/signin", "/nothing"} {
			for _, f := range alice.open(target).forms {
				if own[f.action].action == "" {
					w.t.Errorf("%s has a form for %s, which is not tried here", target, f.action)
				}
			}
		}
		w.unchanged("forged forms", func() {
			for action, f := range own {
				good := []string{"decision", "approve", "user_name", "alice", "password", w.server.Password("alice"), "user_code", "BBBB-BBBB"}
				for what, ticket := range map[string]string{
					"no ticket": "", "a made-up ticket": "AAAA", "bob's ticket": bobs[action].fields.Get("ticket"), "the request as a ticket": f.fields.Get("request"),
					"a changed ticket": changed(f.fields.Get("ticket")),
				} {
					if a := alice.post(f, append(good, "ticket", ticket)...); a.status != 403 {
						w.t.Errorf("%s with %s: %s", action, what, a)
					}
				}
				for other, o := range own {
					if other == action {
						continue
					}
					if a := alice.post(f, append(good, "ticket", o.fields.Get("ticket"))...); a.status != 403 {
						w.t.Errorf("%s with the ticket of %s: %s", action, other, a)
					}
				}
				for what, header := range map[string]map[string]string{
					"another site": {"Sec-Fetch-Site": "cross-site"}, "another origin": {"Origin": "https://evil.example.test"}, "no origin": {"Origin": "null"},
					"another port": {"Origin": "http://127.0.0.1:1"},
				} {
					header["Content-Type"] = "application/x-www-form-urlencoded"
					if a := alice.send("POST", action, header, []byte(f.fields.Encode()+"&decision=approve")); a.status != 403 {
						w.t.Errorf("%s from %s: %s", action, what, a)
					}
				}
				// By GET nothing is decided, whatever the parameters are.
				a := alice.send("GET", action+"?"+f.fields.Encode()+"&decision=approve", nil, nil)
				w.refusedBy(a, 200, 303, 400, 405)
				// Nobody's browser has no ticket of its own.
				w.refusedBy(w.browser().post(f, good...), 403)
			}
			w.advance(16 * time.Minute)
			for action, f := range own {
				if a := alice.post(f, "decision", "approve", "user_name", "alice", "password", w.server.Password("alice")); a.status != 403 {
					w.t.Errorf("%s, stale: %s", action, a)
				}
			}
		})
	},
	"web-clickjack": func(w *world) { w.everywhere(func(string, answer) {}) }, // watch looks at the headers of every answer
	"web-headers": func(w *world) {
		seen := map[int]bool{}
		w.everywhere(func(target string, a answer) {
			seen[a.status] = true
			if csp := a.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
				w.t.Errorf("%s: the policy is %q", target, csp)
			}
			if a.isPage() && !strings.Contains(a.header.Get("Content-Security-Policy"), "form-action") {
				w.t.Errorf("%s: forms may go anywhere: %q", target, a.header.Get("Content-Security-Policy"))
			}
		})
		for _, status := range []int{200, 303, 400, 404, 405, 413, 500} {
			if !seen[status] {
				w.t.Errorf("no answer had the status %d", status)
			}
		}
		secure := w.another("--tls-auto")
		a := secure.get("/signin")
		if !strings.Contains(a.header.Get("Strict-Transport-Security"), "max-age=31536000") {
			w.t.Errorf("over TLS: %q", a.header)
		}
		for _, cookie := range a.header["Set-Cookie"] {
			if !strings.HasPrefix(cookie, "__Host-") || !strings.Contains(cookie, "Secure") {
				w.t.Errorf("over TLS the cookie %s", cookie)
			}
		}
	},
	"web-xss-url": func(w *world) {
		w = w.another()
		for _, uri := range []string{"javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x", "java\tscript:alert(1)", "\x01javascript:alert(1)"} {
			w.refusedBy(w.post("/client/register", publicClient.with(members{"redirectUris": []string{uri}})), 400)
		}
		// The directory's only URL is a permission set's relay state, whose form is AWS's. No page makes a link of it.
		if out, err := w.tryApply("relayState: https://us-east-1.console.aws.amazon.com/billing/home", `relayState: "javascript:alert(1)"`); err == nil {
			for _, p := range []page{w.as("alice").open("/start"), w.as("carol").open("/start")} {
				if bytes.Contains(p.body, []byte("javascript:")) {
					w.t.Errorf("the portal shows the relay state: %s", p.body)
				}
			}
		} else {
			w.t.Log(out)
		}
	},
	"web-xss-upload": func(w *world) {
		// Nobody can upload anything: no route reads files, no page asks for one.
		b := w.as("alice")
		body := []byte("--x\r\nContent-Disposition: form-data; name=\"logo\"; filename=\"a.svg\"\r\nContent-Type: image/svg+xml\r\n\r\n" +
			"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>\r\n--x--\r\n")
		for _, path := range []string{"/", "/start", "/signin", "/signout", "/device", "/device/decision", "/consent", "/authorize", "/static/", "/static/logo.svg", "/logo", "/upload", "/token", "/introspect"} {
			for _, method := range []string{"POST", "PUT", "PATCH"} {
				a := b.send(method, path, map[string]string{"Content-Type": "multipart/form-data; boundary=x", "Origin": w.server.Endpoint}, body)
				if path == "/" && method == "POST" {
					w.refusedBy(a, 400, 415) // where operations are asked for: it names none
				} else {
					w.refusedBy(a, 404, 405, 415)
				}
			}
		}
		for _, target := range []string{"/start", "/signin", "/device"} {
			if n := b.open(target).tags["input file"]; n > 0 {
				w.t.Errorf("%s asks for %d files", target, n)
			}
		}
	},
	"web-static-traversal": func(w *world) {
		for _, path := range []string{
			"..%2f..%2fetc/passwd", "%2e%2e/%2e%2e/etc/passwd", "..%5c..%5cetc%5cpasswd", "../../etc/passwd", "....//etc/passwd", "%00", "sallyport.css%00.svg", "x%00",
			"/etc/passwd", "file:///etc/passwd", "%252e%252e%252fetc%252fpasswd", "..;/etc/passwd", "\\etc\\passwd", "%73",
		} {
			w.rawRefused(path, "GET /static/"+path+" HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", "400|404")
		}
		for _, path := range []string{".env", ".git/config", "sallyport.css", "sallyport.db", "root.key", "con", "", "templates/layout.html", "SALLYPORT.CSS"} {
			w.refusedBy(w.get("/static/"+path), 404)
		}
	},
	"web-dom-clobber": func(w *world) {
		w = w.another()
		const hostile = `\"><img src=x onerror=alert(1)>` // within a YAML text
		w.apply(
			users, users+"  - userName: __proto__\n    displayName: \""+hostile+"\"\n    givenName: attributes\n    familyName: constructor\n",
			"\naccounts:\n", "\naccounts:\n  - accountId: \"555566667777\"\n    name: \"attributes __proto__ constructor\"\n    email: id@acme.example\n"+
				"  - accountId: \"666677778888\"\n    name: \"</pre><script>alert(1)</script>\"\n    email: innerHTML@acme.example\n",
			permissionSets, permissionSets+"  - name: __proto__\n    description: \""+hostile+"\"\n  - name: attributes\n",
			assignments, assignments+"  - account: \"555566667777\"\n    permissionSet: __proto__\n    users: [__proto__, alice]\n"+
				"  - account: \"666677778888\"\n    permissionSet: attributes\n    users: [__proto__, alice]\n",
		)
		w.setPassword("__proto__", "prototype pollution tea")
		b := w.browser()
		p := b.submitSignIn(b.open("/signin"), "__proto__", "prototype pollution tea")
		b.says(p, "Your accounts", "attributes __proto__ constructor", "666677778888")
		d := w.start(w.register(members{"clientName": `"><img src=x onerror=alert(1)>`}))
		device, f := b.devicePage(d)
		for _, shown := range []page{p, device} {
			if n := shown.tags["script"] + shown.tags["img"] + shown.tags["onerror="] + shown.tags["style="]; n > 0 {
				w.t.Errorf("names became markup: %v", shown.tags)
			}
		}
		b.says(b.submit(f, "decision", "approve"), "approved") // all of it without a script
	},
	"web-params-cookie": func(w *world) {
		c := w.register()
		b := w.browser()
		const state = "state-that-nobody-else-has"
		p := b.open("/authorize?" + authorizeQuery(c, map[string]string{"state": state, "nonce": "nonce-of-its-own"}).Encode())
		before := b.jar.Cookies(b.here())
		b.form(b.submitSignIn(p, "alice", w.server.Password("alice")), "/consent")
		cookies := append(before, b.jar.Cookies(b.here())...)
		if len(cookies) == 0 {
			w.t.Error("no cookies were set")
		}
		for _, cookie := range cookies {
			decoded, _ := base64.RawURLEncoding.DecodeString(cookie.Value)
			for _, text := range []string{state, "nonce-of", c.id[:40], "51820", "callback", "alice", challengeOf(verifier), "sso:account"} {
				if strings.Contains(cookie.Value, text) || bytes.Contains(decoded, []byte(text)) {
					w.t.Errorf("the cookie %s holds %q", cookie.Name, text)
				}
			}
			if len(cookie.Value) > 300 {
				w.t.Errorf("the cookie %s holds %d bytes", cookie.Name, len(cookie.Value))
			}
		}
	},
	"web-postmessage": func(w *world) {
		// No session iframe is offered, no page has a script that could listen, and no page can be framed.
		if a := w.want(200, w.get("/.well-known/openid-configuration")); strings.Contains(string(a.body), "check_session") {
			w.t.Errorf("a session iframe: %s", a)
		}
		b := w.as("alice")
		w.refusedBy(b.send("GET", "/authorize?"+authorizeQuery(w.register(), nil).Encode(), map[string]string{"Sec-Fetch-Dest": "iframe"}, nil), 403)
		for _, target := range []string{"/start", "/device", "/signin"} {
			if p := b.open(target); p.tags["script"]+p.tags["iframe"] > 0 {
				w.t.Errorf("%s: %v", target, p.tags)
			}
		}
	},
}

// changed is a sealed text with one letter replaced.
func changed(sealed string) string {
	if sealed[5] == 'A' {
		return sealed[:5] + "B" + sealed[6:]
	}
	return sealed[:5] + "A" + sealed[6:]
}

// everywhere asks for every route, as a person and as a program, in ways that succeed and in ways that do not.
func (w *world) everywhere(look func(target string, a answer)) {
	w.t.Helper()
	failing := w.another()
	*failing.broken = true
	failing.control(200, "/_dev/fault", members{"operation": "CreateToken", "exception": "InternalServerException"}, nil)
	look("500", failing.poll(failing.register(), device{code: "x"}))
	look("413", w.send("POST", "/signin", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, make([]byte, 1<<17)))
	look("413", w.send("POST", "/token", asJSON, make([]byte, 1<<17)))
	b := w.as("alice")
	for _, target := range []string{
		"/", "/start", "/start/", "/signin", "/signout", "/device", "/device?user_code=BBBB-BBBB", "/device/decision", "/authorize", "/consent", "/nothing", "/healthz", "/readyz",
		"/token", "/client/register", "/device_authorization", "/introspect", "/revoke", "/assignment/accounts", "/assignment/roles", "/federation/credentials", "/logout",
		"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/jwks.json", "/static/nothing", w.styleSheet(),
		"/authorize?a=1&a=2", "/a//b",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"} {
			look(method+" "+target, b.send(method, target, nil, nil))
			look(method+" "+target, w.send(method, target, nil, nil))
		}
	}
}
