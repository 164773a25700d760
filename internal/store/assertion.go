package store

// SpentAssertion is an assertion that was exchanged, kept until it would expire by itself (RFC 7523 §3, item 7).
type SpentAssertion struct {
	InputDigest   string // of what was signed
	IDDigest      string // of issuer and jti; without a jti the same as InputDigest
	RequestDigest string // of who brought it, and for what
	SessionID     string // what it began
	SpentAt       int64
	ExpiresAt     int64

	// IssuedAt is before which the assertion cannot have been issued. It is not kept.
	IssuedAt int64
}

// SpendAssertion records that an assertion is exchanged and reports false when it was before, or another of the same id. Of any number of
// callers one succeeds. One that was issued before the database was restored from a backup counts as spent: the backup does not know.
//
// Hardly any comes twice. On PostgreSQL it is recorded with what the caller does next, and the transaction run again where it could not be: a
// column that must not be NULL is, in a database that was restored too late.
func (tx *Tx) SpendAssertion(a SpentAssertion) (bool, error) {
	values := []any{a.InputDigest, a.IDDigest, a.RequestDigest, a.SessionID, tx.Millis(), a.ExpiresAt, a.IssuedAt}
	hoped, err := tx.hope(`INSERT INTO assertion_replay (input_digest, id_digest, request_digest, session_id, spent_at, expires_at)
		VALUES ($1, $2, $3, CASE WHEN EXISTS `+restoredSince+` THEN NULL ELSE $4 END, $5, $6)`, values...)
	if hoped || err != nil {
		return true, err
	}
	added, err := tx.exec(`INSERT INTO assertion_replay (input_digest, id_digest, request_digest, session_id, spent_at, expires_at)
		SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS `+restoredSince+` ON CONFLICT DO NOTHING`, values...)
	return added == 1, err
}

// restoredSince finds the note of a restore after the moment $7.
const restoredSince = `(SELECT 1 FROM migration WHERE file = 'restored' AND step = 0 AND applied_at >= $7)`

// SpentAssertion finds what became of an assertion that was exchanged before.
func (tx *Tx) SpentAssertion(inputDigest string) (a SpentAssertion, found bool, err error) {
	found, err = tx.one(`SELECT input_digest, id_digest, request_digest, session_id, spent_at, expires_at FROM assertion_replay
		WHERE input_digest = $1`,
		func(r row) { a = SpentAssertion{r.text(0), r.text(1), r.text(2), r.text(3), r.int(4), r.int(5), 0} }, inputDigest)
	return a, found, err
}
