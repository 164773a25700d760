package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// postgresSession is one transaction. What can travel together does: BEGIN goes with the first statement, and statements that nobody awaits
// the answer of go with the next one or with COMMIT. Each trip costs both sides more than a point look-up. Values go and come as text: there
// are two types.
type postgresSession struct {
	connection *pgconn.PgConn
	mode       postgresMode
	postgresWay
	begun    bool
	waiting  []postgresStatement // go with the next trip
	foreseen []foreseenAnswer
	prepared map[string]*pgconn.StatementDescription
	hoping   bool  // a row was added without asking whether there is one already
	failed   error // of the first statement that failed: nothing counts after it
}

// postgresStatement is a statement on its way.
type postgresStatement struct {
	sql    string
	values [][]byte
	scan   func(row) error // nil where it answers with no rows
	want   int             // how many rows it has to change, or anyCount
}

// preparedStatements is the key of a connection's own data.
const preparedStatements = "sallyport"

// preparedAtMost bounds the statements that a connection keeps prepared. The store has some 300, and composes some for proofs,
// convoys and locks; the others go without a name.
const preparedAtMost = 1000

func newPostgresSession(connection *pgconn.PgConn, mode postgresMode, way postgresWay) *postgresSession {
	prepared, ok := connection.CustomData()[preparedStatements].(map[string]*pgconn.StatementDescription)
	if !ok {
		prepared = map[string]*pgconn.StatementDescription{}
		connection.CustomData()[preparedStatements] = prepared
	}
	return &postgresSession{connection: connection, mode: mode, postgresWay: way, prepared: prepared}
}

// noContext is what statements run under: the deadline is on the connection, and costs nothing for each.
var noContext = context.Background()

func (s *postgresSession) exec(sql string, args []any) (int, error) {
	tag, err := s.run(sql, args, nil)
	return int(tag.RowsAffected()), err
}

func (s *postgresSession) query(sql string, args []any, scan func(row) error) error {
	if answer, foreseen := s.takeForeseen(sql, args); foreseen {
		return answer.replay(scan)
	}
	_, err := s.run(sql, args, scan)
	return err
}

// hope adds a row with the transaction, as later does, where it may be hoped that there is none: the transaction is run again, without hope,
// when the database says otherwise.
func (s *postgresSession) hope(sql string, args []any) (bool, error) {
	if !s.hopeful {
		return false, nil
	}
	s.hoping = true
	return true, s.later(sql, args, anyCount)
}

// later has the statement travel with the next one, or with COMMIT. Below SERIALIZABLE the rows that a transaction has read may change before
// it writes them, so that what has to be changed is looked at before COMMIT is sent.
func (s *postgresSession) later(sql string, args []any, want int) error {
	if s.failed != nil {
		return s.failed
	}
	s.foreseen = nil
	if !s.writes || want != anyCount && s.mode.snapshotsMove {
		changed, err := s.exec(sql, args)
		if err == nil && want != anyCount && changed != want {
			s.failed = unexpected(sql, changed, want)
			return s.failed
		}
		return err
	}
	values, err := postgresValues(args)
	if err != nil {
		s.failed = s.classify(fmt.Errorf("run %q: %w", sql, err))
		return s.failed
	}
	return s.wait(postgresStatement{sql: sql, values: values, want: want})
}

// wait has the statement travel with the next one.
func (s *postgresSession) wait(statement postgresStatement) error {
	if err := s.prepare(statement.sql); err != nil {
		s.failed = s.classify(in(statement, err))
		return s.failed
	}
	s.waiting = append(s.waiting, statement)
	return nil
}

// unexpected says that a row which was read is not there to be changed: somebody was in the way.
func unexpected(sql string, changed, want int) error {
	return fmt.Errorf("%w: %q changed %d rows, want %d", errConflict, sql, changed, want)
}

func (s *postgresSession) run(sql string, args []any, scan func(row) error) (tag pgconn.CommandTag, err error) {
	if s.failed != nil {
		return tag, s.failed
	}
	values, err := postgresValues(args)
	if err != nil {
		return tag, fmt.Errorf("run %q: %w", sql, err)
	}
	if !strings.HasPrefix(sql, "SELECT") {
		s.foreseen = nil
	}
	tag, scanned, err := s.send(postgresStatement{sql: sql, values: values, scan: scan, want: anyCount})
	if err != nil {
		s.failed = s.classify(err)
		return tag, s.failed
	}
	return tag, scanned
}

// send sends what waits and the statements, and returns the answer to the last one. An error of scan is told apart from those of the database:
// it does not end the transaction.
func (s *postgresSession) send(statements ...postgresStatement) (tag pgconn.CommandTag, scanned, err error) {
	trip := append(s.waiting, statements...)
	named := trip
	if !s.begun && len(s.opening) > 0 {
		trip = s.open(trip)
		named = trip
		if s.writes { // so that nothing but the commit is lost with the trip of COMMIT
			named = append(named, postgresStatement{sql: committed})
		}
	}
	for _, statement := range named {
		if err := s.prepare(statement.sql); err != nil {
			return tag, nil, in(statement, err)
		}
	}
	s.waiting, s.begun = s.waiting[:0], len(s.opening) > 0
	if len(trip) == 1 {
		tag, scanned, err = read(s.start(trip[0]), trip[0].scan)
		return tag, scanned, in(trip[0], err)
	}
	return s.sendAll(trip)
}

