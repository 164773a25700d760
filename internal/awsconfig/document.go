package awsconfig

import (
	"iter"
	"strings"
)

// mark tells what became of a line since it was read.
type mark uint8

const (
	kept mark = iota
	added
	removed
)

// String is the text of the file, as it would be written.
func (d *Document) String() string {
	var out strings.Builder
	for l := range d.allLines() {
		if l.mark != removed {
			out.WriteString(l.text)
			out.WriteString(l.end)
		}
	}
	return out.String()
}

// allLines are the lines in their order, those that were removed too.
func (d *Document) allLines() iter.Seq[*line] {
	return func(yield func(*line) bool) {
		for _, l := range d.preamble {
			if !yield(l) {
				return
			}
		}
		for _, s := range d.sections {
			for _, l := range s.lines {
				if !yield(l) {
					return
				}
			}
		}
	}
}
