package autoprompt

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// errOpenQuote tells that a quotation mark or a backslash has no counterpart.
var errOpenQuote = errors.New("a quotation mark is not closed")

// token is one word of a line and where it stands, in bytes.
type token struct {
	start, end int
	word       string // without its quoting
	open       bool   // a quotation is not closed; it is the last token then
}

// Split cuts a line into words by the quoting of POSIX shells: 'as it is', "with \" and \\", and a backslash before any character.
// There is no expansion of any kind.
func Split(line string) ([]string, error) {
	var words []string
	for _, t := range tokens(line) {
		if t.open {
			return nil, errOpenQuote
		}
		words = append(words, t.word)
	}
	return words, nil
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

func tokens(line string) []token {
	var all []token
	for at := 0; at < len(line); {
		if isBlank(line[at]) {
			at++
			continue
		}
		t := readToken(line, at)
		all = append(all, t)
		at = t.end
	}
	return all
}

// readToken reads the token that begins at start. All marks are ASCII, so that bytes which are no UTF-8 pass through unchanged.
func readToken(line string, start int) token {
	var word strings.Builder
	quote := byte(0)
	at := start
	for ; at < len(line) && (quote != 0 || !isBlank(line[at])); at++ {
		b := line[at]
		switch {
		case b == '\\' && escapes(quote, line[at+1:]):
			if at++; at == len(line) {
				return token{start, at, word.String(), true}
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
	return token{start, at, word.String(), quote != 0}
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
		quoted[i] = quote(word)
	}
	return strings.Join(quoted, " ")
}

func quote(word string) string {
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
