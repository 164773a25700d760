package store

// User is one person of the directory.
type User struct {
	UserID      string
	UserName    string
	DisplayName string
	GivenName   string
	FamilyName  string
	Email       string
	Status      string // StatusEnabled or StatusDisabled
}

// The states of a user, as the identity store names them.
const (
	StatusEnabled  = "ENABLED"
	StatusDisabled = "DISABLED"
)

// Enabled reports whether the user may sign in and keep what was granted.
func (u User) Enabled() bool { return u.Status == StatusEnabled }

// UserNameKey is the form under which user names are unique and looked up: ASCII letters in lower case, everything else as it is.
// Folding more than ASCII would let U+212A KELVIN SIGN sign in as the letter k.
func UserNameKey(userName string) string {
	key := []byte(userName)
	for i, c := range key {
		if 'A' <= c && c <= 'Z' {
			key[i] = c + 'a' - 'A'
		}
	}
	return string(key)
}

const userColumns = `user_id, user_name, display_name, given_name, family_name, email, status`

func scanUser(r row) User { return scanUserAt(r, 0) }

// scanUserAt reads the user columns that begin at the given one.
func scanUserAt(r row, at int) User {
	return User{r.text(at), r.text(at + 1), r.text(at + 2), r.text(at + 3), r.text(at + 4), r.text(at + 5), r.text(at + 6)}
}

// UserByName finds a user by the name typed, letter case of ASCII ignored.
func (tx *Tx) UserByName(userName string) (user User, found bool, err error) {
	found, err = tx.one(`SELECT `+userColumns+` FROM directory_user WHERE user_name_key = $1`,
		func(r row) { user = scanUser(r) }, UserNameKey(userName))
	return user, found, err
}

// User finds a user by id.
func (tx *Tx) User(userID string) (user User, found bool, err error) {
	found, err = tx.one(`SELECT `+userColumns+` FROM directory_user WHERE user_id = $1`,
		func(r row) { user = scanUser(r) }, userID)
	return user, found, err
}

// Users returns the whole directory, by name.
func (tx *Tx) Users() ([]User, error) {
	return list(tx, scanUser, `SELECT `+userColumns+` FROM directory_user ORDER BY user_name_key`)
}

// PutUser makes a user or replaces what is known of one.
func (tx *Tx) PutUser(u User) error {
	_, err := tx.exec(`INSERT INTO directory_user
		(user_id, user_name, user_name_key, display_name, given_name, family_name, email, status, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
		ON CONFLICT (user_id) DO UPDATE SET user_name = $2, user_name_key = $3, display_name = $4, given_name = $5,
			family_name = $6, email = $7, status = $8, updated_at = $9`,
		u.UserID, u.UserName, UserNameKey(u.UserName), u.DisplayName, u.GivenName, u.FamilyName, u.Email, u.Status, tx.Millis())
	return err
}

// DeleteUser removes a user with password and memberships. Sessions are ended by RevokeSessionsOfUser.
func (tx *Tx) DeleteUser(userID string) error {
	for _, statement := range []string{
		`DELETE FROM directory_user WHERE user_id = $1`,
		`DELETE FROM user_password WHERE user_id = $1`,
		`DELETE FROM group_membership WHERE user_id = $1`,
		`DELETE FROM consent WHERE user_id = $1`,
		`DELETE FROM account_assignment WHERE principal_type = 'USER' AND principal_id = $1`,
	} {
		if _, err := tx.exec(statement, userID); err != nil {
			return err
		}
	}
	return nil
}

// Password is how a user proves who they are.
type Password struct {
	Hash   string // PHC string, argon2id
	Origin string // who set it: OriginDemo or OriginOperator
}

// Who set a password.
const (
	OriginDemo     = "demo" // development mode, published in the ready file
	OriginOperator = "operator"
)

// Password returns the user's password, if one was set.
func (tx *Tx) Password(userID string) (password Password, found bool, err error) {
	found, err = tx.one(`SELECT hash, origin FROM user_password WHERE user_id = $1`,
		func(r row) { password = Password{r.text(0), r.text(1)} }, userID)
	return password, found, err
}

// PutPassword sets the user's password.
func (tx *Tx) PutPassword(userID string, p Password) error {
	_, err := tx.exec(`INSERT INTO user_password (user_id, hash, origin, changed_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id) DO UPDATE SET hash = $2, origin = $3, changed_at = $4`, userID, p.Hash, p.Origin, tx.Millis())
	return err
}

// UserNamesByPasswordOrigin returns the names of the enabled users whose password was set by origin, by name.
func (tx *Tx) UserNamesByPasswordOrigin(origin string) ([]string, error) {
	return list(tx, func(r row) string { return r.text(0) },
		`SELECT u.user_name FROM directory_user u JOIN user_password p ON p.user_id = u.user_id
		WHERE p.origin = $1 AND u.status = 'ENABLED' ORDER BY u.user_name_key`, origin)
}
