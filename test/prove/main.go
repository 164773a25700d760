//go:build linux

// Prove holds the program to its promises while things go wrong: nothing that it acknowledged is lost, nothing that is good once is honoured twice, no
// session outlives its end, and no secret is in any log.
//
//	go run ./test/prove [-short] [-only NAME,…] [-seed N] [-database sqlite|postgres|both] [-nodes N] [-at-once N]
//
// It prints one line of JSON for each trouble, and a table of all at the end. It ends with 1 when a promise was broken; the folder with the ledger,
// the logs and the data stays then, and is named.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"

	"sallyport/test/harness"
	"sallyport/test/prove/bed"
	"sallyport/test/prove/ledger"
	"sallyport/test/prove/stopper"
	"sallyport/test/prove/trouble"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == stopper.Word {
		os.Exit(stopper.Main(os.Args[2:]))
	}
	p := prover{out: os.Stdout}
	only := flag.String("only", "", "`names` of the troubles to make, with commas; all without it")
	database := flag.String("database", trouble.SQLite, "`database` to make them on: sqlite, postgres or both")
	flag.BoolVar(&p.short, "short", false, "make less of each, as every change is given")
	flag.Uint64Var(&p.seed, "seed", 0, "`number` that decides what is left to chance; 0 takes a new one")
	flag.StringVar(&p.binary, "binary", "", "`program` to prove; without it, that of this tree is built")
	flag.IntVar(&p.nodes, "nodes", 1, "`number` of servers over the database")
	flag.StringVar(&p.keep, "keep", "", "`folder` for what stays; without it a temporary one")
	flag.IntVar(&p.atOnce, "at-once", 0, "`number` of troubles that are made side by side; without it three of the short form, and one of the long one")
	verbose := flag.Bool("v", false, "tell how it goes")
	flag.Parse()
	if *verbose {
		p.progress = os.Stderr
	}
	if p.atOnce <= 0 {
		p.atOnce = map[bool]int{true: 3, false: 1}[p.short]
	}
	p.seed = cmp.Or(p.seed, 1+rand.Uint64()%math.MaxUint32)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	kept, err := p.all(ctx, chosen(*only), databases(*database))
	if err != nil {
		fmt.Fprintln(os.Stderr, "prove:", err)
	}
	if err != nil || !kept {
		os.Exit(1)
	}
}

// chosen are the troubles that are named.
func chosen(only string) (troubles []trouble.Trouble) {
	if only == "" {
		return trouble.All
	}
	for _, name := range strings.Split(only, ",") {
		at := slices.IndexFunc(trouble.All, func(t trouble.Trouble) bool { return t.Name == name })
		if at < 0 {
			usage("there is no trouble %q; there are %s", name, strings.Join(names(), ", "))
		}
		troubles = append(troubles, trouble.All[at])
	}
	return troubles
}

func names() (all []string) {
	for _, t := range trouble.All {
		all = append(all, t.Name)
	}
	return all
}

func databases(name string) []string {
	switch name {
	case trouble.SQLite, trouble.PostgreSQL:
		return []string{name}
	case "both":
		return []string{trouble.SQLite, trouble.PostgreSQL}
	}
	usage("-database must be sqlite, postgres or both")
	return nil
}

func usage(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "prove: "+format+"\n", arguments...)
	os.Exit(2)
}

// prover makes troubles one after the other.
type prover struct {
	out      io.Writer
	progress io.Writer
	short    bool
	seed     uint64
	binary   string
	nodes    int
	keep     string
	atOnce   int

	mu      sync.Mutex // for what is printed and counted
	figures []figure
}

// figure is a line of the output.
type figure struct {
	Trouble      string             `json:"trouble"`
	Database     string             `json:"database"`
	Nodes        int                `json:"nodes"`
	Rounds       int                `json:"rounds"`
	Acknowledged int64              `json:"acknowledged"`
	Lost         int                `json:"lost"`
	Doubled      int                `json:"doubled"`
	Survived     int                `json:"survived"`
	Secrets      int                `json:"secrets"`
	Ledger       int                `json:"ledger"`
	Wrong        int                `json:"wrong"`
	LogBytes     int64              `json:"logBytes"`
	Seed         uint64             `json:"seed"`
	Seconds      float64            `json:"seconds"`
	More         map[string]float64 `json:"more,omitempty"`
	Error        string             `json:"error,omitempty"`
}

// all makes the troubles and reports whether every promise was kept.
func (p *prover) all(ctx context.Context, troubles []trouble.Trouble, databases []string) (kept bool, err error) {
	if p.binary == "" {
		if p.binary, err = harness.Build(); err != nil {
			return false, err
		}
	}
	folder := p.keep
	if folder == "" {
		if folder, err = os.MkdirTemp("", "prove-"); err != nil {
			return false, err
		}
	}
	kept, err = p.each(ctx, p.jobs(troubles, databases), folder)
	p.table()
	if err != nil {
		return false, err
	}
	if !kept {
		fmt.Fprintf(p.out, "promises were broken: %s has what there is to see\n", folder)
		return false, ctx.Err()
	}
	return true, errors.Join(ctx.Err(), os.RemoveAll(folder))
}

