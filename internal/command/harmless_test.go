package command

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sallyport/test/vectors"
)

func TestTerminalsActUponNothingThatIsHarmless(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"letters of any language", "é 日本 🙂\tx\ny", "é 日本 🙂\tx\ny"},
		{"an escape sequence", "\x1b]0;title\a", "\uFFFD]0;title\uFFFD"},
		{"its form in one character", "\u009b2J", "\uFFFD2J"},
		{"its form in one byte", "\x9b2J", "\uFFFD2J"},
		{"a return to the beginning of the line", "bad\rgood", "bad\uFFFDgood"},
		{"letters in another order", "\u202egpj.exe", "\uFFFDgpj.exe"},
		{"a line end of Unicode", "a\u2028b", "a\uFFFDb"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Harmless(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTheDebugLogIsHarmless(t *testing.T) {
	var out strings.Builder
	NewDebugLog(&out, Arguments{"debug": nil}).Printf("request id %s", "\x1b[2J")
	if got := out.String(); got != Program+" debug: request id \uFFFD[2J\n" {
		t.Errorf("got %q", got)
	}
}

func TestNoLogPrintsNothing(t *testing.T) {
	var none *DebugLog
	none.Printf("a file cannot be read")
	if none.On() {
		t.Error("it is on")
	}
}

func TestPasswordsOfAddressesAreHidden(t *testing.T) {
	for text, want := range map[string]string{
		"https://host/path?a=b@c":                     "https://host/path?a=b@c",
		"it is https://user:pass@host:8443/x, then":   "it is https://***@host:8443/x, then",
		"https://token@host":                          "https://***@host",
		"export A=http://u:p@h B='http://u:p@h/'":     "export A=http://***@h B='http://***@h/'",
		"https://u:p@ss@host/":                        "https://***@host/",
		"mail a@b.example, see https://b.example/a@b": "mail a@b.example, see https://b.example/a@b",
	} {
		if got := HidePasswords(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func FuzzHarmless(f *testing.F) {
	f.Add("\x1b[31m\u009b\xff\u202e\n")
	for _, text := range vectors.Naughty(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := Harmless(text)
		bad := func(r rune) bool {
			return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
		}
		if !utf8.ValidString(got) || strings.ContainsFunc(got, bad) {
			t.Errorf("%q became %q", text, got)
		}
	})
}
