package completion

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"sallyport/internal/outline"
)

// sample describes a program that has one of everything.
var sample = outline.Program{
	Words: []outline.Word{
		{Text: "sso-oidc", Purpose: "Get tokens", Words: []outline.Word{
			{Text: "create-token", Purpose: "Redeem", Options: []outline.Option{
				{Name: "--client-id", Purpose: "Id", TakesValue: true, Required: true},
				{Name: "--code", Purpose: "Code", TakesValue: true},
				{Name: "--code-verifier", Purpose: "Verifier", TakesValue: true},
				{Name: "--grant-type", Purpose: "Grant", TakesValue: true, Required: true, Choices: []string{
					"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"}},
				{Name: "--scope", Purpose: "Scopes", TakesValue: true, Many: true, Choices: []string{"openid", "sso-portal:*", "sso:account:access"}},
				{Name: "--generate-cli-skeleton", TakesValue: true, Optional: true, Choices: []string{"input", "output"}},
			}},
			{Text: "help", Purpose: "Show help"},
		}},
		{Text: "sso", Purpose: "List accounts"},
		{Text: "configure", Purpose: "Write profiles", Words: []outline.Word{{Text: "list"}}, Runs: true, Options: []outline.Option{{Name: "--dry-run", Purpose: "Write nothing"}}},
	},
	GlobalOptions: []outline.Option{
		{Name: "--output", Purpose: "Form", TakesValue: true, Choices: []string{"json", "table", "text"}},
		{Name: "--profile", Purpose: "Profile", TakesValue: true, Values: func(outline.Asked) []outline.Candidate {
			return []outline.Candidate{{Text: "default"}, {Text: "my profile", Purpose: "with a blank"}, {Text: "$(touch harm)"}, {Text: "it's"}}
		}},
		{Name: "--ca-bundle", Purpose: "Authorities", TakesValue: true, Path: true},
		{Name: "--debug", Purpose: "Tell more"},
	},
}

func texts(candidates []outline.Candidate) string {
	var all []string
	for _, c := range candidates {
		all = append(all, c.Text)
	}
	return strings.Join(all, " ")
}

func TestComplete(t *testing.T) {
	const options = "--client-id --grant-type --code --code-verifier --scope --generate-cli-skeleton --output --profile --ca-bundle --debug"
	cases := []struct{ name, words, want string }{ // words end at the cursor; what is behind the last blank is partial
		{"nothing yet: commands, no options", "", "sso-oidc sso configure"},
		{"a beginning", "ss", "sso-oidc sso"},
		{"a whole word that begins another", "sso", "sso-oidc sso"},
		{"nothing fits", "x", ""},
		{"an operation", "sso-oidc ", "create-token help"},
		{"global options before the command", "--de", "--debug"},
		{"a command after global options and their values", "--profile p --output=json --debug s", "sso-oidc sso"},
		{"an operation after options between", "sso-oidc --region r --profile p c", "create-token"},
		{"options of an operation, required ones first", "sso-oidc create-token ", options},
		{"a beginning of an option", "sso-oidc create-token --c", "--client-id --code --code-verifier --ca-bundle"},
		{"one dash", "sso-oidc create-token -", options},
		{"options that were given are not offered again", "sso-oidc create-token --client-id x --code y --debug --c", "--code-verifier --ca-bundle"},
		{"an abbreviation was given", "sso-oidc create-token --cl x --cl", ""},
		{"an exact name is no abbreviation", "sso-oidc create-token --code x --code", "--code-verifier"},
		{"options of another command are not offered", "sso --co", ""},
		{"a command that runs alone or with another word", "configure ", "list --dry-run --output --profile --ca-bundle --debug"},
		{"a value", "sso-oidc create-token --grant-type ", "authorization_code refresh_token urn:ietf:params:oauth:grant-type:device_code"},
		{"a beginning of a value", "sso-oidc create-token --grant-type urn:ietf:p", "urn:ietf:params:oauth:grant-type:device_code"},
		{"a value in the same word", "--output=t", "--output=table --output=text"},
		{"a value in the word of an abbreviation", "--outp=j", "--outp=json"},
		{"a value that nobody knows", "sso-oidc create-token --client-id ", ""},
		{"after a value come options", "sso-oidc create-token --grant-type x --sc", "--scope"},
		{"first of many values", "sso-oidc create-token --scope ", "openid sso-portal:* sso:account:access"},
		{"more of many values, or options", "sso-oidc create-token --scope openid ", "openid sso-portal:* sso:account:access --client-id --grant-type --code" +
			" --code-verifier --generate-cli-skeleton --output --profile --ca-bundle --debug"},
		{"many values end at an option", "sso-oidc create-token --scope a b --grant-type r", "refresh_token"},
		{"an optional value, or options", "sso-oidc create-token --generate-cli-skeleton ", "input output --client-id --grant-type --code --code-verifier" +
			" --scope --output --profile --ca-bundle --debug"},
		{"a dash where a value is owed begins an option", "sso-oidc create-token --grant-type --sco", "--scope"},
		{"a switch takes no value", "--debug=", ""},
		{"an unknown option has no values", "--unknown=", ""},
		{"unknown words are passed over", "sso-oidc what create-token --grant-type a", "authorization_code"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			answer := Complete(sample, strings.Split(c.words, " "))
			if got := texts(answer.Candidates); got != c.want || answer.Files {
				t.Errorf("got %s %v, want %s", got, answer.Files, c.want)
			}
		})
	}
}

