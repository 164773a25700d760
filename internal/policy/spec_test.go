package policy

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// This file is the executable specification: the rules once more, written as they are told and without care for speed, over documents
// decoded by encoding/json. The evaluator is compared with it on random policies and requests.
//
// A specification that is compared has to be able to disagree. So each rule can be told wrong, by its name, and a test demands that the
// comparison notices every single one of them.

type object = map[string]any

// spec evaluates. wrong is the name of the rule that it gets wrong, empty for none.
type spec struct {
	wrong string
	older bool // the policy is of the version without variables
}

// wrongRules are the names.
var wrongRules = []string{
	"an allow beats a deny", "the case of an action counts", "a star stands for one character or more", "a question mark may stand for nothing",
	"the case of a resource does not matter", "a wildcard reaches into the next part of an ARN", "NotAction is Action", "NotResource is Resource",
	"the case of a condition key counts", "the case of a value does not matter", "one of several operators is enough", "all values have to match",
	"a missing key satisfies", "a missing key fails a negated operator", "IfExists is not there", "ForAllValues needs a value",
	"ForAnyValue holds without values", "ForAllValues is ForAnyValue", "ForAnyValue is ForAllValues", "a negated operator wants one difference",
	"StringEquals has wildcards", "a wildcard in a variable is one", "a variable without a value is empty", "what is unresolved widens",
	"a default is not there", "less is less or equal", "numbers are text", "dates are text", "a range is an address", "Null is turned around",
	"a role is found by its name", "a role is not its sessions", "a session is its role", "an account is all accounts", "an account names its own",
	"a user is found without the account", "a provider is any provider", "everybody is everybody with an account",
	"a session policy widens", "a session policy is not there", "the resource is not asked", "one side is enough across accounts",
	"an account in a resource policy is enough", "the older version has variables",
}

func TestTheEvaluatorAgreesWithItsSpecification(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trial := trials.Draw(t, "trial")
		got, want := trial.answers(t, spec{})
		if got != want {
			t.Fatalf("the evaluator says %s\nthe specification says %s\nof %s", got, want, trial)
		}
	})
}

func TestTheComparisonNoticesEveryWrongRule(t *testing.T) {
	const enough = 20_000
	missing := slices.Clone(wrongRules)
	for seed := range enough {
		trial := trials.Example(seed)
		if got, want := trial.answers(t, spec{}); got != want {
			t.Fatalf("the evaluator says %s\nthe specification says %s\nof %s", got, want, trial)
		}
		missing = slices.DeleteFunc(missing, func(rule string) bool {
			got, want := trial.answers(t, spec{wrong: rule})
			return got != want
		})
	}
	for _, rule := range missing {
		t.Errorf("nobody noticed in %d trials that %s", enough, rule)
	}
}

// trial is one random access.
type trial struct {
	identity, resource, limit object // policies; nil where there is none
	request                   Request
	kind                      Kind // of the resource's
	owner                     string
	required                  bool
}

func (c trial) String() string {
	text, _ := json.MarshalIndent(object{"identity": c.identity, "resource": c.resource, "limit": c.limit, "request": c.request, "owner": c.owner, "required": c.required}, "", " ")
	return string(text)
}

// answers are what both say of the policy of the resource by itself, and of everything together.
func (c trial) answers(t interface{ Fatal(...any) }, s spec) (got, want string) {
	read := func(kind Kind, document object) Set {
		if document == nil {
			return nil
		}
		text, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Parse(text, kind)
		if err != nil {
			t.Fatal(string(text), err)
		}
		return Set{{"p", p}}
	}
	a := Access{
		Request: c.request, Identity: read(Identity, c.identity), Resource: read(c.kind, c.resource),
		ResourceAccount: c.owner, ResourceRequired: c.required,
	}
	if c.limit != nil {
		a.Limits = []Limit{{"limit", read(Session, c.limit)}}
	}
	alone := a.Resource.Evaluate(&a.Request)
	decision, delegated := s.policy(c.resource, c.request)
	return fmt.Sprintf("%s %t, %s", alone.Decision, alone.Delegated, Decide(a).Decision),
		fmt.Sprintf("%s %t, %s", decision, delegated, s.decide(c))
}

