package client

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/awsconfig"
	"sallyport/internal/command"
	"sallyport/internal/fault"
	"sallyport/internal/jmespath"
	"sallyport/internal/shellwords"
	"sallyport/internal/ssocache"
)

// The keys by which a profile names a role of a sign-in, and those of the sign-in, in the order in which the reference misses them.
const (
	keySSORole     = "sso_role_name"
	keySSOAccount  = "sso_account_id"
	keySSOStartURL = "sso_start_url"
	keySSORegion   = "sso_region"
	keySSOSession  = "sso_session"
)

// fromSSO takes credentials of a role from the portal, for who has signed in (SSO GetRoleCredentials).
func (k seeker) fromSSO() (fetch, error) {
	_, role := k.keys[keySSORole]
	_, account := k.keys[keySSOAccount]
	if !role && !account {
		return nil, nil
	}
	keys, err := k.signInKeys()
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, key := range []string{keySSORole, keySSOAccount, keySSOStartURL, keySSORegion} {
		if _, given := keys[key]; !given {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		return nil, command.OtherError("The profile \"%s\" is configured to use SSO but is missing required configuration: %s", k.name, strings.Join(missing, ", "))
	}
	return func(ctx context.Context, _ string) (granted, error) { return k.roleOfSignIn(ctx, keys) }, nil
}

// signInKeys are the keys of the profile with those of its sso-session, which must not contradict each other.
func (k seeker) signInKeys() (awsconfig.Section, error) {
	name, bySession := k.keys[keySSOSession]
	if !bySession {
		return k.keys, nil
	}
	session, known := k.files.Session(name)
	if !known {
		return nil, command.OtherError("The specified sso-session does not exist: \"%s\"", name)
	}
	for _, key := range slices.Sorted(maps.Keys(session)) {
		if own, given := k.keys[key]; given && own != session[key] {
			return nil, command.OtherError("The value for %s is inconsistent between profile (%s) and sso-session (%s).", key, own, session[key])
		}
	}
	keys := maps.Clone(session)
	maps.Copy(keys, k.keys)
	return keys, nil
}

// roleOfSignIn gets the credentials of the role, or those that a command before got and kept.
func (k seeker) roleOfSignIn(ctx context.Context, keys awsconfig.Section) (granted, error) {
	role := PortalRole{AccountID: keys[keySSOAccount], Name: keys[keySSORole], Session: keys[keySSOSession], StartURL: keys[keySSOStartURL]}
	if found, expires, ok := k.KeptRole(role); ok {
		k.Debug.Printf("credentials of the role from the cache")
		return granted{found, expires}, nil
	}
	session := signIn{Session: keys[keySSOSession], StartURL: keys[keySSOStartURL], Region: keys[keySSORegion]}
	token, err := k.signInToken(ctx, session)
	if err != nil {
		return granted{}, k.signedOut(err)
	}
	answer, err := k.callInner(ctx, api.GetRoleCredentials.Operation, session.Region,
		textMembers("roleName", keys[keySSORole], "accountId", keys[keySSOAccount], "accessToken", token.AccessToken))
	if refusal, refused := asRefusal(err); refused && refusal.Code == fault.Unauthorized.Name {
		return granted{}, k.signedOut(errSignedOut)
	}
	if err != nil {
		return granted{}, err
	}
	found, expires, err := ReadPortalRole(answer)
	if err != nil {
		return granted{}, command.OtherError("Error when retrieving credentials from sso: %v", err)
	}
	k.KeepRole(role, found, expires)
	return granted{found, expires}.fresh("sso")
}

// textMembers is an object of texts, given as names and values in turn.
func textMembers(pairs ...string) jmespath.Value {
	var members []jmespath.Member
	for i := 0; i < len(pairs); i += 2 {
		members = append(members, jmespath.Member{Name: pairs[i], Value: jmespath.TextOf(pairs[i+1])})
	}
	return jmespath.ObjectOf(members)
}

// asRefusal is the error of a service behind a failure.
func asRefusal(err error) (*command.Failure, bool) {
	var failure *command.Failure
	return failure, errors.As(err, &failure) && failure.Exit == command.ExitService
}

// signIn is a sign-in that the shared files describe.
type signIn struct {
	Session  string // name of the sso-session; empty in the older form
	StartURL string
	Region   string
}

// key is that of the token's file.
func (i signIn) key() string { return ssocache.TokenKey(i.Session, i.StartURL) }

var (
	errSignedOut = errors.New("the SSO session associated with this profile has expired or is otherwise invalid")
	errNoToken   = errors.New("nobody has signed in")
)

// signedOut tells what mends a missing or a dead token, or is the error itself where that is something else.
func (k seeker) signedOut(err error) error {
	if !errors.Is(err, errSignedOut) && !errors.Is(err, errNoToken) {
		return err
	}
	mend := command.Program + " login"
	if k.name != awsconfig.DefaultProfile {
		mend += " --profile " + shellwords.Quote(k.name)
	}
	return command.OtherError("Error loading SSO Token: %v: sign in with %s", err, mend)
}

// signInToken is the token of a sign-in. One that ends soon is refreshed where it can be; who cannot refresh uses it to its end.
func (s *Settings) signInToken(ctx context.Context, session signIn) (ssocache.Token, error) {
	cache := ssocache.Open(ssocache.Dir(s.Home))
	token, err := cache.ReadTokenOf(session.StartURL, session.key())
	if err != nil {
		s.Debug.Printf("token of the sign-in: %v", err)
		return ssocache.Token{}, errNoToken
	}
	if session.Session != "" && needsRefresh(token) {
		refreshed, err := s.refreshUnderLock(ctx, cache, session)
		switch {
		case err == nil:
			token = refreshed
		case errors.Is(err, errNoToken), ctx.Err() != nil, !token.ExpiresAt.After(time.Now()):
			return ssocache.Token{}, err
		default:
			s.Debug.Printf("the token is used until it ends: %v", err)
		}
	}
	if !token.ExpiresAt.After(time.Now()) {
		return ssocache.Token{}, errSignedOut
	}
	return token, nil
}

func needsRefresh(token ssocache.Token) bool {
	now := time.Now()
	return !token.Fresh(now) && token.Refreshable(now)
}

// refreshUnderLock refreshes the token unless another process has done so while we waited. One whose refresh is refused may live a while yet.
func (s *Settings) refreshUnderLock(ctx context.Context, cache ssocache.Cache, session signIn) (ssocache.Token, error) {
	token, err := cache.Renew(ctx, session.key(), ssocache.Renewal{
		Read:   func() (ssocache.Token, error) { return cache.ReadTokenOf(session.StartURL, session.key()) },
		Due:    needsRefresh,
		Redeem: func(token ssocache.Token) (ssocache.Token, error) { return s.refresh(ctx, token, session) },
	})
	var failure *command.Failure
	switch _, refused := asRefusal(err); {
	case errors.Is(err, ssocache.ErrNone):
		return ssocache.Token{}, errNoToken
	case refused:
		s.Debug.Printf("refreshing the token: %v", err)
		return token, nil
	case err != nil && !errors.As(err, &failure):
		return ssocache.Token{}, command.OtherError("Unable to refresh the SSO token: %v", err)
	}
	return token, err
}

// refresh exchanges the refresh token (SSO OIDC CreateToken, grant refresh_token). What an answer must have, and that one without another
// refresh token leaves none, is the reference's; session, which is for people, looks closer and keeps the old one (RFC 6749 §6).
func (s *Settings) refresh(ctx context.Context, token ssocache.Token, session signIn) (ssocache.Token, error) {
	answer, err := s.callInner(ctx, api.CreateToken.Operation, session.Region, textMembers(
		"clientId", token.ClientID, "clientSecret", token.ClientSecret, "grantType", "refresh_token", "refreshToken", token.RefreshToken))
	if err != nil {
		return ssocache.Token{}, err
	}
	get := func(name string) jmespath.Value { value, _ := answer.Get(name); return value }
	seconds, err := strconv.ParseInt(get("expiresIn").Number(), 10, 32)
	if err != nil || get("accessToken").Text() == "" {
		return ssocache.Token{}, command.OtherError("Unable to refresh the SSO token: the answer holds no access token, or no end of it")
	}
	token.StartURL, token.Region = session.StartURL, session.Region
	token.AccessToken, token.RefreshToken = get("accessToken").Text(), get("refreshToken").Text()
	token.ExpiresAt = time.Now().Add(time.Duration(seconds) * time.Second)
	return token, nil
}

// callInner makes an unsigned call that serves another one.
func (s *Settings) callInner(ctx context.Context, operation *api.Operation, region string, input jmespath.Value) (jmespath.Value, error) {
	c, err := s.inner().Client(operation.Service, region)
	if err != nil {
		return jmespath.Value{}, err
	}
	defer c.Close()
	return c.Call(ctx, operation, input)
}
