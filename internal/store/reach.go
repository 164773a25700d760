package store

import (
	"errors"
	"fmt"

	"sallyport/internal/fault"
)

// What callers hear when the database was in the way. What it was is for the log.
var (
	unreachable = fault.TemporarilyUnavailable.Refuse("The database cannot be reached at this moment: try again in a few seconds")
	crowded     = fault.TemporarilyUnavailable.Refuse("Too many changes meet at this moment: try again in a few seconds")
	busy        = fault.TemporarilyUnavailable.Refuse("The database has more to do than it can at this moment: try again in a few seconds")
	uncertain   = fault.TemporarilyUnavailable.Refuse("The database was lost while this was being done, so it may have been done or not: look, or try again in a few seconds")
)

// interruptions are the ways in which the database can be in the way, with what callers hear.
var interruptions = []struct {
	err     error
	refusal *fault.Refusal
}{{errConnection, unreachable}, {errConflict, crowded}, {errBusy, busy}, {ErrOutcomeUnknown, uncertain}}

// Interrupted reports whether an error of the store is a refusal because the database was in the way, and not because of a rule: whatever the
// function of Update returned was undone, or nobody knows, and callers must not act as if it had been decided.
func Interrupted(err error) bool {
	for _, i := range interruptions {
		if errors.Is(err, i.err) {
			return true
		}
	}
	return false
}

// reached has callers of the store try again later when the database was in the way of a transaction, which by itself is nobody's fault.
func reached(err error) error {
	for _, i := range interruptions {
		if errors.Is(err, i.err) {
			return fmt.Errorf("%w: %w", i.refusal.Because("%v", err), err)
		}
	}
	return err
}
