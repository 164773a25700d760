package render

import (
	"errors"
	"io"
	"slices"
	"strings"

	"sallyport/internal/jmespath"
)

// errMixedText refuses a list that the reference fails on as well, with the same exit code.
var errMixedText = errors.New("a list that has objects beside other values cannot be shown as text")

// writeText writes the answer as lines of fields with tabs between them, for cut and awk: the scalars of an object on one line in the
// order of their names, then each nested list and object on lines that start with its name in capitals. Nothing is escaped.
func writeText(dst io.Writer, answer jmespath.Value) error {
	var w textWriter
	refusal := w.value("", answer)
	if _, err := dst.Write(w.out); err != nil {
		return err
	}
	return refusal
}

// textWriter gathers lines. The label that its methods take is what a line starts with: a name in capitals and a tab, or nothing
// at the top.
type textWriter struct{ out []byte }

func (w *textWriter) value(label string, v jmespath.Value) error {
	switch v.Kind() {
	case jmespath.Object:
		return w.object(label, v)
	case jmespath.Array:
		return w.list(label, v.Items())
	}
	w.line("", []string{spell(v)})
	return nil
}

func (w *textWriter) line(label string, fields []string) {
	w.out = append(w.out, label...)
	w.out = append(w.out, strings.Join(fields, "\t")...)
	w.out = append(w.out, '\n')
}

func (w *textWriter) list(label string, items []jmespath.Value) error {
	switch {
	case slices.ContainsFunc(items, isObject):
		return w.objects(label, items)
	case slices.ContainsFunc(items, isList):
		return w.lists(label, items)
	}
	w.scalars(label, items)
	return nil
}

// scalars writes a list without a name on one line, and with one a line for each.
func (w *textWriter) scalars(label string, items []jmespath.Value) {
	var fields []string
	for _, item := range items {
		fields = append(fields, spell(item))
	}
	if len(fields) > 0 && label == "" {
		w.line("", fields)
		return
	}
	for _, field := range fields {
		w.line(label, []string{field})
	}
}

// lists writes what is scalar in a list of lists first.
func (w *textWriter) lists(label string, items []jmespath.Value) error {
	var scalars []jmespath.Value
	for _, item := range items {
		if isScalar(item) {
			scalars = append(scalars, item)
		}
	}
	w.scalars(label, scalars)
	for _, item := range items {
		if isScalar(item) {
			continue
		}
		if err := w.value(label, item); err != nil {
			return err
		}
	}
	return nil
}

// objects writes a list of objects as a table without lines: all have the same fields, those that any of them has a scalar for.
func (w *textWriter) objects(label string, items []jmespath.Value) error {
	if !all(items, isObject) {
		return errMixedText
	}
	names := scalarNames(items)
	for _, item := range items {
		if err := w.row(label, names, item); err != nil {
			return err
		}
	}
	return nil
}

func (w *textWriter) object(label string, object jmespath.Value) error {
	return w.row(label, scalarNames([]jmespath.Value{object}), object)
}

// row writes the fields with these names on one line, empty where the object has none, and then what else the object has.
func (w *textWriter) row(label string, names []string, object jmespath.Value) error {
	if len(names) > 0 {
		w.line(label, fieldsOf(object, names))
	}
	for _, member := range sortedMembers(object) {
		if _, shown := slices.BinarySearch(names, member.Name); shown {
			continue
		}
		if err := w.value(capitals(member.Name)+"\t", member.Value); err != nil {
			return err
		}
	}
	return nil
}

// capitals writes a name in capitals. Of the letters that become two, the one that people have in names of their own is German.
func capitals(name string) string { return strings.ReplaceAll(strings.ToUpper(name), "ß", "SS") }
