package admin

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/fault"
	"sallyport/internal/store"
)

const (
	workAccount = "123456789012"
	nobody      = "90670000-0000-4000-8000-0000000000ff"
)

func (b *bench) newAccount(ids ...string) {
	b.t.Helper()
	b.Update(func(tx *store.Tx) error {
		for _, id := range ids {
			if err := tx.PutAccount(store.Account{AccountID: id, Name: id, Email: id + "@example.test"}); err != nil {
				return err
			}
		}
		return nil
	})
}

func creation(account, set, principalType, principal string) api.CreateAccountAssignmentRequest {
	return api.CreateAccountAssignmentRequest{
		InstanceARN: homeARN, TargetID: account, TargetType: targetAccount, PermissionSetARN: set, PrincipalType: principalType, PrincipalID: principal,
	}
}

func deletion(account, set, principalType, principal string) api.DeleteAccountAssignmentRequest {
	return api.DeleteAccountAssignmentRequest(creation(account, set, principalType, principal))
}

func (b *bench) assign(account, set, principalType, principal string) api.AccountAssignmentOperationStatus {
	b.t.Helper()
	return *must(b, b.CreateAccountAssignment, owner, creation(account, set, principalType, principal)).AccountAssignmentCreationStatus
}

func (b *bench) unassign(account, set, principalType, principal string) api.AccountAssignmentOperationStatus {
	b.t.Helper()
	return *must(b, b.DeleteAccountAssignment, owner, deletion(account, set, principalType, principal)).AccountAssignmentDeletionStatus
}

// assigned lists who has the set in the account, in pages of two.
func (b *bench) assigned(account, set string) []string {
	b.t.Helper()
	two := int64(2)
	principals := []string{}
	for _, page := range pages(b.t, func(token string) ([]api.AccountAssignment, string) {
		out := must(b, b.ListAccountAssignments, owner, api.ListAccountAssignmentsRequest{
			InstanceARN: homeARN, AccountID: account, PermissionSetARN: set, MaxResults: &two, NextToken: token,
		})
		return out.AccountAssignments, out.NextToken
	}) {
		for _, a := range page {
			if a.AccountID != account || a.PermissionSetARN != set {
				b.t.Errorf("the list of %s in %s holds %+v", set, account, a)
			}
			principals = append(principals, a.PrincipalType+" "+a.PrincipalID)
		}
	}
	return principals
}

func (b *bench) holds(user, account, role string) (held bool) {
	b.t.Helper()
	b.Update(func(tx *store.Tx) (err error) {
		_, held, err = tx.AssignedRole(user, account, role)
		return err
	})
	return held
}

func TestAnAssignmentIsMadeAndTakenAtOnce(t *testing.T) {
	b := newBench(t)
	b.newAccount(workAccount)
	set := b.newSet("set")
	made := b.assign(workAccount, set, store.PrincipalUser, alice)
	want := api.AccountAssignmentOperationStatus{
		Status: store.OperationSucceeded, RequestID: made.RequestID, TargetID: workAccount, TargetType: targetAccount, PermissionSetARN: set,
		PrincipalType: store.PrincipalUser, PrincipalID: alice, CreatedDate: made.CreatedDate,
	}
	if made != want || made.CreatedDate == 0 {
		t.Errorf("the status is %+v, want %+v", made, want)
	}
	described := must(b, b.DescribeAccountAssignmentCreationStatus, owner, api.DescribeAccountAssignmentCreationStatusRequest{
		InstanceARN: homeARN, AccountAssignmentCreationRequestID: made.RequestID,
	})
	if *described.AccountAssignmentCreationStatus != want {
		t.Errorf("the status is described as %+v, want %+v", *described.AccountAssignmentCreationStatus, want)
	}
	if !b.holds(alice, workAccount, "set") {
		t.Error("the person does not hold the role")
	}
	again := b.assign(workAccount, set, store.PrincipalUser, alice)
	if again.Status != store.OperationSucceeded || again.RequestID == made.RequestID {
		t.Errorf("the same again is %+v", again)
	}
	if got := b.assigned(workAccount, set); !slices.Equal(got, []string{"USER " + alice}) {
		t.Errorf("assigned are %v", got)
	}
	taken := b.unassign(workAccount, set, store.PrincipalUser, alice)
	if taken.Status != store.OperationSucceeded || taken.PrincipalID != alice {
		t.Errorf("the status of the removal is %+v", taken)
	}
	if b.holds(alice, workAccount, "set") || len(b.assigned(workAccount, set)) != 0 {
		t.Error("the person still holds the role")
	}
	refused(b, b.DeleteAccountAssignment, owner, fault.NotFound, deletion(workAccount, set, store.PrincipalUser, alice))
	refused(b, b.DescribeAccountAssignmentDeletionStatus, owner, fault.NotFound, api.DescribeAccountAssignmentDeletionStatusRequest{
		InstanceARN: homeARN, AccountAssignmentDeletionRequestID: made.RequestID, // that of the creation
	})
	if got := must(b, b.DescribeAccountAssignmentDeletionStatus, owner, api.DescribeAccountAssignmentDeletionStatusRequest{
		InstanceARN: homeARN, AccountAssignmentDeletionRequestID: taken.RequestID,
	}); *got.AccountAssignmentDeletionStatus != taken {
		t.Errorf("the removal is described as %+v", *got.AccountAssignmentDeletionStatus)
	}
}

