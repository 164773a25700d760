package client

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"sallyport/internal/awsconfig"
	"sallyport/internal/command"
	"sallyport/internal/sigv4"
)

// credentials are those of the caller, from the first source that has any.
func (s *Settings) credentials(ctx context.Context, region string) (sigv4.Credentials, error) {
	fetch, err := s.seeker().find(chain())
	if err != nil {
		return sigv4.Credentials{}, err
	}
	found, err := fetch(ctx, region)
	switch {
	case errors.Is(err, errNothingThere):
		return sigv4.Credentials{}, command.NoCredentialsError("Unable to locate credentials in the environment, the profile, a container or an instance: " +
			"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --profile with the name of a profile that has credentials")
	case err != nil:
		return sigv4.Credentials{}, err
	case strings.ContainsFunc(found.AccessKeyID+found.SessionToken, unicode.IsControl):
		return sigv4.Credentials{}, command.OtherError("Invalid header value: the access key id or the session token holds a line end or another control character")
	}
	s.Debug.Printf("credentials of %s", found.AccessKeyID)
	return found.Credentials, nil
}

// CheckCredentials finds the mistakes in what is configured about credentials, without fetching any: half a set of keys, a role without a
// source, settings of a sign-in that contradict each other. The reference fails with them for operations that are not signed too, and
// before it misses a Region.
func (s *Settings) CheckCredentials() error {
	if s.Global.Has("no-sign-request") {
		return nil
	}
	_, err := s.seeker().find(chain())
	return err
}

// granted is what a source hands out.
type granted struct {
	sigv4.Credentials
	expires time.Time // zero for never
}

// fresh refuses what is past its time.
func (g granted) fresh(source string) (granted, error) {
	if !g.expires.IsZero() && !g.expires.After(time.Now()) {
		return granted{}, command.OtherError("Error when retrieving credentials from %s: Credentials were refreshed, but the refreshed credentials are still expired.", source)
	}
	return g, nil
}

// fetch gets credentials for a call in a Region. It is what costs: a program, or requests.
type fetch func(ctx context.Context, region string) (granted, error)

// at hands out what is known already.
func at(known granted) fetch {
	return func(context.Context, string) (granted, error) { return known, nil }
}

// errNothingThere is what a fetch reports that found no credentials, where that can only be known by asking.
var errNothingThere = errors.New("no credentials there")

// source is one place where credentials may come from. Its find reads the configuration only: it returns nil where the source is not
// configured, and an error where it is configured wrongly.
type source struct {
	name string // as credential_source names it, or as messages do
	find func(seeker) (fetch, error)
}

// The three sources that credential_source may name.
const (
	sourceEnvironment = "Environment"
	sourceContainer   = "EcsContainer"
	sourceInstance    = "Ec2InstanceMetadata"
)

// chain is all sources, in the order of the reference. The chain of the official SDK is none of it: it has another order, takes the
// process's own environment, proxies and certificates, runs credential_process in a shell, and keeps no cache that is shared with the AWS
// CLI. The three tables are functions because a variable would depend on itself: some sources call a service, which begins by looking
// through the chain.
func chain() []source {
	return slices.Concat([]source{
		{sourceEnvironment, seeker.fromEnvironment},
		{"assume-role", seeker.fromRole},
	}, profileSources(), []source{
		{sourceContainer, seeker.fromContainer},
		{sourceInstance, seeker.fromInstance},
	})
}

// profileSources are what the profile that source_profile names may have, besides a role.
func profileSources() []source {
	return []source{
		{"assume-role-with-web-identity", seeker.fromWebIdentity},
		{"sso", seeker.fromSSO},
		{"shared-credentials-file", seeker.fromCredentialsFile},
		{"login", seeker.fromLogin},
		{"custom-process", seeker.fromProcess},
		{"config-file", seeker.fromConfigFile},
	}
}

// namedSources are what credential_source may name.
func namedSources() []source {
	return []source{
		{sourceEnvironment, seeker.fromEnvironment},
		{sourceContainer, seeker.fromContainer},
		{sourceInstance, seeker.fromInstance},
	}
}

