package cli

import (
	"context"
	"fmt"
	"slices"

	"sallyport/internal/api"
	"sallyport/internal/jmespath"
	"sallyport/internal/sigv4"
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
	settings, err := r.loadSettings()
	if err != nil {
		return err
	}
	kind, skeleton := r.local.lookup(generateSkeleton)
	if skeleton && kind != "output" {
		return r.printInputSkeleton(kind)
	}
	form, err := settings.outputForm()
	if err != nil {
		return err
	}
	region, err := settings.region()
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
	r.debug.printf("input %s", masked(r.operation.Input, input))
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

// checkGlobals refuses what the grammar knows and we cannot do, and values that are mistakes by themselves.
func (r *run) checkGlobals() error {
	switch format := r.global.one("cli-error-format"); {
	case r.global.has("cli-auto-prompt") && r.global.has("no-cli-auto-prompt"):
		return validationError("Both --cli-auto-prompt and --no-cli-auto-prompt cannot be specified at the same time")
	case r.global.has("cli-auto-prompt"):
		return validationError("--cli-auto-prompt is not supported, give the options on the command line")
	case format != "" && !slices.Contains([]string{"legacy", "enhanced"}, format):
		return validationError("--cli-error-format %s is not supported, use legacy or enhanced", format)
	}
	if err := r.checkEndpointOption(); err != nil {
		return err
	}
	for _, option := range []string{"cli-read-timeout", "cli-connect-timeout"} {
		if _, err := r.timeout(option); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) printInputSkeleton(kind string) error {
	if kind != "input" {
		return validationError("--%s %s is not supported, use input or output", generateSkeleton, kind)
	}
	return r.printJSON(inputSkeleton(r.operation.Input))
}

// fetch calls the service, as often as the pages of the answer ask for.
func (r *run) fetch(ctx context.Context, settings *settings, region string, input jmespath.Value) (jmespath.Value, error) {
	endpoint, err := settings.endpoint(r.operation.Service, region)
	if err != nil {
		return jmespath.Value{}, err
	}
	caller, err := r.newClient(ctx, settings, region)
	if err != nil {
		return jmespath.Value{}, err
	}
	if caller.transport, err = settings.transport(endpoint); err != nil {
		return jmespath.Value{}, err
	}
	defer caller.transport.CloseIdleConnections()
	r.debug.printf("profile %q, Region %q, endpoint %s, up to %d attempts", settings.profileName, region, endpoint, caller.attempts)
	call := func(ctx context.Context, input jmespath.Value) (jmespath.Value, error) {
		return caller.call(ctx, newMessage(endpoint, r.operation, input))
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

// newClient prepares signing, where the operation asks for it and the caller does not forbid it.
func (r *run) newClient(ctx context.Context, settings *settings, region string) (*client, error) {
	attempts, err := settings.attempts()
	if err != nil {
		return nil, err
	}
	caller := &client{run: r, attempts: attempts}
	if r.operation.Auth != api.AuthSigV4 || r.global.has("no-sign-request") {
		return caller, nil
	}
	credentials, err := settings.credentials(ctx, region)
	if err != nil {
		return nil, err
	}
	caller.sign = &sigv4.Signer{Credentials: credentials, Region: region, Service: r.operation.Service.SigningName}
	return caller, nil
}

// warn tells about something that does not change the outcome.
func (r *run) warn(format string, args ...any) { fmt.Fprintf(r.Stderr, format+"\n", args...) }
