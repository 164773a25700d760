package signin

import (
	"context"
	"time"

	"sallyport/internal/fault"
)

const (
	// waitersPerSlot bounds who may wait for a hash. At 26 ms a hash the last of them waits 2.6 s, which a person still takes for a
	// slow page; more would only be served to browsers that gave up.
	waitersPerSlot = 100
	// gatePatience ends the wait of those whom a machine under load keeps longer than that.
	gatePatience = 5 * time.Second
)

// gate lets a bounded number of hashes run at once, so that a flood of sign-ins takes no more memory than slots times the memory of
// one hash, and leaves the processors to others in between.
type gate struct {
	places   chan struct{} // those who run and those who wait
	slots    chan struct{} // those who run
	patience time.Duration
}

func newGate(slots, waiters int, patience time.Duration) *gate {
	return &gate{places: make(chan struct{}, slots+waiters), slots: make(chan struct{}, slots), patience: patience}
}

var busy = fault.TemporarilyUnavailable.Refuse("Too many people are signing in at this moment: try again in a few seconds")

// enter takes a place, or refuses at once when all are taken. It comes before any count, so that a flood spends nobody's tries.
func (g *gate) enter() error {
	select {
	case g.places <- struct{}{}:
		return nil
	default:
		return busy.Because("%d sign-ins wait for a hash", cap(g.places))
	}
}

// leave gives the place back.
func (g *gate) leave() { <-g.places }

// run waits for a slot and does the work in it.
func (g *gate) run(ctx context.Context, work func()) error {
	patience := time.NewTimer(g.patience)
	defer patience.Stop()
	select {
	case g.slots <- struct{}{}:
	case <-patience.C:
		return busy.Because("no hash began within %v", g.patience)
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-g.slots }()
	work()
	return nil
}
