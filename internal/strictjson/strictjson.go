// Package strictjson is the one reader of JSON documents in the house: every request body, every JOSE part and every
// document that the command line is handed goes through Parse.
//
// It accepts less than RFC 8259 allows a reader to accept, so that two readers of one document cannot disagree about what
// it says. Refused are invalid UTF-8, a byte order mark, escapes of lone surrogates, a member name that occurs twice in one
// object (compared after unescaping), anything after the document, and documents larger, deeper or more populous than the
// caller's Limits. Names are compared exactly; nothing is folded, trimmed or replaced. Numbers keep the spelling they came
// with, so that no digit is lost before somebody decides what the number means.
//
// It owns the grammar and nothing else. Which members an operation takes, of what kind and how long, is decided from the
// operation table by its callers; so is U+0000 in a string, which JSON can say and some databases cannot keep.
package strictjson

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The bounds that a zero field of Limits stands for.
const (
	// DefaultBytes is far above the largest document that any operation needs, and small enough to hold many of at once.
	DefaultBytes = 1 << 20
	// DefaultDepth is how many arrays and objects may be open at once. The deepest modelled input nests fewer than ten.
	// It also bounds the recursion of Parse.
	DefaultDepth = 32
	// DefaultMembers is how many object members and array elements a whole document may have. It bounds the tree, which is
	// some forty times as large as the shortest document that describes it.
	DefaultMembers = 10_000
)

// Limits bounds one document. A zero field means the package's default.
type Limits struct {
	Bytes   int // length of the document
	Depth   int // arrays and objects open at once; a document that is a scalar has depth 0
	Members int // object members and array elements, counted over the whole document
}

func (l Limits) withDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = DefaultBytes
	}
	if l.Depth <= 0 {
		l.Depth = DefaultDepth
	}
	if l.Members <= 0 {
		l.Members = DefaultMembers
	}
	return l
}

// SyntaxError says where and why a document was refused. Msg is one of this package's own sentences and never holds a part
// of the document, so it may be shown and logged although the document holds secrets.
type SyntaxError struct {
	Offset int // in bytes, from the start of the document
	Msg    string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at byte %d: %s", e.Offset, e.Msg)
}

// Kind is the kind of a Value (RFC 8259 §3).
type Kind uint8

// The kinds. The zero Value is Null.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

var kindNames = [...]string{Null: "null", Bool: "boolean", Number: "number", String: "string", Array: "array", Object: "object"}

// String names the kind as RFC 8259 does.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Value is one node of a parsed document. Its accessors answer the zero value when the node is of another kind, so a caller
// that cares asks Kind first.
//
// The texts of a tree share one copy of the document: keeping one of them keeps all of it. Clone what outlives the request.
type Value struct {
	kind    Kind
	text    string // a string's text, a number's literal, "true" for true
	items   []Value
	members []Member
}

// Member is one name and value of an object.
type Member struct {
	Name  string
	Value Value
}

// Kind tells what the value is.
func (v Value) Kind() Kind { return v.kind }

// Bool is the value of a boolean.
func (v Value) Bool() bool { return v.kind == Bool && v.text == "true" }

// Number is the literal of a number, exactly as the document spells it.
func (v Value) Number() string {
	if v.kind != Number {
		return ""
	}
	return v.text
}

// Text is the unescaped text of a string.
func (v Value) Text() string {
	if v.kind != String {
		return ""
	}
	return v.text
}

// Items are the elements of an array. The caller must not change them.
func (v Value) Items() []Value { return v.items }

// Members are the members of an object in document order. The caller must not change them.
func (v Value) Members() []Member { return v.members }

// Get finds the member of an object that has exactly this name. It walks the members: objects are small, and callers look
// for a handful of names each.
func (v Value) Get(name string) (Value, bool) {
	for i := range v.members {
		if v.members[i].Name == name {
			return v.members[i].Value, true
		}
	}
	return Value{}, false
}

// Parse reads one document that is all of data, within limits. Every error is a *SyntaxError.
func Parse(data []byte, limits Limits) (Value, error) {
	limits = limits.withDefaults()
	if len(data) > limits.Bytes {
		return Value{}, &SyntaxError{Offset: limits.Bytes, Msg: "the document is too large"}
	}
	p := parser{text: string(data), depth: limits.Depth, room: limits.Members}
	if strings.HasPrefix(p.text, "\uFEFF") {
		return Value{}, p.refuse("a byte order mark is not allowed")
	}
	p.skipSpace()
	v, err := p.value()
	if err != nil {
		return Value{}, err
	}
	p.skipSpace()
	if p.pos < len(p.text) {
		return Value{}, p.refuse("there is more after the end of the document")
	}
	return v, nil
}

