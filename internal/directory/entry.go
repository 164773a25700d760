package directory

import (
	"sallyport/internal/api"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

// Directory is a file that was read and holds no mistake. Parse makes it.
type Directory struct {
	file   string // its name, for mistakes that only the store shows
	format text   // 1, 2 or absent, which is 1: see the package comment

	instance       *instance // nil when the file leaves the instance as it is
	users          []user
	groups         []group
	accounts       []account
	permissionSets []permissionSet
	assignments    []assignment

	// What came later is left as it is when the file does not have it.
	accountInstances optional[accountInstance]
	issuers          optional[issuer]
	applications     optional[application]
	iam              *iam
}

// whole reports whether what an entry does not name is removed: format 2.
func (d *Directory) whole() bool { return d.format.value == formatWhole }

const formatWhole = "2"

// optional is a list that a file may leave out.
type optional[E any] struct {
	given bool
	list  []E
}

type instance struct {
	name, ownerAccountID text
	tags                 []tag
}

// tag has a key and a value; the value may be empty.
type tag struct{ key, value text }

type user struct {
	userName text // the identity: a user who keeps it keeps the id

	displayName                                                     text // given and family name when absent
	givenName, familyName                                           text
	middleName, honorificPrefix, honorificSuffix, formattedName     text
	nickName, profileURL, userType, title                           text
	preferredLanguage, locale, timezone, website, birthdate, status text

	email                       text   // short for emails with this value, primary
	emails, phoneNumbers, roles []mark // no more than one of each
	addresses                   []address
	photos                      []photo
	extensions                  *extensions
	externalIDs                 []externalID // by which other systems know the user; unique among users
}

// mark is a value of which people have several in principle: an e-mail address, a phone number, a role.
type mark struct {
	value, kind text
	primary     truth
}

type address struct {
	streetAddress, locality, region, postalCode, country, formatted, kind text
	primary                                                               truth
}

type photo struct {
	value, kind, display text
	primary              truth
}

// extensions are those of the identity store: there is one.
type extensions struct{ enterprise document }

type externalID struct{ issuer, id text }

type group struct {
	displayName text // the identity
	description text
	members     []text // user names
	externalIDs []externalID
}

type account struct{ accountID, name, email text }

type permissionSet struct {
	name                                     text // the identity
	description, sessionDuration, relayState text
	seconds                                  int64 // of sessionDuration
	inlinePolicy                             document
	managedPolicies                          []text // ARNs
	customerPolicies                         []customerPolicy
	boundary                                 *boundary
	tags                                     []tag
}

// customerPolicy names a policy that each account has of its own; without a path it is /.
type customerPolicy struct{ name, path text }

// boundary is one of a policy of AWS and one of the accounts.
type boundary struct {
	managedPolicy  text // ARN
	customerPolicy *customerPolicy
}

type assignment struct {
	account, permissionSet text   // by id, by name
	users, groups          []text // by name
}

// accountInstance is an instance that an account made for itself. The account is the identity.
type accountInstance struct {
	account, name text
	tags          []tag
}

// issuer is a trusted token issuer. It is tied to the store by instance and name; one whose URL changes is another one, because every
// subject that it vouches for is somebody else's word.
type issuer struct {
	name            text
	accountInstance text // account whose own instance it belongs to; absent for the organization instance
	url             text
	claimPath       text
	attributePath   text
	jwks            document // static keys, with which the issuer is never asked: an extension
	tags            []tag
}

// application is tied to the store by its id where it has one, and else by instance, account and name.
type application struct {
	id                 text // apl-…: needed where another application has the name; it is made with this id where the store lacks it
	name               text
	account            text // that owns it; absent for the one that owns the instance
	accountInstance    text // account whose own instance it belongs to; absent for the organization instance
	provider           text // the kind of application; there is one
	description        text
	status             text // ENABLED when absent
	portalOptions      *portalOptions
	assignmentRequired truth // true when absent
	backgroundSessions text  // DISABLED when absent
	idTokenSigningAlg  text  // ES256 when absent; RS256 for programs that know no other: an extension
	actorPolicy        document
	grants             *grants
	scopes             []scope
	users, groups      []text // who may use it, by name
	tags               []tag
}

type portalOptions struct {
	visibility    text
	signInOptions *signInOptions
}

type signInOptions struct{ origin, applicationURL text }

type grants struct {
	authorizationCode *authorizationCode
	jwtBearer         *jwtBearer
	refreshToken      truth
	tokenExchange     truth
}

type authorizationCode struct{ redirectURIs []text }

type jwtBearer struct{ issuers []authorizedIssuer }

// authorizedIssuer names an issuer of the application's instance, or has an ARN, which is kept as it is: one that names nothing lets
// nobody in.
type authorizedIssuer struct {
	issuer    text
	audiences []text
}

// scope is one that the application's tokens may have. A target is the name or the id of an application of the same instance, an ARN,
// which is kept as it is, or the word instance for the instance itself.
type scope struct {
	scope   text
	targets []text
}

// targetInstance is the word for the instance as target of a scope. An application of this name is referred to by its id.
const targetInstance = "instance"

// iam is what the accounts have of Identity and Access Management.
type iam struct {
	users     optional[iamUser]
	roles     optional[iamRole]
	providers optional[oidcProvider]
}

// principal is what users and roles of accounts have in common. They are tied to the store by account and name.
type principal struct {
	account, name, path text // a path of / when absent
	policies            []namedPolicy
	managedPolicies     []text // ARNs of policies that are known here
	accessKeys          []accessKey
}

type namedPolicy struct {
	name text
	document
}

// accessKey is a long-lived key. The secret is needed where the store does not know the id. Where it does, a secret replaces the one that
// the store has, and without one that stays.
type accessKey struct {
	id, secret text
	status     text // Active when absent
}

type iamUser struct{ principal }

type iamRole struct {
	principal
	description        text
	trustPolicy        document
	maxSessionDuration text // seconds; 3600 when absent
}

type oidcProvider struct {
	account, url text // the identity
	clientIDs    []text
	jwks         document // static keys, with which the provider is never asked
}

// address of the user, wherever the file has it.
func (u user) emailAddress() text {
	if len(u.emails) > 0 {
		return u.emails[0].value
	}
	return u.email
}

// row is what the file says of the user in the form of the store, without id.
func (u user) row(identityStoreID string) store.UserRecord {
	in := &api.CreateUserRequest{
		IdentityStoreID: identityStoreID, UserName: u.userName.value, DisplayName: u.displayName.value,
		Name: &api.PersonName{
			GivenName: u.givenName.value, FamilyName: u.familyName.value, MiddleName: u.middleName.value, Formatted: u.formattedName.value,
			HonorificPrefix: u.honorificPrefix.value, HonorificSuffix: u.honorificSuffix.value,
		},
		NickName: u.nickName.value, ProfileURL: u.profileURL.value, UserType: u.userType.value, Title: u.title.value,
		PreferredLanguage: u.preferredLanguage.value, Locale: u.locale.value, Timezone: u.timezone.value, Website: u.website.value,
		Birthdate: u.birthdate.value,
	}
	if in.DisplayName == "" {
		in.DisplayName = in.Name.GivenName + " " + in.Name.FamilyName
	}
	status := u.status.value
	if status == "" {
		status = store.StatusEnabled
	}
	for _, e := range u.emails {
		in.Emails = append(in.Emails, api.Email{Value: e.value.value, Type: e.kind.value, Primary: e.primary.pointer()})
	}
	for _, p := range u.phoneNumbers {
		in.PhoneNumbers = append(in.PhoneNumbers, api.PhoneNumber{Value: p.value.value, Type: p.kind.value, Primary: p.primary.pointer()})
	}
	for _, r := range u.roles {
		in.Roles = append(in.Roles, api.Role{Value: r.value.value, Type: r.kind.value, Primary: r.primary.pointer()})
	}
	for _, a := range u.addresses {
		in.Addresses = append(in.Addresses, api.Address{
			StreetAddress: a.streetAddress.value, Locality: a.locality.value, Region: a.region.value, PostalCode: a.postalCode.value,
			Country: a.country.value, Formatted: a.formatted.value, Type: a.kind.value, Primary: a.primary.pointer(),
		})
	}
	for _, p := range u.photos {
		in.Photos = append(in.Photos, api.Photo{
			Value: p.value.value, Type: p.kind.value, Display: p.display.value, Primary: p.primary.pointer(),
		})
	}
	if u.extensions != nil && u.extensions.enterprise.json != "" {
		in.Extensions = map[string]api.Document{rules.Enterprise: api.Document(u.extensions.enterprise.json)}
	}
	row := store.NewUserRecord("", status, in)
	if len(u.emails) == 0 {
		row.Email = u.email.value // of which the profile says nothing, as of addresses in files of format 1
	}
	return row
}

func (g group) row() store.Group {
	return store.Group{DisplayName: g.displayName.value, Description: g.description.value}
}

func (a account) row() store.Account {
	return store.Account{AccountID: a.accountID.value, Name: a.name.value, Email: a.email.value}
}

func (p permissionSet) row() store.PermissionSet {
	row := store.PermissionSet{
		Name: p.name.value, Description: p.description.value, SessionDurationS: p.seconds, RelayState: p.relayState.value,
		SessionDuration: p.sessionDuration.value,
	}
	if row.SessionDuration == "" {
		row.SessionDuration = rules.SessionText(p.seconds)
	}
	return row
}
