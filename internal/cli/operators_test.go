package cli

import (
	"slices"
	"strings"
	"testing"

	"sallyport/internal/completion"
	"sallyport/internal/outline"
)

// What operates the service has its own options and the settings, and none of those that every other command has.
func TestOperatorsCommandsAreCompletedByTheirUsage(t *testing.T) {
	settings := []outline.Option{operatorOption("--data", "DIR", "the folder"), operatorOption("--dev", "", "development")}
	program := outline.Program{GlobalOptions: []outline.Option{{Name: "--debug"}}}
	for _, o := range []Operator{
		{Words: "keys rotate", Usage: "keys rotate [--now | --activate-in DURATION] [--SETTING VALUE …]"},
		{Words: "keys list", Usage: "keys list [--SETTING VALUE …]"},
		{Words: "restore", Usage: "restore FILE [--keep-sessions] [--SETTING VALUE …]"},
		{Words: "version", Usage: "version"},
	} {
		program.Words = addOperator(program.Words, strings.Fields(o.Words), operatorWord(o, settings))
	}
	cases := []struct {
		line  []string
		want  []string
		files bool
	}{
		{[]string{"keys", ""}, []string{"rotate", "list"}, false},
		{[]string{"keys", "rotate", "--"}, []string{"--now", "--activate-in", "--data", "--dev"}, false},
		{[]string{"keys", "rotate", "--activate-in", "1h", "--n"}, []string{"--now"}, false},
		{[]string{"restore", "--"}, []string{"--keep-sessions", "--data", "--dev"}, false},
		{[]string{"restore", "/back"}, nil, true},
		{[]string{"restore", "--data", ""}, nil, true},
		{[]string{"version", "--"}, nil, false},
		{[]string{"--"}, []string{"--debug"}, false},
	}
	for _, c := range cases {
		answer := completion.Complete(program, c.line)
		var got []string
		for _, candidate := range answer.Candidates {
			got = append(got, candidate.Text)
		}
		if !slices.Equal(got, c.want) || answer.Files != c.files {
			t.Errorf("%q: %q, files %v, want %q, files %v", c.line, got, answer.Files, c.want, c.files)
		}
	}
}
