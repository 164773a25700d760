package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/assertion"
	"sallyport/internal/fault"
	"sallyport/internal/fetch"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
	"sallyport/internal/strictjson"
	"sallyport/internal/sys"
	"sallyport/internal/trace"
)

const (
	owner         = "111122223333"
	otherAccount  = "444455556666"
	organisation  = "ssoins-1111111111111111"
	audience      = "https://app.example.test"
	theApp        = "apl-aaaaaaaaaaaaaaaa"
	anotherApp    = "apl-bbbbbbbbbbbbbbbb"
	issuerID      = "tti-11111111-2222-4333-8444-555555555555"
	callerARN     = "arn:aws:iam::111122223333:user/caller"
	bearerGrant   = string(oauth.GrantJWTBearer)
	exchangeGrant = string(oauth.GrantTokenExchange)
	refreshGrant  = string(oauth.GrantRefreshToken)
	codeGrant     = string(oauth.GrantAuthorizationCode)
)

// provider is an OpenID provider on loopback, which signs with ES256.
type provider struct {
	*httptest.Server
	private *ecdsa.PrivateKey

	mu    sync.Mutex
	asked func() // called before the keys are handed out
}

func newProvider(t testing.TB) *provider {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{private: private}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		json.NewEncoder(w).Encode(map[string]any{"issuer": p.URL, "jwks_uri": p.URL + "/keys"})
	case "/keys":
		p.mu.Lock()
		if p.asked != nil {
			p.asked()
		}
		p.mu.Unlock()
		point, err := p.private.PublicKey.Bytes()
		if err != nil {
			panic(err)
		}
		json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]any{
			"kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig", "alg": "ES256", "x": base64url(point[1:33]), "y": base64url(point[33:]),
		}}})
	default:
		http.NotFound(w, r)
	}
}

