package portal

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sallyport/internal/api"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/testbed"
)

var ctx = context.Background()

var here = api.Caller{Address: netip.MustParseAddr("127.0.0.1"), Agent: "test", RequestID: "r"}

// bench is the portal on a real store with one user who is signed in.
type bench struct {
	*testbed.Bed
	t     testing.TB
	s     *Service
	token string // access token of alice
}

const (
	alice = "u-alice"
	bob   = "u-bob"
	group = "g-1"
)

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{t: t, Bed: testbed.New(t)}
	b.s = New(Options{Store: b.Store, Ring: b.Ring, Clock: b.Clock, Log: b.Log})
	b.Update(func(tx *store.Tx) error { return tx.PutGroup(store.Group{GroupID: group, DisplayName: "Builders"}) })
	b.token = b.signIn(alice, "alice", "sso:account:access")
	return b
}

// signIn makes a user and a session and returns an access token of the session.
func (b *bench) signIn(userID, userName, scopes string) string {
	b.t.Helper()
	end := b.Clock.Now().Add(8 * time.Hour).UnixMilli()
	session := store.Session{SessionID: sys.NewID(b.Clock.Now()), UserID: userID, ClientID: "c", EndsAt: end}
	b.Update(func(tx *store.Tx) error {
		if err := tx.PutUser(store.User{UserID: userID, UserName: userName, Status: store.StatusEnabled}); err != nil {
			return err
		}
		return tx.AddSession(session)
	})
	text, ok := creds.SealAccess(b.s.Ring, b.s.Ring.CurrentKeyID(), creds.AccessToken{SessionID: session.SessionID, Scopes: scopes, ExpiresAt: end})
	if !ok {
		b.t.Fatal("the token was not sealed")
	}
	return text
}

// furnish makes accounts and permission sets.
func (b *bench) furnish(accounts []string, sets ...string) {
	b.t.Helper()
	b.Update(func(tx *store.Tx) error {
		for _, id := range accounts {
			if err := tx.PutAccount(store.Account{AccountID: id, Name: "Account " + id, Email: id + "@example.test"}); err != nil {
				return err
			}
		}
		for _, name := range sets {
			if err := tx.PutPermissionSet(store.PermissionSet{PermissionSetID: "ps-" + name, Name: name, SessionDurationS: 3600}); err != nil {
				return err
			}
		}
		return nil
	})
}

func toUser(userID, account, set string) store.Assignment {
	return store.Assignment{PrincipalType: store.PrincipalUser, PrincipalID: userID, AccountID: account, PermissionSetID: "ps-" + set}
}

func toGroup(account, set string) store.Assignment {
	return store.Assignment{PrincipalType: store.PrincipalGroup, PrincipalID: group, AccountID: account, PermissionSetID: "ps-" + set}
}

func (b *bench) assign(all ...store.Assignment) {
	b.t.Helper()
	b.Update(func(tx *store.Tx) error {
		for _, a := range all {
			if err := tx.AddAssignment(a); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bench) refused(err error, kind *fault.Kind) *fault.Refusal {
	b.t.Helper()
	refusal, ok := fault.As(err)
	if !ok || refusal.Kind != kind {
		b.t.Fatalf("got %v, want %s", err, kind.Name)
	}
	return refusal
}

func accountIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%012d", 100_000_000_000+i)
	}
	return ids
}

func limit(n int64) *int64 { return &n }

// accountPages lists the accounts by pages of the size and returns the pages.
func (b *bench) accountPages(size *int64) (pages [][]string) {
	b.t.Helper()
	in := &api.ListAccountsRequest{AccessToken: b.token, MaxResults: size}
	for {
		out, err := b.s.ListAccounts(ctx, here, in)
		if err != nil {
			b.t.Fatal(err)
		}
		var page []string
		for _, account := range out.AccountList {
			page = append(page, account.AccountID)
		}
		pages = append(pages, page)
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return pages
		}
	}
}

