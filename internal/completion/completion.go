// Package completion completes command lines in bash, zsh and fish. The shells know nothing of the commands: a short script hands the words
// to the program, and the program answers from a description of itself. So what is offered is always that of the version in use.
//
// The protocol, between the scripts and whoever calls Complete:
//
//	sallyport __complete WORD... PARTIAL
//
// WORDs are the words after the program's name that stand before the cursor, PARTIAL what is typed of the one at the cursor, perhaps
// nothing. The program reads no standard input and answers on standard output, a candidate a line: what takes the place of PARTIAL, a
// tab, one line of help. A line that begins with a tab is a directive instead; the only one is
//
//	<tab>files<tab>LEAD
//
// which asks the shell to complete, as the path of a file, what PARTIAL has after LEAD. Answers are data and never run. Whatever goes
// wrong, the program answers nothing and ends with 0: a shell has no place to show an error at.
//
// The package owns the scripts, the protocol and the rules of what may follow what. It knows no command: the caller describes them.
package completion

import (
	"embed"
	"io"
	"slices"
	"strings"
	"unicode"
)

// Word is the word after the program's name that asks for candidates. It is hidden: help does not list it.
const Word = "__complete"

// Shells are those that there is a script for.
var Shells = []string{"bash", "zsh", "fish"}

//go:embed scripts
var scripts embed.FS

// Script is the script for a shell, which a person sources or installs. It reports false for a shell that there is none for.
func Script(shell string) (string, bool) {
	if !slices.Contains(Shells, shell) {
		return "", false
	}
	text, err := scripts.ReadFile("scripts/sallyport." + shell)
	return string(text), err == nil
}

// Program describes a command line.
type Program struct {
	Words         []Command // what may come first
	GlobalOptions []Option  // what may stand anywhere
}

// Command is a word that stands on the line by itself: a service, an operation.
type Command struct {
	Text    string
	Purpose string    // one line
	Words   []Command // what may follow it
	Options []Option  // from here on
	Runs    bool      // the line may also end here, or go on with options
}

// Option is what begins with two dashes.
type Option struct {
	Name       string // with its dashes: --client-id
	Purpose    string // one line
	TakesValue bool
	Optional   bool // the value may be left out
	Many       bool // takes all words up to the next option
	Required   bool
	Path       bool // the value is a path; without it paths are completed after file:// and fileb://
	Choices    []string

	// Values returns values that are known on this machine. Secrets do not belong here: a shell shows what it offers. What does not match
	// what is typed is left out. Nil is allowed.
	Values func(Asked) []Candidate
}

// Asked is what Values may look at.
type Asked struct {
	Partial string   // what is typed of the value
	Words   []string // the words before it
}

// Candidate is what may stand in the place of the partial word.
type Candidate struct {
	Text    string
	Purpose string // one line
}

// Answer is what a shell is told.
type Answer struct {
	Candidates []Candidate
	Files      bool   // complete the path of a file
	Lead       string // what stands before the path in the partial word: "--ca-bundle=", "file://"
}

// maxCandidates bounds an answer: nobody picks from more, and Values may know any number.
const maxCandidates = 1000

// Write writes the answer as the protocol has it. A candidate that holds control characters could say something else to a shell or a
// terminal than it is, and is left out.
func (a Answer) Write(w io.Writer) error {
	var lines strings.Builder
	for _, c := range a.Candidates[:min(len(a.Candidates), maxCandidates)] {
		if c.Text != "" && !strings.ContainsFunc(c.Text, isControl) {
			lines.WriteString(c.Text + "\t" + strings.Join(strings.FieldsFunc(c.Purpose, isControlOrSpace), " ") + "\n")
		}
	}
	if a.Files && !strings.ContainsFunc(a.Lead, isControl) {
		lines.WriteString("\tfiles\t" + a.Lead + "\n")
	}
	_, err := io.WriteString(w, lines.String())
	return err
}

func isControl(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar
}

func isControlOrSpace(r rune) bool { return isControl(r) || unicode.IsSpace(r) }

// Complete tells what may stand at the cursor. The last of the words is what is typed there.
func Complete(p Program, words []string) Answer {
	partial := ""
	if len(words) > 0 {
		partial, words = words[len(words)-1], words[:len(words)-1]
	}
	at := place{partial: partial, before: words, words: p.Words, runs: true, options: p.GlobalOptions, given: map[string]bool{}}
	if len(p.Words) > 0 {
		at.runs = false
	}
	for _, word := range words {
		at.pass(word)
	}
	return at.answer()
}

