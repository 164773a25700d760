package token

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
	"sallyport/internal/strictjson"
)

func TestASubjectTokenIsExchangedForASessionOfItsOwn(t *testing.T) {
	w := newWorld(t)
	subject := w.subject()
	out := w.got(w.exchange(theApp, subject))
	if !w.holds(out.AccessToken) || out.AccessToken == subject {
		t.Error("there is no new token that holds")
	}
	claims := w.claims(out.IDToken, appARN(theApp))
	for _, name := range []string{"sts:audit_context", "nonce"} {
		if _, found := claims.Get(name); found {
			t.Errorf("the ID token has %s", name)
		}
	}
	if context, _ := claims.Get("sts:identity_context"); context.Text() != out.AWSAdditionalDetails.IdentityContext {
		t.Error("the contexts differ")
	}
	if got := actors(claims); !slices.Equal(got, []string{appARN(anotherApp), issuerARN(issuerID)}) {
		t.Errorf("the actors are %v", got)
	}
	parent, _ := w.s.sessionOf(subject)
	child, _ := w.s.sessionOf(out.AccessToken)
	w.Update(func(tx *store.Tx) error {
		s, _, _, err := tx.SessionAndUser(child)
		if s.ParentSessionID != parent || s.ApplicationID != theApp || s.IssuerID != issuerID || s.UserID != w.user.UserID {
			t.Errorf("the session is %+v", s)
		}
		return err
	})
}

// actors are the names in the claim act, from the outside in.
func actors(claims strictjson.Value) (names []string) {
	for act, found := claims.Get("act"); found; act, found = act.Get("act") {
		sub, _ := act.Get("sub")
		names = append(names, sub.Text())
	}
	return names
}

func TestSubjectTokensThatAreRefused(t *testing.T) {
	foreign := newWorld(t)
	cases := []struct {
		name    string
		subject func(w *world) string
		kind    *fault.Kind
	}{
		{"that are not ours", func(w *world) string { return "aoa" }, fault.InvalidGrant},
		{"of another installation", func(w *world) string { return foreign.subject() }, fault.InvalidGrant},
		{"that are refresh tokens", func(w *world) string {
			w.grant(anotherApp, oauth.GrantRefreshToken)
			w.scope(anotherApp, "wonder:read", appARN(theApp))
			return w.got(w.bring(anotherApp, w.assertion())).RefreshToken
		}, fault.InvalidGrant},
		{"that are ID tokens", func(w *world) string { return w.got(w.bring(anotherApp, w.assertion())).IDToken }, fault.InvalidGrant},
		{"with a character less", func(w *world) string { s := w.subject(); return s[:len(s)-1] }, fault.InvalidGrant},
		{"that have expired", func(w *world) string {
			w.grant(anotherApp, oauth.GrantRefreshToken) // so that its session goes on
			s := w.subject()
			w.Clock.Advance(time.Hour + repeatGrace)
			return s
		}, fault.InvalidGrant},
		{"whose session was ended", func(w *world) string {
			s := w.subject()
			id, _ := w.s.sessionOf(s)
			w.Update(func(tx *store.Tx) error { _, err := tx.RevokeSession(id, "test"); return err })
			return s
		}, fault.InvalidGrant},
		{"whose user is disabled", func(w *world) string { s := w.subject(); w.disableUser(); return s }, fault.InvalidGrant},
		{"whose user is gone", func(w *world) string {
			s := w.subject()
			w.Update(func(tx *store.Tx) error { return tx.DeleteUser(w.user.UserID) })
			return s
		}, fault.InvalidGrant},
		{"whose application is gone", func(w *world) string {
			s := w.subject()
			w.Update(func(tx *store.Tx) error { return tx.DeleteApplication(anotherApp) })
			return s
		}, fault.InvalidGrant},
		{"of the application itself", func(w *world) string {
			w.scope(theApp, "wonder:read", appARN(theApp))
			return w.got(w.bring(theApp, w.assertion())).AccessToken
		}, fault.InvalidGrant},
		{"whose scopes name nothing", func(w *world) string {
			w.scope(anotherApp, "wonder:read")
			return w.got(w.bring(anotherApp, w.assertion())).AccessToken
		}, fault.InvalidGrant},
		{"whose scopes name another application", func(w *world) string {
			w.scope(anotherApp, "wonder:read", appARN("apl-cccccccccccccccc"))
			return w.got(w.bring(anotherApp, w.assertion())).AccessToken
		}, fault.InvalidGrant},
		{"whose scopes name another instance", func(w *world) string {
			w.scope(anotherApp, "wonder:read", arn.Instance{InstanceID: "ssoins-2222222222222222"}.String())
			return w.got(w.bring(anotherApp, w.assertion())).AccessToken
		}, fault.InvalidGrant},
		{"without the scope that names the application", func(w *world) string {
			w.scope(anotherApp, "wonder:read", appARN(theApp))
			return w.got(w.bring(anotherApp, w.assertion(), "openid", "aws")).AccessToken
		}, fault.InvalidGrant},
		{"whose scope does not name the application any more", func(w *world) string {
			s := w.subject()
			w.scope(anotherApp, "wonder:read")
			return s
		}, fault.InvalidGrant},
		{"of a registered client", func(w *world) string { return w.login(w.register()).AccessToken }, fault.InvalidGrant},
		{"of a client that registered without scopes", func(w *world) string { return w.login(w.register(legacy)).AccessToken }, fault.InvalidGrant},
		{"that another party alone may exchange", func(w *world) string {
			return w.subjectOf(map[string]any{"may_act": map[string]any{"sub": appARN("apl-cccccccccccccccc")}})
		}, fault.InvalidGrant},
		{"that this application may exchange at another server", func(w *world) string {
			return w.subjectOf(map[string]any{"may_act": map[string]any{"sub": appARN(theApp), "iss": "https://other.example.test"}})
		}, fault.InvalidGrant},
		{"whose may_act cannot be read", func(w *world) string { return w.subjectOf(map[string]any{"may_act": appARN(theApp)}) }, fault.InvalidGrant},
		{"whose may_act names nobody", func(w *world) string { return w.subjectOf(map[string]any{"may_act": map[string]any{"sub": 7}}) }, fault.InvalidGrant},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			subject := c.subject(w)
			before := w.rows()
			_, err := w.exchange(theApp, subject)
			is(t, err, c.kind)
			if after := w.rows(); after["session"] != before["session"] || after["audit_event"] != before["audit_event"] {
				t.Errorf("a refusal changed %v to %v", before, after)
			}
		})
	}
}

