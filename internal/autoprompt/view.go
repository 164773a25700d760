package autoprompt

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"sallyport/internal/shellwords"
)

// From which height on the parts of the screen below the line are shown. The line itself always is.
const (
	heightForStatus = 3
	heightForKeys   = 5
	heightForPanel  = 8
)

// maxPage bounds the help page that is wrapped at each key, in bytes.
const maxPage = 64 << 10

// look is how a row is drawn. Meaning never hangs on it alone: the chosen item has a mark as well.
type look string

const (
	plain  look = ""
	bold   look = "\x1b[1m"
	faint  look = "\x1b[2m"
	turned look = "\x1b[7m"
)

// row is one row of the screen, without controls and not wider than the screen.
type row struct {
	text string
	look look
}

func (r row) styled() string {
	if r.look == plain {
		return r.text
	}
	return string(r.look) + r.text + "\x1b[m"
}

// view draws the state: what stands in each row, and where the cursor is.
func (s state) view() (rows []row, x, y int) {
	if s.width <= 0 || s.height <= 0 {
		return nil, 0, 0
	}
	line, x, y := s.line()
	for _, text := range line {
		rows = append(rows, row{text: text})
	}
	rows = append(rows, s.menuView()...)
	if s.panelRows() > 0 {
		rows = append(rows, s.panelView()...)
	}
	for len(rows) < s.height-s.footRows() {
		rows = append(rows, row{})
	}
	if s.height >= heightForStatus {
		rows = append(rows, s.status())
	}
	if s.height >= heightForKeys {
		rows = append(rows, row{s.cut(s.keys()), faint})
	}
	return rows, x, y
}

func (s state) footRows() int {
	switch {
	case s.height >= heightForKeys:
		return 2
	case s.height >= heightForStatus:
		return 1
	}
	return 0
}

// line draws the line to edit, wrapped at the edge and scrolled so that the cursor is to be seen.
func (s state) line() (rows []string, x, y int) {
	all, x, y := s.wrappedLine()
	window := s.lineRows(len(all))
	first := min(max(0, y-window+1), len(all)-window)
	return all[first : first+window], x, y - first
}

// lineRows is how many rows the line has on the screen: as many as it needs, up to a third.
func (s state) lineRows(needed int) int { return min(needed, max(1, s.height/3)) }

func (s state) wrappedLine() (rows []string, x, y int) {
	shown, cursor := s.shownLine()
	var b strings.Builder
	columns := 0
	for i, r := range shown {
		w := runeColumns(r)
		if columns+w > s.width && columns > 0 {
			rows = append(rows, b.String())
			b.Reset()
			columns = 0
		}
		if i == cursor { // on a mark without width behind the last column, it stays there
			x, y = min(columns, s.width-1), len(rows)
		}
		if w <= s.width {
			b.WriteRune(r)
			columns += w
		}
	}
	if cursor == len(shown) {
		if columns >= s.width {
			rows = append(rows, b.String())
			b.Reset()
			columns = 0
		}
		x, y = columns, len(rows)
	}
	return append(rows, b.String()), x, y
}

// shownLine is the prompt and the line as they are shown, and the byte of it that the cursor is at.
func (s state) shownLine() (shown string, cursor int) {
	lead := "> " + visible(s.program.Name) + " "
	before, after := s.maskedAround()
	return lead + visible(before) + visible(after), len(lead) + len(visible(before))
}

// masked is the line with known secrets masked.
func (s state) masked() string {
	before, after := s.maskedAround()
	return before + after
}

// maskedAround is the line before and after the cursor. A cursor within a secret stands behind its mask; once the secret is changed, it is
// no known secret any more and shows.
func (s state) maskedAround() (before, after string) {
	at := 0
	var b, a strings.Builder
	write := func(text string, from int) {
		split := min(max(s.cursor-from, 0), len(text))
		b.WriteString(text[:split])
		a.WriteString(text[split:])
	}
	for _, t := range shellwords.Tokens(s.text) {
		lead, secret := s.secretIn(t.Word)
		if !secret {
			continue
		}
		write(s.text[at:t.Start], at)
		if s.cursor <= t.Start {
			a.WriteString(lead + maskedText)
		} else {
			b.WriteString(lead + maskedText)
		}
		at = t.End
	}
	write(s.text[at:], at)
	return b.String(), a.String()
}

// secretIn tells whether a word is a secret taken from the menu, alone or behind its option's name, which is the lead.
func (s state) secretIn(word string) (lead string, secret bool) {
	if slices.Contains(s.secrets, word) {
		return "", true
	}
	name, value, inline := strings.Cut(word, "=")
	if inline && strings.HasPrefix(name, "--") && slices.Contains(s.secrets, value) {
		return name + "=", true
	}
	return "", false
}

// menuRows is how many rows are left for the menu.
func (s state) menuRows() int {
	all, _, _ := s.wrappedLine()
	return max(0, s.height-s.lineRows(len(all))-s.footRows()-s.panelRows())
}

// purposeColumns are left for what items are for, beside labels however long; on a narrow screen half of it is.
const purposeColumns = 40

