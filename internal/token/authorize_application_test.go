package token

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
)

// signInApp is a world whose application signs people in with a code.
func signInApp(t *testing.T) *world {
	w := newWorld(t)
	w.grant(theApp, oauth.GrantAuthorizationCode)
	w.grant(anotherApp, oauth.GrantAuthorizationCode)
	return w
}

func TestACodeOfAnApplicationIsRedeemedByWhoMayActForIt(t *testing.T) {
	w := signInApp(t)
	out := w.got(w.redeemCode(theApp, w.codeOf(theApp, set("nonce", "n1"), set("scope", "openid aws"))))
	if !slices.Equal(out.Scope, []string{"openid", "aws"}) || !w.holds(out.AccessToken) {
		t.Errorf("got %+v", out)
	}
	claims := w.claims(out.IDToken, appARN(theApp))
	if nonce, _ := claims.Get("nonce"); nonce.Text() != "n1" {
		t.Errorf("the nonce is %q", nonce.Text())
	}
	if _, found := claims.Get("act"); found {
		t.Error("somebody acts for a person who signed in")
	}
}

func TestCodesStayWithTheirClients(t *testing.T) {
	w := signInApp(t)
	client := w.register()
	code := w.codeOf(theApp)
	_, err := w.redeem(client, code, func(in *api.CreateTokenRequest) { in.RedirectURI = appRedirect })
	is(t, err, fault.InvalidGrant)
	_, err = w.redeemCode(anotherApp, code)
	is(t, err, fault.InvalidGrant)
	public := w.code(client)
	_, err = w.redeemCode(theApp, public, func(in *api.CreateTokenWithIAMRequest) { in.RedirectURI = callback })
	is(t, err, fault.InvalidGrant)
	w.got(w.redeemCode(theApp, code))
	if _, err := w.redeem(client, public); err != nil {
		t.Error(err)
	}
}

func TestACodeOfAnApplicationNeedsItsProof(t *testing.T) {
	for name, c := range map[string]struct {
		change func(in *api.CreateTokenWithIAMRequest)
		kind   *fault.Kind
	}{
		"no verifier":            {func(in *api.CreateTokenWithIAMRequest) { in.CodeVerifier = "" }, fault.InvalidRequest},
		"another verifier":       {func(in *api.CreateTokenWithIAMRequest) { in.CodeVerifier = strings.ToUpper(verifier) }, fault.InvalidGrant},
		"no redirect URI":        {func(in *api.CreateTokenWithIAMRequest) { in.RedirectURI = "" }, fault.InvalidRequest},
		"another redirect URI":   {func(in *api.CreateTokenWithIAMRequest) { in.RedirectURI = "http://127.0.0.1/callback" }, fault.InvalidGrant},
		"scopes not granted":     {func(in *api.CreateTokenWithIAMRequest) { in.Scope = []string{"aws"} }, fault.InvalidScope},
		"a code that is another": {func(in *api.CreateTokenWithIAMRequest) { in.Code += "x" }, fault.InvalidGrant},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := signInApp(t)
			code := w.codeOf(theApp, set("scope", "openid"))
			_, err := w.redeemCode(theApp, code, c.change)
			is(t, err, c.kind)
			w.got(w.redeemCode(theApp, code))
		})
	}
}

func TestACodeOfAnApplicationWorksOnce(t *testing.T) {
	w := signInApp(t)
	code := w.codeOf(theApp)
	out := w.got(w.redeemCode(theApp, code))
	w.Clock.Advance(time.Minute)
	_, err := w.redeemCode(theApp, code)
	is(t, err, fault.InvalidGrant)
	if w.holds(out.AccessToken) {
		t.Error("the tokens of a code that came twice hold")
	}
}

