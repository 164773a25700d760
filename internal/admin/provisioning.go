package admin

import (
	"cmp"
	"context"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/page"
	"sallyport/internal/store"
)

// allProvisionedAccounts is the ProvisionTargetType that names no account.
const allProvisionedAccounts = "ALL_PROVISIONED_ACCOUNTS"

// assignmentNotFound is the reason that AWS gives when a permission set is provisioned to an account that does not have it.
const assignmentNotFound = "Received a 404 status error: Assignment not found."

// selections are the values of ProvisioningStatus.
var selections = map[string]store.Provisioned{
	"":                                      store.ProvisionedAny,
	"LATEST_PERMISSION_SET_PROVISIONED":     store.ProvisionedLatest,
	"LATEST_PERMISSION_SET_NOT_PROVISIONED": store.ProvisionedOutdated,
}

// ProvisionPermissionSet brings accounts up to date with a permission set. What people may do does not wait for it: role credentials are
// of the permission set as it is. What changes is what the lists of provisioned permission sets and accounts say.
func (s *Service) ProvisionPermissionSet(ctx context.Context, caller api.Caller, in *api.ProvisionPermissionSetRequest) (*api.ProvisionPermissionSetResponse, error) {
	takes := s.delay()
	out := &api.ProvisionPermissionSetResponse{}
	err := s.change(ctx, caller, api.ProvisionPermissionSet.Operation, func(v *visit) (string, error) {
		set, err := v.permissionSet(in.InstanceARN, in.PermissionSetARN)
		if err != nil {
			return "", err
		}
		target := store.Assignment{PermissionSetID: set.PermissionSetID}
		if in.TargetType != allProvisionedAccounts {
			target.AccountID = in.TargetID
			err = v.checkProvisionTarget(in.TargetID)
		}
		if err != nil {
			return "", err
		}
		status, err := v.provision(target, takes)
		if err != nil {
			return "", err
		}
		out.PermissionSetProvisioningStatus = v.presentProvisioningStatus(status)
		return v.permissionSetARN(set.PermissionSetID) + " to " + cmp.Or(target.AccountID, "all accounts"), nil
	})
	return out, err
}

func (v *visit) checkProvisionTarget(accountID string) error {
	if accountID == "" {
		return fault.Validation.Refuse("TargetId must be the id of an account when TargetType is " + targetAccount)
	}
	return v.checkAccount(accountID)
}

func (v *visit) provision(target store.Assignment, takes time.Duration) (store.OperationStatus, error) {
	status := v.begin(target, takes)
	if target.AccountID != "" {
		there, err := v.tx.ProvisionedTo(target.PermissionSetID, target.AccountID)
		if err != nil {
			return status, err
		}
		if !there {
			status.Outcome, status.FailureReason = store.OperationFailed, assignmentNotFound
			return status, v.tx.AddOperationStatus(status)
		}
	}
	if err := v.tx.Provision(target.PermissionSetID, target.AccountID, status.EndsAt); err != nil {
		return status, err
	}
	return status, v.tx.AddOperationStatus(status)
}

func (v *visit) presentProvisioningStatus(o store.OperationStatus) *api.PermissionSetProvisioningStatus {
	return &api.PermissionSetProvisioningStatus{
		Status: o.Status(v.tx.Millis()), RequestID: o.RequestID, AccountID: o.Assignment.AccountID,
		PermissionSetARN: v.permissionSetARN(o.Assignment.PermissionSetID), FailureReason: v.failureReason(o),
		CreatedDate: api.Timestamp(o.CreatedAt),
	}
}

