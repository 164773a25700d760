package manual

import (
	"io"
	"strings"
)

// markdownShellWidth is for examples in Markdown, whose readers have wide windows.
const markdownShellWidth = 100

// Markdown writes the page as CommonMark. Pages link to each other by their file names, and so belong into one folder.
func (p Page) Markdown(w io.Writer) error {
	var m markdown
	m.block("# " + escapeMarkdown(p.Name))
	if p.Purpose != "" {
		m.block(escapeMarkdown(p.Purpose) + ".")
	}
	if len(p.Synopsis) > 0 {
		m.heading(HeadingSynopsis)
		m.shell(synopsisLines(p.Synopsis))
	}
	if len(p.Description) > 0 {
		m.heading(HeadingDescription)
		m.paragraphs("", p.Description)
	}
	for _, section := range p.Sections {
		m.section(section)
	}
	if len(p.SeeAlso) > 0 {
		m.heading(HeadingSeeAlso)
		var links []string
		for _, page := range p.SeeAlso {
			links = append(links, link(escapeMarkdown(page), page))
		}
		m.block(strings.Join(links, ", "))
	}
	return write(w, &m.Builder)
}

type markdown struct{ strings.Builder }

func (m *markdown) section(s Section) {
	m.heading(s.Heading)
	m.paragraphs("", s.Text)
	for _, item := range s.Items {
		m.item("", item)
	}
	for _, example := range s.Examples {
		m.block("### " + escapeMarkdown(example.Title))
		m.shell(example.shell(markdownShellWidth))
		if example.Note != "" {
			m.block(escapeMarkdown(example.Note))
		}
	}
}

// item is an entry of a list. What belongs to it is indented by the width of its bullet.
func (m *markdown) item(indent string, item Item) {
	term := code(item.Term)
	if item.Page != "" {
		term = link(term, item.Page)
	}
	m.block(strings.TrimRight(indent+"- **"+term+"** "+escapeMarkdown(item.Note), " "))
	inner := indent + "  "
	m.paragraphs(inner, item.Doc)
	if len(item.Values) > 0 {
		var values []string
		for _, value := range item.Values {
			values = append(values, code(value))
		}
		m.block(inner + "Values: " + strings.Join(values, ", "))
	}
	for _, member := range item.Items {
		m.item(inner, member)
	}
}

// heading is one of the page's, written as titles are on the web: Global options.
func (m *markdown) heading(text string) {
	text = strings.ToLower(line(text))
	if text != "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	m.block("## " + escapeMarkdown(text))
}

func (m *markdown) paragraphs(indent string, texts []string) {
	for _, text := range texts {
		m.block(indent + escapeMarkdown(text))
	}
}

// block is text with a blank line between it and the block before.
func (m *markdown) block(text string) {
	if m.Len() > 0 {
		m.WriteByte('\n')
	}
	m.WriteString(text + "\n")
}

func (m *markdown) shell(lines []string) {
	text := strings.Join(lines, "\n")
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	m.block(fence + "sh\n" + text + "\n" + fence)
}

// link leads to another page.
func link(escaped, page string) string { return "[" + escaped + "](" + fileName(page) + ".md)" }

// code is a code span (CommonMark §6.1), whose fence is longer than any run of backticks in it.
func code(text string) string {
	text = line(text)
	fence := strings.Repeat("`", longestRun(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}

func longestRun(text string, letter byte) int {
	longest, run := 0, 0
	for i := range len(text) {
		if run++; text[i] != letter {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// markdownLetters are those that mean something within a line, to CommonMark or to GitHub.
const markdownLetters = "\\`*_[]<>|~&#$"

// markdownStarts are those that mean something at the start of a line: lists, headings, quotes, rules.
const markdownStarts = "-+="

// escapeMarkdown makes a text mean itself (CommonMark §2.4: a backslash before any ASCII punctuation is the letter behind it).
func escapeMarkdown(text string) string {
	text = line(text)
	var out strings.Builder
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	for i := range len(text) {
		letter := text[i]
		number := digits > 0 && i == digits && (letter == '.' || letter == ')')
		if number || i == 0 && strings.IndexByte(markdownStarts, letter) >= 0 || strings.IndexByte(markdownLetters, letter) >= 0 {
			out.WriteByte('\\')
		}
		out.WriteByte(letter)
	}
	return out.String()
}
