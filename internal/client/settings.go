package client

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/awsconfig"
	"sallyport/internal/command"
	"sallyport/internal/sys"
)

// Settings are what the options, the environment and the shared files say about the calls of a command.
type Settings struct {
	*command.Call
	ProfileName string // empty where none was asked for: the default one
	files       *awsconfig.Files
	fipsRegion  bool              // the name of the Region asked for hosts that follow FIPS
	profile     awsconfig.Section // keys of the profile, those of the credentials file over those of the config file
}

// Load checks the options and reads the shared files. A file that is missing is empty; one that is broken ends every command. Where the
// profile does not exist, the settings come with the error, for commands that can do without a profile.
func Load(call *command.Call) (*Settings, error) {
	s := &Settings{Call: call}
	if err := s.checkOptions(); err != nil {
		return nil, err
	}
	files, err := loadFiles(call)
	if err != nil {
		return nil, err
	}
	for _, unread := range files.Unread {
		s.Debug.Printf("taken for empty: %v", unread)
	}
	s.files = files
	return s, s.chooseProfile()
}

// CheckFiles finds out whether the shared files can be read at all.
func CheckFiles(call *command.Call) error {
	_, err := loadFiles(call)
	return err
}

func loadFiles(call *command.Call) (*awsconfig.Files, error) {
	files, err := awsconfig.Load(awsconfig.Paths(call.LookupEnv, call.Home))
	if err != nil {
		return nil, command.OtherError("%v", err)
	}
	return files, nil
}

// Files are the shared files as the settings were read from them.
func (s *Settings) Files() *awsconfig.Files { return s.files }

// chooseProfile picks the profile. One that is asked for by name must exist; the default one need not. A variable that is set but empty names
// a profile that cannot exist, as it does for the reference; an empty option names none.
func (s *Settings) chooseProfile() error {
	s.ProfileName = s.Global.One("profile")
	named := s.ProfileName != ""
	for _, variable := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		if !named {
			s.ProfileName, named = s.LookupEnv(variable)
		}
	}
	profile, known := s.files.Profile(s.profileOrDefault())
	if named && (!known || s.ProfileName == "") {
		return command.OtherError("The config profile (%s) could not be found", s.ProfileName)
	}
	s.profile = profile
	return nil
}

func (s *Settings) profileOrDefault() string {
	if s.ProfileName == "" {
		return awsconfig.DefaultProfile
	}
	return s.ProfileName
}

// Find is the value of a setting: of the first variable that is set, or else of the profile's key.
func (s *Settings) Find(key string, variables ...string) (string, bool) {
	for _, variable := range variables {
		if value, set := s.LookupEnv(variable); set {
			return value, true
		}
	}
	value, set := s.profile[key]
	return value, set
}

// Is reports whether a setting is switched on.
func (s *Settings) Is(key, variable string) bool {
	value, _ := s.Find(key, variable)
	return strings.EqualFold(value, "true")
}

// number is a setting that is a whole number of at least one.
type number struct {
	key, variable string
	configures    string // for the message
	preset        int
}

func (s *Settings) number(n number) (int, error) {
	text, given := s.Find(n.key, n.variable)
	if !given {
		return n.preset, nil
	}
	value, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || value < 1 {
		return 0, command.OtherError("Invalid value for %s, which configures %s: %q must be an integer of at least 1", n.key, n.configures, text)
	}
	return value, nil
}

