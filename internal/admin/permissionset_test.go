package admin

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

// newSet makes a permission set and returns its ARN.
func (b *bench) newSet(name string) string {
	b.t.Helper()
	return must(b, b.CreatePermissionSet, owner, api.CreatePermissionSetRequest{InstanceARN: homeARN, Name: name}).PermissionSet.PermissionSetARN
}

func (b *bench) describeSet(set string) api.PermissionSet {
	b.t.Helper()
	return *must(b, b.DescribePermissionSet, owner, api.DescribePermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set}).PermissionSet
}

func TestAPermissionSetIsDescribedAsItWasMade(t *testing.T) {
	b := newBench(t)
	cases := []struct {
		name string
		in   api.CreatePermissionSetRequest
		want api.PermissionSet
	}{
		{"with a name alone it lasts an hour", api.CreatePermissionSetRequest{Name: "plain"}, api.PermissionSet{Name: "plain", SessionDuration: "PT1H"}},
		{"a duration is told as it was written", api.CreatePermissionSetRequest{Name: "minutes", SessionDuration: "PT90M"},
			api.PermissionSet{Name: "minutes", SessionDuration: "PT90M"}},
		{"with everything", api.CreatePermissionSetRequest{
			Name: "full", Description: "all of it", SessionDuration: "PT12H", RelayState: "https://console.aws.amazon.com/s3?region=eu-central-1",
			Tags: []api.Tag{{Key: "team", Value: "blue"}},
		}, api.PermissionSet{
			Name: "full", Description: "all of it", SessionDuration: "PT12H", RelayState: "https://console.aws.amazon.com/s3?region=eu-central-1",
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.in.InstanceARN = homeARN
			made := *must(b, b.CreatePermissionSet, owner, c.in).PermissionSet
			if !strings.HasPrefix(made.PermissionSetARN, "arn:aws:sso:::permissionSet/"+homeInstance+"/ps-") || made.CreatedDate == 0 {
				t.Errorf("made %+v", made)
			}
			c.want.PermissionSetARN, c.want.CreatedDate = made.PermissionSetARN, made.CreatedDate
			if made != c.want {
				t.Errorf("made %+v, want %+v", made, c.want)
			}
			if got := b.describeSet(made.PermissionSetARN); got != c.want {
				t.Errorf("described as %+v, want %+v", got, c.want)
			}
			tags := must(b, b.ListTagsForResource, owner, api.ListTagsForResourceRequest{InstanceARN: homeARN, ResourceARN: made.PermissionSetARN}).Tags
			if len(tags) != len(c.in.Tags) {
				t.Errorf("it has the tags %v, want %v", tags, c.in.Tags)
			}
		})
	}
}

