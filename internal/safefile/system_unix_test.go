//go:build unix

package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestALockIsNotTakenThroughALink(t *testing.T) {
	folder := t.TempDir()
	target := filepath.Join(folder, "elsewhere")
	if err := os.Symlink(target, filepath.Join(folder, "lock")); err != nil {
		t.Fatal(err)
	}
	if unlock, err := Lock(t.Context(), filepath.Join(folder, "lock")); err == nil {
		unlock()
		t.Error("the lock was had")
	}
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what the link leads to: %v", err)
	}
}
