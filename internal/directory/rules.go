package directory

import (
	"fmt"
	"regexp"
	"strconv"
	"unicode/utf8"

	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// rule is what a text may be: the constraints of sso-admin and identitystore, so that what a file declares the APIs can show.
type rule struct {
	min, max int // characters
	pattern  func() *regexp.Regexp
	expected string                  // the pattern in words
	check    func(value string) bool // beyond the pattern; nil when there is nothing more
	numeral  bool                    // may be written without quotes, though YAML takes it for a number
	listed   bool                    // the words list the values, so that lengths would add nothing
}

func (r rule) holds(value string) bool {
	length := utf8.RuneCountInString(value)
	return r.min <= length && length <= r.max && r.pattern().MatchString(value) && (r.check == nil || r.check(value))
}

// words says what the rule expects.
func (r rule) words() string {
	if r.min == r.max || r.listed {
		return r.expected
	}
	return fmt.Sprintf("%s, %d to %d characters", r.expected, r.min, r.max)
}

var emailPattern = sys.Pattern(`^[^\s\p{C}\p{Z}@]+@[^\s\p{C}\p{Z}@]+$`)

// The patterns are those of the models. Go's \p{L} and its kin are the same classes as there; \d and \w are written out, in ASCII.
var (
	ruleInstanceName = rule{
		min: 1, max: 255, pattern: sys.Pattern(`^[\p{L}\p{M}\p{S}\p{N}\p{P} ]+$`), // AWS allows no blank (NameType); pages show this name
		expected: "letters, digits, signs and blanks",
	}
	ruleAccountID = rule{
		min: 12, max: 12, pattern: sys.Pattern(`^[0-9]{12}$`),
		expected: "an account id of 12 digits", numeral: true,
	}
	ruleUserName = rule{
		min: 1, max: 128, pattern: sys.Pattern(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$`),
		expected: "letters, digits and signs without blanks, no name " + reservedWords, check: notReserved,
	}
	ruleWords = rule{
		min: 1, max: 1024, pattern: sys.Pattern(`^[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r \x{a0}\x{3000}]+$`),
		expected: "text",
	}
	ruleGroupName = rule{
		min: 1, max: 1024, pattern: sys.Pattern(`^[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r \x{a0}]+$`),
		expected: "letters, digits, signs and blanks, no name " + reservedWords, check: notReserved,
	}
	ruleEmail = rule{
		min: 3, max: 254, pattern: emailPattern, // 254: what fits into the longest path of RFC 5321 §4.5.3.1.3
		expected: "an e-mail address such as name@example.com",
	}
	ruleStatus = rule{
		min: 7, max: 8, pattern: sys.Pattern(`^(ENABLED|DISABLED)$`),
		expected: store.StatusEnabled + " or " + store.StatusDisabled, listed: true,
	}
	ruleAccountName = rule{
		min: 1, max: 50, pattern: sys.Pattern(`^[ -~]+$`),
		expected: "printable ASCII characters",
	}
	ruleAccountEmail = rule{
		min: 6, max: 64, pattern: emailPattern,
		expected: "an e-mail address such as name@example.com",
	}
	rulePermissionSetName = rule{
		min: 1, max: 32, pattern: sys.Pattern(`^[A-Za-z0-9_+=,.@-]+$`),
		expected: "letters, digits and _+=,.@-",
	}
	rulePermissionSetDescription = rule{
		min: 1, max: 700, pattern: sys.Pattern(`^[\t\n\r -~\x{a1}-\x{ff}]+$`),
		expected: "Latin-1 text",
	}
	ruleRelayState = rule{
		min: 1, max: 240, pattern: sys.Pattern("^[a-zA-Z0-9&$@#\\\\/%?=~\\-_'\"|!:,.;*+\\[\\] (){}]+$"),
		expected: "a URL of ASCII characters",
	}
	ruleSessionDuration = rule{
		min: 4, max: 100, pattern: durationPattern, check: func(s string) bool { _, ok := parseDuration(s); return ok },
		expected: "an ISO 8601 duration between PT1H and PT12H, such as PT1H or PT90M", listed: true,
	}
	ruleReference = rule{ // whether it is a name is seen by looking it up
		min: 1, max: 1024, pattern: sys.Pattern(``),
		expected: "a name",
	}
)

// reservedNames are what AWS keeps for itself, for users and groups alike.
var reservedNames = []string{"Administrator", "AWSAdministrators"}

const reservedWords = "that AWS reserves (Administrator, AWSAdministrators)"

func notReserved(name string) bool {
	for _, reserved := range reservedNames {
		if store.UserNameKey(name) == store.UserNameKey(reserved) {
			return false
		}
	}
	return true
}

// Role credentials live between these, in seconds.
const (
	minSessionS     = 3600
	maxSessionS     = 12 * 3600
	defaultSessionS = minSessionS // CreatePermissionSet without SessionDuration
)

// durationPattern is the part of an ISO 8601 duration that can lie within the bounds.
var durationPattern = sys.Pattern(`^PT(?:([0-9]{1,5})H)?(?:([0-9]{1,5})M)?(?:([0-9]{1,5})S)?$`)

// parseDuration reads a session duration into seconds.
func parseDuration(text string) (seconds int64, ok bool) {
	parts := durationPattern().FindStringSubmatch(text)
	if parts == nil {
		return 0, false
	}
	for i, unit := range []int64{3600, 60, 1} {
		if parts[i+1] == "" {
			continue
		}
		number, err := strconv.ParseInt(parts[i+1], 10, 64)
		if err != nil {
			return 0, false
		}
		seconds += number * unit
	}
	return seconds, minSessionS <= seconds && seconds <= maxSessionS
}

// durationText writes seconds as an ISO 8601 duration.
func durationText(seconds int64) string {
	text := "PT"
	for _, unit := range []struct {
		seconds int64
		letter  string
	}{{3600, "H"}, {60, "M"}, {1, "S"}} {
		if n := seconds / unit.seconds; n > 0 {
			text += strconv.FormatInt(n, 10) + unit.letter
			seconds %= unit.seconds
		}
	}
	return text
}
