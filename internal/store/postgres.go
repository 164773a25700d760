package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"sallyport/internal/sys"
)

// postgresDatabase is a PostgreSQL, or what speaks like one, that several nodes share. Every update is a serializable transaction: it
// behaves as if it were alone, as on SQLite, and is run again where that could not be had.
type postgresDatabase struct {
	clock     *sys.Clock
	log       *slog.Logger
	pool      *pgxpool.Pool
	mode      postgresMode
	byteOrder bool // the database compares texts by their bytes
	closed    atomic.Bool

	updates, views, looks postgresWay

	company // the other nodes
	convoy  convoy
}

// postgresMode is what the address of the database says of how it is to be used.
type postgresMode struct {
	unnamed       bool // statements are not prepared by name: a pooler between us and the database cannot keep them apart
	snapshotsMove bool // transactions see what others commit meanwhile, or write over it
}

// postgresWay is how a transaction begins.
type postgresWay struct {
	opening []string // statements; none where the transaction is a statement alone
	writes  bool
	hopeful bool          // rows may be added before it is known whether they are there already
	within  time.Duration // in place of transactionDeadline, unless zero

	tables map[string]bool // those that a lock has to name are collected here, unless it is nil
}

const (
	// statementTimeout bounds one statement, locks and the disk of the database included; transactionDeadline a whole transaction, so that
	// a network that swallows everything ends it, too.
	statementTimeout    = 5 * time.Second
	transactionDeadline = 10 * time.Second
	// connectTimeout bounds the way to a connection, where the address of the database does not say.
	connectTimeout = 5 * time.Second
	// connectionLifetime and its jitter let connections move to where the database's name points meanwhile.
	connectionLifetime = 45 * time.Minute
	connectionJitter   = 10 * time.Minute

	// updateAttempts bounds how often an update is run again because others were in its way. It waits longer each time, half a second at most.
	updateAttempts = 12
	firstPause     = 2 * time.Millisecond
	longestPause   = 500 * time.Millisecond
	// After lockAfter defeats it has its tables for itself: else nobody could delete an application that thousands sign in to at the moment. All
	// others who write there wait meanwhile, so it is the last resort.
	lockAfter = 8
	// patience bounds how long a transaction is begun again after connections that were dead: a database that restarts, or hands over to
	// another, has cut all of the pool, and is back within seconds or not soon.
	patience = 5 * time.Second
)

// ErrOutcomeUnknown is what Update returns when the connection was lost while the database was asked to commit: the change may be there or
// not. Nothing was acknowledged.
var ErrOutcomeUnknown = errors.New("store: the connection was lost during the commit")

// openPostgres connects to the database of the URL. Its parameters are those of pgx and libpq: sslmode, pool_max_conns,
// target_session_attrs, several hosts, default_query_exec_mode=exec behind a pooler that shares connections between transactions. What tests
// want to see go wrong shows itself with a default_transaction_isolation below serializable.
func openPostgres(options Options) (database, error) {
	d, err := newPostgres(options)
	if err != nil {
		return nil, err
	}
	if err := d.check(context.Background()); err != nil {
		d.pool.Close()
		return nil, err
	}
	return d, nil
}

// newPostgres is openPostgres without a connection.
func newPostgres(options Options) (*postgresDatabase, error) {
	config, err := pgxpool.ParseConfig(options.Database)
	if err != nil && !strings.HasPrefix(options.Database, "postgres://") && !strings.HasPrefix(options.Database, "postgresql://") {
		return nil, errors.New("read the address of the database: expected postgres://USER@HOST:PORT/NAME")
	}
	if err != nil {
		return nil, fmt.Errorf("read the address of the database: %w", err) // without the password: pgx leaves it out
	}
	d := &postgresDatabase{clock: options.Clock, log: options.Logger}
	switch config.ConnConfig.DefaultQueryExecMode {
	case pgx.QueryExecModeCacheStatement:
	case pgx.QueryExecModeExec, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeCacheDescribe:
		d.mode.unnamed = true
	default:
		return nil, errors.New("read the address of the database: default_query_exec_mode has to be cache_statement or exec")
	}
	d.configure(config, options.Database)
	d.company = company{address: config.ConnConfig.Config.Copy(), pooled: d.mode.unnamed, unsaid: make(chan struct{}, 1)}
	if d.pool, err = pgxpool.NewWithConfig(context.Background(), config); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return d, nil
}

