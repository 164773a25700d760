package client

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

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
	return line(command.Await(ctx, func() ([]byte, error) { return bufio.NewReader(s.Stdin).ReadBytes('\n') }))
}

func hiddenLine(ctx context.Context, terminal *os.File, prompt string) (string, error) {
	fmt.Fprint(terminal, prompt)
	defer fmt.Fprintln(terminal)
	return line(command.ReadSecret(ctx, terminal))
}

// line is what was read, which may end without the end of a line.
func line(text []byte, err error) (string, error) {
	if err == io.EOF {
		err = nil
	}
	return string(text), err
}