// decide: a deny anywhere wins; limits have to allow; then the sides.
func (s spec) decide(c trial) Decision {
	identity, _ := s.policy(c.identity, c.request)
	resource, delegated := s.policy(c.resource, c.request)
	limit := Allow
	if c.limit != nil && s.wrong != "a session policy is not there" {
		limit, _ = s.policy(c.limit, c.request)
	}
	if s.wrong == "an account in a resource policy is enough" {
		delegated = false
	}
	p := c.request.Principal
	anIdentity := p.Kind == User || p.Kind == AssumedRole
	atHome := anIdentity && p.Account == c.owner
	allowed := false
	switch {
	case identity == ExplicitDeny || resource == ExplicitDeny || limit == ExplicitDeny:
		return ExplicitDeny
	case !anIdentity:
		allowed = resource == Allow
	case !atHome:
		allowed = resource == Allow && identity == Allow
		if s.wrong == "one side is enough across accounts" {
			allowed = resource == Allow || identity == Allow
		}
	case resource == Allow && !delegated:
		allowed = true
	case resource == Allow:
		allowed = identity == Allow
	default:
		allowed = identity == Allow && (!c.required || s.wrong == "the resource is not asked")
	}
	if s.wrong == "a session policy widens" && c.limit != nil {
		allowed = allowed || limit == Allow
		limit = Allow
	}
	if allowed && limit == Allow {
		return Allow
	}
	return ImplicitDeny
}

// policy: a deny wins over an allow; an allow by name goes before one by account.
func (s spec) policy(document object, r Request) (d Decision, delegated bool) {
	if document == nil {
		return ImplicitDeny, false
	}
	s.older = document["Version"] == "2008-10-17" && s.wrong != "the older version has variables"
	var allows, denies, byName bool
	for _, item := range document["Statement"].([]any) {
		statement := item.(object)
		reached, isNamed := s.reaches(statement["Principal"], r.Principal)
		if !reached || !s.statement(statement, r) {
			continue
		}
		if statement["Effect"] == "Deny" {
			denies = true
		} else {
			allows = true
			byName = byName || isNamed
		}
	}
	if s.wrong == "an allow beats a deny" && allows {
		denies = false
	}
	switch {
	case denies:
		return ExplicitDeny, false
	case allows:
		return Allow, !byName
	}
	return ImplicitDeny, false
}

func (s spec) statement(statement object, r Request) bool {
	deny := statement["Effect"] == "Deny"
	if actions, found := statement["Action"]; found {
		if !s.action(actions, r.Action) {
			return false
		}
	} else if s.action(statement["NotAction"], r.Action) != (s.wrong == "NotAction is Action") {
		return false
	}
	if statement["Resource"] == nil && statement["NotResource"] == nil {
		// A trust policy is about its role.
	} else if resources, found := statement["Resource"]; found {
		if hit, _ := s.resource(resources, r); !hit {
			return false
		}
	} else {
		hit, open := s.resource(statement["NotResource"], r)
		if s.wrong == "NotResource is Resource" {
			hit = !hit
		}
		if hit || open && !deny && s.wrong != "what is unresolved widens" {
			return false
		}
	}
	conditions, _ := statement["Condition"].(object)
	holding, all := 0, 0
	for operator, keys := range conditions {
		for key, values := range keys.(object) {
			all++
			if s.condition(operator, key, list(values), r.Context, deny) {
				holding++
			}
		}
	}
	if s.wrong == "one of several operators is enough" && holding > 0 {
		return true
	}
	return holding == all
}

func list(value any) []any {
	if many, ok := value.([]any); ok {
		return many
	}
	return []any{value}
}

func (s spec) action(patterns any, action string) bool {
	for _, p := range list(patterns) {
		pattern := p.(string)
		if s.wrong != "the case of an action counts" {
			pattern, action = strings.ToLower(pattern), strings.ToLower(action)
		}
		if s.like(runes(pattern), []rune(action)) {
			return true
		}
	}
	return false
}

