package manual

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

// sample has everything that a page can have, and letters that mean something to one of the three forms.
var sample = Page{
	Name:    "sallyport keep record",
	Purpose: "Keep a record of what was said",
	Description: []string{
		"Keeps a record under a name. A name is what you like: a_b, *star*, <tag>, #1, it's \"quoted\", C:\\temp, a|b, `tick`, 50% & more… " +
			"https://sallyport.example/a/very/long/address/that/no/formatter/shall/break/because/it/could/not/be/clicked/any/more/then.",
		".profile begins with a period, which troff takes for a request.",
		"'quoted' begins with a quote, which is one as well.",
	},
	Synopsis: []string{"sallyport keep record", "--name <value>", "[--tags <value> [<value> ...]]", "[--input-json | --input-yaml]", "[global options]"},
	Sections: []Section{
		{Heading: HeadingOptions, Items: []Item{
			{Term: "--name", Note: "(string, required)", Doc: []string{"Name of the record.", "- it may begin with a hyphen\x1b[31m or hold\x00 controls\u202e."}},
			{Term: "--tags", Note: "(list)", Doc: []string{"Tags, one a word."}, Values: []string{"red", "urn:a_b:*", "back`tick"}},
			{Term: "--empty"},
		}},
		{Heading: HeadingCommands, Text: []string{"1. Begin with one of these."}, Items: []Item{
			{Term: "list-records", Doc: []string{"List the records."}, Page: "sallyport keep list-records"},
		}},
		{Heading: HeadingExamples, Text: []string{"Set NAME first."}, Examples: []Example{
			{Title: "Keep a record with many words", Note: "The backslashes join the lines.",
				Shell: `RECORD=$(sallyport keep record --name "$NAME" --tags red 'a --not-an-option b' --query 'records[?name == "x"].id | [0]' --output text)`},
			{Title: "Two lines", Shell: "NAME=a\nsallyport keep record"},
		}},
		{Heading: HeadingOutput, Items: []Item{
			{Term: "record", Note: "(structure)", Doc: []string{"The record."}, Items: []Item{
				{Term: "name", Note: "(string)", Doc: []string{"Its name."}},
				{Term: "tags", Note: "(list)", Items: []Item{{Term: "tag", Note: "(string)"}}},
			}},
			{Term: "done", Note: "(boolean)"},
		}},
	},
	SeeAlso: []string{"sallyport keep", "sallyport"},
}

var colophon = Colophon{Date: "2026-11-22", Source: "sallyport 1.2.0"}

// forms are the ways to write a page, with the file that holds the sample so written.
var forms = []struct {
	golden string
	write  func(Page, io.Writer) error
}{
	{"sample.txt", func(p Page, w io.Writer) error { return p.Terminal(w, 72, false) }},
	{"sample-bold.txt", func(p Page, w io.Writer) error { return p.Terminal(w, 72, true) }},
	{"sample.1", func(p Page, w io.Writer) error { return p.Man(w, colophon) }},
	{"sample.md", Page.Markdown},
}

