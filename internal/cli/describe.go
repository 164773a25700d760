package cli

import (
	"slices"
	"strings"
	"sync"

	"sallyport/internal/api"
	"sallyport/internal/awsconfig"
	"sallyport/internal/command"
	"sallyport/internal/completion"
	"sallyport/internal/outline"
	"sallyport/internal/ssocache"
)

// This file describes the command line to those who complete it, the shells and the prompt, by the same tables that it runs by.

// describer makes outlines of words and options.
type describer struct {
	secrets map[string]bool    // names of options whose values must not be seen
	known   func() knownValues // read when a value is asked for, and once
}

// outline describes what Main runs.
func (r *run) outline() outline.Program {
	d := describer{secrets: secretOptions(r.Services), known: sync.OnceValue(r.knownValues)}
	program := outline.Program{GlobalOptions: d.options(command.GlobalOptions)}
	for _, service := range r.Services {
		program.Words = append(program.Words, d.service(service))
	}
	for _, known := range r.commands() {
		program.Words = append(program.Words, d.command(known))
	}
	return program
}

func (d describer) service(service *api.Service) outline.Word {
	word := outline.Word{Text: service.Command, Purpose: service.Purpose}
	for _, operation := range service.Operations {
		word.Words = append(word.Words, outline.Word{
			Text: command.Spell(operation.Name), Purpose: operation.Purpose, Runs: true, Options: d.operationOptions(operation),
		})
	}
	word.Words = append(word.Words, outline.Word{Text: helpWord, Purpose: "Show help", Runs: true})
	return word
}

func (d describer) command(known *command.Command) outline.Word {
	word := outline.Word{Text: known.Word, Purpose: known.Purpose, Runs: true, Options: d.options(known.Options)}
	if known.Word == completionWord {
		for _, shell := range completion.Shells {
			word.Words = append(word.Words, outline.Word{Text: shell, Runs: true})
		}
	}
	return word
}

func (d describer) operationOptions(operation *api.Operation) []outline.Option {
	options := d.options(operationOptions(operation))
	for i := range options {
		for _, member := range operation.Input.Members {
			if options[i].Name == optionName(member) {
				options[i].Choices = append(options[i].Choices, member.Values...)
			}
		}
	}
	return options
}

func (d describer) options(from command.Options) []outline.Option {
	var options []outline.Option
	for i := range from {
		if from[i].Hidden {
			continue
		}
		option := outline.Option{
			Name: "--" + from[i].Name, Purpose: from[i].Purpose, Choices: from[i].Choices, Required: from[i].Required,
			TakesValue: from[i].Arity != command.NoValue, Optional: from[i].Arity == command.OptionalValue, Many: from[i].Arity == command.ManyValues,
			Waives: from[i].Lifts || from[i].Name == "version", Path: from[i].Path,
		}
		option.Secret = d.secrets[option.Name]
		if option.TakesValue {
			option.Values = func(outline.Asked) []outline.Candidate { return d.known()[option.Name] }
		}
		options = append(options, option)
	}
	return options
}

// optionName is the option of a member of the input, with its dashes.
func optionName(member *api.Member) string { return "--" + command.Spell(member.Name) }

// secretOptions are the options of all operations whose members the table has for secret. An option of another command that has the name of
// one is as secret.
func secretOptions(services []*api.Service) map[string]bool {
	secrets := map[string]bool{}
	for _, service := range services {
		for _, operation := range service.Operations {
			for _, member := range operation.Input.Members {
				if member.Masked() {
					secrets[optionName(member)] = true
				}
			}
		}
	}
	return secrets
}

// knownValues are values that this machine knows, by the name of the option, with its dashes.
type knownValues map[string][]outline.Candidate

func (k knownValues) add(option string, value outline.Candidate) {
	same := func(other outline.Candidate) bool { return other.Text == value.Text }
	if value.Text != "" && !slices.ContainsFunc(k[option], same) {
		k[option] = append(k[option], value)
	}
}

// knownValues reads the profiles and the cached sign-ins and registrations. What cannot be read is left out: these are only suggestions.
func (r *run) knownValues() knownValues {
	known := knownValues{}
	if files, err := awsconfig.Load(awsconfig.Paths(r.LookupEnv, r.Home)); err == nil {
		known.addProfiles(files)
	}
	entries, _ := ssocache.Open(ssocache.Dir(r.Home)).List()
	for _, entry := range entries {
		if entry.Token != nil {
			known.addToken(entry.Token)
		}
		if registration := entry.Registration; registration != nil {
			known.add("--client-id", outline.Candidate{Text: registration.ClientID, Purpose: "registered until " + registration.ExpiresAt.Local().Format("2006-01-02")})
			known.add("--client-secret", outline.Candidate{Text: registration.ClientSecret, Label: "secret of client " + registration.ClientID})
		}
	}
	return known
}

