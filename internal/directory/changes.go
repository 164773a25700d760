package directory

import (
	"fmt"
	"io"
	"strings"
)

// Changes are the difference between the store and a file.
type Changes struct {
	List      []Change // kind after kind; within a kind in the order of the file, and then what is removed
	Unchanged int      // rows that are as the file says
}

// Change is one thing that is added, changed or removed.
type Change struct {
	Sign   Sign
	What   string  // the thing, as people read it; names are quoted
	Fields []Field // what changes, when Sign is Altered
}

// Sign says what happens to a thing.
type Sign byte

// The signs.
const (
	Added   Sign = '+'
	Altered Sign = '~'
	Removed Sign = '-'
)

// Field is one value that changes.
type Field struct{ Name, Old, New string }

// Count returns how many changes have the sign.
func (c Changes) Count(sign Sign) (n int) {
	for _, change := range c.List {
		if change.Sign == sign {
			n++
		}
	}
	return n
}

// Summary counts the changes in one line.
func (c Changes) Summary() string {
	return fmt.Sprintf("%d added, %d changed, %d removed, %d unchanged", c.Count(Added), c.Count(Altered), c.Count(Removed), c.Unchanged)
}

// Write prints the changes, one a line, and the summary.
func (c Changes) Write(w io.Writer) error {
	for _, change := range c.List {
		if _, err := fmt.Fprintln(w, change); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, c.Summary())
	return err
}

func (c Change) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%c %s", c.Sign, c.What)
	for i, f := range c.Fields {
		separator := ", "
		if i == 0 {
			separator = ": "
		}
		fmt.Fprintf(&out, "%s%s %q -> %q", separator, f.Name, f.Old, f.New)
	}
	return out.String()
}

// altered keeps the fields that differ.
func altered(fields ...Field) []Field {
	var differ []Field
	for _, f := range fields {
		if f.Old != f.New {
			differ = append(differ, f)
		}
	}
	return differ
}
