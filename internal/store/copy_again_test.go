package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"sallyport/internal/testdb"
)

var errEnoughRows = errors.New("enough rows")

// halfCopied copies a database up to the middle of a table, and returns the rest of what a run would do next: one more row.
func halfCopied(t *testing.T, from *Store, dir string) (next copyRun) {
	t.Helper()
	update(t, from, func(tx *Tx) error { // more than one batch of a table
		for i := range copyBatch + 10 {
			if _, _, err := tx.CountAttempt(fmt.Sprintf("k%05d", i), tx.Millis()+60_000); err != nil {
				return err
			}
		}
		return nil
	})
	to := connectIn(t, dir)
	ctx, cut := context.WithCancel(t.Context())
	_, err := Copy(ctx, from, to, func(p Progress) {
		if p.Table == "attempt" && p.Rows == copyBatch {
			cut()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	plan, err := planCopy(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	next.to = to
	if next.was, err = to.copyState(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	for _, table := range plan.tables {
		if table.name == next.was.Table {
			next.of = table
		}
	}
	err = from.snapshot(t.Context(), func(tx *Tx) error {
		return tx.rowsOf(next.of, next.was.After, func(values []any) error {
			next.waiting = append(next.waiting, values)
			return errEnoughRows
		})
	})
	if !errors.Is(err, errEnoughRows) {
		t.Fatal(err)
	}
	next.state = next.was
	next.state.Rows++
	next.state.After = next.of.writeKey(next.waiting[0])
	return next
}

// What a process sent before it was killed may be committed after the same command has begun again: PostgreSQL knows nothing of the kill.
func TestACopyWaitsForWhatOneThatWasKilledHasSent(t *testing.T) {
	from, dir := openFile(t), t.TempDir()
	fillEveryTable(t, from)
	killed := halfCopied(t, from, dir)
	want := rowsAsRead(t, from)

	session, commit := killed.send(t)
	again := connectIn(t, dir)
	copied := make(chan error, 1)
	go func() {
		_, err := Copy(t.Context(), from, again, nil)
		copied <- err
	}()
	awaitBehind(t, dir, session)
	if err := commit(); err != nil {
		t.Errorf("what was sent: %v", err)
	}
	if err := <-copied; err != nil {
		t.Errorf("the copy that goes on: %v", err)
	}
	if got := rowsAsRead(t, again); !reflect.DeepEqual(got, want) {
		t.Error("the copy differs")
	}
}

// send adds the rows and leaves the transaction open, until it is committed. The session is that of PostgreSQL.
func (c *copyRun) send(t *testing.T) (session int64, commit func() error) {
	t.Helper()
	sent, may, committed := make(chan int64), make(chan struct{}), make(chan error, 1)
	go func() {
		committed <- c.to.Update(t.Context(), func(tx *Tx) error {
			var session int64
			if testdb.OnPostgreSQL() {
				if _, err := tx.one("SELECT pg_backend_pid()", func(r row) { session = r.int(0) }); err != nil {
					return err
				}
			}
			err := c.add(tx)
			sent <- session
			<-may
			return err
		})
	}()
	return <-sent, func() error {
		close(may)
		return <-committed
	}
}

// A machine that vanished in the middle of a batch is waited for, as long as PostgreSQL may keep its session, and no longer.
func TestACopySaysWhenAnEarlierRunIsNotOver(t *testing.T) {
	if !testdb.OnPostgreSQL() {
		return
	}
	from, dir := openFile(t), t.TempDir()
	fillEveryTable(t, from)
	gone := halfCopied(t, from, dir)
	_, commit := gone.send(t)
	impatient := options(t, dir)
	impatient.Database += "&statement_timeout=100"
	again, err := Connect(impatient)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := Copy(t.Context(), from, again, nil); err == nil || !strings.Contains(err.Error(), "an earlier run of this copy is not over yet: give the same command again in a minute") {
		t.Errorf("the copy: %v", err)
	}
	if err := commit(); err != nil {
		t.Error(err)
	}
	if _, err := Copy(t.Context(), from, again, nil); err != nil {
		t.Errorf("the same command a minute later: %v", err)
	}
}

// awaitBehind waits until somebody waits for a session of PostgreSQL. On SQLite whoever writes waits before it has looked.
func awaitBehind(t *testing.T, dir string, session int64) {
	t.Helper()
	if !testdb.OnPostgreSQL() {
		return
	}
	asks := connectTo(t, testdb.URL(t, dir))
	for behind := 0; behind == 0; {
		err := asks.QueryRow(t.Context(), "SELECT COUNT(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))", session).Scan(&behind)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Of two that copy at once the later one goes on; the earlier one ends, having done no harm.
func TestOfTwoCopiesTheLaterGoesOn(t *testing.T) {
	from, dir := openFile(t), t.TempDir()
	fillEveryTable(t, from)
	overtaken := halfCopied(t, from, dir)
	want := rowsAsRead(t, from)
	tried := false
	again := connectIn(t, dir)
	_, err := Copy(t.Context(), from, again, func(p Progress) {
		if p.Doing != "copy" || tried {
			return
		}
		tried = true
		if err := overtaken.flush(t.Context()); !errors.Is(err, errTwoCopies) {
			t.Errorf("the earlier copy: %v", err)
		}
	})
	if err != nil || !tried {
		t.Errorf("the later copy: %v", err)
	}
	if got := rowsAsRead(t, again); !reflect.DeepEqual(got, want) {
		t.Error("the copy differs")
	}
}

// A batch of which nobody knows whether it was committed is sent again, and is there once.
func TestABatchThatArrivedIsNotAddedAgain(t *testing.T) {
	from, dir := openFile(t), t.TempDir()
	fillEveryTable(t, from)
	run := halfCopied(t, from, dir)
	for range 2 {
		if err := run.to.Update(t.Context(), run.add); err != nil {
			t.Fatal(err)
		}
	}
	again := connectIn(t, dir)
	if _, err := Copy(t.Context(), from, again, nil); err != nil {
		t.Error(err)
	}
}
