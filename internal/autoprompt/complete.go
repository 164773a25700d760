package autoprompt

import (
	"slices"
	"strings"

	"sallyport/internal/outline"
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

// problem tells what stands against running the line, or "".
func problem(p *Program, line string) string {
	w := p.Walk()
	for _, t := range shellwords.Tokens(line) {
		if t.Open {
			return shellwords.ErrOpen.Error()
		}
		w.Take(t.Word)
	}
	w.Settle()
	missing := w.Missing()
	switch {
	case len(w.Unknown) > 0:
		return "unknown: " + strings.Join(w.Unknown, ", ")
	case w.Empty != "":
		return w.Empty + " has no value"
	case w.Waived:
		return ""
	case !w.Runs():
		return "the command is not complete"
	case len(missing) > 0:
		return "missing: " + strings.Join(missing, ", ")
	}
	return ""
}

// place is what the cursor stands at.
type place struct {
	before     outline.Walk
	given      map[string]bool // options anywhere else on the line
	rest       []string        // the other words
	start, end int             // of the word at the cursor, in bytes of the line
	typed      string          // the word up to the cursor
	value      *outline.Option // whose value it is
	lead       string          // of the word, before the value: "--output="
}

// placeAt finds out what the cursor stands at.
func placeAt(p *Program, line string, cursor int) place {
	at := place{before: p.Walk(), start: cursor, end: cursor}
	whole := p.Walk()
	for _, t := range shellwords.Tokens(line) {
		if t.Start < cursor && cursor <= t.End {
			at.start, at.end = t.Start, t.End
			at.typed = shellwords.ReadToken(line[:cursor], t.Start).Word
			continue
		}
		at.rest = append(at.rest, t.Word)
		whole.Take(t.Word)
		if t.End < cursor {
			at.before.Take(t.Word)
		}
	}
	at.given = whole.Given
	at.value = at.before.Pending
	if option, lead, typed := at.before.ValueIn(at.typed); option != nil {
		at.value, at.lead, at.typed = option, lead, typed
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
		if at.lead != "" || !at.value.Optional && !(at.value.Many && at.before.Filled) {
			return ranked(all)
		}
	} else {
		all = wordCandidates(at)
	}
	if at.before.Runs() || strings.HasPrefix(at.typed, "-") {
		all = append(all, optionCandidates(at)...)
	}
	return ranked(all)
}

func wordCandidates(at place) []candidate {
	var all []candidate
	for _, word := range at.before.Words {
		all = append(all, candidate{
			word: word.Text, label: word.Text, purpose: word.Purpose, rank: match(at.typed, word.Text),
			page: append(slices.Clone(at.before.Path), word.Text),
		})
	}
	return all
}

// optionCandidates lists the options that the line does not have, required ones first.
func optionCandidates(at place) []candidate {
	var all []candidate
	for _, option := range at.before.Left(at.given) {
		all = append(all, candidate{
			word: option.Name, label: option.Name, purpose: option.Summary(), rank: match(at.typed, option.Name),
			page: append(slices.Clone(at.before.Path), option.Name),
		})
	}
	return all
}

func valueCandidates(at place, list listing) []candidate {
	page := append(slices.Clone(at.before.Path), at.value.Name)
	var all []candidate
	for _, choice := range at.value.Choices {
		all = append(all, candidate{word: at.lead + choice, label: choice, page: page, rank: match(at.typed, choice)})
	}
	if at.value.Values != nil {
		for _, s := range at.value.Values(outline.Asked{Partial: at.typed, Words: at.rest}) {
			all = append(all, knownValue(at, s, page))
		}
	}
	for _, path := range paths(at.value.Path, at.typed, list) {
		all = append(all, candidate{word: at.lead + path, label: path, page: page, joins: strings.HasSuffix(path, "/")})
	}
	return all
}

// knownValue is the item of a value that the caller knows. What is masked can be found by its label, or by typing its beginning.
func knownValue(at place, s outline.Candidate, page []string) candidate {
	c := candidate{word: at.lead + s.Text, label: s.Label, purpose: s.Purpose, page: page}
	if c.label == "" {
		c.label = s.Text
	}
	c.rank = match(at.typed, c.label)
	if !at.value.Secret {
		c.rank = min(c.rank, match(at.typed, s.Text))
		return c
	}
	c.secret = s.Text
	if strings.Contains(c.label, s.Text) {
		c.label, c.rank = maskedText, matchesNot
	}
	if strings.HasPrefix(s.Text, at.typed) {
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
