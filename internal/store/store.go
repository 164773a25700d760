// Package store keeps rows: the one concrete store of the house, on an embedded SQLite database. It owns the schema, the SQL and
// the moment of each transaction, and leaves every rule to the rooms. The SQL is written once, in the words that SQLite and
// PostgreSQL share; what differs is in dialect.go.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"sallyport/internal/fault"
	"sallyport/internal/sys"
)

// File is the name of the database in the data folder.
const File = "sallyport.db"

// Options say where the store is and what it asks the time.
type Options struct {
	Dir    string // data folder, must exist
	Clock  *sys.Clock
	Logger *slog.Logger
}

// Store is an open database. It is safe for use by many goroutines, and by several processes on one machine: `sallyport apply`
// writes beside a running server.
type Store struct {
	clock   *sys.Clock
	log     *slog.Logger
	writes  chan *write
	writer  *conn         // used by the goroutine of run alone until it has ended
	stopped chan struct{} // closed when the writer has ended
	readers chan *conn
	path    string

	gate    sync.RWMutex // held for reading by who hands a write over, so that Close comes after
	closed  bool
	closing chan struct{} // closed by Close
}

// ErrClosed is returned by Update and View after Close.
var ErrClosed = errors.New("store: closed")

// Tx is one transaction, with the one moment that rules inside it read.
type Tx struct {
	Now time.Time
	c   *conn

	single, asked bool // Look allows one statement, which was run
}

// Millis is the moment of the transaction as the columns keep it: Unix milliseconds.
func (tx *Tx) Millis() int64 { return tx.Now.UnixMilli() }

// Open opens the database in the folder, brings its schema up to date and starts the writer.
func Open(options Options) (*Store, error) {
	path := filepath.Join(options.Dir, File)
	if err := makeFile(path); err != nil {
		return nil, fmt.Errorf("make database %s: %w", path, err)
	}
	writer, err := openConn(path, readWrite)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	if err := migrate(writer, options.Clock.Now()); err != nil {
		writer.close()
		return nil, fmt.Errorf("bring database %s up to date: %w", path, err)
	}
	s := &Store{
		writer:  writer,
		clock:   options.Clock,
		log:     options.Logger,
		writes:  make(chan *write, writeQueue),
		stopped: make(chan struct{}),
		readers: make(chan *conn, max(4, 2*runtime.GOMAXPROCS(0))),
		path:    path,
		closing: make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	for range cap(s.readers) {
		s.readers <- nil // opened when first needed
	}
	go s.run(writer)
	return s, nil
}

// Close waits for the writes that were accepted and the snapshots that are open, and closes every connection. Whoever comes later gets
// ErrClosed: a request that was cut off at the end of a shutdown may still be running.
func (s *Store) Close() error {
	s.gate.Lock()
	if s.closed {
		s.gate.Unlock()
		return ErrClosed
	}
	s.closed = true
	close(s.closing)
	close(s.writes)
	s.gate.Unlock()
	<-s.stopped
	var errs []error
	for range cap(s.readers) {
		if reader := <-s.readers; reader != nil {
			errs = append(errs, reader.close())
		}
	}
	// Last: whoever closes last moves the write-ahead log into the database, which readers may not, and a stopped server is then one file.
	errs = append(errs, s.writer.close())
	return errors.Join(errs...)
}

// makeFile makes a new database readable by its owner alone; the log beside it takes after it.
func makeFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// View runs fn on a snapshot of the database. It writes nothing. The wait for a free reader is bounded by ctx.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error {
	return s.read(ctx, func(reader *conn) error {
		if err := reader.do("BEGIN"); err != nil {
			return fmt.Errorf("begin a snapshot: %w", err)
		}
		defer reader.do("ROLLBACK") // ends the snapshot also when fn panics
		return fn(&Tx{Now: s.clock.Now(), c: reader})
	})
}

// Look is View for fn that asks one question: a single statement is a snapshot by itself and costs less than half without a transaction
// around it. A second statement fails.
func (s *Store) Look(ctx context.Context, fn func(*Tx) error) error {
	return s.read(ctx, func(reader *conn) error {
		return fn(&Tx{Now: s.clock.Now(), c: reader, single: true})
	})
}

// read runs fn with a connection that nobody else uses meanwhile.
func (s *Store) read(ctx context.Context, fn func(*conn) error) error {
	var reader *conn
	select {
	case reader = <-s.readers:
	case <-s.closing:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { s.readers <- reader }()
	if reader == nil {
		var err error
		if reader, err = openConn(s.path, readOnly); err != nil {
			return fmt.Errorf("open a reader: %w", err)
		}
	}
	return fn(reader)
}

// Update runs fn in a transaction that is on disk when Update returns. Concurrent updates share a commit.
//
// Refusals commit, failures roll back: when fn returns nil or a *fault.Refusal, what it changed is kept; any other error undoes it.
// Either is returned. fn may run more than once, so it must keep no state outside and send nothing.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	w := &write{ctx: ctx, fn: fn, done: make(chan outcome, 1)}
	if err := s.enqueue(w); err != nil {
		return err
	}
	result := <-w.done
	if result.panicked != nil {
		panic(result.panicked)
	}
	return result.err
}

// enqueue hands a write to the writer, which answers every one that it was handed.
func (s *Store) enqueue(w *write) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.closed {
		return ErrClosed
	}
	select {
	case s.writes <- w:
		return nil
	case <-w.ctx.Done():
		return w.ctx.Err()
	}
}

// keeps reports whether what a function of Update returned lets its changes stand.
func keeps(err error) bool {
	if err == nil {
		return true
	}
	_, refused := fault.As(err)
	return refused
}
