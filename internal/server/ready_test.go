package server

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
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