func TestAccountsComeByPagesInOrderEachOnce(t *testing.T) {
	all := accountIDs(300)
	cases := []struct {
		name  string
		held  int
		size  *int64
		pages int
	}{
		{"none held is one empty page", 0, nil, 1},
		{"one by one", 3, limit(1), 3},
		{"a page that is just full is the last", 100, limit(100), 1},
		{"one more than a page begins another", 101, limit(100), 2},
		{"one less than a page is a page", 99, limit(100), 1},
		{"pages that divide the list leave no empty one", 300, limit(100), 3},
		{"pages that do not divide it", 300, limit(7), 43},
		{"a hundred a page unless told otherwise", 300, nil, 3},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.furnish(all, "Admin", "Reader")
			b.Update(func(tx *store.Tx) error { return tx.AddMembership(store.Membership{UserID: alice, GroupID: group}) })
			for i, id := range all[:c.held] { // in three ways, of which the third is two at once
				switch i % 3 {
				case 0:
					b.assign(toUser(alice, id, "Admin"))
				case 1:
					b.assign(toGroup(id, "Reader"))
				case 2:
					b.assign(toUser(alice, id, "Admin"), toUser(alice, id, "Reader"), toGroup(id, "Admin"))
				}
			}
			pages := b.accountPages(c.size)
			if len(pages) != c.pages {
				t.Errorf("%d pages, want %d", len(pages), c.pages)
			}
			if got := slices.Concat(pages...); !slices.Equal(got, all[:c.held]) {
				t.Errorf("%d accounts, want %d: %v", len(got), c.held, got)
			}
		})
	}
}

func TestAnEmptyListIsAListAndNotNothing(t *testing.T) {
	b := newBench(t)
	accounts, err := b.s.ListAccounts(ctx, here, &api.ListAccountsRequest{AccessToken: b.token})
	if err != nil || accounts.AccountList == nil {
		t.Errorf("got %+v, %v", accounts, err)
	}
	roles, err := b.s.ListAccountRoles(ctx, here, &api.ListAccountRolesRequest{AccessToken: b.token, AccountID: "111122223333"})
	if err != nil || roles.RoleList == nil {
		t.Errorf("got %+v, %v", roles, err)
	}
}

