package directory

import (
	"go.yaml.in/yaml/v3"

	"sallyport/internal/api"
	"sallyport/internal/policy"
	"sallyport/internal/rules"
)

// The tables of this file are the form of directory files, for reading and for writing: each key of a mapping with what its value is, in
// the order in which it is written.

// field is one key of a mapping.
type field[T any] struct {
	key string
	is  trait
	form[T]
}

// trait is what a key is beyond its name.
type trait int

const (
	free     trait = 0
	required trait = 1 << iota // must be there
	later                      // of format 2 only
)

// form is how a value is read into its place, and written out of it: nil when there is nothing to write.
type form[T any] struct {
	read  func(r *reader, key string, value *yaml.Node, into *T)
	write func(from *T) *yaml.Node
}

// bounds are how many entries a list may have.
type bounds struct{ min, max int }

var (
	anyEntries = bounds{0, maxEntries}
	anyLinks   = bounds{0, maxLinks}
)

// sizeOf is what a service's model demands of a list.
func sizeOf(service *api.Service, name string) bounds {
	c := service.Types[name]
	return bounds{int(c.Min), int(c.Max)}
}

// upTo is the same for a list that may be empty here, which is the same as absent.
func (b bounds) upTo() bounds { return bounds{0, b.max} }

// value is a text.
func value[T any](rule rule, in func(*T) *text) form[T] {
	return form[T]{
		func(r *reader, key string, node *yaml.Node, into *T) { *in(into) = r.text(key, node, rule) },
		func(from *T) *yaml.Node { return writeText(in(from).value, rule) },
	}
}

// values is a list of texts.
func values[T any](size bounds, rule rule, in func(*T) *[]text) form[T] {
	return form[T]{
		func(r *reader, key string, node *yaml.Node, into *T) {
			for _, item := range r.list(key, node, size) {
				*in(into) = append(*in(into), r.text(key, item, rule))
			}
		},
		func(from *T) *yaml.Node { return writeTexts(*in(from)) },
	}
}

// boolean is a truth value.
func boolean[T any](in func(*T) *truth) form[T] {
	return form[T]{
		func(r *reader, key string, node *yaml.Node, into *T) { *in(into) = r.truth(key, node) },
		func(from *T) *yaml.Node { return writeTruth(*in(from)) },
	}
}

// jsonOf is a JSON document, as a mapping or as text.
func jsonOf[T any](kind documentKind, in func(*T) *document) form[T] {
	return form[T]{
		func(r *reader, key string, node *yaml.Node, into *T) { *in(into) = r.document(key, node, kind) },
		func(from *T) *yaml.Node { return writeDocument(*in(from)) },
	}
}

// entries is a list of mappings.
func entries[T, E any](what string, size bounds, fields []field[E], in func(*T) *[]E) form[T] {
	return form[T]{
		func(r *reader, key string, node *yaml.Node, into *T) {
			*in(into) = readEntries(r, what, key, node, size, fields)
		},
		func(from *T) *yaml.Node { return writeEntries(fields, *in(from)) },
	}
}

// always is a form whose list is written even when it is empty.
func always[T any](f form[T]) form[T] {
	write := f.write
	f.write = func(from *T) *yaml.Node {
		if node := write(from); node != nil {
			return node
		}
		return &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	}
	return f
}

// list is a list of mappings that the file may leave out.
func list[T, E any](what string, fields []field[E], in func(*T) *optional[E]) form[T] {
	return form[T]{
		func(r *reader, key string, node *yaml.Node, into *T) {
			*in(into) = optional[E]{true, readEntries(r, what, key, node, anyEntries, fields)}
		},
		func(from *T) *yaml.Node {
			if !in(from).given {
				return nil
			}
			return always(form[T]{write: func(*T) *yaml.Node { return writeEntries(fields, in(from).list) }}).write(from)
		},
	}
}

func readEntries[E any](r *reader, what, key string, node *yaml.Node, size bounds, fields []field[E]) []E {
	var all []E
	for _, item := range r.list(key, node, size) {
		var entry E
		readMapping(r, what, item, fields, &entry)
		all = append(all, entry)
	}
	return all
}

