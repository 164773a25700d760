package token

import (
	"encoding/json"
	"time"
)

// idClaims are the claims of an ID token (OpenID Connect Core 1.0 §2). AWS issues none here and writes auth_time as text elsewhere; see
// docs/divergences.md.
type idClaims struct {
	Issuer            string `json:"iss"`
	Subject           string `json:"sub"`
	Audience          string `json:"aud"`
	Expires           int64  `json:"exp"`
	IssuedAt          int64  `json:"iat"`
	AuthTime          int64  `json:"auth_time"`
	Nonce             string `json:"nonce,omitempty"`
	SessionID         string `json:"sid"`
	PreferredUsername string `json:"preferred_username"`
	Name              string `json:"name,omitempty"`
	Email             string `json:"email,omitempty"`
}

func (s *Service) idToken(client Client, i issue, expires time.Time) (string, bool) {
	claims, err := json.Marshal(idClaims{
		Issuer: s.Issuer, Subject: i.user.UserID, Audience: client.Text,
		Expires: expires.Unix(), IssuedAt: i.session.RotatedAt / 1000, AuthTime: i.session.AuthTime / 1000,
		Nonce: i.session.Nonce, SessionID: i.session.SessionID,
		PreferredUsername: i.user.UserName, Name: i.user.DisplayName, Email: i.user.Email,
	})
	if err != nil {
		return "", false
	}
	return s.Ring.SignJWT(i.session.KeyID, claims)
}
