package sts

import (
	"context"

	"sallyport/internal/api"
	"sallyport/internal/arn"
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

// decide asks for each of the actions whether the access to a role allows it, and returns the first that it does not.
func decide(ctx context.Context, access policy.Access, actions []string) (refused string, verdict policy.Verdict) {
	for _, action := range actions {
		access.Request.Action = action
		if verdict = policy.Decide(access); verdict.Decision != policy.Allow {
			explain(trace.From(ctx), access, verdict)
			return action, verdict
		}
		trace.From(ctx).Pass(action, "%s", verdict.Reason())
	}
	return "", verdict
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
// The trust policy that it gives the role says what the role's says already; empty is that of a role that is to be made.
func mend(t *trace.Trace, signer *api.Signer, role arn.Role, trust string, access policy.Access, verdict policy.Verdict) {
	if t == nil || verdict.Decision != policy.ImplicitDeny {
		return
	}
	switch {
	case verdict.By == policy.ByIdentity && signer != nil:
		t.Fix("%s", creds.AllowCommand(signer, access.Request.Action, access.Request.Resource))
	case verdict.By == policy.ByResource:
		word := "update-role"
		if trust == "" {
			word, trust = "create-role", `{"Version":"2012-10-17","Statement":[]}`
		}
		command := "sallyport iam " + word + " " + role.Name + " --account " + role.Account + " --trust "
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
