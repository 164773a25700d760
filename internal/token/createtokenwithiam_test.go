package token

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/oauth"
	"sallyport/internal/policy"
	"sallyport/internal/store"
)

func TestTheAnswerHasWhatTheGrantHas(t *testing.T) {
	const access, refresh = string(oauth.TokenTypeAccessToken), string(oauth.TokenTypeRefreshToken)
	cases := []struct {
		name                               string
		answer                             func(w *world) (*api.CreateTokenWithIAMResponse, error)
		refreshToken, idToken, withContext bool
		issued                             string
	}{
		{"an assertion without the refresh grant", func(w *world) (*api.CreateTokenWithIAMResponse, error) {
			w.ungrant(theApp, oauth.GrantRefreshToken)
			return w.bring(theApp, w.assertion())
		}, false, true, true, access},
		{"an assertion with the refresh grant", func(w *world) (*api.CreateTokenWithIAMResponse, error) {
			return w.bring(theApp, w.assertion())
		}, true, true, true, refresh},
		{"an authorization code", func(w *world) (*api.CreateTokenWithIAMResponse, error) {
			return w.redeemCode(theApp, w.codeOf(theApp))
		}, true, true, true, refresh},
		{"a refresh token", func(w *world) (*api.CreateTokenWithIAMResponse, error) {
			return w.refreshAs(theApp, w.got(w.bring(theApp, w.assertion())).RefreshToken)
		}, true, false, false, refresh},
		{"a token exchange", func(w *world) (*api.CreateTokenWithIAMResponse, error) {
			return w.exchange(theApp, w.subject())
		}, false, true, true, access},
		{"a token exchange for a refresh token", func(w *world) (*api.CreateTokenWithIAMResponse, error) {
			return w.exchange(theApp, w.subject(), func(in *api.CreateTokenWithIAMRequest) { in.RequestedTokenType = refresh })
		}, true, true, true, refresh},
		{"an assertion for scopes without openid", func(w *world) (*api.CreateTokenWithIAMResponse, error) {
			return w.bring(theApp, w.assertion(), "aws", "sts:identity_context")
		}, true, false, true, refresh},
		{"an assertion for scopes without the context", func(w *world) (*api.CreateTokenWithIAMResponse, error) {
			return w.bring(theApp, w.assertion(), "openid")
		}, true, true, false, refresh},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.grant(theApp, oauth.GrantRefreshToken)
			w.grant(theApp, oauth.GrantAuthorizationCode)
			out := w.got(c.answer(w))
			if out.TokenType != "Bearer" || out.ExpiresIn != 3600 || !w.holds(out.AccessToken) || len(out.Scope) == 0 {
				t.Errorf("got %+v", out)
			}
			if out.IssuedTokenType != c.issued || (out.RefreshToken != "") != c.refreshToken || (out.IDToken != "") != c.idToken {
				t.Errorf("issued %s, a refresh token: %v, an ID token: %v", out.IssuedTokenType, out.RefreshToken != "", out.IDToken != "")
			}
			if (out.AWSAdditionalDetails != nil) != c.withContext {
				t.Fatalf("a context: %v", out.AWSAdditionalDetails != nil)
			}
			if c.withContext {
				if text := out.AWSAdditionalDetails.IdentityContext; len(text) < 4 || len(text) > creds.MaxContext {
					t.Errorf("the context has %d characters", len(text))
				}
			}
		})
	}
}

