package clients

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// This file is trusted identity propagation as an application builder meets it: everything is configured from nothing with the client's own
// calls, each grant of CreateTokenWithIAM is redeemed, and the identity that comes of it is carried into a role.

const (
	bearerGrant      = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	exchangeGrant    = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessTokenType  = "urn:ietf:params:oauth:token-type:access_token"
	refreshTokenType = "urn:ietf:params:oauth:token-type:refresh_token"

	customProvider  = "arn:aws:sso::aws:applicationProvider/custom"
	contextProvider = "arn:aws:iam::aws:contextProvider/IdentityCenter"
	callback        = "https://reports.example.com/callback"

	person      = "carol.meyer"
	personEmail = "carol.meyer@example.com"
	roleName    = "reports-reader"
)

// defaultScopes are those that every application has.
var defaultScopes = []string{"aws", "openid", "sts:identity_context"}

// world is an instance in which people may use applications, as the operator configured it.
type world struct {
	*party
	issuer          *harness.Issuer
	instance        string // ARN
	identityStoreID string
	account         string
	userID          string
	trustedIssuer   string // ARN
	reports         string // ARN of the application in front, which has every grant
	gateway         string // ARN of the one behind it, to which its tokens are exchanged
	role            string // ARN
}

// newWorld configures an instance with the client.
func newWorld(p *party) *world {
	p.Helper()
	w := &world{party: p, issuer: harness.StartIssuer(p)}
	instances := p.must(api.ListInstances.Operation, members{}).list("Instances")
	if len(instances) != 1 {
		p.Fatalf("there are %d instances, want one", len(instances))
	}
	w.instance, w.identityStoreID = instances[0].text("InstanceArn"), instances[0].text("IdentityStoreId")
	if w.instance != p.server.InstanceARN || w.identityStoreID != p.server.IdentityStoreID {
		p.Fatalf("the instance is %v, want %s", instances[0], p.server.InstanceARN)
	}
	w.account = instances[0].text("OwnerAccountId")
	w.userID = w.addPerson(person, personEmail)
	w.trustedIssuer = w.trust("people", w.issuer.URL)
	w.gateway = w.addApplication("Gateway")
	w.grant(w.gateway, exchangeGrant, members{"TokenExchange": members{}})
	p.must(api.PutApplicationAssignmentConfiguration.Operation, members{"ApplicationArn": w.gateway, "AssignmentRequired": false})
	w.reports = w.addApplication("Reports")
	w.grant(w.reports, bearerGrant, w.bearerGrantOf(w.trustedIssuer))
	w.grant(w.reports, refreshGrant, members{"RefreshToken": members{}})
	w.grant(w.reports, codeGrant, members{"AuthorizationCode": members{"RedirectUris": []string{callback}}})
	w.grant(w.reports, exchangeGrant, members{"TokenExchange": members{}})
	p.must(api.PutApplicationAccessScope.Operation, members{
		"ApplicationArn": w.reports, "Scope": "gateway:read", "AuthorizedTargets": []string{w.gateway},
	})
	w.assign(w.reports, w.userID)
	w.role = w.addRole(roleName, trustIn(w.account, "sts:AssumeRole", "sts:SetContext"))
	return w
}

// addPerson makes somebody who can be told by their e-mail address.
func (w *world) addPerson(userName, email string) (userID string) {
	w.Helper()
	return w.must(api.CreateUser.Operation, members{
		"IdentityStoreId": w.identityStoreID, "UserName": userName, "DisplayName": "A person of the tests",
		"Name":   members{"GivenName": "A", "FamilyName": "Person"},
		"Emails": []members{{"Value": email, "Type": "work", "Primary": true}},
	}).text("UserId")
}

// trust makes an issuer one whose tokens name people by their e-mail address.
func (w *world) trust(name, issuerURL string) (issuerARN string) {
	w.Helper()
	return w.must(api.CreateTrustedTokenIssuer.Operation, members{
		"InstanceArn": w.instance, "Name": name, "TrustedTokenIssuerType": "OIDC_JWT",
		"TrustedTokenIssuerConfiguration": members{"OidcJwtConfiguration": members{
			"IssuerUrl": issuerURL, "ClaimAttributePath": "email", "IdentityStoreAttributePath": "emails.value", "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
		}},
	}).text("TrustedTokenIssuerArn")
}

