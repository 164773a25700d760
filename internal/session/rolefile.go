package session

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sallyport/internal/jmespath"
	"sallyport/internal/safefile"
)

// This file is the folder in which the AWS CLI keeps the credentials of roles, ~/.aws/cli/cache. It is shared with it.

const (
	roleProvider  = "sso" // who the credentials come from; other providers have files there too
	roleTimeForm  = "2006-01-02T15:04:05Z"
	roleExtension = ".json"
	maxRoleFile   = 1 << 20 // bytes; credentials have about two thousand
)

func roleFolder(home string) string { return filepath.Join(home, ".aws", "cli", "cache") }

// roleFile is the file of one role's credentials.
type roleFile struct{ folder, key string }

// roleKey names the file, by the AWS CLI's digest of what the credentials are for.
func roleKey(role Role, session, startURL string) string {
	members := []jmespath.Member{text("accountId", role.AccountID), text("roleName", role.Name)}
	if session != "" {
		members = append(members, text("sessionName", session))
	} else {
		members = append(members, text("startUrl", startURL))
	}
	digest := sha1.Sum(jmespath.Compact.AppendJSON(nil, jmespath.ObjectOf(members)))
	return hex.EncodeToString(digest[:])
}

func (f roleFile) path() string { return filepath.Join(f.folder, f.key+roleExtension) }

// parse reads what the file says, if it is one of credentials that a sign-in brought.
func (f roleFile) parse() (jmespath.Value, bool) {
	file, err := os.Open(f.path())
	if err != nil {
		return jmespath.Value{}, false
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxRoleFile))
	if err != nil {
		return jmespath.Value{}, false
	}
	value, err := jmespath.ParseJSON(text)
	return value, err == nil && member(value, "ProviderType").Text() == roleProvider
}

// read is what the file says, whole or not at all.
func (f roleFile) read() (Credentials, bool) {
	value, ok := f.parse()
	if !ok {
		return Credentials{}, false
	}
	kept := member(value, "Credentials")
	found := Credentials{
		AccountID: member(kept, "AccountId").Text(), AccessKeyID: member(kept, "AccessKeyId").Text(),
		SecretAccessKey: member(kept, "SecretAccessKey").Text(), SessionToken: member(kept, "SessionToken").Text(),
	}
	var err error
	found.Expiration, err = time.Parse(time.RFC3339, member(kept, "Expiration").Text())
	return found, err == nil && isToken(found.AccessKeyID) && isToken(found.SecretAccessKey) && isToken(found.SessionToken)
}

// write replaces the file at once.
func (f roleFile) write(c Credentials) error {
	value := jmespath.ObjectOf([]jmespath.Member{text("ProviderType", roleProvider), {Name: "Credentials", Value: jmespath.ObjectOf([]jmespath.Member{
		text("AccessKeyId", c.AccessKeyID), text("SecretAccessKey", c.SecretAccessKey), text("SessionToken", c.SessionToken),
		text("Expiration", c.Expiration.UTC().Format(roleTimeForm)), text("AccountId", c.AccountID),
	})}})
	if err := os.MkdirAll(f.folder, 0o700); err != nil {
		return err
	}
	return safefile.Replace(f.path(), safefile.Private, jmespath.Wire.AppendJSON(nil, value))
}

// removeRoleFiles removes the files of credentials that sign-ins brought, all of them or those of the keys.
func removeRoleFiles(folder string, wanted func(key string) bool) (removed int, err error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	for _, entry := range entries {
		key, ours := strings.CutSuffix(entry.Name(), roleExtension)
		file := roleFile{folder, key}
		if !ours || !wanted(key) {
			continue
		}
		if _, sso := file.parse(); !sso {
			continue
		}
		if failure := os.Remove(file.path()); failure != nil && !errors.Is(failure, fs.ErrNotExist) {
			err = errors.Join(err, failure)
			continue
		}
		removed++
	}
	return removed, err
}
