package directory

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/oauth"
	"sallyport/internal/policy"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

func (p *plan) compareAccountInstances() error {
	p.instanceIDs = map[string]string{"": p.have.instance.InstanceID}
	have := mapOf(p.have.accountInstances, func(i store.AccountInstance) string { return i.AccountID })
	if !p.d.accountInstances.given {
		for account, row := range have {
			p.instanceIDs[account] = row.InstanceID
		}
		return nil
	}
	for _, i := range p.d.accountInstances.list {
		old, found := have[i.account.value]
		delete(have, i.account.value)
		p.accountInstance(i, old, found)
	}
	for _, row := range p.have.accountInstances {
		if _, left := have[row.AccountID]; left {
			p.remove(instanceWords(row.AccountID), func(tx *store.Tx) error { return tx.DeleteAccountInstance(row.InstanceID) })
		}
	}
	return nil
}

func (p *plan) accountInstance(i accountInstance, old store.AccountInstance, found bool) {
	tags := tagsOf(i.tags)
	next := store.AccountInstance{
		InstanceID: cmp.Or(old.InstanceID, rules.NewInstanceID()), AccountID: i.account.value, Name: i.name.value,
	}
	p.instanceIDs[next.AccountID] = next.InstanceID
	put := func(tx *store.Tx) error {
		if err := tx.PutAccountInstance(next); err != nil {
			return err
		}
		return tx.PutTags(next.InstanceID, tags)
	}
	if found {
		p.keep(instanceWords(next.AccountID), differing(
			attributes{{"name", old.Name}, {"tags", p.have.tagWords(old.InstanceID)}}, attributes{{"name", next.Name}, {"tags", tagWords(tags)}}), put)
		return
	}
	p.inAccount(i.account, "an instance")
	if i.account.value == p.owner {
		p.mistakes.add(i.account.place, "found an instance of the account %s, expected another account: it owns the organization instance", i.account.value)
	}
	p.add(instanceWords(next.AccountID), put)
}

func instanceWords(account string) string { return "instance of account " + account }

// instanceOf is the id of the instance that something belongs to.
func (p *plan) instanceOf(account text) (id string, ok bool) {
	if id, ok = p.instanceIDs[account.value]; !ok {
		p.mistakes.add(account.place, "found the account %s, expected one that has an instance of its own%s", shown(account.value),
			didYouMean(account.value, slices.Sorted(maps.Keys(p.instanceIDs))))
	}
	return id, ok
}

// issuerKey is by what issuers are tied to the store.
type issuerKey struct{ instanceID, name string }

func (p *plan) compareIssuers() error {
	have := mapOf(p.have.issuers, func(i store.TrustedTokenIssuer) issuerKey { return issuerKey{i.InstanceID, i.Name} })
	p.issuerARNs = map[issuerKey]string{}
	if !p.d.issuers.given {
		for key, row := range have {
			p.issuerARNs[key] = row.ARN()
		}
		return nil
	}
	for _, i := range p.d.issuers.list {
		if instanceID, ok := p.instanceOf(i.accountInstance); ok {
			key := issuerKey{instanceID, i.name.value}
			if p.issuer(i, have[key], instanceID) {
				delete(have, key)
			}
		}
	}
	for _, row := range p.have.issuers {
		if _, left := have[issuerKey{row.InstanceID, row.Name}]; left {
			p.remove(issuerWords(row), func(tx *store.Tx) error { return tx.DeleteTrustedTokenIssuer(row.IssuerID) })
		}
	}
	return nil
}

