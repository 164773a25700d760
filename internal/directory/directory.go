// Package directory keeps people, groups, accounts, permission sets and assignments as a file declares them. It reads and checks the
// file, says every mistake with its place, works out the difference to what the store holds, and applies it in one transaction. It
// leaves passwords to signin, and what an assignment gives a person to portal.
//
// The file is the whole directory: what it does not name is removed. All five lists must be there, empty perhaps, so that a list that
// was forgotten is a mistake and not the end of everybody. Names tie the file to the store: a user, a group or a permission set that
// keeps its name keeps its id, and a new name is a new id.
package directory

import (
	"bytes"
	_ "embed"

	"sallyport/internal/store"
)

const (
	// MaxFile bounds the file, in bytes. Its YAML nodes take some twenty times as much memory.
	MaxFile = 8 << 20
	// maxEntries bounds each list of the file: the largest directory that AWS quotas allow.
	maxEntries = 100_000
	// maxLinks bounds memberships and assignments. YAML aliases can write many with few bytes.
	maxLinks = 1_000_000
	// maxVisits bounds how often a YAML node is read. A file without aliases gets there only with names of one letter; the largest
	// directory that fits into MaxFile has half as many nodes.
	maxVisits = MaxFile / 4
	// maxMistakes bounds the mistakes that are told at once; the rest is counted.
	maxMistakes = 50
)

// Directory is a file that was read and holds no mistake. Parse makes it.
type Directory struct {
	instance       *instance // nil when the file leaves the instance as it is
	users          []user
	groups         []group
	accounts       []account
	permissionSets []permissionSet
	assignments    []assignment
}

type instance struct{ name, ownerAccountID text }

type user struct{ userName, displayName, givenName, familyName, email, status text }

type group struct {
	displayName, description text
	members                  []text // user names
}

type account struct{ accountID, name, email text }

type permissionSet struct {
	name, description, sessionDuration, relayState text
	seconds                                        int64 // of sessionDuration
}

type assignment struct {
	account, permissionSet text   // by id, by name
	users, groups          []text // by name
}

// row is the user as the store keeps it, without id.
func (u user) row() store.User {
	row := store.User{
		UserName: u.userName.value, DisplayName: u.displayName.value, GivenName: u.givenName.value, FamilyName: u.familyName.value,
		Email: u.email.value, Status: u.status.value,
	}
	if row.DisplayName == "" {
		row.DisplayName = row.GivenName + " " + row.FamilyName
	}
	if row.Status == "" {
		row.Status = store.StatusEnabled
	}
	return row
}

func (g group) row() store.Group {
	return store.Group{DisplayName: g.displayName.value, Description: g.description.value}
}

func (a account) row() store.Account {
	return store.Account{AccountID: a.accountID.value, Name: a.name.value, Email: a.email.value}
}

func (p permissionSet) row() store.PermissionSet {
	row := store.PermissionSet{
		Name: p.name.value, Description: p.description.value, SessionDurationS: p.seconds, RelayState: p.relayState.value,
		SessionDuration: p.sessionDuration.value,
	}
	if row.SessionDuration == "" {
		row.SessionDuration = durationText(p.seconds)
	}
	return row
}

//go:embed demo.yaml
var demoFile []byte

// DemoFile returns the directory that development mode begins with.
func DemoFile() (name string, content []byte) { return "demo.yaml", bytes.Clone(demoFile) }

// DemoPassword is a password of the demo directory.
type DemoPassword struct{ UserName, Password string }

// DemoPasswords returns the passwords that development mode gives the people of the demo directory. Everybody knows them: nothing but
// development mode, which listens on loopback only, may set them.
func DemoPasswords() []DemoPassword {
	return []DemoPassword{
		{"alice", "wonderland-tea-at-six"},
		{"bob", "brick-by-brick-we-build"},
		{"carol", "ledgers-never-sleep"},
		{"dave", "gone-fishing-since-june"},
	}
}
