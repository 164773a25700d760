package signin

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/store"
)

func person(id string) Session {
	return Session{SignInID: "in-" + id, User: store.User{UserID: id}}
}

// misses counts n wrong codes and reports how many were let through.
func (w *world) misses(caller api.Caller, who Session, n int) (passed int) {
	w.t.Helper()
	for range n {
		if _, err := w.CountUserCodeMiss(context.Background(), caller, who); err != nil {
			w.refusal(err, fault.AccessDenied)
			continue
		}
		passed++
	}
	return passed
}

// waits returns the wait that the form shows, and fails the test if counting disagrees.
func (w *world) waits(caller api.Caller, who Session) time.Duration {
	w.t.Helper()
	wait, err := w.UserCodeLocked(context.Background(), caller, who)
	if err != nil {
		w.t.Fatal(err)
	}
	m, err := w.CountUserCodeMiss(context.Background(), caller, who)
	if (err == nil) != (wait == 0) {
		w.t.Fatalf("the form shows a wait of %v and the count says %v", wait, err)
	}
	if err := w.ForgiveUserCodeMiss(context.Background(), m); err != nil {
		w.t.Fatal(err)
	}
	return wait
}

func TestLimitsOnUserCodes(t *testing.T) {
	ann, ben := person("ann"), person("ben")
	cases := []struct {
		name string
		do   func(w *world)
		from api.Caller
		who  Session
		wait time.Duration
	}{
		{"four misses leave the form open", func(w *world) { w.misses(home, ann, 4) }, home, ann, 0},
		{"five misses lock it", func(w *world) { w.misses(home, ann, 5) }, home, ann, 10 * time.Minute},
		{"another sign-in of the same person is locked", func(w *world) { w.misses(home, ann, 5) },
			home, Session{SignInID: "another", User: ann.User}, 10 * time.Minute},
		{"the lock holds at other addresses", func(w *world) { w.misses(home, ann, 5) }, at("198.51.100.1"), ann, 10 * time.Minute},
		{"another person is not locked", func(w *world) { w.misses(home, ann, 5) }, home, ben, 0},
		{"the lock ends", func(w *world) { w.misses(home, ann, 50); w.clock.Advance(10 * time.Minute) }, home, ann, 0},
		{"right codes are not counted", func(w *world) {
			for range 30 {
				w.waits(home, ann)
			}
		}, home, ann, 0},
		{"twenty misses of several lock an address", func(w *world) {
			for i := range 4 {
				w.misses(home, person(fmt.Sprint("p", i)), 5)
			}
		}, home, ben, 10 * time.Minute},
		{"one person does not lock an address", func(w *world) { w.misses(home, ann, 50) }, home, ben, 0},
		{"a locked address does not lock a person", func(w *world) {
			for i := range 4 {
				w.misses(home, person(fmt.Sprint("p", i)), 5)
			}
			w.misses(home, ben, 10)
		}, at("198.51.100.1"), ben, 0},
		{"a restart forgets no lock", func(w *world) { w.misses(home, ann, 5); w.restart() }, home, ann, 10 * time.Minute},
		{"under alarm one miss waits five minutes", func(w *world) { w.raiseAlarm(userCodeAlarm); w.misses(home, ann, 1) },
			home, ann, 5 * time.Minute},
		{"under alarm others do not wait for it", func(w *world) { w.raiseAlarm(userCodeAlarm); w.misses(home, ann, 1) }, home, ben, 0},
		{"the alarm ends", func(w *world) {
			w.raiseAlarm(userCodeAlarm)
			w.clock.Advance(24 * time.Hour)
			w.misses(home, ann, 2)
		}, home, ann, 0},
		{"what is locked does not raise the alarm", func(w *world) {
			w.misses(home, ann, 1010)
			w.clock.Advance(10 * time.Minute)
			w.misses(home, ann, 2)
		}, home, ann, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.do(w)
			wait := w.waits(c.from, c.who)
			if wait > c.wait || wait < c.wait-10*time.Second { // the machine's clock goes on during the test
				t.Errorf("waits %v, want %v", wait, c.wait)
			}
		})
	}
}

func TestRacingCodesAreCountedBeforeTheyAreLookedAt(t *testing.T) {
	w := newWorld(t)
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, err := w.CountUserCodeMiss(context.Background(), home, person("ann")); err == nil {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if passed.Load() != 5 {
		t.Errorf("%d guesses went through, want 5", passed.Load())
	}
}

func TestALockOfCodesIsRecordedOnce(t *testing.T) {
	w := newWorld(t)
	before := w.events()
	w.misses(home, person("ann"), 15)
	if got := w.events() - before; got != 1 {
		t.Errorf("%d events, want 1", got)
	}
}

func TestForgivingLateLeavesTheNextWindowAlone(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	early, err := w.CountUserCodeMiss(ctx, home, person("ann"))
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(10 * time.Minute)
	w.misses(home, person("ann"), 5)
	if err := w.ForgiveUserCodeMiss(ctx, early); err != nil {
		t.Fatal(err)
	}
	if w.waits(home, person("ann")) == 0 {
		t.Error("a miss of the window before was taken off this one")
	}
}
