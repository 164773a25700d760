package cli

import (
	"context"
	"slices"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/awsconfig"
	"sallyport/internal/command"
	"sallyport/internal/completion"
)

// completionCommand prints the script that makes a shell complete command lines.
func (p *Program) completionCommand() *command.Command {
	return &command.Command{
		Word:     "completion",
		Purpose:  "Print the script that completes command lines in a shell",
		Operands: strings.Join(completion.Shells, " | "),
		Description: []string{
			"Commands, options and values are completed from the same tables that the program runs by, profiles from the configuration files. " +
				"The script asks the program at every key, which takes milliseconds.",
		},
		Examples: []command.Example{
			{Title: "Complete in this bash, and in every one to come", Line: "completion bash > ~/.local/share/bash-completion/completions/" + command.Program},
			{Title: "Complete in fish", Line: "completion fish > ~/.config/fish/completions/" + command.Program + ".fish"},
			{Title: "Complete in zsh, from a folder of $fpath", Line: "completion zsh > ~/.zfunc/_" + command.Program},
		},
		Run: func(_ context.Context, call *command.Call) error {
			if len(call.Words) != 1 {
				return command.UsageError("the following arguments are required: one of %s", strings.Join(completion.Shells, ", "))
			}
			script, known := completion.Script(call.Words[0])
			if !known {
				return command.UsageError("%s", command.InvalidChoice("shell", call.Words[0], completion.Shells))
			}
			_, err := call.Stdout.Write([]byte(script))
			return err
		},
	}
}

// complete answers a shell. Whatever goes wrong, it answers nothing: a shell has no place to show an error at.
func (r *run) complete(words []string) error {
	_ = completion.Complete(r.completionProgram(), words).Write(r.Stdout)
	return nil
}

// completionProgram describes the command line for shells.
func (r *run) completionProgram() completion.Program {
	values := r.shellValues()
	program := completion.Program{GlobalOptions: completionOptions(command.GlobalOptions, values)}
	for _, service := range r.Services {
		word := completion.Command{Text: service.Command, Purpose: service.Purpose, Words: []completion.Command{{Text: helpWord, Purpose: "Show help", Runs: true}}}
		for _, operation := range service.Operations {
			word.Words = append(word.Words, completion.Command{
				Text: command.Spell(operation.Name), Purpose: operation.Purpose, Runs: true, Options: operationCompletionOptions(operation, values),
			})
		}
		program.Words = append(program.Words, word)
	}
	for _, known := range r.commands() {
		word := completion.Command{Text: known.Word, Purpose: known.Purpose, Runs: true, Options: completionOptions(known.Options, values)}
		if known.Word == "completion" {
			for _, shell := range completion.Shells {
				word.Words = append(word.Words, completion.Command{Text: shell, Runs: true})
			}
		}
		program.Words = append(program.Words, word)
	}
	for _, operator := range r.Operators {
		program.Words = addOperator(program.Words, strings.Fields(operator.Words), operator.Purpose)
	}
	return program
}

// addOperator enters a command of one or two words.
func addOperator(known []completion.Command, words []string, purpose string) []completion.Command {
	if len(words) == 1 {
		return append(known, completion.Command{Text: words[0], Purpose: purpose, Runs: true})
	}
	at := slices.IndexFunc(known, func(c completion.Command) bool { return c.Text == words[0] })
	if at < 0 {
		known = append(known, completion.Command{Text: words[0]})
		at = len(known) - 1
	}
	known[at].Words = append(known[at].Words, completion.Command{Text: words[1], Purpose: purpose, Runs: true})
	return known
}

func operationCompletionOptions(operation *api.Operation, values map[string][]completion.Candidate) []completion.Option {
	options := completionOptions(operationOptions(operation), values)
	for i := range options {
		for _, member := range operation.Input.Members {
			if options[i].Name == "--"+command.Spell(member.Name) {
				options[i].Choices = append(options[i].Choices, member.Values...)
			}
		}
	}
	return options
}

func completionOptions(from command.Options, values map[string][]completion.Candidate) []completion.Option {
	var options []completion.Option
	for i := range from {
		if from[i].Hidden {
			continue
		}
		option := completion.Option{
			Name: "--" + from[i].Name, Purpose: from[i].Purpose, Choices: from[i].Choices, Required: from[i].Required,
			TakesValue: from[i].Arity != command.NoValue, Optional: from[i].Arity == command.OptionalValue, Many: from[i].Arity == command.ManyValues,
			Path: from[i].Path,
		}
		if known := values[from[i].Name]; len(known) > 0 {
			option.Values = func(completion.Asked) []completion.Candidate { return known }
		}
		options = append(options, option)
	}
	return options
}

// shellValues are values of options that a shell may show: names, and nothing secret.
func (r *run) shellValues() map[string][]completion.Candidate {
	values := map[string][]completion.Candidate{}
	files, err := awsconfig.Load(awsconfig.Paths(r.LookupEnv, r.Home))
	if err != nil {
		return values
	}
	for _, name := range files.Profiles() {
		profile, _ := files.Profile(name)
		values["profile"] = append(values["profile"], completion.Candidate{Text: name, Purpose: profile["region"]})
		region := profile["region"]
		if region != "" && !slices.ContainsFunc(values["region"], func(c completion.Candidate) bool { return c.Text == region }) {
			values["region"] = append(values["region"], completion.Candidate{Text: region, Purpose: "of profile " + name})
		}
	}
	for _, name := range files.Sessions() {
		values["sso-session"] = append(values["sso-session"], completion.Candidate{Text: name})
	}
	return values
}
