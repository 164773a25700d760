package terminal

import "strings"

// Key is a key of the keyboard, as the sequence that xterm sends for it.
type Key string

// The keys that tests press.
const (
	Enter     Key = "\r"
	Tab       Key = "\t"
	ShiftTab  Key = "\x1b[Z"
	Escape    Key = "\x1b"
	Backspace Key = "\x7f"
	Space     Key = " "
	Up        Key = "\x1b[A"
	Down      Key = "\x1b[B"
	Right     Key = "\x1b[C"
	Left      Key = "\x1b[D"
	Home      Key = "\x1b[H"
	End       Key = "\x1b[F"
	PageUp    Key = "\x1b[5~"
	PageDown  Key = "\x1b[6~"
	Delete    Key = "\x1b[3~"
	F1        Key = "\x1bOP"
	F2        Key = "\x1bOQ"
	F3        Key = "\x1bOR"
	F4        Key = "\x1bOS"
	F5        Key = "\x1b[15~"
	F10       Key = "\x1b[21~"
	CtrlA     Key = "\x01"
	CtrlC     Key = "\x03"
	CtrlD     Key = "\x04"
	CtrlE     Key = "\x05"
	CtrlK     Key = "\x0b"
	CtrlU     Key = "\x15"
	CtrlW     Key = "\x17"
	CtrlZ     Key = "\x1a"
)

// sequence is what the key sends; arrows, Home and End send another one once the program asked for application keys (DECCKM).
func (k Key) sequence(application bool) string {
	if rest, cursorKey := strings.CutPrefix(string(k), "\x1b["); application && cursorKey && len(rest) == 1 && strings.Contains("ABCDHF", rest) {
		return "\x1bO" + rest
	}
	return string(k)
}
