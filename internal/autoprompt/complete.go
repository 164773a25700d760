package autoprompt

import (
	"slices"
	"strings"

	"sallyport/internal/shellwords"
)

// maxCandidates bounds the menu: nobody picks from more, and a callback or a folder may offer any number.
const maxCandidates = 500

// maskedText stands for a secret. It is as long for every secret.
const maskedText = "********"

// candidate is one item of the menu.
type candidate struct {
	word    string // what takes the place of the word at the cursor, without quoting
	label   string
	purpose string
	secret  string   // the value, when the line must not show it
	page    []string // whose help page it is
	joins   bool     // more of the same word may follow: a folder
	rank    int
}

// walk follows words through the description of the program, as far as completion needs it: the program's own grammar decides.
type walk struct {
	path    []string
	words   []Word
	runs    bool
	options []Option // of the words taken, then the global ones
	given   map[string]bool
	waived  bool
	pending *Option // takes the next word as its value
	filled  bool    // the pending option has a value
	empty   string  // an option that a value was owed to
	unknown []string
}

func startWalk(p *Program) walk {
	return walk{words: p.Words, options: p.GlobalOptions, given: map[string]bool{}}
}

func (w *walk) take(word string) {
	switch {
	case strings.HasPrefix(word, "--"):
		w.takeOption(word)
	case w.pending != nil:
		w.filled = true
		if !w.pending.Many {
			w.pending = nil
		}
	default:
		w.takeWord(word)
	}
}

func (w *walk) takeOption(word string) {
	w.settle()
	name, _, inline := strings.Cut(word, "=")
	option := w.option(name)
	if option == nil {
		w.unknown = append(w.unknown, name)
		return
	}
	w.given[option.Name] = true
	w.waived = w.waived || option.Waives
	if option.TakesValue && !inline {
		w.pending, w.filled = option, false
	}
}

// settle ends the values of an option and remembers the first option that has none.
func (w *walk) settle() {
	if w.pending != nil && !w.filled && !w.pending.Optional && w.empty == "" {
		w.empty = w.pending.Name
	}
	w.pending = nil
}

func (w *walk) takeWord(text string) {
	i := slices.IndexFunc(w.words, func(word Word) bool { return word.Text == text })
	if i < 0 {
		w.unknown = append(w.unknown, text)
		return
	}
	word := w.words[i]
	w.path = append(w.path, text)
	w.words, w.runs = word.Words, word.Runs
	w.options = append(slices.Clone(word.Options), w.options...)
}

// option finds an option by its name or by a beginning that only one has.
func (w *walk) option(name string) *Option {
	var found *Option
	for i := range w.options {
		option := &w.options[i]
		if option.Name == name {
			return option
		}
		if !strings.HasPrefix(option.Name, name) {
			continue
		}
		if found != nil {
			return nil
		}
		found = option
	}
	return found
}

// problem tells what stands against running the line, or "".
func problem(p *Program, line string) string {
	w := startWalk(p)
	for _, t := range shellwords.Tokens(line) {
		if t.Open {
			return shellwords.ErrOpen.Error()
		}
		w.take(t.Word)
	}
	w.settle()
	missing := w.missing()
	switch {
	case len(w.unknown) > 0:
		return "unknown: " + strings.Join(w.unknown, ", ")
	case w.empty != "":
		return w.empty + " has no value"
	case w.waived:
		return ""
	case len(w.words) > 0 && !w.runs:
		return "the command is not complete"
	case len(missing) > 0:
		return "missing: " + strings.Join(missing, ", ")
	}
	return ""
}

func (w *walk) missing() []string {
	var names []string
	for _, option := range w.options {
		if option.Required && !w.given[option.Name] {
			names = append(names, option.Name)
		}
	}
	return names
}

// place is what the cursor stands at.
type place struct {
	before     walk
	given      map[string]bool // options anywhere else on the line
	rest       []string        // the other words
	start, end int             // of the word at the cursor, in bytes of the line
	typed      string          // the word up to the cursor
	value      *Option         // whose value it is
	lead       string          // of the word, before the value: "--output="
}

