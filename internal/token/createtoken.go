package token

import (
	"context"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
)

// grant is one way to get a token. What all grants share – who the client is, which members it sent, what scopes it may ask for, how
// tokens are made – is a phase of CreateToken and written there once.
type grant struct {
	Type oauth.GrantType
	// Check refuses a request that lacks what the grant needs.
	Check func(in *api.CreateTokenRequest) error
	// Peek refuses without writing what can be refused so: a pending poll must cost a read. It may be nil. Whatever it lets through, Redeem
	// decides again.
	Peek func(ctx context.Context, s *Service, r *tokenRequest) error
	// Redeem spends what the client sent and returns the session that the tokens are for.
	Redeem func(s *Service, tx *store.Tx, r *tokenRequest) (issue, error)
}

// grants is the table of what CreateToken takes.
var grants = []grant{deviceCodeGrant, authorizationCodeGrant, refreshTokenGrant}

// tokenRequest is a request whose client is known.
type tokenRequest struct {
	*api.CreateTokenRequest
	redemption
}

var unsupportedGrant = fault.UnsupportedGrantType.Refuse("grantType must be authorization_code, refresh_token or " + string(oauth.GrantDeviceCode))

// CreateToken redeems a grant. Its phases run in this order for every grant: client, grant, members, scopes, redemption, minting.
func (s *Service) CreateToken(ctx context.Context, caller api.Caller, in *api.CreateTokenRequest) (*api.CreateTokenResponse, error) {
	client, err := s.authenticate(in.ClientID, in.ClientSecret)
	if err != nil {
		return nil, err
	}
	g, err := findGrant(in.GrantType, client)
	if err != nil {
		return nil, err
	}
	if err := g.Check(in); err != nil {
		return nil, err
	}
	r := &tokenRequest{in, redemption{client: client, caller: caller, grant: g.Type}}
	if r.scopes, err = oauth.ParseScopes(in.Scope); err != nil {
		return nil, fault.InvalidScope.Refuse(err.Error())
	}
	if !r.scopes.SubsetOf(client.Scopes) { // nobody can have granted it, so a client need not wait for a person to hear of it
		return nil, fault.InvalidScope.Refuse("scope asks for more than the client registered for")
	}
	if g.Peek != nil {
		if err := g.Peek(ctx, s, r); err != nil {
			return nil, err
		}
	}
	issued, err := s.redeem(ctx, &r.redemption, func(tx *store.Tx) (issue, error) { return g.Redeem(s, tx, r) })
	if err != nil {
		return nil, err
	}
	return s.mint(client.Client, issued)
}

func findGrant(name string, client authenticatedClient) (grant, error) {
	for _, g := range grants {
		if string(g.Type) != name {
			continue
		}
		if !client.allows(g.Type) {
			return grant{}, fault.UnauthorizedClient.Refuse("The client did not register for the grant " + name)
		}
		return g, nil
	}
	return grant{}, unsupportedGrant
}