// one is a mapping that the file may leave out.
func one[T, E any](what string, fields []field[E], in func(*T) **E) form[T] {
	return form[T]{
		func(r *reader, key string, node *yaml.Node, into *T) {
			*in(into) = new(E)
			readMapping(r, what, node, fields, *in(into))
		},
		func(from *T) *yaml.Node {
			if *in(from) == nil {
				return nil
			}
			return writeMapping(fields, *in(from))
		},
	}
}

// tags is a mapping of keys to values.
func tags[T any](in func(*T) *[]tag) form[T] {
	return form[T]{
		func(r *reader, key string, node *yaml.Node, into *T) {
			r.pairs(key, "keys of tags with their values", node, bounds{0, rules.MaxTags}, func(name, value *yaml.Node) {
				*in(into) = append(*in(into), tag{r.text(key, name, ruleTagKey), r.text(key, value, ruleTagValue)})
			})
		},
		func(from *T) *yaml.Node {
			node := &yaml.Node{Kind: yaml.MappingNode}
			for _, t := range *in(from) {
				node.Content = append(node.Content, scalar(t.key.value), scalar(t.value.value))
			}
			return orNone(node)
		},
	}
}

// policies is a mapping of names to policy documents.
func policies[T any](in func(*T) *[]namedPolicy) form[T] {
	return form[T]{
		func(r *reader, key string, node *yaml.Node, into *T) {
			r.pairs(key, "names of policies with their documents", node, anyEntries, func(name, value *yaml.Node) {
				p := namedPolicy{name: r.text(key, name, ruleReference)}
				p.document = r.document(key, value, policyOf(policy.Identity))
				*in(into) = append(*in(into), p)
			})
		},
		func(from *T) *yaml.Node {
			node := &yaml.Node{Kind: yaml.MappingNode}
			for _, p := range *in(from) {
				node.Content = append(node.Content, scalar(p.name.value), writeDocument(p.document))
			}
			return orNone(node)
		},
	}
}

// fileFields are the lists of a file. The first five have to be there, empty perhaps.
var fileFields = []field[Directory]{
	{"format", free, value(ruleFormat, func(d *Directory) *text { return &d.format })},
	{"instance", free, one("the instance", instanceFields, func(d *Directory) **instance { return &d.instance })},
	{"users", required, always(entries("a user", anyEntries, userFields, func(d *Directory) *[]user { return &d.users }))},
	{"groups", required, always(entries("a group", anyEntries, groupFields, func(d *Directory) *[]group { return &d.groups }))},
	{"accounts", required, always(entries("an account", anyEntries, accountFields, func(d *Directory) *[]account { return &d.accounts }))},
	{"permissionSets", required, always(entries("a permission set", anyEntries, permissionSetFields,
		func(d *Directory) *[]permissionSet { return &d.permissionSets }))},
	{"assignments", required, always(entries("an assignment", anyEntries, assignmentFields,
		func(d *Directory) *[]assignment { return &d.assignments }))},
	{"accountInstances", free, list("an instance of an account", accountInstanceFields,
		func(d *Directory) *optional[accountInstance] { return &d.accountInstances })},
	{"trustedTokenIssuers", free, list("a trusted token issuer", issuerFields, func(d *Directory) *optional[issuer] { return &d.issuers })},
	{"applications", free, list("an application", applicationFields, func(d *Directory) *optional[application] { return &d.applications })},
	{"iam", free, one("iam", iamFields, func(d *Directory) **iam { return &d.iam })},
}

var instanceFields = []field[instance]{
	{"name", free, value(ruleInstanceName, func(i *instance) *text { return &i.name })},
	{"ownerAccountId", free, value(ruleAccountID, func(i *instance) *text { return &i.ownerAccountID })},
	{"tags", later, tags(func(i *instance) *[]tag { return &i.tags })},
}

