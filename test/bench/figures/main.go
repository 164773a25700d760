// Command figures measures everything that docs/performance.md has a goal for and a machine can measure by itself, and holds it against the goals:
// `make bench`. It prints one JSON line for each figure, and a table.
//
// The measuring is done by the benchmarks of test/bench. This program runs them, in rounds where other work on the machine would make one
// run a matter of luck, and takes medians. What is missed is no failure unless -strict asks for it: a shared machine is no judge.
//
//	go run ./test/bench/figures
//	go run ./test/bench/figures -database postgres
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"sallyport/internal/testdb"
	"sallyport/test/harness"
)

// settings are the flags.
type settings struct {
	database    string
	databasePID int
	rounds      int
	within      time.Duration
	strict      bool
}

func main() {
	var s settings
	flag.StringVar(&s.database, "database", "", `"postgres" for a private PostgreSQL, or the postgres:// address of one; SQLite without`)
	flag.IntVar(&s.databasePID, "database-pid", 0, "process of the PostgreSQL at that address, so that its processor time is counted in")
	flag.IntVar(&s.rounds, "rounds", 3, "how often each flow is measured; the median counts")
	flag.DurationVar(&s.within, "within", 10*time.Minute, "when to end, with what was measured until then")
	flag.BoolVar(&s.strict, "strict", false, "exit with status 1 when a goal is missed or a figure is missing")
	flag.Parse()
	met, err := run(s)
	if err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
	if s.strict && !met {
		os.Exit(1)
	}
}

func run(s settings) (met bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), s.within)
	defer cancel()
	folder, err := os.MkdirTemp("", "figures")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(folder)
	environment := os.Environ()
	if s.database != "" {
		more, remove, err := onPostgreSQL(s)
		if err != nil {
			return false, err
		}
		defer remove()
		environment = append(environment, more...)
	}
	m := measuring{program: filepath.Join(folder, "bench.test"), environment: environment, found: map[sample][]float64{}}
	if err := m.build(ctx); err != nil {
		return false, err
	}
	m.measure(ctx, s)
	return report(m, s.database != ""), nil
}

// onPostgreSQL returns the variables by which the benchmarks keep their rows on a PostgreSQL, and what ends it when it was made here.
func onPostgreSQL(s settings) (environment []string, remove func(), err error) {
	address, pid, remove := s.database, s.databasePID, func() {}
	if s.database == "postgres" {
		server, err := harness.NewPostgres()
		if err != nil {
			return nil, nil, err
		}
		remove = func() { server.Remove() }
		address = server.URL()
		if pid, err = onlyChild("postgres"); err != nil {
			remove()
			return nil, nil, err
		}
	}
	environment = []string{testdb.Variable + "=" + address}
	if pid != 0 {
		environment = append(environment, "BENCH_DATABASE_PID="+strconv.Itoa(pid))
	}
	return environment, remove, nil
}

// onlyChild finds the process of that name which this one has started.
func onlyChild(name string) (int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		var pid, parent int
		var state string
		open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
		if _, err := fmt.Sscanf(string(text[:open])+string(text[end+1:]), "%d %s %d", &pid, &state, &parent); err == nil &&
			parent == os.Getpid() && string(text[open+1:end]) == name {
			return pid, nil
		}
	}
	return 0, fmt.Errorf("no process %s was started by this one", name)
}

// batch is one run of benchmarks.
type batch struct {
	benchmarks string // pattern, as -bench takes it
	times      int    // operations of each
}

// flows are measured in every round. The bare handlers are what they are held against.
var flows = []batch{
	{"^BenchmarkBareJSON$", 40_000},
	{"^BenchmarkPendingPoll$", 40_000},
	{"^BenchmarkBareJSONWithOneCommit$", 15_000},
	{"^BenchmarkRefresh$", 15_000},
	{"^BenchmarkStartDeviceAuthorization$", 12_000},
	{"^BenchmarkRegisterClient$", 30_000},
	{"^BenchmarkAssertions$", 5_000},
	{"^BenchmarkDiscovery$", 40_000},
	{"^BenchmarkGetRoleCredentials$", 30_000},
}

// sizes are measured once, in turns within themselves. They go first, since no goal may be left out for want of time.
var sizes = []batch{
	{"^BenchmarkGrowth$", 15_000},
	{"^BenchmarkListUsers$", 2_000},
	{"^BenchmarkMemory$", 1},
	{"^BenchmarkStart$", 10},
}

