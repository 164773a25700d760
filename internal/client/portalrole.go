package client

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/jmespath"
	"sallyport/internal/sigv4"
)

// This file is about the credentials of roles that a sign-in brings: what the portal answers, and what the cache keeps of it.

// PortalRole is a role of somebody who has signed in, as the cache names it.
type PortalRole struct {
	AccountID, Name string
	Session         string // name of the sso-session; empty in the older form, which is known by its start URL
	StartURL        string
}

// Key names the file of the role's credentials, by the AWS CLI's digest of what they are for.
func (r PortalRole) Key() string {
	arguments := textMembers("accountId", r.AccountID, "roleName", r.Name, "sessionName", r.Session)
	if r.Session == "" {
		arguments = textMembers("accountId", r.AccountID, "roleName", r.Name, "startUrl", r.StartURL)
	}
	return roleKey(jmespath.Compact.AppendJSON(nil, arguments))
}

// KeptRole are credentials of the role that an earlier command got, ours or the AWS CLI's, unless they end soon.
func (s *Settings) KeptRole(role PortalRole) (found sigv4.Credentials, expires time.Time, ok bool) {
	kept, ok := s.roleCache(role.Key()).load()
	return kept.Credentials, kept.expires, ok
}

// KeepRole keeps credentials of the role for the next command, ours or the AWS CLI's.
func (s *Settings) KeepRole(role PortalRole, found sigv4.Credentials, expires time.Time) {
	s.roleCache(role.Key()).store(jmespath.ObjectOf([]jmespath.Member{
		{Name: memberProvider, Value: jmespath.TextOf(portalProvider)},
		{Name: memberCredentials, Value: textMembers("AccessKeyId", found.AccessKeyID, "SecretAccessKey", found.SecretAccessKey,
			"SessionToken", found.SessionToken, memberExpiration, expires.UTC().Format(time.RFC3339), "AccountId", role.AccountID)},
	}))
}

// The member of an entry that tells who gave the credentials, and its value for those of a sign-in.
const (
	memberProvider = "ProviderType"
	portalProvider = "sso"
)

// ReadPortalRole takes the credentials out of the portal's answer (SSO GetRoleCredentials).
func ReadPortalRole(answer jmespath.Value) (found sigv4.Credentials, expires time.Time, err error) {
	credentials, _ := answer.Get("roleCredentials")
	text := func(name string) string { value, _ := credentials.Get(name); return value.Text() }
	end := ""
	value, _ := credentials.Get("expiration")
	if milliseconds, err := strconv.ParseInt(value.Number(), 10, 64); err == nil {
		end = time.UnixMilli(milliseconds).UTC().Format(time.RFC3339)
	}
	read, err := readKeys(textMembers("AccessKeyId", text("accessKeyId"), "SecretAccessKey", text("secretAccessKey"),
		"SessionToken", text("sessionToken"), memberExpiration, end), stsNames)
	return read.Credentials, read.expires, err
}

// ForgetRoles removes the credentials that sign-ins brought from the cache, all of them or those of the keys that are wanted.
func (s *Settings) ForgetRoles(wanted func(key string) bool) (removed int, err error) {
	if s.Home == "" {
		return 0, nil
	}
	folder := roleFolder(s.Home)
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	for _, entry := range entries {
		key, isEntry := strings.CutSuffix(entry.Name(), roleExtension)
		path := filepath.Join(folder, entry.Name())
		if !isEntry || !wanted(key) || !isOfPortal(path) {
			continue
		}
		if failure := os.Remove(path); failure != nil && !errors.Is(failure, fs.ErrNotExist) {
			err = errors.Join(err, failure)
			continue
		}
		removed++
	}
	return removed, err
}

// isOfPortal tells the entries of sign-ins from those of other sources of credentials.
func isOfPortal(path string) bool {
	document, err := readDocument(path)
	provider, _ := document.Get(memberProvider)
	return err == nil && provider.Text() == portalProvider
}
