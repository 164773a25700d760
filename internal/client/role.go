package client

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/sigv4"
)

// The keys of a profile that name a role.
const (
	keyRoleARN          = "role_arn"
	keyRoleSession      = "role_session_name"
	keySourceProfile    = "source_profile"
	keyCredentialSource = "credential_source"
	keyWebIdentityFile  = "web_identity_token_file"
	keyMFASerial        = "mfa_serial"
)

// fromRole takes a role with other credentials (STS AssumeRole).
func (k seeker) fromRole() (fetch, error) {
	if !k.namesRole() {
		return nil, nil
	}
	return k.assumeRole()
}

// namesRole reports whether the profile is about a role that other credentials take.
func (k seeker) namesRole() bool {
	_, role := k.keys[keyRoleARN]
	_, web := k.keys[keyWebIdentityFile]
	return role && !web
}

// assumeRole finds the credentials that take the role now, and takes it when it is fetched: a code is asked for once it is needed.
func (k seeker) assumeRole() (fetch, error) {
	source, err := k.roleSource()
	if err != nil {
		return nil, err
	}
	input := k.roleArguments()
	serial, needsCode := k.keys[keyMFASerial]
	return k.cachedRole(input, func(ctx context.Context, region string) (jmespath.Value, error) {
		caller, err := source(ctx, region)
		if err != nil {
			return jmespath.Value{}, err
		}
		members := withSessionName(input)
		if needsCode {
			code, err := k.askCode(ctx, serial)
			if err != nil {
				return jmespath.Value{}, err
			}
			members = append(members, jmespath.Member{Name: "TokenCode", Value: jmespath.TextOf(code)})
		}
		return k.callSTS(ctx, region, assumeRole(), jmespath.ObjectOf(members), &caller.Credentials)
	}), nil
}

// roleArguments are what the profile says about taking the role, in the order of their names, which the key of the cache depends on.
func (k seeker) roleArguments() []jmespath.Member {
	var arguments []jmespath.Member
	add := func(name string, value jmespath.Value) {
		arguments = append(arguments, jmespath.Member{Name: name, Value: value})
	}
	if seconds, err := strconv.ParseInt(strings.TrimSpace(k.keys["duration_seconds"]), 10, 64); err == nil { // the reference passes over others
		add("DurationSeconds", jmespath.IntOf(seconds))
	}
	if id, given := k.keys["external_id"]; given {
		add("ExternalId", jmespath.TextOf(id))
	}
	add("RoleArn", jmespath.TextOf(k.keys[keyRoleARN]))
	if name := k.keys[keyRoleSession]; name != "" {
		add("RoleSessionName", jmespath.TextOf(name))
	}
	if serial, given := k.keys[keyMFASerial]; given {
		add("SerialNumber", jmespath.TextOf(serial))
	}
	return arguments
}

// withSessionName is the input with a name for the session, which the service requires.
func withSessionName(input []jmespath.Member) []jmespath.Member {
	members := slices.Clone(input)
	if slices.ContainsFunc(members, func(m jmespath.Member) bool { return m.Name == "RoleSessionName" }) {
		return members
	}
	name := fmt.Sprintf("%s-session-%d", command.Program, time.Now().Unix())
	return append(members, jmespath.Member{Name: "RoleSessionName", Value: jmespath.TextOf(name)})
}

// roleSource finds the credentials that take the role: a profile's or those of a named source, one of the two.
func (k seeker) roleSource() (fetch, error) {
	profile, byProfile := k.keys[keySourceProfile]
	name, byName := k.keys[keyCredentialSource]
	switch {
	case byProfile && byName:
		return nil, command.OtherError("The profile \"%s\" contains both %s and %s: invalid configuration", k.name, keySourceProfile, keyCredentialSource)
	case byName:
		return k.namedSource(name)
	case byProfile:
		return k.profileSource(profile)
	}
	return nil, partial("assume-role", keySourceProfile+" or "+keyCredentialSource)
}

func (k seeker) namedSource(name string) (fetch, error) {
	named := namedSources()
	place := slices.IndexFunc(named, func(s source) bool { return s.name == name })
	if place < 0 {
		return nil, command.OtherError("The credential source \"%s\" referenced in profile \"%s\" is not valid: invalid configuration", name, k.name)
	}
	k.variables = true
	found, err := named[place].find(k)
	if err == nil && found == nil {
		err = command.OtherError("Error when retrieving credentials from %s: No credentials found in credential_source referenced in profile %s", name, k.name)
	}
	return found, err
}

// profileSource finds the credentials of another profile, which may be a role in its turn. A profile may name itself, for keys of its own.
func (k seeker) profileSource(name string) (fetch, error) {
	keys, known := k.files.Profile(name)
	if !known {
		return nil, command.OtherError("The source_profile \"%s\" referenced in the profile \"%s\" does not exist: invalid configuration", name, k.name)
	}
	next := seeker{Settings: k.Settings, name: name, keys: keys, visited: append(slices.Clone(k.visited), name)}
	_, id := keys[keyAccessKeyID]
	_, secret := keys[keySecretAccessKey]
	hasKeys := id || secret
	if slices.Contains(k.visited, name) && (name != k.name || !hasKeys) {
		return nil, command.OtherError("Infinite loop in credential configuration detected. Attempting to load from profile %s which has already been visited. Visited profiles: %s",
			name, strings.Join(k.visited, ", "))
	}
	if !hasKeys && next.namesRole() {
		return next.assumeRole()
	}
	for _, source := range profileSources() {
		if found, err := source.find(next); err != nil || found != nil {
			return found, err
		}
	}
	return nil, command.OtherError("The source profile \"%s\" must have credentials: invalid configuration", name)
}

