package store

import (
	"context"
	"fmt"
	"time"

	"sallyport/internal/sys"
)

const (
	// keepExpired is how long a row outlives its end, so that a late poll hears "expired" and a replay is still recognised.
	keepExpired = 24 * time.Hour
	// keepAudit is how long events are kept.
	keepAudit = 400 * 24 * time.Hour
	// keepOperations is how long it can be asked how an asynchronous operation went.
	keepOperations = 90 * 24 * time.Hour
	// cleanBatch bounds the rows that one transaction of the cleaner removes, so that nobody waits long behind it.
	cleanBatch = 200
)

// sweep removes rows whose key or end lies below a bound. Where ids sort by age, the key is the bound and no index is needed.
type sweep struct {
	statement string
	bound     func(now time.Time) any
}

func olderThan(age time.Duration) func(time.Time) any {
	return func(now time.Time) any { return sys.FirstID(now.Add(-age)) }
}

// uuidsOlderThan is olderThan for keys that sys.NewUUID made.
func uuidsOlderThan(age time.Duration) func(time.Time) any {
	return func(now time.Time) any {
		ms := max(now.Add(-age).UnixMilli(), 0)
		return fmt.Sprintf("%08x-%04x", ms>>16, ms&0xffff)
	}
}

func endedBefore(age time.Duration) func(time.Time) any {
	return func(now time.Time) any { return now.Add(-age).UnixMilli() }
}

var sweeps = []sweep{
	{`DELETE FROM device_authorization WHERE device_id IN
		(SELECT device_id FROM device_authorization WHERE device_id < $1 ORDER BY device_id LIMIT $2)`, olderThan(keepExpired)},
	{`DELETE FROM authorization_code WHERE request_id IN
		(SELECT request_id FROM authorization_code WHERE request_id < $1 ORDER BY request_id LIMIT $2)`, olderThan(keepExpired)},
	{`DELETE FROM session WHERE session_id IN
		(SELECT session_id FROM session WHERE ends_at < $1 ORDER BY ends_at LIMIT $2)`, endedBefore(keepExpired)},
	{`DELETE FROM sign_in WHERE sign_in_id IN
		(SELECT sign_in_id FROM sign_in WHERE ends_at < $1 ORDER BY ends_at LIMIT $2)`, endedBefore(keepExpired)},
	{`DELETE FROM consent WHERE (user_id, client_id) IN
		(SELECT user_id, client_id FROM consent WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, endedBefore(0)},
	{`DELETE FROM attempt WHERE attempt_key IN
		(SELECT attempt_key FROM attempt WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, endedBefore(0)},
	{`DELETE FROM client_token WHERE (account_id, operation, token) IN
		(SELECT account_id, operation, token FROM client_token WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, endedBefore(0)},
	{`DELETE FROM assertion_replay WHERE input_digest IN
		(SELECT input_digest FROM assertion_replay WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, endedBefore(keepExpired)},
	{`DELETE FROM operation_status WHERE request_id IN
		(SELECT request_id FROM operation_status WHERE request_id < $1 ORDER BY request_id LIMIT $2)`, uuidsOlderThan(keepOperations)},
	{`DELETE FROM audit_event WHERE event_id IN
		(SELECT event_id FROM audit_event WHERE event_id < $1 ORDER BY event_id LIMIT $2)`, olderThan(keepAudit)},
}

// maxClockOff is how far the machine's clock may be from the one that all nodes share before the node removes nothing for good any more: what has
// expired by a clock that is far ahead is needed by all others.
const maxClockOff = time.Minute

// CheckClock refuses a machine whose clock is more than maxClockOff from the database's. On SQLite there is no other clock.
func (s *Store) CheckClock(ctx context.Context) error {
	shared, err := s.now(ctx)
	if err != nil || shared == 0 {
		return err
	}
	return checkClock(time.Now(), time.UnixMilli(shared)) // the machine's own: development mode moves its clock on purpose
}

func checkClock(own, shared time.Time) error {
	if off := own.Sub(shared); off.Abs() > maxClockOff {
		return fmt.Errorf("the clock of this machine is %s from the database's, so nothing that has expired is removed: set it right", off.Round(time.Second))
	}
	return nil
}

// Clean removes expired rows in small batches until none is left or ctx ends, and returns how many it removed. A node whose
// clock is far off removes none.
func (s *Store) Clean(ctx context.Context) (int, error) {
	if err := s.CheckClock(ctx); err != nil {
		return 0, err
	}
	if err := s.Update(ctx, func(tx *Tx) error { return tx.SettleOperations() }); err != nil {
		return 0, err
	}
	total := 0
	for _, sweep := range sweeps {
		for removed := cleanBatch; removed == cleanBatch; {
			err := s.Update(ctx, func(tx *Tx) (err error) {
				removed, err = tx.exec(sweep.statement, sweep.bound(tx.Now), cleanBatch)
				return err
			})
			if err != nil {
				return total, err
			}
			total += removed
		}
	}
	return total, nil
}

// Counts returns the number of rows of each table, and of the sessions that stand.
func (s *Store) Counts(ctx context.Context) (rows map[string]int64, liveSessions int64, err error) {
	rows = map[string]int64{}
	err = s.View(ctx, func(tx *Tx) error {
		tables, err := list(tx, func(r row) string { return r.text(0) }, s.tables())
		if err != nil {
			return err
		}
		for _, table := range tables {
			if _, err := tx.one(`SELECT COUNT(*) FROM `+table, func(r row) { rows[table] = r.int(0) }); err != nil {
				return err
			}
		}
		_, err = tx.one(`SELECT COUNT(*) FROM session WHERE revoked_at = 0 AND ends_at > $1`,
			func(r row) { liveSessions = r.int(0) }, tx.Millis())
		return err
	})
	return rows, liveSessions, err
}
