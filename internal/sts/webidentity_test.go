package sts

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/store"
	"sallyport/internal/strictjson"
)

const (
	issuer      = "https://idp.example.com/tenant"
	providerARN = "arn:aws:iam::" + home + ":oidc-provider/idp.example.com/tenant"
	federated   = `{"Federated":"` + providerARN + `"}`
	subject     = "repo:acme/app:ref:refs/heads/main"
)

// claims are those of a good token, with others laid over them; nil takes one away.
func (b *bench) claims(over map[string]any) map[string]any {
	now := b.Clock.Now()
	all := map[string]any{"iss": issuer, "sub": subject, "aud": "sts.amazonaws.com", "exp": now.Add(5 * time.Minute).Unix(), "iat": now.Unix()}
	maps.Copy(all, over)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	return all
}

func (b *bench) assumeWithToken(in api.AssumeRoleWithWebIdentityRequest) (*api.AssumeRoleWithWebIdentityResponse, error) {
	in.RoleSessionName = "build"
	if in.RoleARN == "" {
		in.RoleARN = targetARN
	}
	return b.s.AssumeRoleWithWebIdentity(ctx, api.Caller{RequestID: "r-1"}, &in)
}

func TestATokenOfARegisteredProviderTakesOnARole(t *testing.T) {
	b := newBench(t)
	p := b.registered(issuer, "other", "sts.amazonaws.com")
	b.roleIn(home, "/ci/", "deploy", statements(trusts(federated,
		`{"StringEquals":{"idp.example.com/tenant:aud":"sts.amazonaws.com"},"StringLike":{"idp.example.com/tenant:sub":"repo:acme/*"}}`,
		"sts:AssumeRoleWithWebIdentity")), 3600)
	out, err := b.assumeWithToken(api.AssumeRoleWithWebIdentityRequest{
		RoleARN: "arn:aws:iam::" + home + ":role/ci/deploy", WebIdentityToken: p.sign(b.claims(nil)), DurationSeconds: new(int64(900)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if out.Provider != providerARN || out.Audience != "sts.amazonaws.com" || out.SubjectFromWebIdentityToken != subject ||
		out.AssumedRoleUser.ARN != "arn:aws:sts::"+home+":assumed-role/deploy/build" || out.PackedPolicySize != nil {
		t.Errorf("got %+v", out)
	}
	signer := b.signed(out.Credentials.AccessKeyID, out.Credentials.SessionToken).Signer
	if signer.FederatedProvider != providerARN || signer.RoleARN != "arn:aws:iam::"+home+":role/ci/deploy" || !signer.Temporary {
		t.Errorf("the signer is %+v", signer)
	}
	if line := b.Logged.String(); !strings.Contains(line, "provider="+providerARN) || strings.Contains(line, out.Credentials.SecretAccessKey) {
		t.Errorf("the log has %s", line)
	}
}

func TestATrustPolicyDecidesByTheClaimsOfAToken(t *testing.T) {
	b := newBench(t)
	p := b.registered(issuer, "sts.amazonaws.com", "app")
	key := func(name, value string) string {
		return `{"StringEquals":{"idp.example.com/tenant:` + name + `":"` + value + `"}}`
	}
	cases := []struct {
		name, principal, condition string
		claims                     map[string]any
		allowed                    bool
	}{
		{name: "the provider alone", principal: federated, allowed: true},
		{name: "the subject", principal: federated, condition: key("sub", subject), allowed: true},
		{name: "another subject", principal: federated, condition: key("sub", "repo:acme/other")},
		{name: "the audience", principal: federated, condition: key("aud", "app"), claims: map[string]any{"aud": "app"}, allowed: true},
		{name: "another audience of the provider", principal: federated, condition: key("aud", "app")},
		{name: "the party that the token was issued to", principal: federated, condition: key("aud", "party"), claims: map[string]any{"azp": "party"}, allowed: true},
		{name: "the audience of a token that was issued to another party", principal: federated, condition: key("aud", "sts.amazonaws.com"), claims: map[string]any{"azp": "party"}},
		{name: "the audience beside the party", principal: federated, condition: key("oaud", "sts.amazonaws.com"), claims: map[string]any{"azp": "party"}, allowed: true},
		{name: "an address that is verified", principal: federated, condition: key("email", "a@example.com"),
			claims: map[string]any{"email": "a@example.com", "email_verified": true}, allowed: true},
		{name: "an address that is not", principal: federated, condition: key("email", "a@example.com"), claims: map[string]any{"email": "a@example.com"}},
		{name: "a method of the sign-in", principal: federated, condition: `{"ForAnyValue:StringEquals":{"idp.example.com/tenant:amr":"mfa"}}`,
			claims: map[string]any{"amr": []string{"pwd", "mfa"}}, allowed: true},
		{name: "the key of another provider", principal: federated, condition: `{"StringEquals":{"idp.example.com:sub":"` + subject + `"}}`},
		{name: "another provider", principal: `{"Federated":"arn:aws:iam::` + home + `:oidc-provider/idp.example.com"}`},
		{name: "the provider of another account", principal: `{"Federated":"arn:aws:iam::` + abroad + `:oidc-provider/idp.example.com/tenant"}`},
		{name: "the account", principal: awsPrincipal(home)},
		{name: "all principals of accounts", principal: awsPrincipal("*")},
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			role := b.role("target"+string(rune('a'+i)), statements(trusts(c.principal, c.condition, "sts:AssumeRoleWithWebIdentity")))
			out, err := b.assumeWithToken(api.AssumeRoleWithWebIdentityRequest{RoleARN: role, WebIdentityToken: p.sign(b.claims(c.claims))})
			if !c.allowed {
				refused(t, err, fault.STSAccessDenied, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
			} else if err != nil || out.Credentials == nil {
				t.Errorf("got %+v, %v", out, err)
			}
		})
	}
}

func TestATokenThatProvesNothingIsRefused(t *testing.T) {
	b := newBench(t)
	p := b.registered(issuer, "sts.amazonaws.com")
	other := &provider{t, b.registered("https://other.example.com", "sts.amazonaws.com").key, issuer}
	b.role("target", statements(trusts(federated, "", "sts:*")))
	good := p.sign(b.claims(nil))
	cases := []struct {
		name, token string
		kind        *fault.Kind
	}{
		{"signed by another provider", other.sign(b.claims(nil)), fault.InvalidIdentityToken},
		{"of a provider that is not registered", p.sign(b.claims(map[string]any{"iss": "https://nowhere.example.com"})), fault.InvalidIdentityToken},
		{"of a provider whose address only begins alike", p.sign(b.claims(map[string]any{"iss": issuer + "/"})), fault.InvalidIdentityToken},
		{"for another audience", p.sign(b.claims(map[string]any{"aud": "somebody"})), fault.InvalidIdentityToken},
		{"for nobody", p.sign(b.claims(map[string]any{"aud": nil})), fault.InvalidIdentityToken},
		{"without a subject", p.sign(b.claims(map[string]any{"sub": nil})), fault.InvalidIdentityToken},
		{"changed", good[:len(good)-2] + "AA", fault.InvalidIdentityToken},
		{"no JWT", "token", fault.InvalidIdentityToken},
		{"over", p.sign(b.claims(map[string]any{"exp": b.Clock.Now().Add(-time.Hour).Unix()})), fault.STSTokenExpired},
		{"of tomorrow", p.sign(b.claims(map[string]any{"nbf": b.Clock.Now().Add(2 * time.Minute).Unix()})), fault.IDPRejectedClaim},
		{"for a year", p.sign(b.claims(map[string]any{"exp": b.Clock.Now().Add(365 * 24 * time.Hour).Unix()})), fault.IDPRejectedClaim},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, err := b.assumeWithToken(api.AssumeRoleWithWebIdentityRequest{WebIdentityToken: c.token})
			refused(t, err, c.kind, "")
			if out != nil {
				t.Errorf("it gives %+v", out)
			}
		})
	}
	if _, err := b.assumeWithToken(api.AssumeRoleWithWebIdentityRequest{WebIdentityToken: good}); err != nil {
		t.Errorf("the good one: %v", err)
	}
	_, err := b.assumeWithToken(api.AssumeRoleWithWebIdentityRequest{WebIdentityToken: good, RoleARN: "arn:aws:iam::" + abroad + ":role/target"})
	refused(t, err, fault.InvalidIdentityToken, "No OpenIDConnect provider found")
	_, err = b.assumeWithToken(api.AssumeRoleWithWebIdentityRequest{WebIdentityToken: good, RoleARN: targetARN + "2"})
	refused(t, err, fault.STSAccessDenied, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	_, err = b.assumeWithToken(api.AssumeRoleWithWebIdentityRequest{WebIdentityToken: good, ProviderID: "www.amazon.com"})
	refused(t, err, fault.ValidationError, "ProviderId")
}

func TestAProviderThatCannotBeAskedIsSaidToBeOne(t *testing.T) {
	b := newBench(t)
	p := b.registered(issuer, "sts.amazonaws.com")
	b.Update(func(tx *store.Tx) error {
		_, err := tx.UpdateOIDCProvider(store.OIDCProvider{AccountID: home, URL: issuer, ClientIDs: `["sts.amazonaws.com"]`, JWKS: "{}"})
		return err
	})
	_, err := b.assumeWithToken(api.AssumeRoleWithWebIdentityRequest{WebIdentityToken: p.sign(b.claims(nil))})
	refused(t, err, fault.IDPCommunicationError, "keys")
}

func TestAProviderMarksTheSessionByClaims(t *testing.T) {
	b := newBench(t)
	p := b.registered(issuer, "sts.amazonaws.com")
	b.role("target", statements(trusts(federated, "", "sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity")))
	marks := map[string]any{
		sourceIdentityClaim: "alice",
		tagsClaim:           map[string]any{"principal_tags": map[string]any{"team": []string{"blue"}}, "transitive_tag_keys": []string{"team"}},
	}
	out, err := b.assumeWithToken(api.AssumeRoleWithWebIdentityRequest{WebIdentityToken: p.sign(b.claims(marks))})
	if err != nil {
		t.Fatal(err)
	}
	signer := b.signed(out.Credentials.AccessKeyID, out.Credentials.SessionToken).Signer
	if out.SourceIdentity != "alice" || signer.SourceIdentity != "alice" || signer.Tags["team"] != "blue" || !slices.Equal(signer.TransitiveTags, []string{"team"}) {
		t.Errorf("got %+v, the signer is %+v", out, signer)
	}
	strict := b.role("strict", statements(trusts(federated, "", "sts:AssumeRoleWithWebIdentity")))
	for action, claim := range map[string]string{"sts:TagSession": tagsClaim, "sts:SetSourceIdentity": sourceIdentityClaim} {
		_, err := b.assumeWithToken(api.AssumeRoleWithWebIdentityRequest{RoleARN: strict, WebIdentityToken: p.sign(b.claims(map[string]any{claim: marks[claim]}))})
		refused(t, err, fault.STSAccessDenied, "Not authorized to perform "+action)
	}
	for name, claim := range map[string]any{
		"two values of a tag":       map[string]any{"principal_tags": map[string]any{"team": []string{"blue", "red"}}},
		"a value that is no text":   map[string]any{"principal_tags": map[string]any{"team": []int{1}}},
		"a value outside of a list": map[string]any{"principal_tags": map[string]any{"team": "blue"}},
		"a value that is too long":  map[string]any{"principal_tags": map[string]any{"team": []string{strings.Repeat("x", 257)}}},
		"a key that is empty":       map[string]any{"principal_tags": map[string]any{"": []string{"blue"}}},
		"a key with other letters":  map[string]any{"principal_tags": map[string]any{"a\"b": []string{"blue"}}},
	} {
		_, err := b.assumeWithToken(api.AssumeRoleWithWebIdentityRequest{WebIdentityToken: p.sign(b.claims(map[string]any{tagsClaim: claim}))})
		t.Run(name, func(t *testing.T) { refused(t, err, fault.InvalidIdentityToken, tagsClaim) })
	}
	_, err = b.assumeWithToken(api.AssumeRoleWithWebIdentityRequest{WebIdentityToken: p.sign(b.claims(map[string]any{sourceIdentityClaim: "a b"}))})
	refused(t, err, fault.InvalidIdentityToken, sourceIdentityClaim)
	_, err = b.assumeWithToken(api.AssumeRoleWithWebIdentityRequest{WebIdentityToken: p.sign(b.claims(map[string]any{
		tagsClaim: map[string]any{"principal_tags": map[string]any{}, "transitive_tag_keys": []string{"team"}}}))})
	refused(t, err, fault.ValidationError, "TransitiveTagKeys")
}

func TestTheTraceOfATokenTellsWhatWouldLetItIn(t *testing.T) {
	b := newBench(t)
	p := b.registered(issuer, "one", "sts.amazonaws.com")
	b.role("target", statements(trusts(federated, `{"StringEquals":{"idp.example.com/tenant:sub":"nobody"}}`, "sts:AssumeRoleWithWebIdentity")))
	for name, c := range map[string]struct {
		claims map[string]any
		want   []string
	}{
		"a provider that is missing": {map[string]any{"iss": "https://nowhere.example.com"}, []string{
			"FAIL provider: account " + home + " has no OpenID provider https://nowhere.example.com",
			"sallyport iam create-oidc-provider https://nowhere.example.com --account " + home + " --client-id '' # of the tokens that are meant for you"}},
		"an issuer that is none of ours and means harm": {map[string]any{"iss": "https://x/;rm -rf ~"}, []string{
			"sallyport iam create-oidc-provider 'https://x/;rm -rf ~' --account "}},
		"an audience that is missing": {map[string]any{"aud": "mine"}, []string{"FAIL audience",
			"sallyport iam update-oidc-provider " + issuer + " --account " + home + " --client-id one --client-id sts.amazonaws.com --client-id mine --jwks FILE"}},
		"a condition": {nil, []string{
			"FAIL sts:AssumeRoleWithWebIdentity: the trust policy does not allow it: Statement[0] of " + targetARN +
				" has the condition StringEquals on idp.example.com/tenant:sub, which the value of the request does not meet",
			`sallyport iam update-role target --account ` + home + ` --trust FILE, with the statement {"Effect":"Allow","Principal":` + federated}},
	} {
		token := p.sign(b.claims(c.claims))
		got := traced(func(ctx context.Context) {
			b.s.AssumeRoleWithWebIdentity(ctx, api.Caller{}, &api.AssumeRoleWithWebIdentityRequest{RoleARN: targetARN, RoleSessionName: "build", WebIdentityToken: token})
		})
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: got\n%s\nwant %s", name, got, want)
			}
		}
		if strings.Contains(got, token) || strings.Contains(got, subject) {
			t.Errorf("%s: the trace shows what the token has: %s", name, got)
		}
	}
}

func FuzzTagsClaim(f *testing.F) {
	f.Add(`{"principal_tags":{"team":["blue"],"cost":[""]},"transitive_tag_keys":["team"]}`)
	f.Add(`{"principal_tags":{"team":["blue","red"]}}`)
	f.Add(`{"principal_tags":[],"transitive_tag_keys":{"a":1}}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		claim, err := strictjson.Parse([]byte(text), strictjson.Limits{})
		if err != nil {
			return
		}
		sent, transitive, ok := readTagsClaim(claim)
		if !ok {
			return
		}
		tags, keep, err := readTags(sent, transitive, nil)
		if err != nil {
			return
		}
		for key, value := range tags {
			if key == "" || len(key) > 4*128 || len(value) > 4*256 {
				t.Errorf("%s gives the tag %q with %q", text, key, value)
			}
		}
		for _, key := range keep {
			if _, found := tags[key]; !found {
				t.Errorf("%s hands on %q, which is no tag", text, key)
			}
		}
	})
}
