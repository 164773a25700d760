package api

import (
	"reflect"
	"strconv"

	"sallyport/internal/fault"
	"sallyport/internal/strictjson"
)

// Source is where the members of an input come from. Absent parts are zero.
type Source struct {
	Body   strictjson.Value
	Query  func(name string) (string, bool)
	Header func(name string) (string, bool)
}

// maxMemberLength bounds one text of an input; whole bodies are bounded at the rim.
const maxMemberLength = 16 << 10

// Decode reads the members of the shape into the struct that input points to. A member that is missing, of another type or out of
// range is refused with fault.InvalidRequest and named; unknown members are ignored, as every AWS service does.
func (s *Shape) Decode(source Source, input any) error {
	target := reflect.ValueOf(input).Elem()
	for _, member := range s.Members {
		if err := member.decode(source, target.Field(member.index)); err != nil {
			return err
		}
	}
	return nil
}

func (m *Member) decode(source Source, field reflect.Value) error {
	switch m.Location {
	case QueryString:
		return m.decodeText(source.Query, field)
	case Header:
		return m.decodeText(source.Header, field)
	}
	value, found := source.Body.Get(m.Wire)
	if !found || value.Kind() == strictjson.Null {
		return m.absent()
	}
	return m.decodeValue(value, field)
}

func (m *Member) absent() error {
	if m.Required {
		return fault.InvalidRequest.Refuse("the request lacks " + m.Wire)
	}
	return nil
}

func (m *Member) decodeText(lookup func(string) (string, bool), field reflect.Value) error {
	text, found := lookup(m.Wire)
	if !found {
		return m.absent()
	}
	switch m.Kind {
	case String:
		return m.setText(text, field)
	case Integer, Long:
		return m.setInteger(text, field)
	}
	panic("api: member " + m.Name + " cannot travel outside the body")
}

func (m *Member) decodeValue(value strictjson.Value, field reflect.Value) error {
	switch {
	case m.Kind == String && value.Kind() == strictjson.String:
		return m.setText(value.Text(), field)
	case (m.Kind == Integer || m.Kind == Long) && value.Kind() == strictjson.Number:
		return m.setInteger(value.Number(), field)
	case m.Kind == List && m.Shape == nil && value.Kind() == strictjson.Array:
		return m.setTexts(value.Items(), field)
	case m.Kind == Structure && value.Kind() == strictjson.Object:
		return m.Shape.Decode(Source{Body: value}, field.Addr().Interface())
	}
	return m.wrong("must be " + m.typeName())
}

func (m *Member) setText(text string, field reflect.Value) error {
	if len(text) > maxMemberLength {
		return m.wrong("is longer than " + strconv.Itoa(maxMemberLength) + " bytes")
	}
	field.SetString(text)
	return nil
}

func (m *Member) setTexts(items []strictjson.Value, field reflect.Value) error {
	texts := make([]string, len(items))
	for i, item := range items {
		if item.Kind() != strictjson.String {
			return m.wrong("must be " + m.typeName())
		}
		if texts[i] = item.Text(); len(texts[i]) > maxMemberLength {
			return m.wrong("has an element longer than " + strconv.Itoa(maxMemberLength) + " bytes")
		}
	}
	field.Set(reflect.ValueOf(texts))
	return nil
}

func (m *Member) setInteger(text string, field reflect.Value) error {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || text[0] == '+' {
		return m.wrong("must be an integer")
	}
	if m.Max != 0 && (number < m.Min || number > m.Max) {
		return m.wrong("must be between " + strconv.FormatInt(m.Min, 10) + " and " + strconv.FormatInt(m.Max, 10))
	}
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.ValueOf(&number))
	} else {
		field.SetInt(number)
	}
	return nil
}

func (m *Member) wrong(how string) error { return fault.InvalidRequest.Refuse(m.Wire + " " + how) }

func (m *Member) typeName() string {
	switch m.Kind {
	case String:
		return "a string"
	case Integer, Long:
		return "an integer"
	case List:
		return "a list of strings"
	default:
		return "an object"
	}
}