// sample says what was measured: a benchmark, and the unit of one of its metrics.
type sample struct{ benchmark, unit string }

// measuring collects what the benchmarks print.
type measuring struct {
	program     string
	environment []string
	found       map[sample][]float64
}

func (m *measuring) build(ctx context.Context) error {
	c := exec.CommandContext(ctx, "go", "test", "-c", "-o", m.program, "./test/bench")
	c.Dir, c.Stderr = harness.Root(), os.Stderr
	return c.Run()
}

func (m *measuring) measure(ctx context.Context, s settings) {
	began := time.Now()
	for _, b := range sizes {
		m.run(ctx, b)
	}
	for round := range s.rounds {
		roundBegan := time.Now()
		for _, b := range flows {
			m.run(ctx, b)
		}
		took := time.Since(roundBegan)
		if round+1 < s.rounds && time.Since(began)+took > s.within*9/10 {
			fmt.Fprintf(os.Stderr, "no time for round %d of %d\n", round+2, s.rounds)
			return
		}
	}
}

// run runs benchmarks. One that fails leaves its figures out, and the report says so.
func (m *measuring) run(ctx context.Context, b batch) {
	c := exec.CommandContext(ctx, m.program, "-test.run", "-", "-test.bench", b.benchmarks, "-test.benchtime", strconv.Itoa(b.times)+"x", "-test.timeout", "0")
	c.Dir = filepath.Join(harness.Root(), "test", "bench")
	c.Env = m.environment
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	began := time.Now()
	if err := c.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n%s", b.benchmarks, err, out.Bytes())
	}
	m.read(out.Bytes())
	fmt.Fprintf(os.Stderr, "%-40s %s\n", b.benchmarks, time.Since(began).Round(time.Second))
}

// turn is where a benchmark says that it is measured again.
var turn = regexp.MustCompile(`(/turn-\d+)?(-\d+)?$`)

// read takes the metrics out of what benchmarks print: a name, how often it ran, then numbers and their units.
func (m *measuring) read(out []byte) {
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := turn.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), "")
		for i := 2; i+1 < len(fields); i += 2 {
			if value, err := strconv.ParseFloat(fields[i], 64); err == nil {
				at := sample{name, fields[i+1]}
				m.found[at] = append(m.found[at], value)
			}
		}
	}
}

// median is the middle of what was measured.
func (m *measuring) median(s sample) (value float64, found bool) {
	values := slices.Sorted(slices.Values(m.found[s]))
	if len(values) == 0 {
		return 0, false
	}
	return values[len(values)/2], true
}

// figure is a line of the report: a sample, or its share of another one.
type figure struct {
	name   string
	of     sample
	over   sample // empty for no share
	goal   goal
	onPG   goal // on PostgreSQL
	digits int
}

// goal is what a figure should be: at least, or at most. The zero value is none.
type goal struct{ atLeast, atMost float64 }

func (g goal) met(value float64) bool {
	return (g.atLeast == 0 || value >= g.atLeast) && (g.atMost == 0 || value <= g.atMost)
}

func (g goal) String() string {
	switch {
	case g.atLeast != 0:
		return "≥ " + strconv.FormatFloat(g.atLeast, 'f', -1, 64)
	case g.atMost != 0:
		return "≤ " + strconv.FormatFloat(g.atMost, 'f', -1, 64)
	}
	return ""
}

const (
	perCPU     = "ops/server-cpu-s"
	slowest    = "p99-us"
	middle     = "p50-us"
	milliReady = "ms-to-ready"
)

// The best durable peer on PostgreSQL, per second of the processor time of server and database (docs/performance.md), and how many times as fast
// the flows that issue tokens are to be.
const (
	peerRefresh    = 207
	peerAssertions = 330
	timesThePeer   = 5
)

func least(value float64) goal { return goal{atLeast: value} }
func most(value float64) goal  { return goal{atMost: value} }

