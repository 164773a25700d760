package render_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"go.yaml.in/yaml/v3"

	"sallyport/internal/jmespath"
	"sallyport/test/vectors"
)

// FuzzForms renders any document in every form. None may panic, and what YAML is made of it must read back as the same value.
func FuzzForms(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,{"b":null}],"c":"x: y"}`, `[[],{},[{}],""]`, `["a\nb"," a","a ","---","# a","\u2028","\t","1e5","~"]`,
		`{"k":"` + strings.Repeat("word ", 40) + `"}`, `{"` + strings.Repeat("name ", 40) + `":[["x"]]}`, `[[1,[2]],[{"a":[3]}]]`,
		`{"日本":"°","":{"":[true]}}`, `"top"`, `[1,2.5e30,-0]`, `[{"a":1},{"a":[1,"'"]}]`, `["` + strings.Repeat(`it's\n`, 30) + `"]`,
	} {
		f.Add([]byte(seed))
	}
	for _, value := range referenceValues(f) {
		f.Add(value)
	}
	for _, document := range vectors.JSONTestSuite(f) {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		value, err := jmespath.ParseJSON(document)
		if err != nil {
			return
		}
		for _, form := range []string{"json", "text", "table", "table@1", "table@direct", "yaml"} {
			_, _ = show(t, form, value) // an error is an answer here
		}
		shown, err := show(t, "yaml-stream", value)
		if err != nil {
			t.Fatal(err)
		}
		if shown != "" {
			readBack(t, shown, value)
		}
	})
}

// referenceValues are the values in the archives, which have every text that YAML must take care of.
func referenceValues(f *testing.F) [][]byte {
	f.Helper()
	var values [][]byte
	for _, path := range []string{"testdata/shapes.txtar", "testdata/texts.txtar"} {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, ".json") {
				values = append(values, file.Data)
			}
		}
	}
	return values
}

func readBack(t *testing.T, shown string, value jmespath.Value) {
	t.Helper()
	var stream yaml.Node
	if err := yaml.Unmarshal([]byte(shown), &stream); err != nil {
		t.Fatalf("%q: %v", shown, err)
	}
	if err := sameValue(stream.Content[0].Content[0], value); err != nil {
		t.Fatalf("%q: %v", shown, err)
	}
}

var yamlTags = map[jmespath.Kind]string{
	jmespath.Null: "!!null", jmespath.Bool: "!!bool", jmespath.String: "!!str", jmespath.Array: "!!seq", jmespath.Object: "!!map",
}

// readMore are texts in which the Go reader sees numbers and dates that the reference, its own reader and YAML 1.2 do not.
var readMore = regexp.MustCompile(`^([-+]?\.[0-9_]+[eE][0-9]+|[-+]?0[xXoObB].*|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*)$`)

func isText(node *yaml.Node) bool {
	return node.ShortTag() == "!!str" || node.Style == 0 && readMore.MatchString(node.Value)
}

func sameValue(node *yaml.Node, value jmespath.Value) error {
	kind := value.Kind()
	if tag := node.ShortTag(); tag != yamlTags[kind] && kind != jmespath.Number && !(kind == jmespath.String && isText(node)) {
		return fmt.Errorf("%q reads as %s, not as %v", node.Value, tag, kind)
	}
	switch kind {
	case jmespath.Number:
		return sameNumber(node, value.Number())
	case jmespath.Bool:
		if node.Value != strconv.FormatBool(value.Bool()) {
			return fmt.Errorf("%s for %v", node.Value, value.Bool())
		}
	case jmespath.String:
		if node.Value != value.Text() {
			return fmt.Errorf("%q reads as %q", value.Text(), node.Value)
		}
	case jmespath.Array:
		return sameItems(node, value)
	case jmespath.Object:
		return sameMembers(node, value)
	}
	return nil
}

func sameNumber(node *yaml.Node, literal string) error {
	tag := node.ShortTag()
	_, err := strconv.ParseFloat(literal, 64) // what no double can hold the Go reader takes for a text
	if err == nil && tag != "!!int" && tag != "!!float" || node.Value != literal {
		return fmt.Errorf("%s reads as %s %q", literal, tag, node.Value)
	}
	return nil
}

func sameItems(node *yaml.Node, value jmespath.Value) error {
	if len(node.Content) != len(value.Items()) {
		return fmt.Errorf("%d items for %d", len(node.Content), len(value.Items()))
	}
	for i, item := range value.Items() {
		if err := sameValue(node.Content[i], item); err != nil {
			return err
		}
	}
	return nil
}

func sameMembers(node *yaml.Node, value jmespath.Value) error {
	if len(node.Content) != 2*len(value.Members()) {
		return fmt.Errorf("%d names and values for %d members", len(node.Content), len(value.Members()))
	}
	var names []string
	for i := 0; i < len(node.Content); i += 2 {
		name := node.Content[i]
		names = append(names, name.Value)
		member, found := value.Get(name.Value)
		if !found || !isText(name) {
			return fmt.Errorf("%q (%s) is no member", name.Value, name.ShortTag())
		}
		if err := sameValue(node.Content[i+1], member); err != nil {
			return err
		}
	}
	if !slices.IsSorted(names) {
		return fmt.Errorf("names %q are not sorted", names)
	}
	return nil
}
