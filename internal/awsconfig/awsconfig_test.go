package awsconfig

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sallyport/test/vectors"
)

const sample = `
# comment
[default]
Region = eu-west-1
output=json # part of the value
services = s1
empty =
; comment
[profile "a b"]
  sso_session: x = y
[profile 'quoted'\ name]
region = q
[sso-session main]
sso_start_url = https://d-1234567890.awsapps.com/start/#/
sso_region = eu-west-1
[services s1]
sso_oidc =
  # comment
  endpoint_url = http://o

  other = 1
  other = 2=3
sso =
	endpoint_url=http://p
plain = x
  endpoint_url = http://no
[preview]
x = y
`

func load(t *testing.T, config, credentials string) (*Files, error) {
	t.Helper()
	folder := t.TempDir()
	paths := []string{filepath.Join(folder, "config"), filepath.Join(folder, "credentials")}
	for i, text := range []string{config, credentials} {
		if err := os.WriteFile(paths[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Load(paths[0], paths[1])
}

func mustLoad(t *testing.T, config, credentials string) *Files {
	t.Helper()
	files, err := load(t, config, credentials)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestProfilesSayWhatTheirSectionsSay(t *testing.T) {
	files := mustLoad(t, sample, "")
	tests := []struct{ name, profile, key, want string }{
		{"keys are in small letters", "default", "region", "eu-west-1"},
		{"a comment behind a value belongs to it", "default", "output", "json # part of the value"},
		{"a value may be empty", "default", "empty", ""},
		{"quoted names may have blanks, and a colon divides", "a b", "sso_session", "x = y"},
		{"names are split as a shell does", "quoted name", "region", "q"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			profile, _ := files.Profile(test.profile)
			if got, found := profile[test.key]; !found || got != test.want {
				t.Errorf("%s is %q, %v; want %q", test.key, got, found, test.want)
			}
		})
	}
	if got := files.Profiles(); !slices.Equal(got, []string{"default", "a b", "quoted name"}) {
		t.Errorf("the profiles are %q", got)
	}
	if _, found := files.Profile("preview"); found {
		t.Error("a section of no kind is a profile")
	}
}

func TestOtherSectionsAreFoundByName(t *testing.T) {
	files := mustLoad(t, sample, "")
	if session, found := files.Session("main"); !found || session["sso_start_url"] != "https://d-1234567890.awsapps.com/start/#/" {
		t.Errorf("the session is %q, %v", session, found)
	}
	if got := files.Sessions(); !slices.Equal(got, []string{"main"}) {
		t.Errorf("the sessions are %q", got)
	}
	services, found := files.Services("s1")
	if want := "\nendpoint_url = http://o\nother = 1\nother = 2=3"; !found || services["sso_oidc"] != want {
		t.Errorf("the value of several lines is %q, %v", services["sso_oidc"], found)
	}
	tests := []struct {
		name, service, key, want string
		found                    bool
	}{
		{"a key inside a value", "sso_oidc", "endpoint_url", "http://o", true},
		{"the last of a key counts", "sso_oidc", "other", "2=3", true},
		{"an indented by a tab one", "sso", "endpoint_url", "http://p", true},
		{"not in a value that begins beside its key", "plain", "endpoint_url", "", false},
		{"not in another service", "sts", "endpoint_url", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, found := files.Service("s1", test.service, test.key); got != test.want || found != test.found {
				t.Errorf("got %q, %v", got, found)
			}
		})
	}
}

func TestOddFilesReadAsTheReferenceReadsThem(t *testing.T) {
	tests := []struct{ name, config, profile, want string }{
		{"the default profile without its kind stands later", "[profile default]\nregion = p\n[default]\nregion = d\n", "default", "d"},
		{"the default profile with its kind stands later", "[default]\nregion = d\n[profile default]\nregion = p\n", "default", "p"},
		{"quotes do not make another name", "[profile x]\nregion = 1\n[profile \"x\"]\nregion = 2\n", "x", "2"},
		{"the later one stands alone", "[profile x]\nregion = 1\n[profile \"x\"]\noutput = 2\n", "x", ""},
		{"a longer word is still a profile, as in the reference", "[profilefoo d]\nregion = 3\n", "d", "3"},
		{"any blank sign indents", "[profile x]\nregion = a\n\u00a0b\n", "x", "a\nb"},
		{"a default for all sections", "[DEFAULT]\nregion = all\n[profile x]\noutput = text\n", "x", "all"},
		{"the default for all sections gives way", "[profile x]\nregion = own\n[DEFAULT]\nregion = all\n", "x", "own"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			profile, found := mustLoad(t, test.config, "").Profile(test.profile)
			if !found || profile["region"] != test.want {
				t.Errorf("the Region is %q, %v; want %q", profile["region"], found, test.want)
			}
		})
	}
}

func TestHeadersThatNameNoProfile(t *testing.T) {
	for _, header := range []string{"profile a b", "profile", `profile "a`, "profile a\\", "services s", "a", "profiles"} {
		if got := mustLoad(t, "["+header+"]\nregion = x\n", "").Profiles(); len(got) != 0 {
			t.Errorf("[%s] names %q", header, got)
		}
	}
}

func TestTheCredentialsFileGoesOverTheConfigFile(t *testing.T) {
	files := mustLoad(t, "[profile x]\nregion = config\naws_access_key_id = config\n[profile y]\n", "[z]\nregion = z\n[x]\naws_access_key_id = secret\n[profile y]\nregion = literal\n")
	x, _ := files.Profile("x")
	if x["region"] != "config" || x["aws_access_key_id"] != "secret" {
		t.Errorf("the merged profile is %q", x)
	}
	if got := files.Profiles(); !slices.Equal(got, []string{"x", "y", "z", "profile y"}) {
		t.Errorf("the profiles are %q", got)
	}
	origins := []struct{ key, want string }{{"region", files.ConfigPath}, {"aws_access_key_id", files.CredentialsPath}, {"output", ""}}
	for _, origin := range origins {
		if got := files.Origin("x", origin.key); got != origin.want {
			t.Errorf("%s comes from %q, want %q", origin.key, got, origin.want)
		}
	}
}

func TestBrokenFilesAreNamedWithTheLine(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a key before the first section", "region = x\n", "syntax error: line 1 stands before the first section"},
		{"a key without a value", "[default]\n\nregion\n", "syntax error: line 3 has no key and value"},
		{"a value without a key", "[default]\n= x\n", "syntax error: line 2 has no key and value"},
		{"a section twice", "[a]\n[b]\r\n[a]\r\n", "syntax error: line 3 repeats section [a]"},
		{"a key twice", "[a]\nx = 1\nX = 2\n", "syntax error: line 3 repeats key \"x\""},
		{"bytes that are no text", "[a]\nx = \xff\n", "syntax error: it is not valid UTF-8"},
		{"an empty header", "[]\n", "syntax error: line 1 stands before the first section"},
		{"a list without keys inside a value", "[a]\nx =\n  b = 1\n  c\n", "syntax error: line 4 has no key and value, inside the value of \"x\""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for i, texts := range [][2]string{{test.text, ""}, {"", test.text}} {
				_, err := load(t, texts[0], texts[1])
				var syntax *SyntaxError
				name := []string{"config", "credentials"}[i]
				if !errors.As(err, &syntax) || filepath.Base(syntax.Path) != name {
					t.Fatalf("got %v", err)
				}
				if want := "Unable to parse config file: " + test.want + ", in " + syntax.Path; err.Error() != want {
					t.Errorf("got  %s\nwant %s", err, want)
				}
			}
		})
	}
}

