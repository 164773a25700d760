// Package printout prints the result of a command for people as an object, where a program asked for one: in the form of --output and through
// the query of --query, as the operations print their answers.
//
// What people read instead, and what the object holds, is for the command to say.
package printout

import (
	"io"
	"strings"

	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/render"
)

// Printer prints one result.
type Printer func(out io.Writer, result jmespath.Value) error

// Asked is the printer that the options of a call ask for, nil where they ask for none: people read then. It is settled before the command does
// anything, so that no result is lost to a misspelled option. The title is that of tables.
func Asked(call *command.Call, title string) (Printer, error) {
	name, formed := call.Global.Lookup("output")
	text, queried := call.Global.Lookup("query")
	if !formed && !queried {
		return nil, nil
	}
	if !formed {
		name = "json"
	}
	form, known := render.FormNamed(name)
	if !known {
		return nil, command.OtherError("Unknown output type: %s, use one of: %s", name, strings.Join(render.FormNames(), ", "))
	}
	var query *jmespath.Expression
	if queried {
		var err error
		if query, err = jmespath.Compile(text); err != nil {
			return nil, command.ValidationError("Bad value for --query %s: %v", text, err)
		}
	}
	width, _ := command.TerminalWidth(call.Stdout)
	return func(out io.Writer, result jmespath.Value) (err error) {
		if query != nil {
			if result, err = query.Search(result); err != nil {
				return command.OtherError("%v", err)
			}
		}
		return form.Render(out, For(out, form, result), render.Options{Title: title, Width: width})
	}, nil
}