func TestTheIDTokenOfAnApplication(t *testing.T) {
	for _, algorithm := range []string{"", keys.RS256} {
		t.Run("signed with "+algorithm, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(theApp, func(a *store.Application) { a.IDTokenAlg = algorithm })
			signedIn := w.Clock.Now().Add(-time.Minute).Unix()
			out := w.got(w.bring(theApp, w.assertion(map[string]any{"auth_time": signedIn})))
			claims := w.claims(out.IDToken, appARN(theApp))
			for name, want := range map[string]string{
				"iss": w.s.Issuer, "sub": w.user.UserID, "aud": appARN(theApp),
				"aws:identity_store_id": "d-1234567890", "aws:identity_store_arn": "arn:aws:identitystore::111122223333:identitystore/d-1234567890",
				"aws:instance_account": owner, "aws:instance_arn": "arn:aws:sso:::instance/" + organisation, "aws:application_arn": appARN(theApp),
				"sts:identity_context": out.AWSAdditionalDetails.IdentityContext,
			} {
				if got, _ := claims.Get(name); got.Text() != want {
					t.Errorf("%s is %q, want %q", name, got.Text(), want)
				}
			}
			if id, _ := claims.Get("aws:credential_id"); len(id.Text()) != 64 {
				t.Errorf("the credential id is %q", id.Text())
			}
			act, _ := claims.Get("act")
			if sub, _ := act.Get("sub"); sub.Text() != issuerARN(issuerID) {
				t.Errorf("act names %q", sub.Text())
			}
			if at, _ := claims.Get("auth_time"); at.Number() != strconv.FormatInt(signedIn, 10) {
				t.Errorf("auth_time is %q %q", at.Number(), at.Text())
			}
			audit, _ := claims.Get("sts:audit_context")
			for kind, text := range map[creds.ContextKind]string{creds.IdentityContext: out.AWSAdditionalDetails.IdentityContext, creds.AuditContext: audit.Text()} {
				c, ok := creds.OpenContext(w.s.Ring, text)
				if !ok || c.Kind != kind || c.UserID != w.user.UserID || c.ApplicationARN != appARN(theApp) || c.SessionID == "" ||
					c.ExpiresAt < w.Clock.Now().Add(59*time.Minute).UnixMilli() || c.ExpiresAt > w.Clock.Now().Add(61*time.Minute).UnixMilli() {
					t.Errorf("the context of kind %d reads %+v, %v", kind, c, ok)
				}
			}
		})
	}
}

func TestAuthTimeIsADateWhereTheSettingSaysSo(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.AWSAuthTime = true })
	out := w.got(w.bring(theApp, w.assertion(map[string]any{"auth_time": 1_600_000_000})))
	at, _ := w.claims(out.IDToken, appARN(theApp)).Get("auth_time")
	if at.Text() != "2020-09-13T12:26:40Z" {
		t.Errorf("auth_time is %q", at.Text())
	}
}

func TestWhichApplicationsAreClients(t *testing.T) {
	cases := []struct {
		name     string
		clientID string
		change   func(a *store.Application)
	}{
		{"a name that is no ARN", "wonder", nil},
		{"the ARN of something else", "arn:aws:sso:::instance/" + organisation, nil},
		{"an unknown application", appARN("apl-0000000000000000"), nil},
		{"the ARN in another account", arn.Application{Account: otherAccount, InstanceID: organisation, ApplicationID: theApp}.String(), nil},
		{"the ARN in another instance", arn.Application{Account: owner, InstanceID: "ssoins-2222222222222222", ApplicationID: theApp}.String(), nil},
		{"the ARN with a Region", strings.Replace(appARN(theApp), "sso::", "sso:us-east-1:", 1), nil},
		{"the id alone", theApp, nil},
		{"a disabled application", appARN(theApp), func(a *store.Application) { a.Status = store.StatusDisabled }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if c.change != nil {
				w.put(theApp, c.change)
			}
			_, err := w.call(theApp, bearerGrant, func(in *api.CreateTokenWithIAMRequest) { in.ClientID, in.Assertion = c.clientID, w.assertion() })
			is(t, err, fault.InvalidClient)
		})
	}
}

