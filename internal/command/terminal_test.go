package command

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// terminals are a terminal and the person's side of it.
func terminals(t *testing.T) (person, terminal *os.File) {
	t.Helper()
	person, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close(); terminal.Close() })
	return person, terminal
}

func stateOf(t *testing.T, terminal *os.File) term.State {
	t.Helper()
	state, err := term.GetState(int(terminal.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return *state
}

// endsSoon is a context that has ended whenever somebody looks again.
type endsSoon struct {
	context.Context
	looked bool
}

func (e *endsSoon) Err() error {
	if !e.looked {
		e.looked = true
		return nil
	}
	return e.Context.Err()
}

func TestAnInterruptLeavesTheTerminalAsItWas(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	for _, c := range []struct {
		name string
		ctx  context.Context
	}{
		{"before the question", ended},
		{"while the reading begins", &endsSoon{Context: ended}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, terminal := terminals(t)
			before := stateOf(t, terminal)
			if _, err := ReadSecret(c.ctx, terminal); !errors.Is(err, context.Canceled) {
				t.Errorf("it ended with %v", err)
			}
			for range 1000 { // what the reading does late
				if stateOf(t, terminal) != before {
					t.Fatal("typing stays hidden")
				}
				runtime.Gosched()
			}
		})
	}
}

func TestASecretIsReadWithoutItsLineEnd(t *testing.T) {
	person, terminal := terminals(t)
	before := stateOf(t, terminal)
	if _, err := io.WriteString(person, "hunter2\n"); err != nil {
		t.Fatal(err)
	}
	text, err := ReadSecret(t.Context(), terminal)
	if err != nil || string(text) != "hunter2" {
		t.Errorf("got %q, %v", text, err)
	}
	if stateOf(t, terminal) != before {
		t.Error("typing stays hidden")
	}
}