var userFields = []field[user]{
	{"userName", required, value(ruleUserName, func(u *user) *text { return &u.userName })},
	{"displayName", free, value(ruleWords, func(u *user) *text { return &u.displayName })},
	{"givenName", required, value(ruleWords, func(u *user) *text { return &u.givenName })},
	{"familyName", required, value(ruleWords, func(u *user) *text { return &u.familyName })},
	{"middleName", later, value(ruleWords, func(u *user) *text { return &u.middleName })},
	{"honorificPrefix", later, value(ruleWords, func(u *user) *text { return &u.honorificPrefix })},
	{"honorificSuffix", later, value(ruleWords, func(u *user) *text { return &u.honorificSuffix })},
	{"formattedName", later, value(ruleWords, func(u *user) *text { return &u.formattedName })},
	{"nickName", later, value(ruleWords, func(u *user) *text { return &u.nickName })},
	{"email", free, value(ruleEmail, func(u *user) *text { return &u.email })},
	{"emails", later, entries("an e-mail address", sizeOf(api.IdentityStore, "Emails").upTo(), markFields(required, ruleEmail),
		func(u *user) *[]mark { return &u.emails })},
	{"phoneNumbers", later, entries("a phone number", sizeOf(api.IdentityStore, "PhoneNumbers").upTo(), markFields(free, ruleWords),
		func(u *user) *[]mark { return &u.phoneNumbers })},
	{"addresses", later, entries("an address", sizeOf(api.IdentityStore, "Addresses").upTo(), addressFields,
		func(u *user) *[]address { return &u.addresses })},
	{"title", later, value(ruleWords, func(u *user) *text { return &u.title })},
	{"userType", later, value(ruleWords, func(u *user) *text { return &u.userType })},
	{"roles", later, entries("a role", sizeOf(api.IdentityStore, "Roles").upTo(), markFields(free, ruleWords),
		func(u *user) *[]mark { return &u.roles })},
	{"profileUrl", later, value(ruleWords, func(u *user) *text { return &u.profileURL })},
	{"website", later, value(ruleWords, func(u *user) *text { return &u.website })},
	{"photos", later, entries("a photo", sizeOf(api.IdentityStore, "Photos").upTo(), photoFields, func(u *user) *[]photo { return &u.photos })},
	{"birthdate", later, value(ruleWords, func(u *user) *text { return &u.birthdate })},
	{"preferredLanguage", later, value(ruleWords, func(u *user) *text { return &u.preferredLanguage })},
	{"locale", later, value(ruleWords, func(u *user) *text { return &u.locale })},
	{"timezone", later, value(ruleWords, func(u *user) *text { return &u.timezone })},
	{"extensions", later, one("the extensions", extensionFields, func(u *user) **extensions { return &u.extensions })},
	{"externalIds", later, entries("an external id", sizeOf(api.IdentityStore, "ExternalIds").upTo(), externalIDFields,
		func(u *user) *[]externalID { return &u.externalIDs })},
	{"status", free, value(ruleUserStatus, func(u *user) *text { return &u.status })},
}

func markFields(is trait, rule rule) []field[mark] {
	return []field[mark]{
		{"value", is, value(rule, func(m *mark) *text { return &m.value })},
		{"type", free, value(ruleWords, func(m *mark) *text { return &m.kind })},
		{"primary", free, boolean(func(m *mark) *truth { return &m.primary })},
	}
}

var addressFields = []field[address]{
	{"streetAddress", free, value(ruleWords, func(a *address) *text { return &a.streetAddress })},
	{"locality", free, value(ruleWords, func(a *address) *text { return &a.locality })},
	{"region", free, value(ruleWords, func(a *address) *text { return &a.region })},
	{"postalCode", free, value(ruleWords, func(a *address) *text { return &a.postalCode })},
	{"country", free, value(ruleWords, func(a *address) *text { return &a.country })},
	{"formatted", free, value(ruleWords, func(a *address) *text { return &a.formatted })},
	{"type", free, value(ruleWords, func(a *address) *text { return &a.kind })},
	{"primary", free, boolean(func(a *address) *truth { return &a.primary })},
}

var photoFields = []field[photo]{
	{"value", required, value(ruleWords, func(p *photo) *text { return &p.value })},
	{"type", free, value(ruleWords, func(p *photo) *text { return &p.kind })},
	{"display", free, value(ruleWords, func(p *photo) *text { return &p.display })},
	{"primary", free, boolean(func(p *photo) *truth { return &p.primary })},
}

