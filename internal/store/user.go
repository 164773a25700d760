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

// UserRecord is all that the store keeps of a user.
type UserRecord struct {
	User
	Profile   string // the attributes that have no column, as the JSON of CreateUser's input; empty for none
	CreatedAt int64
	CreatedBy string // ARN of who made the user, empty for the operator's file
	UpdatedAt int64
	UpdatedBy string
}

const userColumns = `user_id, user_name, display_name, given_name, family_name, email, status`

// userColumnsOfTable are the same where another table has a user_id, too.
const userColumnsOfTable = `directory_user.user_id, directory_user.user_name, directory_user.display_name,
	directory_user.given_name, directory_user.family_name, directory_user.email, directory_user.status`

func scanUser(r row) User { return scanUserAt(r, 0) }

// scanUserAt reads the user columns that begin at the given one.
func scanUserAt(r row, at int) User {
	return User{r.text(at), r.text(at + 1), r.text(at + 2), r.text(at + 3), r.text(at + 4), r.text(at + 5), r.text(at + 6)}
}

const userRecordColumns = userColumns + `, profile, created_at, created_by, updated_at, updated_by`

func scanUserRecord(r row) UserRecord {
	return UserRecord{scanUser(r), r.text(7), r.int(8), r.text(9), r.int(10), r.text(11)}
}

// UserByName finds a user by the name typed, letter case of ASCII ignored. Names that are the same only after more folding than that are
// nobody's: the KELVIN SIGN does not sign in as the letter k, though nobody else may take a name with it, either.
func (tx *Tx) UserByName(userName string) (user User, found bool, err error) {
	// Rows of the first schema keep the name with its ASCII letters folded, until they are written again.
	err = tx.query(`SELECT `+userColumns+` FROM directory_user WHERE user_name_key IN ($1, $2)`,
		[]any{UserNameKey(userName), foldASCII(userName)}, func(r row) error {
			if row := scanUser(r); foldASCII(row.UserName) == foldASCII(userName) {
				user, found = row, true
			}
			return nil
		})
	return user, found, err
}

// User finds a user by id.
func (tx *Tx) User(userID string) (user User, found bool, err error) {
	found, err = tx.one(`SELECT `+userColumns+` FROM directory_user WHERE user_id = $1`,
		func(r row) { user = scanUser(r) }, userID)
	return user, found, err
}

// UserRecord finds a user by id with everything that is kept.
func (tx *Tx) UserRecord(userID string) (user UserRecord, found bool, err error) {
	found, err = tx.one(`SELECT `+userRecordColumns+` FROM directory_user WHERE user_id = $1`,
		func(r row) { user = scanUserRecord(r) }, userID)
	return user, found, err
}

// UsersByEmail returns who has exactly that address: nobody or one user, since addresses are unique.
func (tx *Tx) UsersByEmail(email string) ([]User, error) {
	users := []User{}
	if email == "" {
		return users, nil
	}
	err := tx.query(`SELECT `+userColumnsOfTable+`
		FROM user_email JOIN directory_user ON directory_user.user_id = user_email.user_id WHERE email_key IN ($1, $2)`,
		[]any{EmailKey(email), foldASCII(email)}, func(r row) error {
			if user := scanUser(r); user.Email == email {
				users = append(users, user)
			}
			return nil
		})
	return users, err
}

// UsersPage returns up to limit users by id, those after the given one.
func (tx *Tx) UsersPage(after string, limit int) ([]UserRecord, error) {
	return list(tx, scanUserRecord, `SELECT `+userRecordColumns+` FROM directory_user WHERE user_id > $1 ORDER BY user_id LIMIT $2`,
		after, limit)
}

// UserTaken says which attribute of a user is another's already.
type UserTaken int

// The attributes that are unique among users.
const (
	NothingTaken UserTaken = iota
	UserNameTaken
	EmailTaken
)

// AddUser makes a user, unless somebody has the name or the address: then it changes nothing and says so. Of any number of callers one
// succeeds.
func (tx *Tx) AddUser(u UserRecord) (UserTaken, error) {
	added, err := tx.exec(`INSERT INTO directory_user (user_id, user_name, user_name_key, display_name, given_name, family_name, email,
			status, profile, created_at, created_by, updated_at, updated_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10, $11) ON CONFLICT (user_name_key) DO NOTHING`,
		u.UserID, u.UserName, UserNameKey(u.UserName), u.DisplayName, u.GivenName, u.FamilyName, u.Email,
		u.Status, u.Profile, tx.Millis(), u.CreatedBy)
	switch {
	case err != nil:
		return NothingTaken, err
	case added == 0:
		return UserNameTaken, nil
	}
	claimed, err := tx.claimEmail(u.UserID, u.Email)
	if err != nil || claimed {
		return NothingTaken, err
	}
	_, err = tx.exec(`DELETE FROM directory_user WHERE user_id = $1`, u.UserID)
	return EmailTaken, err
}

