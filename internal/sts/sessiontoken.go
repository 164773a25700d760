package sts

import (
	"context"
	"fmt"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
)

// defaultSessionToken is how long the credentials of GetSessionToken live if the caller does not say.
const defaultSessionToken = 12 * time.Hour

// GetSessionToken gives an IAM user temporary credentials of the user's own. It needs no permission, and long-lived keys: credentials that
// end must not be made to last.
func (s *Service) GetSessionToken(ctx context.Context, caller api.Caller, in *api.GetSessionTokenRequest) (*api.GetSessionTokenResponse, error) {
	signer := caller.Signer
	switch {
	case signer == nil:
		return nil, errUnsigned
	case signer.Temporary || signer.Kind != api.UserSigner:
		return nil, fault.STSAccessDenied.Refuse("Cannot call GetSessionToken with session credentials: sign with a long-lived key of an IAM user")
	}
	if err := refuseMFA(in.SerialNumber, in.TokenCode); err != nil {
		return nil, err
	}
	user, err := arn.ParseUser(signer.ARN)
	if err != nil {
		return nil, fmt.Errorf("the ARN of the signer: %w", err)
	}
	lifetime := defaultSessionToken
	if in.DurationSeconds != nil {
		lifetime = time.Duration(*in.DurationSeconds) * time.Second
	}
	now := s.Clock.Now()
	v := creds.VendRole(s.Ring, creds.Role{
		Kind: creds.UserSession, Account: user.Account, UserName: user.Name, UserPath: user.Path, IAMUserID: signer.UserID,
		IssuedAt: now.UnixMilli(), ExpiresAt: now.Add(lifetime).UnixMilli(),
	})
	s.log(ctx, caller, "SessionTokenVended", v.Role)
	return &api.GetSessionTokenResponse{Credentials: sessionCredentials(v)}, nil
}
