package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

func TestAnAssertionBeginsASessionOfThePersonItNames(t *testing.T) {
	w := newWorld(t)
	before := w.events()
	out := w.got(w.bring(theApp, w.assertion()))
	sessionID, ok := w.s.sessionOf(out.AccessToken)
	if !ok {
		t.Fatal("the token names no session")
	}
	w.Update(func(tx *store.Tx) error {
		s, user, _, err := tx.SessionAndUser(sessionID)
		if user.UserID != w.user.UserID || s.ApplicationID != theApp || s.ClientID != theApp || s.IssuerID != issuerID || s.ParentSessionID != "" ||
			s.GrantType != bearerGrant || len(s.CredentialID) != 64 {
			t.Errorf("the session is %+v", s)
		}
		return err
	})
	if got := w.events() - before; got != 1 {
		t.Errorf("%d audit events, want 1", got)
	}
}

func TestAnAssertionWorksOnce(t *testing.T) {
	cases := []struct {
		name string
		// again brings it, or one like it, a second time.
		again func(w *world, first string) (*api.CreateTokenWithIAMResponse, error)
		same  bool // the answer of before, byte for byte; a refusal otherwise
	}{
		{"at once by the same caller", func(w *world, first string) (*api.CreateTokenWithIAMResponse, error) {
			return w.bring(theApp, first)
		}, true},
		{"within ten seconds by the same caller", func(w *world, first string) (*api.CreateTokenWithIAMResponse, error) {
			w.Clock.Advance(9 * time.Second)
			return w.bring(theApp, first)
		}, true},
		{"after ten seconds by the same caller", func(w *world, first string) (*api.CreateTokenWithIAMResponse, error) {
			w.Clock.Advance(11 * time.Second)
			return w.bring(theApp, first)
		}, false},
		{"at once by the same caller for other scopes", func(w *world, first string) (*api.CreateTokenWithIAMResponse, error) {
			return w.bring(theApp, first, "openid")
		}, false},
		{"at once by another caller", func(w *world, first string) (*api.CreateTokenWithIAMResponse, error) {
			w.put(theApp, func(a *store.Application) { a.ActorPolicy = allow(`{"AWS":"*"}`) })
			w.signer.ARN = "arn:aws:iam::" + owner + ":user/other"
			return w.bring(theApp, first)
		}, false},
		{"at once for another application", func(w *world, first string) (*api.CreateTokenWithIAMResponse, error) {
			return w.bring(anotherApp, first)
		}, false},
		{"at once, after the answer was refreshed", func(w *world, first string) (*api.CreateTokenWithIAMResponse, error) {
			w.got(w.refreshAs(theApp, w.got(w.bring(theApp, first)).RefreshToken))
			return w.bring(theApp, first)
		}, false},
		{"at once, after its session was ended", func(w *world, first string) (*api.CreateTokenWithIAMResponse, error) {
			w.Update(func(tx *store.Tx) error { return tx.RevokeSessionsOfApplication(theApp, "test") })
			return w.bring(theApp, first)
		}, false},
		{"with another signature that verifies too, by the same caller", func(w *world, first string) (*api.CreateTokenWithIAMResponse, error) {
			return w.bring(theApp, malleate(w.t, first))
		}, true},
		{"with another signature that verifies too, later", func(w *world, first string) (*api.CreateTokenWithIAMResponse, error) {
			w.Clock.Advance(time.Minute)
			return w.bring(theApp, malleate(w.t, first))
		}, false},
		{"as another assertion of the same jti", func(w *world, first string) (*api.CreateTokenWithIAMResponse, error) {
			return w.bring(theApp, w.assertion(map[string]any{"jti": "fixed"}))
		}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.grant(theApp, oauth.GrantRefreshToken)
			assertion := w.assertion(map[string]any{"jti": "fixed"})
			first := w.got(w.bring(theApp, assertion))
			second, err := c.again(w, assertion)
			if !c.same {
				is(t, err, fault.InvalidGrant)
				return
			}
			if first, second := asJSON(t, first), asJSON(t, w.got(second, err)); first != second {
				t.Errorf("got\n%s\nand then\n%s", first, second)
			}
		})
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAnAssertionWithoutAnIdWorksOnceToo(t *testing.T) {
	w := newWorld(t)
	assertion := w.assertion(map[string]any{"jti": nil})
	w.got(w.bring(theApp, assertion))
	w.Clock.Advance(time.Minute)
	_, err := w.bring(theApp, assertion)
	is(t, err, fault.InvalidGrant)
	w.got(w.bring(theApp, w.assertion(map[string]any{"jti": nil})))
}

// What is promised in an answer that is given twice counts from the first time, and the token lives for as long after the second.
func TestARepeatedAnswerKeepsItsPromise(t *testing.T) {
	w := newWorld(t)
	assertion := w.assertion()
	w.got(w.bring(theApp, assertion))
	w.Clock.Advance(9 * time.Second)
	out := w.got(w.bring(theApp, assertion))
	w.Clock.Advance(time.Duration(out.ExpiresIn)*time.Second - time.Second)
	if !w.holds(out.AccessToken) {
		t.Error("the token ended before what its answer promised")
	}
	w.Clock.Advance(5 * time.Second)
	if w.holds(out.AccessToken) {
		t.Error("the token goes on")
	}
}

func TestFiftyRacersWithOneAssertionBeginOneSession(t *testing.T) {
	w := newWorld(t)
	assertion := w.assertion()
	var wg sync.WaitGroup
	answers := make(chan string, 50)
	for range 50 {
		wg.Go(func() {
			out, err := w.bring(theApp, assertion)
			if err != nil {
				t.Error(err)
				return
			}
			answers <- out.AccessToken
		})
	}
	wg.Wait()
	close(answers)
	first := <-answers
	for answer := range answers {
		if answer != first {
			t.Error("two answers differ")
		}
	}
	if rows, _, err := w.Store.Counts(ctx); err != nil || rows["session"] != 1 || rows["assertion_replay"] != 1 {
		t.Errorf("%d sessions, %d rows of assertions, %v", rows["session"], rows["assertion_replay"], err)
	}
}

func TestAssertionsThatAreRefused(t *testing.T) {
	stranger := newProvider(t)
	unsigned := func(w *world, header string) string {
		parts := strings.Split(w.assertion(), ".")
		return base64url([]byte(header)) + "." + parts[1] + "."
	}
	cases := []struct {
		name      string
		assertion func(w *world) string
	}{
		{"of an issuer that nobody knows", func(w *world) string { return stranger.sign(t, map[string]any{"iss": stranger.URL, "sub": "s"}) }},
		{"of an issuer that the application does not trust", func(w *world) string {
			w.grantAs(theApp, oauth.GrantJWTBearer, `{"JwtBearer":{"AuthorizedTokenIssuers":[{"TrustedTokenIssuerArn":"`+
				issuerARN("tti-99999999-2222-4333-8444-555555555555")+`","AuthorizedAudiences":["`+audience+`"]}]}}`)
			return w.assertion()
		}},
		{"of an issuer with a slash more", func(w *world) string { return w.assertion(map[string]any{"iss": w.URL + "/"}) }},
		{"signed by somebody else", func(w *world) string {
			parts := strings.Split(w.assertion(), ".")
			claims := map[string]any{}
			raw := mustDecode(t, parts[1])
			if err := json.Unmarshal(raw, &claims); err != nil {
				t.Fatal(err)
			}
			return stranger.sign(t, claims)
		}},
		{"for another audience", func(w *world) string { return w.assertion(map[string]any{"aud": "https://other.example.test"}) }},
		{"for no audience", func(w *world) string { return w.assertion(map[string]any{"aud": nil}) }},
		{"for an audience, where none is authorized", func(w *world) string {
			w.grantAs(theApp, oauth.GrantJWTBearer, `{"JwtBearer":{"AuthorizedTokenIssuers":[{"TrustedTokenIssuerArn":"`+issuerARN(issuerID)+`"}]}}`)
			return w.assertion()
		}},
		{"expired", func(w *world) string {
			return w.assertion(map[string]any{"exp": w.Clock.Now().Add(-2 * time.Minute).Unix(), "iat": nil})
		}},
		{"without an end", func(w *world) string { return w.assertion(map[string]any{"exp": nil}) }},
		{"of tomorrow", func(w *world) string {
			return w.assertion(map[string]any{"nbf": w.Clock.Now().Add(2 * time.Minute).Unix()})
		}},
		{"without a subject", func(w *world) string { return w.assertion(map[string]any{"sub": nil}) }},
		{"without a signature", func(w *world) string { return unsigned(w, `{"alg":"none"}`) }},
		{"signed with the public key as a secret", func(w *world) string {
			point, err := w.private.PublicKey.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			input := strings.TrimSuffix(unsigned(w, `{"alg":"HS256","kid":"k1","typ":"JWT"}`), ".")
			mac := hmac.New(sha256.New, point)
			mac.Write([]byte(input))
			return input + "." + base64url(mac.Sum(nil))
		}},
		{"with the claim as a number", func(w *world) string { return w.assertion(map[string]any{"email": 7}) }},
		{"with the claim as a list", func(w *world) string { return w.assertion(map[string]any{"email": []string{w.user.Email}}) }},
		{"without the claim", func(w *world) string { return w.assertion(map[string]any{"email": nil}) }},
		{"with an address that is not verified", func(w *world) string { return w.assertion(map[string]any{"email_verified": false}) }},
		{"with an address that is verified by a text", func(w *world) string { return w.assertion(map[string]any{"email_verified": "true"}) }},
		{"with an address of which nothing is said", func(w *world) string { return w.assertion(map[string]any{"email_verified": nil}) }},
		{"for nobody", func(w *world) string { return w.assertion(map[string]any{"email": "nobody@example.test"}) }},
		{"for a name in other letter case", func(w *world) string { return w.assertion(map[string]any{"email": strings.ToUpper(w.user.Email)}) }},
		{"for a name with a KELVIN SIGN", func(w *world) string { return w.assertion(map[string]any{"email": "alice@\u212aiosk.test"}) }},
		{"for a name with a dotless i", func(w *world) string { return w.assertion(map[string]any{"email": "al\u0131ce@example.test"}) }},
		{"for a name with a fullwidth letter", func(w *world) string { return w.assertion(map[string]any{"email": "\uff41lice@example.test"}) }},
		{"for a name with a combining mark", func(w *world) string { return w.assertion(map[string]any{"email": "a\u0301lice@example.test"}) }},
		{"for a disabled user", func(w *world) string { w.disableUser(); return w.assertion() }},
		{"mapped to an attribute that finds nobody", func(w *world) string { w.mapTo("email", "name.familyName"); return w.assertion() }},
		{"that is not one", func(w *world) string { return "x" }},
		{"that is two", func(w *world) string { return w.assertion() + "." + w.assertion() }},
		{"that is our own ID token", func(w *world) string {
			w.Update(func(tx *store.Tx) error {
				return tx.PutTrustedTokenIssuer(store.TrustedTokenIssuer{
					IssuerID: "tti-99999999-2222-4333-8444-555555555555", InstanceID: organisation, AccountID: owner, Name: "ourselves", URL: w.s.Issuer,
					ClaimPath: "sub", AttributePath: "externalIds.value", JWKS: string(w.s.Ring.JWKS()),
				})
			})
			w.Update(func(tx *store.Tx) error {
				_, err := tx.AddUserExternalID(w.user.UserID, store.ExternalID{Issuer: "x", ID: w.user.UserID})
				return err
			})
			w.grantAs(anotherApp, oauth.GrantJWTBearer, `{"JwtBearer":{"AuthorizedTokenIssuers":[{"TrustedTokenIssuerArn":"`+
				issuerARN(issuerID)+`","AuthorizedAudiences":["`+audience+`"]}]}}`)
			token := w.got(w.bring(anotherApp, w.assertion())).IDToken
			w.grantAs(theApp, oauth.GrantJWTBearer, `{"JwtBearer":{"AuthorizedTokenIssuers":[{"TrustedTokenIssuerArn":"`+
				issuerARN("tti-99999999-2222-4333-8444-555555555555")+`","AuthorizedAudiences":["`+appARN(anotherApp)+`"]}]}}`)
			return token
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			assertion := c.assertion(w)
			before := w.rows()
			_, err := w.bring(theApp, assertion)
			is(t, err, fault.InvalidGrant)
			if after := w.rows(); !maps.Equal(before, after) {
				t.Errorf("a refusal changed %v to %v", before, after)
			}
		})
	}
}

func (w *world) rows() map[string]int64 {
	w.t.Helper()
	rows, _, err := w.Store.Counts(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

func mustDecode(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// mapTo maps the issuer to another claim and attribute.
func (w *world) mapTo(claimPath, attributePath string) {
	w.t.Helper()
	w.Update(func(tx *store.Tx) error {
		return tx.PutTrustedTokenIssuer(store.TrustedTokenIssuer{
			IssuerID: issuerID, InstanceID: organisation, AccountID: owner, Name: "idp", URL: w.URL, ClaimPath: claimPath, AttributePath: attributePath,
		})
	})
}

func TestNobodyLearnsWhoIsDisabled(t *testing.T) {
	w := newWorld(t)
	_, unknown := w.bring(theApp, w.assertion(map[string]any{"email": "nobody@example.test"}))
	w.disableUser()
	_, disabled := w.bring(theApp, w.assertion())
	if unknown == nil || disabled == nil || unknown.Error() != disabled.Error() {
		t.Errorf("nobody is refused with %v, somebody disabled with %v", unknown, disabled)
	}
}

func TestByWhichAttributePeopleAreFound(t *testing.T) {
	cases := []struct {
		claimPath, attributePath string
		claims                   map[string]any
		found                    bool
	}{
		{"email", "emails.value", nil, true},
		{"preferred", "userName", map[string]any{"preferred": "alice"}, true},
		{"preferred", "userName", map[string]any{"preferred": "Alice"}, false}, // who signs in may type it so
		{"oid", "externalIds.value", map[string]any{"oid": "e-1"}, true},
		{"oid", "externalIds.value", map[string]any{"oid": "shared"}, false},
		{"a.b.c", "userName", map[string]any{"a": map[string]any{"b": map[string]any{"c": "alice"}}}, true},
		{"a.b.c", "userName", map[string]any{"a": map[string]any{"b": []any{map[string]any{"c": "alice"}}}}, false},
		{"preferred", "username", map[string]any{"preferred": "alice"}, false},
	}
	for _, c := range cases {
		t.Run(c.claimPath+" as "+c.attributePath, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.mapTo(c.claimPath, c.attributePath)
			w.Update(func(tx *store.Tx) error {
				return tx.PutUser(store.User{UserID: "u-2", UserName: "bob", Email: "bob@example.test", Status: store.StatusEnabled})
			})
			for user, id := range map[string]store.ExternalID{"u-1": {Issuer: "x", ID: "e-1"}, "u-2": {Issuer: "x", ID: "shared"}} {
				w.Update(func(tx *store.Tx) error { _, err := tx.AddUserExternalID(user, id); return err })
			}
			w.Update(func(tx *store.Tx) error {
				_, err := tx.AddUserExternalID("u-1", store.ExternalID{Issuer: "y", ID: "shared"})
				return err
			})
			_, err := w.bring(theApp, w.assertion(c.claims))
			if c.found && err != nil {
				t.Error(err)
			} else if !c.found {
				is(t, err, fault.InvalidGrant)
			}
		})
	}
}

func TestAnAddressOfWhichNothingIsSaidIsTakenWhereTheSettingSaysSo(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.TrustEmail = true })
	w.got(w.bring(theApp, w.assertion(map[string]any{"email_verified": nil})))
	_, err := w.bring(theApp, w.assertion(map[string]any{"email_verified": false}))
	is(t, err, fault.InvalidGrant)
}

// The issuer is asked for its keys between the two readings of what is configured.
func TestWhatChangesWhileTheIssuerIsAskedCounts(t *testing.T) {
	cases := []struct {
		name   string
		change func(tx *store.Tx) error
		kind   *fault.Kind
	}{
		{"the application is disabled", func(tx *store.Tx) error {
			return tx.PutApplication(store.Application{ApplicationID: theApp, Status: store.StatusDisabled})
		}, fault.InvalidClient},
		{"the application is deleted", func(tx *store.Tx) error { return tx.DeleteApplication(theApp) }, fault.InvalidClient},
		{"the policy names somebody else", func(tx *store.Tx) error {
			return tx.PutApplication(store.Application{ApplicationID: theApp, Status: store.StatusEnabled, ActorPolicy: allow(`{"AWS":"` + otherAccount + `"}`)})
		}, fault.AccessDenied},
		{"the grant is taken", func(tx *store.Tx) error { _, err := tx.DeleteApplicationGrant(theApp, bearerGrant); return err }, fault.UnauthorizedClient},
		{"the audience is taken from the grant", func(tx *store.Tx) error {
			return tx.PutApplicationGrant(store.ApplicationGrant{ApplicationID: theApp, GrantType: bearerGrant, Document: `{"JwtBearer":{}}`})
		}, fault.InvalidGrant},
		{"the issuer is deleted", func(tx *store.Tx) error { return tx.DeleteTrustedTokenIssuer(issuerID) }, fault.InvalidGrant},
		{"the issuer is mapped to another claim", func(tx *store.Tx) error {
			return tx.PutTrustedTokenIssuer(store.TrustedTokenIssuer{IssuerID: issuerID, ClaimPath: "sub", AttributePath: "userName"})
		}, fault.InvalidGrant},
		{"the person is unassigned", func(tx *store.Tx) error {
			_, err := tx.DeleteApplicationAssignment(store.ApplicationAssignment{ApplicationID: theApp, PrincipalType: store.PrincipalUser, PrincipalID: "u-1"})
			return err
		}, fault.AccessDenied},
		{"the person is disabled", func(tx *store.Tx) error {
			return tx.PutUser(store.User{UserID: "u-1", UserName: "alice", Email: "alice@example.test", Status: store.StatusDisabled})
		}, fault.InvalidGrant},
		{"a scope is added", func(tx *store.Tx) error {
			return tx.PutApplicationScope(store.ApplicationScope{ApplicationID: theApp, Scope: "app:read"})
		}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.asked = func() {
				if err := w.s.Store.Update(ctx, c.change); err != nil {
					t.Error(err)
				}
			}
			_, err := w.bring(theApp, w.assertion())
			if c.kind == nil && err != nil {
				t.Error(err)
			} else if c.kind != nil {
				is(t, err, c.kind)
			}
		})
	}
}

