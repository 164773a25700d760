package clients

import (
	"math/rand/v2"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"

	"sallyport/internal/api"
)

// generator makes inputs of operations from the table: of the right kinds, mostly within the bounds of the model, sometimes not. It learns
// from answers what there is, so that it asks for things that are there as well as for things that are not.
type generator struct {
	*rand.Rand
	known map[string][]string // values by the name of their type in the model
	// The odds out of a hundred that an optional member is there, and that a value is none that the model allows.
	optional, odd int
}

// oddsKnown are the odds out of a hundred that a value is one that was seen, of a type of which any was.
const oddsKnown = 70

func newGenerator(seed uint64) *generator {
	return &generator{rand.New(rand.NewPCG(seed, 0)), map[string][]string{}, 0, 0}
}

const (
	mostElements = 3    // of a list, where the model allows more
	mostLetters  = 40   // of a text, where the model allows more
	mostDepth    = 3    // of a document
	mostKnown    = 20   // values of a type that are remembered
	mostRepeats  = 8    // of a part of a pattern that may repeat for ever, where the text need not be longer
	pastAnyBound = 3000 // letters that most texts may not have
)

func (g *generator) in100(odds int) bool { return g.IntN(100) < odds }

// structure makes a value of a shape; a union gets exactly one member.
func (g *generator) structure(shape *api.Shape) map[string]any {
	made := map[string]any{}
	if shape.Union {
		member := shape.Members[g.IntN(len(shape.Members))]
		made[member.Name] = g.member(member)
		return made
	}
	for _, member := range shape.Members {
		if member.Required && !g.in100(g.odd) || g.in100(g.optional) {
			made[member.Name] = g.member(member)
		}
	}
	return made
}

func (g *generator) member(m *api.Member) any {
	switch m.Kind {
	case api.List:
		return g.list(m)
	case api.Map:
		made := map[string]any{}
		for range g.IntN(mostElements) {
			made[g.text(m.KeyBounds, m.Key)] = g.element(m)
		}
		return made
	case api.Structure:
		return g.structure(m.Shape)
	case api.Integer, api.Long, api.Time:
		return g.number(m)
	case api.Boolean:
		return g.IntN(2) == 0
	case api.Free:
		return g.document(mostDepth)
	}
	return g.text(m.Bounds, m.Type)
}

func (g *generator) list(m *api.Member) []any {
	least, most := 0, mostElements
	if m.Bounds != nil {
		least, most = int(m.Bounds.Min), min(int(m.Bounds.Max), int(m.Bounds.Min)+mostElements)
	}
	if g.in100(g.odd) {
		least, most = 0, 110 // above the bounds of most
	}
	list := make([]any, least+g.IntN(most-least+1))
	for i := range list {
		list[i] = g.element(m)
	}
	return list
}

func (g *generator) element(m *api.Member) any {
	switch {
	case m.Shape != nil:
		return g.structure(m.Shape)
	case m.Kind == api.Map:
		return g.document(mostDepth)
	}
	return g.text(m.ElementBounds, m.Element)
}

func (g *generator) number(m *api.Member) int64 {
	if g.in100(g.odd) {
		return []int64{-1, 0, 1 << 31, 1 << 53, m.Max + 1}[g.IntN(5)]
	}
	if m.Max == 0 {
		return g.Int64N(1 << 20)
	}
	return m.Min + g.Int64N(m.Max-m.Min+1)
}

// document makes JSON that the model leaves open, policies among it.
func (g *generator) document(depth int) any {
	switch kind := g.IntN(8); {
	case kind == 0 && depth > 0:
		return []any{g.document(depth - 1), g.document(depth - 1)}
	case kind < 4 && depth > 0:
		return map[string]any{g.letters(1, 8): g.document(depth - 1), "Version": "2012-10-17", "Statement": g.document(depth - 1)}
	case kind == 4:
		return g.Float64() * 1e6
	case kind == 5:
		return g.IntN(2) == 0
	}
	return g.letters(0, mostLetters)
}

// text makes a text of a type.
func (g *generator) text(bounds *api.Constraint, typeName string) string {
	switch seen := g.known[typeName]; {
	case g.in100(g.odd):
		return oddTexts[g.IntN(len(oddTexts))]
	case g.in100(g.odd):
		return strings.Repeat("a", pastAnyBound)
	case len(seen) > 0 && g.in100(oddsKnown):
		return seen[g.IntN(len(seen))]
	case bounds == nil:
		return g.letters(0, mostLetters)
	case len(bounds.Values) > 0:
		return bounds.Values[g.IntN(len(bounds.Values))]
	}
	least, most := int(bounds.Min), int(bounds.Max)
	if most == 0 {
		most = least + mostLetters
	}
	if bounds.Pattern == nil {
		return g.letters(least, min(most, least+mostLetters))
	}
	parsed, err := syntax.Parse(bounds.Pattern().String(), syntax.Perl)
	if err != nil {
		panic(err)
	}
	return g.fit(parsed.Simplify(), least, most)
}

