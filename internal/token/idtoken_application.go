package token

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/creds"
	"sallyport/internal/keys"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
)

// applicationClaims are the claims of an ID token for an application, with what AWS adds to them (AWS: CreateTokenWithIAM, idToken).
type applicationClaims struct {
	Issuer           string          `json:"iss"`
	Subject          string          `json:"sub"`
	Audience         string          `json:"aud"`
	Expires          int64           `json:"exp"`
	IssuedAt         int64           `json:"iat"`
	AuthTime         any             `json:"auth_time"` // seconds, or a date in the setting that does as AWS does
	Nonce            string          `json:"nonce,omitempty"`
	Actor            json.RawMessage `json:"act,omitempty"`
	IdentityStoreID  string          `json:"aws:identity_store_id"`
	IdentityStoreARN string          `json:"aws:identity_store_arn"`
	InstanceAccount  string          `json:"aws:instance_account"`
	InstanceARN      string          `json:"aws:instance_arn"`
	CredentialID     string          `json:"aws:credential_id"`
	ApplicationARN   string          `json:"aws:application_arn"`
	IdentityContext  string          `json:"sts:identity_context,omitempty"`
	AuditContext     string          `json:"sts:audit_context,omitempty"`
}

// newCredentialID is the id under which records of AWS services know a session: 64 characters, as AWS's has.
func newCredentialID() string {
	raw := make([]byte, 48)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// mintForApplication makes the answer of CreateTokenWithIAM.
func (s *Service) mintForApplication(ctx context.Context, r *applicationRequest, g applicationGrant, i issue) (*api.CreateTokenWithIAMResponse, error) {
	b, ok := s.sealBearers(i, creds.AccessLifetime, r.refreshable)
	if !ok {
		return nil, keys.ErrNotSealed // the key of the session has left the ring
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
			return nil, fmt.Errorf("seal the identity context of session %s: %w", i.session.SessionID, keys.ErrNotSealed)
		}
		out.AWSAdditionalDetails = &api.AWSAdditionalDetails{IdentityContext: identity}
	}
	var err error
	if i.scopes.Contains(oauth.ScopeOpenID) {
		out.IDToken, err = s.applicationIDToken(ctx, r.app, i, b.promisedUntil, identity, audit)
	}
	return out, err
}

func (s *Service) identityStoreARN() string {
	return arn.IdentityStore{Account: s.OwnerAccountID, IdentityStoreID: s.StartURLs.IdentityStoreID}.String()
}

// sealContext makes what AssumeRole takes for the person, good for as long as the access token.
func (s *Service) sealContext(app application, i issue, kind creds.ContextKind, expiresAt int64) (string, bool) {
	return creds.SealContext(s.Ring, i.session.KeyID, creds.Context{
		Kind: kind, UserID: i.user.UserID, IdentityStoreARN: s.identityStoreARN(), InstanceARN: arn.Instance{InstanceID: app.InstanceID}.String(),
		ApplicationARN: app.ARN(), CredentialID: i.session.CredentialID, SessionID: i.session.SessionID, ExpiresAt: expiresAt,
	})
}

func (s *Service) applicationIDToken(ctx context.Context, app application, i issue, expires time.Time, identity, audit string) (string, error) {
	claims, err := json.Marshal(applicationClaims{
		Issuer: s.Issuer, Subject: i.user.UserID, Audience: app.ARN(),
		Expires: expires.Unix(), IssuedAt: i.session.RotatedAt / 1000, AuthTime: s.authTimeClaim(i.session), Nonce: i.session.Nonce,
		Actor:           json.RawMessage(i.session.Actor),
		IdentityStoreID: s.StartURLs.IdentityStoreID, IdentityStoreARN: s.identityStoreARN(),
		InstanceAccount: s.instanceAccount(app), InstanceARN: arn.Instance{InstanceID: app.InstanceID}.String(),
		CredentialID: i.session.CredentialID, ApplicationARN: app.ARN(), IdentityContext: identity, AuditContext: audit,
	})
	if err != nil {
		return "", fmt.Errorf("write the claims of session %s: %w", i.session.SessionID, err)
	}
	algorithm := app.IDTokenAlg
	if algorithm == "" {
		algorithm = keys.ES256
	}
	return s.Ring.SignJWTAlg(ctx, i.session.KeyID, algorithm, claims)
}

// authTimeClaim is a number, as OpenID Connect Core 1.0 §2 has it, or the date that AWS writes.
func (s *Service) authTimeClaim(session store.Session) any {
	if s.AWSAuthTime {
		return time.UnixMilli(session.AuthTime).UTC().Format("2006-01-02T15:04:05Z")
	}
	return session.AuthTime / 1000
}