func TestAnAssignmentIsOfWhatExists(t *testing.T) {
	b := newBench(t)
	b.newAccount(workAccount)
	set := b.newSet("set")
	unknownSet := arn.PermissionSet{InstanceID: homeInstance, PermissionSetID: "ps-0000000000000000"}.String()
	cases := []struct {
		name string
		in   api.CreateAccountAssignmentRequest
	}{
		{"an account that is not there", creation("000000000000", set, store.PrincipalUser, alice)},
		{"a permission set that is not there", creation(workAccount, unknownSet, store.PrincipalUser, alice)},
		{"a person who is not there", creation(workAccount, set, store.PrincipalUser, nobody)},
		{"a group by the id of a person", creation(workAccount, set, store.PrincipalGroup, alice)},
		{"a person by the id of a group", creation(workAccount, set, store.PrincipalUser, builders)},
	}
	events := b.Rows("audit_event")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { refused(b, b.CreateAccountAssignment, owner, fault.NotFound, c.in) })
	}
	if b.Rows("account_assignment") != 0 || b.Rows("operation_status") != 0 || b.Rows("audit_event") != events {
		t.Error("something was made or recorded")
	}
	refused(b, b.ListAccountAssignments, owner, fault.NotFound, api.ListAccountAssignmentsRequest{InstanceARN: homeARN, AccountID: "000000000000", PermissionSetARN: set})
	refused(b, b.ListAccountAssignmentsForPrincipal, owner, fault.NotFound, api.ListAccountAssignmentsForPrincipalRequest{
		InstanceARN: homeARN, PrincipalType: store.PrincipalUser, PrincipalID: nobody,
	})
}

func TestADelayedAssignmentTakesEffectWhenItsTimeHasCome(t *testing.T) {
	b := newBench(t)
	b.AssignmentDelay = func() time.Duration { return time.Minute }
	b.newAccount(workAccount)
	set := b.newSet("set")
	created := func(id string) string {
		return must(b, b.DescribeAccountAssignmentCreationStatus, owner, api.DescribeAccountAssignmentCreationStatusRequest{
			InstanceARN: homeARN, AccountAssignmentCreationRequestID: id,
		}).AccountAssignmentCreationStatus.Status
	}
	deleted := func(id string) string {
		return must(b, b.DescribeAccountAssignmentDeletionStatus, owner, api.DescribeAccountAssignmentDeletionStatusRequest{
			InstanceARN: homeARN, AccountAssignmentDeletionRequestID: id,
		}).AccountAssignmentDeletionStatus.Status
	}
	expect := func(when string, status, want string, held bool) {
		t.Helper()
		if status != want {
			t.Errorf("%s: the status is %s, want %s", when, status, want)
		}
		listed := len(b.assigned(workAccount, set)) == 1
		provisioned := len(b.provisionedAccounts(set, "")) == 1
		if got := b.holds(alice, workAccount, "set"); got != held || listed != held || provisioned != held {
			t.Errorf("%s: held %v, listed %v, provisioned %v, want %v", when, got, listed, provisioned, held)
		}
	}
	busy := func() {
		t.Helper()
		refused(b, b.CreateAccountAssignment, owner, fault.Conflict, creation(workAccount, set, store.PrincipalUser, alice))
		refused(b, b.DeleteAccountAssignment, owner, fault.Conflict, deletion(workAccount, set, store.PrincipalUser, alice))
		refused(b, b.DeletePermissionSet, owner, fault.Conflict, api.DeletePermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set})
	}
	made := b.assign(workAccount, set, store.PrincipalUser, alice)
	expect("while it is made", created(made.RequestID), store.OperationInProgress, false)
	busy()
	b.Clock.Advance(time.Minute)
	expect("once it was made", created(made.RequestID), store.OperationSucceeded, true)
	if again := b.assign(workAccount, set, store.PrincipalUser, alice); again.Status != store.OperationSucceeded {
		t.Errorf("what is there already is %s", again.Status)
	}
	taken := b.unassign(workAccount, set, store.PrincipalUser, alice)
	expect("while it is taken", deleted(taken.RequestID), store.OperationInProgress, true)
	busy()
	b.Clock.Advance(time.Minute)
	expect("once it was taken", deleted(taken.RequestID), store.OperationSucceeded, false)
	refused(b, b.DeleteAccountAssignment, owner, fault.NotFound, deletion(workAccount, set, store.PrincipalUser, alice))
	made = b.assign(workAccount, set, store.PrincipalUser, alice)
	b.Clock.Advance(time.Minute)
	expect("once it was made again", created(made.RequestID), store.OperationSucceeded, true)
	taken = b.unassign(workAccount, set, store.PrincipalUser, alice)
	b.Clock.Advance(time.Minute)
	must(b, b.DeletePermissionSet, owner, api.DeletePermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set})
	if got := deleted(taken.RequestID); got != store.OperationSucceeded {
		t.Errorf("the status outlived its permission set as %s", got)
	}
	if b.Rows("account_assignment") != 0 {
		t.Error("an assignment was left over")
	}
}

