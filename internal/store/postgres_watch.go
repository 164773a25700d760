package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"sallyport/internal/sys"
)

// This file is how a node hears of what others change: it looks at the table change four times a second, and at once when another node says
// that there is something new. It does so on a connection of its own, which no other work keeps waiting.

const (
	// lookEvery is the pause between two looks at the changes. What is said in between makes one come earlier.
	lookEvery = 250 * time.Millisecond
	// lookGap is the least time between two looks, however much is said.
	lookGap = 20 * time.Millisecond
	// watchDeadline bounds every exchange of the watch with the database. It is much longer than a look may take before the node relies on
	// nothing, so that a busy database does not lose its watchers.
	watchDeadline = 5 * time.Second
	// rejoinPause is the pause, half of it at random, before the watch connects again.
	rejoinPause = 200 * time.Millisecond
	// leaveDeadline bounds how long a node that stops takes to say so.
	leaveDeadline = time.Second
	// maxChanges bounds the rows of one look. More of them are as good as "everything".
	maxChanges = 1000
	// clockTolerance is how far the clock of the machine may be from the database's before the log says so.
	clockTolerance = 2 * time.Second
)

// databaseNow is the moment by the clock of the database, in Unix milliseconds: the one that all nodes share.
const databaseNow = `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`

const (
	askNow = `SELECT ` + databaseNow

	// addChange is the last statement of its transaction, so that a change is seen within moments of made_at.
	addChange = `INSERT INTO change (change_id, about, made_at) VALUES ($1, $2, ` + databaseNow + `)`
	// recentChanges are those of the last minute: transactions become visible in another order than they are made, though never so much
	// later. Which of them are new is for the node to tell.
	recentChanges = `SELECT change_id, about FROM change WHERE made_at > ` + databaseNow + ` - 60000 ORDER BY made_at DESC LIMIT $1`
	dropChanges   = `DELETE FROM change WHERE change_id IN
		(SELECT change_id FROM change WHERE made_at < ` + databaseNow + ` - 600000 ORDER BY made_at LIMIT 10000)`

	addNode = `INSERT INTO node (node_id, host, program, newest_migration, started_at, seen_at)
		VALUES ($1, $2, $3, $4, ` + databaseNow + `, ` + databaseNow + `)`
	beatNode = `INSERT INTO node (node_id, host, program, newest_migration, started_at, seen_at)
		VALUES ($1, $2, $3, $4, ` + databaseNow + `, ` + databaseNow + `)
		ON CONFLICT (node_id) DO UPDATE SET seen_at = excluded.seen_at RETURNING seen_at`
	dropNodes = `DELETE FROM node WHERE seen_at < ` + databaseNow + ` - 3600000`
	leaveNode = `DELETE FROM node WHERE node_id = $1`

	askReadOnly = `SELECT current_setting('transaction_read_only')`

	// What nodes say to each other carries nothing: who hears it looks.
	listenChannel = `LISTEN sallyport_change`
	notifyChannel = `NOTIFY sallyport_change`
)

// company is what a node knows of the others over its database.
type company struct {
	address *pgconn.Config // of connections beside the pool
	pooled  bool           // somebody stands between, who shares connections among transactions
	hearing hearing
	memory  memory
	unsaid  chan struct{} // gets a value when this node has changed something that the others do not know of
	leave   func()        // ends the watch; nil before join
}

// tell is called with every transaction that has ended. One that was undone, or of which nobody knows, is told of as well.
func (c *company) tell(tx *Tx) {
	if len(tx.changed) > 0 {
		c.hearing.heard(tx.changed...)
		signal(c.unsaid)
	}
}

// part ends what join began.
func (c *company) part() {
	if c.leave != nil {
		c.leave()
	}
}

// record adds the row of the change that the transaction is, as its last statement.
func (tx *Tx) record(err error) error {
	if len(tx.changed) == 0 || !keeps(err) {
		return err
	}
	// An error of this statement is kept by the session, which then undoes the transaction.
	if _, failed := tx.c.exec(addChange, []any{sys.NewID(tx.Now), strings.Join(tx.changed, ",")}); failed != nil {
		return failed
	}
	return err
}

