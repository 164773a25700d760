package session

import (
	"context"
	"strconv"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/ssocache"
)

// Method is how a person signs in.
type Method int

const (
	Browser    Method = iota // on this machine, with an authorization code and PKCE
	DeviceCode               // anywhere, by a code that the person compares
)

// Prompt is what the person has to see. Its addresses and its code have been looked at: they can be printed, and opened.
type Prompt struct {
	URL     string    // to open
	PageURL string    // with a device code: the same page without the code in it
	Code    string    // with a device code: the code to compare or type
	Until   time.Time // when it is too late
}

// Login signs a person in anew and keeps the token. Once there is something to see it calls show, which returns while the person acts.
func (s *SignIn) Login(ctx context.Context, method Method, show func(Prompt)) (ssocache.Token, error) {
	if err := s.cache.CheckWritable(); err != nil { // before a person is asked for anything
		return ssocache.Token{}, command.OtherError("no token could be kept: %v", err)
	}
	r := registrar{SignIn: s, browser: method == Browser}
	flow := r.loginWithDevice
	if r.browser {
		flow = r.loginWithBrowser
	}
	registration, tokens, err := flow(ctx, show)
	if err != nil {
		return ssocache.Token{}, err
	}
	token := s.tokenOf(registration, tokens)
	return token, s.keep(ctx, token)
}

// keep writes the token of a new sign-in, which replaces whatever was there.
func (s *SignIn) keep(ctx context.Context, token ssocache.Token) error {
	unlock, err := s.cache.Lock(ctx, s.key())
	if err != nil {
		return err
	}
	defer unlock()
	return s.cache.WriteToken(s.key(), token)
}

// issued is what CreateToken answers.
type issued struct {
	accessToken, refreshToken string
	expiresIn                 time.Duration
}

// maxLifetime bounds what a server may say about a token: no sign-in lasts longer than AWS's longest session.
const maxLifetime = 90 * 24 * time.Hour

// createToken redeems a grant for tokens (SSO OIDC CreateToken).
func (s *SignIn) createToken(ctx context.Context, members ...jmespath.Member) (issued, error) {
	operation := api.CreateToken.Operation
	answer, err := s.call(ctx, operation, members...)
	if err != nil {
		return issued{}, err
	}
	seconds, err := strconv.ParseInt(member(answer, "expiresIn").Number(), 10, 64)
	i := issued{accessToken: member(answer, "accessToken").Text(), refreshToken: member(answer, "refreshToken").Text()}
	switch {
	case err != nil || seconds <= 0 || seconds > int64(maxLifetime/time.Second):
		return issued{}, unusable(operation, "expiresIn is no lifetime")
	case !isToken(i.accessToken) || i.refreshToken != "" && !isToken(i.refreshToken):
		return issued{}, unusable(operation, "a token is missing or holds characters that none can have")
	}
	i.expiresIn = time.Duration(seconds) * time.Second
	return i, nil
}

// tokenOf is the token as it is kept, with the client that can refresh it.
func (s *SignIn) tokenOf(registration ssocache.Registration, i issued) ssocache.Token {
	return ssocache.Token{
		StartURL: s.StartURL, Region: s.Region, AccessToken: i.accessToken, ExpiresAt: s.now().Add(i.expiresIn).UTC().Truncate(time.Second),
		ClientID: registration.ClientID, ClientSecret: registration.ClientSecret, RegistrationExpiresAt: registration.ExpiresAt, RefreshToken: i.refreshToken,
	}
}

// tooLate is the failure of a sign-in that nobody finished.
func (s *SignIn) tooLate() error {
	return command.OtherError("The pending authorization to retrieve an SSO token has expired: nobody approved the sign-in in time. Run `%s` again", s.Command("login"))
}
