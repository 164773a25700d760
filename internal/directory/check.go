package directory

import (
	"strings"

	"sallyport/internal/rules"
	"sallyport/internal/store"
)

// checks are what the entries say about each other: names that must differ, and names that must be there.
type checks struct {
	*Mistakes
	users, groups, accounts, sets *names
	links                         int // memberships and assignments
}

func check(m *Mistakes, d *Directory) {
	c := &checks{
		Mistakes: m, users: newNames("user"), groups: newNames("group"), accounts: newNames("account"), sets: newNames("permission set"),
	}
	c.users.key = store.UserNameKey
	c.people(d)
	c.access(d)
	c.instances(d)
	for _, a := range d.applications.list {
		c.application(a)
	}
	if d.iam != nil {
		c.iam(d.iam)
	}
	if c.links > maxLinks {
		c.add(place{line: 1}, "found %d memberships and assignments, expected at most %d", c.links, maxLinks)
	}
}

func (c *checks) people(d *Directory) {
	emails, userIDs, groupIDs := newNames("e-mail address"), newNames("external id"), newNames("external id")
	emails.key = store.EmailKey
	for _, u := range d.users {
		c.users.declare(c.Mistakes, u.userName)
		emails.declare(c.Mistakes, u.emailAddress())
		if u.email.value != "" && len(u.emails) > 0 {
			c.add(u.email.place, "found email beside emails, expected one of them")
		}
		declareExternalIDs(c.Mistakes, userIDs, u.externalIDs)
	}
	for _, g := range d.groups {
		c.groups.declare(c.Mistakes, g.displayName)
		declareExternalIDs(c.Mistakes, groupIDs, g.externalIDs)
	}
	for _, g := range d.groups {
		c.users.each(c.Mistakes, g.members, "in the group", map[string]bool{})
		c.links += len(g.members)
	}
}

func declareExternalIDs(m *Mistakes, declared *names, list []externalID) {
	for _, e := range list {
		declared.declareAs(m, e.issuer.value, e.id)
	}
}

func (c *checks) access(d *Directory) {
	owners := newNames("e-mail address")
	owners.key = store.EmailKey
	for _, a := range d.accounts {
		c.accounts.declare(c.Mistakes, a.accountID)
		owners.declare(c.Mistakes, a.email)
	}
	for i := range d.permissionSets {
		c.permissionSet(&d.permissionSets[i])
	}
	assigned := map[[2]string]map[string]bool{}
	for _, a := range d.assignments {
		c.assignment(a, assigned)
	}
}

func (c *checks) permissionSet(p *permissionSet) {
	c.sets.declare(c.Mistakes, p.name)
	if p.seconds = rules.DefaultSession; p.sessionDuration.value != "" {
		p.seconds, _ = rules.SessionSeconds(p.sessionDuration.value)
	}
	managed, customer := newNames("managed policy"), newNames("policy of the accounts")
	for _, policy := range p.managedPolicies {
		managed.declare(c.Mistakes, policy)
	}
	for _, policy := range p.customerPolicies {
		customer.declareAs(c.Mistakes, policy.row().Path, policy.name)
	}
	if n := len(p.managedPolicies) + len(p.customerPolicies); n > rules.MaxAttachedPolicies {
		c.add(p.name.place, "found %d attached policies, of AWS and of the accounts, expected at most %d", n, rules.MaxAttachedPolicies)
	}
	if b := p.boundary; b != nil && (b.managedPolicy.value == "") == (b.customerPolicy == nil) {
		c.add(p.name.place, "found a permissions boundary of %s, expected either managedPolicy or customerManagedPolicy", shown(p.name.value))
	}
}

func (c *checks) assignment(a assignment, assigned map[[2]string]map[string]bool) {
	c.accounts.refer(c.Mistakes, a.account)
	c.sets.refer(c.Mistakes, a.permissionSet)
	if len(a.users)+len(a.groups) == 0 && a.account.line > 0 {
		c.add(a.account.place, "found an assignment to nobody, expected users or groups")
	}
	pair := [2]string{a.account.value, a.permissionSet.value}
	if assigned[pair] == nil {
		assigned[pair] = map[string]bool{}
	}
	c.principals(a.users, a.groups, "for this account and permission set", assigned[pair])
}

func (c *checks) principals(users, groups []text, where string, used map[string]bool) {
	c.users.each(c.Mistakes, users, where, used)
	c.groups.each(c.Mistakes, groups, where, used)
	c.links += len(users) + len(groups)
}

// instances checks the instances of accounts and what is unique in each: names and URLs of issuers, and applications.
func (c *checks) instances(d *Directory) {
	instances := newNames("instance of account")
	for _, i := range d.accountInstances.list {
		instances.declare(c.Mistakes, i.account)
	}
	issuers, urls, count := newNames("trusted token issuer"), newNames("issuer's URL"), map[string]int{}
	for _, i := range d.issuers.list {
		issuers.declareAs(c.Mistakes, i.accountInstance.value, i.name)
		urls.declareAs(c.Mistakes, i.accountInstance.value, i.url)
		if count[i.accountInstance.value]++; count[i.accountInstance.value] == rules.MaxIssuers+1 {
			c.add(i.name.place, "found more issuers of one instance, expected at most %d", rules.MaxIssuers)
		}
	}
	ids, named := newNames("application id"), map[[3]string]int{}
	for _, a := range d.applications.list {
		ids.declare(c.Mistakes, a.id)
		named[a.key()]++
	}
	for _, a := range d.applications.list {
		if named[a.key()] > 1 && a.id.value == "" && a.name.value != "" {
			c.add(a.name.place, "found the application %s again without an id, expected an id: apl- and 16 hexadecimal digits, in each of that name",
				shown(a.name.value))
		}
	}
}

