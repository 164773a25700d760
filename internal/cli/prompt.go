package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/autoprompt"
	"sallyport/internal/awsconfig"
	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/render"
	"sallyport/internal/ssocache"
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
	case len(args) > 0 && args[len(args)-1] == helpWord, slices.Contains(args, "--version"), slices.Contains(args, "--no-cli-auto-prompt"):
		return promptOff
	case slices.Contains(args, "--cli-auto-prompt"):
		return promptOn
	}
	mode, given := r.LookupEnv("AWS_CLI_AUTO_PROMPT")
	if !given {
		mode = r.configuredMode(args)
	}
	switch found := promptMode(strings.ToLower(mode)); found {
	case promptOn, promptPartial:
		return found
	}
	return promptOff
}

// configuredMode is what the profile says. A configuration that cannot be read says nothing here; the command will tell.
func (r *run) configuredMode(args []string) string {
	parsed, err := command.GlobalOptions.Parse(args)
	if err != nil {
		return ""
	}
	probe := *r.Call
	probe.Global = parsed.Arguments
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
	words, err := autoprompt.Prompt(ctx, r.promptProgram(), autoprompt.Terminal{In: in, Out: out}, args)
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

// promptProgram describes the command line for the prompt.
func (r *run) promptProgram() autoprompt.Program {
	known := r.knownValues()
	program := autoprompt.Program{Name: command.Program, GlobalOptions: promptOptions(command.GlobalOptions, known), Docs: r.promptDocs}
	for _, service := range r.Services {
		word := autoprompt.Word{Text: service.Command, Purpose: service.Purpose}
		for _, operation := range service.Operations {
			word.Words = append(word.Words, autoprompt.Word{
				Text: command.Spell(operation.Name), Purpose: operation.Purpose, Runs: true, Options: operationPromptOptions(operation, known),
			})
		}
		program.Words = append(program.Words, word)
	}
	for _, one := range r.commands() {
		program.Words = append(program.Words, autoprompt.Word{Text: one.Word, Purpose: one.Purpose, Runs: true, Options: promptOptions(one.Options, known)})
	}
	return program
}

func operationPromptOptions(operation *api.Operation, known knownValues) []autoprompt.Option {
	options := promptOptions(operationOptions(operation), known)
	for i := range options {
		for _, member := range operation.Input.Members {
			if options[i].Name == "--"+command.Spell(member.Name) {
				options[i].Secret = member.Masked()
				options[i].Choices = append(options[i].Choices, member.Values...)
			}
		}
	}
	return options
}

func promptOptions(from command.Options, known knownValues) []autoprompt.Option {
	var options []autoprompt.Option
	for i := range from {
		if from[i].Hidden {
			continue
		}
		option := autoprompt.Option{
			Name: "--" + from[i].Name, Purpose: from[i].Purpose, Choices: from[i].Choices, Required: from[i].Required,
			TakesValue: from[i].Arity != command.NoValue, Optional: from[i].Arity == command.OptionalValue, Many: from[i].Arity == command.ManyValues,
			Waives: from[i].Lifts || from[i].Name == "version", Path: from[i].Path,
		}
		if suggestions := known[from[i].Name]; len(suggestions) > 0 {
			option.Values = func(autoprompt.Asked) []autoprompt.Suggestion { return suggestions }
		}
		options = append(options, option)
	}
	return options
}

// promptDocs is the help page of the words taken so far.
func (r *run) promptDocs(words []string) string {
	for len(words) > 0 && strings.HasPrefix(words[len(words)-1], "-") {
		words = words[:len(words)-1]
	}
	name := pageName(words...)
	for _, page := range r.pages() {
		if page.Name == name {
			var text bytes.Buffer
			_ = page.Terminal(&text, render.DefaultWidth, false) // a buffer takes everything
			return text.String()
		}
	}
	return ""
}

// knownValues are values of options that this machine knows, by the option's name.
type knownValues map[string][]autoprompt.Suggestion

func (k knownValues) add(option, value, label, purpose string) {
	same := func(s autoprompt.Suggestion) bool { return s.Value == value }
	if value != "" && !slices.ContainsFunc(k[option], same) {
		k[option] = append(k[option], autoprompt.Suggestion{Value: value, Label: label, Purpose: purpose})
	}
}

// knownValues reads the profiles and the cached sign-ins and registrations. What cannot be read is left out: these are only suggestions.
func (r *run) knownValues() knownValues {
	known := knownValues{}
	files, err := awsconfig.Load(awsconfig.Paths(r.LookupEnv, r.Home))
	if err == nil {
		for _, name := range files.Profiles() {
			profile, _ := files.Profile(name)
			known.add("profile", name, "", profile["region"])
			known.add("region", profile["region"], "", "of profile "+name)
			known.add("region", profile["sso_region"], "", "of the sign-in of profile "+name)
			known.add("start-url", profile["sso_start_url"], "", "of profile "+name)
			known.add("account-id", profile["sso_account_id"], "", "of profile "+name)
			known.add("role-name", profile["sso_role_name"], "", "of profile "+name)
			if session, found := files.Session(profile["sso_session"]); found {
				known.add("region", session["sso_region"], "", "of session "+profile["sso_session"])
				known.add("start-url", session["sso_start_url"], "", "of session "+profile["sso_session"])
			}
		}
	}
	entries, _ := ssocache.Open(ssocache.Dir(r.Home)).List()
	for _, entry := range entries {
		if token := entry.Token; token != nil {
			of := "of the sign-in at " + token.StartURL
			known.add("access-token", token.AccessToken, "access token "+of, "expires "+token.ExpiresAt.Local().Format("15:04"))
			known.add("refresh-token", token.RefreshToken, "refresh token "+of, "")
			known.add("client-id", token.ClientID, "", "client "+of)
			known.add("client-secret", token.ClientSecret, "client secret "+of, "")
			known.add("start-url", token.StartURL, "", "signed in")
		}
		if registration := entry.Registration; registration != nil {
			known.add("client-id", registration.ClientID, "", "registered until "+registration.ExpiresAt.Local().Format("2006-01-02"))
			known.add("client-secret", registration.ClientSecret, "secret of client "+registration.ClientID, "")
		}
	}
	return known
}
