package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

// postgresSession is one transaction. Its BEGIN travels with its first statement. Values go and come as text: there are two types.
type postgresSession struct {
	connection *pgconn.PgConn
	prepared   map[string]string // the name of each statement on this connection
	unnamed    bool
	begin      string
	begun      bool
	failed     error // of the first statement that failed: nothing counts after it
}

// preparedStatements is the key of a connection's own data.
const preparedStatements = "sallyport"

func newPostgresSession(connection *pgconn.PgConn, begin string, unnamed bool) *postgresSession {
	prepared, ok := connection.CustomData()[preparedStatements].(map[string]string)
	if !ok {
		prepared = map[string]string{}
		connection.CustomData()[preparedStatements] = prepared
	}
	return &postgresSession{connection: connection, prepared: prepared, begin: begin, unnamed: unnamed}
}

// noContext is what statements run under: the deadline is on the connection, and costs nothing for each.
var noContext = context.Background()

func (s *postgresSession) exec(sql string, args []any) (int, error) {
	tag, err := s.run(sql, args, nil)
	return int(tag.RowsAffected()), err
}

func (s *postgresSession) query(sql string, args []any, scan func(row) error) error {
	_, err := s.run(sql, args, scan)
	return err
}

func (s *postgresSession) run(sql string, args []any, scan func(row) error) (tag pgconn.CommandTag, err error) {
	if s.failed != nil {
		return tag, s.failed
	}
	values, err := postgresValues(args)
	if err != nil {
		return tag, fmt.Errorf("run %q: %w", sql, err)
	}
	var scanned error
	tag, scanned, err = s.send(sql, values, scan)
	if err != nil {
		s.failed = classify(s.connection, fmt.Errorf("run %q: %w", sql, err))
		return tag, s.failed
	}
	return tag, scanned
}

// send runs a statement, behind the BEGIN when it is the first. An error of scan is told apart from those of the database: it does not end
// the transaction.
func (s *postgresSession) send(sql string, values [][]byte, scan func(row) error) (tag pgconn.CommandTag, scanned, err error) {
	if s.begun || s.begin == beginLook {
		if err := s.prepare(sql); err != nil {
			return tag, nil, err
		}
		tag, scanned, err = read(s.start(sql, values), scan)
		return tag, scanned, err
	}
	if err := errors.Join(s.prepare(s.begin), s.prepare(sql)); err != nil {
		return tag, nil, err
	}
	s.begun = true
	batch := &pgconn.Batch{}
	s.add(batch, s.begin, nil)
	s.add(batch, sql, values)
	results := s.connection.ExecBatch(noContext, batch)
	for results.NextResult() {
		var failed error
		if tag, scanned, failed = read(results.ResultReader(), scan); failed != nil {
			err = failed
			break
		}
	}
	if closed := results.Close(); err == nil {
		err = closed
	}
	return tag, scanned, err
}

// read reads an answer to its end.
func read(results *pgconn.ResultReader, scan func(row) error) (tag pgconn.CommandTag, scanned, err error) {
	for results.NextRow() {
		if scan != nil && scanned == nil {
			scanned = scan(row{postgres: results.Values()})
		}
	}
	tag, err = results.Close()
	return tag, scanned, err
}

func (s *postgresSession) start(sql string, values [][]byte) *pgconn.ResultReader {
	if s.unnamed {
		return s.connection.ExecParams(noContext, sql, values, nil, nil, nil)
	}
	return s.connection.ExecPrepared(noContext, s.prepared[sql], values, nil, nil)
}

func (s *postgresSession) add(batch *pgconn.Batch, sql string, values [][]byte) {
	if s.unnamed {
		batch.ExecParams(sql, values, nil, nil, nil)
		return
	}
	batch.ExecPrepared(s.prepared[sql], values, nil, nil)
}

// prepare gives the statement a name on this connection, once.
func (s *postgresSession) prepare(sql string) error {
	if _, done := s.prepared[sql]; done || s.unnamed {
		return nil
	}
	name := "s" + strconv.Itoa(len(s.prepared))
	if _, err := s.connection.Prepare(noContext, name, sql, nil); err != nil {
		return err
	}
	s.prepared[sql] = name
	return nil
}

// end commits or rolls back, as what fn returned wants it, and returns what Update returns.
func (s *postgresSession) end(err error) error {
	switch {
	case !s.begun:
		if s.failed != nil {
			return s.failed
		}
		return err
	case s.failed != nil:
		s.rollback()
		return s.failed
	case s.begin == beginUpdate && keeps(err):
		if failed := s.commit(); failed != nil {
			return failed
		}
		return err
	default:
		s.rollback()
		return err
	}
}

const committed = "COMMIT"

func (s *postgresSession) commit() error {
	if err := s.prepare(committed); err != nil {
		return classify(s.connection, err) // nothing was asked yet
	}
	tag, _, err := read(s.start(committed, nil), nil)
	var answer *pgconn.PgError
	switch {
	case errors.As(err, &answer) && retried[answer.Code] != errConnection: // a server that is ending may have committed before
		return classify(s.connection, fmt.Errorf("commit: %w", err))
	case err != nil:
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	case tag.String() != committed:
		return errors.New("commit: the database undid the transaction")
	}
	return nil
}

// rollback undoes the transaction. A connection on which that fails is closed by it, and the database undoes what is left.
func (s *postgresSession) rollback() {
	if s.connection.IsClosed() {
		return
	}
	if _, err := s.connection.Exec(noContext, "ROLLBACK").ReadAll(); err != nil {
		s.hangUp()
	}
}

// hangUp closes the connection, so that nobody gets it again.
func (s *postgresSession) hangUp() {
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	s.connection.Close(ctx)
}
