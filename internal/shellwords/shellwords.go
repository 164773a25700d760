// Package shellwords parts a line into words as a POSIX shell parts a simple command, and joins words into such a line. Nothing is
// expanded: no variables, no patterns, no commands.
package shellwords

import (
	"errors"
	"strings"
)

// The ways a line can break off.
var (
	ErrQuote  = errors.New("a quotation is not closed")
	ErrEscape = errors.New("a backslash ends the line")
)

// blanks part words.
const blanks = " \t\r\n"

// Split parts a line into words (POSIX.1-2017, Shell Command Language §2.2 and §2.3). Within double quotes a backslash escapes only the
// quote and itself.
func Split(line string) ([]string, error) {
	words := []string{}
	rest := strings.TrimLeft(line, blanks)
	for rest != "" {
		word, behind, err := first(rest)
		if err != nil {
			return nil, err
		}
		words = append(words, word)
		rest = strings.TrimLeft(behind, blanks)
	}
	return words, nil
}

// first is the word that a line begins with, and what stands behind it.
func first(line string) (word, rest string, err error) {
	var text strings.Builder
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case strings.IndexByte(blanks, c) >= 0:
			return text.String(), line[i:], nil
		case c == '\\':
			if i++; i == len(line) {
				return "", "", ErrEscape
			}
			text.WriteByte(line[i])
		case c == '\'' || c == '"':
			inner, length, err := quotation(line[i:])
			if err != nil {
				return "", "", err
			}
			text.WriteString(inner)
			i += length - 1
		default:
			text.WriteByte(c)
		}
	}
	return text.String(), "", nil
}

// quotation reads the quotation that a text begins with, and tells how long it is with its quotes.
func quotation(text string) (inner string, length int, err error) {
	quote := text[0]
	var unquoted strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == quote:
			return unquoted.String(), i + 1, nil
		case c == '\\' && quote == '"' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
			unquoted.WriteByte(text[i])
		default:
			unquoted.WriteByte(c)
		}
	}
	return "", 0, ErrQuote
}

// plain are the characters besides letters and digits that need no quotes.
const plain = "@%+=:,./-_"

// Quote writes a word so that Split, and a shell, read it as one.
func Quote(word string) string {
	special := func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune(plain, r)
	}
	if word != "" && strings.IndexFunc(word, special) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'"'"'`) + "'"
}

// Join is a line that Split parts into these words.
func Join(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = Quote(word)
	}
	return strings.Join(quoted, " ")
}