// sessionSettings are what transactions rely on, or are bounded by.
var sessionSettings = map[string]string{
	"statement_timeout": milliseconds(statementTimeout),
	// Locks of a node that vanished in the middle of a transaction are given back.
	"idle_in_transaction_session_timeout": milliseconds(transactionDeadline),
	// Reading a whole table, however small, would make every writer of the table a conflict of the reader.
	"enable_seqscan": "off",
	// No statement is long enough to be worth compiling; the costs that enable_seqscan puts on some say otherwise.
	"jit": "off",
}

// isolation names the parameter for the level of updates.
const isolation = "default_transaction_isolation"

// configure sets what the address of the database did not.
func (d *postgresDatabase) configure(config *pgxpool.Config, address string) {
	parameters := config.ConnConfig.RuntimeParams
	level := cmp.Or(strings.ToUpper(parameters[isolation]), "SERIALIZABLE")
	d.mode.snapshotsMove = level != "SERIALIZABLE" && level != "REPEATABLE READ"
	d.updates = postgresWay{opening: []string{beginWith + level}, writes: true, hopeful: true}
	d.views = postgresWay{opening: []string{beginView}}
	setDefault(parameters, "application_name", "sallyport")
	if d.mode.unnamed { // poolers refuse to open connections with settings: each transaction brings its own
		set := localSettings(parameters)
		d.updates.opening = append(d.updates.opening, set)
		d.views.opening = append(d.views.opening, set)
	} else {
		for name, value := range sessionSettings {
			setDefault(parameters, name, value)
		}
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if !strings.Contains(address, "pool_max_conn_lifetime") {
		config.MaxConnLifetime, config.MaxConnLifetimeJitter = connectionLifetime, connectionJitter
	}
	if !strings.Contains(address, "pool_max_conns") {
		config.MaxConns = defaultConnections
	}
}

func setDefault(parameters map[string]string, name, value string) {
	if _, set := parameters[name]; !set {
		parameters[name] = value
	}
}

// localSettings is a statement that makes the settings for a transaction, except those that the address of the database makes.
func localSettings(parameters map[string]string) string {
	var calls []string
	for _, name := range slices.Sorted(maps.Keys(sessionSettings)) {
		if _, set := parameters[name]; !set {
			calls = append(calls, fmt.Sprintf("set_config('%s', '%s', true)", name, sessionSettings[name]))
		}
	}
	return "SELECT " + strings.Join(calls, ", ")
}

// defaultConnections is the size of the pool. PostgreSQL has 100 for all nodes by default.
const defaultConnections = 16

func milliseconds(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }

// check asks the database whether it can keep our rows.
func (d *postgresDatabase) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, transactionDeadline)
	defer cancel()
	connection, err := d.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer connection.Release()
	if encoding := connection.Conn().PgConn().ParameterStatus("server_encoding"); encoding != "" && encoding != "UTF8" {
		return fmt.Errorf("the database keeps texts as %s: make one with ENCODING 'UTF8'", encoding)
	}
	return connection.QueryRow(ctx, `SELECT 'a' > 'B'`).Scan(&d.byteOrder)
}

func (d *postgresDatabase) close() error {
	if d.closed.Swap(true) {
		return ErrClosed
	}
	d.part()
	d.pool.Close() // waits for those that are in use
	return nil
}

const (
	beginWith = "BEGIN ISOLATION LEVEL "
	beginView = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
)

func (d *postgresDatabase) update(ctx context.Context, fn func(*Tx) error) error {
	return d.transact(ctx, fn, d.updates)
}

func (d *postgresDatabase) view(ctx context.Context, fn func(*Tx) error) error {
	return d.transact(ctx, fn, d.views)
}

func (d *postgresDatabase) look(ctx context.Context, fn func(*Tx) error) error {
	return d.transact(ctx, fn, d.looks)
}

