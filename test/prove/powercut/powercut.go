//go:build linux

// Package powercut takes the power away from a machine on which the server runs, and holds the database that is left against the ledger. The
// machine is a Linux kernel in a process (Debian's user-mode-linux) with an ext4 file system on a disk of its own. The kernel is killed at a random
// moment, its page cache goes with it, and the machine is started again on what the disk kept.
//
// A kernel that is killed leaves all that it wrote to its disk, which is kinder than the power is: a disk has a write cache. So the thread that
// does the kernel's disk is traced, a second image has what was flushed alone, and each cut chooses what became of the rest: all of it was
// written, none, or some of its sectors. The host's kernel loses nothing, so the ledger lies in the host's file system.
//
// In the machine the first process (package guest) starts the server, checks the ledger, then works until the next cut. What concerns processes that
// die while their kernel lives, and everything but SQLite, is left to the packages beside this one.
package powercut

import (
	"encoding/json"
	"os"

	"sallyport/test/prove/ledger"
)

// Options say what is tried.
type Options struct {
	Program string // the program, linked statically
	Folder  string // for everything that the machines need and leave; it must exist
	Cuts    int
	Seed    uint64 // of all choices; they fall on other moments in another run, so a run is alike and not the same
	// Log tells of each cut. It may be nil.
	Log func(format string, arguments ...any)
}

// Figures are what a run counted.
type Figures struct {
	Cuts         int             `json:"cuts"`
	Starting     int             `json:"cutsWhileStarting"`   // of the cuts, those at the first start of a server
	Recovering   int             `json:"cutsWhileRecovering"` // and those before the machine had recovered from the one before
	Disks        int             `json:"disks"`               // that were used, each new at its beginning
	Acknowledged int64           `json:"acknowledged"`        // changes in the ledgers
	KeptSectors  int             `json:"sectorsKept"`         // that were not flushed when the power went, and were written
	LostSectors  int             `json:"sectorsLost"`         // that were not
	BootMS       int64           `json:"bootMs"`              // mean, from power to the first process
	ReadyMS      int64           `json:"readyMs"`             // mean, from the start of the server to its readiness, in the machine
	CheckMS      int64           `json:"checkMs"`             // mean, of a check
	Checked      int             `json:"checked"`             // logins asked about
	PerMinute    float64         `json:"cutsPerMinute"`
	Breaches     []ledger.Breach `json:"breaches"` // by the ledgers
	Damaged      []string        `json:"damaged"`  // what SQLite found wrong with the database
}

// The files by which host and guest talk, in the machine's root folder.
const (
	OrdersFile     = "orders.json"
	ReportFile     = "report.json"
	LogFile        = "server.log"
	EvidenceFolder = "evidence"
	LedgerFolder   = "ledger"
)

// DatabaseFiles are what a database is, whoever dies. The index of the log is made anew.
var DatabaseFiles = []string{"sallyport.db", "sallyport.db-wal"}

// Orders tell the guest what to do.
type Orders struct {
	Task  Task
	Round string // begins the names of the logins of this boot
	Seed  uint64

	Since  int64   // the check leaves out logins that no line after this one is about,
	Sample int     // but for so many,
	Replay float64 // and tries what is spent once more for this part of the logins
}

// Task is what a machine is started for.
type Task string

// The tasks.
const (
	Start Task = "start" // the server, and nothing else
	Work  Task = "work"  // check, and work until the power goes
	Stop  Task = "stop"  // check, and stop in order
)

// Report is what the guest found.
type Report struct {
	ReadyMS  int64 // from the start of the server to its readiness
	CheckMS  int64
	Line     int64 // of the ledger, the last before the check
	Logins   int   // that were asked about
	Breaches []ledger.Breach
}

// ReadOrders reads the guest's orders.
func ReadOrders(path string) (orders Orders, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return orders, err
	}
	return orders, json.Unmarshal(text, &orders)
}

// WriteJSON puts a file into its place at once: whoever reads finds all of it or nothing.
func WriteJSON(path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