// place is what is known at the cursor.
type place struct {
	partial string
	before  []string
	words   []Command // that may follow
	runs    bool
	options []Option // in force: of the commands passed, the nearest first, then the global ones
	given   map[string]bool
	pending *Option // takes the next word as a value
	filled  bool    // and has one already
}

// pass takes a word that stands before the cursor. What is unknown is passed over: the program's own grammar will tell.
func (at *place) pass(word string) {
	switch {
	case strings.HasPrefix(word, "--"):
		name, _, inline := strings.Cut(word, "=")
		at.pending, at.filled = nil, false
		if option := at.option(name); option != nil {
			at.given[option.Name] = true
			if option.TakesValue && !inline {
				at.pending = option
			}
		}
	case at.pending != nil:
		at.filled = true
		if !at.pending.Many {
			at.pending = nil
		}
	default:
		if i := slices.IndexFunc(at.words, func(c Command) bool { return c.Text == word }); i >= 0 {
			command := at.words[i]
			at.words, at.runs = command.Words, command.Runs || len(command.Words) == 0
			at.options = append(slices.Clone(command.Options), at.options...)
		}
	}
}

// option finds an option by its name or by a beginning that only one has.
func (at *place) option(name string) *Option {
	var found []*Option
	for i := range at.options {
		if at.options[i].Name == name {
			return &at.options[i]
		}
		if strings.HasPrefix(at.options[i].Name, name) {
			found = append(found, &at.options[i])
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return nil
}

func (at *place) answer() Answer {
	if name, value, inline := strings.Cut(at.partial, "="); inline && strings.HasPrefix(name, "--") {
		if option := at.option(name); option != nil && option.TakesValue {
			return at.values(option, name+"=", value)
		}
		return Answer{}
	}
	if strings.HasPrefix(at.partial, "-") {
		return Answer{Candidates: at.optionsLeft()}
	}
	if at.pending == nil {
		return Answer{Candidates: at.next()}
	}
	answer := at.values(at.pending, "", at.partial)
	if at.pending.Optional || at.pending.Many && at.filled {
		answer.Candidates = append(answer.Candidates, at.next()...)
	}
	return answer
}

// next is what may follow when no value is owed. Where commands may follow, options wait until a dash is typed.
func (at *place) next() []Candidate {
	var all []Candidate
	for _, command := range at.words {
		all = append(all, Candidate{command.Text, command.Purpose})
	}
	all = matching(at.partial, all)
	if at.runs && at.partial == "" {
		all = append(all, at.optionsLeft()...)
	}
	return all
}

// optionsLeft are the options that the line does not have yet, required ones first.
func (at *place) optionsLeft() []Candidate {
	var required, others []Candidate
	for _, option := range at.options {
		switch {
		case at.given[option.Name]:
		case option.Required:
			required = append(required, Candidate{option.Name, "[required] " + option.Purpose})
		default:
			others = append(others, Candidate{option.Name, option.Purpose})
		}
	}
	return matching(at.partial, append(required, others...))
}

// schemes are what makes the rest of a value the path of a file that has it.
var schemes = []string{"file://", "fileb://"}

// values are those of an option, of which lead stands before them in the same word.
func (at *place) values(option *Option, lead, typed string) Answer {
	for _, scheme := range schemes {
		if strings.HasPrefix(typed, scheme) {
			return Answer{Files: true, Lead: lead + scheme}
		}
	}
	var all []Candidate
	for _, choice := range option.Choices {
		all = append(all, Candidate{Text: choice})
	}
	if option.Values != nil {
		all = append(all, option.Values(Asked{Partial: typed, Words: at.before})...)
	}
	all = matching(typed, all)
	for i := range all {
		all[i].Text = lead + all[i].Text
	}
	return Answer{Candidates: all, Files: option.Path, Lead: lead}
}

// matching keeps what begins as it was typed.
func matching(typed string, all []Candidate) []Candidate {
	return slices.DeleteFunc(all, func(c Candidate) bool { return !strings.HasPrefix(c.Text, typed) })
}
