//go:build clients && linux

package powercut

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sallyport/test/harness"
)

// buildFlawed builds the program with one text of the store replaced by another, which must be in one file only.
func buildFlawed(t *testing.T, right, wrong string) string {
	t.Helper()
	sources, err := filepath.Glob(filepath.Join(harness.Root(), "internal", "store", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	folder, replaced := t.TempDir(), map[string]string{}
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), right) || strings.HasSuffix(source, "_test.go") {
			continue
		}
		replaced[source] = filepath.Join(folder, filepath.Base(source))
		if err := os.WriteFile(replaced[source], []byte(strings.ReplaceAll(string(text), right, wrong)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if len(replaced) != 1 {
		t.Fatalf("%q is in %d files of the store, want 1", right, len(replaced))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	overlayPath, program := filepath.Join(folder, "overlay.json"), filepath.Join(folder, "sallyport")
	if err := os.WriteFile(overlayPath, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("go", "build", "-overlay", overlayPath, "-o", program, "./cmd/sallyport")
	command.Dir = harness.Root()
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build a flawed program: %v\n%s", err, out)
	}
	return program
}

// flawedCuts are enough: the first loses nearly everything.
const flawedCuts = 1

// A program that does not wait for the disk acknowledges what a power cut undoes, and the test must see that.
func TestAPowerCutIsNotWithoutConsequence(t *testing.T) {
	for _, row := range []struct{ name, wrong string }{
		{"where nothing is flushed", "PRAGMA synchronous = OFF"},
		{"where commits are not flushed", "PRAGMA synchronous = NORMAL"},
	} {
		t.Run(row.name, func(t *testing.T) {
			program := buildFlawed(t, "PRAGMA synchronous = FULL", row.wrong)
			figures, err := Run(t.Context(), Options{Program: program, Folder: t.TempDir(), Cuts: flawedCuts, Seed: *seed, Log: t.Logf})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d promises broken of %d acknowledged changes; the database is damaged: %q", len(figures.Breaches), figures.Acknowledged, figures.Damaged)
			if len(figures.Breaches) == 0 {
				t.Errorf("no promise was broken in %d cuts", figures.Cuts)
			}
		})
	}
}
