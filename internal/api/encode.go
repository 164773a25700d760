package api

import (
	"bytes"
	"encoding/xml"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/strictjson"
)

// AppendJSON appends the struct that output points to as a JSON object, members in the order of the model. Empty texts that need not be there, nil lists
// and nil pointers are left out; empty lists stay, since clients read an absent list as a fault.
func (s *Shape) AppendJSON(dst []byte, output any) []byte {
	return s.appendObject(dst, reflect.ValueOf(output).Elem())
}

func (s *Shape) appendObject(dst []byte, value reflect.Value) []byte {
	dst = append(dst, '{')
	empty := true
	for _, member := range s.Members {
		field := value.Field(member.index)
		if member.absentIn(field) {
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

// absentIn reports whether the member has nothing to say.
func (m *Member) absentIn(field reflect.Value) bool {
	switch field.Kind() {
	case reflect.String:
		return field.Len() == 0 && !m.Required
	case reflect.Slice, reflect.Pointer, reflect.Map:
		return field.IsNil()
	case reflect.Int64:
		return m.Kind == Time && field.Int() == 0
	default:
		return false
	}
}

func (m *Member) appendValue(dst []byte, field reflect.Value) []byte {
	switch m.Kind {
	case Time:
		return appendSeconds(dst, field.Int())
	case Free:
		return append(dst, field.Bytes()...)
	case Map:
		return m.appendMap(dst, field)
	}
	switch field.Kind() {
	case reflect.String:
		return strictjson.AppendString(dst, field.String())
	case reflect.Int64:
		return strconv.AppendInt(dst, field.Int(), 10)
	case reflect.Bool:
		return strconv.AppendBool(dst, field.Bool())
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

func (m *Member) appendMap(dst []byte, field reflect.Value) []byte {
	keys := slices.SortedFunc(slices.Values(field.MapKeys()), func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	dst = append(dst, '{')
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(strictjson.AppendString(dst, key.String()), ':')
		if value := field.MapIndex(key); m.Shape != nil {
			dst = m.Shape.appendObject(dst, value)
		} else {
			dst = append(dst, value.Bytes()...)
		}
	}
	return append(dst, '}')
}

// appendSeconds writes a moment in seconds, with a fraction where it has one.
func appendSeconds(dst []byte, millis int64) []byte {
	if millis%1000 == 0 {
		return strconv.AppendInt(dst, millis/1000, 10)
	}
	return strconv.AppendFloat(dst, float64(millis)/1000, 'f', 3, 64)
}

// AppendXML appends the members of the struct that output points to as the Query protocol writes them: lists with an element member for each,
// times in ISO 8601.
func (s *Shape) AppendXML(dst []byte, output any) []byte {
	b := bytes.NewBuffer(dst)
	s.writeXML(b, reflect.ValueOf(output).Elem())
	return b.Bytes()
}

func (s *Shape) writeXML(b *bytes.Buffer, value reflect.Value) {
	for _, member := range s.Members {
		if field := value.Field(member.index); !member.absentIn(field) {
			b.WriteString("<" + member.Wire + ">")
			member.writeXML(b, field)
			b.WriteString("</" + member.Wire + ">")
		}
	}
}

func (m *Member) writeXML(b *bytes.Buffer, field reflect.Value) {
	if m.Kind == Time {
		b.WriteString(time.UnixMilli(field.Int()).UTC().Format("2006-01-02T15:04:05Z"))
		return
	}
	switch field.Kind() {
	case reflect.Pointer:
		m.writeXML(b, field.Elem())
	case reflect.String:
		xml.EscapeText(b, []byte(field.String()))
	case reflect.Int64:
		b.WriteString(strconv.FormatInt(field.Int(), 10))
	case reflect.Bool:
		b.WriteString(strconv.FormatBool(field.Bool()))
	case reflect.Struct:
		m.Shape.writeXML(b, field)
	case reflect.Slice:
		for i := range field.Len() {
			b.WriteString("<member>")
			m.writeXML(b, field.Index(i))
			b.WriteString("</member>")
		}
	}
}
