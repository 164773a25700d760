//go:build linux

package trouble

import (
	"context"
	"fmt"
	"time"

	"sallyport/test/prove/bed"
	"sallyport/test/prove/ledger"
	"sallyport/test/prove/wire"
)

// connectionLoss loses what passes between servers and the database. One server is in trouble at a time, and all of them last.
var connectionLoss = Trouble{
	Name: "connection-loss", What: "connections to PostgreSQL cut, silent, or without the answer to COMMIT", Databases: []string{PostgreSQL}, Short: true, Nodes: pair,
	Bed: func(options *bed.Options) (undo func() error, err error) {
		for range options.Nodes {
			w, err := wire.New(options.Database)
			if err != nil {
				return nil, err
			}
			options.Wires = append(options.Wires, w)
		}
		return func() (err error) {
			for _, w := range options.Wires {
				err = w.Close()
			}
			return err
		}, nil
	},
	Run: func(ctx context.Context, b *bed.Bed, size Size) (f Figures, err error) {
		lost := map[string]int64{}
		for range size.Pick(3, 1) {
			for _, loss := range losses {
				if size.Short && loss.long {
					continue
				}
				b.Round++
				before := commitsLost(b)
				if err := lose(ctx, b, loss); err != nil {
					return f, fmt.Errorf("%s: %w", loss.name, err)
				}
				lost[loss.name] += commitsLost(b) - before
				f.Rounds++
			}
		}
		f.More = map[string]float64{}
		for _, loss := range losses {
			if loss.commits > 0 {
				f.More["commits: "+loss.name] = float64(lost[loss.name])
			}
			if loss.commits > 0 && lost[loss.name] == 0 {
				return f, fmt.Errorf("no COMMIT was lost by %q: nothing was proved", loss.name)
			}
		}
		return f, nil
	},
}

// loss is something that the network does.
type loss struct {
	name    string
	mode    wire.Mode
	commits int64 // how many it loses, of each server
	all     bool  // of all servers at once, in place of one by chance
	lasts   time.Duration
	long    bool // not for the short form
}

// losses are told apart by what a server can know: nothing of an answer that is lost, and less of a silence.
var losses = []loss{
	{name: "the answer to COMMIT is lost", mode: wire.LostAnswers, commits: 60, all: true},
	{name: "COMMIT is lost", mode: wire.LostRequests, commits: 60, all: true},
	{name: "the answer to COMMIT is lost in silence", mode: wire.LostSilently, commits: 6, all: true},
	{name: "one server is cut off", mode: wire.Cut, lasts: 2 * time.Second},
	{name: "one server hears nothing", mode: wire.Silent, lasts: 3 * time.Second},
	{name: "all servers are cut off", mode: wire.Cut, lasts: time.Second, all: true},
	{name: "all servers hear nothing", mode: wire.Silent, lasts: 12 * time.Second, all: true, long: true}, // beyond the deadline of transactions
}

// lose has the network do something under load, and be whole again.
func lose(ctx context.Context, b *bed.Bed, l loss) error {
	const before, after = 100, 150 // answers
	wires := b.Wires
	if !l.all {
		wires = wires[b.Random.IntN(len(wires)):][:1]
	}
	err := b.During(ctx, func(ctx context.Context) error {
		if err := b.Answers(ctx, before); err != nil {
			return err
		}
		if err := b.Ledger.Remark(l.name); err != nil {
			return err
		}
		for _, w := range wires {
			w.Set(l.mode, l.commits)
		}
		if err := endure(ctx, b, l); err != nil {
			return err
		}
		for _, w := range wires {
			w.Set(wire.Whole, 0)
		}
		if err := b.Ledger.Remark("the network is whole"); err != nil {
			return err
		}
		return b.Answers(ctx, after)
	})
	if err != nil {
		return err
	}
	if err := b.Check(ctx); err != nil {
		return err
	}
	return everybodyWorks(ctx, b)
}

// endure returns when the network has lost what it was to lose, or for as long as it was to be away.
func endure(ctx context.Context, b *bed.Bed, l loss) error {
	if l.commits == 0 {
		select {
		case <-ctx.Done():
		case <-time.After(l.lasts):
		}
		return ctx.Err()
	}
	const patience = 30 * time.Second
	from := commitsLost(b)
	for deadline := time.Now().Add(patience); commitsLost(b) < from+l.commits && time.Now().Before(deadline) && ctx.Err() == nil; {
		time.Sleep(time.Millisecond)
	}
	return ctx.Err()
}

func commitsLost(b *bed.Bed) (lost int64) {
	for _, w := range b.Wires {
		lost += w.Lost()
	}
	return lost
}

// everybodyWorks signs in at each server by itself: none may stay in trouble.
func everybodyWorks(ctx context.Context, b *bed.Bed) error {
	ready, endpoints := b.Site.Ready, b.Site.Endpoints()
	defer b.Site.Set(ready, endpoints...)
	for i, endpoint := range endpoints {
		b.Site.Set(ready, endpoint)
		name := fmt.Sprintf("after-%d-%d", b.Round, i)
		if err := approved(ctx, b, name); err != nil {
			return err
		}
		if outcome, err := b.Redeem(ctx, name); err != nil || !outcome.OK() {
			b.Ledger.Report(ledger.Breach{Invariant: ledger.Lost, Of: name, Why: fmt.Sprintf("%s does not recover: %v %v", endpoint, outcome.Answer, err)})
		}
	}
	return nil
}