// issuer compares one issuer, and reports whether it is the one that the store has. One with another URL is another one.
func (p *plan) issuer(i issuer, old store.TrustedTokenIssuer, instanceID string) (same bool) {
	next, tags := i.row(), tagsOf(i.tags)
	next.InstanceID, next.AccountID = instanceID, cmp.Or(i.accountInstance.value, p.owner)
	if same = old.URL == next.URL; same {
		next.IssuerID, next.AccountID = old.IssuerID, old.AccountID
		if canonical(old.JWKS) == canonical(next.JWKS) {
			next.JWKS = old.JWKS
		}
	} else {
		next.IssuerID = rules.NewIssuerID(p.now)
	}
	p.issuerARNs[issuerKey{instanceID, next.Name}] = next.ARN()
	put := func(tx *store.Tx) error {
		if err := tx.PutTrustedTokenIssuer(next); err != nil {
			return err
		}
		return tx.PutTags(next.IssuerID, tags)
	}
	if !same {
		p.add(issuerWords(next), put)
		return false
	}
	fields := differing(
		attributes{{"claimAttributePath", old.ClaimPath}, {"identityStoreAttributePath", old.AttributePath}, {"tags", p.have.tagWords(old.IssuerID)}},
		attributes{{"claimAttributePath", next.ClaimPath}, {"identityStoreAttributePath", next.AttributePath}, {"tags", tagWords(tags)}})
	p.keep(issuerWords(next), append(fields, differingDocument("jwks", old.JWKS, next.JWKS)...), put)
	return true
}

func (i issuer) row() store.TrustedTokenIssuer {
	return store.TrustedTokenIssuer{
		Name: i.name.value, URL: i.url.value, ClaimPath: i.claimPath.value, AttributePath: i.attributePath.value, JWKS: i.jwks.json,
	}
}

func issuerWords(i store.TrustedTokenIssuer) string {
	return fmt.Sprintf("trusted token issuer %q of %s", i.Name, i.URL)
}

// applicationPlan is an application of the file with the one of the store that it is tied to, and what that will be.
type applicationPlan struct {
	application
	old, next store.Application
	found     bool
	grants    []store.ApplicationGrant
	scopes    []store.ApplicationScope
}

func (a applicationPlan) ARN() string { return a.next.ARN() }

func (p *plan) compareApplications() error {
	if !p.d.applications.given {
		return nil
	}
	kept := p.tieApplications()
	for i := range p.applications {
		if err := p.application(&p.applications[i]); err != nil {
			return err
		}
	}
	for _, row := range p.have.applications {
		if !kept[row.ApplicationID] {
			p.remove(applicationWords(row.Name), func(tx *store.Tx) error { return tx.DeleteApplication(row.ApplicationID) })
		}
	}
	return nil
}

// tieApplications finds which application of the store each one of the file is, and gives new ones their ids: applications name each other
// as targets. It returns the ids of those that stay.
func (p *plan) tieApplications() (kept map[string]bool) {
	kept = map[string]bool{}
	for _, a := range p.d.applications.list {
		instanceID, ok := p.instanceOf(a.accountInstance)
		if !ok {
			continue
		}
		account := cmp.Or(a.account.value, a.accountInstance.value, p.owner)
		tied := applicationPlan{application: a}
		tied.old, tied.found = p.findApplication(a, instanceID, account)
		if tied.found && kept[tied.old.ApplicationID] {
			p.mistakes.add(a.name.place, "found the application %s again, expected it once: give each of that name an id", shown(a.name.value))
			continue
		}
		tied.next = a.row()
		tied.next.InstanceID, tied.next.AccountID, tied.next.CreatedAt = instanceID, account, tied.old.CreatedAt
		tied.next.ApplicationID = cmp.Or(tied.old.ApplicationID, a.id.value, rules.NewApplicationID())
		kept[tied.next.ApplicationID] = true
		p.applications = append(p.applications, tied)
		if !tied.found {
			p.inAccount(a.account, "an application")
		}
	}
	return kept
}

