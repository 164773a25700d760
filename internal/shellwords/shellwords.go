// Package shellwords parts a line into words as a POSIX shell parts a simple command (POSIX.1-2017, Shell Command Language §2.2), and
// joins words into such a line. Nothing is expanded: no variables, no patterns, no commands.
package shellwords

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrOpen tells that a quotation mark or a backslash has no counterpart.
var ErrOpen = errors.New("a quotation mark is not closed")

// Token is one word of a line and where it stands, in bytes.
type Token struct {
	Start, End int
	Word       string // without its quoting
	Open       bool   // a quotation is not closed; it is the last token then
}

// Split cuts a line into words by the quoting of POSIX shells: 'as it is', "with \" and \\", and a backslash before any character.
// There is no expansion of any kind.
func Split(line string) ([]string, error) {
	words := []string{}
	for _, t := range Tokens(line) {
		if t.Open {
			return nil, ErrOpen
		}
		words = append(words, t.Word)
	}
	return words, nil
}

// IsBlank reports whether a byte parts words.
func IsBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// Tokens are the words of a line, the last of which may be open.
func Tokens(line string) []Token {
	var all []Token
	for at := 0; at < len(line); {
		if IsBlank(line[at]) {
			at++
			continue
		}
		t := ReadToken(line, at)
		all = append(all, t)
		at = t.End
	}
	return all
}

// ReadToken reads the token that begins at start. All marks are ASCII, so that bytes which are no UTF-8 pass through unchanged.
func ReadToken(line string, start int) Token {
	var word strings.Builder
	quote := byte(0)
	at := start
	for ; at < len(line) && (quote != 0 || !IsBlank(line[at])); at++ {
		b := line[at]
		switch {
		case b == '\\' && escapes(quote, line[at+1:]):
			if at++; at == len(line) {
				return Token{start, at, word.String(), true}
			}
			word.WriteByte(line[at])
		case b == quote && quote != 0:
			quote = 0
		case quote == 0 && (b == '\'' || b == '"'):
			quote = b
		default:
			word.WriteByte(b)
		}
	}
	return Token{start, at, word.String(), quote != 0}
}

// escapes tells whether a backslash takes away the meaning of what follows it.
func escapes(quote byte, rest string) bool {
	switch quote {
	case '\'':
		return false
	case '"':
		return rest != "" && (rest[0] == '"' || rest[0] == '\\')
	}
	return true
}

// Join writes words as a line that Split, and any POSIX shell, cuts into the same words.
func Join(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = Quote(word)
	}
	return strings.Join(quoted, " ")
}

// Quote writes a word so that Split, and a shell, read it as one.
func Quote(word string) string {
	if isPlain(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// isPlain tells whether a word means itself without quoting. A tilde is expanded by shells at the beginning only.
func isPlain(word string) bool {
	if word == "" || word[0] == '~' || !utf8.ValidString(word) {
		return false
	}
	for _, r := range word {
		if !unicode.In(r, unicode.L, unicode.N, unicode.M) && !strings.ContainsRune("@%+=:,./_-~", r) {
			return false
		}
	}
	return true
}