func TestFifteenAssignmentsAreMadeAtOneTime(t *testing.T) {
	b := newBench(t)
	b.AssignmentDelay = func() time.Duration { return time.Minute }
	var accounts []string
	for n := range maxOutstandingAssignments + 1 {
		accounts = append(accounts, fmt.Sprintf("%012d", n))
	}
	b.newAccount(accounts...)
	set := b.newSet("set")
	for _, account := range accounts[1:] {
		b.assign(account, set, store.PrincipalUser, alice)
	}
	last := creation(accounts[0], set, store.PrincipalUser, alice)
	refused(b, b.CreateAccountAssignment, owner, fault.QuotaExceeded, last)
	b.Clock.Advance(time.Minute)
	must(b, b.CreateAccountAssignment, owner, last)
}

func TestAnAccountHasAsManyPermissionSetsAsTheQuotaAllows(t *testing.T) {
	b := newBench(t)
	b.newAccount(workAccount)
	b.Update(func(tx *store.Tx) error {
		for n := range maxProvisionedToAccount - 1 {
			id := fmt.Sprintf("ps-%016d", n)
			if err := tx.PutPermissionSet(store.PermissionSet{PermissionSetID: id, Name: id}); err != nil {
				return err
			}
			if err := tx.AddAssignment(store.Assignment{PrincipalType: store.PrincipalUser, PrincipalID: alice, AccountID: workAccount, PermissionSetID: id}); err != nil {
				return err
			}
		}
		return nil
	})
	last, beyond := b.newSet("last"), b.newSet("beyond")
	b.assign(workAccount, last, store.PrincipalUser, alice)
	refused(b, b.CreateAccountAssignment, owner, fault.QuotaExceeded, creation(workAccount, beyond, store.PrincipalUser, alice))
	b.assign(workAccount, last, store.PrincipalUser, bob) // the set is there already
}

