package admin

import (
	"strconv"
	"strings"

	"sallyport/internal/fault"
	"sallyport/internal/sys"
)

// Sessions of a permission set last between these, in seconds, as in AWS's console. The model alone would allow a hundred years.
const (
	minSessionS = 3_600
	maxSessionS = 12 * 3_600
)

// durationParts are the parts of an ISO 8601 duration in the order of the pattern Duration of the service model. Numbers are bounded so
// that no sum overflows; more digits are beyond the longest session anyway.
var durationParts = sys.Pattern(`^P(?:([0-9]{1,9})Y)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})[DW])?` +
	`(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})(?:\.0{1,9})?S)?)?$`)

// durationUnits are the seconds of each part. Any year, month, week or day is too long, so how long exactly does not matter.
var durationUnits = []int64{365 * 86_400, 30 * 86_400, 86_400, 3_600, 60, 1}

// sessionSeconds reads the duration of a session.
func sessionSeconds(text string) (int64, error) {
	refused := fault.Validation.Refuse("SessionDuration must be an ISO 8601 duration of whole seconds between PT1H and PT12H, such as PT8H or PT90M")
	parts := durationParts().FindStringSubmatch(text)
	if parts == nil || strings.HasSuffix(text, "P") || strings.HasSuffix(text, "T") {
		return 0, refused
	}
	seconds := int64(0)
	for i, unit := range durationUnits {
		if parts[i+1] == "" {
			continue
		}
		number, err := strconv.ParseInt(parts[i+1], 10, 64)
		if err != nil {
			return 0, refused.Because("%v", err)
		}
		seconds += number * unit
	}
	if seconds < minSessionS || seconds > maxSessionS {
		return 0, refused
	}
	return seconds, nil
}
