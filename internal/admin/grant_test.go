package admin

import (
	"fmt"
	"reflect"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/fault"
)

const (
	typeCode     = "authorization_code"
	typeRefresh  = "refresh_token"
	typeBearer   = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	typeExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
)

func codeGrant(uris ...string) api.Grant {
	return api.Grant{AuthorizationCode: &api.AuthorizationCodeGrant{RedirectURIs: uris}}
}

func bearerGrant(issuers ...api.AuthorizedTokenIssuer) api.Grant {
	return api.Grant{JWTBearer: &api.JWTBearerGrant{AuthorizedTokenIssuers: issuers}}
}

func TestAGrantIsReadAsItWasPutUntilItIsTaken(t *testing.T) {
	b := newBench(t)
	app := b.newApplication(owner, homeARN, "app")
	issuer, second := b.newIssuer(owner, homeARN, "one"), b.newIssuer(owner, homeARN, "two")
	cases := []struct {
		name, grantType string
		grant           api.Grant
	}{
		{"a code for a site", typeCode, codeGrant("https://app.example/cb")},
		{"a code for other places, in their order", typeCode, codeGrant("https://b.example/?q=1", "http://127.0.0.1:8080/cb", "https://a.example/")},
		{"refresh tokens", typeRefresh, api.Grant{RefreshToken: &api.RefreshTokenGrant{}}},
		{"tokens of an issuer", typeBearer, bearerGrant(api.AuthorizedTokenIssuer{TrustedTokenIssuerARN: issuer, AuthorizedAudiences: []string{"b", "a\u2028\"", "b"}})},
		{"tokens of two issuers", typeBearer, bearerGrant(
			api.AuthorizedTokenIssuer{TrustedTokenIssuerARN: second, AuthorizedAudiences: []string{"x"}},
			api.AuthorizedTokenIssuer{TrustedTokenIssuerARN: issuer, AuthorizedAudiences: []string{"x"}})},
		{"token exchange", typeExchange, api.Grant{TokenExchange: &api.TokenExchangeGrant{}}},
	}
	for _, c := range cases {
		must(b, b.PutApplicationGrant, owner, api.PutApplicationGrantRequest{ApplicationARN: app, GrantType: c.grantType, Grant: c.grant})
		got := must(b, b.GetApplicationGrant, owner, api.GetApplicationGrantRequest{ApplicationARN: app, GrantType: c.grantType}).Grant
		if !reflect.DeepEqual(got, c.grant) {
			t.Errorf("%s: read as %+v", c.name, got)
		}
	}
	must(b, b.DeleteTrustedTokenIssuer, owner, api.DeleteTrustedTokenIssuerRequest{TrustedTokenIssuerARN: issuer})
	list := must(b, b.ListApplicationGrants, owner, api.ListApplicationGrantsRequest{ApplicationARN: app}).Grants
	want := []api.GrantItem{
		{GrantType: typeCode, Grant: cases[1].grant}, {GrantType: typeRefresh, Grant: cases[2].grant},
		{GrantType: typeBearer, Grant: cases[4].grant}, // the issuer that is gone stays named
		{GrantType: typeExchange, Grant: cases[5].grant},
	}
	if !reflect.DeepEqual(list, want) {
		t.Errorf("listed as %+v", list)
	}
	for _, item := range want {
		in := api.DeleteApplicationGrantRequest{ApplicationARN: app, GrantType: item.GrantType}
		must(b, b.DeleteApplicationGrant, owner, in)
		refused(b, b.DeleteApplicationGrant, owner, fault.NotFound, in)
		refused(b, b.GetApplicationGrant, owner, fault.NotFound, api.GetApplicationGrantRequest{ApplicationARN: app, GrantType: item.GrantType})
	}
}

func TestAGrantThatCannotWorkIsRefused(t *testing.T) {
	b := newBench(t)
	app := b.newApplication(owner, homeARN, "app")
	issuer := b.newIssuer(owner, homeARN, "one")
	elsewhere := b.newIssuer(other, b.newInstance(other), "one")
	audiences := []string{"a"}
	cases := []struct {
		name, grantType string
		grant           api.Grant
		kind            *fault.Kind
	}{
		{"of a type with the settings of another", typeCode, api.Grant{RefreshToken: &api.RefreshTokenGrant{}}, fault.Validation},
		{"of no type", "password", api.Grant{RefreshToken: &api.RefreshTokenGrant{}}, fault.Validation},
		{"of a code for nowhere", typeCode, codeGrant(), fault.Validation},
		{"of a code for plain HTTP elsewhere", typeCode, codeGrant("https://app.example/cb", "http://app.example/cb"), fault.Validation},
		{"of a code for any site", typeCode, codeGrant("https://*.example/cb"), fault.Validation},
		{"of no issuers", typeBearer, bearerGrant(), fault.Validation},
		{"of an issuer without a name", typeBearer, bearerGrant(api.AuthorizedTokenIssuer{AuthorizedAudiences: audiences}), fault.Validation},
		{"of an issuer without audiences", typeBearer, bearerGrant(api.AuthorizedTokenIssuer{TrustedTokenIssuerARN: issuer}), fault.Validation},
		{"of an issuer named twice", typeBearer, bearerGrant(
			api.AuthorizedTokenIssuer{TrustedTokenIssuerARN: issuer, AuthorizedAudiences: audiences},
			api.AuthorizedTokenIssuer{TrustedTokenIssuerARN: issuer, AuthorizedAudiences: audiences}), fault.Validation},
		{"of an issuer of another instance", typeBearer, bearerGrant(api.AuthorizedTokenIssuer{TrustedTokenIssuerARN: elsewhere, AuthorizedAudiences: audiences}), fault.NotFound},
	}
	for _, c := range cases {
		_, err := b.PutApplicationGrant(ctx, owner, &api.PutApplicationGrantRequest{ApplicationARN: app, GrantType: c.grantType, Grant: c.grant})
		if refusal, ok := fault.As(err); !ok || refusal.Kind != c.kind {
			t.Errorf("a grant %s: %v, want %s", c.name, err, c.kind.Name)
		}
	}
	if b.Rows("application_grant") != 0 {
		t.Error("one was kept all the same")
	}
}

func TestEveryGrantTypeOfTheModelHasItsMember(t *testing.T) {
	types, union := api.SSOAdmin.Types["GrantType"].Values, api.PutApplicationGrant.Input().Member("Grant").Shape
	if len(types) != len(grantKinds) || len(grantKinds) != len(union.Members) {
		t.Errorf("%d types, %d members and %d kinds", len(types), len(union.Members), len(grantKinds))
	}
	for n, kind := range grantKinds {
		if kind.Type != types[n] || union.Member(kind.Member) == nil {
			t.Error(fmt.Sprint("no type or member for ", kind.Type, " ", kind.Member))
		}
	}
}
