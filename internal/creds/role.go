package creds

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/keys"
	"sallyport/internal/rules"
	"sallyport/internal/store"
)

const (
	purposeSessionToken = "session-token"

	temporaryPrefix = "ASIA" // access key ids of short-lived credentials
	longLivedPrefix = "AKIA"
	keyIDRandom     = 10 // bytes, 16 characters of base32
	secretSize      = 30 // bytes, 40 characters of base64
)

// RoleKind tells how temporary credentials came about.
type RoleKind int

// The kinds. They are numbers of the sealed layout: add new ones at the end.
const (
	PortalRole      RoleKind = iota // GetRoleCredentials: a person took on a permission set in an account
	AssumedRole                     // AssumeRole
	WebIdentityRole                 // AssumeRoleWithWebIdentity
	UserSession                     // GetSessionToken: an IAM user, not a role
)

// ReservedPath is the path of the roles behind permission sets.
const ReservedPath = "/aws-reserved/sso.amazonaws.com/"

// Role is what temporary credentials stand for: a role that somebody has taken on in an account, or an IAM user for a while. It travels
// sealed in the session token, so that any node verifies it and nothing is stored.
type Role struct {
	Kind        RoleKind
	AccessKeyID string
	Account     string // 12 digits

	RoleName    string // AWSReservedSSO_<permission set>_<16 hex> for PortalRole; empty for UserSession
	RolePath    string // empty for PortalRole, whose path is ReservedPath
	RoleID      string // AROA…; empty when it follows from account and name
	SessionName string // for PortalRole that of the user

	UserName, UserPath, IAMUserID string // of the IAM user, for UserSession

	UserID        string // of the person in the identity store who is behind the credentials; empty when nobody is known to be
	UserSessionID string // of the person's session that the credentials hang on: Holds
	IssuedAt      int64  // Unix milliseconds
	ExpiresAt     int64

	Chained           bool // a role was assumed by credentials of a role
	SourceIdentity    string
	FederatedProvider string      // ARN of the OpenID provider, for WebIdentityRole
	OnBehalfOf        *api.Person // whom an identity or audit context names
	// ContextSessionID is of the session of the application behind the context, on which the credentials hang as well. Who had to sign in
	// for the credentials that took on the role does not get away with somebody else's context.
	ContextSessionID string

	// What the session was narrowed to and marked with. It is what PackedPolicySize measures.
	Policies       []string // documents of session policies, those of managed policies among them
	Tags           map[string]string
	TransitiveTags []string // keys of Tags that a chained session keeps
}

// ARN is the identity that GetCallerIdentity answers. The ARN of a role session leaves the role's path out.
func (r Role) ARN() string {
	if r.Kind == UserSession {
		return arn.User{Account: r.Account, Path: r.UserPath, Name: r.UserName}.String()
	}
	return arn.AssumedRole{Account: r.Account, RoleName: r.RoleName, Session: r.SessionName}.String()
}

// RoleARN is the ARN of the role itself, with its path; empty for UserSession.
func (r Role) RoleARN() string {
	switch r.Kind {
	case UserSession:
		return ""
	case PortalRole:
		return arn.Role{Account: r.Account, Path: ReservedPath, Name: r.RoleName}.String()
	}
	return arn.Role{Account: r.Account, Path: r.RolePath, Name: r.RoleName}.String()
}

// AssumedRoleID is the unique id of the role with the session's name, as AWS writes it.
func (r Role) AssumedRoleID() string {
	roleID := r.RoleID
	if roleID == "" {
		roleID = "AROA" + uniqueID(r.Account+"/"+r.RoleName)
	}
	return roleID + ":" + r.SessionName
}

