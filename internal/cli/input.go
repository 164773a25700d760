package cli

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"sallyport/internal/api"
	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
)

// input is the input of the operation: what --cli-input-json says, with each member replaced that an option gives.
func (r *run) input() (jmespath.Value, error) {
	members, err := r.inputDocument()
	if err != nil {
		return jmespath.Value{}, err
	}
	for _, member := range r.operation.Input.Members {
		name := command.Spell(member.Name)
		words, given := r.Local[name]
		if !given {
			continue
		}
		value, err := r.memberValue(member, words)
		if err != nil {
			return jmespath.Value{}, err
		}
		members = replaceMember(members, jmespath.Member{Name: member.Name, Value: value})
	}
	return jmespath.ObjectOf(members), nil
}

func replaceMember(members []jmespath.Member, member jmespath.Member) []jmespath.Member {
	for i := range members {
		if members[i].Name == member.Name {
			members[i] = member
			return members
		}
	}
	return append(members, member)
}

func (r *run) inputDocument() ([]jmespath.Member, error) {
	if r.Local.Has(inputYAML) {
		return nil, command.ValidationError("--%s is not supported, use --%s", inputYAML, inputJSON)
	}
	given, ok := r.Local.Lookup(inputJSON)
	if !ok {
		return nil, nil
	}
	text, _, err := r.paramText(inputJSON, given)
	if err != nil {
		return nil, err
	}
	document, err := jmespath.ParseJSON([]byte(text))
	if err != nil {
		return nil, command.ValidationError("Error parsing parameter '--%s': Invalid JSON: %v", inputJSON, err)
	}
	if document.Kind() != jmespath.Object {
		return nil, command.ValidationError("Invalid type: expected a JSON object for --%s, received %v", inputJSON, document.Kind())
	}
	return slices.Clone(document.Members()), nil
}

// The prefixes of values that stand in a file, as text and as bytes.
const (
	textFile  = "file://"
	bytesFile = "fileb://"
)

// paramText is the value of an option, read from a file if it names one. isBytes tells that the value is no text.
func (r *run) paramText(name, given string) (text string, isBytes bool, err error) {
	path, isText := strings.CutPrefix(given, textFile)
	if !isText {
		if path, isBytes = strings.CutPrefix(given, bytesFile); !isBytes {
			return given, false, nil
		}
	}
	content, err := os.ReadFile(client.ExpandPath(r.Environ, path))
	if err != nil {
		return "", false, command.ValidationError("Error parsing parameter '--%s': Unable to load paramfile %s: %v", name, given, err)
	}
	if isBytes {
		return string(content), true, nil
	}
	if !utf8.Valid(content) {
		return "", false, command.ValidationError("Error parsing parameter '--%s': Unable to load paramfile (%s), text contents could not be decoded. "+
			"If this is a binary file, please use the fileb:// prefix instead of the file:// prefix.", name, given)
	}
	return newlines.Replace(string(content)), false, nil
}

// newlines makes one kind of line end of three. A newline at the end stays: it is part of the value.
var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// memberValue turns the words of an option into the value of its member.
func (r *run) memberValue(member *api.Member, words []string) (jmespath.Value, error) {
	name := command.Spell(member.Name)
	if member.Kind == api.List {
		return r.listValue(member, name, words)
	}
	text, isBytes, err := r.paramText(name, words[0])
	switch {
	case err != nil:
		return jmespath.Value{}, err
	case isBytes:
		return jmespath.Value{}, wrongBytes(member)
	case member.Kind == api.Integer || member.Kind == api.Long:
		return integerValue(member, name, text)
	case member.Kind == api.Structure:
		return jsonValue(name, text)
	}
	return jmespath.TextOf(text), nil
}

func wrongBytes(member *api.Member) error {
	return command.ValidationError("Parameter validation failed:\nInvalid type for parameter %s: bytes, valid type: %s", member.Name, member.Kind)
}

// integerValue reads an integer. The reference finds a bad one at the same moment but leaves by another door for the two kinds.
func integerValue(member *api.Member, name, text string) (jmespath.Value, error) {
	number, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	switch {
	case err == nil:
		return jmespath.IntOf(number), nil
	case member.Kind == api.Long:
		return jmespath.Value{}, command.UsageError("argument --%s: invalid int value: '%s'", name, text)
	}
	return jmespath.Value{}, command.OtherError("argument --%s: invalid literal for an integer: '%s'", name, text)
}

func jsonValue(name, text string) (jmespath.Value, error) {
	value, err := jmespath.ParseJSON([]byte(text))
	if err != nil {
		return jmespath.Value{}, command.ValidationError("Error parsing parameter '--%s': Invalid JSON: %v", name, err)
	}
	return value, nil
}

// listValue takes each word for an element, but a single one that begins like a JSON list for the list.
func (r *run) listValue(member *api.Member, name string, words []string) (jmespath.Value, error) {
	if len(words) == 1 {
		text, isBytes, err := r.paramText(name, words[0])
		switch {
		case err != nil:
			return jmespath.Value{}, err
		case isBytes:
			return jmespath.Value{}, wrongBytes(member)
		case strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "["):
			return jsonValue(name, text)
		case strings.HasPrefix(words[0], textFile):
			return splitText(name, text)
		}
	}
	items := make([]jmespath.Value, len(words))
	for i, word := range words {
		items[i] = jmespath.TextOf(word)
		if member.Shape == nil {
			continue
		}
		var err error
		if items[i], err = jsonValue(name, word); err != nil {
			return jmespath.Value{}, err
		}
	}
	return jmespath.ListOf(items), nil
}

// splitText makes a list of the characters of a file that is no JSON list. It helps nobody, but it is what the reference sends.
func splitText(name, text string) (jmespath.Value, error) {
	if text == "" {
		return jmespath.Value{}, command.OtherError("argument --%s: the file is empty", name)
	}
	return jmespath.Characters(text), nil
}

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
		v.add("Invalid range for parameter %s, value: %d, valid min value: %d", path, number, member.Min)
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
