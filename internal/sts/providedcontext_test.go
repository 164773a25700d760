package sts

import (
	"context"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/store"
)

func TestASessionActsForThePersonOfItsContext(t *testing.T) {
	for kind, auditOnly := range map[creds.ContextKind]bool{creds.IdentityContext: false, creds.AuditContext: true} {
		b := newBench(t)
		text := b.person(kind)
		role := b.role("target", statements(trusts(awsPrincipal(opsARN), "", "sts:AssumeRole", "sts:SetContext")))
		out := b.mustAssume(b.user(home, "ops", ""), api.AssumeRoleRequest{RoleARN: role, ProvidedContexts: provide(text)})
		want := api.Person{
			UserID: "u-1", IdentityStoreARN: "arn:aws:identitystore::111122223333:identitystore/d-1234567890",
			InstanceARN: "arn:aws:sso:::instance/" + instance, ApplicationARN: applicationARN, CredentialID: "c-1", AuditOnly: auditOnly,
		}
		signer := b.with(out.Credentials).Signer
		if signer.OnBehalfOf == nil || *signer.OnBehalfOf != want || signer.ContextSessionID != "s-1" {
			t.Errorf("the signer is %+v, for %+v", signer, signer.OnBehalfOf)
		}
	}
}

func TestAContextThatIsNoneIsRefusedWithWhatToDo(t *testing.T) {
	b := newBench(t)
	text := b.person(creds.IdentityContext)
	role := b.role("target", statements(trusts(awsPrincipal(opsARN), "", "sts:*")))
	caller := b.user(home, "ops", "")
	jwt := b.registered(issuer, "x").sign(map[string]any{"sts:identity_context": "x"})
	session := b.mustAssume(caller, api.AssumeRoleRequest{RoleARN: role}).Credentials.SessionToken
	one := func(text string) []api.ProvidedContext { return provide(text) }
	cases := []struct {
		name     string
		provided []api.ProvidedContext
		want     string
	}{
		{"garbage", one("AQoJb3JpZ2luX2Vj"), "awsAdditionalDetails.identityContext of CreateTokenWithIAM"},
		{"nothing", one(""), "awsAdditionalDetails.identityContext"},
		{"the whole ID token", one(jwt), "is a whole JWT: pass its claim sts:identity_context alone"},
		{"a session token", one(session), "is not a context of this server"},
		{"a shortened context", one(text[:len(text)-1]), "is not a context of this server"},
		{"a context that is too long", one(text + strings.Repeat("A", 2049)), "is not a context of this server"},
		{"another provider", []api.ProvidedContext{{ProviderARN: "arn:aws:iam::" + home + ":contextProvider/IdentityCenter", ContextAssertion: text}}, "ProviderArn must be"},
		{"two contexts", append(provide(text), provide(text)...), "more than one"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := b.assume(caller, api.AssumeRoleRequest{RoleARN: role, ProvidedContexts: c.provided})
			refused(t, err, fault.ValidationError, c.want)
		})
	}
}