func TestWhoMayCallForAnApplication(t *testing.T) {
	root := `{"AWS":"arn:aws:iam::` + owner + `:root"}`
	other := api.Signer{Account: otherAccount, ARN: "arn:aws:iam::" + otherAccount + ":user/guest", Kind: api.UserSigner, UserName: "guest"}
	role := api.Signer{
		Account: owner, ARN: "arn:aws:sts::" + owner + ":assumed-role/backend/job", Kind: api.RoleSigner, RoleName: "backend",
		RoleARN: "arn:aws:iam::" + owner + ":role/backend",
	}
	identity := func(effect string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"sso-oauth:*","Resource":"*"}]}`
	}
	cases := []struct {
		name     string
		actors   string
		signer   *api.Signer
		identity string // policy of the caller
		session  string // policy that narrows the caller's session
		allowed  bool
	}{
		{"the user whom the policy names", allow(`{"AWS":"` + callerARN + `"}`), nil, "", "", true},
		{"nobody, where there is no policy", "", nil, identity("Allow"), "", false},
		{"not another user", allow(`{"AWS":"arn:aws:iam::` + owner + `:user/other"}`), nil, "", "", false},
		{"the session of a role that is named", allow(`{"AWS":"` + role.RoleARN + `"}`), &role, "", "", true},
		{"not a role of another path", allow(`{"AWS":"arn:aws:iam::` + owner + `:role/team/backend"}`), &role, "", "", false},
		{"the account, with an identity policy", allow(root), nil, identity("Allow"), "", true},
		{"the account, without one", allow(root), nil, "", "", false},
		{"another account, with an identity policy", allow(`{"AWS":"` + other.ARN + `"}`), &other, identity("Allow"), "", true},
		{"another account, without one", allow(`{"AWS":"` + other.ARN + `"}`), &other, "", "", false},
		{"not whom an identity policy denies", allow(`{"AWS":"` + callerARN + `"}`), nil, identity("Deny"), "", false},
		{"not whom the actor policy denies", strings.Replace(allow(`{"AWS":"`+callerARN+`"}`), `[`,
			`[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"},`, 1), nil, identity("Allow"), "", false},
		{"not whose session is narrowed to something else", allow(`{"AWS":"` + callerARN + `"}`), nil, "",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`, false},
		{"not by a policy for another action", strings.Replace(allow(`{"AWS":"`+callerARN+`"}`), "CreateTokenWithIAM", "IntrospectTokenWithIAM", 1), nil, "", "", false},
		{"by a policy that names the application", strings.Replace(allow(`{"AWS":"`+callerARN+`"}`), `"Resource":"*"`, `"Resource":"`+appARN(theApp)+`"`, 1), nil, "", "", true},
		{"not by one that names another", strings.Replace(allow(`{"AWS":"`+callerARN+`"}`), `"Resource":"*"`, `"Resource":"`+appARN(anotherApp)+`"`, 1), nil, "", "", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			parse := func(text string, kind policy.Kind) policy.Set {
				if text == "" {
					return nil
				}
				p, err := policy.Parse([]byte(text), kind)
				if err != nil {
					t.Fatal(err)
				}
				return policy.Set{{Name: "test", Policy: p}}
			}
			w.s.Access = func(ctx context.Context, tx *store.Tx, caller api.Caller) (policy.Access, error) {
				access, err := creds.BySignature(ctx, tx, caller)
				access.Identity = parse(c.identity, policy.Identity)
				if c.session != "" {
					access.Limits = []policy.Limit{{Name: "session policy", Set: parse(c.session, policy.Session)}}
				}
				return access, err
			}
			w.put(theApp, func(a *store.Application) { a.ActorPolicy = c.actors })
			if c.signer != nil {
				w.signer = *c.signer
			}
			_, err := w.bring(theApp, w.assertion())
			if c.allowed {
				if err != nil {
					t.Error(err)
				}
				return
			}
			is(t, err, fault.AccessDenied)
		})
	}
}

func TestAnUnsignedRequestIsNobodys(t *testing.T) {
	w := newWorld(t)
	_, err := w.s.CreateTokenWithIAM(ctx, here, &api.CreateTokenWithIAMRequest{ClientID: appARN(theApp), GrantType: bearerGrant, Assertion: w.assertion()})
	is(t, err, fault.AccessDenied)
}

func TestGrantsAndMembersOfARequest(t *testing.T) {
	w := newWorld(t)
	subject := w.subject()
	cases := []struct {
		name   string
		change func(in *api.CreateTokenWithIAMRequest)
		kind   *fault.Kind
	}{
		{"a grant that there is not", func(in *api.CreateTokenWithIAMRequest) { in.GrantType = "password" }, fault.UnsupportedGrantType},
		{"a grant of another operation", func(in *api.CreateTokenWithIAMRequest) { in.GrantType = string(oauth.GrantDeviceCode) }, fault.UnsupportedGrantType},
		{"a grant in other letter case", func(in *api.CreateTokenWithIAMRequest) { in.GrantType = strings.ToUpper(bearerGrant) }, fault.UnsupportedGrantType},
		{"no grant", func(in *api.CreateTokenWithIAMRequest) { in.GrantType = "" }, fault.UnsupportedGrantType},
		{"a grant that is not configured", func(in *api.CreateTokenWithIAMRequest) { in.GrantType, in.RefreshToken = refreshGrant, "x" }, fault.UnauthorizedClient},
		{"no assertion", func(in *api.CreateTokenWithIAMRequest) {}, fault.InvalidRequest},
		{"no subject token", func(in *api.CreateTokenWithIAMRequest) {
			in.GrantType, in.SubjectTokenType = exchangeGrant, string(oauth.TokenTypeAccessToken)
		}, fault.InvalidRequest},
		{"no type of the subject token", func(in *api.CreateTokenWithIAMRequest) { in.GrantType, in.SubjectToken = exchangeGrant, subject }, fault.InvalidRequest},
		{"a subject token of another type", func(in *api.CreateTokenWithIAMRequest) {
			in.GrantType, in.SubjectToken, in.SubjectTokenType = exchangeGrant, subject, "urn:ietf:params:oauth:token-type:id_token"
		}, fault.InvalidRequest},
		{"a requested type that there is not", func(in *api.CreateTokenWithIAMRequest) {
			in.GrantType, in.SubjectToken, in.SubjectTokenType = exchangeGrant, subject, string(oauth.TokenTypeAccessToken)
			in.RequestedTokenType = "urn:ietf:params:oauth:token-type:saml2"
		}, fault.InvalidRequest},
		{"a requested ID token", func(in *api.CreateTokenWithIAMRequest) {
			in.GrantType, in.SubjectToken, in.SubjectTokenType = exchangeGrant, subject, string(oauth.TokenTypeAccessToken)
			in.RequestedTokenType = "urn:ietf:params:oauth:token-type:id_token"
		}, fault.InvalidRequest},
		{"a requested refresh token that the application cannot have", func(in *api.CreateTokenWithIAMRequest) {
			in.GrantType, in.SubjectToken, in.SubjectTokenType = exchangeGrant, subject, string(oauth.TokenTypeAccessToken)
			in.RequestedTokenType = string(oauth.TokenTypeRefreshToken)
		}, fault.UnauthorizedClient},
		{"an assertion with the grant of a code", func(in *api.CreateTokenWithIAMRequest) {
			w.grant(theApp, oauth.GrantAuthorizationCode)
			in.GrantType, in.Assertion = codeGrant, w.assertion()
		}, fault.InvalidRequest},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.call(theApp, bearerGrant, c.change)
			is(t, err, c.kind)
		})
	}
}

func TestMembersOfOtherGrantsChangeNothing(t *testing.T) {
	w := newWorld(t)
	out := w.got(w.call(theApp, bearerGrant, func(in *api.CreateTokenWithIAMRequest) {
		in.Assertion, in.RefreshToken, in.SubjectToken, in.Code = w.assertion(), "x", "x", "x"
		in.RequestedTokenType, in.SubjectTokenType = string(oauth.TokenTypeRefreshToken), "x"
	}))
	if out.RefreshToken != "" || out.IssuedTokenType != string(oauth.TokenTypeAccessToken) {
		t.Errorf("got %+v", out)
	}
}

func TestScopesOfAnApplication(t *testing.T) {
	many := make([]string, 26)
	for i := range many {
		many[i] = "openid"
	}
	cases := []struct {
		name string
		ask  []string
		want []string // nil for a refusal
	}{
		{"all where none is named", nil, []string{"openid", "aws", "sts:identity_context", "app:read", "sso:account:access"}},
		{"those that are named", []string{"app:read", "openid", "app:read"}, []string{"app:read", "openid"}},
		{"none that is not configured", []string{"openid", "app:write"}, nil},
		{"none in another letter case", []string{"OpenID"}, nil},
		{"none that is malformed", []string{"a b"}, nil},
		{"no more than 25", many, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.scope(theApp, "app:read")
			w.scope(theApp, "openid")
			w.scope(theApp, "sso:account:access")
			out, err := w.bring(theApp, w.assertion(), c.ask...)
			if c.want == nil {
				is(t, err, fault.InvalidScope)
				return
			}
			if !slices.Equal(w.got(out, err).Scope, c.want) {
				t.Errorf("got %v, want %v", out.Scope, c.want)
			}
			bearer, err := creds.Authenticate(ctx, w.s.Store, w.s.Ring, out.AccessToken)
			if want := slices.Contains(c.want, "sso:account:access"); err != nil || bearer.GrantsPortalAccess() != want {
				t.Errorf("the portal is open: %v, %v, want %v", bearer.GrantsPortalAccess(), err, want)
			}
		})
	}
}

func TestTwentyFiveScopesBesidesTheThreeOfAllApplications(t *testing.T) {
	w := newWorld(t)
	w.grant(theApp, oauth.GrantRefreshToken)
	for i := range 25 {
		w.scope(theApp, "app:"+string(rune('a'+i)))
	}
	w.scope(theApp, "app:a")
	out := w.got(w.bring(theApp, w.assertion()))
	if len(out.Scope) != 28 || !w.holds(out.AccessToken) {
		t.Errorf("%d scopes", len(out.Scope))
	}
	if again := w.got(w.refreshAs(theApp, out.RefreshToken)); len(again.Scope) != 28 {
		t.Errorf("%d scopes after a refresh", len(again.Scope))
	}
}

func TestApplicationsOfAnAccountsOwnInstanceOpenNoAccounts(t *testing.T) {
	w := newWorld(t)
	const instance = "ssoins-2222222222222222"
	w.Update(func(tx *store.Tx) error {
		return tx.PutAccountInstance(store.AccountInstance{InstanceID: instance, AccountID: otherAccount})
	})
	w.Update(func(tx *store.Tx) error {
		return tx.PutTrustedTokenIssuer(store.TrustedTokenIssuer{
			IssuerID: "tti-99999999-2222-4333-8444-555555555555", InstanceID: instance, AccountID: otherAccount, Name: "idp", URL: w.URL, ClaimPath: "email", AttributePath: "emails.value",
		})
	})
	w.put("apl-cccccccccccccccc", func(a *store.Application) {
		a.InstanceID, a.AccountID, a.AssignmentRequired = instance, otherAccount, false
		a.ActorPolicy = allow(`{"AWS":"arn:aws:iam::` + otherAccount + `:user/guest"}`)
	})
	w.signer = api.Signer{Account: otherAccount, ARN: "arn:aws:iam::" + otherAccount + ":user/guest", Kind: api.UserSigner}
	w.scope("apl-cccccccccccccccc", "sso:account:access")
	w.grantAs("apl-cccccccccccccccc", oauth.GrantJWTBearer, `{"JwtBearer":{"AuthorizedTokenIssuers":[{"TrustedTokenIssuerArn":"`+
		arn.TrustedTokenIssuer{Account: otherAccount, InstanceID: instance, IssuerID: "tti-99999999-2222-4333-8444-555555555555"}.String()+
		`","AuthorizedAudiences":["`+audience+`"]}]}}`)
	name := arn.Application{Account: otherAccount, InstanceID: instance, ApplicationID: "apl-cccccccccccccccc"}.String()
	out := w.got(w.call("", bearerGrant, func(in *api.CreateTokenWithIAMRequest) { in.ClientID, in.Assertion = name, w.assertion() }))
	if slices.Contains(out.Scope, "sso:account:access") {
		t.Errorf("the scopes are %v", out.Scope)
	}
	account, _ := w.claims(out.IDToken, name).Get("aws:instance_account")
	if account.Text() != otherAccount {
		t.Errorf("the account of the instance is %s", account.Text())
	}
}

func TestAssignmentDecidesAtEveryGrant(t *testing.T) {
	grants := map[string]func(w *world) func() (*api.CreateTokenWithIAMResponse, error){
		"an assertion": func(w *world) func() (*api.CreateTokenWithIAMResponse, error) {
			assertion := w.assertion()
			return func() (*api.CreateTokenWithIAMResponse, error) { return w.bring(theApp, assertion) }
		},
		"a code": func(w *world) func() (*api.CreateTokenWithIAMResponse, error) {
			code := w.codeOf(theApp)
			return func() (*api.CreateTokenWithIAMResponse, error) { return w.redeemCode(theApp, code) }
		},
		"a refresh token": func(w *world) func() (*api.CreateTokenWithIAMResponse, error) {
			token := w.got(w.bring(theApp, w.assertion())).RefreshToken
			return func() (*api.CreateTokenWithIAMResponse, error) { return w.refreshAs(theApp, token) }
		},
		"a subject token": func(w *world) func() (*api.CreateTokenWithIAMResponse, error) {
			token := w.subject()
			return func() (*api.CreateTokenWithIAMResponse, error) { return w.exchange(theApp, token) }
		},
	}
	for name, prepare := range grants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.grant(theApp, oauth.GrantRefreshToken)
			w.grant(theApp, oauth.GrantAuthorizationCode)
			redeem := prepare(w)
			w.unassign(theApp, store.PrincipalUser, w.user.UserID)
			_, err := redeem()
			is(t, err, fault.AccessDenied)
			w.Update(func(tx *store.Tx) error { return tx.PutGroup(store.Group{GroupID: "g", DisplayName: "g"}) })
			w.Update(func(tx *store.Tx) error {
				return tx.AddMembership(store.Membership{UserID: w.user.UserID, GroupID: "g"})
			})
			w.assign(theApp, store.PrincipalGroup, "g")
			if _, err := redeem(); err != nil {
				t.Errorf("a refusal spent it, or the group does not count: %v", err)
			}
		})
	}
	t.Run("not where none is asked for", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.put(theApp, func(a *store.Application) { a.AssignmentRequired = false })
		w.unassign(theApp, store.PrincipalUser, w.user.UserID)
		w.got(w.bring(theApp, w.assertion()))
	})
}

func TestTheUseOfAnApplicationEndsWhenItIsDisabled(t *testing.T) {
	w := newWorld(t)
	w.grant(theApp, oauth.GrantRefreshToken)
	out := w.got(w.bring(theApp, w.assertion()))
	subject := w.subject()
	disable := func(id string) { w.put(id, func(a *store.Application) { a.Status = store.StatusDisabled }) }
	disable(theApp)
	if w.holds(out.AccessToken) {
		t.Error("its access token holds")
	}
	_, err := w.refreshAs(theApp, out.RefreshToken)
	is(t, err, fault.InvalidClient)
	w.put(theApp)
	if !w.holds(out.AccessToken) {
		t.Error("enabled again, its access token does not hold")
	}
	disable(anotherApp)
	_, err = w.exchange(theApp, subject)
	is(t, err, fault.InvalidGrant)
}

func TestRefreshTokensStayWithTheirClients(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{theApp, anotherApp} {
		w.grant(id, oauth.GrantRefreshToken)
	}
	client := w.register()
	public, its := w.login(client), w.got(w.bring(theApp, w.assertion()))
	_, err := w.refreshAs(theApp, public.RefreshToken)
	is(t, err, fault.InvalidGrant)
	_, err = w.refreshAs(anotherApp, its.RefreshToken)
	is(t, err, fault.InvalidGrant)
	_, err = w.refresh(client, its.RefreshToken)
	is(t, err, fault.InvalidGrant)
	for name, token := range map[string]string{"an access token": its.AccessToken, "an ID token": its.IDToken, "nothing of ours": "aor"} {
		if _, err = w.refreshAs(theApp, token); err == nil {
			t.Errorf("%s was refreshed", name)
		}
	}
	if w.got(w.refreshAs(theApp, its.RefreshToken)).RefreshToken == its.RefreshToken {
		t.Error("the token was not replaced")
	}
	if _, err := w.refresh(client, public.RefreshToken); err != nil {
		t.Error(err)
	}
}

func TestARefreshOfAnApplicationLooksAgain(t *testing.T) {
	cases := []struct {
		name   string
		change func(w *world)
		scope  []string
		kind   *fault.Kind // nil when answered
		want   []string
	}{
		{"everything stands", func(w *world) {}, nil, nil, []string{"openid", "aws", "sts:identity_context", "app:read"}},
		{"for less", func(w *world) {}, []string{"app:read"}, nil, []string{"app:read"}},
		{"for more than was granted", func(w *world) { w.scope(theApp, "app:write") }, []string{"app:write"}, fault.InvalidScope, nil},
		{"a scope was taken", func(w *world) {
			w.Update(func(tx *store.Tx) error { _, err := tx.DeleteApplicationScope(theApp, "app:read"); return err })
		}, nil, nil, []string{"openid", "aws", "sts:identity_context"}},
		{"the grant was taken", func(w *world) { w.ungrant(theApp, oauth.GrantRefreshToken) }, nil, fault.UnauthorizedClient, nil},
		{"the user was disabled", func(w *world) { w.disableUser() }, nil, fault.InvalidGrant, nil},
		{"the application is gone", func(w *world) {
			w.Update(func(tx *store.Tx) error { return tx.DeleteApplication(theApp) })
		}, nil, fault.InvalidClient, nil},
		{"its sessions were ended", func(w *world) {
			w.Update(func(tx *store.Tx) error { return tx.RevokeSessionsOfApplication(theApp, "test") })
		}, nil, fault.InvalidGrant, nil},
		{"the session came to its end", func(w *world) { w.Clock.Advance(8 * time.Hour) }, nil, fault.InvalidGrant, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.grant(theApp, oauth.GrantRefreshToken)
			w.scope(theApp, "app:read")
			token := w.got(w.bring(theApp, w.assertion())).RefreshToken
			c.change(w)
			out, err := w.refreshAs(theApp, token, c.scope...)
			if c.kind != nil {
				is(t, err, c.kind)
				return
			}
			if !slices.Equal(w.got(out, err).Scope, c.want) {
				t.Errorf("got %v, want %v", out.Scope, c.want)
			}
		})
	}
}

