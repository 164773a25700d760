package api

import (
	"regexp"

	"sallyport/internal/sys"
)

// Constraint is what a service model demands of a value beyond its type.
type Constraint struct {
	Min, Max int64 // letters of a text, elements of a list, or the range of a number; Max 0 is no bound
	Values   []string
	Pattern  func() *regexp.Regexp // that the whole text matches; nil for any
	// BoundedByRoom marks a text without a greatest length here because the room has a refusal of its own for one that is too long.
	BoundedByRoom bool
}

// pattern compiles a pattern of a model, which stands for the whole text, when it is first needed.
func pattern(expression string) func() *regexp.Regexp { return sys.Pattern(`^(?:` + expression + `)$`) }

// durationPattern is ISO 8601's duration as sso-admin has it, with one part at least. The model's expression looks ahead for that; this one
// lists which part may come first.
var durationPattern = pattern(`-?P(?:(?:\d+Y(?:\d+M)?(?:\d+[DW])?|\d+M(?:\d+[DW])?|\d+[DW])(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?|` +
	`T(?:\d+H(?:\d+M)?(?:\d+(?:\.\d+)?S)?|\d+M(?:\d+(?:\.\d+)?S)?|\d+(?:\.\d+)?S))`)

// constrain looks up what the model demands of the shape's members.
func (s *Shape) constrain(types map[string]Constraint) {
	lookup := func(name string) *Constraint {
		if found, ok := types[name]; ok {
			return &found
		}
		return nil
	}
	for _, member := range s.Members {
		member.Bounds, member.KeyBounds, member.ElementBounds = lookup(member.Type), lookup(member.Key), lookup(member.Element)
		if member.Kind == Integer && member.Bounds != nil && member.Max == 0 {
			member.Min, member.Max = member.Bounds.Min, member.Bounds.Max
		}
		if member.Shape != nil {
			member.Shape.constrain(types)
		}
	}
}
