package directory

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// text is a value with its place in the file. The zero value is a text that the file does not have.
type text struct {
	value string
	place
}

// reader walks the YAML nodes by tables of fields, and collects what is wrong. The walk is as deep as the tables, so that an alias to
// something around it cannot hold it; maxVisits bounds how wide aliases make it.
type reader struct {
	*Mistakes
	visits int
}

// field is one key of a mapping: whether it must be there, and how its value is read.
type field[T any] struct {
	key      string
	required bool
	read     func(r *reader, key string, value *yaml.Node, into *T)
}

// value reads a text.
func value[T any](rule rule, in func(*T) *text) func(*reader, string, *yaml.Node, *T) {
	return func(r *reader, key string, node *yaml.Node, into *T) { *in(into) = r.text(key, node, rule) }
}

// values reads a list of texts.
func values[T any](rule rule, in func(*T) *[]text) func(*reader, string, *yaml.Node, *T) {
	return func(r *reader, key string, node *yaml.Node, into *T) {
		for _, item := range r.list(key, node, maxLinks) {
			*in(into) = append(*in(into), r.text(key, item, rule))
		}
	}
}

// entries reads a list of mappings.
func entries[T, E any](what string, fields []field[E], in func(*T) *[]E) func(*reader, string, *yaml.Node, *T) {
	return func(r *reader, key string, node *yaml.Node, into *T) {
		for _, item := range r.list(key, node, maxEntries) {
			var entry E
			readMapping(r, what, item, fields, &entry)
			*in(into) = append(*in(into), entry)
		}
	}
}

var fileFields = []field[Directory]{
	{"instance", false, func(r *reader, key string, node *yaml.Node, into *Directory) {
		into.instance = &instance{}
		readMapping(r, "the instance", node, instanceFields, into.instance)
	}},
	{"users", true, entries("a user", userFields, func(d *Directory) *[]user { return &d.users })},
	{"groups", true, entries("a group", groupFields, func(d *Directory) *[]group { return &d.groups })},
	{"accounts", true, entries("an account", accountFields, func(d *Directory) *[]account { return &d.accounts })},
	{"permissionSets", true, entries("a permission set", permissionSetFields,
		func(d *Directory) *[]permissionSet { return &d.permissionSets })},
	{"assignments", true, entries("an assignment", assignmentFields, func(d *Directory) *[]assignment { return &d.assignments })},
}

var instanceFields = []field[instance]{
	{"name", false, value(ruleInstanceName, func(i *instance) *text { return &i.name })},
	{"ownerAccountId", false, value(ruleAccountID, func(i *instance) *text { return &i.ownerAccountID })},
}

var userFields = []field[user]{
	{"userName", true, value(ruleUserName, func(u *user) *text { return &u.userName })},
	{"displayName", false, value(ruleWords, func(u *user) *text { return &u.displayName })},
	{"givenName", true, value(ruleWords, func(u *user) *text { return &u.givenName })},
	{"familyName", true, value(ruleWords, func(u *user) *text { return &u.familyName })},
	{"email", false, value(ruleEmail, func(u *user) *text { return &u.email })},
	{"status", false, value(ruleStatus, func(u *user) *text { return &u.status })},
}

var groupFields = []field[group]{
	{"displayName", true, value(ruleGroupName, func(g *group) *text { return &g.displayName })},
	{"description", false, value(ruleWords, func(g *group) *text { return &g.description })},
	{"members", false, values(ruleReference, func(g *group) *[]text { return &g.members })},
}

var accountFields = []field[account]{
	{"accountId", true, value(ruleAccountID, func(a *account) *text { return &a.accountID })},
	{"name", true, value(ruleAccountName, func(a *account) *text { return &a.name })},
	{"email", false, value(ruleAccountEmail, func(a *account) *text { return &a.email })},
}

var permissionSetFields = []field[permissionSet]{
	{"name", true, value(rulePermissionSetName, func(p *permissionSet) *text { return &p.name })},
	{"description", false, value(rulePermissionSetDescription, func(p *permissionSet) *text { return &p.description })},
	{"sessionDuration", false, value(ruleSessionDuration, func(p *permissionSet) *text { return &p.sessionDuration })},
	{"relayState", false, value(ruleRelayState, func(p *permissionSet) *text { return &p.relayState })},
}

