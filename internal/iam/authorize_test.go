package iam

import (
	"net/netip"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/policy"
	"sallyport/internal/store"
	"sallyport/internal/trace"
)

const instanceARN = "arn:aws:sso:::instance/" + instance

func allow(action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"*"}]}`
}

// authorize asks for ListApplications of the instance.
func (b *bench) authorize(signer api.Signer) error {
	return b.s.Authorize(ctx, api.Caller{Signer: &signer, Address: netip.MustParseAddr("203.0.113.9")}, api.ListApplications.Operation,
		&api.ListApplicationsRequest{InstanceARN: instanceARN})
}

func TestWhoMayAdminister(t *testing.T) {
	b := newBench(t)
	user := func(account, name string, documents ...string) api.Signer {
		_, key := b.user(account, name, documents...)
		return b.find(key.AccessKeyID, "").Signer
	}
	role := func(name string, documents ...string) api.Signer {
		return b.find(b.key(b.role(owner, name, documents...).Principal()).AccessKeyID, "").Signer
	}
	narrowed := func(s api.Signer, documents ...string) api.Signer { s.SessionPolicies = documents; return s }
	behalf := func(s api.Signer, p api.Person) api.Signer { s.OnBehalfOf = &p; return s }
	condition := func(text string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":` + text + `}]}`
	}
	resource := func(text string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"` + text + `"}]}`
	}
	deny := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sso:List*","Resource":"*"}]}`
	tagged := user(owner, "tagged", condition(`{"StringEquals":{"aws:PrincipalTag/team":"blue"}}`))
	tagged.Tags = map[string]string{"team": "blue"}
	impostor := user(owner, "impostor", admin)
	impostor.UserID = "AIDAOTHER"
	cases := []struct {
		name   string
		signer api.Signer
		want   string // words of the refusal; empty when it is allowed
	}{
		{"a user with a policy for everything", user(owner, "all", admin), ""},
		{"a user with a policy for the action", user(owner, "one", allow("sso:ListApplications")), ""},
		{"a user with a policy for the instance", user(owner, "its", resource(instanceARN)), ""},
		{"a user without policies", user(owner, "none"), "no identity policy allows it"},
		{"a user with a policy for something else", user(owner, "other", allow("sts:*")), "no identity policy allows it"},
		{"a user with a policy for another instance", user(owner, "elsewhere", resource("arn:aws:sso:::instance/ssoins-2222222222222222")), "no identity policy allows it"},
		{"a user who is denied", user(owner, "denied", admin, deny), "of an explicit deny (identity policy)"},
		{"a user of another account, whatever its policies say", user(member, "foreign", admin), "another account"},
		{"another user of that name", impostor, "no identity policy allows it"},
		{"a role", role("admin", admin), ""},
		{"a role without policies", role("none"), "no identity policy allows it"},
		{"a role of the name of a user", role("all"), "no identity policy allows it"},
		{"a session that is narrowed to it", narrowed(role("narrow", admin), allow("sso:*")), ""},
		{"a session that one of its policies lets", narrowed(role("two", admin), allow("sts:*"), allow("sso:*")), ""},
		{"a session that is narrowed to something else", narrowed(role("away", admin), allow("sts:*")), "no session policy allows it"},
		{"a session that asks for more than its role has", narrowed(role("wide"), admin), "no identity policy allows it"},
		{"a session that speaks for a person", behalf(role("person", admin), api.Person{UserID: "u-1"}), "boundary of identity-enhanced sessions"},
		{"a session that tells of a person for the audit", behalf(role("audit", admin), api.Person{UserID: "u-1", AuditOnly: true}), ""},
		{"a condition on the address", user(owner, "here", condition(`{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`)), ""},
		{"a condition on another address", user(owner, "there", condition(`{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`)), "no identity policy allows it"},
		{"a condition on the name", user(owner, "named", condition(`{"StringEquals":{"aws:username":"named"}}`)), ""},
		{"a condition on a tag", tagged, ""},
	}
	for _, c := range cases {
		err := b.authorize(c.signer)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		wantRefusal(t, err, fault.AdminAccessDenied, c.want)
		wantRefusal(t, err, fault.AdminAccessDenied, "User: "+c.signer.ARN+" is not authorized to perform: sso:ListApplications on resource: "+instanceARN)
	}
	b.s.Delegated = []string{member}
	if err := b.authorize(user(member, "delegate", admin)); err != nil {
		t.Errorf("a user of a delegated account: %v", err)
	}
}

