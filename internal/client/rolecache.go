package client

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/safefile"
	"sallyport/internal/sigv4"
)

// roleCache is one entry of the AWS CLI's cache of credentials that roles gave, ~/.aws/cli/cache.
type roleCache struct {
	path  string // empty where there is no home
	debug *command.DebugLog
}

// roleExtension is that of all entries.
const roleExtension = ".json"

func roleFolder(home string) string { return filepath.Join(home, ".aws", "cli", "cache") }

// roleKey names an entry by the arguments that got the credentials, as JSON.
func roleKey(arguments []byte) string {
	digest := sha1.Sum(arguments)
	return hex.EncodeToString(digest[:])
}

func (s *Settings) roleCache(key string) roleCache {
	if s.Home == "" {
		return roleCache{debug: s.Debug}
	}
	return roleCache{filepath.Join(roleFolder(s.Home), key+roleExtension), s.Debug}
}

const (
	// roleReserve is how long kept credentials must still live to be used.
	roleReserve = 15 * time.Minute
	// maxDocument bounds files and answers that hold one set of credentials: a session token has at most a few KiB.
	maxDocument = 256 << 10
)

// load is what is kept, unless it ends soon. What cannot be read is not there.
func (c roleCache) load() (granted, bool) {
	document, err := readDocument(c.path)
	if err != nil {
		return granted{}, false
	}
	found, err := readGrant(document)
	if err != nil {
		c.debug.Printf("passing over %s: %v", c.path, err)
		return granted{}, false
	}
	return found, time.Until(found.expires) >= roleReserve
}

// store keeps an entry, for its owner only and all at once, so that nobody reads half of it. A cache that cannot be written costs a
// request the next time, and no more.
func (c roleCache) store(entry jmespath.Value) {
	if c.path == "" {
		return
	}
	if err := replaceFile(c.path, jmespath.Wire.AppendJSON(nil, entry)); err != nil {
		c.debug.Printf("keeping the credentials of the role: %v", err)
	}
}

// forCache is the answer of STS as the AWS CLI keeps it, which spells moments in its own way and adds the account.
func forCache(answer jmespath.Value) jmespath.Value {
	var members []jmespath.Member
	for _, member := range answer.Members() {
		if member.Name == memberCredentials {
			member.Value = credentialsForCache(member.Value, roleAccount(answer))
		}
		members = append(members, member)
	}
	return jmespath.ObjectOf(members)
}

// An ARN is arn:partition:service:region:account:resource.
const (
	arnParts   = 6
	arnAccount = 4 // place of the account, from 0
)

// roleAccount is the account of a role, from the ARN of its session; empty where the answer has none.
func roleAccount(answer jmespath.Value) string {
	user, _ := answer.Get("AssumedRoleUser")
	arn, _ := user.Get("Arn")
	if parts := strings.Split(arn.Text(), ":"); len(parts) >= arnParts {
		return parts[arnAccount]
	}
	return ""
}

func credentialsForCache(credentials jmespath.Value, account string) jmespath.Value {
	var members []jmespath.Member
	for _, member := range credentials.Members() {
		if moment, err := parseMoment(member.Value.Text()); member.Name == memberExpiration && err == nil {
			member.Value = jmespath.TextOf(moment.UTC().Format(cacheLayout))
		}
		members = append(members, member)
	}
	if account != "" {
		members = append(members, jmespath.Member{Name: "AccountId", Value: jmespath.TextOf(account)})
	}
	return jmespath.ObjectOf(members)
}

// The members of what STS answers, and of what the cache keeps.
const (
	memberCredentials = "Credentials"
	memberExpiration  = "Expiration"
)

// readGrant takes the credentials out of an answer of STS or an entry of the cache.
func readGrant(document jmespath.Value) (granted, error) {
	credentials, _ := document.Get(memberCredentials)
	return readKeys(credentials, stsNames)
}

var stsNames = keyNames{id: "AccessKeyId", secret: "SecretAccessKey", token: "SessionToken", expires: memberExpiration}

// keyNames are the names that a document has for the parts of credentials.
type keyNames struct {
	id, secret, token, expires string
	lasting                    bool // credentials without a token and an end are good too
}

// readKeys takes credentials out of a document. The error names what is missing, or no moment in time, and shows nothing of the rest.
func readKeys(document jmespath.Value, names keyNames) (granted, error) {
	text := func(name string) string { value, _ := document.Get(name); return value.Text() }
	found := granted{Credentials: sigv4.Credentials{AccessKeyID: text(names.id), SecretAccessKey: text(names.secret), SessionToken: text(names.token)}}
	required := []string{names.id, names.secret, names.token, names.expires}
	if names.lasting {
		required = required[:2]
	}
	for _, name := range required {
		if text(name) == "" {
			return granted{}, errors.New("missing required key in response: " + name)
		}
	}
	if expires := text(names.expires); expires != "" {
		var err error
		if found.expires, err = parseMoment(expires); err != nil {
			return granted{}, errors.New(names.expires + " is no moment in time")
		}
	}
	return found, nil
}

// readDocument reads a file that holds one JSON object.
func readDocument(path string) (jmespath.Value, error) {
	file, err := os.Open(path)
	if err != nil {
		return jmespath.Value{}, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxDocument))
	if err != nil {
		return jmespath.Value{}, err
	}
	document, err := jmespath.ParseJSON(text)
	if err != nil || document.Kind() != jmespath.Object {
		return jmespath.Value{}, errors.New(path + " holds no JSON object")
	}
	return document, nil
}

// replaceFile writes a file for its owner only, and the folders that it needs.
func replaceFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return safefile.Replace(path, safefile.Private, content)
}
