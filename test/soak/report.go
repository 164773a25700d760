//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"sync/atomic"
	"time"
)

// report prints figures and remembers them, and which goals they missed.
type report struct {
	out    *json.Encoder
	lines  []figure
	missed []string
}

type figure struct {
	Figure string  `json:"figure"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit,omitempty"`
	Met    *bool   `json:"met,omitempty"` // absent where there is no goal
}

// figure prints one. goal tells whether a value meets it, and may be nil.
func (r *report) figure(name string, value float64, unit string, goal func(float64) bool) {
	f := figure{Figure: name, Value: value, Unit: unit}
	if goal != nil {
		met := goal(value)
		if f.Met = &met; !met {
			r.missed = append(r.missed, name)
		}
	}
	r.lines = append(r.lines, f)
	r.out.Encode(f)
}

// latency prints the distribution of durations, in milliseconds. The goal is for the slowest of a hundred; without one it is zero.
func (r *report) latency(name string, h *histogram, goal time.Duration) {
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
	var below func(float64) bool
	if goal > 0 {
		below = func(v float64) bool { return v < ms(goal) }
	}
	r.figure(name, float64(h.count()), "", func(v float64) bool { return v > 0 })
	r.figure(name+", p50", ms(h.quantile(0.5)), "ms", nil)
	r.figure(name+", p99", ms(h.quantile(0.99)), "ms", below)
	r.figure(name+", slowest", ms(h.quantile(1)), "ms", nil)
}

// flat compares the last third of a run with the first, by their medians, after the first tenth, in which everything warms up.
func (r *report) flat(name string, weights []weight, of func(weight) float64) {
	weights = weights[len(weights)/10:]
	third := len(weights) / 3
	if third == 0 {
		return
	}
	first, last := median(weights[:third], of), median(weights[len(weights)-third:], of)
	r.figure(name+", growth from the first third to the last", 100*(last/first-1), "%", func(v float64) bool { return v <= 100*goalGrowth })
	unit, scale := "", 1.0
	if first > 1<<20 {
		unit, scale = "MiB", 1<<20
	}
	r.figure(name+", in the last third", last/scale, unit, nil)
}

func median(weights []weight, of func(weight) float64) float64 {
	values := make([]float64, len(weights))
	for i, w := range weights {
		values[i] = of(w)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func (r *report) table(w io.Writer) {
	fmt.Fprintln(w)
	for _, f := range r.lines {
		verdict := ""
		if f.Met != nil {
			verdict = map[bool]string{true: "met", false: "MISSED"}[*f.Met]
		}
		fmt.Fprintf(w, "%-64s %14.2f %-4s %s\n", f.Figure, f.Value, f.Unit, verdict)
	}
}

// histogram counts durations in classes whose width is a sixty-fourth of them. Any number of goroutines may count at once.
type histogram struct{ classes [classes]atomic.Uint32 }

const (
	fine    = 64
	classes = 40 * fine // microseconds up to hours
)

func classOf(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0))
	if us < fine {
		return int(us)
	}
	shift := bits.Len64(us) - bits.Len64(fine-1) - 1
	return min(shift*fine+int(us>>shift), classes-1)
}

// least is the shortest duration of a class.
func least(class int) time.Duration {
	if class < 2*fine {
		return time.Duration(class) * time.Microsecond
	}
	shift := class/fine - 1
	return time.Duration(uint64(class-shift*fine)<<shift) * time.Microsecond
}

func (h *histogram) record(d time.Duration) { h.classes[classOf(d)].Add(1) }

// take returns what was counted so far and begins anew.
func (h *histogram) take() *histogram {
	taken := &histogram{}
	for i := range h.classes {
		taken.classes[i].Store(h.classes[i].Swap(0))
	}
	return taken
}

func (h *histogram) add(other *histogram) {
	for i := range h.classes {
		h.classes[i].Add(other.classes[i].Load())
	}
}

func (h *histogram) count() (n uint64) {
	for i := range h.classes {
		n += uint64(h.classes[i].Load())
	}
	return n
}

// quantile is the duration that a share of all do not exceed, to a sixty-fourth.
func (h *histogram) quantile(share float64) time.Duration {
	rank, seen := uint64(share*float64(h.count())), uint64(0)
	for i := range h.classes {
		n := uint64(h.classes[i].Load())
		if seen += n; n > 0 && seen >= rank {
			return least(i + 1)
		}
	}
	return 0
}
