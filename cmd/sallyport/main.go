// Command sallyport is a self-hosted, wire-compatible AWS IAM Identity Center: the service, the commands that operate it, and a
// client with the AWS CLI's commands and options.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"os/user"
	"slices"
	"strings"
	"syscall"

	"sallyport/internal/api"
	"sallyport/internal/cli"
	"sallyport/internal/command"
	"sallyport/internal/configure"
	"sallyport/internal/doctor"
	"sallyport/internal/fault"
	"sallyport/internal/login"
	"sallyport/internal/server"
)

// operator is one command of those that operate the service.
type operator struct {
	words string
	usage string
	help  string
	run   func(ctx context.Context, args []string) error
}

var operators = append([]operator{
	{"serve", "serve [--config FILE] [--SETTING VALUE …]", "run the service", serve},
	{"apply", "apply -f FILE [--dry-run] [--SETTING VALUE …]", "make the directory what a file says", apply},
	{"export", "export [-o FILE] [--SETTING VALUE …]", "write the directory as a file that apply takes; it holds no secrets", export},
	{"user set-password", "user set-password NAME [--SETTING VALUE …]", "set a password, asked for or read from standard input", setPassword},
	{"keys rotate", "keys rotate [--now | --activate-in DURATION] [--SETTING VALUE …]",
		"publish a new key, which takes over in an hour. --now has it do so at once, before relying parties know it: for a key that has leaked", rotateKeys},
	{"keys list", "keys list [--json] [--SETTING VALUE …]", "list the keys of the ring, with what each is needed for", listKeys},
	{"keys retire", "keys retire KEY-ID [--force] [--SETTING VALUE …]",
		"take a key out of the ring. Before its time that needs --force, and ends what hangs on the key", retireKey},
	{"keys rewrap", "keys rewrap [--SETTING VALUE …]", "seal the ring under a new root key, beside those of before in the settings", rewrapKeys},
	{"migrate", "migrate [--status | --dry-run | --expand] [--SETTING VALUE …]",
		"bring the database's schema up to date, or say how far it is. --expand leaves out what takes something away from older servers", migrate},
	{"backup", "backup FILE [--force] [--SETTING VALUE …]", "write the database into a file, beside running servers; the root key is not in it", backup},
	{"restore", "restore FILE [--keep-sessions] [--SETTING VALUE …]", "put a backup into an empty database. Everybody signs in again, unless sessions are kept", restore},
	{"verify", "verify [FILE] [--SETTING VALUE …]", "check everything that has to be true of the database, or of a backup; it changes nothing", verify},
	{"copy", "copy [--from URL] [--to URL] [--SETTING VALUE …]",
		"copy a database into an empty one, or go on with that. A URL is sqlite:PATH or postgres://…; without one it is the database of the settings", copyDatabase},
	{"config check", "config check [--config FILE] [--SETTING VALUE …]", "check the settings and say what is wrong", checkConfig},
	{"config print", "config print [--config FILE] [--SETTING VALUE …]", "print the settings in force", printConfig},
	{"explain", "explain [REQUEST-ID | --digest VALUE] [--json] [--SETTING VALUE …]", "say why a request was refused, or list what was refused last", explainRequest},
	{"version", "version", "print the version", printVersion},
}, iamOperators...)

// settings are those that every command here takes.
func settings() (all []cli.Setting) {
	for _, s := range server.Flags() {
		all = append(all, cli.Setting{Flag: s.Name, Form: s.Form, Help: s.Help})
	}
	return all
}

func main() {
	args := os.Args[1:]
	if found := asked(args); len(found) > 0 {
		explain(found)
		return
	}
	for _, c := range operators {
		words := strings.Fields(c.words)
		if len(args) >= len(words) && slices.Equal(args[:len(words)], words) {
			os.Exit(runCommand(c, args[len(words):]))
		}
	}
	program := &cli.Program{Services: api.Services, Commands: append(login.Commands, configure.New(login.Commands[0].Run), doctor.Command)}
	for _, c := range operators {
		program.Operators = append(program.Operators, cli.Operator{Words: c.words, Usage: c.usage, Purpose: c.help})
	}
	program.Settings = settings
	os.Exit(program.Main(args, command.Environ{
		LookupEnv: os.LookupEnv, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Home: home(), Version: server.Version(),
	}))
}

func runCommand(c operator, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	err := c.run(ctx, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		explain([]operator{c})
		return 0
	case err != nil && ctx.Err() != nil: // whatever was in the middle says so in its own words
		said := "interrupted before it was done"
		if errors.Is(err, server.ErrGoesOn) {
			said += "; " + server.ErrGoesOn.Error()
		}
		fmt.Fprintf(os.Stderr, "sallyport: %s: %s\n", c.words, said)
		return command.ExitInterrupt
	case isMisuse(err):
		fmt.Fprintf(os.Stderr, "sallyport: %s: %v\nusage: sallyport %s\n", c.words, err, c.usage)
		return command.ExitUsage
	case err != nil:
		if refusal, refused := fault.As(err); refused {
			err = errors.New(refusal.Message) // the exception's name is for programs
		}
		fmt.Fprintf(os.Stderr, "sallyport: %s: %v\n", c.words, err)
		return 1
	}
	return 0
}

