package terminal

import (
	"strings"
	"testing"
)

func TestTheScreenShowsWhatATerminalWouldShow(t *testing.T) {
	for _, c := range []struct{ name, written, shown string }{
		{"text and line ends", "one\r\ntwo", "one\ntwo"},
		{"a line feed alone keeps the column", "one\ntwo", "one\n   two"},
		{"a line longer than the screen is wrapped", "0123456789ab", "0123456789\nab"},
		{"a full row alone wraps nothing", "0123456789\r\nx", "0123456789\nx"},
		{"without wrapping the last column is written over", "\x1b[?7l0123456789ab", "012345678b"},
		{"the bottom row scrolls", "1\r\n2\r\n3\r\n4\r\n5", "2\n3\n4\n5"},
		{"carriage return and backspace write over", "abc\rX\b\bY", "Ybc"},
		{"tabs", "a\tb", "a       b"},
		{"the cursor goes where it is told", "\x1b[2;3Hx\x1b[Ay\x1b[3Dz\x1b[4dv\x1b[Gu", " z y\n  x\n\nu v"},
		{"erasing to the end of the line", "abcdef\x1b[3G\x1b[K", "ab"},
		{"erasing the line's beginning", "abcdef\x1b[3G\x1b[1K", "   def"},
		{"erasing below", "a\r\nb\r\nc\x1b[2;1H\x1b[J", "a"},
		{"erasing all", "a\r\nb\x1b[2J\x1b[Hc", "c"},
		{"inserting and deleting characters", "abcd\x1b[2G\x1b[2@XY\x1b[P", "aXYcd"},
		{"erasing characters", "abcd\x1b[2G\x1b[2X", "a  d"},
		{"insert mode", "abc\x1b[G\x1b[4hX\x1b[4lY", "XYbc"},
		{"repeating a character", "a\x1b[3b", "aaaa"},
		{"inserting and deleting lines", "1\r\n2\r\n3\x1b[1;1H\x1b[L0\x1b[3;1H\x1b[M", "0\n1\n3"},
		{"a scrolling region keeps what is outside", "1\r\n2\r\n3\r\n4\x1b[2;3r\x1b[3;1H\n\x1b[r", "1\n3\n\n4"},
		{"scrolling by command", "1\r\n2\r\n3\x1b[S\x1b[2T", "\n\n2\n3"},
		{"reverse index at the top scrolls down", "1\r\n2\x1b[H\x1bM0", "0\n1\n2"},
		{"saving and restoring the cursor", "ab\x1b7cd\x1b8X", "abXd"},
		{"colours and links leave no trace", "\x1b[1;38;2;1;2;3mred\x1b[m \x1b]8;;http://x\x1b\\link\x1b]8;;\x07.", "red link."},
		{"titles and device strings leave no trace", "\x1b]0;title\x07a\x1bP+q544e\x1b\\b\x1b(Bc", "abc"},
		{"what is unknown leaves no trace", "a\x1b[5 q\x1b[>4;2m\x1b[=1u\x1b[?2027hb", "ab"},
		{"wide characters take two columns", "漢字\x1b[3GX", "漢X"},
		{"half of a wide character cannot stay", "漢\x1b[2GX", " X"},
		{"a wide character does not fit in the last column", "123456789漢", "123456789\n漢"},
		{"combining characters take none", "e\u0301x", "e\u0301x"},
		{"the alternate screen goes and the other is back", "main\x1b[?1049h\x1b[2J\x1b[Hother\x1b[?1049l!", "main!"},
		{"the alternate screen hides the other", "main\x1b[?1049h\x1b[Hother", "other"},
		{"a reset forgets all", "abc\x1bcd", "d"},
	} {
		t.Run(c.name, func(t *testing.T) {
			whole, cut := newScreen(10, 4), newScreen(10, 4)
			whole.Write([]byte(c.written))
			for i := range len(c.written) { // a read may end within any sequence
				cut.Write([]byte(c.written[i : i+1]))
			}
			for _, s := range []*screen{whole, cut} {
				if got := s.String(); got != c.shown {
					t.Errorf("shows\n%s\nwant\n%s", got, c.shown)
				}
			}
		})
	}
}

func TestTextPutsWrappedLinesTogetherAndKeepsWhatScrolledOff(t *testing.T) {
	s := newScreen(10, 2)
	s.Write([]byte("https://localhost/start\r\nnext? "))
	if got, want := s.text(), "https://localhost/start\nnext? "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := s.String(), "art\nnext?"; got != want {
		t.Errorf("screen %q, want %q", got, want)
	}
}

func TestQueriesAreAnswered(t *testing.T) {
	for _, c := range []struct{ name, query, answer string }{
		{"the place of the cursor", "ab\x1b[6n", "\x1b[1;3R"},
		{"the state", "\x1b[5n", "\x1b[0n"},
		{"what kind of terminal", "\x1b[c", "\x1b[?62;22c"},
		{"which version", "\x1b[>c", "\x1b[>1;10;0c"},
		{"its name", "\x1b[>0q", "\x1bP>|test(1)\x1b\\"},
		{"whether frames can be marked", "\x1b[?2026$p", "\x1b[?2026;2$y"},
		{"a mode it does not know", "\x1b[?2027$p", "\x1b[?2027;0$y"},
		{"the background", "\x1b]11;?\x07", "\x1b]11;rgb:0000/0000/0000\x1b\\"},
		{"keyboard protocols are not known", "\x1b[?u", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScreen(10, 4)
			s.Write([]byte(c.query))
			if got := string(s.takeAnswers()); got != c.answer {
				t.Errorf("answers %q, want %q", got, c.answer)
			}
			if again := s.takeAnswers(); len(again) > 0 {
				t.Errorf("answers again: %q", again)
			}
		})
	}
}

func TestASmallerScreenKeepsTheCursorWithin(t *testing.T) {
	s := newScreen(10, 4)
	s.Write([]byte("\x1b[4;10Hx"))
	s.resize(3, 2)
	s.Write([]byte("yz"))
	if got, want := s.String(), "  y\nz"; got != want {
		t.Errorf("shows %q", got)
	}
}

func FuzzTheScreenTakesAnyBytes(f *testing.F) {
	f.Add([]byte("漢\x1b[2GX\x1b[9999;9999H\x1b[9999b\x1b[2;3r\x1b[9999S\x1b[9999L\x1b[?1049h"), 3)
	f.Add([]byte("\x1b[1;1H\x1b[Z\x1b[I\x1b[4h漢漢漢\x1b[9999@\x1b[9999P\x1b[9999X\x1bc"), 1)
	f.Fuzz(func(t *testing.T, written []byte, columns int) {
		s := newScreen(min(max(columns, 1), 40), 4)
		s.Write(written)
		s.resize(2, 3)
		s.Write(written)
		if rows := strings.Count(s.String(), "\n") + 1; rows > s.rows {
			t.Errorf("%d rows on a screen of %d", rows, s.rows)
		}
	})
}
