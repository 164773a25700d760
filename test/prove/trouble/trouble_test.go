//go:build linux

package trouble

import (
	"slices"
	"testing"

	"sallyport/internal/testdb"
	"sallyport/test/harness"
	"sallyport/test/prove/bed"
	"sallyport/test/prove/ledger"
)

// made is a bed on SQLite.
func made(t *testing.T) *bed.Bed {
	t.Helper()
	binary, err := harness.Build()
	if err != nil {
		t.Fatal(err)
	}
	b, err := bed.Make(t.Context(), bed.Options{Folder: t.TempDir(), Binary: binary, Seed: 1, Nodes: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// broken are the invariants that breaches are of.
func broken(b *bed.Bed) (invariants []ledger.Invariant) {
	for _, breach := range b.Ledger.Breaches() {
		if !slices.Contains(invariants, breach.Invariant) {
			invariants = append(invariants, breach.Invariant)
		}
	}
	slices.Sort(invariants)
	return invariants
}

func TestARestoreIsFoundInOrderUnlessItKeepsWhatHasEnded(t *testing.T) {
	for _, row := range []struct {
		name    string
		options []string
		want    []ledger.Invariant
	}{
		{"as it is meant", nil, nil},
		{"with sessions kept", []string{"--keep-sessions"}, []ledger.Invariant{ledger.Doubled, ledger.Survived}},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := made(t)
			found, _, err := backupAndRestore(t.Context(), b, 1, row.options...)
			if err != nil || found.Tried == 0 || found.People == 0 {
				t.Fatalf("%v after asking about %+v", err, found)
			}
			if got := broken(b); !slices.Equal(got, row.want) {
				t.Errorf("broken are %v, want %v: %v", got, row.want, b.Ledger.Breaches())
			}
		})
	}
}

func TestVerifyReportsWhatIsWrong(t *testing.T) {
	b := made(t)
	if err := b.Verify(); err != nil || len(broken(b)) > 0 {
		t.Fatal(err, b.Ledger.Breaches())
	}
	if err := b.StopAll(); err != nil {
		t.Fatal(err)
	}
	t.Setenv(testdb.Variable, "") // the bed is on SQLite
	harness.Rows(t, b.Data, `UPDATE directory_user SET status = 'ASLEEP'`)
	if err := b.Verify(); err != nil {
		t.Fatal(err)
	}
	if got := broken(b); !slices.Equal(got, []ledger.Invariant{ledger.Wrong}) {
		t.Errorf("broken are %v: %v", got, b.Ledger.Breaches())
	}
}

func TestTheTableOfTroublesIsWhole(t *testing.T) {
	names := map[string]bool{}
	for _, trouble := range All {
		if trouble.Name == "" || trouble.What == "" || names[trouble.Name] || trouble.Run == nil || len(trouble.Databases) == 0 {
			t.Errorf("%q lacks something, or is there twice", trouble.Name)
		}
		names[trouble.Name] = true
	}
}
