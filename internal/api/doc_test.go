package api

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"sallyport/internal/oauth"
)

const (
	maxDoc     = 200 // letters of a member's doc: it stands behind an option, and in one line of a YAML skeleton
	maxPurpose = 120 // letters of a purpose: it stands in one line of a list
)

// eachMember calls check for every member of every input and output, nested ones too.
func eachMember(check func(at string, member *Member)) {
	var within func(at string, shape *Shape)
	within = func(at string, shape *Shape) {
		for _, member := range shape.Members {
			check(at+"."+member.Name, member)
			if member.Shape != nil {
				within(at+"."+member.Name, member.Shape)
			}
		}
	}
	for _, service := range Services {
		for _, operation := range service.Operations {
			within(operation.Name+" input", operation.Input)
			within(operation.Name+" output", operation.Output)
		}
	}
}

// checkSentences holds a text to the form of all texts: whole sentences in one line of printable letters, of a length that can be read.
func checkSentences(t *testing.T, at, text string, most int) {
	t.Helper()
	switch {
	case text == "":
		t.Errorf("%s has no text", at)
	case !strings.HasSuffix(text, ".") || !unicode.IsUpper([]rune(text)[0]) && !unicode.IsDigit([]rune(text)[0]):
		t.Errorf("%s is no sentence: %q", at, text)
	case strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == '"' || r == '`' }) || strings.Contains(text, "  "):
		t.Errorf("%s has letters that do not belong into a text: %q", at, text)
	case len(text) > most:
		t.Errorf("%s has %d letters, more than %d", at, len(text), most)
	}
}

func TestEveryMemberIsExplained(t *testing.T) {
	eachMember(func(at string, member *Member) { checkSentences(t, at, member.Doc, maxDoc) })
}

func TestEveryServiceAndOperationIsExplained(t *testing.T) {
	const maxParagraph = 500
	check := func(at, purpose string, description []string) {
		if purpose == "" || len(purpose) > maxPurpose || strings.HasSuffix(purpose, ".") {
			t.Errorf("%s has the purpose %q", at, purpose)
		}
		if len(description) == 0 {
			t.Errorf("%s has no description", at)
		}
		for _, paragraph := range description {
			checkSentences(t, at, paragraph, maxParagraph)
		}
	}
	for _, service := range Services {
		check(service.Command, service.Purpose, service.Description)
		for _, operation := range service.Operations {
			check(operation.Name, operation.Purpose, operation.Description)
		}
	}
}

// What the help offers as grant types must be what the grammar of grants knows.
func TestTheValuesOfGrantTypesAreGrants(t *testing.T) {
	seen := 0
	eachMember(func(at string, member *Member) {
		if member.Name != "grantType" && member.Element != "GrantType" {
			return
		}
		for _, value := range member.Values {
			if _, known := oauth.ParseGrantType(value); !known {
				t.Errorf("%s offers %q", at, value)
			}
			seen++
		}
	})
	if seen == 0 {
		t.Error("no member offers grant types")
	}
}

