//go:build unix

package keys

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheRootKeyIsNotForOthersToRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root.key")
	if _, err := RootKeyFile(path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("it is made with the mode %v, %v, want 0600", info.Mode(), err)
	}
	for _, mode := range []os.FileMode{0o640, 0o660} { // as the group of a volume may have it
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := RootKeyFile(path); err != nil {
			t.Errorf("a file that a group was given, mode %v: %v", mode, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("a file that a group was given has the mode %v, %v, want 0600", info.Mode(), err)
		}
	}
	for _, mode := range []os.FileMode{0o604, 0o602} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := RootKeyFile(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("a file that others read, mode %v: %v", mode, err)
		}
	}
}
