package store

import "time"

// SealingKey is one entry of the key ring. The seed is sealed under a root key, which the store never sees.
type SealingKey struct {
	KeyID      string
	Purpose    string
	SealedSeed string
	CreatedAt  int64
	// ActivatesAt is from when the key seals and signs. A row that an earlier release wrote has none: its key does since it was made.
	ActivatesAt int64
	// RootKeyID names the root key that the seed is sealed under. It is empty in rows that an earlier release wrote.
	RootKeyID string
}

// RetiredKey is what is remembered of a key that has left the ring.
type RetiredKey struct {
	KeyID       string
	Purpose     string
	CreatedAt   int64
	ActivatesAt int64
	RetiredAt   int64
	Forced      bool // before its time
}

// Now is the moment of the store's clock, for what is decided outside of a transaction.
func (s *Store) Now() time.Time { return s.clock.Now() }

// SealingKeys returns the ring, oldest first.
func (tx *Tx) SealingKeys() ([]SealingKey, error) {
	return list(tx, func(r row) SealingKey {
		return SealingKey{r.text(0), r.text(1), r.text(2), r.int(3), r.int(4), r.text(5)}
	}, `SELECT key_id, purpose, sealed_seed, created_at, CASE WHEN activates_at = 0 THEN created_at ELSE activates_at END, root_key_id
		FROM sealing_key ORDER BY created_at, key_id`)
}

// AddSealingKey adds an entry to the ring.
func (tx *Tx) AddSealingKey(k SealingKey) error {
	_, err := tx.exec(`INSERT INTO sealing_key (key_id, purpose, sealed_seed, created_at, activates_at, root_key_id)
		VALUES ($1, $2, $3, $4, $5, $6)`, k.KeyID, k.Purpose, k.SealedSeed, k.CreatedAt, k.ActivatesAt, k.RootKeyID)
	return err
}

// AddSealingKeyAfter adds an entry unless there is one of its purpose that was made after the moment, and reports whether it did: of any
// number of nodes that replace the same key, one succeeds.
func (tx *Tx) AddSealingKeyAfter(k SealingKey, newest int64) (added bool, err error) {
	n, err := tx.exec(`INSERT INTO sealing_key (key_id, purpose, sealed_seed, created_at, activates_at, root_key_id)
		SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT 1 FROM sealing_key WHERE purpose = $2 AND created_at > $7)`,
		k.KeyID, k.Purpose, k.SealedSeed, k.CreatedAt, k.ActivatesAt, k.RootKeyID, newest)
	return n == 1, err
}

// AddSealingKeyOnce adds an entry whose id follows from what it is for, and reports whether it was the first: of two nodes that make one
// at the same time, the second takes over what the first has added.
func (tx *Tx) AddSealingKeyOnce(k SealingKey) (first bool, err error) {
	n, err := tx.exec(`INSERT INTO sealing_key (key_id, purpose, sealed_seed, created_at, activates_at, root_key_id)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key_id) DO NOTHING`,
		k.KeyID, k.Purpose, k.SealedSeed, k.CreatedAt, k.ActivatesAt, k.RootKeyID)
	return n == 1, err
}

// RewrapSealingKey replaces the sealed seed of an entry, and reports false when it is not the one that was read, or gone.
func (tx *Tx) RewrapSealingKey(was SealingKey, sealedSeed, rootKeyID string) (rewrapped bool, err error) {
	n, err := tx.exec(`UPDATE sealing_key SET sealed_seed = $3, root_key_id = $4 WHERE key_id = $1 AND sealed_seed = $2`,
		was.KeyID, was.SealedSeed, sealedSeed, rootKeyID)
	return n == 1, err
}

// RetireSealingKey takes an entry out of the ring and remembers it. It reports false when the entry is gone already, and when an access key
// is sealed under it: one whose sealed secret begins with the mark.
func (tx *Tx) RetireSealingKey(k SealingKey, mark string, forced bool) (retired bool, err error) {
	was := 0
	if forced {
		was = 1
	}
	// The entry goes first: of two nodes that retire it at once, the later must find it gone before it finds its history there.
	n, err := tx.exec(`DELETE FROM sealing_key WHERE key_id = $1 AND NOT EXISTS
		(SELECT 1 FROM access_key WHERE substr(sealed_secret, 1, 5) = $2)`, k.KeyID, mark)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = tx.exec(`INSERT INTO retired_key (key_id, purpose, created_at, activates_at, retired_at, forced)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key_id) DO NOTHING`,
		k.KeyID, k.Purpose, k.CreatedAt, k.ActivatesAt, tx.Millis(), was)
	return true, err
}

