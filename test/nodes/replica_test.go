//go:build clients

package nodes

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// Lists come from the replica and may be behind; everything else is as it is. A replica that is gone is not missed.
func TestListsComeFromTheReplica(t *testing.T) {
	f := newFleet(t, "wal_level=replica", "max_wal_senders=4")
	standby, err := f.database.Standby("fsync=off")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { standby.Remove() })
	f.environ = append(f.environ, "SALLYPORT_DATABASE_REPLICA="+standby.URL())
	n := f.start("A", "", t.TempDir())

	pause := func(function string) {
		t.Helper()
		if _, err := harness.Query(standby.URL(), "SELECT "+function); err != nil {
			t.Fatal(err)
		}
	}
	add := func(name string) (id string) {
		t.Helper()
		return n.must(api.CreateGroup.Operation, n.admin(), members{"IdentityStoreId": n.IdentityStoreID, "DisplayName": name}).text("GroupId")
	}
	listed := func() string {
		t.Helper()
		return string(n.must(api.ListGroups.Operation, n.admin(), members{"IdentityStoreId": n.IdentityStoreID}).body)
	}
	listedSoon := func(name string) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !strings.Contains(listed(), name); {
			if time.Now().After(deadline) {
				t.Fatalf("%s is never listed", name)
			}
		}
	}
	add("before")
	listedSoon("before")
	pause("pg_wal_replay_pause()")
	id := add("meanwhile")
	if strings.Contains(listed(), "meanwhile") {
		t.Error("the list does not come from the replica")
	}
	described := n.must(api.DescribeGroup.Operation, n.admin(), members{"IdentityStoreId": n.IdentityStoreID, "GroupId": id})
	if described.text("DisplayName") != "meanwhile" {
		t.Errorf("described as %s", described.body)
	}
	pause("pg_wal_replay_resume()")
	listedSoon("meanwhile")

	standby.Kill()
	add("after")
	if !strings.Contains(listed(), "after") {
		t.Error("without the replica the list lacks what the database has")
	}
	if !slices.Contains(strings.Fields(n.log.String()), "replica") {
		t.Error("nobody is told that the replica is gone")
	}
}
