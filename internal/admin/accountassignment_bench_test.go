package admin

import (
	"fmt"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/page"
	"sallyport/internal/store"
)

// The largest organization that AWS's quotas allow, and what is assigned in it.
const (
	manyUsers    = 100_000
	manyGroups   = 10_000
	manyAccounts = 3_000
	manySets     = 500

	groupsOfOne     = 1_000 // groups of the busiest person: AWS evaluates no more
	pairsOfAGroup   = 20    // accounts that a group has something in
	setsOfOneGroup  = 5     // that the busiest group has in every account
	insertsATurn    = 10_000
	benchPage       = 100
	crowdedAccount  = "000000000000"
	busiestGroupNum = 0
)

func userID(n int) string    { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }
func groupID(n int) string   { return fmt.Sprintf("00000000-0000-4000-9000-%012d", n) }
func accountID(n int) string { return fmt.Sprintf("%012d", n) }
func setID(n int) string     { return fmt.Sprintf("ps-%016d", n) }

// bulk runs fn for each number below n, many in a transaction.
func (b *bench) bulk(n int, fn func(tx *store.Tx, i int) error) {
	b.t.Helper()
	for from := 0; from < n; from += insertsATurn {
		b.Update(func(tx *store.Tx) error {
			for i := from; i < min(n, from+insertsATurn); i++ {
				if err := fn(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// newOrganization fills a store: everybody is assigned the first set in the first account, each group something in twenty accounts, the
// first group five sets in every account, and the first person one set in every account besides what their thousand groups have.
func newOrganization(t testing.TB) *bench {
	b := newBench(t)
	b.bulk(manyUsers, func(tx *store.Tx, i int) error {
		return tx.PutUser(store.User{UserID: userID(i), UserName: fmt.Sprintf("user-%d", i), Email: fmt.Sprintf("user-%d@example.test", i), Status: store.StatusEnabled})
	})
	b.bulk(manyGroups, func(tx *store.Tx, i int) error {
		return tx.PutGroup(store.Group{GroupID: groupID(i), DisplayName: fmt.Sprintf("group-%d", i)})
	})
	b.bulk(groupsOfOne, func(tx *store.Tx, i int) error {
		return tx.AddMembership(store.Membership{UserID: userID(0), GroupID: groupID(i)})
	})
	b.bulk(manyAccounts, func(tx *store.Tx, i int) error {
		return tx.PutAccount(store.Account{AccountID: accountID(i), Name: fmt.Sprintf("account-%d", i)})
	})
	b.bulk(manySets, func(tx *store.Tx, i int) error {
		return tx.PutPermissionSet(store.PermissionSet{PermissionSetID: setID(i), Name: fmt.Sprintf("set-%d", i)})
	})
	assign := func(tx *store.Tx, principalType, principal string, account, set int) error {
		return tx.AddAssignment(store.Assignment{
			PrincipalType: principalType, PrincipalID: principal, AccountID: accountID(account), PermissionSetID: setID(set),
		})
	}
	b.bulk(manyUsers, func(tx *store.Tx, i int) error { return assign(tx, store.PrincipalUser, userID(i), 0, 0) })
	b.bulk(manyGroups*pairsOfAGroup, func(tx *store.Tx, i int) error {
		group, pair := i/pairsOfAGroup, i%pairsOfAGroup
		return assign(tx, store.PrincipalGroup, groupID(group), (group*7+pair*149)%manyAccounts, (group+pair)%manySets)
	})
	b.bulk(manyAccounts*setsOfOneGroup, func(tx *store.Tx, i int) error {
		return assign(tx, store.PrincipalGroup, groupID(busiestGroupNum), i/setsOfOneGroup, i%setsOfOneGroup)
	})
	b.bulk(manyAccounts, func(tx *store.Tx, i int) error { return assign(tx, store.PrincipalUser, userID(0), i, 1) })
	return b
}

// token is what the page before one that begins after the key gave out.
func (b *bench) token(operation *api.Operation, of []string, after ...string) string {
	b.t.Helper()
	p, err := b.openPage(owner, page.Request{Operation: operation, Of: of})
	if err != nil {
		b.t.Fatal(err)
	}
	if after[0] == "" {
		return ""
	}
	return p.Token(after...)
}

// Pages cost the same wherever in the list they are, in the largest organization there can be.
func BenchmarkPagesOfALargeOrganization(b *testing.B) {
	s := newOrganization(b)
	size := int64(benchPage)
	set := func(n int) string { return "arn:aws:sso:::permissionSet/" + homeInstance + "/" + setID(n) }
	run := func(name string, want int, list func() (entries int, err error)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				entries, err := list()
				if err != nil || entries != want {
					b.Fatalf("%d entries, %v, want %d", entries, err, want)
				}
			}
		})
	}
	places := []string{"first", "middle", "last"}
	for n, after := range []string{"", userID(manyUsers / 2), userID(manyUsers - 1 - benchPage)} {
		in := api.ListAccountAssignmentsRequest{InstanceARN: homeARN, AccountID: crowdedAccount, PermissionSetARN: set(0), MaxResults: &size}
		principalType := ""
		if after != "" {
			principalType = store.PrincipalUser
		}
		in.NextToken = s.token(api.ListAccountAssignments.Operation, []string{homeARN, crowdedAccount, set(0)}, principalType, after)
		run("ListAccountAssignments/"+places[n], benchPage, func() (int, error) {
			out, err := s.ListAccountAssignments(ctx, owner, &in)
			if err != nil {
				return 0, err
			}
			return len(out.AccountAssignments), nil
		})
	}
	forPrincipal := func(name, principalType, principal string, want int, after ...string) {
		in := api.ListAccountAssignmentsForPrincipalRequest{InstanceARN: homeARN, PrincipalType: principalType, PrincipalID: principal, MaxResults: &size}
		in.NextToken = s.token(api.ListAccountAssignmentsForPrincipal.Operation, []string{homeARN, principalType, principal, ""}, after...)
		run("ListAccountAssignmentsForPrincipal/"+name, want, func() (int, error) {
			out, err := s.ListAccountAssignmentsForPrincipal(ctx, owner, &in)
			if err != nil {
				return 0, err
			}
			return len(out.AccountAssignments), nil
		})
	}
	user, group := store.PrincipalUser, store.PrincipalGroup
	forPrincipal("user/first", user, userID(0), benchPage, "")
	forPrincipal("user/their-own-last", user, userID(0), benchPage, user, userID(0), accountID(manyAccounts-10), setID(1))
	forPrincipal("user/inside-the-busiest-group", user, userID(0), benchPage, group, groupID(0), accountID(manyAccounts/2), setID(0))
	forPrincipal("user/middle-group", user, userID(0), benchPage, group, groupID(groupsOfOne/2), accountID(manyAccounts), "")
	forPrincipal("user/last-groups", user, userID(0), benchPage, group, groupID(groupsOfOne-6), accountID(manyAccounts), "")
	forPrincipal("group/first", group, groupID(0), benchPage, "")
	forPrincipal("group/middle", group, groupID(0), benchPage, group, groupID(0), accountID(manyAccounts/2), setID(0))
	forPrincipal("group/last", group, groupID(0), benchPage, group, groupID(0), accountID(manyAccounts-1-benchPage/setsOfOneGroup), setID(manySets))
	for n, after := range []string{"", setID(manySets / 2), setID(manySets - 1 - benchPage)} {
		in := api.ListPermissionSetsRequest{InstanceARN: homeARN, MaxResults: &size}
		in.NextToken = s.token(api.ListPermissionSets.Operation, []string{homeARN}, after)
		run("ListPermissionSets/"+places[n], benchPage, func() (int, error) {
			out, err := s.ListPermissionSets(ctx, owner, &in)
			if err != nil {
				return 0, err
			}
			return len(out.PermissionSets), nil
		})
	}
	for n, after := range []string{"", accountID(manyAccounts / 2), accountID(manyAccounts - 1 - benchPage)} {
		in := api.ListAccountsForProvisionedPermissionSetRequest{InstanceARN: homeARN, PermissionSetARN: set(1), ProvisioningStatus: latest, MaxResults: &size}
		in.NextToken = s.token(api.ListAccountsForProvisionedPermissionSet.Operation, []string{homeARN, set(1), latest}, after)
		run("ListAccountsForProvisionedPermissionSet/"+places[n], benchPage, func() (int, error) {
			out, err := s.ListAccountsForProvisionedPermissionSet(ctx, owner, &in)
			if err != nil {
				return 0, err
			}
			return len(out.AccountIDs), nil
		})
	}
	create := creation(accountID(1), set(2), user, userID(manyUsers-1))
	run("CreateAndDeleteAccountAssignment", 2, func() (int, error) {
		if _, err := s.CreateAccountAssignment(ctx, owner, &create); err != nil {
			return 0, err
		}
		remove := api.DeleteAccountAssignmentRequest(create)
		if _, err := s.DeleteAccountAssignment(ctx, owner, &remove); err != nil {
			return 0, err
		}
		return 2, nil
	})
}
