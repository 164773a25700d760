//go:build linux

package main

import (
	"encoding/json"
	"io"
	"testing"
	"time"
)

func TestDurationsAreCountedToASixtyFourth(t *testing.T) {
	for d := time.Microsecond; d < time.Hour; d += d/7 + time.Microsecond {
		class := classOf(d)
		low, high := least(class), least(class+1)
		if d < low || d >= high || high-low > max(low/32, time.Microsecond) {
			t.Fatalf("%v is in the class from %v to %v", d, low, high)
		}
	}
}

func TestQuantiles(t *testing.T) {
	var h histogram
	for i := range 1000 {
		h.record(time.Duration(i+1) * time.Millisecond)
	}
	for _, c := range []struct {
		share float64
		want  time.Duration
	}{{0.5, 500 * time.Millisecond}, {0.99, 990 * time.Millisecond}, {1, time.Second}} {
		if got := h.quantile(c.share); got < c.want || got > c.want+c.want/32 {
			t.Errorf("%v: %v, want %v", c.share, got, c.want)
		}
	}
	if taken := h.take(); taken.count() != 1000 || h.count() != 0 {
		t.Errorf("took %d and left %d", taken.count(), h.count())
	}
}

func TestGrowthIsThatOfTheLastThirdOverTheFirst(t *testing.T) {
	var weights []weight
	for i := range 30 {
		weights = append(weights, weight{resident: int64(100 + i)})
	}
	r := &report{out: json.NewEncoder(io.Discard)}
	r.flat("memory", weights, func(w weight) float64 { return float64(w.resident) })
	if len(r.missed) != 1 {
		t.Errorf("growth by a seventh was not noticed: %+v", r.lines)
	}
	r = &report{out: json.NewEncoder(io.Discard)}
	r.flat("memory", weights[:6], func(w weight) float64 { return float64(w.resident) })
	if len(r.missed) != 0 {
		t.Errorf("three in a hundred is no growth: %+v", r.lines)
	}
}
