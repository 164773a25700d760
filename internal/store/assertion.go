package store

// SpentAssertion is an assertion that was exchanged, kept until it would expire by itself (RFC 7523 §3, item 7).
type SpentAssertion struct {
	InputDigest   string // of what was signed
	IDDigest      string // of issuer and jti; without a jti the same as InputDigest
	RequestDigest string // of who brought it, and for what
	SessionID     string // what it began
	SpentAt       int64
	ExpiresAt     int64
}

// SpendAssertion records that an assertion is exchanged and reports false when it was before, or another of the same id. Of any number of
// callers one succeeds.
func (tx *Tx) SpendAssertion(a SpentAssertion) (bool, error) {
	added, err := tx.exec(`INSERT INTO assertion_replay (input_digest, id_digest, request_digest, session_id, spent_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		a.InputDigest, a.IDDigest, a.RequestDigest, a.SessionID, tx.Millis(), a.ExpiresAt)
	return added == 1, err
}

// SpentAssertion finds what became of an assertion that was exchanged before.
func (tx *Tx) SpentAssertion(inputDigest string) (a SpentAssertion, found bool, err error) {
	found, err = tx.one(`SELECT input_digest, id_digest, request_digest, session_id, spent_at, expires_at FROM assertion_replay
		WHERE input_digest = $1`,
		func(r row) { a = SpentAssertion{r.text(0), r.text(1), r.text(2), r.text(3), r.int(4), r.int(5)} }, inputDigest)
	return a, found, err
}
