package shorthand

import (
	"errors"
	"math/big"
	"strconv"
	"strings"

	"sallyport/internal/jmespath"
)

// maxDigits bounds the conversion of an integer; it is where Python ends as well.
const maxDigits = 4300

// fit makes of a value what its target says. What does not fit stays as it is for validation to name; only numbers and booleans fail here.
func fit(target *Target, value jmespath.Value, depth int) (jmespath.Value, error) {
	if depth > maxDepth {
		return value, nil // no value is as deep
	}
	switch target.Kind {
	case Integer:
		return fitInteger(value)
	case Float:
		return fitFloat(value)
	case Boolean:
		return fitBoolean(value)
	case List:
		return fitList(target, value, depth)
	case Map:
		return fitMembers(value, depth, func(string) *Target { return target.Element })
	case Structure:
		return fitMembers(value, depth, target.member)
	case Document:
		return value, errDocument
	}
	return value, nil
}

// errDocument becomes a *SyntaxError that names the member as soon as its name is known.
var errDocument = errors.New("a document within shorthand")

// fitList makes a list of a single value, which it leaves as it is: the reference makes no number of it either.
func fitList(target *Target, value jmespath.Value, depth int) (jmespath.Value, error) {
	if value.Kind() != jmespath.Array {
		return jmespath.ListOf([]jmespath.Value{value}), nil
	}
	items := make([]jmespath.Value, 0, len(value.Items()))
	for _, item := range value.Items() {
		fitted, err := fit(target.Element, item, depth+1)
		if err != nil {
			return value, err
		}
		items = append(items, fitted)
	}
	return jmespath.ListOf(items), nil
}

func (t *Target) member(name string) *Target {
	for _, member := range t.Members {
		if member.Name == name {
			return member.Target
		}
	}
	return nil
}

func fitMembers(value jmespath.Value, depth int, target func(name string) *Target) (jmespath.Value, error) {
	if value.Kind() != jmespath.Object {
		return value, nil
	}
	members := make([]jmespath.Member, 0, len(value.Members()))
	for _, member := range value.Members() {
		if wanted := target(member.Name); wanted != nil {
			fitted, err := fit(wanted, member.Value, depth+1)
			if err != nil {
				return value, named(err, member.Name)
			}
			member.Value = fitted
		}
		members = append(members, member)
	}
	return jmespath.ObjectOf(members), nil
}

// named puts the name of the member into an error that has none yet.
func named(err error, member string) error {
	var fault *ValueError
	switch {
	case errors.Is(err, errDocument):
		return &SyntaxError{Problem: "shorthand cannot express the document in " + member + "; write the whole option as JSON"}
	case errors.As(err, &fault) && fault.Member == "":
		return &ValueError{member, fault.Problem}
	}
	return err
}

// fitInteger takes what Python's int takes of ASCII: blanks around it, a sign, single underscores between digits.
func fitInteger(value jmespath.Value) (jmespath.Value, error) {
	text := strings.TrimFunc(value.Text(), isSpace)
	n, ok := new(big.Int), false
	if digits, isNumber := ungroup(text); isNumber && len(text) <= maxDigits {
		n, ok = n.SetString(digits, 10)
	}
	if !ok {
		return value, &ValueError{"", "not an integer"}
	}
	return jmespath.NumberOf(n.String()), nil
}

// ungroup takes underscores out of a number and reports whether each stood between digits.
func ungroup(text string) (digits string, ok bool) {
	for at := range len(text) {
		if text[at] == '_' && (at == 0 || at == len(text)-1 || !isDigit(text[at-1]) || !isDigit(text[at+1])) {
			return "", false
		}
	}
	return strings.ReplaceAll(text, "_", ""), true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// fitFloat leaves out what JSON has no form for, infinities and what is not a number.
func fitFloat(value jmespath.Value) (jmespath.Value, error) {
	digits, ok := ungroup(strings.TrimFunc(value.Text(), isSpace))
	f, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || strings.Trim(digits, "0123456789+-.eE") != "" {
		return value, &ValueError{"", "not a number that a double can hold"}
	}
	// With an exponent the literal stays a fraction, as the reference has 1.0 other than 1.
	return jmespath.NumberOf(strconv.FormatFloat(f, 'e', -1, 64)), nil
}

func fitBoolean(value jmespath.Value) (jmespath.Value, error) {
	if value.Kind() != jmespath.String {
		return value, &ValueError{"", "neither true nor false"}
	}
	switch strings.ToLower(value.Text()) {
	case "true":
		return jmespath.BoolOf(true), nil
	case "false":
		return jmespath.BoolOf(false), nil
	}
	return value, nil
}
