// Package outline describes a command line as data - which words may follow which, what options they have, what is known of their values -
// and follows a line through the description.
//
// It is what completion in shells and the full-screen prompt have in common. What they offer at a place, and how, is theirs; what commands
// there are is for their caller to say. The grammar that decides whether a line is right is command's: an outline only helps to write one.
package outline

import "strings"

// Program describes a command line.
type Program struct {
	Words         []Word   // what may come first
	GlobalOptions []Option // what may stand anywhere
}

// Word is what stands on the line by itself: a service, an operation, a command.
type Word struct {
	Text    string
	Purpose string // one line
	Words   []Word // what may follow it
	Options []Option
	Runs    bool // the line may also end here, or go on with options
	Own     bool // its options are all that hold behind it: not those of the words before, nor the global ones
	Files   bool // the path of a file may follow
}

// Option is what begins with two dashes.
type Option struct {
	Name       string // with its dashes: --client-id
	Purpose    string // one line
	TakesValue bool
	Optional   bool // the value may be left out
	Many       bool // takes all words up to the next option
	Required   bool
	Waives     bool // the line is complete with it, whatever else is missing: --version, --cli-input-json
	Path       bool // the value is a path; without it paths are completed after file:// and fileb://
	Secret     bool // its values must not be seen: the prompt masks known ones, and a shell is offered none
	Choices    []string

	// Values returns values that are known on this machine. It is asked at each change of the line while a value of the option is typed
	// and must answer at once: from memory or from small files. What does not match what is typed is left out by who asks. Nil is allowed.
	Values func(Asked) []Candidate
}

// Summary is the purpose of the option, and that the line needs it if it does.
func (o *Option) Summary() string {
	if o.Required {
		return "[required] " + o.Purpose
	}
	return o.Purpose
}

// Asked is what Values may look at.
type Asked struct {
	Partial string   // what is typed of the value
	Words   []string // of the line: those before the value, and those behind it where they are known
}

// Value returns the value that the line gives to the option, or "".
func (a Asked) Value(option string) string {
	value := ""
	for i, word := range a.Words {
		if given, inline := strings.CutPrefix(word, option+"="); inline {
			value = given
		} else if word == option && i+1 < len(a.Words) {
			value = a.Words[i+1]
		}
	}
	return value
}

// Candidate is what may stand on the line.
type Candidate struct {
	Text    string
	Purpose string // one line
	Label   string // shown at the prompt in place of the text; of a secret, when this is empty or holds the text, stars are shown
}

// Scheme is the beginning of a value that makes the rest of it the path of a file which holds the value, or "".
func Scheme(value string) string {
	for _, scheme := range []string{"file://", "fileb://"} {
		if strings.HasPrefix(value, scheme) {
			return scheme
		}
	}
	return ""
}