func TestRolesComeByPagesInByteOrder(t *testing.T) {
	b := newBench(t)
	names := []string{"Z", "a", "B", "b", "AA", "_x", "0"}
	b.furnish([]string{"111122223333", "444455556666"}, names...)
	for _, name := range names {
		b.assign(toUser(alice, "111122223333", name))
	}
	b.assign(toUser(alice, "444455556666", "Z"))
	slices.Sort(names)
	for size := range int64(len(names)) {
		in := &api.ListAccountRolesRequest{AccessToken: b.token, AccountID: "111122223333", MaxResults: limit(size + 1)}
		var got []string
		for {
			out, err := b.s.ListAccountRoles(ctx, here, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, role := range out.RoleList {
				if role.AccountID != "111122223333" {
					t.Errorf("a role of %s", role.AccountID)
				}
				got = append(got, role.RoleName)
			}
			if in.NextToken = out.NextToken; in.NextToken == "" {
				break
			}
		}
		if !slices.Equal(got, names) {
			t.Errorf("by %d: %v, want %v", size+1, got, names)
		}
	}
}

func TestACursorBelongsToOnePersonAndOneList(t *testing.T) {
	b := newBench(t)
	accounts := accountIDs(3)
	b.furnish(accounts, "A", "B", "C")
	for _, id := range accounts {
		for _, set := range []string{"A", "B", "C"} {
			b.assign(toUser(alice, id, set), toUser(bob, id, set))
		}
	}
	bobs := b.signIn(bob, "bob", "sso:account:access")
	list := func(token, cursor string) (string, error) {
		out, err := b.s.ListAccounts(ctx, here, &api.ListAccountsRequest{AccessToken: token, NextToken: cursor, MaxResults: limit(1)})
		if err != nil {
			return "", err
		}
		return out.NextToken, nil
	}
	roles := func(token, account, cursor string) (string, error) {
		out, err := b.s.ListAccountRoles(ctx, here, &api.ListAccountRolesRequest{
			AccessToken: token, AccountID: account, NextToken: cursor, MaxResults: limit(1),
		})
		if err != nil {
			return "", err
		}
		return out.NextToken, nil
	}
	ofAccounts, err := list(b.token, "")
	if err != nil {
		t.Fatal(err)
	}
	ofRoles, err := roles(b.token, accounts[0], "")
	if err != nil {
		t.Fatal(err)
	}
	again := b.signIn(alice, "alice", "sso:account:access")
	for name, call := range map[string]func() (string, error){
		"in another session of the same person": func() (string, error) { return list(again, ofAccounts) },
		"with another page size, for roles":     func() (string, error) { return roles(again, accounts[0], ofRoles) },
		"twice":                                 func() (string, error) { return list(b.token, ofAccounts) },
	} {
		if _, err := call(); err != nil {
			t.Errorf("a cursor is not taken %s: %v", name, err)
		}
	}
	for name, call := range map[string]func() (string, error){
		"of another person":               func() (string, error) { return list(bobs, ofAccounts) },
		"of another person's roles":       func() (string, error) { return roles(bobs, accounts[0], ofRoles) },
		"of roles for accounts":           func() (string, error) { return list(b.token, ofRoles) },
		"of accounts for roles":           func() (string, error) { return roles(b.token, accounts[0], ofAccounts) },
		"of roles in another account":     func() (string, error) { return roles(b.token, accounts[1], ofRoles) },
		"that was shortened":              func() (string, error) { return list(b.token, ofAccounts[:len(ofAccounts)-1]) },
		"that was changed":                func() (string, error) { return list(b.token, "AA"+ofAccounts[2:]) },
		"that was invented":               func() (string, error) { return list(b.token, "eyJvZmZzZXQiOiIwOyBEUk9QIFRBQkxFIn0") },
		"that is an account id":           func() (string, error) { return list(b.token, accounts[0]) },
		"that is the access token":        func() (string, error) { return list(b.token, b.token) },
		"that is a blank":                 func() (string, error) { return list(b.token, " ") },
		"that is not text":                func() (string, error) { return list(b.token, "\xff\x00") },
		"that is a quote and a semicolon": func() (string, error) { return list(b.token, "'; DROP TABLE account; --") },
	} {
		if _, err := call(); err == nil {
			t.Errorf("a cursor %s is taken", name)
		} else {
			b.refused(err, fault.InvalidRequest)
		}
	}
}

// A list that goes on after the last key it gave neither repeats nor skips what is there all the time, whatever comes and goes meanwhile.
func TestPagesStayTrueWhileAssignmentsChange(t *testing.T) {
	b := newBench(t)
	all := accountIDs(40)
	b.furnish(all, "A", "B")
	b.Update(func(tx *store.Tx) error { return tx.AddMembership(store.Membership{UserID: alice, GroupID: group}) })
	rapid.Check(t, func(t *rapid.T) {
		held := map[string]int{} // how many ways the account is held
		ways := func(id string) []store.Assignment {
			return []store.Assignment{toUser(alice, id, "A"), toUser(alice, id, "B"), toGroup(id, "A")}
		}
		present := map[store.Assignment]bool{}
		set := func(a store.Assignment, on bool) {
			if present[a] == on {
				return
			}
			present[a] = on
			if on {
				held[a.AccountID]++
				b.Update(func(tx *store.Tx) error { return tx.AddAssignment(a) })
				return
			}
			held[a.AccountID]--
			b.Update(func(tx *store.Tx) error { return tx.DeleteAssignment(a) })
		}
		b.Update(func(tx *store.Tx) error {
			assignments, err := tx.Assignments()
			for _, a := range assignments {
				err = errors.Join(err, tx.DeleteAssignment(a))
			}
			return err
		})
		for _, id := range all {
			set(ways(id)[0], rapid.Bool().Draw(t, "held at first"))
		}
		throughout, ever := map[string]bool{}, map[string]bool{}
		for id, n := range held {
			throughout[id], ever[id] = n > 0, n > 0
		}
		var got []string
		in := &api.ListAccountsRequest{AccessToken: b.token}
		for {
			in.MaxResults = limit(rapid.Int64Range(1, 12).Draw(t, "page size"))
			out, err := b.s.ListAccounts(ctx, here, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, account := range out.AccountList {
				got = append(got, account.AccountID)
			}
			if in.NextToken = out.NextToken; in.NextToken == "" {
				break
			}
			for range rapid.IntRange(0, 6).Draw(t, "changes") {
				id := rapid.SampledFrom(all).Draw(t, "account")
				way := rapid.SampledFrom(ways(id)).Draw(t, "way")
				set(way, rapid.Bool().Draw(t, "held"))
				throughout[id] = throughout[id] && held[id] > 0
				ever[id] = ever[id] || held[id] > 0
			}
		}
		if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Fatalf("not in order, or not each once: %v", got)
		}
		for _, id := range all {
			switch listed := slices.Contains(got, id); {
			case throughout[id] && !listed:
				t.Fatalf("%s was held throughout and is not listed", id)
			case listed && !ever[id]:
				t.Fatalf("%s was never held and is listed", id)
			}
		}
	})
}

// roles returns what the person is shown in an account.
func (b *bench) roles(token, account string) []string {
	b.t.Helper()
	out, err := b.s.ListAccountRoles(ctx, here, &api.ListAccountRolesRequest{AccessToken: token, AccountID: account})
	if err != nil {
		b.t.Fatal(err)
	}
	var names []string
	for _, role := range out.RoleList {
		names = append(names, role.RoleName)
	}
	return names
}

func (b *bench) vend(token, account, role string) (*api.GetRoleCredentialsResponse, error) {
	return b.s.GetRoleCredentials(ctx, here, &api.GetRoleCredentialsRequest{AccessToken: token, AccountID: account, RoleName: role})
}

func TestAChangeOfAccessTakesEffectAtTheNextCall(t *testing.T) {
	const account = "111122223333"
	member := store.Membership{UserID: alice, GroupID: group}
	cases := []struct {
		name   string
		before func(tx *store.Tx) error
		change func(tx *store.Tx) error
		holds  bool // after the change
	}{
		{"an assignment to the user is made", nil,
			func(tx *store.Tx) error { return tx.AddAssignment(toUser(alice, account, "Admin")) }, true},
		{"an assignment to the user is removed",
			func(tx *store.Tx) error { return tx.AddAssignment(toUser(alice, account, "Admin")) },
			func(tx *store.Tx) error { return tx.DeleteAssignment(toUser(alice, account, "Admin")) }, false},
		{"an assignment to a group of the user is made",
			func(tx *store.Tx) error { return tx.AddMembership(member) },
			func(tx *store.Tx) error { return tx.AddAssignment(toGroup(account, "Admin")) }, true},
		{"an assignment to a group of others is made", nil,
			func(tx *store.Tx) error { return tx.AddAssignment(toGroup(account, "Admin")) }, false},
		{"an assignment to another user is made", nil,
			func(tx *store.Tx) error { return tx.AddAssignment(toUser(bob, account, "Admin")) }, false},
		{"the user joins the group",
			func(tx *store.Tx) error { return tx.AddAssignment(toGroup(account, "Admin")) },
			func(tx *store.Tx) error { return tx.AddMembership(member) }, true},
		{"the user leaves the group",
			func(tx *store.Tx) error {
				if err := tx.AddMembership(member); err != nil {
					return err
				}
				return tx.AddAssignment(toGroup(account, "Admin"))
			},
			func(tx *store.Tx) error { return tx.DeleteMembership(member) }, false},
		{"the group is deleted",
			func(tx *store.Tx) error {
				if err := tx.AddMembership(member); err != nil {
					return err
				}
				return tx.AddAssignment(toGroup(account, "Admin"))
			},
			func(tx *store.Tx) error { return tx.DeleteGroup(group) }, false},
		{"the permission set is deleted",
			func(tx *store.Tx) error { return tx.AddAssignment(toUser(alice, account, "Admin")) },
			func(tx *store.Tx) error { return tx.DeletePermissionSet("ps-Admin") }, false},
		{"the account is deleted",
			func(tx *store.Tx) error { return tx.AddAssignment(toUser(alice, account, "Admin")) },
			func(tx *store.Tx) error { return tx.DeleteAccount(account) }, false},
		{"one of two ways is removed",
			func(tx *store.Tx) error {
				if err := tx.AddMembership(member); err != nil {
					return err
				}
				if err := tx.AddAssignment(toGroup(account, "Admin")); err != nil {
					return err
				}
				return tx.AddAssignment(toUser(alice, account, "Admin"))
			},
			func(tx *store.Tx) error { return tx.DeleteAssignment(toGroup(account, "Admin")) }, true},
		{"a group has the id of the user", nil,
			func(tx *store.Tx) error {
				return tx.AddAssignment(store.Assignment{PrincipalType: store.PrincipalGroup, PrincipalID: alice, AccountID: account, PermissionSetID: "ps-Admin"})
			}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.furnish([]string{account}, "Admin")
			if c.before != nil {
				b.Update(c.before)
				b.roles(b.token, account)
			}
			b.Update(c.change)
			_, err := b.vend(b.token, account, "Admin")
			if c.holds && err != nil {
				t.Error(err)
			}
			if !c.holds {
				b.refused(err, fault.Forbidden)
			}
			if listed := len(b.roles(b.token, account)) == 1; listed != c.holds {
				t.Errorf("the role is listed: %v", listed)
			}
			if listed := len(b.accountPages(nil)[0]) == 1; listed != c.holds {
				t.Errorf("the account is listed: %v", listed)
			}
			held, err := b.s.Holdings(ctx, alice)
			if err != nil || (len(held) == 1) != c.holds {
				t.Errorf("the page shows %v (%v)", held, err)
			}
		})
	}
}

