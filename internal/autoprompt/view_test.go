package autoprompt

import (
	"strings"
	"testing"
	"unicode"

	"sallyport/internal/outline"
)

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkView checks what holds for every view: it fits, it has no controls, and the cursor is on it.
func checkView(t fataler, s state) {
	t.Helper()
	rows, x, y := s.view()
	if s.width <= 0 || s.height <= 0 {
		return
	}
	if len(rows) != s.height || x < 0 || x >= s.width || y < 0 || y >= s.height {
		t.Fatalf("%d rows on a screen of %dx%d, cursor at %d,%d", len(rows), s.width, s.height, x, y)
	}
	for _, r := range rows {
		if columns(r.text) > s.width || strings.ContainsFunc(r.text, unicode.IsControl) {
			t.Fatalf("a row of %d columns on a screen of %d: %q", columns(r.text), s.width, r.text)
		}
	}
}

func screenOf(s state) string {
	rows, _, _ := s.view()
	var all []string
	for _, r := range rows {
		all = append(all, strings.TrimRight(r.text, " "))
	}
	return strings.Join(all, "\n")
}

func TestWhatTheScreenShows(t *testing.T) {
	for _, c := range []struct {
		name          string
		width, height int
		line, keys    string
		shows         string
	}{
		{"the line, the menu, the keys", 72, 7, "|", "", `> tool
  sso        the portal
  sso-oidc   tokens
  configure  settings


Enter run  Tab/arrows choose  F1 keys  F3 help  Ctrl-C leave`},
		{"the chosen item has a mark", 72, 7, "|", "<down><down>", `> tool
  sso        the portal
* sso-oidc   tokens
  configure  settings

2 of 3
Enter take  Tab/arrows choose  F1 keys  F3 help  Ctrl-C leave`},
		{"what is required and how many there are", 60, 6, "sso-oidc create-token |", "", `> tool sso-oidc create-token
  --client-id              [required] who asks
  --client-secret          [required] its secret
  --grant-type             [required] the kind
12 items
Enter run  Tab/arrows choose  F1 keys  F3 help  Ctrl-C leave`},
		{"the menu scrolls to the chosen item", 60, 5, "sso-oidc create-token |", "<down><down><down><down>", `> tool sso-oidc create-token
  --grant-type             [required] the kind
* --code                   the code
4 of 12
Enter take  Tab/arrows choose  F1 keys  F3 help  Ctrl-C leav`},
		{"what a value is for", 60, 5, "sso-oidc create-token --code |", "", `> tool sso-oidc create-token --code


value of --code: the code
Enter run  Tab/arrows choose  F1 keys  F3 help  Ctrl-C leave`},
		{"what is missing", 50, 5, "sso-oidc|", "<enter>", `> tool sso-oidc
  sso-oidc  tokens

the command is not complete - Enter again runs the
Enter run  Tab/arrows choose  F1 keys  F3 help  Ct`},
		{"the help page of the command", 40, 10, "sso-oidc create-token |", "<f3>", `> tool sso-oidc create-token
  --client-id           [required] who a
  --client-secret       [required] its s
----------------------------------------
PAGE OF sso-oidc create-token

words and words

12 items
Enter run  Tab/arrows choose  F1 keys  F`},
		{"the help page of the chosen item", 40, 10, "|", "<f3><down>", `> tool
* sso        the portal
  sso-oidc   tokens
----------------------------------------
PAGE OF sso

words and words

1 of 3
Enter take  Tab/arrows choose  F1 keys`},
		{"the keys", 72, 8, "|", "<f1><pgdown>", `> tool
  sso        the portal
------------------------------------------------------------------------
Esc             drop the choice, the message, the panel
Page Up, Down   turn the pages of the panel, or of the menu
Home, End       go to the beginning or the end of the line (Ctrl-A,
3 items
Enter run  Tab/arrows choose  F1 keys  F3 help  Ctrl-C leave`},
		{"a panel is hidden by its key", 30, 4, "|", "<f3><f3>", `> tool
  sso        the portal
  sso-oidc   tokens
3 items`},
		{"a long line is wrapped, up to a third of the screen", 20, 6, "--code 0123456789abcdefghijABCDEFGHIJ|", "", "6789abcdefghijABCDEF\nGHIJ\n\n\n\nEnter run  Tab/arrow"},
		{"two rows", 12, 2, "s|", "", "> tool s\n  sso     th"},
		{"one row", 12, 1, "sso-oidc create|", "", "idc create"},
		{"a wide character is not cut", 11, 3, "a漢字|", "", "字\n\n"},
		{"controls are shown as pictures", 30, 3, "'a\x1b[2Jb\n\u202e|", "", "> tool 'a␛[2Jb␊\uFFFD\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := pressed(at(c.line).resized(c.width, c.height), c.keys)
			checkView(t, s)
			if got := screenOf(s); got != c.shows {
				t.Errorf("shows\n%s\n\nwant\n%s", got, c.shows)
			}
		})
	}
}

func TestTheCursorIsWhereTheTextGoes(t *testing.T) {
	for _, c := range []struct {
		name string
		line string
		x, y int
	}{
		{"behind the prompt", "|", 7, 0},
		{"behind a wide character", "漢|", 9, 0},
		{"in the next row when the first is full", "abc|", 0, 1},
		{"on a character of the next row", "abcde|f", 2, 1},
		{"on a mark without width in the last column", "abc|\u0301", 9, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, x, y := at(c.line).resized(10, 12).view()
			if x != c.x || y != c.y {
				t.Errorf("at %d,%d, want %d,%d", x, y, c.x, c.y)
			}
		})
	}
}

func TestAHelpPageFitsTheNarrowestScreen(t *testing.T) {
	for width := range 12 {
		s, _ := pressed(at("sso-oidc create-token |").resized(width, 30), "<f3>")
		checkView(t, s)
	}
}

func TestAnItemWithControlsCannotTouchTheTerminal(t *testing.T) {
	p := Program{Name: "t", Program: outline.Program{Words: []outline.Word{{Text: "x\x1b]0;owned\x07", Purpose: "\x1b[2J"}}}, Docs: func([]string) string { return "\x1b[1mpage\x9b" }}
	s, _ := pressed(newState(&p, files, nil).resized(40, 12), "<f3><down>")
	checkView(t, s)
	if got := screenOf(s); !strings.Contains(got, "x␛]0;owned␇  ␛[2J") || !strings.Contains(got, "␛[1mpage") {
		t.Errorf("shows\n%s", got)
	}
}
