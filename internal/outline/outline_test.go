package outline

import (
	"strings"
	"testing"
)

var sample = Program{
	Words: []Word{
		{Text: "sso-oidc", Words: []Word{{Text: "create-token", Options: []Option{
			{Name: "--code", TakesValue: true},
			{Name: "--code-verifier", TakesValue: true},
			{Name: "--client-id", TakesValue: true, Required: true},
			{Name: "--scope", TakesValue: true, Many: true},
			{Name: "--cli-input-json", TakesValue: true, Waives: true},
			{Name: "--generate-cli-skeleton", TakesValue: true, Optional: true},
		}}}},
		{Text: "configure", Runs: true, Words: []Word{{Text: "list"}}},
	},
	GlobalOptions: []Option{{Name: "--output", TakesValue: true}, {Name: "--debug"}},
}

// walked is where the words lead.
func walked(line string) Walk {
	w := sample.Walk()
	for _, word := range strings.Fields(line) {
		w.Take(word)
	}
	return w
}

func TestWalk(t *testing.T) {
	for _, test := range []struct {
		name, line    string
		path          string
		runs          bool
		pending       string
		filled        bool
		empty         string
		waived        bool
		unknown, left string // left: the options that are, at most three
	}{
		{name: "the beginning", left: "--output --debug"},
		{name: "a word that needs another", line: "sso-oidc", path: "sso-oidc", left: "--output --debug"},
		{name: "a word that may go on", line: "configure", path: "configure", runs: true, left: "--output --debug"},
		{name: "the last word", line: "configure list", path: "configure list", runs: true, left: "--output --debug"},
		{name: "options of a command go before global ones, required ones first", line: "sso-oidc create-token", path: "sso-oidc create-token", runs: true,
			left: "--client-id --code --code-verifier"},
		{name: "an option owes its value", line: "--output", pending: "--output", left: "--debug"},
		{name: "a value is given in the same word", line: "--output=json", left: "--debug"},
		{name: "a value is given in the next word", line: "--output sso-oidc", left: "--debug"},
		{name: "a switch owes nothing", line: "--debug configure", path: "configure", runs: true, left: "--output"},
		{name: "a shortened option is the whole one", line: "--out", pending: "--output", left: "--debug"},
		{name: "the whole name of an option that begins another's", line: "sso-oidc create-token --code", path: "sso-oidc create-token", runs: true, pending: "--code",
			left: "--client-id --code-verifier --scope"},
		{name: "a beginning of several", line: "sso-oidc create-token --c", path: "sso-oidc create-token", runs: true, unknown: "--c", left: "--client-id --code --code-verifier"},
		{name: "many values", line: "sso-oidc create-token --scope a b", path: "sso-oidc create-token", runs: true, pending: "--scope", filled: true,
			left: "--client-id --code --code-verifier"},
		{name: "an option in the place of a value", line: "--output --debug", empty: "--output"},
		{name: "a value that may be left out", line: "sso-oidc create-token --generate-cli-skeleton --debug", path: "sso-oidc create-token", runs: true,
			left: "--client-id --code --code-verifier"},
		{name: "an option that waives the others", line: "sso-oidc create-token --cli-input-json {}", path: "sso-oidc create-token", runs: true, waived: true,
			left: "--client-id --code --code-verifier"},
		{name: "what is unknown is passed over", line: "s3 --bucket=b configure", path: "configure", runs: true, unknown: "s3 --bucket", left: "--output --debug"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := walked(test.line)
			pending := ""
			if w.Pending != nil {
				pending = w.Pending.Name
			}
			var left []string
			for _, option := range w.Left(w.Given) {
				left = append(left, option.Name)
			}
			if len(left) > 3 {
				left = left[:3]
			}
			if got := strings.Join(w.Path, " "); got != test.path || w.Runs() != test.runs {
				t.Errorf("it leads to %q, which runs: %v", got, w.Runs())
			}
			if pending != test.pending || w.Filled != test.filled || w.Empty != test.empty || w.Waived != test.waived {
				t.Errorf("pending %q (has one: %v), without a value %q, waived: %v", pending, w.Filled, w.Empty, w.Waived)
			}
			if got := strings.Join(w.Unknown, " "); got != test.unknown || strings.Join(left, " ") != test.left {
				t.Errorf("unknown: %q, left: %q", got, left)
			}
		})
	}
}

func TestWhatALineIsMissing(t *testing.T) {
	for line, want := range map[string]string{"": "", "sso-oidc create-token": "--client-id", "sso-oidc create-token --client-id=x": ""} {
		w := walked(line)
		if got := strings.Join(w.Missing(), " "); got != want {
			t.Errorf("%q misses %q, want %q", line, got, want)
		}
	}
}

func TestTheLastEndsAnOption(t *testing.T) {
	w := walked("sso-oidc create-token --code")
	if w.Settle(); w.Empty != "--code" || w.Pending != nil {
		t.Errorf("without a value: %q", w.Empty)
	}
}

func TestAValueInTheWordOfItsOption(t *testing.T) {
	for _, test := range []struct{ word, option, lead, value string }{
		{"--output=json", "--output", "--output=", "json"},
		{"--out=a=b", "--output", "--out=", "a=b"},
		{"--output=", "--output", "--output=", ""},
		{"--output", "", "", ""},
		{"--debug=x", "", "", ""},
		{"--bucket=b", "", "", ""},
		{"output=json", "", "", ""},
	} {
		w := sample.Walk()
		option, lead, value := w.ValueIn(test.word)
		name := ""
		if option != nil {
			name = option.Name
		}
		if name != test.option || lead != test.lead || value != test.value {
			t.Errorf("%s: %q, %q, %q", test.word, name, lead, value)
		}
	}
}

func TestTheLineGivesOptionsTheirValues(t *testing.T) {
	asked := Asked{Words: []string{"--a", "1", "--b=2", "--a=3", "--c"}}
	for option, want := range map[string]string{"--a": "3", "--b": "2", "--c": "", "--d": ""} {
		if got := asked.Value(option); got != want {
			t.Errorf("%s is %q, want %q", option, got, want)
		}
	}
}

// Whatever is on the line, walking it ends at options that are in force.
func FuzzWalk(f *testing.F) {
	for _, seed := range []string{"", "sso-oidc create-token --scope a b --c", "--output --output=x", "-- --= =", "configure list list"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		w := walked(line)
		for name := range w.Given {
			if option := w.Option(name); option == nil || option.Name != name {
				t.Errorf("%q has %s, which nobody knows", line, name)
			}
		}
		if words := len(strings.Fields(line)); len(w.Path)+len(w.Unknown)+len(w.Given) > words {
			t.Errorf("%q has more than its %d words", line, words)
		}
	})
}
