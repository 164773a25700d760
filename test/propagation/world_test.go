//go:build clients

package propagation

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	people "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/document"
	admin "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	security "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	"github.com/go-jose/go-jose/v4"

	"sallyport/test/harness"
)

const (
	resource = "https://reports.example.com/api"
	login    = "carol"
	email    = "carol.meyer@example.com"

	contextProvider = "arn:aws:iam::aws:contextProvider/IdentityCenter"
	bearerGrant     = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// The applications at the provider, one for each way of signing. The last has no part in the grant of the application at the server.
var (
	applications = []registration{
		registered("reports-rs256", jose.RS256), registered("reports-ps256", jose.PS256),
		registered("reports-es256", jose.ES256), registered("reports-eddsa", jose.EdDSA),
	}
	stranger = registered("calendar", jose.RS256)
)

func registered(id string, algorithm jose.SignatureAlgorithm) registration {
	return registration{ID: id, Secret: "secret of " + id, RedirectURI: "https://" + id + ".example.com/callback", Algorithm: algorithm}
}

// world is a provider, and a server on which one application trusts it.
type world struct {
	testing.TB
	server   *harness.Server
	provider *provider

	account, userID, application, role string

	ahead time.Duration // of the server's clock before ours
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, server: harness.Start(t)}
	w.provider = startProvider(t, settings{
		Keys: newKeys(t, "first"), Clients: append(applications[:len(applications):len(applications)], stranger), Resource: resource,
		People: map[string]map[string]any{
			login:     person(email, nil),
			"mallory": person(email, map[string]any{"email_verified": false}),
			"dave":    person("dave@example.com", nil),
		},
	})
	w.configure()
	return w
}

// newKeys makes a key of each kind, whose ids begin with the name.
func newKeys(t testing.TB, name string) []jose.JSONWebKey {
	t.Helper()
	const bits = 2048 // the least that may sign (RFC 7518 §3.3)
	byRSA, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	byEC, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, byEd, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return []jose.JSONWebKey{
		{Key: byRSA, KeyID: name + " rsa", Use: "sig"}, {Key: byEC, KeyID: name + " ec", Use: "sig"}, {Key: byEd, KeyID: name + " ed", Use: "sig"},
	}
}

// config is that of clients with the key of the operator, or with one of STS.
func (w *world) config(of *security.Credentials) aws.Config {
	c := aws.Config{Region: w.server.Region, BaseEndpoint: &w.server.Endpoint, RetryMaxAttempts: 1}
	c.Credentials = credentials.NewStaticCredentialsProvider(w.server.Admin.AccessKeyID, w.server.Admin.SecretAccessKey, "")
	if of != nil {
		c.Credentials = credentials.NewStaticCredentialsProvider(*of.AccessKeyId, *of.SecretAccessKey, *of.SessionToken)
	}
	return c
}

// configure sets the instance up from nothing.
func (w *world) configure() {
	w.Helper()
	ctx, config := w.Context(), w.config(nil)
	sso, directory := ssoadmin.NewFromConfig(config), identitystore.NewFromConfig(config)
	instances := must(sso.ListInstances(ctx, &ssoadmin.ListInstancesInput{}))(w).Instances
	instance := instances[0].InstanceArn
	w.account = *instances[0].OwnerAccountId
	w.userID = *must(directory.CreateUser(ctx, &identitystore.CreateUserInput{
		IdentityStoreId: instances[0].IdentityStoreId, UserName: aws.String("carol.meyer"), DisplayName: aws.String("Carol Meyer"),
		Name:   &people.Name{GivenName: aws.String("Carol"), FamilyName: aws.String("Meyer")},
		Emails: []people.Email{{Value: aws.String(email), Primary: true}},
	}))(w).UserId
	issuer := must(sso.CreateTrustedTokenIssuer(ctx, &ssoadmin.CreateTrustedTokenIssuerInput{
		InstanceArn: instance, Name: aws.String("oidc-provider"), TrustedTokenIssuerType: admin.TrustedTokenIssuerTypeOidcJwt,
		TrustedTokenIssuerConfiguration: &admin.TrustedTokenIssuerConfigurationMemberOidcJwtConfiguration{Value: admin.OidcJwtConfiguration{
			IssuerUrl: &w.provider.url, ClaimAttributePath: aws.String("email"), IdentityStoreAttributePath: aws.String("emails.value"),
			JwksRetrievalOption: admin.JwksRetrievalOptionOpenIdDiscovery,
		}},
	}))(w).TrustedTokenIssuerArn
	w.application = *must(sso.CreateApplication(ctx, &ssoadmin.CreateApplicationInput{
		InstanceArn: instance, Name: aws.String("Reports"), ApplicationProviderArn: aws.String("arn:aws:sso::aws:applicationProvider/custom"),
	}))(w).ApplicationArn
	must(sso.PutApplicationAuthenticationMethod(ctx, &ssoadmin.PutApplicationAuthenticationMethodInput{
		ApplicationArn: &w.application, AuthenticationMethodType: admin.AuthenticationMethodTypeIam,
		AuthenticationMethod: &admin.AuthenticationMethodMemberIam{Value: admin.IamAuthenticationMethod{
			ActorPolicy: document.NewLazyDocument(w.actorPolicy()),
		}},
	}))(w)
	audiences := []string{resource}
	for _, app := range applications {
		audiences = append(audiences, app.ID)
	}
	must(sso.PutApplicationGrant(ctx, &ssoadmin.PutApplicationGrantInput{
		ApplicationArn: &w.application, GrantType: admin.GrantTypeJwtBearer,
		Grant: &admin.GrantMemberJwtBearer{Value: admin.JwtBearerGrant{AuthorizedTokenIssuers: []admin.AuthorizedTokenIssuer{
			{TrustedTokenIssuerArn: issuer, AuthorizedAudiences: audiences},
		}}},
	}))(w)
	must(sso.CreateApplicationAssignment(ctx, &ssoadmin.CreateApplicationAssignmentInput{
		ApplicationArn: &w.application, PrincipalType: admin.PrincipalTypeUser, PrincipalId: &w.userID,
	}))(w)
	w.role = w.addRole("reports-reader")
}

