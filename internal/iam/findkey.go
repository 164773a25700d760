package iam

import (
	"cmp"
	"context"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/creds"
	"sallyport/internal/store"
	"sallyport/internal/trace"
)

// FindKey looks up the access key of a request. Short-lived keys are read out of their session token; long-lived ones are in the store. A
// key that was deactivated, or whose holder is gone, is answered like an unknown one.
func (s *Service) FindKey(ctx context.Context, accessKeyID, sessionToken string) (api.Key, error) {
	// A session token tells the two kinds apart: only short-lived keys have one, and they are of no use without.
	if sessionToken != "" {
		return s.findTemporary(ctx, accessKeyID, sessionToken)
	}
	var row store.HeldKey
	var found bool
	err := s.Store.Recall(ctx, func(tx *store.Tx) (err error) {
		row, found, err = tx.AccessKey(accessKeyID)
		return err
	})
	if err != nil || !found || !row.Held {
		return api.Key{}, err
	}
	if row.Status != store.KeyActive { // operators are told, callers are not
		t := trace.From(ctx)
		t.Note("deactivated", "%s is %s", row.AccessKeyID, row.Status)
		t.Fix("sallyport iam activate-access-key %s", row.AccessKeyID)
		return api.Key{}, nil
	}
	secret, ok := creds.OpenAccessKeySecret(s.Ring, row.AccessKeyID, row.SealedSecret)
	if !ok {
		return api.Key{}, nil // a row that was moved or damaged is no key
	}
	return api.Key{Known: true, Secret: secret, Signer: holder(row)}, nil
}

// holder is who signs with a long-lived key. A role's key is our extension for services that have no STS to ask; it signs as a session of
// the role that is named after the key, so that policies, logs and programs see nothing that they do not know.
func holder(key store.HeldKey) api.Signer {
	signer := api.Signer{AccessKeyID: key.AccessKeyID, Account: key.AccountID}
	if key.RoleName != "" {
		signer.Kind, signer.RoleName = api.RoleSigner, key.RoleName
		signer.RoleARN = arn.Role{Account: key.AccountID, Path: key.Path, Name: key.RoleName}.String()
		signer.ARN = arn.AssumedRole{Account: key.AccountID, RoleName: key.RoleName, Session: key.AccessKeyID}.String()
		signer.UserID = key.HolderID + ":" + key.AccessKeyID
		return signer
	}
	signer.UserName, signer.UserID = key.UserName, userID(key.HolderID, key.UserName)
	signer.ARN = arn.User{Account: key.AccountID, Path: key.Path, Name: key.UserName}.String()
	return signer
}

// userID is the unique id of a user. Those of early versions have none in their row.
func userID(id, name string) string { return cmp.Or(id, creds.UserID(name)) }

// findTemporary reads credentials out of their session token. What was cut off before its time is answered like what has expired: to the
// client it is the same, get new ones. Whose role or user is gone, or is another one of that name by now, is unknown.
func (s *Service) findTemporary(ctx context.Context, accessKeyID, sessionToken string) (api.Key, error) {
	role, ok := creds.OpenRole(s.Ring, sessionToken)
	if !ok || role.AccessKeyID != accessKeyID {
		return api.Key{}, nil
	}
	holds, exists, err := s.stands(ctx, role.Role)
	if err != nil || !exists {
		return api.Key{}, err
	}
	expired := !holds || s.Clock.Now().UnixMilli() >= role.ExpiresAt
	return api.Key{Known: true, Expired: expired, Secret: role.SecretAccessKey, Signer: role.Signer()}, nil
}

// stands tells whether what the credentials rest upon is still there and still lets them be used.
func (s *Service) stands(ctx context.Context, role creds.Role) (holds, exists bool, err error) {
	ofPortal := role.Kind == creds.PortalRole
	if ofPortal && role.UserSessionID == "" {
		return true, true, nil
	}
	err = s.Store.Recall(ctx, func(tx *store.Tx) (err error) {
		if exists = ofPortal; !exists {
			exists, err = stillThere(tx, role)
		}
		if err != nil || !exists {
			return err
		}
		holds, err = role.Holds(tx)
		return err
	})
	return holds, exists, err
}

// stillThere tells whether the role or the user that the credentials were made for is still there. Roles behind permission sets follow from
// the assignments, which are checked when their credentials are made.
func stillThere(tx *store.Tx, role creds.Role) (bool, error) {
	if role.Kind == creds.UserSession {
		user, found, err := tx.IAMUser(role.Account, role.UserName)
		return found && userID(user.UserID, user.UserName) == role.IAMUserID, err
	}
	row, found, err := tx.IAMRole(role.Account, role.RoleName)
	return found && row.RoleID == role.RoleID, err
}
