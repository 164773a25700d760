package render

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"sallyport/internal/jmespath"
)

// writeYAML writes the answer as a YAML document in block style with sorted names. A scalar that stands alone is written as JSON: as a
// document of its own it would need an end mark.
func writeYAML(dst io.Writer, answer jmespath.Value) error {
	if isScalar(answer) {
		return writeJSON(dst, answer)
	}
	if isEmptyObject(answer) {
		return nil
	}
	_, err := dst.Write(emitter{members: sortedMembers}.document(answer))
	return err
}

// writeYAMLStream writes the answer as a list with one element, so that the answers of several calls make one list together.
func writeYAMLStream(dst io.Writer, answer jmespath.Value) error {
	if isEmptyObject(answer) {
		return nil
	}
	return writeYAML(dst, jmespath.ListOf([]jmespath.Value{answer}))
}

// YAMLExample writes an example of a request, its members in the order they have, each with what comment says of it at the end of
// its line. The path that comment is given names the members from the top down; those of list elements follow the list's name. A
// comment is put on one line; an empty one is left out.
func YAMLExample(dst io.Writer, example jmespath.Value, comment func(path []string) string) error {
	_, err := dst.Write(emitter{members: jmespath.Value.Members, comment: comment}.document(example))
	return err
}

const (
	yamlWidth    = 80  // a line is folded at the first blank beyond this column
	yamlIndent   = 2   // blanks for each level
	maxSimpleKey = 128 // bytes of a name that may stand before its colon; a longer one is marked with a question mark
)

// emitter writes the block style of YAML 1.2 as the emitter of LibYAML does. Like there, three facts about what was just written
// decide what comes next: the column, whether a blank would separate, and whether only indentation stands on the line.
type emitter struct {
	out     []byte
	column  int  // characters on this line
	blank   bool // nothing is needed between what was written and a scalar
	fresh   bool // a collection may start on this line
	indent  int  // of the collection being written
	members func(object jmespath.Value) []jmespath.Member
	anchors map[identity]*anchor
	marks   int // anchors handed out

	comment func(path []string) string
	path    []string
}

// document writes a whole document. Collections at the top start at column 0, one step right of where the indentation begins.
func (e emitter) document(v jmespath.Value) []byte {
	e.indent, e.blank, e.fresh = -yamlIndent, true, true
	e.findAnchors(v)
	e.value(v, false)
	if e.column > 0 {
		e.out = append(e.out, '\n')
	}
	return e.out
}

// identity tells whether two values are one and the same: a query can show a part of the answer twice, and then the second place
// refers to the first. Empty collections have no identity here.
type identity struct {
	member *jmespath.Member
	item   *jmespath.Value
	size   int
}

func identify(v jmespath.Value) (identity, bool) {
	if members := v.Members(); len(members) > 0 {
		return identity{member: &members[0], size: len(members)}, true
	}
	if items := v.Items(); len(items) > 0 {
		return identity{item: &items[0], size: len(items)}, true
	}
	return identity{}, false
}

// anchor is the name of a collection that appears more than once; the number is 0 while it appeared once.
type anchor struct {
	number  int
	written bool
}

func (a *anchor) name() string { return fmt.Sprintf("id%03d", a.number) }

// findAnchors numbers the collections that appear again in the order in which they do.
func (e *emitter) findAnchors(v jmespath.Value) {
	id, countable := identify(v)
	if !countable {
		return
	}
	if known := e.anchors[id]; known != nil {
		if known.number == 0 {
			e.marks++
			known.number = e.marks
		}
		return
	}
	if e.anchors == nil {
		e.anchors = map[identity]*anchor{}
	}
	e.anchors[id] = &anchor{}
	for _, item := range v.Items() {
		e.findAnchors(item)
	}
	if !isObject(v) {
		return
	}
	for _, member := range e.members(v) {
		e.findAnchors(member.Value)
	}
}

// value writes any value; member tells that it belongs to a name.
func (e *emitter) value(v jmespath.Value, member bool) {
	if e.reference(v) {
		return
	}
	switch {
	case len(v.Members()) > 0:
		e.remark(member)
		e.mapping(v)
	case len(v.Items()) > 0:
		e.remark(member)
		e.sequence(v, member)
	default:
		e.leaf(v)
		e.remark(member)
	}
}

// reference writes the anchor of a collection that appears again later, or refers to it if it was written already.
func (e *emitter) reference(v jmespath.Value) bool {
	id, countable := identify(v)
	if !countable || e.anchors[id] == nil || e.anchors[id].number == 0 {
		return false
	}
	known := e.anchors[id]
	if known.written {
		e.indicator("*"+known.name(), true)
		return true
	}
	known.written = true
	e.indicator("&"+known.name(), true)
	return false
}

// sequence writes the items of a list. Below a name they stand in the name's own column.
func (e *emitter) sequence(v jmespath.Value, member bool) {
	outer := e.indent
	if !member || e.fresh {
		e.indent += yamlIndent
	}
	for _, item := range v.Items() {
		e.lineBreak()
		e.mark("-")
		e.value(item, false)
	}
	e.indent = outer
}

func (e *emitter) mapping(v jmespath.Value) {
	outer := e.indent
	e.indent += yamlIndent
	for _, member := range e.members(v) {
		e.path = append(e.path, member.Name)
		e.lineBreak()
		e.key(member.Name)
		e.value(member.Value, true)
		e.path = e.path[:len(e.path)-1]
	}
	e.indent = outer
}

// key writes a name with its colon; a name that is long or has lines stands on lines of its own.
func (e *emitter) key(name string) {
	style := analyze(name)
	if len(name) <= maxSimpleKey && !style.multiline {
		e.text(name, style, false)
		e.indicator(":", false)
		return
	}
	e.mark("?")
	e.text(name, style, true)
	e.lineBreak()
	e.mark(":")
}

// leaf writes what has nothing in it: a scalar or an empty collection, all but texts as in JSON.
func (e *emitter) leaf(v jmespath.Value) {
	if v.Kind() == jmespath.String {
		e.text(v.Text(), analyze(v.Text()), true)
		return
	}
	e.indicator(string(jmespath.Compact.AppendJSON(nil, v)), true)
}

// indicator writes a mark of the syntax that ends the indentation.
func (e *emitter) indicator(mark string, separate bool) {
	if separate {
		e.space()
	}
	for _, r := range mark {
		e.put(r)
	}
	e.blank, e.fresh = false, false
}

// mark writes a mark that counts as indentation when it stands at the start of a line, so that a collection may follow it there.
func (e *emitter) mark(mark string) {
	fresh := e.fresh
	e.indicator(mark, true)
	e.fresh = fresh
}

func (e *emitter) space() {
	if !e.blank {
		e.put(' ')
	}
}

func (e *emitter) put(r rune) {
	e.out = utf8.AppendRune(e.out, r)
	e.column++
}

func (e *emitter) newLine() {
	e.out = append(e.out, '\n')
	e.column = 0
}

// lineBreak goes to where the lines of the collection start: on a new line, unless this one has nothing but indentation yet.
func (e *emitter) lineBreak() {
	indent := max(e.indent, 0)
	if !e.fresh || e.column > indent || e.column == indent && !e.blank {
		e.newLine()
	}
	for e.column < indent {
		e.put(' ')
	}
	e.blank, e.fresh = true, true
}

// remark ends the line of a member with its comment.
func (e *emitter) remark(member bool) {
	if e.comment == nil || !member {
		return
	}
	text := strings.Join(strings.Fields(e.comment(e.path)), " ")
	if text == "" {
		return
	}
	e.indicator("  # "+text, false)
}
