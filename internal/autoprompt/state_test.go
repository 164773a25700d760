package autoprompt

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"sallyport/internal/shellwords"
)

// pressed presses keys: names of keys in angle brackets, other text as it is.
func pressed(s state, keys string) (state, effect) {
	var e effect
	for keys != "" {
		if keys[0] == '<' {
			name, rest, _ := strings.Cut(keys[1:], ">")
			s, e = s.press(name, "")
			keys = rest
			continue
		}
		_, size := utf8.DecodeRuneInString(keys)
		s, e = s.press("", keys[:size])
		keys = keys[size:]
	}
	return s, e
}

func (s state) marked() string { return s.text[:s.cursor] + "|" + s.text[s.cursor:] }

func TestKeysChangeTheLine(t *testing.T) {
	for _, c := range []struct{ name, line, keys, becomes string }{
		{"typing", "|", "ssö 漢", "ssö 漢|"},
		{"typing in the middle", "a|c", "b", "ab|c"},
		{"going left and right", "abc|", "<left><left>x<right>y", "axby|c"},
		{"going to the ends", "ab|c", "<home>1<end>2<ctrl+a>3<ctrl+e>4", "31abc24|"},
		{"going by words", "one two |three", "<alt+b><alt+b>x<alt+f><ctrl+right>y", "xone twoy| three"},
		{"the ends stop", "|a", "<left><backspace><right><right><delete>", "a|"},
		{"deleting", "abcd|e", "<backspace><delete><left><delete>", "ab|"},
		{"a combining mark goes with its letter", "xe\u0301|", "<backspace>", "x|"},
		{"and is gone over with it", "xe\u0301|y", "<left>z", "xz|e\u0301y"},
		{"deleting words and ends", "one two three| four", "<ctrl+w><ctrl+k>", "one two |"},
		{"deleting to the beginning", "one |two", "<ctrl+u>", "|two"},
		{"taking the chosen item", "|", "<down><enter>", "sso |"},
		{"choosing goes round by way of the line", "|", "<up><up><shift+tab><shift+tab><up><up><enter>", "sso-oidc |"},
		{"tab chooses", "|", "<tab><tab><enter>", "sso-oidc |"},
		{"tab takes the only item", "conf|", "<tab>", "configure |"},
		{"a blank takes the chosen item", "|", "<down> l", "sso l|"},
		{"other text leaves the choice", "|", "<down>ss", "ss|"},
		{"escape drops the choice", "|", "<down><esc> ", " |"},
		{"a whole command", "|", "oidc<tab>cre<tab>id<tab>", "sso-oidc create-token --client-id |"},
		{"a value with a blank is quoted", "sso-oidc create-token --client-id |", "<down><enter>", "sso-oidc create-token --client-id 'id of ' |"},
		{"a value in the option's word", "--output=te|", "<tab>", "--output=text |"},
		{"the rest of the word is replaced", "sso-oi|dx create-token", "<tab>", "sso-oidc |create-token"},
		{"a folder goes on", "--ca-bundle d|", "<tab><tab>", "--ca-bundle dir/deep.json |"},
		{"a path with a blank", "--ca-bundle |", "<down><enter>", "--ca-bundle 'a file' |"},
		{"pages of the menu", "|", "<pgdown><enter>", "sso |"},
		{"a key that means nothing", "a|", "<f12><ctrl+y>", "a|"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, e := pressed(at(c.line), c.keys)
			if got := s.marked(); got != c.becomes || e != goOn {
				t.Errorf("becomes %q (effect %d), want %q", got, e, c.becomes)
			}
		})
	}
}

func TestEnterRunsTellsOrTakes(t *testing.T) {
	complete := "sso-oidc create-token --client-id x --client-secret y --grant-type z|"
	for _, c := range []struct {
		name, line, keys string
		effect           effect
		message          string
	}{
		{"a complete line runs", complete, "<enter>", run, ""},
		{"what is missing is told", "sso-oidc create-token --client-id x --grant-type y|", "<enter>", goOn, "missing: --client-secret - Enter again runs the line as it is"},
		{"a second Enter runs the line all the same", "sso-oidc create-token|", "<enter><enter>", run, "missing: --client-id, --client-secret, --grant-type - Enter again runs the line as it is"},
		{"but not after a change", "sso-oidc create-token|", "<enter> <enter>", goOn, "missing: --client-id, --client-secret, --grant-type - Enter again runs the line as it is"},
		{"nor after looking at the menu", "sso-oidc create-token |", "<enter><down><up><enter>", goOn, "missing: --client-id, --client-secret, --grant-type - Enter again runs the line as it is"},
		{"an open quotation never runs", "sso 'logout|", "<enter><enter><enter>", goOn, "a quotation mark is not closed"},
		{"an item is taken, not run", "--version |", "<down><enter>", goOn, ""},
		{"Ctrl-C leaves", complete, "<ctrl+c>", leave, ""},
		{"Ctrl-D leaves", complete, "<ctrl+d>", leave, ""},
		{"escape takes the message away", "sso|", "<enter><esc>", goOn, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, e := pressed(at(c.line), c.keys)
			if e != c.effect || s.message != c.message {
				t.Errorf("effect %d, message %q, want %d, %q", e, s.message, c.effect, c.message)
			}
		})
	}
}

