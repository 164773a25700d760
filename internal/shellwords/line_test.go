package shellwords

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sallyport/test/vectors"
)

func TestALineIsSplitAsAShellSplitsIt(t *testing.T) {
	for _, c := range []struct {
		name, line string
		words      []string
	}{
		{"nothing", "  \t ", nil},
		{"words", " a  b\tc\n", []string{"a", "b", "c"}},
		{"single quotes keep everything", `'a "b" \n $c'`, []string{`a "b" \n $c`}},
		{"double quotes keep all but their own escapes", `"a 'b' \" \\ \n"`, []string{`a 'b' " \ \n`}},
		{"a backslash takes the next character as it is", `a\ b \'c \\`, []string{"a b", "'c", `\`}},
		{"parts stand together", `--x='a b'"c"d`, []string{"--x=a bcd"}},
		{"an empty word", `a '' ""`, []string{"a", "", ""}},
		{"JSON", `'{"a": [1, "b"]}'`, []string{`{"a": [1, "b"]}`}},
		{"not ASCII", `Zoë 漢字`, []string{"Zoë", "漢字"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			words, err := Split(c.line)
			if err != nil || !slices.Equal(words, c.words) {
				t.Errorf("got %q, %v, want %q", words, err, c.words)
			}
		})
	}
}

func TestAnOpenQuotationIsRefused(t *testing.T) {
	for _, line := range []string{`'a`, `"a`, `a\`, `"a\"`, `a '' 'b c`} {
		if words, err := Split(line); err == nil {
			t.Errorf("%s is split into %q", line, words)
		}
	}
}

func TestWordsAreQuotedOnlyWhenTheyMustBe(t *testing.T) {
	for _, c := range []struct{ word, quoted string }{
		{"plain-Word_1.2", "plain-Word_1.2"},
		{"https://host:8443/a?b", "'https://host:8443/a?b'"},
		{"arn:aws:sso::1:x/y", "arn:aws:sso::1:x/y"},
		{"Zoë", "Zoë"},
		{"", "''"},
		{"a b", "'a b'"},
		{"it's", `'it'\''s'`},
		{"~/x", "'~/x'"},
		{"file://~/x", "file://~/x"},
		{"a\xffb", "'a\xffb'"},
	} {
		if got := Join([]string{c.word}); got != c.quoted {
			t.Errorf("%q is written %s, want %s", c.word, got, c.quoted)
		}
	}
}

func TestSplitUndoesJoin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.OneOf(rapid.String(), rapid.StringMatching(`[ '"\\a~\n-]*`))).Draw(t, "words")
		got, err := Split(Join(words))
		if err != nil || !slices.Equal(got, words) && len(words) > 0 {
			t.Fatalf("got %q, %v", got, err)
		}
	})
}

func TestAShellUnderstandsTheQuoting(t *testing.T) {
	words := []string{"a b", "it's", `back\slash`, `"quoted"`, "", "$HOME", "`x`", "!*?[]", "ü\nnew line", "~"}
	out, err := exec.Command("sh", "-c", `printf '%s\001' `+Join(words)).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(strings.TrimSuffix(string(out), "\x01"), "\x01"); !slices.Equal(got, words) {
		t.Errorf("got %q, want %q", got, words)
	}
}

func FuzzAnyLineIsSplitIntoWordsThatJoinAgain(f *testing.F) {
	f.Add(`a 'b c' "d\"e" f\ g`)
	f.Add("'\xff\\")
	for _, line := range vectors.Naughty(f) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, err := Split(line)
		if err != nil {
			return
		}
		again, err := Split(Join(words))
		if err != nil || !slices.Equal(again, words) {
			t.Errorf("%q, then %q, %v", words, again, err)
		}
	})
}
