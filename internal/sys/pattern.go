package sys

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression that is compiled when it is first used. Package variables that hold one cost a command line nothing at
// its start, where some expressions of Unicode classes take as long as everything else together.
func Pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