// transact runs fn in a transaction, again where the database or the network was in the way and nothing can have come of it.
func (d *postgresDatabase) transact(ctx context.Context, fn func(*Tx) error, way postgresWay) error {
	conflicts, deaths := 0, 0
	var ends time.Time
	for {
		err := d.attempt(ctx, fn, way)
		switch {
		case err == nil || errors.Is(err, ErrOutcomeUnknown):
			return err
		case d.closed.Load():
			return ErrClosed
		case errors.Is(err, errHoped):
			way.hopeful = false
			continue
		case errors.Is(err, errConflict):
			conflicts++
			way.defeated(d.updates.opening, conflicts)
		case errors.Is(err, errNotLocked):
			conflicts++
			way.opening, way.tables = d.updates.opening, nil
		case errors.Is(err, errConnection):
			if deaths++; deaths == 1 {
				ends = time.Now().Add(patience)
			}
		default:
			return err
		}
		if conflicts == updateAttempts || deaths > 0 && time.Now().After(ends) || !pause(ctx, conflicts+deaths) {
			return err
		}
	}
}

// defeated decides how to begin an update once more that others were so often in the way of.
func (way *postgresWay) defeated(opening []string, times int) {
	switch {
	case !way.writes:
	case times == 1:
		way.tables = map[string]bool{}
	case times >= lockAfter && len(way.tables) > 0:
		way.opening = slices.Insert(slices.Clone(opening), 1, lockPatience, lockTables(slices.Sorted(maps.Keys(way.tables)))) // behind BEGIN
	}
}

// lockPatience bounds the wait for a lock, in milliseconds: who wants to write waits behind it, and VACUUM may take long. It is less than the
// time after which PostgreSQL looks for a deadlock.
const lockPatience = "SET LOCAL lock_timeout = 300"

const lockTable = "LOCK TABLE "

// lockTables lets nobody else write to the tables, who may read on. Neither it nor lockPatience needs a snapshot: that of the transaction is
// taken when those who are writing have finished.
func lockTables(tables []string) string {
	return lockTable + strings.Join(tables, ", ") + " IN SHARE ROW EXCLUSIVE MODE"
}

// toLock are the tables that have to be locked for a statement to find nobody in its way: not one to which it adds a row, whatever is there.
func toLock(sql string) (tables []string) {
	for _, table := range tablesIn(sql) {
		added := strings.HasPrefix(sql, "INSERT INTO "+table+" ") && !strings.Contains(sql, "ON CONFLICT")
		if storedTables()[table] && !added { // a statement may name other things like a table
			tables = append(tables, table)
		}
	}
	return tables
}

