package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"sallyport/internal/sys"
)

// This file holds how a connection to SQLite is opened, how statements are prepared and bound, and what an error means.

type access int

const (
	readOnly access = iota
	readWrite
	alone // readWrite without a write-ahead log beside the file
)

// conn is one connection with its cache of prepared statements. One goroutine uses it at a time.
type conn struct {
	db    *sqlite.Conn
	bound map[string]string // the statement as SQLite numbers its binds
}

func openConn(path string, mode access) (*conn, error) {
	flags := sqlite.OpenReadWrite | sqlite.OpenCreate | sqlite.OpenURI
	if mode == readOnly {
		flags = sqlite.OpenReadOnly | sqlite.OpenURI
	}
	db, err := sqlite.OpenConn(path, flags)
	if err != nil {
		return nil, err
	}
	db.SetBlockOnBusy()
	db.SetBusyTimeout(busyTimeout)
	c := &conn{db: db, bound: map[string]string{}}
	if mode != readOnly {
		err := c.checkVersion()
		if mode == readWrite {
			err = errors.Join(err, c.enableWAL())
		}
		if err != nil {
			db.Close()
			return nil, err
		}
	}
	pragmas := []string{
		"PRAGMA synchronous = FULL",           // NORMAL loses acknowledged commits in a power cut
		"PRAGMA wal_autocheckpoint = 4000",    // pages
		"PRAGMA journal_size_limit = 8388608", // bytes of WAL kept after a checkpoint
		"PRAGMA fullfsync = ON",               // macOS: fsync does not reach the disk otherwise
		"PRAGMA cache_size = -16384",          // KiB of page cache for each connection
		"PRAGMA temp_store = MEMORY",          // what a savepoint may undo; some of every batch went through a temporary file
	}
	if mode == alone {
		pragmas = append(pragmas,
			"PRAGMA journal_mode = MEMORY", // whoever writes aside waits for the disk once, before the file gets its name,
			"PRAGMA synchronous = OFF",     // and throws the file away after a crash
			"PRAGMA cache_size = -131072",  // KiB; the indexes of a large table are filled in no order
		)
	}
	for _, pragma := range pragmas {
		if err := c.do(pragma); err != nil {
			db.Close()
			return nil, fmt.Errorf("%s: %w", pragma, err)
		}
	}
	return c, nil
}

// oldestSQLite is the first version without the WAL race that can damage a database (fixed in 3.51.3).
var oldestSQLite = [3]int{3, 51, 3}

// checkVersion refuses a library that may damage the database.
func (c *conn) checkVersion() error {
	text := ""
	err := c.query("SELECT sqlite_version()", nil, func(r row) error {
		text = r.text(0)
		return nil
	})
	if err != nil {
		return err
	}
	var version [3]int
	if _, err := fmt.Sscanf(text, "%d.%d.%d", &version[0], &version[1], &version[2]); err != nil {
		return fmt.Errorf("read the version of SQLite: %w", err)
	}
	if slices.Compare(version[:], oldestSQLite[:]) < 0 {
		return fmt.Errorf("SQLite %s can damage a database: build with 3.51.3 or newer", text)
	}
	return nil
}

const (
	walAttempts = 100
	walPause    = 20 * time.Millisecond
)

// enableWAL makes a new database a WAL database, which it stays. SQLite does not wait when two processes try so at once: one of them is
// told that the database is busy.
func (c *conn) enableWAL() error {
	const statement = "PRAGMA journal_mode = WAL"
	for attempt := 1; ; attempt++ {
		journal := ""
		err := c.query(statement, nil, func(r row) error {
			journal = r.text(0)
			return nil
		})
		switch {
		case isBusy(err) && attempt < walAttempts:
			time.Sleep(walPause)
		case err != nil:
			return fmt.Errorf("%s: %w", statement, err)
		case journal != "wal":
			return fmt.Errorf("%s: the journal stays %q: is the data folder on a network file system?", statement, journal)
		default:
			return nil
		}
	}
}

func (c *conn) close() error { return c.db.Close() }

// do runs a statement without binds and ignores its rows.
func (c *conn) do(sql string) error {
	_, err := c.exec(sql, nil)
	return err
}

// exec runs a statement and returns how many rows it changed.
func (c *conn) exec(sql string, args []any) (int, error) {
	statement, err := c.prepare(sql, args)
	if err != nil {
		return 0, err
	}
	defer statement.Reset()
	for {
		more, err := statement.Step()
		if err != nil {
			return 0, err
		}
		if !more {
			return c.db.Changes(), nil
		}
	}
}

// later runs the statement at once: nothing has to travel.
func (c *conn) later(sql string, args []any, want int) error {
	changed, err := c.exec(sql, args)
	if err == nil && want != anyCount && changed != want {
		return fmt.Errorf("%q changed %d rows, want %d", sql, changed, want)
	}
	return err
}

// inTransaction reports whether a transaction is open, which SQLite may have ended by itself.
func (c *conn) inTransaction() bool { return !c.db.AutocommitEnabled() }

// rollback undoes the open transaction, if there still is one.
func (c *conn) rollback() error {
	if !c.inTransaction() {
		return nil
	}
	return c.do("ROLLBACK")
}

// query runs a statement and calls scan for each row until scan fails.
func (c *conn) query(sql string, args []any, scan func(row) error) error {
	statement, err := c.prepare(sql, args)
	if err != nil {
		return err
	}
	defer statement.Reset()
	for {
		more, err := statement.Step()
		if err != nil || !more {
			return err
		}
		if err := scan(row{sqlite: statement}); err != nil {
			return err
		}
	}
}

// boundLimit finds limits that are bound. SQLite plans a statement anew for each value of one, every time that it is run, unless the limit is
// something to compute.
var boundLimit = sys.Pattern(`LIMIT \?[0-9]+`)

func (c *conn) prepare(sql string, args []any) (*sqlite.Stmt, error) {
	numbered, ok := c.bound[sql]
	if !ok {
		// SQLite takes $1 for a name and numbers names in the order they appear; ?1 is the number itself.
		numbered = boundLimit().ReplaceAllString(strings.ReplaceAll(sql, "$", "?"), "$0 + 0")
		c.bound[sql] = numbered
	}
	statement, err := c.db.Prepare(numbered)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", sql, err)
	}
	if want := statement.BindParamCount(); want != len(args) {
		return nil, fmt.Errorf("prepare %q: %d binds for %d values", sql, want, len(args))
	}
	for i, arg := range args {
		switch value := arg.(type) {
		case string:
			statement.BindText(i+1, value)
		case int64:
			statement.BindInt64(i+1, value)
		case int:
			statement.BindInt64(i+1, int64(value))
		default:
			return nil, fmt.Errorf("prepare %q: value %d is a %T, want string or int64", sql, i+1, arg)
		}
	}
	return statement, nil
}

// busyTimeout is how long a statement waits for another process.
const busyTimeout = 5 * time.Second

func isBusy(err error) bool {
	code := sqlite.ErrCode(err)
	return code.ToPrimary() == sqlite.ResultBusy
}
