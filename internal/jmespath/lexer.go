package jmespath

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// SyntaxError says where an expression stops making sense.
type SyntaxError struct {
	Expression string
	Offset     int // in bytes
	Msg        string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at position %d of %q", e.Msg, e.Offset, e.Expression)
}

type tokenKind int

const (
	endToken tokenKind = iota
	nameToken
	quotedToken
	literalToken
	numberToken
	dotToken
	starToken
	bracketToken     // [
	endBracketToken  // ]
	flattenToken     // []
	filterToken      // [?
	braceToken       // {
	endBraceToken    // }
	parenthesisToken // (
	endParenthesis   // )
	commaToken
	colonToken
	currentToken // @
	referenceToken
	notToken
	pipeToken
	orToken
	andToken
	equalToken
	unequalToken
	lessToken
	lessEqualToken
	greaterToken
	greaterEqualToken
)

// token is one word of an expression.
type token struct {
	kind   tokenKind
	offset int
	text   string // the name, or the digits
	value  Value  // of a literal
}

// signs are the tokens that are always spelled the same. Of two that fit, the longer one stands first.
var signs = []struct {
	text string
	kind tokenKind
}{
	{"[]", flattenToken}, {"[?", filterToken}, {"[", bracketToken}, {"]", endBracketToken},
	{"||", orToken}, {"|", pipeToken}, {"&&", andToken}, {"&", referenceToken},
	{"==", equalToken}, {"!=", unequalToken}, {"!", notToken},
	{"<=", lessEqualToken}, {"<", lessToken}, {">=", greaterEqualToken}, {">", greaterToken},
	{"{", braceToken}, {"}", endBraceToken}, {"(", parenthesisToken}, {")", endParenthesis},
	{".", dotToken}, {"*", starToken}, {",", commaToken}, {":", colonToken}, {"@", currentToken},
}

// lexer cuts an expression into tokens.
type lexer struct {
	expression string
	at         int
}

func (l *lexer) refuse(offset int, msg string) error {
	return &SyntaxError{Expression: l.expression, Offset: offset, Msg: msg}
}

// tokens are all tokens of the expression, the last of which is endToken.
func (l *lexer) tokens() ([]token, error) {
	if !utf8.ValidString(l.expression) {
		return nil, l.refuse(0, "not valid UTF-8")
	}
	var all []token
	for {
		next, err := l.next()
		if err != nil {
			return nil, err
		}
		all = append(all, next)
		if next.kind == endToken {
			return all, nil
		}
	}
}

func (l *lexer) next() (token, error) {
	for l.at < len(l.expression) && strings.IndexByte(" \t\r\n", l.expression[l.at]) >= 0 {
		l.at++
	}
	start, rest := l.at, l.expression[l.at:]
	if rest == "" {
		return token{kind: endToken, offset: start}, nil
	}
	for _, sign := range signs {
		if strings.HasPrefix(rest, sign.text) {
			l.at += len(sign.text)
			return token{kind: sign.kind, offset: start, text: sign.text}, nil
		}
	}
	switch c := rest[0]; {
	case isNameByte(c) && !isDigit(c):
		return token{kind: nameToken, offset: start, text: l.run(isNameByte)}, nil
	case c == '-' || isDigit(c):
		return l.number(start)
	case c == '"':
		return l.quotedName(start)
	case c == '\'':
		return l.rawText(start)
	case c == '`':
		return l.literal(start)
	}
	return token{}, l.refuse(start, "unexpected character")
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameByte(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' || isDigit(c) }

// run takes bytes as long as they belong.
func (l *lexer) run(belongs func(byte) bool) string {
	start := l.at
	for l.at < len(l.expression) && belongs(l.expression[l.at]) {
		l.at++
	}
	return l.expression[start:l.at]
}

func (l *lexer) number(start int) (token, error) {
	sign := ""
	if l.expression[l.at] == '-' {
		sign = "-"
		l.at++
	}
	digits := l.run(isDigit)
	if digits == "" {
		return token{}, l.refuse(start, "a minus sign needs digits")
	}
	return token{kind: numberToken, offset: start, text: sign + digits}, nil
}

// until takes the text up to the next delimiter that no backslash stands before, and the delimiter.
func (l *lexer) until(delimiter byte) (string, error) {
	start := l.at
	for i := start + 1; i < len(l.expression); i++ {
		switch l.expression[i] {
		case '\\':
			i++
		case delimiter:
			l.at = i + 1
			return l.expression[start+1 : i], nil
		}
	}
	return "", l.refuse(start, "unclosed "+string(delimiter))
}

// quotedName is a JSON string.
func (l *lexer) quotedName(start int) (token, error) {
	text, err := l.until('"')
	if err != nil {
		return token{}, err
	}
	value, err := ParseJSON([]byte(`"` + text + `"`))
	if err != nil {
		return token{}, l.refuse(start, "a quoted name must be a JSON string")
	}
	return token{kind: quotedToken, offset: start, text: value.Text()}, nil
}

// rawText is a string in which only an escaped quotation mark means something else than itself.
func (l *lexer) rawText(start int) (token, error) {
	text, err := l.until('\'')
	if err != nil {
		return token{}, err
	}
	return token{kind: literalToken, offset: start, value: TextOf(strings.ReplaceAll(text, `\'`, `'`))}, nil
}

// literal is a JSON document. A word that is none is taken for a string, as the reference still does: `running` is "running".
func (l *lexer) literal(start int) (token, error) {
	text, err := l.until('`')
	if err != nil {
		return token{}, err
	}
	text = strings.ReplaceAll(text, "\\`", "`")
	value, err := ParseJSON([]byte(text))
	if err != nil {
		value, err = ParseJSON([]byte(`"` + strings.TrimLeft(text, " \t\r\n") + `"`))
	}
	if err != nil {
		return token{}, l.refuse(start, "a literal must be JSON")
	}
	return token{kind: literalToken, offset: start, value: value}, nil
}

// integer is the number of a numberToken, cut to the range of an index.
func (t token) integer() int {
	n, err := strconv.Atoi(t.text)
	if err != nil && t.text[0] == '-' {
		return -maxIndex
	}
	if err != nil {
		return maxIndex
	}
	return min(max(n, -maxIndex), maxIndex)
}

// maxIndex is far beyond any list, and small enough to add to.
const maxIndex = 1 << 40