func TestTheValuesOfScopesAreScopes(t *testing.T) {
	for _, value := range RegisterClient.Input().Member("scopes").Values {
		if _, err := oauth.ParseScope(value); err != nil {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// kebab is the spelling of the command line, for names without runs of capitals.
func kebab(name string) string {
	return strings.ToLower(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(name, "$1-$2"))
}

func TestEveryOperationHasExamplesThatNameIt(t *testing.T) {
	for _, service := range Services {
		for _, operation := range service.Operations {
			if len(operation.Examples()) == 0 {
				t.Errorf("%s has no example", operation.Name)
			}
		}
	}
	for _, example := range Walk() {
		words := strings.Fields(example.Args)
		if words[0] != example.Operation.Service.Command || words[1] != kebab(example.Operation.Name) {
			t.Errorf("%q is no example of %s", example.Args, example.Operation.Name)
		}
		if example.Title == "" || strings.HasSuffix(example.Title, ".") {
			t.Errorf("%q has the title %q", example.Args, example.Title)
		}
		if example.Note != "" {
			checkSentences(t, example.Title, example.Note, 250)
		}
	}
}

// globalOptions are those that examples use and no input has.
var globalOptions = []string{"query", "output", "cli-input-json", "generate-cli-skeleton", "max-items"}

func TestExamplesUseOptionsThatExist(t *testing.T) {
	for _, example := range Walk() {
		for _, option := range regexp.MustCompile(` --([a-z-]+)`).FindAllStringSubmatch(example.Args, -1) {
			known := slices.ContainsFunc(example.Operation.Input.Members, func(m *Member) bool { return kebab(m.Name) == option[1] })
			if !known && !slices.Contains(globalOptions, option[1]) {
				t.Errorf("%s uses --%s", example.Title, option[1])
			}
		}
	}
}

func TestTheWalkSetsEachVariableBeforeItIsUsed(t *testing.T) {
	set := map[string]bool{"CODE": true} // by the person
	for _, variable := range Variables() {
		set[variable.Name] = true
		checkSentences(t, variable.Name, "The "+variable.Purpose+".", maxPurpose)
	}
	use, assignment := regexp.MustCompile(`\$([A-Z_]+)`), regexp.MustCompile(`^([A-Z_]+)=`)
	check := func(title, line string) {
		for _, name := range use.FindAllStringSubmatch(line, -1) {
			if !set[name[1]] {
				t.Errorf("%s uses $%s before it is set", title, name[1])
			}
		}
	}
	files := map[string]bool{}
	for _, example := range Walk() {
		for _, line := range example.Before {
			check(example.Title, line)
			if name := assignment.FindStringSubmatch(line); name != nil {
				set[name[1]] = true
			}
		}
		check(example.Title, example.Args)
		for _, name := range example.Sets {
			set[name] = true
		}
		for _, file := range regexp.MustCompile(`file://(\S+)`).FindAllStringSubmatch(example.Args, -1) {
			if !files[file[1]] {
				t.Errorf("%s reads %s before it is written", example.Title, file[1])
			}
		}
		files[example.File] = true
	}
}

// A page breaks commands before their options, and nothing else. 80 columns leave this much to an example.
func TestLinesThatPrepareAnExampleFitIntoAPage(t *testing.T) {
	const most = 69
	for _, example := range Walk() {
		for _, line := range example.Before {
			if len(line) > most {
				t.Errorf("%s has a line of %d letters: %s", example.Title, len(line), line)
			}
		}
	}
}

func TestVariablesAreExportedWhereTheProgramReadsThem(t *testing.T) {
	equal(t, "an endpoint", Variable{Name: "AWS_X", Value: "1"}.Shell(), "export AWS_X=1")
	equal(t, "a start URL", Variable{Name: "X", Value: "1"}.Shell(), "X=1")
}

func TestAPageNamesTheVariablesThatItsExamplesUse(t *testing.T) {
	var names []string
	for _, variable := range StartDeviceAuthorization.Variables() {
		names = append(names, variable.Name)
	}
	equal(t, "the variables", strings.Join(names, " "), "AWS_ENDPOINT_URL AWS_REGION START_URL")
}

func TestAnExampleInShell(t *testing.T) {
	cases := []struct {
		name    string
		example Example
		want    string
	}{
		{"prints", Example{Args: "a b"}, "p a b"},
		{"goes into one variable", Example{Args: "a b", Sets: []string{"X"}}, "X=$(p a b)"},
		{"goes into two variables", Example{Args: "a b", Sets: []string{"X", "Y"}}, "set -- $(p a b)\nX=$1 Y=$2"},
		{"goes into the environment", Example{Args: "a b", Sets: []string{"AWS_X", "AWS_Y"}}, "set -- $(p a b)\nexport AWS_X=$1 AWS_Y=$2"},
		{"goes into a file", Example{Args: "a b", File: "f"}, "p a b > f"},
		{"is prepared", Example{Before: []string{"X=1"}, Args: "a $X"}, "X=1\np a $X"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { equal(t, "shell", c.example.Shell("p"), c.want) })
	}
}

func TestTheScriptHasThePersonActBetweenPreparationAndCommand(t *testing.T) {
	script := Script("p", func(act Act) string { return map[Act]string{Approves: "approve", Authorizes: "authorize"}[act] })
	for _, inOrder := range []string{"set -eu\n", "\napprove\n", "device_code", "CODE_VERIFIER=", "\nauthorize\n", "--code=", "\np sso logout"} {
		at := strings.Index(script, inOrder)
		if at < 0 {
			t.Fatalf("%q is missing in what is left of the script:\n%s", inOrder, script)
		}
		script = script[at+len(inOrder)-1:]
	}
}
