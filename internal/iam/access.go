package iam

import (
	"context"
	"fmt"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/creds"
	"sallyport/internal/policy"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

// The names of limits, as they stand in explanations.
const (
	limitSession  = "session policy"
	limitBoundary = "permissions boundary"
	limitPerson   = "boundary of identity-enhanced sessions"
)

// Access is creds.Access with the identity policies of the caller, and what narrows them.
func (s *Service) Access(ctx context.Context, tx *store.Tx, caller api.Caller) (policy.Access, error) {
	a, err := creds.BySignature(ctx, tx, caller)
	if err != nil || caller.Signer == nil {
		return a, err
	}
	if a.Identity, a.Limits, err = s.identity(tx, caller.Signer); err != nil {
		return a, err
	}
	limits, err := s.sessionLimits(caller.Signer)
	a.Limits = append(a.Limits, limits...)
	return a, err
}

// identity reads the policies of the user, of the role, or of the permission set behind the role.
func (s *Service) identity(tx *store.Tx, signer *api.Signer) (policy.Set, []policy.Limit, error) {
	principal := store.IAMPrincipal{AccountID: signer.Account, Kind: store.IAMUserKind, Name: signer.UserName}
	if signer.Kind == api.RoleSigner {
		if set, reserved := creds.ReservedPermissionSet(signer.RoleName); reserved {
			return s.ofPermissionSet(tx, signer, set)
		}
		principal.Kind, principal.Name = store.IAMRoleKind, signer.RoleName
	}
	identity, found, err := tx.IAMIdentity(principal)
	if err != nil || !found || !isOf(identity.ID, signer) {
		return nil, nil, err
	}
	var set policy.Set
	for _, p := range identity.Policies {
		if policyARN, attached := rules.AttachedARN(p); attached {
			set = s.attach(set, policyARN)
		} else {
			set = s.add(set, p.Name, "of the "+principal.Kind+" "+principal.Name+" of account "+principal.AccountID, p.Document)
		}
	}
	return set, nil, nil
}

// isOf tells whether the principal of the row is the signer, and not another one of its name.
func isOf(id string, signer *api.Signer) bool {
	if signer.Kind == api.UserSigner {
		return userID(id, signer.UserName) == signer.UserID
	}
	roleID, _, _ := strings.Cut(signer.UserID, ":")
	return roleID == id
}

// ofPermissionSet reads the policies of a permission set: its inline policy, and those that AWS manages and that are known here. Policies
// that each account has of its own are not kept by this house. As grants they say nothing, as a boundary they let nothing through.
func (s *Service) ofPermissionSet(tx *store.Tx, signer *api.Signer, name string) (policy.Set, []policy.Limit, error) {
	p, found, err := tx.PermissionSetPolicies(name)
	if err != nil || !found || creds.ReservedRoleName(name, p.PermissionSetID, signer.Account) != signer.RoleName {
		return nil, nil, err
	}
	var set policy.Set
	if p.HasInline {
		set = s.add(set, "inline policy of "+name, "", p.Inline)
	}
	for _, policyARN := range p.Managed {
		set = s.attach(set, policyARN)
	}
	if !p.Bounded {
		return set, nil, nil
	}
	var boundary policy.Set
	if p.Boundary.ManagedPolicyARN != "" {
		boundary = s.attach(nil, p.Boundary.ManagedPolicyARN)
	}
	return set, []policy.Limit{{Name: limitBoundary, Set: boundary}}, nil
}

// deniesAll stands in the place of a policy that cannot be read: nobody knows what it forbade.
const deniesAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`

// add appends a document that was checked when it was stored. whose tells policies of one name apart in the log.
func (s *Service) add(set policy.Set, name, whose, document string) policy.Set {
	p, err := s.policies.Parse(document, policy.Identity)
	if err != nil {
		s.Store.NoteUnreadable(&store.Unreadable{What: strings.TrimSpace("the policy " + name + " " + whose), Err: err})
		name += ", which cannot be read and so denies everything"
		if p, err = s.policies.Parse(deniesAll, policy.Identity); err != nil {
			panic(err) // a constant
		}
	}
	return append(set, policy.Named{Name: name, Policy: p})
}

// attach appends a policy that AWS manages. One that this house does not know says nothing; what is no name of such a policy denies.
func (s *Service) attach(set policy.Set, policyARN string) policy.Set {
	document, known := policy.Managed(policyARN)
	if !known && strings.HasPrefix(policyARN, arn.ManagedPolicy("")) {
		return set
	}
	return s.add(set, policyARN, "", document)
}

// personsBoundary is what narrows a session with an identity context, in the place of the list of services that AWS attaches to such
// sessions. They speak for a person, for services that look at whom they speak for; the configuration of the identity centre does not, so
// an application cannot administer in the name of everybody whose token it holds.
const personsBoundary = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["sso:*","identitystore:*","iam:*"],"Resource":"*"}]}`

// sessionLimits are what the session was narrowed to. The documents of one session speak together, and narrow together.
func (s *Service) sessionLimits(signer *api.Signer) ([]policy.Limit, error) {
	var limits []policy.Limit
	var given policy.Set
	for i, document := range signer.SessionPolicies {
		p, err := s.policies.Parse(document, policy.Session)
		if err != nil {
			return nil, fmt.Errorf("session policy %d of %s: %w", i+1, signer.ARN, err)
		}
		given = append(given, policy.Named{Name: fmt.Sprintf("session policy %d", i+1), Policy: p})
	}
	if given != nil {
		limits = append(limits, policy.Limit{Name: limitSession, Set: given})
	}
	if person := signer.OnBehalfOf; person != nil && !person.AuditOnly {
		set := s.add(nil, "this server's rule", "", personsBoundary)
		limits = append(limits, policy.Limit{Name: limitPerson, Set: set})
	}
	return limits, nil
}
