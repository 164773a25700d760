package directory

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"sallyport/internal/strictjson"
	"sallyport/internal/sys"
)

// write is the directory as a file, list by list, in the order of the tables of fields. Parse reads it as the same directory.
func (d *Directory) write(head string) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(head)
	for _, f := range fileFields {
		value := f.write(d)
		if value == nil {
			continue
		}
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		encoder := yaml.NewEncoder(&out)
		encoder.SetIndent(2)
		if err := encoder.Encode(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar(f.key), value}}); err != nil {
			return nil, err
		}
		if err := encoder.Close(); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

func writeMapping[T any](fields []field[T], from *T) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range fields {
		if value := f.write(from); value != nil {
			node.Content = append(node.Content, scalar(f.key), value)
		}
	}
	if len(node.Content) == 0 {
		node.Style = yaml.FlowStyle
	}
	return node
}

func writeEntries[E any](fields []field[E], entries []E) *yaml.Node {
	node := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range entries {
		node.Content = append(node.Content, writeMapping(fields, &entries[i]))
	}
	return orNone(node)
}

func orNone(node *yaml.Node) *yaml.Node {
	if len(node.Content) == 0 {
		return nil
	}
	return node
}

func writeText(value string, rule rule) *yaml.Node {
	switch {
	case value == "":
		return nil
	case rule.integer:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: value}
	}
	return scalar(value)
}

func writeTexts(texts []text) *yaml.Node {
	node := &yaml.Node{Kind: yaml.SequenceNode}
	for _, t := range texts {
		node.Content = append(node.Content, scalar(t.value))
	}
	return orNone(inLine(node))
}

func writeTruth(t truth) *yaml.Node {
	switch {
	case !t.given:
		return nil
	case t.value:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"}
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "false"}
}

// maxLine is how many characters a list in one line may have.
const maxLine = 80

// inLine writes a list of scalars in one line where it is short.
func inLine(node *yaml.Node) *yaml.Node {
	length := 0
	for _, item := range node.Content {
		if item.Kind != yaml.ScalarNode {
			return node
		}
		length += utf8.RuneCountInString(item.Value) + len(", ")
	}
	if length <= maxLine {
		node.Style = yaml.FlowStyle
	}
	return node
}

// plainText is what can stand without quotes wherever it stands, unless YAML takes it for something else than text.
var plainText = sys.Pattern(`^[A-Za-z/](?:[A-Za-z0-9_./@+=:-]* )*[A-Za-z0-9_./@+=:-]*[A-Za-z0-9_./@+=-]$|^[A-Za-z/]$`)

// truthWords are truth values for older readers of YAML.
var truthWords = []string{"y", "n", "yes", "no", "on", "off"}

func scalar(value string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.ScalarNode, Value: value}
	plain := plainText().MatchString(value) && !strings.Contains(value, ": ") && !slices.Contains(truthWords, strings.ToLower(value))
	if !plain || node.ShortTag() != "!!str" {
		node.Tag, node.Style = "!!str", yaml.DoubleQuotedStyle
	}
	return node
}

// writeDocument writes a document as a mapping, or as text where YAML would read a number of it as something else.
func writeDocument(d document) *yaml.Node {
	if d.json == "" {
		return nil
	}
	value, err := strictjson.Parse([]byte(d.json), strictjson.Limits{})
	if err != nil {
		return scalar(d.json)
	}
	node, ok := jsonNode(value)
	if !ok || node.Kind == yaml.ScalarNode {
		return scalar(d.json)
	}
	return node
}

// jsonNode is the value as YAML. It reports false for what YAML would not read as the same.
func jsonNode(value strictjson.Value) (*yaml.Node, bool) {
	switch value.Kind() {
	case strictjson.String:
		return scalar(value.Text()), true
	case strictjson.Array:
		node := &yaml.Node{Kind: yaml.SequenceNode}
		for _, item := range value.Items() {
			child, ok := jsonNode(item)
			if !ok {
				return nil, false
			}
			node.Content = append(node.Content, child)
		}
		return inLine(node), true
	case strictjson.Object:
		node := &yaml.Node{Kind: yaml.MappingNode}
		for _, member := range value.Members() {
			child, ok := jsonNode(member.Value)
			if !ok {
				return nil, false
			}
			node.Content = append(node.Content, scalar(member.Name), child)
		}
		if len(node.Content) == 0 {
			node.Style = yaml.FlowStyle
		}
		return node, true
	}
	node := &yaml.Node{Kind: yaml.ScalarNode, Value: string(value.AppendTo(nil))}
	if value.Kind() == strictjson.Number {
		tag := node.ShortTag()
		return node, tag == "!!int" || tag == "!!float"
	}
	return node, true // true, false and null are YAML's as well
}
