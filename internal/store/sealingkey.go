package store

// SealingKey is one entry of the key ring. The seed is sealed under the root key, which the store never sees.
type SealingKey struct {
	KeyID      string
	Purpose    string
	SealedSeed string
	CreatedAt  int64
}

// SealingKeys returns the ring, oldest first.
func (tx *Tx) SealingKeys() ([]SealingKey, error) {
	return list(tx, func(r row) SealingKey { return SealingKey{r.text(0), r.text(1), r.text(2), r.int(3)} },
		`SELECT key_id, purpose, sealed_seed, created_at FROM sealing_key ORDER BY created_at, key_id`)
}

// AddSealingKey adds an entry to the ring.
func (tx *Tx) AddSealingKey(k SealingKey) error {
	_, err := tx.exec(`INSERT INTO sealing_key (key_id, purpose, sealed_seed, created_at) VALUES ($1, $2, $3, $4)`,
		k.KeyID, k.Purpose, k.SealedSeed, k.CreatedAt)
	return err
}

// AddSealingKeyOnce adds an entry whose id follows from what it is for, and reports whether it was the first: of two nodes that make one
// at the same time, the second takes over what the first has added.
func (tx *Tx) AddSealingKeyOnce(k SealingKey) (first bool, err error) {
	n, err := tx.exec(`INSERT INTO sealing_key (key_id, purpose, sealed_seed, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (key_id) DO NOTHING`, k.KeyID, k.Purpose, k.SealedSeed, k.CreatedAt)
	return n == 1, err
}
