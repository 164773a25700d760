package sts

import (
	"context"
	"fmt"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/policy"
	"sallyport/internal/shellwords"
	"sallyport/internal/store"
	"sallyport/internal/trace"
)

// permit lets a caller use an operation that is about no role, by the caller's own policies.
func (s *Service) permit(ctx context.Context, tx *store.Tx, caller api.Caller, action string) error {
	access, err := s.Access(ctx, tx, caller)
	if err != nil {
		return err
	}
	access.Request.Action, access.Request.Resource = action, "*"
	access.ResourceAccount = caller.Signer.Account
	verdict := policy.Decide(access)
	if verdict.Decision == policy.Allow {
		trace.From(ctx).Pass(action, "%s", verdict.Reason())
		return nil
	}
	explain(trace.From(ctx), access, verdict)
	if verdict.Decision == policy.ImplicitDeny && verdict.By == policy.ByIdentity {
		trace.From(ctx).Fix("%s", creds.AllowCommand(caller.Signer, action, "*"))
	}
	return fault.STSAccessDenied.Refuse(notAuthorized(caller.Signer.ARN, action, "*")).Because("%s", verdict.Reason())
}

func notAuthorized(caller, action, resource string) string {
	return "User: " + caller + " is not authorized to perform: " + action + " on resource: " + resource
}

// denial is what refused an access to a role.
type denial struct {
	access  policy.Access // with the action that is not allowed
	verdict policy.Verdict
}

// decide asks for each of the actions whether the access to the role allows it, and returns why the first is refused that it does not; nil when
// all are allowed. A role that does not exist is refused like one that trusts nobody.
func (s *Service) decide(ctx context.Context, signer *api.Signer, w *wanted, access policy.Access, actions []string) (*denial, error) {
	t := trace.From(ctx)
	var err error
	if access.Resource, err = s.trust(w); err != nil {
		return nil, err
	}
	access.Request.Resource, access.ResourceAccount, access.ResourceRequired = w.roleARN.String(), w.roleARN.Account, true
	w.describe(access.Context)
	if !w.found {
		t.Note("role", "there is no role %s", w.roleARN)
	}
	for _, action := range actions {
		access.Request.Action = action
		verdict := policy.Decide(access)
		if verdict.Decision != policy.Allow {
			explain(t, access, verdict)
			mend(t, signer, w, access, verdict)
			return &denial{access, verdict}, nil
		}
		t.Pass(action, "%s", verdict.Reason())
	}
	return nil, nil
}

// trust is the trust policy of the role, if there is one.
func (s *Service) trust(w *wanted) (policy.Set, error) {
	if !w.found {
		return nil, nil
	}
	document, err := s.policies.Parse(w.role.TrustPolicy, policy.Trust)
	if err != nil {
		return nil, fmt.Errorf("read the trust policy of role %s of account %s: %w", w.role.RoleName, w.role.AccountID, err)
	}
	return policy.Set{{Name: w.roleARN.String(), Policy: document}}, nil
}

// explain writes into the trace why an access was refused: which statement denies, or which comes nearest to allowing.
func explain(t *trace.Trace, access policy.Access, verdict policy.Verdict) {
	action := access.Request.Action
	switch {
	case t == nil:
	case verdict.Decision == policy.ExplicitDeny:
		t.Fail(action, "%s", verdict.Reason())
	case verdict.By == policy.ByResource:
		t.Fail(action, "the trust policy does not allow it: %s", access.Resource.Nearest(&access.Request))
	case verdict.By == policy.ByIdentity && access.ResourceRequired:
		t.Fail(action, "the trust policy leaves it to the caller's own policies, since it names an account, or is another account's: %s",
			access.Identity.Nearest(&access.Request))
	case verdict.By == policy.ByIdentity:
		t.Fail(action, "%s: %s", verdict.Reason(), access.Identity.Nearest(&access.Request))
	default:
		for _, limit := range access.Limits {
			if limit.Name == verdict.By {
				t.Fail(action, "%s: %s", verdict.Reason(), limit.Nearest(&access.Request))
			}
		}
	}
}

// mend names the command that would let the caller take on a role, where there is one: a denial and a session's limits are somebody's will.
// The trust policy that it gives the role says what the role's says already.
func mend(t *trace.Trace, signer *api.Signer, w *wanted, access policy.Access, verdict policy.Verdict) {
	if t == nil || verdict.Decision != policy.ImplicitDeny {
		return
	}
	switch {
	case verdict.By == policy.ByIdentity && signer != nil:
		t.Fix("%s", creds.AllowCommand(signer, access.Request.Action, access.Request.Resource))
	case verdict.By == policy.ByResource:
		word, trust := "update-role", w.role.TrustPolicy
		if !w.found {
			word, trust = "create-role", `{"Version":"2012-10-17","Statement":[]}`
		}
		command := "sallyport iam " + word + " " + w.roleARN.Name + " --account " + w.roleARN.Account + " --trust "
		document, err := policy.Append(trust, trusting(access))
		if err != nil || access.Principal.Kind == policy.Federated {
			// Whom else a provider vouches for, only the operator knows: such a statement wants a condition.
			t.Fix("%sFILE, with the statement %s", command, trusting(access))
			return
		}
		t.Fix("printf %%s %s | %s-", shellwords.Quote(document), command)
	}
}

// trusting is the statement that would let the caller in.
func trusting(access policy.Access) string {
	principal, kind := access.Principal.ARN, "AWS"
	switch access.Principal.Kind {
	case policy.AssumedRole:
		principal = access.Principal.RoleARN
	case policy.Federated:
		principal, kind = access.Principal.Provider, "Federated"
	}
	return `{"Effect":"Allow","Principal":{"` + kind + `":"` + principal + `"},"Action":"` + access.Request.Action + `"}`
}
