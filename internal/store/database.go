package store

import (
	"context"
	"strconv"

	"zombiezen.com/go/sqlite"
)

// database is what holds the rows: SQLite in the data folder, or PostgreSQL over the network. Everything above speaks the SQL that
// both share, with $1 binds, TEXT and BIGINT; what differs stays in the files that are named after them.
type database interface {
	// view runs fn on one snapshot, look for a single statement. They write nothing.
	view(ctx context.Context, fn func(*Tx) error) error
	look(ctx context.Context, fn func(*Tx) error) error
	// snapshot is view for as long as it takes: for whole tables. It ends when ctx does.
	snapshot(ctx context.Context, fn func(*Tx) error) error
	// update runs fn in a transaction, as Store.Update says.
	update(ctx context.Context, fn func(*Tx) error) error
	// presume is update for fn that memory may answer, as Store.UpdateFromMemory says.
	presume(ctx context.Context, fn func(*Tx) error) error
	// recall runs fn on what is remembered, as Store.Recall says.
	recall(ctx context.Context, fn func(*Tx) error) error
	// join makes the process one of the nodes, and changed tells of changes of a table, as Store.Join and Store.KeysChanged say.
	join(ctx context.Context, n Node) error
	changed(table string) <-chan struct{}
	// now is the moment by the clock that all nodes share, zero where there is no such clock.
	now(ctx context.Context) (int64, error)
	// engine names what holds the rows.
	engine() string
	// export writes the database as of one moment into an empty SQLite file, and reports whether it can: others are copied.
	export(ctx context.Context, path string) (exported bool, err error)
	// integrity returns what the database itself finds wrong with how it keeps the rows, up to limit lines, and whether it can look.
	integrity(ctx context.Context, limit int) (wrong []string, looked bool, err error)
	// definition is a statement of the schema in the words of this database.
	definition(statement string) string
	// tables is the question for the names of all tables, in order.
	tables() string
	close() error
}

// session is one transaction's way to the database. One goroutine uses it at a time.
type session interface {
	// exec runs a statement and returns how many rows it changed.
	exec(sql string, args []any) (int, error)
	// later runs a statement whose answer nobody waits for: with the next statement at the latest, or before the transaction is kept. It has to
	// change as many rows as wanted, or the transaction fails; anyCount wants nothing.
	later(sql string, args []any, want int) error
	// query runs a statement and calls scan for each row until scan fails.
	query(sql string, args []any, scan func(row) error) error
	// load adds rows, each with the values of all columns of the table, as fast as the database takes them.
	load(t *table, rows [][]any) error
}

// hopeful is a session that takes rows of which it is not known whether they are there already.
type hopeful interface {
	hope(sql string, args []any) (bool, error)
}

// anyCount is the number of rows of a statement that may change any number of them.
const anyCount = -1

// row is the current row of a query; columns count from 0. It is gone when scan returns.
type row struct {
	sqlite   *sqlite.Stmt // nil on PostgreSQL
	postgres [][]byte     // in the text format; nil in memory
	memory   []string
}

func (r row) text(column int) string {
	switch {
	case r.sqlite != nil:
		return r.sqlite.ColumnText(column)
	case r.memory != nil:
		return r.memory[column]
	}
	return fromPostgresText(r.postgres[column])
}

func (r row) int(column int) int64 {
	if r.sqlite != nil {
		return r.sqlite.ColumnInt64(column)
	}
	var text string
	if r.memory != nil {
		text = r.memory[column]
	} else {
		text = string(r.postgres[column])
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0 // NULL, as SQLite reads it
	}
	return number
}