func (p *plan) findApplication(a application, instanceID, account string) (row store.Application, found bool) {
	var named []string
	for _, row := range p.have.applications {
		same := row.InstanceID == instanceID && row.AccountID == account
		switch {
		case a.id.value != "" && row.ApplicationID == a.id.value && same:
			return row, true
		case a.id.value != "" && row.ApplicationID == a.id.value:
			p.mistakes.add(a.id.place, "found the application %s, which the store has in %s, expected an id that is free", a.id.value, row.ARN())
			return row, false
		case a.id.value == "" && same && row.Name == a.name.value:
			named = append(named, row.ApplicationID)
		}
	}
	if len(named) > 1 {
		p.mistakes.add(a.name.place, "found the application %s, of which the store has several, expected its id: %s", shown(a.name.value), orList(named))
	}
	if len(named) == 0 {
		return row, false
	}
	at := slices.IndexFunc(p.have.applications, func(row store.Application) bool { return row.ApplicationID == named[0] })
	return p.have.applications[at], true
}

// application compares one application.
func (p *plan) application(a *applicationPlan) error {
	if canonical(a.old.ActorPolicy) == canonical(a.next.ActorPolicy) {
		a.next.ActorPolicy = a.old.ActorPolicy // as it was sent
	}
	if canonical(a.old.PortalOptions) == canonical(a.next.PortalOptions) {
		a.next.PortalOptions = a.old.PortalOptions
	}
	p.checkActorPolicy(a)
	a.grants, a.scopes = p.grants(a), p.scopes(a)
	tags, id := tagsOf(a.tags), a.next.ApplicationID
	put := func(tx *store.Tx) error {
		if err := tx.PutApplication(a.next); err != nil {
			return err
		}
		if err := tx.PutTags(id, tags); err != nil {
			return err
		}
		return p.putGrantsAndScopes(tx, a)
	}
	words := applicationWords(a.next.Name)
	if !a.found {
		p.add(words, put)
	} else {
		was := applicationAttributes(a.old, p.have.grants[id], p.have.scopes[id], p.have.tagWords(id))
		will := applicationAttributes(a.next, a.grants, a.scopes, tagWords(tags))
		p.keep(words, append(differing(was, will), differingDocument("actorPolicy", a.old.ActorPolicy, a.next.ActorPolicy)...), put)
	}
	p.mayUse(a)
	return nil
}

func applicationWords(name string) string { return fmt.Sprintf("application %q", name) }

// checkActorPolicy refuses statements that name something else than the application, as PutApplicationAuthenticationMethod does.
func (p *plan) checkActorPolicy(a *applicationPlan) {
	if a.actorPolicy.json == "" {
		return
	}
	if parsed, err := policy.Parse([]byte(a.actorPolicy.json), policy.Resource); err == nil && !parsed.About(a.ARN()) {
		p.mistakes.add(a.actorPolicy.place, "actorPolicy: found a statement that names another Resource, expected %q, for the application that the policy stands at", "*")
	}
}

// mayUse compares who may use an application.
func (p *plan) mayUse(a *applicationPlan) {
	var want []store.ApplicationAssignment
	for _, principal := range p.principals(a.users, a.groups) {
		want = append(want, store.ApplicationAssignment{
			ApplicationID: a.next.ApplicationID, PrincipalType: principal.Type, PrincipalID: principal.ID,
		})
	}
	links[store.ApplicationAssignment]{
		words: func(row store.ApplicationAssignment) string {
			return fmt.Sprintf("assignment of application %q to %s", a.next.Name, p.principalWords(row.PrincipalType, row.PrincipalID))
		},
		add: func(tx *store.Tx, row store.ApplicationAssignment) error {
			_, err := tx.AddApplicationAssignment(row)
			return err
		},
		take: func(tx *store.Tx, row store.ApplicationAssignment) error {
			_, err := tx.DeleteApplicationAssignment(row)
			return err
		},
	}.compare(p, p.have.mayUse[a.old.ApplicationID], want)
}

// defaultPortalOptions are those of an application that says nothing.
var defaultPortalOptions = store.PortalOptionsText(api.PortalOptions{Visibility: store.StatusEnabled})

