package cli

import (
	"context"
	"strings"

	"sallyport/internal/command"
	"sallyport/internal/completion"
)

// completionWord is the command that prints the scripts of shells.
const completionWord = "completion"

// completionCommand prints the script that makes a shell complete command lines.
func (p *Program) completionCommand() *command.Command {
	return &command.Command{
		Word:     completionWord,
		Purpose:  "Print the script that completes command lines in a shell",
		Operands: strings.Join(completion.Shells, " | "),
		Description: []string{
			"Commands, options and values are completed from the same tables that the program runs by, profiles from the configuration files. " +
				"The script asks the program at every key, which takes milliseconds.",
			"The folders of the examples are those that the shells look into, and may have to be made first.",
		},
		Examples: []command.Example{
			{Title: "Complete in this bash, and in every one to come", Line: completionWord + " bash > ~/.local/share/bash-completion/completions/" + command.Program},
			{Title: "Complete in fish", Line: completionWord + " fish > ~/.config/fish/completions/" + command.Program + ".fish"},
			{Title: "Complete in zsh, from a folder of $fpath", Line: completionWord + " zsh > ~/.zfunc/_" + command.Program},
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
	_ = completion.Complete(r.shellOutline(), words).Write(r.Stdout)
	return nil
}