func (s state) menuView() []row {
	room := s.menuRows()
	first := max(0, s.chosen-room+1)
	items := s.menu[min(first, len(s.menu)):min(first+room, len(s.menu))]
	labels := 0
	for _, c := range s.menu { // of all, so that scrolling moves nothing sideways
		labels = max(labels, columns(visible(c.label)))
	}
	labels = min(labels, max(s.width/2, s.width-purposeColumns))
	rows := make([]row, len(items))
	for i, c := range items {
		mark, look := "  ", plain
		if first+i == s.chosen {
			mark, look = "* ", turned
		}
		label := ansi.TruncateWc(visible(c.label), labels, "")
		text := mark + label + strings.Repeat(" ", max(0, labels-columns(label))) + "  " + visible(c.purpose)
		rows[i] = row{s.cut(strings.TrimRight(text, " ")), look}
	}
	return rows
}

// status tells what is wrong, or what stands at the cursor and how many items there are.
func (s state) status() row {
	if s.message != "" {
		return row{s.cut(visible(s.message)), bold}
	}
	text := ""
	if s.place.value != nil {
		text = "value of " + s.place.value.Name + ": " + s.place.value.Purpose
	}
	switch {
	case s.chosen >= 0:
		text = fmt.Sprintf("%d of %d  %s", s.chosen+1, len(s.menu), text)
	case len(s.menu) > s.menuRows():
		text = fmt.Sprintf("%d items  %s", len(s.menu), text)
	}
	return row{s.cut(visible(text)), faint}
}

func (s state) keys() string {
	enter := "Enter run"
	if s.chosen >= 0 {
		enter = "Enter take"
	}
	return enter + "  Tab/arrows choose  F1 keys  F3 help  Ctrl-C leave"
}

// allKeys is the panel of F1.
const allKeys = `Enter           take the chosen item; without one, run the line
Tab, arrows     choose an item of the menu; Tab takes the only one
Space           take the chosen item
Esc             drop the choice, the message, the panel
Page Up, Down   turn the pages of the panel, or of the menu
Home, End       go to the beginning or the end of the line (Ctrl-A, Ctrl-E)
Alt-B, Alt-F    go one word to the left or the right (Ctrl-arrows)
Ctrl-W          delete the word before the cursor
Ctrl-U, Ctrl-K  delete all before, all behind the cursor
F1, F3          show or hide this panel, the help page
Ctrl-C, Ctrl-D  leave without running anything`

// panelRows is how many rows the panel has with its rule, half of the screen; none when it is not shown or the screen is too low.
func (s state) panelRows() int {
	if s.panel == noPanel || s.height < heightForPanel {
		return 0
	}
	return s.height / 2
}

func (s state) panelView() []row {
	room := s.panelRows() - 1
	text := s.panelText()
	first := min(s.scroll, len(text))
	rows := []row{{strings.Repeat("-", s.width), faint}}
	for _, line := range text[first:min(first+room, len(text))] {
		rows = append(rows, row{text: s.cut(line)}) // wrapping leaves pieces around a hyphen wider than a column or two
	}
	return rows
}

// panelText is the text of the panel, wrapped.
func (s state) panelText() []string {
	text := allKeys
	if s.panel == docsPanel {
		text = s.helpPage()
	}
	var lines []string
	for line := range strings.SplitSeq(text[:min(len(text), maxPage)], "\n") {
		line = visible(strings.ReplaceAll(strings.TrimRight(line, " \r"), "\t", "    "))
		lines = append(lines, strings.Split(ansi.WrapWc(line, s.width, ""), "\n")...)
	}
	return lines
}

// helpPage is the help page of the chosen item, or of what stands at the cursor.
func (s state) helpPage() string {
	words, purpose := slices.Clone(s.place.before.Path), ""
	switch {
	case s.chosen >= 0:
		words, purpose = s.menu[s.chosen].page, s.menu[s.chosen].purpose
	case s.place.value != nil:
		words, purpose = append(words, s.place.value.Name), s.place.value.Purpose
	}
	if s.program.Docs != nil {
		if page := s.program.Docs(words); page != "" {
			return page
		}
	}
	if purpose == "" {
		return "There is no help page here."
	}
	return purpose
}

func (s state) cut(text string) string { return ansi.TruncateWc(text, s.width, "") }

func columns(text string) int { return ansi.StringWidthWc(text) }

func runeColumns(r rune) int {
	if r < 0x7f { // most of any line; it is measured at every key
		return 1
	}
	return ansi.StringWidthWc(string(r))
}

// visible makes a text safe to draw: nothing in it can move the cursor, change the terminal or turn the direction of writing. Names and
// values come from files that others may have written.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x20:
			return '\u2400' + r // the pictures of the controls
		case r == 0x7f:
			return '\u2421'
		case unicode.IsControl(r), r == utf8.RuneError, isDirection(r):
			return utf8.RuneError
		}
		return r
	}, text)
}

// isDirection tells the characters that change the direction of writing, which can make a line read as another.
func isDirection(r rune) bool {
	return r == '\u061c' || r == '\u200e' || r == '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}
