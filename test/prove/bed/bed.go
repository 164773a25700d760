// Package bed is what a trouble happens on: a folder with data, a ledger and logs, the servers that run on the data, the workload, and the checker.
// Troubles say what happens; the bed does it, and notes in the ledger that it was done.
package bed

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"sallyport/test/harness"
	"sallyport/test/prove/check"
	"sallyport/test/prove/clerk"
	"sallyport/test/prove/ledger"
	"sallyport/test/prove/remote"
	"sallyport/test/prove/wire"
	"sallyport/test/prove/workload"
)

// Options say what a bed is made of.
type Options struct {
	Folder   string
	Data     string            // the data folder; "" for one in Folder
	Binary   string            // the program
	Database string            // the URL of a database that the servers share; "" for SQLite in Data
	Postgres *harness.Postgres // the server of that, for troubles that end it; nil for SQLite
	Standby  *harness.Postgres // that follows it, if there is one
	Wires    []*wire.Wire      // by which each server reaches the database, by its number; none when nothing is between them
	Nodes    int               // servers to begin with; 0 means one
	Seed     uint64
	Workers  int      // of the workload; 0 means 8
	Args     []string // more settings of the servers
	Progress io.Writer
	Terms    ledger.Terms
}

// Bed is a deployment in trouble. All but Work's workload is for one goroutine.
type Bed struct {
	Options
	*clerk.Clerk
	Work   *workload.Workload
	Random *rand.Rand
	Round  int // for Progress, and for what checks concern themselves with

	issuer *harness.Issuer
	nodes  []*Node
	offset time.Duration
	since  int64 // the last line that was checked
	past   []*ledger.Ledger
	undone []func() error // by Close
}

// Node is a server of the bed.
type Node struct {
	*harness.Node // nil while it does not run
	Address       string
	Log           string // path
	log           *os.File
	number        int
	folder        string
}

// reach is how long the end of a session, a person or an assignment may take to be known to every server.
const reach = time.Second

// Make makes a bed with a server that runs and is configured, and an empty ledger.
func Make(ctx context.Context, options Options) (b *Bed, err error) {
	if options.Nodes > 1 {
		options.Terms.Reach = reach
	}
	options.Workers = cmp.Or(options.Workers, 8)
	options.Data = cmp.Or(options.Data, filepath.Join(options.Folder, "data"))
	b = &Bed{Options: options, Random: rand.New(rand.NewPCG(options.Seed, 1)), Clerk: &clerk.Clerk{Site: remote.NewSite()}}
	defer func() {
		if err != nil {
			b.Close()
		}
	}()
	if err := os.MkdirAll(options.Data, 0o700); err != nil {
		return nil, err
	}
	if b.issuer, err = harness.NewIssuer(); err != nil {
		return nil, err
	}
	if b.Ledger, err = ledger.Create(filepath.Join(options.Folder, "ledger"), ledger.Options{Terms: options.Terms}); err != nil {
		return nil, err
	}
	for range max(1, options.Nodes) {
		if _, err = b.Add(); err != nil {
			return nil, err
		}
	}
	if b.World, err = clerk.Furnish(ctx, b.Site, b.issuer); err != nil {
		return nil, fmt.Errorf("configure the server: %w", err)
	}
	b.Work = workload.New(b.Clerk, options.Workers, options.Seed)
	return b, nil
}

// Close ends everything. The folder stays.
func (b *Bed) Close() {
	for _, node := range b.nodes {
		b.halt(node, (*harness.Node).Stop)
		node.log.Close()
	}
	if b.issuer != nil {
		b.issuer.Close()
	}
	for _, undo := range b.undone {
		undo()
	}
	for _, past := range b.past {
		past.Close()
	}
	if b.Ledger != nil {
		b.Ledger.Close()
	}
}

// Undo has something undone when the bed is closed and no server runs any more.
func (b *Bed) Undo(undo func() error) { b.undone = append(b.undone, undo) }

// Servers are the servers, in the order in which they were added.
func (b *Bed) Servers() []*Node { return b.nodes }

// Any is one of the servers, by chance.
func (b *Bed) Any() *Node { return b.nodes[b.Random.IntN(len(b.nodes))] }

// Add adds a server and starts it.
func (b *Bed) Add() (*Node, error) {
	node := &Node{number: len(b.nodes), folder: filepath.Join(b.Folder, fmt.Sprintf("node-%d", len(b.nodes)))}
	if err := os.MkdirAll(node.folder, 0o700); err != nil {
		return nil, err
	}
	var err error
	if node.Address, err = harness.FreeAddress(); err != nil {
		return nil, err
	}
	node.Log = filepath.Join(node.folder, "log")
	if node.log, err = os.OpenFile(node.Log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		return nil, err
	}
	b.nodes = append(b.nodes, node)
	return node, b.Start(node)
}

// Start starts a server that does not run, under another program if words are given, and returns when it answers. Its clock is set to that of the bed.
func (b *Bed) Start(node *Node, under ...string) (err error) {
	arguments := []string{"--dev", "--listen", node.Address, "--data", b.Data, "--log-level", "debug", "--register-rate", "0", "--device-start-rate", "0"}
	if database := b.database(node); database != "" {
		arguments = append(arguments, "--database", database)
	}
	node.Node, err = harness.StartNode(harness.NodeOptions{
		Binary: b.Binary, Under: under, Args: append(arguments, b.Args...), Log: node.log, Folder: node.folder,
	})
	if err != nil {
		node.Node = nil
		return fmt.Errorf("%w: %s has its log", err, node.Log)
	}
	b.refresh()
	if b.offset != 0 {
		return b.move(node, b.offset)
	}
	return nil
}