func (w *world) disableUser() {
	w.t.Helper()
	user := w.user
	user.Status = store.StatusDisabled
	w.Update(func(tx *store.Tx) error { return tx.PutUser(user) })
}

func TestASpentRefreshTokenOfAnApplicationEndsItsSession(t *testing.T) {
	w := newWorld(t)
	w.grant(theApp, oauth.GrantRefreshToken)
	first := w.got(w.bring(theApp, w.assertion()))
	second := w.got(w.refreshAs(theApp, first.RefreshToken))
	if again := w.got(w.refreshAs(theApp, first.RefreshToken)); again.AccessToken != second.AccessToken || again.RefreshToken != second.RefreshToken {
		t.Error("within the window the answer differs")
	}
	w.Clock.Advance(time.Minute)
	_, err := w.refreshAs(theApp, first.RefreshToken)
	is(t, err, fault.InvalidGrant)
	if w.holds(second.AccessToken) {
		t.Error("the session goes on")
	}
}

func TestRatesOfApplicationsAndAssertions(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.ApplicationRate, o.AssertionRate = 0.3, 0.1 })
	w.grant(theApp, oauth.GrantRefreshToken)
	count := func(call func() error) (passed int) {
		for range 30 {
			err := call()
			if refusal, ok := fault.As(err); ok && refusal.Kind == fault.SlowDown {
				return passed
			}
			passed++
		}
		return passed
	}
	bring := func() error { _, err := w.bring(theApp, "x"); return err }
	refresh := func() error { _, err := w.refreshAs(theApp, "x"); return err }
	stranger := func() error {
		defer func(s api.Signer) { w.signer = s }(w.signer)
		w.signer.ARN += "2"
		return bring()
	}
	if got := count(stranger); got != 30 {
		t.Errorf("whom the policy does not name was slowed down after %d", got)
	}
	if got := count(bring); got != 2 { // ten seconds' worth and one
		t.Errorf("%d assertions at once", got)
	}
	if got := count(refresh); got != 4-3 { // the last assertion counted for the application
		t.Errorf("%d more requests of the application", got)
	}
	if _, err := w.bring(anotherApp, "x"); err != slowDown {
		t.Errorf("assertions are counted by instance: %v", err)
	}
	w.Clock.Advance(10 * time.Second)
	if err := bring(); err == slowDown {
		t.Error("still too fast after ten seconds")
	}
}

