// Command fuzz runs every fuzz target of the module for a while each, and ends with 1 when one of them found an input that fails.
//
//	go run ./test/fuzz -time 10s
//	go run ./test/fuzz -time 1h -run 'jose\.FuzzParse$'
//
// Targets are asked of the test binaries, not listed here. A package is built once, with the instrumentation that guides the search, and
// its targets run from that one binary; `go test -fuzz` would link it again for each. What a search found interesting is kept where
// `go test -fuzz` keeps it, so that the next run goes on from there. A failing input is written below testdata/fuzz of its package, as
// `go test` does, and fails the ordinary test from then on.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// grace is what a target may take beyond its time: to run its seeds, to make a failing input smaller, to end.
	grace = 2 * time.Minute
	// longer is how many times as long a target is run again whose seeds and earlier finds took all its time.
	longer = 4
	// minimize bounds how long a failing input is made smaller.
	minimize = 10 * time.Second
	// shown is how much of the output of a failing target is printed.
	shown = 8 << 10
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.DurationVar(&o.each, "time", 10*time.Second, "how long each target is run")
	flag.IntVar(&o.at, "at-once", runtime.GOMAXPROCS(0), "how many targets run side by side, with one worker each")
	run := flag.String("run", "", "only targets that match this, as in jose.FuzzParseSet")
	flag.BoolVar(&o.list, "list", false, "print the targets and end")
	flag.Parse()
	var err error
	if o.run, err = regexp.Compile(*run); err == nil {
		err = o.all(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

type options struct {
	each time.Duration
	at   int
	run  *regexp.Regexp
	list bool

	folder string // of the binaries
	cache  string // where interesting inputs are kept
}

// target is one fuzz target, in the binary of its package.
type target struct {
	suite
	name string
}

// suite is the binary of a package's tests.
type suite struct {
	path, folder, binary string
}

func (t target) String() string { return filepath.Base(t.path) + "." + t.name }

// all builds the packages one after the other, since a build uses every processor, and then runs their targets.
func (o *options) all(ctx context.Context) error {
	var err error
	if o.folder, err = os.MkdirTemp("", "sallyport-fuzz-"); err != nil {
		return err
	}
	defer os.RemoveAll(o.folder)
	if o.cache, err = output(ctx, "", "go", "env", "GOCACHE"); err != nil {
		return err
	}
	began := time.Now()
	targets, err := o.build(ctx)
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		return fmt.Errorf("no fuzz target matches %q", o.run)
	}
	if o.list {
		for _, t := range targets {
			fmt.Println(t)
		}
		return nil
	}
	fmt.Printf("%d targets, built in %s; %s each, %d at once\n\n%-56s %12s %8s %8s\n",
		len(targets), time.Since(began).Round(time.Second), o.each, o.at, "target", "executions", "new", "corpus")
	failed := o.runAll(ctx, targets)
	fmt.Printf("\n%d targets in %s, %d failed\n", len(targets), time.Since(began).Round(time.Second), len(failed))
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("failed: %s", strings.Join(failed, ", "))
	}
	return nil
}

// build makes the binary of each package that has targets and asks it for them.
func (o *options) build(ctx context.Context) ([]target, error) {
	list, err := output(ctx, "", "go", "list", "-f", `{{.ImportPath}} {{.Dir}} {{range .TestGoFiles}}{{.}},{{end}}{{range .XTestGoFiles}}{{.}},{{end}}`, "./...")
	if err != nil {
		return nil, err
	}
	var targets []target
	for line := range strings.Lines(list) {
		fields := strings.Fields(line)
		if len(fields) < 3 || !o.wanted(fields[0], fields[1], strings.Split(fields[2], ",")) {
			continue
		}
		s := suite{fields[0], fields[1], filepath.Join(o.folder, strings.ReplaceAll(fields[0], "/", "-")+".test")}
		if _, err := output(ctx, "", "go", "test", "-c", "-fuzz", "^Fuzz", "-o", s.binary, s.path); err != nil {
			return nil, err
		}
		names, err := output(ctx, s.folder, s.binary, "-test.list", "^Fuzz")
		if err != nil {
			return nil, err
		}
		for _, name := range strings.Fields(names) {
			if t := (target{s, name}); o.run.MatchString(t.String()) {
				targets = append(targets, t)
			}
		}
	}
	return targets, nil
}

