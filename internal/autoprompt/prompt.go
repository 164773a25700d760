// Package autoprompt is the full-screen editor behind --cli-auto-prompt: it shows the command line so far, completes words, options and
// values from a description of the program, tells what each is for, and gives back the words that the person decided to run.
//
// It owns the editing, the completion and the drawing. It knows no command: the caller hands it an outline of them, parses the words that
// come back with its own grammar and runs them. The editor is a pure state machine (state.go) with a view of its own (view.go); this file
// alone touches the terminal, by way of bubbletea.
package autoprompt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"sallyport/internal/outline"
	"sallyport/internal/shellwords"
)

// Program is the command line that is edited.
type Program struct {
	outline.Program
	Name string // shown before the line; not part of the words

	// Docs returns the help page of the words taken so far, an option's name last when the page of an option is asked for. Empty means
	// that there is none; the Purpose is shown then. Nil is allowed.
	Docs func(words []string) string
}

// Terminal is where the editor works.
type Terminal struct {
	In, Out *os.File
	Environ []string // name=value; TERM, HOME and what tells terminals apart are read. Nil is the environment of the process
}

// Why Prompt did not even begin.
var (
	ErrNoTerminal = errors.New("auto-prompt needs a terminal: standard input or output is none")
	errDumb       = errors.New("auto-prompt cannot draw on this terminal: TERM is dumb or not set")
)

// InterruptedError tells that the person left, with the line as it was, known secrets masked: the reference prints it after Ctrl-C.
type InterruptedError struct{ Line string }

func (e *InterruptedError) Error() string { return "interrupted" }

// Prompt lets a person edit the words and returns those to run. Ctrl-C, Ctrl-D, SIGINT and SIGTERM give an *InterruptedError; the end of
// ctx gives its cause. The terminal is as it was before in every case.
//
// Enter runs the line when no item of the menu is chosen. When something required is missing or unknown, Enter tells so and a second Enter
// runs the line all the same: the program's own grammar has the last word, and the reference would run it at once.
func Prompt(ctx context.Context, p Program, t Terminal, initial []string) ([]string, error) {
	if t.Environ == nil {
		t.Environ = os.Environ()
	}
	if !term.IsTerminal(int(t.In.Fd())) || !term.IsTerminal(int(t.Out.Fd())) {
		return nil, ErrNoTerminal
	}
	if name := getenv(t.Environ, "TERM"); name == "dumb" || name == "" && runtime.GOOS != "windows" {
		return nil, errDumb
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	start := newState(&p, lister(getenv(t.Environ, "HOME")), initial)
	program := tea.NewProgram(editor{state: start},
		tea.WithInput(t.In), tea.WithOutput(unasking{t.Out}), tea.WithEnvironment(t.Environ), tea.WithoutSignalHandler(),
		tea.WithColorProfile(colorprofile.ASCII)) // bold, faint and reverse alone: they are legible in every colour scheme and with NO_COLOR
	defer leaveWhenOver(ctx, program)()
	last, err := program.Run()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("auto-prompt: %w", err)
	}
	end := last.(editor)
	if end.effect != run {
		return nil, &InterruptedError{Line: visible(p.Name + " " + end.state.masked())}
	}
	return shellwords.Split(end.state.text)
}

// leaveMessage asks the editor to leave, as Ctrl-C does.
type leaveMessage struct{}

// leaveWhenOver makes the editor leave when the context ends or a signal says so. It goes by way of a message: when bubbletea is killed
// instead, by its own handling of contexts and signals, it closes the input under the goroutine that reads it.
func leaveWhenOver(ctx context.Context, program *tea.Program) (stop func()) {
	over, release := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	forget := context.AfterFunc(over, func() { program.Send(leaveMessage{}) })
	return func() {
		forget()
		release()
	}
}

// getenv returns the last value of the variable, as shells and programs see it.
func getenv(environ []string, name string) string {
	value := ""
	for _, pair := range environ {
		if given, found := strings.CutPrefix(pair, name+"="); found {
			value = given
		}
	}
	return value
}

// unasking is the output without the questions that bubbletea asks every terminal: about whole frames, the width of emoji and keyboard
// protocols. The editor does well without the answers, and those of a slow terminal would arrive after a quick end and be taken as typed
// to the shell.
type unasking struct{ *os.File }

// Write drops the questions. bubbletea writes whole sequences.
func (u unasking) Write(p []byte) (int, error) {
	rest := p
	for _, question := range []string{ansi.RequestModeSynchronizedOutput, ansi.RequestModeUnicodeCore, ansi.RequestKittyKeyboard} {
		rest = bytes.ReplaceAll(rest, []byte(question), nil)
	}
	if n, err := u.File.Write(rest); err != nil {
		return n, err
	}
	return len(p), nil
}

// editor is the state as bubbletea drives it.
type editor struct {
	state  state
	effect effect
}

func (e editor) Init() tea.Cmd { return nil }

func (e editor) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch m := message.(type) {
	case tea.WindowSizeMsg:
		e.state = e.state.resized(m.Width, m.Height)
	case tea.KeyPressMsg:
		e.state, e.effect = e.state.press(keyName(m))
	case tea.PasteMsg:
		e.state = e.state.pasted(m.Content)
	case leaveMessage:
		e.effect = leave
	}
	if e.effect != goOn {
		return e, tea.Quit
	}
	return e, nil
}

// keyName returns the name of a key and, when it is a character to insert, the text.
func keyName(m tea.KeyPressMsg) (name, text string) {
	if m.Text != "" && m.Mod&(tea.ModCtrl|tea.ModAlt) == 0 {
		return "", m.Text
	}
	return m.Keystroke(), ""
}

func (e editor) View() tea.View {
	rows, x, y := e.state.view()
	content := make([]string, len(rows))
	for i, r := range rows {
		content[i] = r.styled()
	}
	view := tea.NewView(strings.Join(content, "\n"))
	view.AltScreen = true
	view.Cursor = tea.NewCursor(x, y)
	return view
}
