package store

import (
	"context"
	"errors"
	"math/bits"
	"runtime"
	"slices"
	"strconv"
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

	forms sync.Map // rowsOf to the statement
}

// rowsOf is an INSERT, and for how many rows it is to be.
type rowsOf struct {
	sql  string
	rows int
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
	// convoyPatience is how long passengers wait for a convoy that is on its way before another starts, and convoysAtMost bounds those: a
	// connection that hangs, or a row that somebody holds, is no reason to keep everybody.
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
	d.start()
	return <-p.arrived
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

// load puts the rows together that are added in the same way: each statement costs about as much as the row that it adds. They come in
// statements of 1, 2, 4, … rows, so that those are few.
func (c *convoy) load(passengers []*passenger) (loaded []addition) {
	var ways []string
	rows := map[string][][]any{}
	for _, p := range passengers {
		for _, a := range p.adds {
			if rows[a.sql] == nil {
				ways = append(ways, a.sql)
			}
			rows[a.sql] = append(rows[a.sql], a.args)
		}
	}
	for _, sql := range ways {
		for left := rows[sql]; len(left) > 0; {
			n := 1 << (bits.Len(uint(len(left))) - 1)
			together := c.form(sql, n, len(left[0]))
			if together == "" {
				n, together = 1, sql
			}
			loaded = append(loaded, addition{together, slices.Concat(left[:n]...)})
			left = left[n:]
		}
	}
	return loaded
}

var (
	rowInsert = sys.Pattern(`(?s)^INSERT INTO \w+ \([^()]*\)\s+VALUES (\(.*\))$`)
	bindOfRow = sys.Pattern(`\$[0-9]+`)
)

// form is the INSERT with so many rows of so many binds, empty where it does not end with the values of one.
func (c *convoy) form(sql string, rows, binds int) string {
	if made, ok := c.forms.Load(rowsOf{sql, rows}); ok {
		return made.(string)
	}
	form := ""
	if found := rowInsert().FindStringSubmatch(sql); found != nil {
		form = sql
		for i := 1; i < rows; i++ {
			form += ", " + bindOfRow().ReplaceAllStringFunc(found[1], func(bind string) string {
				number, _ := strconv.Atoi(bind[1:])
				return "$" + strconv.Itoa(number+i*binds)
			})
		}
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
		for _, proof := range proofs {
			if err := tx.c.(*postgresSession).wait(proof.postgresStatement); err != nil {
				return err
			}
		}
		for _, a := range d.convoy.load(passengers) {
			if _, err := tx.hope(a.sql, a.args...); err != nil {
				return err
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
