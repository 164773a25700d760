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

func TestAFileIsKeptFromTheGroupAndRefusedWhenEverybodyMayHaveIt(t *testing.T) {
	for _, c := range []struct {
		was, is fs.FileMode
		refused bool
	}{
		{0o600, 0o600, false}, {0o400, 0o400, false}, {0o660, 0o600, false}, {0o640, 0o600, false}, {0o620, 0o600, false},
		{0o644, 0o644, true}, {0o602, 0o602, true}, {0o601, 0o601, true}, {0o666, 0o666, true},
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := errors.Join(os.WriteFile(path, nil, Private), os.Chmod(path, c.was)); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		err = KeepPrivate(file)
		info, _ := file.Stat()
		if (err != nil) != c.refused || info.Mode().Perm() != c.is {
			t.Errorf("%04o became %04o: %v", c.was, info.Mode().Perm(), err)
		}
		file.Close()
	}
}