func TestAuthorizationRequestsOfApplications(t *testing.T) {
	cases := []struct {
		name   string
		before func(w *world)
		change func(url.Values)
		kind   *fault.Kind     // shown on a page of ours
		told   oauth.ErrorCode // to the application
	}{
		{name: "as configured", change: func(url.Values) {}},
		{name: "with a loopback address at any port", change: set("redirect_uri", "http://127.0.0.1:50123/callback")},
		{name: "with a redirect URI that is none of its", change: set("redirect_uri", "https://app.example.test/other"), kind: fault.InvalidRequest},
		{name: "without one", change: set("redirect_uri", ""), kind: fault.InvalidRequest},
		{name: "of an unknown application", change: set("client_id", appARN("apl-0000000000000000")), kind: fault.InvalidClient},
		{name: "of what is no application", change: set("client_id", "arn:aws:sso:::instance/"+organisation), kind: fault.InvalidClient},
		{name: "of a disabled application", change: func(url.Values) {}, kind: fault.InvalidClient,
			before: func(w *world) { w.put(theApp, func(a *store.Application) { a.Status = store.StatusDisabled }) }},
		{name: "of an application without the grant", change: func(url.Values) {}, kind: fault.InvalidRequest,
			before: func(w *world) { w.ungrant(theApp, oauth.GrantAuthorizationCode) }},
		{name: "without a challenge", change: func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") }, told: oauth.InvalidRequest},
		{name: "with a plain challenge", change: set("code_challenge_method", "plain"), told: oauth.InvalidRequest},
		{name: "for a scope that it does not have", change: set("scope", "openid app:read"), told: oauth.InvalidScope},
		{name: "for a scope that it has", change: set("scope", "openid app:read"), before: func(w *world) { w.scope(theApp, "app:read") }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := signInApp(t)
			if c.before != nil {
				c.before(w)
			}
			request, err := w.s.ParseAuthorize(ctx, w.appQuery(theApp, c.change))
			if c.kind != nil {
				is(t, err, c.kind)
				return
			}
			if redirect, _ := err.(*Redirect); c.told != "" {
				if redirect == nil || redirect.Code != c.told {
					t.Errorf("got %v, want %s", err, c.told)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if opened, err := w.s.OpenAuthorize(ctx, w.s.SealAuthorize(request)); err != nil || opened.Client.Name != "Wonder "+theApp {
				t.Errorf("read back: %+v, %v", opened.Client, err)
			}
		})
	}
}

func TestWhatChangesWhileThePersonDecidesCounts(t *testing.T) {
	for name, change := range map[string]func(w *world){
		"the application is disabled": func(w *world) { w.put(theApp, func(a *store.Application) { a.Status = store.StatusDisabled }) },
		"the redirect URI is taken": func(w *world) {
			w.grantAs(theApp, oauth.GrantAuthorizationCode, `{"AuthorizationCode":{"RedirectUris":["https://other.example.test/"]}}`)
		},
		"the grant is taken":             func(w *world) { w.ungrant(theApp, oauth.GrantAuthorizationCode) },
		"the application is deleted now": func(w *world) { w.Update(func(tx *store.Tx) error { return tx.DeleteApplication(theApp) }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := signInApp(t)
			request, err := w.s.ParseAuthorize(ctx, w.appQuery(theApp))
			if err != nil {
				t.Fatal(err)
			}
			sealed := w.s.SealAuthorize(request)
			change(w)
			_, err = w.s.OpenAuthorize(ctx, sealed)
			is(t, err, fault.InvalidRequest)
		})
	}
}

func TestWhoIsNotAssignedHasNothingToAllow(t *testing.T) {
	w := signInApp(t)
	w.unassign(theApp, store.PrincipalUser, w.user.UserID)
	if got := w.decideOn(theApp, true).Query(); got.Get("error") != "access_denied" || got.Get("code") != "" || got.Get("state") != "s1" {
		t.Errorf("the application hears %v", got)
	}
	if rows := w.rows(); rows["consent"] != 0 {
		t.Error("the consent is remembered")
	}
}

func TestConsentToAnApplicationIsRememberedForNinetyDays(t *testing.T) {
	w := newWorld(t)
	w.grant(theApp, oauth.GrantAuthorizationCode)
	w.Clock.Advance(365 * 24 * time.Hour) // by now the application is older than any registration
	w.codeOf(theApp)
	asked := func() bool {
		request, err := w.s.ParseAuthorize(ctx, w.appQuery(theApp))
		if err != nil {
			t.Fatal(err)
		}
		consented, err := w.s.Consented(ctx, w.person(), request)
		if err != nil {
			t.Fatal(err)
		}
		return !consented
	}
	if asked() {
		t.Error("asked again at once")
	}
	w.Clock.Advance(89 * 24 * time.Hour)
	if asked() {
		t.Error("asked again after 89 days")
	}
	w.scope(theApp, "app:read")
	if !asked() {
		t.Error("not asked for a scope that is new")
	}
	w.Update(func(tx *store.Tx) error { _, err := tx.DeleteApplicationScope(theApp, "app:read"); return err })
	w.Clock.Advance(24 * time.Hour)
	if !asked() {
		t.Error("not asked after 90 days")
	}
}

func TestClientsAndApplicationsAreDescribedToRelyingParties(t *testing.T) {
	d := newBench(t).s.Discovery()
	for _, grant := range []oauth.GrantType{oauth.GrantJWTBearer, oauth.GrantTokenExchange, oauth.GrantDeviceCode, oauth.GrantAuthorizationCode, oauth.GrantRefreshToken} {
		if !slices.Contains(d.GrantTypesSupported, grant) {
			t.Errorf("the grant %s is not described", grant)
		}
	}
	if !slices.Equal(d.IDTokenSigningAlgs, []string{"ES256", "RS256"}) {
		t.Errorf("ID tokens are signed with %v", d.IDTokenSigningAlgs)
	}
}
