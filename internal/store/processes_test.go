package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func openIn(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// view returns what read finds in one snapshot.
func view[T any](t *testing.T, s *Store, read func(*Tx) (T, error)) T {
	t.Helper()
	var value T
	err := s.View(context.Background(), func(tx *Tx) (err error) {
		value, err = read(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// tally reads the tally of a key.
func tally(key string) func(*Tx) (int64, error) {
	return func(tx *Tx) (int64, error) {
		tally, _, err := tx.Attempts(key)
		return tally, err
	}
}

func count(key string) func(*Tx) error {
	return func(tx *Tx) error {
		_, _, err := tx.CountAttempt(key, tx.Millis()+60_000)
		return err
	}
}

func TestProcessesThatStartAtOnceOnANewFolderAllOpenIt(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	errs := make(chan error, 6)
	for range cap(errs) {
		wg.Go(func() {
			s, err := Open(options(t, dir))
			if err == nil {
				err = s.Close()
			}
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestTwoProcessesLoseNoneOfEachOthersUpdates(t *testing.T) {
	dir := t.TempDir()
	stores := []*Store{openIn(t, dir), openIn(t, dir)}
	const each, writers = 20, 4
	var wg sync.WaitGroup
	for _, s := range stores {
		for range writers {
			wg.Go(func() {
				for range each {
					if err := s.Update(context.Background(), count("shared")); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	for i, s := range stores {
		if got, want := view(t, s, tally("shared")), int64(len(stores)*writers*each); got != want {
			t.Errorf("process %d counts %d, want %d", i, got, want)
		}
	}
}

func TestASnapshotDoesNotMoveWhileOthersWrite(t *testing.T) {
	s, _ := open(t)
	update(t, s, count("a"))
	err := s.View(context.Background(), func(tx *Tx) error {
		before, err := tally("a")(tx)
		if err != nil {
			return err
		}
		update(t, s, count("a"))
		update(t, s, count("b"))
		after, err := tally("a")(tx)
		if err != nil {
			return err
		}
		other, err := tally("b")(tx)
		if before != 1 || after != 1 || other != 0 {
			t.Errorf("the snapshot reads %d, then %d and %d, want 1, 1, 0", before, after, other)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := view(t, s, tally("a")); got != 2 {
		t.Errorf("the next snapshot reads %d, want 2", got)
	}
}

func TestAReaderCannotWrite(t *testing.T) {
	s, _ := open(t)
	if err := s.View(context.Background(), count("a")); err == nil {
		t.Error("a view wrote")
	}
}

func TestAReaderThatPanicsGivesItsConnectionBack(t *testing.T) {
	s, _ := open(t)
	for range 20 { // more than there are connections
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic did not reach the caller")
				}
			}()
			s.View(context.Background(), func(*Tx) error { panic("reader") })
		}()
	}
	view(t, s, tally("a"))
}

func TestAnUpdateWhoseCallerHasGoneChangesNothing(t *testing.T) {
	s, _ := open(t)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for range 20 { // the queue has room, so that either of two ends of the wait may be taken
		if err := s.Update(gone, count("a")); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want context.Canceled", err)
		}
	}
	if got := view(t, s, tally("a")); got != 0 {
		t.Errorf("%d updates were made", got)
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	s := openIn(t, t.TempDir())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"Update": func() error { return s.Update(context.Background(), count("a")) },
		"View":   func() error { return s.View(context.Background(), count("a")) },
		"Close":  s.Close,
	} {
		if err := call(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s gives %v, want ErrClosed", name, err)
		}
	}
}

func TestUpdatesThatRaceWithCloseAreMadeOrRefused(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir)
	var wg sync.WaitGroup
	made := make(chan struct{}, 100)
	for range cap(made) {
		wg.Go(func() {
			switch err := s.Update(context.Background(), count("a")); {
			case err == nil:
				made <- struct{}{}
			case !errors.Is(err, ErrClosed):
				t.Error(err)
			}
		})
	}
	runtime.Gosched()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if got := view(t, openIn(t, dir), tally("a")); got != int64(len(made)) {
		t.Errorf("%d updates were acknowledged, %d are there", len(made), got)
	}
}

// On a full disk SQLite undoes the whole transaction by itself. What comes after in the batch would then be outside of any.
func TestAFullDiskFailsTheBatchAsAWhole(t *testing.T) {
	s := openFile(t)
	update(t, s, func(tx *Tx) error { return tx.c.(*conn).do("PRAGMA max_page_count = 1") }) // of what is there already
	release, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		s.Update(context.Background(), func(*Tx) error { close(held); <-release; return nil })
	})
	<-held
	enqueue := func(fn func(*Tx) error) *write {
		w := &write{ctx: context.Background(), fn: fn, done: make(chan outcome, 1)}
		s.database.(*sqliteDatabase).writes <- w
		return w
	}
	var batch []*write
	for i := range 6 {
		name := fmt.Sprint("member", i)
		if i == 2 {
			name = strings.Repeat("x", 1<<20)
		}
		batch = append(batch, enqueue(func(tx *Tx) error { return tx.AddAccessKey(AccessKey{AccessKeyID: name}) }))
	}
	close(release)
	wg.Wait()
	for i, w := range batch {
		if result := <-w.done; result.err == nil {
			t.Errorf("member %d was acknowledged", i)
		}
	}
	rows, _, err := s.Counts(context.Background())
	if err != nil || rows["access_key"] != 0 {
		t.Errorf("%d rows are kept whose callers heard of a failure (%v)", rows["access_key"], err)
	}
	update(t, s, func(tx *Tx) error { return tx.c.(*conn).do("PRAGMA max_page_count = 1000000") })
	update(t, s, count("later"))
}