func (w *world) bearerGrantOf(issuerARN string) members {
	return members{"JwtBearer": members{"AuthorizedTokenIssuers": []members{
		{"TrustedTokenIssuerArn": issuerARN, "AuthorizedAudiences": []string{harness.Audience}},
	}}}
}

// addApplication makes an application whose tokens the operator may get.
func (w *world) addApplication(name string) (applicationARN string) {
	w.Helper()
	applicationARN = w.must(api.CreateApplication.Operation, members{
		"InstanceArn": w.instance, "ApplicationProviderArn": customProvider, "Name": name,
	}).text("ApplicationArn")
	w.must(api.PutApplicationAuthenticationMethod.Operation, members{
		"ApplicationArn": applicationARN, "AuthenticationMethodType": "IAM",
		"AuthenticationMethod": members{"Iam": members{"ActorPolicy": w.actorPolicy()}},
	})
	return applicationARN
}

// actorPolicy lets the account get tokens of an application.
func (w *world) actorPolicy() members { return w.actorPolicyFor("arn:aws:iam::" + w.account + ":root") }

func (w *world) actorPolicyFor(principal string) members {
	return members{"Version": "2012-10-17", "Statement": []members{{
		"Effect": "Allow", "Principal": members{"AWS": principal},
		"Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*",
	}}}
}

func (w *world) grant(applicationARN, grantType string, grant members) {
	w.Helper()
	w.must(api.PutApplicationGrant.Operation, members{"ApplicationArn": applicationARN, "GrantType": grantType, "Grant": grant})
}

func (w *world) assign(applicationARN, userID string) {
	w.Helper()
	w.must(api.CreateApplicationAssignment.Operation, members{
		"ApplicationArn": applicationARN, "PrincipalType": "USER", "PrincipalId": userID,
	})
}

