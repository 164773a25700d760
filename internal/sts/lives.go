package sts

import (
	"time"

	"sallyport/internal/api"
	"sallyport/internal/keys"
	"sallyport/internal/rules"
)

// messageLife is how long after a refusal somebody may want to decode its message. The message itself has no end.
const messageLife = 24 * time.Hour

// Lives tells how long what is sealed here may be good.
func Lives() []keys.Life {
	return []keys.Life{{What: "authorization failure messages", Purpose: purposeMessage, Longest: messageLife}}
}

// LongestCredentials is the longest time for which credentials are given out, here or at the portal.
func LongestCredentials() time.Duration {
	longest := int64(rules.MaxSession)
	for _, input := range []*api.Shape{api.AssumeRole.Input(), api.AssumeRoleWithWebIdentity.Input(), api.GetSessionToken.Input()} {
		longest = max(longest, input.Member("DurationSeconds").Max)
	}
	return time.Duration(longest) * time.Second
}