func TestAPersonAdministersByThePoliciesOfTheirPermissionSet(t *testing.T) {
	b := newBench(t)
	set := store.PermissionSet{PermissionSetID: "ps-1111111111111111", Name: "Ops_Team", SessionDurationS: 3600}
	const managed = "arn:aws:iam::aws:policy/"
	b.Update(func(tx *store.Tx) error { return tx.PutPermissionSet(set) })
	signer := creds.Role{Account: owner, RoleName: creds.ReservedRoleName(set.Name, set.PermissionSetID, owner), SessionName: "alice"}.Signer()
	steps := []struct {
		name   string
		change func(*store.Tx) (bool, error)
		want   string
	}{
		{"without policies", nil, "no identity policy allows it"},
		{"with a policy of AWS that is not known here", func(tx *store.Tx) (bool, error) {
			return tx.AttachManagedPolicy(set.PermissionSetID, managed+"AmazonS3FullAccess")
		}, "no identity policy allows it"},
		{"with one for something else", func(tx *store.Tx) (bool, error) { return tx.PutInlinePolicy(set.PermissionSetID, allow("sts:*")) }, "no identity policy allows it"},
		{"with one for reading", func(tx *store.Tx) (bool, error) {
			return tx.AttachManagedPolicy(set.PermissionSetID, managed+"ReadOnlyAccess")
		}, ""},
		{"with a boundary of the accounts", func(tx *store.Tx) (bool, error) {
			return tx.PutBoundary(set.PermissionSetID, store.Boundary{CustomerPolicy: store.CustomerPolicy{Name: "limits", Path: "/"}})
		}, "no permissions boundary allows it"},
		{"with a boundary of AWS", func(tx *store.Tx) (bool, error) {
			return tx.PutBoundary(set.PermissionSetID, store.Boundary{ManagedPolicyARN: managed + "AdministratorAccess"})
		}, ""},
		{"with an inline policy alone", func(tx *store.Tx) (bool, error) {
			if _, err := tx.PutInlinePolicy(set.PermissionSetID, allow("sso:*")); err != nil {
				return false, err
			}
			return tx.DetachManagedPolicy(set.PermissionSetID, managed+"ReadOnlyAccess")
		}, ""},
	}
	for _, c := range steps {
		if c.change != nil {
			b.Update(func(tx *store.Tx) error { _, err := c.change(tx); return err })
		}
		if err := b.authorize(signer); c.want == "" && err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if c.want != "" {
			wantRefusal(t, err, fault.AdminAccessDenied, c.want)
		}
	}
	another := creds.Role{Account: owner, RoleName: creds.ReservedRoleName(set.Name, "ps-2222222222222222", owner), SessionName: "alice"}.Signer()
	wantRefusal(t, b.authorize(another), fault.AdminAccessDenied, "no identity policy allows it") // a set of that name that was deleted
	elsewhere := creds.Role{Account: member, RoleName: creds.ReservedRoleName(set.Name, set.PermissionSetID, member), SessionName: "alice"}.Signer()
	wantRefusal(t, b.authorize(elsewhere), fault.AdminAccessDenied, "another account")
}

