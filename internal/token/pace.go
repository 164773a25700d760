package token

import (
	"net/netip"
	"sync"
	"time"
)

// pollBurst is how many polls of one device code may come at once. The AWS CLI polls twice before its first wait, and after one
// slow_down waits 6 s for the rest of the sign-in.
const pollBurst = 3

const (
	// paceEntries bounds the keys that one pace remembers. A forgotten key starts afresh, which errs on the caller's side.
	paceEntries = 1 << 16
	// paceFew are not worth looking through.
	paceFew = 1 << 10
)

// pace limits how often something may happen for each key, by the generic cell rate algorithm: on average once an interval, and a burst at
// once. It lives in this node's memory: with n nodes the true limit is up to n times looser, and a pending poll writes nothing.
// What it refuses does not count, so that backing off for one interval is always enough.
type pace struct {
	interval time.Duration
	burst    int

	mu  sync.Mutex
	due map[string]time.Time // theoretical arrival time of the next
	at  int                  // how many keys there are when those that are not limited any more are forgotten
}

// subscriberBits is what one IPv6 subscriber gets at least, and can draw any number of addresses from.
const subscriberBits = 64

// subscriber is the key of whoever is behind an address.
func subscriber(address netip.Addr) string {
	if network, err := address.Prefix(subscriberBits); err == nil && address.Is6() {
		return network.String()
	}
	return address.String()
}

func newPace(interval time.Duration, burst int) *pace {
	return &pace{interval: interval, burst: burst, due: map[string]time.Time{}, at: paceFew}
}

// ratePace allows so many a second, and ten seconds' worth at once. A rate of zero allows everything.
func ratePace(perSecond float64) *pace {
	if perSecond <= 0 {
		return nil
	}
	return newPace(time.Duration(float64(time.Second)/perSecond), int(10*perSecond)+1)
}

// allow counts one for the key, or reports that it comes too early.
func (p *pace) allow(key string, now time.Time) bool {
	if p == nil {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	due := p.due[key]
	if due.Before(now) || due.After(now.Add(2*time.Duration(p.burst)*p.interval)) {
		due = now // long ago, or much further ahead than counting gets: the machine's clock was set back
	}
	if due.Sub(now) > time.Duration(p.burst-1)*p.interval {
		return false
	}
	if len(p.due) >= p.at {
		p.forget(now)
		p.at = min(max(2*len(p.due), paceFew), paceEntries) // twice what is in use: looking through it all is rare
	}
	p.due[key] = due.Add(p.interval)
	return true
}

// forget drops the keys that are not limited now, and all of them when none is.
func (p *pace) forget(now time.Time) {
	for key, due := range p.due {
		if !due.After(now) {
			delete(p.due, key)
		}
	}
	if len(p.due) >= paceEntries {
		clear(p.due)
	}
}

// drop forgets a key that will not come again.
func (p *pace) drop(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.due, key)
}
