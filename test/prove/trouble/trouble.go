//go:build linux

// Package trouble has what can happen to servers, each a value in a table. A trouble works a bed over and has it checked; whether promises were kept
// stands in the bed's ledger.
package trouble

import (
	"context"
	"slices"

	"sallyport/test/prove/bed"
	"sallyport/test/prove/ledger"
)

// The databases that servers keep their rows on.
const (
	SQLite     = "sqlite"
	PostgreSQL = "postgres"
)

// Trouble is something that can happen.
type Trouble struct {
	Name      string
	What      string   // in a few words, for those who read the table of results
	Databases []string // on which it can happen
	Short     bool     // whether the short form has it
	Nodes     int      // servers, at least; 0 means one
	// Bed says what the bed has to be, and returns what undoes it on the machine; nil for one server on a folder.
	Bed func(*bed.Options) (undo func() error, err error)
	// Run has it happen, so many rounds that it takes about as long as Size says, and returns how many they were. It checks in between as it
	// likes; the whole ledger and the logs are checked after it.
	Run func(ctx context.Context, b *bed.Bed, size Size) (Figures, error)
	// Terms are the promises of the servers, where settings change them.
	Terms ledger.Terms
}

// Size says how much of a trouble is wanted.
type Size struct{ Short bool }

// Pick is the number for the size.
func (s Size) Pick(long, short int) int {
	if s.Short {
		return short
	}
	return long
}

// Figures are what a trouble counts, besides what the ledger does.
type Figures struct {
	Rounds       int
	Acknowledged int64 // changes that other ledgers than the bed's have
	More         map[string]float64
}

// All is the table.
var All = []Trouble{
	kill, killAtWrite, killAtStart, fullDisk, clock, rotation, race, powerCut,
	nodeDies, databaseKill, databaseRestart, failOver, connectionLoss, backUp, move,
}

// On tells whether a trouble can happen on a database.
func (t Trouble) On(database string) bool { return slices.Contains(t.Databases, database) }