// fromWebIdentity takes a role with a token that somebody else keeps fresh in a file (STS AssumeRoleWithWebIdentity).
func (k seeker) fromWebIdentity() (fetch, error) {
	find := func(key, variable string) string {
		if value, set := k.LookupEnv(variable); set && k.variables {
			return value
		}
		return k.keys[key]
	}
	path := find(keyWebIdentityFile, "AWS_WEB_IDENTITY_TOKEN_FILE")
	if path == "" {
		return nil, nil
	}
	role := find(keyRoleARN, "AWS_ROLE_ARN")
	if role == "" {
		return nil, command.OtherError("The provided profile or the current environment is configured to assume role with web identity " +
			"but has no role ARN configured: set role_arn or AWS_ROLE_ARN")
	}
	input := []jmespath.Member{{Name: "RoleArn", Value: jmespath.TextOf(role)}}
	if name := find(keyRoleSession, "AWS_ROLE_SESSION_NAME"); name != "" {
		input = append(input, jmespath.Member{Name: "RoleSessionName", Value: jmespath.TextOf(name)})
	}
	return func(ctx context.Context, region string) (granted, error) {
		token, err := os.ReadFile(path)
		if err != nil {
			return granted{}, command.OtherError("Unable to read the web identity token: %v", err)
		}
		proof := jmespath.Member{Name: "WebIdentityToken", Value: jmespath.TextOf(string(token))}
		// What one token got is not for who holds another, so the token is a part of the key.
		return k.cachedRole(append(slices.Clone(input), proof), func(ctx context.Context, region string) (jmespath.Value, error) {
			return k.callSTS(ctx, region, assumeRoleWithWebIdentity(), jmespath.ObjectOf(append(withSessionName(input), proof)), nil)
		})(ctx, region)
	}, nil
}

// callSTS calls the Security Token Service with other credentials than those of the call, or with none.
func (s *Settings) callSTS(ctx context.Context, region string, operation *api.Operation, input jmespath.Value, caller *sigv4.Credentials) (jmespath.Value, error) {
	c, err := s.inner().Client(api.STS, region)
	if err != nil {
		return jmespath.Value{}, err
	}
	defer c.Close()
	if caller != nil {
		c.signer = &sigv4.Signer{Credentials: *caller, Region: region, Service: api.STS.SigningName}
	}
	return c.Call(ctx, operation, input)
}

// inner are the settings of a call that serves another one. The endpoint, certificates and Region on the command line are the other
// call's; its time-outs hold for both.
func (s *Settings) inner() *Settings {
	call := *s.Call
	call.Global = command.Arguments{}
	for _, option := range []string{"cli-read-timeout", "cli-connect-timeout"} {
		if words, given := s.Global[option]; given {
			call.Global[option] = words
		}
	}
	inner := *s
	inner.Call = &call
	return &inner
}

// cachedRole keeps what STS answered for the next command. The key is that of the AWS CLI v2, so that both find what the other kept: the
// digest of the arguments, without a name for the session that was made up.
func (k seeker) cachedRole(arguments []jmespath.Member, call func(context.Context, string) (jmespath.Value, error)) fetch {
	return func(ctx context.Context, region string) (granted, error) {
		kept := k.roleCache(roleKey(jmespath.Wire.AppendJSON(nil, jmespath.ObjectOf(arguments))))
		if found, ok := kept.load(); ok {
			k.Debug.Printf("credentials of the role from the cache")
			return found, nil
		}
		answer, err := call(ctx, region)
		if err != nil {
			return granted{}, err
		}
		found, err := readGrant(answer)
		if err != nil {
			return granted{}, command.OtherError("Error when retrieving credentials from assume-role: %v", err)
		}
		kept.store(forCache(answer))
		return found.fresh("assume-role")
	}
}

// The operations of the Security Token Service that hand out credentials of roles. They are no commands: these members are all that a
// profile can ask for.
func assumeRole() *api.Operation {
	return stsOperation("AssumeRole", api.AuthSigV4,
		&api.Member{Name: "DurationSeconds", Kind: api.Integer}, &api.Member{Name: "ExternalId"}, &api.Member{Name: "RoleArn"},
		&api.Member{Name: "RoleSessionName"}, &api.Member{Name: "SerialNumber"}, &api.Member{Name: "TokenCode", Secret: true})
}

func assumeRoleWithWebIdentity() *api.Operation {
	return stsOperation("AssumeRoleWithWebIdentity", api.AuthNone,
		&api.Member{Name: "RoleArn"}, &api.Member{Name: "RoleSessionName"}, &api.Member{Name: "WebIdentityToken", Sensitive: true})
}

func stsOperation(name string, auth api.Auth, input ...*api.Member) *api.Operation {
	return &api.Operation{
		Service: api.STS, Name: name, Method: "POST", Path: "/", Auth: auth,
		Input: shape(input...),
		Output: shape(
			&api.Member{Name: "Credentials", Kind: api.Structure, Shape: shape(
				&api.Member{Name: "AccessKeyId"}, &api.Member{Name: "SecretAccessKey", Sensitive: true},
				&api.Member{Name: "SessionToken", Secret: true}, &api.Member{Name: "Expiration"})},
			&api.Member{Name: "AssumedRoleUser", Kind: api.Structure, Shape: shape(
				&api.Member{Name: "AssumedRoleId"}, &api.Member{Name: "Arn"})}),
	}
}

func shape(members ...*api.Member) *api.Shape {
	for _, member := range members {
		member.Wire = member.Name
	}
	return &api.Shape{Members: members}
}
