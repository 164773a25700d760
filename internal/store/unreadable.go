package store

import (
	"errors"
	"sync"
)

// Unreadable is the error of a row that holds what this program does not write: somebody changed it, or a disk did. It is about that row
// alone: it allows nothing, lists show of it what can be read, and who asks for it hears that it cannot be read. `sallyport verify` names such
// rows.
type Unreadable struct {
	What string // "the stored tags of apl-…"
	Err  error
}

func (e *Unreadable) Error() string { return "read " + e.What + ": " + e.Err.Error() }

func (e *Unreadable) Unwrap() error { return e.Err }

func unreadable(what string, err error) error {
	if err == nil {
		return nil
	}
	return &Unreadable{What: what, Err: err}
}

// unreadableTold bounds how many rows are told of: who has more has one cause, and it is in the log.
const unreadableTold = 1000

// told are the rows that the log has named.
type told struct {
	mu   sync.Mutex
	rows map[string]bool
}

// NoteUnreadable reports whether an error is about one row that cannot be read. The log names the row, once as long as the process runs: who
// asks does so again and again.
func (s *Store) NoteUnreadable(err error) bool {
	row, found := errors.AsType[*Unreadable](err)
	if !found {
		return false
	}
	s.told.mu.Lock()
	known := s.told.rows[row.What]
	if !known && len(s.told.rows) < unreadableTold {
		if s.told.rows == nil {
			s.told.rows = map[string]bool{}
		}
		s.told.rows[row.What] = true
	} else {
		known = true
	}
	s.told.mu.Unlock()
	if !known {
		s.log.Error("a row cannot be read, and what it would allow does not hold: `sallyport verify` names all such rows",
			"row", row.What, "error", row.Err)
	}
	return true
}
