// Package shorthand reads the AWS CLI's short way to write structures: Key=env,Values=a,b or Grant={Code={Uris=[x,y]}}. It owns the syntax
// and what the model's types make of its texts. Which option takes what is told by the caller as a Target, files are read by the caller,
// and whether the value that comes out fits the operation is decided by whoever holds the model.
//
// The grammar, in whose terms the parser is written:
//
//	word   = pair *( "," pair )
//	pair   = key ["@"] "=" [ value ]
//	value  = list / hash / text *( "," text )   ; several texts are a list, a single one is not
//	list   = "[" *( item "," ) "]"              ; the last comma may be missing
//	hash   = "{" *( key ["@"] "=" item "," ) "}"
//	item   = list / hash / text
//	text   = plain / "'" quoted "'" / DQUOTE quoted DQUOTE
//
// The commas of a value are those of the word too: what follows one is another text, unless an equals sign shows that it was a key.
package shorthand

import (
	"strings"
	"unicode"

	"sallyport/internal/jmespath"
)

// Kind is what the model says a value is.
type Kind uint8

// The kinds. The zero Kind is Text.
const (
	Text      Kind = iota // a string
	Raw                   // a blob or a moment: the text stays as it is
	Integer               // integer and long
	Float                 // float and double
	Boolean               // true or false in any case; any other text stays for validation to refuse
	List                  // of Element
	Map                   // of any keys to Element
	Structure             // of Members
	Document              // without a model, which only JSON can express
)

// Target describes the value that an option takes. Targets may refer to themselves.
type Target struct {
	Kind    Kind
	Members []Member // of a structure
	Element *Target  // of a list's items or a map's values
}

// Member is one member of a structure.
type Member struct {
	Name   string
	Target *Target
}

// Applies reports whether options with this target take shorthand at all: structures, maps, and lists of those or of lists do, unless all
// they hold is documents. Where it does not apply, words are scalars.
func (t *Target) Applies() bool {
	held := t
	for depth := 0; (held.Kind == List || held.Kind == Map) && depth < maxDepth; depth++ {
		held = held.Element
	}
	return held.Kind != Document && t.holds() && (t.Kind != List || t.Element.holds())
}

// holds reports whether values of the target hold other values.
func (t *Target) holds() bool { return t.Kind == List || t.Kind == Map || t.Kind == Structure }

// IsJSON reports whether the words of an option are to be read as JSON instead, which the first one decides.
func IsJSON(words []string) bool {
	if len(words) == 0 {
		return false
	}
	first := strings.TrimLeftFunc(words[0], isSpace)
	return strings.HasPrefix(first, "[") || strings.HasPrefix(first, "{")
}

// ReadFile is asked about each text that is assigned with @=. It answers with what the file holds, or with the text itself where that
// names no file. Its errors come back as they are.
type ReadFile func(text string) (jmespath.Value, error)

// Parse reads the one word of an option. An option that takes a list can come here too, by way of a file: the reference makes no list of
// that, and validation refuses what it gets.
//
// Errors are *SyntaxError, *ValueError or what read returned.
func Parse(target *Target, word string, read ReadFile) (jmespath.Value, error) {
	if target.isLoneValue() && !strings.Contains(word, "=") {
		return jmespath.ObjectOf([]jmespath.Member{{Name: loneMember, Value: jmespath.TextOf(word)}}), nil
	}
	value, err := parseWord(word, read)
	if err != nil || target.Kind == List {
		return value, err
	}
	return fit(target, value, 0)
}

// ParseList reads the words of an option that takes a list: each is one element.
func ParseList(target *Target, words []string, read ReadFile) (jmespath.Value, error) {
	items := make([]jmespath.Value, 0, len(words))
	for _, word := range words {
		item, err := parseWord(word, read)
		if err != nil {
			return jmespath.Value{}, err
		}
		items = append(items, item)
	}
	return fit(target, jmespath.ListOf(items), 0)
}

// loneMember is the member that a structure of nothing else takes without its name: --behavior terminate.
const loneMember = "Value"

func (t *Target) isLoneValue() bool {
	return t.Kind == Structure && len(t.Members) == 1 && t.Members[0].Name == loneMember && t.Members[0].Target.Kind == Text
}

// isSpace is Python's idea of white space, which has four separators more.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
