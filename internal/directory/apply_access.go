package directory

import (
	"fmt"

	"sallyport/internal/store"
	"sallyport/internal/sys"
)

func (p *plan) accounts(tx *store.Tx, want []account) error {
	rows, err := tx.Accounts()
	if err != nil {
		return err
	}
	have := make(map[string]store.Account, len(rows))
	for _, row := range rows {
		have[row.AccountID] = row
	}
	for _, a := range want {
		next := a.row()
		old, found := have[next.AccountID]
		delete(have, next.AccountID)
		put := func(tx *store.Tx) error { return tx.PutAccount(next) }
		if !found {
			p.add(accountWords(next), put)
			continue
		}
		p.keep(accountWords(next), altered(Field{"name", old.Name, next.Name}, Field{"email", old.Email, next.Email}), put)
	}
	for _, row := range rows {
		if _, left := have[row.AccountID]; left {
			p.remove(accountWords(row), func(tx *store.Tx) error { return tx.DeleteAccount(row.AccountID) })
		}
	}
	return nil
}

func accountWords(a store.Account) string { return fmt.Sprintf("account %s %q", a.AccountID, a.Name) }

// permissionSetIDSize is what follows ps-, in bytes.
const permissionSetIDSize = 8

func (p *plan) permissionSets(tx *store.Tx, want []permissionSet) (ids, error) {
	rows, err := tx.PermissionSets()
	if err != nil {
		return ids{}, err
	}
	known := newIDs(len(want))
	have := make(map[string]store.PermissionSet, len(rows))
	for _, row := range rows {
		have[row.Name] = row
		known.byID[row.PermissionSetID] = row.Name
	}
	for _, set := range want {
		next := set.row()
		old, found := have[next.Name]
		delete(have, next.Name)
		put := func(tx *store.Tx) error { return tx.PutPermissionSet(next) }
		if found {
			next.PermissionSetID = old.PermissionSetID
			p.keep(setWords(next.Name), altered(
				Field{"description", old.Description, next.Description},
				Field{"sessionDuration", durationText(old.SessionDurationS), durationText(next.SessionDurationS)},
				Field{"relayState", old.RelayState, next.RelayState},
			), put)
		} else {
			next.PermissionSetID = "ps-" + sys.NewHex(permissionSetIDSize)
			p.add(setWords(next.Name), put)
		}
		known.byName[next.Name], known.byID[next.PermissionSetID] = next.PermissionSetID, next.Name
	}
	for _, row := range rows {
		if _, left := have[row.Name]; left {
			p.remove(setWords(row.Name), func(tx *store.Tx) error { return tx.DeletePermissionSet(row.PermissionSetID) })
		}
	}
	return known, nil
}

func setWords(name string) string { return fmt.Sprintf("permission set %q", name) }

func (p *plan) assignments(tx *store.Tx, want []assignment, users, groups, sets ids) error {
	rows, err := tx.Assignments()
	if err != nil {
		return err
	}
	have := make(map[store.Assignment]bool, len(rows))
	for _, row := range rows {
		have[row] = true
	}
	words := func(a store.Assignment) string {
		principal := userWords(users.nameOf(a.PrincipalID))
		if a.PrincipalType == store.PrincipalGroup {
			principal = groupWords(groups.nameOf(a.PrincipalID))
		}
		return fmt.Sprintf("assignment of %q in account %s to %s", sets.nameOf(a.PermissionSetID), a.AccountID, principal)
	}
	for _, a := range want {
		for _, row := range a.rows(users, groups, sets) {
			if have[row] {
				p.Unchanged++
				delete(have, row)
				continue
			}
			p.add(words(row), func(tx *store.Tx) error { return tx.AddAssignment(row) })
		}
	}
	for _, row := range rows {
		if have[row] {
			p.remove(words(row), func(tx *store.Tx) error { return tx.DeleteAssignment(row) })
		}
	}
	return nil
}

// rows are the assignments of one entry, a row for each principal.
func (a assignment) rows(users, groups, sets ids) []store.Assignment {
	rows := make([]store.Assignment, 0, len(a.users)+len(a.groups))
	row := store.Assignment{AccountID: a.account.value, PermissionSetID: sets.byName[a.permissionSet.value]}
	for _, name := range a.users {
		row.PrincipalType, row.PrincipalID = store.PrincipalUser, users.byName[store.UserNameKey(name.value)]
		rows = append(rows, row)
	}
	for _, name := range a.groups {
		row.PrincipalType, row.PrincipalID = store.PrincipalGroup, groups.byName[name.value]
		rows = append(rows, row)
	}
	return rows
}
