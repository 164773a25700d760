package session

import (
	"cmp"
	"context"
	"errors"
	"maps"

	"sallyport/internal/api"
	"sallyport/internal/awsconfig"
	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/ssocache"
)

// Ended is what a sign-out did.
type Ended struct {
	Sessions int     // tokens that were removed
	Roles    int     // cached credentials of roles that were removed
	Unheard  []error // why a server did not hear of it; the session lives on there until it ends by itself
}

// LogoutAll ends every sign-in that is kept, whatever wrote it, and removes the credentials that came of them. The registrations stay.
func LogoutAll(ctx context.Context, settings *client.Settings) (Ended, error) {
	l := leaver{settings: settings, cache: ssocache.Open(ssocache.Dir(settings.Home)), homes: homesByKey(settings.Files())}
	entries, err := l.cache.List()
	if err != nil {
		return Ended{}, command.OtherError("the sign-ins cannot be listed: %v", err)
	}
	var failures error
	for _, entry := range entries {
		if entry.Token != nil {
			failures = errors.Join(failures, l.leave(ctx, entry.Key, *entry.Token))
		}
		if ctx.Err() != nil {
			return l.ended, ctx.Err()
		}
	}
	var failure error
	l.ended.Roles, failure = settings.ForgetRoles(func(string) bool { return true })
	return l.ended, errors.Join(failures, failure)
}

// Logout ends this sign-in alone. Of the cached credentials it removes those of the profiles that stand on it.
func (s *SignIn) Logout(ctx context.Context) (Ended, error) {
	l := leaver{settings: s.settings, cache: s.cache, startURL: s.StartURL}
	failure := l.leave(ctx, s.key(), ssocache.Token{})
	roles := s.rolesOf(s.settings.Files())
	var other error
	l.ended.Roles, other = s.settings.ForgetRoles(func(key string) bool { return roles[key] })
	return l.ended, errors.Join(failure, other)
}

// rolesOf are the keys of the credentials of all profiles that stand on the sign-in.
func (s *SignIn) rolesOf(files *awsconfig.Files) map[string]bool {
	keys := map[string]bool{}
	for _, name := range files.Profiles() {
		profile, _ := files.Profile(name)
		if tokenKey(profile) == s.key() {
			keys[s.cached(Role{profile[keyAccount], profile[keyRole]}).Key()] = true
		}
	}
	return keys
}

// tokenKey is the key of the token that a profile stands on, empty if it stands on none.
func tokenKey(profile awsconfig.Section) string {
	if profile[keySession] == "" && profile[keyStartURL] == "" {
		return ""
	}
	return ssocache.TokenKey(profile[keySession], profile[keyStartURL])
}

// home is where a token belongs by the config file.
type home struct{ profile, startURL string }

// homesByKey are the homes of all tokens that a profile stands on. The profile's endpoints are those of the token's server.
func homesByKey(files *awsconfig.Files) map[string]home {
	homes := map[string]home{}
	for _, name := range files.Profiles() {
		profile, _ := files.Profile(name)
		key := tokenKey(profile)
		if _, known := homes[key]; key == "" || known {
			continue
		}
		startURL := profile[keyStartURL]
		if session, known := files.Session(profile[keySession]); known {
			startURL = session[keyStartURL]
		}
		homes[key] = home{name, startURL}
	}
	return homes
}

// leaver ends sign-ins one after the other.
type leaver struct {
	settings *client.Settings
	cache    ssocache.Cache
	startURL string          // of the one sign-in that is ended, whose endpoints are those of the settings; empty for all
	homes    map[string]home // of the tokens, where all are ended
	ended    Ended
}

// leave tells the server and removes the token. It holds the lock meanwhile, so that nobody's refresh brings the token back. What was seen of
// the token counts where it cannot be read as one: the AWS CLI removes a file with an access token and nothing else as well.
func (l *leaver) leave(ctx context.Context, key string, seen ssocache.Token) error {
	waiting, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	unlock, err := l.cache.Lock(waiting, key)
	if err != nil {
		return command.OtherError("the sign-in cannot be ended: %v", err)
	}
	defer unlock()
	token, err := l.cache.ReadToken(key)
	if err != nil {
		token = seen
	}
	if token.AccessToken == "" {
		return nil
	}
	if err := l.tell(ctx, key, token); err != nil {
		l.ended.Unheard = append(l.ended.Unheard, err)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := l.cache.Remove(key); err != nil {
		return command.OtherError("the token cannot be removed: %v", err)
	}
	l.ended.Sessions++
	return nil
}

// tell ends the session at the server (SSO Logout). That the token means nothing there any more is as good.
func (l *leaver) tell(ctx context.Context, key string, token ssocache.Token) error {
	if !hostLabel().MatchString(token.Region) || !isToken(token.AccessToken) {
		return nil // no Region that is part of a host name, or another tool's token: the AWS CLI does not report those either
	}
	settings, err := l.settingsFor(key, token)
	if err != nil {
		return err
	}
	service, err := settings.Client(api.SSO, token.Region)
	if err != nil {
		return err
	}
	defer service.Close()
	_, err = service.Call(ctx, api.Logout.Operation, jmespath.ObjectOf([]jmespath.Member{text("accessToken", token.AccessToken)}))
	if code := refusalCode(err); code != "" {
		l.settings.Debug.Printf("logout: %v", err)
		return nil
	}
	return err
}

// settingsFor are settings that lead to the server of a token: no other may see it.
func (l *leaver) settingsFor(key string, token ssocache.Token) (*client.Settings, error) {
	at, known := l.homes[key]
	startURL := cmp.Or(at.startURL, l.startURL)
	switch {
	case startURL != "" && !token.IsOf(startURL):
		return nil, command.OtherError("the token was issued for %s, which the config file names no more", Printable(token.StartURL))
	case known:
		return l.settingsOf(at.profile)
	case l.startURL == "" && !isSignIn(key, token):
		return l.settingsOfAWS()
	}
	return l.settings, nil
}

// isSignIn reports whether a token is one that the AWS CLI, an SDK or we have written: those tell their start URL. Editors keep tokens of
// their own in the folder.
func isSignIn(key string, token ssocache.Token) bool {
	return ssocache.IsDigest(key) && token.StartURL != ""
}

// settingsOf are those of a profile. An endpoint on the command line is for profiles that name none, as it cannot be that of all servers.
func (l *leaver) settingsOf(profile string) (*client.Settings, error) {
	own := l.call()
	own.Global["profile"] = []string{profile}
	if settings, err := client.Load(own); err != nil || len(settings.EndpointVariables()) == 0 {
		return settings, err
	}
	delete(own.Global, "endpoint-url")
	return client.Load(own)
}

// settingsOfAWS lead to AWS, whatever is configured: tokens of other tools are AWS's.
func (l *leaver) settingsOfAWS() (*client.Settings, error) {
	own := l.call()
	delete(own.Global, "endpoint-url")
	own.LookupEnv = func(name string) (string, bool) {
		if name == "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" {
			return "true", true
		}
		return l.settings.LookupEnv(name)
	}
	return client.Load(own)
}

// call is the call of the settings, with options that may be changed.
func (l *leaver) call() *command.Call {
	own := *l.settings.Call
	own.Global = maps.Clone(own.Global)
	if own.Global == nil {
		own.Global = command.Arguments{}
	}
	return &own
}