// trustIn is the trust policy of a role that an account may use.
func trustIn(account string, actions ...string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},` +
		`"Action":["` + strings.Join(actions, `","`) + `"]}]}`
}

// addRole makes a role with the operator's tool: no service of ours has roles.
func (w *world) addRole(name, trust string) (roleARN string) {
	w.Helper()
	file := filepath.Join(w.TempDir(), "trust.json")
	if err := os.WriteFile(file, []byte(trust), 0o600); err != nil {
		w.Fatal(err)
	}
	w.server.Operate("iam", "create-role", name, "--account", w.account, "--trust", file)
	return "arn:aws:iam::" + w.account + ":role/" + name
}

// tokenOf is the input of CreateTokenWithIAM for an application.
func tokenOf(applicationARN, grant string, more members) members {
	return members{"clientId": applicationARN, "grantType": grant}.with(more)
}

// bearerOf is that for an assertion about the person.
func (w *world) bearerOf(keyID string, changes map[string]any) members {
	w.Helper()
	return tokenOf(w.reports, bearerGrant, members{"assertion": w.issuer.Token(w, keyID, w.issuer.Claims(personEmail, changes))})
}

var createTokenWithIAM = api.CreateTokenWithIAM.Operation

// chain goes all the way, with both kinds of keys that issuers have.
func chain(p *party) {
	w := newWorld(p)
	for _, keyID := range []string{harness.RSAKeyID, harness.ECKeyID} {
		w.carry(w.redeemAssertion(keyID))
	}
	first := w.redeemAssertion(harness.ECKeyID)
	refreshed := w.redeemRefresh(first)
	w.carry(w.exchange(refreshed))
	w.carry(w.redeemCode())
}

// expected is what an answer of CreateTokenWithIAM has.
type expected struct {
	application string // ARN
	scopes      []string
	refreshable bool
	silent      bool // about the person
	audit       bool // has an audit context as well
}

func (w *world) redeemAssertion(keyID string) members {
	w.Helper()
	out := w.must(createTokenWithIAM, w.bearerOf(keyID, nil))
	w.checkAnswer(out, expected{application: w.reports, scopes: append(defaultScopes, "gateway:read"), refreshable: true, audit: true})
	return out
}

func (w *world) redeemRefresh(before members) members {
	w.Helper()
	out := w.must(createTokenWithIAM, tokenOf(w.reports, refreshGrant, members{"refreshToken": before.text("refreshToken")}))
	w.checkAnswer(out, expected{application: w.reports, scopes: append(defaultScopes, "gateway:read"), refreshable: true, silent: true})
	if out.text("accessToken") == before.text("accessToken") || out.text("refreshToken") == before.text("refreshToken") {
		w.Error("a refresh gave a token that was there before")
	}
	return out
}

// exchange gets a token of the application behind for one of the application in front.
func (w *world) exchange(front members) members {
	w.Helper()
	out := w.must(createTokenWithIAM, tokenOf(w.gateway, exchangeGrant, members{
		"subjectToken": front.text("accessToken"), "subjectTokenType": accessTokenType, "requestedTokenType": accessTokenType,
	}))
	w.checkAnswer(out, expected{application: w.gateway, scopes: defaultScopes})
	return out
}

// redeemCode goes through the browser, which is played at the control endpoint.
func (w *world) redeemCode() members {
	w.Helper()
	code, verifier := w.authorize()
	redeem := tokenOf(w.reports, codeGrant, members{"code": code, "redirectUri": callback, "codeVerifier": verifier, "scope": defaultScopes})
	out := w.must(createTokenWithIAM, redeem)
	w.checkAnswer(out, expected{application: w.reports, scopes: defaultScopes, refreshable: true, audit: true})
	w.mustRefuse("InvalidGrantException", createTokenWithIAM, redeem)
	return out
}

// authorize lets the person allow what the application asks for.
func (w *world) authorize() (code, verifier string) {
	w.Helper()
	verifier = rand.Text() + rand.Text()
	challenge, state := sha256.Sum256([]byte(verifier)), rand.Text()
	query := url.Values{
		"response_type": {"code"}, "client_id": {w.reports}, "redirect_uri": {callback}, "state": {state},
		"scope":                 {"openid aws sts:identity_context"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}
	var answer struct{ Location string }
	w.server.Control(http.StatusSeeOther, "/_dev/authorize", map[string]string{"userName": person, "query": query.Encode()}, &answer)
	location, err := url.Parse(answer.Location)
	if err != nil {
		w.Fatal(err)
	}
	got := location.Query()
	if location.RawQuery = ""; location.String() != callback || got.Get("state") != state || got.Get("code") == "" {
		w.Fatalf("the browser is sent to %s, want %s with a code and the state", answer.Location, callback)
	}
	return got.Get("code"), verifier
}

// checkAnswer holds an answer against what AWS's has in its place (facts of CreateTokenWithIAM).
func (w *world) checkAnswer(out members, want expected) {
	w.Helper()
	issued := accessTokenType
	if want.refreshable {
		issued = refreshTokenType
	}
	scopes := slices.Sorted(slices.Values(out.texts("scope")))
	switch {
	case out.text("accessToken") == "" || out.text("tokenType") != "Bearer" || out.number("expiresIn") != accessSeconds:
		w.Errorf("the access token has %d bytes, the type %q and %d s", len(out.text("accessToken")), out.text("tokenType"), out.number("expiresIn"))
	case (out.text("refreshToken") != "") != want.refreshable || out.text("issuedTokenType") != issued:
		w.Errorf("a refresh token of %d bytes, issuedTokenType %q, want %q", len(out.text("refreshToken")), out.text("issuedTokenType"), issued)
	case !slices.Equal(scopes, slices.Sorted(slices.Values(want.scopes))):
		w.Errorf("the scopes are %q, want %q", scopes, want.scopes)
	case want.silent && (out["idToken"] != nil || out["awsAdditionalDetails"] != nil):
		w.Error("a refresh says again who the person is")
	}
	if !want.silent {
		w.checkIDToken(out, want)
	}
}

// checkIDToken verifies the ID token as a relying party does, and compares its claims.
func (w *world) checkIDToken(out members, want expected) {
	w.Helper()
	header, all := w.server.VerifyJWT(out.text("idToken"))
	claims := members(all)
	if header.Algorithm != "ES256" {
		w.Errorf("the ID token is signed with %s, want ES256", header.Algorithm)
	}
	for name, value := range map[string]string{
		"iss": w.server.Endpoint, "sub": w.userID, "aud": want.application, "aws:identity_store_id": w.identityStoreID,
		"aws:identity_store_arn": "arn:aws:identitystore::" + w.account + ":identitystore/" + w.identityStoreID,
		"aws:instance_account":   w.account, "aws:instance_arn": w.instance, "aws:application_arn": want.application,
		"sts:identity_context": out.object("awsAdditionalDetails").text("identityContext"),
	} {
		if value == "" || claims.text(name) != value {
			w.Errorf("the claim %s is %q, want %q", name, claims.text(name), value)
		}
	}
	now := time.Now().Unix()
	if life := claims.number("exp") - claims.number("iat"); life != accessSeconds || claims.number("exp") < now || claims.number("auth_time") > now || claims.number("auth_time") < now-3600 {
		w.Errorf("iat %d, exp %d and auth_time %d do not go together at %d", claims.number("iat"), claims.number("exp"), claims.number("auth_time"), now)
	}
	if !matches(`^[\w-]{64}$`, claims.text("aws:credential_id")) {
		w.Errorf("the credential id is %q, want 64 letters of base64url", claims.text("aws:credential_id"))
	}
	if (claims.text("sts:audit_context") != "") != want.audit {
		w.Errorf("there is an audit context: %v, want %v", claims.text("sts:audit_context") != "", want.audit)
	}
}

// carry takes on the role for the person and asks whose the credentials are.
func (w *world) carry(out members) {
	w.Helper()
	before := time.Now().Unix()
	assumed := w.must(api.AssumeRole.Operation, w.assume(out.object("awsAdditionalDetails").text("identityContext")))
	credentials, user := assumed.object("Credentials"), assumed.object("AssumedRoleUser")
	session := "arn:aws:sts::" + w.account + ":assumed-role/" + roleName + "/for-carol"
	if user.text("Arn") != session || !matches(`^AROA[A-Z0-9]+:for-carol$`, user.text("AssumedRoleId")) {
		w.Errorf("the assumed role is %v, want %s", user, session)
	}
	if life := w.seconds(credentials["Expiration"]) - before; life < 895 || life > 905 {
		w.Errorf("the credentials live for %d s, want 900", life)
	}
	who := w.mustAs(keyOf(credentials), api.GetCallerIdentity.Operation, members{})
	if want := (members{"Account": w.account, "Arn": session, "UserId": user.text("AssumedRoleId")}); !reflect.DeepEqual(who, want) {
		w.Errorf("the credentials are %v, want %v", who, want)
	}
}

func (w *world) assume(context string) members {
	return members{
		"RoleArn": w.role, "RoleSessionName": "for-carol", "DurationSeconds": 900,
		"ProvidedContexts": []members{{"ProviderArn": contextProvider, "ContextAssertion": context}},
	}
}

// seconds reads a moment, which the command lines print as a date.
func (w *world) seconds(moment any) int64 {
	w.Helper()
	switch moment := moment.(type) {
	case float64:
		return int64(moment)
	case string:
		at, err := time.Parse(time.RFC3339, moment)
		if err != nil {
			w.Fatal(err)
		}
		return at.Unix()
	}
	w.Fatalf("%v is no moment", moment)
	return 0
}

func TestChainInGo(t *testing.T) { testChain(t, goSDK{}) }

func testChain(t *testing.T, c client) {
	chain(&party{T: t, server: harness.Start(t), client: c})
}
