// Package cli is the command line: sallyport SERVICE OPERATION for the services of the operation table, with options, required checks,
// skeletons, validation, requests and the order of what is printed all derived from api.Service values, and beside them the commands for
// people. A script written for the AWS CLI v2 finds the same output and the same sentences.
//
// It owns the way from the words to an operation, its input and the printing of its answer. It leaves the grammar to command, one call to
// client, the query language to jmespath and the forms of output to render, and knows no operation by name: where an operation needs
// something special, the table says so. The commands that operate the service (serve, apply, ...) belong to the main program.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/completion"
)

// Program is what the command line offers.
type Program struct {
	Services []*api.Service
	Commands []*command.Command // for people
	// Operators are the commands that operate the service.
	Operators []Operator

	// Settings returns the options that all of those have besides their own. Only completion asks.
	Settings func() []Setting
}

// Operator is a command that operates the service. The main program runs it; here it is shown, so that people find it.
type Operator struct {
	Words   string // "keys rotate"
	Usage   string // with what follows the words
	Purpose string
}

// Setting is an option that operators' commands share: a setting of the server.
type Setting struct {
	Flag string // --data
	Form string // what a value looks like; empty for switches
	Help string // one line
}

func (p *Program) service(word string) *api.Service {
	for _, service := range p.Services {
		if service.Command == word {
			return service
		}
	}
	return nil
}

// commands are all commands for people: those that were given, and those that show the program itself.
func (p *Program) commands() []*command.Command {
	return append(slices.Clone(p.Commands), p.completionCommand(), p.manualCommand())
}

func (p *Program) command(word string) *command.Command {
	for _, known := range p.commands() {
		if known.Word == word {
			return known
		}
	}
	return nil
}

// words are all words that a command line may begin with.
func (p *Program) words() []string {
	var words []string
	for _, service := range p.Services {
		words = append(words, service.Command)
	}
	for _, known := range p.commands() {
		words = append(words, known.Word)
	}
	for _, operator := range p.Operators {
		words = append(words, operator.Words)
	}
	return words
}

// Main runs one command and returns the exit code of the process. An interrupt ends the command.
func (p *Program) Main(args []string, env command.Environ) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(patience, stop) })()
	quitQuietly()
	return (&run{Call: &command.Call{Environ: env, Wait: command.Wait}, Program: p}).main(ctx, args)
}

// exitQuit is what shells show for a process that SIGQUIT ended.
const exitQuit = 128 + int(syscall.SIGQUIT)

// quitQuietly ends the process when it is told to quit. The runtime would write down what all its parts were doing, which helps nobody who
// runs a command.
func quitQuietly() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGQUIT)
	go func() {
		<-told
		os.Exit(exitQuit)
	}()
}

// patience is how long an interrupted command may take to end, for the sake of a token whose refresh is under way. After that another
// interrupt ends the process, whatever it waits for.
const patience = 5 * time.Second

func (r *run) main(ctx context.Context, args []string) int {
	if len(args) > 0 && args[0] == completion.Word {
		return r.report(r.complete(args[1:]))
	}
	r.Version = numbered(r.Version)
	err := r.promptAndDispatch(ctx, args)
	if ctx.Err() != nil {
		fmt.Fprintln(r.Stdout)
		return command.ExitInterrupt
	}
	return r.report(err)
}

// promptAndDispatch runs the words, or those that a person makes of them at the prompt.
func (r *run) promptAndDispatch(ctx context.Context, args []string) error {
	mode := r.promptMode(args)
	if mode != promptOn {
		err := r.dispatch(ctx, args)
		var failure *command.Failure
		if mode == promptOff || !errors.As(err, &failure) || failure.Exit != command.ExitUsage {
			return err
		}
	}
	words, err := r.prompt(ctx, args)
	if err != nil {
		return err
	}
	*r = run{Call: &command.Call{Environ: r.Environ, Wait: r.Wait}, Program: r.Program}
	return r.dispatch(ctx, words)
}

// run is one run of the program.
type run struct {
	*command.Call
	*Program

	aliases   aliases
	forPeople *command.Command // nil for operations
	chosen    *api.Service
	operation *api.Operation
	settings  *client.Settings // nil before they are read
}

// dispatch goes through the phases in the one order that decides which error a broken call gets: grammar, configuration,
// Region, input, request, output. A configuration file that is broken fails every command but those for people, before its grammar.
func (r *run) dispatch(ctx context.Context, args []string) error {
	err := r.follow(ctx, args)
	var failure *command.Failure
	if errors.As(err, &failure) && failure.Exit == command.ExitUsage && r.forPeople == nil {
		err = cmp.Or(client.CheckFiles(r.Call), err)
	}
	return err
}

func (r *run) follow(ctx context.Context, args []string) error {
	rest, word, err := r.parseGlobals(args)
	if err != nil {
		return err
	}
	switch {
	case r.Global.Has("version"):
		return r.printVersion()
	case r.Global.Has("cli-auto-prompt") && r.Global.Has("no-cli-auto-prompt"):
		return command.ValidationError("Both --cli-auto-prompt and --no-cli-auto-prompt cannot be specified at the same time")
	}
	if r.aliases, err = r.loadAliases(); err != nil {
		return err
	}
	if word, rest, err = r.resolve(ctx, word, rest, r.aliases.topLevel); err != nil {
		return err
	}
	if known := r.command(word); known != nil {
		r.forPeople = known
		return r.runCommand(ctx, known, rest)
	}
	if err := r.route(ctx, rest, word); err != nil || r.operation == nil {
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
	parsed, err := command.GlobalOptions.Parse(args)
	if err != nil {
		return nil, "", err
	}
	r.Global = parsed.Arguments
	r.Debug = command.NewDebugLog(r.Stderr, r.Global)
	return parsed.Rest, parsed.Word, nil
}

func (r *run) printVersion() error {
	fmt.Fprintf(r.Stdout, "%s/%s Go/%s %s/%s\n", command.Program, r.Version, strings.TrimPrefix(runtime.Version(), "go"), runtime.GOOS, runtime.GOARCH)
	return nil
}