// key is by what an application without id is tied to the store.
func (a application) key() [3]string {
	return [3]string{a.accountInstance.value, a.account.value, a.name.value}
}

func (c *checks) application(a application) {
	c.principals(a.users, a.groups, "for this application", map[string]bool{})
	if o := a.portalOptions; o != nil && o.signInOptions != nil {
		if s := o.signInOptions; s.origin.value == "APPLICATION" && s.applicationURL.value == "" {
			c.add(s.origin.place, "found the origin APPLICATION, expected an applicationUrl with it")
		}
	}
	scopes := newNames("scope")
	for _, s := range a.scopes {
		scopes.declare(c.Mistakes, s.scope)
		targets := newNames("target")
		for _, target := range s.targets {
			targets.declare(c.Mistakes, target)
		}
	}
	if a.grants != nil && a.grants.jwtBearer != nil {
		issuers := newNames("issuer")
		for _, i := range a.grants.jwtBearer.issuers {
			issuers.declare(c.Mistakes, i.issuer)
		}
	}
}

// iam checks principals and providers, by the rules that hold for every way of making them.
func (c *checks) iam(i *iam) {
	users, roles, providers, keys := newNames("IAM user"), newNames("IAM role"), newNames("OpenID provider"), newNames("access key")
	users.key, roles.key = strings.ToLower, strings.ToLower
	for _, u := range i.users.list {
		users.declareAs(c.Mistakes, u.account.value, u.name)
		c.principal(u.principal, keys, rules.CheckUser(u.row()))
	}
	for _, r := range i.roles.list {
		roles.declareAs(c.Mistakes, r.account.value, r.name)
		var err error
		if r.trustPolicy.json != "" {
			err = rules.CheckRole(r.row())
		}
		c.principal(r.principal, keys, err)
	}
	for _, p := range i.providers.list {
		providers.declareAs(c.Mistakes, p.account.value, p.url)
		if err := rules.CheckProvider(p.row()); err != nil && p.url.line > 0 && ruleAccountID.holds(p.account.value) {
			c.add(p.url.place, "found the OpenID provider %s, expected what IAM takes: %v", shown(p.url.value), err)
		}
	}
}

func (c *checks) principal(p principal, keys *names, err error) {
	if err != nil && p.name.line > 0 && ruleAccountID.holds(p.account.value) {
		c.add(p.name.place, "found the principal %s, expected what IAM takes: %v", shown(p.name.value), err)
	}
	for _, named := range p.policies {
		if err := rules.CheckPolicy(store.IAMPolicy{Name: named.name.value, Document: named.json}); err != nil && named.json != "" {
			c.add(named.name.place, "found the policy %s, expected what IAM takes: %v", shown(named.name.value), err)
		}
	}
	attached := newNames("managed policy")
	for _, policy := range p.managedPolicies {
		attached.declare(c.Mistakes, policy)
		if _, known := rules.AttachedPolicy(policy.value); !known && policy.line > 0 {
			c.add(policy.place, "found the managed policy %s, expected the ARN of one that is known here, or a document under policies",
				shown(policy.value))
		}
	}
	if n := len(p.policies) + len(p.managedPolicies); n > rules.MaxPolicies {
		c.add(p.name.place, "found %d policies of %s, expected at most %d", n, shown(p.name.value), rules.MaxPolicies)
	}
	active := 0
	for _, key := range p.accessKeys {
		keys.declare(c.Mistakes, key.id)
		if key.status.value != store.KeyInactive {
			active++
		}
	}
	if active > maxActiveKeys {
		c.add(p.name.place, "found %d active access keys of %s, expected at most %d", active, shown(p.name.value), maxActiveKeys)
	}
}

// names are the names of one kind of thing.
type names struct {
	kind     string
	key      func(string) string // the form in which names are unique
	declared map[string]text
	list     []string
}

func newNames(kind string) *names {
	return &names{kind: kind, key: func(name string) string { return name }, declared: map[string]text{}}
}

// declare adds a name, which must be new.
func (n *names) declare(m *Mistakes, name text) { n.declareAs(m, "", name) }

// declareAs adds a name that must be new within something.
func (n *names) declareAs(m *Mistakes, within string, name text) {
	if name.value == "" {
		return
	}
	key := within + "\x00" + n.key(name.value)
	if first, ok := n.declared[key]; ok {
		m.add(name.place, "found the %s %s again, expected it once: it is on line %d, too", n.kind, shown(name.value), first.line)
		return
	}
	n.declared[key] = name
	n.list = append(n.list, name.value)
}

// refer looks a name up, which must be there.
func (n *names) refer(m *Mistakes, name text) {
	if _, ok := n.declared["\x00"+n.key(name.value)]; name.value != "" && !ok {
		m.add(name.place, "found the %s %s, expected one that this file declares%s", n.kind, shown(name.value), didYouMean(name.value, n.list))
	}
}

// each looks up names that must be there and differ from those used before.
func (n *names) each(m *Mistakes, list []text, where string, used map[string]bool) {
	for _, name := range list {
		n.refer(m, name)
		key := n.kind + "\x00" + n.key(name.value)
		if name.value != "" && used[key] {
			m.add(name.place, "found the %s %s again %s, expected it once", n.kind, shown(name.value), where)
		}
		used[key] = true
	}
}
