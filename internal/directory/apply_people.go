package directory

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sallyport/internal/store"
	"sallyport/internal/strictjson"
	"sallyport/internal/sys"
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

func (p *plan) compareUsers() error {
	rows, known := p.have.users, newIDs(len(p.d.users))
	have := make(map[string]store.UserRecord, len(rows))
	for _, row := range rows {
		have[store.UserNameKey(row.UserName)] = row
		known.byID[row.UserID] = row.UserName
	}
	for _, u := range p.d.users {
		key := store.UserNameKey(u.userName.value)
		old, found := have[key]
		delete(have, key)
		next, err := p.user(u, old, found)
		if err != nil {
			return err
		}
		known.byName[key], known.byID[next.UserID] = next.UserID, next.UserName
	}
	for _, row := range rows {
		if _, left := have[store.UserNameKey(row.UserName)]; left {
			p.remove(userWords(row.UserName), func(tx *store.Tx) error { return tx.DeleteUser(row.UserID) })
		}
	}
	p.userIDs = known
	return nil
}

// user compares one user, and returns who that will be.
func (p *plan) user(u user, old store.UserRecord, found bool) (store.UserRecord, error) {
	next := u.row(p.have.instance.IdentityStoreID)
	next.UserID = cmp.Or(old.UserID, sys.NewUUID(p.now))
	wanted := externalIDRows(u.externalIDs)
	if !found {
		p.add(userWords(next.UserName), func(tx *store.Tx) error { return tx.PutUserRecord(next) })
		p.external(next.UserID, nil, wanted, userExternalIDs)
		return next, nil
	}
	fields := userFieldsAltered(old, next)
	if !p.d.whole() {
		next.Profile = old.Profile
		p.keep(userWords(old.UserName), fields, func(tx *store.Tx) error { return putUser(tx, old, next) })
		return next, nil
	}
	more, err := p.profileAltered(old, next)
	if err != nil {
		return next, err
	}
	given := p.have.userIDs[old.UserID]
	fields = append(append(fields, more...), differing(attributes{{"externalIds", externalWords(given)}}, attributes{{"externalIds", externalWords(wanted)}})...)
	if p.keep(userWords(old.UserName), fields, func(tx *store.Tx) error { return putUser(tx, old, next) }) {
		p.external(old.UserID, given, wanted, userExternalIDs)
	}
	return next, nil
}

func userWords(name string) string { return fmt.Sprintf("user %q", name) }

func userFieldsAltered(old, next store.UserRecord) []Field {
	return altered(
		Field{"userName", old.UserName, next.UserName},
		Field{"displayName", old.DisplayName, next.DisplayName},
		Field{"givenName", old.GivenName, next.GivenName},
		Field{"familyName", old.FamilyName, next.FamilyName},
		Field{"email", old.Email, next.Email},
		Field{"status", old.Status, next.Status},
	)
}

// profileAltered are the attributes without columns that differ.
func (p *plan) profileAltered(old, next store.UserRecord) ([]Field, error) {
	if old.Profile == next.Profile {
		return nil, nil
	}
	was, err := profileAttributes(old, p.have.instance.IdentityStoreID)
	if _, unreadable := errors.AsType[*store.Unreadable](err); unreadable {
		was = attributes{{"profile", cannotBeRead}}
	} else if err != nil {
		return nil, err
	}
	will, err := profileAttributes(next, p.have.instance.IdentityStoreID)
	return differing(was, will), err
}

// profileAttributes lists the attributes of the profile, those of the name each by itself and the others as JSON. What the profile does not
// say of the address is said: two that mean the same come out alike.
func profileAttributes(u store.UserRecord, identityStoreID string) (attributes, error) {
	in, err := u.Attributes(identityStoreID)
	if err != nil {
		return nil, err
	}
	profile := store.NewUserRecord(u.UserID, u.Status, in).Profile
	if profile == "" {
		return nil, nil
	}
	value, err := strictjson.Parse([]byte(profile), strictjson.Limits{})
	if err != nil {
		return nil, err
	}
	var all attributes
	for _, member := range value.Members() {
		switch name := strings.ToLower(member.Name[:1]) + member.Name[1:]; {
		case name == "identityStoreId":
		case name == "name":
			for _, part := range member.Value.Members() {
				all = append(all, attribute{"name." + strings.ToLower(part.Name[:1]) + part.Name[1:], part.Value.Text()})
			}
		case member.Value.Kind() == strictjson.String:
			all = append(all, attribute{name, member.Value.Text()})
		default:
			all = append(all, attribute{name, string(appendSorted(nil, member.Value))})
		}
	}
	return all, nil
}

