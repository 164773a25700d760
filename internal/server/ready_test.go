package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sallyport/internal/store"
)

func TestAReadyFileOfAnEarlierStartDoesNotStayWhenTheNextOneFails(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	path := writeFile(t, "ready.json", `{"endpoint":"http://127.0.0.1:1"}`)
	config := mustLoad(t, []string{"--listen", taken.Addr().String(), "--data", t.TempDir(), "--ready-file", path}, nil)
	if err := Serve(context.Background(), config, io.Discard, io.Discard); err == nil {
		t.Fatal("served on a port that is taken")
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file of the earlier start is still there (%v)", err)
	}
}

// onServing calls a function when the log says that requests are answered, which is after the ready file and before the greeting.
type onServing func()

func (f onServing) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("serving")) {
		f()
	}
	return len(p), nil
}

func TestAStopBetweenTheReadyFileAndTheGreetingIsAStop(t *testing.T) {
	config := mustLoad(t, []string{"--dev", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--ready-file", filepath.Join(t.TempDir(), "ready.json")}, nil)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if err := Serve(ctx, config, io.Discard, onServing(stop)); err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestWritesAreTriedOnceForManyWhoAskAndSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		var p writeProbe
		ask := func() error {
			return p.ask(t.Context(), slog.New(slog.DiscardHandler), func(context.Context) error {
				tries++
				time.Sleep(10 * time.Millisecond)
				return nil
			})
		}
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if err := ask(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if ask(); tries != 1 {
			t.Errorf("%d tries at one moment", tries)
		}
		time.Sleep(touchEvery)
		if ask(); tries != 2 {
			t.Errorf("%d tries after a while", tries)
		}
	})
}

func TestReadinessFollowsWhetherWritesSucceed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p writeProbe
		var log strings.Builder
		failed := errors.New("the disk is read-only")
		for _, c := range []struct {
			name  string
			takes time.Duration
			fails error
			ready bool
		}{
			{"a write succeeds", 0, nil, true},
			{"a write fails", 0, failed, false},
			{"a write fails again", 0, failed, false},
			{"a write that is slow does not count yet: failing stays failing", 2 * touchPatience, nil, false},
			{"and when it has succeeded, it counts", 0, nil, true},
			{"a write that is slow does not count yet: ready stays ready", 2 * touchPatience, nil, true},
		} {
			err := p.ask(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), func(context.Context) error {
				time.Sleep(c.takes)
				return c.fails
			})
			if (err == nil) != c.ready {
				t.Errorf("%s: %v", c.name, err)
			}
			time.Sleep(c.takes + touchEvery)
			synctest.Wait()
		}
		if got := strings.Count(log.String(), "\n"); got != 2 {
			t.Errorf("the log has %d lines for one failure and its end:\n%s", got, log.String())
		}
	})
}

func TestAWriteThatNeverEndsIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p writeProbe
		var log strings.Builder
		hang, end := context.WithCancel(t.Context())
		ask := func() error {
			return p.ask(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), func(context.Context) error {
				<-hang.Done()
				return nil
			})
		}
		if err := ask(); err != nil {
			t.Errorf("at first: %v", err)
		}
		time.Sleep(touchMost)
		for range 2 {
			if err := ask(); !errors.Is(err, errTouching) {
				t.Errorf("after a long while: %v", err)
			}
		}
		end()
		synctest.Wait()
		if err := ask(); err != nil {
			t.Errorf("when it has ended: %v", err)
		}
		if got := strings.Count(log.String(), "\n"); got != 2 {
			t.Errorf("the log has %d lines for one failure and its end:\n%s", got, log.String())
		}
	})
}

func TestAStoreThatClosesIsNoFailureOfTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p writeProbe
		var log strings.Builder
		if err := p.ask(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), func(context.Context) error { return store.ErrClosed }); err == nil {
			t.Error("ready with a store that is closed")
		}
		if log.Len() > 0 {
			t.Errorf("the log says %s", log.String())
		}
	})
}
