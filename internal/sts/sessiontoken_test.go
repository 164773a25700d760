package sts

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
)

func TestAUserGetsCredentialsThatEnd(t *testing.T) {
	b := newBench(t)
	for name, c := range map[string]struct {
		seconds *int64
		want    time.Duration
	}{
		"half a day by itself": {nil, 12 * time.Hour},
		"a quarter of an hour": {new(int64(900)), 15 * time.Minute},
		"as long as STS gives": {new(int64(129_600)), 36 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			defer b.forget()
			caller := b.user(home, "ops", "")
			before := b.Clock.Now()
			out, err := b.s.GetSessionToken(ctx, caller, &api.GetSessionTokenRequest{DurationSeconds: c.seconds})
			if err != nil {
				t.Fatal(err)
			}
			if life := time.UnixMilli(int64(out.Credentials.Expiration)).Sub(before); life < c.want || life > c.want+10*time.Second {
				t.Errorf("they live %s, want %s", life, c.want)
			}
			signer := b.with(out.Credentials).Signer
			if signer.ARN != opsARN || signer.UserID != caller.Signer.UserID || signer.UserName != "ops" || signer.Kind != api.UserSigner || !signer.Temporary {
				t.Errorf("they sign as %+v", signer)
			}
			who, err := b.s.GetCallerIdentity(ctx, b.with(out.Credentials), &api.GetCallerIdentityRequest{})
			if err != nil || *who != (api.GetCallerIdentityResponse{UserID: caller.Signer.UserID, Account: home, ARN: opsARN}) {
				t.Errorf("GetCallerIdentity tells %+v, %v", who, err)
			}
			role := b.role("target", statements(trusts(awsPrincipal(opsARN), "", "sts:AssumeRole")))
			b.mustAssume(b.with(out.Credentials), api.AssumeRoleRequest{RoleARN: role}) // they are the user's
			b.Clock.Advance(c.want)
			if key := b.find(out.Credentials.AccessKeyID, out.Credentials.SessionToken); !key.Expired {
				t.Errorf("at their end they are %+v", key)
			}
		})
	}
}

func TestTemporaryCredentialsCannotBeMadeToLast(t *testing.T) {
	b := newBench(t)
	ops := b.user(home, "ops", "")
	role := b.role("target", statements(trusts(awsPrincipal(opsARN), "", "sts:AssumeRole")))
	session, err := b.s.GetSessionToken(ctx, ops, &api.GetSessionTokenRequest{})
	if err != nil {
		t.Fatal(err)
	}
	vended := b.vend()
	for name, caller := range map[string]api.Caller{
		"of GetSessionToken": b.with(session.Credentials),
		"of AssumeRole":      b.with(b.mustAssume(ops, api.AssumeRoleRequest{RoleARN: role}).Credentials),
		"of the portal":      b.signed(vended.AccessKeyID, vended.SessionToken),
	} {
		_, err := b.s.GetSessionToken(ctx, caller, &api.GetSessionTokenRequest{})
		t.Run(name, func(t *testing.T) {
			refused(t, err, fault.STSAccessDenied, "Cannot call GetSessionToken with session credentials")
		})
	}
}

func TestTheAccountOfAKeyIsToldToWhoMayKnow(t *testing.T) {
	b := newBench(t)
	admin := b.user(home, "admin", statements(`{"Effect":"Allow","Action":"sts:GetAccessKeyInfo","Resource":"*"}`))
	nobody := b.user(home, "nobody", "")
	theirs := b.user(abroad, "theirs", "").Signer.AccessKeyID
	for id, want := range map[string]string{admin.Signer.AccessKeyID: home, theirs: abroad, b.vend().AccessKeyID: home} {
		out, err := b.s.GetAccessKeyInfo(ctx, admin, &api.GetAccessKeyInfoRequest{AccessKeyID: id})
		if err != nil || out.Account != want {
			t.Errorf("%s: got %+v, %v, want %s", id, out, err, want)
		}
		_, err = b.s.GetAccessKeyInfo(ctx, nobody, &api.GetAccessKeyInfoRequest{AccessKeyID: id})
		refused(t, err, fault.STSAccessDenied, "is not authorized to perform: sts:GetAccessKeyInfo on resource: *")
	}
	for _, id := range []string{"AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", strings.ToLower(theirs), strings.Repeat("A", 128)} {
		_, err := b.s.GetAccessKeyInfo(ctx, admin, &api.GetAccessKeyInfoRequest{AccessKeyID: id})
		refused(t, err, fault.ValidationError, "names no access key of this server")
		_, err = b.s.GetAccessKeyInfo(ctx, nobody, &api.GetAccessKeyInfoRequest{AccessKeyID: id})
		refused(t, err, fault.STSAccessDenied, "is not authorized")
	}
}