func (s spec) resource(patterns any, r Request) (hit, open bool) {
	for _, p := range list(patterns) {
		matches, resolved := s.arn(p.(string), r.Resource, r.Context)
		hit = hit || matches
		open = open || !resolved
	}
	return hit, open
}

// token is a character, or a wildcard.
type token struct {
	r    rune
	wild bool
}

func runes(pattern string) []token {
	var tokens []token
	for _, r := range pattern {
		tokens = append(tokens, token{r, r == '*' || r == '?'})
	}
	return tokens
}

// like tries everything that a star may stand for.
func (s spec) like(p []token, text []rune) bool {
	if len(p) == 0 {
		return len(text) == 0
	}
	switch head := p[0]; {
	case head.wild && head.r == '*':
		from := 0
		if s.wrong == "a star stands for one character or more" {
			from = 1
		}
		for n := from; n <= len(text); n++ {
			if s.like(p[1:], text[n:]) {
				return true
			}
		}
		return false
	case head.wild:
		if s.wrong == "a question mark may stand for nothing" && s.like(p[1:], text) {
			return true
		}
		return len(text) > 0 && s.like(p[1:], text[1:])
	}
	return len(text) > 0 && text[0] == p[0].r && s.like(p[1:], text[1:])
}

// expand replaces variables. It reports whether all of them have a value.
func (s spec) expand(pattern string, context Context) (tokens []token, resolved bool) {
	for pattern != "" {
		inner, rest, found := strings.Cut(strings.TrimPrefix(pattern, "${"), "}")
		if !strings.HasPrefix(pattern, "${") || !found || s.older {
			head := []rune(pattern)[0]
			tokens = append(tokens, runes(string(head))...)
			pattern = pattern[len(string(head)):]
			continue
		}
		pattern = rest
		if inner == "*" || inner == "?" || inner == "$" {
			tokens = append(tokens, token{r: rune(inner[0])})
			continue
		}
		key, fallback, has := strings.Cut(inner, ", ")
		values := s.values(context, key)
		switch {
		case len(values) == 1:
			fallback = values[0]
		case len(values) == 0 && has && s.wrong != "a default is not there":
			fallback = strings.Trim(fallback, "'")
		case s.wrong == "a variable without a value is empty":
			fallback = ""
		default:
			return nil, false
		}
		for _, t := range runes(fallback) {
			t.wild = t.wild && s.wrong == "a wildcard in a variable is one"
			tokens = append(tokens, t)
		}
	}
	return tokens, true
}

// arn compares part by part. An unresolved variable is told only where everything else matches.
func (s spec) arn(pattern, text string, context Context) (matches, resolved bool) {
	if pattern == "*" {
		return true, true
	}
	if s.wrong == "the case of a resource does not matter" {
		text, pattern = strings.ToLower(text), strings.ToLower(pattern)
	}
	if s.wrong == "a wildcard reaches into the next part of an ARN" {
		tokens, ok := s.expand(pattern, context)
		return ok && s.like(tokens, []rune(text)), ok
	}
	// A colon inside of ${} does not part.
	if s.older {
		return s.olderARN(pattern, text), true
	}
	hidden := strings.NewReplacer("${aws:", "${aws\x00", "${k:", "${k\x00").Replace(pattern)
	patterns, texts := strings.SplitN(hidden, ":", 6), strings.SplitN(text, ":", 6)
	if len(texts) != 6 {
		return false, true
	}
	resolved = true
	for i, p := range patterns {
		tokens, ok := s.expand(strings.ReplaceAll(p, "\x00", ":"), context)
		if !ok {
			resolved = false
		} else if !s.like(tokens, []rune(texts[i])) {
			return false, true
		}
	}
	return resolved, resolved
}

func (s spec) olderARN(pattern, text string) bool {
	patterns, texts := strings.SplitN(pattern, ":", 6), strings.SplitN(text, ":", 6)
	for i, p := range patterns {
		if len(texts) != 6 || !s.like(runes(p), []rune(texts[i])) {
			return false
		}
	}
	return true
}