// parser walks text once. Every method starts at pos, which is the first byte of what it reads, and leaves pos behind it.
type parser struct {
	text  string
	pos   int
	depth int // how many more arrays and objects may be opened
	room  int // how many more members and elements there may be
}

func (p *parser) refuse(msg string) error { return p.refuseAt(p.pos, msg) }

func (p *parser) refuseAt(offset int, msg string) error {
	return &SyntaxError{Offset: offset, Msg: msg}
}

// skipSpace passes the four white space characters of RFC 8259 §2, and no other.
func (p *parser) skipSpace() {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// accept passes c if it is next.
func (p *parser) accept(c byte) bool {
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *parser) value() (Value, error) {
	if p.pos >= len(p.text) {
		return Value{}, p.refuse("the document ends where a value should be")
	}
	switch c := p.text[p.pos]; {
	case c == '"':
		s, err := p.string()
		return Value{kind: String, text: s}, err
	case c == '{':
		return p.nested(p.object)
	case c == '[':
		return p.nested(p.array)
	case c == '-' || isDigit(c):
		return p.number()
	case c == 't':
		return p.literal("true", Bool)
	case c == 'f':
		return p.literal("false", Bool)
	case c == 'n':
		return p.literal("null", Null)
	}
	return Value{}, p.refuse("expected a value")
}

func (p *parser) literal(word string, kind Kind) (Value, error) {
	if !strings.HasPrefix(p.text[p.pos:], word) {
		return Value{}, p.refuse("expected a value")
	}
	p.pos += len(word)
	return Value{kind: kind, text: word}, nil
}

// nested reads an array or an object one level further down.
func (p *parser) nested(read func() (Value, error)) (Value, error) {
	if p.depth == 0 {
		return Value{}, p.refuse("the document is nested too deeply")
	}
	p.depth--
	p.pos++ // the opening bracket
	p.skipSpace()
	v, err := read()
	p.depth++
	return v, err
}

// takeRoom counts one more member or element.
func (p *parser) takeRoom() error {
	if p.room == 0 {
		return p.refuse("the document has too many members")
	}
	p.room--
	return nil
}

// firstItems is where the list of an array that is not empty starts: most of the arrays we are sent are lists of scopes.
const firstItems = 4

func (p *parser) array() (Value, error) {
	v := Value{kind: Array}
	if p.accept(']') {
		return v, nil
	}
	v.items = make([]Value, 0, firstItems)
	for {
		if err := p.takeRoom(); err != nil {
			return Value{}, err
		}
		item, err := p.value()
		if err != nil {
			return Value{}, err
		}
		v.items = append(v.items, item)
		p.skipSpace()
		if p.accept(']') {
			return v, nil
		}
		if !p.accept(',') {
			return Value{}, p.refuse("expected a comma or the end of the array")
		}
		p.skipSpace()
	}
}

// firstMembers is where the list of an object that is not empty starts: a token request has four to eight members.
const firstMembers = 8

func (p *parser) object() (Value, error) {
	v := Value{kind: Object}
	if p.accept('}') {
		return v, nil
	}
	v.members = make([]Member, 0, firstMembers)
	var seen names
	for {
		if err := p.takeRoom(); err != nil {
			return Value{}, err
		}
		at := p.pos
		m, err := p.member()
		if err != nil {
			return Value{}, err
		}
		if seen.has(v.members, m.Name) {
			return Value{}, p.refuseAt(at, "the object has two members of the same name")
		}
		v.members = append(v.members, m)
		p.skipSpace()
		if p.accept('}') {
			return v, nil
		}
		if !p.accept(',') {
			return Value{}, p.refuse("expected a comma or the end of the object")
		}
		p.skipSpace()
	}
}

func (p *parser) member() (Member, error) {
	if p.pos >= len(p.text) || p.text[p.pos] != '"' {
		return Member{}, p.refuse("expected a member name in quotation marks")
	}
	name, err := p.string()
	if err != nil {
		return Member{}, err
	}
	p.skipSpace()
	if !p.accept(':') {
		return Member{}, p.refuse("expected a colon after the member name")
	}
	p.skipSpace()
	v, err := p.value()
	return Member{Name: name, Value: v}, err
}

// names finds repeated member names of one object: by looking through the members while they are few, which is nearly
// always, and by a map from the moment that looking would cost more. The map keeps a hostile object of thousands of members
// from costing millions of comparisons.
type names struct{ index map[string]struct{} }

const fewMembers = 16

func (n *names) has(members []Member, name string) bool {
	if n.index == nil && len(members) < fewMembers {
		for i := range members {
			if members[i].Name == name {
				return true
			}
		}
		return false
	}
	if n.index == nil {
		n.index = make(map[string]struct{}, 2*fewMembers)
		for i := range members {
			n.index[members[i].Name] = struct{}{}
		}
	}
	if _, ok := n.index[name]; ok {
		return true
	}
	n.index[name] = struct{}{}
	return false
}

// number reads RFC 8259 §6: a sign, an integer without leading zeros, a fraction, an exponent.
func (p *parser) number() (Value, error) {
	start := p.pos
	p.accept('-')
	if !p.accept('0') && p.digits() == 0 {
		return Value{}, p.refuse("expected a digit")
	}
	if p.accept('.') && p.digits() == 0 {
		return Value{}, p.refuse("expected a digit after the decimal point")
	}
	if p.accept('e') || p.accept('E') {
		if !p.accept('+') {
			p.accept('-')
		}
		if p.digits() == 0 {
			return Value{}, p.refuse("expected a digit in the exponent")
		}
	}
	return Value{kind: Number, text: p.text[start:p.pos]}, nil
}

// digits passes decimal digits and tells how many.
func (p *parser) digits() int {
	start := p.pos
	for p.pos < len(p.text) && isDigit(p.text[p.pos]) {
		p.pos++
	}
	return p.pos - start
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// string reads RFC 8259 §7. A string without escapes, the usual one, is a part of the text.
func (p *parser) string() (string, error) {
	p.pos++ // the quotation mark
	start := p.pos
	if err := p.plain(); err != nil {
		return "", err
	}
	if p.accept('"') {
		return p.text[start : p.pos-1], nil
	}
	return p.escapedString(start)
}

// escapedString goes on from the first backslash of a string that began at start.
func (p *parser) escapedString(start int) (string, error) {
	out := append(make([]byte, 0, 2*(p.pos-start)+16), p.text[start:p.pos]...)
	for !p.accept('"') {
		r, err := p.escape()
		if err != nil {
			return "", err
		}
		out = utf8.AppendRune(out, r)
		from := p.pos
		if err := p.plain(); err != nil {
			return "", err
		}
		out = append(out, p.text[from:p.pos]...)
	}
	return string(out), nil
}

// plain passes what stands for itself in a string and stops at a quotation mark or a backslash.
func (p *parser) plain() error {
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == '"' || c == '\\':
			return nil
		case c < 0x20:
			return p.refuse("a control character in a string must be escaped")
		case c < utf8.RuneSelf:
			p.pos++
		default:
			r, size := utf8.DecodeRuneInString(p.text[p.pos:])
			if r == utf8.RuneError && size == 1 {
				return p.refuse("the document is not valid UTF-8")
			}
			p.pos += size
		}
	}
	return p.refuse("the document ends inside a string")
}

