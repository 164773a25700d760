package creds

import (
	"time"

	"sallyport/internal/keys"
)

// Lives tells how long what is sealed here may be good: the key ring keeps its keys for as long. Sessions of people, and credentials of roles
// and users, live as long as their rooms let them at most.
func Lives(session, credentials time.Duration) []keys.Life {
	return []keys.Life{
		{What: "access tokens", Purpose: purposeAccess, Longest: max(AccessLifetime, LegacyLifetime)},
		{What: "refresh tokens", Purpose: purposeRefresh, Longest: session},
		{What: "identity contexts", Purpose: contextPurposes[IdentityContext], Longest: AccessLifetime},
		{What: "audit contexts", Purpose: contextPurposes[AuditContext], Longest: AccessLifetime},
		{What: "credentials of roles and users", Purpose: purposeSessionToken, Longest: credentials},
		{What: "secrets of access keys", Purpose: purposeAccessKey}, // rows, which ResealAccessKeys moves
	}
}
