package store

import (
	"net"
	"sync"
	"testing"
	"time"

	"sallyport/internal/sys"
	"sallyport/internal/testdb"
)

// A replica that swallows what is said to it must not keep lists waiting one behind the other, nor the end of the server.
func TestListsDoNotWaitForAReplicaThatHangs(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() // nobody accepts: the kernel does
	dir := t.TempDir()
	s, err := Open(Options{
		Dir: dir, Database: testdb.URL(t, dir), Replica: "postgres://nobody@" + listener.Addr().String() + "/x?sslmode=disable&connect_timeout=60", Clock: &sys.Clock{},
	})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var lists sync.WaitGroup
	for range 8 {
		lists.Go(func() {
			if err := s.ViewStale(t.Context(), func(tx *Tx) error { _, _, err := tx.Instance(); return err }); err != nil {
				t.Error(err)
			}
		})
	}
	lists.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if waited := time.Since(began); waited > 3*replicaPatience {
		t.Errorf("lists and the end waited %s for the replica, want %s", waited, replicaPatience)
	}
}
