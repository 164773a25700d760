package policy

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/arn"
	"sallyport/internal/strictjson"
)

// PrincipalKind tells what kind of caller a principal is.
type PrincipalKind int

const (
	Anonymous   PrincipalKind = iota // nobody is known
	User                             // an IAM user
	AssumedRole                      // a session of a role
	Root                             // an account itself
	Service                          // an AWS service
	Federated                        // somebody whom an OpenID provider vouches for
)

// Principal is who makes a request.
type Principal struct {
	Kind     PrincipalKind
	ARN      string // what GetCallerIdentity answers
	Account  string // 12 digits; empty for services, and for people whom a provider vouches for
	RoleARN  string // the role of a session, with its path
	UserID   string // AIDA…, or AROA…:session
	UserName string // of an IAM user
	Service  string // sso.amazonaws.com
	Provider string // ARN of the OpenID provider
	Tags     map[string]string
	// SourceIdentity is what the first session of a chain was given.
	SourceIdentity string
}

// Context are the condition keys of a request. The case of a key does not matter, that of its values does.
type Context map[string][]string

func (c Context) get(key string) []string {
	var values []string
	for name, more := range c {
		if sameFolded(name, key) {
			if values == nil {
				values = more
			} else { // two spellings of one key are one key
				values = append(values[:len(values):len(values)], more...)
			}
		}
	}
	return values
}

// Globals are the condition keys that every request of the principal has (IAM: global condition context keys).
func (p Principal) Globals(now time.Time, source netip.Addr) Context {
	c := Context{
		"aws:CurrentTime": {now.UTC().Format(time.RFC3339)},
		"aws:EpochTime":   {strconv.FormatInt(now.Unix(), 10)},
	}
	set := func(key, value string) {
		if value != "" {
			c[key] = []string{value}
		}
	}
	if source.IsValid() {
		set("aws:SourceIp", source.Unmap().WithZone("").String())
	}
	set("aws:PrincipalAccount", p.Account)
	set("aws:PrincipalType", map[PrincipalKind]string{
		Anonymous: "Anonymous", User: "User", AssumedRole: "AssumedRole", Root: "Account", Service: "Service", Federated: "FederatedUser",
	}[p.Kind])
	set("aws:PrincipalArn", p.ARN)
	if p.Kind == AssumedRole {
		set("aws:PrincipalArn", p.RoleARN) // the role, so that one condition holds for all of its sessions
	}
	set("aws:userid", p.UserID)
	set("aws:username", p.UserName)
	set("aws:PrincipalServiceName", p.Service)
	set("aws:FederatedProvider", p.Provider)
	set("aws:SourceIdentity", p.SourceIdentity)
	for key, value := range p.Tags {
		c["aws:PrincipalTag/"+key] = []string{value}
	}
	return c
}

// Set gives a key its values and returns the context.
func (c Context) Set(key string, values ...string) Context {
	c[key] = values
	return c
}

// principal is one entry of a Principal element.
type principal struct {
	kind  principalKind
	value string
}

type principalKind uint8

const (
	everyone   principalKind = iota // "Principal": "*"
	anyAccount                      // "AWS": "*"
	ofAccount                       // an account, which hands the decision on to its identity policies
	theUser                         // ARN of a user
	theRole                         // ARN of a role: all of its sessions
	theSession                      // ARN of one session
	theID                           // unique id of a user, a role or a session: what is left of the ARN of one that was deleted
	theService                      // a service
	vouchedFor                      // ARN of an OpenID provider
)

// reach is how an entry reaches a caller.
type reach int

const (
	outside   reach = iota
	delegated       // by its account: the identity policies of the caller have to allow as well
	byName
)