func TestStatusesAreListedTheNewestFirst(t *testing.T) {
	b := newBench(t)
	b.newAccount(workAccount)
	set := b.newSet("set")
	var want []string
	for _, principal := range []string{alice, bob} {
		want = append([]string{b.assign(workAccount, set, store.PrincipalUser, principal).RequestID}, want...)
		b.Clock.Advance(time.Millisecond)
	}
	b.AssignmentDelay = func() time.Duration { return time.Minute }
	running := b.assign(workAccount, set, store.PrincipalGroup, builders).RequestID
	one := int64(1)
	list := func(status string) []string {
		var filter *api.OperationStatusFilter
		if status != "" {
			filter = &api.OperationStatusFilter{Status: status}
		}
		ids := []string{}
		for _, page := range pages(t, func(token string) ([]api.AccountAssignmentOperationStatusMetadata, string) {
			out := must(b, b.ListAccountAssignmentCreationStatus, owner, api.ListAccountAssignmentCreationStatusRequest{
				InstanceARN: homeARN, MaxResults: &one, NextToken: token, Filter: filter,
			})
			return out.AccountAssignmentsCreationStatus, out.NextToken
		}) {
			for _, row := range page {
				ids = append(ids, row.RequestID)
				if status != "" && row.Status != status || row.CreatedDate == 0 {
					t.Errorf("the list of %q holds %+v", status, row)
				}
			}
		}
		return ids
	}
	for status, want := range map[string][]string{
		"": append([]string{running}, want...), store.OperationSucceeded: want, store.OperationInProgress: {running}, store.OperationFailed: {},
	} {
		if got := list(status); !slices.Equal(got, want) {
			t.Errorf("status %q: %v, want %v", status, got, want)
		}
	}
	if got := must(b, b.ListAccountAssignmentDeletionStatus, owner, api.ListAccountAssignmentDeletionStatusRequest{InstanceARN: homeARN}); len(got.AccountAssignmentsDeletionStatus) != 0 {
		t.Errorf("removals are %v, want none", got.AccountAssignmentsDeletionStatus)
	}
}

// forPrincipal lists what a principal has, in pages of the given size.
func (b *bench) forPrincipal(principalType, principal, account string, size int64) []store.Assignment {
	b.t.Helper()
	in := api.ListAccountAssignmentsForPrincipalRequest{InstanceARN: homeARN, PrincipalType: principalType, PrincipalID: principal, MaxResults: &size}
	if account != "" {
		in.Filter = &api.ListAccountAssignmentsFilter{AccountID: account}
	}
	all := []store.Assignment{}
	for _, page := range pages(b.t, func(token string) ([]api.AccountAssignmentForPrincipal, string) {
		in.NextToken = token
		out := must(b, b.ListAccountAssignmentsForPrincipal, owner, in)
		return out.AccountAssignments, out.NextToken
	}) {
		for _, a := range page {
			all = append(all, store.Assignment{
				PrincipalType: a.PrincipalType, PrincipalID: a.PrincipalID, AccountID: a.AccountID,
				PermissionSetID: strings.TrimPrefix(a.PermissionSetARN, "arn:aws:sso:::permissionSet/"+homeInstance+"/"),
			})
		}
	}
	return all
}