func TestRolesThatAreNotHeldAreRefusedAlike(t *testing.T) {
	b := newBench(t)
	b.furnish([]string{"111122223333", "444455556666"}, "Admin", "Reader")
	b.assign(toUser(alice, "111122223333", "Admin"), toUser(alice, "444455556666", "Reader"), toUser(bob, "111122223333", "Reader"))
	want := fault.Refusal{Kind: fault.Forbidden, Message: "No access"}
	for _, c := range []struct{ name, account, role string }{
		{"a role that does not exist", "111122223333", "Nobody"},
		{"a role that somebody else holds there", "111122223333", "Reader"},
		{"a role that they hold elsewhere", "444455556666", "Admin"},
		{"an account that does not exist", "999999999999", "Admin"},
		{"another letter case", "111122223333", "admin"},
		{"a blank behind", "111122223333", "Admin "},
		{"a blank before", "111122223333", " Admin"},
		{"a wildcard", "111122223333", "Adm%"},
		{"a wildcard of one letter", "111122223333", "Admi_"},
		{"a star", "111122223333", "*"},
		{"a path", "111122223333", "../Admin"},
		{"a zero byte behind", "111122223333", "Admin\x00"},
		{"no name", "111122223333", ""},
		{"the id of the permission set", "111122223333", "ps-Admin"},
		{"a letter that folds to the same", "111122223333", "\u0410dmin"},
		{"a quote", "111122223333", "Admin' OR '1'='1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := b.vend(b.token, c.account, c.role)
			if got := *b.refused(err, fault.Forbidden); got.Kind != want.Kind || got.Message != want.Message {
				t.Errorf("the refusal differs: %+v", got)
			}
		})
	}
	if _, err := b.vend(b.token, "111122223333", "Admin"); err != nil {
		t.Error(err)
	}
}