func (d *postgresDatabase) recall(ctx context.Context, fn func(*Tx) error) error {
	if d.closed.Load() {
		return ErrClosed
	}
	return fn(&Tx{Now: d.clock.Now(), c: &recollection{ctx: ctx, memory: &d.memory, hearing: &d.hearing, look: d.look}})
}

func (d *postgresDatabase) changed(table string) <-chan struct{} { return d.hearing.listen(table) }

// now is the moment by the clock of the database.
func (d *postgresDatabase) now(ctx context.Context) (now int64, err error) {
	err = d.look(ctx, func(tx *Tx) error {
		_, err := tx.one(askNow, func(r row) { now = r.int(0) })
		return err
	})
	return now, err
}

// join enters the node among the others and starts its watch. Entering is a transaction like that of a migration which waits for nodes: one
// of the two sees the other.
func (d *postgresDatabase) join(ctx context.Context, n Node) error {
	steps, err := migrationSteps(migrationFiles)
	if err != nil {
		return err
	}
	err = d.update(ctx, func(tx *Tx) error {
		applied, err := tx.appliedSteps()
		if err != nil {
			return err
		}
		if err := checkRequired(steps, applied); err != nil {
			return err
		}
		_, err = tx.exec(addNode, n.NodeID, n.Host, n.Program, n.NewestMigration)
		return err
	})
	if err != nil {
		return fmt.Errorf("join the other nodes: %w", err)
	}
	w := &watch{postgresDatabase: d, node: n}
	watching, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		w.run(watching)
	}()
	d.leave = func() {
		stop()
		<-stopped
	}
	return nil
}

// watch is the connection on which a node hears of changes and says that it lives. One goroutine uses it.
type watch struct {
	*postgresDatabase
	node       Node
	connection *pgconn.PgConn
	seen       map[string]bool // the changes of the last look
	nextBeat   time.Time
	warnedOf   time.Duration // the difference of clocks that the log knows of
}

// run watches until ctx ends, over as many connections as that takes.
func (w *watch) run(ctx context.Context) {
	for lost := false; ; {
		err := w.follow(ctx, func() {
			if lost {
				w.log.Info("the database can be reached again")
			}
			lost = false
		})
		if ctx.Err() != nil {
			return
		}
		if !lost {
			w.log.Error("the database cannot be reached: until it can, requests that need it are refused", "error", err)
		}
		lost = true
		select {
		case <-time.After(rejoinPause/2 + rand.N(rejoinPause/2)):
		case <-ctx.Done():
			return
		}
	}
}

// follow connects and looks until the connection fails or ctx ends. It calls reached when it has looked for the first time.
func (w *watch) follow(ctx context.Context, reached func()) (err error) {
	if w.connection, err = w.connect(ctx); err != nil {
		return err
	}
	defer w.hangUp()
	w.seen, w.nextBeat = nil, time.Time{}
	for ctx.Err() == nil {
		gap := time.After(lookGap)
		if err := w.look(); err != nil {
			return err
		}
		reached()
		if time.Now().After(w.nextBeat) {
			if err := w.beat(); err != nil {
				return err
			}
			w.nextBeat = time.Now().Add(beatEvery)
		}
		if err := w.wait(ctx); err != nil {
			return err
		}
		<-gap
	}
	return w.say(leaveDeadline, leaveNode, w.node.NodeID)
}

// connect opens the connection, to a database that is written to: one that follows another hears of changes later.
func (w *watch) connect(ctx context.Context) (*pgconn.PgConn, error) {
	connecting, cancel := context.WithTimeout(ctx, watchDeadline)
	defer cancel()
	connection, err := pgconn.ConnectConfig(connecting, w.address)
	if err != nil {
		return nil, err
	}
	w.connection = connection
	readOnly := ""
	err = w.ask(askReadOnly, func(columns [][]byte) { readOnly = string(columns[0]) })
	if err == nil && readOnly == "on" {
		err = errors.New("the database takes no writes")
	}
	if err == nil && !w.pooled { // behind a pooler nobody would hear
		if w.say(watchDeadline, listenChannel) != nil && connection.IsClosed() { // databases without LISTEN are only looked at
			err = errConnection
		}
	}
	if err != nil {
		w.hangUp()
		return nil, err
	}
	return connection, nil
}

