package store

// Group is a set of users that assignments can name.
type Group struct {
	GroupID     string
	DisplayName string
	Description string
}

// GroupRecord is all that the store keeps of a group.
type GroupRecord struct {
	Group
	CreatedAt int64
	CreatedBy string // ARN of who made the group, empty for the operator's file
	UpdatedAt int64
	UpdatedBy string
}

func scanGroup(r row) Group { return Group{r.text(0), r.text(1), r.text(2)} }

const groupRecordColumns = `directory_group.group_id, directory_group.display_name, directory_group.description,
	directory_group.created_at, directory_group.created_by, directory_group.updated_at, directory_group.updated_by`

func scanGroupRecord(r row) GroupRecord {
	return GroupRecord{scanGroup(r), r.int(3), r.text(4), r.int(5), r.text(6)}
}

// Groups returns every group, by name.
func (tx *Tx) Groups() ([]Group, error) {
	return list(tx, scanGroup, `SELECT group_id, display_name, description FROM directory_group ORDER BY display_name`)
}

// GroupsPage returns up to limit groups by id, those after the given one.
func (tx *Tx) GroupsPage(after string, limit int) ([]GroupRecord, error) {
	return list(tx, scanGroupRecord, `SELECT `+groupRecordColumns+` FROM directory_group WHERE group_id > $1 ORDER BY group_id LIMIT $2`,
		after, limit)
}

// Group finds a group by id.
func (tx *Tx) Group(groupID string) (group GroupRecord, found bool, err error) {
	found, err = tx.one(`SELECT `+groupRecordColumns+` FROM directory_group WHERE group_id = $1`,
		func(r row) { group = scanGroupRecord(r) }, groupID)
	return group, found, err
}

// GroupByName finds a group by its display name, exactly.
func (tx *Tx) GroupByName(displayName string) (group GroupRecord, found bool, err error) {
	found, err = tx.one(`SELECT `+groupRecordColumns+` FROM directory_group WHERE display_name = $1`,
		func(r row) { group = scanGroupRecord(r) }, displayName)
	return group, found, err
}

// AddGroup makes a group and reports whether its name was free. Of any number of callers one succeeds.
func (tx *Tx) AddGroup(g GroupRecord) (bool, error) {
	added, err := tx.exec(`INSERT INTO directory_group (group_id, display_name, description, created_at, created_by, updated_at, updated_by)
		VALUES ($1, $2, $3, $4, $5, $4, $5) ON CONFLICT (display_name) DO NOTHING`,
		g.GroupID, g.DisplayName, g.Description, tx.Millis(), g.CreatedBy)
	return added == 1, err
}

// UpdateGroup replaces what is known of a group, unless another group has the new name, and reports whether it did.
func (tx *Tx) UpdateGroup(g GroupRecord) (bool, error) {
	changed, err := tx.exec(`UPDATE directory_group SET display_name = $2, description = $3, updated_at = $4, updated_by = $5
		WHERE group_id = $1 AND NOT EXISTS
			(SELECT other.group_id FROM directory_group other WHERE other.display_name = $2 AND other.group_id <> $1)`,
		g.GroupID, g.DisplayName, g.Description, tx.Millis(), g.UpdatedBy)
	return changed == 1, err
}

// PutGroup makes a group or replaces what is known of one.
func (tx *Tx) PutGroup(g Group) error {
	_, err := tx.exec(`INSERT INTO directory_group (group_id, display_name, description, created_at, updated_at, updated_by)
		VALUES ($1, $2, $3, $4, $4, $5)
		ON CONFLICT (group_id) DO UPDATE SET display_name = $2, description = $3, updated_at = $4, updated_by = $5`,
		g.GroupID, g.DisplayName, g.Description, tx.Millis(), "")
	return err
}

// DeleteGroup removes a group with its memberships and assignments.
func (tx *Tx) DeleteGroup(groupID string) error {
	return tx.each([]string{
		`DELETE FROM directory_group WHERE group_id = $1`,
		`DELETE FROM group_external_id WHERE group_id = $1`,
		`DELETE FROM group_membership WHERE group_id = $1`,
		`DELETE FROM account_assignment WHERE principal_type = 'GROUP' AND principal_id = $1`,
		`DELETE FROM application_assignment WHERE principal_type = 'GROUP' AND principal_id = $1`,
	}, groupID)
}
