package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// openFirstSchema makes a database as it was before the identity store, with the rows given.
func openFirstSchema(t *testing.T, dir string, rows ...string) {
	t.Helper()
	s, err := Connect(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	steps, err := migrationSteps(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	first := slices.IndexFunc(steps, func(step step) bool { return !strings.HasPrefix(step.file, "0001_") })
	if err := s.migrateTo(steps[:first]); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		update(t, s, func(tx *Tx) error {
			tx.hearing = nil // there are no nodes, and no table that tells them
			_, err := tx.exec(row)
			return err
		})
	}
}

func TestRowsOfTheFirstSchemaAreKept(t *testing.T) {
	const (
		ann   = "11111111-1111-4111-8111-111111111111"
		eric  = "22222222-2222-4222-8222-222222222222"
		staff = "33333333-3333-4333-8333-333333333333"
	)
	user := `INSERT INTO directory_user (user_id, user_name, user_name_key, display_name, given_name, family_name, email, status, created_at, updated_at)
		VALUES ('%s', '%s', '%s', 'D', 'G', 'F', '%s', 'ENABLED', 5, 6)`
	dir := t.TempDir()
	openFirstSchema(t, dir,
		fmt.Sprintf(user, ann, "Ann", "ann", "Ann@example.com"),
		fmt.Sprintf(user, eric, "Éric", "Éric", ""),
		`INSERT INTO directory_group (group_id, display_name, description, created_at, updated_at) VALUES ('`+staff+`', 'Staff', '', 7, 8)`,
		`INSERT INTO group_membership (user_id, group_id) VALUES ('`+ann+`', '`+staff+`')`,
		`INSERT INTO group_membership (user_id, group_id) VALUES ('`+eric+`', '`+staff+`')`,
	)
	s, err := Open(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	update(t, s, func(tx *Tx) error {
		users, err := tx.UsersByEmail("Ann@example.com")
		if err != nil || len(users) != 1 || users[0].UserID != ann {
			t.Errorf("by address: %v (%v)", users, err)
		}
		if found, ok, err := tx.UserByName("Éric"); err != nil || !ok || found.UserID != eric {
			t.Errorf("a name outside ASCII is found as %v, %v (%v)", found, ok, err)
		}
		record, found, err := tx.UserRecord(ann)
		if want := (UserRecord{User: User{ann, "Ann", "D", "G", "F", "Ann@example.com", "ENABLED"}, CreatedAt: 5, UpdatedAt: 6}); err != nil || !found || record != want {
			t.Errorf("got %+v (%v)", record, err)
		}
		members, err := tx.MembersPage(staff, "", 10)
		if err != nil || len(members) != 2 || members[0].MembershipID != "11111111-1111-4111-8333-333333333333" || members[0].CreatedAt != 7 {
			t.Errorf("members %+v (%v)", members, err)
		}
		taken, err := tx.AddUser(UserRecord{User: User{UserID: "new", UserName: "new", Email: "ANN@EXAMPLE.COM"}})
		if err != nil || taken != EmailTaken {
			t.Errorf("the address of a kept row is taken: got %v (%v)", taken, err)
		}
		return nil
	})
}

func TestAddressesGoToWhoAskedLastWhenAFileIsApplied(t *testing.T) {
	s, _ := open(t)
	put := func(tx *Tx, id, email string) error {
		return tx.PutUser(User{UserID: id, UserName: id, Email: email, Status: StatusEnabled})
	}
	update(t, s, func(tx *Tx) error {
		for _, step := range [][2]string{{"a", "x@example.com"}, {"b", "y@example.com"}, {"a", "y@example.com"}, {"b", "x@example.com"}} {
			if err := put(tx, step[0], step[1]); err != nil {
				return err
			}
		}
		for email, want := range map[string]string{"x@example.com": "b", "y@example.com": "a"} {
			if users, err := tx.UsersByEmail(email); err != nil || len(users) != 1 || users[0].UserID != want {
				t.Errorf("%s is %v's (%v), want %s's", email, users, err, want)
			}
		}
		if err := put(tx, "a", ""); err != nil {
			return err
		}
		if taken, err := tx.AddUser(UserRecord{User: User{UserID: "c", UserName: "c", Email: "y@example.com"}}); err != nil || taken != NothingTaken {
			t.Errorf("an address that was given up is taken: %v (%v)", taken, err)
		}
		return nil
	})
}

func TestUsersAreFoundByExternalID(t *testing.T) {
	s, _ := open(t)
	update(t, s, func(tx *Tx) error {
		for _, row := range []struct{ user, issuer, id string }{
			{"a", "i", "1"}, {"a", "j", "1"}, {"b", "i", "2"}, {"b", "k", "1"}, {"c", "l", "1"}, {"d", "i", "3"}, {"d", "j", "3"},
		} {
			if err := tx.PutUser(User{UserID: row.user, UserName: row.user, Status: StatusEnabled}); err != nil {
				return err
			}
			if added, err := tx.AddUserExternalID(row.user, ExternalID{row.issuer, row.id}); err != nil || !added {
				return fmt.Errorf("%v: %v, %w", row, added, err)
			}
		}
		for _, c := range []struct {
			name, issuer, id string
			want             []string
		}{
			{"an issuer's id is one user's", "i", "2", []string{"b"}},
			{"another issuer's id is nobody's", "j", "2", nil},
			{"an id that is unique among issuers", "", "2", []string{"b"}},
			{"an id that one user has of two issuers", "", "3", []string{"d"}},
			{"an id of many users shows two", "", "1", []string{"a", "b"}},
			{"no id", "", "", nil},
		} {
			users, err := tx.UsersByExternalID(c.issuer, c.id)
			var got []string
			for _, user := range users {
				got = append(got, user.UserID)
			}
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v (%v), want %v", c.name, got, err, c.want)
			}
		}
		if added, err := tx.AddUserExternalID("b", ExternalID{"i", "1"}); err != nil || added {
			t.Errorf("an id that is another's is given: %v (%v)", added, err)
		}
		if err := tx.DeleteUserExternalID("b", ExternalID{"i", "1"}); err != nil {
			return err
		}
		if users, err := tx.UsersByExternalID("i", "1"); err != nil || len(users) != 1 {
			t.Errorf("an id was taken from its user by another: %v (%v)", users, err)
		}
		if err := tx.DeleteUser("a"); err != nil {
			return err
		}
		if users, err := tx.UsersByExternalID("i", "1"); err != nil || len(users) != 0 {
			t.Errorf("the id of a removed user finds %v (%v)", users, err)
		}
		return nil
	})
}

func TestMembershipIsAskedForManyGroupsAtOnce(t *testing.T) {
	s, _ := open(t)
	update(t, s, func(tx *Tx) error {
		var asked []string
		for i := range MaxGroupsAsked {
			asked = append(asked, fmt.Sprintf("g%03d", i))
			if i%2 == 0 {
				if err := tx.AddMembership(Membership{UserID: "u", GroupID: asked[i]}); err != nil {
					return err
				}
			}
		}
		for _, n := range []int{0, 1, 2, 99, 100} {
			member, err := tx.MemberOf("u", asked[:n])
			if err != nil || len(member) != (n+1)/2 {
				t.Errorf("asked for %d groups: member in %d (%v), want %d", n, len(member), err, (n+1)/2)
			}
		}
		return nil
	})
}

func FuzzUserNameKey(f *testing.F) {
	for _, seed := range []string{"alice", "AL\u0131CE", "zoe\u0308", "\u212aim", "\ufb03", "a\u0323\u0302", "\u1e9e", "\u0130", "\u3164", "ǅ", "\u0345", "㎯"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		key := UserNameKey(name)
		if again := UserNameKey(key); utf8.ValidString(name) && again != key {
			t.Errorf("%q has the key %q, which has the key %q", name, key, again)
		}
		if UserNameKey(foldASCII(name)) != key {
			t.Errorf("%q and %q sign in as one name and have two keys", name, foldASCII(name))
		}
	})
}