func (k knownValues) addProfiles(files *awsconfig.Files) {
	for _, name := range files.Profiles() {
		profile, _ := files.Profile(name)
		of := "of profile " + name
		k.add("--profile", outline.Candidate{Text: name, Purpose: profile["region"]})
		k.add("--region", outline.Candidate{Text: profile["region"], Purpose: of})
		k.add("--region", outline.Candidate{Text: profile["sso_region"], Purpose: "of the sign-in " + of})
		k.add("--start-url", outline.Candidate{Text: profile["sso_start_url"], Purpose: of})
		k.add("--account-id", outline.Candidate{Text: profile["sso_account_id"], Purpose: of})
		k.add("--role-name", outline.Candidate{Text: profile["sso_role_name"], Purpose: of})
	}
	for _, name := range files.Sessions() {
		session, _ := files.Session(name)
		of := "of session " + name
		k.add("--sso-session", outline.Candidate{Text: name, Purpose: session["sso_start_url"]})
		k.add("--region", outline.Candidate{Text: session["sso_region"], Purpose: of})
		k.add("--start-url", outline.Candidate{Text: session["sso_start_url"], Purpose: of})
	}
}

func (k knownValues) addToken(token *ssocache.Token) {
	of := "of the sign-in at " + token.StartURL
	k.add("--access-token", outline.Candidate{Text: token.AccessToken, Label: "access token " + of, Purpose: "expires " + token.ExpiresAt.Local().Format("15:04")})
	k.add("--refresh-token", outline.Candidate{Text: token.RefreshToken, Label: "refresh token " + of})
	k.add("--client-id", outline.Candidate{Text: token.ClientID, Purpose: "client " + of})
	k.add("--client-secret", outline.Candidate{Text: token.ClientSecret, Label: "client secret " + of})
	k.add("--start-url", outline.Candidate{Text: token.StartURL, Purpose: "signed in"})
}

// shellOutline is the outline with the words that operate the service, which the prompt cannot run.
func (r *run) shellOutline() outline.Program {
	program := r.outline()
	var settings []outline.Option
	if len(r.Operators) > 0 {
		for _, s := range r.Settings() {
			settings = append(settings, operatorOption(s.Flag, s.Form, s.Help))
		}
	}
	for _, operator := range r.Operators {
		program.Words = addOperator(program.Words, strings.Fields(operator.Words), operatorWord(operator, settings))
	}
	return program
}

// operatorWord is the last word of an operator's command with the options of its usage, in which what takes a value is followed by it in
// capitals, and the settings where these are allowed.
func operatorWord(operator Operator, settings []outline.Option) outline.Word {
	word := outline.Word{Purpose: operator.Purpose, Runs: true, Own: true}
	said := strings.FieldsFunc(strings.TrimPrefix(operator.Usage, operator.Words), func(r rune) bool { return strings.ContainsRune(" [|]…", r) })
	for i, text := range said {
		form := ""
		if i+1 < len(said) && said[i+1] == strings.ToUpper(said[i+1]) && !strings.HasPrefix(said[i+1], "-") {
			form = said[i+1]
		}
		switch {
		case text == anySetting:
			word.Options = append(word.Options, settings...)
		case strings.HasPrefix(text, "--"):
			word.Options = append(word.Options, operatorOption(text, form, ""))
		case text == pathForm && i == 0:
			word.Files = true
		}
	}
	return word
}

// anySetting stands in a usage for the options of all settings, pathForm for the path of a file.
const anySetting, pathForm = "--SETTING", "FILE"

func operatorOption(name, form, purpose string) outline.Option {
	return outline.Option{Name: name, Purpose: purpose, TakesValue: form != "", Path: form == pathForm || form == "DIR"}
}

// addOperator enters a command of one or two words, of which last is the last.
func addOperator(known []outline.Word, words []string, last outline.Word) []outline.Word {
	last.Text = words[len(words)-1]
	if len(words) == 1 {
		return append(known, last)
	}
	at := slices.IndexFunc(known, func(w outline.Word) bool { return w.Text == words[0] })
	if at < 0 {
		known = append(known, outline.Word{Text: words[0]})
		at = len(known) - 1
	}
	known[at].Words = append(known[at].Words, last)
	return known
}
