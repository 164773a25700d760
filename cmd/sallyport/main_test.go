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
	})
}