// row is the application in the form of the store, without ids and account.
func (a application) row() store.Application {
	row := store.Application{
		ProviderARN: arn.CustomApplication, Name: a.name.value, Description: a.description.value,
		Status: cmp.Or(a.status.value, store.StatusEnabled), AssignmentRequired: a.assignmentRequired.or(true),
		BackgroundSession: cmp.Or(a.backgroundSessions.value, store.StatusDisabled), ActorPolicy: a.actorPolicy.json,
		PortalOptions: defaultPortalOptions,
	}
	if a.idTokenSigningAlg.value == algRS256 {
		row.IDTokenAlg = algRS256
	}
	if o := a.portalOptions; o != nil {
		options := api.PortalOptions{Visibility: cmp.Or(o.visibility.value, store.StatusEnabled)}
		if o.signInOptions != nil {
			options.SignInOptions = &api.SignInOptions{Origin: o.signInOptions.origin.value, ApplicationURL: o.signInOptions.applicationURL.value}
		}
		row.PortalOptions = store.PortalOptionsText(options)
	}
	return row
}

// applicationAttributes are what a change of an application shows, but for its policy.
func applicationAttributes(a store.Application, grants []store.ApplicationGrant, scopes []store.ApplicationScope, tags string) attributes {
	all := attributes{
		{"name", a.Name}, {"description", a.Description}, {"status", a.Status},
		{"portalOptions", canonical(cmp.Or(a.PortalOptions, defaultPortalOptions))}, {"assignmentRequired", strconv.FormatBool(a.AssignmentRequired)},
		{"backgroundSessions", a.BackgroundSession}, {"idTokenSigningAlg", cmp.Or(a.IDTokenAlg, "ES256")}, {"tags", tags},
	}
	for _, g := range grants {
		all = append(all, attribute{"grants." + grantKey(g.GrantType), canonical(g.Document)})
	}
	for _, s := range scopes {
		words := cannotBeRead
		if targets, err := s.ReadTargets(); err == nil {
			words = cmp.Or(strings.Join(targets, ", "), "any")
		}
		all = append(all, attribute{"scopes." + s.Scope, words})
	}
	return all
}

// grantKeys are the keys of grants in the file, by type.
var grantKeys = map[oauth.GrantType]string{
	oauth.GrantAuthorizationCode: "authorizationCode", oauth.GrantJWTBearer: "jwtBearer",
	oauth.GrantRefreshToken: "refreshToken", oauth.GrantTokenExchange: "tokenExchange",
}

func grantKey(grantType string) string { return grantKeys[oauth.GrantType(grantType)] }

// grants are the grants of the application in the form of the store, by type.
func (p *plan) grants(a *applicationPlan) []store.ApplicationGrant {
	var all []store.ApplicationGrant
	add := func(grantType oauth.GrantType, g api.Grant) {
		all = append(all, store.NewApplicationGrant(a.next.ApplicationID, string(grantType), g))
	}
	g := a.application.grants
	if g == nil {
		return nil
	}
	if g.authorizationCode != nil {
		add(oauth.GrantAuthorizationCode, api.Grant{AuthorizationCode: &api.AuthorizationCodeGrant{RedirectURIs: valuesOf(g.authorizationCode.redirectURIs)}})
	}
	if g.refreshToken.value {
		add(oauth.GrantRefreshToken, api.Grant{RefreshToken: &api.RefreshTokenGrant{}})
	}
	if g.jwtBearer != nil {
		add(oauth.GrantJWTBearer, api.Grant{JWTBearer: p.jwtBearer(g.jwtBearer, a.next.InstanceID)})
	}
	if g.tokenExchange.value {
		add(oauth.GrantTokenExchange, api.Grant{TokenExchange: &api.TokenExchangeGrant{}})
	}
	return all
}

