package shorthand

import "strings"

// SyntaxError refuses a word. The reference ends with its code for bad parameters.
type SyntaxError struct {
	Problem string
	Word    string // as it was given; empty where no place in it is at fault
	At      int    // characters of Word before the fault
	Hint    string // a sentence that may help, or nothing
}

// Error shows the word with a caret under the fault. In a word of several lines the caret comes below the line in question.
func (e *SyntaxError) Error() string {
	if e.Word == "" && e.At == 0 && e.Hint == "" {
		return e.Problem
	}
	message := e.Problem + ":\n" + e.marked()
	if e.Hint != "" {
		message += "\n" + e.Hint
	}
	return message
}

func (e *SyntaxError) marked() string {
	characters := []rune(e.Word)
	at := min(e.At, len(characters))
	before, after := string(characters[:at]), string(characters[at:])
	column := at
	if line := strings.LastIndexByte(before, '\n'); line >= 0 {
		column = len([]rune(before[line+1:]))
	}
	end := strings.IndexByte(after, '\n')
	if end < 0 {
		end = len(after)
	}
	return before + after[:end] + "\n" + strings.Repeat(" ", column) + "^" + after[end:]
}

// ValueError tells of a text that is not the number its member takes, or of a list or structure where a number or a boolean belongs. The
// reference fails over these instead of refusing them, with its code for everything unforeseen.
type ValueError struct {
	Member  string // the innermost name on the way to it; empty for an option's own value
	Problem string
}

func (e *ValueError) Error() string {
	if e.Member == "" {
		return e.Problem
	}
	return e.Member + ": " + e.Problem
}
