package render

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sallyport/internal/jmespath"
)

// spell writes a value for a field of a text or a cell of a table. The reference is written in Python and shows what Python's
// str() makes of a value: None for null, True and False, texts as they are.
func spell(v jmespath.Value) string {
	if v.Kind() == jmespath.String {
		return v.Text()
	}
	return string(appendSpelled(nil, v))
}

// appendSpelled writes a value as Python's repr() does. Lists and objects come here when they stand where other objects of the
// same list have a scalar.
func appendSpelled(dst []byte, v jmespath.Value) []byte {
	switch v.Kind() {
	case jmespath.Null:
		return append(dst, "None"...)
	case jmespath.Bool:
		if v.Bool() {
			return append(dst, "True"...)
		}
		return append(dst, "False"...)
	case jmespath.Number:
		return append(dst, v.Number()...)
	case jmespath.String:
		return appendQuoted(dst, v.Text())
	case jmespath.Array:
		dst = append(dst, '[')
		for i, item := range v.Items() {
			dst = appendSpelled(appendComma(dst, i), item)
		}
		return append(dst, ']')
	}
	dst = append(dst, '{')
	for i, member := range v.Members() {
		dst = appendQuoted(appendComma(dst, i), member.Name)
		dst = appendSpelled(append(dst, ": "...), member.Value)
	}
	return append(dst, '}')
}

func appendComma(dst []byte, i int) []byte {
	if i == 0 {
		return dst
	}
	return append(dst, ", "...)
}

// appendQuoted writes a text as a Python literal: in single quotes, unless it has some and no double ones.
func appendQuoted(dst []byte, text string) []byte {
	quote := byte('\'')
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		quote = '"'
	}
	dst = append(dst, quote)
	for _, r := range text {
		switch {
		case r == rune(quote) || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case !unicode.IsPrint(r):
			dst = appendEscape(dst, r, lowerDigits)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, quote)
}

// The digits of escapes: Python writes them small, YAML large.
const (
	lowerDigits = "0123456789abcdef"
	upperDigits = "0123456789ABCDEF"
)

// appendEscape writes a character as \x, \u or \U with as many digits as it needs, which Python and YAML have in common.
func appendEscape(dst []byte, r rune, digits string) []byte {
	letter, bits := byte('x'), 8
	switch {
	case r > 0xFFFF:
		letter, bits = 'U', 32
	case r > 0xFF:
		letter, bits = 'u', 16
	}
	dst = append(dst, '\\', letter)
	for bits > 0 {
		bits -= 4
		dst = append(dst, digits[r>>bits&0xF])
	}
	return dst
}

// isZero tells a number that Python takes for false.
func isZero(v jmespath.Value) bool {
	f, err := strconv.ParseFloat(v.Number(), 64)
	return err == nil && f == 0
}
