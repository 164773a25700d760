// Package doctor is the command that looks for what keeps a profile from working: in the files, the environment, on the way to the
// server, at the server, in the cached sign-ins and in the AWS CLI that is installed. It owns the checks, what each says and what mends it.
//
// Each check is a value: its name, the checks without which it makes no sense, and the function that makes findings. The way to the
// server is client's, so that it is the way that commands take; the sign-in is session's and the files in which it is kept are ssocache's.
package doctor

import (
	"context"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"sallyport/internal/awsconfig"
	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/session"
)

// Command is the command.
var Command = &command.Command{
	Word:    "doctor",
	Purpose: "Find what keeps a profile from working, and say what mends it",
	Description: []string{
		"Looks at the configuration and the environment, goes to the server step by step, looks at the sign-in and its files, and gets " +
			"credentials of the profile's role. Each step says in one line that it is well or what is wrong, and names the command or the " +
			"setting that mends it. A step that needs another one that failed is passed over.",
		"ok is well, warn may trouble some programs, FAIL has to be mended, skip could not be looked at. Exits with 0 unless something " +
			"fails, and with 255 if something does. With --output or --query it prints a list of objects.",
		"--fix mends what cannot do harm: modes of files, files in the cache that no program can read (they are renamed, not removed), and " +
			"times that some SDKs do not read. It says what it did.",
		"A session that nears its end is refreshed, as every SDK would. Secrets are never shown.",
	},
	Options: command.Options{
		{Name: optionFix, Purpose: "Mend what is safe to mend."},
	},
	Examples: []command.Example{
		{Title: "Examine a profile", Line: "doctor --profile dev"},
		{Title: "Look at the way to a server that no profile names yet", Line: "doctor --endpoint-url https://sso.example.com"},
		{Title: "Mend files", Line: "doctor --profile dev --fix"},
		{Title: "Name only what fails", Line: "doctor --query '[?status==`fail`].sentence' --output text"},
	},
	Run: run,
}

const optionFix = "fix"

// check is one step.
type check struct {
	name  string
	needs []string // names of checks before it that must not have failed
	run   func(context.Context, *patient) []finding
}

// checks are all steps in their order.
var checks = []check{
	{name: "files", run: checkFiles},
	{name: "profile", needs: []string{"files"}, run: checkProfile},
	{name: "environment", needs: []string{"files"}, run: checkEnvironment},
	{name: "sign-in", needs: []string{"profile"}, run: checkSignIn},
	{name: "address", needs: []string{"files"}, run: checkAddress},
	{name: "proxy", needs: []string{"address"}, run: checkProxy},
	{name: "name", needs: []string{"address", "proxy"}, run: checkName},
	{name: "connection", needs: []string{"name"}, run: checkConnection},
	{name: "tls", needs: []string{"connection"}, run: checkTLS},
	{name: "server", needs: []string{"tls"}, run: checkServer},
	{name: "clock", needs: []string{"server"}, run: checkClock},
	{name: "headers", needs: []string{"server"}, run: checkHeaders},
	{name: "start URL", needs: []string{"sign-in"}, run: checkStartURL},
	{name: "cache", run: checkCache},
	{name: "session", needs: []string{"sign-in", "server"}, run: checkSession},
	{name: "accounts", needs: []string{"session"}, run: checkAccounts},
	{name: "role", needs: []string{"accounts"}, run: checkRole},
	{name: "aws", run: checkClients},
}

// patient is what is examined, and what the checks have found out about it for those behind them.
type patient struct {
	*command.Call
	fix bool
	now func() time.Time
	// output runs a program and returns what it prints. Only the check of the AWS CLI does.
	output func(ctx context.Context, path string, args ...string) ([]byte, error)

	files   *awsconfig.Files  // nil when they cannot be read
	name    string            // of the profile
	keys    awsconfig.Section // of the profile
	section awsconfig.Section // of its sso-session; nil in the older form

	settings  *client.Settings
	signIn    *session.SignIn
	doors     []*door       // of sso-oidc and of sso
	answered  bool          // the server told its time
	clockSkew time.Duration // by which the server's clock is ahead of ours

	startURLRefused bool   // by AWS CLIs of today
	startURL        string // that they would take, if the server told
}

// stepPatience bounds a single question on the way to the server. A server that takes longer is of no use.
const stepPatience = 10 * time.Second

func run(ctx context.Context, call *command.Call) error {
	show, err := newPrinter(call)
	if err != nil {
		return err
	}
	own := *call
	own.Global = maps.Clone(call.Global)
	for _, option := range []string{"cli-connect-timeout", "cli-read-timeout"} {
		if !own.Global.Has(option) {
			own.Global[option] = []string{strconv.Itoa(int(stepPatience.Seconds()))}
		}
	}
	p := &patient{Call: &own, fix: call.Local.Has(optionFix), now: time.Now, output: programOutput}
	results := p.examine(ctx, checks, show.each)
	p.close()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := show.all(results); err != nil {
		return err
	}
	if failed := count(results, fail); failed > 0 {
		return command.OtherError("%d of %d findings have to be mended", failed, len(results))
	}
	return nil
}

func programOutput(ctx context.Context, path string, args ...string) ([]byte, error) {
	return exec.CommandContext(ctx, path, args...).CombinedOutput()
}

// examine makes one check after the other. A check whose needs failed is passed over, with those that need it.
func (p *patient) examine(ctx context.Context, checks []check, tell func(result)) []result {
	var results []result
	broken := map[string]bool{}
	for _, c := range checks {
		if ctx.Err() != nil {
			return results
		}
		var findings []finding
		if missing := slices.IndexFunc(c.needs, func(need string) bool { return broken[need] }); missing >= 0 {
			findings = []finding{skipped("not looked at, because of " + c.needs[missing])}
		} else {
			findings = c.run(ctx, p)
		}
		for _, f := range findings {
			broken[c.name] = broken[c.name] || f.status == fail || f.status == skip
			results = append(results, result{c.name, f})
			tell(results[len(results)-1])
		}
	}
	return results
}

func (p *patient) close() {
	for _, d := range p.doors {
		d.transport.CloseIdleConnections()
	}
}

// profileOption is how the profile is named on a command line; empty for the default one, and where the files do not tell.
func (p *patient) profileOption() string {
	if p.name == "" || p.name == defaultProfile {
		return ""
	}
	return " --profile " + quote(p.name)
}
