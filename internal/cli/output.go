package cli

import (
	"context"
	"strings"

	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/printout"
	"sallyport/internal/render"
)

// printer prints answers in the form that was asked for.
type printer struct {
	form    render.Form
	query   *jmespath.Expression
	options render.Options
	out     *outlet
}

// newPrinter settles how answers are printed. Everything is checked before anything is sent: a token that was issued and then not shown is
// lost.
func (r *run) newPrinter(settings *client.Settings, query *jmespath.Expression) (*printer, error) {
	form, err := outputForm(settings)
	if err != nil {
		return nil, err
	}
	out, err := r.newOutlet(settings)
	if err != nil {
		return nil, err
	}
	width, terminal := command.TerminalWidth(r.Stdout)
	p := &printer{form: form, query: query, out: out, options: render.Options{Title: r.operation.Name, Width: width}}
	if color := r.Global.One("color"); color == "on" || color != "off" && terminal {
		p.options.Color = render.DirectColor
		if out.pager != nil {
			p.options.Color = render.PagerColor
		}
	}
	return p, nil
}

// outputForm is the form that the option, the variable or the profile names.
func outputForm(settings *client.Settings) (render.Form, error) {
	name, given := settings.Global.Lookup("output")
	if !given {
		name, given = settings.Find("output", "AWS_DEFAULT_OUTPUT")
	}
	if !given || name == "" {
		name = render.Forms[0].Name
	}
	form, known := render.FormNamed(name)
	if !known {
		return form, command.OtherError("Unknown output type: %s, use one of: %s", name, strings.Join(render.FormNames(), ", "))
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

// print prints one answer, of which the query picks. An empty object prints nothing at all.
func (p *printer) print(value jmespath.Value) error {
	if p.query != nil {
		var err error
		if value, err = p.query.Search(value); err != nil {
			return command.OtherError("%v", err)
		}
	}
	// The error comes as it is: that of a pager that cannot start has an exit code of its own.
	return p.form.Render(p.out, printout.For(p.out.run.Stdout, p.form, value), p.options)
}

// printPages prints an answer of several pages: page by page where the form shows them so, or else as one value made of all.
func (p *printer) printPages(ctx context.Context, pages *paginator) error {
	switch {
	case !p.form.PerPage:
		answer, err := pages.all(ctx)
		if err != nil {
			return err
		}
		return p.print(answer)
	case p.form.Name == "text":
		return p.printTextPages(ctx, pages)
	}
	_, err := pages.each(ctx, p.print)
	return err
}

// printTextPages prints of each page what grows. The token to go on with has a line of its own, which the query picks from as from any page.
func (p *printer) printTextPages(ctx context.Context, pages *paginator) error {
	resume, err := pages.each(ctx, func(page jmespath.Value) error {
		result, found := page.Get(pages.paging.Result)
		if !found {
			return nil
		}
		return p.print(jmespath.ObjectOf([]jmespath.Member{{Name: pages.paging.Result, Value: result}}))
	})
	if err != nil || resume.IsNull() {
		return err
	}
	token := jmespath.ObjectOf([]jmespath.Member{{Name: nextToken, Value: resume}})
	return p.print(jmespath.ObjectOf([]jmespath.Member{{Name: nextToken, Value: token}}))
}
