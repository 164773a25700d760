package cli

import (
	"bytes"
	"os/exec"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/manual"
	"sallyport/internal/render"
	"sallyport/internal/shellwords"
)

// helpWord asks for help where a command, an operation or nothing more could stand.
const helpWord = "help"

// show shows a page on the terminal.
func (r *run) show(page manual.Page) error {
	width, terminal := command.TerminalWidth(r.Stdout)
	if width == 0 {
		width = render.DefaultWidth
	}
	var text bytes.Buffer
	if err := page.Terminal(&text, width, terminal); err != nil {
		return err
	}
	out := &outlet{run: r, pager: r.manualPager(terminal)}
	defer out.close()
	_, err := text.WriteTo(out)
	return err
}

// manualPager is what pages are read with: MANPAGER or PAGER, as for man, or less on a terminal that has it. Without the program they are
// printed as they are.
func (r *run) manualPager(terminal bool) []string {
	for _, variable := range []string{"MANPAGER", "PAGER"} {
		if words, err := shellwords.Split(r.Getenv(variable)); err == nil && len(words) > 0 {
			if _, err := exec.LookPath(words[0]); err != nil {
				return nil
			}
			return words
		}
	}
	if _, err := exec.LookPath("less"); terminal && err == nil {
		return []string{"less", "-R"}
	}
	return nil
}

// manualPages are all pages of the manual, each from what the table or the command says of itself.
func (p *Program) manualPages() []manual.Page {
	pages := []manual.Page{p.rootPage()}
	for _, service := range p.Services {
		pages = append(pages, servicePage(service))
		for _, operation := range service.Operations {
			pages = append(pages, operationPage(operation))
		}
	}
	for _, known := range p.commands() {
		pages = append(pages, commandPage(known))
	}
	return pages
}

func pageName(words ...string) string {
	return strings.Join(append([]string{command.Program}, words...), " ")
}

func (p *Program) rootPage() manual.Page {
	var services, commands, operators []manual.Item
	for _, service := range p.Services {
		services = append(services, manual.Item{Term: service.Command, Doc: []string{service.Purpose + "."}, Page: pageName(service.Command)})
	}
	for _, known := range p.commands() {
		commands = append(commands, manual.Item{Term: known.Word, Doc: []string{known.Purpose + "."}, Page: pageName(known.Word)})
	}
	for _, operator := range p.Operators {
		operators = append(operators, manual.Item{Term: operator.Usage, Doc: []string{operator.Purpose}})
	}
	return manual.Page{
		Name:    pageName(),
		Purpose: "A self-hosted IAM Identity Center, and a client for it and for AWS",
		Description: []string{
			"Runs the service with " + command.Program + " serve, signs people in with " + command.Program + " login, and calls the operations of the services with the commands and options of the AWS CLI.",
			"What a command prints goes to standard output and everything else to standard error. It exits with 0 after success, 252 when it was not understood, 253 without a Region or credentials, " +
				"254 when the service refused, 255 for everything else, and 130 after an interrupt.",
		},
		Synopsis: []string{pageName() + " [options] <command> <subcommand> [parameters]"},
		Sections: []manual.Section{
			{Heading: manual.HeadingGlobalOptions, Items: optionItems(command.GlobalOptions)},
			{Heading: manual.HeadingCommands, Items: append(services, commands...)},
			{Heading: "OPERATING THE SERVICE", Items: operators},
		},
	}
}

func servicePage(service *api.Service) manual.Page {
	var items []manual.Item
	for _, operation := range service.Operations {
		word := command.Spell(operation.Name)
		items = append(items, manual.Item{Term: word, Doc: []string{operation.Purpose + "."}, Page: pageName(service.Command, word)})
	}
	return manual.Page{
		Name: pageName(service.Command), Purpose: service.Purpose, Description: service.Description,
		Synopsis: []string{pageName(service.Command) + " <operation> [options]"},
		Sections: []manual.Section{{Heading: manual.HeadingCommands, Items: items}},
		SeeAlso:  []string{pageName()},
	}
}

