package command

import (
	"os"

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

// ReadSecret reads a line from a terminal that does not show it.
func ReadSecret(terminal *os.File) ([]byte, error) { return term.ReadPassword(int(terminal.Fd())) }
