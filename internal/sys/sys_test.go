package sys

import (
	"testing"
	"time"
)

func TestIDsSortByTheMomentTheyWereMade(t *testing.T) {
	start := time.UnixMilli(1_790_000_000_000)
	previous := NewID(start)
	for i := 1; i < 1000; i++ {
		next := NewID(start.Add(time.Duration(i) * time.Millisecond))
		if next <= previous {
			t.Fatalf("id %q made later does not sort after %q", next, previous)
		}
		previous = next
	}
}

func TestFirstIDBoundsASweep(t *testing.T) {
	moment := time.UnixMilli(1_790_000_000_000)
	if id := NewID(moment.Add(-time.Millisecond)); id >= FirstID(moment) {
		t.Errorf("an older id %q is not below the bound", id)
	}
	if id := NewID(moment); id < FirstID(moment) {
		t.Errorf("an id of the moment %q is below the bound", id)
	}
	if len(FirstID(moment)) != IDLength {
		t.Errorf("length %d, want %d", len(FirstID(moment)), IDLength)
	}
}

func TestClockMovesForEverybody(t *testing.T) {
	var clock Clock
	before := clock.Now()
	clock.Advance(10 * time.Minute)
	if moved := clock.Now().Sub(before); moved < 10*time.Minute || moved > 11*time.Minute {
		t.Errorf("clock moved by %v, want 10m", moved)
	}
}
