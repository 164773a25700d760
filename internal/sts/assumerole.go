package sts

import (
	"context"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/policy"
	"sallyport/internal/store"
)

// AssumeRole takes on a role. The trust policy of the role has to allow it to the caller, and the caller's own policies where the trust
// policy names but an account, or the role is of another account. A role that does not exist is refused like one that trusts somebody else.
func (s *Service) AssumeRole(ctx context.Context, caller api.Caller, in *api.AssumeRoleRequest) (*api.AssumeRoleResponse, error) {
	if caller.Signer == nil {
		return nil, errUnsigned
	}
	w, err := readAssumeRole(caller.Signer, in)
	if err != nil {
		return nil, err
	}
	provided, err := s.readContext(ctx, in.ProvidedContexts)
	if err != nil {
		return nil, err
	}
	var access policy.Access
	var lapsed error
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if access, err = s.Access(ctx, tx, caller); err != nil {
			return err
		}
		if err = w.findRole(tx); err != nil {
			return err
		}
		lapsed, err = checkContext(ctx, tx, provided)
		return err
	})
	if err == nil {
		err = s.permitAssumeRole(ctx, caller, in, w, provided, access)
	}
	if err != nil {
		return nil, err
	}
	if lapsed != nil { // which nobody hears who may not take on the role
		return nil, lapsed
	}
	v, err := s.vend(ctx, caller, w, sessionOf(caller.Signer, provided))
	if err != nil {
		return nil, err
	}
	return &api.AssumeRoleResponse{
		Credentials: v.secrets, AssumedRoleUser: v.user, PackedPolicySize: v.packed, SourceIdentity: v.SourceIdentity,
	}, nil
}

// sessionOf is what the caller's credentials, and the context, hand on to the new ones. With a context these act for the person that it names,
// whoever the caller's came from.
func sessionOf(signer *api.Signer, provided *assertedContext) creds.Role {
	session := creds.Role{
		Kind: creds.AssumedRole, Chained: chained(signer), UserSessionID: signer.UserSessionID, ContextSessionID: signer.ContextSessionID,
	}
	if provided != nil {
		session.UserID, session.ContextSessionID, session.OnBehalfOf = provided.UserID, provided.SessionID, provided.person()
	}
	return session
}

// chained tells whether a session of a role is what takes on the next role.
func chained(signer *api.Signer) bool { return signer.Kind == api.RoleSigner && signer.Temporary }

func readAssumeRole(signer *api.Signer, in *api.AssumeRoleRequest) (*wanted, error) {
	w := &wanted{sessionName: in.RoleSessionName, duration: in.DurationSeconds}
	var err error
	if w.roleARN, err = readRole(in.RoleARN); err != nil {
		return nil, err
	}
	if err := refuseMFA(in.SerialNumber, in.TokenCode); err != nil {
		return nil, err
	}
	if w.policies, err = readPolicies(in.Policy, in.PolicyARNs); err != nil {
		return nil, err
	}
	if w.tags, w.transitiveTags, err = readTags(in.Tags, in.TransitiveTagKeys, handedOn(signer)); err != nil {
		return nil, err
	}
	w.sourceIdentity, err = sourceIdentity(signer, in.SourceIdentity)
	return w, err
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

// permitAssumeRole decides whether the caller may begin the session, and refuses with the name of the first action that is not allowed.
func (s *Service) permitAssumeRole(ctx context.Context, caller api.Caller, in *api.AssumeRoleRequest, w *wanted, provided *assertedContext,
	access policy.Access) error {
	actions := append([]string{"sts:AssumeRole"}, w.actions()...)
	if provided != nil {
		actions = append(actions, "sts:SetContext")
		provided.describe(access.Context)
	}
	if in.ExternalID != "" {
		access.Context.Set("sts:ExternalId", in.ExternalID)
	}
	denied, err := s.decide(ctx, caller.Signer, w, access, actions)
	if err != nil || denied == nil {
		return err
	}
	return fault.STSAccessDenied.Refuse(notAuthorized(caller.Signer.ARN, denied.access.Action, in.RoleARN)+s.encodedMessage(caller, *denied)).
		Because("%s", denied.verdict.Reason())
}
