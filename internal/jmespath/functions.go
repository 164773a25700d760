package jmespath

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"
)

// The ways in which an expression that reads well can still fail on a value.
var (
	errStrayReference = errors.New("an expression after & is only good as an argument of a function")
	errZeroStep       = errors.New("the step of a slice cannot be zero")
	errMixedOrder     = errors.New("a string and a number have no order")
)

// accepted is a set of types that an argument may have.
type accepted int

const (
	null accepted = 1 << iota
	boolean
	number
	text
	array
	object
	expression
	numbers // an array of numbers only
	texts   // an array of strings only

	anything = null | boolean | number | text | array | object
)

var acceptedNames = []string{"null", "boolean", "number", "string", "array", "object", "expression", "array[number]", "array[string]"}

func (a accepted) String() string {
	var names []string
	for i, name := range acceptedNames {
		if a&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// admits reports whether a value has one of the types.
func (a accepted) admits(v Value) bool {
	if a&(1<<v.kind) != 0 {
		return true
	}
	return v.kind == Array && (a&numbers != 0 && allOf(v.items, Number) || a&texts != 0 && allOf(v.items, String))
}

func allOf(items []Value, kind Kind) bool {
	return !slices.ContainsFunc(items, func(item Value) bool { return item.kind != kind })
}

// argument is what a function receives: a value, or a reference to evaluate itself.
type argument struct {
	Value
	expression node
}

// function is one function of the specification.
type function struct {
	takes    []accepted
	variadic bool // the last type may come again
	apply    func([]argument) (Value, error)
}

// functions are all functions, by name.
var functions = map[string]function{
	"abs":         {takes: []accepted{number}, apply: abs},
	"avg":         {takes: []accepted{numbers}, apply: avg},
	"ceil":        {takes: []accepted{number}, apply: rounded(math.Ceil)},
	"contains":    {takes: []accepted{array | text, anything}, apply: contains},
	"ends_with":   {takes: []accepted{text, text}, apply: compareTexts(strings.HasSuffix)},
	"floor":       {takes: []accepted{number}, apply: rounded(math.Floor)},
	"join":        {takes: []accepted{text, texts}, apply: join},
	"keys":        {takes: []accepted{object}, apply: keys},
	"length":      {takes: []accepted{text | array | object}, apply: length},
	"map":         {takes: []accepted{expression, array}, apply: mapped},
	"max":         {takes: []accepted{numbers | texts}, apply: extreme(1)},
	"max_by":      {takes: []accepted{array, expression}, apply: extremeBy(1)},
	"merge":       {takes: []accepted{object}, variadic: true, apply: merge},
	"min":         {takes: []accepted{numbers | texts}, apply: extreme(-1)},
	"min_by":      {takes: []accepted{array, expression}, apply: extremeBy(-1)},
	"not_null":    {takes: []accepted{anything}, variadic: true, apply: notNull},
	"reverse":     {takes: []accepted{array | text}, apply: reverse},
	"sort":        {takes: []accepted{numbers | texts}, apply: sort},
	"sort_by":     {takes: []accepted{array, expression}, apply: sortBy},
	"starts_with": {takes: []accepted{text, text}, apply: compareTexts(strings.HasPrefix)},
	"sum":         {takes: []accepted{numbers}, apply: sum},
	"to_array":    {takes: []accepted{anything}, apply: toArray},
	"to_number":   {takes: []accepted{anything}, apply: toNumber},
	"to_string":   {takes: []accepted{anything}, apply: toString},
	"type":        {takes: []accepted{anything}, apply: typeOf},
	"values":      {takes: []accepted{object}, apply: func(a []argument) (Value, error) { return ListOf(valuesOf(a[0].Value)), nil }},
}

func (n call) eval(v Value) (Value, error) {
	function, known := functions[n.name]
	if !known {
		return Value{}, fmt.Errorf("unknown function: %s()", n.name)
	}
	if err := function.checkCount(n); err != nil {
		return Value{}, err
	}
	arguments := make([]argument, len(n.arguments))
	for i, given := range n.arguments {
		if err := arguments[i].fill(given, v); err != nil {
			return Value{}, err
		}
		if err := arguments[i].check(function.takes[min(i, len(function.takes)-1)]); err != nil {
			return Value{}, fmt.Errorf("in function %s(): argument %d %w", n.name, i+1, err)
		}
	}
	result, err := function.apply(arguments)
	if err != nil {
		return Value{}, fmt.Errorf("in function %s(): %w", n.name, err)
	}
	return result, nil
}

func (f function) checkCount(n call) error {
	given, want := len(n.arguments), len(f.takes)
	if given == want || f.variadic && given > want {
		return nil
	}
	atLeast := ""
	if f.variadic {
		atLeast = "at least "
	}
	return fmt.Errorf("in function %s(): expected %s%d arguments, received %d", n.name, atLeast, want, given)
}

func (a *argument) fill(given node, v Value) (err error) {
	if reference, ok := given.(reference); ok {
		a.expression = reference.node
		return nil
	}
	a.Value, err = given.eval(v)
	return err
}

func (a *argument) check(want accepted) error {
	if a.expression != nil {
		if want&expression == 0 {
			return fmt.Errorf("must be %v, received an expression", want)
		}
		return nil
	}
	if !want.admits(a.Value) {
		return fmt.Errorf("must be %v, received %v", want, a.kind)
	}
	return nil
}

// ordered reports whether < and its kin know the value.
func (v Value) ordered() bool { return v.kind == Number || v.kind == String }

// compare orders two numbers or two strings. UTF-8 orders as code points do.
func (v Value) compare(other Value) int {
	if v.kind == Number {
		return compareNumbers(v, other)
	}
	return strings.Compare(v.text, other.text)
}

func abs(a []argument) (Value, error) {
	return Value{kind: Number, text: strings.TrimPrefix(a[0].text, "-")}, nil
}

func avg(a []argument) (Value, error) {
	if len(a[0].items) == 0 {
		return Value{}, nil
	}
	total, _ := sum(a)
	return floatOf(total.double() / float64(len(a[0].items))), nil
}

// sum stays an integer as long as everything is one.
func sum(a []argument) (Value, error) {
	whole := new(big.Int)
	for i, item := range a[0].items {
		if !isInteger(item.text) {
			return sumDoubles(whole, a[0].items[i:]), nil
		}
		n, _ := new(big.Int).SetString(item.text, 10)
		whole.Add(whole, n)
	}
	return Value{kind: Number, text: whole.String()}, nil
}

func sumDoubles(whole *big.Int, rest []Value) Value {
	total, _ := new(big.Float).SetInt(whole).Float64()
	for _, item := range rest {
		total += item.double()
	}
	return floatOf(total)
}

func rounded(round func(float64) float64) func([]argument) (Value, error) {
	return func(a []argument) (Value, error) {
		if isInteger(a[0].text) {
			return a[0].Value, nil
		}
		whole, _ := big.NewFloat(round(a[0].double())).Int(nil)
		return Value{kind: Number, text: whole.String()}, nil
	}
}

func contains(a []argument) (Value, error) {
	if a[0].kind == Array {
		return BoolOf(slices.ContainsFunc(a[0].items, a[1].Equal)), nil
	}
	if a[1].kind != String {
		return Value{}, fmt.Errorf("a string contains strings only, received %v", a[1].kind)
	}
	return BoolOf(strings.Contains(a[0].text, a[1].text)), nil
}

func compareTexts(compare func(s, part string) bool) func([]argument) (Value, error) {
	return func(a []argument) (Value, error) { return BoolOf(compare(a[0].text, a[1].text)), nil }
}

func join(a []argument) (Value, error) {
	parts := make([]string, len(a[1].items))
	for i, item := range a[1].items {
		parts[i] = item.text
	}
	return TextOf(strings.Join(parts, a[0].text)), nil
}

func keys(a []argument) (Value, error) {
	names := make([]Value, len(a[0].members))
	for i, member := range a[0].members {
		names[i] = TextOf(member.Name)
	}
	return ListOf(names), nil
}

func length(a []argument) (Value, error) {
	switch a[0].kind {
	case String:
		return IntOf(int64(utf8.RuneCountInString(a[0].text))), nil
	case Array:
		return IntOf(int64(len(a[0].items))), nil
	}
	return IntOf(int64(len(a[0].members))), nil
}

func mapped(a []argument) (Value, error) {
	results := make([]Value, len(a[1].items))
	for i, item := range a[1].items {
		var err error
		if results[i], err = a[0].expression.eval(item); err != nil {
			return Value{}, err
		}
	}
	return ListOf(results), nil
}

// extreme finds the greatest (sign 1) or the smallest (sign -1) element, of equal ones the first.
func extreme(sign int) func([]argument) (Value, error) {
	return func(a []argument) (Value, error) {
		return a[0].at(extremeAt(a[0].items, sign)), nil
	}
}

func extremeBy(sign int) func([]argument) (Value, error) {
	return func(a []argument) (Value, error) {
		keys, err := sortKeys(a)
		if err != nil {
			return Value{}, err
		}
		return a[0].at(extremeAt(keys, sign)), nil
	}
}

func (a argument) at(i int) Value {
	if i < 0 {
		return Value{}
	}
	return a.items[i]
}

func extremeAt(items []Value, sign int) int {
	best := -1
	for i, item := range items {
		if best < 0 || item.compare(items[best])*sign > 0 {
			best = i
		}
	}
	return best
}

func sort(a []argument) (Value, error) {
	items := slices.Clone(a[0].items)
	slices.SortStableFunc(items, Value.compare)
	return ListOf(items), nil
}

func sortBy(a []argument) (Value, error) {
	keys, err := sortKeys(a)
	if err != nil {
		return Value{}, err
	}
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return keys[i].compare(keys[j]) })
	items := make([]Value, len(order))
	for i, from := range order {
		items[i] = a[0].items[from]
	}
	return ListOf(items), nil
}