// reaches compares by whole names, in which the account is a part. It never looks at the beginning of a name.
func (e principal) reaches(p *Principal) reach {
	inAccount := p.Account != "" && (p.Kind == User || p.Kind == AssumedRole || p.Kind == Root)
	hit := false
	switch e.kind {
	case everyone:
		hit = true
	case anyAccount:
		hit = inAccount
	case ofAccount:
		if inAccount && p.Account == e.value && p.Kind != Root {
			return delegated
		}
		hit = inAccount && p.Account == e.value
	case theUser:
		hit = p.Kind == User && p.ARN == e.value
	case theRole:
		hit = p.Kind == AssumedRole && p.RoleARN == e.value
	case theSession:
		hit = p.Kind == AssumedRole && p.ARN == e.value
	case theID:
		role, _, _ := strings.Cut(p.UserID, ":")
		hit = inAccount && p.Kind != Root && (p.UserID == e.value || role == e.value)
	case theService:
		hit = p.Kind == Service && p.Service == e.value
	case vouchedFor:
		hit = p.Kind == Federated && p.Provider == e.value
	}
	if hit {
		return byName
	}
	return outside
}

// awsPrincipal reads a value of "AWS".
func awsPrincipal(text string) (principal, bool) {
	if text == "*" {
		return principal{kind: anyAccount}, true
	}
	if arn.ValidAccount(text) {
		return principal{ofAccount, text}, true
	}
	if account, err := arn.ParseRoot(text); err == nil {
		return principal{ofAccount, account}, true
	}
	if _, err := arn.ParseUser(text); err == nil {
		return principal{theUser, text}, true
	}
	if _, err := arn.ParseRole(text); err == nil {
		return principal{theRole, text}, true
	}
	if _, err := arn.ParseAssumedRole(text); err == nil {
		return principal{theSession, text}, true
	}
	if isUniqueID(text) {
		return principal{theID, text}, true
	}
	return principal{}, false
}

// isUniqueID tells whether text is the unique id of a user or a role, or that of a role with the name of a session behind it.
func isUniqueID(text string) bool {
	id, session, named := strings.Cut(text, ":")
	role := strings.HasPrefix(id, "AROA")
	if len(id) != uniqueIDLength || !role && !strings.HasPrefix(id, "AIDA") || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return false
	}
	return !named || role && arn.ValidSessionName(session)
}

const uniqueIDLength = 21

func (r *reader) principal(s *statement, path string, value strictjson.Value) *Error {
	switch {
	case !r.rules.principal:
		return refuse(path, "%s has no principal: it is about whom it is attached to", r.rules.name)
	case value.Kind() == strictjson.String && value.Text() == "*":
		s.principals = []principal{{kind: everyone}}
		return nil
	case value.Kind() != strictjson.Object || len(value.Members()) == 0:
		return refuse(path, `must be "*" or an object such as {"AWS": "111122223333"}`)
	}
	for _, m := range value.Members() {
		path := under(path, m.Name)
		list, err := texts(path, m.Value)
		if err != nil {
			return err
		}
		for _, text := range list {
			e, problem := r.entry(m.Name, text)
			if problem != "" {
				return refuse(path, "%s", problem)
			}
			s.principals = append(s.principals, e)
		}
	}
	return nil
}

// entry reads one value of a Principal element. The sentence says what is wrong.
func (r *reader) entry(name, text string) (e principal, problem string) {
	switch {
	case name == "AWS":
		e, ok := awsPrincipal(text)
		if !ok {
			return e, quote(text) + " is no principal: write an account id, the ARN of a user, a role or a role session without wildcards, or *"
		}
		return e, ""
	case name == "Service":
		host, found := strings.CutSuffix(text, ".amazonaws.com")
		if !found || host == "" || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
			return e, quote(text) + " is no service: write a name such as sso.amazonaws.com"
		}
		return principal{theService, text}, ""
	case name == "Federated" && r.rules.federated:
		if _, err := arn.ParseOIDCProvider(text); err != nil {
			return e, quote(text) + " is no OpenID provider: write arn:aws:iam::account:oidc-provider/address"
		}
		return principal{vouchedFor, text}, ""
	}
	if r.rules.federated {
		return e, "a principal of a trust policy is AWS, Service or Federated"
	}
	return e, "a principal of a resource policy is AWS or Service"
}

// notPrincipal refuses the element. It allows or denies by who somebody is not, and role sessions, roles and accounts have to be named
// together for it to mean what it seems to mean.
func (r *reader) notPrincipal(_ *statement, path string, _ strictjson.Value) *Error {
	return refuse(path, `is not supported: write "Principal": "*" with a condition on aws:PrincipalArn`)
}
