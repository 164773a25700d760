// Package command is what all commands of the command line have in common: the grammar of its words, the options that every command
// has, what a command is given and how it ends. A script written for the AWS CLI v2 finds the same grammar, the same kinds of error and
// the same exit codes.
//
// What a command does belongs to the packages above: client calls an operation, cli offers those of the table, and login, configure and
// doctor are for people.
package command

import (
	"context"
	"io"
	"slices"
	"time"
)

// Program is the name that we give ourselves in what we print and send.
const Program = "sallyport"

// Environ is all that a command takes from its surroundings, apart from the files that its options and variables name.
type Environ struct {
	LookupEnv func(name string) (string, bool)
	Stdin     io.Reader
	Stdout    io.Writer
	Stderr    io.Writer
	Home      string // folder that ~ stands for
	Version   string // of this build
}

// Getenv is the value of a variable, empty when it is not set.
func (e Environ) Getenv(name string) string {
	value, _ := e.LookupEnv(name)
	return value
}

// LookupWithout is a LookupEnv that finds all variables but some.
func (e Environ) LookupWithout(hidden ...string) func(name string) (string, bool) {
	return func(name string) (string, bool) {
		if slices.Contains(hidden, name) {
			return "", false
		}
		return e.LookupEnv(name)
	}
}

// Call is one run of one command: its surroundings and what its words said.
type Call struct {
	Environ
	Global Arguments // the options that every command has
	Local  Arguments // the command's own options
	Words  []string  // what follows them, for commands that take words
	Debug  *DebugLog
	Wait   func(context.Context, time.Duration) error // lets time pass; ends early when the command is interrupted
}

// Command is a command for people, beside those that the operation table makes.
type Command struct {
	Word        string
	Purpose     string   // one line
	Description []string // paragraphs for the help page
	Operands    string   // what its words are, as the synopsis shows it; empty where it takes none
	Options     Options
	Examples    []Example
	Run         func(context.Context, *Call) error
}

// Example is one use of a command in its help page.
type Example struct {
	Title string
	Line  string // without the program's name
}

// Wait lets time pass, unless the command is interrupted.
func Wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