func base64url(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// sign makes a token of the claims.
func (p *provider) sign(t testing.TB, claims map[string]any) string {
	t.Helper()
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	input := base64url([]byte(`{"alg":"ES256","kid":"k1","typ":"JWT"}`)) + "." + base64url(body)
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, p.private, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + base64url(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// malleate returns the token with another signature that verifies as well: (r, n-s) for (r, s).
func malleate(t testing.TB, token string) string {
	t.Helper()
	at := strings.LastIndexByte(token, '.') + 1
	raw, err := base64.RawURLEncoding.DecodeString(token[at:])
	if err != nil {
		t.Fatal(err)
	}
	s := new(big.Int).SetBytes(raw[32:])
	s.Sub(elliptic.P256().Params().N, s).FillBytes(raw[32:])
	return token[:at] + base64url(raw)
}

// world is a token service with two applications and an issuer that both trust.
type world struct {
	*bench
	*provider
	signer api.Signer
	serial int
	tx     *store.Tx // that is open, if one is
}

func newWorld(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	w := &world{provider: newProvider(t), signer: api.Signer{
		AccessKeyID: "AKIA1", Account: owner, UserID: "AIDA1", ARN: callerARN, Kind: api.UserSigner, UserName: "caller", Region: "us-east-1",
	}}
	w.bench = newBench(t, append([]func(*Options){func(o *Options) {
		o.OwnerAccountID = owner
		o.Assertions = assertion.New(assertion.Options{Fetch: fetch.New(fetch.Options{AllowLoopbackHTTP: true}), Now: o.Clock.Now})
	}}, change...)...)
	w.Update(func(tx *store.Tx) error { // one transaction, since each waits for the disk
		w.tx = tx
		defer func() { w.tx = nil }()
		w.write(func(tx *store.Tx) error {
			return tx.PutTrustedTokenIssuer(store.TrustedTokenIssuer{
				IssuerID: issuerID, InstanceID: organisation, AccountID: owner, Name: "idp", URL: w.URL, ClaimPath: "email", AttributePath: "emails.value",
			})
		})
		for _, id := range []string{theApp, anotherApp} {
			w.put(id)
			w.grant(id, oauth.GrantJWTBearer)
			w.grant(id, oauth.GrantTokenExchange)
			w.assign(id, store.PrincipalUser, w.user.UserID)
		}
		return nil
	})
	return w
}

// write runs fn in the transaction that is open, or in one of its own.
func (w *world) write(fn func(*store.Tx) error) {
	w.t.Helper()
	if w.tx == nil {
		w.Update(fn)
	} else if err := fn(w.tx); err != nil {
		panic(err) // on the goroutine of the writer, which hands it on
	}
}

// put makes the application or changes it.
func (w *world) put(id string, change ...func(*store.Application)) {
	w.t.Helper()
	a := store.Application{
		ApplicationID: id, InstanceID: organisation, AccountID: owner, ProviderARN: "arn:aws:sso::aws:applicationProvider/custom",
		Name: "Wonder " + id, Status: store.StatusEnabled, AssignmentRequired: true, ActorPolicy: allow(`{"AWS":"` + callerARN + `"}`),
		CreatedAt: w.Clock.Now().UnixMilli(),
	}
	for _, c := range change {
		c(&a)
	}
	w.write(func(tx *store.Tx) error { return tx.PutApplication(a) })
}

func allow(principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"}]}`
}

func appARN(id string) string {
	return arn.Application{Account: owner, InstanceID: organisation, ApplicationID: id}.String()
}

func issuerARN(id string) string {
	return arn.TrustedTokenIssuer{Account: owner, InstanceID: organisation, IssuerID: id}.String()
}

// grant configures the application for a grant, the usual way.
func (w *world) grant(id string, g oauth.GrantType) {
	documents := map[oauth.GrantType]string{
		oauth.GrantJWTBearer: `{"JwtBearer":{"AuthorizedTokenIssuers":[{"TrustedTokenIssuerArn":"` + issuerARN(issuerID) +
			`","AuthorizedAudiences":["` + audience + `"]}]}}`,
		oauth.GrantTokenExchange:     `{"TokenExchange":{}}`,
		oauth.GrantRefreshToken:      `{"RefreshToken":{}}`,
		oauth.GrantAuthorizationCode: `{"AuthorizationCode":{"RedirectUris":["https://app.example.test/callback","http://127.0.0.1/callback"]}}`,
	}
	w.grantAs(id, g, documents[g])
}

func (w *world) grantAs(id string, g oauth.GrantType, document string) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		return tx.PutApplicationGrant(store.ApplicationGrant{ApplicationID: id, GrantType: string(g), Document: document})
	})
}

func (w *world) ungrant(id string, g oauth.GrantType) {
	w.t.Helper()
	w.Update(func(tx *store.Tx) error { _, err := tx.DeleteApplicationGrant(id, string(g)); return err })
}

// scope gives the application a scope that names the targets.
func (w *world) scope(id, scope string, targets ...string) {
	w.t.Helper()
	row := store.ApplicationScope{ApplicationID: id, Scope: scope}
	if targets != nil {
		text, err := json.Marshal(targets)
		if err != nil {
			w.t.Fatal(err)
		}
		row.Targets = string(text)
	}
	w.Update(func(tx *store.Tx) error { return tx.PutApplicationScope(row) })
}

func (w *world) assign(id, principalType, principalID string) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		_, err := tx.AddApplicationAssignment(store.ApplicationAssignment{ApplicationID: id, PrincipalType: principalType, PrincipalID: principalID})
		return err
	})
}

func (w *world) unassign(id, principalType, principalID string) {
	w.t.Helper()
	w.Update(func(tx *store.Tx) error {
		_, err := tx.DeleteApplicationAssignment(store.ApplicationAssignment{ApplicationID: id, PrincipalType: principalType, PrincipalID: principalID})
		return err
	})
}

