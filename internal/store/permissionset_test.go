package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/sys"
)

// furnish makes users, groups, accounts and permission sets of the given ids.
func furnish(t *testing.T, s *Store, users, groups, accounts, sets []string) {
	t.Helper()
	update(t, s, func(tx *Tx) error {
		for _, id := range users {
			if err := tx.PutUser(User{UserID: id, UserName: id, Status: StatusEnabled}); err != nil {
				return err
			}
		}
		for _, id := range groups {
			if err := tx.PutGroup(Group{GroupID: id, DisplayName: id}); err != nil {
				return err
			}
		}
		for _, id := range accounts {
			if err := tx.PutAccount(Account{AccountID: id, Name: id}); err != nil {
				return err
			}
		}
		for _, id := range sets {
			if err := tx.PutPermissionSet(PermissionSet{PermissionSetID: id, Name: id}); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestAnAssignmentHoldsDuringItsTerm(t *testing.T) {
	s, clock := open(t)
	furnish(t, s, []string{"u"}, nil, []string{"1"}, []string{"ps"})
	now := clock.Now()
	cases := []struct {
		name        string
		begins, end time.Duration // from now; 0 is open
		holds       bool
	}{
		{"without a term it holds", 0, 0, true},
		{"before its beginning it does not hold", time.Hour, 0, false},
		{"before its end it holds", 0, time.Hour, true},
		{"past its end it does not hold", 0, -time.Hour, false},
	}
	at := func(d time.Duration) int64 {
		if d == 0 {
			return 0
		}
		return now.Add(d).UnixMilli()
	}
	a := Assignment{PrincipalUser, "u", "1", "ps"}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			update(t, s, func(tx *Tx) error { return tx.PutAssignment(a, Term{at(c.begins), at(c.end)}) })
			counts := view(t, s, func(tx *Tx) (counts [6]int, err error) {
				accounts, err := tx.AssignedAccounts("u", "", 9)
				if err != nil {
					return counts, err
				}
				roles, err := tx.AssignedRoles("u", "1", "", 9)
				if err != nil {
					return counts, err
				}
				_, held, err := tx.AssignedRole("u", "1", "ps")
				if err != nil {
					return counts, err
				}
				holdings, err := tx.Holdings("u", 9)
				if err != nil {
					return counts, err
				}
				in, err := tx.AssignmentsIn("1", "ps", Principal{}, 9)
				if err != nil {
					return counts, err
				}
				provisioned, err := tx.ProvisionedAccounts("ps", ProvisionedAny, "", 9)
				role := 0
				if held {
					role = 1
				}
				return [6]int{len(accounts), len(roles), role, len(holdings), len(in), len(provisioned)}, err
			})
			want := [6]int{}
			if c.holds {
				want = [6]int{1, 1, 1, 1, 1, 1}
			}
			if counts != want {
				t.Errorf("accounts, roles, role, holdings, assignments and provisionings are %v, want %v", counts, want)
			}
		})
	}
}

func TestWhatEndedIsRemovedWhenOperationsSettle(t *testing.T) {
	s, clock := open(t)
	furnish(t, s, []string{"u", "v"}, nil, []string{"1"}, []string{"ps"})
	ending, staying := Assignment{PrincipalUser, "u", "1", "ps"}, Assignment{PrincipalUser, "v", "1", "ps"}
	end := clock.Now().Add(time.Minute).UnixMilli()
	update(t, s, func(tx *Tx) error {
		if err := tx.AddAssignment(staying); err != nil {
			return err
		}
		if err := tx.PutAssignment(ending, Term{EndsAt: end}); err != nil {
			return err
		}
		return tx.AddOperationStatus(OperationStatus{
			RequestID: sys.NewUUID(tx.Now), Operation: "DeleteAccountAssignment", Outcome: OperationSucceeded, Assignment: ending,
			CreatedAt: tx.Millis(), EndsAt: end,
		})
	})
	for _, step := range []struct {
		later time.Duration
		kept  bool
	}{{0, true}, {time.Minute, false}} {
		clock.Advance(step.later)
		if _, err := s.Clean(context.Background()); err != nil {
			t.Fatal(err)
		}
		kept := view(t, s, func(tx *Tx) (kept [2]bool, err error) {
			if _, kept[0], err = tx.Assignment(ending); err != nil {
				return kept, err
			}
			_, kept[1], err = tx.Assignment(staying)
			return kept, err
		})
		if want := [2]bool{step.kept, true}; kept != want {
			t.Errorf("%v later what ends and what stays are there: %v, want %v", step.later, kept, want)
		}
	}
}

func TestAPermissionSetIsProvisionedWhereSomebodyIsAssignedIt(t *testing.T) {
	s, _ := open(t)
	furnish(t, s, []string{"u", "v"}, nil, []string{"1", "2", "3"}, []string{"ps", "other"})
	lists := func() string {
		return view(t, s, func(tx *Tx) (string, error) {
			var all []string
			for _, which := range []Provisioned{ProvisionedAny, ProvisionedLatest, ProvisionedOutdated} {
				accounts, err := tx.ProvisionedAccounts("ps", which, "", 9)
				if err != nil {
					return "", err
				}
				all = append(all, strings.Join(accounts, ","))
			}
			sets, err := tx.ProvisionedPermissionSets("1", ProvisionedAny, "", 9)
			return strings.Join(append(all, strings.Join(sets, ",")), " | "), err
		})
	}
	in := func(user, account string) Assignment { return Assignment{PrincipalUser, user, account, "ps"} }
	steps := []struct {
		name string
		do   func(tx *Tx) error
		want string // all accounts | those up to date | the others | the sets of account 1
	}{
		{"nobody is assigned", func(tx *Tx) error { return nil }, " |  |  | "},
		{"the first assignment provisions", func(tx *Tx) error { return tx.AddAssignment(in("u", "1")) }, "1 | 1 |  | ps"},
		{"a change outdates", func(tx *Tx) error { _, err := tx.PutInlinePolicy("ps", "{}"); return err }, "1 |  | 1 | ps"},
		{"a second assignment there does not provision again", func(tx *Tx) error { return tx.AddAssignment(in("v", "1")) }, "1 |  | 1 | ps"},
		{"elsewhere it provisions what is there now", func(tx *Tx) error { return tx.AddAssignment(in("u", "2")) }, "1,2 | 2 | 1 | ps"},
		{"provisioning an account that has it not does nothing", func(tx *Tx) error { return tx.Provision("ps", "3", tx.Millis()) }, "1,2 | 2 | 1 | ps"},
		{"provisioning brings an account up to date", func(tx *Tx) error { return tx.Provision("ps", "1", tx.Millis()) }, "1,2 | 1,2 |  | ps"},
		{"the same policy again changes nothing", func(tx *Tx) error { _, err := tx.PutInlinePolicy("ps", "{}"); return err }, "1,2 | 1,2 |  | ps"},
		{"an attached policy outdates all", func(tx *Tx) error { _, err := tx.AttachManagedPolicy("ps", "arn"); return err }, "1,2 |  | 1,2 | ps"},
		{"provisioning in an hour does not count yet", func(tx *Tx) error { return tx.Provision("ps", "", tx.Millis()+3_600_000) }, "1,2 |  | 1,2 | ps"},
		{"another set in the account", func(tx *Tx) error { return tx.AddAssignment(Assignment{PrincipalUser, "u", "1", "other"}) }, "1,2 |  | 1,2 | other,ps"},
		{"one of two assignments goes", func(tx *Tx) error { return tx.DeleteAssignment(in("u", "1")) }, "1,2 |  | 1,2 | other,ps"},
		{"the last assignment goes", func(tx *Tx) error { return tx.DeleteAssignment(in("v", "1")) }, "2 |  | 2 | other"},
		{"the user goes with the last assignment", func(tx *Tx) error { return tx.DeleteUser("u") }, " |  |  | "},
		{"assigned again it is as it is now", func(tx *Tx) error { return tx.AddAssignment(in("v", "2")) }, "2 | 2 |  | "},
		{"the account goes", func(tx *Tx) error { return tx.DeleteAccount("2") }, " |  |  | "},
	}
	for _, step := range steps {
		update(t, s, step.do)
		if got := lists(); got != step.want {
			t.Errorf("%s: %q, want %q", step.name, got, step.want)
		}
	}
}

func TestDeletingAPermissionSetLeavesNothingOfIt(t *testing.T) {
	s, _ := open(t)
	furnish(t, s, []string{"u"}, nil, []string{"1"}, []string{"ps"})
	before, _, err := s.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx *Tx) error {
		for _, do := range []func() (bool, error){
			func() (bool, error) { return tx.PutInlinePolicy("ps", "{}") },
			func() (bool, error) { return tx.AttachManagedPolicy("ps", "arn") },
			func() (bool, error) { return tx.AttachCustomerPolicy("ps", CustomerPolicy{"p", "/"}) },
			func() (bool, error) { return tx.PutBoundary("ps", Boundary{ManagedPolicyARN: "arn"}) },
			func() (bool, error) { return true, tx.PutTags("ps", map[string]string{"k": "v"}) },
			func() (bool, error) { return true, tx.AddAssignment(Assignment{PrincipalUser, "u", "1", "ps"}) },
		} {
			if done, err := do(); err != nil || !done {
				return fmt.Errorf("done %v: %w", done, err)
			}
		}
		return tx.DeletePermissionSet("ps")
	})
	after, _, err := s.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for table, rows := range after {
		want := before[table]
		if table == "permission_set" {
			want = 0
		}
		if rows != want && table != "change" { // which is for other nodes
			t.Errorf("%s has %d rows, want %d", table, rows, want)
		}
	}
}

