package api

import (
	"net/url"
	"reflect"
	"strconv"
	"strings"
)

// Form is the input of an operation of the Query protocol, whose members are told by dotted names: Tags.member.1.Key.
type Form struct {
	values url.Values
	within map[string]bool // every name that begins another one
}

// maxFormDepth bounds the dots of a name that are looked at. The deepest member has three: a name of nothing but dots would cost the square of
// its length.
const maxFormDepth = 8

// NewForm reads the names of a form in which each stands once.
func NewForm(values url.Values) Form {
	f := Form{values, map[string]bool{}}
	for name := range values {
		end := 0
		for range maxFormDepth {
			dot := strings.IndexByte(name[end:], '.')
			if dot < 0 {
				break
			}
			f.within[name[:end+dot]] = true
			end += dot + 1
		}
	}
	return f
}

func (f Form) text(name string) (string, bool) {
	all, ok := f.values[name]
	if !ok {
		return "", false
	}
	return all[0], true
}

// maxFormList bounds a list of a form whose model sets no bound.
const maxFormList = 1000

// DecodeForm reads the members of the shape into the struct that input points to, as Decode does.
func (s *Shape) DecodeForm(form Form, style Style, input any) error {
	d := decoder{style: style}
	return d.formStructure(s, form, "", reflect.ValueOf(input).Elem())
}

func (d *decoder) formStructure(s *Shape, form Form, prefix string, target reflect.Value) error {
	for _, member := range s.Members {
		if err := d.formMember(member, form, prefix+member.Wire, target.Field(member.index)); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) formMember(m *Member, form Form, name string, field reflect.Value) error {
	text, found := form.text(name)
	if !found && !form.within[name] {
		return d.absent(m)
	}
	d.enter(m)
	defer d.leave()
	switch m.Kind {
	case List:
		return d.formList(m, form, name, field)
	case Structure:
		return d.formStructure(m.Shape, form, name+".", present(field))
	case Map, Free:
		return d.wrong(m, "cannot be sent in a form")
	}
	if !found {
		return d.wrong(m, "must be "+m.typeName())
	}
	return d.scalar(m, text, field)
}

// formList reads members that are counted from 1 without a gap; an empty text in place of the list is the empty list.
func (d *decoder) formList(m *Member, form Form, name string, field reflect.Value) error {
	n := 0
	for n <= maxFormList {
		at := name + ".member." + strconv.Itoa(n+1)
		if _, found := form.text(at); !found && !form.within[at] {
			break
		}
		n++
	}
	if err := d.size(m, n); err != nil {
		return err
	}
	if n > maxFormList {
		return d.wrong(m, "has more than "+strconv.Itoa(maxFormList)+" elements")
	}
	all := reflect.MakeSlice(field.Type(), n, n)
	for i := range n {
		if err := d.formElement(m, form, name, i, all.Index(i)); err != nil {
			return err
		}
	}
	field.Set(all)
	return nil
}

func (d *decoder) formElement(m *Member, form Form, name string, i int, field reflect.Value) error {
	at := name + ".member." + strconv.Itoa(i+1)
	d.enterElement(i)
	defer d.leave()
	if m.Shape != nil {
		return d.formStructure(m.Shape, form, at+".", field)
	}
	text, found := form.text(at)
	if !found {
		return d.wrong(m, d.elementMust(m))
	}
	return d.setElement(m, text, field)
}