func TestAPersonHasWhatTheirGroupsHave(t *testing.T) {
	b := newBench(t)
	b.newAccount("000000000001", "000000000002")
	set := b.newSet("set")
	id := set[strings.LastIndexByte(set, '/')+1:]
	b.assign("000000000002", set, store.PrincipalUser, alice)
	b.assign("000000000001", set, store.PrincipalGroup, builders)
	b.assign("000000000001", set, store.PrincipalGroup, testers) // not alice's
	own := store.Assignment{PrincipalType: store.PrincipalUser, PrincipalID: alice, AccountID: "000000000002", PermissionSetID: id}
	group := store.Assignment{PrincipalType: store.PrincipalGroup, PrincipalID: builders, AccountID: "000000000001", PermissionSetID: id}
	cases := []struct {
		name, principalType, principal, account string
		want                                    []store.Assignment
	}{
		{"a person", store.PrincipalUser, alice, "", []store.Assignment{own, group}},
		{"a person in one account", store.PrincipalUser, alice, "000000000001", []store.Assignment{group}},
		{"a person in another account", store.PrincipalUser, alice, "000000000002", []store.Assignment{own}},
		{"a person in an account that is not there", store.PrincipalUser, alice, "000000000003", []store.Assignment{}},
		{"a group", store.PrincipalGroup, builders, "", []store.Assignment{group}},
		{"somebody without groups", store.PrincipalUser, bob, "", []store.Assignment{}},
	}
	for _, c := range cases {
		if got := b.forPrincipal(c.principalType, c.principal, c.account, 1); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// A random walk against sets in memory: whatever is made and taken, with and without delay, each list holds what it must, however it is
// cut into pages.
func TestListsOfAssignmentsHoldWhatWasMade(t *testing.T) {
	b := newBench(t)
	accounts := []string{"000000000001", "000000000002", "000000000003"}
	b.newAccount(accounts...)
	b.Update(func(tx *store.Tx) error {
		if err := tx.AddMembership(store.Membership{UserID: alice, GroupID: testers}); err != nil {
			return err
		}
		return tx.AddMembership(store.Membership{UserID: bob, GroupID: testers})
	})
	sets := []string{b.newSet("one"), b.newSet("two")}
	principals := []store.Principal{{Type: "GROUP", ID: builders}, {Type: "GROUP", ID: testers}, {Type: "USER", ID: alice}, {Type: "USER", ID: bob}}
	groups := map[string][]string{alice: {builders, testers}, bob: {testers}}
	type term struct{ begins, ends time.Time }
	present := map[store.Assignment]term{}
	delay := time.Duration(0)
	b.AssignmentDelay = func() time.Duration { return delay }
	holding := func(a store.Assignment) bool {
		at, found := present[a]
		now := b.Clock.Now()
		return found && !at.begins.After(now) && (at.ends.IsZero() || at.ends.After(now))
	}
	rapid.Check(t, func(r *rapid.T) {
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			p := rapid.SampledFrom(principals).Draw(r, "principal")
			account, set := rapid.SampledFrom(accounts).Draw(r, "account"), rapid.SampledFrom(sets).Draw(r, "set")
			a := store.Assignment{PrincipalType: p.Type, PrincipalID: p.ID, AccountID: account, PermissionSetID: set[strings.LastIndexByte(set, '/')+1:]}
			delay = rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(r, "delay")
			now := b.Clock.Now()
			at, found := present[a]
			if found && !at.ends.IsZero() && !at.ends.After(now) {
				delete(present, a)
				found = false
			}
			busy := found && (at.begins.After(now) || !at.ends.IsZero())
			var err error
			var want *fault.Kind
			switch rapid.SampledFrom([]string{"make", "take", "wait"}).Draw(r, "step") {
			case "make":
				in := creation(account, set, p.Type, p.ID)
				_, err = b.CreateAccountAssignment(ctx, owner, &in)
				switch {
				case busy:
					want = fault.Conflict
				case !found:
					present[a] = term{begins: now.Add(delay)}
				}
			case "take":
				in := deletion(account, set, p.Type, p.ID)
				_, err = b.DeleteAccountAssignment(ctx, owner, &in)
				switch {
				case busy:
					want = fault.Conflict
				case !found:
					want = fault.NotFound
				case delay == 0:
					delete(present, a)
				default:
					present[a] = term{begins: at.begins, ends: now.Add(delay)}
				}
			case "wait":
				b.Clock.Advance(2 * time.Hour)
			}
			if refusal, ok := fault.As(err); ok != (want != nil) || ok && refusal.Kind != want {
				r.Fatalf("%+v: %v, want %v", a, err, want)
			}
		}
		size := rapid.Int64Range(1, 4).Draw(r, "page size")
		for _, p := range principals {
			for _, filter := range append(accounts, "") {
				want := []store.Assignment{}
				for a := range present {
					theirs := a.PrincipalID == p.ID || p.Type == "USER" && slices.Contains(groups[p.ID], a.PrincipalID)
					if theirs && holding(a) && (filter == "" || filter == a.AccountID) {
						want = append(want, a)
					}
				}
				if got := b.forPrincipal(p.Type, p.ID, filter, size); !sameAssignments(got, want) {
					r.Fatalf("%v in %q has %v, want %v", p, filter, got, want)
				}
			}
		}
		for _, account := range accounts {
			for _, set := range sets {
				want := []string{}
				for a := range present {
					if a.AccountID == account && strings.HasSuffix(set, a.PermissionSetID) && holding(a) {
						want = append(want, a.PrincipalType+" "+a.PrincipalID)
					}
				}
				slices.Sort(want)
				if got := b.assigned(account, set); !slices.Equal(got, want) {
					r.Fatalf("%s in %s is of %v, want %v", set, account, got, want)
				}
				if got := slices.Contains(b.provisionedAccounts(set, ""), account); got != (len(want) > 0) {
					r.Fatalf("%s is provisioned to %s: %v, though assigned are %v", set, account, got, want)
				}
			}
		}
	})
}

func sameAssignments(a, b []store.Assignment) bool {
	key := func(x store.Assignment) string { return fmt.Sprint(x) }
	compare := func(x, y store.Assignment) int { return strings.Compare(key(x), key(y)) }
	return slices.Equal(slices.SortedFunc(slices.Values(a), compare), slices.SortedFunc(slices.Values(b), compare))
}
