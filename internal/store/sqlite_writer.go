package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

const (
	// writeQueue bounds the updates that wait for the writer; further callers wait in Update, where their context ends the wait.
	writeQueue = 1024
	// batchSize bounds the updates that share one commit, so that the first of them does not wait for ever.
	batchSize = 512
	// beginAttempts bounds the tries to start a batch while another process holds the database. Each try already waits busyTimeout.
	beginAttempts = 4
)

// write is one call of Update on its way through the writer.
type write struct {
	ctx  context.Context
	fn   func(*Tx) error
	done chan outcome
}

type outcome struct {
	err      error
	panicked any
}

// run is the writer: the only goroutine that changes the database. It takes what waits, runs it in one transaction, and answers
// nobody before the commit is on disk (group commit).
func (d *sqliteDatabase) run(c *conn) {
	defer close(d.stopped)
	batch := make([]*write, 0, batchSize)
	for first := range d.writes {
		batch = append(batch[:0], first)
		runtime.Gosched() // who was answered by the last commit may come with the next update: larger batches, fewer commits
		batch = d.drain(batch)
		d.commit(c, batch)
	}
}

// drain adds what waits already, without waiting for more.
func (d *sqliteDatabase) drain(batch []*write) []*write {
	for len(batch) < batchSize {
		select {
		case next, open := <-d.writes:
			if !open {
				return batch
			}
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// commit runs the batch in one transaction. A member that fails is undone alone; a commit that fails fails every member.
//
// Nearly always all of them succeed, so at first nothing stands between them. When one has to be undone, all are, and the batch is run once
// more with a savepoint around each member: functions of Update may run twice.
func (d *sqliteDatabase) commit(c *conn, batch []*write) {
	results := make([]outcome, len(batch))
	err := d.attempt(c, batch, results, false)
	if errors.Is(err, errOneFailed) {
		clear(results)
		err = d.attempt(c, batch, results, true)
	}
	for i, w := range batch {
		if err != nil {
			results[i] = outcome{err: fmt.Errorf("commit: %w", err)}
		}
		w.done <- results[i]
	}
}

var errOneFailed = errors.New("a member of the batch has to be undone")

// attempt runs the batch in one transaction, with a savepoint around each member or without.
func (d *sqliteDatabase) attempt(c *conn, batch []*write, results []outcome, apart bool) error {
	err := begin(c)
	if err == nil {
		err = d.members(c, batch, results, apart)
	}
	if err == nil && len(batch) == 1 && !results[0].stands() {
		return c.rollback()
	}
	if err == nil {
		err = c.do("COMMIT")
	}
	if err != nil {
		c.rollback()
	}
	return err
}

// stands reports whether what the member did is kept.
func (o outcome) stands() bool { return o.panicked == nil && keeps(o.err) }

// members runs the batch. On some errors, a full disk among them, SQLite undoes the whole transaction by itself: then nothing more may
// run, because it would be outside of any, and be kept although its caller hears otherwise.
func (d *sqliteDatabase) members(c *conn, batch []*write, results []outcome, apart bool) error {
	for i, w := range batch {
		results[i] = d.member(c, w, apart)
		if !c.inTransaction() {
			return errors.Join(errUndone, results[i].err)
		}
		if len(batch) > 1 && !apart && !results[i].stands() {
			return errOneFailed
		}
	}
	return nil
}

var errUndone = errors.New("the database undid the transaction")

// begin takes the write lock, which another process may hold for a while.
func begin(c *conn) error {
	var err error
	for range beginAttempts {
		if err = c.do("BEGIN IMMEDIATE"); err == nil || !isBusy(err) {
			return err
		}
	}
	return err
}

// member runs one write of a batch, inside a savepoint when it is to stand apart.
func (d *sqliteDatabase) member(c *conn, w *write, apart bool) (result outcome) {
	if err := w.ctx.Err(); err != nil {
		return outcome{err: err} // the caller has gone, and nothing was done
	}
	if apart {
		if err := c.do("SAVEPOINT member"); err != nil {
			return outcome{err: err}
		}
		defer func() {
			if result.panicked != nil || !keeps(result.err) {
				result.err = errors.Join(result.err, c.do("ROLLBACK TO member"))
			}
			if err := c.do("RELEASE member"); err != nil {
				result.err = errors.Join(result.err, err)
			}
		}()
	}
	defer func() { result.panicked = recover() }()
	result.err = w.fn(&Tx{Now: d.clock.Now(), c: c})
	return result
}
