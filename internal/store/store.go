// Package store keeps rows: the one concrete store of the house, on an embedded SQLite database or on a PostgreSQL that several servers
// share. It owns the schema, the SQL and the moment of each transaction, and leaves every rule to the rooms. The SQL is written once, in the
// words that both databases share; what differs is behind the interface database, in the files sqlite*.go and postgres*.go.
package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sallyport/internal/fault"
	"sallyport/internal/sys"
)

// File is the name of the database in the data folder.
const File = "sallyport.db"

// Options say where the store is and what it asks the time.
type Options struct {
	Dir      string // data folder, must exist; it holds the database when Database is empty
	Database string // postgres://…, for PostgreSQL instead of SQLite
	Replica  string // postgres://… of a copy of Database that may be some seconds behind; optional
	Clock    *sys.Clock
	Logger   *slog.Logger
	Rehearse bool // for tests: run every function twice, and undo what the first run did, as after a conflict

	File   string // SQLite file in place of the one in Dir
	Access Access // to the SQLite file

	// Migrated refuses a database that lacks something which this program needs, where it would otherwise be added.
	Migrated bool
}

// Access is how a SQLite file is opened.
type Access int

const (
	// Shared is for a database that several processes read and write.
	Shared Access = iota
	// Alone is for a file that this process writes aside and that is one file: a backup, or a database that is being restored. A crash may
	// damage it, and what was written is on disk when somebody has waited for that (Place).
	Alone
	// ReadOnly is for a backup. It has to exist.
	ReadOnly
)

// Store is an open database. It is safe for use by many goroutines, and by several processes: `sallyport apply` writes beside a running
// server, and several servers share one PostgreSQL.
type Store struct {
	database
	clock   *sys.Clock
	log     *slog.Logger
	replica *replica // nil without
	process string   // tells this process from others
	told    told
}

// ErrClosed is returned by Update and View after Close.
var ErrClosed = errors.New("store: closed")

// Tx is one transaction, with the one moment that rules inside it read.
type Tx struct {
	Now time.Time
	c   session

	single, asked bool // Look allows one statement, which was run
	scanning      bool // the rows of a statement are being read, and no other may run meanwhile

	hearing *hearing // knows which statements other nodes have to hear of; nil where there are none
	changed []string // the tables that those statements changed
}

// Millis is the moment of the transaction as the columns keep it: Unix milliseconds.
func (tx *Tx) Millis() int64 { return tx.Now.UnixMilli() }

// Open opens the database and brings its schema up to date.
func Open(options Options) (*Store, error) {
	s, err := Connect(options)
	if err != nil {
		return nil, err
	}
	wanted := applyAll
	if options.Migrated {
		wanted = applyNone
	}
	if err := s.migrate(wanted); err != nil {
		return nil, errors.Join(fmt.Errorf("bring the database up to date: %w", err), s.Close())
	}
	return s, nil
}

// Connect opens the database with the schema that it has, which may be that of another release or none: for commands that look at databases,
// copy them and change the schema by itself.
func Connect(options Options) (*Store, error) {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	open := openSQLite
	if options.Database != "" {
		open = openPostgres
	}
	db, err := open(options)
	if err != nil {
		return nil, err
	}
	if options.Rehearse {
		db = rehearsed{db}
	}
	s := &Store{database: db, clock: options.Clock, log: options.Logger, process: rand.Text()}
	if options.Replica != "" {
		copied := options
		copied.Database = options.Replica
		s.replica = &replica{options: copied, log: options.Logger}
	}
	return s, nil
}

// Close waits for the writes that were accepted and the snapshots that are open, and closes every connection. Whoever comes later gets
// ErrClosed: a request that was cut off at the end of a shutdown may still be running.
func (s *Store) Close() error {
	if s.replica != nil {
		s.replica.close()
	}
	return s.close()
}

// View runs fn on a snapshot of the database. It writes nothing. The wait for a free connection is bounded by ctx. fn may
// run more than once, so it must begin anew what it collects.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error { return reached(s.view(ctx, fn)) }

// Look is View for fn that asks one question: a single statement is a snapshot by itself and costs less than half without a transaction
// around it. A second statement fails.
func (s *Store) Look(ctx context.Context, fn func(*Tx) error) error { return reached(s.look(ctx, fn)) }

// Update runs fn in a transaction that is on disk when Update returns. Concurrent updates behave as if they ran one after the other.
//
// Refusals commit, failures roll back: when fn returns nil or a *fault.Refusal, what it changed is kept; any other error undoes it.
// Either is returned. fn may run more than once, so it must keep no state outside and send nothing.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	return reached(s.update(ctx, fn))
}

// keeps reports whether what a function of Update returned lets its changes stand.
func keeps(err error) bool {
	if err == nil {
		return true
	}
	_, refused := fault.As(err)
	return refused
}
