package cli

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"sallyport/internal/command"
)

// Whatever an alias file says, expanding ends, and neither the log, which may show secrets, nor a profile is chosen by it.
func FuzzAliases(f *testing.F) {
	f.Add(aliasFile, "tok")
	f.Add("[toplevel]\na = b --debug\nb = a\n", "a")
	f.Add("[toplevel]\na = !x 'y\n z = --profile\n", "a")
	f.Fuzz(func(t *testing.T, text, word string) {
		home := t.TempDir()
		path := filepath.Join(home, ".aws", "cli", "alias")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r := &run{Call: &command.Call{Environ: command.Environ{Home: home, Stderr: io.Discard}, Global: command.Arguments{}}, Program: &Program{}}
		known, err := r.loadAliases()
		if err != nil {
			return
		}
		for range maxAliases {
			value, found := known.topLevel(word)
			if !found {
				break
			}
			next, _, external, err := r.expand(word, value, []string{"rest of a line", "'"})
			if err != nil || external != "" || next == word {
				break
			}
			word = next
		}
		for _, option := range []string{"debug", command.DebugSecrets, "profile"} {
			if r.Global.Has(option) {
				t.Errorf("%q brings --%s", text, option)
			}
		}
	})
}
