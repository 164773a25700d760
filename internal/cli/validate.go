package cli

import (
	"fmt"
	"strconv"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
)

// validate holds the input against the shape and names everything that is wrong at once. Patterns, lengths and choices are the
// service's business.
func validate(shape *api.Shape, input jmespath.Value) error {
	var v validator
	v.structure("input", shape, input)
	if len(v.faults) == 0 {
		return nil
	}
	return command.ValidationError("Parameter validation failed:\n%s", strings.Join(v.faults, "\n"))
}

// validates reports whether the input is held against the model before it is sent. Every word but true switches that off.
func validates(settings *client.Settings) bool {
	word, given := settings.Find("parameter_validation")
	return !given || strings.EqualFold(word, "true")
}

// unchecked is the input as it goes out when nobody holds it against the model: a null is left out, and what stands in for a list falls into
// its parts. Only what cannot be sent at all fails.
func unchecked(shape *api.Shape, input jmespath.Value) (jmespath.Value, error) {
	var members []jmespath.Member
	for _, given := range input.Members() {
		member := shape.Member(given.Name)
		switch {
		case member == nil:
			return jmespath.Value{}, command.OtherError("%q is no member of the input", given.Name)
		case given.Value.IsNull():
			continue
		case member.Kind == api.List:
			parts, ok := given.Value.Parts()
			if !ok {
				return jmespath.Value{}, command.OtherError("%q is %v, which has no elements", given.Name, given.Value.Kind())
			}
			given.Value = parts
		}
		members = append(members, given)
	}
	return jmespath.ObjectOf(members), nil
}

type validator struct{ faults []string }

func (v *validator) add(format string, args ...any) {
	v.faults = append(v.faults, fmt.Sprintf(format, args...))
}

func (v *validator) structure(path string, shape *api.Shape, value jmespath.Value) {
	for _, member := range shape.Members {
		if _, found := value.Get(member.Name); member.Required && !found {
			v.add("Missing required parameter in %s: %q", path, member.Name)
		}
	}
	for _, given := range value.Members() {
		member := shape.Member(given.Name)
		if member == nil {
			v.add("Unknown parameter in %s: %q, must be one of: %s", path, given.Name, strings.Join(memberNames(shape), ", "))
			continue
		}
		v.member(memberPath(path, given.Name), member, given.Value)
	}
}

// memberPath names a member of the input by its own name, and one further down by the way to it.
func memberPath(path, name string) string {
	if path == "input" {
		return name
	}
	return path + "." + name
}

func memberNames(shape *api.Shape) []string {
	names := make([]string, len(shape.Members))
	for i, member := range shape.Members {
		names[i] = member.Name
	}
	return names
}

func (v *validator) member(path string, member *api.Member, value jmespath.Value) {
	if !hasType(member, value) {
		v.add("Invalid type for parameter %s: %v, valid type: %s", path, value.Kind(), member.Kind)
		return
	}
	switch member.Kind {
	case api.Integer, api.Long:
		v.smallest(path, member, value)
	case api.Structure:
		v.structure(path, member.Shape, value)
	case api.List:
		v.list(path, member, value)
	}
}

// smallest checks the lower bound; the reference leaves the upper one to the service.
func (v *validator) smallest(path string, member *api.Member, value jmespath.Value) {
	if number, err := strconv.ParseInt(value.Number(), 10, 64); err == nil && number < member.Min {
		v.add("Invalid value for parameter %s, value: %d, valid min value: %d", path, number, member.Min)
	}
}

func (v *validator) list(path string, member *api.Member, value jmespath.Value) {
	for i, item := range value.Items() {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case member.Shape == nil && item.Kind() != jmespath.String:
			v.add("Invalid type for parameter %s: %v, valid type: string", at, item.Kind())
		case member.Shape != nil && item.Kind() != jmespath.Object:
			v.add("Invalid type for parameter %s: %v, valid type: object", at, item.Kind())
		case member.Shape != nil:
			v.structure(at, member.Shape, item)
		}
	}
}

func hasType(member *api.Member, value jmespath.Value) bool {
	switch member.Kind {
	case api.String:
		return value.Kind() == jmespath.String
	case api.Integer, api.Long:
		return value.Kind() == jmespath.Number && !strings.ContainsAny(value.Number(), ".eE")
	case api.List:
		return value.Kind() == jmespath.Array
	}
	return value.Kind() == jmespath.Object
}
