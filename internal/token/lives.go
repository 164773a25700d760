package token

import (
	"sallyport/internal/creds"
	"sallyport/internal/keys"
)

// Lives tells how long what is sealed and signed here may be good, beside what creds seals.
func Lives() []keys.Life {
	return []keys.Life{
		{What: "client registrations", Purpose: purposeClientID, Longest: registrationLifetime},
		{What: "client secrets", Purpose: purposeClientSecret, Longest: registrationLifetime},
		{What: "authorization requests", Purpose: purposeAuthorize, Longest: requestLifetime},
		{What: "ID tokens", Longest: max(creds.AccessLifetime, creds.LegacyLifetime)}, // promisedUntil of the access token
	}
}
