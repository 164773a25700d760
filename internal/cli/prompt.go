package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"sallyport/internal/autoprompt"
	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/render"
)

// promptMode is when the command line is asked for on the terminal.
type promptMode string

const (
	promptOff     promptMode = "off"
	promptOn      promptMode = "on"         // before the command runs
	promptPartial promptMode = "on-partial" // after it was not understood
)

// promptMode finds out by the option, the variable or the profile. Help and the version are shown without asking.
func (r *run) promptMode(args []string) promptMode {
	switch {
	case slices.Contains(args, helpWord), slices.Contains(args, "--version"), slices.Contains(args, "--no-cli-auto-prompt"):
		return promptOff
	case slices.Contains(args, "--cli-auto-prompt"):
		return promptOn
	}
	mode, given := r.LookupEnv("AWS_CLI_AUTO_PROMPT")
	if !given {
		mode = r.configuredMode()
	}
	switch found := promptMode(strings.ToLower(mode)); found {
	case promptOn, promptPartial:
		return found
	}
	return promptOff
}

// configuredMode is what the profile of the environment says; --profile is not read yet. A configuration that cannot be read says nothing
// here; the command will tell.
func (r *run) configuredMode() string {
	probe := *r.Call
	probe.Global = command.Arguments{}
	settings, err := client.Load(&probe)
	if err != nil {
		return ""
	}
	mode, _ := settings.Find("cli_auto_prompt")
	return mode
}

// prompt lets a person edit the words, and returns those to run.
func (r *run) prompt(ctx context.Context, args []string) ([]string, error) {
	in, isFile := r.Stdin.(*os.File)
	out, isFileToo := r.Stdout.(*os.File)
	if !isFile || !isFileToo {
		return nil, command.OtherError("%v", autoprompt.ErrNoTerminal)
	}
	args = slices.DeleteFunc(slices.Clone(args), func(word string) bool { return word == "--cli-auto-prompt" })
	program := autoprompt.Program{Program: r.outline(), Name: command.Program, Docs: r.promptDocs}
	words, err := autoprompt.Prompt(ctx, program, autoprompt.Terminal{In: in, Out: out}, args)
	var interrupted *autoprompt.InterruptedError
	switch {
	case errors.As(err, &interrupted):
		fmt.Fprintln(r.Stderr, "> "+interrupted.Line)
		return nil, &command.Failure{Exit: command.ExitInterrupt}
	case err != nil:
		return nil, command.OtherError("%v", err)
	}
	return words, nil
}

// promptDocs is the help page of the words taken so far.
func (r *run) promptDocs(words []string) string {
	for len(words) > 0 && strings.HasPrefix(words[len(words)-1], "-") {
		words = words[:len(words)-1]
	}
	name := pageName(words...)
	for _, page := range r.manualPages() {
		if page.Name == name {
			var text bytes.Buffer
			_ = page.Terminal(&text, render.DefaultWidth, false) // a buffer takes everything
			return text.String()
		}
	}
	return ""
}
