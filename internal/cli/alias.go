package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"sallyport/internal/awsconfig"
	"sallyport/internal/command"
	"sallyport/internal/shellwords"
)

// aliases are the words that a person made up for commands, as the file ~/.aws/cli/alias has them: those that a command line may begin
// with, and those of a service.
type aliases struct{ file *awsconfig.Document }

// loadAliases reads the file. One that is missing has no aliases; one that is broken ends every command. Where no home is known there is
// none: aliases run programs, and the working folder may be anybody's.
func (r *run) loadAliases() (aliases, error) {
	if r.Home == "" {
		return aliases{&awsconfig.Document{}}, nil
	}
	file, err := awsconfig.ReadFlat(filepath.Join(r.Home, ".aws", "cli", "alias"))
	if err != nil {
		return aliases{}, command.OtherError("%v", err)
	}
	return aliases{file}, nil
}

// topLevel is what a first word stands for.
func (a aliases) topLevel(word string) (string, bool) { return a.lookup("toplevel", word) }

// of is what the word behind a service stands for.
func (a aliases) of(service, word string) (string, bool) { return a.lookup("command "+service, word) }

// lookup finds what a word stands for. The file knows its keys in small letters only, and so they are called.
func (a aliases) lookup(section, word string) (string, bool) {
	if word != strings.ToLower(word) {
		return "", false
	}
	value, found := a.file.Get(awsconfig.SectionName{Name: section}, word)
	return strings.TrimSpace(value), found
}

// maxAliases is how many aliases may stand for one another. The reference has no bound and runs out of stack.
const maxAliases = 20

// expand replaces the word of an alias and the options that the alias brings along. external is what to give to a shell instead.
func (r *run) expand(word, value string, rest []string) (newWord string, newRest []string, external string, err error) {
	if shell, isExternal := strings.CutPrefix(value, "!"); isExternal {
		return "", nil, strings.TrimSpace(shell + " " + shellwords.Join(rest)), nil
	}
	words, err := shellwords.Split(value)
	if err != nil {
		return "", nil, "", command.OtherError("the alias %q cannot be read: %v", word, err)
	}
	parsed, err := command.GlobalOptions.Parse(words)
	if err != nil {
		return "", nil, "", command.OtherError("the alias %q cannot be read: %v", word, err)
	}
	for name, values := range parsed.Arguments {
		if name == "debug" || name == command.DebugSecrets || name == "profile" {
			return "", nil, "", command.OtherError("the alias %q brings --%s, which cannot be part of an alias: give it on the command line", word, name)
		}
		r.Global[name] = values
	}
	if parsed.Word == "" {
		return "", nil, "", command.UsageError("the alias %q names no command: write one into ~/.aws/cli/alias", word)
	}
	return parsed.Word, append(parsed.Rest, rest...), "", nil
}

// resolve expands aliases until the word is none. One that stands for its own name means the command that it hides.
func (r *run) resolve(ctx context.Context, word string, rest []string, lookup func(string) (string, bool)) (string, []string, error) {
	for range maxAliases {
		value, found := lookup(word)
		if !found {
			return word, rest, nil
		}
		expanded, words, external, err := r.expand(word, value, rest)
		switch {
		case err != nil:
			return "", nil, err
		case external != "":
			return "", nil, r.shell(ctx, external)
		case expanded == word:
			return expanded, words, nil
		}
		r.Debug.Printf("alias %q stands for %q", word, expanded)
		word, rest = expanded, words
	}
	return "", nil, command.OtherError("the alias %q stands for itself by way of others: mend one of them in ~/.aws/cli/alias", word)
}

// shell runs the command line of an alias and ends with its exit code, which is passed on as a failure without a sentence.
func (r *run) shell(ctx context.Context, line string) error {
	shell := exec.CommandContext(ctx, "/bin/sh", "-c", line)
	shell.Stdin, shell.Stdout, shell.Stderr, shell.Env = r.Stdin, r.Stdout, r.Stderr, os.Environ()
	shell.Cancel = func() error { return nil } // the terminal interrupts the whole group
	err := shell.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return command.OtherError("the shell cannot be started: %v", err)
	}
	return &command.Failure{Exit: shellExit(shell.ProcessState)}
}

// shellExit is the exit code to pass on. A shell that a signal ended has the negative number of the signal, of which eight bits are left.
func shellExit(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 1<<8 - int(status.Signal())
	}
	return state.ExitCode()
}
