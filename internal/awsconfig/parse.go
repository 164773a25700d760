package awsconfig

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"
)

// SyntaxError is a file that breaks the rules of the dialect. Every command that reads it ends with it.
type SyntaxError struct {
	Path    string
	Line    int // 0 for the whole file
	Problem string
}

// Error is the sentence that commands print, as it is.
func (e *SyntaxError) Error() string {
	place := ""
	if e.Line > 0 {
		place = fmt.Sprintf("line %d ", e.Line)
	}
	return fmt.Sprintf("Unable to parse config file: syntax error: %s%s, in %s", place, e.Problem, e.Path)
}

func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// line is one line of a file, apart from its end: "\n", "\r\n", "\r", or nothing for the last one.
type line struct {
	text, end string
	mark      mark // what became of the line since it was read
}

// indent is the blank beginning of the line.
func (l *line) indent() string {
	return l.text[:len(l.text)-len(strings.TrimLeftFunc(l.text, unicode.IsSpace))]
}

// entry is a key with its value.
type entry struct {
	key   string // in small letters
	value string // with "\n" before each further line
	first *line
	rest  []*line // that go on the value
}

// section is one section with all its lines, comments and blank lines too.
type section struct {
	header  string // what stands between the brackets
	name    SectionName
	gone    bool    // was removed; comments behind it may be left
	lines   []*line // the first is the header
	entries []*entry
}

// Document is a configuration file, line by line, with what the lines say. Changes leave every line alone that is not theirs.
type Document struct {
	path     string
	preamble []*line // before the first header
	sections []*section
	byName   map[SectionName]*section // the one that counts
	newline  string                   // that new lines end with
}

// defaultsHeader is the section whose keys every other section has too. The reference's reader gives it that meaning.
const defaultsHeader = "DEFAULT"

// parse reads the dialect of the shared files: full-line comments with # or ;, keys divided from values by the first = or :,
// and lines that are indented deeper than their key as more lines of its value. Sections and keys may not occur twice, and a
// comment behind a value is a part of it.
func parse(path, text string) (*Document, error) { return parseAs(path, text, false) }

// parseAs is parse; flat tells that values of several lines are text.
func parseAs(path, text string, flat bool) (*Document, error) {
	if !utf8.ValidString(text) {
		return nil, &SyntaxError{Path: path, Problem: "it is not valid UTF-8"}
	}
	d := &Document{path: path, byName: map[SectionName]*section{}, newline: "\n"}
	p := parser{document: d, headers: map[string]bool{}, flat: flat}
	number := 0
	for text != "" {
		number++
		var l *line
		l, text = cutLine(text)
		if number == 1 && l.end != "" {
			d.newline = l.end
		}
		if problem := p.line(l); problem != "" {
			return nil, &SyntaxError{Path: path, Line: number, Problem: problem}
		}
	}
	p.finish()
	return d, nil
}

func cutLine(text string) (*line, string) {
	at := strings.IndexAny(text, "\r\n")
	switch {
	case at < 0:
		return &line{text: text}, ""
	case strings.HasPrefix(text[at:], "\r\n"):
		return &line{text: text[:at], end: "\r\n"}, text[at+2:]
	}
	return &line{text: text[:at], end: text[at : at+1]}, text[at+1:]
}

type parser struct {
	document *Document
	headers  map[string]bool
	flat     bool
	keys     map[string]bool // of the section
	section  *section        // nil before the first header
	entry    *entry          // that further lines go on; nil behind a header
	indent   int             // of the entry
}

// line takes one line and tells what is wrong with it.
func (p *parser) line(l *line) (problem string) {
	content := strings.TrimSpace(l.text)
	indent := utf8.RuneCountInString(l.indent())
	end := strings.LastIndexByte(content, ']')
	blank := content == "" || content[0] == '#' || content[0] == ';'
	switch {
	case blank:
		p.keep(l)
	case p.entry != nil && indent > p.indent:
		p.keep(l)
		p.entry.rest = append(p.entry.rest, l)
		return p.nested(content)
	case content[0] == '[' && end > 1:
		p.indent = indent
		return p.header(l, content[1:end])
	default:
		p.indent = indent
		return p.option(l, content)
	}
	return ""
}

// keep adds the line to what it stands in.
func (p *parser) keep(l *line) {
	if p.section == nil {
		p.document.preamble = append(p.document.preamble, l)
		return
	}
	p.section.lines = append(p.section.lines, l)
}

// finish puts the further lines of the entry behind its value, in one pass however many there are.
func (p *parser) finish() {
	if p.entry != nil && len(p.entry.rest) > 0 {
		p.entry.value += p.entry.further()
	}
}

// further are the further lines of the value.
func (e *entry) further() string {
	var value strings.Builder
	for _, l := range e.rest {
		value.WriteString("\n" + strings.TrimSpace(l.text))
	}
	return value.String()
}

// nested checks a line of a value that began behind its key's line: such a value is a list of keys of its own.
func (p *parser) nested(content string) (problem string) {
	if !p.flat && p.entry.value == "" && !strings.Contains(content, "=") {
		return fmt.Sprintf("has no key and value, inside the value of %q", p.entry.key)
	}
	return ""
}

func (p *parser) header(l *line, header string) (problem string) {
	if p.headers[header] && header != defaultsHeader {
		return fmt.Sprintf("repeats section [%s]", header)
	}
	p.headers[header] = true
	p.section = &section{header: header, name: nameOf(header), lines: []*line{l}}
	p.finish()
	p.keys, p.entry = map[string]bool{}, nil
	p.document.sections = append(p.document.sections, p.section)
	p.document.byName[p.section.name] = p.section
	return ""
}

func (p *parser) option(l *line, content string) (problem string) {
	if p.section == nil {
		return "stands before the first section"
	}
	at := strings.IndexAny(content, "=:")
	if at <= 0 {
		return "has no key and value"
	}
	key := strings.ToLower(strings.TrimSpace(content[:at]))
	if p.keys[key] {
		return fmt.Sprintf("repeats key %q", key)
	}
	p.keys[key] = true
	p.keep(l)
	p.finish()
	p.entry = &entry{key: key, value: strings.TrimSpace(content[at+1:]), first: l}
	p.section.entries = append(p.section.entries, p.entry)
	return ""
}

// defaults are the keys that every section has.
func (d *Document) defaults() Section {
	keys := Section{}
	for _, s := range d.sections {
		if s.header == defaultsHeader {
			maps.Copy(keys, s.values(nil))
		}
	}
	return keys
}

// values are the keys of the section over those that every section has.
func (s *section) values(defaults Section) Section {
	keys := make(Section, len(s.entries)+len(defaults))
	maps.Copy(keys, defaults)
	for _, e := range s.entries {
		keys[e.key] = e.value
	}
	return keys
}

func (s *section) entry(key string) *entry {
	at := slices.IndexFunc(s.entries, func(e *entry) bool { return e.key == key })
	if at < 0 {
		return nil
	}
	return s.entries[at]
}
