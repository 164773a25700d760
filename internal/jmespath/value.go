package jmespath

import (
	"math/big"
	"slices"
	"strconv"
)

// Kind is the kind of a Value.
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

// String names the kind as the function type() does.
func (k Kind) String() string { return kindNames[k] }

// Value is a JSON value whose objects keep the order of their members and whose integers keep every digit. Values are not
// changed once made.
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

// TextOf makes a string.
func TextOf(text string) Value { return Value{kind: String, text: text} }

// BoolOf makes a boolean.
func BoolOf(b bool) Value {
	if b {
		return Value{kind: Bool, text: "true"}
	}
	return Value{kind: Bool}
}

// IntOf makes a number.
func IntOf(n int64) Value { return Value{kind: Number, text: strconv.FormatInt(n, 10)} }

// ListOf makes an array of these items, which the caller gives away.
func ListOf(items []Value) Value { return Value{kind: Array, items: items} }

// ObjectOf makes an object of these members, which the caller gives away. Their names differ.
func ObjectOf(members []Member) Value { return Value{kind: Object, members: members} }

// NumberOf makes a number from a JSON literal. An integer keeps its digits; a fraction becomes what a double holds of it,
// spelled as the reference spells doubles.
func NumberOf(literal string) Value {
	if isInteger(literal) {
		if literal == "-0" {
			literal = "0"
		}
		return Value{kind: Number, text: literal}
	}
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return Value{kind: Number, text: literal} // out of a double's range: better as it came than as infinity
	}
	return floatOf(f)
}

func isInteger(literal string) bool {
	for i := range len(literal) {
		if c := literal[i]; (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

func floatOf(f float64) Value { return Value{kind: Number, text: spellFloat(f)} }

// The decimal exponents between which a double is written without an exponent.
const (
	smallestPlain = -4
	largestPlain  = 16
)

// spellFloat writes the shortest digits that read back as f, always with a fraction or an exponent, so that 3.0 stays
// different from 3.
func spellFloat(f float64) string {
	scientific := strconv.FormatFloat(f, 'e', -1, 64)
	at := len(scientific) - 1
	for at > 0 && scientific[at] != 'e' {
		at--
	}
	exponent, err := strconv.Atoi(scientific[at+1:])
	if err != nil || exponent < smallestPlain || exponent >= largestPlain {
		return scientific
	}
	plain := strconv.FormatFloat(f, 'f', -1, 64)
	if isInteger(plain) {
		return plain + ".0"
	}
	return plain
}

// Kind tells what the value is.
func (v Value) Kind() Kind { return v.kind }

// IsNull reports whether the value is null.
func (v Value) IsNull() bool { return v.kind == Null }

// Bool is the value of a boolean.
func (v Value) Bool() bool { return v.kind == Bool && v.text == "true" }

// Text is the text of a string, or the empty string for any other value.
func (v Value) Text() string {
	if v.kind != String {
		return ""
	}
	return v.text
}

// Number is the literal of a number, or the empty string for any other value.
func (v Value) Number() string {
	if v.kind != Number {
		return ""
	}
	return v.text
}

// Items are the elements of an array. The caller must not change them.
func (v Value) Items() []Value { return v.items }

// Members are the members of an object in order. The caller must not change them.
func (v Value) Members() []Member { return v.members }

// Get finds the member of an object that has this name.
func (v Value) Get(name string) (Value, bool) {
	for i := range v.members {
		if v.members[i].Name == name {
			return v.members[i].Value, true
		}
	}
	return Value{}, false
}

// truth is what a filter, && and || make of a value: empty things are false, every number is true.
func (v Value) truth() bool {
	switch v.kind {
	case Null:
		return false
	case Bool:
		return v.Bool()
	case String:
		return v.text != ""
	case Array:
		return len(v.items) > 0
	case Object:
		return len(v.members) > 0
	}
	return true
}

// Equal compares by meaning: 1 equals 1.0, and the order of members does not matter.
func (v Value) Equal(other Value) bool {
	if v.kind != other.kind {
		return false
	}
	switch v.kind {
	case Number:
		return compareNumbers(v, other) == 0
	case Array:
		return slices.EqualFunc(v.items, other.items, Value.Equal)
	case Object:
		return equalMembers(v, other)
	}
	return v.text == other.text
}

func equalMembers(a, b Value) bool {
	if len(a.members) != len(b.members) {
		return false
	}
	for _, member := range a.members {
		if theirs, found := b.Get(member.Name); !found || !member.Value.Equal(theirs) {
			return false
		}
	}
	return true
}

// exact is the number behind a value with nothing lost.
func (v Value) exact() *big.Float {
	if isInteger(v.text) {
		if n, ok := new(big.Int).SetString(v.text, 10); ok {
			return new(big.Float).SetInt(n)
		}
	}
	return big.NewFloat(v.double())
}

// double is the nearest double to a number.
func (v Value) double() float64 {
	f, _ := strconv.ParseFloat(v.text, 64)
	return f
}

func compareNumbers(a, b Value) int { return a.exact().Cmp(b.exact()) }

// set returns the members with one replaced in place, or added at the end.
func set(members []Member, name string, value Value) []Member {
	for i := range members {
		if members[i].Name == name {
			members[i].Value = value
			return members
		}
	}
	return append(members, Member{name, value})
}

// Shown is a text as it is and anything else as JSON.
func (v Value) Shown() string {
	if v.Kind() == String {
		return v.Text()
	}
	return string(Compact.AppendJSON(nil, v))
}

// Parts is what a value falls into where the reference goes through it without asking its kind: the elements of a list, the characters of a
// text, the names of an object.
func (v Value) Parts() (Value, bool) {
	switch v.kind {
	case Array:
		return v, true
	case String:
		return Characters(v.Text()), true
	case Object:
		names := make([]Value, len(v.Members()))
		for i, member := range v.Members() {
			names[i] = TextOf(member.Name)
		}
		return ListOf(names), true
	}
	return Value{}, false
}

// Characters is the list of the characters of a text.
func Characters(text string) Value {
	var items []Value
	for _, r := range text {
		items = append(items, TextOf(string(r)))
	}
	return ListOf(items)
}
