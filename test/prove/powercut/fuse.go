//go:build linux

package powercut

import "sync"

// event is something that the disk does.
type event int

const (
	aWrite event = iota + 1
	aFlush
	aBurst // a write into a cache that already holds more than commits write: SQLite moves its log into the database, or ext4 writes back
)

// burst is how many sectors in the cache make a burst. Commits of this workload write about a dozen.
const burst = 32

// fuse cuts the power of all processes of a machine at once. It may be armed to blow when the disk does something, which is when a cut has the most to
// choose from: at most moments everything is flushed.
type fuse struct {
	kill func() error // ends all processes at once

	mu   sync.Mutex
	at   event // 0 when not armed
	left int   // how many of the events, the fatal one counted in
	dead bool
}

// arm has the fuse blow as the n-th of the events begins.
func (f *fuse) arm(at event, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at, f.left = at, n
}

// meets tells the fuse that an event begins, and reports whether the power is gone.
func (f *fuse) meets(what event) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.at == what && !f.dead {
		f.left--
		if f.left == 0 {
			f.end()
		}
	}
	return f.dead
}

func (f *fuse) blow() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.end()
}

func (f *fuse) blown() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead
}

func (f *fuse) end() {
	if !f.dead {
		f.dead = true
		f.kill() // fails when the machine has ended by itself, which is as good
	}
}
