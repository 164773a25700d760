package cli

import (
	"fmt"
	"strings"

	"sallyport/internal/api"
	"sallyport/internal/command"
)

// helpWord asks for help where a command, an operation or nothing more could stand.
const helpWord = "help"

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
	p.section("NAME", command.Program)
	p.section("DESCRIPTION", "Calls services of IAM Identity Center, ours or the real ones, with the options of the AWS CLI.")
	p.section("SYNOPSIS", command.Program+" [options] <command> <subcommand> [parameters]")
	p.section("GLOBAL OPTIONS", optionLines(command.GlobalOptions)...)
	p.section("AVAILABLE COMMANDS", r.words()...)
	var operators []string
	for _, operator := range r.Operators {
		operators = append(operators, command.Program+" "+operator.Usage, "   "+operator.Purpose)
	}
	p.section("OPERATING THE SERVICE", operators...)
	return r.show(&p)
}

func (r *run) helpService() error {
	var p page
	p.section("NAME", r.chosen.Command)
	p.section("DESCRIPTION", r.chosen.ID+", API version "+r.chosen.Version+".")
	var lines []string
	for _, operation := range r.chosen.Operations {
		lines = append(lines, command.Spell(operation.Name), "   "+operation.Purpose+".")
	}
	p.section("AVAILABLE COMMANDS", lines...)
	return r.show(&p)
}

func (r *run) helpCommand(known *command.Command) error {
	var p page
	p.section("NAME", known.Word)
	p.section("DESCRIPTION", append([]string{known.Purpose}, known.Description...)...)
	p.section("SYNOPSIS", append([]string{command.Program + " " + known.Word}, synopsis(known.Options)...)...)
	p.section("OPTIONS", optionLines(known.Options)...)
	p.section("GLOBAL OPTIONS", optionLines(command.GlobalOptions)...)
	return r.show(&p)
}

func (r *run) helpOperation(operation *api.Operation) error {
	known := operationOptions(operation)
	var p page
	p.section("NAME", command.Spell(operation.Name))
	p.section("DESCRIPTION", operation.Purpose+".")
	p.section("SYNOPSIS", append([]string{command.Program + " " + operation.Service.Command + " " + command.Spell(operation.Name)}, synopsis(known)...)...)
	p.section("OPTIONS", optionLines(known)...)
	p.section("GLOBAL OPTIONS", optionLines(command.GlobalOptions)...)
	p.section("OUTPUT", shapeLines(operation.Output, "")...)
	return r.show(&p)
}

func synopsis(known command.Options) []string {
	var lines []string
	for i := range known {
		line := known[i].Form()
		if !known[i].Required {
			line = "[" + line + "]"
		}
		if !known[i].Hidden {
			lines = append(lines, line)
		}
	}
	return append(lines, "[global options]")
}

func optionLines(known command.Options) []string {
	var lines []string
	for i := range known {
		if !known[i].Hidden {
			lines = append(lines, known[i].Form(), "   "+known[i].Purpose)
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