// UpdateUser replaces what is known of a user, unless somebody else has the new name or address: then it changes nothing and says so.
func (tx *Tx) UpdateUser(u UserRecord) (UserTaken, error) {
	claimed, err := tx.claimEmail(u.UserID, u.Email)
	switch {
	case err != nil:
		return NothingTaken, err
	case !claimed:
		return EmailTaken, nil
	}
	changed, err := tx.exec(`UPDATE directory_user SET user_name = $2, user_name_key = $3, display_name = $4, given_name = $5,
			family_name = $6, email = $7, status = $8, profile = $9, updated_at = $10, updated_by = $11
		WHERE user_id = $1 AND NOT EXISTS
			(SELECT other.user_id FROM directory_user other WHERE other.user_name_key = $3 AND other.user_id <> $1)`,
		u.UserID, u.UserName, UserNameKey(u.UserName), u.DisplayName, u.GivenName, u.FamilyName, u.Email,
		u.Status, u.Profile, tx.Millis(), u.UpdatedBy)
	switch {
	case err != nil:
		return NothingTaken, err
	case changed == 0: // give back what was claimed: the row still has the old address
		old, _, err := tx.User(u.UserID)
		if err != nil {
			return NothingTaken, err
		}
		return UserNameTaken, tx.releaseEmails(u.UserID, old.Email)
	}
	return NothingTaken, tx.releaseEmails(u.UserID, u.Email)
}

// claimEmail makes the address the user's and reports whether it is: no address always is.
func (tx *Tx) claimEmail(userID, email string) (bool, error) {
	if email == "" {
		return true, nil
	}
	added, err := tx.exec(`INSERT INTO user_email (email_key, user_id) VALUES ($1, $2) ON CONFLICT (email_key) DO NOTHING`,
		EmailKey(email), userID)
	if err != nil || added == 1 {
		return added == 1, err
	}
	return tx.one(`SELECT user_id FROM user_email WHERE email_key = $1 AND user_id = $2`, func(row) {}, EmailKey(email), userID)
}

// releaseEmails gives up the addresses of the user but the one to keep.
func (tx *Tx) releaseEmails(userID, keep string) error {
	_, err := tx.exec(`DELETE FROM user_email WHERE user_id = $1 AND email_key <> $2`, userID, EmailKey(keep))
	return err
}

// PutUser makes a user or replaces what a file says of one; attributes that only the profile has stay. It is for callers who know that names
// and addresses differ in the end and write them in any order: an address goes to who asked last.
func (tx *Tx) PutUser(u User) error {
	_, err := tx.exec(`INSERT INTO directory_user
		(user_id, user_name, user_name_key, display_name, given_name, family_name, email, status, created_at, updated_at, updated_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)
		ON CONFLICT (user_id) DO UPDATE SET user_name = $2, user_name_key = $3, display_name = $4, given_name = $5,
			family_name = $6, email = $7, status = $8, updated_at = $9, updated_by = $10`,
		u.UserID, u.UserName, UserNameKey(u.UserName), u.DisplayName, u.GivenName, u.FamilyName, u.Email, u.Status, tx.Millis(), "")
	if err != nil {
		return err
	}
	if err := tx.releaseEmails(u.UserID, u.Email); err != nil || u.Email == "" {
		return err
	}
	_, err = tx.exec(`INSERT INTO user_email (email_key, user_id) VALUES ($1, $2) ON CONFLICT (email_key) DO UPDATE SET user_id = $2`,
		EmailKey(u.Email), u.UserID)
	return err
}

// DeleteUser removes a user with everything that names them, and signs them out everywhere.
func (tx *Tx) DeleteUser(userID string) error {
	if err := tx.RevokeSessionsOfUser(userID, "the user was removed"); err != nil {
		return err
	}
	return tx.each([]string{
		`DELETE FROM directory_user WHERE user_id = $1`,
		`DELETE FROM user_email WHERE user_id = $1`,
		`DELETE FROM user_external_id WHERE user_id = $1`,
		`DELETE FROM user_password WHERE user_id = $1`,
		`DELETE FROM group_membership WHERE user_id = $1`,
		`DELETE FROM consent WHERE user_id = $1`,
		`DELETE FROM account_assignment WHERE principal_type = 'USER' AND principal_id = $1`,
		`DELETE FROM application_assignment WHERE principal_type = 'USER' AND principal_id = $1`,
	}, userID)
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

// UserNamesByPasswordOrigin returns the names of the enabled users whose password was set by origin, by name. CROSS has SQLite begin with the
// passwords, of which there are fewer than people.
func (tx *Tx) UserNamesByPasswordOrigin(origin string) ([]string, error) {
	return list(tx, func(r row) string { return r.text(0) },
		`SELECT u.user_name FROM user_password p CROSS JOIN directory_user u
		WHERE p.origin = $1 AND u.user_id = p.user_id AND u.status = 'ENABLED' ORDER BY u.user_name_key`, origin)
}