// encoded is what a refusal has of an authorization message.
func encoded(t testing.TB, err error) string {
	t.Helper()
	refusal, ok := fault.As(err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	_, text, found := strings.Cut(refusal.Message, "Encoded authorization failure message: ")
	if !found || len(text) > 10_240 {
		t.Fatalf("got %v", err)
	}
	return text
}

func TestAnAuthorizationMessageTellsWhatTheCallersSideSaid(t *testing.T) {
	b := newBench(t)
	denied := b.user(home, "ops", statements(`{"Sid":"never","Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}`))
	admin := b.user(home, "admin", statements(`{"Effect":"Allow","Action":"sts:DecodeAuthorizationMessage","Resource":"*"}`))
	role := b.role("target", statements(trusts(awsPrincipal(opsARN), "", "sts:*")))
	_, err := b.assume(denied, api.AssumeRoleRequest{RoleARN: role, ExternalID: "shared", Tags: []api.SessionTag{{Key: "team", Value: "blue"}}})
	out, err := b.s.DecodeAuthorizationMessage(ctx, admin, &api.DecodeAuthorizationMessageRequest{EncodedMessage: encoded(t, err)})
	if err != nil {
		t.Fatal(err)
	}
	var m message
	if err := json.Unmarshal([]byte(out.DecodedMessage), &m); err != nil {
		t.Fatal(err)
	}
	if m.Allowed || !m.ExplicitDeny || len(m.MatchedStatements.Items) != 1 || m.MatchedStatements.Items[0].StatementID != "Statement[0] (never)" ||
		m.Context.Action != "sts:AssumeRole" || m.Context.Resource != role || m.Context.Principal.ARN != opsARN {
		t.Errorf("got %s", out.DecodedMessage)
	}
	if !strings.Contains(out.DecodedMessage, `{"key":"aws:RequestTag/team","values":{"items":[{"value":"blue"}]}}`) {
		t.Errorf("the conditions lack the tag: %s", out.DecodedMessage)
	}
	if strings.Contains(out.DecodedMessage, "shared") {
		t.Errorf("the external id stands in %s", out.DecodedMessage)
	}
}

func TestAnAuthorizationMessageStaysShortEnoughToBeDecoded(t *testing.T) {
	b := newBench(t)
	var tags []api.SessionTag
	for i := range maxTags {
		tags = append(tags, api.SessionTag{Key: strings.Repeat("k", 100) + strconv.Itoa(i), Value: strings.Repeat("v", 200)})
	}
	_, err := b.assume(b.user(home, "ops", ""), api.AssumeRoleRequest{RoleARN: targetARN + "x", Tags: tags})
	admin := b.user(home, "admin", statements(`{"Effect":"Allow","Action":"sts:*","Resource":"*"}`))
	out, err := b.s.DecodeAuthorizationMessage(ctx, admin, &api.DecodeAuthorizationMessageRequest{EncodedMessage: encoded(t, err)})
	if err != nil || !strings.Contains(out.DecodedMessage, `"conditions":{"items":[]}`) {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestOnlyWhoMayDecodesMessagesOfTheOwnAccount(t *testing.T) {
	b := newBench(t)
	may := statements(`{"Effect":"Allow","Action":"sts:DecodeAuthorizationMessage","Resource":"*"}`)
	_, err := b.assume(b.user(home, "ops", ""), api.AssumeRoleRequest{RoleARN: targetARN})
	text := encoded(t, err)
	_, err = b.s.DecodeAuthorizationMessage(ctx, b.user(home, "nobody", ""), &api.DecodeAuthorizationMessageRequest{EncodedMessage: text})
	refused(t, err, fault.STSAccessDenied, "is not authorized to perform: sts:DecodeAuthorizationMessage on resource: *")
	admin := b.user(home, "admin", may)
	for name, c := range map[string]struct {
		caller api.Caller
		text   string
	}{
		"of another account": {b.user(abroad, "admin", may), text},
		"that is shortened":  {admin, text[:len(text)-1]},
		"that is garbage":    {admin, "message"},
		"that is a token":    {admin, b.vend().SessionToken},
	} {
		_, err := b.s.DecodeAuthorizationMessage(ctx, c.caller, &api.DecodeAuthorizationMessageRequest{EncodedMessage: c.text})
		t.Run(name, func(t *testing.T) { refused(t, err, fault.InvalidAuthorizationMessage, "EncodedMessage") })
	}
}
