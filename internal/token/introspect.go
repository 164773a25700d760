package token

import (
	"context"

	"sallyport/internal/creds"
	"sallyport/internal/store"
)

// Introspection is what a client learns of a token of its own (RFC 7662 §2.2). The zero value is a token that is not active.
type Introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Username  string `json:"username,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	Expires   int64  `json:"exp,omitempty"`
	IssuedAt  int64  `json:"iat,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Audience  string `json:"aud,omitempty"`
	Issuer    string `json:"iss,omitempty"`
}

// Introspect tells a client whether a token of its own holds. Of other clients' tokens it says what it says of unknown ones.
func (s *Service) Introspect(ctx context.Context, clientID, clientSecret, token string) (Introspection, error) {
	client, err := s.authenticate(clientID, clientSecret)
	if err != nil {
		return Introspection{}, err
	}
	sessionID, ok := s.sessionOf(token)
	if !ok {
		return Introspection{}, nil
	}
	var answer Introspection
	err = s.Store.Look(ctx, func(tx *store.Tx) error {
		session, user, found, err := tx.SessionAndUser(sessionID)
		if err != nil || !found || session.ClientID != client.ID || !session.Live(tx) || !user.Enabled() {
			return err
		}
		answer = s.describeToken(tx, client.Client, session, user, token)
		return nil
	})
	return answer, err
}

func (s *Service) describeToken(tx *store.Tx, client Client, session store.Session, user store.User, token string) Introspection {
	answer := Introspection{
		Active: true, Scope: session.Scopes, ClientID: client.Text, Username: user.UserName, Expires: session.EndsAt / 1000,
		IssuedAt: session.RotatedAt / 1000, Subject: user.UserID, Audience: client.Text, Issuer: s.Issuer,
	}
	if access, ok := creds.OpenAccess(s.Ring, token); ok {
		answer.TokenType, answer.Scope, answer.Expires = bearer, access.Scopes, access.ExpiresAt/1000
		answer.Active = tx.Millis() < access.ExpiresAt
	} else if refresh, _ := creds.OpenRefresh(s.Ring, token); refresh.Generation != session.Generation {
		answer.Active = false
	}
	if !answer.Active {
		return Introspection{}
	}
	return answer
}
