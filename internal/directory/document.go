package directory

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"sallyport/internal/api"
	"sallyport/internal/jose"
	"sallyport/internal/policy"
	"sallyport/internal/rules"
	"sallyport/internal/strictjson"
	"sallyport/internal/sys"
)

// A document is JSON that a file has as a mapping, which people can read and comment, or as text, which they can paste. Either way its
// members keep their order and its numbers their spelling, because tools compare a document with what they sent.

// document is JSON in its shortest form, all in ASCII, with its place in the file; empty for one that is absent or wrong.
type document struct {
	json string
	place
}

// documentKind is what a document has to be.
type documentKind struct {
	what  string
	check func(json []byte) error
}

const (
	// maxDocument bounds the text of a document: what a policy may have at most.
	maxDocument = policy.MaxDocument
	// maxDepth bounds how deep a document nests, as strictjson does when it reads it again.
	maxDepth = strictjson.DefaultDepth
)

func policyOf(kind policy.Kind) documentKind {
	return documentKind{kind.String(), func(json []byte) error {
		_, err := policy.Parse(json, kind)
		return err
	}}
}

// inlinePolicyDocument is the policy of a permission set, which has to fit into a member of PutInlinePolicyToPermissionSet.
var inlinePolicyDocument = documentKind{policy.Identity.String(), func(json []byte) error {
	if most := api.SSOAdmin.Types["PermissionSetPolicyDocument"].Max; int64(len(json)) > most {
		return fmt.Errorf("it has at most %d characters", most)
	}
	return policyOf(policy.Identity).check(json)
}}

var keySetDocument = documentKind{"a JWK set", func(json []byte) error {
	set, err := jose.ParseSet(json)
	switch {
	case err != nil:
		return err
	case set.Len() == 0:
		return errors.New("it holds no key that signatures can be verified with")
	}
	return nil
}}

var extensionDocument = documentKind{rules.ExtensionWords, func(json []byte) error {
	if !rules.IsExtension(json) {
		return errors.New("it is larger or deeper, or no object")
	}
	return nil
}}

// document reads a document of the kind.
func (r *reader) document(key string, node *yaml.Node, kind documentKind) document {
	d := document{place: placeOf(node)}
	root := node
	if root.Kind == yaml.AliasNode {
		root = root.Alias
	}
	raw, ok := []byte(root.Value), true
	if root.Kind != yaml.ScalarNode || root.ShortTag() != "!!str" {
		raw, ok = r.json(nil, key, node, 0)
	} else {
		_, ok = r.visit(root)
	}
	if !ok {
		return d
	}
	value, err := strictjson.Parse(raw, strictjson.Limits{Bytes: maxDocument, Depth: maxDepth})
	if err != nil {
		r.add(d.place, "%s: found what is not a JSON document, expected %s: %v", key, kind.what, err)
		return d
	}
	json := inASCII(value.AppendTo(nil))
	if err := kind.check(json); err != nil {
		at := d.place
		if refused, is := policy.AsError(err); is && root.Kind != yaml.ScalarNode {
			at = placeIn(root, refused.Path)
		}
		r.add(at, "%s: expected %s: %v", key, kind.what, err)
		return d
	}
	d.json = string(json)
	return d
}

