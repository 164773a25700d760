package attacks

import (
	"slices"
	"strings"
)

var registerSteps = map[string]attack{
	"register-name-long": func(w *world) {
		for _, name := range []string{strings.Repeat("n", 257), strings.Repeat("n", 60_000), "two\nlines level=ERROR msg=forged", "nul\x00", ""} {
			w.refused(w.post("/client/register", publicClient.with(members{"clientName": name})), 400,
				"InvalidRequestException|InvalidClientMetadataException")
		}
		w.refusedBy(w.post("/client/register", publicClient.with(members{"clientName": strings.Repeat("n", 1<<20)})), 400, 413)
		for line := range strings.Lines(w.server.Log.String()) {
			if strings.HasPrefix(line, "lines level=ERROR") {
				w.t.Errorf("a name made a line of its own in the log: %s", line)
			}
		}
	},
	"register-redirect-bad": func(w *world) {
		var file struct {
			Register []struct{ URI, Expect, Why string }
		}
		readVectors(w.t, "redirect-uri/cases.json", &file)
		for _, c := range file.Register {
			a := w.post("/client/register", publicClient.with(members{"redirectUris": []string{c.URI}}))
			// What the vectors leave to policy is refused here: see internal/oauth.
			if c.Expect == "allowed" {
				w.want(200, a)
			} else {
				w.t.Logf("%s: %.60q", c.Why, c.URI)
				w.refused(a, 400, "InvalidRedirectUriException|InvalidRequestException")
			}
		}
		if len(file.Register) != 33 {
			w.t.Errorf("read %d cases, want 33", len(file.Register))
		}
	},
	"register-id-predict": func(w *world) {
		// The generator is the operating system's; what a thousand show is that nothing of the registration or its number replaces it.
		seen := map[string]bool{}
		for range 1000 {
			c := w.register()
			if seen[c.id] || seen[c.secret] || len(c.secret) < 40 {
				w.t.Fatalf("seen before, or too short: %s", c.secret)
			}
			seen[c.id], seen[c.secret] = true, true
		}
		secrets := []string{}
		for text := range seen {
			secrets = append(secrets, text)
		}
		slices.Sort(secrets)
		for i := 1; i < len(secrets); i++ {
			// Texts under one key begin with its id; behind it, neighbours in order share no more than chance lets 2,000 of them share.
			if shared := commonPrefix(secrets[i-1], secrets[i]); shared > 40 {
				w.t.Fatalf("%d letters are shared by %.60s and %.60s", shared, secrets[i-1], secrets[i])
			}
		}
	},
	"register-secret-cross-instance": func(w *world) {
		elsewhere := w.another()
		foreign, own := elsewhere.register(), w.register()
		w.refused(w.post("/device_authorization", w.startRequest(foreign)), 401, "InvalidClientException")
		w.refused(w.post("/device_authorization", w.startRequest(registration{own.id, foreign.secret})), 401, "InvalidClientException")
		w.refused(w.post("/device_authorization", w.startRequest(registration{foreign.id, own.secret})), 401, "InvalidClientException")
		page := w.refused(w.get("/authorize?"+authorizeQuery(foreign, nil).Encode()), 400, "InvalidClientException")
		if page.header.Get("Location") != "" {
			w.t.Errorf("went to %s", page)
		}
	},
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
