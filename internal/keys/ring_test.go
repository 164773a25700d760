package keys

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
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

// silent is a root that answers when it is let.
type silent struct {
	RootKey
	asked atomic.Int64  // how often it was
	when  func()        // called whenever it is, unless nil
	may   chan struct{} // closed when it may answer
}

func (s *silent) Unwrap(ctx context.Context, wrapped, associated []byte) ([]byte, error) {
	s.asked.Add(1)
	if s.when != nil {
		s.when()
	}
	<-s.may
	return s.RootKey.Unwrap(ctx, wrapped, associated)
}

func TestARootThatDoesNotAnswerKeepsNothingFromTheRingButItsNewKeys(t *testing.T) {
	dir := t.TempDir()
	root := &silent{RootKey: rootOf('a'), may: make(chan struct{})}
	answer := sync.OnceFunc(func() { close(root.may) })
	t.Cleanup(answer)
	other := mustOnStore(t, dir, root.RootKey)
	first, old := other.CurrentKeyID(), other.Seal("p", []byte("old"))
	second, err := other.Publish(ctx, Publication{})
	if err != nil {
		t.Fatal(err)
	}
	node := mustOnStore(t, dir, root.RootKey)
	node.roots = roots{current: root}
	third, err := other.Publish(ctx, Publication{})
	if err != nil {
		t.Fatal(err)
	}
	kept := other.Seal("p", []byte("new"))

	for range 2 {
		if err := node.Reload(ctx); err == nil || !strings.Contains(err.Error(), "key "+third.KeyID+" of the ring is not open yet: the root key "+root.Name()+" has not answered") {
			t.Errorf("a ring whose root is silent is read: %v", err)
		}
	}
	clock := &sys.Clock{}
	clock.Advance(time.Minute) // a key that was in use just now is not retired
	s, err := store.Open(store.Options{Dir: dir, Database: testdb.URL(t, dir), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	later, err := Open(ctx, s, root.RootKey, "i")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := later.Retire(ctx, Retirement{KeyID: first, Lives: quarter, Force: true}); err != nil {
		t.Fatal(err)
	}
	if err := node.Reload(ctx); err == nil {
		t.Error("a ring whose root is silent is read")
	}
	if _, err := node.Open("p", old); !errors.Is(err, ErrNotSealed) {
		t.Errorf("what the retired key sealed: %v", err)
	}
	if node.CurrentKeyID() != second.KeyID {
		t.Errorf("the key in use is %s, want %s", node.CurrentKeyID(), second.KeyID)
	}
	if _, err := node.Open("p", kept); !errors.Is(err, ErrNotSealed) {
		t.Errorf("what a key sealed that is not known yet: %v", err)
	}
	if n := root.asked.Load(); n != 1 {
		t.Errorf("the root was asked %d times about one key", n)
	}

	answer()
	for node.Reload(ctx) != nil { // until what was asked is answered
	}
	if text, err := node.Open("p", kept); err != nil || string(text) != "new" || node.CurrentKeyID() != third.KeyID {
		t.Errorf("when the root has answered: %q, %v, under %s", text, err, node.CurrentKeyID())
	}
	if n := root.asked.Load(); n != 1 {
		t.Errorf("the root was asked %d times about one key", n)
	}
}

func TestAStartIsEndedWhileTheRootIsSilent(t *testing.T) {
	dir := t.TempDir()
	ring := mustOnStore(t, dir, rootOf('a'))
	starting, end := context.WithCancel(ctx)
	root := &silent{RootKey: rootOf('a'), when: end, may: make(chan struct{})}
	t.Cleanup(func() { close(root.may) })
	if _, err := Open(starting, ring.store, root, "i"); !errors.Is(err, context.Canceled) {
		t.Errorf("a start that was ended: %v", err)
	}
}

// refusing is a root that fails as long as it is told to, as a token does whose PIN was changed.
type refusing struct {
	RootKey
	asked atomic.Int64
	mends atomic.Bool
}

func (f *refusing) Unwrap(ctx context.Context, wrapped, associated []byte) ([]byte, error) {
	f.asked.Add(1)
	if !f.mends.Load() {
		return nil, errors.New("no")
	}
	return f.RootKey.Unwrap(ctx, wrapped, associated)
}

// Servers reload twice a second. A token that locks itself after three refusals must not see each of them.
func TestARootThatFailedIsAskedAgainAfterAWhile(t *testing.T) {
	dir := t.TempDir()
	other, node := mustOnStore(t, dir, rootOf('a')), mustOnStore(t, dir, rootOf('a'))
	root := &refusing{RootKey: rootOf('a')}
	node.roots = roots{current: root}
	next, err := other.Publish(ctx, Publication{})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := node.Reload(ctx); err == nil {
			t.Error("a ring whose root fails is read")
		}
	}
	for _, a := range node.asked {
		<-a.answered
	}
	err = node.Reload(ctx)
	if want := "key " + next.KeyID + " of the ring does not open under its root key " + root.Name() + ": no"; err == nil || err.Error() != want {
		t.Errorf("once it has failed: %v, want %s", err, want)
	}
	if n := root.asked.Load(); n != 1 {
		t.Errorf("the root was asked %d times at once", n)
	}

	root.mends.Store(true)
	for _, a := range node.asked {
		a.at = a.at.Add(-rootRetry)
	}
	for node.Reload(ctx) != nil { // until what was asked is answered
	}
	if n := root.asked.Load(); n != 2 || node.CurrentKeyID() != next.KeyID {
		t.Errorf("after the pause the root was asked %d times in all, and the key in use is %s", n, node.CurrentKeyID())
	}
	if len(node.asked) > 0 {
		t.Errorf("%d answers are kept that were taken up", len(node.asked))
	}
}

func TestARootThatFailedIsAskedAtOnceAboutAnEntryThatChanged(t *testing.T) {
	dir := t.TempDir()
	other, node := mustOnStore(t, dir, rootOf('a')), mustOnStore(t, dir, rootOf('a'))
	node.roots = roots{current: rootOf('a'), previous: []Root{&refusing{RootKey: rootOf('b')}}}
	if _, err := mustOnStore(t, dir, rootOf('b'), rootOf('a')).Publish(ctx, Publication{}); err != nil {
		t.Fatal(err)
	}
	for err := error(nil); err == nil || strings.Contains(err.Error(), "has not answered"); { // until it has failed
		err = node.Reload(ctx)
	}
	if _, err := mustOnStore(t, dir, rootOf('a'), rootOf('b')).Rewrap(ctx, nil); err != nil {
		t.Fatal(err)
	}
	for node.Reload(ctx) != nil { // until what was asked is answered
	}
	if err := other.Reload(ctx); err != nil || node.CurrentKeyID() != other.CurrentKeyID() {
		t.Errorf("the key in use is %s, want %s (%v)", node.CurrentKeyID(), other.CurrentKeyID(), err)
	}
}
