package clients

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// signatureRefusals are what a service says of a signature, by its protocol. None is in a model: clients know them by these names.
var signatureRefusals = map[api.Protocol]struct {
	called map[string]string
	status int // but of incomplete ones: 400 everywhere
}{
	api.RESTJSON: {jsonNames, 403},
	api.JSON:     {jsonNames, 400},
	api.Query: {map[string]string{
		"missing": "MissingAuthenticationToken", "unknown": "InvalidClientTokenId", "wrong": "SignatureDoesNotMatch",
		"incomplete": "IncompleteSignature", "expired": "ExpiredToken",
	}, 403},
}

var jsonNames = map[string]string{
	"missing": "MissingAuthenticationTokenException", "unknown": "UnrecognizedClientException", "wrong": "InvalidSignatureException",
	"incomplete": "IncompleteSignatureException", "expired": "ExpiredTokenException",
}

// signedCalls are a call of each service that is signed.
func (w *world) signedCalls() map[*api.Operation]members {
	return map[*api.Operation]members{
		createTokenWithIAM:                  tokenOf(w.reports, refreshGrant, members{"refreshToken": "unknown"}),
		api.ListInstances.Operation:         {},
		api.ListGroups.Operation:            {"IdentityStoreId": w.identityStoreID},
		api.GetCallerIdentity.Operation:     {},
		api.DescribeApplication.Operation:   {"ApplicationArn": w.reports},
		api.GetApplicationGrant.Operation:   {"ApplicationArn": w.reports, "GrantType": bearerGrant},
		api.DescribeUser.Operation:          {"IdentityStoreId": w.identityStoreID, "UserId": w.userID},
		api.GetAccessKeyInfo.Operation:      {"AccessKeyId": w.server.Admin.AccessKeyID},
		api.CreateGroupMembership.Operation: {"IdentityStoreId": w.identityStoreID, "GroupId": w.userID, "MemberId": members{"UserId": w.userID}},
	}
}

func TestClientsAreToldWhatIsWrongWithTheirSignature(t *testing.T) {
	w := newWorld(&party{T: t, server: harness.Start(t), client: goSDK{}})
	late := newWorld(&party{T: t, server: harness.Start(t), client: goSDK{}})
	late.server.Advance(time.Hour)
	rows := []struct {
		name    string
		world   *world
		signer  func(admin key) key
		want    string
		message string
	}{
		{"no signature", w, func(key) key { return key{} }, "missing", "uthentication Token"},
		{"a wrong secret", w, func(k key) key { k.Secret = strings.ToLower(k.Secret); return k }, "wrong", ""},
		{"an unknown key", w, func(k key) key { k.ID = "AKIA0000000000000000"; return k }, "unknown", "security token"},
		{"a session token that is none", w, func(k key) key { k.Session = "unknown"; return k }, "unknown", "security token"},
		{"a clock that is an hour late", late, func(k key) key { return k }, "wrong", "Signature expired"},
	}
	withEveryClient(t, w, func(p *party) {
		for _, row := range rows {
			p.run(row.name, func(p *party) {
				p.server = row.world.server
				for operation, in := range row.world.signedCalls() {
					p.mustRefuseSignature(row.want, row.message, row.signer(adminKey(p.server)), operation, in)
				}
			})
		}
	})
}

// mustRefuseSignature is for what has to be refused for its signature, by what the refusal is called in general.
func (p *party) mustRefuseSignature(what, message string, signer key, operation *api.Operation, in members) {
	p.Helper()
	names := signatureRefusals[operation.Service.Protocol]
	_, got := p.tryAs(signer, operation, in)
	if got == nil {
		p.Errorf("%s answered", operation.Name)
	} else if got.Exception != names.called[what] || got.Status != names.status || !strings.Contains(got.Message, message) {
		p.Errorf("%s was refused with %+v, want %s %d", operation.Name, *got, names.called[what], names.status)
	}
}

// A client whose clock is wrong corrects it by the Date of the refusal.
func TestLateClientsLearnTheTime(t *testing.T) {
	w := newWorld(&party{T: t, server: harness.Start(t), client: goSDK{}})
	const late = time.Hour
	w.server.Advance(late)
	operation := api.ListInstances.Operation
	got, err := newPlain(t, w.server, 1).deliver(compose(operation, members{}).signedBy(adminKey(w.server), operation))
	if err != nil {
		t.Fatal(err)
	}
	date, err := http.ParseTime(got.header.Get("Date"))
	if off := time.Until(date) - late; err != nil || off.Abs() > 5*time.Second {
		t.Errorf("the Date is %q, want an hour from now: %v", got.header.Get("Date"), err)
	}
	config := aws.Config{
		Region: w.server.Region, BaseEndpoint: &w.server.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(w.server.Admin.AccessKeyID, w.server.Admin.SecretAccessKey, ""),
	}
	if _, err := ssoadmin.NewFromConfig(config).ListInstances(t.Context(), nil); err != nil {
		t.Errorf("the SDK did not learn the time from sso-admin: %v", err)
	}
	if _, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), nil); err != nil {
		t.Errorf("the SDK did not learn the time from sts: %v", err)
	}
	in := &ssooidc.CreateTokenWithIAMInput{ClientId: &w.reports, GrantType: aws.String(codeGrant)}
	if _, err := ssooidc.NewFromConfig(config).CreateTokenWithIAM(t.Context(), in); goRefusal(t, err).Exception != "InvalidRequestException" {
		t.Errorf("the SDK did not learn the time from sso-oidc: %v", err)
	}
}

