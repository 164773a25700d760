package iam

import (
	"context"
	"strconv"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/store"
)

const (
	// maxActiveKeys is IAM's quota: one in use, and one that takes its place.
	maxActiveKeys = 2
	// maxKeys bounds the inactive keys that rotation leaves behind.
	maxKeys = 20
)

// Key is a long-lived key with its secret, which is shown this once.
type Key struct {
	store.AccessKey
	Secret string
}

// newKey makes a key of the principal. Its secret is sealed for the store.
func (s *Service) newKey(p store.IAMPrincipal) Key {
	id, secret := creds.NewAccessKey()
	k := Key{Secret: secret, AccessKey: store.AccessKey{
		AccessKeyID: id, SealedSecret: creds.SealAccessKeySecret(s.Ring, id, secret), AccountID: p.AccountID, Status: store.KeyActive,
	}}
	if p.Kind == store.IAMRoleKind {
		k.RoleName = p.Name
	} else {
		k.UserName = p.Name
	}
	return k
}

// CreateAccessKey makes a long-lived key of a user or of a role.
func (s *Service) CreateAccessKey(ctx context.Context, caller api.Caller, p store.IAMPrincipal) (Key, error) {
	key := s.newKey(p)
	err := s.change(ctx, caller, audit.Event{Name: audit.AccessKeyCreated, Detail: key.AccessKeyID + " of " + detail(p)},
		func(tx *store.Tx) error { return addKey(tx, key.AccessKey) })
	return key, err
}

// EnsureAccessKey returns the oldest key in use of a user or a role, sealed as it is kept, and makes one where there is none. However many ask
// at once, one is made.
func (s *Service) EnsureAccessKey(ctx context.Context, caller api.Caller, p store.IAMPrincipal) (key store.AccessKey, err error) {
	err = audit.Change(ctx, s.Store, s.Log, caller, func(tx *store.Tx) (audit.Event, error) {
		all, err := tx.AccessKeysOf(p)
		if err != nil {
			return audit.Event{}, err
		}
		for _, key = range all {
			if key.Status == store.KeyActive {
				return audit.Event{}, nil
			}
		}
		key = s.newKey(p).AccessKey
		return audit.Event{Name: audit.AccessKeyCreated, Detail: key.AccessKeyID + " of " + detail(p)}, addKey(tx, key)
	})
	return key, err
}

func addKey(tx *store.Tx, key store.AccessKey) error {
	p := key.Principal()
	if err := roomForKey(tx, p); err != nil {
		return err
	}
	added, err := tx.AddAccessKeyAtMost(key, maxActiveKeys)
	if err == nil && !added {
		return errTooManyKeys(p)
	}
	return err
}

// roomForKey refuses a principal that is not there, or that has kept too many inactive keys.
func roomForKey(tx *store.Tx, p store.IAMPrincipal) error {
	if _, found, err := tx.IAMIdentity(p); err != nil {
		return err
	} else if !found {
		return unknown(p)
	}
	all, err := tx.AccessKeysOf(p)
	if err == nil && len(all) >= maxKeys {
		return fault.QuotaExceeded.Refuse("the " + p.Kind + " " + p.Name + " has " + strconv.Itoa(maxKeys) + " keys: delete those that are inactive")
	}
	return err
}

func errTooManyKeys(p store.IAMPrincipal) error {
	return fault.QuotaExceeded.Refuse("the " + p.Kind + " " + p.Name + " has two active keys: deactivate or rotate one of them")
}

// AccessKeys returns the keys of a principal, oldest first. Their secrets stay sealed.
func (s *Service) AccessKeys(ctx context.Context, p store.IAMPrincipal) (all []store.AccessKey, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		if _, found, err := tx.IAMIdentity(p); err != nil {
			return err
		} else if !found {
			return unknown(p)
		}
		all, err = tx.AccessKeysOf(p)
		return err
	})
	return all, err
}

// findKey reads a key that is to change.
func findKey(tx *store.Tx, accessKeyID string) (store.AccessKey, error) {
	key, found, err := tx.AccessKey(accessKeyID)
	if err == nil && !found {
		err = fault.NotFound.Refuse("there is no access key " + accessKeyID)
	}
	return key.AccessKey, err
}

// SetAccessKeyStatus activates or deactivates a key. One that is in that state already stays so, and nothing is recorded.
func (s *Service) SetAccessKeyStatus(ctx context.Context, caller api.Caller, accessKeyID, status string) error {
	if status != store.KeyActive && status != store.KeyInactive {
		return fault.Validation.Refuse("the status of a key is Active or Inactive")
	}
	return audit.Change(ctx, s.Store, s.Log, caller, func(tx *store.Tx) (audit.Event, error) {
		key, err := findKey(tx, accessKeyID)
		if err != nil || key.Status == status {
			return audit.Event{}, err
		}
		most := maxActiveKeys
		if status == store.KeyInactive {
			most = maxKeys
		}
		changed, err := tx.SetAccessKeyStatus(key, status, most)
		if err == nil && !changed {
			err = errTooManyKeys(key.Principal())
		}
		return audit.Event{Name: audit.AccessKeyUpdated, Detail: accessKeyID + " is " + status}, err
	})
}

// RotateAccessKey makes a new key in the place of one, which is deactivated in the same moment.
func (s *Service) RotateAccessKey(ctx context.Context, caller api.Caller, accessKeyID string) (Key, error) {
	var old store.AccessKey
	err := s.Store.Look(ctx, func(tx *store.Tx) (err error) {
		old, err = findKey(tx, accessKeyID)
		return err
	})
	if err != nil {
		return Key{}, err
	}
	key := s.newKey(old.Principal())
	e := audit.Event{Name: audit.AccessKeyRotated, Detail: accessKeyID + " of " + detail(old.Principal()) + " is now " + key.AccessKeyID}
	err = s.change(ctx, caller, e, func(tx *store.Tx) error {
		if err := roomForKey(tx, old.Principal()); err != nil { // before anything changes: a refusal would keep it
			return err
		}
		deactivated, err := tx.SetAccessKeyStatus(old, store.KeyInactive, maxKeys)
		if err != nil {
			return err
		}
		if !deactivated {
			return fault.Conflict.Refuse("the access key " + accessKeyID + " is not active: rotate the one in use, or create one")
		}
		return tx.AddAccessKey(key.AccessKey)
	})
	return key, err
}

// DeleteAccessKey removes a key.
func (s *Service) DeleteAccessKey(ctx context.Context, caller api.Caller, accessKeyID string) error {
	return s.change(ctx, caller, audit.Event{Name: audit.AccessKeyDeleted, Detail: accessKeyID}, func(tx *store.Tx) error {
		if _, err := findKey(tx, accessKeyID); err != nil {
			return err
		}
		_, err := tx.DeleteAccessKey(accessKeyID)
		return err
	})
}