func TestWhatNoPermissionSetMayBeIsRefused(t *testing.T) {
	b := newBench(t)
	b.newSet("taken")
	cases := []struct {
		name string
		in   api.CreatePermissionSetRequest
		kind *fault.Kind
		want string // in the sentence
	}{
		{"a name that is taken", api.CreatePermissionSetRequest{Name: "taken"}, fault.Conflict, "PermissionSet with name taken already exists."},
		{"a duration under an hour", api.CreatePermissionSetRequest{SessionDuration: "PT59M"}, fault.Validation, "SessionDuration"},
		{"a duration over twelve hours", api.CreatePermissionSetRequest{SessionDuration: "PT12H1S"}, fault.Validation, "SessionDuration"},
		{"a negative duration", api.CreatePermissionSetRequest{SessionDuration: "-PT2H"}, fault.Validation, "SessionDuration"},
		{"a relay state that is a script", api.CreatePermissionSetRequest{RelayState: "javascript:alert(1)"}, fault.Validation, "RelayState"},
		{"a relay state that is a script in disguise", api.CreatePermissionSetRequest{RelayState: "jAvAsCrIpT://a/%0Aalert(1)"}, fault.Validation, "RelayState"},
		{"a relay state of data", api.CreatePermissionSetRequest{RelayState: "data:text/html,x"}, fault.Validation, "RelayState"},
		{"a relay state in the clear", api.CreatePermissionSetRequest{RelayState: "http://console.aws.amazon.com"}, fault.Validation, "RelayState"},
		{"a relay state without scheme", api.CreatePermissionSetRequest{RelayState: "//console.aws.amazon.com"}, fault.Validation, "RelayState"},
		{"a relay state without host", api.CreatePermissionSetRequest{RelayState: "https:///path"}, fault.Validation, "RelayState"},
		{"a relay state with a user name", api.CreatePermissionSetRequest{RelayState: "https://console.aws.amazon.com@evil.example"}, fault.Validation, "RelayState"},
		{"a relay state with a backslash", api.CreatePermissionSetRequest{RelayState: `https://a.example/\evil.example`}, fault.Validation, "RelayState"},
		{"two tags of one key", api.CreatePermissionSetRequest{Tags: []api.Tag{{Key: "k", Value: "1"}, {Key: "k", Value: "2"}}}, fault.Validation, ""},
	}
	events := b.Rows("audit_event")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.in.InstanceARN, c.in.Name = homeARN, cmp.Or(c.in.Name, "new")
			if got := refused(b, b.CreatePermissionSet, owner, c.kind, c.in); !strings.Contains(got, c.want) {
				t.Errorf("refused with %q, want %q in it", got, c.want)
			}
		})
	}
	if b.Rows("permission_set") != 1 || b.Rows("audit_event") != events {
		t.Error("something was made or recorded")
	}
}

func TestAnUpdateChangesWhatIsSent(t *testing.T) {
	b := newBench(t)
	set := must(b, b.CreatePermissionSet, owner, api.CreatePermissionSetRequest{
		InstanceARN: homeARN, Name: "set", Description: "old", SessionDuration: "PT2H", RelayState: "https://old.example/",
	}).PermissionSet.PermissionSetARN
	steps := []struct {
		name    string
		in      api.UpdatePermissionSetRequest
		want    string // description, duration and relay state
		changes int64  // audit rows
	}{
		{"a description and the relay state again", api.UpdatePermissionSetRequest{Description: "new", RelayState: "https://old.example/"},
			"new PT2H https://old.example/", 1},
		{"the same again changes nothing", api.UpdatePermissionSetRequest{Description: "new", RelayState: "https://old.example/"},
			"new PT2H https://old.example/", 0},
		{"a duration without relay state takes the relay state", api.UpdatePermissionSetRequest{SessionDuration: "PT3H"}, "new PT3H ", 1},
		{"the same duration in other words", api.UpdatePermissionSetRequest{SessionDuration: "PT180M"}, "new PT180M ", 1},
		{"nothing at all", api.UpdatePermissionSetRequest{}, "new PT180M ", 0},
		{"a relay state", api.UpdatePermissionSetRequest{RelayState: "https://new.example/"}, "new PT180M https://new.example/", 1},
	}
	for _, step := range steps {
		step.in.InstanceARN, step.in.PermissionSetARN = homeARN, set
		before := b.Rows("audit_event")
		must(b, b.UpdatePermissionSet, owner, step.in)
		got := b.describeSet(set)
		if text := got.Description + " " + got.SessionDuration + " " + got.RelayState; text != step.want {
			t.Errorf("%s: %q, want %q", step.name, text, step.want)
		}
		if rows := b.Rows("audit_event") - before; rows != step.changes {
			t.Errorf("%s: %d audit rows, want %d", step.name, rows, step.changes)
		}
	}
	for _, in := range []api.UpdatePermissionSetRequest{{RelayState: "javascript:alert(1)"}, {SessionDuration: "PT1M"}} {
		in.InstanceARN, in.PermissionSetARN = homeARN, set
		refused(b, b.UpdatePermissionSet, owner, fault.Validation, in)
	}
}

