package store

import (
	"context"
	"testing"
)

// A container may have no folder that temporary files can be written to, and rows have no business in one that others read.
func TestNoConnectionUsesTemporaryFiles(t *testing.T) {
	s, _ := open(t)
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
