package terminal

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// maxParameter bounds the numbers of control sequences: no screen of a test is larger, and a repeat count must not fill the memory.
const maxParameter = 9999

// maxScrollback bounds the lines kept after they left the top of the screen.
const maxScrollback = 5000

// tabWidth is the distance of tab stops; no program under test moves them.
const tabWidth = 8

// cell is one place on the screen: a character with what combines with it. The place to the right of a wide one is empty text.
type cell string

const blank cell = " "

// line is one row. Wrapped tells that its text goes on in the next row because the edge was reached.
type line struct {
	cells   []cell
	wrapped bool
}

// screen emulates as much of an xterm as full-screen programs need to be read: characters and their places. Colours and other renditions
// are dropped. It is written to as a terminal is (ECMA-48 and the private sequences of DEC and xterm) and keeps the answers to queries.
type screen struct {
	columns, rows int
	lines         []line
	x, y          int
	pendingWrap   bool // the last column was written; the next character goes to the next row
	top, bottom   int  // the scrolling region, both within
	saved         position
	last          rune // for the repetition of a character

	alternate  bool
	primary    []line // the primary screen while the alternate one is shown
	primaryAt  position
	scrollback []line

	cursorHidden, noWrap, insert    bool
	applicationKeys, bracketedPaste bool
	midFrame                        bool // between the marks of synchronized output (mode 2026)

	parser  parser
	answers []byte
}

type position struct{ x, y int }

func newScreen(columns, rows int) *screen {
	s := &screen{columns: columns, rows: rows, bottom: rows - 1}
	s.lines = s.blankLines()
	return s
}

func (s *screen) blankLine() line {
	cells := make([]cell, s.columns)
	for i := range cells {
		cells[i] = blank
	}
	return line{cells: cells}
}

func (s *screen) blankLines() []line {
	lines := make([]line, s.rows)
	for i := range lines {
		lines[i] = s.blankLine()
	}
	return lines
}

// Write draws the bytes.
func (s *screen) Write(p []byte) (int, error) {
	for _, b := range p {
		s.parser.feed(s, b)
	}
	return len(p), nil
}

func (s *screen) takeAnswers() []byte {
	answers := s.answers
	s.answers = nil
	return answers
}

func (s *screen) String() string {
	rows := make([]string, len(s.lines))
	for i, l := range s.lines {
		rows[i] = strings.TrimRight(l.text(), " ")
	}
	return strings.TrimRight(strings.Join(rows, "\n"), "\n")
}

