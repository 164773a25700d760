package directory

import (
	"cmp"
	"encoding/json"
	"errors"

	"sallyport/internal/store"
)

// rows are everything in the store that a directory file can say. Each table is read once, whatever the file says.
type rows struct {
	instance         store.Instance
	hasInstance      bool
	users            []store.UserRecord
	userIDs          map[string][]store.ExternalID // by user
	groups           []store.Group
	groupIDs         map[string][]store.ExternalID // by group
	memberships      []store.Membership
	accounts         []store.Account
	sets             []store.PermissionSet
	setPolicies      map[string]store.AllSetPolicies // by permission set
	assignments      []store.Assignment
	accountInstances []store.AccountInstance
	issuers          []store.TrustedTokenIssuer
	applications     []store.Application
	grants           map[string][]store.ApplicationGrant // by application, as are the next
	scopes           map[string][]store.ApplicationScope
	mayUse           map[string][]store.ApplicationAssignment
	tags             store.AllTags
	iamUsers         []store.IAMUser
	iamRoles         []store.IAMRole
	iamPolicies      map[store.IAMPrincipal][]store.IAMPolicy
	keys             []store.AccessKey
	providers        []store.OIDCProvider
}

func load(tx *store.Tx) (*rows, error) {
	h := &rows{}
	var errs [20]error
	h.instance, h.hasInstance, errs[0] = tx.Instance()
	h.users, errs[1] = tx.UserRecords()
	h.groups, errs[2] = tx.Groups()
	h.memberships, errs[3] = tx.Memberships()
	h.accounts, errs[4] = tx.Accounts()
	h.sets, errs[5] = tx.PermissionSets()
	h.setPolicies, errs[6] = tx.AllPermissionSetPolicies()
	h.assignments, errs[7] = tx.Assignments()
	h.accountInstances, errs[8] = tx.AccountInstances()
	h.issuers, errs[9] = tx.AllTrustedTokenIssuers()
	h.applications, errs[10] = tx.AllApplications()
	h.tags, errs[11] = tx.AllTags()
	h.iamUsers, errs[12] = tx.IAMUsers("")
	h.iamRoles, errs[13] = tx.IAMRoles("")
	h.keys, errs[14] = tx.AccessKeys()
	h.providers, errs[15] = tx.OIDCProviders("")
	h.userIDs, errs[16] = ownedIDs(tx.AllUserExternalIDs())
	h.groupIDs, errs[17] = ownedIDs(tx.AllGroupExternalIDs())
	errs[18] = h.loadApplications(tx)
	h.iamPolicies, errs[19] = ownedPolicies(tx.AllIAMPolicies())
	return h, errors.Join(errs[:]...)
}

// by sorts rows by whose they are.
func by[K comparable, R any](key func(R) K, all []R, err error) (map[K][]R, error) {
	sorted := map[K][]R{}
	for _, row := range all {
		sorted[key(row)] = append(sorted[key(row)], row)
	}
	return sorted, err
}

func (h *rows) loadApplications(tx *store.Tx) error {
	var errs [3]error
	grants, err := tx.AllApplicationGrants()
	h.grants, errs[0] = by(func(g store.ApplicationGrant) string { return g.ApplicationID }, grants, err)
	scopes, err := tx.AllApplicationScopes()
	h.scopes, errs[1] = by(func(s store.ApplicationScope) string { return s.ApplicationID }, scopes, err)
	mayUse, err := tx.AllApplicationAssignments()
	h.mayUse, errs[2] = by(func(a store.ApplicationAssignment) string { return a.ApplicationID }, mayUse, err)
	return errors.Join(errs[:]...)
}

func ownedIDs(all []store.OwnedExternalID, err error) (map[string][]store.ExternalID, error) {
	owned := map[string][]store.ExternalID{}
	for _, e := range all {
		owned[e.OwnerID] = append(owned[e.OwnerID], e.ExternalID)
	}
	return owned, err
}

func ownedPolicies(all []store.OwnedIAMPolicy, err error) (map[store.IAMPrincipal][]store.IAMPolicy, error) {
	owned := map[store.IAMPrincipal][]store.IAMPolicy{}
	for _, p := range all {
		owned[p.IAMPrincipal] = append(owned[p.IAMPrincipal], p.IAMPolicy)
	}
	return owned, err
}

// accountOf is the account whose own instance that is, empty for the organization instance.
func (h *rows) accountOf(instanceID string) string {
	for _, i := range h.accountInstances {
		if i.InstanceID == instanceID {
			return i.AccountID
		}
	}
	return ""
}

// tagWords are the tags of a resource as a change shows them.
func (h *rows) tagWords(id string) string {
	if h.tags.Unreadable[id] != nil {
		return cannotBeRead
	}
	return tagWords(h.tags.Tags[id])
}

// cannotBeRead stands for what a row holds that nobody can read. It is no value that anything can have, so a file always changes it.
const cannotBeRead = "(cannot be read)"

// tagsOf are the tags in the form of the store.
func tagsOf(list []tag) map[string]string {
	all := make(map[string]string, len(list))
	for _, t := range list {
		all[t.key.value] = t.value.value
	}
	return all
}

// tagWords are tags as a change shows them: JSON, and nothing for none.
func tagWords(tags map[string]string) string {
	if len(tags) == 0 {
		return ""
	}
	text, _ := json.Marshal(tags) // texts cannot fail
	return canonical(string(text))
}

func (p customerPolicy) row() store.CustomerPolicy {
	return store.CustomerPolicy{Name: p.name.value, Path: cmp.Or(p.path.value, "/")}
}
