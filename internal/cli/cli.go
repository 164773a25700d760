// Package cli is the command line for the services of the operation table: sallyport SERVICE OPERATION with options, required
// checks, skeletons, validation, requests and the order of what is printed all derived from api.Service values. A script
// written for the AWS CLI v2 finds the same grammar, the same output, the same sentences and the same exit codes.
//
// It owns the grammar of the command line, the reading of the shared configuration files, the sending of a request and the
// printing of its answer. It leaves the query language to jmespath, signatures to sigv4, and knows no operation by name:
// where an operation needs something special, the table says so. Words of our own (serve, apply, ...) belong to the main
// program, which asks Handles first.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"

	"sallyport/internal/api"
)

// program is the name that we give ourselves in what we print and send.
const program = "sallyport"

// Environ is all that a command takes from its surroundings, apart from the files that its options and variables name.
type Environ struct {
	LookupEnv func(name string) (string, bool)
	Stdin     io.Reader
	Stdout    io.Writer
	Stderr    io.Writer
	Home      string // folder that ~ stands for
	Version   string // of this build
}

// Handles reports whether a command line that begins with this word is one for Main: a service, or an option, which only this
// command line allows before its command.
func Handles(word string, services []*api.Service) bool {
	return strings.HasPrefix(word, "-") || serviceNamed(services, word) != nil
}

func serviceNamed(services []*api.Service, word string) *api.Service {
	for _, service := range services {
		if service.Command == word {
			return service
		}
	}
	return nil
}

// Main runs one command and returns the exit code of the process. An interrupt ends the command.
func Main(args []string, env Environ, services []*api.Service) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return (&run{Environ: env, services: services, wait: wait}).main(ctx, args)
}

func (r *run) main(ctx context.Context, args []string) int {
	r.Version = numbered(r.Version)
	err := r.command(ctx, args)
	if ctx.Err() != nil {
		fmt.Fprintln(r.Stdout)
		return exitInterrupt
	}
	return r.report(err)
}

// run is one run of the program.
type run struct {
	Environ
	services []*api.Service
	wait     func(context.Context, time.Duration) error // between attempts

	global    arguments // options that every operation has
	service   *api.Service
	operation *api.Operation
	local     arguments // options of the operation
	debug     *debugLog
}

// command goes through the phases in the one order that decides which error a broken call gets: grammar, configuration,
// Region, input, request, output.
func (r *run) command(ctx context.Context, args []string) error {
	rest, word, err := r.parseGlobals(args)
	if err != nil {
		return err
	}
	if r.global.has("version") {
		return r.printVersion()
	}
	if err := r.route(rest, word); err != nil || r.operation == nil {
		return err
	}
	return r.runOperation(ctx)
}

// numbered is a version that begins with a digit, which is what tells scripts the version from the name; a build without a
// release has none.
func numbered(version string) string {
	version = strings.Trim(strings.TrimPrefix(version, "v"), "()")
	switch {
	case version == "":
		return "0.0.0"
	case version[0] < '0' || version[0] > '9':
		return "0.0.0-" + version
	}
	return version
}

func (r *run) parseGlobals(args []string) (rest []string, word string, err error) {
	parsed, err := globalOptions.parse(args)
	if err != nil {
		return nil, "", err
	}
	r.global = parsed.arguments
	r.debug = newDebugLog(r.Stderr, r.global.has("debug"))
	return parsed.rest, parsed.word, nil
}

func (r *run) printVersion() error {
	fmt.Fprintf(r.Stdout, "%s/%s Go/%s %s/%s\n", program, r.Version, strings.TrimPrefix(runtime.Version(), "go"), runtime.GOOS, runtime.GOARCH)
	return nil
}

// route finds the operation that the words name and reads its options. It prints help, and leaves the operation nil, where
// that is what the words ask for.
func (r *run) route(rest []string, word string) error {
	switch {
	case word == "":
		return usageError(usageLine, "the following arguments are required: command")
	case word == helpWord:
		return r.helpAll()
	}
	if r.service = serviceNamed(r.services, word); r.service == nil {
		return usageError(usageLine, "%s", invalidChoice("command", word, serviceWords(r.services)))
	}
	parsed, err := options{}.parse(rest)
	if err != nil {
		return err
	}
	switch parsed.word {
	case "":
		return usageError(usageLine, "the following arguments are required: operation")
	case helpWord:
		return r.helpService()
	}
	operation := operationNamed(r.service, parsed.word)
	if operation == nil {
		return usageError(usageLine, "%s", invalidChoice("operation", parsed.word, operationWords(r.service)))
	}
	return r.parseOperation(operation, parsed.rest)
}

func (r *run) parseOperation(operation *api.Operation, words []string) error {
	known := operationOptions(operation)
	parsed, err := known.parse(words)
	if err != nil {
		return err
	}
	if parsed.word == helpWord && len(words) == 1 {
		return r.helpOperation(operation)
	}
	if err := known.checkRequired(parsed.arguments, words); err != nil {
		return err
	}
	if parsed.word == helpWord && len(parsed.rest) == 0 {
		return r.helpOperation(operation)
	}
	if unknown := parsed.strays(); len(unknown) > 0 {
		return usageError(usageLine, "Unknown options: %s", strings.Join(unknown, ", "))
	}
	r.operation, r.local = operation, parsed.arguments
	return nil
}

// The exit codes of the reference.
const (
	exitOK            = 0
	exitInterrupt     = 130
	exitUsage         = 252 // usage and validation; nothing was sent
	exitConfiguration = 253 // no Region or no credentials
	exitService       = 254 // the service answered with an error
	exitOther         = 255
)

// failure ends a command: its exit code, and what standard error says about it.
type failure struct {
	exit  int
	text  string
	usage string // printed after the text, for mistakes of grammar
}

func (f *failure) Error() string { return f.text }

func fail(exit int, format string, args ...any) error {
	return &failure{exit: exit, text: fmt.Sprintf(format, args...)}
}

func usageError(usage, format string, args ...any) error {
	return &failure{exit: exitUsage, text: "An error occurred (ParamValidation): " + fmt.Sprintf(format, args...), usage: usage}
}

func validationError(format string, args ...any) error {
	return fail(exitUsage, "An error occurred (ParamValidation): "+format, args...)
}

func otherError(format string, args ...any) error { return fail(exitOther, format, args...) }

// report prints the failure, if there is one, and returns the exit code.
func (r *run) report(err error) int {
	if err == nil {
		return exitOK
	}
	var known *failure
	if !errors.As(err, &known) {
		known = &failure{exit: exitOther, text: err.Error()}
	}
	fmt.Fprintf(r.Stderr, "\n%s: [ERROR]: %s\n", program, known.text)
	if known.usage != "" {
		fmt.Fprintf(r.Stderr, "\n%s\n", known.usage)
	}
	return known.exit
}
