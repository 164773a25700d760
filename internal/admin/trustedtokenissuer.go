package admin

import (
	"cmp"
	"context"
	"fmt"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/page"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

const (
	issuerType    = "OIDC_JWT"          // the one type there is
	jwksRetrieval = "OPEN_ID_DISCOVERY" // the one way there is
)

// CreateTrustedTokenIssuer trusts the tokens of an issuer. Nobody asks the issuer here: whether its keys can be fetched shows at the first
// token, as at AWS.
func (s *Service) CreateTrustedTokenIssuer(ctx context.Context, caller api.Caller, in *api.CreateTrustedTokenIssuerRequest) (*api.CreateTrustedTokenIssuerResponse, error) {
	out := &api.CreateTrustedTokenIssuerResponse{}
	err := s.change(ctx, caller, api.CreateTrustedTokenIssuer.Operation, func(v *visit) (string, error) {
		i, err := v.own(in.InstanceARN)
		if err != nil {
			return "", err
		}
		return v.once(repeatable{in.ClientToken, in}, &out.TrustedTokenIssuerARN, func() (string, error) { return v.createIssuer(i, in) })
	})
	return out, err
}

func (v *visit) createIssuer(i instance, in *api.CreateTrustedTokenIssuerRequest) (string, error) {
	configuration := in.TrustedTokenIssuerConfiguration.OIDCJWTConfiguration
	if configuration == nil {
		return "", fault.Validation.Refuse("TrustedTokenIssuerConfiguration must have the member OidcJwtConfiguration")
	}
	tags, err := newTags(in.Tags)
	if err != nil {
		return "", err
	}
	issuer := store.TrustedTokenIssuer{
		IssuerID: rules.NewIssuerID(v.tx.Now), InstanceID: i.ID, AccountID: i.OwnerAccountID, Name: in.Name, URL: configuration.IssuerURL,
		ClaimPath: configuration.ClaimAttributePath, AttributePath: configuration.IdentityStoreAttributePath,
	}
	others, err := v.tx.TrustedTokenIssuers(i.ID)
	if err != nil {
		return "", err
	}
	if err := distinct(issuer, others); err != nil {
		return "", err
	}
	if len(others) >= rules.MaxIssuers {
		return "", v.tooMany(fmt.Sprintf("An instance can have %d trusted token issuers: delete one that no application uses", rules.MaxIssuers))
	}
	if err := v.tx.PutTrustedTokenIssuer(issuer); err != nil {
		return "", err
	}
	return issuer.ARN(), v.tx.PutTags(issuer.IssuerID, tags)
}

// distinct wants one issuer per name and per URL: by the URL the token service finds the issuer of a token.
func distinct(issuer store.TrustedTokenIssuer, others []store.TrustedTokenIssuer) error {
	for _, other := range others {
		switch {
		case other.IssuerID == issuer.IssuerID:
		case other.Name == issuer.Name:
			return fault.Conflict.Refuse("The instance has a trusted token issuer of this Name already: choose another Name")
		case other.URL == issuer.URL:
			return fault.Conflict.Refuse("The instance has a trusted token issuer of this IssuerUrl already: update that one")
		}
	}
	return nil
}

// DescribeTrustedTokenIssuer describes an issuer.
func (s *Service) DescribeTrustedTokenIssuer(ctx context.Context, caller api.Caller, in *api.DescribeTrustedTokenIssuerRequest) (*api.DescribeTrustedTokenIssuerResponse, error) {
	out := &api.DescribeTrustedTokenIssuerResponse{}
	err := s.read(ctx, caller, api.DescribeTrustedTokenIssuer.Operation, func(v *visit) error {
		issuer, _, err := v.issuer(in.TrustedTokenIssuerARN)
		if err != nil {
			return err
		}
		*out = api.DescribeTrustedTokenIssuerResponse{
			TrustedTokenIssuerARN: issuer.ARN(), Name: issuer.Name, TrustedTokenIssuerType: issuerType,
			TrustedTokenIssuerConfiguration: &api.TrustedTokenIssuerConfiguration{OIDCJWTConfiguration: &api.OIDCJWTConfiguration{
				IssuerURL: issuer.URL, ClaimAttributePath: issuer.ClaimPath, IdentityStoreAttributePath: issuer.AttributePath,
				JWKSRetrievalOption: jwksRetrieval,
			}},
		}
		return nil
	})
	return out, err
}

// ListTrustedTokenIssuers lists the issuers of an instance, by id.
func (s *Service) ListTrustedTokenIssuers(ctx context.Context, caller api.Caller, in *api.ListTrustedTokenIssuersRequest) (*api.ListTrustedTokenIssuersResponse, error) {
	operation := api.ListTrustedTokenIssuers.Operation
	p, err := s.openPage(caller, page.Request{Operation: operation, Size: in.MaxResults, Token: in.NextToken, Of: []string{in.InstanceARN}})
	if err != nil {
		return nil, err
	}
	out := &api.ListTrustedTokenIssuersResponse{}
	err = s.read(ctx, caller, operation, func(v *visit) error {
		i, err := v.instance(in.InstanceARN)
		if err != nil {
			return err
		}
		issuers, err := v.tx.TrustedTokenIssuers(i.ID)
		if err != nil {
			return err
		}
		issuers, out.NextToken = page.Slice(p, issuers, func(i store.TrustedTokenIssuer) []string { return []string{i.IssuerID} })
		out.TrustedTokenIssuers = make([]api.TrustedTokenIssuerMetadata, len(issuers))
		for n, issuer := range issuers {
			out.TrustedTokenIssuers[n] = api.TrustedTokenIssuerMetadata{
				TrustedTokenIssuerARN: issuer.ARN(), Name: issuer.Name, TrustedTokenIssuerType: issuerType,
			}
		}
		return nil
	})
	return out, err
}

// ownIssuer finds an issuer for a caller of the account that owns its instance.
func (v *visit) ownIssuer(text string) (store.TrustedTokenIssuer, error) {
	issuer, i, err := v.issuer(text)
	if err != nil {
		return issuer, err
	}
	return issuer, v.mustOwn(i)
}

// UpdateTrustedTokenIssuer changes the name of an issuer and how its tokens are read. Members that are absent stay as they are.
func (s *Service) UpdateTrustedTokenIssuer(ctx context.Context, caller api.Caller, in *api.UpdateTrustedTokenIssuerRequest) (*api.UpdateTrustedTokenIssuerResponse, error) {
	configuration := api.OIDCJWTUpdateConfiguration{}
	if in.TrustedTokenIssuerConfiguration != nil && in.TrustedTokenIssuerConfiguration.OIDCJWTConfiguration != nil {
		configuration = *in.TrustedTokenIssuerConfiguration.OIDCJWTConfiguration
	}
	err := s.change(ctx, caller, api.UpdateTrustedTokenIssuer.Operation, func(v *visit) (string, error) {
		issuer, err := v.ownIssuer(in.TrustedTokenIssuerARN)
		if err != nil {
			return "", err
		}
		next := issuer
		next.Name = cmp.Or(in.Name, issuer.Name)
		next.ClaimPath = cmp.Or(configuration.ClaimAttributePath, issuer.ClaimPath)
		next.AttributePath = cmp.Or(configuration.IdentityStoreAttributePath, issuer.AttributePath)
		if next == issuer {
			return "", nil
		}
		others, err := v.tx.TrustedTokenIssuers(issuer.InstanceID)
		if err != nil {
			return "", err
		}
		if err := distinct(next, others); err != nil {
			return "", err
		}
		return next.ARN(), v.tx.PutTrustedTokenIssuer(next)
	})
	return &api.UpdateTrustedTokenIssuerResponse{}, err
}

// DeleteTrustedTokenIssuer trusts the tokens of an issuer no longer. Grants keep its ARN, which lets nobody in.
func (s *Service) DeleteTrustedTokenIssuer(ctx context.Context, caller api.Caller, in *api.DeleteTrustedTokenIssuerRequest) (*api.DeleteTrustedTokenIssuerResponse, error) {
	err := s.change(ctx, caller, api.DeleteTrustedTokenIssuer.Operation, func(v *visit) (string, error) {
		issuer, err := v.ownIssuer(in.TrustedTokenIssuerARN)
		if err != nil {
			return "", err
		}
		return issuer.ARN(), v.tx.DeleteTrustedTokenIssuer(issuer.IssuerID)
	})
	return &api.DeleteTrustedTokenIssuerResponse{}, err
}