// subjectOf is a subject token of an assertion with claims of its own.
func (w *world) subjectOf(claims map[string]any) string {
	w.t.Helper()
	w.scope(anotherApp, "wonder:read", appARN(theApp))
	return w.got(w.bring(anotherApp, w.assertion(claims))).AccessToken
}

func TestTheCommandForATargetKeepsThoseThatThereAre(t *testing.T) {
	w := newWorld(t)
	w.scope(anotherApp, "wonder:read", appARN("apl-cccccccccccccccc"))
	token := w.got(w.bring(anotherApp, w.assertion())).AccessToken
	text, _ := w.traced(&api.CreateTokenWithIAMRequest{
		ClientID: appARN(theApp), GrantType: string(oauth.GrantTokenExchange), SubjectToken: token, SubjectTokenType: string(oauth.TokenTypeAccessToken),
	})
	want := "aws sso-admin put-application-access-scope --application-arn " + appARN(anotherApp) + " --scope wonder:read --authorized-targets " +
		appARN("apl-cccccccccccccccc") + " " + appARN(theApp)
	if !strings.Contains(text, want) {
		t.Errorf("no %s in\n%s", want, text)
	}
}

func TestMayActLetsInWhomItNames(t *testing.T) {
	w := newWorld(t)
	w.got(w.exchange(theApp, w.subjectOf(map[string]any{"may_act": map[string]any{"sub": appARN(theApp)}})))
	w.got(w.exchange(theApp, w.subjectOf(map[string]any{"may_act": map[string]any{"sub": appARN(theApp), "iss": w.s.Issuer}})))
	// It goes on to what the token was exchanged for.
	w.scope(theApp, "wonder:read", appARN(anotherApp))
	w.scope(anotherApp, "wonder:read", arn.Instance{InstanceID: organisation}.String())
	out := w.got(w.exchange(theApp, w.subjectOf(map[string]any{"may_act": map[string]any{"sub": appARN(theApp)}})))
	_, err := w.exchange(anotherApp, out.AccessToken)
	is(t, err, fault.InvalidGrant)
}