// sortKeys evaluates the expression for every element. All keys must be numbers, or all strings.
func sortKeys(a []argument) ([]Value, error) {
	keys := make([]Value, len(a[0].items))
	for i, item := range a[0].items {
		var err error
		if keys[i], err = a[1].expression.eval(item); err != nil {
			return nil, err
		}
		if !keys[i].ordered() || keys[i].kind != keys[0].kind {
			return nil, fmt.Errorf("the keys must be all numbers or all strings, received %v", keys[i].kind)
		}
	}
	return keys, nil
}

func merge(a []argument) (Value, error) {
	members := []Member{}
	for _, object := range a {
		for _, member := range object.members {
			members = set(members, member.Name, member.Value)
		}
	}
	return ObjectOf(members), nil
}

func notNull(a []argument) (Value, error) {
	for _, candidate := range a {
		if !candidate.IsNull() {
			return candidate.Value, nil
		}
	}
	return Value{}, nil
}

func reverse(a []argument) (Value, error) {
	if a[0].kind == String {
		runes := []rune(a[0].text)
		slices.Reverse(runes)
		return TextOf(string(runes)), nil
	}
	items := slices.Clone(a[0].items)
	slices.Reverse(items)
	return ListOf(items), nil
}

func toArray(a []argument) (Value, error) {
	if a[0].kind == Array {
		return a[0].Value, nil
	}
	return ListOf([]Value{a[0].Value}), nil
}

func toNumber(a []argument) (Value, error) {
	if a[0].kind == Number {
		return a[0].Value, nil
	}
	if value, err := ParseJSON([]byte(a[0].Text())); err == nil && value.kind == Number {
		return value, nil
	}
	return Value{}, nil
}

func toString(a []argument) (Value, error) {
	if a[0].kind == String {
		return a[0].Value, nil
	}
	return TextOf(string(Compact.AppendJSON(nil, a[0].Value))), nil
}

func typeOf(a []argument) (Value, error) { return TextOf(a[0].kind.String()), nil }
