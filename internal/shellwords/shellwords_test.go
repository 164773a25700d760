package shellwords

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	tests := []struct {
		name, line string
		want       []string
		err        error
	}{
		{"nothing", " \t\n", []string{}, nil},
		{"blanks of every kind part words", " a\tb\nc  d ", []string{"a", "b", "c", "d"}, nil},
		{"single quotes keep everything", `'a "b" \ $c'`, []string{`a "b" \ $c`}, nil},
		{"double quotes let a backslash escape themselves and it", `"a \"b\" \\ \n"`, []string{`a "b" \ \n`}, nil},
		{"quotes in the middle of a word", `a'b c'"d e"f`, []string{"ab cd ef"}, nil},
		{"an escaped blank", `a\ b \'`, []string{"a b", "'"}, nil},
		{"empty words", `'' ""`, []string{"", ""}, nil},
		{"signs of the shell mean nothing", "a|b >c $d `e` #f", []string{"a|b", ">c", "$d", "`e`", "#f"}, nil},
		{"a quotation that is not closed", `a 'b`, nil, ErrQuote},
		{"a backslash at the end", `a\`, nil, ErrEscape},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Split(test.line)
			if !slices.Equal(got, test.want) || !errors.Is(err, test.err) {
				t.Errorf("got %q, %v; want %q, %v", got, err, test.want, test.err)
			}
		})
	}
}

// A real shell reads what Quote writes as the word that it was.
func TestAShellReadsWhatIsQuoted(t *testing.T) {
	words := []string{"", "a", "it's", `"`, `\`, "$HOME", "`id`", "a b", "é", "*", "~", "-n", "a\nb", "#x", "!x", "=", "{a,b}"}
	got, err := exec.Command("sh", "-c", `printf '%s\0' `+Join(words)).Output()
	if err != nil || string(got) != strings.Join(words, "\x00")+"\x00" {
		t.Errorf("got %q, %v", got, err)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add(`a 'b c' "d\"" \e`)
	f.Fuzz(func(t *testing.T, line string) {
		words, err := Split(line)
		if err != nil {
			return
		}
		if again, err := Split(Join(words)); err != nil || !slices.Equal(again, words) {
			t.Errorf("%q became %q, then %q, %v", line, words, again, err)
		}
	})
}
