package awsconfig

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// mark tells what became of a line since it was read.
type mark uint8

const (
	kept mark = iota
	added
	removed
)

// ProfileSection is the section of a profile in the config file.
func ProfileSection(name string) SectionName { return SectionName{KindProfile, name} }

// SessionSection is the section of the sign-in settings that profiles share.
func SessionSection(name string) SectionName { return SectionName{KindSession, name} }

// ServicesSection is a section of endpoints.
func ServicesSection(name string) SectionName { return SectionName{KindServices, name} }

// Get is the value of a key.
func (d *Document) Get(name SectionName, key string) (string, bool) {
	if s := d.byName[name]; s != nil {
		if e := s.entry(strings.ToLower(key)); e != nil {
			return e.value, true
		}
	}
	return "", false
}

// Section is what the section that counts for a name says itself.
func (d *Document) Section(name SectionName) (Section, bool) {
	s := d.byName[name]
	if s == nil {
		return nil, false
	}
	return s.values(nil), true
}

// Set gives a key its value, in place of the lines of the old one; a value that is already there changes nothing. A new key
// stands behind the last one of its section, a new section at the end.
func (d *Document) Set(name SectionName, key, value string) error {
	if err := checkValue(key, value); err != nil {
		return err
	}
	key = strings.ToLower(key)
	s, err := d.section(name, key)
	if err != nil {
		return err
	}
	e := s.entry(key)
	switch {
	case e == nil:
		d.addEntry(s, key, value)
	case e.value != value:
		s.strike(e.rest)
		e.rest = nil
		e.first = s.replace(e.first, withValue(e.first.text, value))
		e.value = value
	}
	return nil
}

// SetNested gives a key inside a value of several lines its value, as the sections of services have them.
func (d *Document) SetNested(name SectionName, key, inner, value string) error {
	if err := errors.Join(checkValue(inner, value), checkKey(inner)); err != nil {
		return err
	}
	key = strings.ToLower(key)
	s, err := d.section(name, key)
	if err != nil {
		return err
	}
	e := s.entry(key)
	if e == nil {
		e = d.addEntry(s, key, "")
	}
	if e.value != "" && e.value[0] != '\n' {
		return fmt.Errorf("the key %q has a value of its own and can take no keys inside it", key)
	}
	if old, found := s.values(nil).Nested(key, inner); found && old == value {
		return nil
	}
	d.setInner(s, e, inner, value)
	return nil
}

// setInner writes the inner line: over the last one of that name, which is the one that counts, or behind all others.
func (d *Document) setInner(s *section, e *entry, inner, value string) {
	for i, l := range slices.Backward(e.rest) {
		if name, _, _ := strings.Cut(l.text, "="); strings.TrimSpace(name) == inner {
			e.rest[i] = s.replace(l, withValue(l.text, value))
			e.reread()
			return
		}
	}
	indent, behind := e.first.indent()+"  ", e.first
	if len(e.rest) > 0 {
		behind = e.rest[len(e.rest)-1]
		indent = behind.indent()
	}
	e.rest = append(e.rest, d.insert(s, behind, strings.TrimRight(indent+inner+" = "+value, " ")))
	e.reread()
}

// reread makes the value what the further lines say.
func (e *entry) reread() { e.value = e.further() }

// RemoveKey takes a key out with all lines of its value, and leaves comments between them.
func (d *Document) RemoveKey(name SectionName, key string) {
	s := d.byName[name]
	if s == nil {
		return
	}
	e := s.entry(strings.ToLower(key))
	if e == nil {
		return
	}
	s.strike(append(slices.Clone(e.rest), e.first))
	s.entries = slices.DeleteFunc(s.entries, func(other *entry) bool { return other == e })
}

// RemoveSection takes out every section of a name: its header, its keys, the comments among them, and the blank lines behind.
// Comments behind the last key stay, since they often are the next section's.
func (d *Document) RemoveSection(name SectionName) {
	for _, s := range d.sections {
		if s.name == name && !s.gone {
			s.gone, s.entries = true, nil
			s.strike(s.lines[:s.ownLines()])
		}
	}
	delete(d.byName, name)
}

// ownLines is how many lines are the section's own.
func (s *section) ownLines() int {
	last := 0
	for i, l := range s.lines {
		if l.mark != removed && !isRemark(l.text) {
			last = i
		}
	}
	for last++; last < len(s.lines) && strings.TrimSpace(s.lines[last].text) == ""; last++ {
	}
	return last
}

func isRemark(text string) bool {
	content := strings.TrimSpace(text)
	return content == "" || content[0] == '#' || content[0] == ';'
}

// section is the section that counts for a name, made if there is none. The key is what it is wanted for.
func (d *Document) section(name SectionName, key string) (*section, error) {
	s := d.byName[name]
	if s == nil || s.entry(key) == nil {
		if err := checkKey(key); err != nil {
			return nil, err
		}
	}
	if s != nil {
		return s, nil
	}
	header, err := name.header()
	if err != nil {
		return nil, err
	}
	d.separate()
	s = &section{header: header, name: name}
	s.lines = []*line{{text: "[" + header + "]", end: d.newline, mark: added}}
	d.sections, d.byName[name] = append(d.sections, s), s
	return s, nil
}