func putUser(tx *store.Tx, old, next store.UserRecord) error {
	if old.Enabled() && !next.Enabled() {
		if err := tx.RevokeSessionsOfUser(next.UserID, "the user was disabled"); err != nil {
			return err
		}
	}
	return tx.PutUserRecord(next)
}

// externalIDTable is where the external ids of users or of groups are kept.
type externalIDTable struct {
	add  func(tx *store.Tx, ownerID string, e store.ExternalID) (bool, error)
	take func(tx *store.Tx, ownerID string, e store.ExternalID) error
}

var (
	userExternalIDs  = externalIDTable{(*store.Tx).AddUserExternalID, (*store.Tx).DeleteUserExternalID}
	groupExternalIDs = externalIDTable{(*store.Tx).AddGroupExternalID, (*store.Tx).DeleteGroupExternalID}
)

// external gives and takes the external ids of one user or group.
func (p *plan) external(ownerID string, have, want []store.ExternalID, table externalIDTable) {
	for _, e := range have {
		if !slices.Contains(want, e) {
			p.taking = append(p.taking, func(tx *store.Tx) error { return table.take(tx, ownerID, e) })
		}
	}
	for _, e := range want {
		if slices.Contains(have, e) {
			continue
		}
		p.giving = append(p.giving, func(tx *store.Tx) error {
			added, err := table.add(tx, ownerID, e)
			if err == nil && !added {
				err = fmt.Errorf("the external id %q of %q belongs to somebody else", e.ID, e.Issuer)
			}
			return err
		})
	}
}

func externalIDRows(list []externalID) []store.ExternalID {
	rows := make([]store.ExternalID, len(list))
	for i, e := range list {
		rows[i] = store.ExternalID{Issuer: e.issuer.value, ID: e.id.value}
	}
	slices.SortFunc(rows, compareExternalIDs)
	return rows
}

func compareExternalIDs(a, b store.ExternalID) int {
	return strings.Compare(a.Issuer+"\x00"+a.ID, b.Issuer+"\x00"+b.ID)
}

func externalWords(list []store.ExternalID) string {
	words := make([]string, len(list))
	for i, e := range list {
		words[i] = e.ID + " of " + e.Issuer
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

func (p *plan) compareGroups() error {
	rows, known := p.have.groups, newIDs(len(p.d.groups))
	have := make(map[string]store.Group, len(rows))
	for _, row := range rows {
		have[row.DisplayName] = row
		known.byID[row.GroupID] = row.DisplayName
	}
	for _, g := range p.d.groups {
		old, found := have[g.displayName.value]
		delete(have, g.displayName.value)
		next := p.group(g, old, found)
		known.byName[next.DisplayName], known.byID[next.GroupID] = next.GroupID, next.DisplayName
	}
	for _, row := range rows {
		if _, left := have[row.DisplayName]; left {
			p.remove(groupWords(row.DisplayName), func(tx *store.Tx) error { return tx.DeleteGroup(row.GroupID) })
		}
	}
	p.groupIDs = known
	return nil
}

func (p *plan) group(g group, old store.Group, found bool) store.Group {
	next, wanted := g.row(), externalIDRows(g.externalIDs)
	next.GroupID = cmp.Or(old.GroupID, sys.NewUUID(p.now))
	put := func(tx *store.Tx) error { return tx.PutGroup(next) }
	if !found {
		p.add(groupWords(next.DisplayName), put)
		p.external(next.GroupID, nil, wanted, groupExternalIDs)
		return next
	}
	fields, given := altered(Field{"description", old.Description, next.Description}), p.have.groupIDs[old.GroupID]
	if !p.d.whole() {
		wanted = given
	}
	fields = append(fields, differing(attributes{{"externalIds", externalWords(given)}}, attributes{{"externalIds", externalWords(wanted)}})...)
	if p.keep(groupWords(next.DisplayName), fields, put) {
		p.external(old.GroupID, given, wanted, groupExternalIDs)
	}
	return next
}

func groupWords(name string) string { return fmt.Sprintf("group %q", name) }

func (p *plan) compareMemberships() error {
	var want []store.Membership
	for _, g := range p.d.groups {
		for _, member := range g.members {
			want = append(want, store.Membership{
				UserID:  p.userIDs.byName[store.UserNameKey(member.value)],
				GroupID: p.groupIDs.byName[g.displayName.value],
			})
		}
	}
	links[store.Membership]{
		words: func(m store.Membership) string {
			return fmt.Sprintf("member %q of group %q", p.userIDs.nameOf(m.UserID), p.groupIDs.nameOf(m.GroupID))
		},
		add: (*store.Tx).AddMembership, take: (*store.Tx).DeleteMembership,
	}.compare(p, p.have.memberships, want)
	return nil
}
