package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sallyport/internal/sys"
)

// A container may have no folder that temporary files can be written to, and rows have no business in one that others read.
func TestNoConnectionUsesTemporaryFiles(t *testing.T) {
	s := openFile(t)
	const inMemory = 2
	check := func(tx *Tx) error {
		return tx.query("PRAGMA temp_store", nil, func(r row) error {
			if r.int(0) != inMemory {
				t.Errorf("temp_store is %d, want %d", r.int(0), inMemory)
			}
			return nil
		})
	}
	if err := s.View(context.Background(), check); err != nil {
		t.Error(err)
	}
	if err := s.Update(context.Background(), check); err != nil {
		t.Error(err)
	}
}

// A page must not pay for planning its statement: SQLite does so for each value of a limit that stands by itself.
func TestABoundLimitIsNothingToPlanBy(t *testing.T) {
	s := openFile(t)
	err := s.View(context.Background(), func(tx *Tx) error {
		if _, err := tx.GroupsPage("", 2); err != nil {
			return err
		}
		for written, run := range tx.c.(*conn).bound {
			if strings.HasSuffix(written, "LIMIT $2") != strings.HasSuffix(run, "LIMIT ?2 + 0") {
				t.Errorf("%q is run as %q", written, run)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// The log is written from its beginning again after a checkpoint, and cut down to so much when it was longer.
func TestTheWriteAheadLogIsBounded(t *testing.T) {
	s := openFile(t)
	const page, pages = 4096, 4000 // of a checkpoint, as the connection sets it
	log := s.database.(*sqliteDatabase).path + "-wal"
	longest, written := int64(0), int64(0)
	text := strings.Repeat("x", 1<<20)
	for i := range 64 {
		update(t, s, func(tx *Tx) error { return tx.AddAccessKey(AccessKey{AccessKeyID: fmt.Sprint(i), SealedSecret: text}) })
		info, err := os.Stat(log)
		if err != nil {
			t.Fatal(err)
		}
		written += int64(len(text))
		longest = max(longest, info.Size())
	}
	if most := int64(page*pages) + 4<<20; longest > most || longest < most/4 {
		t.Errorf("the log has %d bytes after %d were written, want %d at most", longest, written, most)
	}
}

func TestADatabaseIsItsOwnersAlone(t *testing.T) {
	for mode, refused := range map[os.FileMode]bool{0o600: false, 0o660: false, 0o604: true} {
		dir := t.TempDir()
		path := filepath.Join(dir, File)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		s, err := Open(Options{Dir: dir, Clock: &sys.Clock{}})
		if refused {
			if err == nil || !strings.Contains(err.Error(), path+" (mode 0604): chmod 600") {
				t.Errorf("one of the mode %04o: %v, %v", mode, s, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("one of the mode %04o has %v now, %v", mode, info.Mode(), err)
		}
		s.Close()
	}
}
