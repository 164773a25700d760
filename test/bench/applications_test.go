package bench

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/sigv4"
	"sallyport/internal/store"
	"sallyport/test/harness"
)

// This file measures what applications and administrators ask for, each request signed as it is sent, on an organization as large as AWS's
// quotas allow, about (organization_test.go).

const (
	bearerGrant     = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	exchangeGrant   = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessTokenType = "urn:ietf:params:oauth:token-type:access_token"
	contextProvider = "arn:aws:iam::aws:contextProvider/IdentityCenter"

	// pageSize is the largest that every list takes.
	pageSize = 100
)

// members are those of a request.
type members map[string]any

// deployment is a running server with applications, as their builders and administrators meet it.
type deployment struct {
	process
	*harness.Server
	issuer *harness.Issuer
	setup
}

// setup is what was configured, which outlives the process: ARNs, besides the account. The second application signs ID tokens with RS256,
// tokens of the first are exchanged by the third.
type setup struct {
	account, trustedIssuer, front, byRSA, behind, role string
	people                                             int // of whom assertions are made
}

// key is that of the administrator.
func (d *deployment) key() sigv4.Credentials {
	return sigv4.Credentials{AccessKeyID: d.Admin.AccessKeyID, SecretAccessKey: d.Admin.SecretAccessKey}
}

// message is a request that is still to be signed.
type message struct {
	path, contentType, target string
	body                      []byte
}

