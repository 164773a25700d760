package store

// PermissionSet is a role that can be given in any account.
type PermissionSet struct {
	PermissionSetID  string // ps-… with 16 hex digits
	Name             string
	Description      string
	SessionDurationS int64 // seconds that role credentials live
	RelayState       string
	SessionDuration  string // the same as somebody wrote it, empty when nobody did
	CreatedAt        int64
}

const permissionSetColumns = `permission_set.permission_set_id, permission_set.name, permission_set.description,
	permission_set.session_duration_s, permission_set.relay_state, permission_set.session_duration, permission_set.created_at`

func scanPermissionSet(r row) PermissionSet { return scanPermissionSetAt(r, 0) }

// scanPermissionSetAt reads the columns of a permission set that begin at the given one.
func scanPermissionSetAt(r row, at int) PermissionSet {
	return PermissionSet{r.text(at), r.text(at + 1), r.text(at + 2), r.int(at + 3), r.text(at + 4), r.text(at + 5), r.int(at + 6)}
}

// PermissionSets returns every permission set, by name.
func (tx *Tx) PermissionSets() ([]PermissionSet, error) {
	return list(tx, scanPermissionSet, `SELECT `+permissionSetColumns+` FROM permission_set ORDER BY permission_set.name`)
}

// PermissionSet finds a permission set by id.
func (tx *Tx) PermissionSet(permissionSetID string) (set PermissionSet, found bool, err error) {
	found, err = tx.one(`SELECT `+permissionSetColumns+` FROM permission_set WHERE permission_set.permission_set_id = $1`,
		func(r row) { set = scanPermissionSet(r) }, permissionSetID)
	return set, found, err
}

// PermissionSetIDs returns up to limit ids of permission sets, in their order, those after the given one.
func (tx *Tx) PermissionSetIDs(after string, limit int) ([]string, error) {
	return list(tx, func(r row) string { return r.text(0) },
		`SELECT permission_set_id FROM permission_set WHERE permission_set_id > $1 ORDER BY permission_set_id LIMIT $2`, after, limit)
}

// CountPermissionSets returns how many permission sets there are.
func (tx *Tx) CountPermissionSets() (count int64, err error) {
	_, err = tx.one(`SELECT COUNT(*) FROM permission_set`, func(r row) { count = r.int(0) })
	return count, err
}

// AddPermissionSet makes a permission set, and reports false when its name is taken.
func (tx *Tx) AddPermissionSet(p PermissionSet) (added bool, err error) {
	changed, err := tx.exec(`INSERT INTO permission_set
		(permission_set_id, name, description, session_duration_s, relay_state, session_duration, revision, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7)
		ON CONFLICT (name) DO NOTHING`,
		p.PermissionSetID, p.Name, p.Description, p.SessionDurationS, p.RelayState, p.SessionDuration, tx.Millis())
	return changed == 1, err
}

// PutPermissionSet makes a permission set or replaces what is known of one, but for its policies.
func (tx *Tx) PutPermissionSet(p PermissionSet) error {
	_, err := tx.exec(`INSERT INTO permission_set
		(permission_set_id, name, description, session_duration_s, relay_state, session_duration, revision, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7)
		ON CONFLICT (permission_set_id) DO UPDATE SET name = $2, description = $3, session_duration_s = $4, relay_state = $5,
			session_duration = $6, revision = permission_set.revision + 1, updated_at = $7`,
		p.PermissionSetID, p.Name, p.Description, p.SessionDurationS, p.RelayState, p.SessionDuration, tx.Millis())
	return err
}

// DeletePermissionSet removes a permission set with its policies, its tags and its assignments.
func (tx *Tx) DeletePermissionSet(permissionSetID string) error {
	return tx.each([]string{
		`DELETE FROM account_assignment WHERE permission_set_id = $1 AND account_id IN (SELECT account_id FROM account)`,
		`DELETE FROM permission_set_provisioning WHERE permission_set_id = $1`,
		`DELETE FROM permission_set_inline_policy WHERE permission_set_id = $1`,
		`DELETE FROM permission_set_managed_policy WHERE permission_set_id = $1`,
		`DELETE FROM permission_set_customer_policy WHERE permission_set_id = $1`,
		`DELETE FROM permission_set_boundary WHERE permission_set_id = $1`,
		`DELETE FROM resource_tags WHERE resource_id = $1`,
		`DELETE FROM permission_set WHERE permission_set_id = $1`,
	}, permissionSetID)
}

// revise notes that a permission set is no longer what its accounts were provisioned with. It passes on how a change of its policies went:
// what changed nothing makes no revision.
func (tx *Tx) revise(permissionSetID string, changed int, err error) (bool, error) {
	if err != nil || changed == 0 {
		return false, err
	}
	_, err = tx.exec(`UPDATE permission_set SET revision = revision + 1, updated_at = $2 WHERE permission_set_id = $1`,
		permissionSetID, tx.Millis())
	return err == nil, err
}
