package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"sallyport/internal/sys"
)

// convoy has what several transactions add (UpdateFromMemory) travel to the database together, as one: begin, commit and the wait for the disk
// cost as much for many as for one. While one convoy is on its way the next gathers.
type convoy struct {
	mu                sync.Mutex
	gathering         []*passenger
	underway, overdue int // drivers, and those of them who have been on their way for too long

	lately, before map[string]bool // what passengers hoped to be new, in two generations

	forms sync.Map // rowsOf to the statement
}

// passenger is what one transaction has asked and would add.
type passenger struct {
	proofs  []*proof
	adds    []addition
	hoped   []string
	arrived chan error
}

// rowsOf is an INSERT, and for how many rows it is to be.
type rowsOf struct {
	sql  string
	rows int
}

const (
	// convoyLength bounds the passengers of a convoy, and gatheringAtMost those who wait for one: who comes then goes by Update.
	convoyLength    = 32
	gatheringAtMost = 4 * convoyLength
	// convoyPatience is how long passengers wait for a convoy that is on its way before another starts, and convoysAtMost bounds those: a
	// connection that hangs, or a row that somebody holds, is no reason to keep everybody.
	convoyPatience = 100 * time.Millisecond
	convoysAtMost  = 4
	// hopesKept bounds a generation of what passengers hoped to be new. What comes again is not new, and would fail the convoy.
	hopesKept = 8192
)

// divisionByZero is how a proof fails.
const divisionByZero = "22012"

func (d *postgresDatabase) presume(ctx context.Context, fn func(*Tx) error) error {
	p := &presumption{recollection: recollection{ctx: ctx, memory: &d.memory, hearing: &d.hearing, look: d.look}}
	if fn(&Tx{Now: d.clock.Now(), c: p}) != nil || p.vain {
		return d.update(ctx, fn)
	}
	began := time.Now()
	err := d.travel(ctx, &passenger{proofs: p.proofs, adds: p.added, hoped: p.hoped, arrived: make(chan error, 1)})
	switch {
	case err == nil, errors.Is(err, ErrOutcomeUnknown):
		return err
	case errors.Is(err, errBusy) && time.Since(began) > patience: // it had its chance
		return err
	}
	way := d.updates
	way.hopeful = !errors.Is(err, errNotNew)
	return d.transact(ctx, fn, way)
}

// Why a passenger does not travel.
var (
	errNoRoom = errors.New("store: too many wait for a convoy")
	errNotNew = errors.New("store: what is hoped to be new was there lately")
)

// travel takes the passenger to the database. A caller who leaves before the convoy does stays behind; one who is on the way arrives.
func (d *postgresDatabase) travel(ctx context.Context, p *passenger) error {
	if err := d.convoy.board(p); err != nil {
		return err
	}
	d.start()
	select {
	case err := <-p.arrived:
		return err
	case <-ctx.Done():
	}
	if d.convoy.leave(p) {
		return ctx.Err()
	}
	return <-p.arrived
}

// board takes the passenger into the next convoy, unless too many wait, or it brings what somebody brought before.
func (c *convoy) board(p *passenger) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case slices.ContainsFunc(p.hoped, func(hope string) bool { return c.lately[hope] || c.before[hope] }):
		return errNotNew
	case len(c.gathering) == gatheringAtMost:
		return errNoRoom
	}
	if c.lately == nil || len(c.lately)+len(p.hoped) > hopesKept {
		c.lately, c.before = map[string]bool{}, c.lately
	}
	for _, hope := range p.hoped {
		c.lately[hope] = true
	}
	c.gathering = append(c.gathering, p)
	return nil
}

// leave takes a passenger out again who is still waiting, and reports whether it was.
func (c *convoy) leave(p *passenger) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting := len(c.gathering)
	c.gathering = slices.DeleteFunc(c.gathering, func(other *passenger) bool { return other == p })
	return len(c.gathering) < waiting
}

// start has somebody drive, if passengers wait and nobody drives who is in time.
func (d *postgresDatabase) start() {
	c := &d.convoy
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.gathering) > 0 && c.underway == c.overdue && c.underway < convoysAtMost {
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
		err := d.carryInTime(passengers)
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

// carryInTime is carry, and has another start where it takes too long.
func (d *postgresDatabase) carryInTime(passengers []*passenger) error {
	c, late, arrived := &d.convoy, 0, false
	timer := time.AfterFunc(convoyPatience, func() {
		c.mu.Lock()
		if !arrived {
			late = 1
			c.overdue++
		}
		c.mu.Unlock()
		d.start()
	})
	err := d.carry(passengers)
	timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	arrived = true
	c.overdue -= late
	return err
}

// together are the rows that all add, those of the same INSERT in one: a statement costs about as much as the row that it adds. They come in
// statements of 1, 2, 4, … rows, so that those are few.
func (c *convoy) together(passengers []*passenger) (all []addition) {
	var inserts []string
	rows := map[string][][]any{}
	for _, p := range passengers {
		for _, a := range p.adds {
			if rows[a.sql] == nil {
				inserts = append(inserts, a.sql)
			}
			rows[a.sql] = append(rows[a.sql], a.args)
		}
	}
	for _, sql := range inserts {
		for left := rows[sql]; len(left) > 0; {
			n := min(1<<(bits.Len(uint(len(left)))-1), convoyLength)
			all = append(all, addition{c.form(sql, n, len(left[0])), slices.Concat(left[:n]...)})
			left = left[n:]
		}
	}
	return all
}

var (
	insertedRow = sys.Pattern(`(?s)^INSERT INTO (\w+) \([^()]*\)\s+VALUES (\(.*\))$`)
	bindOfRow   = sys.Pattern(`\$[0-9]+`)
)

// rowInsert reports whether a statement adds one row, and fails where it is there already. It returns the table and the row.
func rowInsert(sql string) (table, row string, adds bool) {
	found := insertedRow().FindStringSubmatch(sql)
	if found == nil || strings.Contains(sql, "ON CONFLICT") {
		return "", "", false
	}
	return found[1], found[2], true
}

// form is the INSERT with so many rows, each of so many binds.
func (c *convoy) form(sql string, rows, binds int) string {
	if made, ok := c.forms.Load(rowsOf{sql, rows}); ok {
		return made.(string)
	}
	_, row, _ := rowInsert(sql)
	form := sql
	for i := 1; i < rows; i++ {
		form += ", " + bindOfRow().ReplaceAllStringFunc(row, func(bind string) string {
			number, _ := strconv.Atoi(bind[1:])
			return "$" + strconv.Itoa(number+i*binds)
		})
	}
	c.forms.Store(rowsOf{sql, rows}, form)
	return form
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
		s := tx.c.(*postgresSession)
		if hungUp(s.connection.Conn()) { // otherwise nobody could say what became of the only trip
			return fmt.Errorf("%w: the database has closed it", errConnection)
		}
		for _, proof := range proofs {
			if err := s.wait(proof.postgresStatement); err != nil {
				return err
			}
		}
		for _, a := range d.convoy.together(passengers) {
			if hoped, err := tx.hope(a.sql, a.args...); !hoped || err != nil {
				return cmp.Or(err, errHoped)
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
