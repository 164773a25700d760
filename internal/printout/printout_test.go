package printout

import (
	"bytes"
	"strings"
	"testing"

	"sallyport/internal/command"
	"sallyport/internal/jmespath"
)

func TestAsked(t *testing.T) {
	result := jmespath.ObjectOf([]jmespath.Member{{Name: "a", Value: jmespath.TextOf("one")}, {Name: "b", Value: jmespath.TextOf("two")}})
	for _, test := range []struct{ name, words, want, fails string }{
		{name: "nothing", want: "none"},
		{name: "a form", words: "--output text", want: "one\ttwo\n"},
		{name: "a query alone is printed as JSON", words: "--query a", want: "\"one\"\n"},
		{name: "a form and a query", words: "--output text --query b", want: "two\n"},
		{name: "a table has the title", words: "--output table", want: "Sample"},
		{name: "a query that is none", words: "--query a[", fails: "Bad value for --query a["},
		{name: "a query that does not fit", words: "--query sum(a)", fails: "sum"},
	} {
		t.Run(test.name, func(t *testing.T) {
			parsed, err := command.GlobalOptions.Parse(strings.Fields(test.words))
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			call := &command.Call{Environ: command.Environ{Stdout: &out}, Global: parsed.Arguments}
			print, err := Asked(call, "Sample")
			switch {
			case err == nil && print == nil:
				out.WriteString("none")
			case err == nil:
				err = print(&out, result)
			}
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("got %v, want %s", err, test.fails)
				}
				return
			}
			if err != nil || !strings.Contains(out.String(), test.want) {
				t.Errorf("got %q, %v", out.String(), err)
			}
		})
	}
}