func TestTheRoleOfAPersonLastsAsLongAsTheSetSays(t *testing.T) {
	b := newBench(t)
	b.newAccount(workAccount)
	set := b.newSet("set")
	b.assign(workAccount, set, store.PrincipalUser, alice)
	must(b, b.UpdatePermissionSet, owner, api.UpdatePermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set, SessionDuration: "PT90M"})
	b.Update(func(tx *store.Tx) error {
		role, held, err := tx.AssignedRole(alice, workAccount, "set")
		if !held || role.SessionDurationS != 5_400 {
			t.Errorf("the role lasts %d seconds (%v), want 5400", role.SessionDurationS, held)
		}
		return err
	})
}

func TestPermissionSetsAreListedOnceEach(t *testing.T) {
	b := newBench(t)
	var want []string
	for n := range 7 {
		want = append(want, b.newSet(fmt.Sprintf("set-%d", n)))
	}
	slices.Sort(want)
	three := int64(3)
	got := pages(t, func(token string) ([]string, string) {
		out := must(b, b.ListPermissionSets, owner, api.ListPermissionSetsRequest{InstanceARN: homeARN, MaxResults: &three, NextToken: token})
		return out.PermissionSets, out.NextToken
	})
	if len(got) != 3 || !slices.Equal(slices.Concat(got...), want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}

func TestAPermissionSetGoesWhenNobodyIsAssignedIt(t *testing.T) {
	b := newBench(t)
	b.newAccount(workAccount)
	set := b.newSet("set")
	b.assign(workAccount, set, store.PrincipalGroup, builders)
	in := api.DeletePermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set}
	refused(b, b.DeletePermissionSet, owner, fault.Conflict, in)
	b.unassign(workAccount, set, store.PrincipalGroup, builders)
	must(b, b.DeletePermissionSet, owner, in)
	refused(b, b.DeletePermissionSet, owner, fault.NotFound, in)
	if got := refused(b, b.DescribePermissionSet, owner, fault.NotFound, api.DescribePermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set}); !strings.HasPrefix(got, "Could not find PermissionSet with id ps-") {
		t.Errorf("refused with %q", got)
	}
	b.newSet("set") // the name is free again, and the id another
}

func TestOnlyTheOwnerOfTheOrganizationInstanceHasPermissionSets(t *testing.T) {
	b := newBench(t)
	mine := b.newInstance(other)
	cases := []struct {
		name   string
		caller api.Caller
		in     string
		kind   *fault.Kind
	}{
		{"another account at the organization instance", other, homeARN, fault.AdminAccessDenied},
		{"an account at its own instance", other, mine, fault.Validation},
		{"the owner at an instance that does not exist", owner, "arn:aws:sso:::instance/ssoins-9999999999999999", fault.NotFound},
		{"nobody", api.Caller{}, homeARN, fault.AdminAccessDenied},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			refused(b, b.CreatePermissionSet, c.caller, c.kind, api.CreatePermissionSetRequest{InstanceARN: c.in, Name: "set"})
			refused(b, b.ListPermissionSets, c.caller, c.kind, api.ListPermissionSetsRequest{InstanceARN: c.in})
			refused(b, b.ListAccountAssignmentCreationStatus, c.caller, c.kind, api.ListAccountAssignmentCreationStatusRequest{InstanceARN: c.in})
		})
	}
}

func TestThereAreAsManyPermissionSetsAsTheQuotaAllows(t *testing.T) {
	b := newBench(t)
	b.Update(func(tx *store.Tx) error {
		for n := range rules.MaxPermissionSets - 1 {
			id := fmt.Sprintf("ps-%016d", n)
			if err := tx.PutPermissionSet(store.PermissionSet{PermissionSetID: id, Name: id}); err != nil {
				return err
			}
		}
		return nil
	})
	b.newSet("last")
	refused(b, b.CreatePermissionSet, owner, fault.QuotaExceeded, api.CreatePermissionSetRequest{InstanceARN: homeARN, Name: "beyond"})
}

