package sts

import (
	"cmp"
	"context"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/policy"
	"sallyport/internal/store"
	"sallyport/internal/trace"
)

// assertedContext is a context that a caller provided, opened. A nil one is none.
type assertedContext struct{ creds.Context }

// readContext opens the context that a caller provides. The model has up to five; more than one, and other providers than IAM Identity
// Center, AWS does not have either.
func (s *Service) readContext(ctx context.Context, provided []api.ProvidedContext) (*assertedContext, error) {
	t := trace.From(ctx)
	switch {
	case len(provided) == 0:
		return nil, nil
	case len(provided) > 1:
		return nil, fault.ValidationError.Refuse("ProvidedContexts has more than one context: pass the identity context, or the audit context, alone")
	case provided[0].ProviderARN != arn.IdentityCenterContext:
		return nil, fault.ValidationError.Refuse("ProviderArn must be " + arn.IdentityCenterContext)
	}
	opened, ok := creds.OpenContext(s.Ring, provided[0].ContextAssertion)
	if ok {
		t.Pass("context", "of application %s for user %s, credential %s", opened.ApplicationARN, opened.UserID, opened.CredentialID)
		return &assertedContext{opened}, nil
	}
	t.Fail("context", "ContextAssertion of %d characters was not sealed by this server", len(provided[0].ContextAssertion))
	advice := "ContextAssertion is not a context of this server: pass awsAdditionalDetails.identityContext of CreateTokenWithIAM"
	if isJWT(provided[0].ContextAssertion) {
		advice = "ContextAssertion is a whole JWT: pass its claim sts:identity_context alone, or awsAdditionalDetails.identityContext of CreateTokenWithIAM"
	}
	return nil, fault.ValidationError.Refuse(advice)
}

// isJWT tells whether somebody pasted a token where one claim of it belongs. It is a guess for a better sentence.
func isJWT(text string) bool { return strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 2 }

// checkContext tells in lapsed why a context is of no use any more: it has expired, the session, the person or the application behind it has
// gone, or the person may not use the application any more.
func checkContext(ctx context.Context, tx *store.Tx, c *assertedContext) (lapsed, err error) {
	if c == nil {
		return nil, nil
	}
	t := trace.From(ctx)
	if over := tx.Millis() - c.ExpiresAt; over >= 0 {
		t.Fail("context", "expired %s ago", time.Duration(over)*time.Millisecond)
		return fault.STSTokenExpired.Refuse("The context has expired: call CreateTokenWithIAM again, and pass the context of its answer"), nil
	}
	session, user, found, err := tx.SessionAndUser(c.SessionID)
	if err != nil {
		return nil, err
	}
	assigned := false
	if found {
		if assigned, err = stillAssigned(tx, session); err != nil {
			return nil, err
		}
	}
	switch {
	case !found || user.UserID != c.UserID:
		t.Fail("context", "the session or the person of the context is gone")
	case user.Status != store.StatusEnabled:
		t.Fail("context", "user %s is disabled", user.UserID)
		t.Fix("%s", creds.EnableAdvice(user))
	case !session.ClientStands():
		t.Fail("context", "application %s, or one whose token was exchanged for its own, is disabled or gone", c.ApplicationARN)
		t.Fix("aws sso-admin update-application --application-arn %s --status ENABLED", c.ApplicationARN)
	case !session.Live(tx):
		t.Fail("context", "the session of the context was ended: %s", cmp.Or(session.RevokedBecause, "its time is over"))
	case !assigned:
		t.Fail("context", "user %s is no longer assigned to application %s", user.UserID, c.ApplicationARN)
		t.Fix("aws sso-admin create-application-assignment --application-arn %s --principal-type USER --principal-id %s", c.ApplicationARN, user.UserID)
	default:
		return nil, nil
	}
	return fault.STSAccessDenied.Refuse("The session that the context belongs to has ended: call CreateTokenWithIAM with a new token of the person"), nil
}

// describe adds the condition keys of the context, of which one for auditing has none but its provider (IAM: sts:RequestContext).
func (c *assertedContext) describe(into policy.Context) {
	into.Set("sts:RequestContextProviders", arn.IdentityCenterContext)
	creds.DescribePerson(into, "sts:RequestContext/", c.person())
}

// stillAssigned asks whether the person may use the application of the session, as it is asked when tokens are issued: new credentials are no
// less than a new token.
func stillAssigned(tx *store.Tx, session store.Session) (bool, error) {
	application, found, err := tx.Application(session.ApplicationID)
	if err != nil || found && !application.AssignmentRequired {
		return true, err
	}
	return tx.AssignedToApplication(session.ApplicationID, session.UserID)
}

func (c *assertedContext) person() *api.Person {
	return &api.Person{
		UserID: c.UserID, IdentityStoreARN: c.IdentityStoreARN, InstanceARN: c.InstanceARN, ApplicationARN: c.ApplicationARN,
		CredentialID: c.CredentialID, AuditOnly: c.Kind == creds.AuditContext,
	}
}
