package jmespath

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deeply a document may nest, and with it the recursion over its values.
const maxDepth = 512

// maxDigits bounds an integer, as the reference implementation bounds it: reading decimal digits takes the square of their number, and a
// document of some megabytes could keep a processor for minutes.
const maxDigits = 4300

// ParseJSON reads one document as the reference implementation reads it: of two members of one name the last one counts, at
// the place of the first, and bytes or escapes that are no text become U+FFFD. Documents that decide about somebody else's
// rights want a stricter reader.
func ParseJSON(document []byte) (Value, error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	value, err := readValue(decoder, maxDepth)
	if err != nil {
		return Value{}, explainJSON(err)
	}
	if decoder.More() || strings.TrimLeft(string(document[decoder.InputOffset():]), " \t\r\n") != "" {
		return Value{}, errors.New("invalid JSON: there is more after the end of the document")
	}
	return value, nil
}

func explainJSON(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return errors.New("invalid JSON at byte " + strconv.FormatInt(syntax.Offset, 10))
	}
	return errors.New("invalid JSON: " + strings.TrimPrefix(err.Error(), "json: "))
}

func readValue(decoder *json.Decoder, depth int) (Value, error) {
	token, err := decoder.Token()
	if err != nil {
		return Value{}, err
	}
	switch token := token.(type) {
	case bool:
		return BoolOf(token), nil
	case json.Number:
		if literal := token.String(); isInteger(literal) && len(strings.TrimPrefix(literal, "-")) > maxDigits {
			return Value{}, errors.New("an integer has too many digits")
		}
		return NumberOf(token.String()), nil
	case string:
		return TextOf(token), nil
	case json.Delim:
		if depth == 0 {
			return Value{}, errors.New("nested too deeply")
		}
		if token == '[' {
			return readArray(decoder, depth-1)
		}
		return readObject(decoder, depth-1)
	}
	return Value{}, nil
}

func readArray(decoder *json.Decoder, depth int) (Value, error) {
	items := []Value{}
	for decoder.More() {
		item, err := readValue(decoder, depth)
		if err != nil {
			return Value{}, err
		}
		items = append(items, item)
	}
	_, err := decoder.Token() // the closing bracket
	return ListOf(items), err
}

func readObject(decoder *json.Decoder, depth int) (Value, error) {
	members := []Member{}
	place := map[string]int{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return Value{}, err
		}
		value, err := readValue(decoder, depth)
		if err != nil {
			return Value{}, err
		}
		member := Member{name.(string), value}
		if at, again := place[member.Name]; again {
			members[at] = member
			continue
		}
		place[member.Name] = len(members)
		members = append(members, member)
	}
	_, err := decoder.Token() // the closing bracket
	return ObjectOf(members), err
}

// Style is a way to write JSON.
type Style struct {
	Item   string // between items, unless Indent is set
	Key    string // between a name and its value
	Indent int    // blanks for each level; zero writes one line
	ASCII  bool   // escape everything beyond ASCII
}

// The styles of the reference.
var (
	Compact = Style{Item: ",", Key: ":", ASCII: true}   // what to_string() answers
	Wire    = Style{Item: ", ", Key: ": ", ASCII: true} // bodies of requests
	Pretty  = Style{Key: ": ", Indent: 4}               // what people read
)

// AppendJSON appends the value in this style, without a final newline.
func (s Style) AppendJSON(dst []byte, v Value) []byte { return s.append(dst, v, 0) }

func (s Style) append(dst []byte, v Value, level int) []byte {
	switch v.kind {
	case Null:
		return append(dst, "null"...)
	case Bool:
		return strconv.AppendBool(dst, v.Bool())
	case Number:
		return append(dst, v.text...)
	case String:
		return s.appendText(dst, v.text)
	case Array:
		return s.appendList(dst, '[', ']', len(v.items), level, func(dst []byte, i int) []byte {
			return s.append(dst, v.items[i], level+1)
		})
	}
	return s.appendList(dst, '{', '}', len(v.members), level, func(dst []byte, i int) []byte {
		dst = append(s.appendText(dst, v.members[i].Name), s.Key...)
		return s.append(dst, v.members[i].Value, level+1)
	})
}

func (s Style) appendList(dst []byte, open, end byte, n, level int, item func([]byte, int) []byte) []byte {
	dst = append(dst, open)
	for i := range n {
		switch {
		case s.Indent > 0 && i > 0:
			dst = append(dst, ',')
		case i > 0:
			dst = append(dst, s.Item...)
		}
		dst = item(s.appendBreak(dst, level+1), i)
	}
	if n > 0 {
		dst = s.appendBreak(dst, level)
	}
	return append(dst, end)
}

func (s Style) appendBreak(dst []byte, level int) []byte {
	if s.Indent == 0 {
		return dst
	}
	dst = append(dst, '\n')
	for range level * s.Indent {
		dst = append(dst, ' ')
	}
	return dst
}

var shortEscapes = map[rune]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}

// lastPlainASCII is the last character that an ASCII style leaves alone; DEL is the next.
const lastPlainASCII = '~'

func (s Style) appendText(dst []byte, text string) []byte {
	dst = append(dst, '"')
	for _, r := range text {
		switch short := shortEscapes[r]; {
		case short != "":
			dst = append(dst, short...)
		case r < ' ' || s.ASCII && r > lastPlainASCII:
			dst = appendUnits(dst, r)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// appendUnits writes a character as one or two UTF-16 escapes (RFC 8259 §7).
func appendUnits(dst []byte, r rune) []byte {
	for _, unit := range utf16.AppendRune(nil, r) {
		const digits = "0123456789abcdef"
		dst = append(dst, '\\', 'u', digits[unit>>12], digits[unit>>8&0xF], digits[unit>>4&0xF], digits[unit&0xF])
	}
	return dst
}