// open puts what begins the transaction in front.
func (s *postgresSession) open(trip []postgresStatement) []postgresStatement {
	opened := make([]postgresStatement, 0, len(s.opening)+len(trip))
	for _, sql := range s.opening {
		opened = append(opened, postgresStatement{sql: sql, want: anyCount})
	}
	return append(opened, trip...)
}

// sendAll sends several statements in one trip. The database runs none behind one that fails.
func (s *postgresSession) sendAll(trip []postgresStatement) (tag pgconn.CommandTag, scanned, err error) {
	batch := &pgconn.Batch{}
	for _, statement := range trip {
		s.add(batch, statement)
	}
	results := s.connection.ExecBatch(noContext, batch)
	answered := 0
	for err == nil && answered < len(trip) && results.NextResult() {
		statement := trip[answered]
		tag, scanned, err = read(results.ResultReader(), statement.scan)
		if changed := int(tag.RowsAffected()); err == nil && statement.want != anyCount && changed != statement.want {
			err = unexpected(statement.sql, changed, statement.want)
		}
		answered++
		if err != nil {
			err = in(statement, err)
		}
	}
	if closed := results.Close(); err == nil && closed != nil {
		err = in(trip[min(answered, len(trip)-1)], closed)
	}
	return tag, scanned, err
}

// in says which statement an error is of.
func in(statement postgresStatement, err error) error {
	if err == nil {
		return nil
	}
	if strings.HasPrefix(statement.sql, lockTable) {
		err = fmt.Errorf("%w: %w", errNotLocked, err)
	}
	return fmt.Errorf("run %q: %w", statement.sql, err)
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

func (s *postgresSession) start(statement postgresStatement) *pgconn.ResultReader {
	if prepared := s.prepared[statement.sql]; prepared != nil {
		return s.connection.ExecStatement(noContext, prepared, statement.values, nil, nil)
	}
	return s.connection.ExecParams(noContext, statement.sql, statement.values, nil, nil, nil)
}

func (s *postgresSession) add(batch *pgconn.Batch, statement postgresStatement) {
	if prepared := s.prepared[statement.sql]; prepared != nil {
		batch.ExecStatement(prepared, statement.values, nil, nil)
		return
	}
	batch.ExecParams(statement.sql, statement.values, nil, nil, nil)
}

// prepare gives the statement a name on this connection, once.
func (s *postgresSession) prepare(sql string) error {
	if s.tables != nil {
		for _, table := range toLock(sql) {
			s.tables[table] = true
		}
	}
	if s.mode.unnamed || s.prepared[sql] != nil || len(s.prepared) == preparedAtMost {
		return nil
	}
	prepared, err := s.connection.Prepare(noContext, "s"+strconv.Itoa(len(s.prepared)), sql, nil)
	if err == nil {
		s.prepared[sql] = prepared
	}
	return err
}

// end commits or rolls back, as what fn returned wants it, and returns what Update returns.
func (s *postgresSession) end(err error) error {
	switch {
	case s.failed != nil:
		s.rollback()
		return s.failed
	case s.writes && keeps(err) && (s.begun || len(s.waiting) > 0):
		if failed := s.commit(); failed != nil {
			s.rollback()
			return failed
		}
		return err
	default:
		s.rollback()
		return err
	}
}

const committed = "COMMIT"

// commit sends what waits and COMMIT. The outcome is known when the database says that one of them failed; one that is ending may have
// committed before, and one that is gone says nothing.
func (s *postgresSession) commit() error {
	for _, statement := range append(s.waiting, postgresStatement{sql: committed}) {
		if err := s.prepare(statement.sql); err != nil {
			return s.classify(in(statement, err)) // nothing was asked yet
		}
	}
	if s.connection.IsClosed() {
		return fmt.Errorf("%w: it was closed before the commit", errConnection)
	}
	tag, _, err := s.send(postgresStatement{sql: committed, want: anyCount})
	switch {
	case err == nil && tag.String() == committed:
		return nil
	case err == nil:
		return errors.New("commit: the database undid the transaction")
	case s.outcomeKnown(err):
		return s.classify(err)
	}
	return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
}

// outcomeKnown reports whether an error of the trip with COMMIT says that nothing was committed. Only the database knows: pgx calls it safe to
// run statements again (pgconn.SafeToRetry) also when several were sent and the connection ended where their answers were awaited, because it
// is found closed at the next look.
func (s *postgresSession) outcomeKnown(err error) bool {
	var answer *pgconn.PgError
	return errors.As(err, &answer) && !fatal(answer) && !unknownOutcomes[answer.Code]
}

// rollback undoes what is open. A connection on which that fails is closed by it, and the database undoes what is left.
func (s *postgresSession) rollback() {
	if s.connection.IsClosed() || s.connection.TxStatus() == 'I' {
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
