package attacks

import (
	"crypto/rand"
	"encoding/json"
	"strings"

	"sallyport/internal/api"
)

// The grants and token types of CreateTokenWithIAM.
const (
	grantBearer   = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	grantExchange = "urn:ietf:params:oauth:grant-type:token-exchange"

	typeAccess  = "urn:ietf:params:oauth:token-type:access_token"
	typeRefresh = "urn:ietf:params:oauth:token-type:refresh_token"

	appCallback     = "https://app.example.test/cb"
	contextProvider = "arn:aws:iam::aws:contextProvider/IdentityCenter"
)

// audience is for whom the issuers of the tests make their tokens.
const audience = "tests"

// propagation is an application that gets tokens for people whom an issuer vouches for. It is gone after the entry.
type propagation struct {
	*world
	issuer    *issuer
	issuerARN string
	app       string // ARN
	caller    key
	email     string // of whom the assertions are about
}

func (w *world) propagation() *propagation {
	w.t.Helper()
	p := &propagation{world: w, issuer: w.issuer(), caller: w.admin(), email: "alice@acme.example"}
	p.issuerARN = w.trust(p.issuer.url, "email", "emails.value")
	p.app = w.application()
	w.takeAssertions(p.app, p.issuerARN)
	w.grant(p.app, grantExchange, members{"TokenExchange": members{}})
	w.grant(p.app, grantRefresh, members{"RefreshToken": members{}})
	w.grant(p.app, grantCode, members{"AuthorizationCode": members{"RedirectUris": []string{appCallback}}})
	return p
}

// trust makes an issuer a trusted one.
func (w *world) trust(url, claim, attribute string) (issuerARN string) {
	w.t.Helper()
	issuerARN = w.administer(api.CreateTrustedTokenIssuer.Operation, members{
		"InstanceArn": w.server.InstanceARN, "Name": rand.Text(), "TrustedTokenIssuerType": "OIDC_JWT",
		"TrustedTokenIssuerConfiguration": members{"OidcJwtConfiguration": members{
			"IssuerUrl": url, "ClaimAttributePath": claim, "IdentityStoreAttributePath": attribute, "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
		}},
	}).member("TrustedTokenIssuerArn")
	w.afterwards(api.DeleteTrustedTokenIssuer.Operation, members{"TrustedTokenIssuerArn": issuerARN})
	return issuerARN
}

// afterwards calls an operation when the entry is over, if its server still runs: an instance has ten issuers at most.
func (w *world) afterwards(operation *api.Operation, in members) {
	w.t.Cleanup(func() {
		if w.isShared() {
			w.call(w.admin(), operation, in)
		}
	})
}

// isShared tells whether other entries use the server as well.
func (w *world) isShared() bool { return w.run.shared != nil && w.server == w.run.shared.server }

// application makes an application without grants that everybody in the directory may use, and that principals of the owner may call for.
func (w *world) application() (applicationARN string) {
	w.t.Helper()
	applicationARN = w.administer(api.CreateApplication.Operation, members{
		"InstanceArn": w.server.InstanceARN, "ApplicationProviderArn": "arn:aws:sso::aws:applicationProvider/custom", "Name": "app " + rand.Text(),
	}).member("ApplicationArn")
	w.actors(applicationARN, "arn:aws:iam::"+owner+":root")
	w.administer(api.PutApplicationAssignmentConfiguration.Operation, members{"ApplicationArn": applicationARN, "AssignmentRequired": false})
	w.afterwards(api.DeleteApplication.Operation, members{"ApplicationArn": applicationARN})
	return applicationARN
}

// actors says in the application's policy who may call for it.
func (w *world) actors(applicationARN string, principals ...string) {
	w.t.Helper()
	w.administer(api.PutApplicationAuthenticationMethod.Operation, members{
		"ApplicationArn": applicationARN, "AuthenticationMethodType": "IAM",
		"AuthenticationMethod": members{"Iam": members{"ActorPolicy": members{"Version": "2012-10-17", "Statement": []members{{
			"Effect": "Allow", "Principal": members{"AWS": principals}, "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*",
		}}}}},
	})
}

