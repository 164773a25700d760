package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/oauth"
	"sallyport/internal/policy"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

// exportHead begins every file that is written.
const exportHead = `# The directory of a Sallyport, written by ` + "`sallyport export`" + `. Applied to the same data folder it changes nothing.
#
# Every list is whole: what it does not name is removed when the file is applied. A list below "assignments" may be taken out of the file,
# and so may a list of iam; then what it is about stays as it is. What is the default is left out.
#
# Not in this file: passwords (set them with ` + "`sallyport user set-password`" + `), the secrets of access keys, sessions, and the ids of the instance,
# of users, groups, permission sets, issuers and IAM principals. In another data folder all of these get new ids, so ARNs that somebody wrote
# down for an instance, an application, an issuer or a permission set are other ones there; an application keeps its own part of its ARN only
# if the file has its id. Access keys need a secretAccessKey to be made elsewhere.
`

// Export is the directory of the store as a file that Parse reads and Apply finds nothing to do for. It holds no secret.
func Export(ctx context.Context, s *store.Store) ([]byte, error) {
	var have *rows
	err := s.View(ctx, func(tx *store.Tx) (err error) {
		have, err = load(tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the directory: %w", err)
	}
	d, err := have.directory()
	if err != nil {
		return nil, fmt.Errorf("write the directory: %w", err)
	}
	content, err := d.write(exportHead)
	if err != nil {
		return nil, fmt.Errorf("write the directory: %w", err)
	}
	if len(content) > MaxFile {
		return nil, fmt.Errorf("the directory has %d bytes as a file, and a file may have %d", len(content), MaxFile)
	}
	return content, nil
}

// texts are values without places.
func texts(values []string) []text {
	var all []text
	for _, v := range values {
		all = append(all, text{value: v})
	}
	return all
}

// unless is the value, or nothing when it is the default.
func unless(value, absent string) text {
	if value == absent {
		return text{}
	}
	return text{value: value}
}

func documentOf(json string) document { return document{json: json} }

// directory is what the rows say as the file that says it.
func (h *rows) directory() (*Directory, error) {
	e := &exporter{
		rows:  h,
		users: mapOf(h.users, func(u store.UserRecord) string { return u.UserID }), groups: mapOf(h.groups, func(g store.Group) string { return g.GroupID }),
		sets:  mapOf(h.sets, func(s store.PermissionSet) string { return s.PermissionSetID }),
		words: h.targetWords(), issuerNames: map[string]string{},
	}
	for _, row := range h.issuers {
		e.issuerNames[row.ARN()] = row.Name
	}
	d := &Directory{format: text{value: formatWhole}}
	e.instance(d)
	e.access(d)
	e.accountInstances(d)
	e.issuers(d)
	return d, errors.Join(e.unreadable(), e.people(d), e.applications(d), e.iam(d))
}

// unreadable finds what a file could not say, or would say otherwise than the rows: applied again, it would take a policy away that denies
// while it cannot be read.
func (e *exporter) unreadable() error {
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(e.tags.Unreadable)) {
		errs = append(errs, e.tags.Unreadable[id])
	}
	check := func(what, document string, kind policy.Kind) {
		if _, err := policy.Parse([]byte(document), kind); err != nil {
			errs = append(errs, &store.Unreadable{What: what, Err: err})
		}
	}
	for _, row := range e.rows.sets {
		policies := e.setPolicies[row.PermissionSetID]
		if policies.HasInline {
			check("the inline policy of "+setWords(row.Name), policies.Inline, policy.Identity)
		}
		if policies.Bounded && policies.Boundary == (store.Boundary{}) {
			errs = append(errs, &store.Unreadable{What: "the boundary of " + setWords(row.Name), Err: errors.New("it names no policy")})
		}
	}
	for _, row := range e.iamRoles {
		check("the trust policy of "+principalWords(row.Principal()), row.TrustPolicy, policy.Trust)
	}
	for p, policies := range e.iamPolicies {
		for _, row := range policies {
			if _, attached := rules.AttachedARN(row); !attached {
				check("the policy "+row.Name+" of "+principalWords(p), row.Document, policy.Identity)
			}
		}
	}
	for _, row := range e.rows.applications {
		if row.ActorPolicy != "" {
			check("the actor policy of "+applicationWords(row.Name), row.ActorPolicy, policy.Resource)
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// exporter writes ids as names.
type exporter struct {
	*rows
	users  map[string]store.UserRecord
	groups map[string]store.Group
	sets   map[string]store.PermissionSet

	words       map[string]map[string]string // of targets, by the instance that they belong to and their ARN
	issuerNames map[string]string            // by ARN
}

func (e *exporter) tagsOf(id string) []tag {
	var list []tag
	for _, key := range slices.Sorted(maps.Keys(e.tags.Tags[id])) {
		list = append(list, tag{text{value: key}, text{value: e.tags.Tags[id][key]}})
	}
	return list
}

func (e *exporter) instance(d *Directory) {
	if !e.hasInstance {
		return
	}
	d.instance = &instance{
		name: text{value: e.rows.instance.Name}, ownerAccountID: text{value: e.rows.instance.OwnerAccountID},
		tags: e.tagsOf(e.rows.instance.InstanceID),
	}
}

func (e *exporter) people(d *Directory) error {
	for _, row := range e.rows.users {
		u, err := e.user(row)
		if err != nil {
			return err
		}
		d.users = append(d.users, u)
	}
	members := map[string][]text{}
	for _, row := range e.memberships {
		members[row.GroupID] = append(members[row.GroupID], text{value: e.users[row.UserID].UserName})
	}
	for _, row := range e.rows.groups {
		sortTexts(members[row.GroupID])
		d.groups = append(d.groups, group{
			displayName: text{value: row.DisplayName}, description: text{value: row.Description}, members: members[row.GroupID],
			externalIDs: externalIDsOf(e.groupIDs[row.GroupID]),
		})
	}
	return nil
}

func sortTexts(list []text) {
	slices.SortFunc(list, func(a, b text) int { return strings.Compare(a.value, b.value) })
}

func externalIDsOf(rows []store.ExternalID) []externalID {
	var all []externalID
	for _, row := range rows {
		all = append(all, externalID{text{value: row.Issuer}, text{value: row.ID}})
	}
	return all
}

func truthOf(given *bool) truth {
	if given == nil {
		return truth{}
	}
	return truth{given: true, value: *given}
}

func (e *exporter) user(row store.UserRecord) (user, error) {
	in, err := row.Attributes(e.rows.instance.IdentityStoreID)
	if err != nil {
		return user{}, err
	}
	u := user{
		userName: text{value: in.UserName}, displayName: unless(in.DisplayName, in.Name.GivenName+" "+in.Name.FamilyName),
		givenName: text{value: in.Name.GivenName}, familyName: text{value: in.Name.FamilyName}, middleName: text{value: in.Name.MiddleName},
		honorificPrefix: text{value: in.Name.HonorificPrefix}, honorificSuffix: text{value: in.Name.HonorificSuffix},
		formattedName: text{value: in.Name.Formatted}, nickName: text{value: in.NickName}, profileURL: text{value: in.ProfileURL},
		userType: text{value: in.UserType}, title: text{value: in.Title}, preferredLanguage: text{value: in.PreferredLanguage},
		locale: text{value: in.Locale}, timezone: text{value: in.Timezone}, website: text{value: in.Website}, birthdate: text{value: in.Birthdate},
		status: unless(row.Status, store.StatusEnabled), externalIDs: externalIDsOf(e.userIDs[row.UserID]),
	}
	for _, m := range in.Emails {
		if m.Type == "" && m.Primary != nil && *m.Primary {
			u.email = text{value: m.Value}
			continue
		}
		u.emails = append(u.emails, mark{text{value: m.Value}, text{value: m.Type}, truthOf(m.Primary)})
	}
	for _, m := range in.PhoneNumbers {
		u.phoneNumbers = append(u.phoneNumbers, mark{text{value: m.Value}, text{value: m.Type}, truthOf(m.Primary)})
	}
	for _, m := range in.Roles {
		u.roles = append(u.roles, mark{text{value: m.Value}, text{value: m.Type}, truthOf(m.Primary)})
	}
	for _, a := range in.Addresses {
		u.addresses = append(u.addresses, address{
			text{value: a.StreetAddress}, text{value: a.Locality}, text{value: a.Region}, text{value: a.PostalCode}, text{value: a.Country},
			text{value: a.Formatted}, text{value: a.Type}, truthOf(a.Primary),
		})
	}
	for _, p := range in.Photos {
		u.photos = append(u.photos, photo{text{value: p.Value}, text{value: p.Type}, text{value: p.Display}, truthOf(p.Primary)})
	}
	if extension := in.Extensions[rules.Enterprise]; extension != nil {
		u.extensions = &extensions{documentOf(string(extension))}
	}
	return u, nil
}

func (e *exporter) access(d *Directory) {
	for _, row := range e.accounts {
		d.accounts = append(d.accounts, account{text{value: row.AccountID}, text{value: row.Name}, text{value: row.Email}})
	}
	for _, row := range e.rows.sets {
		d.permissionSets = append(d.permissionSets, e.permissionSet(row))
	}
	d.assignments = e.assignments()
}

func (e *exporter) permissionSet(row store.PermissionSet) permissionSet {
	policies := e.setPolicies[row.PermissionSetID]
	set := permissionSet{
		name: text{value: row.Name}, description: text{value: row.Description}, sessionDuration: durationOf(row), relayState: text{value: row.RelayState},
		inlinePolicy: documentOf(policies.Inline), managedPolicies: texts(policies.Managed), tags: e.tagsOf(row.PermissionSetID),
	}
	for _, policy := range policies.Customer {
		set.customerPolicies = append(set.customerPolicies, customerPolicyOf(policy))
	}
	if b := policies.Boundary; b != (store.Boundary{}) {
		set.boundary = &boundary{managedPolicy: text{value: b.ManagedPolicyARN}}
		if b.ManagedPolicyARN == "" {
			policy := customerPolicyOf(b.CustomerPolicy)
			set.boundary.customerPolicy = &policy
		}
	}
	return set
}

func customerPolicyOf(p store.CustomerPolicy) customerPolicy {
	return customerPolicy{text{value: p.Name}, unless(p.Path, "/")}
}

// durationOf is the duration as somebody wrote it, if files may write it so.
func durationOf(row store.PermissionSet) text {
	written := row.SessionDuration
	if seconds, ok := rules.SessionSeconds(written); !ok || seconds != row.SessionDurationS {
		written = rules.SessionText(row.SessionDurationS)
	}
	return unless(written, rules.SessionText(rules.DefaultSession))
}

// assignments are an entry for each permission set in each account.
func (e *exporter) assignments() []assignment {
	type pair struct{ account, set string }
	var order []pair
	entries := map[pair]*assignment{}
	for _, row := range e.rows.assignments {
		key := pair{row.AccountID, e.sets[row.PermissionSetID].Name}
		if entries[key] == nil {
			entries[key] = &assignment{account: text{value: key.account}, permissionSet: text{value: key.set}}
			order = append(order, key)
		}
		e.principal(row.PrincipalType, row.PrincipalID, &entries[key].users, &entries[key].groups)
	}
	slices.SortFunc(order, func(a, b pair) int { return strings.Compare(a.account+"\x00"+a.set, b.account+"\x00"+b.set) })
	var all []assignment
	for _, key := range order {
		sortTexts(entries[key].users)
		sortTexts(entries[key].groups)
		all = append(all, *entries[key])
	}
	return all
}

// principal adds the name of a user or a group.
func (e *exporter) principal(principalType, id string, users, groups *[]text) {
	if principalType == store.PrincipalGroup {
		*groups = append(*groups, text{value: e.groups[id].DisplayName})
	} else {
		*users = append(*users, text{value: e.users[id].UserName})
	}
}

func (e *exporter) accountInstances(d *Directory) {
	d.accountInstances.given = true
	for _, row := range e.rows.accountInstances {
		d.accountInstances.list = append(d.accountInstances.list,
			accountInstance{text{value: row.AccountID}, text{value: row.Name}, e.tagsOf(row.InstanceID)})
	}
}

func (e *exporter) issuers(d *Directory) {
	d.issuers.given = true
	for _, row := range e.rows.issuers {
		d.issuers.list = append(d.issuers.list, issuer{
			name: text{value: row.Name}, accountInstance: text{value: e.accountOf(row.InstanceID)}, url: text{value: row.URL},
			claimPath: text{value: row.ClaimPath}, attributePath: text{value: row.AttributePath}, jwks: documentOf(row.JWKS), tags: e.tagsOf(row.IssuerID),
		})
	}
	slices.SortStableFunc(d.issuers.list, func(a, b issuer) int { return strings.Compare(a.accountInstance.value, b.accountInstance.value) })
}

func (e *exporter) applications(d *Directory) error {
	d.applications.given = true
	for _, row := range e.rows.applications {
		a, err := e.application(row)
		if err != nil {
			return err
		}
		d.applications.list = append(d.applications.list, a)
	}
	slices.SortStableFunc(d.applications.list, func(a, b application) int { return strings.Compare(a.accountInstance.value, b.accountInstance.value) })
	return nil
}

// targetWords are the words for what scopes can be good for: each instance, and its applications of whatever account, by name or id.
func (h *rows) targetWords() map[string]map[string]string {
	words, named := map[string]map[string]string{}, map[[2]string]int{}
	for _, row := range h.applications {
		words[row.InstanceID] = map[string]string{arn.Instance{InstanceID: row.InstanceID}.String(): targetInstance}
		named[[2]string{row.InstanceID, row.Name}]++
	}
	for _, row := range h.applications {
		word := row.Name
		if named[[2]string{row.InstanceID, row.Name}] > 1 || meansElse(row.Name) {
			word = row.ApplicationID
		}
		words[row.InstanceID][row.ARN()] = word
	}
	return words
}

// meansElse reports whether the name of an application would be read as something else where a target stands, or not at all.
func meansElse(name string) bool {
	_, application := arn.ParseApplication(name)
	_, instance := arn.ParseInstance(name)
	return name == targetInstance || ruleApplicationID.holds(name) || application == nil || instance == nil || utf8.RuneCountInString(name) > maxText
}

func (e *exporter) application(row store.Application) (a application, err error) {
	own := e.accountOf(row.InstanceID)
	a = application{
		name: text{value: row.Name}, accountInstance: text{value: own}, account: unless(row.AccountID, cmp.Or(own, e.rows.instance.OwnerAccountID)),
		description: text{value: row.Description}, status: unless(row.Status, store.StatusEnabled),
		backgroundSessions: unless(row.BackgroundSession, store.StatusDisabled), idTokenSigningAlg: text{value: row.IDTokenAlg},
		actorPolicy: documentOf(row.ActorPolicy), tags: e.tagsOf(row.ApplicationID),
	}
	if e.words[row.InstanceID][row.ARN()] == row.ApplicationID {
		a.id.value = row.ApplicationID
	}
	if !row.AssignmentRequired {
		a.assignmentRequired.given = true
	}
	if a.portalOptions, err = portalOptionsOf(row); err != nil {
		return a, err
	}
	if a.grants, err = e.grantsOf(row); err != nil {
		return a, err
	}
	if a.scopes, err = e.scopesOf(row); err != nil {
		return a, err
	}
	for _, principal := range e.mayUse[row.ApplicationID] {
		e.principal(principal.PrincipalType, principal.PrincipalID, &a.users, &a.groups)
	}
	sortTexts(a.users)
	sortTexts(a.groups)
	return a, nil
}

func portalOptionsOf(row store.Application) (*portalOptions, error) {
	options, err := row.ReadPortalOptions()
	if err != nil || options == nil || canonical(row.PortalOptions) == canonical(defaultPortalOptions) {
		return nil, err
	}
	o := &portalOptions{visibility: unless(options.Visibility, store.StatusEnabled)}
	if s := options.SignInOptions; s != nil {
		o.signInOptions = &signInOptions{text{value: s.Origin}, text{value: s.ApplicationURL}}
	}
	return o, nil
}

func (e *exporter) grantsOf(row store.Application) (*grants, error) {
	stored := e.rows.grants[row.ApplicationID]
	if len(stored) == 0 {
		return nil, nil
	}
	g := &grants{}
	for _, s := range stored {
		grant, err := s.Grant()
		if err != nil {
			return nil, err
		}
		switch oauth.GrantType(s.GrantType) {
		case oauth.GrantAuthorizationCode:
			g.authorizationCode = &authorizationCode{texts(grant.AuthorizationCode.RedirectURIs)}
		case oauth.GrantJWTBearer:
			g.jwtBearer = e.jwtBearerOf(grant.JWTBearer)
		case oauth.GrantRefreshToken:
			g.refreshToken = truth{given: true, value: true}
		case oauth.GrantTokenExchange:
			g.tokenExchange = truth{given: true, value: true}
		}
	}
	return g, nil
}

// jwtBearerOf names the issuers that are there, and keeps the ARNs of others.
func (e *exporter) jwtBearerOf(grant *api.JWTBearerGrant) *jwtBearer {
	j := &jwtBearer{}
	for _, i := range grant.AuthorizedTokenIssuers {
		j.issuers = append(j.issuers, authorizedIssuer{text{value: cmp.Or(e.issuerNames[i.TrustedTokenIssuerARN], i.TrustedTokenIssuerARN)}, texts(i.AuthorizedAudiences)})
	}
	return j
}

func (e *exporter) scopesOf(row store.Application) ([]scope, error) {
	var all []scope
	for _, s := range e.rows.scopes[row.ApplicationID] {
		targets, err := s.ReadTargets()
		if err != nil {
			return nil, err
		}
		for i, target := range targets {
			targets[i] = cmp.Or(e.words[row.InstanceID][target], target)
		}
		all = append(all, scope{text{value: s.Scope}, texts(targets)})
	}
	return all, nil
}

func (e *exporter) iam(d *Directory) error {
	d.iam = &iam{}
	d.iam.users.given, d.iam.roles.given, d.iam.providers.given = true, true, true
	keys := map[store.IAMPrincipal][]accessKey{}
	for _, row := range e.keys {
		keys[row.Principal()] = append(keys[row.Principal()], accessKey{id: text{value: row.AccessKeyID}, status: unless(row.Status, store.KeyActive)})
	}
	for _, list := range keys {
		slices.SortFunc(list, func(a, b accessKey) int { return strings.Compare(a.id.value, b.id.value) })
	}
	for _, row := range e.iamUsers {
		d.iam.users.list = append(d.iam.users.list, iamUser{e.principalOf(row.Principal(), row.Path, keys)})
	}
	for _, row := range e.iamRoles {
		d.iam.roles.list = append(d.iam.roles.list, iamRole{
			principal: e.principalOf(row.Principal(), row.Path, keys), description: text{value: row.Description},
			trustPolicy:        documentOf(row.TrustPolicy),
			maxSessionDuration: unless(strconv.FormatInt(row.MaxSessionS, 10), strconv.Itoa(rules.MinRoleSession)),
		})
	}
	for _, row := range e.providers {
		clients, err := row.ReadClientIDs()
		if err != nil {
			return err
		}
		d.iam.providers.list = append(d.iam.providers.list,
			oidcProvider{text{value: row.AccountID}, text{value: row.URL}, texts(clients), documentOf(row.JWKS)})
	}
	return nil
}

func (e *exporter) principalOf(p store.IAMPrincipal, path string, keys map[store.IAMPrincipal][]accessKey) principal {
	out := principal{account: text{value: p.AccountID}, name: text{value: p.Name}, path: unless(path, "/"), accessKeys: keys[p]}
	documents, managed := splitPolicies(e.iamPolicies[p])
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		out.policies = append(out.policies, namedPolicy{text{value: name}, documentOf(documents[name])})
	}
	out.managedPolicies = texts(managed)
	return out
}
