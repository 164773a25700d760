package policy

import (
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"time"

	"sallyport/internal/strictjson"
)

// condition is one key of one operator. All conditions of a statement have to hold.
type condition struct {
	operator  *operator
	qualifier qualifier
	ifExists  bool
	key       string
	values    []test
}

// qualifier says how the values of a key that may have many are counted.
type qualifier uint8

const (
	plain qualifier = iota
	forAll
	forAny
)

var qualifiers = map[string]qualifier{"ForAllValues": forAll, "ForAnyValue": forAny}

// test compares one value of the policy with one of the request.
type test func(actual string, context Context) outcome

// operator is one kind of comparison.
type operator struct {
	negated bool
	null    bool // asks whether the key is there at all
	compile func(text string, variables bool) (test, string)
}

// operators are all operators by their names, without qualifier and IfExists. What is not in the table is refused: an operator that is
// skipped is a condition that does not hold anybody back.
var operators = map[string]*operator{
	"StringEquals":              {compile: textTest(false, false)},
	"StringNotEquals":           {compile: textTest(false, false), negated: true},
	"StringEqualsIgnoreCase":    {compile: textTest(false, true)},
	"StringNotEqualsIgnoreCase": {compile: textTest(false, true), negated: true},
	"StringLike":                {compile: textTest(true, false)},
	"StringNotLike":             {compile: textTest(true, false), negated: true},
	"ArnEquals":                 {compile: arnTest}, // IAM compares both forms alike
	"ArnLike":                   {compile: arnTest},
	"ArnNotEquals":              {compile: arnTest, negated: true},
	"ArnNotLike":                {compile: arnTest, negated: true},
	"Bool":                      {compile: boolTest},
	"NumericEquals":             {compile: numberTest(equal)},
	"NumericNotEquals":          {compile: numberTest(equal), negated: true},
	"NumericLessThan":           {compile: numberTest(less)},
	"NumericLessThanEquals":     {compile: numberTest(lessOrEqual)},
	"NumericGreaterThan":        {compile: numberTest(greater)},
	"NumericGreaterThanEquals":  {compile: numberTest(greaterOrEqual)},
	"DateEquals":                {compile: dateTest(equal)},
	"DateNotEquals":             {compile: dateTest(equal), negated: true},
	"DateLessThan":              {compile: dateTest(less)},
	"DateLessThanEquals":        {compile: dateTest(lessOrEqual)},
	"DateGreaterThan":           {compile: dateTest(greater)},
	"DateGreaterThanEquals":     {compile: dateTest(greaterOrEqual)},
	"IpAddress":                 {compile: addressTest},
	"NotIpAddress":              {compile: addressTest, negated: true},
	"Null":                      {compile: boolTest, null: true},
}