// database is the URL by which a server reaches the database.
func (b *Bed) database(node *Node) string {
	if node.number < len(b.Wires) {
		return b.Wires[node.number].URL(b.Database)
	}
	return b.Database
}

// refresh tells the site which servers run.
func (b *Bed) refresh() {
	var endpoints []string
	var ready harness.Ready
	for _, node := range b.nodes {
		if node.Node != nil {
			endpoints, ready = append(endpoints, node.Endpoint), node.Ready
		}
	}
	if len(endpoints) == 0 {
		endpoints, ready = b.Site.Endpoints(), b.Site.Ready // whoever asks finds nobody there
	}
	b.Site.Set(ready, endpoints...)
}

// Kill ends a server as a crash does.
func (b *Bed) Kill(node *Node) error {
	b.halt(node, (*harness.Node).Kill)
	return b.Ledger.Remark("killed the server at " + node.Address)
}

// Stop ends a server in order.
func (b *Bed) Stop(node *Node) error {
	b.halt(node, (*harness.Node).Stop)
	return b.Ledger.Remark("stopped the server at " + node.Address)
}

func (b *Bed) halt(node *Node, end func(*harness.Node)) {
	if node.Node == nil {
		return
	}
	end(node.Node)
	node.Node = nil
	b.Site.Forget()
	b.refresh()
}

// During has the workload run while a trouble does, and returns when both have ended: workers finish what they have begun.
func (b *Bed) During(ctx context.Context, trouble func(ctx context.Context) error) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- b.Work.Run(working) }()
	err := trouble(ctx)
	stop()
	if failed := <-done; failed != nil {
		return failed
	}
	return err
}

// Answers waits until the workload has had so many answers more. A server that answers nobody is a failure.
func (b *Bed) Answers(ctx context.Context, more int64) error {
	const patience = 30 * time.Second
	until := b.Work.Answers() + more
	for deadline := time.Now().Add(patience); b.Work.Answers() < until; time.Sleep(time.Millisecond) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the workload had %d answers in %v, of %d that were waited for", b.Work.Answers()-until+more, patience, more)
		}
	}
	return nil
}

// Check asks about what the ledger says since the last check, and about a sample of what was before.
func (b *Bed) Check(ctx context.Context) error {
	const sample = 40
	return b.check(ctx, check.Options{Since: b.since, Sample: sample})
}

// CheckAll asks about everything, and after that sends part of what is spent again, at a time when no grace covers it.
func (b *Bed) CheckAll(ctx context.Context) error {
	if err := b.check(ctx, check.Options{}); err != nil {
		return err
	}
	const part, beyond = 0.3, 45 * time.Second // beyond the default window and grace, and well within the life of codes
	if err := b.Advance(ctx, beyond); err != nil {
		return err
	}
	if err := b.check(ctx, check.Options{Replay: part}); err != nil {
		return err
	}
	if b.Terms.Reach > 0 {
		if err := b.check(ctx, check.Options{}); err != nil { // what the replays ended has reached every server now
			return err
		}
	}
	return b.Verify()
}

func (b *Bed) check(ctx context.Context, options check.Options) error {
	time.Sleep(b.Terms.Reach) // then nothing that was ended may live anywhere
	options.Seed = b.Seed + uint64(b.Round)
	before := len(b.Ledger.Breaches())
	counts, err := check.Check(ctx, b.Clerk, options)
	if err != nil {
		return err
	}
	b.Ledger.Look(func(book *ledger.Book, _ int64) { b.since = book.Lines })
	b.Say("round %d: asked about %+v, %d breaches", b.Round, counts, len(b.Ledger.Breaches())-before)
	return nil
}

// Say tells whoever watches how it goes.
func (b *Bed) Say(format string, arguments ...any) {
	if b.Progress != nil {
		fmt.Fprintf(b.Progress, format+"\n", arguments...)
	}
}

// Advance moves the clock of every server, and of those that start later. Nothing else may be asked meanwhile.
func (b *Bed) Advance(ctx context.Context, by time.Duration) error {
	time.Sleep(b.Terms.Reach) // which passes on no other clock than this machine's
	for _, node := range b.nodes {
		if node.Node == nil {
			continue
		}
		if err := b.move(node, by); err != nil {
			return err
		}
	}
	b.offset += by
	b.Site.SetClock(b.offset)
	return b.Ledger.SetClock(b.offset)
}

func (b *Bed) move(node *Node, by time.Duration) error {
	answer, err := b.Site.SendTo(context.Background(), node.Endpoint, remote.Control("/_dev/clock", remote.Members{"advance": by.String()}))
	if err == nil && answer.Status != http.StatusOK {
		err = fmt.Errorf("move the clock: %v", answer)
	}
	return err
}

// Operate runs an operator's command beside the servers.
func (b *Bed) Operate(words ...string) (string, error) {
	words = append(words, "--data", b.Data)
	if b.Database != "" {
		words = append(words, "--database", b.Database)
	}
	return harness.Operate(b.Binary, nil, words...)
}

// SearchLogs looks for every secret of the ledger in the logs of all servers, and reports those that it finds. It returns how much it read.
func (b *Bed) SearchLogs() (size int64, err error) {
	secrets := b.Ledger.Secrets()
	for _, past := range b.past {
		secrets = append(secrets, past.Secrets()...)
	}
	search := ledger.NewSearch(secrets)
	for _, node := range b.nodes {
		found, err := search.SearchLog(node.Log)
		if err != nil {
			return size, err
		}
		for _, breach := range found {
			b.Ledger.Report(breach)
		}
		if info, err := os.Stat(node.Log); err == nil {
			size += info.Size()
		}
	}
	return size, nil
}
