package oauth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Bounds of scopes. The grammar is that of the sso-admin operations (PutApplicationAccessScope), the count the quota of
// scopes in one token request.
const (
	maxScopes          = 25
	maxScopeParts      = 3
	maxScopePartLength = 50
	maxScopeLength     = maxScopeParts*maxScopePartLength + maxScopeParts - 1
	// maxScopeParam has room for the longest list and two separators after each entry.
	maxScopeParam = maxScopes * (maxScopeLength + 2)
)

// Scope is one permission of a token (RFC 6749 §3.3): one to three parts of letters, digits and underscores, with colons
// between them.
type Scope string

// The scopes that mean something to this service. Every other one that is well formed means something to an application.
const (
	// ScopeAccountAccess lets its bearer list the user's accounts and roles and fetch their credentials.
	ScopeAccountAccess Scope = "sso:account:access"
	// ScopeLegacyPortal is what many device-flow tools register with in place of ScopeAccountAccess. Its asterisk is not in
	// the grammar; it is accepted by name.
	ScopeLegacyPortal Scope = "sso-portal:*"
	// ScopeOpenID asks for an ID token (OpenID Connect Core 1.0 §3.1.2.1).
	ScopeOpenID Scope = "openid"
	// ScopeAWS and ScopeIdentityContext are given to every application that calls CreateTokenWithIAM.
	ScopeAWS             Scope = "aws"
	ScopeIdentityContext Scope = "sts:identity_context"
)

// describing are the scopes that say who the user is and open nothing: those of OpenID Connect Core 1.0 §5.4 and the two
// of CreateTokenWithIAM.
var describing = []Scope{ScopeOpenID, "profile", "email", "address", "phone", ScopeAWS, ScopeIdentityContext}

// ParseScope reads one scope.
func ParseScope(s string) (Scope, error) {
	if Scope(s) == ScopeLegacyPortal || isScope(s) {
		return Scope(s), nil
	}
	return "", errors.New("a scope has one to three parts of 1 to 50 letters, digits and underscores, separated by colons")
}

func isScope(s string) bool {
	if len(s) > maxScopeLength {
		return false
	}
	parts, length := 1, 0
	for i := range len(s) {
		switch c := s[i]; {
		case isAlphanumeric(c) || c == '_':
			length++
		case c == ':' && length > 0:
			parts, length = parts+1, 0
		default:
			return false
		}
		if parts > maxScopeParts || length > maxScopePartLength {
			return false
		}
	}
	return length > 0
}

// Scopes is a list of different scopes in the order in which they were first named. The zero value is the empty list.
type Scopes []Scope

// ParseScopes reads a list as RegisterClient and CreateToken take it, leaving out repetitions. The number of entries is
// limited before they are read, so that a hostile list costs no more than an honest one.
func ParseScopes(values []string) (Scopes, error) {
	if len(values) > maxScopes {
		return nil, fmt.Errorf("at most %d scopes may be given", maxScopes)
	}
	var list Scopes
	for i, value := range values {
		scope, err := ParseScope(value)
		if err != nil {
			return nil, fmt.Errorf("scope number %d is malformed: %w", i+1, err)
		}
		if !list.Contains(scope) {
			list = append(list, scope)
		}
	}
	return list, nil
}

// ParseScopeParam reads the scope parameter of an authorization request. RFC 6749 §3.3 separates scopes by single spaces;
// clients in use also separate them by commas, or by both, so any run of the two is a separator here. An empty parameter is
// the empty list.
func ParseScopeParam(s string) (Scopes, error) {
	if len(s) > maxScopeParam {
		return nil, fmt.Errorf("the scope parameter may have at most %d characters", maxScopeParam)
	}
	return ParseScopes(strings.FieldsFunc(s, isSeparator))
}

func isSeparator(r rune) bool { return r == ' ' || r == ',' }

// ReadScopes reads back what String wrote into a row or a token of our own. It checks and bounds nothing: an application may have more
// scopes than one request may name.
func ReadScopes(s string) Scopes {
	var list Scopes
	for scope := range strings.FieldsFuncSeq(s, isSeparator) {
		list = append(list, Scope(scope))
	}
	return list
}

// Intersect is what of s is in other as well, in the order of s.
func (s Scopes) Intersect(other Scopes) Scopes {
	var both Scopes
	for _, scope := range s {
		if other.Contains(scope) {
			both = append(both, scope)
		}
	}
	return both
}

// String is the list as a scope parameter or claim (RFC 6749 §3.3, RFC 9068 §2.2.3).
func (s Scopes) String() string { return strings.Join(s.Strings(), " ") }

// Strings is the list as the wire's arrays have it.
func (s Scopes) Strings() []string {
	list := make([]string, len(s))
	for i, scope := range s {
		list[i] = string(scope)
	}
	return list
}

// Contains tells whether scope is in the list.
func (s Scopes) Contains(scope Scope) bool { return slices.Contains(s, scope) }

// SubsetOf tells whether all of s is in all. The empty list is a subset of every list: a caller to whom an empty request
// means "everything" must say so itself.
func (s Scopes) SubsetOf(all Scopes) bool {
	return !slices.ContainsFunc(s, func(scope Scope) bool { return !all.Contains(scope) })
}

// GrantsPortalAccess tells whether the list names access to the portal API, by its present or its legacy scope. The empty
// list names nothing; what a client that registered without scopes may do is for those to know who know the client.
func (s Scopes) GrantsPortalAccess() bool {
	return s.Contains(ScopeAccountAccess) || s.Contains(ScopeLegacyPortal)
}

// Refreshable tells whether a client that registered with this list gets refresh tokens from CreateToken. It does when the
// list has a scope that opens something and is not the legacy one: ScopeAccountAccess, or the scope of an application. It
// does not for the empty list, for ScopeLegacyPortal, or for scopes that only describe the user, alone or together: tools
// that register so expect to sign in anew.
//
// CreateTokenWithIAM does not ask this: there the grants of the application decide.
func (s Scopes) Refreshable() bool {
	return slices.ContainsFunc(s, func(scope Scope) bool {
		return scope != ScopeLegacyPortal && !slices.Contains(describing, scope)
	})
}
