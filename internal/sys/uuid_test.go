package sys

import (
	"regexp"
	"testing"
	"time"
)

func TestUUIDsAreOfVersionSevenAndSortByTheMomentTheyWereMade(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	moment := time.UnixMilli(1_800_000_000_000)
	last := ""
	for range 1000 {
		id := NewUUID(moment)
		if !form.MatchString(id) {
			t.Fatalf("%q is no UUID of version 7", id)
		}
		if id <= last {
			t.Fatalf("%s does not sort after %s, which is older", id, last)
		}
		last, moment = id, moment.Add(time.Millisecond)
	}
}