func TestAccountIdsAreTwelveASCIIDigits(t *testing.T) {
	b := newBench(t)
	for _, id := range []string{
		"", "11112222333", "1111222233334", "11112222333a", "+11112222333", "-11112222333", "1111 2222 3333", "1111-2222-3333", "111122223333\n",
		"\uff11\uff11\uff11\uff11\uff12\uff12\uff12\uff12\uff13\uff13\uff13\uff13", "0x1122223333", "%", "111122223333\x00",
	} {
		_, err := b.vend(b.token, id, "Admin")
		b.refused(err, fault.InvalidRequest)
		_, err = b.s.ListAccountRoles(ctx, here, &api.ListAccountRolesRequest{AccessToken: b.token, AccountID: id})
		b.refused(err, fault.InvalidRequest)
	}
}

func TestCredentialsLastAsThePermissionSetSays(t *testing.T) {
	b := newBench(t)
	b.furnish([]string{"111122223333"}, "Admin")
	b.assign(toUser(alice, "111122223333", "Admin"))
	for _, hours := range []int64{1, 4, 12} {
		b.Update(func(tx *store.Tx) error {
			return tx.PutPermissionSet(store.PermissionSet{PermissionSetID: "ps-Admin", Name: "Admin", SessionDurationS: hours * 3600})
		})
		before := b.Clock.Now()
		out, err := b.vend(b.token, "111122223333", "Admin")
		if err != nil {
			t.Fatal(err)
		}
		got, length := time.UnixMilli(out.RoleCredentials.Expiration), time.Duration(hours)*time.Hour
		if got.Before(before.Add(length)) || got.After(b.Clock.Now().Add(length)) {
			t.Errorf("PT%dH gives credentials until %v, now is %v", hours, got, before)
		}
	}
}

