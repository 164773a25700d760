package attacks

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

var signinSteps = map[string]attack{
	"signin-enum-text": func(w *world) {
		w = w.another()
		w.apply(withAdmin...) // mike has no password
		const wrong = "not the password of anybody"
		cases := []struct{ what, userName, password string }{
			{"unknown", "nobody", wrong}, {"wrong password", "alice", wrong}, {"disabled, wrong password", "dave", wrong},
			{"disabled, right password", "dave", w.server.Password("dave")}, {"no password set", "mike", wrong}, {"a name with markup", "<b>x</b>", wrong},
		}
		seen := map[string]string{}
		for _, c := range cases {
			seen[c.what] = w.failedSignIn(c.userName, c.password)
			if seen[c.what] != seen["unknown"] {
				w.t.Errorf("%s reads unlike an unknown user:\n%s\n%s", c.what, seen[c.what], seen["unknown"])
			}
		}
		// Beyond the limit, names that exist and names that do not read alike as well.
		for range 12 {
			w.failedSignIn("alice", wrong)
			w.failedSignIn("nobody", wrong)
		}
		if alice, nobody := w.failedSignIn("alice", w.server.Password("alice")), w.failedSignIn("nobody", wrong); alice != nobody {
			w.t.Errorf("a locked name reads unlike an unknown one:\n%s\n%s", alice, nobody)
		}
	},
	"signin-brute": func(w *world) {
		// A small one: rotating a header that is not believed changes nothing, and the right password is refused while the name is locked.
		w = w.another(proxyElsewhere)
		for n := range 11 {
			b := w.browser()
			b.header["X-Forwarded-For"] = fmt.Sprintf("203.0.113.%d", n)
			p := b.submitSignIn(b.open("/signin"), "bob", fmt.Sprintf("guess number %d of many", n))
			w.refusedBy(p.answer, 400, 403, 429)
		}
		b := w.browser()
		locked := b.signIn("/signin", "bob")
		b.says(locked, "try again in")
		w.as("alice") // who is not meant is not locked
		w.advance(16 * time.Minute)
		w.as("bob") // and nobody for good
	},
	"signin-password-nul": func(w *world) {
		w = w.another()
		for _, c := range []struct{ set, typed, wrong string }{
			{"nul \x00 in the middle", "nul \x00 in the middle", "nul "},
			{"emoji \U0001F98A and more of them", "emoji \U0001F98A and more of them", "emoji \U0001F98B and more of them"},
			{"caf\u00e9 au lait, s'il vous", "cafe\u0301 au lait, s'il vous", "cafe au lait, s'il vous"},
			{"  two blanks in front", "  two blanks in front", "two blanks in front"},
			{"two blanks behind ok  ", "two blanks behind ok  ", "two blanks behind ok"},
			{"Letter Case Matters Here", "Letter Case Matters Here", "letter case matters here"},
		} {
			w.setPassword("bob", c.set)
			if b := w.browser(); !b.isSignedIn(b.submitSignIn(b.open("/signin"), "bob", c.typed)) {
				w.t.Errorf("%q does not open what %q closed", c.typed, c.set)
			}
			if b := w.browser(); b.isSignedIn(b.submitSignIn(b.open("/signin"), "bob", c.wrong)) {
				w.t.Errorf("%q opens what %q closed", c.wrong, c.set)
			}
		}
	},
	"signin-session-idle": func(w *world) {
		idle := w.another("--web-idle-timeout=10m")
		b := idle.as("alice")
		for range 6 { // seen often enough
			idle.advance(9 * time.Minute)
			if !b.isSignedIn(b.open("/start")) {
				idle.t.Fatal("signed out although seen")
			}
		}
		idle.advance(10 * time.Minute)
		b.form(b.open("/start"), "/signin")

		absolute := w.another("--session-duration=1h", "--web-idle-timeout=24h")
		b = absolute.as("alice")
		for n := range 7 {
			absolute.advance(10 * time.Minute)
			if in := b.isSignedIn(b.open("/start")); in != (n < 5) {
				w.t.Errorf("after %d minutes signed in: %v", 10*(n+1), in)
			}
		}
	},
	"signin-signout-all": func(w *world) {
		w = w.another()
		c := w.register()
		b := w.as("alice")
		d := w.start(c)
		_, f := b.devicePage(d)
		b.says(b.submit(f, "decision", "approve"), "approved")
		session := w.want(200, w.poll(c, d)).tokens()
		_, consent := b.consentPage(c, nil)
		sent := b.post(consent, "decision", "approve")
		byCode := w.want(200, w.redeem(c, sent.location(w.t).Query().Get("code"))).tokens()
		stolen := w.copied(b)
		w.want(200, w.accounts(session.access))
		w.want(200, b.submit(b.form(b.open("/start"), "/signout")).answer)
		for _, s := range []tokens{session, byCode} {
			w.refused(w.accounts(s.access), 401, "UnauthorizedException")
			w.refused(w.refresh(c, s.refresh), 400, "InvalidGrantException")
		}
		stolen.form(stolen.open("/start"), "/signin") // a copy of the cookie is worth nothing now
	},
	"signin-login-csrf": func(w *world) {
		victim, attacker := w.browser(), w.browser()
		attackers := attacker.form(attacker.open("/signin"), "/signin")
		victims := victim.form(victim.open("/signin"), "/signin")
		fields := func(f form) []byte {
			f.fields.Set("user_name", "bob")
			f.fields.Set("password", w.server.Password("bob"))
			return []byte(f.fields.Encode())
		}
		form := "application/x-www-form-urlencoded"
		for what, c := range map[string]struct {
			sender *browser
			header map[string]string
			body   []byte
		}{
			"from another site":              {victim, map[string]string{"Sec-Fetch-Site": "cross-site"}, fields(victims)},
			"from a sub-domain":              {victim, map[string]string{"Sec-Fetch-Site": "same-site"}, fields(victims)},
			"with another origin":            {victim, map[string]string{"Origin": "https://evil.example.test"}, fields(victims)},
			"from nowhere":                   {victim, map[string]string{"Origin": "null"}, fields(victims)},
			"the attacker's own form":        {victim, nil, fields(attackers)},
			"without the cookie (SameSite)":  {w.browser(), nil, fields(victims)},
			"the attacker's form, no cookie": {w.browser(), nil, fields(attackers)},
		} {
			header := map[string]string{"Content-Type": form}
			for name, value := range c.header {
				header[name] = value
			}
			a := c.sender.send("POST", "/signin", header, c.body)
			if a.status != 403 || strings.Contains(strings.Join(a.header["Set-Cookie"], ""), "sallyport-session=") {
				w.t.Errorf("%s: %d %q", what, a.status, a.header["Set-Cookie"])
			}
		}
		for _, cookie := range victim.send("GET", "/signin", nil, nil).header["Set-Cookie"] {
			if !strings.Contains(cookie, "SameSite=Lax") && !strings.Contains(cookie, "SameSite=Strict") {
				w.t.Errorf("a cookie for every site: %s", cookie)
			}
		}
	},
	"signin-name-kelvin": func(w *world) {
		w = w.another()
		w.apply(withAdmin...)
		w.setPassword("mike", "kelvin is not a letter")
		for userName, known := range map[string]bool{"mike": true, "mi\u212ae": false, "M\u0130ke": false, "m\u0131ke": false, "mike\u200b": false, "\uff4dike": false} {
			b := w.browser()
			if in := b.isSignedIn(b.submitSignIn(b.open("/signin"), userName, "kelvin is not a letter")); in != known {
				w.t.Errorf("%q signs in: %v", userName, in)
			}
		}
		// The other way round: a name that folds to one that exists is somebody else's, or refused.
		for _, name := range []string{"ali\u017fe", "bo\u212a"} {
			w.tryApply(users, users+"  - userName: \""+name+"\"\n    givenName: A\n    familyName: B\n")
		}
		w.as("alice")
	},
	"signin-rememberme": func(w *world) {
		// There is no cookie that outlives the browser. A copied one acts at another address until it is idle or ended, as documented; what
		// it cannot do from there is approve a device without a fresh sign-in and the code of the device.
		w = w.another("--trusted-proxies=127.0.0.1", "--approval-max-age=5m")
		c := w.register()
		owner := w.as("alice", map[string]string{"X-Forwarded-For": "198.51.100.20"})
		for _, line := range owner.signInCookies() {
			if strings.Contains(line, "Max-Age") && !strings.Contains(line, "Max-Age=0") || strings.Contains(line, "Expires") || !strings.Contains(line, "HttpOnly") {
				w.t.Errorf("a cookie that stays, or that scripts read: %s", line)
			}
		}
		thief := w.copied(owner)
		thief.header["X-Forwarded-For"] = "203.0.113.66"
		d := w.start(c)
		_, f := thief.devicePage(d)
		w.refusedBy(thief.submit(f, "decision", "approve").answer, 400)
		w.advance(5*time.Minute + time.Second)
		p := thief.submit(f, "decision", "approve", "user_code", d.userCode)
		thief.form(p, "/signin")
		w.refused(w.poll(c, d), 400, "AuthorizationPendingException")
	},
}

