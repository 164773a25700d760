package iam

import (
	"context"
	"slices"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/fault"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

// CreateUser makes a user with its first policies. The path is "/" when it is empty.
func (s *Service) CreateUser(ctx context.Context, caller api.Caller, user store.IAMUser, policies ...store.IAMPolicy) (store.IAMUser, error) {
	user.UserID = rules.NewIAMUserID()
	if user.Path == "" {
		user.Path = "/"
	}
	if err := invalid(rules.CheckUser(user)); err != nil {
		return user, err
	}
	return user, s.create(ctx, caller, audit.IAMUserCreated, user.Principal(), policies, func(tx *store.Tx) (bool, error) { return tx.AddIAMUser(user) })
}

// CreateRole makes a role with its first policies. The path is "/" when it is empty, and the longest session an hour when it is zero.
func (s *Service) CreateRole(ctx context.Context, caller api.Caller, role store.IAMRole, policies ...store.IAMPolicy) (store.IAMRole, error) {
	role.RoleID = rules.NewIAMRoleID()
	if role.Path == "" {
		role.Path = "/"
	}
	if role.MaxSessionS == 0 {
		role.MaxSessionS = rules.MinRoleSession
	}
	if err := invalid(rules.CheckRole(role)); err != nil {
		return role, err
	}
	return role, s.create(ctx, caller, audit.IAMRoleCreated, role.Principal(), policies, func(tx *store.Tx) (bool, error) { return tx.AddIAMRole(role) })
}

// create makes a principal whose own values were checked.
func (s *Service) create(ctx context.Context, caller api.Caller, name audit.Name, p store.IAMPrincipal, policies []store.IAMPolicy, add func(*store.Tx) (bool, error)) error {
	for _, policy := range policies {
		if err := invalid(rules.CheckPolicy(policy)); err != nil {
			return err
		}
	}
	if len(policies) > rules.MaxPolicies {
		return errTooManyPolicies
	}
	return s.change(ctx, caller, audit.Event{Name: name, Detail: detail(p)}, func(tx *store.Tx) error {
		if err := inAccount(tx, p.AccountID); err != nil {
			return err
		}
		added, err := add(tx)
		if err != nil {
			return err
		}
		if !added {
			return fault.Conflict.Refuse("there is a " + p.Kind + " " + p.Name + " in account " + p.AccountID + " already; names differ in more than their case")
		}
		for _, policy := range policies {
			if err := tx.PutIAMPolicy(p, policy); err != nil {
				return err
			}
		}
		return nil
	})
}

// detail names a principal in the audit.
func detail(p store.IAMPrincipal) string { return p.Kind + " " + p.Name + " of " + p.AccountID }

// unknown refuses a principal that is not there.
func unknown(p store.IAMPrincipal) error {
	return fault.NotFound.Refuse("there is no " + p.Kind + " " + p.Name + " in account " + p.AccountID + ": see sallyport iam list-" + p.Kind + "s")
}

// Users returns the users of an account, or of all when it is empty.
func (s *Service) Users(ctx context.Context, accountID string) (users []store.IAMUser, err error) {
	err = s.Store.Look(ctx, func(tx *store.Tx) (err error) {
		users, err = tx.IAMUsers(accountID)
		return err
	})
	for i := range users {
		users[i].UserID = userID(users[i].UserID, users[i].UserName)
	}
	return users, err
}

// Roles returns the roles of an account, or of all when it is empty. Those behind permission sets are not among them.
func (s *Service) Roles(ctx context.Context, accountID string) (roles []store.IAMRole, err error) {
	err = s.Store.Look(ctx, func(tx *store.Tx) (err error) {
		roles, err = tx.IAMRoles(accountID)
		return err
	})
	return roles, err
}

// RoleChange is what changes of a role; what is nil stays.
type RoleChange struct {
	TrustPolicy *string
	MaxSessionS *int64
	Description *string
}

// UpdateRole changes a role. Sessions that were made before stay as they are.
func (s *Service) UpdateRole(ctx context.Context, caller api.Caller, accountID, name string, change RoleChange) error {
	p := store.IAMPrincipal{AccountID: accountID, Kind: store.IAMRoleKind, Name: name}
	return s.change(ctx, caller, audit.Event{Name: audit.IAMRoleUpdated, Detail: detail(p)}, func(tx *store.Tx) error {
		role, found, err := tx.IAMRole(accountID, name)
		if err != nil {
			return err
		}
		if !found {
			return unknown(p)
		}
		if change.TrustPolicy != nil {
			role.TrustPolicy = *change.TrustPolicy
		}
		if change.MaxSessionS != nil {
			role.MaxSessionS = *change.MaxSessionS
		}
		if change.Description != nil {
			role.Description = *change.Description
		}
		if err := invalid(rules.CheckRole(role)); err != nil {
			return err
		}
		_, err = tx.UpdateIAMRole(role)
		return err
	})
}

// DeletePrincipal removes a user or a role with its policies and its keys, all of which stop at once. Trust policies and actor policies that
// name it go on naming it, and nobody who gets the name later.
func (s *Service) DeletePrincipal(ctx context.Context, caller api.Caller, p store.IAMPrincipal) error {
	name, remove := audit.IAMUserDeleted, (*store.Tx).DeleteIAMUser
	if p.Kind == store.IAMRoleKind {
		name, remove = audit.IAMRoleDeleted, (*store.Tx).DeleteIAMRole
	}
	return s.change(ctx, caller, audit.Event{Name: name, Detail: detail(p)}, func(tx *store.Tx) error {
		rename, err := uniqueNames(tx, p)
		if err != nil {
			return err
		}
		deleted, err := remove(tx, p.AccountID, p.Name)
		if err != nil {
			return err
		}
		if !deleted {
			return unknown(p)
		}
		return renamePrincipals(tx, rename)
	})
}

var errTooManyPolicies = fault.QuotaExceeded.Refuse("a principal has at most 20 policies: put more statements into one")

// PutPolicy gives a principal a policy, in place of one of that name. rules.AttachedPolicy makes that of a policy of AWS.
func (s *Service) PutPolicy(ctx context.Context, caller api.Caller, p store.IAMPrincipal, policy store.IAMPolicy) error {
	if err := invalid(rules.CheckPolicy(policy)); err != nil {
		return err
	}
	return s.change(ctx, caller, audit.Event{Name: audit.IAMPolicyPut, Detail: policy.Name + " of " + detail(p)}, func(tx *store.Tx) error {
		identity, found, err := tx.IAMIdentity(p)
		switch {
		case err != nil:
			return err
		case !found:
			return unknown(p)
		case len(identity.Policies) >= rules.MaxPolicies && !slices.ContainsFunc(identity.Policies, func(p store.IAMPolicy) bool { return p.Name == policy.Name }):
			return errTooManyPolicies
		}
		return tx.PutIAMPolicy(p, policy)
	})
}

// DeletePolicy takes a policy from a principal.
func (s *Service) DeletePolicy(ctx context.Context, caller api.Caller, p store.IAMPrincipal, name string) error {
	return s.change(ctx, caller, audit.Event{Name: audit.IAMPolicyDeleted, Detail: name + " of " + detail(p)}, func(tx *store.Tx) error {
		deleted, err := tx.DeleteIAMPolicy(p, name)
		if err == nil && !deleted {
			return fault.NotFound.Refuse("the " + p.Kind + " " + p.Name + " in account " + p.AccountID + " has no policy " + name)
		}
		return err
	})
}

// Policies returns the identity policies of a principal.
func (s *Service) Policies(ctx context.Context, p store.IAMPrincipal) (policies []store.IAMPolicy, err error) {
	err = s.Store.Look(ctx, func(tx *store.Tx) error {
		identity, found, err := tx.IAMIdentity(p)
		if err == nil && !found {
			return unknown(p)
		}
		policies = identity.Policies
		return err
	})
	return policies, err
}