var extensionFields = []field[extensions]{
	{rules.Enterprise, free, jsonOf(extensionDocument, func(e *extensions) *document { return &e.enterprise })},
}

var externalIDFields = []field[externalID]{
	{"issuer", required, value(ruleExternalIssuer, func(e *externalID) *text { return &e.issuer })},
	{"id", required, value(ruleExternalID, func(e *externalID) *text { return &e.id })},
}

var groupFields = []field[group]{
	{"displayName", required, value(ruleGroupName, func(g *group) *text { return &g.displayName })},
	{"description", free, value(ruleWords, func(g *group) *text { return &g.description })},
	{"members", free, values(anyLinks, ruleReference, func(g *group) *[]text { return &g.members })},
	{"externalIds", later, entries("an external id", sizeOf(api.IdentityStore, "ExternalIds").upTo(), externalIDFields,
		func(g *group) *[]externalID { return &g.externalIDs })},
}

var accountFields = []field[account]{
	{"accountId", required, value(ruleAccountID, func(a *account) *text { return &a.accountID })},
	{"name", required, value(ruleAccountName, func(a *account) *text { return &a.name })},
	{"email", free, value(ruleAccountEmail, func(a *account) *text { return &a.email })},
}

var permissionSetFields = []field[permissionSet]{
	{"name", required, value(rulePermissionSetName, func(p *permissionSet) *text { return &p.name })},
	{"description", free, value(rulePermissionSetDescription, func(p *permissionSet) *text { return &p.description })},
	{"sessionDuration", free, value(ruleSessionDuration, func(p *permissionSet) *text { return &p.sessionDuration })},
	{"relayState", free, value(ruleRelayState, func(p *permissionSet) *text { return &p.relayState })},
	{"inlinePolicy", later, jsonOf(inlinePolicyDocument, func(p *permissionSet) *document { return &p.inlinePolicy })},
	{"managedPolicies", later, values(bounds{0, rules.MaxAttachedPolicies}, ruleManagedPolicy, func(p *permissionSet) *[]text { return &p.managedPolicies })},
	{"customerManagedPolicies", later, entries("a policy of the accounts", bounds{0, rules.MaxAttachedPolicies}, customerPolicyFields,
		func(p *permissionSet) *[]customerPolicy { return &p.customerPolicies })},
	{"permissionsBoundary", later, one("a permissions boundary", boundaryFields, func(p *permissionSet) **boundary { return &p.boundary })},
	{"tags", later, tags(func(p *permissionSet) *[]tag { return &p.tags })},
}

var customerPolicyFields = []field[customerPolicy]{
	{"name", required, value(ruleCustomerPolicyName, func(p *customerPolicy) *text { return &p.name })},
	{"path", free, value(ruleCustomerPolicyPath, func(p *customerPolicy) *text { return &p.path })},
}

var boundaryFields = []field[boundary]{
	{"managedPolicy", free, value(ruleManagedPolicy, func(b *boundary) *text { return &b.managedPolicy })},
	{"customerManagedPolicy", free, one("a policy of the accounts", customerPolicyFields,
		func(b *boundary) **customerPolicy { return &b.customerPolicy })},
}

var assignmentFields = []field[assignment]{
	{"account", required, value(ruleAccountID, func(a *assignment) *text { return &a.account })},
	{"permissionSet", required, value(ruleReference, func(a *assignment) *text { return &a.permissionSet })},
	{"users", free, values(anyLinks, ruleReference, func(a *assignment) *[]text { return &a.users })},
	{"groups", free, values(anyLinks, ruleReference, func(a *assignment) *[]text { return &a.groups })},
}

var accountInstanceFields = []field[accountInstance]{
	{"account", required, value(ruleAccountID, func(i *accountInstance) *text { return &i.account })},
	{"name", free, value(ruleAccountInstanceName, func(i *accountInstance) *text { return &i.name })},
	{"tags", free, tags(func(i *accountInstance) *[]tag { return &i.tags })},
}