func TestTheTraceTellsWhichCheckFailedAndHoldsNoSecret(t *testing.T) {
	cases := []struct {
		name   string
		change func(w *world) map[string]any // laid over the claims
		want   []string
	}{
		{"the application", func(w *world) map[string]any {
			w.put(theApp, func(a *store.Application) { a.Status = store.StatusDisabled })
			return nil
		}, []string{"FAIL application", "aws sso-admin update-application"}},
		{"the caller", func(w *world) map[string]any {
			w.put(theApp, func(a *store.Application) { a.ActorPolicy = "" })
			return nil
		}, []string{"FAIL caller: " + callerARN, `--authentication-method '{"Iam":{"ActorPolicy":{`, `"Principal":{"AWS":"` + callerARN + `"}`}},
		{"the caller, whom the policy that there is does not name", func(w *world) map[string]any {
			w.put(theApp, func(a *store.Application) { a.ActorPolicy = allow(`{"AWS":"arn:aws:iam::` + owner + `:role/another"}`) })
			return nil
		}, []string{"FAIL caller: " + callerARN, `:role/another"}`, `,{"Effect":"Allow","Principal":{"AWS":"` + callerARN + `"}`}},
		{"the caller's own policies", func(w *world) map[string]any {
			w.put(theApp, func(a *store.Application) { a.ActorPolicy = allow(`{"AWS":"` + owner + `"}`) })
			return nil
		}, []string{"FAIL caller: " + callerARN, "no identity policy allows it", "sallyport iam put-user-policy ",
			`"Action":"sso-oauth:CreateTokenWithIAM","Resource":["` + appARN(theApp) + `"]`}},
		{"the grant", func(w *world) map[string]any { w.ungrant(theApp, oauth.GrantJWTBearer); return nil },
			[]string{"FAIL grant", "aws sso-admin put-application-grant --application-arn " + appARN(theApp)}},
		{"the issuer, unknown", func(w *world) map[string]any { return map[string]any{"iss": "https://other.example.test"} },
			[]string{"FAIL issuer", "aws sso-admin create-trusted-token-issuer", `"IssuerUrl":"https://other.example.test"`}},
		{"the issuer, of a name that would say more", func(w *world) map[string]any {
			return map[string]any{"iss": `https://a.example.test,IssuerUrl=https://b.example.test";'$(id)'`}
		}, []string{"FAIL issuer", `{"IssuerUrl":"https://a.example.test,IssuerUrl=https://b.example.test\";'\''$(id)'\''","Cl`}},
		{"the issuer, not trusted", func(w *world) map[string]any {
			w.grantAs(theApp, oauth.GrantJWTBearer, `{"JwtBearer":{"AuthorizedTokenIssuers":[{"TrustedTokenIssuerArn":"`+issuerARN("tti-other")+`","AuthorizedAudiences":["kept"]}]}}`)
			return nil
		}, []string{"FAIL issuer", "aws sso-admin put-application-grant", issuerARN("tti-other") + `","AuthorizedAudiences":["kept"]}`,
			`{"TrustedTokenIssuerArn":"` + issuerARN(issuerID) + `","AuthorizedAudiences":[]}`}},
		{"the audience", func(w *world) map[string]any { return map[string]any{"aud": "https://other.example.test"} },
			[]string{"FAIL audience", "aws sso-admin put-application-grant --application-arn " + appARN(theApp), `"AuthorizedAudiences":["` + audience + `","https://other.example.test"]`}},
		{"the claim", func(w *world) map[string]any { return map[string]any{"email": 7} },
			[]string{"FAIL claim", "aws sso-admin update-trusted-token-issuer", "{ClaimAttributePath=NAME-OF-A-CLAIM}"}},
		{"the person", func(w *world) map[string]any { return map[string]any{"email": "secret.name@example.test"} },
			[]string{"FAIL user", "claim email is sha256:", "emails.value of 0 users"}},
		{"the assignment", func(w *world) map[string]any { w.unassign(theApp, store.PrincipalUser, "u-1"); return nil },
			[]string{"FAIL assignment", "aws sso-admin create-application-assignment --application-arn " + appARN(theApp) + " --principal-type USER --principal-id u-1"}},
		{"nothing", func(w *world) map[string]any { return nil }, []string{"ok   application", "ok   caller", "ok   user", "ok   assignment", "ok   first use"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			assertion := w.assertion(c.change(w))
			text, _ := w.traced(&api.CreateTokenWithIAMRequest{ClientID: appARN(theApp), GrantType: bearerGrant, Assertion: assertion})
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in\n%s", want, text)
				}
			}
			for _, part := range append(strings.Split(assertion, "."), "secret.name", w.user.Email) {
				if part != "" && strings.Contains(text, part) {
					t.Errorf("%q stands in\n%s", part, text)
				}
			}
		})
	}
}

