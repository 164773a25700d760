package api

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/fault"
	"sallyport/internal/strictjson"
)

// Source is where the members of an input come from. Absent parts are zero.
type Source struct {
	Body   strictjson.Value
	Query  func(name string) (string, bool)
	Header func(name string) (string, bool)
	// Style is how refusals of the service name what is wrong.
	Style Style
	// Kept says that the members were read before and kept since. The bounds of texts and lists, which they met then, are not looked at again.
	Kept bool
}

// Style is the wording and the kind of a refusal of malformed input.
type Style struct {
	Invalid *fault.Kind // a member is missing or breaks a bound
	Type    *fault.Kind // a member has another JSON type
	Coral   bool        // in the words of AWS's own framework, which tools and people look for
}

// The styles of the protocols.
var (
	RESTStyle  = Style{Invalid: fault.InvalidRequest, Type: fault.InvalidRequest}
	JSONStyle  = Style{Invalid: fault.Validation, Type: fault.Serialization, Coral: true}
	QueryStyle = Style{Invalid: fault.ValidationError, Type: fault.ValidationError, Coral: true}
)

// Decode reads the members of the shape into the struct that input points to. A member that is missing, of another type or breaks a bound of
// its model is refused and named; unknown members are ignored, as every AWS service does.
func (s *Shape) Decode(source Source, input any) error {
	if source.Style.Invalid == nil {
		source.Style = RESTStyle
	}
	d := decoder{style: source.Style, kept: source.Kept}
	target := reflect.ValueOf(input).Elem()
	for _, member := range s.Members {
		field := target.Field(member.index)
		var err error
		switch member.Location {
		case QueryString:
			err = d.text(member, source.Query, field)
		case Header:
			err = d.text(member, source.Header, field)
		default:
			err = d.member(member, source.Body, field)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// decoder reads one input and knows where it is, for its refusals.
type decoder struct {
	style Style
	kept  bool
	path  []place
}

// place is a member by its name, or an element of a list by its number, which counts from one.
type place struct {
	name    string
	element int
}

// enter goes to a member, and enterElement to an element of a list; leave goes back from either.
func (d *decoder) enter(m *Member)    { d.path = append(d.path, place{name: m.Wire}) }
func (d *decoder) enterElement(i int) { d.path = append(d.path, place{element: i + 1}) }
func (d *decoder) leave()             { d.path = d.path[:len(d.path)-1] }

// structure reads the members of a structure inside the body.
func (d *decoder) structure(s *Shape, body strictjson.Value, target reflect.Value) error {
	for _, member := range s.Members {
		if err := d.member(member, body, target.Field(member.index)); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) member(m *Member, body strictjson.Value, field reflect.Value) error {
	value, found := body.Get(m.Wire)
	if !found || value.Kind() == strictjson.Null {
		return d.absent(m)
	}
	d.enter(m)
	defer d.leave()
	return d.value(m, value, field)
}

func (d *decoder) absent(m *Member) error {
	if !m.Required {
		return nil
	}
	if d.style.Coral {
		d.enter(m)
		defer d.leave()
		return d.breaks(" null", "Member must not be null")
	}
	return d.style.Invalid.Refuse("the request lacks " + m.Wire)
}

func (d *decoder) text(m *Member, lookup func(string) (string, bool), field reflect.Value) error {
	text, found := lookup(m.Wire)
	if !found {
		return d.absent(m)
	}
	d.enter(m)
	defer d.leave()
	return d.scalar(m, text, field)
}

// scalar reads what a query, a header or a form holds as text.
func (d *decoder) scalar(m *Member, text string, field reflect.Value) error {
	switch m.Kind {
	case String:
		return d.setText(m, text, field)
	case Integer, Long:
		return d.setInteger(m, text, field)
	case Boolean:
		if text != "true" && text != "false" {
			return d.wrong(m, "must be true or false")
		}
		present(field).SetBool(text == "true")
		return nil
	case Time:
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return d.wrong(m, "must be a time such as 2006-01-02T15:04:05Z")
		}
		field.SetInt(moment.UnixMilli())
		return nil
	}
	panic("api: member " + m.Name + " cannot be one text")
}

func (d *decoder) value(m *Member, value strictjson.Value, field reflect.Value) error {
	is := value.Kind()
	switch {
	case m.Kind == String && is == strictjson.String:
		return d.setText(m, value.Text(), field)
	case (m.Kind == Integer || m.Kind == Long) && is == strictjson.Number:
		return d.setInteger(m, value.Number(), field)
	case m.Kind == Boolean && is == strictjson.Bool:
		present(field).SetBool(value.Bool())
		return nil
	case m.Kind == Time && is == strictjson.Number:
		return d.setMoment(m, value.Number(), field)
	case m.Kind == Free:
		field.SetBytes(value.AppendTo(nil))
		return nil
	case m.Kind == List && is == strictjson.Array:
		return d.list(m, value.Items(), field)
	case m.Kind == Map && is == strictjson.Object:
		return d.mapping(m, value.Members(), field)
	case m.Kind == Structure && is == strictjson.Object:
		return d.object(m, value, field)
	}
	return d.wrong(m, "must be "+m.typeName())
}

// object reads a structure, of which a union has exactly one member.
func (d *decoder) object(m *Member, value strictjson.Value, field reflect.Value) error {
	if m.Shape.Union {
		if err := d.union(m, value); err != nil {
			return err
		}
	}
	return d.structure(m.Shape, value, present(field))
}

// union refuses all but one known member. An unknown one beside it is refused as well: who sends both means something that we do not know.
func (d *decoder) union(m *Member, value strictjson.Value) error {
	given, known := 0, 0
	for _, member := range value.Members() {
		if member.Value.Kind() == strictjson.Null {
			continue
		}
		given++
		if m.Shape.Member(member.Name) != nil {
			known++
		}
	}
	if given == 1 && known == 1 {
		return nil
	}
	names := make([]string, len(m.Shape.Members))
	for i, member := range m.Shape.Members {
		names[i] = member.Wire
	}
	how := "must have exactly one of the members " + strings.Join(names, ", ")
	if d.style.Coral {
		return d.style.Invalid.Refuse("Value at '" + d.where() + "' " + how)
	}
	return d.wrong(m, how)
}

func (d *decoder) list(m *Member, items []strictjson.Value, field reflect.Value) error {
	if err := d.size(m, len(items)); err != nil {
		return err
	}
	all := reflect.MakeSlice(field.Type(), len(items), len(items))
	for i, item := range items {
		if err := d.element(m, i, item, all.Index(i)); err != nil {
			return err
		}
	}
	field.Set(all)
	return nil
}

func (d *decoder) element(m *Member, i int, item strictjson.Value, field reflect.Value) error {
	d.enterElement(i)
	defer d.leave()
	switch {
	case m.Shape == nil && item.Kind() == strictjson.String:
		return d.setElement(m, item.Text(), field)
	case m.Shape != nil && item.Kind() == strictjson.Object:
		return d.object(m, item, field)
	}
	return d.wrong(m, d.elementMust(m))
}

func (d *decoder) setElement(m *Member, text string, field reflect.Value) error {
	if err := d.bounded(m, m.ElementBounds, text, "has an element that is"); err != nil {
		return err
	}
	field.SetString(text)
	return nil
}

// elementMust says what an element has to be, by its own path or by that of its list.
func (d *decoder) elementMust(m *Member) string {
	switch {
	case !d.style.Coral:
		return "must be " + m.typeName()
	case m.Shape != nil:
		return "must be an object"
	}
	return "must be a string"
}

func (d *decoder) mapping(m *Member, members []strictjson.Member, field reflect.Value) error {
	if err := d.size(m, len(members)); err != nil {
		return err
	}
	all := reflect.MakeMapWithSize(field.Type(), len(members))
	for _, member := range members {
		if err := d.bounded(m, m.KeyBounds, member.Name, "has a key that is"); err != nil {
			return err
		}
		value := reflect.New(field.Type().Elem()).Elem()
		switch {
		case m.Shape == nil:
			value.SetBytes(member.Value.AppendTo(nil))
		case member.Value.Kind() == strictjson.Object:
			if err := d.object(m, member.Value, value); err != nil {
				return err
			}
		default:
			return d.wrong(m, "must be "+m.typeName())
		}
		all.SetMapIndex(reflect.ValueOf(member.Name), value)
	}
	field.Set(all)
	return nil
}

func (d *decoder) setText(m *Member, text string, field reflect.Value) error {
	if err := d.bounded(m, m.Bounds, text, "is"); err != nil {
		return err
	}
	present(field).SetString(text)
	return nil
}

func (d *decoder) setInteger(m *Member, text string, field reflect.Value) error {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || text[0] == '+' {
		return d.wrong(m, "must be an integer")
	}
	if m.Max != 0 && (number < m.Min || number > m.Max) {
		low, high := strconv.FormatInt(m.Min, 10), strconv.FormatInt(m.Max, 10)
		bound := "Member must have value less than or equal to " + high
		if number < m.Min {
			bound = "Member must have value greater than or equal to " + low
		}
		return d.outside(m, text, "must be between "+low+" and "+high, bound)
	}
	present(field).SetInt(number)
	return nil
}

// setMoment reads seconds, perhaps with a fraction, as milliseconds.
func (d *decoder) setMoment(m *Member, text string, field reflect.Value) error {
	seconds, err := strconv.ParseFloat(text, 64)
	const last = 253402300799 // 9999-12-31T23:59:59Z
	if err != nil || seconds < 0 || seconds > last {
		return d.wrong(m, "must be a time in Unix seconds")
	}
	field.SetInt(int64(math.Round(seconds * 1000)))
	return nil
}

// present is where the value of a member that was sent goes: the field, or what is made for its pointer.
func present(field reflect.Value) reflect.Value {
	if field.Kind() != reflect.Pointer {
		return field
	}
	field.Set(reflect.New(field.Type().Elem()))
	return field.Elem()
}

// wrong refuses a value of another type.
func (d *decoder) wrong(m *Member, how string) error {
	name := m.Wire
	if d.style.Coral && len(d.path) > 0 {
		name = d.where()
	}
	return d.style.Type.Refuse(name + " " + how)
}

func (m *Member) typeName() string {
	switch m.Kind {
	case String:
		return "a string"
	case Integer, Long:
		return "an integer"
	case Boolean:
		return "true or false"
	case Time:
		return "a number of seconds"
	case List:
		if m.Shape != nil {
			return "a list of objects"
		}
		return "a list of strings"
	default:
		return "an object"
	}
}