func TestPathsAreForTheShell(t *testing.T) {
	for words, lead := range map[string]string{
		"--ca-bundle ":                               "",
		"--ca-bundle /e":                             "",
		"--ca-bundle=/e":                             "--ca-bundle=",
		"sso-oidc create-token --code file://":       "file://",
		"sso-oidc create-token --code fileb:///e":    "fileb://",
		"sso-oidc create-token --code=file://../":    "--code=file://",
		"sso-oidc create-token --scope a file://b/c": "file://",
	} {
		answer := Complete(sample, strings.Split(words, " "))
		if !answer.Files || answer.Lead != lead || len(answer.Candidates) > 0 {
			t.Errorf("%q: %+v, want files after %q", words, answer, lead)
		}
	}
}

func TestNoWordsAtAllIsTheBeginning(t *testing.T) {
	if got := texts(Complete(sample, nil).Candidates); got != "sso-oidc sso configure" {
		t.Errorf("got %s", got)
	}
}

func TestValuesMayLookAtTheLine(t *testing.T) {
	var asked outline.Asked
	program := outline.Program{GlobalOptions: []outline.Option{{Name: "--role", TakesValue: true, Values: func(a outline.Asked) []outline.Candidate { asked = a; return nil }}}}
	Complete(program, []string{"--account", "1", "--role", "Ad"})
	if asked.Partial != "Ad" || !slices.Equal(asked.Words, []string{"--account", "1", "--role"}) {
		t.Errorf("asked %+v", asked)
	}
}

// A shell shows what it is offered, so the values of a secret are not even asked for, whoever would know them.
func TestSecretsAreNotOffered(t *testing.T) {
	program := outline.Program{GlobalOptions: []outline.Option{{Name: "--token", TakesValue: true, Secret: true, Values: func(outline.Asked) []outline.Candidate {
		t.Error("the secrets were looked for")
		return []outline.Candidate{{Text: "hidden", Label: "of somebody"}}
	}}}}
	for _, words := range [][]string{{"--token", ""}, {"--token", "hid"}, {"--token="}, {"--tok=hid"}} {
		if answer := Complete(program, words); len(answer.Candidates) > 0 {
			t.Errorf("%q: offered %v", words, answer.Candidates)
		}
	}
}

func TestAnswersAreLines(t *testing.T) {
	cases := []struct {
		name   string
		answer Answer
		want   string
	}{
		{"nothing", Answer{}, ""},
		{"a word with help", Answer{Candidates: []outline.Candidate{{Text: "a", Purpose: "b c"}}}, "a\tb c\n"},
		{"a word without", Answer{Candidates: []outline.Candidate{{Text: "a"}}}, "a\t\n"},
		{"help of several lines is one", Answer{Candidates: []outline.Candidate{{Text: "a", Purpose: "b\n\tc\x1b[1m"}}}, "a\tb c [1m\n"},
		{"words with controls are left out", Answer{Candidates: []outline.Candidate{{Text: "a\nb"}, {Text: "", Purpose: "x"}, {Text: "\tfiles"}, {Text: "c"}}}, "c\t\n"},
		{"a directive", Answer{Files: true, Lead: "file://"}, "\tfiles\tfile://\n"},
		{"a directive with controls is none", Answer{Files: true, Lead: "a\nb"}, ""},
		{"no more than anybody reads", Answer{Candidates: slices.Repeat([]outline.Candidate{{Text: "a"}}, maxCandidates+1)}, strings.Repeat("a\t\n", maxCandidates)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := c.answer.Write(&out); err != nil || out.String() != c.want {
				t.Errorf("got %q, %v", out.String(), err)
			}
		})
	}
}

func TestEachShellHasAScriptThatAsksTheProgram(t *testing.T) {
	for _, shell := range Shells {
		if text, ok := Script(shell); !ok || !strings.Contains(text, " "+Word+" ") {
			t.Errorf("the script for %s does not ask with %s", shell, Word)
		}
	}
	if text, ok := Script("../completion.go"); ok || text != "" {
		t.Error("there is a script for a shell that there is not")
	}
}

// Whatever is on the line, the answer keeps what is typed and is made of whole lines.
func FuzzComplete(f *testing.F) {
	for _, seed := range []string{"", "sso-oidc\x00create-token\x00--scope\x00a", "--output=\x00=", "--", "--\x00sso", "--profile\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words := strings.Split(line, "\x00")
		partial := words[len(words)-1]
		answer := Complete(sample, words)
		for _, c := range answer.Candidates {
			if !strings.HasPrefix(c.Text, partial) {
				t.Errorf("%q does not begin as %q", c.Text, partial)
			}
		}
		if answer.Files && !strings.HasPrefix(partial, answer.Lead) {
			t.Errorf("the lead %q does not begin %q", answer.Lead, partial)
		}
		var out bytes.Buffer
		if err := answer.Write(&out); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); strings.Count(text, "\n") > len(answer.Candidates)+1 || utf8.ValidString(line) && !utf8.ValidString(text) {
			t.Errorf("the answer is %q", text)
		}
	})
}

// The test binary is the program whose lines the shells complete, under the name that the scripts know.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "sallyport" && len(os.Args) > 1 && os.Args[1] == Word {
		if err := Complete(sample, os.Args[2:]).Write(os.Stdout); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}