func (s spec) values(context Context, key string) []string {
	var values []string
	for name, more := range context {
		if name == key || s.wrong != "the case of a condition key counts" && strings.EqualFold(name, key) {
			values = append(values, more...)
		}
	}
	return values
}

func (s spec) condition(name, key string, wanted []any, context Context, deny bool) bool {
	values := s.values(context, key)
	all, forAll := strings.CutPrefix(name, "ForAllValues:")
	anyOf, forAny := strings.CutPrefix(all, "ForAnyValue:")
	operator, ifExists := strings.CutSuffix(anyOf, "IfExists")
	negated := strings.Contains(operator, "Not")
	if s.wrong == "ForAllValues is ForAnyValue" && forAll || s.wrong == "ForAnyValue is ForAllValues" && forAny {
		forAll, forAny = forAny, forAll
	}
	if operator == "Null" {
		absent := (len(values) == 0) != (s.wrong == "Null is turned around")
		return slices.Contains(wanted, any(fmt.Sprint(absent)))
	}
	if len(values) == 0 {
		switch {
		case ifExists && s.wrong != "IfExists is not there":
			return true
		case forAll:
			return s.wrong != "ForAllValues needs a value"
		case forAny:
			return s.wrong == "ForAnyValue holds without values"
		case negated:
			return s.wrong != "a missing key fails a negated operator"
		}
		return s.wrong == "a missing key satisfies"
	}
	good := 0
	for _, value := range values {
		if s.value(operator, value, wanted, context, deny) {
			good++
		}
	}
	every := forAll || !forAny && negated
	if s.wrong == "a negated operator wants one difference" && !forAll {
		every = false
	}
	if every {
		return good == len(values)
	}
	return good > 0
}

// value: one value of the request, against those of the policy.
func (s spec) value(operator, value string, wanted []any, context Context, deny bool) bool {
	negated := strings.Contains(operator, "Not")
	plain := strings.Replace(operator, "Not", "", 1)
	hits, open := 0, false
	for _, w := range wanted {
		matches, resolved := s.matches(plain, value, fmt.Sprint(w), context)
		if matches {
			hits++
		}
		open = open || !resolved
	}
	hit := hits > 0
	if s.wrong == "all values have to match" {
		hit = hits == len(wanted)
	}
	if !negated {
		return hit
	}
	return !hit && (!open || deny || s.wrong == "what is unresolved widens")
}

func (s spec) matches(operator, value, wanted string, context Context) (matches, resolved bool) {
	switch {
	case strings.HasPrefix(operator, "Arn"):
		return s.arn(wanted, value, context)
	case strings.HasPrefix(operator, "String"):
		tokens, ok := s.expand(wanted, context)
		if !ok {
			return false, false
		}
		if operator != "StringLike" && s.wrong != "StringEquals has wildcards" {
			for i := range tokens {
				tokens[i].wild = false
			}
		}
		if operator == "StringEqualsIgnoreCase" || s.wrong == "the case of a value does not matter" {
			for i := range tokens {
				tokens[i].r = []rune(strings.ToLower(string(tokens[i].r)))[0]
			}
			value = strings.ToLower(value)
		}
		return s.like(tokens, []rune(value)), true
	case operator == "Bool":
		return strings.EqualFold(value, wanted), true
	case operator == "IpAddress":
		return s.address(value, wanted), true
	}
	var c int
	var ok bool
	if strings.HasPrefix(operator, "Date") {
		operator = strings.TrimPrefix(operator, "Date")
		c, ok = s.dates(value, wanted)
	} else {
		operator = strings.TrimPrefix(operator, "Numeric")
		c, ok = s.numbers(value, wanted)
	}
	wants := map[string][]int{"Equals": {0}, "LessThan": {-1}, "LessThanEquals": {-1, 0}, "GreaterThan": {1}, "GreaterThanEquals": {0, 1}}[operator]
	if s.wrong == "less is less or equal" && operator == "LessThan" {
		wants = []int{-1, 0}
	}
	return ok && slices.Contains(wants, c), true
}

