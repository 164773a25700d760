package yamlvalue

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"sallyport/internal/jmespath"
)

// builder makes values of nodes while its weight lasts.
type builder struct{ weight int }

func refuse(node *yaml.Node, problem string) error { return &Error{node.Line, problem} }

// spend takes the weight of a node, or of what an alias stands for, each time that an alias or a merge key brings it anew.
func (b *builder) spend(node *yaml.Node) error {
	b.weight -= 1 + len(target(node).Value)
	if b.weight < 0 {
		return refuse(node, fmt.Sprintf("aliases unfold to more than %d bytes", maxWeight))
	}
	return nil
}

func (b *builder) value(node *yaml.Node, depth int) (jmespath.Value, error) {
	if err := b.spend(node); err != nil {
		return jmespath.Value{}, err
	}
	node = target(node)
	if node.Kind == yaml.ScalarNode {
		return scalar(node)
	}
	if depth == maxDepth {
		return jmespath.Value{}, refuse(node, fmt.Sprintf("nested deeper than %d levels, or within itself", maxDepth))
	}
	if node.Style&yaml.TaggedStyle != 0 && node.ShortTag() != collectionTags[node.Kind] {
		return jmespath.Value{}, refuse(node, "a tag that does not fit a parameter")
	}
	if node.Kind == yaml.SequenceNode {
		return b.list(node, depth+1)
	}
	return b.object(node, depth+1)
}

var collectionTags = map[yaml.Kind]string{yaml.SequenceNode: "!!seq", yaml.MappingNode: "!!map"}

// target is the node that an alias stands for. The library never makes an alias of an alias.
func target(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func (b *builder) list(node *yaml.Node, depth int) (jmespath.Value, error) {
	items := make([]jmespath.Value, 0, len(node.Content))
	for _, content := range node.Content {
		item, err := b.value(content, depth)
		if err != nil {
			return jmespath.Value{}, err
		}
		items = append(items, item)
	}
	return jmespath.ListOf(items), nil
}

// object has merged members first, as the reference orders them. Of two members of one name the later counts, at the place of the first;
// without a merge key a second one is a mistake.
func (b *builder) object(node *yaml.Node, depth int) (jmespath.Value, error) {
	pairs, merges, err := b.pairs(node, depth)
	if err != nil {
		return jmespath.Value{}, err
	}
	members := make([]jmespath.Member, 0, len(pairs))
	place := map[string]int{}
	for _, p := range pairs {
		name, err := keyText(p.key)
		if err != nil {
			return jmespath.Value{}, err
		}
		value, err := b.value(p.value, depth)
		if err != nil {
			return jmespath.Value{}, err
		}
		at, again := place[name]
		switch {
		case again && !merges:
			return jmespath.Value{}, refuse(p.key, "a key that this mapping already has")
		case again:
			members[at].Value = value
		default:
			place[name] = len(members)
			members = append(members, jmespath.Member{Name: name, Value: value})
		}
	}
	return jmespath.ObjectOf(members), nil
}

func keyText(node *yaml.Node) (string, error) {
	if key := target(node); key.Kind == yaml.ScalarNode {
		if key.Value == valueKey {
			return key.Value, nil // a lone = means a default in some YAML; as a key it is text
		}
		name, err := scalar(key)
		if err != nil {
			return "", err
		}
		if name.Kind() == jmespath.String {
			return name.Text(), nil
		}
	}
	return "", refuse(node, "a key that is not text")
}

type pair struct{ key, value *yaml.Node }

// pairs lists the keys and values of a mapping, those that a merge key brings before its own.
func (b *builder) pairs(node *yaml.Node, depth int) (all []pair, merges bool, err error) {
	var merged, own []pair
	for at := 0; at+1 < len(node.Content); at += 2 {
		p := pair{node.Content[at], node.Content[at+1]}
		if err := b.spend(p.key); err != nil {
			return nil, false, err
		}
		if !isMergeKey(p.key) {
			own = append(own, p)
			continue
		}
		if len(merged) > 0 {
			return nil, false, refuse(p.key, "a second merge key in one mapping")
		}
		if merged, err = b.merge(p.value, depth); err != nil {
			return nil, false, err
		}
	}
	return append(merged, own...), len(merged) > 0, nil
}

func isMergeKey(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && plain(key) && key.Value == mergeKey
}

// merge lists what a merge key brings: the pairs of one mapping, or of a list of them, where the first has the last word.
func (b *builder) merge(source *yaml.Node, depth int) ([]pair, error) {
	sources := []*yaml.Node{source}
	if sequence := target(source); sequence.Kind == yaml.SequenceNode {
		sources = slices.Clone(sequence.Content)
		slices.Reverse(sources)
	}
	if depth == maxDepth {
		return nil, refuse(source, fmt.Sprintf("merged deeper than %d levels, or within itself", maxDepth))
	}
	var merged []pair
	for _, source := range sources {
		mapping := target(source)
		if mapping.Kind != yaml.MappingNode {
			return nil, refuse(source, "a merge key takes a mapping or a list of mappings")
		}
		pairs, _, err := b.pairs(mapping, depth+1)
		if err != nil {
			return nil, err
		}
		merged = append(merged, pairs...)
	}
	return merged, nil
}