func TestOperationsAreListedByWhatTheyHaveComeTo(t *testing.T) {
	s, clock := open(t)
	add := func(operation, outcome string, takes time.Duration) string {
		clock.Advance(time.Second)
		id := sys.NewUUID(clock.Now())
		update(t, s, func(tx *Tx) error {
			return tx.AddOperationStatus(OperationStatus{
				RequestID: id, Operation: operation, Outcome: outcome, CreatedAt: tx.Millis(), EndsAt: tx.Millis() + takes.Milliseconds(),
			})
		})
		return id
	}
	done := add("Create", OperationSucceeded, 0)
	failed := add("Create", OperationFailed, 0)
	running := add("Create", OperationSucceeded, time.Hour)
	add("Delete", OperationSucceeded, 0)
	statuses := func(status, before string, limit int) []string {
		rows := view(t, s, func(tx *Tx) ([]OperationStatus, error) { return tx.OperationStatuses("Create", status, before, limit) })
		ids := []string{}
		for _, row := range rows {
			ids = append(ids, row.RequestID)
		}
		return ids
	}
	cases := []struct {
		name, status, before string
		limit                int
		want                 []string
	}{
		{"all, the newest first", "", "", 9, []string{running, failed, done}},
		{"the first page", "", "", 2, []string{running, failed}},
		{"the next page", "", failed, 2, []string{done}},
		{"those that run", OperationInProgress, "", 9, []string{running}},
		{"those that ended well", OperationSucceeded, "", 9, []string{done}},
		{"those that failed", OperationFailed, "", 9, []string{failed}},
	}
	for _, c := range cases {
		if got := statuses(c.status, c.before, c.limit); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	clock.Advance(time.Hour)
	if got := statuses(OperationSucceeded, "", 9); !slices.Equal(got, []string{running, done}) {
		t.Errorf("an hour later %v ended well", got)
	}
	for _, step := range []struct {
		later time.Duration
		kept  int
	}{{89 * 24 * time.Hour, 3}, {24 * time.Hour, 0}} {
		clock.Advance(step.later)
		if _, err := s.Clean(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := statuses("", "", 9); len(got) != step.kept {
			t.Errorf("%d statuses are kept after %v more, want %d", len(got), step.later, step.kept)
		}
	}
}
