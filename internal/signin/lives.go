package signin

import (
	"time"

	"sallyport/internal/keys"
)

// Lives tells how long what is sealed here may be good. A cookie is sealed anew as it is used, and of no use once it was idle for so long.
func Lives(idle time.Duration) []keys.Life {
	return []keys.Life{{What: "cookies of browsers", Purpose: cookiePurpose, Longest: idle}}
}
