package signin

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sallyport/internal/fault"
)

func TestTheGateRunsNoMoreThanItsSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2, 6, time.Hour)
		var running, most, refused atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := g.enter(); err != nil {
					refused.Add(1)
					return
				}
				defer g.leave()
				if err := g.run(t.Context(), func() {
					most.Store(max(most.Load(), running.Add(1)))
					time.Sleep(time.Second)
					running.Add(-1)
				}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if most.Load() != 2 || refused.Load() != 12 {
			t.Errorf("%d ran at once and %d were refused, want 2 and 12", most.Load(), refused.Load())
		}
	})
}

func TestAWaitAtTheGateEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 1, 5*time.Second)
		g.slots <- struct{}{}
		began := time.Now()
		err := g.run(t.Context(), func() { t.Error("ran without a slot") })
		if r, _ := fault.As(err); r == nil || r.Kind != fault.TemporarilyUnavailable || time.Since(began) != 5*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := g.run(ctx, func() { t.Error("ran for a caller who had gone") }); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller who had gone: %v", err)
		}
	})
}
