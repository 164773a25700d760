package sts

import (
	"context"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/policy"
	"sallyport/internal/store"
	"sallyport/internal/trace"
)

// attempt is an AssumeRole with everything that has a say in it.
type attempt struct {
	caller   api.Caller
	in       *api.AssumeRoleRequest
	asked    *session
	provided *assertedContext
	access   policy.Access
	role     store.IAMRole
	found    bool
	lapsed   error // why the provided context is of no use any more
}

// AssumeRole takes on a role. The trust policy of the role has to allow it to the caller, and the caller's own policies where the trust
// policy names but an account, or the role is of another account. A role that does not exist is refused like one that trusts somebody else.
func (s *Service) AssumeRole(ctx context.Context, caller api.Caller, in *api.AssumeRoleRequest) (*api.AssumeRoleResponse, error) {
	signer := caller.Signer
	if signer == nil {
		return nil, errUnsigned
	}
	a := attempt{caller: caller, in: in}
	var err error
	if a.asked, err = readAssumeRole(signer, in); err != nil {
		return nil, err
	}
	if a.provided, err = s.readContext(ctx, in.ProvidedContexts); err != nil {
		return nil, err
	}
	if err := s.Store.View(ctx, func(tx *store.Tx) error { return s.gather(ctx, tx, &a) }); err != nil {
		return nil, err
	}
	if err := s.decideAssumeRole(ctx, &a); err != nil {
		return nil, err
	}
	if a.lapsed != nil {
		return nil, a.lapsed
	}
	session := creds.Role{
		Kind: creds.AssumedRole, Chained: chained(signer), UserSessionID: signer.UserSessionID, ContextSessionID: signer.ContextSessionID,
	}
	if a.provided != nil { // the credentials act for this person from now on, whoever the caller's credentials came from
		session.UserID, session.ContextSessionID, session.OnBehalfOf = a.provided.UserID, a.provided.SessionID, a.provided.person()
	}
	v, err := s.vend(ctx, caller, a.asked, a.role, session)
	if err != nil {
		return nil, err
	}
	return &api.AssumeRoleResponse{
		Credentials: v.secrets, AssumedRoleUser: v.user, PackedPolicySize: v.packed, SourceIdentity: v.SourceIdentity,
	}, nil
}

// gather reads what the decision depends on, in one transaction.
func (s *Service) gather(ctx context.Context, tx *store.Tx, a *attempt) (err error) {
	if a.access, err = s.Access(ctx, tx, a.caller); err != nil {
		return err
	}
	if a.role, a.found, err = a.asked.findRole(tx); err != nil {
		return err
	}
	a.lapsed, err = s.checkContext(ctx, tx, a.provided)
	return err
}

// chained tells whether a session of a role is what takes on the next role.
func chained(signer *api.Signer) bool { return signer.Kind == api.RoleSigner && signer.Temporary }

func readAssumeRole(signer *api.Signer, in *api.AssumeRoleRequest) (*session, error) {
	asked := &session{name: in.RoleSessionName, duration: in.DurationSeconds}
	var err error
	if asked.role, err = readRole(in.RoleARN); err != nil {
		return nil, err
	}
	if err := refuseMFA(in.SerialNumber, in.TokenCode); err != nil {
		return nil, err
	}
	if asked.policies, err = readPolicies(in.Policy, in.PolicyARNs); err != nil {
		return nil, err
	}
	if asked.tags, asked.transitiveTags, err = readTags(in.Tags, in.TransitiveTagKeys, handedOn(signer)); err != nil {
		return nil, err
	}
	asked.sourceIdentity, err = sourceIdentity(signer, in.SourceIdentity)
	return asked, err
}

// refuseMFA refuses what only a device of multi-factor authentication could answer. To take no notice would let a caller believe that it
// was checked.
func refuseMFA(serialNumber, tokenCode string) error {
	if serialNumber == "" && tokenCode == "" {
		return nil
	}
	return fault.STSAccessDenied.Refuse("MultiFactorAuthentication failed: IAM users of this server have no MFA devices. Leave SerialNumber and TokenCode out")
}

// handedOn are the tags that the caller's session hands on to the one that it begins.
func handedOn(signer *api.Signer) map[string]string {
	if !chained(signer) {
		return nil
	}
	tags := map[string]string{}
	for _, key := range signer.TransitiveTags {
		if value, found := signer.Tags[key]; found {
			tags[key] = value
		}
	}
	return tags
}

// sourceIdentity is that of the new session. The first of a chain sets it, and nobody changes it.
func sourceIdentity(signer *api.Signer, asked string) (string, error) {
	switch {
	case signer.SourceIdentity == "":
		return asked, nil
	case asked == "" || asked == signer.SourceIdentity:
		return signer.SourceIdentity, nil
	}
	return "", fault.STSAccessDenied.Refuse("SourceIdentity is set in the caller's session already and cannot be changed. Leave it out")
}

// decideAssumeRole decides whether the caller may begin the session, and refuses with the name of the first action that is not allowed.
func (s *Service) decideAssumeRole(ctx context.Context, a *attempt) (err error) {
	access := a.access
	if access.Resource, err = s.trust(a.asked, a.role, a.found); err != nil {
		return err
	}
	access.Request.Resource, access.ResourceAccount, access.ResourceRequired = a.in.RoleARN, a.asked.role.Account, true
	a.asked.describe(access.Context)
	if a.in.ExternalID != "" {
		access.Context.Set("sts:ExternalId", a.in.ExternalID)
	}
	a.provided.describe(access.Context)
	actions := append([]string{"sts:AssumeRole"}, a.asked.actions()...)
	if a.provided != nil {
		actions = append(actions, "sts:SetContext")
	}
	if !a.found {
		trace.From(ctx).Note("role", "there is no role %s", a.in.RoleARN)
	}
	action, verdict := decide(ctx, access, actions)
	if action == "" {
		return nil
	}
	access.Request.Action = action
	mend(trace.From(ctx), a.caller.Signer, a.asked.role, a.role.TrustPolicy, access, verdict)
	return fault.STSAccessDenied.Refuse(notAuthorized(a.caller.Signer.ARN, action, a.in.RoleARN)+s.encodedMessage(a.caller, access, verdict)).
		Because("%s", verdict.Reason())
}
