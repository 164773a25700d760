package store

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// UserNameKey is the form under which user names are unique: compatibility forms, letter case and characters that show nothing are gone
// (in the manner of Unicode's NFKC_Casefold, with simple case mappings to upper and back to lower case). Of "alice", "ALICE", a name with a
// dotless i, and the composed and decomposed spelling of an accent, one can exist. It is wider than what UserByName takes for the same name
// on purpose: a name that people cannot tell from another's is refused, and is never let in as the other.
func UserNameKey(userName string) string {
	if isASCII(userName) {
		return foldASCII(userName)
	}
	return norm.NFKC.String(strings.Map(foldRune, norm.NFKC.String(userName)))
}

// EmailKey is the form under which e-mail addresses are unique. It is that of names.
func EmailKey(email string) string { return UserNameKey(email) }

// foldRune gives the letters that are one letter in some case the same form, and drops what shows nothing: joiners, variation selectors
// and fillers.
func foldRune(r rune) rune {
	if unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Cf) {
		return -1
	}
	return unicode.ToLower(unicode.ToUpper(r))
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// foldASCII puts the letters of ASCII in lower case and leaves everything else as it is.
func foldASCII(text string) string {
	key := []byte(text)
	for i, c := range key {
		if 'A' <= c && c <= 'Z' {
			key[i] = c + 'a' - 'A'
		}
	}
	return string(key)
}
