package store

// AccessKey is a long-lived access key of an operator. The secret is sealed under the key ring.
type AccessKey struct {
	AccessKeyID  string // AKIA…
	SealedSecret string
	UserName     string
}

func scanAccessKey(r row) AccessKey { return AccessKey{r.text(0), r.text(1), r.text(2)} }

// AccessKey finds a long-lived key by its id.
func (tx *Tx) AccessKey(accessKeyID string) (key AccessKey, found bool, err error) {
	found, err = tx.one(`SELECT access_key_id, sealed_secret, user_name FROM access_key WHERE access_key_id = $1`,
		func(r row) { key = scanAccessKey(r) }, accessKeyID)
	return key, found, err
}

// AccessKeys returns every long-lived key, oldest first.
func (tx *Tx) AccessKeys() ([]AccessKey, error) {
	return list(tx, scanAccessKey, `SELECT access_key_id, sealed_secret, user_name FROM access_key ORDER BY created_at`)
}

// AddAccessKey adds a long-lived key.
func (tx *Tx) AddAccessKey(k AccessKey) error {
	_, err := tx.exec(`INSERT INTO access_key (access_key_id, sealed_secret, user_name, created_at) VALUES ($1, $2, $3, $4)`,
		k.AccessKeyID, k.SealedSecret, k.UserName, tx.Millis())
	return err
}
