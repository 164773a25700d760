package store

// Code is an authorization code (RFC 6749 §4.1.2), or the refusal that stands in its place: the row that a decision on an
// authorization request leaves behind. Its key is the request's id, so that a request is decided once.
type Code struct {
	RequestID   string
	State       string // one of the Code… states
	ClientID    string // registration id
	ClientName  string
	RedirectURI string // as requested, port included
	Challenge   string // S256 code challenge
	Nonce       string
	Scopes      string
	UserID      string
	SignInID    string
	AuthTime    int64
	ExpiresAt   int64
	Failures    int64 // redemptions that failed the proof
	SessionID   string
	SpentAt     int64
	SpentFrom   string
}

// The states of an authorization code.
const (
	CodeIssued = "issued"
	CodeDenied = "denied"
	CodeSpent  = "spent"
)

// AddCode records the decision on an authorization request and reports false when one was recorded before.
func (tx *Tx) AddCode(c Code, codeDigest string) (bool, error) {
	added, err := tx.exec(`INSERT INTO authorization_code (request_id, code_digest, state, client_id, client_name, redirect_uri,
			challenge, nonce, scopes, user_id, sign_in_id, auth_time, created_at, expires_at, failures, session_id, spent_at, spent_from)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, '', 0, '')
		ON CONFLICT (request_id) DO NOTHING`,
		c.RequestID, codeDigest, c.State, c.ClientID, c.ClientName, c.RedirectURI, c.Challenge, c.Nonce, c.Scopes, c.UserID, c.SignInID,
		c.AuthTime, tx.Millis(), c.ExpiresAt)
	return added == 1, err
}

// Code finds an authorization code by its whole value and the client it was given to.
func (tx *Tx) Code(requestID, codeDigest, clientID string) (c Code, found bool, err error) {
	found, err = tx.one(`SELECT request_id, state, client_id, client_name, redirect_uri, challenge, nonce, scopes, user_id, sign_in_id,
			auth_time, expires_at, failures, session_id, spent_at, spent_from
		FROM authorization_code WHERE request_id = $1 AND code_digest = $2 AND client_id = $3`,
		func(r row) {
			c = Code{r.text(0), r.text(1), r.text(2), r.text(3), r.text(4), r.text(5), r.text(6), r.text(7), r.text(8), r.text(9),
				r.int(10), r.int(11), r.int(12), r.text(13), r.int(14), r.text(15)}
		}, requestID, codeDigest, clientID)
	return c, found, err
}

// SpendCode moves an issued code that has not expired to spent, and reports whether it did. Of any number of callers one succeeds.
func (tx *Tx) SpendCode(requestID string, s Spending) (bool, error) {
	changed, err := tx.exec(`UPDATE authorization_code SET state = 'spent', session_id = $2, spent_at = $3, spent_from = $4
		WHERE request_id = $1 AND state = 'issued' AND expires_at > $3`, requestID, s.SessionID, tx.Millis(), s.Address)
	return changed == 1, err
}

// FailCode counts a redemption whose proof was wrong; the count that reaches limit burns the code.
func (tx *Tx) FailCode(requestID string, limit int) error {
	_, err := tx.exec(`UPDATE authorization_code SET failures = failures + 1,
			state = CASE WHEN failures + 1 >= $2 THEN 'denied' ELSE state END
		WHERE request_id = $1 AND state = 'issued'`, requestID, limit)
	return err
}