func TestEveryInputNamesWhatItIsAbout(t *testing.T) {
	const application = "arn:aws:sso::111122223333:application/ssoins-1111111111111111/apl-1111111111111111"
	const set = "arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-1111111111111111"
	const account, store = "arn:aws:sso:::account/222233334444", "arn:aws:identitystore::111122223333:identitystore/d-1111111111"
	const people = "arn:aws:identitystore:::"
	cases := []struct {
		op    *api.Operation
		input any
		want  string // with a blank between
	}{
		{api.ListInstances.Operation, &api.ListInstancesRequest{}, "*"},
		{api.CreateApplication.Operation, &api.CreateApplicationRequest{InstanceARN: instanceARN}, instanceARN},
		{api.PutApplicationGrant.Operation, &api.PutApplicationGrantRequest{ApplicationARN: application}, application},
		{api.CreateAccountAssignment.Operation, &api.CreateAccountAssignmentRequest{InstanceARN: instanceARN, PermissionSetARN: set, TargetID: "222233334444"},
			set + " " + account + " " + instanceARN},
		{api.ListAccountAssignments.Operation, &api.ListAccountAssignmentsRequest{InstanceARN: instanceARN, PermissionSetARN: set, AccountID: "222233334444"},
			set + " " + account + " " + instanceARN},
		{api.DeletePermissionSet.Operation, &api.DeletePermissionSetRequest{InstanceARN: instanceARN, PermissionSetARN: set}, set + " " + instanceARN},
		{api.TagResource.Operation, &api.TagResourceRequest{InstanceARN: instanceARN, ResourceARN: set}, set},
		{api.ListUsers.Operation, &api.ListUsersRequest{IdentityStoreID: "d-1111111111"}, store},
		{api.UpdateUser.Operation, &api.UpdateUserRequest{IdentityStoreID: "d-1111111111", UserID: "u-1"}, store + " " + people + "user/u-1"},
		{api.CreateGroupMembership.Operation, &api.CreateGroupMembershipRequest{IdentityStoreID: "d-1111111111", GroupID: "g-1", MemberID: api.MemberID{UserID: "u-1"}},
			store + " " + people + "group/g-1 " + people + "user/u-1"},
		{api.IsMemberInGroups.Operation, &api.IsMemberInGroupsRequest{IdentityStoreID: "d-1111111111", GroupIDs: []string{"g-1", "g-2"}, MemberID: api.MemberID{UserID: "u-1"}},
			store + " " + people + "group/g-1 " + people + "group/g-2 " + people + "user/u-1"},
		{api.DeleteGroupMembership.Operation, &api.DeleteGroupMembershipRequest{IdentityStoreID: "d-1111111111", MembershipID: "m-1"}, store + " " + people + "membership/m-1"},
	}
	for _, c := range cases {
		if got := strings.Join(resourcesOf(c.op, c.input, owner), " "); got != c.want {
			t.Errorf("%s is about %s, want %s", c.op.Name, got, c.want)
		}
	}
	// Every other operation that Authorize decides is about something, or is one that names nothing.
	nothing := map[string]bool{"ListInstances": true, "CreateInstance": true, "ListApplicationProviders": true, "DescribeApplicationProvider": true}
	for _, service := range []*api.Service{api.SSOAdmin, api.IdentityStore} {
		for _, op := range service.Operations {
			named := false
			for _, member := range resourceMembers {
				named = named || op.Input.Member(member.name) != nil
			}
			if named == nothing[op.Name] {
				t.Errorf("%s: names what it is about: %t", op.Name, named)
			}
		}
	}
}

// Who may give one permission set in one account must not give it in another, and a deny of any of the resources counts (AWS:
// CreateAccountAssignment needs instance, permission set and account).
func TestACallIsAllowedOnEverythingThatItIsAbout(t *testing.T) {
	b := newBench(t)
	const set = "arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-1111111111111111"
	const account, directory, person = "arn:aws:sso:::account/222233334444", "arn:aws:identitystore::111122223333:identitystore/d-1111111111", "arn:aws:identitystore:::user/u-1"
	assign := func(account string) func(api.Caller) error {
		return func(caller api.Caller) error {
			return b.s.Authorize(ctx, caller, api.CreateAccountAssignment.Operation, &api.CreateAccountAssignmentRequest{
				InstanceARN: instanceARN, PermissionSetARN: set, TargetID: account, TargetType: "AWS_ACCOUNT"})
		}
	}
	update := func(id string) func(api.Caller) error {
		return func(caller api.Caller) error {
			return b.s.Authorize(ctx, caller, api.UpdateUser.Operation, &api.UpdateUserRequest{IdentityStoreID: "d-1111111111", UserID: id})
		}
	}
	tag := func(key, value string) func(api.Caller) error {
		return func(caller api.Caller) error {
			return b.s.Authorize(ctx, caller, api.TagResource.Operation, &api.TagResourceRequest{ResourceARN: set, Tags: []api.Tag{{Key: key, Value: value}}})
		}
	}
	untag := func(caller api.Caller) error {
		return b.s.Authorize(ctx, caller, api.UntagResource.Operation, &api.UntagResourceRequest{ResourceARN: set, TagKeys: []string{"team", "owner"}})
	}
	on := func(effect string, resources ...string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"*","Resource":["` + strings.Join(resources, `","`) + `"]}]}`
	}
	when := func(effect, condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"*","Resource":"*","Condition":` + condition + `}]}`
	}
	cases := []struct {
		name     string
		policies []string
		call     func(api.Caller) error
		want     string // words of the refusal; empty when it is allowed
	}{
		{"an assignment of all three", []string{on("Allow", instanceARN, set, account)}, assign("222233334444"), ""},
		{"an assignment in another account", []string{on("Allow", instanceARN, set, account)}, assign("333344445555"), "on resource: arn:aws:sso:::account/333344445555 because no identity policy"},
		{"an assignment without the instance", []string{on("Allow", set, account)}, assign("222233334444"), "on resource: " + instanceARN},
		{"an assignment in an account that is denied", []string{admin, on("Deny", account)}, assign("222233334444"), "of an explicit deny"},
		{"an assignment in an instance that is denied", []string{admin, on("Deny", instanceARN)}, assign("222233334444"), "of an explicit deny"},
		{"a person", []string{on("Allow", directory, person)}, update("u-1"), ""},
		{"another person", []string{on("Allow", directory, person)}, update("u-2"), "on resource: arn:aws:identitystore:::user/u-2"},
		{"a person who is denied", []string{admin, on("Deny", person)}, update("u-1"), "of an explicit deny"},
		{"a tag", []string{when("Allow", `{"StringEquals":{"aws:RequestTag/team":"blue"}}`)}, tag("team", "blue"), ""},
		{"a tag of another value", []string{when("Allow", `{"StringEquals":{"aws:RequestTag/team":"blue"}}`)}, tag("team", "red"), "no identity policy"},
		{"a tag that is denied", []string{admin, when("Deny", `{"ForAnyValue:StringEquals":{"aws:TagKeys":"team"}}`)}, tag("team", "blue"), "of an explicit deny"},
		{"a tag that may not be taken away", []string{admin, when("Deny", `{"ForAnyValue:StringEquals":{"aws:TagKeys":"owner"}}`)}, untag, "of an explicit deny"},
	}
	for i, c := range cases {
		_, key := b.user(owner, "caller"+string(rune('a'+i)), c.policies...)
		signer := b.find(key.AccessKeyID, "").Signer
		err := c.call(api.Caller{Signer: &signer})
		if c.want == "" && err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if c.want != "" {
			wantRefusal(t, err, fault.AdminAccessDenied, c.want)
		}
	}
}

