package server

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"
)

func TestAShutdownDoesNotWaitForConnectionsThatNeverSpoke(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := newHTTPServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	accepted := make(chan struct{}, 1)
	watched := server.ConnState
	server.ConnState = func(c net.Conn, state http.ConnState) {
		watched(c, state)
		accepted <- struct{}{}
	}
	go server.Serve(listener)
	silent, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	<-accepted
	// net/http alone waits for five seconds; the deadline only keeps a failing test short.
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		t.Fatalf("the shutdown waited: %v", err)
	}
	if _, err := silent.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the silent connection: %v, want its end", err)
	}
}