var issuerFields = []field[issuer]{
	{"name", required, value(ruleIssuerName, func(i *issuer) *text { return &i.name })},
	{"accountInstance", free, value(ruleAccountID, func(i *issuer) *text { return &i.accountInstance })},
	{"issuerUrl", required, value(ruleIssuerURL, func(i *issuer) *text { return &i.url })},
	{"claimAttributePath", required, value(ruleClaimPath, func(i *issuer) *text { return &i.claimPath })},
	{"identityStoreAttributePath", required, value(ruleAttributePath, func(i *issuer) *text { return &i.attributePath })},
	{"jwks", free, jsonOf(keySetDocument, func(i *issuer) *document { return &i.jwks })},
	{"tags", free, tags(func(i *issuer) *[]tag { return &i.tags })},
}

var applicationFields = []field[application]{
	{"name", required, value(ruleApplicationName, func(a *application) *text { return &a.name })},
	{"id", free, value(ruleApplicationID, func(a *application) *text { return &a.id })},
	{"account", free, value(ruleAccountID, func(a *application) *text { return &a.account })},
	{"accountInstance", free, value(ruleAccountID, func(a *application) *text { return &a.accountInstance })},
	{"provider", free, value(ruleProvider, func(a *application) *text { return &a.provider })},
	{"description", free, value(ruleApplicationDescription, func(a *application) *text { return &a.description })},
	{"status", free, value(ruleApplicationStatus, func(a *application) *text { return &a.status })},
	{"portalOptions", free, one("the options of the portal", portalOptionsFields, func(a *application) **portalOptions { return &a.portalOptions })},
	{"assignmentRequired", free, boolean(func(a *application) *truth { return &a.assignmentRequired })},
	{"backgroundSessions", free, value(ruleBackgroundSessions, func(a *application) *text { return &a.backgroundSessions })},
	{"idTokenSigningAlg", free, value(ruleIDTokenAlg, func(a *application) *text { return &a.idTokenSigningAlg })},
	{"actorPolicy", free, jsonOf(policyOf(policy.Resource), func(a *application) *document { return &a.actorPolicy })},
	{"grants", free, one("the grants", grantsFields, func(a *application) **grants { return &a.grants })},
	{"scopes", free, entries("a scope", bounds{0, rules.MaxScopes}, scopeFields, func(a *application) *[]scope { return &a.scopes })},
	{"users", free, values(anyLinks, ruleReference, func(a *application) *[]text { return &a.users })},
	{"groups", free, values(anyLinks, ruleReference, func(a *application) *[]text { return &a.groups })},
	{"tags", free, tags(func(a *application) *[]tag { return &a.tags })},
}

var portalOptionsFields = []field[portalOptions]{
	{"visibility", free, value(ruleVisibility, func(o *portalOptions) *text { return &o.visibility })},
	{"signInOptions", free, one("the options of signing in", signInOptionsFields, func(o *portalOptions) **signInOptions { return &o.signInOptions })},
}

var signInOptionsFields = []field[signInOptions]{
	{"origin", required, value(ruleOrigin, func(o *signInOptions) *text { return &o.origin })},
	{"applicationUrl", free, value(ruleApplicationURL, func(o *signInOptions) *text { return &o.applicationURL })},
}

var grantsFields = []field[grants]{
	{"authorizationCode", free, one("the grant", authorizationCodeFields, func(g *grants) **authorizationCode { return &g.authorizationCode })},
	{"jwtBearer", free, one("the grant", jwtBearerFields, func(g *grants) **jwtBearer { return &g.jwtBearer })},
	{"refreshToken", free, boolean(func(g *grants) *truth { return &g.refreshToken })},
	{"tokenExchange", free, boolean(func(g *grants) *truth { return &g.tokenExchange })},
}

var authorizationCodeFields = []field[authorizationCode]{
	{"redirectUris", required, values(sizeOf(api.SSOAdmin, "RedirectUris"), ruleRedirectURI, func(a *authorizationCode) *[]text { return &a.redirectURIs })},
}

