package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/page"
	"sallyport/internal/policy"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

// PutInlinePolicyToPermissionSet sets the policy document of a permission set. It is kept as it was sent, because tools compare it with
// theirs.
func (s *Service) PutInlinePolicyToPermissionSet(ctx context.Context, caller api.Caller, in *api.PutInlinePolicyToPermissionSetRequest) (*api.PutInlinePolicyToPermissionSetResponse, error) {
	err := s.changePermissionSet(ctx, caller, api.PutInlinePolicyToPermissionSet.Operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) (bool, error) {
		if err := v.checkInlinePolicy(in.InlinePolicy); err != nil {
			return false, err
		}
		return v.tx.PutInlinePolicy(set.PermissionSetID, in.InlinePolicy)
	})
	return &api.PutInlinePolicyToPermissionSetResponse{}, err
}

// checkInlinePolicy reads the document as its evaluation will, so that a mistake shows when it is made.
func (v *visit) checkInlinePolicy(document string) error {
	_, err := policy.Parse([]byte(document), policy.Identity)
	switch refused := (*policy.Error)(nil); {
	case err == nil:
		return nil
	case errors.As(err, &refused) && refused.TooLarge:
		return v.tooMany("InlinePolicy is too long: " + err.Error())
	}
	return fault.Validation.Refuse("InlinePolicy is not a valid policy: " + err.Error())
}

// GetInlinePolicyForPermissionSet tells the policy document of a permission set, which is empty when it has none.
func (s *Service) GetInlinePolicyForPermissionSet(ctx context.Context, caller api.Caller, in *api.GetInlinePolicyForPermissionSetRequest) (*api.GetInlinePolicyForPermissionSetResponse, error) {
	out := &api.GetInlinePolicyForPermissionSetResponse{}
	err := s.readPermissionSet(ctx, caller, api.GetInlinePolicyForPermissionSet.Operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) error {
		document, err := v.tx.InlinePolicy(set.PermissionSetID)
		out.InlinePolicy = &document
		return err
	})
	return out, err
}

// DeleteInlinePolicyFromPermissionSet leaves a permission set without policy document, whether it had one or not.
func (s *Service) DeleteInlinePolicyFromPermissionSet(ctx context.Context, caller api.Caller, in *api.DeleteInlinePolicyFromPermissionSetRequest) (*api.DeleteInlinePolicyFromPermissionSetResponse, error) {
	err := s.changePermissionSet(ctx, caller, api.DeleteInlinePolicyFromPermissionSet.Operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) (bool, error) {
		return v.tx.DeleteInlinePolicy(set.PermissionSetID)
	})
	return &api.DeleteInlinePolicyFromPermissionSetResponse{}, err
}

// checkManagedPolicy refuses what cannot be a policy of AWS. Which policies AWS has at the moment is not known here.
func (v *visit) checkManagedPolicy(policyARN string) error {
	if !rules.CanBeManagedPolicy(policyARN) {
		return v.missing("Policy does not exist with ARN: " + policyARN)
	}
	return nil
}

// roomForPolicy refuses one policy more than a permission set may have.
func (v *visit) roomForPolicy(set store.PermissionSet) error {
	count, err := v.tx.CountAttachedPolicies(set.PermissionSetID)
	if err == nil && count >= rules.MaxAttachedPolicies {
		err = v.tooMany(fmt.Sprintf("You have exceeded AWS SSO limits. Cannot create ManagedPolicy more than %d for id %s: detach one first, "+
			"of AWS or of the accounts", rules.MaxAttachedPolicies, set.PermissionSetID))
	}
	return err
}

// AttachManagedPolicyToPermissionSet attaches a policy of AWS.
func (s *Service) AttachManagedPolicyToPermissionSet(ctx context.Context, caller api.Caller, in *api.AttachManagedPolicyToPermissionSetRequest) (*api.AttachManagedPolicyToPermissionSetResponse, error) {
	err := s.changePermissionSet(ctx, caller, api.AttachManagedPolicyToPermissionSet.Operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) (bool, error) {
		if err := v.checkManagedPolicy(in.ManagedPolicyARN); err != nil {
			return false, err
		}
		if err := v.roomForPolicy(set); err != nil {
			return false, err
		}
		attached, err := v.tx.AttachManagedPolicy(set.PermissionSetID, in.ManagedPolicyARN)
		if err == nil && !attached {
			err = fault.Conflict.Refuse("Permission set with id " + set.PermissionSetID + " already has an attachment to the managed policy " + in.ManagedPolicyARN)
		}
		return attached, err
	})
	return &api.AttachManagedPolicyToPermissionSetResponse{}, err
}

