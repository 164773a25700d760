//go:build clients

package reference

import (
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// request is what came over the wire.
type request struct {
	method, target, host string
	header               http.Header
	length               int64 // -1: chunked
	body                 []byte
}

// answer is one line of the script of a server. The zero value is an empty answer with status 200.
type answer struct {
	status int
	header map[string]string
	body   string
	fate   fate
}

// fate is what becomes of an answer on its way.
type fate int

const (
	whole       fate = iota
	closedEarly      // the connection is closed before the first byte
	reset            // and reset, so that the client sees an error instead of an end
	truncated        // the connection is closed in the middle of the body
	noAnswer         // something that is not HTTP comes
)

// server answers by a script, whose last line is for all further requests, and keeps what it was asked.
type server struct {
	*httptest.Server
	script []answer

	mu   sync.Mutex
	seen []request
}

// place is where a server listens.
type place struct {
	address string // 127.0.0.1:0 where it is empty
	tls     bool
}

func startServer(t *testing.T, where place, script []answer) *server {
	t.Helper()
	s := &server{script: script}
	s.Server = httptest.NewUnstartedServer(s)
	if where.address != "" {
		s.Listener.Close()
		listener, err := net.Listen("tcp", where.address)
		if err != nil {
			t.Fatal(err)
		}
		s.Listener = listener
	}
	if where.tls {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		body = fmt.Appendf(body, "(%v)", err)
	}
	next := s.note(request{method: r.Method, target: r.RequestURI, host: r.Host, header: r.Header.Clone(), length: r.ContentLength, body: body})
	if next.fate != whole {
		next.fail(w)
		return
	}
	for name, value := range next.header {
		if w.Header().Set(name, value); value == "" {
			w.Header()[name] = nil // even the one that the server adds
		}
	}
	if next.status != 0 {
		w.WriteHeader(next.status)
	}
	io.WriteString(w, next.body)
}

// note keeps a request and finds its answer.
func (s *server) note(r request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, r)
	if len(s.script) == 0 {
		return answer{}
	}
	return s.script[min(len(s.seen), len(s.script))-1]
}

func (s *server) requests() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

// fail takes the connection from net/http and leaves it as its fate wants.
func (a answer) fail(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err) // HTTP/1.1 connections can always be taken
	}
	defer conn.Close()
	switch a.fate {
	case reset:
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
	case truncated:
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", 2*len(a.body)+1, a.body)
	case noAnswer:
		io.WriteString(conn, "220 this is not HTTP\r\n")
	}
}

// caBundle writes the certificate of the server to a file for --ca-bundle.
func (s *server) caBundle(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
