package token

import (
	"context"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
)

// refreshTokenGrant begins the next generation of a session (RFC 6749 §6).
//
// A refresh token names its session and generation. The current generation moves the session on. The one before it, for a short while,
// gets the current generation's answer again: its owner lost the answer, or two processes refreshed at once. Any older one was
// stolen or is being used by two parties, and ends the session.
var refreshTokenGrant = grant{
	Type:  oauth.GrantRefreshToken,
	Check: func(in *api.CreateTokenRequest) error { return require("refreshToken", in.RefreshToken) },
	Redeem: func(s *Service, tx *store.Tx, r *tokenRequest) (issue, error) {
		return s.redeemRefresh(tx, &r.redemption, r.RefreshToken)
	},
}

// applicationRefreshGrant is the same for an application. Its answer says nothing of the person: who needs an identity context again brings
// a new assertion (AWS: CreateTokenWithIAM).
var applicationRefreshGrant = applicationGrant{
	Type:   oauth.GrantRefreshToken,
	Silent: true,
	Check:  func(in *api.CreateTokenWithIAMRequest) error { return require("refreshToken", in.RefreshToken) },
	Foresee: func(s *Service, tx *store.Tx, r *applicationRequest) error {
		token, _ := creds.OpenRefresh(s.Ring, r.RefreshToken)
		_, _, _, err := tx.SessionAndUser(token.SessionID)
		return err
	},
	Redeem: func(ctx context.Context, s *Service, tx *store.Tx, r *applicationRequest) (issue, error) {
		return s.redeemRefresh(tx, &r.redemption, r.RefreshToken)
	},
}

// The sentence begins as AWS's does, which people search for.
var refreshUnknown = fault.InvalidGrant.Refuse("Invalid refresh token provided: the session has ended. Sign in again")

// refreshVerdict is what to do with a refresh token.
type refreshVerdict int

const (
	refreshRotate refreshVerdict = iota
	refreshRepeat                // answer as before
	refreshEnded                 // the session is over
	refreshStolen                // end the session
)

// judgeRefresh decides on a token of the generation, for a session at a moment.
func judgeRefresh(session store.Session, generation, now int64, window time.Duration) refreshVerdict {
	inWindow := now-session.RotatedAt <= window.Milliseconds()
	switch {
	case session.RevokedAt != 0:
		return refreshEnded
	case generation == session.Generation-1 && inWindow && promises(session, session.RotatedAt, window):
		return refreshRepeat
	case generation == session.Generation-1 && inWindow:
		return refreshEnded // the window was made longer since
	case generation < session.Generation:
		return refreshStolen
	case generation > session.Generation:
		return refreshEnded // the store was restored from an older copy
	case !promises(session, now, window):
		return refreshEnded
	}
	return refreshRotate
}

// promises reports whether an answer for a generation that begins at the moment has anything to promise: it may be repeated within the
// window, and has to be kept then, too.
func promises(session store.Session, began int64, window time.Duration) bool {
	return time.Duration(session.EndsAt-began)*time.Millisecond-window >= time.Second
}

func (s *Service) redeemRefresh(tx *store.Tx, r *redemption, refreshToken string) (issue, error) {
	token, ok := creds.OpenRefresh(s.Ring, refreshToken)
	if !ok {
		return issue{}, refreshUnknown.Because("the token does not open")
	}
	session, user, found, err := tx.SessionAndUser(token.SessionID)
	if err != nil {
		return issue{}, err
	}
	if !found || session.ClientID != r.client.ID {
		return issue{}, refreshUnknown.Because("the session is unknown or another client's")
	}
	if !user.Enabled() {
		return issue{}, refreshUnknown.Because("the user is disabled")
	}
	if !session.ClientStands() { // the client itself is enabled, or nobody would come so far
		return issue{}, refreshUnknown.Because("an application whose token was exchanged for the session is disabled")
	}
	if err := r.admit(tx, user); err != nil {
		return issue{}, err
	}
	scopes, err := r.narrow(session.Scopes)
	if err != nil {
		return issue{}, err
	}
	switch judgeRefresh(session, token.Generation, tx.Millis(), s.RefreshWindow) {
	case refreshEnded:
		return issue{}, refreshUnknown.Because("revoked: %q, ends at %d", session.RevokedBecause, session.EndsAt)
	case refreshStolen:
		return issue{}, s.endStolen(tx, r, session)
	case refreshRotate:
		if session, err = s.rotate(tx, session); err != nil {
			return issue{}, err
		}
	}
	return issue{session: session, scopes: scopes, user: user, slack: s.RefreshWindow}, nil
}

func (s *Service) rotate(tx *store.Tx, session store.Session) (store.Session, error) {
	keyID := s.Ring.CurrentKeyID()
	if err := tx.RotateSession(session.SessionID, session.Generation, keyID); err != nil {
		return store.Session{}, err
	}
	session.Generation++
	session.RotatedAt = tx.Millis()
	session.KeyID = keyID
	return session, nil
}

func (s *Service) endStolen(tx *store.Tx, r *redemption, session store.Session) error {
	if _, err := tx.RevokeSession(session.SessionID, "a spent refresh token was used"); err != nil {
		return err
	}
	err := r.record(tx, audit.Event{
		Name: audit.RefreshReplayed, UserID: session.UserID, ClientID: session.ClientID, SessionID: session.SessionID,
	})
	if err != nil {
		return err
	}
	return refreshUnknown.Because("a spent refresh token was used: session %s ended", session.SessionID)
}
