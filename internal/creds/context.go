package creds

import "sallyport/internal/keys"

// ContextKind tells what a context may be used for.
type ContextKind int

// The kinds of contexts, as claims of the ID token and in ProvidedContexts of AssumeRole.
const (
	IdentityContext ContextKind = iota // sts:identity_context: the session acts for the person
	AuditContext                       // sts:audit_context: the session is recorded with the person, and gains nothing
)

// contextPurposes keep the kinds apart: a context of one kind does not open as the other.
var contextPurposes = map[ContextKind]string{IdentityContext: "identity-context", AuditContext: "audit-context"}

const (
	contextLayout = 1
	// MaxContext is what ContextAssertion of AssumeRole takes. Ours have about 700 characters.
	MaxContext = 2048
)

// Context says whom a role session acts for: what CreateTokenWithIAM hands to the application and AssumeRole takes back. It travels
// sealed, so that any node reads it and nothing is stored.
type Context struct {
	Kind             ContextKind
	UserID           string
	IdentityStoreARN string
	InstanceARN      string
	ApplicationARN   string
	CredentialID     string
	SessionID        string // of the application, so that what ended it ends the context
	ExpiresAt        int64  // Unix milliseconds
}

// SealContext returns the context as text, sealed under the key. Equal contexts under one key give equal text. It reports false when the
// ring has no such key, and for a context that AssumeRole would find too long.
func SealContext(ring *keys.Ring, keyID string, c Context) (string, bool) {
	purpose, known := contextPurposes[c.Kind]
	if !known {
		return "", false
	}
	text, ok := ring.SealUnder(keyID, purpose, keys.Pack(contextLayout).Text(c.UserID).Text(c.IdentityStoreARN).Text(c.InstanceARN).
		Text(c.ApplicationARN).Text(c.CredentialID).Text(c.SessionID).Int(c.ExpiresAt).Bytes())
	return text, ok && len(text) <= MaxContext
}

// OpenContext reads a context of either kind. It does not say whether the context still holds.
func OpenContext(ring *keys.Ring, text string) (Context, bool) {
	if len(text) > MaxContext {
		return Context{}, false
	}
	for kind, purpose := range contextPurposes {
		message, err := ring.Open(purpose, text)
		if err != nil {
			continue
		}
		u := keys.Unpack(contextLayout, message)
		c := Context{
			Kind: kind, UserID: u.Text(), IdentityStoreARN: u.Text(), InstanceARN: u.Text(), ApplicationARN: u.Text(),
			CredentialID: u.Text(), SessionID: u.Text(), ExpiresAt: u.Int(),
		}
		return c, u.Err() == nil
	}
	return Context{}, false
}
