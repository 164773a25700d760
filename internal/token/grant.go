package token

import (
	"context"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// grant is one way to get a token. What all grants share – who the client is, which members it sent, what scopes it may ask for, how
// tokens are made – is a phase of CreateToken and written there once.
type grant struct {
	Type oauth.GrantType
	// Needs returns the wire name of the first member that the grant needs and the request lacks.
	Needs func(in *api.CreateTokenRequest) string
	// Peek refuses without writing what can be refused so: a pending poll must cost a read. It may be nil. Whatever it lets through, Redeem
	// decides again.
	Peek func(s *Service, tx *store.Tx, r *tokenRequest) error
	// Redeem spends what the client sent and returns the session that the tokens are for.
	Redeem func(s *Service, tx *store.Tx, r *tokenRequest) (issue, error)
}

// grants is the table of what CreateToken takes.
var grants = []grant{deviceCodeGrant, authorizationCodeGrant, refreshTokenGrant}

// tokenRequest is a request whose client is known.
type tokenRequest struct {
	*api.CreateTokenRequest
	client authenticatedClient
	caller api.Caller
	scopes oauth.Scopes // asked for; empty means all that was granted
	event  audit.Event  // what the redemption did, if there is something to tell
}

// record writes the event in the transaction and keeps it for the log, which hears of it once the transaction stands.
func (r *tokenRequest) record(tx *store.Tx, event audit.Event) error {
	r.event = event
	return audit.Record(tx, r.caller, event)
}

// issue says which tokens to make: those of a generation of a session, which began at a moment and expire with the session.
type issue struct {
	session store.Session
	scopes  oauth.Scopes
	user    store.User
	slack   time.Duration // how much later the same answer may be given once more
}

var unsupportedGrant = fault.UnsupportedGrantType.Refuse("grantType must be authorization_code, refresh_token or " + string(oauth.GrantDeviceCode))

// CreateToken redeems a grant. Its phases run in this order for every grant: client, grant, members, scopes, redemption, minting.
func (s *Service) CreateToken(ctx context.Context, caller api.Caller, in *api.CreateTokenRequest) (*api.CreateTokenResponse, error) {
	client, err := s.authenticate(in.ClientID, in.ClientSecret)
	if err != nil {
		return nil, err
	}
	g, err := findGrant(in.GrantType, client)
	if err != nil {
		return nil, err
	}
	if missing := g.Needs(in); missing != "" {
		return nil, fault.InvalidRequest.Refuse("the request lacks " + missing)
	}
	r := &tokenRequest{CreateTokenRequest: in, client: client, caller: caller}
	if r.scopes, err = oauth.ParseScopes(in.Scope); err != nil {
		return nil, fault.InvalidScope.Refuse(err.Error())
	}
	if !r.scopes.SubsetOf(client.Scopes) { // nobody can have granted it, so a client need not wait for a person to hear of it
		return nil, fault.InvalidScope.Refuse("scope asks for more than the client registered for")
	}
	if g.Peek != nil {
		if err := s.Store.Look(ctx, func(tx *store.Tx) error { return g.Peek(s, tx, r) }); err != nil {
			return nil, err
		}
	}
	var issued issue
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		r.event = audit.Event{}
		issued, err = g.Redeem(s, tx, r)
		return err
	})
	if _, refused := fault.As(err); r.event.Name != "" && (err == nil || refused) {
		audit.Log(ctx, s.Log, caller, r.event)
	}
	if err != nil {
		return nil, err
	}
	return s.mint(client.Client, issued)
}

func findGrant(name string, client authenticatedClient) (grant, error) {
	for _, g := range grants {
		if string(g.Type) != name {
			continue
		}
		if !client.allows(g.Type) {
			return grant{}, fault.UnauthorizedClient.Refuse("The client did not register for the grant " + name)
		}
		return g, nil
	}
	return grant{}, unsupportedGrant
}

// narrow returns the scopes to issue: what the request asks for, as far as it was granted.
func (r *tokenRequest) narrow(granted string) (oauth.Scopes, error) {
	all, err := oauth.ParseScopeParam(granted)
	if err != nil {
		return nil, err
	}
	if len(r.scopes) == 0 {
		return all, nil
	}
	if !r.scopes.SubsetOf(all) {
		return nil, fault.InvalidScope.Refuse("scope asks for more than was granted")
	}
	return r.scopes, nil
}