func (w *watch) hangUp() {
	ctx, cancel := context.WithTimeout(context.Background(), leaveDeadline)
	defer cancel()
	w.connection.Close(ctx)
}

// look reads the changes of the last minute and passes on those that are new. The first look of a connection finds what it cannot tell from
// what was missed before.
func (w *watch) look() error {
	began := time.Now()
	recent := make(map[string]bool, len(w.seen))
	var news []string
	err := w.ask(recentChanges, func(columns [][]byte) {
		id := string(columns[0])
		recent[id] = true
		if !w.seen[id] {
			news = append(news, strings.Split(string(columns[1]), ",")...)
		}
	}, strconv.Itoa(maxChanges+1))
	switch {
	case err != nil:
		return err
	case w.seen == nil || len(recent) > maxChanges:
		w.hearing.missed()
	default:
		w.hearing.heard(news...)
	}
	w.seen = recent
	w.hearing.nothingMissedSince(began)
	return nil
}

// beat says that the node lives, compares the clocks, and removes what nobody needs any more.
func (w *watch) beat() error {
	began, there := time.Now(), int64(0)
	err := w.ask(beatNode, func(columns [][]byte) { there, _ = strconv.ParseInt(string(columns[0]), 10, 64) },
		w.node.NodeID, w.node.Host, w.node.Program, w.node.NewestMigration)
	if err != nil {
		return err
	}
	w.compareClocks(began.Add(time.Since(began) / 2).Sub(time.UnixMilli(there)))
	return errors.Join(w.say(watchDeadline, dropChanges), w.say(watchDeadline, dropNodes))
}

// compareClocks logs once that the machine's clock is wrong, and again when the difference becomes another one.
func (w *watch) compareClocks(ahead time.Duration) {
	switch moved := (ahead - w.warnedOf).Abs(); {
	case ahead.Abs() <= clockTolerance && w.warnedOf != 0:
		w.warnedOf = 0
		w.log.Info("the clock of this machine agrees with the database's again")
	case ahead.Abs() > clockTolerance && moved > clockTolerance/2:
		w.warnedOf = ahead
		w.log.Warn("the clock of this machine differs from the database's, so tokens begin and end at another moment here than on other nodes: set it by NTP",
			slog.String("ahead", ahead.Round(time.Millisecond).String()))
	}
}

// wait waits until another look is due: after a pause, or when another node says so. A change of this node's own is said on the way.
func (w *watch) wait(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, lookEvery)
	defer cancel()
	stop := make(chan struct{})
	ended := make(chan bool)
	go func() {
		select {
		case <-w.unsaid:
			cancel()
			ended <- true
		case <-stop:
			ended <- false
		}
	}()
	err := w.connection.WaitForNotification(waiting)
	close(stop)
	if own := <-ended; own && !w.connection.IsClosed() {
		return w.notify()
	}
	if err != nil && w.connection.IsClosed() {
		return err
	}
	return nil
}

// notify has the other nodes look. A database without NOTIFY has them look when they are due.
func (w *watch) notify() error {
	if w.say(watchDeadline, notifyChannel) != nil && w.connection.IsClosed() {
		return errConnection
	}
	return nil
}

// say runs a statement whose answer does not matter, ask one whose rows do.
func (w *watch) say(within time.Duration, sql string, values ...string) error {
	return w.exchange(within, sql, func([][]byte) {}, values)
}

func (w *watch) ask(sql string, each func(columns [][]byte), values ...string) error {
	return w.exchange(watchDeadline, sql, each, values)
}

func (w *watch) exchange(within time.Duration, sql string, each func([][]byte), values []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	binds := make([][]byte, len(values))
	for i, value := range values {
		binds[i] = []byte(value)
	}
	answer := w.connection.ExecParams(ctx, sql, binds, nil, nil, nil)
	for answer.NextRow() {
		each(answer.Values())
	}
	if _, err := answer.Close(); err != nil {
		return fmt.Errorf("run %q: %w", sql, err)
	}
	return nil
}
