package token

import (
	"context"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
)

const (
	maxClientName   = 256 // bytes; the name is sealed into the client id and shown on pages
	maxRedirectURIs = 10  // AWS allows an application as many
	maxGrantTypes   = 10

	// maxRedirectBytes bounds all redirect URIs together, so that the client id that they are sealed into still fits in a URL.
	maxRedirectBytes = 4096

	clientTypePublic = "public" // the only type that AWS documents
)

// publicGrants are the grants that a public client can register for.
var publicGrants = []oauth.GrantType{oauth.GrantAuthorizationCode, oauth.GrantDeviceCode, oauth.GrantRefreshToken}

// impliedGrants are those of a client that names none, as clients did before there was a choice.
var impliedGrants = []oauth.GrantType{oauth.GrantDeviceCode, oauth.GrantRefreshToken}

// RegisterClient makes a client (RFC 7591 in spirit). It writes nothing.
func (s *Service) RegisterClient(ctx context.Context, caller api.Caller, in *api.RegisterClientRequest) (*api.RegisterClientResponse, error) {
	if !s.registrations.allow(subscriber(caller.Address), s.Clock.Now()) {
		return nil, slowDown
	}
	r, err := s.parseRegistration(in)
	if err != nil {
		return nil, err
	}
	clientID, clientSecret := s.sealClient(r)
	return &api.RegisterClientResponse{
		ClientID:              clientID,
		ClientSecret:          clientSecret,
		ClientIDIssuedAt:      r.CreatedAt.Unix(),
		ClientSecretExpiresAt: r.expiresAt().Unix(),
		AuthorizationEndpoint: s.Issuer + "/authorize",
		TokenEndpoint:         s.Issuer + "/token",
	}, nil
}

func (s *Service) parseRegistration(in *api.RegisterClientRequest) (registration, error) {
	r := registration{ID: newRegistrationID(), Name: in.ClientName, CreatedAt: s.Clock.Now()}
	if err := checkClientName(in.ClientName); err != nil {
		return r, err
	}
	if in.ClientType != clientTypePublic {
		return r, fault.InvalidClientMetadata.Refuse("clientType must be " + clientTypePublic)
	}
	if in.IssuerURL != "" && !s.StartURLs.Matches(in.IssuerURL) {
		return r, fault.InvalidRequest.Refuse("issuerUrl is not an address of this instance: " + s.StartURLs.AWS() + " and " + s.StartURLs.Own + " are")
	}
	if in.EntitledApplicationARN != "" {
		return r, fault.InvalidRequest.Refuse("entitledApplicationArn names no application that this client may act for")
	}
	var err error
	if r.Scopes, err = oauth.ParseScopes(in.Scopes); err != nil {
		return r, fault.InvalidScope.Refuse(err.Error())
	}
	if r.GrantTypes, err = parseGrantTypes(in.GrantTypes); err != nil {
		return r, err
	}
	if r.RedirectURIs, err = parseRedirectURIs(in.RedirectURIs); err != nil {
		return r, err
	}
	if slices.Contains(r.GrantTypes, oauth.GrantAuthorizationCode) && len(r.RedirectURIs) == 0 {
		return r, fault.InvalidClientMetadata.Refuse("redirectUris must name at least one URI for the grant authorization_code")
	}
	return r, nil
}

// checkClientName refuses what could make a page or a log line say something else than it says: control characters, and format
// characters such as bidirectional overrides and zero-width joiners.
func checkClientName(name string) error {
	if name == "" || len(name) > maxClientName {
		return fault.InvalidClientMetadata.Refuse("clientName must have 1 to " + strconv.Itoa(maxClientName) + " bytes")
	}
	for _, r := range name {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) {
			return fault.InvalidClientMetadata.Refuse("clientName must not hold control or formatting characters")
		}
	}
	return nil
}

func parseGrantTypes(names []string) ([]oauth.GrantType, error) {
	if len(names) > maxGrantTypes {
		return nil, fault.InvalidRequest.Refuse("grantTypes has more than " + strconv.Itoa(maxGrantTypes) + " entries")
	}
	var grants []oauth.GrantType
	for _, name := range names {
		grant, ok := oauth.ParseGrantType(name)
		if !ok || !slices.Contains(publicGrants, grant) {
			return nil, fault.UnsupportedGrantType.Refuse("grantTypes may hold authorization_code, refresh_token and " +
				string(oauth.GrantDeviceCode))
		}
		if !slices.Contains(grants, grant) {
			grants = append(grants, grant)
		}
	}
	if grants == nil {
		return impliedGrants, nil
	}
	return grants, nil
}

func parseRedirectURIs(texts []string) ([]oauth.RedirectURI, error) {
	if len(texts) > maxRedirectURIs {
		return nil, fault.InvalidRequest.Refuse("redirectUris has more than " + strconv.Itoa(maxRedirectURIs) + " entries")
	}
	var uris []oauth.RedirectURI
	total := 0
	for _, text := range texts {
		if total += len(text); total > maxRedirectBytes {
			return nil, fault.InvalidRequest.Refuse("redirectUris has more than " + strconv.Itoa(maxRedirectBytes) + " bytes in all")
		}
		uri, err := oauth.ParseRedirectURI(text)
		if err != nil {
			return nil, fault.InvalidRedirectURI.Refuse("redirectUris: " + err.Error())
		}
		uris = append(uris, uri)
	}
	return uris, nil
}
