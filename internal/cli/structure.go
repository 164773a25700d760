package cli

import (
	"errors"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/shorthand"
)

// structuredValue reads a structure, or a list of structures, from JSON or from the shorthand syntax.
func (r *run) structuredValue(member *api.Member, target *shorthand.Target, words []string) (jmespath.Value, error) {
	name := command.Spell(member.Name)
	if len(words) == 1 {
		text, err := r.memberText(member, name, words[0])
		if err != nil {
			return jmespath.Value{}, err
		}
		fromFile := text != words[0]
		words = []string{text}
		if fromFile && !shorthand.IsJSON(words) {
			value, err := shorthand.Parse(target, text, r.readAssigned(name))
			return value, shorthandError(name, err)
		}
	}
	if shorthand.IsJSON(words) {
		return jsonValues(member, name, words)
	}
	var value jmespath.Value
	var err error
	if member.Kind == api.List {
		value, err = shorthand.ParseList(target, words, r.readAssigned(name))
	} else {
		value, err = shorthand.Parse(target, words[0], r.readAssigned(name))
	}
	return value, shorthandError(name, err)
}

// jsonValues reads each word as JSON. A single one for a list may be the list itself.
func jsonValues(member *api.Member, name string, words []string) (jmespath.Value, error) {
	items := make([]jmespath.Value, len(words))
	for i, word := range words {
		var err error
		if items[i], err = jsonValue(name, word); err != nil {
			return jmespath.Value{}, err
		}
	}
	if member.Kind != api.List || len(items) == 1 && items[0].Kind() == jmespath.Array {
		return items[0], nil
	}
	return jmespath.ListOf(items), nil
}

// readAssigned reads the files that the shorthand syntax assigns with @=.
func (r *run) readAssigned(name string) shorthand.ReadFile {
	return func(text string) (jmespath.Value, error) {
		content, isBytes, err := r.paramText(name, text)
		if err == nil && isBytes {
			err = command.ValidationError("Parameter validation failed:\nInvalid type for a member of --%s: bytes", name)
		}
		return jmespath.TextOf(content), err
	}
}

// shorthandError sorts what went wrong: a text that does not follow the syntax is a mistake of the caller, one that a number cannot be made
// of leaves by the reference's other door.
func shorthandError(name string, err error) error {
	var syntax *shorthand.SyntaxError
	var value *shorthand.ValueError
	switch {
	case errors.As(err, &syntax):
		return command.ValidationError("Error parsing parameter '--%s': %v", name, err)
	case errors.As(err, &value):
		return command.OtherError("Error parsing parameter '--%s': %v", name, err)
	}
	return err
}

// targetOf describes a member for the shorthand syntax.
func targetOf(member *api.Member) *shorthand.Target {
	switch member.Kind {
	case api.Integer, api.Long:
		return &shorthand.Target{Kind: shorthand.Integer}
	case api.Structure:
		return structureTarget(member.Shape)
	case api.List:
		element := &shorthand.Target{}
		if member.Shape != nil {
			element = structureTarget(member.Shape)
		}
		return &shorthand.Target{Kind: shorthand.List, Element: element}
	}
	return &shorthand.Target{}
}

func structureTarget(shape *api.Shape) *shorthand.Target {
	target := &shorthand.Target{Kind: shorthand.Structure}
	for _, member := range shape.Members {
		target.Members = append(target.Members, shorthand.Member{Name: member.Name, Target: targetOf(member)})
	}
	return target
}
