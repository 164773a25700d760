package client

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"sallyport/internal/command"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/api"
)

// Settings are what the options, the environment and the shared files say about the calls of a command.
type Settings struct {
	*command.Call
	ProfileName     string            // empty where none was asked for: the default one
	profile         map[string]string // keys of the profile, those of the credentials file over those of the config file
	services        map[string]map[string]string
	configPath      string
	credentialsPath string
}

// Load checks the options and reads the shared files. A file that is missing is empty; one that is broken ends every command.
func Load(call *command.Call) (*Settings, error) {
	s := &Settings{Call: call, services: map[string]map[string]string{}}
	if err := s.checkOptions(); err != nil {
		return nil, err
	}
	s.configPath = s.filePath("AWS_CONFIG_FILE", "config")
	s.credentialsPath = s.filePath("AWS_SHARED_CREDENTIALS_FILE", "credentials")
	config, err := readIni(s.configPath)
	if err != nil {
		return nil, err
	}
	credentials, err := readIni(s.credentialsPath)
	if err != nil {
		return nil, err
	}
	profiles := s.sortSections(config)
	for name, keys := range credentials {
		if profiles[name] == nil {
			profiles[name] = map[string]string{}
		}
		maps.Copy(profiles[name], keys)
	}
	return s, s.choose(profiles)
}

func (s *Settings) filePath(variable, name string) string {
	if path, set := s.LookupEnv(variable); set && path != "" {
		return s.ExpandPath(path)
	}
	return filepath.Join(s.Home, ".aws", name)
}

func readIni(path string) (iniFile, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return iniFile{}, nil
	}
	if err != nil {
		return nil, command.OtherError("Unable to parse config file: %v", err)
	}
	file, err := parseIni(string(text))
	if err != nil {
		return nil, command.OtherError("Unable to parse config file: %v, in %s", err, path)
	}
	return file, nil
}

// sortSections takes the profiles out of a config file and keeps its sections of services. [default] wins over
// [profile default].
func (s *Settings) sortSections(config iniFile) map[string]map[string]string {
	profiles := map[string]map[string]string{}
	for header, keys := range config {
		switch kind, name := sectionName(header); {
		case kind == "profile" && name != "" && (name != "default" || config["default"] == nil):
			profiles[name] = maps.Clone(keys)
		case kind == "services" && name != "":
			s.services[name] = keys
		case header == "default":
			profiles["default"] = maps.Clone(keys)
		}
	}
	return profiles
}

// choose picks the profile. One that is asked for by name must exist; the default one need not.
func (s *Settings) choose(profiles map[string]map[string]string) error {
	s.ProfileName = s.Global.One("profile")
	for _, variable := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		if s.ProfileName == "" {
			s.ProfileName, _ = s.LookupEnv(variable)
		}
	}
	if s.ProfileName == "" {
		s.profile = profiles["default"]
		return nil
	}
	profile, known := profiles[s.ProfileName]
	if !known {
		return command.OtherError("The config profile (%s) could not be found", s.ProfileName)
	}
	s.profile = profile
	return nil
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

// hostLabel is the form that a Region must have to be a part of a host name; an empty one is used as it is.
var hostLabel = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)?$`)

// Region is the Region of the call. One is needed for every operation, with an endpoint of its own too.
func (s *Settings) Region() (string, error) {
	region, given := s.Global.Lookup("region")
	if !given {
		region, given = s.Find("region", "AWS_REGION", "AWS_DEFAULT_REGION")
	}
	if !given {
		return "", command.NoRegionError("You must specify a region: give --region, set AWS_REGION, or write region into the profile in %s", s.configPath)
	}
	if !hostLabel.MatchString(region) || region != "" && command.AllDigits(region) {
		return "", command.OtherError("Provided region_name '%s' doesn't match a supported format.", region)
	}
	return region, nil
}

// defaultAttempts is how often a request is sent before its failure is final.
const defaultAttempts = 3

// attempts is how often a request may be sent.
func (s *Settings) attempts() (int, error) {
	mode, given := s.Find("retry_mode", "AWS_RETRY_MODE")
	if given && mode != "standard" && mode != "adaptive" {
		return 0, command.OtherError("Invalid value provided to \"mode\": %q must be one of: standard, adaptive", mode)
	}
	text, given := s.Find("max_attempts", "AWS_MAX_ATTEMPTS")
	if !given {
		return defaultAttempts, nil
	}
	attempts, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || attempts < 1 {
		return 0, command.OtherError("Invalid value for max_attempts, which configures retry: %q must be an integer of at least 1", text)
	}
	return attempts, nil
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
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 0 || seconds > longest {
		return 0, command.OtherError("invalid value for --%s: %q is not a whole number of seconds", option, text)
	}
	return time.Duration(seconds) * time.Second, nil
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
	for _, option := range []string{"cli-read-timeout", "cli-connect-timeout"} {
		if _, err := s.timeout(option); err != nil {
			return err
		}
	}
	return nil
}

// ExpandPath replaces a leading ~ and variables that are set.
func (s *Settings) ExpandPath(path string) string { return ExpandPath(s.Environ, path) }

// ExpandPath replaces a leading ~ and variables that are set.
func ExpandPath(env command.Environ, path string) string {
	if path == "~" || strings.HasPrefix(path, "~/") {
		path = filepath.Join(env.Home, path[1:])
	}
	return os.Expand(path, func(name string) string {
		if value, set := env.LookupEnv(name); set {
			return value
		}
		return "$" + name
	})
}

// warn tells about something that does not change the outcome.
func (s *Settings) warn(format string, args ...any) { fmt.Fprintf(s.Stderr, format+"\n", args...) }
