package commandline

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"sallyport/test/harness"
	"sallyport/test/terminal"
)

var update = flag.Bool("update", false, "rewrite the goldens of the scripts")

// scripts is where they are, one folder for each kind of behaviour.
const scripts = "testdata/script"

// Each script is one behaviour. What it can say besides the commands of testscript stands in the map below.
func TestScripts(t *testing.T) {
	binary := harness.Binary(t)
	folders, err := os.ReadDir(scripts)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		t.Run(folder.Name(), func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, testscript.Params{
				Dir: filepath.Join(scripts, folder.Name()), UpdateScripts: *update, RequireExplicitExec: true,
				Setup: func(env *testscript.Env) error { return setUp(env, binary) },
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"sallyport": runSallyport, // it has to succeed
					"exits":     runExits,     // exits CODE PROGRAM ARGUMENT...
					"terminal":  runTerminal,  // terminal CODE COLUMNS PROGRAM ARGUMENT..., on a pseudo-terminal of that width
					"serve":     serve,        // serve [-tls] ANSWERS: starts a server, at $URL (of $HOST) and in AWS_ENDPOINT_URL
					"requests":  requests,     // requests [-all]: prints what the server was asked, with the telling headers or with all
					"fill":      fill,         // fill FILE...: replaces variables in files
				},
			})
		})
	}
}

// stage is what the commands of one script share.
type stage struct {
	t      testing.TB
	server *server
}

type stageKey struct{}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

// setUp gives a script a home, a Region, no way to the instance metadata service, and the program.
func setUp(env *testscript.Env, binary string) error {
	env.Values[stageKey{}] = &stage{t: env.T().(testing.TB)}
	home := filepath.Join(env.WorkDir, "home")
	env.Setenv("HOME", home)
	env.Setenv("AWS_REGION", "eu-west-1")
	env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	env.Setenv("PATH", filepath.Dir(binary)+string(filepath.ListSeparator)+env.Getenv("PATH"))
	return os.MkdirAll(home, 0o700)
}

func refuseNegation(ts *testscript.TestScript, neg bool) {
	if neg {
		ts.Fatalf("! makes no sense here")
	}
}

func runSallyport(ts *testscript.TestScript, neg bool, args []string) {
	runExits(ts, neg, append([]string{"0", "sallyport"}, args...))
}

func runExits(ts *testscript.TestScript, neg bool, args []string) {
	refuseNegation(ts, neg)
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGUMENT...]")
	}
	exit := exitCode(ts, ts.Exec(args[1], args[2:]...))
	fmt.Fprint(ts.Stdout(), mask(ts, ts.ReadFile("stdout")))
	fmt.Fprint(ts.Stderr(), mask(ts, ts.ReadFile("stderr")))
	checkExit(ts, args[0], exit)
}

// exitCode is how a program ended, as a shell tells it: 128 more than the signal, if it was one.
func exitCode(ts *testscript.TestScript, err error) int {
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &ended):
		ts.Fatalf("%v", err)
	}
	if status := ended.Sys().(syscall.WaitStatus); status.Signaled() {
		return 128 + int(status.Signal())
	}
	return ended.ExitCode()
}

func checkExit(ts *testscript.TestScript, want string, got int) {
	if want != strconv.Itoa(got) {
		ts.Fatalf("exit code %d, want %s", got, want)
	}
}

// mask replaces what differs from run to run, the address of the server and the folder of the script, and shows what goldens cannot
// hold or nobody sees: Escape, and an end without a newline.
func mask(ts *testscript.TestScript, text string) string {
	if s := stageOf(ts).server; s != nil {
		text = strings.ReplaceAll(text, s.Listener.Addr().String(), "HOST")
	}
	if text = strings.ReplaceAll(text, "\x1b", "␛"); text != "" && !strings.HasSuffix(text, "\n") {
		text += "␄\n"
	}
	return strings.ReplaceAll(text, ts.Getenv("WORK"), "WORK")
}

// runTerminal runs a program on a pseudo-terminal. What it wrote there is its standard output, with line feeds for line ends.
func runTerminal(ts *testscript.TestScript, neg bool, args []string) {
	refuseNegation(ts, neg)
	if len(args) < 3 {
		ts.Fatalf("usage: terminal CODE COLUMNS PROGRAM [ARGUMENT...]")
	}
	columns, err := strconv.Atoi(args[1])
	ts.Check(err)
	program, err := exec.LookPath(args[2])
	if args[2] == "sallyport" {
		program, err = harness.Binary(stageOf(ts).t), nil
	}
	ts.Check(err)
	screen := terminal.Start(stageOf(ts).t, terminal.Program{
		Command: append([]string{program}, args[3:]...), Env: environ(ts), Dir: ts.Getenv("WORK"), Columns: columns,
	})
	exit := screen.Wait()
	fmt.Fprint(ts.Stdout(), mask(ts, strings.ReplaceAll(screen.Raw(), "\r\n", "\n")))
	checkExit(ts, args[0], exit)
}

// environ is the environment of the script, which testscript tells to programs only.
func environ(ts *testscript.TestScript) []string {
	ts.Check(ts.Exec("env"))
	return strings.Split(strings.TrimSuffix(ts.ReadFile("stdout"), "\n"), "\n")
}

func serve(ts *testscript.TestScript, neg bool, args []string) {
	refuseNegation(ts, neg)
	overTLS := len(args) > 0 && args[0] == "-tls"
	if overTLS {
		args = args[1:]
	}
	if len(args) != 1 {
		ts.Fatalf("usage: serve [-tls] ANSWERS")
	}
	answers, err := parseAnswers(ts.ReadFile(args[0]))
	ts.Check(err)
	s := startServer(answers, ts.Getenv("WORK"), overTLS)
	ts.Defer(s.Close)
	if overTLS {
		ts.Check(s.caBundle())
	}
	stageOf(ts).server = s
	ts.Setenv("URL", s.URL)
	ts.Setenv("HOST", s.Listener.Addr().String())
	ts.Setenv("AWS_ENDPOINT_URL", s.URL)
}

func requests(ts *testscript.TestScript, neg bool, args []string) {
	refuseNegation(ts, neg)
	all := len(args) == 1 && args[0] == "-all"
	if len(args) > 0 && !all {
		ts.Fatalf("usage: requests [-all]")
	}
	var transcripts []string
	for _, r := range stageOf(ts).server.take() {
		transcripts = append(transcripts, r.transcript(all))
	}
	fmt.Fprint(ts.Stdout(), mask(ts, strings.Join(transcripts, "\n")))
}

func fill(ts *testscript.TestScript, neg bool, args []string) {
	refuseNegation(ts, neg)
	for _, name := range args {
		filled := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(filled), 0o600))
	}
}
