package attacks

import (
	"bytes"
	"strings"
	"time"

	"sallyport/internal/api"
)

const refreshWindow = 30 * time.Second

var refreshSteps = map[string]attack{
	"refresh-rotated-replay": func(w *world) {
		w = w.another()
		c := w.register()
		old := w.login(c, "alice")
		fresh := w.want(200, w.refresh(c, old.refresh)).tokens()
		w.advance(refreshWindow + time.Second)
		w.refused(w.refresh(c, old.refresh), 400, "InvalidGrantException")
		w.refused(w.refresh(c, fresh.refresh), 400, "InvalidGrantException")
		w.refused(w.accounts(fresh.access), 401, "UnauthorizedException")
		w.refused(w.accounts(old.access), 401, "UnauthorizedException")
		w.logs("a spent refresh token was used")
		w.audited("RefreshReplayed", 1)
	},
	"refresh-grace-replay": func(w *world) {
		w = w.another()
		c, other := w.register(), w.register()
		old := w.login(c, "alice")
		first := w.want(200, w.refresh(c, old.refresh))
		w.advance(refreshWindow / 2)
		w.unchanged("replays within the window", func() {
			again := w.want(200, w.refresh(c, old.refresh))
			if !bytes.Equal(first.body, again.body) {
				w.t.Errorf("the answers differ:\n%s\n%s", first, again)
			}
			w.refused(w.refresh(other, old.refresh), 400, "InvalidGrantException")
		})
		w.want(200, w.refresh(c, first.tokens().refresh))
	},
	"refresh-race": func(w *world) {
		nodes := []*world{w.another()}
		nodes = append(nodes, nodes[0].beside())
		c := nodes[0].register()
		token := nodes[0].login(c, "alice").refresh
		for range 5 {
			answers := make([]answer, 20)
			together(len(answers), func(i int) { answers[i] = nodes[i%2].refresh(c, token) })
			for _, a := range answers {
				if w.want(200, a); a.tokens() != answers[0].tokens() {
					w.t.Fatalf("two branches: %s and %s", a, answers[0])
				}
			}
			token = answers[0].tokens().refresh
		}
		w.want(200, nodes[1].refresh(c, token))
	},
	"refresh-absolute-expiry": func(w *world) {
		const day, life = 24 * time.Hour, 80
		w = w.another("--session-duration=80d")
		c := w.register()
		token := w.login(c, "alice").refresh
		for n := range 91 {
			w.advance(day)
			a := w.refresh(c, token)
			if a.status != 200 {
				if w.refused(a, 400, "InvalidGrantException"); n+1 < life-1 || n+1 > life {
					w.t.Errorf("the session of %d days ended on day %d", life, n+1)
				}
				return
			}
			token = a.tokens().refresh
		}
		w.t.Error("the session was refreshed for 91 days")
	},
	"refresh-user-group-removed": func(w *world) {
		w = w.another()
		c := w.register()
		session := w.login(c, "carol")
		w.want(200, w.credentials(session.access, "444455556666", "ReadOnlyAccess"))
		w.apply("  - displayName: Auditors\n    description: Read everything, change nothing\n    members: [carol]\n",
			"  - displayName: Auditors\n    description: Read everything, change nothing\n    members: []\n")
		fresh := w.want(200, w.refresh(c, session.refresh)).tokens()
		if list := w.want(200, w.accounts(fresh.access)); strings.Contains(string(list.body), "444455556666") {
			w.t.Errorf("the account is listed: %s", list)
		}
		w.refused(w.credentials(fresh.access, "444455556666", "ReadOnlyAccess"), 403, "ForbiddenException")
	},
	"refresh-password-changed": func(w *world) {
		w = w.another()
		c := w.register()
		first, second, others := w.login(c, "bob"), w.login(c, "bob"), w.login(c, "alice")
		w.setPassword("bob", "mortar holds the wall up")
		for _, session := range []tokens{first, second} {
			w.refused(w.refresh(c, session.refresh), 400, "InvalidGrantException")
			w.refused(w.accounts(session.access), 401, "UnauthorizedException")
		}
		w.want(200, w.refresh(c, others.refresh))
	},
	"refresh-client-deleted": func(w *world) {
		const day = 24 * time.Hour
		w = w.another("--session-duration=90d")
		c := w.register()
		w.advance(2 * day)
		session := w.login(c, "alice")
		w.advance(87 * day)
		session = w.want(200, w.refresh(c, session.refresh)).tokens()
		w.advance(day + time.Minute) // 90 days after the registration, 88 after the sign-in
		w.refused(w.refresh(c, session.refresh), 401, "InvalidClientException")
		w.refused(w.post("/device_authorization", w.startRequest(c)), 401, "InvalidClientException")
		w.refused(w.get("/authorize?"+authorizeQuery(c, nil).Encode()), 400, "InvalidClientException")
	},
	"refresh-truncated": func(w *world) {
		c := w.register()
		token := w.login(c, "alice").refresh
		w.unchanged("changed refresh tokens", func() {
			for n := 1; n <= 8; n++ {
				w.refused(w.refresh(c, token[:len(token)-n]), 400, "InvalidGrantException")
			}
			for _, changed := range []string{token + "A", token + "=", " " + token, token[1:], token + "\n", strings.ToUpper(token)} {
				w.refused(w.refresh(c, changed), 400, "InvalidGrantException")
			}
		})
		w.want(200, w.refresh(c, token))
	},
	"refresh-hash-at-rest": func(w *world) {
		// A server of its own that is killed, so that what is on disk is what a thief of the disk finds. The run ends with the same look
		// at everything that its shared server stored.
		w = w.another()
		c := w.register()
		pending := w.start(c)
		session := w.login(c, "alice")
		session = w.want(200, w.refresh(c, session.refresh)).tokens()
		w.want(200, w.redeem(c, w.code(c, "alice", nil)))
		w.code(c, "bob", nil)
		w.want(200, w.credentials(session.access, "111122223333", "AdministratorAccess"))
		w.as("bob").devicePage(pending)
		w.server.Kill()
		w.filesAreClean(w.t, 12)
	},
	"refresh-iam-refresh": func(w *world) {
		p := w.propagation()
		c := w.register()
		own := w.login(c, "alice").refresh
		apps, front := p.token().tokens().refresh, p.front(p.app)
		signed := func(clientID, token string) answer {
			return p.call(p.caller, api.CreateTokenWithIAM.Operation, members{"clientId": clientID, "grantType": grantRefresh, "refreshToken": token})
		}
		w.unchanged("refresh tokens at the other operation", func() {
			w.refused(signed(p.app, own), 400, "InvalidGrantException")
			w.refused(signed(c.id, own), 401, "InvalidClientException")
			w.refused(w.refresh(c, apps), 400, "InvalidGrantException")
			w.refused(w.refresh(registration{p.app, c.secret}, apps), 401, "InvalidClientException")
			w.refused(signed(front.app, apps), 400, "UnauthorizedClientException") // another application
			body := members{"clientId": c.id, "clientSecret": c.secret, "grantType": grantRefresh, "refreshToken": own}
			w.refused(w.post("/token?aws_iam=t", body), 403, "MissingAuthenticationTokenException")
			for _, target := range []string{"/token?aws_iam=", "/token?aws_iam", "/token?aws_iam=T", "/token?aws_iam=true"} {
				w.refused(w.post(target, body), 404, "UnknownOperationException")
			}
		})
		w.want(200, w.refresh(c, own))
		w.want(200, signed(p.app, apps))
	},
	"refresh-grace-after-key-rotation": func(w *world) {
		w = w.another()
		c := w.register()
		old := w.login(c, "alice").refresh
		first := w.want(200, w.refresh(c, old))
		w.control(200, "/_dev/rotate", members{}, nil)
		again := w.want(200, w.refresh(c, old))
		if !bytes.Equal(first.body, again.body) {
			w.t.Errorf("the answers differ:\n%s\n%s", first, again)
		}
		next := w.want(200, w.refresh(c, again.tokens().refresh))
		w.want(200, w.accounts(next.tokens().access))
	},
}
