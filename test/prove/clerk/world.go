package clerk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/test/harness"
	"sallyport/test/prove/ledger"
	"sallyport/test/prove/remote"
)

// World is what is configured at a site besides the demo that development mode begins with.
type World struct {
	Issuer *harness.Issuer // whose assertions are taken
	Alice  Person          // who stays, with everything that the demo gives her
	// Front takes assertions; its tokens name Behind, which exchanges them. Seasonal takes assertions and is there to be disabled.
	Front, Behind, Seasonal string
	// Set is a permission set that people are assigned to and removed from, in Account.
	Set, SetName, Account string
}

// Person is somebody of the directory.
type Person struct{ ID, Name, Email string }

// everybody is the actor policy and audience of the applications here: the account of the operator.
func actorPolicy(account string) remote.Members {
	return remote.Members{"Version": "2012-10-17", "Statement": []remote.Members{{
		"Effect": "Allow", "Principal": remote.Members{"AWS": "arn:aws:iam::" + account + ":root"}, "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*",
	}}}
}

// Furnish configures a site that has the demo and nothing else.
func Furnish(ctx context.Context, site *remote.Site, issuer *harness.Issuer) (w World, err error) {
	f := furnisher{ctx: ctx, site: site}
	w = World{Issuer: issuer, Account: "111122223333", SetName: "Prove"}
	w.Alice = f.find("alice")
	trusted := f.make(api.CreateTrustedTokenIssuer.Operation, "TrustedTokenIssuerArn", remote.Members{
		"InstanceArn": site.InstanceARN, "Name": "prove", "TrustedTokenIssuerType": "OIDC_JWT",
		"TrustedTokenIssuerConfiguration": remote.Members{"OidcJwtConfiguration": remote.Members{
			"IssuerUrl": issuer.URL, "ClaimAttributePath": "email", "IdentityStoreAttributePath": "emails.value", "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
		}},
	})
	w.Front, w.Behind, w.Seasonal = f.application("front", w.Account), f.application("behind", w.Account), f.application("seasonal", w.Account)
	for _, application := range []string{w.Front, w.Seasonal} {
		f.grant(application, bearerGrant, remote.Members{"JwtBearer": remote.Members{"AuthorizedTokenIssuers": []remote.Members{
			{"TrustedTokenIssuerArn": trusted, "AuthorizedAudiences": []string{harness.Audience}},
		}}})
	}
	f.grant(w.Behind, exchangeGrant, remote.Members{"TokenExchange": remote.Members{}})
	for _, application := range []string{w.Front, w.Behind, w.Seasonal} {
		f.grant(application, refreshGrant, remote.Members{"RefreshToken": remote.Members{}})
		f.must(api.PutApplicationAssignmentConfiguration.Operation, remote.Members{"ApplicationArn": application, "AssignmentRequired": false})
	}
	f.must(api.PutApplicationAccessScope.Operation, remote.Members{"ApplicationArn": w.Front, "Scope": "behind:read", "AuthorizedTargets": []string{w.Behind}})
	f.must(api.PutApplicationAccessScope.Operation, remote.Members{"ApplicationArn": w.Behind, "Scope": "behind:read"})
	set := f.must(api.CreatePermissionSet.Operation, remote.Members{"InstanceArn": site.InstanceARN, "Name": w.SetName})
	w.Set = set.Text("PermissionSet", "PermissionSetArn")
	return w, f.err
}

// furnisher configures until something fails.
type furnisher struct {
	ctx  context.Context
	site *remote.Site
	err  error
}

func (f *furnisher) must(operation *api.Operation, in remote.Members) (answer remote.Answer) {
	if f.err == nil {
		answer, f.err = f.site.Must(f.ctx, operation, in)
	}
	return answer
}

func (f *furnisher) make(operation *api.Operation, member string, in remote.Members) string {
	return f.must(operation, in).Text(member)
}

func (f *furnisher) find(userName string) Person {
	answer := f.must(api.GetUserId.Operation, remote.Members{
		"IdentityStoreId": f.site.IdentityStoreID, "AlternateIdentifier": remote.Members{"UniqueAttribute": remote.Members{
			"AttributePath": "userName", "AttributeValue": userName,
		}},
	})
	return Person{answer.Text("UserId"), userName, userName + "@acme.example"}
}

func (f *furnisher) application(name, account string) string {
	application := f.make(api.CreateApplication.Operation, "ApplicationArn", remote.Members{
		"InstanceArn": f.site.InstanceARN, "ApplicationProviderArn": "arn:aws:sso::aws:applicationProvider/custom", "Name": name,
	})
	f.must(api.PutApplicationAuthenticationMethod.Operation, remote.Members{
		"ApplicationArn": application, "AuthenticationMethodType": "IAM",
		"AuthenticationMethod": remote.Members{"Iam": remote.Members{"ActorPolicy": actorPolicy(account)}},
	})
	return application
}

func (f *furnisher) grant(application, grant string, document remote.Members) {
	f.must(api.PutApplicationGrant.Operation, remote.Members{"ApplicationArn": application, "GrantType": grant, "Grant": document})
}

const (
	redirectURI = "http://127.0.0.1:49152/oauth/callback"
	// codeLifetime is how long an authorization code waits to be redeemed, by internal/token/authorize.go.
	codeLifetime = 2 * time.Minute
	// assertionLifetime is how long the assertions here live.
	assertionLifetime = 5 * time.Minute
)