var jwtBearerFields = []field[jwtBearer]{
	{"issuers", required, entries("an issuer", sizeOf(api.SSOAdmin, "AuthorizedTokenIssuers"), authorizedIssuerFields,
		func(j *jwtBearer) *[]authorizedIssuer { return &j.issuers })},
}

var authorizedIssuerFields = []field[authorizedIssuer]{
	{"issuer", required, value(ruleReference, func(a *authorizedIssuer) *text { return &a.issuer })},
	{"audiences", required, values(sizeOf(api.SSOAdmin, "TokenIssuerAudiences"), ruleAudience, func(a *authorizedIssuer) *[]text { return &a.audiences })},
}

var scopeFields = []field[scope]{
	{"scope", required, value(ruleScope, func(s *scope) *text { return &s.scope })},
	{"targets", free, values(sizeOf(api.SSOAdmin, "ScopeTargets").upTo(), ruleReference, func(s *scope) *[]text { return &s.targets })},
}

var iamFields = []field[iam]{
	{"users", free, list("an IAM user", iamUserFields, func(i *iam) *optional[iamUser] { return &i.users })},
	{"roles", free, list("an IAM role", iamRoleFields, func(i *iam) *optional[iamRole] { return &i.roles })},
	{"oidcProviders", free, list("an OpenID provider", oidcProviderFields, func(i *iam) *optional[oidcProvider] { return &i.providers })},
}

var iamUserFields = []field[iamUser]{
	{"account", required, value(ruleAccountID, func(u *iamUser) *text { return &u.account })},
	{"name", required, value(ruleReference, func(u *iamUser) *text { return &u.name })},
	{"path", free, value(ruleReference, func(u *iamUser) *text { return &u.path })},
	{"policies", free, policies(func(u *iamUser) *[]namedPolicy { return &u.policies })},
	{"managedPolicies", free, values(bounds{0, rules.MaxAttachedPolicies}, ruleReference, func(u *iamUser) *[]text { return &u.managedPolicies })},
	{"accessKeys", free, entries("an access key", bounds{0, maxAccessKeys}, accessKeyFields, func(u *iamUser) *[]accessKey { return &u.accessKeys })},
}

var iamRoleFields = []field[iamRole]{
	{"account", required, value(ruleAccountID, func(r *iamRole) *text { return &r.account })},
	{"name", required, value(ruleReference, func(r *iamRole) *text { return &r.name })},
	{"path", free, value(ruleReference, func(r *iamRole) *text { return &r.path })},
	{"description", free, value(ruleAnyText, func(r *iamRole) *text { return &r.description })},
	{"maxSessionDuration", free, value(ruleSeconds, func(r *iamRole) *text { return &r.maxSessionDuration })},
	{"trustPolicy", required, jsonOf(policyOf(policy.Trust), func(r *iamRole) *document { return &r.trustPolicy })},
	{"policies", free, policies(func(r *iamRole) *[]namedPolicy { return &r.policies })},
	{"managedPolicies", free, values(bounds{0, rules.MaxAttachedPolicies}, ruleReference, func(r *iamRole) *[]text { return &r.managedPolicies })},
	{"accessKeys", free, entries("an access key", bounds{0, maxAccessKeys}, accessKeyFields, func(r *iamRole) *[]accessKey { return &r.accessKeys })},
}

var accessKeyFields = []field[accessKey]{
	{"id", required, value(ruleAccessKeyID, func(k *accessKey) *text { return &k.id })},
	{"secretAccessKey", free, value(ruleSecret, func(k *accessKey) *text { return &k.secret })},
	{"status", free, value(ruleKeyStatus, func(k *accessKey) *text { return &k.status })},
}

var oidcProviderFields = []field[oidcProvider]{
	{"account", required, value(ruleAccountID, func(p *oidcProvider) *text { return &p.account })},
	{"url", required, value(ruleReference, func(p *oidcProvider) *text { return &p.url })},
	{"clientIds", required, values(anyEntries, ruleReference, func(p *oidcProvider) *[]text { return &p.clientIDs })},
	{"jwks", free, jsonOf(keySetDocument, func(p *oidcProvider) *document { return &p.jwks })},
}