// fit tries for a text of the pattern within the bounds; some patterns allow more than the bounds do.
func (g *generator) fit(pattern *syntax.Regexp, least, most int) string {
	const tries = 50
	var text string
	for range tries {
		text = g.matching(pattern, max(mostRepeats, 2*least))
		if letters := len([]rune(text)); letters >= least && letters <= most {
			return text
		}
	}
	return text
}

// matching makes a text that a pattern matches, of whose parts none is repeated more often than that.
func (g *generator) matching(pattern *syntax.Regexp, repeats int) string {
	var text strings.Builder
	switch pattern.Op {
	case syntax.OpLiteral:
		text.WriteString(string(pattern.Rune))
	case syntax.OpCharClass:
		text.WriteRune(g.oneOf(pattern.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		text.WriteString(g.letters(1, 1))
	case syntax.OpCapture, syntax.OpConcat:
		for _, part := range pattern.Sub {
			text.WriteString(g.matching(part, repeats))
		}
	case syntax.OpAlternate:
		text.WriteString(g.matching(pattern.Sub[g.IntN(len(pattern.Sub))], repeats))
	case syntax.OpQuest:
		text.WriteString(g.repeated(pattern.Sub[0], g.IntN(2), repeats))
	case syntax.OpStar:
		text.WriteString(g.repeated(pattern.Sub[0], g.IntN(repeats), repeats))
	case syntax.OpPlus:
		text.WriteString(g.repeated(pattern.Sub[0], 1+g.IntN(repeats), repeats))
	}
	return text.String()
}

func (g *generator) repeated(pattern *syntax.Regexp, times, repeats int) string {
	var text strings.Builder
	for range times {
		text.WriteString(g.matching(pattern, repeats))
	}
	return text.String()
}

// oneOf picks a letter out of ranges. All ranges are as likely, so that letters of ASCII come often.
func (g *generator) oneOf(ranges []rune) rune {
	for {
		i := 2 * g.IntN(len(ranges)/2)
		low, high := ranges[i], min(ranges[i+1], unicode.MaxRune)
		letter := low + g.Int32N(high-low+1)
		if letter < 0xD800 || letter > 0xDFFF { // halves of surrogate pairs are no letters
			return letter
		}
	}
}

// letters makes a text without a pattern.
func (g *generator) letters(least, most int) string {
	const alphabet = "abcXYZ019 -_.:/@+=,äß語💥\"'<&"
	all := []rune(alphabet)
	made := make([]rune, least+g.IntN(most-least+1))
	for i := range made {
		made[i] = all[g.IntN(len(all))]
	}
	return string(made)
}

// learn remembers the values of an answer by their types.
func (g *generator) learn(shape *api.Shape, answer map[string]any) {
	for _, m := range shape.Members {
		switch value := answer[m.Name].(type) {
		case string:
			g.remember(m.Type, value)
		case map[string]any:
			if m.Shape != nil {
				g.learn(m.Shape, value)
			}
		case []any:
			for _, item := range value {
				switch item := item.(type) {
				case string:
					g.remember(m.Element, item)
				case map[string]any:
					if m.Shape != nil {
						g.learn(m.Shape, item)
					}
				}
			}
		}
	}
}

// alsoCalled are types whose values are values of other types as well.
var alsoCalled = map[string][]string{
	"ResourceId": {"PrincipalId"}, "AccountId": {"TargetId"}, "ApplicationArn": {"TaggableResourceArn", "ScopeTarget"},
	"PermissionSetArn": {"TaggableResourceArn"}, "TrustedTokenIssuerArn": {"TaggableResourceArn"}, "Token": {"NextToken"},
}

// remember keeps a value for the types that it is of.
func (g *generator) remember(typeName, value string) {
	g.rememberAs(typeName, value)
	for _, other := range alsoCalled[typeName] {
		g.rememberAs(other, value)
	}
}

// rememberAs forgets something for each new value beyond some, at random.
func (g *generator) rememberAs(typeName, value string) {
	seen := g.known[typeName]
	switch {
	case typeName == "" || value == "" || slices.Contains(seen, value):
	case len(seen) < mostKnown:
		g.known[typeName] = append(seen, value)
	default:
		seen[g.IntN(len(seen))] = value
	}
}
