package signin

import (
	"context"
	"fmt"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/fault"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// wrong is the one sentence for whoever cannot sign in: unknown, disabled, without password, or mistaken. While a limit is reached it
// also says how long, for names that exist and names that do not.
const wrong = "The user name or password is not right"

// maxPlaces bounds the addresses of earlier sign-ins that are looked at.
const maxPlaces = 100

// try is one attempt to sign in, as far as it is known before the password is compared.
type try struct {
	user      store.User
	found     bool
	hash      string // empty when the user has no password, or is none
	party     party
	admission admission
}

// SignIn checks a user name and password and begins a web session. It refuses with fault.AccessDenied and one text whatever was wrong,
// at the same cost; with fault.TooManyRequests beyond a limit, which unknown names have as well; and with fault.TemporarilyUnavailable when
// too many others are signing in.
func (s *Service) SignIn(ctx context.Context, caller api.Caller, userName, password string) (SignedIn, error) {
	if err := s.gate.enter(); err != nil {
		return SignedIn{}, err
	}
	defer s.gate.leave()
	t, err := s.begin(ctx, caller, userName)
	if err != nil {
		return SignedIn{}, fmt.Errorf("begin a sign-in: %w", err)
	}
	if t.admission.refused() {
		return SignedIn{}, s.locked(ctx, caller, t)
	}
	if _, err := parsePHC(t.hash); t.hash != "" && err != nil { // nobody's password is the right one, and nobody can tell from outside
		s.store.NoteUnreadable(&store.Unreadable{What: "the password of user " + t.user.UserID, Err: err})
		t.hash = ""
	}
	matches, err := s.compare(ctx, t.hash, password)
	if err != nil {
		return SignedIn{}, err
	}
	return s.conclude(ctx, caller, t, matches)
}

// begin looks the user up and counts the try, in a transaction that is committed before the password is looked at.
func (s *Service) begin(ctx context.Context, caller api.Caller, userName string) (t try, err error) {
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		t = try{party: from(caller)}
		t.party.user = store.UserNameKey(userName)
		var err error
		if t.user, t.found, err = tx.UserByName(userName); err != nil {
			return err
		}
		// The reads below are made for unknown names, too: they take the same time and find nothing.
		stored, _, err := tx.Password(t.user.UserID)
		if err != nil {
			return err
		}
		t.hash = stored.Hash
		addresses, err := tx.SignInAddresses(t.user.UserID, maxPlaces)
		if err != nil {
			return err
		}
		if t.party.known(addresses) {
			t.party.place = t.party.address
		}
		return s.countSignIn(tx, caller, &t)
	})
	return t, err
}

func (s *Service) countSignIn(tx *store.Tx, caller api.Caller, t *try) error {
	alarmed, err := s.alarmed(tx, signInAlarm)
	if err != nil {
		return err
	}
	if t.admission, err = s.admit(tx, signInBudgets, alarmed, t.party); err != nil || !t.admission.first {
		return err
	}
	return audit.Record(tx, caller, lockEvent(audit.SignInFailed, t.user.UserID, t.admission.over))
}

// locked refuses a try beyond a limit.
func (s *Service) locked(ctx context.Context, caller api.Caller, t try) error {
	event := lockEvent(audit.SignInFailed, t.user.UserID, t.admission.over)
	if t.admission.first {
		audit.Log(ctx, s.log, caller, event)
	}
	return fault.TooManyRequests.Refuse(wrong+": "+tryAgain(t.admission.wait)).After(wholeMinutes(t.admission.wait)).
		Because("%s", event.Detail)
}

// compare hashes the password once, against the user's hash or one that nothing matches.
func (s *Service) compare(ctx context.Context, hash, password string) (matches bool, err error) {
	against := s.dummy
	if hash != "" {
		if against, err = parsePHC(hash); err != nil {
			return false, fmt.Errorf("read a stored password: %w", err)
		}
	}
	password = password[:min(len(password), maxPasswordBytes)] // what is cut is nobody's password before and after
	err = s.gate.run(ctx, func() { matches = against.matches(normalise(password)) })
	return matches, err
}

// conclude begins the session of a try that succeeded, and records one that failed. Rows may have changed while the password was being
// compared, so they are read again in the transaction that decides.
func (s *Service) conclude(ctx context.Context, caller api.Caller, t try, matches bool) (signedIn SignedIn, err error) {
	var event audit.Event
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		user, because, err := s.decide(tx, t, matches)
		if err != nil {
			return err
		}
		if because != "" {
			event = audit.Event{Name: audit.SignInFailed, UserID: t.user.UserID, Detail: because}
			if err := audit.Record(tx, caller, event); err != nil {
				return err
			}
			return fault.AccessDenied.Refuse(wrong).Because("%s", because)
		}
		if err := giveBack(tx, t.admission.counted); err != nil {
			return err
		}
		if err := tx.ForgetAttempts(s.tallyKey(userBudget, t.party)); err != nil {
			return err
		}
		event = audit.Event{Name: audit.SignedIn, UserID: user.UserID}
		signedIn, err = s.open(tx, caller, user, event)
		return err
	})
	if _, refused := fault.As(err); err != nil && !refused || store.Interrupted(err) {
		return SignedIn{}, fmt.Errorf("conclude a sign-in: %w", err)
	}
	audit.Log(ctx, s.log, caller, event)
	if err != nil {
		return SignedIn{}, err
	}
	return signedIn, nil
}

// decide returns who signs in, or because of what nobody does.
func (s *Service) decide(tx *store.Tx, t try, matches bool) (user store.User, because string, err error) {
	user, found, err := tx.User(t.user.UserID)
	if err != nil {
		return user, "", err
	}
	password, set, err := tx.Password(t.user.UserID)
	if err != nil {
		return user, "", err
	}
	switch {
	case !t.found:
		because = "unknown user name"
	case !found:
		because = "the user was removed"
	case !set:
		because = "the user has no password"
	case !matches:
		because = "wrong password"
	case password.Origin == store.OriginDemo && !s.demo: // after the same work as for any other
		because = "the password is the demo's, and this is not development mode"
	case password.Hash != t.hash:
		because = "the password was changed"
	case !user.Enabled():
		because = "the user is disabled"
	}
	return user, because, nil
}

// open begins a web session in the transaction.
func (s *Service) open(tx *store.Tx, caller api.Caller, user store.User, event audit.Event) (SignedIn, error) {
	row := store.SignIn{
		SignInID:  sys.NewID(tx.Now),
		UserID:    user.UserID,
		Agent:     caller.Agent,
		CreatedAt: tx.Millis(),
		EndsAt:    tx.Now.Add(s.sessionDuration).UnixMilli(),
	}
	if caller.Address.IsValid() {
		row.Address = caller.Address.String()
	}
	if err := tx.AddSignIn(row); err != nil {
		return SignedIn{}, err
	}
	if err := audit.Record(tx, caller, event); err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Session: session(row, user), Cookie: s.seal(row.SignInID, tx.Now)}, nil
}

// Continue hands what was granted out of one sign-in over to a later one of the same person at the same browser, and ends the earlier.
// Signing out of the later then ends all of it, as the person expects who was only asked for the password again.
func (s *Service) Continue(ctx context.Context, from, to Session) error {
	if from.User.UserID != to.User.UserID {
		return nil // somebody else at the same browser: what the first granted stays theirs
	}
	if err := s.store.Update(ctx, func(tx *store.Tx) error { return tx.ContinueSignIn(from.SignInID, to.SignInID) }); err != nil {
		return fmt.Errorf("continue a sign-in: %w", err)
	}
	return nil
}