const (
	readEverything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}`
	readOnly       = "arn:aws:iam::aws:policy/ReadOnlyAccess"
	jobFunction    = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
)

func TestAnInlinePolicyIsKeptAsItWasSent(t *testing.T) {
	b := newBench(t)
	set := b.newSet("set")
	get := func() string {
		out := must(b, b.GetInlinePolicyForPermissionSet, owner, api.GetInlinePolicyForPermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set})
		if out.InlinePolicy == nil {
			t.Fatal("the answer has no InlinePolicy")
		}
		return *out.InlinePolicy
	}
	if got := get(); got != "" {
		t.Errorf("a new permission set has the policy %q", got)
	}
	none := ""
	wire := api.GetInlinePolicyForPermissionSet.Output().AppendJSON(nil, &api.GetInlinePolicyForPermissionSetResponse{InlinePolicy: &none})
	if string(wire) != `{"InlinePolicy":""}` {
		t.Errorf("no policy is %s on the wire", wire)
	}
	spaced := strings.Replace(readEverything, ",", ",\n\t  ", 1) + strings.Repeat(" ", 20_000)
	for _, document := range []string{readEverything, spaced} {
		must(b, b.PutInlinePolicyToPermissionSet, owner, api.PutInlinePolicyToPermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set, InlinePolicy: document})
		if got := get(); got != document {
			t.Errorf("got %q, want %q", got, document)
		}
	}
	long := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::` + strings.Repeat("x", 10_240) + `"}]}`
	cases := []struct {
		name, document string
		kind           *fault.Kind
	}{
		{"no JSON", "{", fault.Validation},
		{"another JSON", `{"a":1}`, fault.Validation},
		{"a policy with a principal", strings.Replace(readEverything, `"Action"`, `"Principal":"*","Action"`, 1), fault.Validation},
		{"an unknown condition operator", strings.Replace(readEverything, `"Action"`, `"Condition":{"StringIsh":{"aws:username":"a"}},"Action"`, 1), fault.Validation},
		{"more than 10,240 characters", long, fault.QuotaExceeded},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			refused(b, b.PutInlinePolicyToPermissionSet, owner, c.kind, api.PutInlinePolicyToPermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set, InlinePolicy: c.document})
			if get() != spaced {
				t.Error("the policy was changed")
			}
		})
	}
	for range 2 { // the second time there is none
		must(b, b.DeleteInlinePolicyFromPermissionSet, owner, api.DeleteInlinePolicyFromPermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set})
		if got := get(); got != "" {
			t.Errorf("after its removal the policy is %q", got)
		}
	}
}

func TestPoliciesOfAWSAreAttachedAndDetached(t *testing.T) {
	b := newBench(t)
	set := b.newSet("set")
	attach := func(arn string) api.AttachManagedPolicyToPermissionSetRequest {
		return api.AttachManagedPolicyToPermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set, ManagedPolicyARN: arn}
	}
	detach := func(arn string) api.DetachManagedPolicyFromPermissionSetRequest {
		return api.DetachManagedPolicyFromPermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set, ManagedPolicyARN: arn}
	}
	one := int64(1)
	list := func() string {
		var all []string
		for _, page := range pages(t, func(token string) ([]api.AttachedManagedPolicy, string) {
			out := must(b, b.ListManagedPoliciesInPermissionSet, owner, api.ListManagedPoliciesInPermissionSetRequest{
				InstanceARN: homeARN, PermissionSetARN: set, MaxResults: &one, NextToken: token,
			})
			return out.AttachedManagedPolicies, out.NextToken
		}) {
			for _, policy := range page {
				all = append(all, policy.Name+"="+policy.ARN)
			}
		}
		return strings.Join(all, " ")
	}
	must(b, b.AttachManagedPolicyToPermissionSet, owner, attach(jobFunction))
	must(b, b.AttachManagedPolicyToPermissionSet, owner, attach(readOnly))
	if got, want := list(), "ReadOnlyAccess="+readOnly+" ViewOnlyAccess="+jobFunction; got != want {
		t.Errorf("attached are %s, want %s", got, want)
	}
	refused(b, b.AttachManagedPolicyToPermissionSet, owner, fault.Conflict, attach(readOnly))
	refused(b, b.AttachManagedPolicyToPermissionSet, owner, fault.NotFound, attach("arn:aws:iam::aws:policy/"+strings.Repeat("x", 101)))
	must(b, b.DetachManagedPolicyFromPermissionSet, owner, detach(readOnly))
	refused(b, b.DetachManagedPolicyFromPermissionSet, owner, fault.NotFound, detach(readOnly))
	if got, want := list(), "ViewOnlyAccess="+jobFunction; got != want {
		t.Errorf("attached are %s, want %s", got, want)
	}
}

