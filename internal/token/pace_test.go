package token

import (
	"fmt"
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		name string
		at   []time.Duration // of each call, after the start
		want []bool
	}{
		{"a burst passes and the next does not", []time.Duration{0, 0, 0, 0}, []bool{true, true, true, false}},
		{"backing off for one interval after a refusal is enough", []time.Duration{0, 0, 0, 0, time.Second, time.Second}, []bool{true, true, true, false, true, false}},
		{"one in each interval always passes", []time.Duration{0, 1e9, 2e9, 3e9, 4e9, 5e9}, []bool{true, true, true, true, true, true}},
		{"a clock that is set back does not refuse until it has caught up", []time.Duration{time.Hour, time.Hour, time.Hour, 0, 0, 0, 0}, []bool{true, true, true, true, true, true, false}},
		{"a clock that is set back a little does not open another burst", []time.Duration{2e9, 2e9, 2e9, 2e9 - 1e6}, []bool{true, true, true, false}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPace(time.Second, 3)
			for i, at := range test.at {
				if got := p.allow("key", start.Add(at)); got != test.want[i] {
					t.Fatalf("call %d at %v: got %v, want %v", i+1, at, got, test.want[i])
				}
			}
		})
	}
}

// Devices start anew, with other codes. What is remembered of those that ended must not pile up to the bound.
func TestAPaceForgetsKeysThatDoNotComeAgain(t *testing.T) {
	const inUse = 5000
	p := newPace(5*time.Second, 3)
	now := time.Unix(1_800_000_000, 0)
	for round := range 10 {
		for n := range inUse {
			if !p.allow(fmt.Sprint(round, "-", n), now) {
				t.Fatal("a key that nobody used is limited")
			}
		}
		now = now.Add(time.Minute)
	}
	if len(p.due) > 2*inUse {
		t.Errorf("%d keys are remembered, of which %d are in use", len(p.due), inUse)
	}
}