// Signer is the identity behind a request that these credentials signed.
func (r Role) Signer() api.Signer {
	signer := api.Signer{
		AccessKeyID: r.AccessKeyID, Account: r.Account, UserID: r.AssumedRoleID(), ARN: r.ARN(), Kind: api.RoleSigner,
		RoleARN: r.RoleARN(), RoleName: r.RoleName, Temporary: true, IssuedAt: r.IssuedAt,
		SessionPolicies: r.Policies, SourceIdentity: r.SourceIdentity, FederatedProvider: r.FederatedProvider,
		Tags: r.Tags, TransitiveTags: r.TransitiveTags, OnBehalfOf: r.OnBehalfOf, UserSessionID: r.UserSessionID,
		ContextSessionID: r.ContextSessionID,
	}
	if r.Kind == UserSession {
		signer.Kind, signer.UserID, signer.UserName = api.UserSigner, r.IAMUserID, r.UserName
	}
	return signer
}

// Holds tells whether the sessions of people that the credentials hang on still let them be used. Credentials that hang on none hold until
// they expire. A session that came to its end by itself does not take credentials with it: they have an end of their own, and a role's may
// be later. One that somebody ended does, at once, and so does disabling the person or the application. It is one read for a session.
func (r Role) Holds(tx *store.Tx) (bool, error) {
	for _, sessionID := range []string{r.UserSessionID, r.ContextSessionID} {
		if sessionID == "" {
			continue
		}
		session, user, found, err := tx.SessionAndUser(sessionID)
		if err != nil {
			return false, err
		}
		// One that is not found is of a person who was deleted. A session's row outlives its end by a day, which is longer than any credentials live.
		if !found || session.RevokedAt != 0 || !session.ClientStands() || user.Status != store.StatusEnabled {
			return false, nil
		}
	}
	return true, nil
}

// UserID is the unique id of a user with long-lived keys, as AWS writes it.
func UserID(userName string) string { return "AIDA" + uniqueID(userName) }

// uniqueID is what IAM puts behind the prefix of a unique id; the same name has the same one on every node.
func uniqueID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return base32.StdEncoding.EncodeToString(sum[:])[:17]
}

// ReservedPermissionSet is the name of the permission set behind a role, if the role's name has that form. Whether it is the role's in an
// account is for ReservedRoleName to tell.
func ReservedPermissionSet(roleName string) (name string, ok bool) {
	rest, ours := strings.CutPrefix(roleName, rules.ReservedRole)
	at := strings.LastIndexByte(rest, '_')
	if !ours || at < 1 {
		return "", false
	}
	return rest[:at], true
}

// ReservedRoleName is the name of the IAM role behind a permission set in an account. The suffix depends on nothing but its arguments, so
// that it is the same on every node.
func ReservedRoleName(permissionSet, permissionSetID, account string) string {
	sum := sha256.Sum256([]byte(permissionSetID + "/" + account))
	return rules.ReservedRole + permissionSet + "_" + hex.EncodeToString(sum[:8])
}

// SessionName is the user name as STS allows it in RoleSessionName and in the ARN: every other character is a hyphen, or a name with a
// colon or a slash in it would read as another ARN.
func SessionName(userName string) string {
	name := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_+=,.@-", r)) {
			return r
		}
		return '-'
	}, userName)
	return name[:min(len(name), arn.MaxSessionName)]
}

// RoleCredentials are a role with the secrets that prove it.
type RoleCredentials struct {
	Role
	SecretAccessKey string
	SessionToken    string
}

// VendRole makes credentials of the role. It fills in the access key id. Who takes policies and tags from a request asks PackedPercent
// first.
func VendRole(ring *keys.Ring, role Role) RoleCredentials {
	role.AccessKeyID = newTemporaryKeyID(role.Account)
	key := ring.Active()
	origin := origin{keyID: key.ID(), salt: rand.Text()}
	return RoleCredentials{
		Role: role, SecretAccessKey: secretText(key.Derive(origin.purpose(role.AccessKeyID), secretSize)),
		SessionToken: key.Seal(purposeSessionToken, role.pack(origin)),
	}
}

