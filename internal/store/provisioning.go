package store

// A permission set is provisioned to the accounts in which somebody is assigned it, each with the revision that it had when it was
// provisioned last. Rows whose assignments went with their user or their group stay and do not count.

// Provisioned selects among what is provisioned.
type Provisioned int64

// What is provisioned, by whether the permission set changed since.
const (
	ProvisionedAny Provisioned = iota
	ProvisionedLatest
	ProvisionedOutdated
)

// provisioned are the provisionings p of permission sets s that count at $3 and that $4 selects.
const provisioned = `$4 IN (0, CASE WHEN p.revision = s.revision AND p.provisioned_at <= $3 THEN 1 ELSE 2 END)
	AND EXISTS (SELECT 1 FROM account_assignment a WHERE a.account_id = p.account_id AND a.permission_set_id = p.permission_set_id
		AND a.begins_at <= $3 AND (a.ends_at = 0 OR a.ends_at > $3))`

// ProvisionedPermissionSets returns up to limit ids of permission sets that are provisioned to an account, in their order, those after the
// given one.
func (tx *Tx) ProvisionedPermissionSets(accountID string, which Provisioned, after string, limit int) ([]string, error) {
	return list(tx, func(r row) string { return r.text(0) }, `SELECT p.permission_set_id FROM permission_set_provisioning p
		JOIN permission_set s ON s.permission_set_id = p.permission_set_id
		WHERE p.account_id = $1 AND p.permission_set_id > $2 AND `+provisioned+` ORDER BY p.permission_set_id LIMIT $5`,
		accountID, after, tx.Millis(), int64(which), limit)
}

// ProvisionedAccounts returns up to limit ids of accounts that a permission set is provisioned to, in their order, those after the given
// one.
func (tx *Tx) ProvisionedAccounts(permissionSetID string, which Provisioned, after string, limit int) ([]string, error) {
	return list(tx, func(r row) string { return r.text(0) }, `SELECT p.account_id FROM permission_set_provisioning p
		JOIN permission_set s ON s.permission_set_id = p.permission_set_id
		WHERE p.permission_set_id = $1 AND p.account_id > $2 AND `+provisioned+` ORDER BY p.account_id LIMIT $5`,
		permissionSetID, after, tx.Millis(), int64(which), limit)
}

// ProvisionedTo reports whether the permission set is provisioned to the account.
func (tx *Tx) ProvisionedTo(permissionSetID, accountID string) (bool, error) {
	return tx.one(`SELECT 1 FROM account_assignment WHERE account_id = $1 AND permission_set_id = $2
		AND begins_at <= $3 AND (ends_at = 0 OR ends_at > $3) LIMIT 1`, func(row) {}, accountID, permissionSetID, tx.Millis())
}

// CountProvisioned returns how many permission sets other than the given one have assignments in the account.
func (tx *Tx) CountProvisioned(accountID, exceptID string) (count int64, err error) {
	_, err = tx.one(`SELECT COUNT(*) FROM permission_set_provisioning p
		WHERE p.account_id = $1 AND p.permission_set_id <> $2 AND EXISTS
			(SELECT 1 FROM account_assignment a WHERE a.account_id = p.account_id AND a.permission_set_id = p.permission_set_id)`,
		func(r row) { count = r.int(0) }, accountID, exceptID)
	return count, err
}

// Provision brings an account, or every account for the empty text, to the permission set as it is, from the moment on. What is up to date
// stays as it is.
func (tx *Tx) Provision(permissionSetID, accountID string, at int64) error {
	first, last := accounts(accountID)
	_, err := tx.exec(`UPDATE permission_set_provisioning SET provisioned_at = $4,
			revision = (SELECT revision FROM permission_set WHERE permission_set_id = $1)
		WHERE permission_set_id = $1 AND account_id >= $2 AND account_id <= $3
			AND revision <> (SELECT revision FROM permission_set WHERE permission_set_id = $1)`, permissionSetID, first, last, at)
	return err
}
