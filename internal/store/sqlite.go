package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"sallyport/internal/safefile"
	"sallyport/internal/sys"
)

// sqliteDatabase is a file in the data folder: one connection that writes, several that read.
type sqliteDatabase struct {
	clock   *sys.Clock
	writes  chan *write
	writer  *conn         // used by the goroutine of run alone until it has ended
	stopped chan struct{} // closed when the writer has ended
	readers chan *conn
	path    string

	gate    sync.RWMutex // held for reading by who hands a write over, so that close comes after
	closed  bool
	closing chan struct{} // closed by close
}

// openSQLite opens the database in the folder and starts the writer.
func openSQLite(options Options) (database, error) {
	path := cmp.Or(options.File, filepath.Join(options.Dir, File))
	if options.Access == ReadOnly {
		return openSQLiteReadOnly(options, path)
	}
	if err := makeFile(path); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	mode := readWrite
	if options.Access == Alone {
		mode = alone
	}
	writer, err := openConn(path, mode)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	d := &sqliteDatabase{
		writer:  writer,
		clock:   options.Clock,
		writes:  make(chan *write, writeQueue),
		stopped: make(chan struct{}),
		readers: make(chan *conn, max(4, 2*runtime.GOMAXPROCS(0))),
		path:    path,
		closing: make(chan struct{}),
	}
	for range cap(d.readers) {
		d.readers <- nil // opened when first needed
	}
	go d.run(writer)
	return d, nil
}

// makeFile makes a new database readable by its owner alone; the log beside it takes after it. One that everybody may read is refused: it
// holds digests of passwords.
func makeFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, safefile.Private)
	if err != nil {
		return err
	}
	return errors.Join(safefile.KeepPrivate(file), file.Close())
}

func (d *sqliteDatabase) close() error {
	d.gate.Lock()
	if d.closed {
		d.gate.Unlock()
		return ErrClosed
	}
	d.closed = true
	close(d.closing)
	close(d.writes)
	d.gate.Unlock()
	<-d.stopped
	var errs []error
	for range cap(d.readers) {
		if reader := <-d.readers; reader != nil {
			errs = append(errs, reader.close())
		}
	}
	// Last: whoever closes last moves the write-ahead log into the database, which readers may not, and a stopped server is then one file.
	if d.writer != nil {
		errs = append(errs, d.writer.close())
	}
	return errors.Join(errs...)
}

func (d *sqliteDatabase) view(ctx context.Context, fn func(*Tx) error) error {
	return d.read(ctx, func(reader *conn) error {
		if err := reader.do("BEGIN"); err != nil {
			return fmt.Errorf("begin a snapshot: %w", err)
		}
		defer reader.do("ROLLBACK") // ends the snapshot also when fn panics
		return fn(&Tx{Now: d.clock.Now(), c: reader})
	})
}

func (d *sqliteDatabase) look(ctx context.Context, fn func(*Tx) error) error {
	return d.read(ctx, func(reader *conn) error {
		return fn(&Tx{Now: d.clock.Now(), c: reader, single: true})
	})
}

func (d *sqliteDatabase) presume(ctx context.Context, fn func(*Tx) error) error {
	return d.update(ctx, fn)
}

func (d *sqliteDatabase) recall(ctx context.Context, fn func(*Tx) error) error {
	return d.read(ctx, func(reader *conn) error { return fn(&Tx{Now: d.clock.Now(), c: reader}) })
}

func (d *sqliteDatabase) join(context.Context, Node) error { return nil }

func (d *sqliteDatabase) changed(string) <-chan struct{} { return nil }

func (d *sqliteDatabase) now(context.Context) (int64, error) { return 0, nil }

// read runs fn with a connection that nobody else uses meanwhile.
func (d *sqliteDatabase) read(ctx context.Context, fn func(*conn) error) error {
	var reader *conn
	select {
	case reader = <-d.readers:
	case <-d.closing:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { d.readers <- reader }()
	if reader == nil {
		var err error
		if reader, err = openConn(d.path, readOnly); err != nil {
			return fmt.Errorf("open a reader: %w", err)
		}
	}
	return fn(reader)
}

// update hands fn to the writer: concurrent updates share a commit.
func (d *sqliteDatabase) update(ctx context.Context, fn func(*Tx) error) error {
	w := &write{ctx: ctx, fn: fn, done: make(chan outcome, 1)}
	if err := d.enqueue(w); err != nil {
		return err
	}
	result := <-w.done
	if result.panicked != nil {
		panic(result.panicked)
	}
	return result.err
}

// enqueue hands a write to the writer, which answers every one that it was handed.
func (d *sqliteDatabase) enqueue(w *write) error {
	d.gate.RLock()
	defer d.gate.RUnlock()
	if d.closed {
		return ErrClosed
	}
	select {
	case d.writes <- w:
		return nil
	case <-w.ctx.Done():
		return w.ctx.Err()
	}
}

// definition makes tables that are ordered by their key, instead of by a hidden row number with a second tree for the key.
func (d *sqliteDatabase) definition(statement string) string {
	if strings.HasPrefix(statement, "CREATE TABLE") {
		return statement + " WITHOUT ROWID"
	}
	return statement
}

func (d *sqliteDatabase) tables() string {
	return `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
}