// OpenRole reads a session token and derives the secret that belongs to it. It does not say whether the credentials have expired, nor
// whether they still hold.
func OpenRole(ring *keys.Ring, sessionToken string) (RoleCredentials, bool) {
	message, err := ring.Open(purposeSessionToken, sessionToken)
	if err != nil {
		return RoleCredentials{}, false
	}
	role, origin, ok := unpackRole(message)
	if !ok {
		return RoleCredentials{}, false
	}
	secret, ok := origin.secret(ring, role.AccessKeyID)
	return RoleCredentials{Role: role, SecretAccessKey: secret, SessionToken: sessionToken}, ok
}

// origin is what the secret of temporary credentials is derived from, besides their access key id. The id alone is not enough: the account
// in it leaves too few random bits for two never to be equal.
type origin struct {
	keyID string // of the ring
	salt  string // empty in tokens of the first layout, whose ids were random throughout
}

func (o origin) secret(ring *keys.Ring, accessKeyID string) (string, bool) {
	raw, ok := ring.Derive(o.keyID, o.purpose(accessKeyID), secretSize)
	return secretText(raw), ok
}

// purpose is the name under which the secret is derived.
func (o origin) purpose(accessKeyID string) string {
	purpose := "role-secret/" + accessKeyID
	if o.salt != "" {
		purpose += "/" + o.salt
	}
	return purpose
}

func secretText(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }

// NewAccessKey makes a long-lived access key.
func NewAccessKey() (accessKeyID, secret string) {
	raw := make([]byte, secretSize)
	rand.Read(raw)
	return newAccessKeyID(longLivedPrefix), base64.StdEncoding.EncodeToString(raw)
}

const (
	purposeAccessKey = "access-key"
	accessKeyLayout  = 1
)

// SealAccessKeySecret seals the secret of a long-lived key for the store, bound to its id.
func SealAccessKeySecret(ring *keys.Ring, accessKeyID, secret string) string {
	return ring.Seal(purposeAccessKey, accessKeyMessage(accessKeyID, secret))
}

func accessKeyMessage(accessKeyID, secret string) []byte {
	return keys.Pack(accessKeyLayout).Text(accessKeyID).Text(secret).Bytes()
}

// OpenAccessKeySecret reads back what SealAccessKeySecret sealed.
func OpenAccessKeySecret(ring *keys.Ring, accessKeyID, sealed string) (string, bool) {
	message, err := ring.Open(purposeAccessKey, sealed)
	if err != nil {
		return "", false
	}
	u := keys.Unpack(accessKeyLayout, message)
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

// In the ids of temporary keys, as in those that AWS makes, the first bit says that 40 of the next 47 are the account. Programs that read
// the account out of an id, and GetAccessKeyInfo, need no other knowledge.
const (
	accountMark  = 1 << 47
	accountShift = 7
	accountBytes = 6
)

func newTemporaryKeyID(account string) string {
	raw := make([]byte, keyIDRandom)
	rand.Read(raw)
	raw[0] &^= accountMark >> 40
	if number, err := strconv.ParseUint(account, 10, 64); err == nil && arn.ValidAccount(account) {
		head := accountMark | number<<accountShift | uint64(raw[accountBytes-1])&(1<<accountShift-1)
		var wide [8]byte
		binary.BigEndian.PutUint64(wide[:], head)
		copy(raw, wide[8-accountBytes:])
	}
	return temporaryPrefix + base32.StdEncoding.EncodeToString(raw)
}

// AccountOfKey reads the account out of the id of a temporary key. It does not say that there is such a key.
func AccountOfKey(accessKeyID string) (account string, ok bool) {
	text, temporary := strings.CutPrefix(accessKeyID, temporaryPrefix)
	raw, err := base32.StdEncoding.DecodeString(text)
	if !temporary || err != nil || len(raw) != keyIDRandom || len(text) != base32.StdEncoding.EncodedLen(keyIDRandom) {
		return "", false // the decoder skips line breaks; the length shows them
	}
	head := binary.BigEndian.Uint64(raw) >> 16
	account = fmt.Sprintf("%012d", head&(accountMark-1)>>accountShift)
	return account, head&accountMark != 0 && arn.ValidAccount(account)
}
