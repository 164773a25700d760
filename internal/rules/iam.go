package rules

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"sallyport/internal/arn"
	"sallyport/internal/jose"
	"sallyport/internal/policy"
	"sallyport/internal/store"
)

// This file is what IAM demands of users, roles, their policies and OpenID providers. Each function says in a sentence what is wrong.

// The bounds of IAM. They are those of its API reference, unless a reason is given.
const (
	MinRoleSession     = 3600 // seconds
	MaxRoleSession     = 43_200
	maxRoleDescription = 1000
	maxPolicyName      = 128
	MaxPolicies        = 20 // of a principal; their documents are read with each request
	maxProviderURL     = 255
	maxClientIDs       = 100
	maxClientID        = 255
	maxStaticKeys      = 65_536 // bytes; a set of many RSA keys with their certificates
)

// CheckUser checks a user.
func CheckUser(u store.IAMUser) error { return checkName(u.AccountID, u.UserName, u.Path) }

func checkName(account, name, path string) error {
	switch {
	case !arn.ValidAccount(account):
		return fmt.Errorf("account: %w", arn.ErrNoAccount)
	case !arn.ValidName(name):
		return arn.ErrName
	case !arn.ValidPath(path):
		return arn.ErrPath
	}
	return nil
}

// CheckRole checks a role with its trust policy.
func CheckRole(r store.IAMRole) error {
	if err := checkName(r.AccountID, r.RoleName, r.Path); err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(r.RoleName, ReservedRole) || strings.HasPrefix(r.Path, "/aws-reserved/"):
		return errors.New("names that begin with " + ReservedRole + " and paths below /aws-reserved/ are those of permission sets")
	case utf8.RuneCountInString(r.Description) > maxRoleDescription:
		return fmt.Errorf("the description has at most %d characters", maxRoleDescription)
	case r.MaxSessionS < MinRoleSession || r.MaxSessionS > MaxRoleSession:
		return fmt.Errorf("the longest session of a role is %d to %d seconds", MinRoleSession, MaxRoleSession)
	}
	if _, err := policy.Parse([]byte(r.TrustPolicy), policy.Trust); err != nil {
		return fmt.Errorf("trust policy: %w", err)
	}
	return nil
}

// managedPrefix is what the names of attached policies begin with; arn:aws:iam:: stands before it.
const managedPrefix = "aws:policy/"

// AttachedPolicy is the row of a policy that AWS manages. It reports false for what this house does not know, which would grant nothing.
func AttachedPolicy(policyARN string) (store.IAMPolicy, bool) {
	name, found := strings.CutPrefix(policyARN, arn.ManagedPolicy(""))
	if _, known := policy.Managed(policyARN); !found || !known {
		return store.IAMPolicy{}, false
	}
	return store.IAMPolicy{Name: managedPrefix + name}, true
}

// AttachedARN is the ARN of a policy that AWS manages and that is attached, and reports false for policies with a document.
func AttachedARN(p store.IAMPolicy) (string, bool) {
	name, attached := strings.CutPrefix(p.Name, managedPrefix)
	return arn.ManagedPolicy(name), attached
}

// CheckPolicy checks an identity policy of a user or a role.
func CheckPolicy(p store.IAMPolicy) error {
	if policyARN, attached := AttachedARN(p); attached {
		if _, known := policy.Managed(policyARN); !known || p.Document != "" {
			return errors.New("there is no such policy of AWS here; give a document instead")
		}
		return nil
	}
	if len(p.Name) > maxPolicyName || p.Name == "" || strings.Trim(p.Name, nameCharacters) != "" {
		return fmt.Errorf("the name of a policy has 1 to %d letters, digits and _+=,.@-", maxPolicyName)
	}
	_, err := policy.Parse([]byte(p.Document), policy.Identity)
	return err
}

// ReservedRole is what the names of the roles behind permission sets begin with.
const ReservedRole = "AWSReservedSSO_"

const nameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-"

// CheckProvider checks an OpenID provider.
func CheckProvider(p store.OIDCProvider) error {
	if !arn.ValidAccount(p.AccountID) {
		return arn.ErrNoAccount
	}
	if err := checkProviderURL(p.URL); err != nil {
		return err
	}
	if _, err := arn.ParseOIDCProvider(p.ARN()); err != nil {
		return fmt.Errorf("the URL does not fit into an ARN: %w", err)
	}
	clients, err := p.ReadClientIDs()
	if err != nil || len(clients) == 0 || len(clients) > maxClientIDs {
		return fmt.Errorf("a provider has 1 to %d client ids", maxClientIDs)
	}
	for _, client := range clients {
		if client == "" || len(client) > maxClientID {
			return fmt.Errorf("a client id has 1 to %d characters", maxClientID)
		}
	}
	if len(p.JWKS) > maxStaticKeys {
		return fmt.Errorf("static keys have at most %d bytes", maxStaticKeys)
	}
	if p.JWKS != "" {
		set, err := jose.ParseSet([]byte(p.JWKS))
		if err != nil {
			return fmt.Errorf("static keys: %w", err)
		}
		if set.Len() == 0 {
			return errors.New("the static keys hold none that signatures can be verified with")
		}
	}
	return nil
}

// checkProviderURL: an issuer's identifier (OpenID Connect Discovery §3), which may be of plain HTTP on this machine, for development.
func checkProviderURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > maxProviderURL || u.Host == "" || u.String() != text:
		return fmt.Errorf("the URL of a provider is absolute, in its plain form and has at most %d characters", maxProviderURL)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("the URL of a provider has no user, no query and no fragment")
	case u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())):
		return errors.New("the URL of a provider begins with https://, or with http:// for one on this machine")
	}
	return nil
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}
