package store

// Consent is a person's standing agreement that a client may have scopes.
type Consent struct {
	UserID    string
	ClientID  string // registration id
	Scopes    string
	ExpiresAt int64 // with the registration
}

// Consent returns the scopes that the user agreed to give the client, if the agreement stands.
func (tx *Tx) Consent(userID, clientID string) (scopes string, found bool, err error) {
	found, err = tx.one(`SELECT scopes FROM consent WHERE user_id = $1 AND client_id = $2 AND expires_at > $3`,
		func(r row) { scopes = r.text(0) }, userID, clientID, tx.Millis())
	return scopes, found, err
}

// PutConsent records the agreement in place of an earlier one.
func (tx *Tx) PutConsent(c Consent) error {
	_, err := tx.exec(`INSERT INTO consent (user_id, client_id, scopes, granted_at, expires_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (user_id, client_id) DO UPDATE SET scopes = $3, granted_at = $4, expires_at = $5`,
		c.UserID, c.ClientID, c.Scopes, tx.Millis(), c.ExpiresAt)
	return err
}
