// Package signin knows who is at the browser. It owns passwords, the sealed cookie of a web session, and the limits on guessing
// passwords and user codes. It leaves pages, cookie attributes and forms to the rim web, rows to store, and what a person may use to
// the portal.
//
// Every limit is counted in the store, before the thing it limits is looked at, in a transaction of its own that is committed by
// then: guesses that race cannot pass together, all nodes share the tallies, and a restart forgets none. Passwords are compared outside
// any transaction, because Argon2 would hold up the one writer for as long as a hundred commits take.
package signin

import (
	"errors"
	"log/slog"
	"runtime"
	"time"

	"sallyport/internal/keys"
	"sallyport/internal/store"
)

// Options are what a Service works with.
type Options struct {
	Store           *store.Store
	Ring            *keys.Ring
	Log             *slog.Logger
	SessionDuration time.Duration // from sign-in to the latest end of what is granted out of it
	IdleTimeout     time.Duration // a browser unseen for this long signs in again
	DemoPasswords   bool          // whether the published passwords of the demo are good: in development mode alone
}

// Service signs people in and out. It is safe for use by many goroutines.
type Service struct {
	store           *store.Store
	ring            *keys.Ring
	log             *slog.Logger
	sessionDuration time.Duration
	idleTimeout     time.Duration
	demo            bool // demo passwords are good

	cost  cost
	gate  *gate
	dummy hashed // compared in place of a password that is not there; nothing matches it
}

// New makes a Service.
func New(o Options) *Service {
	s := &Service{
		store: o.Store, ring: o.Ring, log: o.Log,
		sessionDuration: o.SessionDuration, idleTimeout: o.IdleTimeout, demo: o.DemoPasswords,
		cost: passwordCost,
		gate: newGate(runtime.NumCPU(), runtime.NumCPU()*waitersPerSlot, gatePatience),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.dummy = unmatchable(s.cost)
	return s
}

// ErrNotSignedIn is the one answer to a cookie that is missing, forged, idle for too long, ended, revoked, or of a person who was
// disabled or removed: show the sign-in page.
var ErrNotSignedIn = errors.New("signin: not signed in")

// Session is a person who signed in and may act now. Only this package makes one that is filled.
type Session struct {
	SignInID string
	User     store.User
	AuthTime time.Time // when the person proved who they are
	EndsAt   time.Time
}

// SignedIn is a sign-in that succeeded.
type SignedIn struct {
	Session Session
	Cookie  string // what the browser brings back; Resume reads it
}
