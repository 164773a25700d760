package admin

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/rules"
)

func issuerRequest(instanceARN, name, url string) api.CreateTrustedTokenIssuerRequest {
	return api.CreateTrustedTokenIssuerRequest{
		InstanceARN: instanceARN, Name: name, TrustedTokenIssuerType: issuerType,
		TrustedTokenIssuerConfiguration: api.TrustedTokenIssuerConfiguration{OIDCJWTConfiguration: &api.OIDCJWTConfiguration{
			IssuerURL: url, ClaimAttributePath: "email", IdentityStoreAttributePath: "emails.value", JWKSRetrievalOption: jwksRetrieval,
		}},
	}
}

func TestAnIssuerIsDescribedAsItWasMadeAndChanged(t *testing.T) {
	b := newBench(t)
	in := issuerRequest(homeARN, "idp", "https://idp.example/tenant")
	name := must(b, b.CreateTrustedTokenIssuer, owner, in).TrustedTokenIssuerARN
	if bounds := api.CreateTrustedTokenIssuer.Output().Member("TrustedTokenIssuerArn").Bounds; !bounds.Pattern().MatchString(name) {
		t.Errorf("%s is not of the form of the model", name)
	}
	want := api.DescribeTrustedTokenIssuerResponse{
		TrustedTokenIssuerARN: name, Name: "idp", TrustedTokenIssuerType: issuerType, TrustedTokenIssuerConfiguration: &in.TrustedTokenIssuerConfiguration,
	}
	check := func(when string) {
		t.Helper()
		got := must(b, b.DescribeTrustedTokenIssuer, owner, api.DescribeTrustedTokenIssuerRequest{TrustedTokenIssuerARN: name})
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: %+v, want %+v", when, *got, want)
		}
	}
	check("new")
	must(b, b.UpdateTrustedTokenIssuer, owner, api.UpdateTrustedTokenIssuerRequest{TrustedTokenIssuerARN: name, Name: "renamed"})
	want.Name = "renamed"
	check("renamed")
	must(b, b.UpdateTrustedTokenIssuer, owner, api.UpdateTrustedTokenIssuerRequest{TrustedTokenIssuerARN: name, TrustedTokenIssuerConfiguration: &api.TrustedTokenIssuerUpdateConfiguration{
		OIDCJWTConfiguration: &api.OIDCJWTUpdateConfiguration{ClaimAttributePath: "sub", IdentityStoreAttributePath: "userName"},
	}})
	changed := *in.TrustedTokenIssuerConfiguration.OIDCJWTConfiguration
	changed.ClaimAttributePath, changed.IdentityStoreAttributePath = "sub", "userName"
	want.TrustedTokenIssuerConfiguration = &api.TrustedTokenIssuerConfiguration{OIDCJWTConfiguration: &changed}
	check("read in another way")
	must(b, b.DeleteTrustedTokenIssuer, owner, api.DeleteTrustedTokenIssuerRequest{TrustedTokenIssuerARN: name})
	refused(b, b.DescribeTrustedTokenIssuer, owner, fault.NotFound, api.DescribeTrustedTokenIssuerRequest{TrustedTokenIssuerARN: name})
	refused(b, b.UpdateTrustedTokenIssuer, owner, fault.NotFound, api.UpdateTrustedTokenIssuerRequest{TrustedTokenIssuerARN: name})
	refused(b, b.DeleteTrustedTokenIssuer, owner, fault.NotFound, api.DeleteTrustedTokenIssuerRequest{TrustedTokenIssuerARN: name})
}

func TestTwoIssuersOfAnInstanceDifferInNameAndURL(t *testing.T) {
	b := newBench(t)
	must(b, b.CreateTrustedTokenIssuer, owner, issuerRequest(homeARN, "one", "https://one.example"))
	second := must(b, b.CreateTrustedTokenIssuer, owner, issuerRequest(homeARN, "two", "https://two.example")).TrustedTokenIssuerARN
	refused(b, b.CreateTrustedTokenIssuer, owner, fault.Conflict, issuerRequest(homeARN, "one", "https://three.example"))
	refused(b, b.CreateTrustedTokenIssuer, owner, fault.Conflict, issuerRequest(homeARN, "three", "https://one.example"))
	refused(b, b.UpdateTrustedTokenIssuer, owner, fault.Conflict, api.UpdateTrustedTokenIssuerRequest{TrustedTokenIssuerARN: second, Name: "one"})
	must(b, b.CreateTrustedTokenIssuer, owner, issuerRequest(homeARN, "three", "https://one.example/")) // another text is another issuer
	must(b, b.CreateTrustedTokenIssuer, other, issuerRequest(b.newInstance(other), "one", "https://one.example"))
}

func TestAnInstanceHasTenIssuers(t *testing.T) {
	b := newBench(t)
	var want []string
	for n := range rules.MaxIssuers {
		name := fmt.Sprintf("i%d", n)
		want = append(want, b.newIssuer(owner, homeARN, name))
	}
	refused(b, b.CreateTrustedTokenIssuer, owner, fault.QuotaExceeded, issuerRequest(homeARN, "more", "https://more.example"))
	slices.Sort(want)
	four := int64(4)
	var got []string
	for _, page := range pages(t, func(token string) ([]api.TrustedTokenIssuerMetadata, string) {
		out := must(b, b.ListTrustedTokenIssuers, owner, api.ListTrustedTokenIssuersRequest{InstanceARN: homeARN, MaxResults: &four, NextToken: token})
		return out.TrustedTokenIssuers, out.NextToken
	}) {
		for _, issuer := range page {
			got = append(got, issuer.TrustedTokenIssuerARN)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}

func TestIssuersAreSeenByAllWhoSeeTheInstanceAndChangedByItsOwner(t *testing.T) {
	b := newBench(t)
	name := b.newIssuer(owner, homeARN, "idp")
	must(b, b.DescribeTrustedTokenIssuer, other, api.DescribeTrustedTokenIssuerRequest{TrustedTokenIssuerARN: name})
	must(b, b.ListTrustedTokenIssuers, other, api.ListTrustedTokenIssuersRequest{InstanceARN: homeARN})
	refused(b, b.CreateTrustedTokenIssuer, other, fault.AdminAccessDenied, issuerRequest(homeARN, "theirs", "https://theirs.example"))
	refused(b, b.UpdateTrustedTokenIssuer, other, fault.AdminAccessDenied, api.UpdateTrustedTokenIssuerRequest{TrustedTokenIssuerARN: name, Name: "x"})
	refused(b, b.DeleteTrustedTokenIssuer, other, fault.AdminAccessDenied, api.DeleteTrustedTokenIssuerRequest{TrustedTokenIssuerARN: name})
}
