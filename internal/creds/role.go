package creds

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"sallyport/internal/keys"
)

const (
	purposeSessionToken = "session-token"
	roleLayout          = 1

	temporaryPrefix = "ASIA" // access key ids of short-lived credentials
	longLivedPrefix = "AKIA"
	keyIDRandom     = 10 // bytes, 16 characters of base32
	secretSize      = 30 // bytes, 40 characters of base64
)

// Role is a role that a person has taken on in an account. It travels sealed in the session token, so that any node verifies it and
// nothing is stored.
type Role struct {
	AccessKeyID string
	Account     string // 12 digits
	RoleName    string // AWSReservedSSO_<permission set>_<16 hex>
	SessionName string // user name
	UserID      string
	ExpiresAt   int64 // Unix milliseconds
}

// ARN is the identity that GetCallerIdentity answers.
func (r Role) ARN() string {
	return "arn:aws:sts::" + r.Account + ":assumed-role/" + r.RoleName + "/" + r.SessionName
}

// AssumedRoleID is the unique id of the role with the session's name, as AWS writes it.
func (r Role) AssumedRoleID() string {
	return "AROA" + uniqueID(r.Account+"/"+r.RoleName) + ":" + r.SessionName
}

// UserID is the unique id of a user with long-lived keys, as AWS writes it.
func UserID(userName string) string { return "AIDA" + uniqueID(userName) }

// uniqueID is what IAM puts behind the prefix of a unique id; the same name has the same one on every node.
func uniqueID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return base32.StdEncoding.EncodeToString(sum[:])[:17]
}

// ReservedRoleName is the name of the IAM role behind a permission set in an account. The suffix depends on nothing but its arguments, so
// that it is the same on every node.
func ReservedRoleName(permissionSet, permissionSetID, account string) string {
	sum := sha256.Sum256([]byte(permissionSetID + "/" + account))
	return "AWSReservedSSO_" + permissionSet + "_" + hex.EncodeToString(sum[:8])
}

// maxSessionName is STS's limit for RoleSessionName.
const maxSessionName = 64

// SessionName is the user name as STS allows it in RoleSessionName and in the ARN: every other character is a hyphen, or a name with a
// colon or a slash in it would read as another ARN.
func SessionName(userName string) string {
	name := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_+=,.@-", r)) {
			return r
		}
		return '-'
	}, userName)
	return name[:min(len(name), maxSessionName)]
}

// RoleCredentials are a role with the secrets that prove it.
type RoleCredentials struct {
	Role
	SecretAccessKey string
	SessionToken    string
}

// VendRole makes credentials of the role. It fills in the access key id.
func VendRole(ring *keys.Ring, role Role) RoleCredentials {
	role.AccessKeyID = newAccessKeyID(temporaryPrefix)
	keyID := ring.CurrentKeyID()
	token, ok := ring.SealUnder(keyID, purposeSessionToken, keys.Pack(roleLayout).Text(keyID).Text(role.AccessKeyID).Text(role.Account).
		Text(role.RoleName).Text(role.SessionName).Text(role.UserID).Int(role.ExpiresAt).Bytes())
	secret, derived := roleSecret(ring, keyID, role.AccessKeyID)
	if !ok || !derived {
		panic("creds: the current key is not in the ring")
	}
	return RoleCredentials{Role: role, SecretAccessKey: secret, SessionToken: token}
}

// OpenRole reads a session token and derives the secret that belongs to it. It does not say whether the credentials have expired.
func OpenRole(ring *keys.Ring, sessionToken string) (RoleCredentials, bool) {
	message, err := ring.Open(purposeSessionToken, sessionToken)
	if err != nil {
		return RoleCredentials{}, false
	}
	u := keys.Unpack(roleLayout, message)
	keyID := u.Text()
	role := Role{AccessKeyID: u.Text(), Account: u.Text(), RoleName: u.Text(), SessionName: u.Text(), UserID: u.Text(), ExpiresAt: u.Int()}
	if u.Err() != nil {
		return RoleCredentials{}, false
	}
	secret, ok := roleSecret(ring, keyID, role.AccessKeyID)
	return RoleCredentials{Role: role, SecretAccessKey: secret, SessionToken: sessionToken}, ok
}

func roleSecret(ring *keys.Ring, keyID, accessKeyID string) (string, bool) {
	raw, ok := ring.Derive(keyID, "role-secret/"+accessKeyID, secretSize)
	return base64.StdEncoding.EncodeToString(raw), ok
}

// NewAccessKey makes a long-lived access key.
func NewAccessKey() (accessKeyID, secret string) {
	raw := make([]byte, secretSize)
	rand.Read(raw)
	return newAccessKeyID(longLivedPrefix), base64.StdEncoding.EncodeToString(raw)
}

const purposeAccessKey = "access-key"

// SealAccessKeySecret seals the secret of a long-lived key for the store, bound to its id.
func SealAccessKeySecret(ring *keys.Ring, accessKeyID, secret string) string {
	return ring.Seal(purposeAccessKey, keys.Pack(roleLayout).Text(accessKeyID).Text(secret).Bytes())
}

// OpenAccessKeySecret reads back what SealAccessKeySecret sealed.
func OpenAccessKeySecret(ring *keys.Ring, accessKeyID, sealed string) (string, bool) {
	message, err := ring.Open(purposeAccessKey, sealed)
	if err != nil {
		return "", false
	}
	u := keys.Unpack(roleLayout, message)
	id, secret := u.Text(), u.Text()
	if u.Err() != nil || id != accessKeyID {
		return "", false
	}
	return secret, true
}

func newAccessKeyID(prefix string) string {
	raw := make([]byte, keyIDRandom)
	rand.Read(raw)
	return prefix + base32.StdEncoding.EncodeToString(raw)
}