func TestFilesThatCannotBeReadAreEmpty(t *testing.T) {
	folder := t.TempDir()
	plain := filepath.Join(folder, "plain")
	if err := os.WriteFile(plain, []byte("[default]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	loop := filepath.Join(folder, "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path string
		unread     int
	}{
		{"no file", filepath.Join(folder, "none"), 0},
		{"no path", "", 0},
		{"a folder", folder, 0},
		{"a file where a folder should be", filepath.Join(plain, "config"), 0},
		{"a link that leads to itself", loop, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files, err := Load(test.path, "")
			if err != nil || len(files.Profiles()) != 0 || len(files.Unread) != test.unread {
				t.Errorf("got %+v, %v", files, err)
			}
		})
	}
}

func environment(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func TestPathsOfTheFiles(t *testing.T) {
	tests := []struct {
		name, home  string
		environment []string
		want        string
	}{
		{"in the home folder", "/h", nil, "/h/.aws/config"},
		{"where the variable says", "/h", []string{"AWS_CONFIG_FILE", "/x/y"}, "/x/y"},
		{"nowhere if the variable says nothing", "/h", []string{"AWS_CONFIG_FILE", ""}, ""},
		{"below the home folder", "/h", []string{"AWS_CONFIG_FILE", "~/x"}, "/h/x"},
		{"with variables, of which one gives the ~", "/h", []string{"AWS_CONFIG_FILE", "$A/${B}/$C", "A", "~", "B", "b"}, "/h/b/$C"},
		{"nowhere without a home folder", "", nil, ""},
		{"where the variable says, without a home folder", "", []string{"AWS_CONFIG_FILE", "/x/y"}, "/x/y"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config, credentials := Paths(environment(test.environment...), test.home)
			if config != test.want || (filepath.Base(credentials) == "credentials") != (test.home != "") {
				t.Errorf("the paths are %q and %q", config, credentials)
			}
		})
	}
}

