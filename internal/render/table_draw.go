package render

import (
	"bufio"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Color says how a table is coloured.
type Color uint8

// The ways to colour. The reference's library resets the colours after every write to standard output, but not when a pager
// stands between; both look alike and differ in bytes.
const (
	NoColor Color = iota
	PagerColor
	DirectColor
)

// What is coloured, and how: cells bold blue, bars dim yellow (ECMA-48 §8.3.117).
const (
	cellColor  = "\x1b[1m\x1b[34m"
	barColor   = "\x1b[2m\x1b[33m"
	resetColor = "\x1b[0m"
)

const (
	cellPadding  = 4 // blanks around a cell in a column that fits
	edgePadding  = 2 // the left and right edge of a section
	leftPadding  = 2 // blanks before a cell, where there is room
	untitledSize = 4 // what a section without a title takes for one: Python counts the letters of None
)

// draw lays out the sections. When they are wider than the terminal, those with a single row are turned upright, and drawn even
// if that does not suffice. Lines are written one by one: a single long cell makes all of them long.
func (b *tableBuilder) draw(dst io.Writer, options Options) error {
	columns := options.Width
	if columns == 0 {
		columns = DefaultWidth
	}
	total := b.width()
	if total > columns {
		for i := range b.sections {
			b.sections[i] = b.sections[i].upright()
		}
		total = b.width()
	}
	p := pen{dst: bufio.NewWriter(dst), color: options.Color}
	p.write(strings.Repeat("-", total) + "\n")
	for _, s := range b.sections {
		p.level = s.level
		s.draw(&p, total-2*s.level)
	}
	return p.dst.Flush()
}

func (b *tableBuilder) width() int {
	widest := 0
	for _, s := range b.sections {
		widest = max(widest, s.width())
	}
	return widest
}

// width is what a section needs with its bars.
func (s *section) width() int {
	cells := 0
	for _, w := range s.widths {
		cells += w + cellPadding
	}
	title := untitledSize
	if s.title != nil {
		title = textWidth(*s.title)
	}
	return max(title, cells) + edgePadding + 2*s.level
}

// upright turns a header and its single row into rows of a name and a value.
func (s *section) upright() *section {
	if len(s.rows) != 1 || len(s.headers) == 0 {
		return s
	}
	turned := &section{title: s.title, level: s.level}
	for i := range min(len(s.headers), len(s.rows[0])) {
		// Rows of two cells each are never ragged.
		_ = turned.addRow([]string{s.headers[i], s.rows[0][i]})
	}
	return turned
}

func (s *section) draw(p *pen, total int) {
	if s.title != nil && *s.title != "" {
		p.line(center(*s.title, total, "|"))
		if len(s.headers) == 0 && len(s.rows) == 0 {
			p.line(ruler([]int{total}))
		}
	}
	columns := s.scale(total)
	if len(s.headers) > 0 {
		p.line(ruler(columns))
		p.line(s.drawHeader(columns))
	}
	if len(s.rows) == 0 || len(columns) == 0 {
		return
	}
	p.line(ruler(columns))
	for _, row := range s.rows {
		p.line(p.drawRow(row, columns))
	}
	p.line(ruler(columns))
}

// scale stretches the columns over the whole width, each rounded to the nearest even, and then takes or gives what rounding made
// too much or too little: from the left, or to the right.
func (s *section) scale(total int) []int {
	sum := 0
	for _, w := range s.widths {
		sum += w + cellPadding
	}
	factor := float64(total) / float64(sum)
	columns := make([]int, len(s.widths))
	excess := -total
	for i, w := range s.widths {
		columns[i] = int(math.RoundToEven(factor * float64(w+cellPadding)))
		excess += columns[i]
	}
	for i := 0; len(columns) > 0 && excess != 0; i++ {
		at, step := i%len(columns), -1
		if excess < 0 {
			at, step = len(columns)-1-at, 1
		}
		columns[at] += step
		excess += step
	}
	return columns
}

// ruler is a line between rows. The first column has the left edge as well.
func ruler(columns []int) string {
	var line strings.Builder
	line.WriteByte('+')
	for i, size := range columns {
		line.WriteString(strings.Repeat("-", max(size-1-len(leftEdge(i)), 0)) + "+")
	}
	return line.String()
}

// drawHeader draws the names above the columns.
func (s *section) drawHeader(columns []int) string {
	var line strings.Builder
	for i := range min(len(columns), len(s.headers)) {
		line.WriteString(center(s.headers[i], columns[i], leftEdge(i)))
	}
	return line.String()
}

// leftEdge is the edge that only the first cell of a row has.
func leftEdge(column int) string {
	if column == 0 {
		return "|"
	}
	return ""
}

// center puts a text into the middle of a cell of this size. Half sizes are rounded down before they are taken from each other, so
// that the text may stand one to the left or right of it.
func center(text string, size int, left string) string {
	wide := textWidth(text)
	before := size/2 - wide/2 - 1
	after := size - 1 - len(left) - before - wide
	return left + blanks(before) + text + blanks(after) + "|"
}

// drawRow draws the cells of a row. A cell that fills its column loses the blanks on its left.
func (p *pen) drawRow(cells []string, columns []int) string {
	var line strings.Builder
	for i := range min(len(cells), len(columns)) {
		left, wide := leftEdge(i), textWidth(cells[i])
		padding := leftPadding
		if wide+leftPadding+len(left)+1 > columns[i] {
			padding = 0
		}
		line.WriteString(left + blanks(padding) + p.colored(cellColor, cells[i]))
		line.WriteString(blanks(columns[i]-len(left)-padding-wide-1) + "|")
	}
	return line.String()
}

func blanks(n int) string { return strings.Repeat(" ", max(n, 0)) }

// textWidth is how many columns a text takes. East Asian characters that are wide, full or ambiguous take two (UAX #11), every
// other one takes one, be it a control character or an accent.
func textWidth(text string) int {
	columns := 0
	for _, r := range text {
		columns++
		if r < utf8.RuneSelf {
			continue
		}
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianAmbiguous:
			columns++
		}
	}
	return columns
}

// pen writes the lines of a section. Its writer keeps the first failure for the end.
type pen struct {
	dst   *bufio.Writer
	color Color
	level int
}

// write is one write of the reference's, which matters where each is followed by a reset.
func (p *pen) write(text string) {
	p.dst.WriteString(text)
	if p.color == DirectColor {
		p.dst.WriteString(resetColor)
	}
}

// line writes a line between the bars of its section.
func (p *pen) line(text string) {
	bars := strings.Repeat(p.colored(barColor, "|"), p.level)
	p.write(bars)
	p.write(text)
	p.write(bars)
	p.write("\n")
}

func (p *pen) colored(code, text string) string {
	if p.color == NoColor {
		return text
	}
	return code + text + resetColor
}
