package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/render"
)

// The forms of errors that are sentences. The others are forms of output, in which the error is an object.
const (
	enhancedErrors = "enhanced" // with the members that the exception has in the model; the default
	legacyErrors   = "legacy"   // the sentence alone
)

// report prints the failure, if there is one, and returns the exit code.
func (r *run) report(err error) int {
	if err == nil {
		return command.ExitOK
	}
	var known *command.Failure
	if !errors.As(err, &known) {
		known = &command.Failure{Exit: command.ExitOther, Message: err.Error()}
	}
	var text strings.Builder
	format := r.errorFormat()
	form, structured := render.FormNamed(format)
	switch {
	case known.Message == "" && known.Code == "" && known.When == "": // the command said everything itself
	case structured && known.Code+known.When != "":
		_ = form.Render(&text, errorObject(known), render.Options{Title: "error"}) // nobody is left to tell
	case known.Usage && known.Code == "":
		fmt.Fprintf(&text, "%s\n\n%s: [ERROR]: %v\n", command.UsageLine, command.Program, known)
	default:
		fmt.Fprintf(&text, "\n%s: [ERROR]: %v%s\n", command.Program, known, details(known, format))
		if known.Usage {
			fmt.Fprintf(&text, "\n%s\n", command.UsageLine)
		}
	}
	r.complain(text.String())
	return known.Exit
}

// complain prints to standard error. What a server said must not act upon a terminal; programs get every byte.
func (r *run) complain(text string) {
	if command.IsTerminal(r.Stderr) {
		text = command.Harmless(text)
	}
	fmt.Fprint(r.Stderr, text)
}

// errorFormat is the form that the option, the variable or the profile names. What names none is passed over: nothing is worse than an
// error about an error.
func (r *run) errorFormat() string {
	format, given := r.Global.Lookup("cli-error-format")
	if !given {
		format, given = r.LookupEnv("AWS_CLI_ERROR_FORMAT")
	}
	if !given && r.settings != nil {
		format, _ = r.settings.Find("cli_error_format")
	}
	if !slices.Contains(command.ErrorFormats, format) {
		return enhancedErrors
	}
	return format
}

// errorObject is an error as the forms of output show it.
func errorObject(failure *command.Failure) jmespath.Value {
	return jmespath.ObjectOf(append([]jmespath.Member{
		{Name: "Message", Value: jmespath.TextOf(failure.Message)},
		{Name: "Code", Value: jmespath.TextOf(failure.Code)},
	}, failure.Details...))
}

// details are the further members of a service's error, a line each.
func details(failure *command.Failure, format string) string {
	if len(failure.Details) == 0 || format == legacyErrors {
		return ""
	}
	text := "\n\nAdditional error details:"
	for _, detail := range failure.Details {
		text += "\n" + detail.Name + ": " + detail.Value.Shown()
	}
	return text
}
