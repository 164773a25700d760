package identitystore

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/page"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// The largest store that AWS lets one instance have, about.
const (
	manyUsers  = 100_000
	manyGroups = 10_000
)

// fill makes the users, the groups, and one group that everybody is in; it returns the users in order, and that group.
func fill(b *testing.B, w *world) (users []string, all string) {
	b.Helper()
	const step = 1000
	moment := w.Clock.Now().Add(-time.Hour)
	id := func() string {
		moment = moment.Add(time.Millisecond)
		return sys.NewUUID(moment)
	}
	all = id()
	w.Update(func(tx *store.Tx) error {
		_, err := tx.AddGroup(store.GroupRecord{Group: store.Group{GroupID: all, DisplayName: "Everybody"}})
		return err
	})
	for n := 0; n < manyUsers; n += step {
		w.Update(func(tx *store.Tx) error {
			for i := n; i < n+step; i++ {
				userID := id()
				users = append(users, userID)
				in := &userInput{
					IdentityStoreID: storeID, UserName: fmt.Sprintf("user%06d", i), DisplayName: "Some One", Title: "Engineer",
					Name: &api.PersonName{GivenName: "Some", FamilyName: "One"}, Emails: []api.Email{{Value: fmt.Sprintf("user%06d@example.com", i), Type: "work"}},
				}
				if _, err := tx.AddUser(store.NewUserRecord(userID, store.StatusEnabled, in)); err != nil {
					return err
				}
				if _, err := tx.JoinGroup(store.MembershipRecord{Membership: store.Membership{UserID: userID, GroupID: all}, MembershipID: id()}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for n := 0; n < manyGroups; n += step {
		w.Update(func(tx *store.Tx) error {
			for i := n; i < n+step; i++ {
				if _, err := tx.AddGroup(store.GroupRecord{Group: store.Group{GroupID: id(), DisplayName: fmt.Sprintf("Group %05d", i)}}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return users, all
}

// BenchmarkAtScale measures the operations on a full store: a page costs the same wherever it is, and a user as in an empty store.
func BenchmarkAtScale(b *testing.B) {
	w := newWorld(b)
	users, all := fill(b, w)
	middle := users[len(users)/2]
	for _, at := range []struct{ name, after string }{{"first", ""}, {"middle", middle}, {"last", users[len(users)-page.Default-1]}} {
		token := func(operation *api.Operation, about string) string {
			if at.after == "" {
				return ""
			}
			p, err := w.s.openPage(page.Request{Operation: operation, Of: []string{about}})
			if err != nil {
				b.Fatal(err)
			}
			return p.Token(at.after)
		}
		b.Run("ListUsers/"+at.name, func(b *testing.B) {
			in := &api.ListUsersRequest{IdentityStoreID: storeID, NextToken: token(api.ListUsers.Operation, "")}
			for b.Loop() {
				if _, err := w.s.ListUsers(ctx, here, in); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("ListGroupMemberships/"+at.name, func(b *testing.B) {
			in := &api.ListGroupMembershipsRequest{IdentityStoreID: storeID, GroupID: all, NextToken: token(api.ListGroupMemberships.Operation, all)}
			for b.Loop() {
				if _, err := w.s.ListGroupMemberships(ctx, here, in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("ListGroups", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.s.ListGroups(ctx, here, &api.ListGroupsRequest{IdentityStoreID: storeID}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("DescribeUser", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.s.DescribeUser(ctx, here, &api.DescribeUserRequest{IdentityStoreID: storeID, UserID: middle}); err != nil {
				b.Fatal(err)
			}
		}
	})
	benchmarkCreateUser(b, w, "full")
	benchmarkCreateUser(b, newWorld(b), "empty")
}

var newUsers atomic.Int64

// benchmarkCreateUser makes users from many callers at once, each on disk before its caller hears of it.
func benchmarkCreateUser(b *testing.B, w *world, name string) {
	b.Run("CreateUser/"+name, func(b *testing.B) {
		b.SetParallelism(64)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				n := newUsers.Add(1)
				in := &userInput{
					IdentityStoreID: storeID, UserName: fmt.Sprintf("new%08d", n), DisplayName: "Some One", Title: "Engineer",
					Name: &api.PersonName{GivenName: "Some", FamilyName: "One"}, Emails: []api.Email{{Value: fmt.Sprintf("new%08d@example.com", n)}},
				}
				if _, err := w.s.CreateUser(ctx, here, in); err != nil {
					b.Error(err)
					return
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "users/s")
	})
}
