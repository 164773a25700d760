package oauth

import (
	"errors"
	"fmt"
	"io"
)

// userCodeLetters is the alphabet of RFC 8628 §6.1: consonants only, so that no code spells a word, and none that looks
// like a digit. Eight of them are 34.6 bits.
const userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"

const (
	userCodeLength = 8
	userCodeHalf   = userCodeLength / 2
	// maxTypedUserCode has room for every letter to be followed by a separator of three bytes, twice over. What is longer
	// was not typed.
	maxTypedUserCode = 64
)

// UserCode is the short code that a person carries from a device to a browser (RFC 8628 §3.2). Two are equal with ==. The
// zero UserCode is no code.
type UserCode struct{ letters string }

// String is the code as it is shown: XXXX-XXXX.
func (c UserCode) String() string {
	if c.letters == "" {
		return ""
	}
	return c.letters[:userCodeHalf] + "-" + c.letters[userCodeHalf:]
}

// Bytes that NewUserCode asks for at a time, and how often. One byte in sixteen is thrown away, so a second read is rare
// and a fifth means that the source is broken.
const (
	userCodeDraw  = 2 * userCodeLength
	userCodeDraws = 4
)

// NewUserCode draws a code from rand, every code with the same chance: bytes that would favour the first letters are
// thrown away (RFC 8628 §5.1).
func NewUserCode(rand io.Reader) (UserCode, error) {
	const fair = 256 - 256%len(userCodeLetters)
	letters := make([]byte, 0, userCodeLength)
	var draw [userCodeDraw]byte
	for range userCodeDraws {
		if _, err := io.ReadFull(rand, draw[:]); err != nil {
			return UserCode{}, fmt.Errorf("draw a user code: %w", err)
		}
		for _, b := range draw {
			if int(b) >= fair {
				continue
			}
			letters = append(letters, userCodeLetters[int(b)%len(userCodeLetters)])
			if len(letters) == userCodeLength {
				return UserCode{string(letters)}, nil
			}
		}
	}
	return UserCode{}, errors.New("draw a user code: the source of randomness repeats itself")
}

// ParseUserCode reads a code as people type and paste it (RFC 8628 §6.1): in either case, with blanks and dashes of any
// kind anywhere or nowhere. Nothing else is forgiven. A letter that only looks like one of ours, a full-width form, a
// combining mark or a character of no width is not turned into a guess of what was meant: the code is refused.
func ParseUserCode(typed string) (UserCode, bool) {
	if len(typed) > maxTypedUserCode {
		return UserCode{}, false
	}
	letters := make([]byte, 0, userCodeLength)
	for _, r := range typed {
		if isUserCodeSeparator(r) {
			continue
		}
		letter, ok := userCodeLetter(r)
		if !ok || len(letters) == userCodeLength {
			return UserCode{}, false
		}
		letters = append(letters, letter)
	}
	if len(letters) < userCodeLength {
		return UserCode{}, false
	}
	return UserCode{string(letters)}, true
}

// userCodeLetter is the letter of the alphabet that r is, in either case. It folds ASCII only: U+017F and U+212A fold to
// letters under Unicode's rules and are strangers here.
func userCodeLetter(r rune) (byte, bool) {
	if 'a' <= r && r <= 'z' {
		r -= 'a' - 'A'
	}
	for i := range len(userCodeLetters) {
		if rune(userCodeLetters[i]) == r {
			return userCodeLetters[i], true
		}
	}
	return 0, false
}

// isUserCodeSeparator knows the blanks and dashes that keyboards, correction and copying put between letters. Characters
// that cannot be seen are not among them.
func isUserCodeSeparator(r rune) bool {
	switch r {
	case ' ', '\t', '\r', '\n',
		'\u00A0', // no-break space
		'\u2009', // thin space
		'\u202F', // narrow no-break space
		'\u3000', // ideographic space
		'-',
		'\u2010', // hyphen
		'\u2011', // non-breaking hyphen
		'\u2012', // figure dash
		'\u2013', // en dash
		'\u2014', // em dash
		'\u2212', // minus sign
		'\uFF0D': // full-width hyphen
		return true
	}
	return false
}
