package admin

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/store"
)

// provisionedAccounts lists the accounts of a set, in pages of one.
func (b *bench) provisionedAccounts(set, status string) []string {
	b.t.Helper()
	one := int64(1)
	return slices.Concat(pages(b.t, func(token string) ([]string, string) {
		out := must(b, b.ListAccountsForProvisionedPermissionSet, owner, api.ListAccountsForProvisionedPermissionSetRequest{
			InstanceARN: homeARN, PermissionSetARN: set, ProvisioningStatus: status, MaxResults: &one, NextToken: token,
		})
		return out.AccountIDs, out.NextToken
	})...)
}

func (b *bench) provisionedSets(account, status string) []string {
	b.t.Helper()
	one := int64(1)
	return slices.Concat(pages(b.t, func(token string) ([]string, string) {
		out := must(b, b.ListPermissionSetsProvisionedToAccount, owner, api.ListPermissionSetsProvisionedToAccountRequest{
			InstanceARN: homeARN, AccountID: account, ProvisioningStatus: status, MaxResults: &one, NextToken: token,
		})
		return out.PermissionSets, out.NextToken
	})...)
}

const (
	latest   = "LATEST_PERMISSION_SET_PROVISIONED"
	outdated = "LATEST_PERMISSION_SET_NOT_PROVISIONED"
)

func TestProvisioningBringsAccountsUpToDate(t *testing.T) {
	b := newBench(t)
	first, second, third := "000000000001", "000000000002", "000000000003"
	b.newAccount(first, second, third)
	set := b.newSet("set")
	b.assign(first, set, store.PrincipalUser, alice)
	b.assign(second, set, store.PrincipalUser, alice)
	change := func() {
		t.Helper()
		must(b, b.AttachManagedPolicyToPermissionSet, owner, api.AttachManagedPolicyToPermissionSetRequest{
			InstanceARN: homeARN, PermissionSetARN: set, ManagedPolicyARN: readOnly + b.Clock.Now().Format("150405"),
		})
		b.Clock.Advance(time.Second)
	}
	provision := func(target string) api.PermissionSetProvisioningStatus {
		t.Helper()
		in := api.ProvisionPermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set, TargetType: allProvisionedAccounts}
		if target != "" {
			in.TargetType, in.TargetID = targetAccount, target
		}
		made := *must(b, b.ProvisionPermissionSet, owner, in).PermissionSetProvisioningStatus
		described := must(b, b.DescribePermissionSetProvisioningStatus, owner, api.DescribePermissionSetProvisioningStatusRequest{
			InstanceARN: homeARN, ProvisionPermissionSetRequestID: made.RequestID,
		})
		if *described.PermissionSetProvisioningStatus != made || made.AccountID != target || made.PermissionSetARN != set || made.CreatedDate == 0 {
			t.Errorf("made is %+v, described %+v", made, *described.PermissionSetProvisioningStatus)
		}
		return made
	}
	expect := func(when string, upToDate, behind []string) {
		t.Helper()
		for status, want := range map[string][]string{latest: upToDate, outdated: behind, "": slices.Sorted(slices.Values(slices.Concat(upToDate, behind)))} {
			if got := b.provisionedAccounts(set, status); !slices.Equal(got, want) {
				t.Errorf("%s: accounts with %q are %v, want %v", when, status, got, want)
			}
			for _, account := range []string{first, second, third} {
				if got := len(b.provisionedSets(account, status)) == 1; got != slices.Contains(want, account) {
					t.Errorf("%s: %s is listed with %q: %v", when, account, status, got)
				}
			}
		}
	}
	expect("the first assignment provisions", []string{first, second}, nil)
	change()
	expect("after a change", nil, []string{first, second})
	if got := provision(first); got.Status != store.OperationSucceeded {
		t.Errorf("provisioning is %s", got.Status)
	}
	expect("one account provisioned", []string{first}, []string{second})
	b.assign(third, set, store.PrincipalUser, bob)
	expect("an account that comes later", []string{first, third}, []string{second})
	provision("")
	expect("all accounts provisioned", []string{first, second, third}, nil)
	must(b, b.UpdatePermissionSet, owner, api.UpdatePermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set, SessionDuration: "PT2H"})
	b.AssignmentDelay = func() time.Duration { return time.Minute }
	if got := provision(""); got.Status != store.OperationInProgress {
		t.Errorf("delayed provisioning is %s", got.Status)
	}
	expect("while it is provisioned", nil, []string{first, second, third})
	b.Clock.Advance(time.Minute)
	expect("once it was provisioned", []string{first, second, third}, nil)
	provision("")
	expect("while what is up to date is provisioned again", []string{first, second, third}, nil)
}

func TestProvisioningWhereNobodyIsAssignedFails(t *testing.T) {
	b := newBench(t)
	b.newAccount(workAccount)
	set := b.newSet("set")
	in := api.ProvisionPermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set, TargetType: targetAccount, TargetID: workAccount}
	got := must(b, b.ProvisionPermissionSet, owner, in).PermissionSetProvisioningStatus
	if got.Status != store.OperationFailed || !strings.Contains(got.FailureReason, "Assignment not found") {
		t.Errorf("the status is %+v", got)
	}
	failed := must(b, b.ListPermissionSetProvisioningStatus, owner, api.ListPermissionSetProvisioningStatusRequest{
		InstanceARN: homeARN, Filter: &api.OperationStatusFilter{Status: store.OperationFailed},
	}).PermissionSetsProvisioningStatus
	if len(failed) != 1 || failed[0].RequestID != got.RequestID {
		t.Errorf("the failed are %v", failed)
	}
	b.AssignmentDelay = func() time.Duration { return time.Minute }
	if got := must(b, b.ProvisionPermissionSet, owner, in).PermissionSetProvisioningStatus; got.Status != store.OperationInProgress || got.FailureReason != "" {
		t.Errorf("the failure is told before its time: %+v", got)
	}
	b.AssignmentDelay = nil
	in.TargetID = "000000000009"
	refused(b, b.ProvisionPermissionSet, owner, fault.NotFound, in)
	in.TargetID = ""
	refused(b, b.ProvisionPermissionSet, owner, fault.Validation, in)
}