func TestARefusalIsExplainedWithTheCommandThatMendsIt(t *testing.T) {
	b := newBench(t)
	_, key := b.user(owner, "alice", allow("sts:*"))
	signer := b.find(key.AccessKeyID, "").Signer
	traced, tr := trace.With(ctx)
	err := b.s.Authorize(traced, api.Caller{Signer: &signer}, api.ListApplications.Operation, &api.ListApplicationsRequest{InstanceARN: instanceARN})
	wantRefusal(t, err, fault.AdminAccessDenied, "identity policy")
	var text strings.Builder
	if err := tr.Record().Text(&text, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"111122223333 administers the instance", "Statement[0] of a does not have the action sso:ListApplications", "sallyport iam put-user-policy alice --account 111122223333"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the explanation lacks %q:\n%s", want, text.String())
		}
	}
}

func TestOperationsThatDecideThemselvesAndUnsignedOnes(t *testing.T) {
	b := newBench(t)
	if err := b.s.Authorize(ctx, api.Caller{}, api.AssumeRole.Operation, &api.AssumeRoleRequest{}); err != nil {
		t.Errorf("AssumeRole decides itself: %v", err)
	}
	err := b.s.Authorize(ctx, api.Caller{}, api.ListInstances.Operation, &api.ListInstancesRequest{})
	wantRefusal(t, err, fault.AdminAccessDenied, "not signed")
}

func (b *bench) access(caller api.Caller) (a policy.Access, err error) {
	err = b.s.Store.View(ctx, func(tx *store.Tx) error {
		a, err = b.s.Access(ctx, tx, caller)
		return err
	})
	return a, err
}

func TestWhatTheCallersSideSays(t *testing.T) {
	b := newBench(t)
	_, key := b.user(owner, "alice", admin)
	signer := b.find(key.AccessKeyID, "").Signer
	signer.OnBehalfOf = &api.Person{UserID: "u-1", CredentialID: "c"}
	signer.Region = "us-east-1"
	access, err := b.access(api.Caller{Signer: &signer})
	if err != nil || len(access.Identity) != 1 || len(access.Limits) != 1 || access.Principal.ARN != signer.ARN {
		t.Fatalf("%+v, %v", access, err)
	}
	for key, want := range map[string]string{"identitystore:UserId": "u-1", "aws:RequestedRegion": "us-east-1", "aws:username": "alice"} {
		if got := access.Context[key]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q", key, got)
		}
	}
	if access, err := b.access(api.Caller{}); err != nil || access.Identity != nil || access.Principal.ARN != "" {
		t.Errorf("nobody: %+v, %v", access, err)
	}
}

func TestARequestCostsNoParsing(t *testing.T) {
	b := newBench(t)
	_, key := b.user(owner, "alice", admin)
	signer := b.find(key.AccessKeyID, "").Signer
	first, err := b.access(api.Caller{Signer: &signer})
	if err != nil {
		t.Fatal(err)
	}
	second, err := b.access(api.Caller{Signer: &signer})
	if err != nil || first.Identity[0].Policy != second.Identity[0].Policy {
		t.Errorf("the policy was read again (%v)", err)
	}
}
