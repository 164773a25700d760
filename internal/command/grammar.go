package command

import (
	"fmt"
	"slices"
	"strings"

	"sallyport/internal/spelling"
)

// Arity is how many words an option takes.
type Arity int

const (
	NoValue Arity = iota
	OneValue
	OptionalValue
	ManyValues
)

// Option is one option of the command line.
type Option struct {
	Name     string // without dashes
	Arity    Arity
	Choices  []string // nil: any value
	Preset   string   // value of an OptionalValue that is not given
	Required bool
	Hidden   bool   // accepted, but neither in the help nor offered
	Exact    bool   // may not be shortened, and takes no prefix from other options
	Ends     bool   // nothing behind it is read
	Path     bool   // its value is the path of a file
	Lifts    bool   // lifts the requirement of the others when it is a word of its own, unless its value is LiftsNot
	LiftsNot string // value with which Lifts does not hold
	Purpose  string // one line for people
}

// Options are what one level of the command line knows.
type Options []Option

// Arguments are the options given, each with its words. Of an option given twice the last one counts.
type Arguments map[string][]string

// Has reports whether the option was given.
func (a Arguments) Has(name string) bool { _, given := a[name]; return given }

// One is the value of an option that takes one, or the empty string.
func (a Arguments) One(name string) string {
	if words := a[name]; len(words) > 0 {
		return words[len(words)-1]
	}
	return ""
}

// Lookup is One that also tells whether the option was given.
func (a Arguments) Lookup(name string) (string, bool) { return a.One(name), a.Has(name) }

// Parsed is what one level made of the words.
type Parsed struct {
	Arguments Arguments
	Word      string   // the first word that is no option and no option's value
	Rest      []string // everything else that this level does not know, in order
	hasWord   bool
}

// Strays are all words that no option took.
func (p Parsed) Strays() []string {
	if !p.hasWord {
		return p.Rest
	}
	return append([]string{p.Word}, p.Rest...)
}

// word is one word of the line and what it is. That is settled of all words before any is taken, as the reference does: whether a word is a
// value does not depend on the option before it, so an option cannot take something that looks like another one.
type word struct {
	text     string
	option   *Option // nil where it is a value or an option of another level
	isOption bool
	value    string // of --name=value
	hasValue bool
}

// Parse reads the words of one level. Options of other levels and their values end up in Rest.
func (o Options) Parse(words []string) (Parsed, error) {
	classified, err := o.classify(words)
	if err != nil {
		return Parsed{}, err
	}
	result := Parsed{Arguments: Arguments{}}
	for i := 0; i < len(classified); i++ {
		switch w := classified[i]; {
		case w.option != nil:
			taken, err := result.take(w, classified[i+1:])
			if err != nil {
				return Parsed{}, err
			}
			i += taken
			if w.option.Ends {
				return result, nil
			}
		case !w.isOption && !result.hasWord:
			result.Word, result.hasWord = w.text, true
		default:
			result.Rest = append(result.Rest, w.text)
		}
	}
	return result, nil
}

func (o Options) classify(words []string) ([]word, error) {
	classified := make([]word, len(words))
	for i, text := range words {
		if text == "--" { // everything after it is a value
			classified[i] = word{text: text, isOption: true}
			for j := i + 1; j < len(words); j++ {
				classified[j] = word{text: words[j]}
			}
			break
		}
		var err error
		if classified[i], err = o.classifyOne(text); err != nil {
			return nil, err
		}
	}
	return classified, nil
}

func (o Options) classifyOne(text string) (word, error) {
	if len(text) < 2 || text[0] != '-' {
		return word{text: text}, nil
	}
	name, value, hasValue := strings.Cut(text, "=")
	known, err := o.find(name)
	switch {
	case err != nil:
		return word{}, err
	case known != nil:
		return word{text: text, option: known, isOption: true, value: value, hasValue: hasValue}, nil
	case isNegativeNumber(text) || strings.Contains(text, " "):
		return word{text: text}, nil
	}
	return word{text: text, isOption: true}, nil
}

