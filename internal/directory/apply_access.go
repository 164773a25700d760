package directory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sallyport/internal/rules"
	"sallyport/internal/store"
)

func (p *plan) compareAccounts() error {
	have := mapOf(p.have.accounts, func(a store.Account) string { return a.AccountID })
	for _, a := range p.d.accounts {
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
	for _, row := range p.have.accounts {
		if _, left := have[row.AccountID]; left {
			p.remove(accountWords(row), func(tx *store.Tx) error { return tx.DeleteAccount(row.AccountID) })
		}
	}
	return nil
}

func accountWords(a store.Account) string { return fmt.Sprintf("account %s %q", a.AccountID, a.Name) }

func (p *plan) comparePermissionSets() error {
	rows, known := p.have.sets, newIDs(len(p.d.permissionSets))
	have := make(map[string]store.PermissionSet, len(rows))
	for _, row := range rows {
		have[row.Name] = row
		known.byID[row.PermissionSetID] = row.Name
	}
	for _, set := range p.d.permissionSets {
		old, found := have[set.name.value]
		delete(have, set.name.value)
		next := set.row()
		next.PermissionSetID = cmp.Or(old.PermissionSetID, rules.NewPermissionSetID())
		p.permissionSet(set, old, next, found)
		known.byName[next.Name], known.byID[next.PermissionSetID] = next.PermissionSetID, next.Name
	}
	for _, row := range rows {
		if _, left := have[row.Name]; left {
			p.remove(setWords(row.Name), func(tx *store.Tx) error { return tx.DeletePermissionSet(row.PermissionSetID) })
		}
	}
	p.setIDs = known
	return nil
}

func (p *plan) permissionSet(set permissionSet, old, next store.PermissionSet, found bool) {
	has := p.have.setPolicies[old.PermissionSetID]
	policies := policyChange{id: next.PermissionSetID, old: has, next: set.policies()}
	if policies.next.Inline != "" && canonical(policies.next.Inline) == canonical(has.Inline) {
		policies.next.Inline = has.Inline // as it was sent
	}
	tags := tagsOf(set.tags)
	fields := altered(
		Field{"description", old.Description, next.Description},
		Field{"sessionDuration", rules.SessionText(old.SessionDurationS), rules.SessionText(next.SessionDurationS)},
		Field{"relayState", old.RelayState, next.RelayState},
	)
	put := func(tx *store.Tx) error { return tx.PutPermissionSet(next) }
	putAll := func(tx *store.Tx) error {
		if !found || len(fields) > 0 { // what changes nothing leaves the accounts provisioned
			if err := put(tx); err != nil {
				return err
			}
		}
		if err := policies.run(tx); err != nil {
			return err
		}
		return tx.PutTags(next.PermissionSetID, tags)
	}
	switch {
	case !found:
		p.add(setWords(next.Name), putAll)
	case !p.d.whole():
		p.keep(setWords(next.Name), fields, put)
	default:
		outside := append(policies.fields(), differing(attributes{{"tags", p.have.tagWords(old.PermissionSetID)}}, attributes{{"tags", tagWords(tags)}})...)
		p.keep(setWords(next.Name), append(fields, outside...), putAll)
	}
}

func setWords(name string) string { return fmt.Sprintf("permission set %q", name) }

// policies are the policies of the permission set in the form of the store.
func (p permissionSet) policies() store.AllSetPolicies {
	all := store.AllSetPolicies{}
	all.Inline = p.inlinePolicy.json
	for _, policy := range p.managedPolicies {
		all.Managed = append(all.Managed, policy.value)
	}
	for _, policy := range p.customerPolicies {
		all.Customer = append(all.Customer, policy.row())
	}
	if b := p.boundary; b != nil {
		all.Boundary.ManagedPolicyARN = b.managedPolicy.value
		if b.customerPolicy != nil {
			all.Boundary.CustomerPolicy = b.customerPolicy.row()
		}
	}
	return all
}

// policyChange is what becomes of the policies of one permission set.
type policyChange struct {
	id        string
	old, next store.AllSetPolicies
}

func (c policyChange) fields() []Field {
	old := c.old.Inline
	if c.old.HasInline && old == "" {
		old = cannotBeRead
	}
	fields := differingDocument("inlinePolicy", old, c.next.Inline)
	return append(fields, differing(
		attributes{{"managedPolicies", managedWords(c.old)}, {"customerManagedPolicies", customerWords(c.old)}, {"permissionsBoundary", boundaryWords(c.old)}},
		attributes{{"managedPolicies", managedWords(c.next)}, {"customerManagedPolicies", customerWords(c.next)}, {"permissionsBoundary", boundaryWords(c.next)}},
	)...)
}

func managedWords(p store.AllSetPolicies) string {
	return strings.Join(slices.Sorted(slices.Values(p.Managed)), ", ")
}

func customerWords(p store.AllSetPolicies) string {
	words := make([]string, len(p.Customer))
	for i, policy := range p.Customer {
		words[i] = policy.Path + policy.Name
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

func boundaryWords(p store.AllSetPolicies) string {
	if p.Bounded && p.Boundary == (store.Boundary{}) {
		return cannotBeRead
	}
	return p.Boundary.ManagedPolicyARN + p.Boundary.CustomerPolicy.Path + p.Boundary.CustomerPolicy.Name
}

// run takes what is not wanted and gives the rest; what is there already makes no revision of the permission set.
func (c policyChange) run(tx *store.Tx) error {
	for _, policy := range c.old.Managed {
		if !slices.Contains(c.next.Managed, policy) {
			if _, err := tx.DetachManagedPolicy(c.id, policy); err != nil {
				return err
			}
		}
	}
	for _, policy := range c.old.Customer {
		if !slices.Contains(c.next.Customer, policy) {
			if _, err := tx.DetachCustomerPolicy(c.id, policy); err != nil {
				return err
			}
		}
	}
	for _, policy := range c.next.Managed {
		if _, err := tx.AttachManagedPolicy(c.id, policy); err != nil {
			return err
		}
	}
	for _, policy := range c.next.Customer {
		if _, err := tx.AttachCustomerPolicy(c.id, policy); err != nil {
			return err
		}
	}
	return c.runSingle(tx)
}

// runSingle sets the policies of which there is one at most.
func (c policyChange) runSingle(tx *store.Tx) (err error) {
	if c.next.Inline == "" {
		_, err = tx.DeleteInlinePolicy(c.id)
	} else {
		_, err = tx.PutInlinePolicy(c.id, c.next.Inline)
	}
	if err != nil {
		return err
	}
	if c.next.Boundary == (store.Boundary{}) {
		_, err = tx.DeleteBoundary(c.id)
	} else {
		_, err = tx.PutBoundary(c.id, c.next.Boundary)
	}
	return err
}

func (p *plan) compareAssignments() error {
	var want []store.Assignment
	for _, a := range p.d.assignments {
		for _, principal := range p.principals(a.users, a.groups) {
			want = append(want, store.Assignment{
				PrincipalType: principal.Type, PrincipalID: principal.ID,
				AccountID: a.account.value, PermissionSetID: p.setIDs.byName[a.permissionSet.value],
			})
		}
	}
	links[store.Assignment]{
		words: func(a store.Assignment) string {
			return fmt.Sprintf("assignment of %q in account %s to %s", p.setIDs.nameOf(a.PermissionSetID), a.AccountID, p.principalWords(a.PrincipalType, a.PrincipalID))
		},
		add: (*store.Tx).AddAssignment, take: (*store.Tx).DeleteAssignment,
	}.compare(p, p.have.assignments, want)
	return nil
}

// principals are those that names of users and groups stand for.
func (p *plan) principals(users, groups []text) []store.Principal {
	all := make([]store.Principal, 0, len(users)+len(groups))
	for _, name := range users {
		all = append(all, store.Principal{Type: store.PrincipalUser, ID: p.userIDs.byName[store.UserNameKey(name.value)]})
	}
	for _, name := range groups {
		all = append(all, store.Principal{Type: store.PrincipalGroup, ID: p.groupIDs.byName[name.value]})
	}
	return all
}

func (p *plan) principalWords(principalType, id string) string {
	if principalType == store.PrincipalGroup {
		return groupWords(p.groupIDs.nameOf(id))
	}
	return userWords(p.userIDs.nameOf(id))
}
