package cli

import (
	"fmt"
	"slices"
	"strings"

	"sallyport/internal/spelling"
)

// arity is how many words an option takes.
type arity int

const (
	noValue arity = iota
	oneValue
	optionalValue
	manyValues
)

// option is one option of the command line.
type option struct {
	name     string // without dashes
	arity    arity
	choices  []string // nil: any value
	preset   string   // value of an optionalValue that is not given
	required bool
	hidden   bool   // accepted, but not in the help
	purpose  string // one line for people
}

// options are what one level of the command line knows.
type options []option

// arguments are the options given, each with its words. Of an option given twice the last one counts.
type arguments map[string][]string

func (a arguments) has(name string) bool { _, given := a[name]; return given }

// one is the value of an option that takes one, or the empty string.
func (a arguments) one(name string) string {
	if words := a[name]; len(words) > 0 {
		return words[len(words)-1]
	}
	return ""
}

// lookup is one that also tells whether the option was given.
func (a arguments) lookup(name string) (string, bool) { return a.one(name), a.has(name) }

// parsed is what one level made of the words.
type parsed struct {
	arguments arguments
	word      string   // the first word that is no option and no option's value
	rest      []string // everything else that this level does not know, in order
	hasWord   bool
}

// strays are all words that no option took.
func (p parsed) strays() []string {
	if !p.hasWord {
		return p.rest
	}
	return append([]string{p.word}, p.rest...)
}

// words tells what each word is before any is taken, as the reference does: whether a word is a value does not depend on the
// option before it, so an option cannot take something that looks like another one.
type word struct {
	text     string
	option   *option // nil where it is a value or an option of another level
	isOption bool
	value    string // of --name=value
	hasValue bool
}

// parse reads the words of one level. Options of other levels and their values end up in rest.
func (o options) parse(words []string) (parsed, error) {
	classified, err := o.classify(words)
	if err != nil {
		return parsed{}, err
	}
	result := parsed{arguments: arguments{}}
	for i := 0; i < len(classified); i++ {
		switch w := classified[i]; {
		case w.option != nil:
			taken, err := result.take(w, classified[i+1:])
			if err != nil {
				return parsed{}, err
			}
			i += taken
		case !w.isOption && !result.hasWord:
			result.word, result.hasWord = w.text, true
		default:
			result.rest = append(result.rest, w.text)
		}
	}
	return result, nil
}

func (o options) classify(words []string) ([]word, error) {
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

func (o options) classifyOne(text string) (word, error) {
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
func (o options) find(given string) (*option, error) {
	prefix, ok := strings.CutPrefix(given, "--")
	if !ok {
		return nil, nil
	}
	var candidates []*option
	for i := range o {
		if o[i].name == prefix {
			return &o[i], nil
		}
		if strings.HasPrefix(o[i].name, prefix) {
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
		names[i] = "--" + candidate.name
	}
	return nil, usageError(usageLine, "ambiguous option: %s could match %s", given, strings.Join(names, ", "))
}

func isNegativeNumber(text string) bool {
	whole, fraction, hasFraction := strings.Cut(text[1:], ".")
	if hasFraction {
		return allDigits(whole) && fraction != "" && allDigits(fraction)
	}
	return whole != "" && allDigits(whole)
}

func allDigits(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// take gives an option its words and tells how many of the following ones it took.
func (p *parsed) take(w word, following []word) (taken int, err error) {
	values := []string{}
	switch {
	case w.option.arity == noValue && w.hasValue:
		return 0, usageError(usageLine, "argument --%s: ignored explicit argument %q", w.option.name, w.value)
	case w.hasValue:
		values = append(values, w.value)
	default:
		for taken < w.option.arity.most() && taken < len(following) && !following[taken].isOption {
			values = append(values, following[taken].text)
			taken++
		}
	}
	if len(values) == 0 && w.option.arity == optionalValue {
		values = append(values, w.option.preset)
	}
	if len(values) == 0 && w.option.arity == oneValue {
		return 0, usageError(usageLine, "argument --%s: expected one argument", w.option.name)
	}
	p.arguments[w.option.name] = values
	return taken, w.option.checkChoice(values)
}

func (a arity) most() int {
	const unbounded = 1 << 30
	return [...]int{noValue: 0, oneValue: 1, optionalValue: 1, manyValues: unbounded}[a]
}

func (o *option) checkChoice(values []string) error {
	if o.choices == nil {
		return nil
	}
	for _, value := range values {
		if !slices.Contains(o.choices, value) {
			return usageError(usageLine, "%s", invalidChoice("--"+o.name, value, o.choices))
		}
	}
	return nil
}

// checkRequired names all required options that are missing. An option that brings the input in another way, or asks for an
// example of it, lifts the requirement when it is a word of its own; --cli-input-json=... does not.
func (o options) checkRequired(given arguments, words []string) error {
	var missing []string
	for i := range o {
		switch {
		case o[i].required && !given.has(o[i].name):
			missing = append(missing, "--"+o[i].name)
		case slices.Contains(liftingOptions, o[i].name) && lifts(o[i].name, words):
			return nil
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return usageError(usageLine, "the following arguments are required: %s", strings.Join(missing, ", "))
}

func lifts(name string, words []string) bool {
	at := slices.Index(words, "--"+name)
	return at >= 0 && (name != generateSkeleton || at+1 == len(words) || words[at+1] != "output")
}

// invalidChoice is the sentence about a word that is none of the choices, with those that it may have been meant to be.
func invalidChoice(what, given string, choices []string) string {
	sentence := fmt.Sprintf("argument %s: Found invalid choice '%s'", what, given)
	var near []string
	for _, choice := range choices {
		if typos := min(maxTypos, len(given)/lettersPerTypo); spelling.Distance(given, choice, typos+1) <= typos {
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
