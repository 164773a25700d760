package store

import (
	"strconv"
	"strings"
	"sync"

	"sallyport/internal/sys"
)

// Membership puts one user into one group.
type Membership struct {
	UserID  string
	GroupID string
}

// MembershipRecord is all that the store keeps of a membership, which never changes.
type MembershipRecord struct {
	Membership
	MembershipID string
	CreatedAt    int64
	CreatedBy    string // ARN of who made it, empty for the operator's file
}

const membershipColumns = `user_id, group_id, membership_id, created_at, created_by`

func scanMembership(r row) MembershipRecord {
	return MembershipRecord{Membership{r.text(0), r.text(1)}, r.text(2), r.int(3), r.text(4)}
}

// Memberships returns who is in which group.
func (tx *Tx) Memberships() ([]Membership, error) {
	return list(tx, func(r row) Membership { return Membership{r.text(0), r.text(1)} },
		`SELECT user_id, group_id FROM group_membership ORDER BY group_id, user_id`)
}

// MembershipByID finds a membership by its own id.
func (tx *Tx) MembershipByID(membershipID string) (m MembershipRecord, found bool, err error) {
	found, err = tx.one(`SELECT `+membershipColumns+` FROM group_membership WHERE membership_id = $1`,
		func(r row) { m = scanMembership(r) }, membershipID)
	return m, found, err
}

// Membership finds a membership by user and group.
func (tx *Tx) Membership(of Membership) (m MembershipRecord, found bool, err error) {
	found, err = tx.one(`SELECT `+membershipColumns+` FROM group_membership WHERE user_id = $1 AND group_id = $2`,
		func(r row) { m = scanMembership(r) }, of.UserID, of.GroupID)
	return m, found, err
}

// MembersPage returns up to limit memberships of the group by user id, those after the given one.
func (tx *Tx) MembersPage(groupID, afterUser string, limit int) ([]MembershipRecord, error) {
	return list(tx, scanMembership, `SELECT `+membershipColumns+` FROM group_membership
		WHERE group_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3`, groupID, afterUser, limit)
}

// MembershipsPage returns up to limit memberships of the user by group id, those after the given one.
func (tx *Tx) MembershipsPage(userID, afterGroup string, limit int) ([]MembershipRecord, error) {
	return list(tx, scanMembership, `SELECT `+membershipColumns+` FROM group_membership
		WHERE user_id = $1 AND group_id > $2 ORDER BY group_id LIMIT $3`, userID, afterGroup, limit)
}

// MaxGroupsAsked bounds the groups of one question of MemberOf (GroupIds of the model).
const MaxGroupsAsked = 100

// memberOf asks about as many groups as one question may have, so that it is one statement to prepare.
var memberOf = sync.OnceValue(func() string {
	return `SELECT group_id FROM group_membership WHERE user_id = $1 AND group_id IN (` + binds(2, MaxGroupsAsked) + `)`
})

// MemberOf returns in which of the groups, up to MaxGroupsAsked, the user is.
func (tx *Tx) MemberOf(userID string, groupIDs []string) (map[string]bool, error) {
	args := make([]any, 1, 1+MaxGroupsAsked)
	args[0] = userID
	for _, id := range groupIDs {
		args = append(args, id)
	}
	for len(args) < cap(args) {
		args = append(args, "") // no group's id
	}
	member := map[string]bool{}
	err := tx.query(memberOf(), args, func(r row) error {
		member[r.text(0)] = true
		return nil
	})
	return member, err
}

// binds lists n binds from the first on.
func binds(first, n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = "$" + strconv.Itoa(first+i)
	}
	return strings.Join(names, ", ")
}

// AddMembership puts the user into the group; doing so twice changes nothing.
func (tx *Tx) AddMembership(m Membership) error {
	_, err := tx.JoinGroup(MembershipRecord{Membership: m, MembershipID: sys.NewUUID(tx.Now)})
	return err
}

// JoinGroup puts the user into the group and reports whether they were outside.
func (tx *Tx) JoinGroup(m MembershipRecord) (bool, error) {
	added, err := tx.exec(`INSERT INTO group_membership (user_id, group_id, membership_id, created_at, created_by)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id, group_id) DO NOTHING`,
		m.UserID, m.GroupID, m.MembershipID, tx.Millis(), m.CreatedBy)
	return added == 1, err
}

// DeleteMembership takes the user out of the group.
func (tx *Tx) DeleteMembership(m Membership) error {
	_, err := tx.exec(`DELETE FROM group_membership WHERE user_id = $1 AND group_id = $2`, m.UserID, m.GroupID)
	return err
}