// A transaction may run more than once, and what an earlier run found is not what was decided.
func TestTheTraceOfATransactionTellsEachCheckOnce(t *testing.T) {
	w := newWorld(t)
	request := &api.CreateTokenWithIAMRequest{ClientID: appARN(theApp), GrantType: bearerGrant, Assertion: w.assertion(nil)}
	for _, want := range []string{"ok   first use", "-    first use: the answer of a moment ago"} {
		text, _ := w.traced(request)
		if strings.Count(text, "first use") != 1 || !strings.Contains(text, want) || strings.Count(text, "ok   user:") != 1 {
			t.Errorf("want one first use, %q, and one user in\n%s", want, text)
		}
	}
}

func TestAnIssuerOfAnotherInstanceIsNotTrusted(t *testing.T) {
	w := newWorld(t)
	foreign := arn.TrustedTokenIssuer{Account: owner, InstanceID: "ssoins-2222222222222222", IssuerID: issuerID}.String()
	w.Update(func(tx *store.Tx) error {
		if err := tx.DeleteTrustedTokenIssuer(issuerID); err != nil {
			return err
		}
		return tx.PutTrustedTokenIssuer(store.TrustedTokenIssuer{
			IssuerID: issuerID, InstanceID: "ssoins-2222222222222222", AccountID: owner, URL: w.URL, ClaimPath: "email", AttributePath: "emails.value",
		})
	})
	w.grantAs(theApp, oauth.GrantJWTBearer, `{"JwtBearer":{"AuthorizedTokenIssuers":[{"TrustedTokenIssuerArn":"`+foreign+`","AuthorizedAudiences":["`+audience+`"]}]}}`)
	_, err := w.bring(theApp, w.assertion())
	is(t, err, fault.InvalidGrant)
}

func TestSpentAssertionsAreForgottenWhenTheyHaveExpired(t *testing.T) {
	w := newWorld(t)
	w.got(w.bring(theApp, w.assertion(map[string]any{"jti": sys.NewHex(4)})))
	w.Clock.Advance(5*time.Minute + 50*time.Second)
	clean := func() int64 {
		if _, err := w.s.Store.Clean(ctx); err != nil {
			t.Fatal(err)
		}
		return w.rows()["assertion_replay"]
	}
	if clean() != 1 {
		t.Error("forgotten while it would still be accepted")
	}
	w.Clock.Advance(9 * time.Minute)
	if clean() != 1 {
		t.Error("forgotten while a node whose clock is behind may accept it")
	}
	w.Clock.Advance(72 * time.Second)
	if clean() != 1 {
		t.Error("forgotten while a clock that was fast may be set back")
	}
	w.Clock.Advance(24 * time.Hour)
	if clean() != 0 {
		t.Error("kept although every node refuses it as expired since a day")
	}
}