func TestTheLineBeginsWithTheWordsGiven(t *testing.T) {
	for _, c := range []struct {
		name    string
		initial []string
		line    string
	}{
		{"none", nil, "|"},
		{"a whole word", []string{"sso"}, "sso |"},
		{"the beginning of a word", []string{"sso-o"}, "sso-o|"},
		{"a value that is nobody's beginning", []string{"sso-oidc", "create-token", "--code", "a b"}, "sso-oidc create-token --code 'a b' |"},
		{"the beginning of a choice", []string{"--output", "ta"}, "--output ta|"},
		{"something unknown", []string{"zzz"}, "zzz |"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := example()
			if got := newState(&p, files, c.initial).marked(); got != c.line {
				t.Errorf("%q, want %q", got, c.line)
			}
		})
	}
}

func TestPastedTextIsInsertedWithoutControls(t *testing.T) {
	for _, c := range []struct{ name, line, pasted, becomes string }{
		{"text", "a|b", "漢 x", "a漢 x|b"},
		{"line ends are blanks", "|", "sso\r\nlogout\r", "sso logout |"},
		{"line ends are kept in quotes", "--code '|", "{\r\n\t1}\r", "--code '{\n\t1}\n|"},
		{"escape sequences lose what makes them so", "|", "a\x1b[31m\x00\u009bb", "a[31mb|"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := at(c.line).pasted(c.pasted).marked(); got != c.becomes {
				t.Errorf("%q, want %q", got, c.becomes)
			}
		})
	}
}

func TestALineThatIsFullTakesNoMore(t *testing.T) {
	s := at("|").pasted(strings.Repeat("x", maxLine))
	if len(s.text) != maxLine {
		t.Fatalf("%d bytes", len(s.text))
	}
	s, _ = pressed(s, "y")
	if len(s.text) != maxLine || s.message != "the line is full" {
		t.Errorf("%d bytes, message %q", len(s.text), s.message)
	}
}

func TestASecretFromTheMenuIsRunAndNotShown(t *testing.T) {
	s, _ := pressed(at("sso-oidc create-token --client-secret |"), "one<tab>")
	if words, _ := shellwords.Split(s.text); words[len(words)-1] != "s3cr3t value" {
		t.Errorf("the words are %q", words)
	}
	const want = "sso-oidc create-token --client-secret ******** "
	if got := s.masked(); got != want {
		t.Errorf("shows %q, want %q", got, want)
	}
	within, _ := pressed(s, "<left><left><left>")
	if before, after := within.maskedAround(); before != strings.TrimSpace(want) || after != " " {
		t.Errorf("with the cursor in it shows %q and %q", before, after)
	}
	before, _ := pressed(s, "<home>")
	if got := before.masked(); got != want {
		t.Errorf("with the cursor before it shows %q", got)
	}
	inline, _ := pressed(at("sso-oidc create-token --client-secret=hunt|"), "<tab>")
	if got := inline.masked(); got != "sso-oidc create-token --client-secret=******** " {
		t.Errorf("in the option's word shows %q", got)
	}
	typed, _ := pressed(at("sso-oidc create-token --client-secret |"), "hunter2 ")
	if got := typed.masked(); got != "sso-oidc create-token --client-secret hunter2 " {
		t.Errorf("what is typed shows as %q", got)
	}
}

func TestNoKeyBreaksTheState(t *testing.T) {
	var names []string
	for _, c := range changes {
		names = append(names, c.keys...)
	}
	names = append(names, "enter", "ctrl+c")
	rapid.Check(t, func(t *rapid.T) {
		s := at("sso-oidc create-token |")
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			before := s
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				s = s.pasted(rapid.String().Draw(t, "pasted"))
			case 1:
				s = s.resized(rapid.IntRange(0, 90).Draw(t, "width"), rapid.IntRange(0, 30).Draw(t, "height"))
			case 2:
				s, _ = s.press("", rapid.SampledFrom([]string{"a", "-", " ", "'", `\`, "=", "漢", "\u0301"}).Draw(t, "text"))
			case 3:
				s, _ = s.press(rapid.SampledFrom(names).Draw(t, "key"), "")
			}
			if s.cursor < 0 || s.cursor > len(s.text) || !utf8.RuneStart((s.text + " ")[s.cursor]) {
				t.Fatalf("the cursor is at %d of %q", s.cursor, s.text)
			}
			if s.chosen < -1 || s.chosen >= max(1, len(s.menu)) {
				t.Fatalf("item %d of %d is chosen", s.chosen, len(s.menu))
			}
			checkView(t, s)
			if before.text == s.text && !slices.Equal(before.secrets, s.secrets) && s.message == "" {
				t.Fatal("a secret is known that is not on the line")
			}
		}
	})
}
