package server

import (
	"net"
	"net/http"
	"sync"
)

// silentConns are the connections that have not sent a byte: a browser's preconnect, an SDK's spare. A shutdown would wait five seconds
// for each, although nobody waits for an answer on them.
type silentConns struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// watch has the server tell of its connections, and ends the silent ones when it shuts down.
func (s *silentConns) watch(server *http.Server) {
	s.conns = map[net.Conn]struct{}{}
	server.ConnState = s.changed
	server.RegisterOnShutdown(s.close)
}

func (s *silentConns) changed(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateNew {
		s.conns[c] = struct{}{}
	} else {
		delete(s.conns, c)
	}
}

func (s *silentConns) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}
