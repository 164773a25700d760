package admin

import (
	"context"
	"fmt"
	"slices"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
)

// grantKind is a type of grant with the member of the union that it goes with.
type grantKind struct {
	Type   string
	Member string
	given  func(api.Grant) bool
	check  func(*visit, store.Application, api.Grant) error
}

// grantKinds are all there are. AWS refuses authorization_code for applications that customers make, although its model has it; here it
// works, and the application's redirect URIs follow the rules for public clients.
var grantKinds = []grantKind{
	{"authorization_code", "AuthorizationCode", func(g api.Grant) bool { return g.AuthorizationCode != nil }, checkAuthorizationCode},
	{"refresh_token", "RefreshToken", func(g api.Grant) bool { return g.RefreshToken != nil }, checkNothing},
	{"urn:ietf:params:oauth:grant-type:jwt-bearer", "JwtBearer", func(g api.Grant) bool { return g.JWTBearer != nil }, checkJWTBearer},
	{"urn:ietf:params:oauth:grant-type:token-exchange", "TokenExchange", func(g api.Grant) bool { return g.TokenExchange != nil }, checkNothing},
}

func checkNothing(*visit, store.Application, api.Grant) error { return nil }

func checkAuthorizationCode(_ *visit, _ store.Application, g api.Grant) error {
	if len(g.AuthorizationCode.RedirectURIs) == 0 {
		return fault.Validation.Refuse("Grant.AuthorizationCode must have RedirectUris")
	}
	for n, uri := range g.AuthorizationCode.RedirectURIs {
		if _, err := oauth.ParseRedirectURI(uri); err != nil {
			return fault.Validation.Refuse(fmt.Sprintf("Grant.AuthorizationCode.RedirectUris number %d: %v", n+1, err))
		}
	}
	return nil
}

// checkJWTBearer wants issuers of the application's instance. One that is deleted later stays in the grant and lets nobody in.
func checkJWTBearer(v *visit, a store.Application, g api.Grant) error {
	if len(g.JWTBearer.AuthorizedTokenIssuers) == 0 {
		return fault.Validation.Refuse("Grant.JwtBearer must have AuthorizedTokenIssuers")
	}
	issuers, err := v.tx.TrustedTokenIssuers(a.InstanceID)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for n, authorized := range g.JWTBearer.AuthorizedTokenIssuers {
		where := fmt.Sprintf("Grant.JwtBearer.AuthorizedTokenIssuers number %d", n+1)
		switch {
		case authorized.TrustedTokenIssuerARN == "":
			return fault.Validation.Refuse(where + " must have a TrustedTokenIssuerArn")
		case len(authorized.AuthorizedAudiences) == 0:
			return fault.Validation.Refuse(where + " must have AuthorizedAudiences")
		case seen[authorized.TrustedTokenIssuerARN]:
			return fault.Validation.Refuse(where + " names an issuer for the second time: give all its audiences in one place")
		case !slices.ContainsFunc(issuers, func(i store.TrustedTokenIssuer) bool { return i.ARN() == authorized.TrustedTokenIssuerARN }):
			return v.missing(where + ": " + noIssuer)
		}
		seen[authorized.TrustedTokenIssuerARN] = true
	}
	return nil
}

// kindOfGrant is the type of a grant, which has the member of the union that goes with it.
func kindOfGrant(in *api.PutApplicationGrantRequest) (grantKind, error) {
	for _, kind := range grantKinds {
		if kind.Type != in.GrantType {
			continue
		}
		if !kind.given(in.Grant) {
			return kind, fault.Validation.Refuse("Grant must have the member " + kind.Member + " for the GrantType " + kind.Type)
		}
		return kind, nil
	}
	return grantKind{}, fault.Validation.Refuse("GrantType is not one that an application can have")
}

// PutApplicationGrant gives an application a grant, in place of an earlier one of the type.
func (s *Service) PutApplicationGrant(ctx context.Context, caller api.Caller, in *api.PutApplicationGrantRequest) (*api.PutApplicationGrantResponse, error) {
	kind, err := kindOfGrant(in)
	if err != nil {
		return nil, err
	}
	err = s.changeApplication(ctx, caller, api.PutApplicationGrant.Operation, in.ApplicationARN, func(v *visit, a store.Application) (bool, error) {
		if err := kind.check(v, a, in.Grant); err != nil {
			return false, err
		}
		next := store.NewApplicationGrant(a.ApplicationID, kind.Type, in.Grant)
		present, found, err := v.tx.ApplicationGrant(a.ApplicationID, kind.Type)
		if err != nil || found && present == next {
			return false, err
		}
		return true, v.tx.PutApplicationGrant(next)
	})
	return &api.PutApplicationGrantResponse{}, err
}

const noGrant = "Could not find a grant of this type: list those of the application with ListApplicationGrants"

// GetApplicationGrant tells the settings of a grant.
func (s *Service) GetApplicationGrant(ctx context.Context, caller api.Caller, in *api.GetApplicationGrantRequest) (*api.GetApplicationGrantResponse, error) {
	out := &api.GetApplicationGrantResponse{}
	err := s.readApplication(ctx, caller, api.GetApplicationGrant.Operation, in.ApplicationARN, func(v *visit, a store.Application) error {
		grant, found, err := v.tx.ApplicationGrant(a.ApplicationID, in.GrantType)
		if err == nil && !found {
			err = v.missing(noGrant)
		}
		if err != nil {
			return err
		}
		out.Grant, err = grant.Grant()
		return err
	})
	return out, err
}

// ListApplicationGrants lists the grants of an application, by type: at most as many as there are types, which is one page.
func (s *Service) ListApplicationGrants(ctx context.Context, caller api.Caller, in *api.ListApplicationGrantsRequest) (*api.ListApplicationGrantsResponse, error) {
	if in.NextToken != "" {
		return nil, badToken
	}
	out := &api.ListApplicationGrantsResponse{}
	err := s.readApplication(ctx, caller, api.ListApplicationGrants.Operation, in.ApplicationARN, func(v *visit, a store.Application) error {
		grants, err := v.tx.ApplicationGrants(a.ApplicationID)
		if err != nil {
			return err
		}
		out.Grants = []api.GrantItem{}
		for _, row := range grants {
			grant, err := row.Grant()
			if s.Store.NoteUnreadable(err) { // it is no grant: nobody gets a token by it
				continue
			}
			if err != nil {
				return err
			}
			out.Grants = append(out.Grants, api.GrantItem{GrantType: row.GrantType, Grant: grant})
		}
		return nil
	})
	return out, err
}

// DeleteApplicationGrant takes a grant from an application.
func (s *Service) DeleteApplicationGrant(ctx context.Context, caller api.Caller, in *api.DeleteApplicationGrantRequest) (*api.DeleteApplicationGrantResponse, error) {
	err := s.changeApplication(ctx, caller, api.DeleteApplicationGrant.Operation, in.ApplicationARN, func(v *visit, a store.Application) (bool, error) {
		gone, err := v.tx.DeleteApplicationGrant(a.ApplicationID, in.GrantType)
		if err == nil && !gone {
			err = v.missing(noGrant)
		}
		return gone, err
	})
	return &api.DeleteApplicationGrantResponse{}, err
}