func TestTheScopesOfAnExchangeAreWhatAllThreeHave(t *testing.T) {
	cases := []struct {
		name            string
		ofSubject, asks []string
		want            []string // nil for InvalidScope
	}{
		{"all, where none is named", nil, nil, []string{"openid", "aws", "sts:identity_context", "both:have"}},
		{"those named", nil, []string{"openid"}, []string{"openid"}},
		{"what the subject token has of those named", []string{"wonder:read", "aws"}, []string{"openid", "aws"}, []string{"aws"}},
		{"nothing that the subject token lacks", []string{"wonder:read", "aws"}, []string{"openid"}, nil},
		{"nothing that the application lacks", nil, []string{"wonder:read"}, nil},
		{"nothing that nobody has", nil, []string{"admin"}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.scope(theApp, "both:have")
			w.scope(theApp, "mine:alone")
			w.scope(anotherApp, "both:have")
			w.scope(anotherApp, "wonder:read", appARN(theApp))
			subject := w.got(w.bring(anotherApp, w.assertion(), c.ofSubject...)).AccessToken
			out, err := w.exchange(theApp, subject, func(in *api.CreateTokenWithIAMRequest) { in.Scope = c.asks })
			if c.want == nil {
				is(t, err, fault.InvalidScope)
				return
			}
			if !slices.Equal(w.got(out, err).Scope, c.want) {
				t.Errorf("got %v, want %v", out.Scope, c.want)
			}
		})
	}
}

func TestWhatWasExchangedDoesNotOutliveItsSubject(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{theApp, anotherApp} {
		w.grant(id, oauth.GrantRefreshToken)
	}
	subject := w.subject() // of a session of eight hours
	w.Clock.Advance(30 * time.Minute)
	out := w.got(w.exchange(theApp, subject, func(in *api.CreateTokenWithIAMRequest) {
		in.RequestedTokenType = string(oauth.TokenTypeRefreshToken)
	}))
	parent, _ := w.s.sessionOf(subject)
	child, _ := w.s.sessionOf(out.AccessToken)
	w.Update(func(tx *store.Tx) error {
		p, _, _, err := tx.SessionAndUser(parent)
		if err != nil {
			return err
		}
		c, _, _, err := tx.SessionAndUser(child)
		if c.EndsAt != p.EndsAt {
			t.Errorf("it ends at %d, its subject at %d", c.EndsAt, p.EndsAt)
		}
		return err
	})
	w.Clock.Advance(7*time.Hour + 29*time.Minute)
	last := w.got(w.refreshAs(theApp, out.RefreshToken))
	if last.ExpiresIn > 60 {
		t.Errorf("a minute before the end the token is to live for %d seconds", last.ExpiresIn)
	}
	w.Clock.Advance(time.Minute)
	if w.holds(last.AccessToken) {
		t.Error("it outlives its subject")
	}
}

func TestTheEndOfTheSubjectsSessionEndsWhatWasExchanged(t *testing.T) {
	ends := map[string]func(w *world, subject string){
		"by revoking it": func(w *world, subject string) {
			id, _ := w.s.sessionOf(subject)
			w.Update(func(tx *store.Tx) error { _, err := tx.RevokeSession(id, "test"); return err })
		},
		"by ending the sessions of its application": func(w *world, subject string) {
			w.Update(func(tx *store.Tx) error { return tx.RevokeSessionsOfApplication(anotherApp, "test") })
		},
		"by disabling its application": func(w *world, subject string) {
			w.put(anotherApp, func(a *store.Application) { a.Status = store.StatusDisabled })
		},
		"by disabling the user": func(w *world, subject string) { w.disableUser() },
		"by ending the sign-in": func(w *world, subject string) {
			w.Update(func(tx *store.Tx) error { return tx.RevokeSignIn("s", "test") })
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.grant(theApp, oauth.GrantRefreshToken)
			w.grant(anotherApp, oauth.GrantAuthorizationCode)
			w.scope(anotherApp, "wonder:read", appARN(theApp))
			subject := w.got(w.redeemCode(anotherApp, w.codeOf(anotherApp))).AccessToken
			out := w.got(w.exchange(theApp, subject, func(in *api.CreateTokenWithIAMRequest) {
				in.RequestedTokenType = string(oauth.TokenTypeRefreshToken)
			}))
			end(w, subject)
			if w.holds(subject) || w.holds(out.AccessToken) {
				t.Error("a token holds")
			}
			_, err := w.refreshAs(theApp, out.RefreshToken)
			is(t, err, fault.InvalidGrant)
		})
	}
}