func (b *browser) isSignedIn(p page) bool {
	return p.status == 200 && bytes.Contains(p.body, []byte("Your accounts"))
}

// copied is a browser with the cookies of another one.
func (w *world) copied(from *browser) *browser {
	w.t.Helper()
	b := w.browser()
	here := from.here()
	b.jar.SetCookies(here, from.jar.Cookies(here))
	return b
}

// signInCookies are the Set-Cookie lines of a sign-in in a fresh browser.
func (b *browser) signInCookies() []string {
	b.t.Helper()
	fresh := b.world.browser()
	p := fresh.open("/signin")
	a := fresh.post(fresh.form(p, "/signin"), "user_name", "alice", "password", b.server.Password("alice"))
	return append(a.header["Set-Cookie"], p.header["Set-Cookie"]...)
}

// What differs between two answers to the same mistake.
var (
	sealedValue = regexp.MustCompile(`value="[\w-]{40,}"`)
	requestID   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	nameField   = regexp.MustCompile(`id="user-name" name="user_name" type="text" value="[^"]*"`)
	lengthLine  = regexp.MustCompile(`(?m)^Content-Length: \d+\r?\n`)
	dateLine    = regexp.MustCompile(`(?m)^Date: .*\r?\n`)
)

// failedSignIn tries to sign in in a fresh browser and returns all of the answer that does not differ by itself: status, headers, cookies,
// and the page without the name that was typed, which it repeats.
func (w *world) failedSignIn(userName, password string) string {
	w.t.Helper()
	b := w.browser()
	a := b.post(b.form(b.open("/signin"), "/signin"), "user_name", userName, "password", password)
	if a.status == 303 {
		w.t.Errorf("%s was let in with %q", userName, password)
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "%d\n", a.status)
	if err := http.Header.Write(a.header, &text); err != nil {
		w.t.Fatal(err)
	}
	text.Write(a.body)
	all := text.String()
	for _, differs := range []*regexp.Regexp{sealedValue, requestID, nameField, lengthLine, dateLine} {
		all = differs.ReplaceAllString(all, "")
	}
	return all
}
