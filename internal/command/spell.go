package command

import (
	"strings"
	"unicode"
)

// Spell turns the name of a member or an operation into the spelling of the command line: clientId is client-id and
// CreateTokenWithIAM is create-token-with-iam.
func Spell(name string) string {
	letters := []rune(name)
	var spelled strings.Builder
	for i, letter := range letters {
		if i > 0 && unicode.IsUpper(letter) && startsWord(letters, i) {
			spelled.WriteByte('-')
		}
		spelled.WriteRune(unicode.ToLower(letter))
	}
	return spelled.String()
}

// startsWord reports whether the capital at i begins a word: after a small letter or digit, or before a small letter.
func startsWord(letters []rune, i int) bool {
	return !unicode.IsUpper(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1])
}