// escape reads one escaped character, which may be a surrogate pair.
func (p *parser) escape() (rune, error) {
	at := p.pos
	p.pos++ // the backslash
	if p.pos >= len(p.text) {
		return 0, p.refuse("the document ends inside a string")
	}
	c := p.text[p.pos]
	p.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return p.codePoint(at)
	}
	return 0, p.refuseAt(at, "unknown escape in a string")
}

// The ranges of UTF-16 surrogates, which mean something in pairs only (RFC 8259 §8.2).
const (
	highSurrogate    = 0xD800
	lowSurrogate     = 0xDC00
	endOfSurrogates  = 0xE000
	firstPairedPoint = 0x10000
)

// codePoint reads the four hexadecimal digits of an escape that began at offset at, and its second half if it has one.
func (p *parser) codePoint(at int) (rune, error) {
	unit, err := p.hex4(at)
	if err != nil || unit < highSurrogate || unit >= endOfSurrogates {
		return unit, err
	}
	if unit >= lowSurrogate || !strings.HasPrefix(p.text[p.pos:], `\u`) {
		return 0, p.refuseAt(at, "half a surrogate pair in a string")
	}
	p.pos += len(`\u`)
	low, err := p.hex4(at)
	if err != nil {
		return 0, err
	}
	if low < lowSurrogate || low >= endOfSurrogates {
		return 0, p.refuseAt(at, "half a surrogate pair in a string")
	}
	return firstPairedPoint + (unit-highSurrogate)<<10 + (low - lowSurrogate), nil
}

func (p *parser) hex4(at int) (rune, error) {
	if len(p.text)-p.pos < 4 {
		return 0, p.refuseAt(at, "an escape needs four hexadecimal digits")
	}
	var r rune
	for range 4 {
		d, ok := hexDigit(p.text[p.pos])
		if !ok {
			return 0, p.refuseAt(at, "an escape needs four hexadecimal digits")
		}
		r = r<<4 | d
		p.pos++
	}
	return r, nil
}

func hexDigit(c byte) (rune, bool) {
	switch {
	case isDigit(c):
		return rune(c - '0'), true
	case 'a' <= c && c <= 'f':
		return rune(c-'a') + 10, true
	case 'A' <= c && c <= 'F':
		return rune(c-'A') + 10, true
	}
	return 0, false
}
