package autoprompt

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/outline"
)

// example is a small program with a bit of everything.
func example() Program {
	return Program{
		Name: "tool",
		Program: outline.Program{Words: []outline.Word{
			{Text: "sso", Purpose: "the portal", Words: []outline.Word{{Text: "logout", Purpose: "end the session"}}},
			{Text: "sso-oidc", Purpose: "tokens", Words: []outline.Word{
				{Text: "create-token", Purpose: "exchange a code", Options: []outline.Option{
					{Name: "--code", Purpose: "the code", TakesValue: true},
					{Name: "--client-id", Purpose: "who asks", TakesValue: true, Required: true, Values: registrations},
					{Name: "--client-secret", Purpose: "its secret", TakesValue: true, Required: true, Secret: true, Values: secrets},
					{Name: "--grant-type", Purpose: "the kind", TakesValue: true, Required: true, Choices: []string{"authorization_code", "refresh_token"}},
					{Name: "--scope", Purpose: "what for", TakesValue: true, Many: true, Choices: []string{"openid", "aws"}},
					{Name: "--cli-input-json", Purpose: "all at once", TakesValue: true, Waives: true},
					{Name: "--generate-cli-skeleton", Purpose: "a pattern", TakesValue: true, Optional: true, Waives: true, Choices: []string{"input", "output"}},
				}},
				{Text: "register-client", Purpose: "make a client"},
			}},
			{Text: "configure", Purpose: "settings", Runs: true, Words: []outline.Word{{Text: "list"}}},
		},
			GlobalOptions: []outline.Option{
				{Name: "--output", Purpose: "the form", TakesValue: true, Choices: []string{"json", "text", "table"}},
				{Name: "--ca-bundle", Purpose: "certificates", TakesValue: true, Path: true},
				{Name: "--profile", Purpose: "whose settings", TakesValue: true},
				{Name: "--debug", Purpose: "tell more"},
				{Name: "--version", Purpose: "tell which", Waives: true},
			}},
		Docs: func(words []string) string {
			if len(words) == 0 {
				return ""
			}
			return "PAGE OF " + strings.Join(words, " ") + "\n\nwords and words"
		},
	}
}

// registrations are known by profile.
func registrations(asked outline.Asked) []outline.Candidate {
	return []outline.Candidate{{Text: "id of " + asked.Value("--profile"), Purpose: "known"}, {Text: "xyz", Label: "the other one"}}
}

func secrets(outline.Asked) []outline.Candidate {
	return []outline.Candidate{{Text: "s3cr3t value", Label: "of client one"}, {Text: "hunter2"}, {Text: "pass", Label: "pass (cached)"}}
}

// files is a listing without a disk.
func files(folder string) []string {
	return map[string][]string{"": {".hidden", "a file", "dir/"}, "dir/": {"deep.json"}}[folder]
}

func at(line string) state {
	p := example()
	before, after, _ := strings.Cut(line, "|")
	return state{program: &p, list: files}.edited(before+after, len(before))
}

func labels(s state) string {
	var all []string
	for _, c := range s.menu {
		all = append(all, c.label)
	}
	return strings.Join(all, " ")
}

