package cli

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/api"
)

// settings are what the files of the profile and the environment say.
type settings struct {
	run             *run
	profileName     string
	profile         map[string]string // keys of the profile, those of the credentials file over those of the config file
	services        map[string]map[string]string
	configPath      string
	credentialsPath string
}

// loadSettings reads the shared files. A file that is missing is empty; one that is broken ends every command.
func (r *run) loadSettings() (*settings, error) {
	s := &settings{run: r, services: map[string]map[string]string{}}
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

func (s *settings) filePath(variable, name string) string {
	if path, set := s.run.LookupEnv(variable); set && path != "" {
		return s.run.expandPath(path)
	}
	return filepath.Join(s.run.Home, ".aws", name)
}

func readIni(path string) (iniFile, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return iniFile{}, nil
	}
	if err != nil {
		return nil, otherError("Unable to parse config file: %v", err)
	}
	file, err := parseIni(string(text))
	if err != nil {
		return nil, otherError("Unable to parse config file: %v, in %s", err, path)
	}
	return file, nil
}

// sortSections takes the profiles out of a config file and keeps its sections of services. [default] wins over
// [profile default].
func (s *settings) sortSections(config iniFile) map[string]map[string]string {
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
func (s *settings) choose(profiles map[string]map[string]string) error {
	s.profileName = s.run.global.one("profile")
	for _, variable := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		if s.profileName == "" {
			s.profileName, _ = s.run.LookupEnv(variable)
		}
	}
	if s.profileName == "" {
		s.profile = profiles["default"]
		return nil
	}
	profile, known := profiles[s.profileName]
	if !known {
		return otherError("The config profile (%s) could not be found", s.profileName)
	}
	s.profile = profile
	return nil
}

// find is the value of a setting: of the first variable that is set, or else of the profile's key.
func (s *settings) find(key string, variables ...string) (string, bool) {
	for _, variable := range variables {
		if value, set := s.run.LookupEnv(variable); set {
			return value, true
		}
	}
	value, set := s.profile[key]
	return value, set
}

// is reports whether a setting is switched on.
func (s *settings) is(key, variable string) bool {
	value, _ := s.find(key, variable)
	return strings.EqualFold(value, "true")
}

// hostLabel is the form that a Region must have to be a part of a host name; an empty one is used as it is.
var hostLabel = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)?$`)

// region is the Region of the call. One is needed for every operation, with an endpoint of its own too.
func (s *settings) region() (string, error) {
	region, given := s.run.global.lookup("region")
	if !given {
		region, given = s.find("region", "AWS_REGION", "AWS_DEFAULT_REGION")
	}
	if !given {
		return "", fail(exitConfiguration, "An error occurred (NoRegion): You must specify a region: give --region, set AWS_REGION, or write region into the profile in %s", s.configPath)
	}
	if !hostLabel.MatchString(region) || region != "" && allDigits(region) {
		return "", otherError("Provided region_name '%s' doesn't match a supported format.", region)
	}
	return region, nil
}

// defaultAttempts is how often a request is sent before its failure is final.
const defaultAttempts = 3

// attempts is how often a request may be sent.
func (s *settings) attempts() (int, error) {
	mode, given := s.find("retry_mode", "AWS_RETRY_MODE")
	if given && mode != "standard" && mode != "adaptive" {
		return 0, otherError("Invalid value provided to \"mode\": %q must be one of: standard, adaptive", mode)
	}
	text, given := s.find("max_attempts", "AWS_MAX_ATTEMPTS")
	if !given {
		return defaultAttempts, nil
	}
	attempts, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || attempts < 1 {
		return 0, otherError("Invalid value for max_attempts, which configures retry: %q must be an integer of at least 1", text)
	}
	return attempts, nil
}

// defaultTimeout is how long a connection, or a silence of the server, may last.
const defaultTimeout = 60 * time.Second

// timeout is the value of an option in whole seconds; zero means none.
func (r *run) timeout(option string) (time.Duration, error) {
	text, given := r.global.lookup(option)
	if !given {
		return defaultTimeout, nil
	}
	const longest = 1 << 31 // seconds; more than any command lives
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 0 || seconds > longest {
		return 0, otherError("invalid value for --%s: %q is not a whole number of seconds", option, text)
	}
	return time.Duration(seconds) * time.Second, nil
}

// serviceKey is the name of a service in the configuration: SSO OIDC is sso_oidc.
func serviceKey(service *api.Service) string {
	return strings.ToLower(strings.ReplaceAll(service.ID, " ", "_"))
}
