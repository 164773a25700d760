package store

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// snapshots is the way of views without the bounds that protect a running service: a whole table takes as long as it takes, and is best read
// from one end to the other.
var snapshots = postgresWay{opening: []string{
	beginView, "SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0", "SET LOCAL enable_seqscan = on",
}}

// snapshot is view without a deadline. The connection is cut when ctx ends.
func (d *postgresDatabase) snapshot(ctx context.Context, fn func(*Tx) error) error {
	waiting, cancel := context.WithTimeout(ctx, transactionDeadline)
	defer cancel()
	connection, err := d.pool.Acquire(waiting)
	if err != nil {
		return d.notConnected(ctx, waiting, err)
	}
	defer connection.Release()
	s := newPostgresSession(connection.Conn().PgConn(), d.mode, snapshots)
	hungUp := context.AfterFunc(ctx, func() { s.connection.Conn().SetDeadline(time.Now()) })
	err = s.end(fn(&Tx{Now: d.clock.Now(), c: s}))
	if !hungUp() {
		s.hangUp()
		return ctx.Err()
	}
	return err
}

func (d *postgresDatabase) engine() string { return "postgres" }

func (d *postgresDatabase) export(context.Context, string) (bool, error) { return false, nil }

// integrity does not look: that is for the tools of PostgreSQL (pg_amcheck).
func (d *postgresDatabase) integrity(context.Context, int) ([]string, bool, error) {
	return nil, false, nil
}

// load copies rows in.
func (s *postgresSession) load(t *table, rows [][]any) error {
	s.foreseen = nil
	if s.failed != nil {
		return s.failed
	}
	if !s.begun || len(s.waiting) > 0 { // COPY travels alone
		if _, err := s.exec("SELECT 1", nil); err != nil {
			return err
		}
	}
	var text bytes.Buffer
	for _, values := range rows {
		for i, value := range values {
			if i > 0 {
				text.WriteByte('\t')
			}
			switch value := value.(type) {
			case string:
				copyEscapes.WriteString(&text, toPostgresText(value))
			case int64:
				text.Write(strconv.AppendInt(text.AvailableBuffer(), value, 10))
			default:
				return fmt.Errorf("load %s: value %d is a %T", t.name, i, value)
			}
		}
		text.WriteByte('\n')
	}
	if _, err := s.connection.CopyFrom(noContext, &text, "COPY "+t.name+" ("+t.names()+") FROM STDIN"); err != nil {
		s.failed = s.classify(fmt.Errorf("load %s: %w", t.name, err))
	}
	return s.failed
}

// copyEscapes writes a text as COPY reads it.
var copyEscapes = strings.NewReplacer("\\", "\\\\", "\t", "\\t", "\n", "\\n", "\r", "\\r")
