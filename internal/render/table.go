package render

import (
	"errors"
	"io"
	"slices"

	"sallyport/internal/jmespath"
)

// Refusals of values that the reference fails on as well, with the same exit code.
var (
	errMixedTable = errors.New("a list that has objects beside other values cannot be shown as a table")
	errRagged     = errors.New("rows of different lengths cannot be shown as one table")
)

// writeTable draws the answer as boxes: one section for each object or list, its scalars in columns, what is nested below it and
// further in. A value that is false to Python (null, zero, nothing) is no table, any other scalar is a title without a table.
func writeTable(dst io.Writer, answer jmespath.Value, options Options) error {
	var b tableBuilder
	if err := b.value(&options.Title, answer, 0); err != nil || len(b.sections) == 0 {
		return err
	}
	return b.draw(dst, options)
}

// section is one box of a table.
type section struct {
	title   *string // nil in a part of a list that has no name
	level   int     // how many bars stand at each side
	headers []string
	rows    [][]string
	size    int   // how many cells the first row had
	sized   bool  // whether there was one
	widths  []int // of the widest cell in each column
}

func (s *section) addHeader(names []string) error {
	s.headers = names
	return s.widen(names)
}

func (s *section) addRow(cells []string) error {
	if s.sized && len(cells) != s.size {
		return errRagged
	}
	s.rows = append(s.rows, cells)
	return s.widen(cells)
}

// widen makes room for one more row. The first one tells how many cells there are.
func (s *section) widen(cells []string) error {
	if !s.sized {
		s.size, s.sized = len(cells), true
	}
	if len(s.widths) == 0 {
		s.widths = make([]int, len(cells))
	}
	if len(cells) > len(s.widths) {
		return errRagged
	}
	for i, cell := range cells {
		s.widths[i] = max(s.widths[i], textWidth(cell))
	}
	return nil
}

// tableBuilder turns a value into sections.
type tableBuilder struct{ sections []*section }

func (b *tableBuilder) open(title *string, level int) {
	b.sections = append(b.sections, &section{title: title, level: level})
}

func (b *tableBuilder) current() *section { return b.sections[len(b.sections)-1] }

// value adds a value as a new section, or without a title to the current one.
func (b *tableBuilder) value(title *string, v jmespath.Value, level int) error {
	if isFalse(v) {
		return nil
	}
	if title != nil {
		b.open(title, level)
	}
	switch v.Kind() {
	case jmespath.Object:
		return b.object(v, level)
	case jmespath.Array:
		if isObject(v.Items()[0]) {
			return b.objects(title, v.Items(), level)
		}
		return b.list(v.Items())
	}
	return nil
}

// isFalse tells the values that Python takes for false.
func isFalse(v jmespath.Value) bool {
	switch v.Kind() {
	case jmespath.Object:
		return len(v.Members()) == 0
	case jmespath.Array:
		return len(v.Items()) == 0
	case jmespath.String:
		return v.Text() == ""
	case jmespath.Number:
		return isZero(v)
	}
	return !v.Bool()
}

// object adds the scalars of an object as a row below their names; a single one stands beside its name.
func (b *tableBuilder) object(object jmespath.Value, level int) error {
	names := scalarNames([]jmespath.Value{object})
	cells := fieldsOf(object, names)
	var err error
	switch len(names) {
	case 0:
	case 1:
		err = b.current().addRow([]string{names[0], cells[0]})
	default:
		if err = b.current().addHeader(names); err == nil {
			err = b.current().addRow(cells)
		}
	}
	if err != nil {
		return err
	}
	return b.nested(object, nestedNames([]jmespath.Value{object}), level)
}

// objects adds a row for each object. When any of them has something nested, each begins a section of its own.
func (b *tableBuilder) objects(title *string, objects []jmespath.Value, level int) error {
	if !all(objects, isObject) {
		return errMixedTable
	}
	names, nested := scalarNames(objects), nestedNames(objects)
	for i, object := range objects {
		if i > 0 && len(nested) > 0 {
			b.open(title, level)
		}
		if i == 0 || len(nested) > 0 {
			if err := b.current().addHeader(names); err != nil {
				return err
			}
		}
		if err := b.current().addRow(fieldsOf(object, names)); err != nil {
			return err
		}
		if err := b.nested(object, nested, level); err != nil {
			return err
		}
	}
	return nil
}

// nested adds the members with these names as sections, one level further in.
func (b *tableBuilder) nested(object jmespath.Value, names []string, level int) error {
	for _, member := range sortedMembers(object) {
		if _, found := slices.BinarySearch(names, member.Name); !found {
			continue
		}
		if err := b.value(&member.Name, member.Value, level+1); err != nil {
			return err
		}
	}
	return nil
}

// list adds a list that does not begin with an object: a row for each scalar and each list of scalars. Of an object in it the
// reference shows the names only.
func (b *tableBuilder) list(items []jmespath.Value) error {
	for _, item := range items {
		if isList(item) && !all(item.Items(), isScalar) {
			if err := b.value(nil, item, 0); err != nil {
				return err
			}
			continue
		}
		if err := b.current().addRow(rowOf(item)); err != nil {
			return err
		}
	}
	return nil
}

func rowOf(item jmespath.Value) []string {
	cells := []string{}
	switch item.Kind() {
	case jmespath.Object:
		for _, member := range item.Members() {
			cells = append(cells, member.Name)
		}
	case jmespath.Array:
		for _, element := range item.Items() {
			cells = append(cells, spell(element))
		}
	default:
		cells = append(cells, spell(item))
	}
	return cells
}
