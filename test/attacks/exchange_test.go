package attacks

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"sallyport/internal/api"
)

// exchangeRequests are the entries that have a template and need more than that.
var exchangeRequests = map[string]requestCase{
	"exchange-subject-expired": {flags: []string{}, arrange: frontToken, check: func(w *world, f *stage, a answer) {
		// A token whose session was ended is like one that has expired, and so is one whose person may not sign in any more.
		p := f.application()
		front := p.front(p.app)
		ended := front.token().tokens()
		w.want(200, p.exchange(ended.access, nil))
		userID := w.userID("alice")
		w.sql("UPDATE session SET revoked_at = $1, revoked_because = 'tests' WHERE user_id = $2", w.now().UnixMilli(), userID)
		w.alike("a token that has expired and one whose session was ended", a, w.refused(p.exchange(ended.access, nil), 400, "InvalidGrantException"))
		held := front.token().tokens()
		w.sql("UPDATE directory_user SET status = 'DISABLED' WHERE user_id = $1", userID)
		w.alike("a token that has expired and one of somebody disabled", a, w.refused(p.exchange(held.access, nil), 400, "InvalidGrantException"))
	}},
	"exchange-subject-foreign": {check: func(w *world, f *stage, a answer) {
		p := f.application()
		own := p.front(p.app).token().tokens()
		for what, token := range map[string]string{
			"no token": "x", "an ID token": own.id, "a longer one": own.access + "A", "a shorter one": own.access[:len(own.access)-1], "one of another installation": w.foreignToken(),
		} {
			w.t.Log(what)
			w.alike(what, a, w.refused(p.exchange(token, nil), 400, "InvalidGrantException"))
		}
		w.refusedBy(p.exchange("", nil), 400)
	}},
	"exchange-subject-not-for-us": {check: func(w *world, f *stage, a answer) {
		// Nor is a token of a registered client, whose scopes name nobody, nor one of the application itself.
		p := f.application()
		w.refused(p.exchange(w.login(w.register(), "alice").access, nil), 400, "InvalidGrantException")
		w.refused(p.exchange(p.token().tokens().access, nil), 400, "InvalidGrantException")
	}},
	"exchange-subject-type-missing": {arrange: frontToken, check: func(w *world, f *stage, a answer) {
		p := f.application()
		for _, kind := range []string{"", typeRefresh, "urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt", "access_token", strings.ToUpper(typeAccess)} {
			w.refused(p.exchange(f.tokens.access, members{"subjectTokenType": kind}), 400, "InvalidRequestException")
		}
	}},
	"exchange-requested-unknown": {arrange: frontToken, check: func(w *world, f *stage, a answer) {
		p := f.application()
		for _, kind := range []string{"urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt", "refresh_token", strings.ToUpper(typeAccess)} {
			w.refused(p.exchange(f.tokens.access, members{"requestedTokenType": kind}), 400, "InvalidRequestException")
		}
	}},
	"exchange-scope-up": {arrange: frontToken, check: func(w *world, f *stage, a answer) {
		p := f.application()
		w.scope(p.app, "admin") // has it now, and the subject token still does not
		got := p.exchange(f.tokens.access, members{"scope": []string{"openid", "admin"}})
		if slices.Contains(w.want(200, got).scopes(), "admin") {
			w.t.Errorf("the exchange added a scope: %q", got.scopes())
		}
		w.refused(p.exchange(f.tokens.access, members{"scope": []string{"admin"}}), 400, "InvalidScopeException")
	}},
	"exchange-scope-intersect": {arrange: frontToken, check: func(w *world, f *stage, a answer) {
		if got := a.scopes(); !slices.Equal(got, []string{"openid"}) {
			w.t.Errorf("asked for openid, got %q", got)
		}
		p := f.application()
		narrow := w.want(200, p.call(p.caller, api.CreateTokenWithIAM.Operation, members{
			"clientId": p.front(p.app).app, "grantType": grantBearer, "assertion": p.issuer.token(p.email, nil), "scope": []string{"openid", "reports:read"},
		}))
		if got := w.want(200, p.exchange(narrow.tokens().access, nil)).scopes(); !slices.Equal(got, []string{"openid"}) {
			w.t.Errorf("of openid and reports:read the application may have openid, got %q", got)
		}
	}},
	"exchange-life": {flags: []string{}, arrange: frontToken, check: func(w *world, f *stage, a answer) {
		p := f.application()
		front := p.front(p.app)
		front.grant(front.app, grantRefresh, members{"RefreshToken": members{}})
		began := w.now()
		subject := front.token().tokens()
		ends := began.Add(8 * time.Hour) // session_duration
		for range 7 {
			w.advance(55 * time.Minute)
			subject = w.want(200, front.call(front.caller, api.CreateTokenWithIAM.Operation, members{
				"clientId": front.app, "grantType": grantRefresh, "refreshToken": subject.refresh,
			})).tokens()
		}
		w.advance(50 * time.Minute) // three quarters of an hour before the end
		subject = w.want(200, front.call(front.caller, api.CreateTokenWithIAM.Operation, members{
			"clientId": front.app, "grantType": grantRefresh, "refreshToken": subject.refresh,
		})).tokens()
		got := w.want(200, p.exchange(subject.access, members{"requestedTokenType": typeRefresh}))
		var out struct{ ExpiresIn int64 }
		if err := json.Unmarshal(got.body, &out); err != nil {
			w.t.Fatal(err)
		}
		if until := w.now().Add(time.Duration(out.ExpiresIn) * time.Second); until.After(ends.Add(10 * time.Second)) {
			w.t.Errorf("the token is good until %s, the session ends at %s", until, ends)
		}
		w.advance(ends.Sub(w.now()) + time.Minute)
		w.refused(w.call(p.caller, api.CreateTokenWithIAM.Operation, members{
			"clientId": p.app, "grantType": grantRefresh, "refreshToken": got.tokens().refresh,
		}), 400, "InvalidGrantException")
		w.refused(p.exchange(got.tokens().access, nil), 400, "InvalidGrantException")
	}},
}

// frontToken has the session of the entry be one of an application that lets the application of the entry go on with its tokens.
func frontToken(w *world, f *stage) {
	p := f.application()
	f.tokens = p.front(p.app).token().tokens()
}

// foreignToken is an access token of another installation.
func (w *world) foreignToken() string {
	w.t.Helper()
	elsewhere := w.another()
	p := elsewhere.propagation()
	return p.front(p.app).token().tokens().access
}
