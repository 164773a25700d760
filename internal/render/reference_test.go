package render_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"sallyport/internal/jmespath"
	"sallyport/internal/render"
)

// title is what the tables of the reference in testdata are headed with.
const title = "CreateToken"

func parse(t testing.TB, document string) jmespath.Value {
	t.Helper()
	value, err := jmespath.ParseJSON([]byte(document))
	if err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	return value
}

// show renders a value in a form, which may have an option after an @: the width of the terminal or the way to colour.
func show(t testing.TB, spelled string, value jmespath.Value) (shown string, err error) {
	t.Helper()
	name, option, _ := strings.Cut(spelled, "@")
	form, found := render.FormNamed(name)
	if !found {
		t.Fatalf("no form %s", name)
	}
	options := render.Options{Title: title}
	switch option {
	case "":
	case "direct":
		options.Color = render.DirectColor
	case "pager":
		options.Color = render.PagerColor
	default:
		if options.Width, err = strconv.Atoi(option); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	err = form.Render(&out, value, options)
	return out.String(), err
}

func compare(t *testing.T, form string, value jmespath.Value, want string, refused bool) {
	t.Helper()
	got, err := show(t, form, value)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-reference +ours):\n%s", form, diff)
	}
	if (err != nil) != refused {
		t.Errorf("%s answers the error %v; the reference fails: %v", form, err, refused)
	}
}

func TestFormsPrintWhatTheReferencePrints(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no archives", err)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var value jmespath.Value
		for _, file := range archive.Files {
			name, form, _ := strings.Cut(file.Name, ".")
			if form == "json" {
				value = parse(t, string(file.Data))
				continue
			}
			form, refused := strings.CutSuffix(form, ".refused")
			want := string(file.Data)
			if strings.HasSuffix(form, "@direct") {
				want = strings.TrimSuffix(want, "\n") // what the reset at the end lacks and a file cannot
			}
			t.Run(name+"/"+form, func(t *testing.T) { compare(t, form, value, want, refused) })
		}
	}
}

func TestFormsPrintRandomValuesAsTheReference(t *testing.T) {
	cases, err := os.ReadFile("testdata/random.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range bytes.Split(bytes.TrimSpace(cases), []byte("\n")) {
		t.Run(strconv.Itoa(i+1), func(t *testing.T) {
			var sections map[string]json.RawMessage
			if err := json.Unmarshal(line, &sections); err != nil {
				t.Fatal(err)
			}
			value := parse(t, string(sections["value"]))
			delete(sections, "value")
			for form, section := range sections {
				var want struct {
					Shown   string
					Refused bool
				}
				if err := json.Unmarshal(section, &want); err != nil {
					t.Fatal(err)
				}
				compare(t, form, value, want.Shown, want.Refused)
			}
		})
	}
}
