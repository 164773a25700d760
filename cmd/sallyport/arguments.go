package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"sallyport/internal/server"
)

// arguments are those of one command. What the command takes out of them is its own; what is left are settings. The first mistake is kept,
// so that a command asks for all that it knows and looks at its mistakes once.
type arguments struct {
	rest  []string
	given []string // options that were taken out, by their first name
	wrong error
}

// misuse is a mistake of the command line, beside which the usage helps. Nothing was opened or changed.
type misuse struct{ error }

func misused(format string, args ...any) error { return misuse{fmt.Errorf(format, args...)} }

// isMisuse tells mistakes of the command line from what went wrong in doing what it says.
func isMisuse(err error) bool {
	var ours misuse
	var settings *server.ArgumentError
	return errors.As(err, &ours) || errors.As(err, &settings)
}

func (a *arguments) refuse(format string, args ...any) {
	if a.wrong == nil {
		a.wrong = misused(format, args...)
	}
}

// subject takes what a command begins with, such as a file, or nothing. The meaning is for who gives an empty one.
func (a *arguments) subject(name, meaning string) (word string) {
	if len(a.rest) > 0 && !strings.HasPrefix(a.rest[0], "-") {
		word, a.rest = strings.TrimSpace(a.rest[0]), a.rest[1:]
		if word == "" {
			a.refuse("%s is empty: %s", name, meaning)
		}
	}
	return word
}

// need takes what a command has to begin with.
func (a *arguments) need(name, meaning string) string {
	word := a.subject(name, meaning)
	if word == "" {
		a.refuse("%s is missing: %s", name, meaning)
	}
	return word
}

// value takes an option and its value, which may be given once and not be empty: an empty one is most often a variable that was never set, and
// without the option the command would do something else.
func (a *arguments) value(names ...string) (value string) {
	var rest []string
	for i := 0; i < len(a.rest); i++ {
		name, text, inline := strings.Cut(a.rest[i], "=")
		if !slices.Contains(names, name) {
			rest = append(rest, a.rest[i])
			continue
		}
		if !inline && i+1 < len(a.rest) && !strings.HasPrefix(a.rest[i+1], "--") {
			i++
			text = a.rest[i]
		}
		switch {
		case text == "":
			a.refuse("%s: expected a value after it", name)
		case a.has(names[0]):
			a.refuse("%s is given twice: expected it once", name)
		}
		value = text
		a.given = append(a.given, names[0])
	}
	a.rest = rest
	return value
}

// flag takes an option without a value.
func (a *arguments) flag(name string) bool {
	a.rest = slices.DeleteFunc(slices.Clone(a.rest), func(arg string) bool {
		before, _, inline := strings.Cut(arg, "=")
		if before != name {
			return false
		}
		if inline {
			a.refuse("%s takes no value: give it or leave it out", name)
		}
		a.given = append(a.given, name)
		return true
	})
	return a.has(name)
}

// has tells whether an option was given that has been taken out.
func (a *arguments) has(name string) bool { return slices.Contains(a.given, name) }

// exclude refuses two options that were taken out beside each other.
func (a *arguments) exclude(one, other, reason string) {
	if a.has(one) && a.has(other) {
		a.refuse("%s and %s exclude each other: %s", one, other, reason)
	}
}

// excludeSettings refuses settings among the arguments that mean nothing here. From the environment and from a file they are what there is.
func (a *arguments) excludeSettings(reason string, names ...string) {
	for _, arg := range a.rest {
		if name, _, _ := strings.Cut(arg, "="); slices.Contains(names, name) {
			a.refuse("%s means nothing here: %s", name, reason)
		}
	}
}

// end is for commands that know no settings: nothing may be left.
func (a *arguments) end() error {
	if len(a.rest) > 0 {
		a.refuse("argument %q is not known here", a.rest[0])
	}
	return a.wrong
}

// load reads the settings, if all that the command knows is right.
func (a *arguments) load() (*server.Config, error) {
	switch {
	case slices.Contains(a.rest, "--help"), slices.Contains(a.rest, "-h"):
		return nil, flag.ErrHelp
	case a.wrong != nil:
		return nil, a.wrong
	}
	return server.Load(a.rest, os.Environ())
}