func TestCredentialsAreThoseOfTheRoleAndInNoLog(t *testing.T) {
	b := newBench(t)
	b.furnish([]string{"111122223333"}, "Admin")
	b.assign(toUser(alice, "111122223333", "Admin"))
	out, err := b.vend(b.token, "111122223333", "Admin")
	if err != nil {
		t.Fatal(err)
	}
	c := out.RoleCredentials
	role, ok := creds.OpenRole(b.s.Ring, c.SessionToken)
	if !ok || role.AccessKeyID != c.AccessKeyID || role.SecretAccessKey != c.SecretAccessKey || role.ExpiresAt != c.Expiration || role.UserID != alice {
		t.Errorf("the session token says %+v, the answer %+v", role, c)
	}
	if form := regexp.MustCompile(`^arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_[0-9a-f]{16}/alice$`); !form.MatchString(role.ARN()) {
		t.Errorf("the ARN is %s", role.ARN())
	}
	log := b.Logged.String()
	if !strings.Contains(log, c.AccessKeyID) || !strings.Contains(log, alice) {
		t.Errorf("the log does not say what was vended to whom: %s", log)
	}
	for _, secret := range []string{c.SecretAccessKey, c.SessionToken, b.token} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds a secret: %s", log)
		}
	}
}

// calls are the operations, each as a function of the access token alone.
func (b *bench) calls() map[string]func(token string) error {
	return map[string]func(token string) error{
		"ListAccounts": func(token string) error {
			_, err := b.s.ListAccounts(ctx, here, &api.ListAccountsRequest{AccessToken: token})
			return err
		},
		"ListAccountRoles": func(token string) error {
			_, err := b.s.ListAccountRoles(ctx, here, &api.ListAccountRolesRequest{AccessToken: token, AccountID: "111122223333"})
			return err
		},
		"GetRoleCredentials": func(token string) error {
			_, err := b.vend(token, "111122223333", "Admin")
			return err
		},
		"Logout": func(token string) error {
			_, err := b.s.Logout(ctx, here, &api.LogoutRequest{AccessToken: token})
			return err
		},
	}
}

func TestNoOperationAnswersWithoutATokenThatHolds(t *testing.T) {
	b := newBench(t)
	b.furnish([]string{"111122223333"}, "Admin")
	b.assign(toUser(alice, "111122223333", "Admin"))
	refresh, _ := creds.SealRefresh(b.s.Ring, b.s.Ring.CurrentKeyID(), creds.RefreshToken{SessionID: "s"})
	for name, token := range map[string]string{
		"none": "", "an invented one": "aoaAAAAAAAA", "a shortened one": b.token[:len(b.token)-1], "a refresh token": refresh,
		"two joined": b.token + "," + b.token, "with a scheme": "Bearer " + b.token,
	} {
		for operation, call := range b.calls() {
			t.Run(operation+" with "+name, func(t *testing.T) {
				b := *b
				b.t = t
				b.refused(call(token), fault.Unauthorized)
			})
		}
	}
}

func TestTheValidationOfArgumentsComesAfterTheToken(t *testing.T) {
	b := newBench(t)
	_, err := b.vend("", "x", "")
	b.refused(err, fault.Unauthorized)
}

