package token

import (
	"context"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/creds"
	"sallyport/internal/store"
)

// Revoke ends the session that a token of the client belongs to (RFC 7009). A token that is unknown, spent or another client's is nothing to
// revoke, and the answer is the same.
func (s *Service) Revoke(ctx context.Context, caller api.Caller, clientID, clientSecret, token string) error {
	client, err := s.authenticate(clientID, clientSecret)
	if err != nil {
		return err
	}
	sessionID, ok := s.sessionOf(token)
	if !ok {
		return nil
	}
	return audit.Change(ctx, s.Store, s.Log, caller, func(tx *store.Tx) (event audit.Event, err error) {
		session, user, found, err := tx.SessionAndUser(sessionID)
		if err != nil || !found || session.ClientID != client.ID {
			return event, err
		}
		revoked, err := tx.RevokeSession(sessionID, "revoked by its client")
		if err != nil || !revoked {
			return event, err
		}
		return audit.Event{
			Name: audit.SessionRevoked, UserID: user.UserID, ClientID: client.ID, SessionID: sessionID, Detail: "by its client",
		}, nil
	})
}

func (s *Service) sessionOf(token string) (string, bool) {
	if access, ok := creds.OpenAccess(s.Ring, token); ok {
		return access.SessionID, true
	}
	refresh, ok := creds.OpenRefresh(s.Ring, token)
	return refresh.SessionID, ok
}
