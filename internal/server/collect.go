package server

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
)

// Very little lives here, so Go's default would collect many times a second to spare a few MiB. What may pile up between two collections is
// therefore a fixed size, and not a share of what lives: a server with ten thousand connections has two hundred MiB alive, and a share that
// is generous to a small heap would let it take a GiB more.
const (
	collectSlack = 64 << 20
	collectMost  = 400 // in percent of what lives; what a small heap may grow by
	collectLeast = 100 // Go's default; less would spend more time on collecting than the memory is worth
)

// collectPercent is how far the heap may grow before it is collected, in percent of what lives.
func collectPercent(alive uint64) int {
	return int(min(max(100*collectSlack/max(alive, 1), collectLeast), collectMost))
}

// tuneCollector has the collector follow what lives. Whoever set GOGC has decided.
func tuneCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	alive := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(alive)
	debug.SetGCPercent(collectPercent(alive[0].Value.Uint64()))
}