func TestExpandPath(t *testing.T) {
	tests := []struct{ path, want string }{
		{"~", "/h"}, {"~/a", "/h/a"}, {"~user/a", "~user/a"}, {"a~", "a~"}, {"", ""},
		{"$A/b", "1/b"}, {"${A}b", "1b"}, {"$AB", "$AB"}, {"${AB}", "${AB}"}, {"$", "$"}, {"$$A", "$1"}, {"${A", "${A"}, {"${}", "${}"}, {"$T", "~"},
	}
	for _, test := range tests {
		if got := ExpandPath(test.path, environment("A", "1", "T", "~", "", "x"), "/h"); got != test.want {
			t.Errorf("%q became %q, want %q", test.path, got, test.want)
		}
	}
}

// Whoever writes the file may write as many lines as fit; putting a value together must not take the square of their number.
func TestAValueOfManyLinesIsOneValue(t *testing.T) {
	const lines = 1 << 18
	d, err := parse("f", "[a]\nb =\n"+strings.Repeat(" c = d\n", lines))
	if err != nil {
		t.Fatal(err)
	}
	if value, _ := d.Get(SectionName{Name: "a"}, "b"); value != strings.Repeat("\nc = d", lines) {
		t.Errorf("the value has %d bytes", len(value))
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add("[a]\nb=c\n d\n[")
	f.Add("[a]\r\nb =\r\n c = d\r[profile \"x\\\"y\"]\n = ")
	for _, text := range vectors.Naughty(f) {
		f.Add("[a]\n" + text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if flat, err := parseAs("f", text, true); err == nil && flat.String() != text {
			t.Fatalf("%q became %q, read flat", text, flat)
		}
		document, err := parse("f", text)
		if err != nil {
			return
		}
		if got := document.String(); got != text {
			t.Fatalf("%q became %q", text, got)
		}
		for _, s := range document.sections {
			for key, value := range s.values(nil) {
				if strings.TrimSpace(key) != key || key == "" || strings.ContainsAny(value, "\r") {
					t.Fatalf("read %q = %q", key, value)
				}
			}
		}
	})
}