// pause waits before another attempt: at random, so that those who met do not meet again. It reports whether ctx still stands.
func pause(ctx context.Context, attempt int) bool {
	timer := time.NewTimer(rand.N(longestWait(attempt)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// longestWait doubles with each attempt.
func longestWait(attempt int) time.Duration {
	return min(firstPause<<min(attempt, 16), longestPause)
}

// attempt runs fn once, on a connection that nobody else uses meanwhile. A caller who leaves does not end it: what is on its way to the
// disk is finished, and the connection stays whole.
func (d *postgresDatabase) attempt(ctx context.Context, fn func(*Tx) error, way postgresWay) error {
	waiting, cancel := context.WithTimeout(ctx, transactionDeadline)
	defer cancel()
	connection, err := d.pool.Acquire(waiting)
	if err != nil {
		return d.notConnected(ctx, waiting, err)
	}
	defer connection.Release() // closes it, when it is broken or, after a panic, in a transaction still
	s := newPostgresSession(connection.Conn().PgConn(), d.mode, way)
	s.connection.Conn().SetDeadline(time.Now().Add(cmp.Or(way.within, transactionDeadline)))
	defer s.connection.Conn().SetDeadline(time.Time{})
	tx := &Tx{Now: d.clock.Now(), c: s, single: way.opening == nil, hearing: &d.hearing}
	err = s.end(tx.record(fn(tx)))
	d.tell(tx)
	if errors.Is(err, errConnection) || errors.Is(err, ErrOutcomeUnknown) {
		s.hangUp()
		d.pool.Reset() // what cut this connection has cut others
	}
	return err
}

// notConnected says why there is no connection, and whether it is worth another attempt. Where all connections are busy it is not: the wait was
// long already.
func (d *postgresDatabase) notConnected(ctx, waiting context.Context, err error) error {
	switch {
	case d.closed.Load():
		return ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case waiting.Err() != nil:
		return fmt.Errorf("%w: no connection became free within %s: %w", errBusy, transactionDeadline, err)
	}
	return fmt.Errorf("%w: %w", errConnection, err)
}

var (
	textColumn = sys.Pattern(`\bTEXT\b`)
	tableName  = sys.Pattern(`^CREATE TABLE (\w+)`)
	indexName  = sys.Pattern(`^((?:CREATE|CREATE UNIQUE|DROP) INDEX) (\w+)`)
)

// changing are the tables whose rows change often, in columns without an index. Their pages are filled by changingFill percent: where the next
// version of a row finds room beside the last, no index is written. Of two transactions that both read and write one page of an index one is
// run again: with 32 refreshes at a time on a database of 32 sessions these were 5 in 100, and are 1.
var changing = map[string]bool{"session": true, "attempt": true}

const changingFill = 50

// definition has texts compared by their bytes, whatever the language of the database: pages of lists and ids rely on one order. Names of
// indexes are quoted: one is a word of PostgreSQL's.
func (d *postgresDatabase) definition(statement string) string {
	statement = indexName().ReplaceAllString(statement, `$1 "$2"`)
	if table := tableName().FindStringSubmatch(statement); table != nil && changing[table[1]] {
		statement += fmt.Sprintf(" WITH (fillfactor = %d)", changingFill)
	}
	if d.byteOrder || !strings.HasPrefix(statement, "CREATE TABLE") && !strings.HasPrefix(statement, "ALTER TABLE") {
		return statement
	}
	return textColumn().ReplaceAllString(statement, `TEXT COLLATE "C"`)
}

func (d *postgresDatabase) tables() string {
	return `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY table_name COLLATE "C"`
}

// Why a transaction may be run again. What else an error says stays with it.
var (
	errConflict   = errors.New("store: another transaction was in the way")
	errConnection = errors.New("store: no connection to the database")
	errHoped      = errors.New("store: a row is there already, or may not be added")
	errNotLocked  = errors.New("store: the tables cannot be locked now, or not by us")
)

// errBusy ends a transaction for which the database has no time or room. It had its chance: running it again at once would make that worse.
var errBusy = errors.New("store: the database takes too long")

var overloaded = map[string]bool{
	"57014": true, // query_canceled: statement_timeout
	"53100": true, // disk_full
	"53200": true, // out_of_memory
	"53400": true, // configuration_limit_exceeded
}

var retried = map[string]error{
	"40001":      errConflict,   // serialization_failure
	"40P01":      errConflict,   // deadlock_detected
	"55P03":      errConflict,   // lock_not_available
	"42710":      errConflict,   // duplicate_object: two nodes make the same table at once
	"42P07":      errConflict,   // duplicate_table: likewise
	"0A000":      errConnection, // a statement that was prepared before the schema changed
	"26000":      errConnection, // a prepared statement that a pooler took away
	readOnlyCode: errConnection, // the node that led before
}

const (
	readOnlyCode       = "25006" // read_only_sql_transaction
	integrityViolation = "23"    // the class integrity_constraint_violation
)

// unknownOutcomes are what an answer to COMMIT may say of its outcome.
var unknownOutcomes = map[string]bool{
	"40003": true, // statement_completion_unknown
	"08007": true, // transaction_resolution_unknown
}

// idleInTransaction ends a transaction whose function takes too long. It would again.
const idleInTransaction = "25P03"

// fatal reports whether the answer is the last on its connection: the database shuts down, or starts, or has too many connections.
func fatal(answer *pgconn.PgError) bool {
	return answer.SeverityUnlocalized == "FATAL" || answer.SeverityUnlocalized == "PANIC"
}

// typeName is what they violate who make the same table at once, a moment earlier.
const typeName = "pg_type_typname_nsp_index"

// classify adds to an error of a statement whether the transaction may be run again, or may be tried later.
func (s *postgresSession) classify(err error) error {
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		why := retried[answer.Code]
		switch {
		case answer.Code == readOnlyCode && !s.writes:
			why = nil // it is the transaction that is read-only
		case answer.ConstraintName == typeName:
			why = errConflict
		case fatal(answer) && answer.Code != idleInTransaction:
			why = errConnection
		case errors.Is(err, errNotLocked):
			why = nil
		case overloaded[answer.Code]:
			why = errBusy
		case s.hoping && strings.HasPrefix(answer.Code, integrityViolation):
			why = errHoped
		}
		if why != nil {
			return fmt.Errorf("%w: %w", why, err)
		}
		return err
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%w: %w", errBusy, err)
	}
	if s.connection.IsClosed() && !errors.Is(err, errConflict) {
		return fmt.Errorf("%w: %w", errConnection, err)
	}
	return err
}
