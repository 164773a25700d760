package render_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sallyport/internal/jmespath"
	"sallyport/internal/render"
)

func TestAnEmptyObjectIsShownAsNothingInEveryForm(t *testing.T) {
	for _, form := range render.Forms {
		got, err := show(t, form.Name, parse(t, "{}"))
		if got != "" || err != nil {
			t.Errorf("%s prints %q, %v", form.Name, got, err)
		}
	}
}

func TestFormsAreChosenByName(t *testing.T) {
	if diff := cmp.Diff([]string{"json", "text", "table", "yaml", "yaml-stream", "off"}, render.FormNames()); diff != "" {
		t.Error(diff)
	}
	if _, found := render.FormNamed("xml"); found {
		t.Error("a form xml was found")
	}
}

func TestJSONKeepsTheOrderOfMembersAndEveryCharacter(t *testing.T) {
	got, err := show(t, "json", parse(t, `{"b":"<é&>","a":[1,{}]}`))
	want := "{\n    \"b\": \"<é&>\",\n    \"a\": [\n        1,\n        {}\n    ]\n}\n"
	if got != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestOffShowsNothing(t *testing.T) {
	if got, err := show(t, "off", parse(t, `{"a":1}`)); got != "" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestYAMLRefersToWhatAQueryShowsTwice(t *testing.T) {
	const document = `{"a":{"w":[{"k":"v"}],"x":{"y":[1]}},"b":[{"n":1},{"n":2}],"e":[],"s":"t"}`
	for _, c := range []struct{ name, query, want string }{
		{"an object in a list", "[a.x,a.x]", "- &id001\n  y:\n  - 1\n- *id001\n"},
		{"a list under two names", "{p:a.w,q:a.w}", "p: &id001\n- k: v\nq: *id001\n"},
		{"the inner one first", "[a.x.y,a.x]", "- &id001\n  - 1\n- y: *id001\n"},
		{"numbers in the order of the second places", "[b[0],b[1],b[1],b[0]]", "- &id002\n  n: 1\n- &id001\n  n: 2\n- *id001\n- *id002\n"},
		{"what is inside appears twice only as a whole", "{p:a.x,q:a.x}", "p: &id001\n  y:\n  - 1\nq: *id001\n"},
		{"a literal in a projection", "b[*].{m:`[1]`}", "- m: &id001\n  - 1\n- m: *id001\n"},
		{"a sorted list is another list of the same objects", "[sort_by(b,&n),b][*][0]", "- &id001\n  n: 1\n- *id001\n"},
		{"texts are repeated", "[s,s]", "- t\n- t\n"},
		{"equal lists that are not the same", "[b[*].n,b[*].n]", "- - 1\n  - 2\n- - 1\n  - 2\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			query, err := jmespath.Compile(c.query)
			if err != nil {
				t.Fatal(err)
			}
			value, err := query.Search(parse(t, document))
			if err != nil {
				t.Fatal(err)
			}
			got, err := show(t, "yaml", value)
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%v (-reference +ours):\n%s", err, diff)
			}
		})
	}
}

func TestAnExampleKeepsItsOrderAndHasAComment(t *testing.T) {
	example := parse(t, `{"clientId":"","Count":0,"Primary":true,"scope":[""],"Name":{"Given":"","Any":{}},"Filters":[{"Path":"","Values":[""]}]}`)
	comments := map[string]string{
		"clientId":     "[REQUIRED] who asks",
		"Count":        "a comment on\n  two lines",
		"scope":        "what for",
		"Name":         "of a person",
		"Name/Given":   "the first one",
		"Name/Any":     "anything",
		"Filters":      "conditions",
		"Filters/Path": "[REQUIRED] where to look",
	}
	want := `clientId: ''  # [REQUIRED] who asks
Count: 0  # a comment on two lines
Primary: true
scope:  # what for
- ''
Name:  # of a person
  Given: ''  # the first one
  Any: {}  # anything
Filters:  # conditions
- Path: ''  # [REQUIRED] where to look
  Values:
  - ''
`
	var got bytes.Buffer
	err := render.YAMLExample(&got, example, func(path []string) string { return comments[strings.Join(path, "/")] })
	if diff := cmp.Diff(want, got.String()); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestAnExampleOfNothingIsAnEmptyObject(t *testing.T) {
	var got bytes.Buffer
	err := render.YAMLExample(&got, parse(t, "{}"), func([]string) string { return "never asked for" })
	if got.String() != "{}\n" || err != nil {
		t.Errorf("got %q, %v", got.String(), err)
	}
}

var errClosed = errors.New("closed")

type closedWriter struct{}

func (closedWriter) Write([]byte) (int, error) { return 0, errClosed }

func TestFormsReportThatNothingCouldBeWritten(t *testing.T) {
	for _, form := range render.Forms {
		err := form.Render(closedWriter{}, parse(t, `{"a":1}`), render.Options{})
		if !errors.Is(err, errClosed) && form.Name != "off" {
			t.Errorf("%s answers %v", form.Name, err)
		}
	}
}

// The archives have no such characters: Python before 3.12, with which they were made, takes them for wide.
func TestUnassignedCharactersTakeOneColumn(t *testing.T) {
	got, err := show(t, "table", parse(t, `["\uFFFE"]`))
	want := "-------------\n|CreateToken|\n+-----------+\n|  \uFFFE        |\n+-----------+\n"
	if got != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestYAMLEscapesNoncharactersAtTheEndOfThePlaneOnly(t *testing.T) {
	got, err := show(t, "yaml", parse(t, `["\uFFFE","\uFDD0","\uD7FF"]`))
	if want := "- \"\\uFFFE\"\n- \uFDD0\n- \uD7FF\n"; got != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func BenchmarkForms(b *testing.B) {
	account := `{"accountId":"111122223333","accountName":"a name of some length","emailAddress":"one@example.com"}`
	answers := map[string]string{
		"token": `{"accessToken":"` + strings.Repeat("t", 600) + `","tokenType":"Bearer","expiresIn":28800,"scope":["openid","aws"]}`,
		"pages": `{"accountList":[` + strings.Repeat(account+",", 999) + account + `]}`,
	}
	for size, document := range answers {
		value := parse(b, document)
		for _, form := range render.Forms {
			b.Run(size+"/"+form.Name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := form.Render(io.Discard, value, render.Options{Title: title}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
