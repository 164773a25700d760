package command

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"sallyport/internal/sys"
)

// Harmless is somebody else's text for a terminal, which would act upon some of it: retitle its window, move the cursor over what stands there,
// show letters in another order. Control characters but line ends and tabs, and format characters, become the replacement character.
func Harmless(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp):
			return utf8.RuneError
		}
		return r
	}, text)
}

// userInfo is what stands between the scheme and the host of an address.
var userInfo = sys.Pattern(`://[^/?#\s'"]+@`)

// HidePasswords is a text whose addresses have neither user names nor passwords.
func HidePasswords(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	return userInfo().ReplaceAllString(text, "://***@")
}