// condition reads a Condition element.
func (r *reader) condition(s *statement, path string, value strictjson.Value) *Error {
	if value.Kind() != strictjson.Object {
		return refuse(path, "must be an object of operators")
	}
	for _, m := range value.Members() {
		if err := r.operator(s, under(path, m.Name), m.Name, m.Value); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) operator(s *statement, path, name string, value strictjson.Value) *Error {
	c := condition{}
	base := name
	if prefix, rest, found := strings.Cut(name, ":"); found {
		if c.qualifier = qualifiers[prefix]; c.qualifier == plain {
			return refuse(path, "%s is no qualifier: there are ForAllValues and ForAnyValue", quote(prefix))
		}
		base = rest
	}
	base, c.ifExists = strings.CutSuffix(base, "IfExists")
	c.operator = operators[base]
	switch {
	case c.operator == nil:
		return refuse(path, "there is no such condition operator")
	case c.operator.null && (c.ifExists || c.qualifier != plain):
		return refuse(path, "Null asks whether a key exists, and takes neither IfExists nor a qualifier")
	case value.Kind() != strictjson.Object || len(value.Members()) == 0:
		return refuse(path, "must be an object of condition keys and their values")
	}
	for _, m := range value.Members() {
		path := under(path, m.Name)
		if !isKey(m.Name) {
			return refuse(path, "is no condition key: write a prefix, a colon and a name, such as aws:SourceIp")
		}
		c.key = m.Name
		var err *Error
		if c.values, err = r.values(path, c.operator, m.Value); err != nil {
			return err
		}
		s.conditions = append(s.conditions, c)
	}
	return nil
}

// values reads the values of a key: one or a list, each a string or, where people write them so, a number or a boolean.
func (r *reader) values(path string, o *operator, value strictjson.Value) ([]test, *Error) {
	items := value.Items()
	if value.Kind() != strictjson.Array {
		items = []strictjson.Value{value}
	}
	if len(items) == 0 {
		return nil, refuse(path, "must have at least one value")
	}
	tests := make([]test, len(items))
	for i, item := range items {
		text, ok := scalar(item)
		if !ok {
			return nil, refuse(path, "values are strings, numbers or booleans")
		}
		var problem string
		if tests[i], problem = o.compile(text, r.variables); problem != "" {
			return nil, refuse(path, "%s %s", quote(text), problem)
		}
	}
	return tests, nil
}

func scalar(value strictjson.Value) (string, bool) {
	switch value.Kind() {
	case strictjson.String:
		return value.Text(), true
	case strictjson.Number:
		return value.Number(), true
	case strictjson.Bool:
		if value.Bool() {
			return "true", true
		}
		return "false", true
	}
	return "", false
}

// holds decides the condition. A comparison with an unresolved policy variable matches nothing. Under a negated operator that would let
// everything in, so there an Allow does not hold, while a Deny does.
func (c *condition) holds(context Context, deny bool) bool {
	actual := context.get(c.key)
	switch {
	case c.operator.null:
		absent := "false"
		if len(actual) == 0 {
			absent = "true"
		}
		return slices.ContainsFunc(c.values, func(t test) bool { return t(absent, nil) == matched })
	case len(actual) == 0:
		return c.ifExists || c.qualifier == forAll || c.qualifier == plain && c.operator.negated
	}
	good := func(value string) bool { return c.compare(value, context, deny) }
	if c.qualifier == forAll || c.qualifier == plain && c.operator.negated {
		return !slices.ContainsFunc(actual, func(value string) bool { return !good(value) })
	}
	return slices.ContainsFunc(actual, good)
}

// compare holds one value of the request against all of the policy: one of them has to match, or none if the operator is negated.
func (c *condition) compare(actual string, context Context, deny bool) bool {
	open := false
	for _, value := range c.values {
		switch value(actual, context) {
		case matched:
			return !c.operator.negated
		case unresolved:
			open = true
		}
	}
	return c.operator.negated && (deny || !open)
}

func textTest(wild, fold bool) func(string, bool) (test, string) {
	return func(text string, variables bool) (test, string) {
		p, problem := compile(text, wild, variables)
		return func(actual string, context Context) outcome { return p.matches(actual, fold, context) }, problem
	}
}

func arnTest(text string, variables bool) (test, string) {
	p, problem := compileARN(text, variables)
	return p.matches, problem
}

func verdict(matches bool) outcome {
	if matches {
		return matched
	}
	return unmatched
}

func boolTest(text string, _ bool) (test, string) {
	if !sameFolded(text, "true") && !sameFolded(text, "false") {
		return nil, "is neither true nor false"
	}
	return func(actual string, _ Context) outcome { return verdict(sameFolded(actual, text)) }, ""
}

// order tells whether a comparison of -1, 0 or 1, request to policy, is what an operator asks for.
type order func(int) bool

func equal(c int) bool          { return c == 0 }
func less(c int) bool           { return c < 0 }
func lessOrEqual(c int) bool    { return c <= 0 }
func greater(c int) bool        { return c > 0 }
func greaterOrEqual(c int) bool { return c >= 0 }

// maxDigits bounds a number, which is compared exactly.
const maxDigits = 40

func parseNumber(text string) (*big.Rat, bool) {
	whole, fraction, dotted := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	digits := "0123456789"
	if whole == "" || dotted && fraction == "" || len(text) > maxDigits || strings.Trim(whole, digits) != "" || strings.Trim(fraction, digits) != "" {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

func numberTest(want order) func(string, bool) (test, string) {
	return func(text string, _ bool) (test, string) {
		limit, ok := parseNumber(text)
		if !ok {
			return nil, "is not a number: write digits, with a decimal point if need be"
		}
		return func(actual string, _ Context) outcome {
			value, ok := parseNumber(actual)
			return verdict(ok && want(value.Cmp(limit)))
		}, ""
	}
}

// dateForms are the forms of ISO 8601 that dates are written in.
var dateForms = []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", time.DateOnly}

// maxEpoch is the end of the year 9999 in Unix seconds.
const maxEpoch = 253_402_300_799

func parseDate(text string) (time.Time, bool) {
	for _, form := range dateForms {
		if moment, err := time.Parse(form, text); err == nil {
			return moment, true
		}
	}
	seconds, ok := parseNumber(text)
	if !ok || seconds.Sign() < 0 || seconds.Cmp(big.NewRat(maxEpoch, 1)) > 0 {
		return time.Time{}, false
	}
	whole := new(big.Int).Quo(seconds.Num(), seconds.Denom())
	return time.Unix(whole.Int64(), 0), true
}

func dateTest(want order) func(string, bool) (test, string) {
	return func(text string, _ bool) (test, string) {
		limit, ok := parseDate(text)
		if !ok {
			return nil, "is not a date: write 2026-11-22T04:05:06Z, 2026-11-22, or seconds since 1970"
		}
		return func(actual string, _ Context) outcome {
			moment, ok := parseDate(actual)
			return verdict(ok && want(moment.Compare(limit)))
		}, ""
	}
}

// mappedBits is what stands before an IPv4 address in the form of IPv6 (RFC 4291 §2.5.5.2).
const mappedBits = 96

func addressTest(text string, _ bool) (test, string) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		address, err := netip.ParseAddr(text)
		if err != nil || address.Zone() != "" {
			return nil, "is neither an IP address nor a range such as 203.0.113.0/24"
		}
		address = address.Unmap()
		prefix = netip.PrefixFrom(address, address.BitLen())
	}
	if prefix.Addr().Is4In6() && prefix.Bits() >= mappedBits { // addresses of requests are in the form of IPv4
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mappedBits)
	}
	return func(actual string, _ Context) outcome {
		address, err := netip.ParseAddr(actual)
		return verdict(err == nil && prefix.Contains(address.Unmap()))
	}, ""
}
