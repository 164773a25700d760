package token

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"sallyport/internal/arn"
	"sallyport/internal/keys"
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

func (s *Service) identityStoreARN() string {
	return arn.IdentityStore{Account: s.OwnerAccountID, IdentityStoreID: s.StartURLs.IdentityStoreID}.String()
}
