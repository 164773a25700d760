// Package session is the sign-in behind a profile, for the commands for people: which instance it belongs to, the token that is kept for
// it, and the ways to get one. It finds, refreshes, makes and ends sign-ins, and keeps them in the files of the AWS CLI, so that every SDK
// finds what we wrote and we find what they wrote.
//
// It leaves the files themselves to ssocache, requests to client, and everything that a person sees to its callers: Login tells them what
// to show and prints nothing.
package session

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/awsconfig"
	"sallyport/internal/client"
	"sallyport/internal/command"
	"sallyport/internal/jmespath"
	"sallyport/internal/shellwords"
	"sallyport/internal/ssocache"
	"sallyport/internal/sys"
)

// The options that choose a sign-in other than that of the profile.
const (
	optionStartURL = "start-url"
	optionSession  = "sso-session"
	optionScopes   = "sso-registration-scopes"
)

// Options are those options, for every command that stands on a sign-in.
var Options = command.Options{
	{Name: optionStartURL, Arity: command.OneValue, Purpose: "Start URL of the instance, instead of a profile; --region is its Region then."},
	{Name: optionSession, Arity: command.OneValue, Purpose: "Name of an sso-session of the config file, or a name for the sign-in that --start-url begins."},
	{Name: optionScopes, Arity: command.OneValue, Purpose: "Scopes to register, with commas between them, beside --start-url."},
}

// The keys of the configuration files.
const (
	keySession  = "sso_session"
	keyStartURL = "sso_start_url"
	keyRegion   = "sso_region"
	keyScopes   = "sso_registration_scopes"
	keyAccount  = "sso_account_id"
	keyRole     = "sso_role_name"
)

// SignIn is one sign-in: of a profile, of an sso-session, or of a start URL on the command line. Its methods are called one after the other.
type SignIn struct {
	StartURL  string
	Region    string   // of the instance
	Name      string   // of the sso-session; empty in the older form, which is known by its start URL
	Scopes    []string // that the configuration names; nil for none
	AccountID string   // that the profile names
	RoleName  string   // that the profile names

	// Older is set for a profile that holds the start URL itself. SDKs do not refresh its token, so it gets the long-lived one
	// that comes without scopes and without a refresh token.
	Older bool

	words    []string // of a command line that chooses this sign-in
	settings *client.Settings
	clients  map[*api.Service]*client.Client // that were needed so far; their connections end with the command
	cache    ssocache.Cache
	now      func() time.Time
}

// Resolve finds out which sign-in a command is about.
func Resolve(settings *client.Settings) (*SignIn, error) {
	s := &SignIn{settings: settings, clients: map[*api.Service]*client.Client{}, cache: ssocache.Open(ssocache.Dir(settings.Home)), now: time.Now}
	s.AccountID, _ = settings.Find(keyAccount)
	s.RoleName, _ = settings.Find(keyRole)
	files := settings.Files()
	var err error
	switch {
	case settings.Local.Has(optionStartURL):
		err = s.fromOptions(files)
	case settings.Local.Has(optionScopes):
		err = command.ValidationError("--%s belongs to --%s; a profile or an sso-session has its own, under %s", optionScopes, optionStartURL, keyScopes)
	case settings.Local.Has(optionSession):
		s.words = []string{"--" + optionSession, settings.Local.One(optionSession)}
		err = s.fromSession(files, settings.Local.One(optionSession))
	default:
		err = s.fromProfile(files)
	}
	if err != nil {
		return nil, err
	}
	return s, s.check()
}

// fromOptions takes everything from the command line.
func (s *SignIn) fromOptions(files *awsconfig.Files) error {
	region, err := s.settings.Region()
	if err != nil {
		return err
	}
	s.StartURL, s.Region = s.settings.Local.One(optionStartURL), region
	s.Name, s.Scopes = s.settings.Local.One(optionSession), splitScopes(s.settings.Local.One(optionScopes))
	s.words = []string{"--" + optionStartURL, s.StartURL, "--region", s.Region}
	if s.Name != "" {
		s.words = append(s.words, "--"+optionSession, s.Name)
	}
	if s.Scopes != nil {
		s.words = append(s.words, "--"+optionScopes, strings.Join(s.Scopes, ","))
	}
	section, known := files.Session(s.Name)
	if known && (section[keyStartURL] != s.StartURL || section[keyRegion] != s.Region) {
		return configurationError("[sso-session %s] in %s has another start URL or Region: give --%s another name, or leave --%s away",
			s.Name, files.ConfigPath, optionSession, optionStartURL)
	}
	return nil
}