// What was exchanged for a token of an application that is disabled for a while rests for that while, also at some distance.
func TestWhatWasExchangedRestsWhileAnApplicationAboveItIsDisabled(t *testing.T) {
	w := newWorld(t)
	w.grant(anotherApp, oauth.GrantRefreshToken)
	w.scope(theApp, "chain:on", arn.Instance{InstanceID: organisation}.String())
	w.scope(anotherApp, "chain:on", arn.Instance{InstanceID: organisation}.String())
	between := w.got(w.exchange(theApp, w.got(w.bring(anotherApp, w.assertion())).AccessToken)).AccessToken
	last := w.got(w.exchange(anotherApp, between, func(in *api.CreateTokenWithIAMRequest) {
		in.RequestedTokenType = string(oauth.TokenTypeRefreshToken)
	}))
	w.put(theApp, func(a *store.Application) { a.Status = store.StatusDisabled })
	if w.holds(last.AccessToken) {
		t.Error("its access token holds")
	}
	_, err := w.refreshAs(anotherApp, last.RefreshToken)
	is(t, err, fault.InvalidGrant)
	w.put(theApp)
	w.got(w.refreshAs(anotherApp, last.RefreshToken))
}

func TestSessionsEndWithTheTrustInTheirIssuer(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{theApp, anotherApp} {
		w.grant(id, oauth.GrantRefreshToken)
	}
	w.scope(anotherApp, "wonder:read", appARN(theApp))
	subject := w.got(w.bring(anotherApp, w.assertion()))
	child := w.got(w.exchange(theApp, subject.AccessToken, func(in *api.CreateTokenWithIAMRequest) {
		in.RequestedTokenType = string(oauth.TokenTypeRefreshToken)
	}))
	w.Update(func(tx *store.Tx) error { return tx.DeleteTrustedTokenIssuer(issuerID) })
	_, err := w.refreshAs(anotherApp, subject.RefreshToken)
	is(t, err, fault.InvalidGrant)
	_, err = w.refreshAs(theApp, child.RefreshToken)
	is(t, err, fault.InvalidGrant)
	if w.holds(subject.AccessToken) || w.holds(child.AccessToken) {
		t.Error("a token holds")
	}
}

func TestChainsOfExchangesAreBounded(t *testing.T) {
	w := newWorld(t)
	w.scope(theApp, "chain:on", arn.Instance{InstanceID: organisation}.String())
	w.scope(anotherApp, "chain:on", arn.Instance{InstanceID: organisation}.String())
	token := w.got(w.bring(anotherApp, w.assertion())).AccessToken
	turn := []string{theApp, anotherApp}
	for n := range maxActors { // the issuer of the assertion is the first
		out, err := w.exchange(turn[n%2], token)
		if n == maxActors-1 {
			is(t, err, fault.InvalidGrant)
			return
		}
		token = w.got(out, err).AccessToken
		if got := actors(w.claims(out.IDToken, appARN(turn[n%2]))); len(got) != n+2 || got[len(got)-1] != issuerARN(issuerID) || got[0] != appARN(turn[(n+1)%2]) {
			t.Errorf("exchange %d: the actors are %v", n+1, got)
		}
	}
}

func TestAContextOfAnExchangedTokenNamesItsApplication(t *testing.T) {
	w := newWorld(t)
	out := w.got(w.exchange(theApp, w.subject()))
	got, _ := w.claims(out.IDToken, appARN(theApp)).Get("aws:application_arn")
	if got.Text() != appARN(theApp) {
		t.Errorf("it names %s", got.Text())
	}
}

func FuzzActorsOfASession(f *testing.F) {
	f.Add("", `{"sub":"a","act":{"sub":"b"}}`, "x")
	f.Add(`{"sub":"a"}`, "", "")
	f.Fuzz(func(t *testing.T, mayAct, earlier, name string) {
		permits(mayAct, name, name)
		acting, few, err := actor{Subject: name}.behind(earlier)
		if err != nil || !few {
			return
		}
		if again, few, err := (actor{Subject: name}).behind(earlier); err != nil || !few || again.String() != acting.String() {
			t.Errorf("%q behind %q reads otherwise the second time", name, earlier)
		}
	})
}
