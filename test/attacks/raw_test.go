package attacks

import (
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"time"
)

// rawPatience is how long a connection may stay silent. Only a connection that wrongly stays open is waited for so long.
const rawPatience = 2 * time.Second

// rawAnswer is what came back on a connection of its own.
type rawAnswer struct {
	statuses []string // of each answer, in order
	text     string
	closed   bool // by the server
}

var statusLine = regexp.MustCompile(`(?m)^HTTP/1\.[01] ([0-9]{3}) `)

func (w *world) host() string { return strings.TrimPrefix(w.server.Endpoint, "http://") }

// raw sends bytes as they are, with HOST for the server's address, and reads until the server closes or falls silent.
func (w *world) raw(request string) rawAnswer {
	w.t.Helper()
	c, err := net.Dial("tcp", w.host())
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(rawPatience)); err != nil {
		w.t.Fatal(err)
	}
	// A server that stops reading early is no mistake.
	_, _ = io.WriteString(c, strings.ReplaceAll(request, "HOST", w.host()))
	text, err := io.ReadAll(c)
	a := rawAnswer{text: string(text), closed: !errors.Is(err, os.ErrDeadlineExceeded)}
	for _, match := range statusLine.FindAllStringSubmatch(a.text, -1) {
		a.statuses = append(a.statuses, match[1])
	}
	return a
}

// rawRefused fails the entry unless there was one refusal, of one of the statuses, and the connection ended after it.
func (w *world) rawRefused(what, request, statuses string) {
	w.t.Helper()
	a := w.raw(request)
	if len(a.statuses) != 1 || !oneOf(statuses, a.statuses[0]) || !a.closed {
		w.t.Errorf("%s: want %s and the end of the connection, got %v, closed %v: %.300s", what, statuses, a.statuses, a.closed, a.text)
	}
}
