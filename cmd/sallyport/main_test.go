package main

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sallyport": main, "browser": browser})
}

// Each script is one behaviour of the commands that operate the service, on a data folder of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			for _, entry := range os.Environ() {
				if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "SALLYPORT_") {
					env.Setenv(name, "")
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"take-key": takeKey},
	})
}

// takeKey puts the id of the access key that a command has just written into a variable.
func takeKey(ts *testscript.TestScript, neg bool, args []string) {
	_, rest, found := strings.Cut(ts.ReadFile("stdout"), "aws_access_key_id = ")
	id, _, _ := strings.Cut(rest, "\n")
	if neg || len(args) != 1 || !found {
		ts.Fatalf("usage: take-key VARIABLE, after a command that writes a key")
	}
	ts.Setenv(args[0], id)
}
