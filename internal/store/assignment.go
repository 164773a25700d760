package store

// Assignment gives a principal a permission set in an account.
type Assignment struct {
	PrincipalType   string // PrincipalUser or PrincipalGroup
	PrincipalID     string
	AccountID       string
	PermissionSetID string
}

// The kinds of principal.
const (
	PrincipalUser  = "USER"
	PrincipalGroup = "GROUP"
)

// Term is when an assignment holds, in Unix milliseconds. Both are zero for one that holds from its making until it is taken.
type Term struct {
	BeginsAt int64
	EndsAt   int64
}

// holds reports whether the assignment holds at the moment of the transaction.
func (t Term) holds(tx *Tx) bool {
	return t.BeginsAt <= tx.Millis() && (t.EndsAt == 0 || t.EndsAt > tx.Millis())
}

const assignmentColumns = `a.principal_type, a.principal_id, a.account_id, a.permission_set_id`

func scanAssignment(r row) Assignment { return Assignment{r.text(0), r.text(1), r.text(2), r.text(3)} }

// Assignments returns every assignment but those that end.
func (tx *Tx) Assignments() ([]Assignment, error) {
	return list(tx, scanAssignment, `SELECT `+assignmentColumns+` FROM account_assignment a WHERE a.ends_at = 0
		ORDER BY a.account_id, a.permission_set_id, a.principal_type, a.principal_id`)
}

// Assignment returns when an assignment holds, if it was made.
func (tx *Tx) Assignment(a Assignment) (term Term, found bool, err error) {
	found, err = tx.one(`SELECT begins_at, ends_at FROM account_assignment
		WHERE principal_type = $1 AND principal_id = $2 AND account_id = $3 AND permission_set_id = $4`,
		func(r row) { term = Term{r.int(0), r.int(1)} }, a.PrincipalType, a.PrincipalID, a.AccountID, a.PermissionSetID)
	return term, found, err
}

// AddAssignment gives the principal the permission set in the account; doing so twice changes nothing.
func (tx *Tx) AddAssignment(a Assignment) error { return tx.PutAssignment(a, Term{}) }

// PutAssignment makes an assignment, or changes when it holds. The first one of a permission set in an account provisions it there.
func (tx *Tx) PutAssignment(a Assignment, term Term) error {
	_, err := tx.exec(`INSERT INTO permission_set_provisioning (permission_set_id, account_id, revision, provisioned_at)
		SELECT permission_set_id, $2, revision, $3 FROM permission_set WHERE permission_set_id = $1 AND NOT EXISTS
			(SELECT 1 FROM account_assignment WHERE account_id = $2 AND permission_set_id = $1)
		ON CONFLICT (permission_set_id, account_id) DO UPDATE SET revision = excluded.revision, provisioned_at = $3`,
		a.PermissionSetID, a.AccountID, term.BeginsAt)
	if err != nil {
		return err
	}
	_, err = tx.exec(`INSERT INTO account_assignment
		(principal_type, principal_id, account_id, permission_set_id, created_at, begins_at, ends_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (principal_type, principal_id, account_id, permission_set_id) DO UPDATE SET begins_at = $6, ends_at = $7`,
		a.PrincipalType, a.PrincipalID, a.AccountID, a.PermissionSetID, tx.Millis(), term.BeginsAt, term.EndsAt)
	return err
}

// DeleteAssignment takes the permission set in the account from the principal. With the last one the permission set leaves the account.
func (tx *Tx) DeleteAssignment(a Assignment) error {
	_, err := tx.exec(`DELETE FROM account_assignment
		WHERE principal_type = $1 AND principal_id = $2 AND account_id = $3 AND permission_set_id = $4`,
		a.PrincipalType, a.PrincipalID, a.AccountID, a.PermissionSetID)
	if err != nil {
		return err
	}
	_, err = tx.exec(`DELETE FROM permission_set_provisioning WHERE permission_set_id = $1 AND account_id = $2 AND NOT EXISTS
		(SELECT 1 FROM account_assignment WHERE account_id = $2 AND permission_set_id = $1)`, a.PermissionSetID, a.AccountID)
	return err
}

// Assigned reports whether anybody is assigned the permission set in any account, or will be.
func (tx *Tx) Assigned(permissionSetID string) (bool, error) {
	return tx.one(`SELECT 1 FROM account_assignment
		WHERE permission_set_id = $1 AND account_id IN (SELECT account_id FROM account) LIMIT 1`, func(row) {}, permissionSetID)
}

// Principal is a user or a group.
type Principal struct{ Type, ID string }

// AssignmentsIn returns up to limit assignments of a permission set in an account that hold now, by principal, those after the given
// principal.
func (tx *Tx) AssignmentsIn(accountID, permissionSetID string, after Principal, limit int) ([]Assignment, error) {
	return list(tx, scanAssignment, `SELECT `+assignmentColumns+` FROM account_assignment a
		WHERE a.account_id = $1 AND a.permission_set_id = $2 AND (a.principal_type, a.principal_id) > ($3, $4)
			AND a.begins_at <= $5 AND (a.ends_at = 0 OR a.ends_at > $5)
		ORDER BY a.principal_type, a.principal_id LIMIT $6`,
		accountID, permissionSetID, after.Type, after.ID, tx.Millis(), limit)
}

// accounts bounds a list to one account, or to none when it is empty. No account id sorts behind the last.
func accounts(accountID string) (first, last string) {
	if accountID == "" {
		return "", "~"
	}
	return accountID, accountID
}