// seeker looks for credentials of one profile.
type seeker struct {
	*Settings
	name      string // of the profile
	keys      awsconfig.Section
	variables bool     // of the environment count
	visited   []string // profiles that led here, this one included
}

// seeker looks for the credentials of the call. A profile named on the command line goes before the environment.
func (s *Settings) seeker() seeker {
	name := s.profileOrDefault()
	return seeker{Settings: s, name: name, keys: s.profile, variables: s.Global.One("profile") == "", visited: []string{name}}
}

// find is the fetch of the first source that is configured. The last source of the chain always is, unless it is switched off.
func (k seeker) find(sources []source) (fetch, error) {
	for _, source := range sources {
		fetch, err := source.find(k)
		if err != nil || fetch != nil {
			if err == nil {
				k.Debug.Printf("credentials: %s of profile %s", source.name, k.name)
			}
			return fetch, err
		}
	}
	return func(context.Context, string) (granted, error) { return granted{}, errNothingThere }, nil
}

// environment reads a variable where variables count.
func (k seeker) environment(name string) string {
	if !k.variables {
		return ""
	}
	return k.Getenv(name)
}

// partial is half a set of keys.
func partial(source, missing string) error {
	return command.OtherError("Partial credentials found in %s, missing: %s", source, missing)
}

// fromEnvironment takes the keys from variables. An empty variable is none; half a set is a mistake.
func (k seeker) fromEnvironment() (fetch, error) {
	id := k.environment("AWS_ACCESS_KEY_ID")
	if id == "" {
		return nil, nil
	}
	found := granted{Credentials: sigv4.Credentials{AccessKeyID: id, SecretAccessKey: k.environment("AWS_SECRET_ACCESS_KEY")}}
	if found.SecretAccessKey == "" {
		return nil, partial("env", "AWS_SECRET_ACCESS_KEY")
	}
	if found.SessionToken = k.environment("AWS_SECURITY_TOKEN"); found.SessionToken == "" {
		found.SessionToken = k.environment("AWS_SESSION_TOKEN")
	}
	if expiry := k.environment("AWS_CREDENTIAL_EXPIRATION"); expiry != "" {
		var err error
		if found.expires, err = parseMoment(expiry); err != nil {
			return nil, command.OtherError("Unknown string format in AWS_CREDENTIAL_EXPIRATION: %s", expiry)
		}
	}
	return func(context.Context, string) (granted, error) { return found.fresh("env") }, nil
}

// fromCredentialsFile takes the keys that the credentials file has.
func (k seeker) fromCredentialsFile() (fetch, error) {
	return k.fromFile("shared-credentials-file", k.files.CredentialsPath)
}

// fromConfigFile takes the keys that only the config file has.
func (k seeker) fromConfigFile() (fetch, error) { return k.fromFile("config-file", k.files.ConfigPath) }

// The keys of a profile that are credentials themselves.
const (
	keyAccessKeyID     = "aws_access_key_id"
	keySecretAccessKey = "aws_secret_access_key"
)

func (k seeker) fromFile(name, path string) (fetch, error) {
	value := func(key string) (string, bool) {
		if k.files.Origin(k.name, key) != path {
			return "", false
		}
		value, given := k.keys[key]
		return value, given
	}
	id, given := value(keyAccessKeyID)
	if !given {
		return nil, nil
	}
	secret, given := value(keySecretAccessKey)
	if !given {
		return nil, partial(name, keySecretAccessKey)
	}
	token, given := value("aws_security_token")
	if !given {
		token, _ = value("aws_session_token")
	}
	return at(granted{Credentials: sigv4.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}}), nil
}

// cacheLayout is how the AWS CLI writes moments into its cache of roles.
const cacheLayout = "2006-01-02T15:04:05UTC"

// momentLayouts are the ways in which sources write moments.
var momentLayouts = []string{time.RFC3339Nano, cacheLayout, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05"}

// parseMoment reads a moment; one without a zone is in UTC.
func parseMoment(text string) (time.Time, error) {
	for _, layout := range momentLayouts {
		if moment, err := time.Parse(layout, text); err == nil {
			return moment, nil
		}
	}
	return time.Time{}, errors.New("no moment in time")
}