func TestPoliciesOfTheAccountsAreReferredTo(t *testing.T) {
	b := newBench(t)
	set := b.newSet("set")
	reference := func(name, path string) api.CustomerManagedPolicyReference {
		return api.CustomerManagedPolicyReference{Name: name, Path: path}
	}
	attach := func(r api.CustomerManagedPolicyReference) api.AttachCustomerManagedPolicyReferenceToPermissionSetRequest {
		return api.AttachCustomerManagedPolicyReferenceToPermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set, CustomerManagedPolicyReference: r}
	}
	detach := func(r api.CustomerManagedPolicyReference) api.DetachCustomerManagedPolicyReferenceFromPermissionSetRequest {
		return api.DetachCustomerManagedPolicyReferenceFromPermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set, CustomerManagedPolicyReference: r}
	}
	one := int64(1)
	list := func() []api.CustomerManagedPolicyReference {
		return slices.Concat(pages(t, func(token string) ([]api.CustomerManagedPolicyReference, string) {
			out := must(b, b.ListCustomerManagedPolicyReferencesInPermissionSet, owner, api.ListCustomerManagedPolicyReferencesInPermissionSetRequest{
				InstanceARN: homeARN, PermissionSetARN: set, MaxResults: &one, NextToken: token,
			})
			return out.CustomerManagedPolicyReferences, out.NextToken
		})...)
	}
	must(b, b.AttachCustomerManagedPolicyReferenceToPermissionSet, owner, attach(reference("builders", "/team/")))
	must(b, b.AttachCustomerManagedPolicyReferenceToPermissionSet, owner, attach(reference("builders", "")))
	refused(b, b.AttachCustomerManagedPolicyReferenceToPermissionSet, owner, fault.Conflict, attach(reference("builders", "/"))) // the path when none is given
	if got, want := list(), []api.CustomerManagedPolicyReference{reference("builders", "/"), reference("builders", "/team/")}; !slices.Equal(got, want) {
		t.Errorf("referred to are %v, want %v", got, want)
	}
	must(b, b.DetachCustomerManagedPolicyReferenceFromPermissionSet, owner, detach(reference("builders", "/")))
	refused(b, b.DetachCustomerManagedPolicyReferenceFromPermissionSet, owner, fault.NotFound, detach(reference("builders", "")))
	if got, want := list(), []api.CustomerManagedPolicyReference{reference("builders", "/team/")}; !slices.Equal(got, want) {
		t.Errorf("referred to are %v, want %v", got, want)
	}
}

func TestPoliciesOfBothKindsCountTogether(t *testing.T) {
	b := newBench(t)
	set := b.newSet("set")
	managed := func(n int) api.AttachManagedPolicyToPermissionSetRequest {
		return api.AttachManagedPolicyToPermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set, ManagedPolicyARN: fmt.Sprint(readOnly, n)}
	}
	customer := func(n int) api.AttachCustomerManagedPolicyReferenceToPermissionSetRequest {
		return api.AttachCustomerManagedPolicyReferenceToPermissionSetRequest{
			InstanceARN: homeARN, PermissionSetARN: set, CustomerManagedPolicyReference: api.CustomerManagedPolicyReference{Name: fmt.Sprint("p", n)},
		}
	}
	for n := range rules.MaxAttachedPolicies / 2 {
		must(b, b.AttachManagedPolicyToPermissionSet, owner, managed(n))
		must(b, b.AttachCustomerManagedPolicyReferenceToPermissionSet, owner, customer(n))
	}
	refused(b, b.AttachManagedPolicyToPermissionSet, owner, fault.QuotaExceeded, managed(99))
	refused(b, b.AttachCustomerManagedPolicyReferenceToPermissionSet, owner, fault.QuotaExceeded, customer(99))
}

