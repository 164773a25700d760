// Package testbed gives tests of rooms and rims what all of these stand on: a store and a key ring in a temporary folder, a clock that can be
// moved, and a log that can be read. What is in the store is up to each test. Nothing but tests imports it.
package testbed

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"testing"

	"sallyport/internal/keys"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
)

// InstanceID is the instance that the key ring belongs to.
const InstanceID = "ssoins-1111111111111111"

// Bed is what a test stands on until it has ended.
type Bed struct {
	Store  *store.Store
	Ring   *keys.Ring
	Clock  *sys.Clock
	Log    *slog.Logger
	Logged *bytes.Buffer // what was written to Log
	t      testing.TB
}

// New makes a bed.
func New(t testing.TB) *Bed {
	t.Helper()
	b := &Bed{Clock: &sys.Clock{}, Logged: &bytes.Buffer{}, t: t}
	b.Log = slog.New(slog.NewTextHandler(b.Logged, nil))
	dir := t.TempDir()
	var err error
	if b.Store, err = store.Open(store.Options{Dir: dir, Database: testdb.URL(t, dir), Rehearse: testdb.Rehearse(), Clock: b.Clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Store.Close() })
	if err := b.Store.Join(t.Context(), "test", "test"); err != nil {
		t.Fatal(err)
	}
	root, err := keys.RootKeyFile(filepath.Join(dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	if b.Ring, err = keys.Open(t.Context(), b.Store, root, InstanceID); err != nil {
		t.Fatal(err)
	}
	return b
}

// Update changes the store.
func (b *Bed) Update(fn func(*store.Tx) error) {
	b.t.Helper()
	if err := b.Store.Update(b.t.Context(), fn); err != nil {
		b.t.Fatal(err)
	}
}

// Rows counts the rows of a table.
func (b *Bed) Rows(table string) int64 {
	b.t.Helper()
	rows, _, err := b.Store.Counts(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return rows[table]
}
