package store

import (
	"context"
	"strings"
	"testing"
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
