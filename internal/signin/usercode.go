package signin

import (
	"context"
	"fmt"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/fault"
	"sallyport/internal/store"
)

// Miss is a wrong user code that was counted in advance.
type Miss struct{ counted []tally }

// CountUserCodeMiss counts a wrong user code before the code is looked up, and refuses with fault.AccessDenied when there were too many
// (RFC 8628 §5.1). Call it first, then look the code up, and call ForgiveUserCodeMiss when the code was right: guesses that race are
// all counted before the first of them is looked at.
func (s *Service) CountUserCodeMiss(ctx context.Context, caller api.Caller, current Session) (Miss, error) {
	var a admission
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		alarmed, err := s.alarmed(tx, userCodeAlarm)
		if err != nil {
			return err
		}
		if a, err = s.admit(tx, userCodeBudgets, alarmed, guesser(caller, current)); err != nil || !a.first {
			return err
		}
		return audit.Record(tx, caller, lockEvent(audit.UserCodeMissed, current.User.UserID, a.over))
	})
	if err != nil {
		return Miss{}, fmt.Errorf("count a user code: %w", err)
	}
	if a.refused() {
		event := lockEvent(audit.UserCodeMissed, current.User.UserID, a.over)
		if a.first {
			audit.Log(ctx, s.log, caller, event)
		}
		return Miss{}, fault.AccessDenied.Refuse("Too many wrong codes: "+tryAgain(a.wait)).Because("%s", event.Detail)
	}
	return Miss{a.counted}, nil
}

// ForgiveUserCodeMiss takes back what CountUserCodeMiss counted for a code that was right.
func (s *Service) ForgiveUserCodeMiss(ctx context.Context, m Miss) error {
	if err := s.store.Update(ctx, func(tx *store.Tx) error { return giveBack(tx, m.counted) }); err != nil {
		return fmt.Errorf("forgive a user code: %w", err)
	}
	return nil
}

// UserCodeLocked returns how long the person has to wait before another user code is looked at, 0 when one will be. It counts nothing:
// it is for showing the form.
func (s *Service) UserCodeLocked(ctx context.Context, caller api.Caller, current Session) (wait time.Duration, err error) {
	err = s.store.View(ctx, func(tx *store.Tx) error {
		alarmed, err := s.alarmed(tx, userCodeAlarm)
		if err != nil {
			return err
		}
		wait, err = s.standing(tx, userCodeBudgets, alarmed, guesser(caller, current))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("read the tally of user codes: %w", err)
	}
	return wait, nil
}

// guesser counts by the person, whatever the number of sign-ins, and by the address.
func guesser(caller api.Caller, current Session) party {
	p := from(caller)
	p.user = current.User.UserID
	return p
}