// DescribePermissionSetProvisioningStatus tells how the provisioning of a permission set went.
func (s *Service) DescribePermissionSetProvisioningStatus(ctx context.Context, caller api.Caller, in *api.DescribePermissionSetProvisioningStatusRequest) (*api.DescribePermissionSetProvisioningStatusResponse, error) {
	out := &api.DescribePermissionSetProvisioningStatusResponse{}
	err := s.read(ctx, caller, api.DescribePermissionSetProvisioningStatus.Operation, func(v *visit) error {
		status, err := v.operationStatus(in.InstanceARN, api.ProvisionPermissionSet.Operation, in.ProvisionPermissionSetRequestID)
		out.PermissionSetProvisioningStatus = v.presentProvisioningStatus(status)
		return err
	})
	return out, err
}

// ListPermissionSetProvisioningStatus lists what was provisioned lately, with how it went, the newest first.
func (s *Service) ListPermissionSetProvisioningStatus(ctx context.Context, caller api.Caller, in *api.ListPermissionSetProvisioningStatusRequest) (*api.ListPermissionSetProvisioningStatusResponse, error) {
	statuses, next, err := s.operationStatuses(ctx, caller, statusQuery{
		Operation: api.ListPermissionSetProvisioningStatus.Operation, Of: api.ProvisionPermissionSet.Operation,
		InstanceARN: in.InstanceARN, Filter: in.Filter, Size: in.MaxResults, Token: in.NextToken,
	})
	out := &api.ListPermissionSetProvisioningStatusResponse{NextToken: next}
	out.PermissionSetsProvisioningStatus = make([]api.PermissionSetProvisioningStatusMetadata, len(statuses))
	for n, status := range statuses {
		out.PermissionSetsProvisioningStatus[n] = api.PermissionSetProvisioningStatusMetadata(status)
	}
	return out, err
}

// ListPermissionSetsProvisionedToAccount lists the permission sets that somebody is assigned in an account, by id.
func (s *Service) ListPermissionSetsProvisionedToAccount(ctx context.Context, caller api.Caller, in *api.ListPermissionSetsProvisionedToAccountRequest) (*api.ListPermissionSetsProvisionedToAccountResponse, error) {
	operation := api.ListPermissionSetsProvisionedToAccount.Operation
	p, err := s.openPage(caller, page.Request{
		Operation: operation, Size: in.MaxResults, Token: in.NextToken, Of: []string{in.InstanceARN, in.AccountID, in.ProvisioningStatus},
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListPermissionSetsProvisionedToAccountResponse{}
	err = s.read(ctx, caller, operation, func(v *visit) error {
		if _, err := v.withPermissionSets(in.InstanceARN); err != nil {
			return err
		}
		if err := v.checkAccount(in.AccountID); err != nil {
			return err
		}
		ids, err := v.tx.ProvisionedPermissionSets(in.AccountID, selections[in.ProvisioningStatus], p.At(0), p.Limit+1)
		if err != nil {
			return err
		}
		ids, out.NextToken = page.Cut(p, ids, itself)
		out.PermissionSets = v.permissionSetARNs(ids)
		return nil
	})
	return out, err
}

// ListAccountsForProvisionedPermissionSet lists the accounts in which somebody is assigned a permission set, by id.
func (s *Service) ListAccountsForProvisionedPermissionSet(ctx context.Context, caller api.Caller, in *api.ListAccountsForProvisionedPermissionSetRequest) (*api.ListAccountsForProvisionedPermissionSetResponse, error) {
	operation := api.ListAccountsForProvisionedPermissionSet.Operation
	p, err := s.openPage(caller, page.Request{
		Operation: operation, Size: in.MaxResults, Token: in.NextToken, Of: []string{in.InstanceARN, in.PermissionSetARN, in.ProvisioningStatus},
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListAccountsForProvisionedPermissionSetResponse{}
	err = s.readPermissionSet(ctx, caller, operation, in.InstanceARN, in.PermissionSetARN, func(v *visit, set store.PermissionSet) error {
		ids, err := v.tx.ProvisionedAccounts(set.PermissionSetID, selections[in.ProvisioningStatus], p.At(0), p.Limit+1)
		if err != nil {
			return err
		}
		out.AccountIDs, out.NextToken = page.Cut(p, ids, itself)
		return nil
	})
	return out, err
}