// fromSession takes everything from an [sso-session] section.
func (s *SignIn) fromSession(files *awsconfig.Files, name string) error {
	section, known := files.Session(name)
	if !known {
		return configurationError("%s has no section [sso-session %s]: `%s configure` writes one, or give --%s and --region",
			files.ConfigPath, name, command.Program, optionStartURL)
	}
	s.Name, s.StartURL, s.Region, s.Scopes = name, section[keyStartURL], section[keyRegion], splitScopes(section[keyScopes])
	if missing := missingOf(section); missing != "" {
		return configurationError("[sso-session %s] in %s lacks %s: write it there, or run `%s configure`", name, files.ConfigPath, missing, command.Program)
	}
	return nil
}

// fromProfile takes what the profile names: a section of its own, or, in the older form, start URL and Region.
func (s *SignIn) fromProfile(files *awsconfig.Files) error {
	profile := awsconfig.DefaultProfile
	if s.settings.ProfileName != "" {
		profile = s.settings.ProfileName
		s.words = []string{"--profile", profile}
	}
	keys, _ := files.Profile(profile)
	if name := keys[keySession]; name != "" {
		if err := s.fromSession(files, name); err != nil {
			return err
		}
		return agree(profile, keys, s)
	}
	s.StartURL, s.Region, s.Older = keys[keyStartURL], keys[keyRegion], true
	switch missing := missingOf(keys); {
	case s.StartURL == "" && s.Region == "":
		return configurationError("the profile %s has no sign-in: run `%s configure`, or give --%s and --region", profile, command.Program, optionStartURL)
	case missing != "":
		return configurationError("the profile %s lacks %s: write it into %s, or run `%s configure`", profile, missing, files.ConfigPath, command.Program)
	}
	return nil
}

// agree refuses a profile that says otherwise than the section that it names, as SDKs do.
func agree(profile string, keys awsconfig.Section, s *SignIn) error {
	for _, shared := range []struct{ key, value string }{{keyStartURL, s.StartURL}, {keyRegion, s.Region}} {
		if own, given := keys[shared.key]; given && own != shared.value {
			return configurationError("%s of the profile %s (%s) is not that of its sso-session (%s): remove it from the profile",
				shared.key, profile, own, shared.value)
		}
	}
	return nil
}

func missingOf(section awsconfig.Section) string {
	var missing []string
	for _, key := range []string{keyStartURL, keyRegion} {
		if section[key] == "" {
			missing = append(missing, key)
		}
	}
	return strings.Join(missing, " and ")
}

// splitScopes reads the scopes of a setting. It is nil where there are none.
func splitScopes(setting string) []string {
	var scopes []string
	for scope := range strings.SplitSeq(setting, ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// hostLabel is the form of a Region, which becomes a part of a host name.
var hostLabel = sys.Pattern(`^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)

func (s *SignIn) check() error {
	if address, err := url.Parse(s.StartURL); err != nil || !isWeb(address) {
		return configurationError("the start URL %q is no http or https URL", s.StartURL)
	}
	if !hostLabel().MatchString(s.Region) {
		return configurationError("the Region %q of the instance cannot be one: correct %s, or --region", s.Region, keyRegion)
	}
	return nil
}

// configurationError is a failure that a change of the configuration mends.
func configurationError(format string, args ...any) error {
	failure := command.OtherError(format, args...).(*command.Failure)
	failure.Exit = command.ExitConfiguration
	return failure
}

// Command is a command line about this sign-in, for people to copy: "sallyport login --profile dev".
func (s *SignIn) Command(word string) string {
	return shellwords.Join(slices.Concat([]string{command.Program, word}, s.words))
}

// key names the file in which the token is kept.
func (s *SignIn) key() string { return ssocache.TokenKey(s.Name, s.StartURL) }

// service prepares calls of a service of the instance. All calls of it share their connections.
func (s *SignIn) service(service *api.Service) (*client.Client, error) {
	if known := s.clients[service]; known != nil {
		return known, nil
	}
	prepared, err := s.settings.Client(service, s.Region)
	if err != nil {
		return nil, err
	}
	s.clients[service] = prepared
	return prepared, nil
}

// call calls one operation.
func (s *SignIn) call(ctx context.Context, operation *api.Operation, members ...jmespath.Member) (jmespath.Value, error) {
	service, err := s.service(operation.Service)
	if err != nil {
		return jmespath.Value{}, err
	}
	return service.Call(ctx, operation, jmespath.ObjectOf(members))
}

func text(name, value string) jmespath.Member {
	return jmespath.Member{Name: name, Value: jmespath.TextOf(value)}
}

func texts(name string, values []string) jmespath.Member {
	items := make([]jmespath.Value, len(values))
	for i, value := range values {
		items[i] = jmespath.TextOf(value)
	}
	return jmespath.Member{Name: name, Value: jmespath.ListOf(items)}
}