func TestWhatTheMenuOffers(t *testing.T) {
	options := "--client-id --client-secret --grant-type --code --scope --cli-input-json --generate-cli-skeleton --output --ca-bundle --profile --debug --version"
	without := func(names ...string) string {
		return strings.Join(slices.DeleteFunc(strings.Fields(options), func(o string) bool { return slices.Contains(names, o) }), " ")
	}
	for _, c := range []struct{ name, line, offers string }{
		{"words at the beginning", "|", "sso sso-oidc configure"},
		{"the beginning of a word", "ss|", "sso sso-oidc"},
		{"the beginning of a part", "oi|", "sso-oidc"},
		{"something inside", "onfig|", "configure"},
		{"letters in their order", "cfg|", "configure"},
		{"in any case, exact case first", "SSO-|", "sso-oidc"},
		{"nothing that fits", "zzz|", ""},
		{"global options before a word", "--|", "--output --ca-bundle --profile --debug --version"},
		{"words after a global option", "--debug |", "sso sso-oidc configure"},
		{"words after a global option with a value", "--output json sso-oidc c|", "create-token register-client"},
		{"options of a command, required ones first", "sso-oidc create-token |", options},
		{"options of a command that need no dashes", "sso-oidc create-token secret|", "--client-secret"},
		{"options that are given are not offered", "sso-oidc create-token --code 1 --debug |", without("--code", "--debug")},
		{"nor when they are given behind the cursor or by a value in one word", "sso-oidc create-token | --client-id=x --profile p", without("--client-id", "--profile")},
		{"nor when they are shortened", "sso-oidc create-token --cod 1 |", without("--code")},
		{"the option at the cursor itself is offered", "sso-oidc create-token --code|", "--code"},
		{"choices of a value", "--output |", "json text table"},
		{"the beginning of a choice", "--output t|", "text table"},
		{"the value in the same word", "--output=ta|", "table"},
		{"an option in place of a value", "--output --de|", "--debug"},
		{"values the caller knows, by what else is on the line", "--profile work sso-oidc create-token --client-id |", "id of work the other one"},
		{"known values are found by their label", "sso-oidc create-token --client-id other|", "the other one"},
		{"known values are found by their value", "sso-oidc create-token --client-id xy|", "the other one"},
		{"secrets are masked when the label does not hide them", "sso-oidc create-token --client-secret |", "of client one ******** ********"},
		{"secrets are found by their beginning alone", "sso-oidc create-token --client-secret hunt|", "********"},
		{"and not by what is inside", "sso-oidc create-token --client-secret unter|", ""},
		{"and by their label", "sso-oidc create-token --client-secret one|", "of client one"},
		{"the first of many values", "sso-oidc create-token --scope |", "openid aws"},
		{"more of many values, or the next option", "sso-oidc create-token --scope openid |", "openid aws " + without("--scope")},
		{"an optional value, or the next option", "sso-oidc create-token --generate-cli-skeleton |", "input output " + without("--generate-cli-skeleton")},
		{"paths of an option that takes one", "--ca-bundle |", "a file dir/"},
		{"hidden paths after a dot", "--ca-bundle .|", ".hidden"},
		{"paths in a folder", "--ca-bundle dir/|", "dir/deep.json"},
		{"paths after file://", "sso-oidc create-token --code file://d|", "file://dir/"},
		{"paths in an open quotation", "sso-oidc create-token --code 'fileb://a f|", "fileb://a file"},
		{"no paths otherwise", "sso-oidc create-token --code d|", ""},
		{"a command that runs alone offers words and options", "configure |", "list --output --ca-bundle --profile --debug --version"},
		{"in the middle of a word only what is before the cursor counts", "ss|xyz", "sso sso-oidc"},
		{"before a word a new one is begun", "|sso-oidc", "sso sso-oidc configure"},
		{"between words", "--output | sso", "json text table"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := labels(at(c.line)); got != c.offers {
				t.Errorf("%s\noffers %s\nwant   %s", c.line, got, c.offers)
			}
		})
	}
}

func TestWhatIsToldBeforeALineIsRun(t *testing.T) {
	for _, c := range []struct{ name, line, told string }{
		{"an empty line", "", "the command is not complete"},
		{"a service alone", "sso-oidc", "the command is not complete"},
		{"required options", "sso-oidc create-token --code 1 --client-id x", "missing: --client-secret, --grant-type"},
		{"nothing when all is there", "sso-oidc create-token --client-id x --client-secret=y --grant-type z", ""},
		{"nothing when an option stands for all", "sso-oidc create-token --cli-input-json {}", ""},
		{"nothing when an option's value may be left out", "sso-oidc create-token --generate-cli-skeleton", ""},
		{"nothing when an option needs no command", "--version", ""},
		{"nothing when a word runs without the next", "configure", ""},
		{"an option without its value", "sso logout --output", "--output has no value"},
		{"an option without its value before another", "sso logout --output --debug", "--output has no value"},
		{"an unknown option", "sso logout --nonsense", "unknown: --nonsense"},
		{"a shortened option that could be two", "sso logout --", "unknown: --"},
		{"an unknown word", "ssu logout", "unknown: ssu, logout"},
		{"an open quotation", "sso logout --output 'js", "a quotation mark is not closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := example()
			if got := problem(&p, c.line); got != c.told {
				t.Errorf("tells %q, want %q", got, c.told)
			}
		})
	}
}

func TestTheMenuIsBounded(t *testing.T) {
	p := Program{Program: outline.Program{Words: []outline.Word{{Text: "w", Options: []outline.Option{{Name: "--v", TakesValue: true, Values: func(outline.Asked) []outline.Candidate {
		return make([]outline.Candidate, 3*maxCandidates)
	}}}}}}}
	s := newState(&p, files, []string{"w", "--v"})
	if len(s.menu) != maxCandidates {
		t.Errorf("%d items", len(s.menu))
	}
}

func TestFoldersOfTheMachineAreListed(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"b.pem", "a.pem"} {
		if err := os.WriteFile(filepath.Join(home, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(home, "certificates"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("certificates", filepath.Join(home, "link")); err != nil {
		t.Fatal(err)
	}
	want := []string{"a.pem", "b.pem", "certificates/", "link/"}
	list := lister(home)
	for _, folder := range []string{home, home + "/", "~/"} {
		if got := list(folder); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", folder, got, want)
		}
	}
	if got := list(home + "/missing/"); len(got) > 0 {
		t.Errorf("a folder that is not there has %q", got)
	}
	t.Chdir(home)
	if got := list(""); !slices.Equal(got, want) {
		t.Errorf("the present folder: %q, want %q", got, want)
	}
}