var assignmentFields = []field[assignment]{
	{"account", true, value(ruleAccountID, func(a *assignment) *text { return &a.account })},
	{"permissionSet", true, value(ruleReference, func(a *assignment) *text { return &a.permissionSet })},
	{"users", false, values(ruleReference, func(a *assignment) *[]text { return &a.users })},
	{"groups", false, values(ruleReference, func(a *assignment) *[]text { return &a.groups })},
}

// readMapping reads the keys of a mapping by the table.
func readMapping[T any](r *reader, what string, node *yaml.Node, fields []field[T], into *T) {
	at := placeOf(node)
	node, ok := r.visit(node)
	if !ok {
		return
	}
	if node.Kind != yaml.MappingNode {
		r.add(at, "found %s, expected %s: keys with values", found(node), what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, ok := r.visit(node.Content[i])
		if !ok {
			return
		}
		f := fieldOf(fields, key)
		switch {
		case f == nil:
			r.add(placeOf(node.Content[i]), "found the key %s in %s, expected %s%s", found(key), what, keysOf(fields),
				didYouMean(key.Value, keyList(fields)))
		case seen[f.key]:
			r.add(placeOf(node.Content[i]), "found %s a second time in %s, expected it once", f.key, what)
		default:
			seen[f.key] = true
			f.read(r, f.key, node.Content[i+1], into)
		}
	}
	for _, f := range fields {
		if f.required && !seen[f.key] {
			r.add(at, "found %s without %s, expected one", what, f.key)
		}
	}
}

func fieldOf[T any](fields []field[T], key *yaml.Node) *field[T] {
	for i := range fields {
		if key.Kind == yaml.ScalarNode && key.ShortTag() == "!!str" && key.Value == fields[i].key {
			return &fields[i]
		}
	}
	return nil
}

func keyList[T any](fields []field[T]) []string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	return keys
}

func keysOf[T any](fields []field[T]) string {
	keys := keyList(fields)
	return strings.Join(keys[:len(keys)-1], ", ") + " or " + keys[len(keys)-1]
}

// list returns the items of a list of at most limit.
func (r *reader) list(key string, node *yaml.Node, limit int) []*yaml.Node {
	place := placeOf(node)
	node, ok := r.visit(node)
	switch {
	case !ok:
		return nil
	case node.Kind != yaml.SequenceNode:
		r.add(place, "%s: found %s, expected a list, [] when there is none", key, found(node))
		return nil
	case len(node.Content) > limit:
		r.add(place, "%s: found %d entries, expected at most %d", key, len(node.Content), limit)
		return nil
	}
	return node.Content
}

// text reads a text that the rule allows. A text that breaks it is returned all the same, so that what refers to it is found.
func (r *reader) text(key string, node *yaml.Node, rule rule) text {
	place := placeOf(node)
	node, ok := r.visit(node)
	if !ok {
		return text{}
	}
	if node.Kind != yaml.ScalarNode {
		r.add(place, "%s: found %s, expected %s", key, found(node), rule.words())
		return text{}
	}
	switch tag := node.ShortTag(); {
	case tag == "!!str":
	case rule.numeral && (tag == "!!int" || tag == "!!float") && rule.holds(node.Value):
	case tag == "!!null":
		r.add(place, "%s: found nothing, expected %s", key, rule.words())
		return text{}
	default:
		r.add(place, "%s: found %s, expected text: put it in quotes", key, found(node))
		return text{node.Value, place}
	}
	if !rule.holds(node.Value) {
		r.add(place, "%s: found %s, expected %s", key, found(node), rule.words())
	}
	return text{node.Value, place}
}

// visit follows aliases and counts. It returns false when the file was walked for too long.
func (r *reader) visit(node *yaml.Node) (*yaml.Node, bool) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	r.visits++
	if r.visits == maxVisits {
		r.List, r.More = nil, 0 // what was found on the way is of no use before this is mended
		r.add(placeOf(node), "found aliases that unfold to more than %d values, expected fewer", maxVisits)
	}
	return node, r.visits < maxVisits
}

func placeOf(node *yaml.Node) place { return place{node.Line, node.Column} }

// found says what a node is.
func found(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "keys with values"
	case yaml.SequenceNode:
		return "a list"
	}
	switch tag := node.ShortTag(); tag {
	case "!!str":
		return shown(node.Value)
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + shown(node.Value)
	case "!!bool":
		return "the truth value " + shown(node.Value)
	case "!!timestamp":
		return "the date " + shown(node.Value)
	default:
		return fmt.Sprintf("%s tagged %s", shown(node.Value), shown(tag))
	}
}
