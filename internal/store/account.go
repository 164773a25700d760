package store

// Account is an AWS account that people can be assigned to.
type Account struct {
	AccountID string // 12 digits
	Name      string
	Email     string
}

// PermissionSet is a role that can be given in any account.
type PermissionSet struct {
	PermissionSetID  string // ps-… with 16 hex digits
	Name             string
	Description      string
	SessionDurationS int64 // seconds that role credentials live
	RelayState       string
}

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

func scanAccount(r row) Account { return Account{r.text(0), r.text(1), r.text(2)} }

// Accounts returns every account, by id.
func (tx *Tx) Accounts() ([]Account, error) {
	return list(tx, scanAccount, `SELECT account_id, name, email FROM account ORDER BY account_id`)
}

// PutAccount makes an account or replaces what is known of one.
func (tx *Tx) PutAccount(a Account) error {
	_, err := tx.exec(`INSERT INTO account (account_id, name, email, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
		ON CONFLICT (account_id) DO UPDATE SET name = $2, email = $3, updated_at = $4`, a.AccountID, a.Name, a.Email, tx.Millis())
	return err
}

// DeleteAccount removes an account with its assignments.
func (tx *Tx) DeleteAccount(accountID string) error {
	if _, err := tx.exec(`DELETE FROM account_assignment WHERE account_id = $1`, accountID); err != nil {
		return err
	}
	_, err := tx.exec(`DELETE FROM account WHERE account_id = $1`, accountID)
	return err
}

func scanPermissionSet(r row) PermissionSet { return scanPermissionSetAt(r, 0) }

// scanPermissionSetAt reads the columns of a permission set that begin at the given one.
func scanPermissionSetAt(r row, at int) PermissionSet {
	return PermissionSet{r.text(at), r.text(at + 1), r.text(at + 2), r.int(at + 3), r.text(at + 4)}
}

// PermissionSets returns every permission set, by name.
func (tx *Tx) PermissionSets() ([]PermissionSet, error) {
	return list(tx, scanPermissionSet,
		`SELECT permission_set_id, name, description, session_duration_s, relay_state FROM permission_set ORDER BY name`)
}

// PutPermissionSet makes a permission set or replaces what is known of one.
func (tx *Tx) PutPermissionSet(p PermissionSet) error {
	_, err := tx.exec(`INSERT INTO permission_set
		(permission_set_id, name, description, session_duration_s, relay_state, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $6)
		ON CONFLICT (permission_set_id) DO UPDATE SET name = $2, description = $3, session_duration_s = $4, relay_state = $5,
			updated_at = $6`, p.PermissionSetID, p.Name, p.Description, p.SessionDurationS, p.RelayState, tx.Millis())
	return err
}

// DeletePermissionSet removes a permission set with its assignments.
func (tx *Tx) DeletePermissionSet(permissionSetID string) error {
	if _, err := tx.exec(`DELETE FROM account_assignment WHERE permission_set_id = $1`, permissionSetID); err != nil {
		return err
	}
	_, err := tx.exec(`DELETE FROM permission_set WHERE permission_set_id = $1`, permissionSetID)
	return err
}

// Assignments returns every assignment.
func (tx *Tx) Assignments() ([]Assignment, error) {
	return list(tx, func(r row) Assignment { return Assignment{r.text(0), r.text(1), r.text(2), r.text(3)} },
		`SELECT principal_type, principal_id, account_id, permission_set_id FROM account_assignment
		ORDER BY account_id, permission_set_id, principal_type, principal_id`)
}

// AddAssignment gives the principal the permission set in the account; doing so twice changes nothing.
func (tx *Tx) AddAssignment(a Assignment) error {
	_, err := tx.exec(`INSERT INTO account_assignment (principal_type, principal_id, account_id, permission_set_id, created_at)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (principal_type, principal_id, account_id, permission_set_id) DO NOTHING`,
		a.PrincipalType, a.PrincipalID, a.AccountID, a.PermissionSetID, tx.Millis())
	return err
}

// DeleteAssignment takes the permission set in the account from the principal.
func (tx *Tx) DeleteAssignment(a Assignment) error {
	_, err := tx.exec(`DELETE FROM account_assignment
		WHERE principal_type = $1 AND principal_id = $2 AND account_id = $3 AND permission_set_id = $4`,
		a.PrincipalType, a.PrincipalID, a.AccountID, a.PermissionSetID)
	return err
}

// assignedTo are the assignments of user $1, direct or through a group.
const assignedTo = `(SELECT account_id, permission_set_id FROM account_assignment
		WHERE principal_type = 'USER' AND principal_id = $1
	UNION
	SELECT a.account_id, a.permission_set_id FROM group_membership m
		JOIN account_assignment a ON a.principal_type = 'GROUP' AND a.principal_id = m.group_id
		WHERE m.user_id = $1)`

// AssignedAccounts returns up to limit accounts in which the user holds a permission set, by id, those after the given one.
func (tx *Tx) AssignedAccounts(userID, after string, limit int) ([]Account, error) {
	return list(tx, scanAccount, `SELECT DISTINCT account.account_id, account.name, account.email
		FROM `+assignedTo+` held JOIN account ON account.account_id = held.account_id
		WHERE account.account_id > $2 ORDER BY account.account_id LIMIT $3`, userID, after, limit)
}

// AssignedRoles returns up to limit names of permission sets that the user holds in the account, in byte order, those after the
// given one.
func (tx *Tx) AssignedRoles(userID, accountID, after string, limit int) ([]string, error) {
	return list(tx, func(r row) string { return r.text(0) }, `SELECT permission_set.name
		FROM `+assignedTo+` held JOIN permission_set ON permission_set.permission_set_id = held.permission_set_id
		WHERE held.account_id = $2 AND permission_set.name > $3 ORDER BY permission_set.name LIMIT $4`,
		userID, accountID, after, limit)
}

// Holding is a permission set that a user holds in an account.
type Holding struct {
	Account       Account
	PermissionSet PermissionSet
}

// Holdings returns every role that the user holds in any account, by account id and name of the role, up to limit.
func (tx *Tx) Holdings(userID string, limit int) ([]Holding, error) {
	return list(tx, func(r row) Holding { return Holding{scanAccount(r), scanPermissionSetAt(r, 3)} },
		`SELECT account.account_id, account.name, account.email, permission_set.permission_set_id, permission_set.name,
			permission_set.description, permission_set.session_duration_s, permission_set.relay_state
		FROM `+assignedTo+` held JOIN account ON account.account_id = held.account_id
			JOIN permission_set ON permission_set.permission_set_id = held.permission_set_id
		ORDER BY account.account_id, permission_set.name LIMIT $2`, userID, limit)
}

// AssignedRole returns the permission set of that name, if the user holds it in the account.
func (tx *Tx) AssignedRole(userID, accountID, name string) (set PermissionSet, found bool, err error) {
	found, err = tx.one(`SELECT permission_set.permission_set_id, permission_set.name, permission_set.description,
			permission_set.session_duration_s, permission_set.relay_state
		FROM `+assignedTo+` held JOIN permission_set ON permission_set.permission_set_id = held.permission_set_id
		WHERE held.account_id = $2 AND permission_set.name = $3`,
		func(r row) { set = scanPermissionSet(r) }, userID, accountID, name)
	return set, found, err
}