// jsonNumber is the grammar of RFC 8259 §6. YAML has more ways to write a number.
var jsonNumber = sys.Pattern(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// json appends the node as JSON. It reports false after a mistake.
func (r *reader) json(dst []byte, key string, node *yaml.Node, depth int) ([]byte, bool) {
	at := placeOf(node)
	node, ok := r.visit(node)
	switch {
	case !ok:
		return nil, false
	case depth > maxDepth:
		r.add(at, "%s: found a document that nests deeper, expected at most %d levels", key, maxDepth)
		return nil, false
	case node.Kind == yaml.SequenceNode:
		return r.jsonArray(dst, key, node, depth)
	case node.Kind == yaml.MappingNode:
		return r.jsonObject(dst, key, node, depth)
	}
	switch tag := node.ShortTag(); {
	case tag == "!!str" || tag == "!!timestamp": // a policy's Version looks like a date
		return strictjson.AppendString(dst, node.Value), true
	case tag == "!!bool":
		return strconv.AppendBool(dst, isTrue(node)), true
	case tag == "!!null":
		return append(dst, "null"...), true
	case (tag == "!!int" || tag == "!!float") && jsonNumber().MatchString(node.Value):
		return append(dst, node.Value...), true
	}
	r.add(at, "%s: found %s, expected a value of JSON: put it in quotes", key, found(node))
	return nil, false
}

func (r *reader) jsonArray(dst []byte, key string, node *yaml.Node, depth int) ([]byte, bool) {
	dst = append(dst, '[')
	for i, item := range node.Content {
		if i > 0 {
			dst = append(dst, ',')
		}
		var ok bool
		if dst, ok = r.json(dst, key, item, depth+1); !ok {
			return nil, false
		}
	}
	return append(dst, ']'), true
}

func (r *reader) jsonObject(dst []byte, key string, node *yaml.Node, depth int) ([]byte, bool) {
	dst = append(dst, '{')
	for i := 0; i+1 < len(node.Content); i += 2 {
		if i > 0 {
			dst = append(dst, ',')
		}
		name, ok := r.visit(node.Content[i])
		if !ok {
			return nil, false
		}
		if name.Kind != yaml.ScalarNode || name.ShortTag() != "!!str" {
			r.add(placeOf(name), "%s: found the key %s, expected text: put it in quotes", key, found(name))
			return nil, false
		}
		dst = append(strictjson.AppendString(dst, name.Value), ':')
		if dst, ok = r.json(dst, key, node.Content[i+1], depth+1); !ok {
			return nil, false
		}
	}
	return append(dst, '}'), true
}

// placeIn is where the part of a policy stands that its path names, such as Statement[1].Action, or as much of it as can be found.
func placeIn(node *yaml.Node, path string) place {
	at := placeOf(node)
	for {
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		var next *yaml.Node
		path = strings.TrimPrefix(path, ".")
		switch node.Kind {
		case yaml.SequenceNode:
			next, path = itemOf(node, path)
		case yaml.MappingNode:
			next, path = memberOf(node, path)
		}
		if next == nil {
			return at
		}
		at, node = placeOf(next), next
	}
}

// itemOf is the item of a list that a path begins with, and the rest of the path.
func itemOf(node *yaml.Node, path string) (*yaml.Node, string) {
	number, rest, found := strings.Cut(strings.TrimPrefix(path, "["), "]")
	if i, err := strconv.Atoi(number); found && err == nil && 0 <= i && i < len(node.Content) {
		return node.Content[i], rest
	}
	return nil, path
}

// memberOf is the member of a mapping that a path begins with, and the rest of the path. Names may have points in them.
func memberOf(node *yaml.Node, path string) (*yaml.Node, string) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		rest, found := strings.CutPrefix(path, node.Content[i].Value)
		if found && node.Content[i].Value != "" && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return node.Content[i+1], rest
		}
	}
	return nil, path
}

// inASCII writes what is beyond ASCII in JSON as escapes: not every place where a document is shown takes all characters.
func inASCII(json []byte) []byte {
	if !slices.ContainsFunc(json, func(c byte) bool { return c >= utf8.RuneSelf }) {
		return json
	}
	var out []byte
	for _, c := range string(json) {
		switch {
		case c < utf8.RuneSelf:
			out = append(out, byte(c))
		case c > 0xFFFF:
			high, low := utf16.EncodeRune(c)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, c)
		}
	}
	return out
}

// canonical is a document with its members in the order of their names, in which two that mean the same are the same. What is no document
// is itself.
func canonical(json string) string {
	if json == "" {
		return ""
	}
	value, err := strictjson.Parse([]byte(json), strictjson.Limits{})
	if err != nil {
		return json
	}
	return string(appendSorted(nil, value))
}

func appendSorted(dst []byte, value strictjson.Value) []byte {
	switch value.Kind() {
	case strictjson.Array:
		dst = append(dst, '[')
		for i, item := range value.Items() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendSorted(dst, item)
		}
		return append(dst, ']')
	case strictjson.Object:
		members := slices.SortedFunc(slices.Values(value.Members()), func(a, b strictjson.Member) int { return strings.Compare(a.Name, b.Name) })
		dst = append(dst, '{')
		for i, member := range members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(strictjson.AppendString(dst, member.Name), ':')
			dst = appendSorted(dst, member.Value)
		}
		return append(dst, '}')
	}
	return value.AppendTo(dst)
}
