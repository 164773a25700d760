// Package creds owns what callers show to be let in: the sealed bearer tokens of a session, access keys for long and for a while, and the
// contexts that carry a person into a role. It makes them, opens them, says whether they still hold, and who it is to policies that shows
// them. What a session or a role may do is for the rooms.
package creds

import (
	"context"
	"strings"
	"time"

	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
)

// Prefixes of the tokens, as AWS spells them. Kinds also differ in the purpose they are sealed for, so they never mix.
const (
	accessPrefix  = "aoa"
	refreshPrefix = "aor"
)

const (
	purposeAccess  = "access-token"
	purposeRefresh = "refresh-token"
	tokenLayout    = 1
)

// AccessToken is what an access token says.
type AccessToken struct {
	SessionID string
	Scopes    string // space-joined; empty for a client that registered without scopes
	ExpiresAt int64  // Unix milliseconds
}

// RefreshToken is what a refresh token says.
type RefreshToken struct {
	SessionID  string
	Generation int64
}

// SealAccess returns the token as text, sealed under the key.
func SealAccess(ring *keys.Ring, keyID string, t AccessToken) (string, bool) {
	text, ok := ring.SealUnder(keyID, purposeAccess,
		keys.Pack(tokenLayout).Text(t.SessionID).Text(t.Scopes).Int(t.ExpiresAt).Bytes())
	return accessPrefix + text, ok
}

// OpenAccess reads an access token. It does not say whether the token still holds.
func OpenAccess(ring *keys.Ring, text string) (t AccessToken, ok bool) {
	u, ok := openToken(ring, text, accessPrefix, purposeAccess)
	if !ok {
		return AccessToken{}, false
	}
	t = AccessToken{SessionID: u.Text(), Scopes: u.Text(), ExpiresAt: u.Int()}
	return t, u.Err() == nil
}

// SealRefresh returns the token as text, sealed under the key. Equal tokens under one key give equal text.
func SealRefresh(ring *keys.Ring, keyID string, t RefreshToken) (string, bool) {
	text, ok := ring.SealUnder(keyID, purposeRefresh, keys.Pack(tokenLayout).Text(t.SessionID).Int(t.Generation).Bytes())
	return refreshPrefix + text, ok
}

// OpenRefresh reads a refresh token. It does not say whether the token still holds.
func OpenRefresh(ring *keys.Ring, text string) (t RefreshToken, ok bool) {
	u, ok := openToken(ring, text, refreshPrefix, purposeRefresh)
	if !ok {
		return RefreshToken{}, false
	}
	t = RefreshToken{SessionID: u.Text(), Generation: u.Int()}
	return t, u.Err() == nil
}

func openToken(ring *keys.Ring, text, prefix, purpose string) (*keys.Unpacker, bool) {
	sealed, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return nil, false
	}
	message, err := ring.Open(purpose, sealed)
	if err != nil {
		return nil, false
	}
	return keys.Unpack(tokenLayout, message), true
}

// Bearer is a person let in by an access token that holds.
type Bearer struct {
	Token   AccessToken
	Session store.Session
	User    store.User
}

// GrantsPortalAccess reports whether the token may be used at the portal: a client that registered without scopes may, by custom; an
// application has to have the scope.
func (b Bearer) GrantsPortalAccess() bool {
	if b.Token.Scopes == "" {
		return b.Session.ApplicationID == ""
	}
	return oauth.ReadScopes(b.Token.Scopes).GrantsPortalAccess()
}

// Authenticate lets in the bearer of an access token, or refuses with fault.Unauthorized, saying whether the token is unknown, expired or
// revoked: the bearer holds it and may know.
func Authenticate(ctx context.Context, s *store.Store, ring *keys.Ring, text string) (Bearer, error) {
	token, ok := OpenAccess(ring, text)
	if !ok {
		return Bearer{}, unauthorized("the token is unknown here")
	}
	bearer := Bearer{Token: token}
	err := s.Recall(ctx, func(tx *store.Tx) error {
		session, user, found, err := tx.SessionAndUser(token.SessionID)
		if err != nil {
			return err
		}
		bearer.Session, bearer.User = session, user
		if !found {
			return unauthorized("its session is unknown here")
		}
		return bearer.holds(tx)
	})
	if err != nil {
		return Bearer{}, err
	}
	return bearer, nil
}

func (b Bearer) holds(tx *store.Tx) error {
	switch {
	case b.Session.RevokedAt != 0:
		return unauthorized("its session was revoked").Because("%s", b.Session.RevokedBecause)
	case tx.Millis() >= b.Token.ExpiresAt || tx.Millis() >= b.Session.EndsAt:
		return unauthorized("it has expired")
	case !b.Session.ClientStands():
		return unauthorized("its application is disabled or gone")
	case !b.User.Enabled():
		return unauthorized("its session was revoked").Because("the user is disabled")
	}
	return nil
}

// unauthorized keeps the words of the real service, which people search for, and adds what happened and what to do.
func unauthorized(what string) *fault.Refusal {
	return fault.Unauthorized.Refuse("Session token not found or invalid: " + what + ". Sign in again")
}

// AccessLifetime is how long the access tokens of a session with scopes live.
const AccessLifetime = time.Hour

// LegacyLifetime is how long those of a client without refreshable scopes live.
const LegacyLifetime = 8 * time.Hour