// asked are the commands whose help is asked for: one, or all that begin with the same word. The word help asks, as behind the commands of
// the client, and so does --help.
func asked(args []string) []operator {
	if len(args) < 2 || !slices.Contains([]string{"help", "--help", "-h"}, args[len(args)-1]) {
		return nil
	}
	words := args[:len(args)-1]
	var found []operator
	for _, c := range operators {
		if all := strings.Fields(c.words); len(words) <= len(all) && slices.Equal(words, all[:len(words)]) {
			found = append(found, c)
		}
	}
	return found
}

func explain(found []operator) {
	settings := false
	for i, c := range found {
		if i > 0 {
			fmt.Println()
		}
		fmt.Printf("usage: sallyport %s\n%s\n", c.usage, c.help)
		settings = settings || strings.Contains(c.usage, "--SETTING")
	}
	if settings {
		fmt.Print("\nsettings:\n")
		server.Usage(os.Stdout)
	}
}

// home is the folder that ~ stands for: what the environment says, or else the list of users. Services and jobs run without the variable,
// and their working folder must not take its place. It is empty when there is none.
func home() string {
	if folder, err := os.UserHomeDir(); err == nil {
		return folder
	}
	account, err := user.Current()
	if err != nil {
		return ""
	}
	return account.HomeDir
}

func serve(ctx context.Context, args []string) error {
	c, err := server.Load(args, os.Environ())
	if err != nil {
		return err
	}
	return server.Serve(ctx, c, os.Stdout, os.Stderr)
}

func apply(ctx context.Context, args []string) error {
	a := &arguments{rest: args}
	file, dryRun := a.value("-f", "--file"), a.flag("--dry-run")
	if file == "" {
		a.refuse("-f FILE is missing: the directory file to apply")
	}
	c, err := a.load()
	if err != nil {
		return err
	}
	return server.Apply(ctx, c, file, dryRun, os.Stdout)
}

func setPassword(ctx context.Context, args []string) error {
	a := &arguments{rest: args}
	name := a.need("NAME", "whose password to set")
	c, err := a.load()
	if err != nil {
		return err
	}
	password, err := readPassword(ctx)
	if err != nil {
		return err
	}
	if err := server.SetPassword(ctx, c, name, password); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "the password of %s is set; they have to sign in again everywhere\n", name)
	return nil
}

// maxPasswordInput is far above the longest password that is accepted.
const maxPasswordInput = 4096

// readPassword asks on the terminal, twice and without echo, or reads the first line of standard input.
func readPassword(ctx context.Context) (string, error) {
	if !command.IsTerminal(os.Stdin) {
		text, err := command.Await(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(os.Stdin, maxPasswordInput)) })
		line, _, _ := strings.Cut(string(text), "\n")
		return strings.TrimSuffix(line, "\r"), err
	}
	var typed [2]string
	for i, prompt := range []string{"New password: ", "Once more: "} {
		fmt.Fprint(os.Stderr, prompt)
		text, err := command.ReadSecret(ctx, os.Stdin)
		fmt.Fprintln(os.Stderr)
		if err != nil {
			return "", err
		}
		typed[i] = string(text)
	}
	if typed[0] != typed[1] {
		return "", errors.New("the two passwords differ; nothing was changed")
	}
	return typed[0], nil
}

func rotateKeys(ctx context.Context, args []string) error {
	a := &arguments{rest: args}
	activateIn := server.PublishAhead
	if text := a.value("--activate-in"); text != "" {
		var err error
		if activateIn, err = server.ParseActivateIn(text); err != nil {
			a.refuse("--activate-in: %w", err)
		}
	}
	if a.flag("--now") {
		activateIn = 0
	}
	a.exclude("--now", "--activate-in", "--now is --activate-in 0s")
	c, err := a.load()
	if err != nil {
		return err
	}
	return server.RotateKeys(ctx, c, activateIn, os.Stdout)
}

func retireKey(ctx context.Context, args []string) error {
	a := &arguments{rest: args}
	keyID, force := a.need("KEY-ID", "`sallyport keys list` shows them"), a.flag("--force")
	c, err := a.load()
	if err != nil {
		return err
	}
	return server.RetireKey(ctx, c, keyID, force, os.Stdout)
}

func rewrapKeys(ctx context.Context, args []string) error {
	c, err := server.Load(args, os.Environ())
	if err != nil {
		return err
	}
	return server.RewrapKeys(ctx, c, os.Stdout)
}

func listKeys(ctx context.Context, args []string) error {
	a := &arguments{rest: args}
	asJSON := a.flag("--json")
	c, err := a.load()
	if err != nil {
		return err
	}
	return server.ListKeys(ctx, c, asJSON, os.Stdout)
}

func checkConfig(_ context.Context, args []string) error {
	if _, err := server.Load(args, os.Environ()); err != nil {
		return err
	}
	fmt.Println("the settings are good")
	return nil
}

func printConfig(_ context.Context, args []string) error {
	c, err := server.Load(args, os.Environ())
	if err != nil {
		return err
	}
	return c.Print(os.Stdout)
}

func printVersion(_ context.Context, args []string) error {
	if err := (&arguments{rest: args}).end(); err != nil {
		return err
	}
	fmt.Println("sallyport " + server.Version())
	return nil
}
