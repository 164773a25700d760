package token

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/trace"
)

// redemption is what redeeming a grant needs to know, by whichever operation the grant came.
type redemption struct {
	client authenticatedClient
	caller api.Caller
	grant  oauth.GrantType
	scopes oauth.Scopes // asked for; empty means all that was granted
	event  audit.Event  // what the redemption did, if there is something to tell
	// admits refuses people who may not use the client; nil lets in everybody.
	admits func(tx *store.Tx, user store.User) error
	// remembered says so of the grant (applicationGrant).
	remembered bool
}

// admit asks whether the person may use the client, as things are now. Every grant asks before it spends anything.
func (r *redemption) admit(tx *store.Tx, user store.User) error {
	if r.admits == nil {
		return nil
	}
	return r.admits(tx, user)
}

// record writes the event in the transaction and keeps it for the log, which hears of it once the transaction stands.
func (r *redemption) record(tx *store.Tx, event audit.Event) error {
	r.event = event
	return audit.Record(tx, r.caller, event)
}

// require refuses a request of which a member is empty. It is given the names of members, each with its value.
func require(members ...string) error {
	for i := 0; i < len(members); i += 2 {
		if members[i+1] == "" {
			return fault.InvalidRequest.Refuse("the request lacks " + members[i])
		}
	}
	return nil
}

// redeem runs the transaction that issues, and logs what it did. A refusal commits, and so may have something to tell as well.
func (s *Service) redeem(ctx context.Context, r *redemption, spend func(*store.Tx) (issue, error)) (issued issue, err error) {
	checks := trace.From(ctx)
	decided := checks.Mark()
	update := s.Store.Update
	if r.remembered {
		update = s.Store.UpdateFromMemory
	}
	err = update(ctx, func(tx *store.Tx) (err error) {
		r.event = audit.Event{}
		checks.Forget(decided)
		issued, err = spend(tx)
		return err
	})
	if _, refused := fault.As(err); r.event.Name != "" && (err == nil || refused && !store.Interrupted(err)) {
		audit.Log(ctx, s.Log, r.caller, r.event)
	}
	return issued, err
}

// issue says which tokens to make: those of a generation of a session, which began at a moment and expire with the session.
type issue struct {
	session store.Session
	scopes  oauth.Scopes
	user    store.User
	slack   time.Duration // how much later the same answer may be given once more
}

// narrow returns the scopes to issue: what the request asks for, as far as it was granted. What an application may no longer have is not
// granted any more.
func (r *redemption) narrow(granted string) (oauth.Scopes, error) {
	all := oauth.ReadScopes(granted).Intersect(r.client.Scopes)
	if len(r.scopes) == 0 {
		return all, nil
	}
	if !r.scopes.SubsetOf(all) {
		return nil, fault.InvalidScope.Refuse("scope asks for more than was granted")
	}
	return r.scopes, nil
}

// sessionLifetime is how long a session lives: one that cannot be refreshed ends with its only access token.
func (s *Service) sessionLifetime(access time.Duration, refreshable bool) time.Duration {
	if refreshable {
		return s.SessionDuration
	}
	return min(s.SessionDuration, access)
}

// accessLifetime tells the two regimes of registered clients apart: those of the time before refresh tokens get one long token.
func accessLifetime(scopes oauth.Scopes) time.Duration {
	if scopes.Refreshable() {
		return creds.AccessLifetime
	}
	return creds.LegacyLifetime
}

// granted is what a person decided, or an issuer vouched for, on its way into a session.
type granted struct {
	sessionID, userID, signInID string
	authTime                    int64
	scopes, nonce               string
	refreshable                 bool
	endsBy                      int64 // what the session must not outlive; 0 for nothing

	actor, mayAct, issuerID, parentSessionID string // of sessions of applications
}