func operationPage(operation *api.Operation) manual.Page {
	known := operationOptions(operation)
	name := pageName(operation.Service.Command, command.Spell(operation.Name))
	return manual.Page{
		Name: name, Purpose: operation.Purpose, Description: operation.Description,
		Synopsis: synopsis(name, known),
		Sections: []manual.Section{
			{Heading: manual.HeadingOptions, Items: append(memberItems(operation), optionItems(known[len(operation.Input.Members):])...)},
			{Heading: manual.HeadingGlobalOptions, Items: optionItems(command.GlobalOptions)},
			{Heading: manual.HeadingExamples, Text: exampleText(operation), Examples: examples(operation)},
			{Heading: manual.HeadingOutput, Items: shapeItems(operation.Output)},
		},
		SeeAlso: []string{pageName(operation.Service.Command)},
	}
}

func commandPage(known *command.Command) manual.Page {
	var shown []manual.Example
	for _, example := range known.Examples {
		shown = append(shown, manual.Example{Title: example.Title, Shell: command.Program + " " + example.Line})
	}
	lines := synopsis(pageName(known.Word), known.Options)
	if known.Operands != "" {
		lines = append(lines, known.Operands)
	}
	return manual.Page{
		Name: pageName(known.Word), Purpose: known.Purpose, Description: known.Description, Synopsis: lines,
		Sections: []manual.Section{
			{Heading: manual.HeadingOptions, Items: optionItems(known.Options)},
			{Heading: manual.HeadingGlobalOptions, Items: optionItems(command.GlobalOptions)},
			{Heading: manual.HeadingExamples, Examples: shown},
		},
		SeeAlso: []string{pageName()},
	}
}

func synopsis(name string, known command.Options) []string {
	lines := []string{name}
	for i := range known {
		line := known[i].Form()
		switch {
		case known[i].Hidden:
			continue
		case known[i].Name == inputJSON:
			line = "[--" + inputJSON + " | --" + inputYAML + "]"
		case known[i].Name == inputYAML:
			continue
		case !known[i].Required:
			line = "[" + line + "]"
		}
		lines = append(lines, line)
	}
	return append(lines, "[global options]")
}

func optionItems(known command.Options) []manual.Item {
	var items []manual.Item
	for i := range known {
		if !known[i].Hidden {
			items = append(items, manual.Item{Term: known[i].Form(), Doc: []string{known[i].Purpose}, Values: known[i].Choices})
		}
	}
	return items
}

// memberItems are the options that the input of an operation makes.
func memberItems(operation *api.Operation) []manual.Item {
	var items []manual.Item
	for _, member := range operation.Input.Members {
		if isPagingMember(operation, member) {
			continue
		}
		items = append(items, manual.Item{
			Term: optionName(member), Note: noteOf(member), Doc: []string{member.Doc}, Values: member.Values, Items: innerItems(member),
		})
	}
	return items
}

func shapeItems(shape *api.Shape) []manual.Item {
	if len(shape.Members) == 0 {
		return []manual.Item{{Term: "None", Doc: []string{"Nothing is printed."}}}
	}
	var items []manual.Item
	for _, member := range shape.Members {
		items = append(items, manual.Item{Term: member.Name, Note: noteOf(member), Doc: []string{member.Doc}, Values: member.Values, Items: innerItems(member)})
	}
	return items
}

func innerItems(member *api.Member) []manual.Item {
	if member.Shape == nil {
		return nil
	}
	return shapeItems(member.Shape)
}

// noteOf tells the type of a member, and what else decides how to give it.
func noteOf(member *api.Member) string {
	words := []string{member.Kind.String()}
	if member.Required {
		words = append(words, "required")
	}
	if member.Masked() {
		words = append(words, "secret")
	}
	return "(" + strings.Join(words, ", ") + ")"
}

// exampleText tells which variables the examples need.
func exampleText(operation *api.Operation) []string {
	text := []string{"The examples go on from each other and need these variables:"}
	for _, variable := range operation.Variables() {
		text = append(text, variable.Name+"="+shellwords.Quote(variable.Value)+": "+variable.Purpose+".")
	}
	if len(text) == 1 {
		return nil
	}
	return text
}

func examples(operation *api.Operation) []manual.Example {
	var shown []manual.Example
	for _, example := range operation.Examples() {
		shown = append(shown, manual.Example{Title: example.Title, Shell: example.Shell(command.Program), Note: example.Note})
	}
	return shown
}
