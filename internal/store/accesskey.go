package store

import "cmp"

// AccessKey is a long-lived access key of an IAM user or of a role: one of UserName and RoleName is set. The secret is sealed under the
// key ring.
type AccessKey struct {
	AccessKeyID  string // AKIA…
	SealedSecret string
	AccountID    string
	UserName     string
	RoleName     string
	Status       string // KeyActive or KeyInactive; empty is KeyActive for a new key
	CreatedAt    int64
}

// The states of a long-lived key, in IAM's words.
const (
	KeyActive   = "Active"
	KeyInactive = "Inactive"
)

// Principal is whose key it is.
func (k AccessKey) Principal() IAMPrincipal {
	if k.RoleName != "" {
		return IAMPrincipal{k.AccountID, IAMRoleKind, k.RoleName}
	}
	return IAMPrincipal{k.AccountID, IAMUserKind, k.UserName}
}

const accessKeyColumns = `k.access_key_id, k.sealed_secret, k.account_id, k.principal_kind, k.principal_name, k.status, k.created_at`

func scanAccessKey(r row) AccessKey {
	k := AccessKey{AccessKeyID: r.text(0), SealedSecret: r.text(1), AccountID: r.text(2), Status: r.text(5), CreatedAt: r.int(6)}
	if r.text(3) == IAMRoleKind {
		k.RoleName = r.text(4)
	} else {
		k.UserName = r.text(4)
	}
	return k
}

// HeldKey is a long-lived key with what else names its holder, a user or a role.
type HeldKey struct {
	AccessKey
	Held     bool   // the holder exists
	HolderID string // AIDA… or AROA…; empty where it follows from the name
	Path     string
}

// AccessKey finds a long-lived key by its id, with its holder, in one statement.
func (tx *Tx) AccessKey(accessKeyID string) (key HeldKey, found bool, err error) {
	found, err = tx.one(`SELECT `+accessKeyColumns+`, COALESCE(u.user_id, r.role_id, ''), COALESCE(u.path, r.path, '') FROM access_key k
		LEFT JOIN iam_user u ON k.principal_kind = 'user' AND u.account_id = k.account_id AND u.user_name = k.principal_name
		LEFT JOIN iam_role r ON k.principal_kind = 'role' AND r.account_id = k.account_id AND r.role_name = k.principal_name
		WHERE k.access_key_id = $1`,
		func(r row) { key = HeldKey{scanAccessKey(r), r.text(8) != "", r.text(7), r.text(8)} }, accessKeyID)
	return key, found, err
}

// AccessKeys returns every long-lived key, oldest first.
func (tx *Tx) AccessKeys() ([]AccessKey, error) {
	return list(tx, scanAccessKey, `SELECT `+accessKeyColumns+` FROM access_key k ORDER BY k.created_at, k.access_key_id`)
}

// AccessKeysOf returns the long-lived keys of a principal, oldest first.
func (tx *Tx) AccessKeysOf(p IAMPrincipal) ([]AccessKey, error) {
	return list(tx, scanAccessKey, `SELECT `+accessKeyColumns+` FROM access_key k
		WHERE k.account_id = $1 AND k.principal_kind = $2 AND k.principal_name = $3 ORDER BY k.created_at, k.access_key_id`,
		p.AccountID, p.Kind, p.Name)
}

// AddAccessKey adds a long-lived key.
func (tx *Tx) AddAccessKey(k AccessKey) error {
	p := k.Principal()
	_, err := tx.exec(`INSERT INTO access_key
		(access_key_id, sealed_secret, account_id, principal_kind, principal_name, user_name, status, created_at)
		VALUES ($1, $2, $3, $4, $5, $5, $6, $7)`,
		k.AccessKeyID, k.SealedSecret, p.AccountID, p.Kind, p.Name, cmp.Or(k.Status, KeyActive), tx.Millis())
	return err
}

// AddAccessKeyAtMost adds a long-lived key, and reports false when its principal would have more than most keys in its state.
func (tx *Tx) AddAccessKeyAtMost(k AccessKey, most int) (added bool, err error) {
	p := k.Principal()
	n, err := tx.exec(`INSERT INTO access_key
		(access_key_id, sealed_secret, account_id, principal_kind, principal_name, user_name, status, created_at)
		SELECT $1, $2, $3, $4, $5, $5, $6, $7 WHERE (SELECT COUNT(*) FROM access_key
			WHERE account_id = $3 AND principal_kind = $4 AND principal_name = $5 AND status = $6) < $8`,
		k.AccessKeyID, k.SealedSecret, p.AccountID, p.Kind, p.Name, cmp.Or(k.Status, KeyActive), tx.Millis(), most)
	return n == 1, err
}

// SetAccessKeyStatus moves a key to another state, and reports false when it is in that state, or when its principal would have more than
// most keys in it.
func (tx *Tx) SetAccessKeyStatus(k AccessKey, status string, most int) (changed bool, err error) {
	p := k.Principal()
	n, err := tx.exec(`UPDATE access_key SET status = $2 WHERE access_key_id = $1 AND status <> $2 AND (SELECT COUNT(*) FROM access_key
			WHERE account_id = $3 AND principal_kind = $4 AND principal_name = $5 AND status = $2) < $6`,
		k.AccessKeyID, status, p.AccountID, p.Kind, p.Name, most)
	return n == 1, err
}

// DeleteAccessKey removes a key, and reports whether there was one.
func (tx *Tx) DeleteAccessKey(accessKeyID string) (deleted bool, err error) {
	n, err := tx.exec(`DELETE FROM access_key WHERE access_key_id = $1`, accessKeyID)
	return n == 1, err
}