func TestAContextHoldsAsLongAsWhatIsBehindIt(t *testing.T) {
	status := func(user, application string) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			if err := tx.PutUser(store.User{UserID: "u-1", UserName: "alice", Status: user}); err != nil {
				return err
			}
			return tx.PutApplication(store.Application{ApplicationID: "apl-2222222222222222", InstanceID: instance, AccountID: home, Name: "app", Status: application})
		}
	}
	required := func(assigned ...store.ApplicationAssignment) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			app, _, err := tx.Application("apl-2222222222222222")
			if app.AssignmentRequired = true; err != nil {
				return err
			}
			if err := tx.PutApplication(app); err != nil {
				return err
			}
			if err := tx.AddMembership(store.Membership{GroupID: "g-1", UserID: "u-1"}); err != nil {
				return err
			}
			for _, a := range assigned {
				a.ApplicationID = app.ApplicationID
				if _, err := tx.AddApplicationAssignment(a); err != nil {
					return err
				}
			}
			return nil
		}
	}
	cases := []struct {
		name    string
		context creds.Context
		change  func(*store.Tx) error
		later   time.Duration
		kind    *fault.Kind // nil when it holds
	}{
		{name: "nothing happened"},
		{name: "shortly before its end", later: time.Hour - 20*time.Second},
		{name: "at its end", later: time.Hour, kind: fault.STSTokenExpired},
		{name: "the person is disabled", change: status(store.StatusDisabled, store.StatusEnabled), kind: fault.STSAccessDenied},
		{name: "the application is disabled", change: status(store.StatusEnabled, store.StatusDisabled), kind: fault.STSAccessDenied},
		{name: "the person is not assigned any more", change: required(), kind: fault.STSAccessDenied},
		{name: "the person is assigned", change: required(store.ApplicationAssignment{PrincipalType: "USER", PrincipalID: "u-1"})},
		{name: "a group of the person is assigned", change: required(store.ApplicationAssignment{PrincipalType: "GROUP", PrincipalID: "g-1"})},
		{name: "another group is assigned", change: required(store.ApplicationAssignment{PrincipalType: "GROUP", PrincipalID: "g-2"}), kind: fault.STSAccessDenied},
		{name: "the person is gone", change: func(tx *store.Tx) error { return tx.DeleteUser("u-1") }, kind: fault.STSAccessDenied},
		{name: "the session was ended", change: func(tx *store.Tx) error { _, err := tx.RevokeSession("s-1", "logout"); return err }, kind: fault.STSAccessDenied},
		{name: "a session that nobody knows", context: creds.Context{SessionID: "s-2"}, kind: fault.STSAccessDenied},
		{name: "a session of another person", context: creds.Context{UserID: "u-2"}, kind: fault.STSAccessDenied},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.person(creds.IdentityContext)
			text := b.context(c.context)
			role := b.role("target", statements(trusts(awsPrincipal(opsARN), "", "sts:*")))
			caller := b.user(home, "ops", "")
			if c.change != nil {
				b.Update(c.change)
			}
			b.Clock.Advance(c.later)
			_, err := b.assume(caller, api.AssumeRoleRequest{RoleARN: role, ProvidedContexts: provide(text)})
			if c.kind != nil {
				refused(t, err, c.kind, "call CreateTokenWithIAM")
			} else if err != nil {
				t.Error(err)
			}
			stranger := b.user(home, "stranger", "")
			_, err = b.assume(stranger, api.AssumeRoleRequest{RoleARN: role, ProvidedContexts: provide(text)})
			refused(t, err, fault.STSAccessDenied, "is not authorized") // who may not take on the role learns nothing of the person
		})
	}
}

// Attack sigv4-revoked-session: what hangs on the session of a person is cut off when somebody ends that, at once.
func TestCredentialsAreCutOffWithTheSessionOfThePerson(t *testing.T) {
	changes := map[string]func(*store.Tx) error{
		"the session is ended": func(tx *store.Tx) error { _, err := tx.RevokeSession("s-1", "logout"); return err },
		"the person is disabled": func(tx *store.Tx) error {
			return tx.PutUser(store.User{UserID: "u-1", UserName: "alice", Status: store.StatusDisabled})
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			text := b.person(creds.IdentityContext)
			all := statements(`{"Effect":"Allow","Action":"sts:*","Resource":"*"}`)
			role := b.role("target", statements(trusts(awsPrincipal(home), "", "sts:*")))
			next := b.role("next", statements(trusts(awsPrincipal(home), "", "sts:*")))
			b.give(home, "target", all)
			enhanced := b.mustAssume(b.user(home, "ops", all), api.AssumeRoleRequest{RoleARN: role, ProvidedContexts: provide(text)}).Credentials
			chained := b.mustAssume(b.with(enhanced), api.AssumeRoleRequest{RoleARN: next}).Credentials
			portal := creds.VendRole(b.s.Ring, creds.Role{
				Account: home, RoleName: "AWSReservedSSO_Admin_0123456789abcdef", SessionName: "alice", UserID: "u-1", UserSessionID: "s-1",
				ExpiresAt: b.Clock.Now().Add(time.Hour).UnixMilli(),
			})
			loose := b.vend()
			b.Update(change)
			for what, key := range map[string]api.Key{
				"of an identity-enhanced session": b.find(enhanced.AccessKeyID, enhanced.SessionToken),
				"of a session that it began":      b.find(chained.AccessKeyID, chained.SessionToken),
				"of the portal":                   b.find(portal.AccessKeyID, portal.SessionToken),
			} {
				if !key.Known || !key.Expired {
					t.Errorf("those %s are %+v", what, key)
				}
			}
			if key := b.find(loose.AccessKeyID, loose.SessionToken); key.Expired {
				t.Error("those of somebody else are cut off as well")
			}
		})
	}
}

