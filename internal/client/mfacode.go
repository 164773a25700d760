package client

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"sallyport/internal/command"
)

// askCode asks the person at the terminal for the code of a device, without showing it. Where there is no terminal, a line of standard
// input is the code.
func (s *Settings) askCode(ctx context.Context, serial string) (string, error) {
	prompt := fmt.Sprintf("Enter MFA code for %s: ", serial)
	code, err := s.readHidden(ctx, prompt)
	if err != nil {
		return "", err
	}
	if code = strings.TrimRight(code, "\r\n"); code == "" {
		return "", command.OtherError("Error when retrieving credentials from assume-role: no MFA code for %s was given", serial)
	}
	return code, nil
}

func (s *Settings) readHidden(ctx context.Context, prompt string) (string, error) {
	terminal, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return s.readLine(ctx, prompt)
	}
	defer terminal.Close()
	return hiddenLine(ctx, terminal, prompt)
}

func (s *Settings) readLine(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(s.Stderr, prompt)
	return interruptible(ctx, func() (string, error) { return bufio.NewReader(s.Stdin).ReadString('\n') })
}

func hiddenLine(ctx context.Context, terminal *os.File, prompt string) (string, error) {
	before, err := term.GetState(int(terminal.Fd()))
	if err != nil {
		return "", err
	}
	defer term.Restore(int(terminal.Fd()), before) // an interrupt leaves the reading where it is
	fmt.Fprint(terminal, prompt)
	defer fmt.Fprintln(terminal)
	return interruptible(ctx, func() (string, error) {
		code, err := term.ReadPassword(int(terminal.Fd()))
		return string(code), err
	})
}

// interruptible reads in the background, since a read does not end with its context.
func interruptible(ctx context.Context, read func() (string, error)) (string, error) {
	type line struct {
		text string
		err  error
	}
	lines := make(chan line, 1)
	go func() {
		text, err := read()
		lines <- line{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case read := <-lines:
		if read.err == io.EOF {
			read.err = nil
		}
		return read.text, read.err
	}
}
