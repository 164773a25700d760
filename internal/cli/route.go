package cli

import (
	"context"
	"slices"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/command"
)

// This file is the way from words to the command for people or the operation that they name, and to its options.

// runCommand runs a command for people. What follows -- belongs to the command as it is.
func (r *run) runCommand(ctx context.Context, known *command.Command, words []string) error {
	words, operands, separated := cutWords(words)
	parsed, err := known.Options.Parse(words)
	if err != nil {
		return err
	}
	if parsed.Word == helpWord {
		return r.show(commandPage(known))
	}
	if err := known.Options.CheckRequired(parsed.Arguments, words); err != nil {
		return err
	}
	strays := parsed.Strays()
	unknown := slices.DeleteFunc(slices.Clone(strays), func(word string) bool { return known.Operands != "" && !strings.HasPrefix(word, "-") })
	if separated && known.Operands == "" {
		unknown = append(append(unknown, "--"), operands...)
	}
	if len(unknown) > 0 {
		return command.UnknownOptionsError("Unknown options: %s", strings.Join(unknown, ", "))
	}
	r.Local, r.Words = parsed.Arguments, append(strays, operands...)
	return known.Run(ctx, r.Call)
}

// cutWords parts the words before -- from those after it.
func cutWords(words []string) (before, after []string, separated bool) {
	for i, word := range words {
		if word == "--" {
			return words[:i], words[i+1:], true
		}
	}
	return words, nil, false
}

// secondWords are the words that make an operator's command of this one.
func (r *run) secondWords(word string) []string {
	var seconds []string
	for _, operator := range r.Operators {
		if second, found := strings.CutPrefix(operator.Words, word+" "); found {
			seconds = append(seconds, second)
		}
	}
	return seconds
}

// secondWordError says that the second word of an operator's command is missing, or that there is no such one.
func secondWordError(word string, rest, seconds []string) error {
	if len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
		return command.UsageError("%s needs one more word: %s", word, strings.Join(seconds, ", "))
	}
	return command.UsageError("%s", command.InvalidChoice(word+" command", rest[0], seconds))
}

// route finds the operation that the words name and reads its options. It prints help, and leaves the operation nil, where
// that is what the words ask for.
func (r *run) route(ctx context.Context, rest []string, word string) error {
	switch {
	case word == "":
		return command.UsageError("the following arguments are required: command")
	case word == helpWord && len(rest) > 0:
		return command.UsageError("%s takes nothing behind it but stands last: %s %s %s", helpWord, command.Program, rest[0], helpWord)
	case word == helpWord:
		return r.show(r.rootPage())
	}
	if r.chosen = r.service(word); r.chosen == nil {
		if seconds := r.secondWords(word); len(seconds) > 0 {
			return secondWordError(word, rest, seconds)
		}
		return command.UsageError("%s", command.InvalidChoice("command", word, r.words()))
	}
	parsed, err := command.Options{}.Parse(rest)
	if err != nil {
		return err
	}
	switch parsed.Word {
	case "":
		return command.UsageError("the following arguments are required: operation")
	case helpWord:
		return r.show(servicePage(r.chosen))
	}
	word, rest, err = r.resolve(ctx, parsed.Word, parsed.Rest, func(word string) (string, bool) { return r.aliases.of(r.chosen.Command, word) })
	if err != nil {
		return err
	}
	operation := operationNamed(r.chosen, word)
	if operation == nil {
		return command.UsageError("%s", command.InvalidChoice("operation", word, operationWords(r.chosen)))
	}
	return r.parseOperation(operation, rest)
}

func (r *run) parseOperation(operation *api.Operation, words []string) error {
	known := operationOptions(operation)
	parsed, err := known.Parse(words)
	if err != nil {
		return err
	}
	if parsed.Word == helpWord && len(words) == 1 {
		return r.show(operationPage(operation))
	}
	if err := known.CheckRequired(parsed.Arguments, words); err != nil {
		return err
	}
	if parsed.Word == helpWord && len(parsed.Rest) == 0 {
		return r.show(operationPage(operation))
	}
	if unknown := strays(parsed); len(unknown) > 0 {
		return command.UnknownOptionsError("Unknown options: %s", strings.Join(unknown, ", "))
	}
	r.operation, r.Local = operation, parsed.Arguments
	return nil
}

// strays are the words that no option took. Where help could stand, the reference also takes an empty word, and a lone -- at the end.
func strays(parsed command.Parsed) []string {
	unknown := parsed.Rest
	if parsed.Word != "" {
		unknown = parsed.Strays()
	}
	if len(unknown) == 1 && unknown[0] == "--" {
		return nil
	}
	return unknown
}
