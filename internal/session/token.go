package session

import (
	"context"
	"errors"
	"time"

	"sallyport/internal/command"
	"sallyport/internal/fault"
	"sallyport/internal/ssocache"
)

const (
	// lockPatience bounds the wait for another process's refresh: longer than one that is tried several times over a bad line.
	lockPatience = 2 * time.Minute

	// refreshGrace is how long a refresh that is on its way may go on after an interrupt. The server may have replaced the refresh token
	// already; whoever hangs up now may lose the session.
	refreshGrace = 3 * time.Second
)

// Kept is the token that is kept, valid or not, without asking anybody. The error is ssocache.ErrNone where there is none. One that another
// server issued, before the sso-session got its start URL, is none: this server must not see it.
func (s *SignIn) Kept() (ssocache.Token, error) { return s.cache.ReadTokenOf(s.StartURL, s.key()) }

// Token is a valid access token. It is the one that is kept, refreshed when it nears its end; of many processes that find it so, one
// refreshes and the others take what it got.
func (s *SignIn) Token(ctx context.Context) (ssocache.Token, error) {
	token, err := s.Kept()
	if err != nil {
		s.settings.Debug.Printf("%v", err)
		return token, s.signedOut("you are not signed in")
	}
	if token.Fresh(s.now()) {
		return token, nil
	}
	if !token.Refreshable(s.now()) {
		return s.makeDo(token, s.signedOut("the sign-in has ended"))
	}
	return s.refreshOnce(ctx, token)
}

// makeDo is the token that is there as long as it is valid, as SDKs do when they cannot get another, and the failure after that.
func (s *SignIn) makeDo(token ssocache.Token, failure error) (ssocache.Token, error) {
	if token.ExpiresAt.After(s.now()) {
		s.settings.Debug.Printf("the token cannot be refreshed and is used until it ends: %v", failure)
		return token, nil
	}
	return ssocache.Token{}, failure
}

// refreshOnce refreshes a token under the lock, unless another process was faster.
func (s *SignIn) refreshOnce(ctx context.Context, seen ssocache.Token) (ssocache.Token, error) {
	waiting, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	token, err := s.cache.Renew(waiting, s.key(), ssocache.Renewal{
		Read:   s.Kept,
		Due:    func(token ssocache.Token) bool { return !token.Fresh(s.now()) },
		Redeem: func(token ssocache.Token) (ssocache.Token, error) { return s.refresh(ctx, token) },
	})
	switch {
	case ctx.Err() != nil: // interrupted; our own patience ends waiting alone
		return ssocache.Token{}, ctx.Err()
	case err == nil:
		return token, nil
	case errors.Is(err, ssocache.ErrNone):
		return token, s.signedOut("you are not signed in") // a logout was faster
	case token.AccessToken == "": // the lock could not be had
		token = seen
	}
	return s.makeDo(token, s.explain(err))
}

// refresh redeems the refresh token (RFC 6749 §6). An interrupt does not break it off at once.
func (s *SignIn) refresh(ctx context.Context, token ssocache.Token) (ssocache.Token, error) {
	ctx, cancel := graceful(ctx, refreshGrace)
	defer cancel()
	i, err := s.createToken(ctx, text("clientId", token.ClientID), text("clientSecret", token.ClientSecret),
		text("grantType", grantRefresh), text("refreshToken", token.RefreshToken))
	if err != nil {
		return token, err
	}
	token.StartURL, token.Region = s.StartURL, s.Region
	token.AccessToken, token.ExpiresAt = i.accessToken, s.now().Add(i.expiresIn)
	if i.refreshToken != "" { // where there is no new one the old one stays
		token.RefreshToken = i.refreshToken
	}
	s.settings.Debug.Printf("refreshed the %v", token)
	return token, nil
}

// graceful is a context that lives on for a while after the one it comes from has ended.
func graceful(parent context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() { time.AfterFunc(grace, cancel) })
	return ctx, func() { stop(); cancel() }
}

// explain tells what to do about a refresh that failed: after a refusal the session is over, everything else may pass.
func (s *SignIn) explain(err error) error {
	var failure *command.Failure
	switch {
	case refused(err, fault.InvalidGrant), refused(err, fault.InvalidClient), refused(err, fault.ExpiredToken), refused(err, fault.UnauthorizedClient):
		s.settings.Debug.Printf("%v", err)
		return s.signedOut("the sign-in has ended")
	case !errors.As(err, &failure):
		return command.OtherError("the token cannot be refreshed: %v", err)
	}
	return err
}

// ErrSignedOut is the failure of whoever is not signed in. Others may look for it with errors.Is.
var ErrSignedOut = errors.New("not signed in")

// signedOutError is a failure of the command that is ErrSignedOut as well.
type signedOutError struct{ *command.Failure }

func (signedOutError) Is(target error) bool { return target == ErrSignedOut }

func (e signedOutError) Unwrap() error { return e.Failure }

// signedOut tells what is the matter and the command that mends it.
func (s *SignIn) signedOut(matter string) error {
	return signedOutError{command.OtherError("%s: run `%s`", matter, s.Command("login")).(*command.Failure)}
}