func valuesOf(texts []text) []string {
	list := make([]string, len(texts))
	for i, t := range texts {
		list[i] = t.value
	}
	return list
}

func (p *plan) jwtBearer(j *jwtBearer, instanceID string) *api.JWTBearerGrant {
	out := &api.JWTBearerGrant{}
	for _, i := range j.issuers {
		name := i.issuer.value
		if _, err := arn.ParseTrustedTokenIssuer(name); err != nil {
			found, ok := p.issuerARNs[issuerKey{instanceID, name}]
			if !ok {
				p.mistakes.add(i.issuer.place, "found the trusted token issuer %s, expected one of the application's instance%s", shown(name),
					didYouMean(name, p.issuerNames(instanceID)))
			}
			name = found
		}
		out.AuthorizedTokenIssuers = append(out.AuthorizedTokenIssuers,
			api.AuthorizedTokenIssuer{TrustedTokenIssuerARN: name, AuthorizedAudiences: valuesOf(i.audiences)})
	}
	return out
}

func (p *plan) issuerNames(instanceID string) []string {
	var names []string
	for key := range p.issuerARNs {
		if key.instanceID == instanceID {
			names = append(names, key.name)
		}
	}
	slices.Sort(names)
	return names
}

// scopes are the scopes of the application in the form of the store, by name.
func (p *plan) scopes(a *applicationPlan) []store.ApplicationScope {
	all := make([]store.ApplicationScope, 0, len(a.application.scopes))
	for _, s := range a.application.scopes {
		targets := make([]string, len(s.targets))
		for i, target := range s.targets {
			targets[i] = p.target(target, a.next.InstanceID)
		}
		all = append(all, store.NewApplicationScope(a.next.ApplicationID, s.scope.value, targets))
	}
	return all
}

// target is the ARN that a target stands for.
func (p *plan) target(target text, instanceID string) string {
	_, application := arn.ParseApplication(target.value)
	_, instance := arn.ParseInstance(target.value)
	switch {
	case application == nil || instance == nil:
		return target.value
	case target.value == targetInstance:
		return arn.Instance{InstanceID: instanceID}.String()
	}
	var named []applicationPlan
	var names []string
	for _, a := range p.applications {
		if a.next.InstanceID != instanceID {
			continue
		}
		if a.next.ApplicationID == target.value {
			return a.ARN()
		}
		if names = append(names, a.next.Name); a.next.Name == target.value {
			named = append(named, a)
		}
	}
	switch len(named) {
	case 0:
		p.mistakes.add(target.place, "found the target %s, expected an application of the same instance that this file declares, or %s%s",
			shown(target.value), targetInstance, didYouMean(target.value, names))
	case 1:
		return named[0].ARN()
	default:
		p.mistakes.add(target.place, "found the target %s, which is the name of several applications, expected the id of one", shown(target.value))
	}
	return ""
}

// putGrantsAndScopes makes the grants and scopes of an application those of the plan.
func (p *plan) putGrantsAndScopes(tx *store.Tx, a *applicationPlan) error {
	id := a.next.ApplicationID
	for _, old := range p.have.grants[id] {
		if !slices.ContainsFunc(a.grants, func(g store.ApplicationGrant) bool { return g.GrantType == old.GrantType }) {
			if _, err := tx.DeleteApplicationGrant(id, old.GrantType); err != nil {
				return err
			}
		}
	}
	for _, old := range p.have.scopes[id] {
		if !slices.ContainsFunc(a.scopes, func(s store.ApplicationScope) bool { return s.Scope == old.Scope }) {
			if _, err := tx.DeleteApplicationScope(id, old.Scope); err != nil {
				return err
			}
		}
	}
	for _, g := range a.grants {
		if err := tx.PutApplicationGrant(g); err != nil {
			return err
		}
	}
	for _, s := range a.scopes {
		if err := tx.PutApplicationScope(s); err != nil {
			return err
		}
	}
	return nil
}
