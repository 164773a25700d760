package autoprompt

import "strings"

// How well a text matches what was typed; less is better.
const (
	matchesBeginning = iota
	matchesBeginningFolded
	matchesPart // the beginning of a part after a dash, dot, slash, colon or blank
	matchesInside
	matchesLetters // the letters in their order, with others between them
	matchesNot
)

const partMarks = "-._/: @"

// match tells how well text matches what was typed. An option is found without its dashes; what has dashes finds options alone.
func match(typed, text string) int {
	if strings.HasPrefix(text, typed) {
		return matchesBeginning
	}
	if strings.HasPrefix(typed, "-") && !strings.HasPrefix(text, "-") {
		return matchesNot
	}
	typed, text = strings.ToLower(strings.TrimLeft(typed, "-")), strings.ToLower(strings.TrimLeft(text, "-"))
	switch {
	case strings.HasPrefix(text, typed):
		return matchesBeginningFolded
	case beginsPart(typed, text):
		return matchesPart
	case strings.Contains(text, typed):
		return matchesInside
	case hasLetters(typed, text):
		return matchesLetters
	}
	return matchesNot
}

func beginsPart(typed, text string) bool {
	for i := 1; i < len(text); i++ {
		if strings.IndexByte(partMarks, text[i-1]) >= 0 && strings.HasPrefix(text[i:], typed) {
			return true
		}
	}
	return false
}

func hasLetters(typed, text string) bool {
	for _, letter := range typed {
		at := strings.IndexRune(text, letter)
		if at < 0 {
			return false
		}
		text = text[at+len(string(letter)):]
	}
	return true
}
