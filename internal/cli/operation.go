package cli

import (
	"context"
	"slices"

	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
)

// runOperation runs what the words asked for: a skeleton or a call.
func (r *run) runOperation(ctx context.Context) error {
	if err := r.checkGlobals(); err != nil {
		return err
	}
	query, err := r.compileQuery()
	if err != nil {
		return err
	}
	settings, err := client.Load(r.Call)
	if err != nil {
		return err
	}
	kind, skeleton := r.Local.Lookup(generateSkeleton)
	if skeleton && kind != "output" {
		return r.printInputSkeleton(kind)
	}
	form, err := outputForm(settings)
	if err != nil {
		return err
	}
	region, err := settings.Region()
	if err != nil {
		return err
	}
	input, err := r.input()
	if err != nil {
		return err
	}
	if err := validate(r.operation.Input, input); err != nil {
		return err
	}
	if r.Debug.On() {
		r.Debug.Printf("input %s", client.Masked(r.Debug, r.operation.Input, input))
	}
	printer := printer{run: r, form: form, query: query}
	if skeleton {
		return printer.print(outputSkeleton(r.operation.Output))
	}
	answer, err := r.fetch(ctx, settings, region, input)
	if err != nil {
		return err
	}
	return printer.print(answer)
}

// checkGlobals refuses what the grammar knows and we cannot do.
func (r *run) checkGlobals() error {
	switch format := r.Global.One("cli-error-format"); {
	case r.Global.Has("cli-auto-prompt"):
		return command.ValidationError("--cli-auto-prompt is not supported, give the options on the command line")
	case format != "" && !slices.Contains([]string{"legacy", "enhanced"}, format):
		return command.ValidationError("--cli-error-format %s is not supported, use legacy or enhanced", format)
	}
	return nil
}

func (r *run) printInputSkeleton(kind string) error {
	if kind != "input" {
		return command.ValidationError("--%s %s is not supported, use input or output", generateSkeleton, kind)
	}
	return r.printJSON(inputSkeleton(r.operation.Input))
}

// fetch calls the service, as often as the pages of the answer ask for.
func (r *run) fetch(ctx context.Context, settings *client.Settings, region string, input jmespath.Value) (jmespath.Value, error) {
	service, err := settings.Client(r.operation.Service, region)
	if err != nil {
		return jmespath.Value{}, err
	}
	defer service.Close()
	call := func(ctx context.Context, input jmespath.Value) (jmespath.Value, error) {
		return service.Call(ctx, r.operation, input)
	}
	paginates, err := r.paginates(input)
	if err != nil {
		return jmespath.Value{}, err
	}
	if !paginates {
		return call(ctx, input)
	}
	pager, err := r.newPager(input)
	if err != nil {
		return jmespath.Value{}, err
	}
	if err := validate(r.operation.Input, jmespath.ObjectOf(pager.input)); err != nil {
		return jmespath.Value{}, err
	}
	pager.fetch = call
	return pager.all(ctx)
}