// figures are what docs/performance.md promises.
var figures = []figure{
	{name: "pending device poll", of: sample{"PendingPoll/8-connections", perCPU}, goal: least(15_000)},
	{name: "refresh with rotation", of: sample{"Refresh/8-connections", perCPU}, goal: least(5_000), onPG: least(timesThePeer * peerRefresh)},
	{name: "StartDeviceAuthorization", of: sample{"StartDeviceAuthorization", perCPU}, goal: least(6_000)},
	{name: "RegisterClient", of: sample{"RegisterClient", perCPU}, goal: least(12_000)},
	{name: "JWT bearer, RS256 assertion", of: sample{"Assertions/" + harness.RSAKeyID, perCPU}, goal: least(3_500), onPG: least(timesThePeer * peerAssertions)},
	{name: "JWT bearer, ES256 assertion", of: sample{"Assertions/" + harness.ECKeyID, perCPU}},
	{name: "JWKS", of: sample{"Discovery/jwks.json", perCPU}, goal: least(20_000)},
	{name: "discovery", of: sample{"Discovery/openid-configuration", perCPU}, goal: least(20_000)},
	{name: "GetRoleCredentials", of: sample{"GetRoleCredentials", perCPU}, goal: least(8_000)},
	{name: "bare handler", of: sample{"BareJSON", perCPU}},
	{name: "bare handler, shared commit", of: sample{"BareJSONWithOneCommit/8-connections", perCPU}},
	{name: "poll / bare handler", of: sample{"PendingPoll/8-connections", perCPU}, over: sample{"BareJSON", perCPU}, digits: 2},
	{name: "refresh / bare, shared commit", of: sample{"Refresh/8-connections", perCPU}, over: sample{"BareJSONWithOneCommit/8-connections", perCPU}, digits: 2},
	{
		name: "p99 of refresh, 32 connections / bare, shared commit",
		of:   sample{"Refresh/32-connections", slowest}, over: sample{"BareJSONWithOneCommit/32-connections", slowest}, goal: most(2), digits: 2,
	},
	{
		name: "refresh of 1,000,000 sessions / of 1,000",
		of:   sample{"Growth/Refresh/of-1000000", perCPU}, over: sample{"Growth/Refresh/of-1000", perCPU}, goal: least(0.8), onPG: least(0.8), digits: 2,
	},
	{
		name: "ListUsers page of 100,000 people / of 1,000",
		of:   sample{"ListUsers/of-100000", middle}, over: sample{"ListUsers/of-1000", middle}, goal: most(1.2), onPG: most(1.2), digits: 2,
	},
	{name: "MiB with 10,000 sessions", of: sample{"Memory", "MiB-with-10000-sessions"}, goal: most(80), onPG: most(80), digits: 1},
	{name: "MiB at rest", of: sample{"Start", "MiB-at-rest"}, digits: 1},
	{name: "MiB of the large database", of: sample{"Growth/Ready", "MiB-database"}},
	{name: "ms to ready on it", of: sample{"Growth/Ready", milliReady}, goal: most(300)},
	{name: "ms to ready on it after a crash", of: sample{"Growth/ReadyAfterCrash", milliReady}, goal: most(2000)},
}

// line is a figure as JSON.
type line struct {
	Figure   string    `json:"figure"`
	Database string    `json:"database"`
	Value    float64   `json:"value"`
	Goal     string    `json:"goal,omitempty"`
	Met      *bool     `json:"met,omitempty"`
	Samples  []float64 `json:"samples,omitempty"`
	Missing  bool      `json:"missing,omitempty"`
}

// report prints every figure and tells whether all goals are met.
func report(m measuring, onPG bool) (met bool) {
	met = true
	database := "SQLite"
	if onPG {
		database = "PostgreSQL"
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	table := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	for _, f := range figures {
		wanted := f.goal
		if onPG {
			wanted = f.onPG
		}
		l := line{Figure: f.name, Database: database, Goal: wanted.String(), Samples: m.found[f.of]}
		var found bool
		l.Value, found = m.value(f)
		verdict := ""
		switch {
		case !found:
			l.Missing, verdict, met = true, "missing", false
		case wanted != goal{}:
			pass := wanted.met(l.Value)
			l.Met, met = &pass, met && pass
			verdict = map[bool]string{true: "pass", false: "miss"}[pass]
		}
		out.Encode(l)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.name, strconv.FormatFloat(l.Value, 'f', f.digits, 64), l.Goal, verdict)
	}
	fmt.Println()
	table.Flush()
	return met
}

func (m *measuring) value(f figure) (float64, bool) {
	value, found := m.median(f.of)
	if f.over == (sample{}) || !found {
		return value, found
	}
	over, found := m.median(f.over)
	return value / over, found && over > 0
}