func TestTheEncryptionKeyCanBeMadeUnusable(t *testing.T) {
	for reason, kind := range map[string]*fault.Kind{
		"KMS_NotFoundException": fault.InvalidRequest, "KMS_InvalidKeyUsageException": fault.InvalidRequest,
		"KMS_InvalidStateException": fault.InvalidRequest, "KMS_DisabledException": fault.InvalidRequest,
		"KMS_AccessDeniedException": fault.AccessDenied,
	} {
		if err := CheckKMSReason(reason); err != nil {
			t.Error(err)
		}
		w := newWorld(t, func(o *Options) { o.KMSReason = reason })
		_, err := w.bring(theApp, w.assertion())
		is(t, err, kind)
		if refusal, _ := fault.As(err); !slices.Equal(refusal.Members, []fault.Member{{Name: "reason", Value: reason}}) {
			t.Errorf("the members are %v", refusal.Members)
		}
	}
	if CheckKMSReason("KMS_ThrottlingException") == nil {
		t.Error("a reason of another service passes")
	}
	if CheckKMSReason("") != nil {
		t.Error("no reason does not pass")
	}
}

func TestWhoSignsForAnotherRegionIsSentThere(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.OtherRegions = map[string]string{"eu-west-1": "https://eu.sso.example.test"} })
	for region, away := range map[string]bool{"us-east-1": false, "eu-west-1": true, "ap-south-1": false} {
		w.signer.Region = region
		_, err := w.bring(theApp, w.assertion())
		if !away {
			if err != nil {
				t.Errorf("%s: %v", region, err)
			}
			continue
		}
		is(t, err, fault.InvalidRequestRegion)
		refusal, _ := fault.As(err)
		want := []fault.Member{{Name: "endpoint", Value: "https://eu.sso.example.test"}, {Name: "region", Value: "eu-west-1"}}
		if !slices.Equal(refusal.Members, want) {
			t.Errorf("the members are %v", refusal.Members)
		}
	}
}