// RetiredKeys returns the keys that left the ring last up to a moment, latest first.
func (tx *Tx) RetiredKeys(until int64, limit int) ([]RetiredKey, error) {
	return list(tx, func(r row) RetiredKey {
		return RetiredKey{r.text(0), r.text(1), r.int(2), r.int(3), r.int(4), r.int(5) != 0}
	}, `SELECT key_id, purpose, created_at, activates_at, retired_at, forced FROM retired_key
		WHERE retired_at <= $1 ORDER BY retired_at DESC, key_id DESC LIMIT $2`, until, limit)
}

// RetiredKey finds a key that left the ring.
func (tx *Tx) RetiredKey(keyID string) (k RetiredKey, found bool, err error) {
	found, err = tx.one(`SELECT key_id, purpose, created_at, activates_at, retired_at, forced FROM retired_key WHERE key_id = $1`,
		func(r row) { k = RetiredKey{r.text(0), r.text(1), r.int(2), r.int(3), r.int(4), r.int(5) != 0} }, keyID)
	return k, found, err
}

// KeySessions are the sessions that stand and have their tokens sealed under one key.
type KeySessions struct {
	KeyID    string
	Sessions int64
	LastEnd  int64 // Unix milliseconds
}

// SessionsByKey counts the sessions that have not ended at the moment by the key of their tokens.
func (tx *Tx) SessionsByKey(now int64) ([]KeySessions, error) {
	return list(tx, func(r row) KeySessions { return KeySessions{r.text(0), r.int(1), r.int(2)} },
		`SELECT key_id, COUNT(*), MAX(ends_at) FROM session WHERE ends_at > $1 AND revoked_at = 0 GROUP BY key_id`, now)
}

// KeyMark is how many characters at the head of a sealed secret tell keys apart.
const KeyMark = 5

// AccessKeysByMark counts the access keys by the mark of the key that their secrets are sealed under.
func (tx *Tx) AccessKeysByMark() (map[string]int64, error) {
	counts := map[string]int64{}
	err := tx.query(`SELECT substr(sealed_secret, 1, 5), COUNT(*) FROM access_key GROUP BY substr(sealed_secret, 1, 5)`, nil,
		func(r row) error {
			counts[r.text(0)] = r.int(1)
			return nil
		})
	return counts, err
}

// SealedSecret is the secret of an access key, sealed.
type SealedSecret struct{ AccessKeyID, SealedSecret string }

// SealedSecrets returns a page of the secrets of access keys, in the order of their ids.
func (tx *Tx) SealedSecrets(after string, limit int) ([]SealedSecret, error) {
	return list(tx, func(r row) SealedSecret { return SealedSecret{r.text(0), r.text(1)} },
		`SELECT access_key_id, sealed_secret FROM access_key WHERE access_key_id > $1 ORDER BY access_key_id LIMIT $2`, after, limit)
}

// ResealAccessKey replaces the sealed secret of an access key, and reports false when it is not the one that was read, or gone.
func (tx *Tx) ResealAccessKey(was SealedSecret, sealedSecret string) (resealed bool, err error) {
	n, err := tx.exec(`UPDATE access_key SET sealed_secret = $3 WHERE access_key_id = $1 AND sealed_secret = $2`,
		was.AccessKeyID, was.SealedSecret, sealedSecret)
	return n == 1, err
}

// SessionIDs returns a page of the ids of sessions, in their order.
func (tx *Tx) SessionIDs(after string, limit int) ([]string, error) {
	return list(tx, func(r row) string { return r.text(0) },
		`SELECT session_id FROM session WHERE session_id > $1 ORDER BY session_id LIMIT $2`, after, limit)
}

// RevokeSessionsOfKey ends the sessions of a stretch of ids, after the first and up to the last, whose tokens are sealed under a key, and
// those that came of exchanging their tokens. It returns how many stood.
func (tx *Tx) RevokeSessionsOfKey(after, last, keyID, because string) (ended int, err error) {
	return tx.exec(`UPDATE session SET revoked_at = $4, revoked_because = $5 WHERE revoked_at = 0 AND session_id IN
		(WITH RECURSIVE ended (session_id) AS (
			SELECT session_id FROM session WHERE session_id > $1 AND session_id <= $2 AND key_id = $3 AND revoked_at = 0 AND ends_at > $4
			UNION SELECT session.session_id FROM session JOIN ended ON session.parent_session_id = ended.session_id AND session.parent_session_id > '')
		SELECT session_id FROM ended)`, after, last, keyID, tx.Millis(), because)
}
