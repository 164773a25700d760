package rules

import (
	"strconv"
	"strings"

	"sallyport/internal/sys"
)

// Sessions of a permission set last between these, in seconds, as in AWS's console. The model alone would allow a hundred years.
const (
	MinSession     = 3_600
	MaxSession     = 12 * 3_600
	DefaultSession = MinSession // of a permission set that names none
)

// durationParts are the parts of an ISO 8601 duration in the order of the pattern Duration of the service model. Numbers are bounded so
// that no sum overflows; more digits are beyond the longest session anyway.
var durationParts = sys.Pattern(`^P(?:([0-9]{1,9})Y)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})[DW])?` +
	`(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})(?:\.0{1,9})?S)?)?$`)

// durationUnits are the seconds of each part. Any year, month, week or day is too long, so how long exactly does not matter.
var durationUnits = []int64{365 * 86_400, 30 * 86_400, 86_400, 3_600, 60, 1}

// SessionWords say what the duration of a session has to be.
const SessionWords = "an ISO 8601 duration of whole seconds between PT1H and PT12H, such as PT8H or PT90M"

// SessionSeconds reads the duration of the sessions of a permission set.
func SessionSeconds(text string) (seconds int64, ok bool) {
	parts := durationParts().FindStringSubmatch(text)
	if parts == nil || strings.HasSuffix(text, "P") || strings.HasSuffix(text, "T") {
		return 0, false
	}
	for i, unit := range durationUnits {
		if parts[i+1] == "" {
			continue
		}
		number, err := strconv.ParseInt(parts[i+1], 10, 64)
		if err != nil {
			return 0, false
		}
		seconds += number * unit
	}
	return seconds, MinSession <= seconds && seconds <= MaxSession
}

// SessionText writes seconds as an ISO 8601 duration, in hours, minutes and seconds.
func SessionText(seconds int64) string {
	text := "PT"
	for _, unit := range []struct {
		seconds int64
		letter  string
	}{{3_600, "H"}, {60, "M"}, {1, "S"}} {
		if n := seconds / unit.seconds; n > 0 {
			text += strconv.FormatInt(n, 10) + unit.letter
			seconds %= unit.seconds
		}
	}
	return text
}