func TestATokenWithoutTheScopeOfThePortalMayOnlyLogOut(t *testing.T) {
	b := newBench(t)
	b.furnish([]string{"111122223333"}, "Admin")
	b.assign(toUser(alice, "111122223333", "Admin"))
	for scopes, opens := range map[string]bool{"": true, "sso:account:access": true, "openid": false} {
		t.Run(scopes, func(t *testing.T) {
			b := *b
			b.t = t
			token := b.signIn(alice, "alice", scopes)
			for operation, call := range b.calls() {
				if operation == "Logout" {
					continue
				}
				if err := call(token); opens && err != nil {
					t.Errorf("%s: %v", operation, err)
				} else if !opens {
					if refusal := b.refused(err, fault.Unauthorized); !strings.Contains(refusal.Message, "scope") {
						t.Errorf("%s does not tell what is amiss: %s", operation, refusal.Message)
					}
				}
			}
			if err := b.calls()["Logout"](token); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLogoutEndsTheSessionAndLeavesOthersAndCredentialsAlone(t *testing.T) {
	b := newBench(t)
	b.furnish([]string{"111122223333"}, "Admin")
	b.assign(toUser(alice, "111122223333", "Admin"))
	other := b.signIn(alice, "alice", "sso:account:access")
	out, err := b.vend(b.token, "111122223333", "Admin")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := b.s.Logout(ctx, here, &api.LogoutRequest{AccessToken: b.token}); err != nil {
				if refusal, ok := fault.As(err); !ok || refusal.Kind != fault.Unauthorized {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for operation, call := range b.calls() {
		if refusal := b.refused(call(b.token), fault.Unauthorized); !strings.Contains(refusal.Message, "revoked") {
			t.Errorf("%s does not say that the session was ended: %s", operation, refusal.Message)
		}
	}
	if err := b.calls()["ListAccounts"](other); err != nil {
		t.Errorf("another session of the same person: %v", err)
	}
	if _, ok := creds.OpenRole(b.s.Ring, out.RoleCredentials.SessionToken); !ok {
		t.Error("credentials that were handed out do not live on")
	}
	rows, _, err := b.s.Store.Counts(ctx)
	if err != nil || rows["audit_event"] != 1 {
		t.Errorf("%d events are recorded of one logout (%v)", rows["audit_event"], err)
	}
	if n := strings.Count(b.Logged.String(), "msg=SessionRevoked"); n != 1 {
		t.Errorf("the log tells %d times of one logout", n)
	}
}

func TestHoldingsGroupTheRolesOfEachAccount(t *testing.T) {
	b := newBench(t)
	b.furnish([]string{"111122223333", "444455556666", "777788889999"}, "Admin", "Reader")
	b.Update(func(tx *store.Tx) error { return tx.AddMembership(store.Membership{UserID: alice, GroupID: group}) })
	b.assign(toGroup("444455556666", "Reader"), toUser(alice, "444455556666", "Admin"), toUser(alice, "444455556666", "Reader"),
		toUser(alice, "111122223333", "Reader"), toUser(bob, "777788889999", "Admin"))
	held, err := b.s.Holdings(ctx, alice)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range held {
		var roles []string
		for _, role := range h.Roles {
			roles = append(roles, role.Name)
			if role.Session != time.Hour {
				t.Errorf("the credentials of %s live %v", role.Name, role.Session)
			}
		}
		got = append(got, h.Account.AccountID+" "+h.Account.Name+" "+strings.Join(roles, "+"))
	}
	want := []string{"111122223333 Account 111122223333 Reader", "444455556666 Account 444455556666 Admin+Reader"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if held, err := b.s.Holdings(ctx, "nobody"); err != nil || len(held) != 0 {
		t.Errorf("an unknown user holds %v (%v)", held, err)
	}
}

func TestAStoreThatFailsIsAFailureEverywhere(t *testing.T) {
	b := newBench(t)
	b.s.Store.Close()
	for operation, call := range b.calls() {
		err := call(b.token)
		if _, refused := fault.As(err); err == nil || refused {
			t.Errorf("%s gives %v, want a failure", operation, err)
		}
	}
}
