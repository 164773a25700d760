package store

// ClientToken remembers what a request with an idempotency token was answered.
type ClientToken struct {
	AccountID string // of the caller
	Operation string
	Token     string
	Digest    string // of the parameters
	Answer    string // the ARN that was made
	ExpiresAt int64
}

// ClientToken finds what the account's token for the operation was answered, while that is remembered.
func (tx *Tx) ClientToken(accountID, operation, token string) (c ClientToken, found bool, err error) {
	found, err = tx.one(`SELECT account_id, operation, token, digest, answer, expires_at FROM client_token
		WHERE account_id = $1 AND operation = $2 AND token = $3 AND expires_at > $4`,
		func(r row) { c = ClientToken{r.text(0), r.text(1), r.text(2), r.text(3), r.text(4), r.int(5)} },
		accountID, operation, token, tx.Millis())
	return c, found, err
}

// PutClientToken remembers an answer, in place of one that is forgotten.
func (tx *Tx) PutClientToken(c ClientToken) error {
	_, err := tx.exec(`INSERT INTO client_token (account_id, operation, token, digest, answer, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (account_id, operation, token) DO UPDATE SET digest = $4, answer = $5, expires_at = $6`,
		c.AccountID, c.Operation, c.Token, c.Digest, c.Answer, c.ExpiresAt)
	return err
}