func (s spec) numbers(value, wanted string) (int, bool) {
	if s.wrong == "numbers are text" {
		return strings.Compare(value, wanted), true
	}
	a, ok := new(big.Rat).SetString(value)
	b, _ := new(big.Rat).SetString(wanted)
	if !ok {
		return 0, false
	}
	return a.Cmp(b), true
}

func (s spec) dates(value, wanted string) (int, bool) {
	if s.wrong == "dates are text" {
		return strings.Compare(value, wanted), true
	}
	read := func(text string) (time.Time, bool) {
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			return t, true
		}
		if t, err := time.Parse("2006-01-02", text); err == nil {
			return t, true
		}
		var seconds int64
		n, err := fmt.Sscan(text, &seconds)
		return time.Unix(seconds, 0), n == 1 && err == nil && text == fmt.Sprint(seconds)
	}
	a, ok := read(value)
	b, _ := read(wanted)
	return a.Compare(b), ok
}

// address compares bit by bit.
func (s spec) address(value, wanted string) bool {
	base, bits, isRange := strings.Cut(wanted, "/")
	a, err := netip.ParseAddr(value)
	b := netip.MustParseAddr(base)
	if err != nil || a.Is4() != b.Is4() {
		return false
	}
	n := 8 * len(a.AsSlice())
	if isRange && s.wrong != "a range is an address" {
		fmt.Sscan(bits, &n)
	}
	for i := range n {
		if (a.AsSlice()[i/8]^b.AsSlice()[i/8])>>(7-i%8)&1 != 0 {
			return false
		}
	}
	return true
}

// reaches: whom a Principal element means. A policy without one is attached to the caller.
func (s spec) reaches(element any, p Principal) (reached, byName bool) {
	if element == nil {
		return true, true
	}
	withAccount := p.Kind == User || p.Kind == AssumedRole || p.Kind == Root
	if element == "*" {
		hit := s.wrong != "everybody is everybody with an account" || withAccount
		return hit, hit
	}
	for kind, values := range element.(object) {
		for _, v := range list(values) {
			hit, direct := s.entry(kind, v.(string), p, withAccount)
			reached = reached || hit
			byName = byName || hit && direct
		}
	}
	return reached, byName
}

func (s spec) entry(kind, value string, p Principal, withAccount bool) (hit, direct bool) {
	last := func(text string) string { return text[strings.LastIndex(text, "/")+1:] }
	switch {
	case kind == "Service":
		return p.Kind == Service && p.Service == value, true
	case kind == "Federated":
		return p.Kind == Federated && (p.Provider == value || s.wrong == "a provider is any provider"), true
	case value == "*":
		return withAccount, true
	case strings.HasPrefix(value, "A"): // a unique id; that of a role is of all of its sessions
		return withAccount && p.Kind != Root && (p.UserID == value || strings.HasPrefix(p.UserID, value+":")), true
	case !strings.HasPrefix(value, "arn:"), strings.HasSuffix(value, ":root"):
		id := strings.TrimSuffix(strings.TrimPrefix(value, "arn:aws:iam::"), ":root")
		hit := withAccount && (p.Account == id || s.wrong == "an account is all accounts")
		return hit, p.Kind == Root || s.wrong == "an account names its own"
	case strings.Contains(value, ":role/"):
		switch s.wrong {
		case "a role is found by its name":
			return p.Kind == AssumedRole && last(p.RoleARN) == last(value), true
		case "a role is not its sessions":
			return false, false
		}
		return p.Kind == AssumedRole && p.RoleARN == value, true
	case strings.Contains(value, ":assumed-role/"):
		if s.wrong == "a session is its role" {
			return p.Kind == AssumedRole && strings.Contains(value, "/"+last(p.RoleARN)+"/") && strings.Contains(value, p.Account), true
		}
		return p.Kind == AssumedRole && p.ARN == value, true
	}
	if s.wrong == "a user is found without the account" {
		return p.Kind == User && last(p.ARN) == last(value), true
	}
	return p.Kind == User && p.ARN == value, true
}