// placeAt finds out what the cursor stands at.
func placeAt(p *Program, line string, cursor int) place {
	at := place{before: startWalk(p), start: cursor, end: cursor, given: map[string]bool{}}
	whole := startWalk(p)
	for _, t := range shellwords.Tokens(line) {
		if t.Start < cursor && cursor <= t.End {
			at.start, at.end = t.Start, t.End
			at.typed = shellwords.ReadToken(line[:cursor], t.Start).Word
			continue
		}
		at.rest = append(at.rest, t.Word)
		whole.take(t.Word)
		if t.End < cursor {
			at.before.take(t.Word)
		}
	}
	at.given = whole.given
	at.value = at.before.pending
	name, typed, inline := strings.Cut(at.typed, "=")
	if inline && strings.HasPrefix(name, "--") {
		if option := at.before.option(name); option != nil && option.TakesValue {
			at.value, at.lead, at.typed = option, name+"=", typed
		}
	} else if strings.HasPrefix(at.typed, "--") {
		at.value = nil
	}
	return at
}

// candidates lists what may stand at the place, the best first.
func candidates(at place, list listing) []candidate {
	var all []candidate
	if at.value != nil {
		all = valueCandidates(at, list)
		if at.lead != "" || !at.value.Optional && !(at.value.Many && at.before.filled) {
			return ranked(all)
		}
	} else {
		all = wordCandidates(at)
	}
	if len(at.before.words) == 0 || at.before.runs || strings.HasPrefix(at.typed, "-") {
		all = append(all, optionCandidates(at)...)
	}
	return ranked(all)
}

func wordCandidates(at place) []candidate {
	var all []candidate
	for _, word := range at.before.words {
		all = append(all, candidate{
			word: word.Text, label: word.Text, purpose: word.Purpose, rank: match(at.typed, word.Text),
			page: append(slices.Clone(at.before.path), word.Text),
		})
	}
	return all
}

// optionCandidates lists the options that the line does not have, required ones first.
func optionCandidates(at place) []candidate {
	var required, others []candidate
	for _, option := range at.before.options {
		if at.given[option.Name] {
			continue
		}
		c := candidate{
			word: option.Name, label: option.Name, purpose: option.Purpose, rank: match(at.typed, option.Name),
			page: append(slices.Clone(at.before.path), option.Name),
		}
		if option.Required {
			c.purpose = "[required] " + c.purpose
			required = append(required, c)
		} else {
			others = append(others, c)
		}
	}
	return append(required, others...)
}

func valueCandidates(at place, list listing) []candidate {
	page := append(slices.Clone(at.before.path), at.value.Name)
	var all []candidate
	for _, choice := range at.value.Choices {
		all = append(all, candidate{word: at.lead + choice, label: choice, page: page, rank: match(at.typed, choice)})
	}
	if at.value.Values != nil {
		for _, s := range at.value.Values(Asked{Partial: at.typed, Words: at.rest}) {
			all = append(all, knownValue(at, s, page))
		}
	}
	for _, path := range paths(at.value.Path, at.typed, list) {
		all = append(all, candidate{word: at.lead + path, label: path, page: page, joins: strings.HasSuffix(path, "/")})
	}
	return all
}

// knownValue is the item of a value that the caller knows. What is masked can be found by its label, or by typing its beginning.
func knownValue(at place, s Suggestion, page []string) candidate {
	c := candidate{word: at.lead + s.Value, label: s.Label, purpose: s.Purpose, page: page}
	if c.label == "" {
		c.label = s.Value
	}
	c.rank = match(at.typed, c.label)
	if !at.value.Secret {
		c.rank = min(c.rank, match(at.typed, s.Value))
		return c
	}
	c.secret = s.Value
	if strings.Contains(c.label, s.Value) {
		c.label, c.rank = maskedText, matchesNot
	}
	if strings.HasPrefix(s.Value, at.typed) {
		c.rank = matchesBeginning
	}
	return c
}

// ranked leaves out what does not match and puts the best first, otherwise in the order given. Letters alone count when nothing else
// matches: they fit too much.
func ranked(all []candidate) []candidate {
	kept := slices.DeleteFunc(all, func(c candidate) bool { return c.rank == matchesNot })
	slices.SortStableFunc(kept, func(a, b candidate) int { return a.rank - b.rank })
	if len(kept) > 0 && kept[0].rank < matchesLetters {
		kept = slices.DeleteFunc(kept, func(c candidate) bool { return c.rank == matchesLetters })
	}
	return kept[:min(len(kept), maxCandidates)]
}