func (s *screen) text() string {
	var b strings.Builder
	lines, above := s.lines, 0
	if !s.alternate {
		lines, above = append(append([]line{}, s.scrollback...), s.lines...), len(s.scrollback)
	}
	for y, l := range lines {
		switch {
		case l.wrapped:
			b.WriteString(l.text())
		case y == above+s.y: // blanks before the cursor are the end of a prompt
			before, after := line{cells: l.cells[:s.x]}, line{cells: l.cells[s.x:]}
			b.WriteString(before.text() + strings.TrimRight(after.text(), " ") + "\n")
		default:
			b.WriteString(strings.TrimRight(l.text(), " ") + "\n")
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

func (l line) text() string {
	var b strings.Builder
	for _, c := range l.cells {
		b.WriteString(string(c))
	}
	return b.String()
}

// resize cuts or extends rows at the right and the bottom, as a terminal that does not wrap lines anew.
func (s *screen) resize(columns, rows int) {
	s.columns, s.rows = columns, rows
	s.lines = s.fitted(s.lines)
	if s.primary != nil {
		s.primary = s.fitted(s.primary)
	}
	s.top, s.bottom = 0, rows-1
	s.moveTo(s.x, s.y)
}

func (s *screen) fitted(lines []line) []line {
	fitted := s.blankLines()
	for i := range min(len(lines), len(fitted)) {
		copy(fitted[i].cells, lines[i].cells)
	}
	return fitted
}

func (s *screen) moveTo(x, y int) {
	s.x, s.y = min(max(x, 0), s.columns-1), min(max(y, 0), s.rows-1)
	s.pendingWrap = false
}

// put draws one character at the cursor.
func (s *screen) put(r rune) {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		s.combine(r)
		return
	}
	s.last = r
	columns := runeWidth(r)
	if (s.pendingWrap || s.x+columns > s.columns) && !s.noWrap {
		s.lines[s.y].wrapped = true
		s.x = 0
		s.pendingWrap = false
		s.index()
	}
	if s.x+columns > s.columns {
		return
	}
	if s.insert {
		s.insertCells(columns)
	}
	s.erase(s.y, s.x, s.x+columns)
	row := s.lines[s.y].cells
	row[s.x] = cell(r)
	if columns == 2 {
		row[s.x+1] = ""
	}
	s.x += columns
	if s.x >= s.columns {
		s.x, s.pendingWrap = s.columns-1, true
	}
}

// combine adds a character without width to the one before the cursor.
func (s *screen) combine(r rune) {
	x := s.x - 1
	if s.pendingWrap {
		x = s.x
	}
	row := s.lines[s.y].cells
	if x > 0 && row[x] == "" {
		x--
	}
	if x >= 0 {
		row[x] += cell(r)
	}
}

func runeWidth(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

func (s *screen) control(b byte) {
	switch b {
	case '\b':
		s.moveTo(s.x-1, s.y)
	case '\t':
		s.moveTo((s.x/tabWidth+1)*tabWidth, s.y)
	case '\n', '\v', '\f':
		s.lines[s.y].wrapped = false
		s.index()
	case '\r':
		s.moveTo(0, s.y)
	}
}

// index moves the cursor down; at the bottom of the scrolling region the region moves up instead.
func (s *screen) index() {
	if s.y == s.bottom {
		s.scrollUp(s.top, 1)
		return
	}
	s.moveTo(s.x, s.y+1)
}

func (s *screen) reverseIndex() {
	if s.y == s.top {
		s.scrollDown(s.top, 1)
		return
	}
	s.moveTo(s.x, s.y-1)
}

// scrollUp takes n rows out at from and lets blank ones in at the bottom of the region.
func (s *screen) scrollUp(from, n int) {
	for range min(n, s.bottom-from+1) {
		if from == 0 && !s.alternate {
			s.scrollback = append(s.scrollback, s.lines[0])
			s.scrollback = s.scrollback[max(0, len(s.scrollback)-maxScrollback):]
		}
		copy(s.lines[from:s.bottom], s.lines[from+1:s.bottom+1])
		s.lines[s.bottom] = s.blankLine()
	}
}

func (s *screen) scrollDown(from, n int) {
	for range min(n, s.bottom-from+1) {
		copy(s.lines[from+1:s.bottom+1], s.lines[from:s.bottom])
		s.lines[from] = s.blankLine()
	}
}

func (s *screen) insertCells(n int) {
	row := s.lines[s.y].cells
	n = min(n, s.columns-s.x)
	copy(row[s.x+n:], row[s.x:])
	s.erase(s.y, s.x, s.x+n)
}

func (s *screen) deleteCells(n int) {
	row := s.lines[s.y].cells
	n = min(n, s.columns-s.x)
	copy(row[s.x:], row[s.x+n:])
	s.erase(s.y, s.columns-n, s.columns)
}

// erase blanks the columns from from up to but without to, and the other halves of wide characters that it cuts.
func (s *screen) erase(row, from, to int) {
	cells := s.lines[row].cells
	from, to = max(from, 0), min(to, s.columns)
	if from > 0 && from < s.columns && cells[from] == "" {
		from--
	}
	if to > 0 && to < s.columns && cells[to] == "" {
		to++
	}
	for x := from; x < to; x++ {
		cells[x] = blank
	}
	if to >= s.columns {
		s.lines[row].wrapped = false
	}
}

func (s *screen) eraseInLine(what int) {
	switch what {
	case 0:
		s.erase(s.y, s.x, s.columns)
	case 1:
		s.erase(s.y, 0, s.x+1)
	case 2:
		s.erase(s.y, 0, s.columns)
	}
}

func (s *screen) eraseInDisplay(what int) {
	from, to := 0, s.rows
	switch what {
	case 0:
		s.eraseInLine(0)
		from = s.y + 1
	case 1:
		s.eraseInLine(1)
		to = s.y
	case 3:
		s.scrollback = nil
		return
	}
	for y := from; y < to; y++ {
		s.erase(y, 0, s.columns)
	}
}

// escape does what ESC and one byte ask for.
func (s *screen) escape(b byte) {
	switch b {
	case '7':
		s.saved = position{s.x, s.y}
	case '8':
		s.moveTo(s.saved.x, s.saved.y)
	case 'D':
		s.index()
	case 'E':
		s.moveTo(0, s.y)
		s.index()
	case 'M':
		s.reverseIndex()
	case 'c':
		answers := s.answers
		*s = *newScreen(s.columns, s.rows)
		s.answers = answers
	}
}

// csi does what a control sequence asks for; what is unknown is dropped, as terminals do.
func (s *screen) csi(c csi) {
	switch c.private {
	case '?':
		s.privateCSI(c)
		return
	case '>', '=', '<':
		s.queryCSI(c)
		return
	}
	if c.intermediate != 0 {
		return // cursor shape, soft reset and the like
	}
	n := c.count()
	switch c.final {
	case '@':
		s.insertCells(n)
	case 'A':
		s.moveTo(s.x, s.y-n)
	case 'B', 'e':
		s.moveTo(s.x, s.y+n)
	case 'C', 'a':
		s.moveTo(s.x+n, s.y)
	case 'D':
		s.moveTo(s.x-n, s.y)
	case 'E':
		s.moveTo(0, s.y+n)
	case 'F':
		s.moveTo(0, s.y-n)
	case 'G', '`':
		s.moveTo(n-1, s.y)
	case 'H', 'f':
		s.moveTo(max(c.parameter(1), 1)-1, n-1)
	case 'I':
		s.moveTo((s.x/tabWidth+n)*tabWidth, s.y)
	case 'J':
		s.eraseInDisplay(c.parameter(0))
	case 'K':
		s.eraseInLine(c.parameter(0))
	case 'L':
		s.insertLines(n)
	case 'M':
		s.deleteLines(n)
	case 'P':
		s.deleteCells(n)
	case 'S':
		s.scrollUp(s.top, n)
	case 'T':
		s.scrollDown(s.top, n)
	case 'X':
		s.erase(s.y, s.x, s.x+n)
	case 'Z':
		s.moveTo(((s.x+tabWidth-1)/tabWidth-n)*tabWidth, s.y)
	case 'b':
		for range n {
			s.put(s.last)
		}
	case 'c':
		s.answer("\x1b[?62;22c") // a VT220 with colour
	case 'd':
		s.moveTo(s.x, n-1)
	case 'h', 'l':
		s.insert = s.insert && c.parameter(0) != 4 || c.parameter(0) == 4 && c.final == 'h'
	case 'n':
		s.reportStatus(c.parameter(0))
	case 'r':
		s.setRegion(c.parameter(0), c.parameter(1))
	case 's':
		s.saved = position{s.x, s.y}
	case 'u':
		s.moveTo(s.saved.x, s.saved.y)
	}
}

func (s *screen) insertLines(n int) {
	if s.y >= s.top && s.y <= s.bottom {
		s.scrollDown(s.y, n)
	}
}

func (s *screen) deleteLines(n int) {
	if s.y >= s.top && s.y <= s.bottom {
		kept := s.scrollback // deleted is not scrolled off
		s.scrollUp(s.y, n)
		s.scrollback = kept
	}
}

func (s *screen) setRegion(top, bottom int) {
	if bottom == 0 || bottom > s.rows {
		bottom = s.rows
	}
	top = max(top, 1)
	if top >= bottom {
		return
	}
	s.top, s.bottom = top-1, bottom-1
	s.moveTo(0, 0)
}

// privateCSI does the sequences marked with a question mark: modes and queries for them.
func (s *screen) privateCSI(c csi) {
	switch {
	case c.final == 'h' || c.final == 'l':
		for i := range c.parameters {
			s.setMode(c.parameter(i), c.final == 'h')
		}
	case c.final == 'p' && c.intermediate == '$':
		s.answer(fmt.Sprintf("\x1b[?%d;%d$y", c.parameter(0), s.modeReport(c.parameter(0))))
	case c.final == 'n' && c.parameter(0) == 6:
		s.answer(fmt.Sprintf("\x1b[?%d;%dR", s.y+1, s.x+1))
	}
}

func (s *screen) setMode(mode int, on bool) {
	switch mode {
	case 1:
		s.applicationKeys = on
	case 7:
		s.noWrap = !on
	case 25:
		s.cursorHidden = !on
	case 47, 1047, 1049:
		s.showAlternate(on)
	case 1048:
		s.escape(map[bool]byte{true: '7', false: '8'}[on])
	case 2004:
		s.bracketedPaste = on
	case 2026:
		s.midFrame = on
	}
}

// modeReport answers a query for a mode: 1 set, 2 reset, 0 unknown. Synchronized output alone is known, for the sake of whole frames.
func (s *screen) modeReport(mode int) int {
	switch {
	case mode != 2026:
		return 0
	case s.midFrame:
		return 1
	}
	return 2
}

func (s *screen) showAlternate(on bool) {
	switch {
	case on && !s.alternate:
		s.primary, s.primaryAt = s.lines, position{s.x, s.y}
		s.lines = s.blankLines()
	case !on && s.alternate:
		s.lines, s.primary = s.primary, nil
		s.moveTo(s.primaryAt.x, s.primaryAt.y)
	}
	s.alternate = on
	s.top, s.bottom = 0, s.rows-1
}

func (s *screen) reportStatus(what int) {
	switch what {
	case 5:
		s.answer("\x1b[0n")
	case 6:
		s.answer(fmt.Sprintf("\x1b[%d;%dR", s.y+1, s.x+1))
	}
}

// queryCSI answers secondary and tertiary device attributes and the name of the terminal. Keyboard protocols are unknown to it.
func (s *screen) queryCSI(c csi) {
	switch string(c.private) + string(c.final) {
	case ">c":
		s.answer("\x1b[>1;10;0c")
	case "=c":
		s.answer("\x1bP!|00000000\x1b\\")
	case ">q":
		s.answer("\x1bP>|test(1)\x1b\\")
	}
}

// osc answers queries for the colours of text, background and cursor; titles and links are dropped.
func (s *screen) osc(text string) {
	name, value, _ := strings.Cut(text, ";")
	if number, err := strconv.Atoi(name); err == nil && value == "?" && number >= 10 && number <= 12 {
		colour := map[int]string{10: "ffff/ffff/ffff", 11: "0000/0000/0000", 12: "ffff/ffff/ffff"}[number]
		s.answer(fmt.Sprintf("\x1b]%d;rgb:%s\x1b\\", number, colour))
	}
}

func (s *screen) answer(text string) { s.answers = append(s.answers, text...) }

// sequenceLength tells the length of a UTF-8 sequence by its first byte; 1 for what begins none.
func sequenceLength(first byte) int {
	switch {
	case first >= 0xf0 && first < 0xf8:
		return 4
	case first >= 0xe0:
		return 3
	case first >= 0xc2:
		return 2
	}
	return 1
}

func decode(b []byte) rune {
	r, _ := utf8.DecodeRune(b)
	return r
}