// codeOf goes through /authorize for an application and returns the code.
func (w *world) codeOf(id string, change ...func(url.Values)) string {
	w.t.Helper()
	return w.decideOn(id, true, change...).Query().Get("code")
}

const appRedirect = "https://app.example.test/callback"

func (w *world) appQuery(id string, change ...func(url.Values)) url.Values {
	query := w.query(&api.RegisterClientResponse{}, set("client_id", appARN(id)), set("redirect_uri", appRedirect))
	query.Del("scopes")
	query.Del("scope")
	for _, c := range change {
		c(query)
	}
	return query
}

func (w *world) decideOn(id string, allow bool, change ...func(url.Values)) *url.URL {
	w.t.Helper()
	request, err := w.s.ParseAuthorize(ctx, w.appQuery(id, change...))
	if err != nil {
		w.t.Fatal(err)
	}
	if request, err = w.s.OpenAuthorize(ctx, w.s.SealAuthorize(request)); err != nil {
		w.t.Fatal(err)
	}
	location, err := w.s.Decide(ctx, here, w.person(), request, Consent{Allow: allow, Remember: true})
	if err != nil {
		w.t.Fatal(err)
	}
	to, err := url.Parse(location)
	if err != nil {
		w.t.Fatal(err)
	}
	return to
}