// send signs and sends a request and returns the answer, which must be a good one.
func (d *deployment) send(service *api.Service, key sigv4.Credentials, m message) ([]byte, error) {
	request, err := http.NewRequest(http.MethodPost, d.url+m.path, bytes.NewReader(m.body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", m.contentType)
	if m.target != "" {
		request.Header.Set("X-Amz-Target", m.target)
	}
	signer := sigv4.Signer{Credentials: key, Region: d.Region, Service: service.SigningName}
	if err := signer.Sign(request, m.body, time.Now()); err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s%s: status %d: %s", m.path, m.target, response.StatusCode, answer)
	}
	return answer, err
}

// call sends an operation of sso-admin or of identitystore.
func (d *deployment) call(op *api.Operation, in members, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := d.send(op.Service, d.key(), message{
		path: "/", contentType: "application/x-amz-json-1.1", target: op.Service.TargetPrefix + "." + op.Name, body: body,
	})
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

// grantedToken is what CreateTokenWithIAM answers, as far as it is used here.
type grantedToken struct {
	AccessToken          string
	AWSAdditionalDetails struct{ IdentityContext string }
}

// token sends CreateTokenWithIAM.
func (d *deployment) token(in members, out *grantedToken) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := d.send(api.CreateTokenWithIAM.Service, d.key(), message{path: "/token?aws_iam=t", contentType: "application/json", body: body})
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

// ask sends an operation of STS.
func (d *deployment) ask(key sigv4.Credentials, form url.Values, out any) error {
	form.Set("Version", "2011-06-15")
	answer, err := d.send(api.GetCallerIdentity.Service, key, message{
		path: "/", contentType: "application/x-www-form-urlencoded; charset=utf-8", body: []byte(form.Encode()),
	})
	if err != nil {
		return err
	}
	return xml.Unmarshal(answer, out)
}

func (d *deployment) must(b *testing.B, op *api.Operation, in members) members {
	b.Helper()
	out := members{}
	if err := d.call(op, in, &out); err != nil {
		b.Fatal(err)
	}
	return out
}

// deploy starts a server on the folder.
func deploy(b *testing.B, dir string, issuer *harness.Issuer) *deployment {
	b.Helper()
	s := harness.StartIn(b, dir, "--dev", "--log-level", "warn")
	return &deployment{process: process{url: s.Endpoint, pid: s.PID}, Server: s, issuer: issuer}
}

// configure makes the applications and the role as anybody would who has the administrator's key.
func (d *deployment) configure(b *testing.B) {
	b.Helper()
	instances := d.must(b, api.ListInstances.Operation, members{})["Instances"].([]any)
	d.account = instances[0].(map[string]any)["OwnerAccountId"].(string)
	d.trustedIssuer = d.must(b, api.CreateTrustedTokenIssuer.Operation, members{
		"InstanceArn": d.InstanceARN, "Name": "bench", "TrustedTokenIssuerType": "OIDC_JWT",
		"TrustedTokenIssuerConfiguration": members{"OidcJwtConfiguration": members{
			"IssuerUrl": d.issuer.URL, "ClaimAttributePath": "email", "IdentityStoreAttributePath": "emails.value", "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
		}},
	})["TrustedTokenIssuerArn"].(string)
	d.front, d.byRSA, d.behind = d.addApplication(b, "front"), d.addApplication(b, "by RSA"), d.addApplication(b, "behind")
	for _, application := range []string{d.front, d.byRSA} {
		d.must(b, api.PutApplicationGrant.Operation, members{
			"ApplicationArn": application, "GrantType": bearerGrant, "Grant": members{"JwtBearer": members{"AuthorizedTokenIssuers": []members{
				{"TrustedTokenIssuerArn": d.trustedIssuer, "AuthorizedAudiences": []string{harness.Audience}},
			}}},
		})
	}
	d.must(b, api.PutApplicationGrant.Operation, members{
		"ApplicationArn": d.behind, "GrantType": exchangeGrant, "Grant": members{"TokenExchange": members{}},
	})
	d.must(b, api.PutApplicationAccessScope.Operation, members{
		"ApplicationArn": d.front, "Scope": "behind:read", "AuthorizedTargets": []string{d.behind},
	})
	file := filepath.Join(b.TempDir(), "trust.json")
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + d.account + `:root"},` +
		`"Action":["sts:AssumeRole","sts:SetContext"]}]}`
	if err := os.WriteFile(file, []byte(trust), 0o600); err != nil {
		b.Fatal(err)
	}
	d.role = strings.TrimSpace(d.Operate("iam", "create-role", "reader", "--trust", file))
}

// addApplication makes an application whose tokens the administrator's account may get, and that asks for assignments.
func (d *deployment) addApplication(b *testing.B, name string) (applicationARN string) {
	b.Helper()
	applicationARN = d.must(b, api.CreateApplication.Operation, members{
		"InstanceArn": d.InstanceARN, "ApplicationProviderArn": "arn:aws:sso::aws:applicationProvider/custom", "Name": name,
	})["ApplicationArn"].(string)
	d.must(b, api.PutApplicationAuthenticationMethod.Operation, members{
		"ApplicationArn": applicationARN, "AuthenticationMethodType": "IAM",
		"AuthenticationMethod": members{"Iam": members{"ActorPolicy": members{"Version": "2012-10-17", "Statement": []members{{
			"Effect": "Allow", "Principal": members{"AWS": "arn:aws:iam::" + d.account + ":root"}, "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*",
		}}}}},
	})
	return applicationARN
}

// applicationID is the id at the end of an application's ARN.
func applicationID(b *testing.B, text string) string {
	b.Helper()
	name, err := arn.ParseApplication(text)
	if err != nil {
		b.Fatal(err)
	}
	return name.ApplicationID
}

// BenchmarkApplications measures whole signed requests on a full store, what the process weighs, and how soon it is ready.
func BenchmarkApplications(b *testing.B) {
	dir, issuer := b.TempDir(), harness.StartIssuer(b)
	d := deploy(b, dir, issuer)
	d.configure(b)
	d.Stop()
	fillStore(b, dir, d)
	configured, began := d.setup, time.Now()
	d = deploy(b, dir, issuer)
	ready := time.Since(began)
	d.setup = configured
	b.Run("AtRest", func(b *testing.B) {
		d.weigh(b, dir)
		b.ReportMetric(float64(ready.Milliseconds()), "ms-to-ready")
	})
	b.Run("jwt-bearer", func(b *testing.B) {
		b.Run("ES256", func(b *testing.B) { d.benchmarkAssertions(b, d.front, harness.ECKeyID) })
		b.Run("assertions-RS256", func(b *testing.B) { d.benchmarkAssertions(b, d.front, harness.RSAKeyID) })
		b.Run("ID-tokens-RS256", func(b *testing.B) { d.benchmarkAssertions(b, d.byRSA, harness.ECKeyID) })
	})
	b.Run("token-exchange", d.benchmarkExchanges)
	b.Run("STS", d.benchmarkRoles)
	d.benchmarkDirectory(b)
	b.Run("Afterwards", func(b *testing.B) { d.weigh(b, dir) })
}

// BenchmarkAssertions measures jwt-bearer on a small store: the application asks for no assignment.
func BenchmarkAssertions(b *testing.B) {
	dir, issuer := b.TempDir(), harness.StartIssuer(b)
	d := deploy(b, dir, issuer)
	d.configure(b)
	d.must(b, api.PutApplicationAssignmentConfiguration.Operation, members{"ApplicationArn": d.front, "AssignmentRequired": false})
	f := openFiller(b, dir)
	d.people = fewUsers
	f.users(d.people, d.IdentityStoreID)
	f.close()
	for _, key := range []string{harness.ECKeyID, harness.RSAKeyID} {
		b.Run(key, func(b *testing.B) { d.benchmarkAssertions(b, d.front, key) })
	}
}

// weigh reports the memory of the server and the size of its database, instead of a time.
func (d *deployment) weigh(b *testing.B, dir string) {
	b.Helper()
	b.ReportMetric(d.resident(b), "MiB-resident")
	b.ReportMetric(databaseSize(b, dir), "MiB-database")
	b.ReportMetric(0, "ns/op")
}

// assertions are signed before anything is measured; each is good once.
func (d *deployment) assertions(b *testing.B, keyID string, n int) []string {
	b.Helper()
	all := make([]string, n)
	for i := range all {
		all[i] = d.issuer.Token(b, keyID, d.issuer.Claims(emailOf(i%d.people), nil))
	}
	return all
}

func (d *deployment) benchmarkAssertions(b *testing.B, application, keyID string) {
	all := d.assertions(b, keyID, b.N)
	var next atomic.Int64
	d.run(b, func(int) error {
		var out grantedToken
		return d.token(members{"clientId": application, "grantType": bearerGrant, "assertion": all[next.Add(1)-1]}, &out)
	})
}

// redeemed gets a token of the first application.
func (d *deployment) redeemed(b *testing.B) (out grantedToken) {
	b.Helper()
	in := members{"clientId": d.front, "grantType": bearerGrant, "assertion": d.assertions(b, harness.ECKeyID, 1)[0]}
	if err := d.token(in, &out); err != nil {
		b.Fatal(err)
	}
	return out
}

func (d *deployment) benchmarkExchanges(b *testing.B) {
	var subjects [workers]string
	for i := range subjects {
		subjects[i] = d.redeemed(b).AccessToken
	}
	d.run(b, func(worker int) error {
		var out grantedToken
		return d.token(members{
			"clientId": d.behind, "grantType": exchangeGrant, "subjectToken": subjects[worker], "subjectTokenType": accessTokenType,
		}, &out)
	})
}

// assumed is what AssumeRole answers.
type assumed struct {
	Credentials struct{ AccessKeyId, SecretAccessKey, SessionToken string } `xml:"AssumeRoleResult>Credentials"`
}

func (d *deployment) assume(identityContext string) (key sigv4.Credentials, err error) {
	var out assumed
	err = d.ask(d.key(), url.Values{
		"Action": {"AssumeRole"}, "RoleArn": {d.role}, "RoleSessionName": {"bench"},
		"ProvidedContexts.member.1.ProviderArn": {contextProvider}, "ProvidedContexts.member.1.ContextAssertion": {identityContext},
	}, &out)
	c := out.Credentials
	return sigv4.Credentials{AccessKeyID: c.AccessKeyId, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, err
}

func (d *deployment) benchmarkRoles(b *testing.B) {
	identityContext := d.redeemed(b).AWSAdditionalDetails.IdentityContext
	b.Run("AssumeRole-with-context", func(b *testing.B) {
		d.run(b, func(int) error {
			_, err := d.assume(identityContext)
			return err
		})
	})
	session, err := d.assume(identityContext)
	if err != nil {
		b.Fatal(err)
	}
	for _, caller := range []struct {
		name string
		key  sigv4.Credentials
	}{{"user", d.key()}, {"session-with-context", session}} {
		b.Run("GetCallerIdentity/"+caller.name, func(b *testing.B) {
			d.run(b, func(int) error {
				var out struct{}
				return d.ask(caller.key, url.Values{"Action": {"GetCallerIdentity"}}, &out)
			})
		})
	}
}

// page is an answer that may go on.
type page struct{ NextToken string }

// places walks through a list and returns the tokens of its first page, of one in its middle and of the last that is full.
func (d *deployment) places(b *testing.B, op *api.Operation, in members) map[string]string {
	b.Helper()
	tokens := []string{""}
	for {
		var p page
		if err := d.call(op, withToken(in, tokens[len(tokens)-1]), &p); err != nil {
			b.Fatal(err)
		}
		if p.NextToken == "" {
			return map[string]string{"first": "", "middle": tokens[len(tokens)/2], "last": tokens[max(0, len(tokens)-2)]}
		}
		tokens = append(tokens, p.NextToken)
	}
}

func withToken(in members, token string) members {
	next := members{"MaxResults": pageSize}
	for name, value := range in {
		next[name] = value
	}
	if token != "" {
		next["NextToken"] = token
	}
	return next
}

func (d *deployment) benchmarkDirectory(b *testing.B) {
	inStore := members{"IdentityStoreId": d.IdentityStoreID}
	inInstance := func(more members) members {
		more["InstanceArn"] = d.InstanceARN
		return more
	}
	for _, list := range []struct {
		op *api.Operation
		in members
	}{
		{api.ListUsers.Operation, inStore},
		{api.ListAccountAssignments.Operation, inInstance(members{"AccountId": accountID(0), "PermissionSetArn": d.permissionSet(0)})},
		{api.ListAccountsForProvisionedPermissionSet.Operation, inInstance(members{"PermissionSetArn": d.permissionSet(1)})},
	} {
		b.Run(list.op.Name, func(b *testing.B) {
			tokens := d.places(b, list.op, list.in)
			for _, place := range []string{"first", "middle", "last"} {
				in := withToken(list.in, tokens[place])
				b.Run(place, func(b *testing.B) {
					d.run(b, func(int) error { return d.call(list.op, in, nil) })
				})
			}
		})
	}
	b.Run("DescribeUser", func(b *testing.B) {
		d.run(b, func(int) error {
			return d.call(api.DescribeUser.Operation, members{"IdentityStoreId": d.IdentityStoreID, "UserId": userID(manyUsers / 2)}, nil)
		})
	})
	b.Run("CreateUser", func(b *testing.B) {
		d.run(b, func(int) error {
			name := fmt.Sprintf("new-%d", newUsers.Add(1))
			return d.call(api.CreateUser.Operation, members{
				"IdentityStoreId": d.IdentityStoreID, "UserName": name, "DisplayName": "Some One", "Title": "Engineer",
				"Name":   members{"GivenName": "Some", "FamilyName": "One"},
				"Emails": []members{{"Value": name + "@example.com", "Type": "work", "Primary": true}},
			}, nil)
		})
	})
	var turn atomic.Int64
	b.Run("CreateAccountAssignment", func(b *testing.B) {
		d.run(b, func(int) error {
			n := int(turn.Add(1))
			return d.call(api.CreateAccountAssignment.Operation, inInstance(members{
				"TargetId": accountID(n % manyAccounts), "TargetType": "AWS_ACCOUNT", "PermissionSetArn": d.permissionSet(2),
				"PrincipalType": store.PrincipalUser, "PrincipalId": userID(n % manyUsers),
			}), nil)
		})
	})
}

var newUsers atomic.Int64

func (d *deployment) permissionSet(n int) string {
	return strings.Replace(d.InstanceARN, ":instance/", ":permissionSet/", 1) + "/" + setID(n)
}