func (w *world) grant(applicationARN, grantType string, grant members) {
	w.t.Helper()
	w.administer(api.PutApplicationGrant.Operation, members{"ApplicationArn": applicationARN, "GrantType": grantType, "Grant": grant})
}

// takeAssertions has the application take assertions of the issuers, made for the audience of the tests.
func (w *world) takeAssertions(applicationARN string, issuerARNs ...string) {
	w.t.Helper()
	var issuers []members
	for _, name := range issuerARNs {
		issuers = append(issuers, members{"TrustedTokenIssuerArn": name, "AuthorizedAudiences": []string{audience}})
	}
	w.grant(applicationARN, grantBearer, members{"JwtBearer": members{"AuthorizedTokenIssuers": issuers}})
}

// scope gives the application a scope with whose tokens the targets may go on.
func (w *world) scope(applicationARN, name string, targets ...string) {
	w.t.Helper()
	in := members{"ApplicationArn": applicationARN, "Scope": name}
	if targets != nil {
		in["AuthorizedTargets"] = targets
	}
	w.administer(api.PutApplicationAccessScope.Operation, in)
}

// present gets a token for an assertion.
func (p *propagation) present(assertion string) answer {
	p.t.Helper()
	return p.presentAs(p.caller, assertion)
}

func (p *propagation) presentAs(caller key, assertion string) answer {
	p.t.Helper()
	return p.call(caller, api.CreateTokenWithIAM.Operation, members{"clientId": p.app, "grantType": grantBearer, "assertion": assertion})
}

// token gets tokens for the person.
func (p *propagation) token() answer {
	p.t.Helper()
	return p.want(200, p.present(p.issuer.token(p.email, nil)))
}

// notPresentable fails the entry unless the assertion is refused and leaves nothing behind.
func (p *propagation) notPresentable(what, assertion string) answer {
	p.t.Helper()
	var a answer
	p.unchanged(what, func() { a = p.present(assertion) })
	if a.status != 400 || a.exception() != "InvalidGrantException" {
		p.t.Errorf("%s: %s", what, a)
	}
	return a
}

// front is another application of the same issuer, one of whose scopes is for the targets.
func (p *propagation) front(targets ...string) *propagation {
	p.t.Helper()
	front := *p
	front.app = p.application()
	p.takeAssertions(front.app, p.issuerARN)
	p.scope(front.app, "reports:read", targets...)
	return &front
}

// exchange gets a token of the application for one of another's.
func (p *propagation) exchange(subjectToken string, changes members) answer {
	p.t.Helper()
	return p.call(p.caller, api.CreateTokenWithIAM.Operation, members{
		"clientId": p.app, "grantType": grantExchange, "subjectToken": subjectToken, "subjectTokenType": typeAccess, "requestedTokenType": typeAccess,
	}.with(changes))
}

// identityContext is the one of an answer.
func (a answer) identityContext() string {
	var out struct {
		AwsAdditionalDetails struct{ IdentityContext string }
	}
	if json.Unmarshal(a.body, &out) != nil {
		return ""
	}
	return out.AwsAdditionalDetails.IdentityContext
}

// withContext are the members of AssumeRole that provide a context.
func withContext(text string) members {
	return members{"ProvidedContexts": []members{{"ProviderArn": contextProvider, "ContextAssertion": text}}}
}

// scopes are those of an answer.
func (a answer) scopes() []string {
	var out struct{ Scope []string }
	if json.Unmarshal(a.body, &out) != nil {
		return nil
	}
	return out.Scope
}

// idOf is the last part of an ARN.
func idOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// application is the application of {app_arn}.
func (f *stage) application() *propagation {
	if f.app == nil {
		f.app = f.w.propagation()
	}
	return f.app
}

// userID finds somebody of the demo.
func (w *world) userID(userName string) string {
	w.t.Helper()
	return w.administer(api.GetUserId.Operation, members{
		"IdentityStoreId":     w.server.IdentityStoreID,
		"AlternateIdentifier": members{"UniqueAttribute": members{"AttributePath": "userName", "AttributeValue": userName}},
	}).member("UserId")
}