// AssignmentsOf returns up to limit assignments of a principal itself that hold now, in one account or in all, by account and permission
// set, those after the given one.
func (tx *Tx) AssignmentsOf(p Principal, accountID string, after Assignment, limit int) ([]Assignment, error) {
	first, last := accounts(accountID)
	return list(tx, scanAssignment, `SELECT `+assignmentColumns+` FROM account_assignment a
		WHERE a.principal_type = $1 AND a.principal_id = $2 AND (a.account_id, a.permission_set_id) > ($3, $4)
			AND a.account_id <= $5 AND a.begins_at <= $6 AND (a.ends_at = 0 OR a.ends_at > $6)
		ORDER BY a.account_id, a.permission_set_id LIMIT $7`,
		p.Type, p.ID, max(after.AccountID, first), after.PermissionSetID, last, tx.Millis(), limit)
}

// AssignmentsOfGroups returns up to limit assignments of the groups of a user that hold now, in one account or in all, by group, account
// and permission set, those of the groups after the given one.
func (tx *Tx) AssignmentsOfGroups(userID, accountID, afterGroupID string, limit int) ([]Assignment, error) {
	first, last := accounts(accountID)
	return list(tx, scanAssignment, `SELECT `+assignmentColumns+` FROM group_membership m CROSS JOIN account_assignment a
		WHERE m.user_id = $1 AND m.group_id > $2 AND a.principal_type = 'GROUP' AND a.principal_id = m.group_id AND a.account_id >= $3 AND a.account_id <= $4
			AND a.begins_at <= $5 AND (a.ends_at = 0 OR a.ends_at > $5)
		ORDER BY m.group_id, a.account_id, a.permission_set_id LIMIT $6`,
		userID, afterGroupID, first, last, tx.Millis(), limit)
}

// IsMember reports whether the user is in the group.
func (tx *Tx) IsMember(m Membership) (bool, error) {
	return tx.one(`SELECT 1 FROM group_membership WHERE user_id = $1 AND group_id = $2`, func(row) {}, m.UserID, m.GroupID)
}

// assignedTo are the assignments of user $1 that hold at $2, direct or through a group. CROSS has SQLite begin with the memberships, here and
// above: left to itself it may begin with the assignments of everybody in an account, or of every group.
const assignedTo = `(SELECT account_id, permission_set_id FROM account_assignment
		WHERE principal_type = 'USER' AND principal_id = $1 AND begins_at <= $2 AND (ends_at = 0 OR ends_at > $2)
	UNION
	SELECT a.account_id, a.permission_set_id FROM group_membership m CROSS JOIN account_assignment a
		WHERE m.user_id = $1 AND a.principal_type = 'GROUP' AND a.principal_id = m.group_id AND a.begins_at <= $2 AND (a.ends_at = 0 OR a.ends_at > $2))`

// AssignedAccounts returns up to limit accounts in which the user holds a permission set, by id, those after the given one.
func (tx *Tx) AssignedAccounts(userID, after string, limit int) ([]Account, error) {
	return list(tx, scanAccount, `SELECT DISTINCT account.account_id, account.name, account.email
		FROM `+assignedTo+` held JOIN account ON account.account_id = held.account_id
		WHERE account.account_id > $3 ORDER BY account.account_id LIMIT $4`, userID, tx.Millis(), after, limit)
}

// AssignedRoles returns up to limit names of permission sets that the user holds in the account, in byte order, those after the
// given one.
func (tx *Tx) AssignedRoles(userID, accountID, after string, limit int) ([]string, error) {
	return list(tx, func(r row) string { return r.text(0) }, `SELECT permission_set.name
		FROM `+assignedTo+` held JOIN permission_set ON permission_set.permission_set_id = held.permission_set_id
		WHERE held.account_id = $3 AND permission_set.name > $4 ORDER BY permission_set.name LIMIT $5`,
		userID, tx.Millis(), accountID, after, limit)
}

// Holding is a permission set that a user holds in an account.
type Holding struct {
	Account       Account
	PermissionSet PermissionSet
}

// Holdings returns every role that the user holds in any account, by account id and name of the role, up to limit.
func (tx *Tx) Holdings(userID string, limit int) ([]Holding, error) {
	return list(tx, func(r row) Holding { return Holding{scanAccount(r), scanPermissionSetAt(r, 3)} },
		`SELECT account.account_id, account.name, account.email, `+permissionSetColumns+`
		FROM `+assignedTo+` held JOIN account ON account.account_id = held.account_id
			JOIN permission_set ON permission_set.permission_set_id = held.permission_set_id
		ORDER BY account.account_id, permission_set.name LIMIT $3`, userID, tx.Millis(), limit)
}

// AssignedRole returns the permission set of that name, if the user holds it in the account. The statement leaves the moment out, so that its
// answer can be remembered.
func (tx *Tx) AssignedRole(userID, accountID, name string) (set PermissionSet, found bool, err error) {
	err = tx.query(`SELECT held.begins_at, held.ends_at, `+permissionSetColumns+`
		FROM (SELECT permission_set_id, begins_at, ends_at FROM account_assignment
				WHERE principal_type = 'USER' AND principal_id = $1 AND account_id = $2
			UNION ALL
			SELECT a.permission_set_id, a.begins_at, a.ends_at FROM group_membership m CROSS JOIN account_assignment a
				WHERE m.user_id = $1 AND a.principal_type = 'GROUP' AND a.principal_id = m.group_id AND a.account_id = $2) held
			JOIN permission_set ON permission_set.permission_set_id = held.permission_set_id
		WHERE permission_set.name = $3`, []any{userID, accountID, name}, func(r row) error {
		if (Term{r.int(0), r.int(1)}).holds(tx) {
			set, found = scanPermissionSetAt(r, 2), true
		}
		return nil
	})
	return set, found, err
}
