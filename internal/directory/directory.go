// Package directory keeps people, groups, accounts, permission sets, assignments, applications, trusted token issuers and the principals of
// accounts as a file declares them. It reads and checks the file, says every mistake with its place, works out the difference to what the
// store holds, and applies it in one transaction. It writes such a file of what the store holds, too. It leaves passwords to signin, and
// what all of it means to the rooms that decide by it.
//
// A list of the file is whole: what it does not name is removed. The five lists of people and access must be there, empty perhaps, so that
// a list that was forgotten is a mistake and not the end of everybody. The lists that came later (accountInstances, trustedTokenIssuers,
// applications, and users, roles and oidcProviders of iam) may be left out, and leave what they are about as it is. Whether an entry is
// whole, says the format. In format 1, which needs not be said, users, groups, permission sets and the instance have the attributes that
// they had in the first version, and keep what else somebody gave them; other keys are a mistake. In format 2 they have every attribute,
// and lose those that the file does not name.
//
// Names tie the file to the store: what keeps its name keeps its id, and a new name is a new id. Names are those of users, groups and
// permission sets, of issuers within an instance, of principals within an account, the URL of a provider within an account, and the ids
// of accounts and of access keys. Applications may share a name; then each needs an id in the file. Ids of users, groups, permission sets,
// issuers, instances and principals are never in the file, so that they are new ones in another store.
package directory

import (
	"bytes"
	_ "embed"
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
