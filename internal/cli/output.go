package cli

import (
	"slices"
	"strings"

	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
)

// supportedOutputs are the forms of output that exist.
var supportedOutputs = []string{"json", "off"}

// outputForm is the form that was asked for. It is checked before anything is sent: a token that was issued and then not shown
// is lost.
func outputForm(settings *client.Settings) (string, error) {
	form, given := settings.Global.Lookup("output")
	if !given {
		form, given = settings.Find("output", "AWS_DEFAULT_OUTPUT")
	}
	if !given || form == "" {
		return "json", nil
	}
	if !slices.Contains(supportedOutputs, form) {
		return "", command.ValidationError("output type %s is not supported, use one of: %s", form, strings.Join(supportedOutputs, ", "))
	}
	return form, nil
}

// compileQuery reads --query, before anything is sent.
func (r *run) compileQuery() (*jmespath.Expression, error) {
	text, given := r.Global.Lookup("query")
	if !given {
		return nil, nil
	}
	expression, err := jmespath.Compile(text)
	if err != nil {
		return nil, command.ValidationError("Bad value for --query %s: %v", text, err)
	}
	return expression, nil
}

// printer prints answers.
type printer struct {
	run   *run
	form  string
	query *jmespath.Expression
}

// print prints one answer. An empty object prints nothing at all.
func (p printer) print(value jmespath.Value) error {
	if p.query != nil {
		var err error
		if value, err = p.query.Search(value); err != nil {
			return command.OtherError("%v", err)
		}
	}
	if p.form == "off" || value.Kind() == jmespath.Object && len(value.Members()) == 0 {
		return nil
	}
	return p.run.printJSON(value)
}

func (r *run) printJSON(value jmespath.Value) error {
	_, err := r.Stdout.Write(append(jmespath.Pretty.AppendJSON(nil, value), '\n'))
	return err
}
