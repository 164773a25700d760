package arn

import (
	"errors"
	"strings"
)

// The bounds of names in IAM and STS.
const (
	MaxName        = 64  // users and roles
	MaxPath        = 512 // with its slashes
	MinSessionName = 2
	MaxSessionName = 64
)

// The reasons for which names of IAM are refused.
var (
	ErrName        = errors.New("a name has 1 to 64 letters, digits and _+=,.@-")
	ErrPath        = errors.New("a path begins and ends with a slash, has at most 512 characters, and between the slashes letters, digits and _+=,.@- that are not . or .. alone")
	ErrSessionName = errors.New("a session name has 2 to 64 letters, digits and _+=,.@-")
	ErrNoAccount   = errors.New("the account of this ARN is 12 digits")
)

// ValidName tells whether text may name a user or a role.
func ValidName(text string) bool {
	return text != "" && len(text) <= MaxName && all(text, isNameCharacter)
}

// ValidSessionName tells whether text may name a role session (RoleSessionName of AssumeRole).
func ValidSessionName(text string) bool {
	return len(text) >= MinSessionName && len(text) <= MaxSessionName && all(text, isNameCharacter)
}

// ValidPath tells whether text may be the path of a user or a role: "/", or "/division/team/". Paths are compared as text, but people
// and proxies read them as paths, so dot segments and empty ones are refused.
func ValidPath(text string) bool {
	if text == "/" {
		return true
	}
	if len(text) < 3 || len(text) > MaxPath || text[0] != '/' || text[len(text)-1] != '/' {
		return false
	}
	for part := range strings.SplitSeq(text[1:len(text)-1], "/") {
		if part == "" || part == "." || part == ".." || !all(part, isNameCharacter) {
			return false
		}
	}
	return true
}

// User is an IAM user. An empty Path is "/".
type User struct{ Account, Path, Name string }

func (u User) String() string { return identity("user", u.Account, u.Path, u.Name) }

// ParseUser reads the ARN of a user.
func ParseUser(text string) (User, error) {
	account, path, name, err := parseIdentity(text, "user")
	return User{account, path, name}, err
}

// Role is an IAM role. An empty Path is "/".
type Role struct{ Account, Path, Name string }

func (r Role) String() string { return identity("role", r.Account, r.Path, r.Name) }

// ParseRole reads the ARN of a role.
func ParseRole(text string) (Role, error) {
	account, path, name, err := parseIdentity(text, "role")
	return Role{account, path, name}, err
}

func identity(kind, account, path, name string) string {
	if path == "" {
		path = "/"
	}
	return "arn:" + Partition + ":iam::" + account + ":" + kind + path + name
}

func parseIdentity(text, kind string) (account, path, name string, err error) {
	account, rest, err := of(text, "iam", kind)
	if err != nil {
		return "", "", "", err
	}
	split := strings.LastIndexByte(rest, '/') + 1
	path, name = "/"+rest[:split], rest[split:]
	switch {
	case !ValidAccount(account):
		err = ErrNoAccount
	case !ValidPath(path):
		err = ErrPath
	case !ValidName(name):
		err = ErrName
	default:
		return account, path, name, nil
	}
	return "", "", "", err
}

// AssumedRole is one session of a role. Its name leaves out the role's path, so two roles cannot be told apart by it; within an account
// the names of roles are unique.
type AssumedRole struct{ Account, RoleName, Session string }

func (r AssumedRole) String() string {
	return "arn:" + Partition + ":sts::" + r.Account + ":assumed-role/" + r.RoleName + "/" + r.Session
}

// ParseAssumedRole reads the ARN of a role session.
func ParseAssumedRole(text string) (AssumedRole, error) {
	account, rest, err := of(text, "sts", "assumed-role")
	if err != nil {
		return AssumedRole{}, err
	}
	role, session, _ := strings.Cut(rest, "/")
	switch {
	case !ValidAccount(account):
		return AssumedRole{}, ErrNoAccount
	case !ValidName(role):
		return AssumedRole{}, ErrName
	case !ValidSessionName(session):
		return AssumedRole{}, ErrSessionName
	}
	return AssumedRole{account, role, session}, nil
}

// ParseRoot reads the ARN of an account and returns its id.
func ParseRoot(text string) (account string, err error) {
	account, rest, err := of(text, "iam", "root")
	switch {
	case err != nil:
		return "", err
	case !ValidAccount(account):
		return "", ErrNoAccount
	case rest != "" || !strings.HasSuffix(text, ":root"):
		return "", errors.New("expected arn:aws:iam::account:root")
	}
	return account, nil
}

// OIDCProvider is an OpenID provider registered in an account. Host is its issuer's URL without the scheme: example.com/tenant.
type OIDCProvider struct{ Account, Host string }

func (p OIDCProvider) String() string {
	return "arn:" + Partition + ":iam::" + p.Account + ":oidc-provider/" + p.Host
}

// ParseOIDCProvider reads the ARN of an OpenID provider.
func ParseOIDCProvider(text string) (OIDCProvider, error) {
	account, host, err := of(text, "iam", "oidc-provider")
	switch {
	case err != nil:
		return OIDCProvider{}, err
	case !ValidAccount(account):
		return OIDCProvider{}, ErrNoAccount
	case host == "" || host[0] == '/':
		return OIDCProvider{}, errors.New("behind oidc-provider/ stands the issuer's URL without its scheme")
	}
	return OIDCProvider{account, host}, nil
}

// ManagedPolicy is a policy that AWS manages. Name includes its path, as in job-function/ViewOnlyAccess.
func ManagedPolicy(name string) string {
	return "arn:" + Partition + ":iam::" + AWSAccount + ":policy/" + name
}

// IdentityCenterContext is the provider of the contexts that AssumeRole takes in ProvidedContexts.
const IdentityCenterContext = "arn:" + Partition + ":iam::" + AWSAccount + ":contextProvider/IdentityCenter"