// DetachManagedPolicyFromPermissionSet detaches a policy of AWS.
func (s *Service) DetachManagedPolicyFromPermissionSet(ctx context.Context, caller api.Caller, in *api.DetachManagedPolicyFromPermissionSetRequest) (*api.DetachManagedPolicyFromPermissionSetResponse, error) {
	err := s.changePermissionSet(ctx, caller, api.DetachManagedPolicyFromPermissionSet.Operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) (bool, error) {
		detached, err := v.tx.DetachManagedPolicy(set.PermissionSetID, in.ManagedPolicyARN)
		if err == nil && !detached {
			err = v.missing("Could not find an attachment to the managed policy " + in.ManagedPolicyARN + ": list them with ListManagedPoliciesInPermissionSet")
		}
		return detached, err
	})
	return &api.DetachManagedPolicyFromPermissionSetResponse{}, err
}

// ListManagedPoliciesInPermissionSet lists the attached policies of AWS, by ARN.
func (s *Service) ListManagedPoliciesInPermissionSet(ctx context.Context, caller api.Caller, in *api.ListManagedPoliciesInPermissionSetRequest) (*api.ListManagedPoliciesInPermissionSetResponse, error) {
	operation := api.ListManagedPoliciesInPermissionSet.Operation
	p, err := s.openPage(caller, page.Request{
		Operation: operation, Size: in.MaxResults, Token: in.NextToken, Of: []string{in.InstanceARN, in.PermissionSetARN},
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListManagedPoliciesInPermissionSetResponse{}
	err = s.readPermissionSet(ctx, caller, operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) error {
		rows, err := v.tx.ManagedPolicies(set.PermissionSetID, p.At(0), p.Limit+1)
		if err != nil {
			return err
		}
		rows, out.NextToken = page.Cut(p, rows, itself)
		out.AttachedManagedPolicies = make([]api.AttachedManagedPolicy, len(rows))
		for n, row := range rows {
			out.AttachedManagedPolicies[n] = api.AttachedManagedPolicy{Name: rules.ManagedPolicyName(row), ARN: row}
		}
		return nil
	})
	return out, err
}

// customerPolicy reads a reference, whose path is the root when none is given.
func customerPolicy(r api.CustomerManagedPolicyReference) store.CustomerPolicy {
	return store.CustomerPolicy{Name: r.Name, Path: cmp.Or(r.Path, "/")}
}

func presentPolicy(p store.CustomerPolicy) api.CustomerManagedPolicyReference {
	return api.CustomerManagedPolicyReference{Name: p.Name, Path: p.Path}
}

// AttachCustomerManagedPolicyReferenceToPermissionSet refers to a policy of the accounts. Whether they have it shows when the role is used.
func (s *Service) AttachCustomerManagedPolicyReferenceToPermissionSet(ctx context.Context, caller api.Caller, in *api.AttachCustomerManagedPolicyReferenceToPermissionSetRequest) (*api.AttachCustomerManagedPolicyReferenceToPermissionSetResponse, error) {
	reference := customerPolicy(in.CustomerManagedPolicyReference)
	err := s.changePermissionSet(ctx, caller, api.AttachCustomerManagedPolicyReferenceToPermissionSet.Operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) (bool, error) {
		if err := v.roomForPolicy(set); err != nil {
			return false, err
		}
		attached, err := v.tx.AttachCustomerPolicy(set.PermissionSetID, reference)
		if err == nil && !attached {
			err = fault.Conflict.Refuse("Permission set with id " + set.PermissionSetID + " already refers to the policy " + reference.Path + reference.Name)
		}
		return attached, err
	})
	return &api.AttachCustomerManagedPolicyReferenceToPermissionSetResponse{}, err
}

// DetachCustomerManagedPolicyReferenceFromPermissionSet refers to a policy of the accounts no longer.
func (s *Service) DetachCustomerManagedPolicyReferenceFromPermissionSet(ctx context.Context, caller api.Caller, in *api.DetachCustomerManagedPolicyReferenceFromPermissionSetRequest) (*api.DetachCustomerManagedPolicyReferenceFromPermissionSetResponse, error) {
	reference := customerPolicy(in.CustomerManagedPolicyReference)
	err := s.changePermissionSet(ctx, caller, api.DetachCustomerManagedPolicyReferenceFromPermissionSet.Operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) (bool, error) {
		detached, err := v.tx.DetachCustomerPolicy(set.PermissionSetID, reference)
		if err == nil && !detached {
			err = v.missing("Could not find a reference to the policy " + reference.Path + reference.Name +
				": list them with ListCustomerManagedPolicyReferencesInPermissionSet")
		}
		return detached, err
	})
	return &api.DetachCustomerManagedPolicyReferenceFromPermissionSetResponse{}, err
}

