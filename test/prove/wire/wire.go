// Package wire stands between a server and its PostgreSQL and does what a network does: it cuts, swallows and delays. It reads as much of what
// passes as it takes to know a COMMIT, because what is lost then is worst: the database has kept what the server cannot know of.
package wire

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
)

// Mode is what becomes of what passes.
type Mode int32

// The modes.
const (
	Whole        Mode = iota // everything arrives
	Cut                      // connections end, and no new one comes about
	Silent                   // connections stay, and nothing arrives: a network that swallows everything
	LostRequests             // the next COMMIT of a connection does not arrive, and the connection ends
	LostAnswers              // the answer to the next COMMIT of a connection does not arrive, and the connection ends
	LostSilently             // the same, and the connection stays
)

// Wire is a way to a database. It is safe for use by many goroutines.
type Wire struct {
	listener net.Listener
	target   string
	mode     atomic.Int32
	swallows atomic.Int64 // how many COMMITs may be swallowed still

	lost atomic.Int64

	mu    sync.Mutex
	open  map[*line]bool
	ended bool
}

// New makes a wire to the database of a URL, which has one host and no TLS.
func New(database string) (*Wire, error) {
	parsed, err := url.Parse(database)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &Wire{listener: listener, target: parsed.Host, open: map[*line]bool{}}
	go w.accept()
	return w, nil
}

// URL is the address of the database over the wire.
func (w *Wire) URL(database string) string {
	return strings.Replace(database, w.target, w.listener.Addr().String(), 1)
}

// Lost counts the COMMITs that did not arrive or whose answers did not, those alone that the database made.
func (w *Wire) Lost() int64 { return w.lost.Load() }

// Set has everything go by a mode from now on. Those that lose COMMITs lose so many, and are Whole after that.
func (w *Wire) Set(mode Mode, commits int64) {
	w.swallows.Store(commits)
	w.mode.Store(int32(mode))
	if mode == Cut || mode == Whole { // what was swallowed never comes, so lines that were silent are of no use to anybody
		w.hangUp(func(l *line) bool { return mode == Cut || l.silent.Load() })
	}
}

// Close ends the wire and all that passes.
func (w *Wire) Close() error {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	err := w.listener.Close()
	w.hangUp(func(*line) bool { return true })
	return err
}

func (w *Wire) hangUp(which func(*line) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for l := range w.open {
		if which(l) {
			l.close()
		}
	}
}

func (w *Wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		if Mode(w.mode.Load()) == Cut {
			client.Close()
			continue
		}
		database, err := net.Dial("tcp", w.target)
		if err != nil {
			client.Close()
			continue
		}
		l := &line{wire: w, client: client, database: database}
		w.mu.Lock()
		if w.open[l] = true; w.ended {
			l.close()
		}
		w.mu.Unlock()
		go l.carryRequests()
		go l.carryAnswers()
	}
}

// line is one connection through the wire.
type line struct {
	wire             *Wire
	client, database net.Conn
	silent           atomic.Bool // something was swallowed
	losing           atomic.Int32
}

func (l *line) close() {
	l.client.Close()
	l.database.Close()
}

func (l *line) forget() {
	l.close()
	l.wire.mu.Lock()
	defer l.wire.mu.Unlock()
	delete(l.wire.open, l)
}

// pieceSize is above what one trip of the store has.
const pieceSize = 1 << 16

// swallowed reports whether a piece is to be dropped because the network is silent.
func (l *line) swallowed() bool {
	if Mode(l.wire.mode.Load()) == Silent {
		l.silent.Store(true)
	}
	return l.silent.Load()
}

func (l *line) carryRequests() {
	defer l.forget()
	piece := make([]byte, pieceSize)
	reader := &requests{}
	for {
		n, err := l.client.Read(piece)
		if err != nil {
			return
		}
		if reader.add(piece[:n]) {
			if mode, lose := l.wire.lose(); lose {
				if mode == LostRequests {
					l.wire.lost.Add(1)
					return
				}
				l.losing.Store(int32(mode))
			}
		}
		if l.swallowed() {
			continue
		}
		if _, err := l.database.Write(piece[:n]); err != nil {
			return
		}
	}
}

// lose reports whether a COMMIT is to be lost, and how.
func (w *Wire) lose() (Mode, bool) {
	mode := Mode(w.mode.Load())
	return mode, mode >= LostRequests && w.swallows.Add(-1) >= 0
}

func (l *line) carryAnswers() {
	defer l.forget()
	piece := make([]byte, pieceSize)
	var answer []byte // to a COMMIT that is to be lost
	for {
		n, err := l.database.Read(piece)
		if err != nil {
			return
		}
		mode := Mode(l.losing.Load())
		if mode != Whole {
			if answer = append(answer, piece[:n]...); !readyForQuery(answer) {
				continue
			}
			if bytes.Contains(answer, []byte("COMMIT\x00")) {
				l.wire.lost.Add(1)
			}
			if mode == LostAnswers {
				return
			}
			l.silent.Store(true)
			l.losing.Store(int32(Whole))
		}
		if l.swallowed() {
			continue
		}
		if _, err := l.client.Write(piece[:n]); err != nil {
			return
		}
	}
}

// readyForQuery reports whether an answer is whole: its last message says that the database waits for the next request.
func readyForQuery(answer []byte) bool {
	const size = 6 // the type, four bytes of length, and the state of the transaction
	return len(answer) >= size && bytes.HasPrefix(answer[len(answer)-size:], []byte{'Z', 0, 0, 0, 5})
}

// requests reads what a client sends, in pieces.
type requests struct {
	started bool // the first message has no type
	rest    []byte
	commits map[string]bool // names of prepared statements that are COMMIT
}

// add reads a piece and reports whether a COMMIT is in it, or ends in it.
func (r *requests) add(piece []byte) (commit bool) {
	r.rest = append(r.rest, piece...)
	for {
		header := 5
		if !r.started {
			header = 4
		}
		if len(r.rest) < header {
			return commit
		}
		size := header - 4 + int(binary.BigEndian.Uint32(r.rest[header-4:]))
		if size < header || len(r.rest) < size {
			return commit
		}
		if r.started && r.isCommit(r.rest[0], r.rest[header:size]) {
			commit = true
		}
		r.started, r.rest = true, r.rest[size:]
	}
}

// isCommit reads a message of the protocol: Query, or Parse of COMMIT and later a Bind of that.
func (r *requests) isCommit(kind byte, body []byte) bool {
	first, rest, _ := bytes.Cut(body, []byte{0})
	second, _, _ := bytes.Cut(rest, []byte{0})
	switch kind {
	case 'Q':
		return isCommit(first)
	case 'P': // name, statement
		if r.commits == nil {
			r.commits = map[string]bool{}
		}
		r.commits[string(first)] = isCommit(second)
	case 'B': // portal, name
		return r.commits[string(second)]
	}
	return false
}

func isCommit(statement []byte) bool { return strings.EqualFold(string(statement), "commit") }
