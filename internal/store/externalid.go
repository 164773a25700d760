package store

// ExternalID is how another system, which the issuer names, calls a user or a group. It is unique among the users, and among the groups.
type ExternalID struct{ Issuer, ID string }

// OwnedExternalID is an external id with whose it is: the id of a user or of a group.
type OwnedExternalID struct {
	OwnerID string
	ExternalID
}

// MaxExternalIDs bounds the external ids of one user or group (ExternalIds of the model).
const MaxExternalIDs = 10

// UsersByExternalID returns up to two users whom the issuer calls so; an empty issuer is any.
func (tx *Tx) UsersByExternalID(issuer, id string) ([]User, error) {
	if issuer == "" {
		return list(tx, scanUser, `SELECT DISTINCT `+userColumnsOfTable+`
			FROM user_external_id JOIN directory_user ON directory_user.user_id = user_external_id.user_id
			WHERE external_id = $1 ORDER BY directory_user.user_id LIMIT 2`, id)
	}
	return list(tx, scanUser, `SELECT `+userColumnsOfTable+`
		FROM user_external_id JOIN directory_user ON directory_user.user_id = user_external_id.user_id
		WHERE issuer = $1 AND external_id = $2`, issuer, id)
}

// GroupByExternalID finds the group that the issuer calls so.
func (tx *Tx) GroupByExternalID(e ExternalID) (group GroupRecord, found bool, err error) {
	found, err = tx.one(`SELECT `+groupRecordColumns+`
		FROM group_external_id JOIN directory_group ON directory_group.group_id = group_external_id.group_id
		WHERE issuer = $1 AND external_id = $2`, func(r row) { group = scanGroupRecord(r) }, e.Issuer, e.ID)
	return group, found, err
}

func scanOwnedExternalID(r row) OwnedExternalID {
	return OwnedExternalID{r.text(0), ExternalID{r.text(1), r.text(2)}}
}

// ExternalIDsOfUsers returns the external ids of the users from first to last, by user: those of one page of UsersPage, which has pageSize users.
func (tx *Tx) ExternalIDsOfUsers(first, last string, pageSize int) ([]OwnedExternalID, error) {
	return list(tx, scanOwnedExternalID, `SELECT user_id, issuer, external_id FROM user_external_id
		WHERE user_id >= $1 AND user_id <= $2 ORDER BY user_id, issuer, external_id LIMIT $3`, first, last, pageSize*MaxExternalIDs)
}

// ExternalIDsOfGroups is ExternalIDsOfUsers for groups.
func (tx *Tx) ExternalIDsOfGroups(first, last string, pageSize int) ([]OwnedExternalID, error) {
	return list(tx, scanOwnedExternalID, `SELECT group_id, issuer, external_id FROM group_external_id
		WHERE group_id >= $1 AND group_id <= $2 ORDER BY group_id, issuer, external_id LIMIT $3`, first, last, pageSize*MaxExternalIDs)
}

// AddUserExternalID gives the user an external id and reports whether it was free.
func (tx *Tx) AddUserExternalID(userID string, e ExternalID) (bool, error) {
	added, err := tx.exec(`INSERT INTO user_external_id (issuer, external_id, user_id) VALUES ($1, $2, $3)
		ON CONFLICT (issuer, external_id) DO NOTHING`, e.Issuer, e.ID, userID)
	return added == 1, err
}

// DeleteUserExternalID takes an external id from the user.
func (tx *Tx) DeleteUserExternalID(userID string, e ExternalID) error {
	_, err := tx.exec(`DELETE FROM user_external_id WHERE issuer = $1 AND external_id = $2 AND user_id = $3`, e.Issuer, e.ID, userID)
	return err
}

// AddGroupExternalID gives the group an external id and reports whether it was free.
func (tx *Tx) AddGroupExternalID(groupID string, e ExternalID) (bool, error) {
	added, err := tx.exec(`INSERT INTO group_external_id (issuer, external_id, group_id) VALUES ($1, $2, $3)
		ON CONFLICT (issuer, external_id) DO NOTHING`, e.Issuer, e.ID, groupID)
	return added == 1, err
}

// DeleteGroupExternalID takes an external id from the group.
func (tx *Tx) DeleteGroupExternalID(groupID string, e ExternalID) error {
	_, err := tx.exec(`DELETE FROM group_external_id WHERE issuer = $1 AND external_id = $2 AND group_id = $3`, e.Issuer, e.ID, groupID)
	return err
}