func (w *world) redeemCode(id, code string, change ...func(*api.CreateTokenWithIAMRequest)) (*api.CreateTokenWithIAMResponse, error) {
	return w.call(id, codeGrant, append([]func(*api.CreateTokenWithIAMRequest){func(in *api.CreateTokenWithIAMRequest) {
		in.Code, in.RedirectURI, in.CodeVerifier = code, appRedirect, verifier
	}}, change...)...)
}

// subject is an access token that alice has at the other application, which has a scope that names this one.
func (w *world) subject() string {
	w.t.Helper()
	w.scope(anotherApp, "wonder:read", appARN(theApp))
	return w.got(w.bring(anotherApp, w.assertion())).AccessToken
}

// Whatever stands in the members, the answer is tokens or a refusal, never a failure.
func FuzzMembersOfCreateTokenWithIAM(f *testing.F) {
	w := newWorld(f)
	for _, g := range []oauth.GrantType{oauth.GrantRefreshToken, oauth.GrantAuthorizationCode} {
		w.grant(theApp, g)
	}
	for _, g := range applicationGrants {
		f.Add(appARN(theApp), string(g.Type), w.subject(), "openid", string(oauth.TokenTypeAccessToken), verifier)
		f.Add(appARN(theApp), string(g.Type), w.assertion(), "aws", string(oauth.TokenTypeRefreshToken), appRedirect)
		f.Add(appARN(theApp), string(g.Type), w.codeOf(theApp), "", "", verifier)
	}
	f.Fuzz(func(t *testing.T, clientID, grantType, secret, scope, tokenType, other string) {
		in := &api.CreateTokenWithIAMRequest{
			ClientID: clientID, GrantType: grantType, Code: secret, RefreshToken: secret, Assertion: secret, SubjectToken: secret,
			SubjectTokenType: string(oauth.TokenTypeAccessToken), RequestedTokenType: tokenType, RedirectURI: other, CodeVerifier: other,
		}
		if scope != "" {
			in.Scope = []string{scope}
		}
		out, err := w.s.CreateTokenWithIAM(ctx, w.caller(), in)
		if _, refused := fault.As(err); err != nil && !refused || err == nil && out.AccessToken == "" {
			t.Errorf("got %+v, %v", out, err)
		}
	})
}

// What nobody can read grants nothing, and takes nothing from the grants beside it.
func TestAGrantThatCannotBeReadIsNone(t *testing.T) {
	for _, document := range []string{"{junk", "null", "{}", `{"RefreshToken":7}`, `{"Other":{}}`} {
		t.Run(document, func(t *testing.T) {
			w := newWorld(t)
			w.grant(theApp, oauth.GrantRefreshToken)
			refresh := w.got(w.bring(theApp, w.assertion())).RefreshToken
			if _, err := w.refreshAs(theApp, refresh); err != nil {
				t.Fatal(err)
			}
			w.grantAs(theApp, oauth.GrantRefreshToken, document)
			w.grantAs(theApp, oauth.GrantAuthorizationCode, document)
			_, err := w.refreshAs(theApp, refresh)
			is(t, err, fault.UnauthorizedClient)
			if out := w.got(w.bring(theApp, w.assertion())); out.RefreshToken != "" {
				t.Error("an application whose grant cannot be read got a refresh token")
			}
			w.grant(theApp, oauth.GrantRefreshToken)
			if out := w.got(w.bring(theApp, w.assertion())); out.RefreshToken == "" {
				t.Error("an application whose grant was mended got no refresh token")
			}
		})
	}
}
