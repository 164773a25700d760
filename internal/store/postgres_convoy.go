package store

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// convoy has what several transactions add (UpdateFromMemory) travel to the database together, as one: begin, commit and the wait for the disk
// cost as much for many as for one. While one convoy is on its way the next gathers.
type convoy struct {
	mu        sync.Mutex
	gathering []*passenger
	underway  int
}

// passenger is what one transaction has asked and would add.
type passenger struct {
	proofs  []*proof
	adds    []addition
	arrived chan error
}

const (
	// convoyLength bounds the passengers of a convoy.
	convoyLength = 32
	// convoyPatience is how long a passenger waits for a convoy that is on its way before another may start, and convoysAtMost bounds those:
	// a connection that hangs, or a row that somebody holds, is no reason to keep everybody.
	convoyPatience = 100 * time.Millisecond
	convoysAtMost  = 4
)

// divisionByZero is how a proof fails.
const divisionByZero = "22012"

func (d *postgresDatabase) presume(ctx context.Context, fn func(*Tx) error) error {
	p := &presumption{recollection: recollection{ctx: ctx, memory: &d.memory, hearing: &d.hearing, look: d.look}}
	if fn(&Tx{Now: d.clock.Now(), c: p}) == nil && !p.vain {
		err := d.travel(&passenger{proofs: p.proofs, adds: p.added, arrived: make(chan error, 1)})
		if err == nil || errors.Is(err, ErrOutcomeUnknown) {
			return err
		}
	}
	return d.update(ctx, fn)
}

// travel takes the passenger to the database. It waits also for a caller who leaves, as attempt does.
func (d *postgresDatabase) travel(p *passenger) error {
	c := &d.convoy
	c.mu.Lock()
	c.gathering = append(c.gathering, p)
	c.mu.Unlock()
	d.start(1)
	impatience := time.AfterFunc(convoyPatience, func() { d.start(convoysAtMost) })
	defer impatience.Stop()
	return <-p.arrived
}

// start has somebody drive, if passengers wait and fewer than so many drive already.
func (d *postgresDatabase) start(most int) {
	c := &d.convoy
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.gathering) > 0 && c.underway < most {
		c.underway++
		go d.drive()
	}
}

// drive sends convoys as long as passengers come.
func (d *postgresDatabase) drive() {
	for {
		runtime.Gosched() // who is about to come comes along
		passengers := d.convoy.depart()
		if len(passengers) == 0 {
			return
		}
		err := d.carry(passengers)
		for _, p := range passengers {
			p.arrived <- err
		}
	}
}

// depart returns the next passengers. Where there are none, the driver is not underway any more.
func (c *convoy) depart() []*passenger {
	c.mu.Lock()
	defer c.mu.Unlock()
	passengers := c.gathering
	c.gathering = nil
	if len(passengers) > convoyLength {
		passengers, c.gathering = passengers[:convoyLength:convoyLength], slices.Clone(passengers[convoyLength:])
	}
	if len(passengers) == 0 {
		c.underway--
	}
	return passengers
}

// carry adds what all passengers add, or nothing.
func (d *postgresDatabase) carry(passengers []*passenger) error {
	var proofs []*proof
	for _, p := range passengers {
		for _, proof := range p.proofs {
			if !slices.Contains(proofs, proof) {
				proofs = append(proofs, proof)
			}
		}
	}
	err := d.attempt(context.Background(), func(tx *Tx) error {
		for _, proof := range proofs {
			if err := tx.c.later(proof.sql, proof.binds(), anyCount); err != nil {
				return err
			}
		}
		for _, p := range passengers {
			for _, a := range p.adds {
				if _, err := tx.hope(a.sql, a.args...); err != nil {
					return err
				}
			}
		}
		return nil
	}, d.updates)
	if answer := (*pgconn.PgError)(nil); errors.As(err, &answer) && answer.Code == divisionByZero {
		for _, proof := range proofs {
			proof.found.doubted.Store(true)
		}
	}
	return err
}
