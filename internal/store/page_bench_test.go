package store

import (
	"fmt"
	"testing"
)

// BenchmarkPage measures the smallest page of a list, so that what a statement costs before it finds a row is not lost among rows.
func BenchmarkPage(b *testing.B) {
	s, err := Open(options(b, b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	err = s.Update(b.Context(), func(tx *Tx) error {
		for n := range 1000 {
			if err := tx.PutGroup(Group{GroupID: fmt.Sprintf("%04d", n), DisplayName: fmt.Sprintf("Group %d", n)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		err := s.Look(b.Context(), func(tx *Tx) error {
			_, err := tx.GroupsPage("0500", 1)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