// ListCustomerManagedPolicyReferencesInPermissionSet lists the policies of the accounts that a permission set refers to, by name and path.
func (s *Service) ListCustomerManagedPolicyReferencesInPermissionSet(ctx context.Context, caller api.Caller, in *api.ListCustomerManagedPolicyReferencesInPermissionSetRequest) (*api.ListCustomerManagedPolicyReferencesInPermissionSetResponse, error) {
	operation := api.ListCustomerManagedPolicyReferencesInPermissionSet.Operation
	p, err := s.openPage(caller, page.Request{
		Operation: operation, Size: in.MaxResults, Token: in.NextToken, Of: []string{in.InstanceARN, in.PermissionSetARN},
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListCustomerManagedPolicyReferencesInPermissionSetResponse{}
	err = s.readPermissionSet(ctx, caller, operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) error {
		rows, err := v.tx.CustomerPolicies(set.PermissionSetID, store.CustomerPolicy{Name: p.At(0), Path: p.At(1)}, p.Limit+1)
		if err != nil {
			return err
		}
		rows, out.NextToken = page.Cut(p, rows, func(row store.CustomerPolicy) []string { return []string{row.Name, row.Path} })
		out.CustomerManagedPolicyReferences = make([]api.CustomerManagedPolicyReference, len(rows))
		for n, row := range rows {
			out.CustomerManagedPolicyReferences[n] = presentPolicy(row)
		}
		return nil
	})
	return out, err
}

// PutPermissionsBoundaryToPermissionSet sets the boundary of a permission set: a policy of AWS or one of the accounts.
func (s *Service) PutPermissionsBoundaryToPermissionSet(ctx context.Context, caller api.Caller, in *api.PutPermissionsBoundaryToPermissionSetRequest) (*api.PutPermissionsBoundaryToPermissionSetResponse, error) {
	err := s.changePermissionSet(ctx, caller, api.PutPermissionsBoundaryToPermissionSet.Operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) (bool, error) {
		boundary, err := v.boundary(in.PermissionsBoundary)
		if err != nil {
			return false, err
		}
		return v.tx.PutBoundary(set.PermissionSetID, boundary)
	})
	return &api.PutPermissionsBoundaryToPermissionSetResponse{}, err
}

func (v *visit) boundary(b api.PermissionsBoundary) (store.Boundary, error) {
	if (b.ManagedPolicyARN == "") == (b.CustomerManagedPolicyReference == nil) {
		return store.Boundary{}, fault.Validation.Refuse("PermissionsBoundary must have exactly one of ManagedPolicyArn and CustomerManagedPolicyReference")
	}
	if b.CustomerManagedPolicyReference != nil {
		return store.Boundary{CustomerPolicy: customerPolicy(*b.CustomerManagedPolicyReference)}, nil
	}
	return store.Boundary{ManagedPolicyARN: b.ManagedPolicyARN}, v.checkManagedPolicy(b.ManagedPolicyARN)
}

const noBoundary = "Could not find a permissions boundary: set one with PutPermissionsBoundaryToPermissionSet"

// GetPermissionsBoundaryForPermissionSet tells the boundary of a permission set.
func (s *Service) GetPermissionsBoundaryForPermissionSet(ctx context.Context, caller api.Caller, in *api.GetPermissionsBoundaryForPermissionSetRequest) (*api.GetPermissionsBoundaryForPermissionSetResponse, error) {
	out := &api.GetPermissionsBoundaryForPermissionSetResponse{}
	err := s.readPermissionSet(ctx, caller, api.GetPermissionsBoundaryForPermissionSet.Operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) error {
		boundary, found, err := v.tx.Boundary(set.PermissionSetID)
		switch {
		case err != nil:
			return err
		case !found:
			return v.missing(noBoundary)
		}
		out.PermissionsBoundary = &api.PermissionsBoundary{ManagedPolicyARN: boundary.ManagedPolicyARN}
		if boundary.ManagedPolicyARN == "" {
			reference := presentPolicy(boundary.CustomerPolicy)
			out.PermissionsBoundary.CustomerManagedPolicyReference = &reference
		}
		return nil
	})
	return out, err
}

// DeletePermissionsBoundaryFromPermissionSet takes the boundary of a permission set.
func (s *Service) DeletePermissionsBoundaryFromPermissionSet(ctx context.Context, caller api.Caller, in *api.DeletePermissionsBoundaryFromPermissionSetRequest) (*api.DeletePermissionsBoundaryFromPermissionSetResponse, error) {
	err := s.changePermissionSet(ctx, caller, api.DeletePermissionsBoundaryFromPermissionSet.Operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) (bool, error) {
		deleted, err := v.tx.DeleteBoundary(set.PermissionSetID)
		if err == nil && !deleted {
			err = v.missing(noBoundary)
		}
		return deleted, err
	})
	return &api.DeletePermissionsBoundaryFromPermissionSetResponse{}, err
}
