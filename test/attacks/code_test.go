package attacks

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"sallyport/test/harness"
)

var codeSteps = map[string]attack{
	"code-redirect-table": func(w *world) {
		var file struct {
			Match []struct {
				ID         string
				Registered []string
				Requested  json.RawMessage
				Expect     string
			}
		}
		readVectors(w.t, "redirect-uri/cases.json", &file)
		for _, c := range file.Match {
			registered := w.post("/client/register", publicClient.with(members{"redirectUris": c.Registered}))
			if registered.status != 200 {
				// A name for the loopback is not registered here at all, which the vectors leave to policy.
				if w.refused(registered, 400, "InvalidRedirectUriException|InvalidClientMetadataException"); c.Expect == "match" {
					w.t.Errorf("%s cannot be registered", c.ID)
				}
				continue
			}
			client := registration{registered.member("clientId"), registered.member("clientSecret")}
			a := w.get("/authorize?" + authorizeWith(w, client, c.Requested))
			proceeds := a.status == 303 && strings.HasPrefix(a.header.Get("Location"), "/signin?")
			if proceeds != (c.Expect == "match") {
				w.t.Errorf("%s: want %s, got %s", c.ID, c.Expect, a)
			}
			if !proceeds && (a.status < 400 || a.header.Get("Location") != "") {
				w.t.Errorf("%s: want a page here, got %s", c.ID, a)
			}
		}
		if len(file.Match) != 110 {
			w.t.Errorf("read %d cases, want 110", len(file.Match))
		}
	},
	"code-pkce-downgrade-2": func(w *world) {
		// PKCE is not optional: there is no code without a challenge, by any road.
		c := w.register()
		for _, changes := range []map[string]string{
			{"code_challenge": ""}, {"code_challenge": "", "code_challenge_method": ""}, {"code_challenge_method": ""}, {"code_challenge": "short"},
		} {
			var out struct{ Location string }
			w.control(303, "/_dev/authorize", members{"query": authorizeQuery(c, changes).Encode(), "userName": "alice"}, &out)
			to, err := url.Parse(out.Location)
			if err != nil || to.Query().Has("code") || to.Query().Get("error") != "invalid_request" {
				w.t.Errorf("%v: %s", changes, out.Location)
			}
		}
	},
	"code-reuse": func(w *world) {
		w = w.another("--trusted-proxies=127.0.0.1")
		c := w.register()
		honest, late, stolen := w.code(c, "alice", nil), w.code(c, "alice", nil), w.code(c, "alice", nil)
		sessions := map[string]tokens{}
		for _, code := range []string{honest, late, stolen} {
			sessions[code] = w.want(200, w.redeem(c, code)).tokens()
		}
		// A client whose answer was lost tries again at once: refused, and nothing is taken away.
		w.refused(w.redeem(c, honest), 400, "InvalidGrantException")
		// From another address, or later, it is another party that has the code, too.
		text, err := json.Marshal(redeemRequest(c, stolen))
		if err != nil {
			w.t.Fatal(err)
		}
		header := map[string]string{"Content-Type": "application/json", "X-Forwarded-For": "203.0.113.66"}
		w.refused(w.send("POST", "/token", header, text), 400, "InvalidGrantException")
		w.advance(11 * time.Second)
		w.refused(w.redeem(c, late), 400, "InvalidGrantException")
		for _, code := range []string{stolen, late} {
			w.refused(w.accounts(sessions[code].access), 401, "UnauthorizedException")
			w.refused(w.refresh(c, sessions[code].refresh), 400, "InvalidGrantException")
		}
		w.want(200, w.accounts(sessions[honest].access))
		w.audited("CodeReplayed", 2)
	},
	"code-code-injection": func(w *world) {
		c := w.register()
		attackers := w.code(c, "bob", map[string]string{"code_challenge": challengeOf(strings.Repeat("attacker", 6))})
		w.refused(w.redeem(c, attackers), 400, "InvalidGrantException")
		w.want(200, w.post("/token", redeemRequest(c, attackers).with(members{"codeVerifier": strings.Repeat("attacker", 6)})))
	},
	"code-scope-junk": func(w *world) {
		c := w.register()
		for _, scopes := range []string{
			"a\x01b", "\x00", `"quoted"`, `back\slash`, "sso:account:access evil\u00e9", "a:b:c:d", strings.Repeat("a ", 5000), strings.Repeat("a", 10_000),
			"admin:*", "*",
		} {
			a := w.get("/authorize?" + authorizeQuery(c, map[string]string{"scopes": scopes}).Encode())
			if a.status != 302 || a.location(w.t).Query().Get("error") != "invalid_scope" {
				w.t.Errorf("%.30q: %s", scopes, a)
			}
		}
		whole := w.get("/authorize?" + authorizeQuery(c, map[string]string{"scopes": strings.Repeat("a", 1<<20)}).Encode())
		w.refusedBy(whole, 414, 431) // longer than a request target may be
		body := publicClient.with(members{"scopes": strings.Split(strings.Repeat("a ", 900), " ")})
		w.refusedBy(w.post("/client/register", body), 400)
	},
	"code-max-age": func(w *world) {
		w = w.another("--web-idle-timeout=24h")
		c := w.register(members{"scopes": []string{"openid", "sso:account:access"}})
		b := w.as("alice")
		w.advance(time.Hour)
		for _, age := range []string{"-1", "99999999999999999999", "1.5", "+1", "0x1", "one"} {
			a := b.send("GET", "/authorize?"+authorizeQuery(c, map[string]string{"max_age": age}).Encode(), nil, nil)
			if a.status != 302 || a.location(w.t).Query().Get("error") != "invalid_request" {
				w.t.Errorf("max_age=%s: %s", age, a)
			}
		}
		p := b.open("/authorize?" + authorizeQuery(c, map[string]string{"max_age": "0", "scopes": "openid"}).Encode())
		p = b.submitSignIn(p, "alice", w.server.Password("alice"))
		sent := b.post(b.form(p, "/consent"), "decision", "approve")
		out := w.want(200, w.redeem(c, sent.location(w.t).Query().Get("code")))
		signedIn, now := claims(w, out.tokens().id)["auth_time"].(float64), serverTime(w, out)
		if now.Sub(time.Unix(int64(signedIn), 0)) > time.Minute {
			w.t.Errorf("auth_time is %v, and it is %v", time.Unix(int64(signedIn), 0), now)
		}
	},
	"code-code-leak-referer": func(w *world) {
		c := w.register()
		b := w.as("alice")
		consent, _ := b.consentPage(c, nil)
		device, _ := b.devicePage(w.start(c))
		pages := map[string]page{
			"sign-in": w.browser().open("/authorize?" + authorizeQuery(c, nil).Encode()), "consent": consent, "device": device,
			"device entry": b.open("/device"), "portal": b.open("/start"), "error": b.open("/authorize?client_id=nope"),
		}
		for name, p := range pages {
			for _, to := range p.links {
				if !strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "#") || strings.HasPrefix(to, "//") {
					w.t.Errorf("the page %s has a link to %s", name, to)
				}
			}
			if p.header.Get("Referrer-Policy") != "no-referrer" || p.tags["script"]+p.tags["img"]+p.tags["iframe"] > 0 {
				w.t.Errorf("the page %s: %q %v", name, p.header, p.tags)
			}
		}
	},
	"code-307": func(w *world) {
		c := w.register()
		b := w.browser()
		p := b.open("/authorize?" + authorizeQuery(c, nil).Encode())
		w.want(303, b.post(b.form(p, "/signin"), "user_name", "alice", "password", w.server.Password("alice")))
		_, consent := b.consentPage(c, nil)
		w.want(303, b.post(consent, "decision", "deny"))
		_, consent = b.consentPage(c, nil)
		w.want(303, b.post(consent, "decision", "approve"))
		d := w.start(c)
		w.want(303, b.post(b.form(b.open("/device"), "/device"), "user_code", d.userCode))
		_, decision := b.devicePage(d)
		w.want(303, b.post(decision, "decision", "approve"))
	},
	"code-code-entropy": func(w *world) {
		c := w.register()
		seen := map[string]bool{}
		for range 300 {
			code := w.code(c, "alice", nil)
			if len(code) < 26+43 || seen[code[26:]] { // behind the id of the row, 256 bits in base64url
				w.t.Fatalf("too short, or seen before: %s", code)
			}
			seen[code[26:]] = true
		}
		imports := exec.Command("go", "list", "-f", "{{.ImportPath}} {{.Imports}}", "./internal/...")
		imports.Dir = harness.Root()
		out, err := imports.Output()
		if err != nil {
			w.t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			// Calls, locks and transactions spread their tries by chance, and make no secret.
			name, _, _ := strings.Cut(line, " ")
			if strings.Contains(line, "math/rand") && name != "sallyport/internal/client" && name != "sallyport/internal/safefile" && name != "sallyport/internal/store" {
				w.t.Errorf("something predictable is imported: %s", line)
			}
		}
	},
	"code-consent-replay": func(w *world) {
		c := w.register()
		b := w.as("alice")
		_, first := b.consentPage(c, nil)
		w.want(303, b.post(first, "decision", "approve"))
		_, second := b.consentPage(c, nil)
		w.unchanged("replays of a consent", func() {
			replayed := b.post(first, "decision", "approve")
			if w.refusedBy(replayed, 400, 403, 409); !replayed.isPage() {
				w.t.Errorf("no page: %s", replayed)
			}
			w.refusedBy(b.post(first, "decision", "approve", "request", second.fields.Get("request")), 403)
			w.refusedBy(b.post(second, "decision", "approve", "ticket", first.fields.Get("ticket")), 403)
		})
	},
	"code-consent-tamper": func(w *world) {
		c, other := w.register(members{"scopes": []string{"openid", "sso:account:access"}}), w.register()
		b := w.as("alice")
		_, narrow := b.consentPage(c, map[string]string{"scopes": "openid"})
		_, wide := b.consentPage(c, nil)
		_, theirs := b.consentPage(other, nil)
		sealed := narrow.fields.Get("request")
		w.unchanged("tampered consents", func() {
			for what, request := range map[string]string{
				"another client's request": theirs.fields.Get("request"), "a wider request": wide.fields.Get("request"),
				"a changed request": sealed[:len(sealed)-2] + "AA", "a shortened request": sealed[:len(sealed)-1], "no request": "",
			} {
				a := b.post(narrow, "decision", "approve", "request", request)
				if a.status < 400 || a.status > 499 || !a.isPage() {
					w.t.Errorf("%s: %s", what, a)
				}
			}
		})
		// Fields that the form does not have mean nothing.
		a := b.post(narrow, "decision", "approve", "scopes", "sso:account:access", "client_id", other.id, "redirect_uri", "https://evil.example.test/",
			"user_name", "bob")
		out := w.want(200, w.redeem(c, a.location(w.t).Query().Get("code")))
		w.refused(w.accounts(out.tokens().access), 401, "UnauthorizedException") // openid alone opens no portal
		if name := claims(w, out.tokens().id)["preferred_username"]; name != "alice" {
			w.t.Errorf("the code is for %v", name)
		}
	},
	"code-session-swap": func(w *world) {
		c := w.register()
		b := w.as("alice")
		_, f := b.consentPage(c, nil)
		b.signIn("/signin", "bob")
		w.unchanged("a consent that another person saw", func() { w.refusedBy(b.post(f, "decision", "approve"), 403) })
	},
	"code-open-redirect-error": func(w *world) {
		c := w.register(members{"redirectUris": []string{"https://evil.example.test/cb"}})
		for _, changes := range []map[string]string{
			{"scopes": "nothing"}, {"response_type": "token"}, {"code_challenge": ""}, {"prompt": "none"}, {"request_uri": "https://evil.example.test/"},
		} {
			changes["redirect_uri"] = "https://evil.example.test/cb"
			b := w.browser()
			p := b.open("/authorize?" + authorizeQuery(c, changes).Encode())
			if p.status != 400 || p.header.Get("Location") != "" {
				w.t.Errorf("%v: %s", changes, p)
			}
			b.says(p, "evil.example.test")
		}
	},
}

// authorizeWith is the query of an authorization request with the redirect URIs of a vector: one, none, or several.
func authorizeWith(w *world, c registration, requested json.RawMessage) string {
	w.t.Helper()
	query := authorizeQuery(c, map[string]string{"redirect_uri": ""})
	var one *string
	if err := json.Unmarshal(requested, &one); err == nil {
		if one != nil {
			query.Set("redirect_uri", *one)
		}
		return query.Encode()
	}
	var several []string
	if err := json.Unmarshal(requested, &several); err != nil {
		w.t.Fatal(err)
	}
	query["redirect_uri"] = several
	return query.Encode()
}

var jwt = regexp.MustCompile(`^[\w-]+\.([\w-]+)\.[\w-]+$`)

// claims reads an ID token without verifying it: what it says is what is tried here.
func claims(w *world, idToken string) map[string]any {
	w.t.Helper()
	parts := jwt.FindStringSubmatch(idToken)
	if parts == nil {
		w.t.Fatalf("no ID token: %q", idToken)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	var all map[string]any
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func serverTime(w *world, a answer) time.Time {
	w.t.Helper()
	now, err := time.Parse(time.RFC1123, a.header.Get("Date"))
	if err != nil {
		w.t.Fatal(err)
	}
	return now
}