// find is the option of that name, or the only one that begins with it.
func (o Options) find(given string) (*Option, error) {
	prefix, ok := strings.CutPrefix(given, "--")
	if !ok {
		return nil, nil
	}
	var candidates []*Option
	for i := range o {
		if o[i].Name == prefix {
			return &o[i], nil
		}
		if !o[i].Exact && strings.HasPrefix(o[i].Name, prefix) {
			candidates = append(candidates, &o[i])
		}
	}
	switch len(candidates) {
	case 0:
		return nil, nil
	case 1:
		return candidates[0], nil
	}
	names := make([]string, len(candidates))
	for i, candidate := range candidates {
		names[i] = "--" + candidate.Name
	}
	return nil, UsageError("ambiguous option: %s could match %s", given, strings.Join(names, ", "))
}

// isNegativeNumber tells the words that the reference takes for values although they begin with a dash: -1 and -.5, but neither -1. nor -1e3.
func isNegativeNumber(text string) bool {
	whole, fraction, hasFraction := strings.Cut(text[1:], ".")
	if hasFraction {
		return AllDigits(whole) && fraction != "" && AllDigits(fraction)
	}
	return whole != "" && AllDigits(whole)
}

// AllDigits reports whether a text holds nothing but ASCII digits.
func AllDigits(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// take gives an option its words and tells how many of the following ones it took.
func (p *Parsed) take(w word, following []word) (taken int, err error) {
	values := []string{}
	switch {
	case w.option.Arity == NoValue && w.hasValue:
		return 0, UsageError("argument --%s: ignored explicit argument %q", w.option.Name, w.value)
	case w.hasValue:
		values = append(values, w.value)
	default:
		for taken < w.option.Arity.most() && taken < len(following) && !following[taken].isOption {
			values = append(values, following[taken].text)
			taken++
		}
	}
	if len(values) == 0 && w.option.Arity == OptionalValue {
		values = append(values, w.option.Preset)
	}
	if len(values) == 0 && w.option.Arity == OneValue {
		return 0, UsageError("argument --%s: expected one argument", w.option.Name)
	}
	p.Arguments[w.option.Name] = values
	return taken, w.option.checkChoice(values)
}

func (a Arity) most() int {
	const unbounded = 1 << 30
	return [...]int{NoValue: 0, OneValue: 1, OptionalValue: 1, ManyValues: unbounded}[a]
}

func (o *Option) checkChoice(values []string) error {
	if o.Choices == nil {
		return nil
	}
	for _, value := range values {
		if !slices.Contains(o.Choices, value) {
			return UsageError("%s", InvalidChoice("--"+o.Name, value, o.Choices))
		}
	}
	return nil
}

// CheckRequired names all required options that are missing. An option that brings the input in another way, or asks for an
// example of it, lifts the requirement when it is a word of its own; --cli-input-json=... does not.
func (o Options) CheckRequired(given Arguments, words []string) error {
	var missing []string
	for i := range o {
		switch {
		case o[i].Required && !given.Has(o[i].Name):
			missing = append(missing, "--"+o[i].Name)
		case o[i].Lifts && o[i].lifts(words):
			return nil
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return UsageError("the following arguments are required: %s", strings.Join(missing, ", "))
}

func (o *Option) lifts(words []string) bool {
	at := slices.Index(words, "--"+o.Name)
	return at >= 0 && (o.LiftsNot == "" || at+1 == len(words) || words[at+1] != o.LiftsNot)
}

// InvalidChoice is the sentence about a word that is none of the choices, with those that it may have been meant to be.
func InvalidChoice(what, given string, choices []string) string {
	sentence := fmt.Sprintf("argument %s: Found invalid choice '%s'", what, given)
	typos := min(maxTypos, len(given)/lettersPerTypo)
	var near []string
	for _, choice := range choices {
		if spelling.Distance(given, choice, typos+1) <= typos {
			near = append(near, choice)
		}
	}
	if len(near) > 0 {
		return sentence + "\n\nMaybe you meant:\n\n  * " + strings.Join(near, "\n  * ")
	}
	return sentence + ", valid choices are: " + strings.Join(choices, ", ")
}

// maxTypos is how many letters may be wrong in a word that is taken for a misspelled one.
// Short words may not have as many, or every one would be like every other.
const (
	maxTypos       = 2
	lettersPerTypo = 3
)

// Form is the option with a sign of what it takes.
func (o *Option) Form() string {
	return "--" + o.Name + [...]string{NoValue: "", OneValue: " <value>", OptionalValue: " [value]", ManyValues: " <value> [<value> ...]"}[o.Arity]
}