var declaration = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// wanted tells whether a package has a target to run. It only spares the building of others: what counts is the binary's own list.
func (o *options) wanted(path, folder string, files []string) bool {
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			continue
		}
		for _, found := range declaration.FindAllSubmatch(text, -1) {
			if o.run.MatchString(filepath.Base(path) + "." + string(found[1])) {
				return true
			}
		}
	}
	return false
}

// runAll runs the targets, some at once, and returns the names of those that failed.
func (o *options) runAll(ctx context.Context, targets []target) (failed []string) {
	var mu sync.Mutex
	var all sync.WaitGroup
	next := make(chan target)
	for range o.at {
		all.Go(func() {
			for t := range next {
				text, err := o.fuzz(ctx, t)
				mu.Lock()
				if report(t, text, err); err != nil {
					failed = append(failed, t.String())
				}
				mu.Unlock()
			}
		})
	}
	for _, t := range targets {
		if ctx.Err() == nil {
			next <- t
		}
	}
	close(next)
	all.Wait()
	return failed
}

// fuzz runs one target for its time. A run that ended in nothing but a deadline of its own is no finding: the engine of go test sometimes
// reports so when its time is over while an input is at work.
func (o *options) fuzz(ctx context.Context, t target) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, (1+longer)*o.each+grace)
	defer cancel()
	text, err := o.search(ctx, t, o.each)
	if err == nil && !progress.MatchString(text) { // all its time went into what is known already
		text, err = o.search(ctx, t, longer*o.each)
	}
	if err != nil && strings.Contains(text, "context deadline exceeded") && !strings.Contains(text, "Failing input") && !strings.Contains(text, "panic:") {
		return text, nil
	}
	return text, err
}

func (o *options) search(ctx context.Context, t target, d time.Duration) (string, error) {
	return output(ctx, t.folder, t.binary,
		"-test.run", "^$", "-test.fuzz", "^"+t.name+"$", "-test.fuzztime", d.String(), "-test.fuzzminimizetime", minimize.String(),
		"-test.fuzzcachedir", filepath.Join(o.cache, "fuzz", t.path), "-test.parallel", "1")
}

// progress is the line that the engine prints now and then; the last one counts.
var progress = regexp.MustCompile(`execs: (\d+) \(\d+/sec\), new interesting: (\d+) \(total: (\d+)\)`)

func report(t target, text string, err error) {
	executions, fresh, corpus := "0", "0", "0"
	if lines := progress.FindAllStringSubmatch(text, -1); lines != nil {
		last := lines[len(lines)-1]
		executions, fresh, corpus = last[1], last[2], last[3]
	}
	fmt.Printf("%-56s %12s %8s %8s\n", t, executions, fresh, corpus)
	if err == nil {
		return
	}
	if len(text) > shown {
		text = text[:shown/2] + "\n…\n" + text[len(text)-shown/2:]
	}
	fmt.Printf("\n%s FAILED: %v\n%s\n", t, err, indent(text))
	if input := failingInput.FindStringSubmatch(text); input != nil {
		fmt.Printf("The input is %s.\nTo run it again: go test %s -run %s\n\n",
			filepath.Join(t.folder, input[1]), strconv.Quote(t.path), strconv.Quote("^"+t.name+"$/^"+filepath.Base(input[1])+"$"))
	}
}

var failingInput = regexp.MustCompile(`Failing input written to (\S+)`)

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}

// output runs a program and returns what it prints, both streams when it fails.
func output(ctx context.Context, folder string, name string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = folder
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) } // the engine ends its workers on it
	command.WaitDelay = 5 * time.Second
	text, err := command.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w", filepath.Base(name), strings.Join(arguments, " "), err)
		if name == "go" {
			err = fmt.Errorf("%w\n%s", err, text)
		}
	}
	return strings.TrimSpace(string(text)), err
}
