package outline

import (
	"slices"
	"strings"
)

// Walk follows the words of a line through an outline, as far as completing it needs.
type Walk struct {
	Path    []string        // the words that were found
	Words   []Word          // what may follow them
	Options []Option        // in force: of the words found, the nearest first, then the global ones
	Given   map[string]bool // names of the options taken
	Waived  bool            // an option waived what else is missing
	Pending *Option         // takes the next word as its value
	Filled  bool            // and has one already
	Empty   string          // the first option that lacks its value
	Files   bool            // the path of a file may follow
	Unknown []string        // words and options that were not found; they are passed over

	runs bool
}

// Walk begins a walk.
func (p *Program) Walk() Walk {
	return Walk{Words: p.Words, Options: p.GlobalOptions, Given: map[string]bool{}}
}

// Take goes on by one word.
func (w *Walk) Take(word string) {
	switch {
	case strings.HasPrefix(word, "--"):
		w.takeOption(word)
	case w.Pending != nil:
		if w.Filled = w.Pending.Many; !w.Filled {
			w.Pending = nil
		}
	default:
		w.takeWord(word)
	}
}

func (w *Walk) takeOption(word string) {
	w.Settle()
	name, _, inline := strings.Cut(word, "=")
	option := w.Option(name)
	if option == nil {
		w.Unknown = append(w.Unknown, name)
		return
	}
	w.Given[option.Name] = true
	w.Waived = w.Waived || option.Waives
	if option.TakesValue && !inline {
		w.Pending, w.Filled = option, false
	}
}

// Settle ends the values of an option, as another option or the end of the line does.
func (w *Walk) Settle() {
	if w.Pending != nil && !w.Filled && !w.Pending.Optional && w.Empty == "" {
		w.Empty = w.Pending.Name
	}
	w.Pending = nil
}

func (w *Walk) takeWord(text string) {
	i := slices.IndexFunc(w.Words, func(word Word) bool { return word.Text == text })
	if i < 0 {
		w.Unknown = append(w.Unknown, text)
		return
	}
	word := w.Words[i]
	w.Path = append(w.Path, text)
	w.Words, w.runs, w.Files = word.Words, word.Runs, word.Files
	if word.Own {
		w.Options = nil
	}
	w.Options = append(slices.Clone(word.Options), w.Options...)
}

// Option finds an option in force by its name or by a beginning that only one has.
func (w *Walk) Option(name string) *Option {
	var beginning []*Option
	for i := range w.Options {
		option := &w.Options[i]
		if option.Name == name {
			return option
		}
		if strings.HasPrefix(option.Name, name) {
			beginning = append(beginning, option)
		}
	}
	if len(beginning) == 1 {
		return beginning[0]
	}
	return nil
}

// ValueIn finds the option whose value stands in the same word, behind its name and the sign "=", which are the lead.
func (w *Walk) ValueIn(word string) (option *Option, lead, value string) {
	name, value, inline := strings.Cut(word, "=")
	if !inline || !strings.HasPrefix(name, "--") {
		return nil, "", ""
	}
	if option = w.Option(name); option == nil || !option.TakesValue {
		return nil, "", ""
	}
	return option, name + "=", value
}

// Runs reports whether the line may end here, or go on with options.
func (w *Walk) Runs() bool { return w.runs || len(w.Words) == 0 }

// Left are the options in force that are not among those given, required ones first.
func (w *Walk) Left(given map[string]bool) []*Option {
	var required, others []*Option
	for i := range w.Options {
		switch option := &w.Options[i]; {
		case given[option.Name]:
		case option.Required:
			required = append(required, option)
		default:
			others = append(others, option)
		}
	}
	return append(required, others...)
}

// Missing are the names of the options that the line needs and does not have.
func (w *Walk) Missing() []string {
	var names []string
	for _, option := range w.Left(w.Given) {
		if option.Required {
			names = append(names, option.Name)
		}
	}
	return names
}
