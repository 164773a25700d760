package api

import (
	"reflect"
	"strconv"

	"sallyport/internal/strictjson"
)

// AppendJSON appends the struct that output points to as a JSON object, members in the order of the model. Empty texts, nil lists
// and nil integers are left out; empty lists stay, since clients read an absent list as a fault.
func (s *Shape) AppendJSON(dst []byte, output any) []byte {
	return s.appendObject(dst, reflect.ValueOf(output).Elem())
}

func (s *Shape) appendObject(dst []byte, value reflect.Value) []byte {
	dst = append(dst, '{')
	empty := true
	for _, member := range s.Members {
		field := value.Field(member.index)
		if absentValue(field) {
			continue
		}
		if !empty {
			dst = append(dst, ',')
		}
		empty = false
		dst = append(strictjson.AppendString(dst, member.Wire), ':')
		dst = member.appendValue(dst, field)
	}
	return append(dst, '}')
}

func absentValue(field reflect.Value) bool {
	switch field.Kind() {
	case reflect.String:
		return field.Len() == 0
	case reflect.Slice, reflect.Pointer:
		return field.IsNil()
	default:
		return false
	}
}

func (m *Member) appendValue(dst []byte, field reflect.Value) []byte {
	switch field.Kind() {
	case reflect.String:
		return strictjson.AppendString(dst, field.String())
	case reflect.Int64:
		return strconv.AppendInt(dst, field.Int(), 10)
	case reflect.Pointer:
		return m.appendValue(dst, field.Elem())
	case reflect.Struct:
		return m.Shape.appendObject(dst, field)
	}
	dst = append(dst, '[')
	for i := range field.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = m.appendValue(dst, field.Index(i))
	}
	return append(dst, ']')
}

// Texts calls each for every string member of the struct that output points to that is not empty: what the Query protocol writes.
func (s *Shape) Texts(output any, each func(name, text string)) {
	value := reflect.ValueOf(output).Elem()
	for _, member := range s.Members {
		if field := value.Field(member.index); member.Kind == String && field.Len() > 0 {
			each(member.Wire, field.String())
		}
	}
}
