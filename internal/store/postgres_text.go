package store

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The text type of PostgreSQL takes neither U+0000 nor bytes that are not UTF-8, which SQLite does. Both are written behind a character
// that texts do not have, so that both databases keep, and find, the same texts.
const (
	escape    = '\uFDD0' // a noncharacter: Unicode leaves it to uses inside of a program
	escapeEnd = ';'
)

// postgresValues writes binds in the text format.
func postgresValues(args []any) ([][]byte, error) {
	size := 0
	for _, arg := range args {
		if text, ok := arg.(string); ok {
			size += len(text)
		} else {
			size += longestNumber
		}
	}
	values, all := make([][]byte, len(args)), make([]byte, 0, size)
	for i, arg := range args {
		from := len(all)
		switch value := arg.(type) {
		case string:
			all = append(all, toPostgresText(value)...)
		case int64:
			all = strconv.AppendInt(all, value, 10)
		case int:
			all = strconv.AppendInt(all, int64(value), 10)
		default:
			return nil, fmt.Errorf("value %d is a %T, want string or int64", i, arg)
		}
		values[i] = all[from:len(all):len(all)]
	}
	return values, nil
}

func toPostgresText(text string) string {
	if utf8.ValidString(text) && !strings.ContainsRune(text, 0) && !strings.ContainsRune(text, escape) {
		return text
	}
	var b strings.Builder
	for i, size := 0, 0; i < len(text); i += size {
		var r rune
		r, size = utf8.DecodeRuneInString(text[i:])
		if r != 0 && r != escape && (r != utf8.RuneError || size > 1) {
			b.WriteString(text[i : i+size])
			continue
		}
		b.WriteRune(escape)
		fmt.Fprintf(&b, "%x%c", text[i:i+size], escapeEnd)
	}
	return b.String()
}

var escapeBytes = []byte(string(escape))

func fromPostgresText(text []byte) string {
	if !bytes.Contains(text, escapeBytes) {
		return string(text)
	}
	var b strings.Builder
	for {
		before, after, found := bytes.Cut(text, escapeBytes)
		b.Write(before)
		if !found {
			return b.String()
		}
		digits, rest, _ := bytes.Cut(after, []byte{escapeEnd})
		var raw []byte
		fmt.Sscanf(string(digits), "%x", &raw)
		b.Write(raw)
		text = rest
	}
}