// begin records the session that a decision grants.
func (s *Service) begin(tx *store.Tx, r *redemption, g granted) (store.Session, error) {
	session := store.Session{
		SessionID: g.sessionID, UserID: g.userID, ClientID: r.client.ID, ClientName: r.client.Name, GrantType: string(r.grant),
		Scopes: g.scopes, Nonce: g.nonce, SignInID: g.signInID, AuthTime: g.authTime,
		CreatedAt: tx.Millis(), EndsAt: tx.Now.Add(s.sessionLifetime(r.client.sessionAccess(), g.refreshable)).UnixMilli(),
		Generation: 1, RotatedAt: tx.Millis(), KeyID: s.Ring.CurrentKeyID(),
		ApplicationID: r.client.ApplicationID, Actor: g.actor, MayAct: g.mayAct, IssuerID: g.issuerID, ParentSessionID: g.parentSessionID,
	}
	if g.endsBy != 0 {
		session.EndsAt = min(session.EndsAt, g.endsBy)
	}
	event := audit.Event{
		Name: audit.SessionBegun, UserID: g.userID, ClientID: r.client.ID, SessionID: session.SessionID, Detail: string(r.grant),
	}
	if session.ApplicationID != "" {
		session.CredentialID = newCredentialID()
		event.Detail += " by " + r.caller.Signer.ARN
	}
	if err := tx.AddSession(session); err != nil {
		return store.Session{}, err
	}
	return session, r.record(tx, event)
}

// newCredentialID is the id under which records of AWS services know a session: 64 characters, as AWS's has.
func newCredentialID() string {
	raw := make([]byte, 48)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// spend makes the one-time thing ready to be spent: the scopes must be granted, the person still be allowed in, and the sign-in in which they
// decided not have been ended since. Decisions through the control endpoints of development mode have no sign-in.
func (r *redemption) spend(tx *store.Tx, userID, signInID, scopes string) (store.User, oauth.Scopes, store.Spending, error) {
	narrowed, err := r.narrow(scopes)
	if err != nil {
		return store.User{}, nil, store.Spending{}, err
	}
	user, found, err := tx.User(userID)
	if err != nil {
		return store.User{}, nil, store.Spending{}, err
	}
	if !found || !user.Enabled() {
		return store.User{}, nil, store.Spending{}, fault.AccessDenied.Refuse("The user may not sign in any more: ask your administrator").
			Because("user %s is disabled or gone", userID)
	}
	if err := r.admit(tx, user); err != nil {
		return store.User{}, nil, store.Spending{}, err
	}
	if signInID != "" {
		signIn, found, err := tx.SignIn(signInID)
		if err != nil {
			return store.User{}, nil, store.Spending{}, err
		}
		if !found || signIn.RevokedAt != 0 {
			return store.User{}, nil, store.Spending{}, fault.AccessDenied.Refuse("The person signed out since: start again").
				Because("sign-in %s was ended", signInID)
		}
	}
	return user, narrowed, store.Spending{SessionID: sys.NewID(tx.Now), Address: r.caller.Address.String()}, nil
}

// replayGrace is how long a client that lost the answer may try the same code again, from the same address, without the tokens being taken
// away: a code that comes a second time is otherwise a stolen one (RFC 6749 §4.1.2).
const replayGrace = 10 * time.Second

// spentBefore tells of a one-time code that was honoured already.
type spentBefore struct {
	sessionID string
	at        int64
	from      string
}

// replayed revokes what a code issued that comes a second time. It decides the same for every kind of code, and records what it ended:
// whoever holds a spent code can send it for ever, which must not fill the audit.
func (r *redemption) replayed(tx *store.Tx, before spentBefore, userID string) error {
	if before.from == r.caller.Address.String() && tx.Millis()-before.at <= replayGrace.Milliseconds() {
		return nil
	}
	if ended, err := tx.RevokeSession(before.sessionID, "its code was used twice"); err != nil || !ended {
		return err
	}
	return r.record(tx, audit.Event{
		Name: audit.CodeReplayed, UserID: userID, ClientID: r.client.ID, SessionID: before.sessionID, Detail: string(r.grant),
	})
}
