package policy

import "testing"

// parts are the policies of one access, each empty where there is none.
type parts struct{ identity, resource, limit string }

func access(t testing.TB, p parts) Access {
	t.Helper()
	set := func(kind Kind, name, document string) Set {
		if document == "" {
			return nil
		}
		return Set{{name, mustParse(t, kind, document)}}
	}
	a := Access{
		Request:         Request{Action: "sso-oauth:CreateTokenWithIAM", Resource: application},
		Identity:        set(Identity, "own", p.identity),
		Resource:        set(Resource, "actor policy", p.resource),
		ResourceAccount: account, ResourceRequired: true,
	}
	if p.limit != "" {
		a.Limits = []Limit{{"session policy", set(Session, "given", p.limit)}}
	}
	return a
}

const action = `"Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"`

var (
	may       = one(`"Effect":"Allow",` + action)
	mayNot    = one(`"Effect":"Deny",` + action)
	unrelated = one(`"Effect":"Allow","Action":"s3:*","Resource":"*"`)
)

func toPrincipal(effect, principal string) string {
	return one(`"Effect":"` + effect + `","Principal":` + principal + `,` + action)
}

func TestWhoseConsentAnAccessNeeds(t *testing.T) {
	var (
		byName    = toPrincipal("Allow", `{"AWS":["arn:aws:iam::111122223333:role/path/app","arn:aws:iam::444455556666:role/path/app"]}`)
		byAccount = toPrincipal("Allow", `{"AWS":["111122223333","444455556666"]}`)
	)
	cases := []struct {
		name   string
		caller Principal
		parts  parts
		want   Verdict
	}{
		{"nothing was said", session, parts{}, Verdict{By: ByResource}},
		{"its own policies are not enough", session, parts{identity: may}, Verdict{By: ByResource}},
		{"the resource's is enough in one account", session, parts{resource: byName}, Verdict{Allow, ByResource, "actor policy", "Statement[0]"}},
		{"an account leaves it to the caller's policies", session, parts{resource: byAccount}, Verdict{By: ByIdentity}},
		{"and they allow it", session, parts{identity: may, resource: byAccount}, Verdict{Allow, ByResource, "actor policy", "Statement[0]"}},
		{"across accounts the name is not enough", foreign, parts{resource: byName}, Verdict{By: ByIdentity}},
		{"both are", foreign, parts{identity: may, resource: byName}, Verdict{Allow, ByResource, "actor policy", "Statement[0]"}},
		{"across accounts its own are not enough", foreign, parts{identity: may}, Verdict{By: ByResource}},
		{"a deny of its own wins", session, parts{identity: mayNot, resource: byName}, Verdict{ExplicitDeny, ByIdentity, "own", "Statement[0]"}},
		{"a deny of the resource wins", session, parts{identity: may, resource: toPrincipal("Deny", `{"AWS":"111122223333"}`)}, Verdict{ExplicitDeny, ByResource, "actor policy", "Statement[0]"}},
		{"a deny of the session wins", session, parts{identity: may, resource: byName, limit: mayNot}, Verdict{ExplicitDeny, "session policy", "given", "Statement[0]"}},
		{"a session that allows something else narrows", session, parts{identity: may, resource: byName, limit: unrelated}, Verdict{By: "session policy"}},
		{"a session that allows it does not widen", session, parts{limit: may}, Verdict{By: ByResource}},
		{"a service has no policies of its own", service, parts{resource: toPrincipal("Allow", `{"Service":"qbusiness.amazonaws.com"}`)}, Verdict{Allow, ByResource, "actor policy", "Statement[0]"}},
		{"nobody is let in by accounts", Principal{}, parts{identity: may, resource: byAccount}, Verdict{By: ByResource}},
	}
	for _, c := range cases {
		a := access(t, c.parts)
		a.Principal = c.caller
		if got := Decide(a); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if Decide(a).Reason() == "" {
			t.Errorf("%s: no reason", c.name)
		}
	}
}

func TestWithoutAPolicyOfTheResourceTheCallersIsEnoughInOneAccount(t *testing.T) {
	for _, c := range []struct {
		name   string
		caller Principal
		parts  parts
		want   Decision
	}{
		{"of the account", session, parts{identity: may}, Allow},
		{"of another", foreign, parts{identity: may}, ImplicitDeny},
		{"without a policy", session, parts{}, ImplicitDeny},
		{"narrowed", session, parts{identity: may, limit: unrelated}, ImplicitDeny},
	} {
		a := access(t, c.parts)
		a.Principal, a.ResourceRequired = c.caller, false
		if got := Decide(a); got.Decision != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// The attack admin-sts-session-policy: a policy of a session with more rights than the role gives no more rights.
func TestLimitsOnlyNarrow(t *testing.T) {
	all := one(`"Effect":"Allow","Action":"*","Resource":"*"`)
	read := one(`"Effect":"Allow","Action":["sso:Get*","sso:List*"],"Resource":"*"`)
	for _, c := range []struct{ name, identity, limit, action string }{
		{"wider than the role", read, all, "sso:DeleteApplication"},
		{"narrower than the role", all, read, "sso:DeleteApplication"},
		{"neither knows the action", read, read, "sts:AssumeRole"},
	} {
		a := access(t, parts{identity: c.identity, limit: c.limit})
		a.Principal, a.Action, a.ResourceRequired = session, c.action, false
		if got := Decide(a); got.Decision != ImplicitDeny {
			t.Errorf("%s: %+v", c.name, got)
		}
		if a.Action = "sso:ListInstances"; Decide(a).Decision != Allow {
			t.Errorf("%s: what both allow is not allowed", c.name)
		}
	}
}