// separate ends the last line, and puts a blank one behind it unless there is one.
func (d *Document) separate() {
	var last *line
	for l := range d.allLines() {
		if l.mark != removed {
			last = l
		}
	}
	if last == nil {
		return
	}
	if last.end == "" {
		last.end = d.newline
	}
	if strings.TrimSpace(last.text) == "" {
		return
	}
	blank := &line{end: d.newline, mark: added}
	if len(d.sections) == 0 {
		d.preamble = append(d.preamble, blank)
		return
	}
	s := d.sections[len(d.sections)-1]
	s.lines = append(s.lines, blank)
}

// addEntry puts a new key behind the last one of the section. It is indented as its neighbours are: deeper, it would go on the
// value above it; less deep, an indented header below would go on its own.
func (d *Document) addEntry(s *section, key, value string) *entry {
	behind, indent := s.lines[0], d.indentBelow(s)
	if len(s.entries) > 0 {
		last := s.entries[len(s.entries)-1]
		indent, behind = last.first.indent(), last.first
		if len(last.rest) > 0 {
			behind = last.rest[len(last.rest)-1]
		}
	}
	e := &entry{key: key, value: value}
	e.first = d.insert(s, behind, strings.TrimRight(indent+key+" = "+value, " "))
	s.entries = append(s.entries, e)
	return e
}

// indentBelow is the indentation of the header that follows the section.
func (d *Document) indentBelow(s *section) string {
	for _, next := range d.sections[slices.Index(d.sections, s)+1:] {
		if !next.gone {
			return next.lines[0].indent()
		}
	}
	return ""
}

// insert puts a new line behind another one of the section.
func (d *Document) insert(s *section, behind *line, text string) *line {
	if behind.end == "" {
		behind.end = d.newline
	}
	l := &line{text: text, end: d.newline, mark: added}
	s.lines = slices.Insert(s.lines, slices.Index(s.lines, behind)+1, l)
	return l
}

// replace puts another text in the place of a line.
func (s *section) replace(old *line, text string) *line {
	if old.mark == added {
		old.text = text
		return old
	}
	old.mark = removed
	l := &line{text: text, end: old.end, mark: added}
	s.lines = slices.Insert(s.lines, slices.Index(s.lines, old)+1, l)
	return l
}

// strike takes lines out. Those that were read stay as a trace for the difference.
func (s *section) strike(lines []*line) {
	for _, l := range slices.Clone(lines) {
		if l.mark == added {
			s.lines = slices.DeleteFunc(s.lines, func(other *line) bool { return other == l })
		}
		l.mark = removed
	}
}

// withValue is the line of a key with another value, divided as the line was.
func withValue(text, value string) string {
	at := strings.IndexAny(text, "=:")
	rest := strings.TrimLeft(text[at+1:], " \t")
	divided := text[:len(text)-len(rest)]
	if rest == "" {
		divided = text[:at+1]
		if strings.HasSuffix(text[:at], " ") {
			divided += " "
		}
	}
	return strings.TrimRight(divided+value, " \t")
}

// checkKey refuses keys that could be read as a header, a comment or a value.
func checkKey(key string) error {
	for i := range len(key) {
		if c := key[i]; !isAlphanumeric(c) && c != '_' && c != '-' && c != '.' {
			return fmt.Errorf("the key %q may only have letters, digits, underscores, dots and dashes", key)
		}
	}
	if key == "" {
		return errors.New("a key is empty")
	}
	return nil
}

// checkValue refuses values that would be read as something else. It does not repeat them: they may be secret.
func checkValue(key, value string) error {
	if strings.TrimSpace(value) != value {
		return fmt.Errorf("the value of %q begins or ends with a blank", key)
	}
	if !isOneLine(value) {
		return fmt.Errorf("the value of %q has a line end or another control character", key)
	}
	return nil
}

// Changed reports whether the text would be another one than was read.
func (d *Document) Changed() bool {
	for l := range d.allLines() {
		if l.mark != kept {
			return true
		}
	}
	return false
}

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

// verify reads the text again and compares: an indentation that nobody foresaw must end the edit, not the configuration.
func (d *Document) verify() error {
	again, err := parse(d.path, d.String())
	if err != nil {
		return fmt.Errorf("%s cannot be changed safely: its lines are indented in a way that the change would break (%w)", d.path, err)
	}
	if !slices.Equal(d.outline(), again.outline()) {
		return fmt.Errorf("%s cannot be changed safely: its lines are indented in a way that the change would break", d.path)
	}
	return nil
}

// outline is everything that the document says, in order.
func (d *Document) outline() []string {
	var all []string
	for _, s := range d.sections {
		if s.gone {
			continue
		}
		all = append(all, "["+s.header)
		for _, e := range s.entries {
			all = append(all, e.key+"="+e.value)
		}
	}
	return all
}
