package token

import (
	"context"
	"errors"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/oauth"
)

// Minting computes nothing from the time of the call, so that the same generation of a session gives the same bytes
// (docs/decisions/0007-promises-of-repeated-answers.md).

// bearers are the sealed tokens of an answer.
type bearers struct {
	access, refresh string
	promised        time.Duration // how long the access token holds, counted from the answer
	promisedUntil   time.Time
	expiresAt       int64 // of the access token itself
}

// sealBearers makes the access token of an issue, which lives so long at most, and the refresh token.
func (s *Service) sealBearers(i issue, life time.Duration, refreshable bool) (bearers, bool) {
	began := time.UnixMilli(i.session.RotatedAt)
	ends := time.UnixMilli(i.session.EndsAt)
	b := bearers{promised: min(life, ends.Sub(began)-i.slack).Truncate(time.Second)}
	b.promisedUntil = began.Add(b.promised)
	// The answer promises the same span whenever it is given, so the token lives longer by the time in which it may be given again.
	b.expiresAt = b.promisedUntil.Add(i.slack).UnixMilli()
	var ok bool
	b.access, ok = creds.SealAccess(s.Ring, i.session.KeyID, creds.AccessToken{
		SessionID: i.session.SessionID, Scopes: i.scopes.String(), ExpiresAt: b.expiresAt,
	})
	if ok && refreshable {
		b.refresh, ok = creds.SealRefresh(s.Ring, i.session.KeyID, creds.RefreshToken{
			SessionID: i.session.SessionID, Generation: i.session.Generation,
		})
	}
	return b, ok
}

// sessionKeyGone refuses what would be sealed under a key that was retired before its time: the session has ended with it.
var sessionKeyGone = fault.InvalidGrant.Refuse("The session has ended: sign in again").Because("the key of the session was retired")

// mint makes the answer of CreateToken.
func (s *Service) mint(client Client, i issue) (*api.CreateTokenResponse, error) {
	b, ok := s.sealBearers(i, accessLifetime(client.Scopes), client.refreshable())
	out := &api.CreateTokenResponse{
		AccessToken: b.access, RefreshToken: b.refresh, TokenType: bearer, ExpiresIn: int64(b.promised / time.Second),
	}
	if ok && i.scopes.Contains(oauth.ScopeOpenID) {
		out.IDToken, ok = s.idToken(client, i, b.promisedUntil)
	}
	if !ok {
		return nil, sessionKeyGone
	}
	return out, nil
}

// mintForApplication makes the answer of CreateTokenWithIAM.
func (s *Service) mintForApplication(ctx context.Context, r *applicationRequest, g applicationGrant, i issue) (*api.CreateTokenWithIAMResponse, error) {
	b, ok := s.sealBearers(i, creds.AccessLifetime, r.refreshable)
	if !ok {
		return nil, sessionKeyGone
	}
	out := &api.CreateTokenWithIAMResponse{
		AccessToken: b.access, RefreshToken: b.refresh, TokenType: bearer, ExpiresIn: int64(b.promised / time.Second),
		IssuedTokenType: string(oauth.TokenTypeAccessToken), Scope: i.scopes.Strings(),
	}
	if out.RefreshToken != "" { // AWS names the refresh token wherever there is one
		out.IssuedTokenType = string(oauth.TokenTypeRefreshToken)
	}
	if g.Silent {
		return out, nil
	}
	var identity, audit string
	if i.scopes.Contains(oauth.ScopeIdentityContext) {
		if identity, ok = s.sealContext(r.app, i, creds.IdentityContext, b.expiresAt); ok && i.session.ParentSessionID == "" {
			audit, ok = s.sealContext(r.app, i, creds.AuditContext, b.expiresAt)
		}
		if !ok {
			return nil, sessionKeyGone
		}
		out.AWSAdditionalDetails = &api.AWSAdditionalDetails{IdentityContext: identity}
	}
	var err error
	if i.scopes.Contains(oauth.ScopeOpenID) {
		out.IDToken, err = s.applicationIDToken(ctx, r.app, i, b.promisedUntil, identity, audit)
	}
	if errors.Is(err, keys.ErrUnknownKey) {
		return nil, sessionKeyGone
	}
	return out, err
}

// sealContext makes what AssumeRole takes for the person, good for as long as the access token.
func (s *Service) sealContext(app application, i issue, kind creds.ContextKind, expiresAt int64) (string, bool) {
	return creds.SealContext(s.Ring, i.session.KeyID, creds.Context{
		Kind: kind, UserID: i.user.UserID, IdentityStoreARN: s.identityStoreARN(), InstanceARN: arn.Instance{InstanceID: app.InstanceID}.String(),
		ApplicationARN: app.ARN(), CredentialID: i.session.CredentialID, SessionID: i.session.SessionID, ExpiresAt: expiresAt,
	})
}

// bearer is how every access token is presented (RFC 6750).
const bearer = "Bearer"