// actorPolicy lets the operator's account act as the application.
func (w *world) actorPolicy() map[string]any {
	return map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Effect": "Allow", "Principal": map[string]any{"AWS": "arn:aws:iam::" + w.account + ":root"},
		"Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*",
	}}}
}

// addRole makes a role that the operator's account may take on for people.
func (w *world) addRole(name string) (roleARN string) {
	w.Helper()
	policy := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::` + w.account + `:root"},
		"Action": ["sts:AssumeRole", "sts:SetContext"]}]}`
	path := filepath.Join(w.TempDir(), "trust.json")
	if err := os.WriteFile(path, []byte(policy), 0o600); err != nil {
		w.Fatal(err)
	}
	return strings.TrimSpace(w.server.Operate("iam", "create-role", name, "--trust", path))
}

// exchange redeems an assertion.
func (w *world) exchange(assertion string) (*ssooidc.CreateTokenWithIAMOutput, error) {
	client := ssooidc.NewFromConfig(w.config(nil), func(o *ssooidc.Options) { o.HTTPSignerV4 = aheadSigner{v4.NewSigner(), w.ahead} })
	return client.CreateTokenWithIAM(w.Context(), &ssooidc.CreateTokenWithIAMInput{
		ClientId: &w.application, GrantType: aws.String(bearerGrant), Assertion: &assertion,
	})
}

// aheadSigner signs by the server's clock, which the test has moved.
type aheadSigner struct {
	*v4.Signer
	ahead time.Duration
}

func (s aheadSigner) SignHTTP(ctx context.Context, key aws.Credentials, r *http.Request, hash, service, region string, at time.Time, options ...func(*v4.SignerOptions)) error {
	return s.Signer.SignHTTP(ctx, key, r, hash, service, region, at.Add(s.ahead), options...)
}

// advance moves the server's clock.
func (w *world) advance(by time.Duration) {
	w.Helper()
	w.server.Advance(by)
	w.ahead += by
}

// accepted redeems an assertion that is good.
func (w *world) accepted(assertion string) *ssooidc.CreateTokenWithIAMOutput {
	w.Helper()
	out, err := w.exchange(assertion)
	if err != nil {
		w.Fatalf("the assertion is not accepted: %v\n%s", err, w.explanation(w.requestOf(err)))
	}
	return out
}

// refused redeems an assertion that is to be refused, and returns the error.
func (w *world) refused(exception, assertion string) error {
	w.Helper()
	_, err := w.exchange(assertion)
	var refusal smithy.APIError
	if !errors.As(err, &refusal) || refusal.ErrorCode() != exception {
		w.Fatalf("the assertion is answered with %v, want %s", err, exception)
	}
	return err
}

// requestOf is the id of the request that was refused.
func (w *world) requestOf(err error) string {
	w.Helper()
	var response *awshttp.ResponseError
	if !errors.As(err, &response) || response.ServiceRequestID() == "" {
		w.Fatalf("there is no request id in %v", err)
	}
	return response.ServiceRequestID()
}

// explanation is the server's account of a request that it refused just now.
func (w *world) explanation(requestID string) string {
	w.Helper()
	response, err := http.Get(w.server.Endpoint + "/_dev/explain?request_id=" + requestID)
	if err != nil {
		w.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}

// must is for calls that are to succeed: must(call(…))(t).
func must[T any](out T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}
