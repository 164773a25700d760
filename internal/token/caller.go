package token

import (
	"cmp"
	"context"
	"fmt"

	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/policy"
	"sallyport/internal/shellwords"
	"sallyport/internal/store"
	"sallyport/internal/trace"
)

// permit decides whether the application may be used, and whether the caller may use it.
func (s *Service) permit(ctx context.Context, r *applicationRequest) error {
	checks := trace.From(ctx)
	if !r.app.Enabled() {
		checks.Fail("application", "%s is %s", r.app.ARN(), r.app.Status)
		fixStatus(checks, r.app)
		return applicationUnknown.Because("application %s is %s", r.app.ApplicationID, r.app.Status)
	}
	checks.Pass("application", "%s is enabled", r.app.ARN())
	return s.checkCaller(ctx, r)
}

// fixStatus names the command that enables an application.
func fixStatus(checks *trace.Trace, app application) {
	checks.Fix("aws sso-admin update-application --application-arn %s --status %s", app.ARN(), store.StatusEnabled)
}

// actionCreateToken is what the policy of an application has to allow.
const actionCreateToken = "sso-oauth:CreateTokenWithIAM"

// checkCaller asks the policy of the application and those of the caller.
func (s *Service) checkCaller(ctx context.Context, r *applicationRequest) error {
	checks := trace.From(ctx)
	if r.caller.Signer == nil {
		checks.Fail("caller", "the request is not signed")
		return fault.AccessDenied.Refuse("The request has to be signed with AWS credentials")
	}
	access, err := s.question(r)
	if err != nil {
		return err
	}
	verdict := policy.Decide(access)
	if verdict.Decision == policy.Allow {
		checks.Pass("caller", "%s: %s", r.caller.Signer.ARN, verdict.Reason())
		return nil
	}
	checks.Fail("caller", "%s: %s", r.caller.Signer.ARN, verdict.Reason())
	needed := "The actor policy of the application has to allow it, and no policy may deny it"
	switch {
	case verdict.Decision != policy.ImplicitDeny:
	case verdict.By == policy.ByResource:
		if nearest := access.Resource.Nearest(&access.Request); nearest != "" {
			checks.Note("actor policy", "%s", nearest)
		}
		r.fixActorPolicy(checks)
	case verdict.By == policy.ByIdentity:
		needed = "The actor policy of the application leaves it to the policies of the caller, one of which has to allow it"
		if nearest := access.Identity.Nearest(&access.Request); nearest != "" {
			checks.Note("identity policies", "%s", nearest)
		}
		checks.Fix("%s", creds.AllowCommand(r.caller.Signer, actionCreateToken, r.app.ARN()))
	}
	return fault.AccessDenied.Refuse("User: "+r.caller.Signer.ARN+" is not authorized to perform: "+actionCreateToken+
		" on resource: "+r.app.ARN()+". "+needed).Because("%s", verdict.Reason())
}

// fixActorPolicy names the command that would let the caller act as the application. The command replaces the whole policy, so what the policy
// says already stands there as well.
func (r *applicationRequest) fixActorPolicy(checks *trace.Trace) {
	document, err := policy.Append(cmp.Or(r.app.ActorPolicy, `{"Version":"2012-10-17","Statement":[]}`),
		`{"Effect":"Allow","Principal":{"AWS":"`+cmp.Or(r.caller.Signer.RoleARN, r.caller.Signer.ARN)+`"},"Action":"`+actionCreateToken+`","Resource":"*"}`)
	if err != nil {
		return // it was parsed to decide this
	}
	checks.Fix("aws sso-admin put-application-authentication-method --application-arn %s --authentication-method-type IAM --authentication-method %s",
		r.app.ARN(), shellwords.Quote(`{"Iam":{"ActorPolicy":`+document+`}}`))
}

// question is what the policies are asked. Those of the caller are as they were first read; that of the application is of the latest reading.
func (s *Service) question(r *applicationRequest) (policy.Access, error) {
	q := r.access
	q.Action, q.Request.Resource = actionCreateToken, r.app.ARN()
	q.ResourceAccount, q.ResourceRequired = r.app.AccountID, true
	if r.app.ActorPolicy == "" {
		return q, nil
	}
	actors, err := s.policies.Parse(r.app.ActorPolicy, policy.Resource)
	if err != nil {
		return policy.Access{}, fmt.Errorf("read the actor policy of application %s: %w", r.app.ApplicationID, err)
	}
	q.Resource = policy.Set{{Name: "ActorPolicy", Policy: actors}}
	return q, nil
}
