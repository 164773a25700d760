package iam

import (
	"strings"

	"sallyport/internal/arn"
	"sallyport/internal/policy"
	"sallyport/internal/store"
)

// uniqueNames tells, for each name of a principal that is about to be deleted, the unique id that says the same: of a user, of a role, and of
// the sessions of a role.
func uniqueNames(tx *store.Tx, p store.IAMPrincipal) (func(string) (string, bool), error) {
	if p.Kind == store.IAMUserKind {
		user, _, err := tx.IAMUser(p.AccountID, p.Name)
		name, id := arn.User{Account: user.AccountID, Path: user.Path, Name: user.UserName}.String(), userID(user.UserID, user.UserName)
		return func(principal string) (string, bool) { return id, principal == name }, err
	}
	role, _, err := tx.IAMRole(p.AccountID, p.Name)
	name := arn.Role{Account: role.AccountID, Path: role.Path, Name: role.RoleName}.String()
	sessions := arn.AssumedRole{Account: role.AccountID, RoleName: role.RoleName}.String()
	return func(principal string) (string, bool) {
		if session, of := strings.CutPrefix(principal, sessions); of {
			return role.RoleID + ":" + session, true
		}
		return role.RoleID, principal == name
	}, err
}

// renamePrincipals rewrites the documents that name somebody, all of which it reads: principals are deleted now and then, and to know who is
// named where would be work with every policy that is written.
func renamePrincipals(tx *store.Tx, rename func(string) (string, bool)) error {
	roles, err := tx.IAMRoles("")
	if err != nil {
		return err
	}
	for _, role := range roles {
		if renamed := policy.Rename(role.TrustPolicy, rename); renamed != role.TrustPolicy {
			role.TrustPolicy = renamed
			if _, err := tx.UpdateIAMRole(role); err != nil {
				return err
			}
		}
	}
	applications, err := tx.ApplicationsWithActors()
	if err != nil {
		return err
	}
	for _, application := range applications {
		if renamed := policy.Rename(application.ActorPolicy, rename); renamed != application.ActorPolicy {
			application.ActorPolicy = renamed
			if err := tx.PutApplication(application); err != nil {
				return err
			}
		}
	}
	return nil
}
