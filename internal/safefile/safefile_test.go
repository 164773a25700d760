package safefile

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// wantOnly wants these names in a folder, and no other.
func wantOnly(t *testing.T, folder string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != len(want) {
		t.Fatalf("the folder has %v, %v, want %v", entries, err, want)
	}
	for i, entry := range entries {
		if entry.Name() != want[i] {
			t.Errorf("the folder has %s, want %s", entry.Name(), want[i])
		}
	}
}

func TestReplaceChangesContentAndModeAndLeavesNothingElse(t *testing.T) {
	for _, test := range []struct {
		name         string
		before, want fs.FileMode // 0 for no file
	}{
		{"a file that is new and its owner's alone", 0, 0o600},
		{"a file that is new and everybody's", 0, 0o644},
		{"a file that others could read", 0o644, 0o600},
		{"a file that its owner cannot write", 0o400, 0o600},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if test.before != 0 {
				if err := os.WriteFile(path, []byte("old and longer"), test.before); err != nil {
					t.Fatal(err)
				}
			}
			if err := Replace(path, test.want, []byte("new")); err != nil {
				t.Fatal(err)
			}
			text, _ := os.ReadFile(path)
			info, err := os.Stat(path)
			if err != nil || string(text) != "new" || info.Mode() != test.want {
				t.Errorf("it says %q with mode %v, %v", text, info.Mode(), err)
			}
			wantOnly(t, filepath.Dir(path), "file")
		})
	}
}

func TestReplaceLikeKeepsTheMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	old, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := ReplaceLike(old, path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o640 || os.SameFile(old, info) {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
}

func TestReplaceThatFailsLeavesEverythingAsItWas(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "folder") // which no file can replace
	if err := os.MkdirAll(filepath.Join(path, "inner"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, Private, []byte("new")); err == nil {
		t.Error("a folder was replaced")
	}
	wantOnly(t, folder, "folder")
	if err := Replace(filepath.Join(folder, "missing", "file"), Private, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a folder that is not there: %v", err)
	}
}

func TestOneOfManyCreatesAFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	const callers = 20
	var created atomic.Int32
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			switch err := Create(path, []byte(strings.Repeat(string(rune('a'+i)), 4096))); {
			case err == nil:
				created.Add(1)
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
			text, err := os.ReadFile(path)
			if err != nil || len(text) != 4096 || strings.Trim(string(text), string(text[0])) != "" {
				t.Errorf("found %d bytes of more than one caller, or none: %v", len(text), err)
			}
		})
	}
	all.Wait()
	entries, _ := os.ReadDir(folder)
	if info, err := os.Stat(path); created.Load() != 1 || len(entries) != 1 || err != nil || info.Mode().Perm() != Private {
		t.Errorf("%d callers created %v (%v)", created.Load(), entries, err)
	}
}

func TestCheckReplaceable(t *testing.T) {
	folder := t.TempDir()
	if err := CheckReplaceable(folder); err != nil {
		t.Error(err)
	}
	wantOnly(t, folder)
	if err := CheckReplaceable(filepath.Join(folder, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a folder that is not there: %v", err)
	}
}

func TestALockHasOneHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := Lock(short, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while it is held: %v", err)
	}
	unlock()
	again, err := Lock(t.Context(), path)
	if err != nil {
		t.Fatalf("after it was given back: %v", err)
	}
	again()
	if info, err := os.Stat(path); err != nil || info.Mode() != Private {
		t.Errorf("the lock file: %v, %v", info, err)
	}
}

func TestALockThatCannotBeHadIsNotWaitedFor(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Lock(over, filepath.Join(t.TempDir(), "lock")); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is over: %v", err)
	}
	if _, err := Lock(t.Context(), filepath.Join(t.TempDir(), "missing", "lock")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a folder that is not there: %v", err)
	}
}
