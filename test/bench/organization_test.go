package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/keys"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
)

// The largest organization that AWS's quotas allow, about, and what is assigned in it.
const (
	manyUsers     = 100_000
	fewUsers      = 1_000 // of a small company
	manyGroups    = 10_000
	manyAccounts  = 3_000
	manySets      = 500
	pairsOfAGroup = 20     // accounts that a group has something in
	groupsOfAUser = 3      // that each person is a member of
	rowsATurn     = 10_000 // rows that share a transaction
)

func userID(n int) string    { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }
func groupID(n int) string   { return fmt.Sprintf("00000000-0000-4000-9000-%012d", n) }
func accountID(n int) string { return fmt.Sprintf("%012d", n) }
func setID(n int) string     { return fmt.Sprintf("ps-%016d", n) }
func emailOf(n int) string   { return fmt.Sprintf("user-%d@example.com", n) }

// filler writes many rows through the store, as fast as it takes them.
type filler struct {
	b    *testing.B
	rows *store.Store
}

// openFiller opens the store behind a data folder, beside a server if one runs.
func openFiller(b *testing.B, dir string) filler {
	b.Helper()
	rows, err := store.Open(store.Options{Dir: dir, Database: testdb.URL(b, dir), Clock: &sys.Clock{}})
	if err != nil {
		b.Fatal(err)
	}
	return filler{b, rows}
}

func (f filler) close() {
	f.b.Helper()
	if err := f.rows.Close(); err != nil {
		f.b.Fatal(err)
	}
}

// bulk calls fn for each number below n, ten thousand times in a transaction.
func (f filler) bulk(n int, fn func(tx *store.Tx, i int) error) {
	f.b.Helper()
	for from := 0; from < n; from += rowsATurn {
		err := f.rows.Update(context.Background(), func(tx *store.Tx) error {
			for i := from; i < min(n, from+rowsATurn); i++ {
				if err := fn(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			f.b.Fatal(err)
		}
	}
}

// users writes as many people.
func (f filler) users(n int, identityStoreID string) {
	f.b.Helper()
	made, primary := time.Now().UnixMilli(), true
	f.bulk(n, func(tx *store.Tx, i int) error {
		user := store.NewUserRecord(userID(i), store.StatusEnabled, &api.CreateUserRequest{
			IdentityStoreID: identityStoreID, UserName: fmt.Sprintf("user-%d", i), DisplayName: "Some One", Title: "Engineer",
			Name:   &api.PersonName{GivenName: "Some", FamilyName: "One"},
			Emails: []api.Email{{Value: emailOf(i), Type: "work", Primary: &primary}},
		})
		user.CreatedAt, user.UpdatedAt = made, made
		_, err := tx.AddUser(user)
		return err
	})
}

// fillStore writes the organization beside what the applications are: everybody is assigned the first permission set in the first account
// and, by a group, the applications; each group something in twenty accounts; and the first person one set in every account.
func fillStore(b *testing.B, dir string, d *deployment) {
	b.Helper()
	f := openFiller(b, dir)
	defer f.close()
	bulk, made := f.bulk, time.Now().UnixMilli()
	d.people = manyUsers
	f.users(d.people, d.IdentityStoreID)
	bulk(manyGroups, func(tx *store.Tx, i int) error {
		return tx.PutGroup(store.Group{GroupID: groupID(i), DisplayName: fmt.Sprintf("group-%d", i)})
	})
	bulk(manyUsers*groupsOfAUser, func(tx *store.Tx, i int) error {
		user, nth := i/groupsOfAUser, i%groupsOfAUser
		return tx.AddMembership(store.Membership{UserID: userID(user), GroupID: groupID(nth * (1 + user%(manyGroups/groupsOfAUser)))})
	})
	bulk(manyAccounts, func(tx *store.Tx, i int) error {
		return tx.PutAccount(store.Account{AccountID: accountID(i), Name: fmt.Sprintf("account-%d", i)})
	})
	bulk(manySets, func(tx *store.Tx, i int) error {
		return tx.PutPermissionSet(store.PermissionSet{PermissionSetID: setID(i), Name: fmt.Sprintf("set-%d", i)})
	})
	assign := func(tx *store.Tx, principalType, principal string, account, set int) error {
		return tx.AddAssignment(store.Assignment{
			PrincipalType: principalType, PrincipalID: principal, AccountID: accountID(account), PermissionSetID: setID(set),
		})
	}
	bulk(manyUsers, func(tx *store.Tx, i int) error { return assign(tx, store.PrincipalUser, userID(i), 0, 0) })
	bulk(manyGroups*pairsOfAGroup, func(tx *store.Tx, i int) error {
		group, pair := i/pairsOfAGroup, i%pairsOfAGroup
		return assign(tx, store.PrincipalGroup, groupID(group), (group*7+pair*149)%manyAccounts, (group+pair)%manySets)
	})
	bulk(manyAccounts, func(tx *store.Tx, i int) error {
		if err := assign(tx, store.PrincipalUser, userID(0), i, 1); err != nil {
			return err
		}
		return tx.Provision(setID(1), accountID(i), made)
	})
	bulk(1, func(tx *store.Tx, _ int) error {
		for _, application := range []string{d.front, d.byRSA, d.behind} {
			_, err := tx.AddApplicationAssignment(store.ApplicationAssignment{
				ApplicationID: applicationID(b, application), PrincipalType: store.PrincipalGroup, PrincipalID: groupID(0),
			})
			if err != nil {
				return err
			}
		}
		row, _, err := tx.Application(applicationID(b, d.byRSA))
		if row.IDTokenAlg = keys.RS256; err != nil {
			return err
		}
		return tx.PutApplication(row)
	})
}

// databaseSize is that of the database with its log, in MiB.
func databaseSize(b *testing.B, dir string) float64 {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(dir, store.File+"*"))
	if err != nil {
		b.Fatal(err)
	}
	total := int64(0)
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			b.Fatal(err)
		}
		total += info.Size()
	}
	return float64(total) / (1 << 20)
}
