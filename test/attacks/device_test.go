package attacks

import (
	"strings"
	"sync"
	"time"
	"unicode"
)

const (
	deviceLife   = 10 * time.Minute
	pollInterval = time.Second
)

var deviceSteps = map[string]attack{
	"device-poll-fast-then-approve": func(w *world) {
		w = w.another()
		c := w.register()
		d := w.start(c)
		slowed := 0
		for range 50 {
			a := w.refused(w.poll(c, d), 400, "AuthorizationPendingException|SlowDownException")
			if a.exception() == "SlowDownException" {
				slowed++
			}
		}
		if slowed < 40 {
			w.t.Errorf("of 50 polls at once %d were slowed", slowed)
		}
		w.decide(d, "alice", "approve")
		w.advance(pollInterval)
		w.want(200, w.poll(c, d))
	},
	"device-approve-after-expiry": func(w *world) {
		w = w.another()
		c := w.register()
		d := w.start(c)
		b := w.as("alice")
		_, f := b.devicePage(d)
		w.advance(deviceLife + time.Second)
		w.unchanged("a late approval", func() {
			p := b.submit(f, "decision", "approve")
			w.refusedBy(p.answer, 200, 410)
			b.says(p, "expired")
		})
		w.refused(w.poll(c, d), 400, "ExpiredTokenException")
	},
	"device-denied": func(w *world) {
		c := w.register()
		d := w.start(c)
		w.decide(d, "alice", "deny")
		w.unchanged("polls after a denial", func() {
			w.refused(w.poll(c, d), 400, "AccessDeniedException")
			w.refused(w.poll(c, d), 400, "AccessDeniedException|InvalidGrantException")
		})
	},
	"device-deny-then-approve": func(w *world) {
		c := w.register()
		d := w.start(c)
		b := w.as("alice")
		_, f := b.devicePage(d)
		b.says(b.submit(f, "decision", "deny"), "denied")
		w.unchanged("an approval after the denial", func() {
			replayed := b.submit(f, "decision", "approve")
			if replayed.status < 400 || replayed.status > 499 || !replayed.isPage() {
				w.t.Errorf("want a page of 4xx, got %s", replayed)
			}
			w.refused(w.poll(c, d), 400, "AccessDeniedException")
		})
	},
	"device-approve-then-deny": func(w *world) {
		w = w.another()
		c := w.register()
		d := w.start(c)
		b := w.as("alice")
		_, f := b.devicePage(d)
		b.says(b.submit(f, "decision", "approve"), "approved")
		w.refusedBy(b.submit(f, "decision", "deny").answer, 409)
		w.want(200, w.poll(c, d))
		// Both at once, again and again: whatever the page said was done is what the poll says.
		for range 10 {
			d := w.start(c)
			_, f := b.devicePage(d)
			var mu sync.Mutex
			done := map[string]int{}
			together(6, func(i int) {
				decision := []string{"approve", "deny"}[i%2]
				if a := b.post(f, "decision", decision); a.status == 303 {
					mu.Lock()
					defer mu.Unlock()
					done[decision]++
				}
			})
			polled := w.poll(c, d)
			if len(done) != 1 || done["approve"] == 1 != (polled.status == 200) {
				w.t.Errorf("the pages said %v, the poll %s", done, polled)
			}
		}
		w.audited("DeviceApproved", w.audits("SessionBegun"))
		w.audited("DeviceDenied", 11-w.audits("DeviceApproved"))
	},
	"device-code-race": func(w *world) {
		nodes := []*world{w.another()}
		nodes = append(nodes, nodes[0].beside())
		c := nodes[0].register()
		for range 20 {
			d := nodes[0].start(c)
			nodes[0].decide(d, "alice", "approve")
			won := make([]bool, 50)
			together(len(won), func(i int) {
				a := nodes[i%2].poll(c, d)
				if won[i] = a.status == 200; !won[i] {
					w.refused(a, 400, "InvalidGrantException|SlowDownException")
				}
			})
			if n := count(won); n != 1 {
				w.t.Fatalf("%d of 50 polls got tokens", n)
			}
		}
	},
	"device-code-truncated": func(w *world) {
		c := w.register()
		d := w.start(c)
		w.decide(d, "alice", "approve")
		n := len(d.code)
		w.unchanged("changed device codes", func() {
			for _, code := range []string{d.code[:n-1], d.code[:n-2], d.code[:n-8], d.code + "A", d.code + " ", " " + d.code, d.code[1:], d.code[:26]} {
				w.refused(w.poll(c, device{code: code}), 400, "InvalidGrantException")
			}
		})
		w.kept.forget(d.code[:26]) // the id of the row, which the database has to hold
		w.want(200, w.poll(c, d))
	},
	"device-code-case": func(w *world) {
		c := w.register()
		d := w.start(c)
		w.decide(d, "alice", "approve")
		for i, letter := range d.code {
			changed := d.code[:i] + string(otherCase(letter)) + d.code[i+1:]
			if changed != d.code {
				w.refused(w.poll(c, device{code: changed}), 400, "InvalidGrantException")
			}
		}
		w.want(200, w.poll(c, d))
	},
	"device-usercode-bruteforce": func(w *world) {
		// A small one: five misses of a person lock the form for that person, in every browser and from every address that is claimed,
		// and no live code is burned by it. The budgets of all addresses together are tried in internal/signin.
		w = w.another("--trusted-proxies=127.0.0.1")
		c := w.register()
		d := w.start(c)
		for i, guess := range []string{"BBBB-BBBB", "CCCC-CCCC", "DDDD-DDDD", "FFFF-FFFF", "GGGG-GGGG"} {
			b := w.as("bob", map[string]string{"X-Forwarded-For": "203.0.113." + string(rune('1'+i))})
			w.refusedBy(b.open("/device?user_code="+guess).answer, 400, 429)
		}
		locked := w.as("bob", map[string]string{"X-Forwarded-For": "198.51.100.7"})
		p := locked.open("/device?user_code=" + d.userCode)
		if w.refusedBy(p.answer, 429); p.header.Get("Retry-After") == "" {
			w.t.Error("the lock does not say for how long")
		}
		w.refused(w.poll(c, d), 400, "AuthorizationPendingException")
		_, f := w.as("alice").devicePage(d) // others are not locked
		if f.action == "" {
			w.t.Error("the code is burned")
		}
	},
	"device-usercode-normalise": func(w *world) {
		var file struct {
			Cases []struct{ Shown, Typed, Expect, Why string }
		}
		readVectors(w.t, "user-code/cases.json", &file)
		w = w.another("--approval-max-age=24h", "--web-idle-timeout=24h", "--session-duration=24h")
		c := w.register()
		b := w.as("alice")
		for _, v := range file.Cases {
			w.advance(deviceLife + time.Minute) // the limits on misses start again
			d := w.start(c)
			typed := typedAs(v.Shown, v.Typed, d.userCode)
			p := b.submit(b.form(b.open("/device"), "/device"), "user_code", typed)
			found := strings.Contains(string(p.body), `action="/device/decision"`)
			if found != (v.Expect == "match") {
				w.t.Errorf("%s: %.40q for %s: found %v, want %s (%d)", v.Why, typed, d.userCode, found, v.Expect, p.status)
			}
		}
		if len(file.Cases) != 25 {
			w.t.Errorf("read %d cases, want 25", len(file.Cases))
		}
	},
	"device-usercode-recycled": func(w *world) {
		// A code that is drawn twice cannot be had, so the page of the old device is sent with all that the new device's page holds but the
		// ticket: that is what decides which device is meant.
		w = w.another()
		c := w.register()
		old := w.start(c)
		b := w.as("alice")
		_, before := b.devicePage(old)
		w.advance(deviceLife + time.Second)
		fresh := w.start(c)
		_, after := b.devicePage(fresh)
		w.unchanged("an old page", func() {
			w.refusedBy(b.post(before, "request", after.fields.Get("request"), "decision", "approve"), 403)
		})
		w.refused(w.poll(c, fresh), 400, "AuthorizationPendingException")
		b.says(b.submit(after, "decision", "approve"), "approved")
	},
	"device-usercode-prefill-warning": func(w *world) {
		c := w.register(members{"clientName": "Prefilled Tool"})
		d := w.start(c)
		b := w.as("alice")
		p := b.open(strings.TrimPrefix(d.complete, w.server.Endpoint))
		w.want(200, p.answer)
		b.says(p, d.userCode, "Does this match your device?", "Prefilled Tool", "self-declared", "Never continue if someone sent you this link")
		w.refused(w.poll(c, d), 400, "AuthorizationPendingException") // opening the link decides nothing
	},
	"device-start-flood": func(w *world) {
		// A small one: one a second, and ten seconds' worth at once. What time passes meanwhile lets further ones through, which is why the
		// rows are counted and not the starts.
		const starts = 60
		w = w.another("--device-start-rate=1")
		c := w.register()
		begun := 0
		for range starts {
			if a := w.post("/device_authorization", w.startRequest(c)); a.status == 200 {
				begun++
			} else {
				w.refused(a, 400, "SlowDownException")
			}
		}
		if rows := w.rows()["device_authorization"]; begun == starts || rows != begun {
			w.t.Errorf("of %d starts %d were begun, and left %d rows", starts, begun, rows)
		}
	},
	"device-remote-phish-flow": func(w *world) {
		w = w.another("--trusted-proxies=127.0.0.1")
		c := w.register(members{"clientName": "Innocent Tool"})
		from := func(address string) map[string]string { return map[string]string{"X-Forwarded-For": address} }
		header := from("203.0.113.66")
		header["Content-Type"], header["User-Agent"] = "application/json", "attacker/1.0"
		d := w.startFrom(c, header)
		victim := w.as("alice", from("198.51.100.20"))
		p, f := victim.devicePage(d)
		victim.says(p, "203.0.113.66", "attacker/1.0", "Innocent Tool", "self-declared", "another network", "someone sent you this link")
		if strings.Contains(string(p.body), ">"+d.userCode+"<") {
			w.t.Error("the page shows the code that has to be typed")
		}
		if len(f.buttons) < 2 || f.buttons[0] != "deny" {
			w.t.Errorf("the first button is not to deny: %v", f.buttons)
		}
		w.refusedBy(victim.submit(f, "decision", "approve").answer, 400)
		w.refusedBy(victim.submit(f, "decision", "approve", "user_code", "BBBB-BBBB").answer, 400)
		w.refused(w.poll(c, d), 400, "AuthorizationPendingException")
		victim.says(victim.submit(f, "decision", "approve", "user_code", d.userCode), "approved")
		w.logs("device at 203.0.113.66", "address=198.51.100.20")
	},
	"device-approve-session-old": func(w *world) {
		w = w.another("--approval-max-age=5m")
		c := w.register()
		d := w.start(c)
		b := w.as("alice")
		_, f := b.devicePage(d)
		w.advance(5*time.Minute + time.Second)
		p := b.submit(f, "decision", "approve")
		b.form(p, "/signin") // asked to sign in again
		w.refused(w.poll(c, d), 400, "AuthorizationPendingException")
		again := b.submitSignIn(p, "alice", w.server.Password("alice"))
		b.says(b.submit(b.form(again, "/device/decision"), "decision", "approve"), "approved")
		w.want(200, w.poll(c, d))
	},
	"device-approve-disabled-user": func(w *world) {
		w = w.another()
		c := w.register()
		d := w.start(c)
		w.decide(d, "bob", "approve")
		w.apply("    email: bob@acme.example\n", "    email: bob@acme.example\n    status: DISABLED\n")
		w.unchanged("a poll for somebody disabled", func() {
			w.refused(w.poll(c, d), 400, "AccessDeniedException|InvalidGrantException")
		})
	},
}

