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

// truth is a truth value with its place in the file.
type truth struct {
	given, value bool
	place
}

// or is the value, or what an absent one means.
func (t truth) or(absent bool) bool {
	if t.given {
		return t.value
	}
	return absent
}

func (t truth) pointer() *bool {
	if !t.given {
		return nil
	}
	return &t.value
}

// reader walks the YAML nodes by tables of fields, and collects what is wrong. The walk is as deep as the tables, so that an alias to
// something around it cannot hold it; maxVisits bounds how wide aliases make it, and maxDepth how deep they make a document.
type reader struct {
	*Mistakes
	visits int
	later  []Mistake // the first key that the first format does not have, which is a mistake if this is the file's
}

// readMapping reads the keys of a mapping by the table.
func readMapping[T any](r *reader, what string, node *yaml.Node, fields []field[T], into *T) {
	at := placeOf(node)
	seen := map[string]bool{}
	ok := r.keys(what, node, func(key, value *yaml.Node) {
		f := fieldOf(fields, key)
		switch {
		case f == nil:
			r.add(placeOf(key), "found the key %s in %s, expected %s%s", found(key), what, keysOf(fields), didYouMean(key.Value, keyList(fields)))
		case seen[f.key]:
			r.add(placeOf(key), "found %s a second time in %s, expected it once", f.key, what)
		default:
			if seen[f.key] = true; f.is&later != 0 && len(r.later) == 0 { // one is enough to tell
				r.later = append(r.later, Mistake{key.Line, key.Column, fmt.Sprintf(needsFormat, f.key, what)})
			}
			f.read(r, f.key, value, into)
		}
	})
	for _, f := range fields {
		if ok && f.is&required != 0 && !seen[f.key] {
			r.add(at, "found %s without %s, expected one", what, f.key)
		}
	}
}

const needsFormat = "found the key %s in %s, expected format: " + formatWhole + " at the top of a file that has it; then entries are whole, " +
	"and what they do not name is removed"

// keys walks the keys of a mapping, and reports whether it came to its end.
func (r *reader) keys(what string, node *yaml.Node, each func(key, value *yaml.Node)) bool {
	at := placeOf(node)
	node, ok := r.visit(node)
	if !ok {
		return false
	}
	if node.Kind != yaml.MappingNode {
		r.add(at, "found %s, expected %s: keys with values", found(node), what)
		return false
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, ok := r.visit(node.Content[i])
		if !ok {
			return false
		}
		each(key, node.Content[i+1])
	}
	return true
}

// pairs walks a mapping whose keys are the file's own, each of which may be there once.
func (r *reader) pairs(key, what string, node *yaml.Node, size bounds, each func(name, value *yaml.Node)) {
	seen, at := map[string]bool{}, placeOf(node)
	r.keys(what, node, func(name, value *yaml.Node) {
		if seen[name.Value] {
			r.add(placeOf(name), "%s: found %s a second time, expected it once", key, found(name))
			return
		}
		seen[name.Value] = true
		each(name, value)
	})
	if len(seen) > size.max {
		r.add(at, "%s: found %d entries, expected at most %d", key, len(seen), size.max)
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

func keysOf[T any](fields []field[T]) string { return orList(keyList(fields)) }

// orList joins words as a sentence does.
func orList(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// list returns the items of a list of that size.
func (r *reader) list(key string, node *yaml.Node, size bounds) []*yaml.Node {
	place := placeOf(node)
	node, ok := r.visit(node)
	switch {
	case !ok:
		return nil
	case node.Kind != yaml.SequenceNode:
		r.add(place, "%s: found %s, expected a list, [] when there is none", key, found(node))
		return nil
	case len(node.Content) > size.max:
		r.add(place, "%s: found %d entries, expected at most %d", key, len(node.Content), size.max)
		return nil
	case len(node.Content) < size.min:
		r.add(place, "%s: found %d entries, expected at least %d", key, len(node.Content), size.min)
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
	what := found(node)
	if rule.secret {
		what = "a value that is not shown"
	}
	switch tag := node.ShortTag(); {
	case tag == "!!str" || tag == "!!int" && rule.integer:
	case rule.numeral && (tag == "!!int" || tag == "!!float") && rule.holds(node.Value):
	case tag == "!!null":
		r.add(place, "%s: found nothing, expected %s", key, rule.words())
		return text{}
	default:
		r.add(place, "%s: found %s, expected text: put it in quotes", key, what)
		return text{node.Value, place}
	}
	if why := rule.breaks(node.Value); why != "" {
		r.add(place, "%s: found %s, expected %s", key, what, why)
	}
	return text{node.Value, place}
}

// truth reads a truth value.
func (r *reader) truth(key string, node *yaml.Node) truth {
	place := placeOf(node)
	node, ok := r.visit(node)
	if !ok {
		return truth{}
	}
	if node.Kind != yaml.ScalarNode || node.ShortTag() != "!!bool" {
		r.add(place, "%s: found %s, expected true or false", key, found(node))
		return truth{}
	}
	return truth{true, isTrue(node), place}
}

// isTrue reads a node of YAML's truth values, which are written in three letter cases.
func isTrue(node *yaml.Node) bool { return strings.EqualFold(node.Value, "true") }

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
