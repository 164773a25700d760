package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"zombiezen.com/go/sqlite"
)

// openSQLiteReadOnly opens a file that is there and that nobody writes.
func openSQLiteReadOnly(options Options, path string) (database, error) {
	if err := CheckFile(path); err != nil {
		return nil, err
	}
	d := &sqliteDatabase{
		clock:   options.Clock,
		writes:  make(chan *write),
		stopped: make(chan struct{}),
		readers: make(chan *conn, max(4, 2*runtime.GOMAXPROCS(0))),
		path:    path,
		closing: make(chan struct{}),
	}
	for range cap(d.readers) {
		d.readers <- nil
	}
	go d.refuse()
	return d, nil
}

// refuse answers every write of a database that is only read.
func (d *sqliteDatabase) refuse() {
	defer close(d.stopped)
	for w := range d.writes {
		w.done <- outcome{err: errReadOnly}
	}
}

var errReadOnly = errors.New("store: the file is only read")

// sqliteHeader begins every file of SQLite.
const sqliteHeader = "SQLite format 3\x00"

// CheckFile says what a file is not that has to be a database of SQLite. Opening it otherwise could make one.
func CheckFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder, and no SQLite database", path)
	}
	header := make([]byte, len(sqliteHeader))
	if _, err := io.ReadFull(file, header); err != nil || string(header) != sqliteHeader {
		return fmt.Errorf("%s is no SQLite database", path)
	}
	return nil
}

// snapshot is view: SQLite bounds no statement. It is interrupted when ctx ends.
func (d *sqliteDatabase) snapshot(ctx context.Context, fn func(*Tx) error) error {
	return d.read(ctx, func(reader *conn) error {
		reader.db.SetInterrupt(ctx.Done())
		defer reader.db.SetInterrupt(nil)
		if err := reader.do("BEGIN"); err != nil {
			return fmt.Errorf("begin a snapshot: %w", err)
		}
		defer func() {
			reader.db.SetInterrupt(nil)
			reader.do("ROLLBACK")
		}()
		err := fn(&Tx{Now: d.clock.Now(), c: reader})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	})
}

func (d *sqliteDatabase) engine() string { return "sqlite" }

// export has SQLite do it. Writers go on meanwhile; the write-ahead log grows until it is done.
func (d *sqliteDatabase) export(ctx context.Context, path string) (bool, error) {
	return true, d.read(ctx, func(reader *conn) error {
		reader.db.SetInterrupt(ctx.Done())
		defer reader.db.SetInterrupt(nil)
		_, err := reader.exec("VACUUM INTO $1", []any{path})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	})
}

// integrity finds damaged pages, rows out of order, and indexes that do not match.
func (d *sqliteDatabase) integrity(ctx context.Context, limit int) (wrong []string, looked bool, err error) {
	err = d.read(ctx, func(reader *conn) error {
		reader.db.SetInterrupt(ctx.Done())
		defer reader.db.SetInterrupt(nil)
		return reader.query(fmt.Sprintf("PRAGMA integrity_check(%d)", limit), nil, func(r row) error {
			if line := r.text(0); line != "ok" {
				wrong = append(wrong, line)
			}
			return nil
		})
	})
	if sqlite.ErrCode(err).ToPrimary() == sqlite.ResultCorrupt || sqlite.ErrCode(err).ToPrimary() == sqlite.ResultNotADB {
		return []string{err.Error()}, true, nil
	}
	return wrong, true, err
}

func (c *conn) load(t *table, rows [][]any) error {
	binds := make([]string, len(t.columns))
	for i := range binds {
		binds[i] = fmt.Sprintf("$%d", i+1)
	}
	statement := "INSERT INTO " + t.name + " (" + t.names() + ") VALUES (" + strings.Join(binds, ", ") + ")"
	for _, values := range rows { // a statement that is prepared costs no more than a row of a longer one, inside of this process
		if _, err := c.exec(statement, values); err != nil {
			return err
		}
	}
	return nil
}