func count(all []bool) (n int) {
	for _, one := range all {
		if one {
			n++
		}
	}
	return n
}

func otherCase(r rune) rune {
	if unicode.IsUpper(r) {
		return unicode.ToLower(r)
	}
	return unicode.ToUpper(r)
}

// startFrom begins a device authorization with headers of a proxy.
func (w *world) startFrom(c registration, header map[string]string) device {
	w.t.Helper()
	body := `{"clientId":"` + c.id + `","clientSecret":"` + c.secret + `","startUrl":"` + w.server.StartURL + `"}`
	a := w.want(200, w.send("POST", "/device_authorization", header, []byte(body)))
	return device{a.member("deviceCode"), a.member("userCode"), a.member("verificationUriComplete")}
}

// typedAs does to another code what somebody did to the code of a vector: letters that are the shown code's, in order, become the other
// code's, and everything else stays. A letter in another width becomes the other code's letter in that width, a wrong letter a wrong one.
func typedAs(shown, typed, actual string) string {
	const fullWidth = 0xFF21 - 'A'
	from, to := strings.ReplaceAll(shown, "-", ""), strings.ReplaceAll(actual, "-", "")
	var b strings.Builder
	next := 0
	for _, r := range typed {
		upper := unicode.ToUpper(r)
		switch {
		case next < len(from) && upper == rune(from[next]):
			letter := rune(to[next])
			if upper != r {
				letter = unicode.ToLower(letter)
			}
			b.WriteRune(letter)
			next++
		case next < len(from) && r == rune(from[next])+fullWidth:
			b.WriteRune(rune(to[next]) + fullWidth)
			next++
		case next < len(from) && 'A' <= upper && upper <= 'Z':
			b.WriteRune(wrongLetter(rune(to[next])))
			next++
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func wrongLetter(right rune) rune {
	if right == 'X' {
		return 'B'
	}
	return 'X'
}