// hostLabel is the form that a Region must have to be a part of a host name; an empty one is used as it is.
var hostLabel = sys.Pattern(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)?$`)

// Region is the Region of the call. One is needed for every operation, with an endpoint of its own too. Where nothing names one, the
// instance is asked that we may be running on.
func (s *Settings) Region() (string, error) {
	region, given := s.configuredRegion()
	if given {
		return s.withoutFIPS(region), checkRegion(region)
	}
	region, err := s.instanceRegion()
	if err == nil && region == "" {
		err = command.NoRegionError("You must specify a region: give --region, set AWS_REGION, or write region into the profile in %s", s.files.ConfigPath)
	}
	if err == nil { // anybody on the network may have answered
		err = checkRegion(region)
	}
	return region, err
}

// checkRegion refuses what would not stay a part of a host name, but lead to another host.
func checkRegion(region string) error {
	if !hostLabel().MatchString(region) || region != "" && command.AllDigits(region) {
		return command.OtherError("Provided region_name '%s' doesn't match a supported format.", region)
	}
	return nil
}

// withoutFIPS is the Region behind a name such as fips-us-east-1, which older configurations have for its FIPS hosts. That such a name was
// given is remembered for the endpoint.
func (s *Settings) withoutFIPS(name string) string {
	region := strings.ReplaceAll(strings.ReplaceAll(name, "fips-", ""), "-fips", "")
	s.fipsRegion = s.fipsRegion || region != name
	return region
}

func (s *Settings) configuredRegion() (string, bool) {
	if region, given := s.Global.Lookup("region"); given {
		return region, true
	}
	return s.Find("region", "AWS_REGION", "AWS_DEFAULT_REGION")
}

// retry is how a request that failed is sent again.
type retry struct {
	mode     string
	attempts int // at most
}

// maxAttempts is how often a request is sent before its failure is final: the first time and twice again, as the reference's standard mode
// does where nothing else is set.
var maxAttempts = number{key: "max_attempts", variable: "AWS_MAX_ATTEMPTS", configures: "retry", preset: 3}

// retry reads how often a request may be sent. The mode of v1, legacy, is refused as the reference refuses it; adaptive waits as standard
// does, since one command sends too little to learn a rate from.
func (s *Settings) retry() (retry, error) {
	mode, given := s.Find("retry_mode", "AWS_RETRY_MODE")
	switch {
	case !given:
		mode = "standard"
	case mode != "standard" && mode != "adaptive":
		return retry{}, command.OtherError("Invalid value provided to \"mode\": %q must be one of: standard, adaptive", mode)
	}
	attempts, err := s.number(maxAttempts)
	return retry{mode, attempts}, err
}

// defaultTimeout is how long a connection, or a silence of the server, may last.
const defaultTimeout = 60 * time.Second

// timeout is the value of an option in whole seconds; zero means none.
func (s *Settings) timeout(option string) (time.Duration, error) {
	text, given := s.Global.Lookup(option)
	if !given {
		return defaultTimeout, nil
	}
	const longest = 1 << 31 // seconds; more than any command lives
	seconds, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || seconds < 0 || seconds > longest {
		return 0, command.OtherError("invalid value for --%s: %q is not a whole number of seconds", option, text)
	}
	return time.Duration(seconds) * time.Second, nil
}

// patience is how long connections and answers may take, from both options.
func (s *Settings) patience() (patience, error) {
	connect, err := s.timeout("cli-connect-timeout")
	if err != nil {
		return patience{}, err
	}
	read, err := s.timeout("cli-read-timeout")
	return patience{connect, read}, err
}

// serviceKey is the name of a service in the configuration: SSO OIDC is sso_oidc.
func serviceKey(service *api.Service) string {
	return strings.ToLower(strings.ReplaceAll(service.ID, " ", "_"))
}

// checkOptions refuses values of options that are mistakes by themselves.
func (s *Settings) checkOptions() error {
	if err := s.checkEndpointOption(); err != nil {
		return err
	}
	_, err := s.patience()
	return err
}

// ExpandPath replaces a leading ~ and variables that are set.
func ExpandPath(env command.Environ, path string) string {
	return awsconfig.ExpandPath(path, env.LookupEnv, env.Home)
}

// warn tells about something that does not change the outcome.
func (s *Settings) warn(format string, args ...any) { fmt.Fprintf(s.Stderr, format+"\n", args...) }
