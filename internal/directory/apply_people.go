package directory

import (
	"fmt"

	"github.com/google/uuid"

	"sallyport/internal/store"
)

// ids ties names, in the form in which they are unique, to ids; and ids back to names, also those that the file does not name any more.
type ids struct {
	byName map[string]string
	byID   map[string]string
}

func newIDs(size int) ids {
	return ids{byName: make(map[string]string, size), byID: make(map[string]string, size)}
}

// nameOf is the name behind an id as people read it; the id when nothing has it.
func (i ids) nameOf(id string) string {
	if name, ok := i.byID[id]; ok {
		return name
	}
	return id
}

func (p *plan) users(tx *store.Tx, want []user) (ids, error) {
	rows, err := tx.Users()
	if err != nil {
		return ids{}, err
	}
	known := newIDs(len(want))
	have := make(map[string]store.User, len(rows))
	for _, row := range rows {
		have[store.UserNameKey(row.UserName)] = row
		known.byID[row.UserID] = row.UserName
	}
	for _, u := range want {
		next, key := u.row(), store.UserNameKey(u.userName.value)
		old, found := have[key]
		delete(have, key)
		if found {
			next.UserID = old.UserID
			p.keep(userWords(old.UserName), userFieldsAltered(old, next), func(tx *store.Tx) error { return putUser(tx, old, next) })
		} else {
			next.UserID = uuid.NewString()
			p.add(userWords(next.UserName), func(tx *store.Tx) error { return tx.PutUser(next) })
		}
		known.byName[key], known.byID[next.UserID] = next.UserID, next.UserName
	}
	for _, row := range rows {
		if _, left := have[store.UserNameKey(row.UserName)]; left {
			p.remove(userWords(row.UserName), func(tx *store.Tx) error { return removeUser(tx, row.UserID) })
		}
	}
	return known, nil
}

func userWords(name string) string { return fmt.Sprintf("user %q", name) }

func userFieldsAltered(old, next store.User) []Field {
	return altered(
		Field{"userName", old.UserName, next.UserName},
		Field{"displayName", old.DisplayName, next.DisplayName},
		Field{"givenName", old.GivenName, next.GivenName},
		Field{"familyName", old.FamilyName, next.FamilyName},
		Field{"email", old.Email, next.Email},
		Field{"status", old.Status, next.Status},
	)
}

func putUser(tx *store.Tx, old, next store.User) error {
	if old.Enabled() && !next.Enabled() {
		if err := tx.RevokeSessionsOfUser(next.UserID, "the user was disabled"); err != nil {
			return err
		}
	}
	return tx.PutUser(next)
}

func removeUser(tx *store.Tx, userID string) error {
	if err := tx.RevokeSessionsOfUser(userID, "the user was removed"); err != nil {
		return err
	}
	return tx.DeleteUser(userID)
}

func (p *plan) groups(tx *store.Tx, want []group) (ids, error) {
	rows, err := tx.Groups()
	if err != nil {
		return ids{}, err
	}
	known := newIDs(len(want))
	have := make(map[string]store.Group, len(rows))
	for _, row := range rows {
		have[row.DisplayName] = row
		known.byID[row.GroupID] = row.DisplayName
	}
	for _, g := range want {
		next := g.row()
		old, found := have[next.DisplayName]
		delete(have, next.DisplayName)
		put := func(tx *store.Tx) error { return tx.PutGroup(next) }
		if found {
			next.GroupID = old.GroupID
			p.keep(groupWords(next.DisplayName), altered(Field{"description", old.Description, next.Description}), put)
		} else {
			next.GroupID = uuid.NewString()
			p.add(groupWords(next.DisplayName), put)
		}
		known.byName[next.DisplayName], known.byID[next.GroupID] = next.GroupID, next.DisplayName
	}
	for _, row := range rows {
		if _, left := have[row.DisplayName]; left {
			p.remove(groupWords(row.DisplayName), func(tx *store.Tx) error { return tx.DeleteGroup(row.GroupID) })
		}
	}
	return known, nil
}

func groupWords(name string) string { return fmt.Sprintf("group %q", name) }

func (p *plan) memberships(tx *store.Tx, want []group, users, groups ids) error {
	rows, err := tx.Memberships()
	if err != nil {
		return err
	}
	have := make(map[store.Membership]bool, len(rows))
	for _, row := range rows {
		have[row] = true
	}
	words := func(m store.Membership) string {
		return fmt.Sprintf("member %q of group %q", users.nameOf(m.UserID), groups.nameOf(m.GroupID))
	}
	for _, g := range want {
		for _, member := range g.members {
			m := store.Membership{
				UserID:  users.byName[store.UserNameKey(member.value)],
				GroupID: groups.byName[g.displayName.value],
			}
			if have[m] {
				p.Unchanged++
				delete(have, m)
				continue
			}
			p.add(words(m), func(tx *store.Tx) error { return tx.AddMembership(m) })
		}
	}
	for _, row := range rows {
		if have[row] {
			p.remove(words(row), func(tx *store.Tx) error { return tx.DeleteMembership(row) })
		}
	}
	return nil
}