func TestABoundaryIsOneOfTwo(t *testing.T) {
	b := newBench(t)
	set := b.newSet("set")
	put := func(boundary api.PermissionsBoundary) api.PutPermissionsBoundaryToPermissionSetRequest {
		return api.PutPermissionsBoundaryToPermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set, PermissionsBoundary: boundary}
	}
	get := api.GetPermissionsBoundaryForPermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set}
	take := api.DeletePermissionsBoundaryFromPermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set}
	refused(b, b.GetPermissionsBoundaryForPermissionSet, owner, fault.NotFound, get)
	refused(b, b.DeletePermissionsBoundaryFromPermissionSet, owner, fault.NotFound, take)
	refused(b, b.PutPermissionsBoundaryToPermissionSet, owner, fault.Validation, put(api.PermissionsBoundary{}))
	refused(b, b.PutPermissionsBoundaryToPermissionSet, owner, fault.Validation, put(api.PermissionsBoundary{
		ManagedPolicyARN: readOnly, CustomerManagedPolicyReference: &api.CustomerManagedPolicyReference{Name: "p"},
	}))
	must(b, b.PutPermissionsBoundaryToPermissionSet, owner, put(api.PermissionsBoundary{ManagedPolicyARN: readOnly}))
	if got := must(b, b.GetPermissionsBoundaryForPermissionSet, owner, get).PermissionsBoundary; got.ManagedPolicyARN != readOnly || got.CustomerManagedPolicyReference != nil {
		t.Errorf("the boundary is %+v", got)
	}
	must(b, b.PutPermissionsBoundaryToPermissionSet, owner, put(api.PermissionsBoundary{CustomerManagedPolicyReference: &api.CustomerManagedPolicyReference{Name: "p", Path: "/team/"}}))
	got := must(b, b.GetPermissionsBoundaryForPermissionSet, owner, get).PermissionsBoundary
	if got.ManagedPolicyARN != "" || got.CustomerManagedPolicyReference == nil || *got.CustomerManagedPolicyReference != (api.CustomerManagedPolicyReference{Name: "p", Path: "/team/"}) {
		t.Errorf("the boundary is %+v", got)
	}
	must(b, b.DeletePermissionsBoundaryFromPermissionSet, owner, take)
	refused(b, b.GetPermissionsBoundaryForPermissionSet, owner, fault.NotFound, get)
}

