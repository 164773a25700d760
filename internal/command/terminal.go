package command

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/term"
)

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// TerminalWidth is how many columns a stream has, if it is a terminal that tells.
func TerminalWidth(stream any) (columns int, terminal bool) {
	file, ok := stream.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		columns = 0
	}
	return columns, true
}

// ReadSecret reads a line from a terminal that does not show it. When ctx ends the terminal is as it was, and whatever is typed is left to the
// next that reads: the program has to end.
func ReadSecret(ctx context.Context, terminal *os.File) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	fd := int(terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	text, err := Await(ctx, func() ([]byte, error) {
		defer close(ended)
		return term.ReadPassword(fd)
	})
	if ctx.Err() != nil {
		awaitHidden(fd, before, ended)
		return nil, errors.Join(ctx.Err(), term.Restore(fd, before))
	}
	return text, err
}

const (
	// hiddenLooks and hiddenPause bound the wait for a reading to begin, which takes microseconds: a terminal that hid its typing before shows
	// nothing of it.
	hiddenLooks = 100
	hiddenPause = time.Millisecond
)

// awaitHidden waits until a reading that has just been begun hides what is typed, or has ended. It does so when it likes, and if that were after the
// terminal is restored, typing would stay hidden in the shell.
func awaitHidden(fd int, before *term.State, ended <-chan struct{}) {
	for range hiddenLooks {
		if now, err := term.GetState(fd); err != nil || *now != *before {
			return
		}
		select {
		case <-ended:
			return
		case <-time.After(hiddenPause):
		}
	}
}

// Await reads from a person or a pipe, which may take for ever, and ends when ctx does. The reading itself cannot be ended: it goes on until the
// program ends.
func Await(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type answer struct {
		text []byte
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		text, err := read()
		answered <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case a := <-answered:
		return a.text, a.err
	}
}
