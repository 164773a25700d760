package wire

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// message is one of the protocol.
func message(kind byte, texts ...string) []byte {
	var body []byte
	for _, text := range texts {
		body = append(append(body, text...), 0)
	}
	m := binary.BigEndian.AppendUint32([]byte{kind}, uint32(4+len(body)))
	m = append(m, body...)
	if kind == 0 {
		return m[1:] // of the start
	}
	return m
}

func join(messages ...[]byte) (all []byte) {
	for _, m := range messages {
		all = append(all, m...)
	}
	return all
}

var start = message(0, "user", "postgres")

func TestACommitIsKnown(t *testing.T) {
	prepare := message('P', "s1", "COMMIT")
	for _, row := range []struct {
		name string
		sent []byte
		want int
	}{
		{"nothing but a start", start, 0},
		{"a query", join(start, message('Q', "commit")), 1},
		{"another query", join(start, message('Q', "SELECT 'COMMIT'")), 0},
		{"COMMIT is prepared", join(start, prepare), 0},
		{"a prepared COMMIT is sent twice", join(start, prepare, message('B', "", "s1"), message('S'), message('B', "", "s1")), 2},
		{"another statement is sent", join(start, prepare, message('P', "s2", "SELECT 1"), message('B', "", "s2")), 0},
		{"a COMMIT without a name", join(start, message('P', "", "COMMIT"), message('B', "", "")), 1},
		{"a name that is used again", join(start, message('P', "", "COMMIT"), message('P', "", "SELECT 1"), message('B', "", "")), 0},
		{"a length that cannot be", join(start, []byte{'Q', 0, 0, 0, 1, 0}, message('Q', "commit")), 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			whole, got := &requests{}, 0
			if whole.add(row.sent) != (row.want > 0) {
				t.Errorf("as one piece it is %v that a COMMIT is there", row.want == 0)
			}
			parts := &requests{}
			for i := range row.sent {
				if parts.add(row.sent[i : i+1]) {
					got++
				}
			}
			if got != row.want {
				t.Errorf("byte by byte %d are found, want %d", got, row.want)
			}
		})
	}
}

func FuzzRequests(f *testing.F) {
	f.Add(join(start, message('P', "s1", "COMMIT"), message('B', "", "s1")), uint8(3))
	f.Fuzz(func(t *testing.T, sent []byte, at uint8) {
		whole, parts := &requests{}, &requests{}
		cut := min(int(at), len(sent))
		first := parts.add(sent[:cut])
		if second := parts.add(sent[cut:]); whole.add(sent) != (first || second) {
			t.Errorf("cut at %d something else is found in %q", cut, sent)
		}
	})
}

// echo is a database that answers each COMMIT, and everything else with itself.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				reader, piece := &requests{}, make([]byte, pieceSize)
				for {
					n, err := c.Read(piece)
					if err != nil {
						return
					}
					if reader.add(piece[:n]) {
						c.Write(join(message('C', "COMMIT"), []byte{'Z', 0, 0, 0, 5, 'I'}))
					} else {
						c.Write(piece[:n])
					}
				}
			}()
		}
	}()
	return "postgres://somebody@" + listener.Addr().String() + "/database"
}

// brief is how long these tests wait for what must not come.
const brief = 30 * time.Millisecond

func TestAWireDoesWhatItIsSetTo(t *testing.T) {
	commit := message('Q', "COMMIT")
	for _, row := range []struct {
		name  string
		mode  Mode
		lost  int64
		check func(t *testing.T, c net.Conn)
	}{
		{"whole", Whole, 0, func(t *testing.T, c net.Conn) { exchange(t, c, commit, nil) }},
		{"cut", Cut, 0, func(t *testing.T, c net.Conn) { exchange(t, c, commit, io.EOF) }},
		{"silent", Silent, 0, func(t *testing.T, c net.Conn) { exchange(t, c, commit, os.ErrDeadlineExceeded) }},
		{"the request is lost", LostRequests, 1, func(t *testing.T, c net.Conn) { exchange(t, c, commit, io.EOF) }},
		{"the answer is lost", LostAnswers, 1, func(t *testing.T, c net.Conn) {
			exchange(t, c, message('Q', "SELECT"), nil)
			exchange(t, c, commit, io.EOF)
		}},
		{"the answer is lost, and nobody says so", LostSilently, 1, func(t *testing.T, c net.Conn) {
			exchange(t, c, commit, os.ErrDeadlineExceeded)
			exchange(t, c, message('Q', "SELECT"), os.ErrDeadlineExceeded)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			database := echo(t)
			w, err := New(database)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			c := dial(t, w)
			exchange(t, c, start, nil)
			w.Set(row.mode, 1)
			row.check(t, c)
			if w.Lost() != row.lost {
				t.Errorf("%d COMMITs were lost, want %d", w.Lost(), row.lost)
			}
			w.Set(Whole, 0)
			c = dial(t, w)
			exchange(t, c, start, nil)
			exchange(t, c, commit, nil)
		})
	}
}

func dial(t *testing.T, w *Wire) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", w.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// exchange sends a message and wants an answer, or none by reason of want.
func exchange(t *testing.T, c net.Conn, sent []byte, want error) {
	t.Helper()
	c.Write(sent) // a line that is cut says so where it is read
	patience := 10 * time.Second
	if errors.Is(want, os.ErrDeadlineExceeded) {
		patience = brief
	}
	c.SetReadDeadline(time.Now().Add(patience))
	_, err := c.Read(make([]byte, pieceSize))
	if closed := err != nil && !errors.Is(err, os.ErrDeadlineExceeded); errors.Is(want, io.EOF) && closed {
		return
	}
	if !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
}
