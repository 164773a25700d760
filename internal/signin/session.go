package signin

import (
	"context"
	"fmt"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/keys"
	"sallyport/internal/store"
)

const (
	cookiePurpose = "web-session"
	cookieLayout  = 1
	// freshenAfter is how old a cookie gets before Resume gives a new one. Idle time is exact to this, and a page with many parts does
	// not set as many cookies.
	freshenAfter = time.Minute
)

// The cookie holds when the browser was last seen, so that idle time needs no write on the read path. A cookie from before goes on
// working until it is idle itself; only the row of the sign-in, which sign-out ends, decides otherwise.

func (s *Service) seal(signInID string, seen time.Time) string {
	return s.ring.Seal(cookiePurpose, keys.Pack(cookieLayout).Text(signInID).Int(seen.UnixMilli()).Bytes())
}

func (s *Service) unseal(cookie string) (signInID string, seen time.Time, err error) {
	message, err := s.ring.Open(cookiePurpose, cookie)
	if err != nil {
		return "", time.Time{}, err
	}
	fields := keys.Unpack(cookieLayout, message)
	signInID, seen = fields.Text(), time.UnixMilli(fields.Int()).UTC()
	return signInID, seen, fields.Err()
}

// Resume tells who is at the browser that brought the cookie, or returns ErrNotSignedIn. When fresh is not empty it replaces the cookie.
func (s *Service) Resume(ctx context.Context, cookie string) (resumed Session, fresh string, err error) {
	signInID, seen, err := s.unseal(cookie)
	if err != nil {
		return Session{}, "", ErrNotSignedIn
	}
	err = s.store.Recall(ctx, func(tx *store.Tx) error {
		row, user, found, err := tx.SignInWithUser(signInID)
		if err != nil {
			return fmt.Errorf("read a web session: %w", err)
		}
		idle := tx.Now.Sub(seen)
		if !found || !row.Live(tx) || !user.Enabled() || idle >= s.idleTimeout {
			return ErrNotSignedIn
		}
		resumed = session(row, user)
		if idle >= freshenAfter {
			fresh = s.seal(signInID, tx.Now)
		}
		return nil
	})
	if err != nil {
		return Session{}, "", err
	}
	return resumed, fresh, nil
}

// SignOut ends the web session and every session that was granted out of it, with their access and refresh tokens.
func (s *Service) SignOut(ctx context.Context, caller api.Caller, current Session) error {
	err := audit.Change(ctx, s.store, s.log, caller, func(tx *store.Tx) (audit.Event, error) {
		return audit.Event{Name: audit.SignedOut, UserID: current.User.UserID, SessionID: current.SignInID},
			tx.RevokeSignIn(current.SignInID, "the person signed out")
	})
	if err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}

func session(row store.SignIn, user store.User) Session {
	return Session{
		SignInID: row.SignInID, User: user,
		AuthTime: time.UnixMilli(row.CreatedAt).UTC(), EndsAt: time.UnixMilli(row.EndsAt).UTC(),
	}
}