// assertion makes one of alice, of an id of its own, with claims laid over; nil takes one away.
func (w *world) assertion(over ...map[string]any) string {
	w.t.Helper()
	now := w.Clock.Now()
	w.serial++
	claims := map[string]any{
		"iss": w.URL, "sub": "subject-1", "aud": audience, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": sys.NewHex(8),
		"email": w.user.Email, "email_verified": true, "serial": w.serial,
	}
	for _, o := range over {
		maps.Copy(claims, o)
	}
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return w.sign(w.t, claims)
}

// caller is the signer at the usual address.
func (w *world) caller() api.Caller {
	signer, caller := w.signer, here
	caller.Signer = &signer
	return caller
}

// call makes a request of the application.
func (w *world) call(id, grantType string, change ...func(*api.CreateTokenWithIAMRequest)) (*api.CreateTokenWithIAMResponse, error) {
	in := &api.CreateTokenWithIAMRequest{ClientID: appARN(id), GrantType: grantType}
	for _, c := range change {
		c(in)
	}
	return w.s.CreateTokenWithIAM(ctx, w.caller(), in)
}

// bring brings an assertion.
func (w *world) bring(id, assertion string, scope ...string) (*api.CreateTokenWithIAMResponse, error) {
	return w.call(id, bearerGrant, func(in *api.CreateTokenWithIAMRequest) { in.Assertion, in.Scope = assertion, scope })
}

// exchange brings a subject token.
func (w *world) exchange(id, token string, change ...func(*api.CreateTokenWithIAMRequest)) (*api.CreateTokenWithIAMResponse, error) {
	return w.call(id, exchangeGrant, append([]func(*api.CreateTokenWithIAMRequest){func(in *api.CreateTokenWithIAMRequest) {
		in.SubjectToken, in.SubjectTokenType = token, string(oauth.TokenTypeAccessToken)
	}}, change...)...)
}

func (w *world) refreshAs(id, token string, scope ...string) (*api.CreateTokenWithIAMResponse, error) {
	return w.call(id, refreshGrant, func(in *api.CreateTokenWithIAMRequest) { in.RefreshToken, in.Scope = token, scope })
}

func (w *world) got(out *api.CreateTokenWithIAMResponse, err error) *api.CreateTokenWithIAMResponse {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// claims verifies an ID token with our published keys, as a relying party would, and returns what it says.
func (w *world) claims(idToken, wanted string) strictjson.Value {
	w.t.Helper()
	verifier := assertion.New(assertion.Options{Now: w.Clock.Now})
	_, err := verifier.Verify(ctx, idToken, assertion.Issuer{URL: w.s.Issuer, JWKS: w.s.Ring.JWKS()}, assertion.Expectations{Audiences: []string{wanted}})
	if err != nil {
		w.t.Fatalf("the ID token does not verify: %v", err)
	}
	body, err := base64.RawURLEncoding.DecodeString(strings.Split(idToken, ".")[1])
	if err != nil {
		w.t.Fatal(err)
	}
	claims, err := strictjson.Parse(body, strictjson.Limits{})
	if err != nil {
		w.t.Fatal(err)
	}
	return claims
}

// traced makes a call with a trace and returns what the operator would read.
func (w *world) traced(in *api.CreateTokenWithIAMRequest) (string, error) {
	w.t.Helper()
	ctx, checks := trace.With(ctx)
	_, err := w.s.CreateTokenWithIAM(ctx, w.caller(), in)
	var text strings.Builder
	if err := checks.Record().Text(&text, trace.ASCII); err != nil {
		w.t.Fatal(err)
	}
	return text.String(), err
}

// is fails unless the error is a refusal of the kind.
func is(t *testing.T, err error, kind *fault.Kind) {
	t.Helper()
	if refusal, ok := fault.As(err); !ok || refusal.Kind != kind {
		t.Errorf("got %v, want %s", err, kind.Name)
	}
}
