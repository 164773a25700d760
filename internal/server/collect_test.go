package server

import "testing"

func TestTheHeapGrowsByAFixedSizeBetweenASmallAndALargeOne(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		alive uint64
		want  int
	}{
		{0, collectMost}, {2 * mib, collectMost}, {16 * mib, collectMost}, {32 * mib, 200}, {64 * mib, collectLeast}, {170 * mib, collectLeast},
	} {
		if got := collectPercent(c.alive); got != c.want {
			t.Errorf("%d MiB: %d %%, want %d", c.alive/mib, got, c.want)
		}
	}
}
