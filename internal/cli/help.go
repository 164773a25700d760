package cli

import (
	"fmt"
	"strings"

	"sallyport/internal/api"
)

// helpWord asks for help where a command, an operation or nothing more could stand.
const helpWord = "help"

// usageLine is the reminder after a mistake of grammar.
const usageLine = "usage: " + program + ` [options] <command> <subcommand> [parameters]
To see help text, you can run:

  ` + program + ` help
  ` + program + ` <command> help
  ` + program + ` <command> <subcommand> help`

// page is a help page in the making.
type page struct{ strings.Builder }

func (p *page) section(heading string, lines ...string) {
	fmt.Fprintf(p, "%s\n\n", heading)
	for _, line := range lines {
		fmt.Fprintf(p, "       %s\n", line)
	}
	p.WriteByte('\n')
}

func (r *run) show(p *page) error {
	_, err := fmt.Fprint(r.Stdout, strings.TrimSuffix(p.String(), "\n"))
	return err
}

func (r *run) helpAll() error {
	var p page
	p.section("NAME", program)
	p.section("DESCRIPTION", "Calls services of IAM Identity Center, ours or the real ones, with the options of the AWS CLI.")
	p.section("SYNOPSIS", program+" [options] <command> <subcommand> [parameters]")
	p.section("GLOBAL OPTIONS", optionLines(globalOptions)...)
	p.section("AVAILABLE COMMANDS", serviceWords(r.services)...)
	return r.show(&p)
}

func (r *run) helpService() error {
	var p page
	p.section("NAME", r.service.Command)
	p.section("DESCRIPTION", r.service.ID+", API version "+r.service.Version+".")
	var lines []string
	for _, operation := range r.service.Operations {
		lines = append(lines, optionName(operation.Name), "   "+operation.Purpose+".")
	}
	p.section("AVAILABLE COMMANDS", lines...)
	return r.show(&p)
}

func (r *run) helpOperation(operation *api.Operation) error {
	known := operationOptions(operation)
	var p page
	p.section("NAME", optionName(operation.Name))
	p.section("DESCRIPTION", operation.Purpose+".")
	p.section("SYNOPSIS", append([]string{program + " " + operation.Service.Command + " " + optionName(operation.Name)}, synopsis(known)...)...)
	p.section("OPTIONS", optionLines(known)...)
	p.section("GLOBAL OPTIONS", optionLines(globalOptions)...)
	p.section("OUTPUT", shapeLines(operation.Output, "")...)
	return r.show(&p)
}

func synopsis(known options) []string {
	var lines []string
	for i := range known {
		line := known[i].form()
		if !known[i].required {
			line = "[" + line + "]"
		}
		if !known[i].hidden {
			lines = append(lines, line)
		}
	}
	return append(lines, "[global options]")
}

// form is the option with a sign of what it takes.
func (o *option) form() string {
	return "--" + o.name + [...]string{noValue: "", oneValue: " <value>", optionalValue: " [value]", manyValues: " <value> [<value> ...]"}[o.arity]
}

func optionLines(known options) []string {
	var lines []string
	for i := range known {
		if !known[i].hidden {
			lines = append(lines, known[i].form(), "   "+known[i].purpose)
		}
	}
	return lines
}

func shapeLines(shape *api.Shape, indent string) []string {
	if len(shape.Members) == 0 {
		return []string{indent + "None"}
	}
	var lines []string
	for _, member := range shape.Members {
		lines = append(lines, indent+member.Name+" "+purposeOf(member))
		if member.Shape != nil {
			lines = append(lines, shapeLines(member.Shape, indent+"   ")...)
		}
	}
	return lines
}