func written(t *testing.T, p Page, write func(Page, io.Writer) error) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(p, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestThePageIsWrittenAsTheGoldensAre(t *testing.T) {
	for _, form := range forms {
		t.Run(form.golden, func(t *testing.T) {
			got, path := written(t, sample, form.write), filepath.Join("testdata", form.golden)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

func TestBoldIsAllThatStyleAdds(t *testing.T) {
	bare := written(t, sample, forms[0].write)
	styled := written(t, sample, forms[1].write)
	if without := strings.NewReplacer(bold, "", plain, "").Replace(styled); without != bare || styled == bare {
		t.Errorf("got\n%s", styled)
	}
}

func TestHeadingsStandAtTheMargin(t *testing.T) {
	headings := regexp.MustCompile(`(?m)^\S.*$`).FindAllString(written(t, sample, forms[0].write), -1)
	want := []string{"NAME", "DESCRIPTION", "SYNOPSIS", "OPTIONS", "AVAILABLE COMMANDS", "EXAMPLES", "OUTPUT", "SEE ALSO"}
	if !slices.Equal(headings, want) {
		t.Errorf("got %q", headings)
	}
}

func TestLinesKeepToTheWidth(t *testing.T) {
	for given, bound := range map[int]int{-1: minWidth, 60: 60, 5000: maxWidth} {
		var out bytes.Buffer
		page := Page{Name: "p", Description: []string{strings.Repeat("word ", 200)}}
		if err := page.Terminal(&out, given, false); err != nil {
			t.Fatal(err)
		}
		longest := 0
		for line := range strings.Lines(out.String()) {
			longest = max(longest, length(strings.TrimRight(line, "\n")))
		}
		if longest > bound || longest < bound-len("word ") {
			t.Errorf("width %d: the longest line has %d letters, want at most %d", given, longest, bound)
		}
	}
}

func TestCommandsBreakBeforeOptionsOnly(t *testing.T) {
	cases := []struct {
		name, command string
		width         int
		want          []string
	}{
		{"what fits stays whole", "p --a 1 --b 2", 20, []string{"p --a 1 --b 2"}},
		{"what does not is joined by backslashes", "p --a 1 --b 2", 12, []string{`p --a 1 \`, "    --b 2"}},
		{"values stay with their options", "p --long a b c d e f", 8, []string{`p \`, "    --long a b c d e f"}},
		{"options in quotes are values", "p 'x --a' \"y --b\" --c", 8, []string{`p 'x --a' "y --b" \`, "    --c"}},
		{"nothing before the first option is no line", " --a --b", 4, []string{` --a \`, "    --b"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := breakCommand(c.command, c.width); !slices.Equal(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestEscapes(t *testing.T) {
	cases := []struct{ name, text, roff, markdown string }{
		{"a hyphen can be pasted", "--client-id", `\-\-client\-id`, `\--client-id`},
		{"a backslash", `C:\temp`, `C:\etemp`, `C:\\temp`},
		{"quotes are straight", `'a' "b"`, `\(aqa\(aq \(dqb\(dq`, `'a' "b"`},
		{"accents are letters", "^ ~ `", `\(ha \(ti \(ga`, "^ \\~ \\`"},
		{"emphasis", "a_b *c*", "a_b *c*", `a\_b \*c\*`},
		{"a tag", "<b>&amp;", "<b>&amp;", `\<b\>\&amp;`},
		{"a link", "[a](b)", "[a](b)", `\[a\](b)`},
		{"a heading", "# a", "# a", `\# a`},
		{"a list", "+ a", "+ a", `\+ a`},
		{"a numbered list", "10. a 2. b", "10. a 2. b", `10\. a 2. b`},
		{"a numbered list with a bracket", "1) a", "1) a", `1\) a`},
		{"a table", "a|b", "a|b", `a\|b`},
		{"letters beyond ASCII", "… é", `\[u2026] \[u00E9]`, "… é"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := escapeRoff(c.text); got != c.roff {
				t.Errorf("roff %s, want %s", got, c.roff)
			}
			if got := escapeMarkdown(c.text); got != c.markdown {
				t.Errorf("Markdown %s, want %s", got, c.markdown)
			}
		})
	}
}

func TestCodeSpansHoldBackticks(t *testing.T) {
	for text, want := range map[string]string{"a": "`a`", "a`b": "``a`b``", "``": "``` `` ```", "a_b": "`a_b`"} {
		if got := code(text); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

func TestFilesAreNamedByTheCommand(t *testing.T) {
	if got := (Page{Name: "sallyport sso-oidc create-token"}).FileName("1"); got != "sallyport-sso-oidc-create-token.1" {
		t.Errorf("got %s", got)
	}
}

// macros are all requests that a man page may hold.
var macros = regexp.MustCompile(`^\.(TH|SH|PP|TP|IP|RS|RE|nf|fi|nh|ad|BR)( |$)`)

// Whatever a text holds, it is text in all forms: no control letters, no requests to troff, and as many headings as there were.
func FuzzTextsAreTexts(f *testing.F) {
	for _, seed := range []string{".so /etc/passwd", "'br", "\\*(xx", "a\n.SH X", "\x1b]0;x\x07", "\u202ea", "# a", "```", "\xff", "- \n- ", "a\u2028.b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		page := Page{
			Name: "p", Purpose: text, Description: []string{text}, Synopsis: []string{text, text}, SeeAlso: []string{text},
			Sections: []Section{{Heading: "HEADING", Text: []string{text}, Items: []Item{{Term: text, Note: text, Doc: []string{text, text},
				Values: []string{text}, Page: text, Items: []Item{{Term: text}}}}, Examples: []Example{{Title: text, Note: text, Shell: text}}}},
		}
		for _, form := range forms {
			out := written(t, page, form.write)
			without := strings.NewReplacer(bold, "", plain, "", "\n", "").Replace(out)
			if at := strings.IndexFunc(without, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }); at >= 0 {
				t.Errorf("%s holds %q", form.golden, without[at:])
			}
		}
		for request := range strings.Lines(written(t, page, forms[2].write)) {
			if strings.HasPrefix(request, "'") || strings.HasPrefix(request, ".") && !macros.MatchString(strings.TrimRight(request, "\n")) {
				t.Errorf("the man page holds the request %q", request)
			}
		}
		headings := 0
		for line := range strings.Lines(written(t, page, forms[0].write)) {
			if line[0] != ' ' && line[0] != '\n' {
				headings++
			}
		}
		if headings != 5 {
			t.Errorf("%d lines stand at the margin of the terminal, want 5", headings)
		}
	})
}

func TestAMarginHoldsADateOrNothing(t *testing.T) {
	for date, want := range map[string]string{"2026-11-22": `"2026-11-22"`, "": `""`, "today": `""`, `2026" "`: `""`} {
		got := written(t, Page{Name: "p"}, func(p Page, w io.Writer) error { return p.Man(w, Colophon{Date: date}) })
		if first, _, _ := strings.Cut(got, "\n"); !strings.HasPrefix(first, `.TH P 1 `+want+" ") {
			t.Errorf("date %q gives %s", date, first)
		}
	}
}
