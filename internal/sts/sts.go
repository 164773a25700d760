// Package sts is the Security Token Service: it hands out temporary credentials and tells what credentials are.
//
// It decides who may take on a role: by the trust policy of the role, and by the policies of the caller, which the room iam gathers and
// hands over (Access). What it vends travels sealed in the session token (creds.Role), so that a session costs no row. Verifying
// signatures is the rim's work, verifying tokens of OpenID providers that of assertion.
package sts

import (
	"context"
	"log/slog"

	"sallyport/internal/api"
	"sallyport/internal/assertion"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/policy"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// Options are what the service is given.
type Options struct {
	Store      *store.Store
	Ring       *keys.Ring
	Clock      *sys.Clock
	Log        *slog.Logger
	Access     creds.Access
	Assertions *assertion.Verifier // verifies the tokens of OpenID providers
}

// Service is the security token service.
type Service struct {
	Options
	policies policy.Cache
}

// New makes the service.
func New(options Options) *Service { return &Service{Options: options} }

// Handlers are the operations of the service.
func (s *Service) Handlers() []api.Handler {
	return []api.Handler{
		api.AssumeRole.Handle(s.AssumeRole),
		api.AssumeRoleWithWebIdentity.Handle(s.AssumeRoleWithWebIdentity),
		api.DecodeAuthorizationMessage.Handle(s.DecodeAuthorizationMessage),
		api.GetAccessKeyInfo.Handle(s.GetAccessKeyInfo),
		api.GetCallerIdentity.Handle(s.GetCallerIdentity),
		api.GetSessionToken.Handle(s.GetSessionToken),
	}
}

// errUnsigned answers a caller without a signature. The rim lets nobody come so far; that it does is not for the room to trust.
var errUnsigned = fault.MissingAuthenticationToken.Refuse("Request is missing Authentication Token")

// GetCallerIdentity tells whose credentials signed the request. It needs no permission.
func (s *Service) GetCallerIdentity(ctx context.Context, caller api.Caller, in *api.GetCallerIdentityRequest) (*api.GetCallerIdentityResponse, error) {
	if caller.Signer == nil {
		return nil, errUnsigned
	}
	return &api.GetCallerIdentityResponse{UserID: caller.Signer.UserID, Account: caller.Signer.Account, ARN: caller.Signer.ARN}, nil
}

// GetAccessKeyInfo tells which account a key belongs to. The ids of temporary keys say it themselves, and are answered whether there is such
// a key or not, as by AWS; long-lived ones are looked up.
func (s *Service) GetAccessKeyInfo(ctx context.Context, caller api.Caller, in *api.GetAccessKeyInfoRequest) (*api.GetAccessKeyInfoResponse, error) {
	if caller.Signer == nil {
		return nil, errUnsigned
	}
	account, found := creds.AccountOfKey(in.AccessKeyID)
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		if err := s.permit(ctx, tx, caller, "sts:GetAccessKeyInfo"); err != nil || found {
			return err
		}
		key, known, err := tx.AccessKey(in.AccessKeyID)
		account, found = key.AccountID, known
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, fault.ValidationError.Refuse("AccessKeyId names no access key of this server. It is the id that begins with AKIA or ASIA, not the secret")
	}
	return &api.GetAccessKeyInfoResponse{Account: account}, nil
}
