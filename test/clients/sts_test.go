package clients

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"sallyport/test/harness"
)

func (p *party) vend(tokens members, account, role string) members {
	p.Helper()
	in := members{"accessToken": tokens.text("accessToken"), "accountId": account, "roleName": role}
	return p.must(getRoleCredentials, in).object("roleCredentials")
}

func (p *party) whose(vended members) identity {
	p.Helper()
	out, err := p.sts(vended).GetCallerIdentity(p.Context(), nil)
	if err != nil {
		p.Fatal(err)
	}
	return identity{aws.ToString(out.Account), aws.ToString(out.Arn), aws.ToString(out.UserId)}
}

// sts is the SDK's client with the credentials, and with its retries: they learn the server's time.
func (p *party) sts(vended members) *sts.Client {
	return sts.New(sts.Options{
		Region: p.server.Region, BaseEndpoint: &p.server.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(
			vended.text("accessKeyId"), vended.text("secretAccessKey"), vended.text("sessionToken")),
	})
}

// wantSTS asks whose the credentials are and wants to hear the code.
func (p *party) wantSTS(code string, vended members) {
	p.Helper()
	_, err := p.sts(vended).GetCallerIdentity(p.Context(), nil)
	if err == nil {
		p.Fatalf("answered, want %s", code)
	}
	if got := goRefusal(p, err); got.Exception != code || got.Message == "" || !isRequestID(got.RequestID) {
		p.Errorf("refused with %+v, want %s", *got, code)
	}
}

func TestSTSSaysWhatIsWrongWithCredentials(t *testing.T) {
	p := &party{T: t, server: harness.Start(t), client: goSDK{}}
	vended := p.vend(p.signIn(p.register(nil), "alice"), "111122223333", "AdministratorAccess")
	session := vended.text("sessionToken")
	for _, row := range []struct {
		name    string
		changes members
		code    string
	}{
		{"a wrong secret", members{"secretAccessKey": strings.ToLower(vended.text("secretAccessKey"))}, "SignatureDoesNotMatch"},
		{"a changed session token", members{"sessionToken": session[:len(session)-4] + "AAAA"}, "InvalidClientTokenId"},
		{"no session token", members{"sessionToken": ""}, "InvalidClientTokenId"},
		{"the key of somebody else", members{"accessKeyId": "ASIA0000000000000000"}, "InvalidClientTokenId"},
	} {
		t.Run(row.name, func(t *testing.T) {
			(&party{T: t, server: p.server, client: p.client}).wantSTS(row.code, vended.with(row.changes))
		})
	}
}

// The SDK's clock is behind by hours: it learns the time from the Date of the first refusal and signs again.
func TestRoleCredentialsLiveAsLongAsThePermissionSetSays(t *testing.T) {
	p := &party{T: t, server: harness.Start(t), client: goSDK{}}
	vended := p.vend(p.signIn(p.register(nil), "alice"), "444455556666", "ReadOnlyAccess") // PT4H
	p.server.Advance(3 * time.Hour)
	if who := p.whose(vended); who.Account != "444455556666" {
		p.Errorf("after three of four hours the credentials are %+v", who)
	}
	p.server.Advance(time.Hour)
	p.wantSTS("ExpiredToken", vended)
}
