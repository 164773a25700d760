package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sallyport/internal/api"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
)

func openStore(t testing.TB) *store.Store {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(store.Options{Dir: dir, Database: testdb.URL(t, dir), Rehearse: testdb.Rehearse(), Clock: &sys.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	update(t, s, func(tx *store.Tx) error {
		return tx.PutInstance(store.Instance{InstanceID: "ssoins-0123456789abcdef", Name: "Old", OwnerAccountID: "999999999999", Region: "us-east-1"})
	})
	return s
}

func update(t testing.TB, s *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func parse(t testing.TB, content string) *Directory {
	t.Helper()
	d, err := Parse("d.yaml", []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// apply applies the file and returns what it prints.
func apply(t testing.TB, s *store.Store, content string, o ApplyOptions) string {
	t.Helper()
	changes, err := Apply(context.Background(), s, api.Caller{}, parse(t, content), o)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := changes.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// held is everything of the directory that the store holds, as Go values that compare.
type held struct {
	Instance    store.Instance
	Users       []store.User
	Groups      []store.Group
	Memberships []store.Membership
	Accounts    []store.Account
	Sets        []store.PermissionSet
	Assignments []store.Assignment
}

func read(t testing.TB, s *store.Store) (h held) {
	t.Helper()
	err := s.View(context.Background(), func(tx *store.Tx) (err error) {
		h, err = readTx(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func readTx(tx *store.Tx) (h held, err error) {
	var errs [7]error
	h.Instance, _, errs[0] = tx.Instance()
	records, err := tx.UserRecords()
	for _, record := range records {
		h.Users = append(h.Users, record.User)
	}
	errs[1] = err
	h.Groups, errs[2] = tx.Groups()
	h.Memberships, errs[3] = tx.Memberships()
	h.Accounts, errs[4] = tx.Accounts()
	h.Sets, errs[5] = tx.PermissionSets()
	h.Assignments, errs[6] = tx.Assignments()
	return h, errors.Join(errs[:]...)
}

const baseAdded = `+ user "ann"
+ user "ben"
+ group "Staff"
+ member "ann" of group "Staff"
+ account 111122223333 "Production"
+ permission set "ReadOnly"
+ assignment of "ReadOnly" in account 111122223333 to user "ben"
+ assignment of "ReadOnly" in account 111122223333 to group "Staff"
8 added, 0 changed, 0 removed, 0 unchanged
`

func TestTheDifferenceOfAChange(t *testing.T) {
	cases := []struct {
		name     string
		old, new string // of base, which was applied before
		want     string
	}{
		{"nothing", "", "", "0 added, 0 changed, 0 removed, 8 unchanged\n"},
		{"a field of a user", "familyName: Boyd", "familyName: Bond", `~ user "ben": displayName "Ben Boyd" -> "Ben Bond", familyName "Boyd" -> "Bond"
0 added, 1 changed, 0 removed, 7 unchanged
`},
		{"the letter case of a user name", "userName: ben", "userName: BEN", `~ user "ben": userName "ben" -> "BEN"
0 added, 1 changed, 0 removed, 7 unchanged
`},
		{"another name is another user", "userName: ann", "userName: annie", ""},
		{"a member more", "members: [ann]", "members: [ann, Ben]", `+ member "ben" of group "Staff"
1 added, 0 changed, 0 removed, 8 unchanged
`},
		{"a member less", "members: [ann]", "members: []", `- member "ann" of group "Staff"
0 added, 0 changed, 1 removed, 7 unchanged
`},
		{"an account", "name: Production", "name: Main", `~ account 111122223333 "Main": name "Production" -> "Main"
0 added, 1 changed, 0 removed, 7 unchanged
`},
		{"a session duration", "PT2H", "PT3H30M", `~ permission set "ReadOnly": sessionDuration "PT2H" -> "PT3H30M"
0 added, 1 changed, 0 removed, 7 unchanged
`},
		{"the same session duration in another form", "PT2H", "PT120M", "0 added, 0 changed, 0 removed, 8 unchanged\n"},
		{"an assignment less", "    groups: [Staff]\n", "", `- assignment of "ReadOnly" in account 111122223333 to group "Staff"
0 added, 0 changed, 1 removed, 7 unchanged
`},
		{"the instance", "users:\n", "instance: {name: New}\nusers:\n", `~ instance ssoins-0123456789abcdef: name "Old" -> "New"
0 added, 1 changed, 0 removed, 8 unchanged
`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := openStore(t)
			if got := apply(t, s, base, ApplyOptions{}); got != baseAdded {
				t.Fatalf("the first time:\n%s", cmp.Diff(baseAdded, got))
			}
			content := strings.Replace(base, c.old, c.new, 1)
			if c.want == "" { // ann is in a group, so that the new name is a mistake until the group has it, too
				content = strings.ReplaceAll(content, "[ann]", "[annie]")
				c.want = `+ user "annie"
- user "ann"
+ member "annie" of group "Staff"
- member "ann" of group "Staff"
2 added, 0 changed, 2 removed, 6 unchanged
`
			}
			before := read(t, s)
			if got := apply(t, s, content, ApplyOptions{DryRun: true}); got != c.want {
				t.Errorf("a dry run says:\n%s", cmp.Diff(c.want, got))
			}
			if diff := cmp.Diff(before, read(t, s)); diff != "" {
				t.Fatalf("a dry run changed:\n%s", diff)
			}
			if got := apply(t, s, content, ApplyOptions{}); got != c.want {
				t.Errorf("it says:\n%s", cmp.Diff(c.want, got))
			}
			if got := apply(t, s, content, ApplyOptions{}); !strings.HasPrefix(got, "0 added, 0 changed, 0 removed") {
				t.Errorf("applied again:\n%s", got)
			}
		})
	}
}

func TestNamesKeepTheirIDs(t *testing.T) {
	s := openStore(t)
	apply(t, s, base, ApplyOptions{})
	before := read(t, s)
	apply(t, s, strings.NewReplacer("Boyd", "Bond", "userName: ben", "userName: BEN", "PT2H", "PT3H").Replace(base), ApplyOptions{})
	after := read(t, s)
	if after.Users[1].UserID != before.Users[1].UserID || after.Groups[0].GroupID != before.Groups[0].GroupID ||
		after.Sets[0].PermissionSetID != before.Sets[0].PermissionSetID {
		t.Errorf("ids moved:\n%s", cmp.Diff(before, after))
	}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	if !uuid.MatchString(after.Users[0].UserID) || !uuid.MatchString(after.Groups[0].GroupID) ||
		!regexp.MustCompile(`^ps-[0-9a-f]{16}$`).MatchString(after.Sets[0].PermissionSetID) {
		t.Errorf("ids have another form: %+v", after)
	}
}

func TestRemovedAndDisabledUsersLoseTheirSessionsOthersDoNot(t *testing.T) {
	empty := "users: []\ngroups: []\naccounts: []\npermissionSets: []\nassignments: []\n"
	cases := []struct {
		name    string
		content string
		live    map[string]bool
	}{
		{"nothing changes", base, map[string]bool{"ann": true, "ben": true}},
		{"a name changes", strings.Replace(base, "Boyd", "Bond", 1), map[string]bool{"ann": true, "ben": true}},
		{"one is disabled", strings.Replace(base, "givenName: Ben", "givenName: Ben\n    status: DISABLED", 1), map[string]bool{"ann": true}},
		{"one is removed", strings.NewReplacer("  - userName: ben\n    givenName: Ben\n    familyName: Boyd\n", "", "    users: [ben]\n", "").Replace(base), map[string]bool{"ann": true}},
		{"all are removed", empty, map[string]bool{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := openStore(t)
			apply(t, s, base, ApplyOptions{})
			update(t, s, func(tx *store.Tx) error {
				for _, name := range []string{"ann", "ben"} {
					user, _, err := tx.UserByName(name)
					ends := tx.Now.Add(time.Hour).UnixMilli()
					if err := errors.Join(err,
						tx.PutPassword(user.UserID, store.Password{Hash: "x"}),
						tx.AddSignIn(store.SignIn{SignInID: name, UserID: user.UserID, EndsAt: ends}),
						tx.AddSession(store.Session{SessionID: name, UserID: user.UserID, EndsAt: ends})); err != nil {
						return err
					}
				}
				return nil
			})
			apply(t, s, c.content, ApplyOptions{})
			live := map[string]bool{}
			update(t, s, func(tx *store.Tx) error {
				for _, name := range []string{"ann", "ben"} {
					if row, _, err := tx.SignIn(name); err != nil {
						return err
					} else if row.Live(tx) {
						live[name] = true
					}
				}
				return nil
			})
			rows, sessions, err := s.Counts(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(live, c.live) || int(sessions) != len(c.live) {
				t.Errorf("signed in are %v with %d sessions, want %v", live, sessions, c.live)
			}
			if c.content == empty {
				for table, n := range rows {
					if n != 0 && !slices.Contains([]string{"migration", "change", "instance", "audit_event", "sign_in", "session"}, table) {
						t.Errorf("%d rows left in %s", n, table)
					}
				}
			}
		})
	}
}

func TestAnApplyIsAuditedWhenItChangesSomething(t *testing.T) {
	s := openStore(t)
	for range 3 {
		apply(t, s, base, ApplyOptions{DryRun: true})
		apply(t, s, base, ApplyOptions{})
	}
	rows, _, err := s.Counts(context.Background())
	if err != nil || rows["audit_event"] != 1 {
		t.Errorf("%d events, %v, want 1", rows["audit_event"], err)
	}
}

func TestWhatComesAlsoIsOneTransactionWithTheChanges(t *testing.T) {
	s := openStore(t)
	demo, err := Parse(DemoFile())
	if err != nil {
		t.Fatal(err)
	}
	failure, calls := errors.New("also"), 0
	options := ApplyOptions{Also: func(tx *store.Tx) error {
		calls++
		if _, found, err := tx.UserByName("alice"); err != nil || !found {
			t.Errorf("what comes also does not see alice: %v", err)
		}
		return failure
	}}
	if _, err := Apply(context.Background(), s, api.Caller{}, demo, options); !errors.Is(err, failure) {
		t.Fatalf("the failure comes as %v", err)
	}
	update(t, s, func(tx *store.Tx) error {
		if _, found, err := tx.UserByName("alice"); err != nil || found {
			t.Errorf("alice is there, although what came also failed: %v", err)
		}
		return nil
	})
	failure = nil
	for range 2 {
		if _, err := Apply(context.Background(), s, api.Caller{}, demo, options); err != nil {
			t.Fatal(err)
		}
	}
	want := 2
	if testdb.Rehearse() {
		want *= 2
	}
	if calls != want {
		t.Errorf("it was called %d times, want one for the failure and one for the change", calls)
	}
}

func TestApplyWithoutInstanceFails(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(store.Options{Dir: dir, Database: testdb.URL(t, dir), Clock: &sys.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = Apply(context.Background(), s, api.Caller{}, parse(t, "instance: {name: New}\n"+base), ApplyOptions{})
	if err == nil || !strings.Contains(err.Error(), "no instance yet") {
		t.Errorf("got %v", err)
	}
	if users := read(t, s).Users; len(users) != 0 {
		t.Errorf("the failure left %d users", len(users))
	}
}

func TestNamesArePrintedWithoutSurprises(t *testing.T) {
	c := Changes{List: []Change{{Altered, groupWords("a\x1b[2J\u202eb"), []Field{{"description", "one\nline", "other"}}}}}
	var out bytes.Buffer
	if err := c.Write(&out); err != nil {
		t.Fatal(err)
	}
	want := `~ group "a\x1b[2J\u202eb": description "one\nline" -> "other"` + "\n0 added, 1 changed, 0 removed, 0 unchanged\n"
	if out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
}

func TestTenThousandUsersTakeSeconds(t *testing.T) {
	var out strings.Builder
	out.WriteString("accounts: [{accountId: 111122223333, name: A}]\npermissionSets: [{name: P}]\nusers:\n")
	for i := range 10_000 {
		fmt.Fprintf(&out, "  - {userName: user%d, givenName: G, familyName: F, email: user%d@example.com}\n", i, i)
	}
	out.WriteString("groups:\n")
	for g := range 100 {
		fmt.Fprintf(&out, "  - displayName: G%d\n    members: [", g)
		for m := range 100 {
			fmt.Fprintf(&out, "user%d, ", g*100+m)
		}
		out.WriteString("]\n")
	}
	out.WriteString("assignments: [{account: 111122223333, permissionSet: P, groups: [G0, G1]}]\n")
	s := openStore(t)
	began := time.Now()
	if got := apply(t, s, out.String(), ApplyOptions{}); !strings.HasSuffix(got, "20104 added, 0 changed, 0 removed, 0 unchanged\n") {
		t.Errorf("it says %s", got[len(got)-80:])
	}
	if got := apply(t, s, out.String(), ApplyOptions{}); got != "0 added, 0 changed, 0 removed, 20104 unchanged\n" {
		t.Errorf("again it says %.200s", got)
	}
	if took := time.Since(began); took > time.Minute { // generous: it takes one second, and a query a user would take many
		t.Errorf("took %v", took)
	} else {
		t.Logf("took %v", took)
	}
}

func TestTheDemoDirectory(t *testing.T) {
	name, content := DemoFile()
	d, err := Parse(name, content)
	if err != nil {
		t.Fatal(err)
	}
	s := openStore(t)
	if _, err := Apply(context.Background(), s, api.Caller{}, d, ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	h := read(t, s)
	if h.Instance.Name != "Acme Demo" || len(h.Users) != 4 || len(h.Accounts) != 4 {
		t.Errorf("the demo is %+v", h)
	}
	roles := map[string]string{ // who may use what where, by * for everywhere
		"alice": "111122223333 AdministratorAccess", "bob": "111122223333 ReadOnlyAccess", "carol": "444455556666 ReadOnlyAccess",
	}
	err = s.View(context.Background(), func(tx *store.Tx) error {
		for userName, want := range roles {
			user, _, err := tx.UserByName(userName)
			if err != nil {
				return err
			}
			account, role, _ := strings.Cut(want, " ")
			if _, found, err := tx.AssignedRole(user.UserID, account, role); !found || err != nil {
				t.Errorf("%s does not hold %s: %v", userName, want, err)
			}
		}
		bob, _, err := tx.UserByName("bob")
		if err != nil {
			return err
		}
		if names, err := tx.AssignedRoles(bob.UserID, "111122223333", "", 10); err != nil || len(names) != 1 {
			t.Errorf("bob holds %v in production: %v", names, err)
		}
		dave, _, err := tx.UserByName("dave")
		if dave.Enabled() {
			t.Error("dave is not disabled")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range DemoPasswords() {
		if p.UserName != h.Users[i].UserName || len(p.Password) < 12 || strings.Contains(p.Password, p.UserName) {
			t.Errorf("password %d of %s", i, p.UserName)
		}
	}
}