// The attack admin-audit-complete, for this half of the service.
func TestEveryChangeOfAPermissionSetHasOneAuditRow(t *testing.T) {
	b := newBench(t)
	b.newAccount(workAccount)
	set := b.newSet("set")
	steps := []struct {
		name  string
		names map[string]string
		want  int64 // rows
	}{
		{"PutInlinePolicyToPermissionSet", nil, 1}, {"PutInlinePolicyToPermissionSet", nil, 0}, // the same again
		{"GetInlinePolicyForPermissionSet", nil, 0},
		{"DeleteInlinePolicyFromPermissionSet", nil, 1}, {"DeleteInlinePolicyFromPermissionSet", nil, 0},
		{"AttachManagedPolicyToPermissionSet", nil, 1}, {"AttachManagedPolicyToPermissionSet", nil, 0}, // refused
		{"ListManagedPoliciesInPermissionSet", nil, 0},
		{"DetachManagedPolicyFromPermissionSet", nil, 1}, {"DetachManagedPolicyFromPermissionSet", nil, 0},
		{"AttachCustomerManagedPolicyReferenceToPermissionSet", nil, 1}, {"AttachCustomerManagedPolicyReferenceToPermissionSet", nil, 0},
		{"ListCustomerManagedPolicyReferencesInPermissionSet", nil, 0},
		{"DetachCustomerManagedPolicyReferenceFromPermissionSet", nil, 1}, {"DetachCustomerManagedPolicyReferenceFromPermissionSet", nil, 0},
		{"PutPermissionsBoundaryToPermissionSet", nil, 1}, {"PutPermissionsBoundaryToPermissionSet", nil, 0},
		{"GetPermissionsBoundaryForPermissionSet", nil, 0},
		{"DeletePermissionsBoundaryFromPermissionSet", nil, 1}, {"DeletePermissionsBoundaryFromPermissionSet", nil, 0},
		{"UpdatePermissionSet", map[string]string{"Description": "new"}, 1}, {"UpdatePermissionSet", nil, 0},
		{"CreateAccountAssignment", nil, 1}, {"CreateAccountAssignment", nil, 1}, // a status is kept of each
		{"ListAccountAssignments", nil, 0}, {"ListAccountAssignmentsForPrincipal", nil, 0}, {"ListAccountAssignmentCreationStatus", nil, 0},
		{"ProvisionPermissionSet", map[string]string{"TargetId": workAccount}, 1}, {"ListPermissionSetProvisioningStatus", nil, 0},
		{"ListPermissionSetsProvisionedToAccount", nil, 0}, {"ListAccountsForProvisionedPermissionSet", nil, 0},
		{"DeletePermissionSet", nil, 0}, // refused: it is assigned
		{"DeleteAccountAssignment", nil, 1}, {"DeleteAccountAssignment", nil, 0}, {"ListAccountAssignmentDeletionStatus", nil, 0},
		{"CreatePermissionSet", nil, 1}, {"CreatePermissionSet", nil, 0},
		{"DescribePermissionSet", nil, 0}, {"ListPermissionSets", nil, 0},
		{"DeletePermissionSet", nil, 1}, {"DeletePermissionSet", nil, 0},
	}
	handlers := b.Handlers()
	for n, step := range steps {
		names := map[string]string{"InstanceArn": homeARN, "PermissionSetArn": set, "AccountId": workAccount}
		if strings.HasSuffix(step.name, "AccountAssignment") {
			names["TargetId"] = workAccount
		}
		for name, value := range step.names {
			names[name] = value
		}
		at := slices.IndexFunc(handlers, func(h api.Handler) bool { return h.Name == step.name })
		before, logged := b.Rows("audit_event"), strings.Count(b.Logged.String(), "msg="+step.name)
		err := call(t, handlers[at], owner, foreign(t, handlers[at].Operation, names))
		if _, ok := fault.As(err); err != nil && !ok {
			t.Fatalf("step %d, %s: %v", n+1, step.name, err)
		}
		if got := b.Rows("audit_event") - before; got != step.want {
			t.Errorf("step %d, %s (%v): %d audit rows, want %d", n+1, step.name, err, got, step.want)
		}
		if got := int64(strings.Count(b.Logged.String(), "msg="+step.name) - logged); got != step.want {
			t.Errorf("step %d, %s: %d log lines, want %d", n+1, step.name, got, step.want)
		}
	}
}

// Whatever relay state is taken, a browser reads as an address of https with a host.
func TestNoRelayStateIsAScript(t *testing.T) {
	pattern := api.CreatePermissionSet.Input().Member("RelayState").Bounds.Pattern()
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`(https?|javascript|data|HTTPS):[/\\a-z.@:?#%]{0,12}`), rapid.StringMatching(`https://[a-z@:/\\?#.\[\]]{0,16}`),
		).Draw(r, "text")
		if checkRelayState(text) != nil || !pattern.MatchString(text) {
			return
		}
		rest, found := strings.CutPrefix(strings.ToLower(text), "https://")
		if !found || rest == "" || strings.ContainsAny(rest[:1], "/?#@") || strings.ContainsRune(text, '\\') {
			r.Fatalf("taken: %q", text)
		}
	})
}
