// Package sts is the part of the Security Token Service that role credentials need: it finds the secret behind an access key and tells
// whose it is. Verifying the signature itself is sigv4's work, at the rim's request.
package sts

import (
	"context"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// Options are what the service is given.
type Options struct {
	Store *store.Store
	Ring  *keys.Ring
	Clock *sys.Clock
}

// Service is the security token service.
type Service struct{ Options }

// New makes the service.
func New(options Options) *Service { return &Service{options} }

// Handlers are the operations of the service.
func (s *Service) Handlers() []api.Handler {
	return []api.Handler{api.GetCallerIdentity.Handle(s.GetCallerIdentity)}
}

// GetCallerIdentity tells whose credentials signed the request.
func (s *Service) GetCallerIdentity(ctx context.Context, caller api.Caller, in *api.GetCallerIdentityRequest) (*api.GetCallerIdentityResponse, error) {
	if caller.Signer == nil {
		return nil, fault.MissingAuthenticationToken.Refuse("Request is missing Authentication Token")
	}
	return &api.GetCallerIdentityResponse{UserID: caller.Signer.UserID, Account: caller.Signer.Account, ARN: caller.Signer.ARN}, nil
}

// FindKey looks up the access key of a request. Short-lived keys are read out of their session token; long-lived ones are in the store.
func (s *Service) FindKey(ctx context.Context, accessKeyID, sessionToken string) (api.Key, error) {
	// A session token tells the two kinds apart: only short-lived keys have one, and they are of no use without.
	if sessionToken != "" {
		return s.findRole(ctx, accessKeyID, sessionToken)
	}
	var key api.Key
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		row, found, err := tx.AccessKey(accessKeyID)
		if err != nil || !found {
			return err
		}
		instance, _, err := tx.Instance() // its owner's account has the users of long-lived keys
		if err != nil {
			return err
		}
		secret, ok := creds.OpenAccessKeySecret(s.Ring, row.AccessKeyID, row.SealedSecret)
		if !ok {
			return nil // a row that was moved or damaged is no key
		}
		key = api.Key{Known: true, Secret: secret, Signer: api.Signer{
			AccessKeyID: row.AccessKeyID,
			Account:     instance.OwnerAccountID,
			UserID:      creds.UserID(row.UserName),
			ARN:         "arn:aws:iam::" + instance.OwnerAccountID + ":user/" + row.UserName,
		}}
		return nil
	})
	return key, err
}

// findRole reads credentials out of their session token. What was cut off before its time is answered like what has expired: to the client
// it is the same, get new ones.
func (s *Service) findRole(ctx context.Context, accessKeyID, sessionToken string) (api.Key, error) {
	role, ok := creds.OpenRole(s.Ring, sessionToken)
	if !ok || role.AccessKeyID != accessKeyID {
		return api.Key{}, nil
	}
	holds := true
	if role.UserSessionID != "" {
		err := s.Store.Look(ctx, func(tx *store.Tx) (err error) {
			holds, err = role.Holds(tx)
			return err
		})
		if err != nil {
			return api.Key{}, err
		}
	}
	expired := !holds || s.Clock.Now().UnixMilli() >= role.ExpiresAt
	return api.Key{Known: true, Expired: expired, Secret: role.SecretAccessKey, Signer: role.Signer()}, nil
}