// Whoever signed in for credentials, and takes on a role with the context of somebody else, has what they get as long as their own sign-in
// lasts: a context is no way to outlive it.
func TestAContextOfAnotherDoesNotKeepCredentialsWhoseOwnSessionWasEnded(t *testing.T) {
	for _, kind := range []creds.ContextKind{creds.IdentityContext, creds.AuditContext} {
		b := newBench(t)
		text := b.person(kind)
		b.Update(func(tx *store.Tx) error {
			if err := tx.PutUser(store.User{UserID: "u-2", UserName: "bob", Status: store.StatusEnabled}); err != nil {
				return err
			}
			return tx.AddSession(store.Session{SessionID: "s-2", UserID: "u-2", EndsAt: tx.Now.Add(time.Hour).UnixMilli()})
		})
		role := b.role("target", statements(trusts(awsPrincipal("*"), "", "sts:*")))
		next := b.role("next", statements(trusts(awsPrincipal("*"), "", "sts:*")))
		portal := creds.VendRole(b.s.Ring, creds.Role{
			Account: home, RoleName: "AWSReservedSSO_Ops_0123456789abcdef", SessionName: "bob", UserID: "u-2", UserSessionID: "s-2",
			ExpiresAt: b.Clock.Now().Add(time.Hour).UnixMilli(),
		})
		signer := portal.Signer()
		caller := api.Caller{Signer: &signer}
		enhanced := b.mustAssume(caller, api.AssumeRoleRequest{RoleARN: role, ProvidedContexts: provide(text)}).Credentials
		chained := b.mustAssume(b.with(enhanced), api.AssumeRoleRequest{RoleARN: next}).Credentials
		again := b.mustAssume(b.with(chained), api.AssumeRoleRequest{RoleARN: role, ProvidedContexts: provide(text)}).Credentials
		for step, ended := range []bool{false, true} {
			if ended {
				b.Update(func(tx *store.Tx) error { _, err := tx.RevokeSession("s-2", "logout"); return err })
			}
			for i, c := range []*api.SessionCredentials{enhanced, chained, again} {
				if key := b.find(c.AccessKeyID, c.SessionToken); !key.Known || key.Expired != ended {
					t.Errorf("step %d, credentials %d: %+v", step, i, key)
				}
			}
		}
	}
}

func TestTheTraceTellsWhatIsWrongWithAContext(t *testing.T) {
	b := newBench(t)
	text := b.person(creds.IdentityContext)
	role := b.role("target", statements(trusts(awsPrincipal(opsARN), "", "sts:*")))
	caller := b.user(home, "ops", "")
	ask := func(text string) string {
		return traced(func(ctx context.Context) {
			b.s.AssumeRole(ctx, caller, &api.AssumeRoleRequest{RoleARN: role, RoleSessionName: "session", ProvidedContexts: provide(text)})
		})
	}
	if got := ask(text); !strings.Contains(got, "ok   context: of application "+applicationARN+" for user u-1, credential c-1") ||
		!strings.Contains(got, "ok   sts:SetContext: Statement[0] of the resource policy "+role+" allows it") {
		t.Errorf("of a good one: %s", got)
	}
	if got := ask("garbage"); !strings.Contains(got, "FAIL context: ContextAssertion of 7 characters was not sealed by this server") {
		t.Errorf("of garbage: %s", got)
	}
	b.Update(func(tx *store.Tx) error {
		return tx.PutApplication(store.Application{ApplicationID: "apl-2222222222222222", InstanceID: instance, AccountID: home, Name: "app", Status: store.StatusDisabled})
	})
	if got := ask(text); !strings.Contains(got, "aws sso-admin update-application --application-arn "+applicationARN+" --status ENABLED") {
		t.Errorf("of a disabled application: %s", got)
	}
	b.Clock.Advance(time.Hour + time.Minute)
	if got := ask(text); !strings.Contains(got, "FAIL context: expired 1m") || strings.Contains(got, text) {
		t.Errorf("of one that is over: %s", got)
	}
}
