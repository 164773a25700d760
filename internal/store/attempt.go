package store

import (
	"context"
	"time"
)

// Attempts are counted in the store, so that every node sees them and a restart forgets none.

// CountAttempt adds one to the tally of the key and returns the new tally and when it starts again from nothing. A tally whose time has
// passed begins anew with the given end.
func (tx *Tx) CountAttempt(key string, expiresAt int64) (tally, ends int64, err error) {
	_, err = tx.one(`INSERT INTO attempt (attempt_key, tally, expires_at) VALUES ($1, 1, $2)
		ON CONFLICT (attempt_key) DO UPDATE SET
			tally = CASE WHEN attempt.expires_at <= $3 THEN 1 ELSE attempt.tally + 1 END,
			expires_at = CASE WHEN attempt.expires_at <= $3 THEN $2 ELSE attempt.expires_at END
		RETURNING tally, expires_at`,
		func(r row) { tally, ends = r.int(0), r.int(1) }, key, expiresAt, tx.Millis())
	return tally, ends, err
}

// Attempts returns the tally of the key and its end, zero when there is none.
func (tx *Tx) Attempts(key string) (tally, ends int64, err error) {
	_, err = tx.one(`SELECT tally, expires_at FROM attempt WHERE attempt_key = $1 AND expires_at > $2`,
		func(r row) { tally, ends = r.int(0), r.int(1) }, key, tx.Millis())
	return tally, ends, err
}

// UncountAttempt takes one from the tally that ends at the given moment: what CountAttempt added before it was known that nothing
// would be amiss. A tally that has begun anew since is left alone.
func (tx *Tx) UncountAttempt(key string, ends int64) error {
	_, err := tx.exec(`UPDATE attempt SET tally = tally - 1 WHERE attempt_key = $1 AND expires_at = $2 AND tally > 0`, key, ends)
	return err
}

// ForgetAttempts removes the tally of the key.
func (tx *Tx) ForgetAttempts(key string) error {
	_, err := tx.exec(`DELETE FROM attempt WHERE attempt_key = $1`, key)
	return err
}

// touchedFor is how long the row of Touch stays when nobody touches it any more.
const touchedFor = time.Hour

// Touch writes one row that nobody reads, to learn whether anything can be written. Each process has a row of its own, and writes it in one
// trip: no node waits for another that hangs.
func (s *Store) Touch(ctx context.Context) error {
	return s.Update(ctx, func(tx *Tx) error {
		return tx.later(`INSERT INTO attempt (attempt_key, tally, expires_at) VALUES ($1, 1, $2)
			ON CONFLICT (attempt_key) DO UPDATE SET expires_at = $2`, "touch/"+s.process, tx.Now.Add(touchedFor).UnixMilli())
	})
}