// BeginCode gets an authorization code by PKCE for a client that opens a browser, as a person who allows everything.
func (c *Clerk) BeginCode(ctx context.Context, name string, person Person) (Outcome, error) {
	client, err := c.register(ctx, remote.Members{
		"clientName": "prove", "clientType": "public", "scopes": []string{accessScope}, "grantTypes": []string{codeGrant, refreshGrant},
		"redirectUris": []string{"http://127.0.0.1/oauth/callback"}, "issuerUrl": c.Site.AWSStartURL(),
	})
	if err != nil {
		return Outcome{Result: ledger.Failed}, nil
	}
	verifier := rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {client.id}, "redirect_uri": {redirectURI}, "state": {rand.Text()}, "scopes": {accessScope},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}
	attempt := ledger.Entry{Of: name, Act: ledger.Begin, Kind: ledger.Code, Client: client.id, Person: person.ID, RedirectURI: redirectURI}
	return c.act(ctx, attempt, ledger.Secrets{"clientSecret": client.secret, "codeVerifier": verifier},
		remote.Control("/_dev/authorize", remote.Members{"userName": person.Name, "query": query.Encode()}),
		func(answer remote.Answer) (told, error) {
			_, raw, _ := strings.Cut(answer.Text("location"), "?")
			got, err := url.ParseQuery(raw)
			if err == nil && got.Get("code") == "" {
				err = fmt.Errorf("the browser is sent back without a code")
			}
			return told{ledger.Entry{LivesMS: codeLifetime.Milliseconds()}, ledger.Secrets{"code": got.Get("code")}}, err
		})
}

// BeginAssertion has the issuer say who somebody is, for an application.
func (c *Clerk) BeginAssertion(name, application string, person Person) error {
	now := c.Site.Now()
	assertion, err := c.World.Issuer.MakeToken(harness.ECKeyID, c.World.Issuer.Claims(person.Email, map[string]any{
		"iat": now.Unix(), "exp": now.Add(assertionLifetime).Unix(),
	}))
	if err != nil {
		return err
	}
	return c.Ledger.Note(ledger.Entry{
		Of: name, Act: ledger.Begin, Kind: ledger.Assertion, Client: application, Person: person.ID, LivesMS: assertionLifetime.Milliseconds(),
	}, ledger.Secrets{"assertion": assertion})
}

// BeginExchange takes the newest access token of another login as the beginning of one.
func (c *Clerk) BeginExchange(name, parent, application string) error {
	login, _ := c.Ledger.Login(parent)
	newest, _ := login.Newest()
	return c.Ledger.Note(ledger.Entry{
		Of: name, Act: ledger.Begin, Kind: ledger.SubjectToken, Client: application, Person: login.Person, Parent: parent,
		LivesMS: newest.AccessEnds - c.Site.Now().UnixMilli(),
	}, ledger.Secrets{"subjectToken": c.Ledger.Secret(newest.Access)})
}

// Hire makes a person of the directory. It is done before anything depends on it, so it is no act.
func (c *Clerk) Hire(ctx context.Context, userName string) (Person, error) {
	person := Person{Name: userName, Email: userName + "@prove.example"}
	answer, err := c.Site.Must(ctx, api.CreateUser.Operation, remote.Members{
		"IdentityStoreId": c.Site.IdentityStoreID, "UserName": userName, "DisplayName": userName,
		"Name":   remote.Members{"GivenName": "Some", "FamilyName": "Body"},
		"Emails": []remote.Members{{"Value": person.Email, "Type": "work", "Primary": true}},
	})
	person.ID = answer.Text("UserId")
	return person, err
}

// Dismiss removes a person, and so ends all that they are signed in to.
func (c *Clerk) Dismiss(ctx context.Context, person Person) (Outcome, error) {
	return c.act(ctx, ledger.Entry{Of: person.ID, Act: ledger.End, Person: person.ID, Because: "the person was removed"}, nil,
		c.compose(api.DeleteUser.Operation, remote.Members{"IdentityStoreId": c.Site.IdentityStoreID, "UserId": person.ID}), nil)
}

// Assign gives a person the permission set of the world, or takes it away.
func (c *Clerk) Assign(ctx context.Context, person Person, give bool) (Outcome, error) {
	operation, act := api.CreateAccountAssignment.Operation, ledger.Allow
	if !give {
		operation, act = api.DeleteAccountAssignment.Operation, ledger.Forbid
	}
	return c.act(ctx, ledger.Entry{Of: "assignment of " + person.ID, Act: act, Person: person.ID, Account: c.World.Account, Role: c.World.SetName}, nil,
		c.compose(operation, remote.Members{
			"InstanceArn": c.Site.InstanceARN, "TargetId": c.World.Account, "TargetType": "AWS_ACCOUNT", "PermissionSetArn": c.World.Set,
			"PrincipalType": "USER", "PrincipalId": person.ID,
		}), nil)
}

// Enable enables an application or disables it.
func (c *Clerk) Enable(ctx context.Context, application string, enable bool) (Outcome, error) {
	status, act := "ENABLED", ledger.Allow
	if !enable {
		status, act = "DISABLED", ledger.Forbid
	}
	return c.act(ctx, ledger.Entry{Of: application, Act: act}, nil,
		c.compose(api.UpdateApplication.Operation, remote.Members{"ApplicationArn": application, "Status": status}), nil)
}
