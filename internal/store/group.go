package store

// Group is a set of users that assignments can name.
type Group struct {
	GroupID     string
	DisplayName string
	Description string
}

// Membership puts one user into one group.
type Membership struct {
	UserID  string
	GroupID string
}

// Groups returns every group, by name.
func (tx *Tx) Groups() ([]Group, error) {
	return list(tx, func(r row) Group { return Group{r.text(0), r.text(1), r.text(2)} },
		`SELECT group_id, display_name, description FROM directory_group ORDER BY display_name`)
}

// PutGroup makes a group or replaces what is known of one.
func (tx *Tx) PutGroup(g Group) error {
	_, err := tx.exec(`INSERT INTO directory_group (group_id, display_name, description, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $4)
		ON CONFLICT (group_id) DO UPDATE SET display_name = $2, description = $3, updated_at = $4`,
		g.GroupID, g.DisplayName, g.Description, tx.Millis())
	return err
}

// DeleteGroup removes a group with its memberships and assignments.
func (tx *Tx) DeleteGroup(groupID string) error {
	for _, statement := range []string{
		`DELETE FROM directory_group WHERE group_id = $1`,
		`DELETE FROM group_membership WHERE group_id = $1`,
		`DELETE FROM account_assignment WHERE principal_type = 'GROUP' AND principal_id = $1`,
	} {
		if _, err := tx.exec(statement, groupID); err != nil {
			return err
		}
	}
	return nil
}

// Memberships returns who is in which group.
func (tx *Tx) Memberships() ([]Membership, error) {
	return list(tx, func(r row) Membership { return Membership{r.text(0), r.text(1)} },
		`SELECT user_id, group_id FROM group_membership ORDER BY group_id, user_id`)
}

// AddMembership puts the user into the group; doing so twice changes nothing.
func (tx *Tx) AddMembership(m Membership) error {
	_, err := tx.exec(`INSERT INTO group_membership (user_id, group_id) VALUES ($1, $2)
		ON CONFLICT (user_id, group_id) DO NOTHING`, m.UserID, m.GroupID)
	return err
}

// DeleteMembership takes the user out of the group.
func (tx *Tx) DeleteMembership(m Membership) error {
	_, err := tx.exec(`DELETE FROM group_membership WHERE user_id = $1 AND group_id = $2`, m.UserID, m.GroupID)
	return err
}
