package manual

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Colophon is what stands in the margins of a man page.
type Colophon struct {
	Date   string // YYYY-MM-DD
	Source string // the program and its version: "sallyport 1.2.0"
}

const (
	manSection = "1" // commands of users
	manTitle   = "Sallyport Manual"
	// manShellWidth is what a page of 78 letters leaves for the lines of an example, which no formatter breaks.
	manShellWidth = 66
	// manSourceWidth leaves room for escapes below the 80 bytes at which mandoc complains of a line.
	manSourceWidth = 70
)

// Man writes the page as a man page, with the macros of man(7) that groff and mandoc have in common.
func (p Page) Man(w io.Writer, c Colophon) error {
	var m man
	m.title(strings.ToUpper(fileName(p.Name)), c)
	m.WriteString(".nh\n.ad l\n") // names that are hyphenated at a line's end could not be pasted
	m.macro("SH", HeadingName)
	m.text(fileName(p.Name) + " - " + p.Purpose)
	if len(p.Description) > 0 {
		m.macro("SH", HeadingDescription)
		m.paragraphs("PP", p.Description)
	}
	if len(p.Synopsis) > 0 {
		m.macro("SH", HeadingSynopsis)
		m.shell(synopsisLines(p.Synopsis))
	}
	for _, section := range p.Sections {
		m.section(section)
	}
	if len(p.SeeAlso) > 0 {
		m.macro("SH", HeadingSeeAlso)
		m.seeAlso(p.SeeAlso)
	}
	return write(w, &m.Builder)
}

type man struct{ strings.Builder }

// title is the first line. Its date is not escaped: mandoc reads it.
func (m *man) title(name string, c Colophon) {
	if !isDate(c.Date) {
		c.Date = ""
	}
	fmt.Fprintf(m, ".TH %s %s \"%s\" \"%s\" \"%s\"\n", escapeRoff(name), manSection, c.Date, escapeRoff(line(c.Source)), manTitle)
}

func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

func (m *man) section(s Section) {
	m.macro("SH", s.Heading)
	m.paragraphs("PP", s.Text)
	for _, item := range s.Items {
		m.item(item)
	}
	for i, example := range s.Examples {
		if i > 0 || len(s.Text)+len(s.Items) > 0 {
			m.macro("PP")
		}
		m.text(example.Title + ":")
		m.macro("PP")
		m.macro("RS", "4")
		m.shell(example.shell(manShellWidth))
		m.macro("RE")
		if example.Note != "" {
			m.macro("PP")
			m.text(example.Note)
		}
	}
}

func (m *man) item(item Item) {
	m.macro("TP")
	m.WriteString(strings.TrimRight(`\fB`+escapeRoff(line(item.Term))+`\fR `+escapeRoff(line(item.Note)), " ") + "\n")
	texts := item.Doc
	if len(item.Values) > 0 {
		texts = append(texts[:len(texts):len(texts)], "Values: "+strings.Join(item.Values, ", "))
	}
	m.paragraphs("IP", texts)
	if len(item.Items) > 0 {
		m.macro("RS")
		for _, member := range item.Items {
			m.item(member)
		}
		m.macro("RE")
	}
}

// paragraphs are texts with the macro between them.
func (m *man) paragraphs(between string, texts []string) {
	for i, text := range texts {
		if i > 0 {
			m.macro(between)
		}
		m.text(text)
	}
}

// shell is lines that no formatter fills.
func (m *man) shell(lines []string) {
	m.macro("nf")
	for _, shell := range lines {
		m.WriteString(startOfLine(escapeRoff(shell)) + "\n")
	}
	m.macro("fi")
}

func (m *man) seeAlso(pages []string) {
	for i, page := range pages {
		comma := ","
		if i == len(pages)-1 {
			comma = ""
		}
		m.macro("BR", fileName(page), "("+manSection+")"+comma)
	}
}

// text is a paragraph, in lines that an editor shows whole.
func (m *man) text(text string) {
	for _, wrapped := range wrap(text, manSourceWidth) {
		m.WriteString(startOfLine(escapeRoff(wrapped)) + "\n")
	}
}

// macro is a request with its arguments, each in quotes.
func (m *man) macro(name string, arguments ...string) {
	m.WriteString("." + name)
	for _, argument := range arguments {
		m.WriteString(` "` + escapeRoff(line(argument)) + `"`)
	}
	m.WriteByte('\n')
}

// roffNames are the names of ASCII letters that groff or mandoc would take for something else (groff_char(7)): a hyphen that cannot be
// pasted, typographic quotes, accents, an escape.
var roffNames = map[rune]string{
	'\\': `\e`, '-': `\-`, '\'': `\(aq`, '"': `\(dq`, '`': `\(ga`, '^': `\(ha`, '~': `\(ti`,
}

// escapeRoff makes a line mean itself within a line of troff.
func escapeRoff(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch name, known := roffNames[r]; {
		case known:
			out.WriteString(name)
		case r > '~':
			fmt.Fprintf(&out, `\[u%04X]`, r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// startOfLine keeps a line that begins with a period from being a request, and an empty one from being a paragraph.
func startOfLine(escaped string) string {
	if escaped == "" || escaped[0] == '.' || escaped[0] == ' ' {
		return `\&` + escaped
	}
	return escaped
}
