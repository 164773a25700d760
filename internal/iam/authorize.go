package iam

import (
	"context"
	"slices"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/policy"
	"sallyport/internal/store"
	"sallyport/internal/trace"
)

// Authorize decides by the policies of the signer whether it may call the operation with the input. Only principals of the account that
// owns the instance administer it, and those of delegated accounts: whatever the policies of another account say is that account's word
// about its own.
func (s *Service) Authorize(ctx context.Context, caller api.Caller, op *api.Operation, input any) error {
	if op.OwnAuthorization || op.Auth != api.AuthSigV4 {
		return nil
	}
	if caller.Signer == nil { // the rim lets nobody come so far; that it does is not for a room to trust
		return fault.AdminAccessDenied.Refuse("the request is not signed")
	}
	var access policy.Access
	var instance store.Instance
	err := s.Store.Recall(ctx, func(tx *store.Tx) (err error) {
		if instance, _, err = tx.Instance(); err != nil {
			return err
		}
		access, err = s.Access(ctx, tx, caller)
		return err
	})
	if err != nil {
		return err
	}
	access.Request.Action = op.Service.IAMPrefix + ":" + op.Name
	describe(access.Context, op, input)
	about := resourcesOf(op, input, instance.OwnerAccountID)
	access.Request.Resource = about[0]
	access.ResourceAccount = caller.Signer.Account // identity policies alone decide, once the account may administer at all
	t := trace.From(ctx).Group("identity policies")
	if caller.Signer.Account != instance.OwnerAccountID && !slices.Contains(s.Delegated, caller.Signer.Account) {
		t.Fail("account", "%s is not the account that owns the instance, which is %s", caller.Signer.Account, instance.OwnerAccountID)
		t.Fix("in the settings, add %s to member_accounts if its principals may configure, and start the server again", caller.Signer.Account)
		return denied(access, "the instance belongs to another account: call with credentials of its owner")
	}
	t.Pass("account", "%s administers the instance", caller.Signer.Account)
	return decide(t, caller.Signer, access, about)
}

// decide asks about everything that the call is about: who may use a permission set does not thereby reach every account with it.
func decide(t *trace.Trace, signer *api.Signer, access policy.Access, about []string) error {
	for _, resource := range about {
		access.Request.Resource = resource
		verdict := policy.Decide(access)
		explain(t, signer, access, verdict, about)
		if verdict.Decision == policy.Allow {
			continue
		}
		because := verdict.Reason()
		if verdict.Decision == policy.ExplicitDeny { // which policy it is, is for operators
			because = "of an explicit deny (" + verdict.By + ")"
		}
		return denied(access, because).Because("%s", verdict.Reason())
	}
	return nil
}

func denied(a policy.Access, because string) *fault.Refusal {
	return fault.AdminAccessDenied.Refuse("User: " + a.Principal.ARN + " is not authorized to perform: " + a.Action +
		" on resource: " + a.Request.Resource + " because " + because)
}

// explain writes the decision for operators, with the command that would change it.
func explain(t *trace.Trace, signer *api.Signer, a policy.Access, v policy.Verdict, about []string) {
	if t == nil {
		return
	}
	if v.Decision == policy.Allow {
		t.Pass(a.Action, "on %s: %s", a.Request.Resource, v.Reason())
		return
	}
	nearest := a.Identity
	for _, limit := range a.Limits {
		if limit.Name == v.By {
			nearest = limit.Set
		}
	}
	if v.Decision == policy.ExplicitDeny {
		t.Fail(a.Action, "on %s: %s", a.Request.Resource, v.Reason())
		return
	}
	t.Fail(a.Action, "on %s: %s: %s", a.Request.Resource, v.Reason(), nearest.Nearest(&a.Request))
	if v.By == policy.ByIdentity {
		t.Fix("%s", creds.AllowCommand(signer, a.Action, about...))
	}
}
