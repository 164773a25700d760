package session

import (
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
	l := leaver{settings: settings, cache: ssocache.Open(ssocache.Dir(settings.Home)), profiles: profilesByKey(settings.Files())}
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
	l := leaver{settings: s.settings, cache: s.cache}
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

// profilesByKey names a profile for every token that one stands on. Its endpoints are those of the token's server.
func profilesByKey(files *awsconfig.Files) map[string]string {
	profiles := map[string]string{}
	for _, name := range files.Profiles() {
		profile, _ := files.Profile(name)
		if key := tokenKey(profile); key != "" && profiles[key] == "" {
			profiles[key] = name
		}
	}
	return profiles
}

// leaver ends sign-ins one after the other.
type leaver struct {
	settings *client.Settings
	cache    ssocache.Cache
	profiles map[string]string // whose endpoints count for a token; nil where those of the settings do
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

// tell ends the session at the server. That the token means nothing there any more is as good.
func (l *leaver) tell(ctx context.Context, key string, token ssocache.Token) error {
	if token.Region == "" || !isToken(token.AccessToken) {
		return nil // a token of another tool, which the AWS CLI does not report either
	}
	settings, err := l.settingsFor(key)
	if err != nil {
		return err
	}
	if !hostLabel.MatchString(token.Region) {
		return nil
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

// settingsFor are the settings of a profile that stands on the token. A token must not go to another profile's server.
func (l *leaver) settingsFor(key string) (*client.Settings, error) {
	profile, known := l.profiles[key]
	if !known {
		return l.settings, nil
	}
	call := *l.settings.Call
	call.Global = maps.Clone(call.Global)
	if call.Global == nil {
		call.Global = command.Arguments{}
	}
	call.Global["profile"] = []string{profile}
	return client.Load(&call)
}
