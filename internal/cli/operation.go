package cli

import (
	"context"
	"slices"
	"strings"

	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/render"
)

// runOperation runs what the words asked for. An example of the input needs neither a profile that exists nor a Region; one of the output
// goes all the way of a call but the last step.
func (r *run) runOperation(ctx context.Context) error {
	query, err := r.compileQuery()
	if err != nil {
		return err
	}
	settings, unknownProfile := client.Load(r.Call)
	if settings == nil {
		return unknownProfile // or whatever else keeps them from being read
	}
	r.settings = settings
	input, err := r.input()
	if err != nil {
		return err
	}
	if kind, asked := r.Local.Lookup(generateSkeleton); asked && kind != skeletonOfOutput {
		return r.printInputSkeleton(kind)
	}
	if unknownProfile != nil {
		return unknownProfile
	}
	return r.runWithInput(ctx, input, query)
}

// runWithInput checks everything that a call needs before it makes one.
func (r *run) runWithInput(ctx context.Context, input jmespath.Value, query *jmespath.Expression) error {
	if err := checkFormats(r.settings); err != nil {
		return err
	}
	printer, err := r.newPrinter(r.settings, query)
	if err != nil {
		return err
	}
	defer printer.out.close()
	service, err := r.serviceClient()
	if err != nil {
		return err
	}
	defer service.Close()
	if input, err = r.checkedInput(input); err != nil {
		return err
	}
	if r.Local.Has(generateSkeleton) {
		return printer.print(outputSkeleton(r.operation.Output))
	}
	return r.callService(ctx, service, input, printer)
}

// serviceClient is what calls the service of the operation, once there are credentials and a Region.
func (r *run) serviceClient() (*client.Client, error) {
	if err := r.settings.CheckCredentials(); err != nil {
		return nil, err
	}
	region, err := r.settings.Region()
	if err != nil {
		return nil, err
	}
	return r.settings.Client(r.operation.Service, region)
}

// checkedInput is the input as it goes out, held against the model unless the profile forbids that.
func (r *run) checkedInput(input jmespath.Value) (jmespath.Value, error) {
	var err error
	if validates(r.settings) {
		err = validate(r.operation.Input, input)
	} else {
		input, err = unchecked(r.operation.Input, input)
	}
	if err == nil && r.Debug.On() {
		r.Debug.Printf("input %s", client.Masked(r.Debug, r.operation.Input, input))
	}
	return input, err
}

// timestampFormats are the forms in which the reference shows moments. No answer has one.
var timestampFormats = []string{"wire", "iso8601"}

// checkFormats refuses a profile whose form of binary values or of moments does not exist, although no operation has such values.
func checkFormats(settings *client.Settings) error {
	if format, given := settings.Find("cli_timestamp_format"); given && !slices.Contains(timestampFormats, format) {
		return command.ConfigurationError("Unknown cli_timestamp_format value: %s, use one of: %s", format, strings.Join(timestampFormats, ", "))
	}
	if format, given := settings.Find("cli_binary_format"); given && !slices.Contains(command.BinaryFormats, format) {
		return command.OtherError("Invalid value for cli_binary_format: %s, use one of: %s", format, strings.Join(command.BinaryFormats, ", "))
	}
	return nil
}

func (r *run) printInputSkeleton(kind string) error {
	example := inputSkeleton(r.operation.Input)
	if kind == skeletonOfInputAsYAML {
		return render.YAMLExample(r.Stdout, example, skeletonComment(r.operation.Input))
	}
	_, err := r.Stdout.Write(append(jmespath.Pretty.AppendJSON(nil, example), '\n'))
	return err
}

// callService calls the operation, as often as the pages of the answer ask for, and prints.
func (r *run) callService(ctx context.Context, service *client.Client, input jmespath.Value, printer *printer) error {
	call := func(ctx context.Context, input jmespath.Value) (jmespath.Value, error) {
		return service.Call(ctx, r.operation, input)
	}
	paginates, err := r.paginates(input)
	if err != nil {
		return err
	}
	if paginates {
		pages, err := r.newPaginator(input)
		if err != nil {
			return err
		}
		if err := validate(r.operation.Input, jmespath.ObjectOf(pages.input)); err != nil {
			return err
		}
		pages.fetch = call
		return printer.printPages(ctx, pages)
	}
	answer, err := call(ctx, input)
	if err != nil {
		return err
	}
	return printer.print(answer)
}
