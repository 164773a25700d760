package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
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
