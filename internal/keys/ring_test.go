package keys

import (
	"testing"
	"testing/synctest"
	"time"
)

// A forged key id has the ring ask the store again. While that does not answer, such requests must not wait one behind the other.
func TestUnknownKeysWaitForAStoreThatHangsOnlyOnce(t *testing.T) {
	opened := openRing(t, t.TempDir(), "i")
	synctest.Test(t, func(t *testing.T) {
		ring := &Ring{loading: make(chan struct{}, 1)}
		ring.state.Store(opened.state.Load())
		ring.loading <- struct{}{} // somebody reads the ring, and hears nothing
		began := time.Now()
		for range 10 {
			if _, known := ring.epoch("00000000"); known {
				t.Fatal("a key that nobody made is known")
			}
		}
		if waited := time.Since(began); waited != reloadTimeout {
			t.Errorf("ten requests waited %s, want %s", waited, reloadTimeout)
		}
		time.Sleep(reloadPause)
		if _, known := ring.epoch("00000000"); known || time.Since(began) != 2*reloadTimeout+reloadPause {
			t.Errorf("after the pause the ring was not asked again, or for longer: %s", time.Since(began))
		}
	})
}
