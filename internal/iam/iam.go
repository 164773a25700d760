// Package iam is the part of Identity and Access Management that the house needs: the users and roles of the accounts with their policies
// and long-lived keys, and the OpenID providers that accounts trust.
//
// It finds the key behind a signature (FindKey), gathers what the signer's own policies say (Access), and decides by them who may call the
// operations of sso-admin and identitystore (Authorize). Operations whose room decides by more than that, such as AssumeRole by trust
// policies and CreateTokenWithIAM by actor policies, are handed Access and decide themselves. How policies are read and combined is
// package policy's, what IAM demands of a principal is creds', and the rows are the store's.
package iam

import (
	"context"
	"log/slog"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/policy"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// Options are what the service is given.
type Options struct {
	Store *store.Store
	Ring  *keys.Ring
	Clock *sys.Clock
	Log   *slog.Logger
	// Delegated are accounts whose principals may administer the instance besides those of its owner (AWS: delegated administrator).
	Delegated []string
}

// Service is the room.
type Service struct {
	Options
	policies policy.Cache
}

// New makes the service.
func New(options Options) *Service { return &Service{Options: options} }

// change runs a state change and records it: one row in its transaction, one line in the log after it.
func (s *Service) change(ctx context.Context, caller api.Caller, e audit.Event, do func(*store.Tx) error) error {
	return audit.Change(ctx, s.Store, s.Log, caller, func(tx *store.Tx) (audit.Event, error) { return e, do(tx) })
}

// invalid refuses what a check found wrong.
func invalid(err error) error {
	if err == nil {
		return nil
	}
	return fault.Validation.Refuse(err.Error())
}

// inAccount refuses accounts that the instance does not know: a principal there could never do anything.
func inAccount(tx *store.Tx, accountID string) error {
	instance, _, err := tx.Instance()
	if err != nil || instance.OwnerAccountID == accountID {
		return err
	}
	if _, found, err := tx.Account(accountID); err != nil || found {
		return err
	}
	return fault.NotFound.Refuse("there is no account " + accountID + ": name one of the directory, or the owner of the instance, " + instance.OwnerAccountID)
}