// job is a trouble on a database.
type job struct {
	trouble.Trouble
	database string
}

func (p *prover) jobs(troubles []trouble.Trouble, databases []string) (jobs []job) {
	for _, database := range databases {
		for _, t := range troubles {
			if t.On(database) && (t.Short || !p.short) {
				jobs = append(jobs, job{t, database})
			}
		}
	}
	return jobs
}

// each makes troubles, as many side by side as were asked for: most of the time something waits for a server that is away.
func (p *prover) each(ctx context.Context, jobs []job, folder string) (kept bool, err error) {
	broken, errs := make([]bool, len(jobs)), make([]error, len(jobs))
	places := make(chan struct{}, p.atOnce)
	var making sync.WaitGroup
	for i, j := range jobs {
		places <- struct{}{}
		making.Go(func() {
			if ctx.Err() == nil {
				kept, err := p.one(ctx, j.Trouble, j.database, filepath.Join(folder, j.Name+"-"+j.database))
				broken[i], errs[i] = !kept, err
			}
			<-places
		})
	}
	making.Wait()
	return !slices.Contains(broken, true), errors.Join(errs...)
}

// one makes a trouble, prints its figure, and reports whether every promise was kept. The folder stays if not.
func (p *prover) one(ctx context.Context, t trouble.Trouble, database, folder string) (kept bool, err error) {
	began := time.Now()
	f := figure{Trouble: t.Name, Database: database, Nodes: max(p.nodes, t.Nodes), Seed: p.seed}
	options := bed.Options{Folder: folder, Binary: p.binary, Nodes: f.Nodes, Seed: p.seed, Progress: p.progress, Terms: t.Terms}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return false, err
	}
	breaches, err := p.make(ctx, t, database, options, &f)
	f.Seconds = math.Round(time.Since(began).Seconds()*10) / 10
	if err != nil {
		f.Error = err.Error()
	}
	p.print(f, breaches)
	if err == nil && len(breaches) == 0 {
		return true, os.RemoveAll(folder)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "%s: %s has the ledger and the logs\n", t.Name, folder)
	return false, nil
}

// make makes a trouble on a bed of its own.
func (p *prover) make(ctx context.Context, t trouble.Trouble, database string, options bed.Options, f *figure) (breaches []ledger.Breach, err error) {
	if database == trouble.PostgreSQL {
		if options.Postgres, err = harness.NewPostgres(); err != nil {
			return nil, fmt.Errorf("start a PostgreSQL: %w", err)
		}
		defer options.Postgres.Remove()
		options.Database = options.Postgres.URL()
	}
	if t.Bed != nil {
		undo, err := t.Bed(&options)
		if err != nil {
			return nil, err
		}
		defer undo()
	}
	b, err := bed.Make(ctx, options)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	return p.run(ctx, t, b, f)
}

func (p *prover) run(ctx context.Context, t trouble.Trouble, b *bed.Bed, f *figure) ([]ledger.Breach, error) {
	figures, err := t.Run(ctx, b, trouble.Size{Short: p.short})
	f.Rounds, f.More = figures.Rounds, figures.More
	if err == nil {
		err = b.CheckAll(ctx)
	}
	var failed error
	if f.LogBytes, failed = b.SearchLogs(); failed != nil {
		err = errors.Join(err, failed)
	}
	b.Ledger.Look(func(book *ledger.Book, _ int64) { f.Acknowledged = figures.Acknowledged + book.Acknowledged })
	breaches := b.Ledger.Breaches()
	for _, breach := range breaches {
		*map[ledger.Invariant]*int{
			ledger.Lost: &f.Lost, ledger.Doubled: &f.Doubled, ledger.Survived: &f.Survived, ledger.Leaked: &f.Secrets, ledger.Broken: &f.Ledger,
			ledger.Wrong: &f.Wrong,
		}[breach.Invariant]++
	}
	return breaches, err
}

// mostShown bounds the breaches that are printed; the ledger has what is behind all of them.
const mostShown = 20

func (p *prover) print(f figure, breaches []ledger.Breach) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.figures = append(p.figures, f)
	text, err := json.Marshal(f)
	if err != nil {
		panic(err) // numbers and texts: it cannot fail
	}
	fmt.Fprintf(p.out, "%s\n", text)
	for _, breach := range breaches[:min(len(breaches), mostShown)] {
		fmt.Fprintln(p.out, breach)
	}
}

func (p *prover) table() {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nTROUBLE\tDATABASE\tROUNDS\tACKNOWLEDGED\tLOST\tDOUBLED\tSURVIVED\tSECRETS\tWRONG\tSECONDS\t")
	for _, f := range p.figures {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.1f\t%s\n",
			f.Trouble, f.Database, f.Rounds, f.Acknowledged, f.Lost, f.Doubled, f.Survived, f.Secrets, f.Wrong, f.Seconds, f.Error)
	}
	w.Flush()
}
