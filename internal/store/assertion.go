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
func (tx *Tx) SpendAssertion(a SpentAssertion) (bool, error) {
	added, err := tx.exec(`INSERT INTO assertion_replay (input_digest, id_digest, request_digest, session_id, spent_at, expires_at)
		SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS
			(SELECT 1 FROM migration WHERE file = 'restored' AND step = 0 AND applied_at >= $7) ON CONFLICT DO NOTHING`,
		a.InputDigest, a.IDDigest, a.RequestDigest, a.SessionID, tx.Millis(), a.ExpiresAt, a.IssuedAt)
	return added == 1, err
}

// SpentAssertion finds what became of an assertion that was exchanged before.
func (tx *Tx) SpentAssertion(inputDigest string) (a SpentAssertion, found bool, err error) {
	found, err = tx.one(`SELECT input_digest, id_digest, request_digest, session_id, spent_at, expires_at FROM assertion_replay
		WHERE input_digest = $1`,
		func(r row) { a = SpentAssertion{r.text(0), r.text(1), r.text(2), r.text(3), r.int(4), r.int(5), 0} }, inputDigest)
	return a, found, err
}
