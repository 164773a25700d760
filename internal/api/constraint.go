package api

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

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

// maxMemberLength bounds one text of an input whose model sets no bound, in bytes, unless its room does; whole bodies are bounded at the rim.
const maxMemberLength = 16 << 10

// size holds the length of a list or map against the model.
func (d *decoder) size(m *Member, n int) error {
	if m.Bounds == nil || d.kept {
		return nil
	}
	return d.length(m, m.Bounds, int64(n), "", "has too few or too many elements")
}

func (d *decoder) length(m *Member, bounds *Constraint, n int64, value, plain string) error {
	switch {
	case n < bounds.Min:
		return d.outside(m, value, plain, "Member must have length greater than or equal to "+strconv.FormatInt(bounds.Min, 10))
	case bounds.Max != 0 && n > bounds.Max:
		return d.outside(m, value, plain, "Member must have length less than or equal to "+strconv.FormatInt(bounds.Max, 10))
	}
	return nil
}

// bounded holds a text against the model.
func (d *decoder) bounded(m *Member, bounds *Constraint, text, verb string) error {
	if d.kept {
		return nil
	}
	if limited := bounds != nil && (bounds.Max != 0 || bounds.BoundedByRoom); !limited && len(text) > maxMemberLength {
		most := strconv.Itoa(maxMemberLength)
		return d.outside(m, "", verb+" longer than "+most+" bytes", "Member must have length less than or equal to "+most)
	}
	if bounds == nil {
		return nil
	}
	if err := d.length(m, bounds, int64(utf8.RuneCountInString(text)), text, verb+" too short or too long"); err != nil {
		return err
	}
	if len(bounds.Values) > 0 && !slices.Contains(bounds.Values, text) {
		all := strings.Join(bounds.Values, ", ")
		return d.outside(m, text, verb+" not one of "+all, "Member must satisfy enum value set: ["+all+"]")
	}
	if bounds.Pattern != nil {
		if expression := bounds.Pattern(); !expression.MatchString(text) {
			return d.outside(m, text, verb+" not of the form "+expression.String(), "Member must satisfy regular expression pattern: "+
				strings.TrimSuffix(strings.TrimPrefix(expression.String(), "^(?:"), ")$"))
		}
	}
	return nil
}

// outside refuses a value that breaks a bound, which is said plainly or in the words of Coral. These show the value, unless it is secret.
func (d *decoder) outside(m *Member, value, plain, coral string) error {
	if !d.style.Coral {
		return d.style.Invalid.Refuse(m.Wire + " " + plain)
	}
	shown := ""
	if value != "" && !m.Masked() {
		shown = " '" + printable(value) + "'"
	}
	return d.breaks(shown, coral)
}

// breaks refuses in the words of Coral.
func (d *decoder) breaks(shown, constraint string) error {
	return d.style.Invalid.Refuse("1 validation error detected: Value" + shown + " at '" + d.where() + "' failed to satisfy constraint: " + constraint)
}

// maxShown bounds a refused value in the refusal, in letters.
const maxShown = 100

// printable is the beginning of a value as far as it can be printed.
func printable(value string) string {
	letters := 0
	for i := range value {
		if letters == maxShown {
			value = value[:i] + "…"
			break
		}
		letters++
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, value)
}

// where is the path of the member as Coral writes it: names begin with a small letter.
func (d *decoder) where() string {
	parts := make([]string, len(d.path))
	for i, at := range d.path {
		if at.element > 0 {
			parts[i] = strconv.Itoa(at.element) + ".member"
			continue
		}
		first, size := utf8.DecodeRuneInString(at.name)
		parts[i] = string(unicode.ToLower(first)) + at.name[size:]
	}
	return strings.Join(parts, ".")
}
