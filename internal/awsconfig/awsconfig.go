// Package awsconfig owns the shared configuration files, ~/.aws/config and ~/.aws/credentials: where they are, what they say,
// and how a few keys of them are changed without touching a byte of the rest. The dialect is the reference's, with its
// quoting of names and its values of several lines.
//
// What a key means, which profile is the current one, and how the environment goes over both is the callers' business.
package awsconfig

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Section is what one section says: its keys, in small letters, with their values. Lines that go on a value follow it, each
// behind a newline.
type Section map[string]string

// Nested is the value of a key inside a value of several lines, as the sections of services have them.
func (s Section) Nested(key, inner string) (string, bool) {
	value, found := "", false
	for line := range nestedLines(s[key]) {
		if name, text, _ := strings.Cut(line, "="); strings.TrimSpace(name) == inner {
			value, found = strings.TrimSpace(text), true
		}
	}
	return value, found
}

// nestedLines are the lines of a value that begins on the line behind its key; any other value has none.
func nestedLines(value string) func(yield func(string) bool) {
	inner, nested := strings.CutPrefix(value, "\n")
	if !nested {
		return func(func(string) bool) {}
	}
	return strings.SplitSeq(inner, "\n")
}

// Files are both files, read.
type Files struct {
	ConfigPath      string // that was read; empty for none
	CredentialsPath string
	Unread          []error // why a file that is there was taken for empty, as the reference takes it

	order    []string // of the profiles
	profiles map[string]Section
	secret   map[string]Section // what the credentials file says
	sessions map[string]Section
	services map[string]Section
}

// Load reads both files. One that is missing or cannot be opened is empty; one that breaks the rules of the dialect is a
// *SyntaxError. The keys of the credentials file go over those of the config file.
func Load(configPath, credentialsPath string) (*Files, error) {
	f := &Files{ConfigPath: configPath, CredentialsPath: credentialsPath,
		profiles: map[string]Section{}, sessions: map[string]Section{}, services: map[string]Section{}}
	config, err := f.read(configPath)
	if err != nil {
		return nil, err
	}
	credentials, err := f.read(credentialsPath)
	if err != nil {
		return nil, err
	}
	f.takeConfig(config)
	f.takeCredentials(credentials)
	return f, nil
}

func (f *Files) read(path string) (*Document, error) {
	text, err := readFile(path)
	if err != nil {
		f.Unread = append(f.Unread, err)
	}
	return parse(path, text)
}

// takeConfig sorts the sections by their kind. Of two sections for one name, such as [default] and [profile default], the
// later one stands alone.
func (f *Files) takeConfig(config *Document) {
	defaults := config.defaults()
	for _, s := range config.sections {
		keys := s.values(defaults)
		switch s.name.Kind {
		case KindProfile:
			f.addProfile(s.name.Name, keys)
		case KindSession:
			f.sessions[s.name.Name] = keys
		case KindServices:
			f.services[s.name.Name] = keys
		}
	}
}

// takeCredentials lays the credentials file over the profiles. Its headers are names of profiles, as they stand.
func (f *Files) takeCredentials(credentials *Document) {
	defaults := credentials.defaults()
	f.secret = map[string]Section{}
	for _, s := range credentials.sections {
		if s.header == defaultsHeader {
			continue
		}
		keys := s.values(defaults)
		f.secret[s.header] = keys
		merged := maps.Clone(f.profiles[s.header])
		if merged == nil {
			merged = Section{}
		}
		maps.Copy(merged, keys)
		f.addProfile(s.header, merged)
	}
}

func (f *Files) addProfile(name string, keys Section) {
	if _, known := f.profiles[name]; !known {
		f.order = append(f.order, name)
	}
	f.profiles[name] = keys
}

// Profile is what both files say about a profile.
func (f *Files) Profile(name string) (Section, bool) {
	keys, known := f.profiles[name]
	return keys, known
}

// Profiles are the names of the profiles in the order of the config file, then those that only the credentials file has.
func (f *Files) Profiles() []string { return slices.Clone(f.order) }

// Session is the section of sign-in settings that a profile's sso_session names.
func (f *Files) Session(name string) (Section, bool) {
	keys, known := f.sessions[name]
	return keys, known
}

// Sessions are the names of the sections of sign-in settings, sorted.
func (f *Files) Sessions() []string { return slices.Sorted(maps.Keys(f.sessions)) }

// Services is the section of endpoints that a profile's services names.
func (f *Files) Services(name string) (Section, bool) {
	keys, known := f.services[name]
	return keys, known
}

// Service is the value of a key that a section of services has for a service, such as endpoint_url of sso_oidc.
func (f *Files) Service(section, service, key string) (string, bool) {
	return f.services[section].Nested(service, key)
}

// Origin is the path of the file whose value of a profile's key counts; empty if neither file has the key.
func (f *Files) Origin(profile, key string) string {
	if _, secret := f.secret[profile][key]; secret {
		return f.CredentialsPath
	}
	if _, known := f.profiles[profile][key]; known {
		return f.ConfigPath
	}
	return ""
}

// maxFile is the size beyond which a file is not read to its end: a thousand times what a large organisation's profiles take.
const maxFile = 64 << 20

// readFile is the text of a file. There is no error for a file that is not there, nor for a folder in its place: the reference
// goes on without both.
func readFile(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	info, err := os.Stat(path)
	if isMissing(err) || err == nil && info.IsDir() {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	return readBounded(file)
}

func readBounded(file *os.File) (string, error) {
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxFile {
		return "", fmt.Errorf("%s is larger than %d bytes", file.Name(), maxFile)
	}
	return string(text), nil
}

// Paths are the places of the config and of the credentials file. A variable that is set to nothing names no file at all, and neither does
// ~ where no home folder is known: whatever lies in the working folder under that name is not the person's.
func Paths(lookupEnv func(string) (string, bool), home string) (config, credentials string) {
	place := func(variable, standard string) string {
		path, set := lookupEnv(variable)
		if !set {
			path = standard
		}
		path = expandVariables(path, lookupEnv)
		if home == "" && beginsAtHome(path) {
			return ""
		}
		return expandHome(path, home)
	}
	return place("AWS_CONFIG_FILE", "~/.aws/config"), place("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
}

// ExpandPath is a path that a person wrote, of a parameter file or of certificates: a leading ~ stands for the home folder, $NAME and ${NAME} for variables that are
// set. Others stay as they are.
func ExpandPath(path string, lookupEnv func(string) (string, bool), home string) string {
	return expandVariables(expandHome(path, home), lookupEnv)
}

func expandHome(path, home string) string {
	if home == "" || !beginsAtHome(path) {
		return path
	}
	return filepath.Join(home, path[1:])
}

func beginsAtHome(path string) bool {
	return path != "" && path[0] == '~' && (len(path) == 1 || os.IsPathSeparator(path[1]))
}

func expandVariables(text string, lookupEnv func(string) (string, bool)) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		name, length := variable(rest)
		if value, set := lookupEnv(name); set && name != "" {
			out.WriteString(value)
		} else {
			out.WriteString("$" + rest[:length])
		}
		text = rest[length:]
	}
}

// variable is the name at the beginning of what follows a $, and how many bytes it takes there.
func variable(text string) (name string, length int) {
	if braced, opened := strings.CutPrefix(text, "{"); opened {
		if name, _, closed := strings.Cut(braced, "}"); closed {
			return name, len(name) + 2
		}
		return "", 0
	}
	for length < len(text) && (text[length] == '_' || isAlphanumeric(text[length])) {
		length++
	}
	return text[:length], length
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