// Credentials that are over are called so, or programs would not know to get new ones.
func TestExpiredCredentialsAreCalledSo(t *testing.T) {
	w := newWorld(&party{T: t, server: harness.Start(t), client: goSDK{}})
	in := members{"RoleArn": w.role, "RoleSessionName": "for-nobody", "DurationSeconds": 900}
	session := keyOf(w.must(api.AssumeRole.Operation, in).object("Credentials"))
	const later = 15 * time.Minute
	w.server.Advance(later)
	p := newPlain(t, w.server, 1)
	for operation, in := range w.signedCalls() {
		m := compose(operation, in).signedBy(session, operation)
		m.at = time.Now().Add(later)
		got, err := p.deliver(m)
		if err != nil {
			t.Fatal(err)
		}
		names := signatureRefusals[operation.Service.Protocol]
		if got.status != names.status || got.header.Get("X-Amzn-Errortype") != names.called["expired"] {
			t.Errorf("%s: %v, want %d %s", operation.Name, got, names.status, names.called["expired"])
		}
	}
}

// What no SDK does is done by hand, after the SDK's signer has signed.
func TestTamperedRequestsAreRefused(t *testing.T) {
	w := newWorld(&party{T: t, server: harness.Start(t), client: goSDK{}})
	session := keyOf(w.must(api.AssumeRole.Operation, members{"RoleArn": w.role, "RoleSessionName": "for-nobody"}).object("Credentials"))
	p := newPlain(t, w.server, 1)
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			if r.Header.Del(name); value != "" {
				r.Header.Set(name, value)
			}
		}
	}
	for _, row := range []struct {
		name   string
		signer key
		spoil  func(message) message
		tamper func(*http.Request)
		want   string
	}{
		{"a signed header that is missing", adminKey(w.server), nil, header("Content-Type", ""), ""}, // the protocol misses it first
		{"no X-Amz-Date", adminKey(w.server), nil, header("X-Amz-Date", ""), "incomplete"},
		{"another X-Amz-Date", adminKey(w.server), nil, header("X-Amz-Date", time.Now().Add(time.Minute).UTC().Format("20060102T150405Z")), "wrong"},
		{"a header of AWS that nobody signed", adminKey(w.server), nil, header("X-Amz-Meta", "a"), "incomplete"},
		{"a session token that nobody signed", adminKey(w.server), nil, header("X-Amz-Security-Token", session.Session), "incomplete"},
		{"a session key without its session", session, nil, header("X-Amz-Security-Token", ""), "incomplete"},
		{"a query that was added", adminKey(w.server), nil, func(r *http.Request) { r.URL.RawQuery = strings.TrimPrefix(r.URL.RawQuery+"&added=1", "&") }, ""}, // which the JSON protocol has none of,
		{"a body with something after it", adminKey(w.server), nil, func(r *http.Request) {
			r.Body = io.NopCloser(io.MultiReader(r.Body, strings.NewReader(" ")))
			r.ContentLength++
		}, ""}, // STS looks for the operation in the body first
		{"one letter of the signature", adminKey(w.server), nil, func(r *http.Request) {
			text := r.Header.Get("Authorization")
			other := map[bool]string{true: "1", false: "0"}[strings.HasSuffix(text, "0")]
			r.Header.Set("Authorization", text[:len(text)-1]+other)
		}, "wrong"},
		{"the scope of another service", adminKey(w.server), func(m message) message { m.service = "s3"; return m }, nil, "wrong"},
		{"a signature of six minutes ago", adminKey(w.server), func(m message) message { m.at = time.Now().Add(-6 * time.Minute); return m }, nil, "wrong"},
		{"a signature of tomorrow", adminKey(w.server), func(m message) message { m.at = time.Now().Add(24 * time.Hour); return m }, nil, "wrong"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for operation, in := range w.signedCalls() {
				m := compose(operation, in).signedBy(row.signer, operation)
				if row.spoil != nil {
					m = row.spoil(m)
				}
				m.tamper = row.tamper
				got, err := p.deliver(m)
				if err != nil {
					t.Fatal(err)
				}
				names := signatureRefusals[operation.Service.Protocol]
				want := names.called[row.want]
				if exception := got.header.Get("X-Amzn-Errortype"); got.status == http.StatusOK || want != "" && exception != want {
					t.Errorf("%s: %v, want %s", operation.Name, got, want)
				}
			}
		})
	}
}