// sessionLifetime is how long a session lives: one that cannot be refreshed ends with its only access token.
func (s *Service) sessionLifetime(scopes oauth.Scopes, refreshable bool) time.Duration {
	if refreshable {
		return s.SessionDuration
	}
	return min(s.SessionDuration, accessLifetime(scopes))
}

// accessLifetime tells the two regimes apart: clients of the time before refresh tokens get one long token.
func accessLifetime(scopes oauth.Scopes) time.Duration {
	if scopes.Refreshable() {
		return creds.AccessLifetime
	}
	return creds.LegacyLifetime
}

// begin records the session that a person's decision grants.
func (s *Service) begin(tx *store.Tx, r *tokenRequest, g granted) (store.Session, error) {
	lifetime := s.sessionLifetime(r.client.Scopes, r.client.refreshable())
	session := store.Session{
		SessionID: g.sessionID, UserID: g.userID, ClientID: r.client.ID, ClientName: r.client.Name(), GrantType: r.GrantType,
		Scopes: g.scopes, Nonce: g.nonce, SignInID: g.signInID, AuthTime: g.authTime,
		CreatedAt: tx.Millis(), EndsAt: tx.Now.Add(lifetime).UnixMilli(),
		Generation: 1, RotatedAt: tx.Millis(), KeyID: s.Ring.CurrentKeyID(),
	}
	if err := tx.AddSession(session); err != nil {
		return store.Session{}, err
	}
	return session, r.record(tx, audit.Event{
		Name: audit.SessionBegun, UserID: g.userID, ClientID: r.client.ID, SessionID: session.SessionID, Detail: r.GrantType,
	})
}

// granted is what a person decided, on its way into a session.
type granted struct {
	sessionID, userID, signInID string
	authTime                    int64
	scopes, nonce               string
}

// spend makes the one-time thing ready to be spent: the scopes must be granted, the person still be allowed in, and the sign-in in which they
// decided not have been ended since. Decisions through the control endpoints of development mode have no sign-in.
func (r *tokenRequest) spend(tx *store.Tx, userID, signInID, scopes string) (store.User, oauth.Scopes, store.Spending, error) {
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
func (r *tokenRequest) replayed(tx *store.Tx, before spentBefore, userID string) error {
	if before.from == r.caller.Address.String() && tx.Millis()-before.at <= replayGrace.Milliseconds() {
		return nil
	}
	if ended, err := tx.RevokeSession(before.sessionID, "its code was used twice"); err != nil || !ended {
		return err
	}
	return r.record(tx, audit.Event{
		Name: audit.CodeReplayed, UserID: userID, ClientID: r.client.ID, SessionID: before.sessionID, Detail: r.GrantType,
	})
}

// mint makes the tokens. It computes nothing from the time of the call, so that the same generation gives the same bytes.
func (s *Service) mint(client Client, i issue) (*api.CreateTokenResponse, error) {
	began := time.UnixMilli(i.session.RotatedAt)
	ends := time.UnixMilli(i.session.EndsAt)
	promised := min(accessLifetime(client.Scopes), ends.Sub(began)-i.slack).Truncate(time.Second)
	out := &api.CreateTokenResponse{TokenType: "Bearer", ExpiresIn: int64(promised / time.Second)}
	var ok bool
	out.AccessToken, ok = creds.SealAccess(s.Ring, i.session.KeyID, creds.AccessToken{
		SessionID: i.session.SessionID,
		Scopes:    i.scopes.String(),
		// The answer promises the same span whenever it is given, so the token lives longer by the time in which it may be given again.
		ExpiresAt: began.Add(promised + i.slack).UnixMilli(),
	})
	if ok && client.refreshable() {
		out.RefreshToken, ok = creds.SealRefresh(s.Ring, i.session.KeyID, creds.RefreshToken{
			SessionID: i.session.SessionID, Generation: i.session.Generation,
		})
	}
	if ok && i.scopes.Contains(oauth.ScopeOpenID) {
		out.IDToken, ok = s.idToken(client, i, began.Add(promised))
	}
	if !ok {
		return nil, keys.ErrNotSealed // the key of the session has left the ring
	}
	return out, nil
}
