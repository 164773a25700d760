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
// The package owns the scripts, the protocol and what a shell is offered, which no secret ever is. It knows no command: the caller hands it an
// outline of them.
package completion

import (
	"embed"
	"io"
	"slices"
	"strings"
	"unicode"

	"sallyport/internal/outline"
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

// Answer is what a shell is told.
type Answer struct {
	Candidates []outline.Candidate
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
func Complete(p outline.Program, words []string) Answer {
	at := place{before: words, Walk: p.Walk()}
	if last := len(words) - 1; last >= 0 {
		at.before, at.partial = words[:last], words[last]
	}
	for _, word := range at.before {
		at.Take(word)
	}
	return at.answer()
}

// place is what is known at the cursor.
type place struct {
	outline.Walk // of the words before it
	before       []string
	partial      string
}

func (at *place) answer() Answer {
	if option, lead, value := at.ValueIn(at.partial); option != nil {
		return at.values(option, lead, value)
	}
	if strings.HasPrefix(at.partial, "-") {
		return Answer{Candidates: at.optionsLeft()}
	}
	if at.Pending == nil {
		return Answer{Candidates: at.next(), Files: at.Files}
	}
	answer := at.values(at.Pending, "", at.partial)
	if at.Pending.Optional || at.Pending.Many && at.Filled {
		answer.Candidates = append(answer.Candidates, at.next()...)
	}
	return answer
}

// next is what may follow when no value is owed. Where commands may follow, options wait until a dash is typed.
func (at *place) next() []outline.Candidate {
	var all []outline.Candidate
	for _, word := range at.Words {
		all = append(all, outline.Candidate{Text: word.Text, Purpose: word.Purpose})
	}
	all = matching(at.partial, all)
	if at.Runs() && at.partial == "" {
		all = append(all, at.optionsLeft()...)
	}
	return all
}

// optionsLeft are the options that the line does not have yet, required ones first.
func (at *place) optionsLeft() []outline.Candidate {
	var all []outline.Candidate
	for _, option := range at.Left(at.Given) {
		all = append(all, outline.Candidate{Text: option.Name, Purpose: option.Summary()})
	}
	return matching(at.partial, all)
}

// values are those of an option, of which lead stands before them in the same word. A shell shows what it offers, and keeps it in its
// history: secrets are not even looked for.
func (at *place) values(option *outline.Option, lead, typed string) Answer {
	if scheme := outline.Scheme(typed); scheme != "" {
		return Answer{Files: true, Lead: lead + scheme}
	}
	var all []outline.Candidate
	for _, choice := range option.Choices {
		all = append(all, outline.Candidate{Text: choice})
	}
	if option.Values != nil && !option.Secret {
		all = append(all, option.Values(outline.Asked{Partial: typed, Words: at.before})...)
	}
	all = matching(typed, all)
	for i := range all {
		all[i].Text = lead + all[i].Text
	}
	return Answer{Candidates: all, Files: option.Path, Lead: lead}
}

// matching keeps what begins as it was typed.
func matching(typed string, all []outline.Candidate) []outline.Candidate {
	return slices.DeleteFunc(all, func(c outline.Candidate) bool { return !strings.HasPrefix(c.Text, typed) })
}
