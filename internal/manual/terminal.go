package manual

import (
	"io"
	"strings"
)

// The indentations of a page on a terminal, which are those of a man page.
const (
	indentText = 7
	indentItem = 4 // of the text of an item, beyond the item
)

// Lines are at least minWidth wide, or nothing could be read in them, and at most maxWidth, because the eye loses longer ones.
const (
	minWidth = 40
	maxWidth = 100
)

// SGR sequences (ECMA-48 §8.3.117), which pagers pass on and overstrikes are not.
const (
	bold  = "\x1b[1m"
	plain = "\x1b[0m"
)

// Terminal writes the page for a terminal of that width, or something that is none. Style has headings and terms in bold.
func (p Page) Terminal(w io.Writer, width int, style bool) error {
	t := &terminal{width: min(max(width, minWidth), maxWidth), style: style}
	t.page(p)
	return write(w, &t.Builder)
}

type terminal struct {
	strings.Builder
	width int
	style bool
}

func (t *terminal) page(p Page) {
	t.heading(HeadingName)
	t.paragraph(indentText, strings.TrimSuffix(p.Name+" - "+p.Purpose, " - "))
	if len(p.Description) > 0 {
		t.heading(HeadingDescription)
		t.paragraphs(indentText, p.Description)
	}
	if len(p.Synopsis) > 0 {
		t.heading(HeadingSynopsis)
		for i, synopsis := range p.Synopsis {
			t.line(indentText+min(i, 1)*indentItem, line(synopsis))
		}
	}
	for _, section := range p.Sections {
		t.section(section)
	}
	if len(p.SeeAlso) > 0 {
		t.heading(HeadingSeeAlso)
		t.paragraph(indentText, strings.Join(p.SeeAlso, ", "))
	}
}

func (t *terminal) section(s Section) {
	t.heading(line(s.Heading))
	t.paragraphs(indentText, s.Text)
	for i, item := range s.Items {
		t.gap(i > 0 || len(s.Text) > 0)
		t.item(indentText, item)
	}
	for i, example := range s.Examples {
		t.gap(i > 0 || len(s.Text)+len(s.Items) > 0)
		t.example(example)
	}
}

func (t *terminal) item(indent int, item Item) {
	t.line(indent, strings.TrimRight(t.bold(line(item.Term))+" "+line(item.Note), " "))
	inner := indent + indentItem
	t.paragraphs(inner, item.Doc)
	if len(item.Values) > 0 {
		t.gap(len(item.Doc) > 0)
		t.paragraph(inner, "Values: "+strings.Join(item.Values, ", "))
	}
	for i, member := range item.Items {
		t.gap(i > 0 || len(item.Doc)+len(item.Values) > 0)
		t.item(inner, member)
	}
}

func (t *terminal) example(e Example) {
	t.paragraph(indentText, e.Title+":")
	t.gap(true)
	for _, shell := range e.shell(t.width - indentText - indentItem) {
		t.line(indentText+indentItem, shell)
	}
	if e.Note != "" {
		t.gap(true)
		t.paragraph(indentText, e.Note)
	}
}

// heading stands at the margin, with a blank line before all but the first.
func (t *terminal) heading(text string) {
	t.gap(t.Len() > 0)
	t.line(0, t.bold(text))
}

func (t *terminal) bold(text string) string {
	if !t.style || text == "" {
		return text
	}
	return bold + text + plain
}

// gap is a blank line between what was and what comes, if both exist.
func (t *terminal) gap(wanted bool) {
	if wanted {
		t.WriteByte('\n')
	}
}

func (t *terminal) line(indent int, text string) {
	if text != "" {
		t.WriteString(strings.Repeat(" ", indent) + text)
	}
	t.WriteByte('\n')
}

func (t *terminal) paragraphs(indent int, texts []string) {
	for i, text := range texts {
		t.gap(i > 0)
		t.paragraph(indent, text)
	}
}

func (t *terminal) paragraph(indent int, text string) {
	for _, wrapped := range wrap(text, t.width-indent) {
		t.line(indent, wrapped)
	}
}
