package admin

import (
	"context"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/fault"
	"sallyport/internal/page"
)

// providers are the kinds of application, by ARN. AWS has hundreds for its own services and its catalogue, which mean nothing here.
var providers = []api.ApplicationProvider{{
	ApplicationProviderARN: arn.CustomApplication,
	FederationProtocol:     "OAUTH",
	DisplayData:            &api.DisplayData{DisplayName: "Custom application", Description: "An application of yours that gets tokens with CreateTokenWithIAM"},
}}

// ListApplicationProviders lists the kinds of application.
func (s *Service) ListApplicationProviders(ctx context.Context, caller api.Caller, in *api.ListApplicationProvidersRequest) (*api.ListApplicationProvidersResponse, error) {
	p, err := s.openPage(caller, page.Request{Operation: api.ListApplicationProviders.Operation, Size: in.MaxResults, Token: in.NextToken})
	if err != nil {
		return nil, err
	}
	out := &api.ListApplicationProvidersResponse{}
	out.ApplicationProviders, out.NextToken = page.Slice(p, providers, func(p api.ApplicationProvider) []string { return []string{p.ApplicationProviderARN} })
	return out, nil
}

// DescribeApplicationProvider describes a kind of application.
func (s *Service) DescribeApplicationProvider(ctx context.Context, caller api.Caller, in *api.DescribeApplicationProviderRequest) (*api.DescribeApplicationProviderResponse, error) {
	for _, provider := range providers {
		if provider.ApplicationProviderARN == in.ApplicationProviderARN {
			return (*api.DescribeApplicationProviderResponse)(&provider), nil
		}
	}
	return nil, fault.NotFound.Refuse("Could not find the application provider: list them with ListApplicationProviders")
}
