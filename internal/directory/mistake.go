package directory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"sallyport/internal/spelling"
)

// Mistake is one thing that is wrong with the file. Line and Column count from 1; a Column of 0 means that only the line is known.
type Mistake struct {
	Line, Column int
	Text         string
}

// Mistakes is everything that is wrong with a file, in the order of its lines.
type Mistakes struct {
	File string
	List []Mistake // up to maxMistakes
	More int       // mistakes beyond those
}

// Error lists the mistakes, one a line, in the form that editors jump to.
func (m *Mistakes) Error() string {
	var out strings.Builder
	for i, mistake := range m.List {
		if i > 0 {
			out.WriteByte('\n')
		}
		fmt.Fprintf(&out, "%s:%d:", m.File, mistake.Line)
		if mistake.Column > 0 {
			fmt.Fprintf(&out, "%d:", mistake.Column)
		}
		out.WriteString(" " + mistake.Text)
	}
	if m.More > 0 {
		fmt.Fprintf(&out, "\nand %d more", m.More)
	}
	return out.String()
}

// place is where something stands in the file.
type place struct{ line, column int }

func (m *Mistakes) add(at place, format string, args ...any) {
	if len(m.List) == maxMistakes {
		m.More++
		return
	}
	m.List = append(m.List, Mistake{at.line, at.column, fmt.Sprintf(format, args...)})
}

// orNil is m as an error, sorted, or nil when there is no mistake.
func (m *Mistakes) orNil() error {
	if len(m.List) == 0 {
		return nil
	}
	slices.SortStableFunc(m.List, func(a, b Mistake) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return m
}

// maxShown is how much of a wrong value a mistake shows, in characters.
const maxShown = 60

// shown quotes a value from the file, with whatever is not printable escaped.
func shown(value string) string {
	if utf8.RuneCountInString(value) > maxShown {
		return strconv.Quote(string([]rune(value)[:maxShown])) + "…"
	}
	return strconv.Quote(value)
}

// maxNearest bounds the names that a wrong one is compared with.
const maxNearest = 1000

// didYouMean ends a sentence with the nearest of the names, if one is near.
func didYouMean(wrong string, names []string) string {
	best, distance := "", max(1, len(wrong)/3)+1
	for _, name := range names[:min(len(names), maxNearest)] {
		if d := spelling.Distance(strings.ToLower(wrong), strings.ToLower(name), distance); d < distance {
			best, distance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + shown(best) + "?"
}
