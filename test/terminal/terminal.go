// Package terminal runs a real program on a pseudo-terminal for tests, as a person at a terminal would: it types, presses keys, looks at the
// screen and waits for what must appear there. It owns the child process and a small emulator of the terminal; what the program should do
// is the test's business.
//
// Nothing here sleeps. Waiting ends with the output that was waited for, with the end of the program, or with the deadline, which fails
// the test and shows the screen.
package terminal

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// patience is how long one wait may last: far above what any program under test needs on a busy machine.
const patience = 30 * time.Second

// drainTime is how long Wait listens for output after the program has ended. A child of it may keep the terminal open for ever.
const drainTime = 2 * time.Second

// The size of a terminal when the test gives none: the size that every program expects.
const (
	defaultColumns = 80
	defaultRows    = 24
)

// readSize is one read of output, more than a kernel buffer of a pseudo-terminal holds.
const readSize = 8 << 10

// Program tells what to run. Nothing of the environment of the test is passed on but what Env says, except that TERM is xterm-256color
// when Env has none.
type Program struct {
	Command       []string // the program and its arguments; the program is looked up in PATH of the test
	Env           []string // name=value
	Dir           string   // empty is the folder of the test
	Columns, Rows int      // 0 is 80 and 24

	// What is not nil takes the place of the terminal, so that a test can look at standard output while prompts go to the terminal.
	// The terminal stays the controlling one (/dev/tty) in any case.
	Stdin          *os.File
	Stdout, Stderr *os.File
}

// Terminal is a running program and the screen it draws on.
type Terminal struct {
	t      testing.TB
	cmd    *exec.Cmd
	master *os.File

	mu      sync.Mutex
	screen  *screen
	raw     []byte
	changed chan struct{} // closed and made anew with each frame of output

	typed  chan []byte   // what goes to the program, in order; a writer of its own so that nobody waits for a full terminal
	drawn  chan struct{} // closed when no more output can come
	exited chan struct{} // closed when the program has ended
}

// Start runs the program. The test's end kills what is left of it.
func Start(t testing.TB, p Program) *Terminal {
	t.Helper()
	if p.Columns == 0 {
		p.Columns = defaultColumns
	}
	if p.Rows == 0 {
		p.Rows = defaultRows
	}
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatalf("terminal: open a pseudo-terminal: %v", err)
	}
	defer slave.Close()
	s := &Terminal{
		t: t, cmd: p.command(slave), master: master, screen: newScreen(p.Columns, p.Rows), changed: make(chan struct{}),
		typed: make(chan []byte, 1024), drawn: make(chan struct{}), exited: make(chan struct{}),
	}
	s.setSize(p.Columns, p.Rows)
	if err := s.cmd.Start(); err != nil {
		master.Close()
		t.Fatalf("terminal: start %q: %v", p.Command, err)
	}
	go s.read()
	go s.write()
	go func() {
		s.cmd.Wait()
		close(s.exited)
	}()
	t.Cleanup(s.end)
	return s
}

func (p Program) command(slave *os.File) *exec.Cmd {
	cmd := exec.Command(p.Command[0], p.Command[1:]...)
	cmd.Dir = p.Dir
	cmd.Env = append([]string{"TERM=xterm-256color"}, p.Env...)
	files := []*os.File{p.Stdin, p.Stdout, p.Stderr, nil}
	controlling := -1
	for i, file := range files {
		if file == nil {
			files[i] = slave
			if controlling < 0 {
				controlling = i
			}
		}
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = files[0], files[1], files[2]
	if controlling == 3 {
		cmd.ExtraFiles = files[3:]
	}
	cmd.SysProcAttr = leaderOf(controlling)
	return cmd
}

func (s *Terminal) setSize(columns, rows int) {
	if err := pty.Setsize(s.master, &pty.Winsize{Cols: uint16(columns), Rows: uint16(rows)}); err != nil {
		s.t.Fatalf("terminal: set the size: %v", err)
	}
}

// read draws what the program writes until the last writer has closed the terminal, and answers what the program asks.
func (s *Terminal) read() {
	defer close(s.drawn)
	chunk := make([]byte, readSize)
	for {
		n, err := s.master.Read(chunk)
		s.mu.Lock()
		s.raw = append(s.raw, chunk[:n]...)
		s.screen.Write(chunk[:n])
		answer := s.screen.takeAnswers()
		if !s.screen.midFrame || err != nil {
			close(s.changed)
			s.changed = make(chan struct{})
		}
		s.mu.Unlock()
		if len(answer) > 0 {
			s.send(answer)
		}
		if err != nil { // EIO on Linux, EOF elsewhere: nobody has the terminal open
			return
		}
	}
}

func (s *Terminal) write() {
	for {
		select {
		case text := <-s.typed:
			if _, err := s.master.Write(text); err != nil {
				return
			}
		case <-s.drawn:
			return
		}
	}
}

func (s *Terminal) send(text []byte) {
	select {
	case s.typed <- text:
	case <-s.drawn:
	}
}

// Type sends text as typed. A line feed in it is sent as it is; press Enter for a line's end.
func (s *Terminal) Type(text string) { s.send([]byte(text)) }

// Paste sends text as the terminal sends what is pasted: in brackets when the program asked for them.
func (s *Terminal) Paste(text string) {
	s.mu.Lock()
	bracketed := s.screen.bracketedPaste
	s.mu.Unlock()
	if bracketed {
		text = "\x1b[200~" + text + "\x1b[201~"
	}
	s.send([]byte(text))
}

// Press sends keys one after the other. After Escape, wait for its effect before the next key: programs tell a lone Escape from the
// beginning of another key by what follows it.
func (s *Terminal) Press(keys ...Key) {
	for _, key := range keys {
		s.mu.Lock()
		application := s.screen.applicationKeys
		s.mu.Unlock()
		s.send([]byte(key.sequence(application)))
	}
}

// Resize changes the size of the terminal; the program gets SIGWINCH.
func (s *Terminal) Resize(columns, rows int) {
	s.t.Helper()
	s.mu.Lock()
	s.screen.resize(columns, rows)
	s.mu.Unlock()
	s.setSize(columns, rows)
}

// Signal sends a signal to the program alone.
func (s *Terminal) Signal(signal os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.t.Fatalf("terminal: signal: %v", err)
	}
}

// Screen returns what is to be seen: one line for each row, blanks at their ends and empty rows at the bottom cut off.
func (s *Terminal) Screen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.String()
}

// Text returns what the screen shows and what has scrolled off its top, with lines that were wrapped at the edge put together again
// and the blanks of a prompt kept up to the cursor. While the program shows the alternate screen, it is that screen alone.
func (s *Terminal) Text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.text()
}

// Cursor tells where the cursor is, from 0, and whether it is shown.
func (s *Terminal) Cursor() (column, row int, shown bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.x, s.screen.y, !s.screen.cursorHidden
}

// AlternateScreen tells whether the program shows the alternate screen.
func (s *Terminal) AlternateScreen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.alternate
}

// Raw returns every byte the program has written.
func (s *Terminal) Raw() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.raw)
}

// WaitFor waits until Text has the words. Words that were there before count: wait for what only the awaited change shows.
func (s *Terminal) WaitFor(words string) {
	s.t.Helper()
	s.WaitUntil(fmt.Sprintf("show %q", words), func(text string) bool { return strings.Contains(text, words) })
}

// WaitForMatch waits until Text matches and returns the match and its groups.
func (s *Terminal) WaitForMatch(pattern *regexp.Regexp) []string {
	s.t.Helper()
	var found []string
	s.WaitUntil(fmt.Sprintf("show a match of %s", pattern), func(text string) bool {
		found = pattern.FindStringSubmatch(text)
		return found != nil
	})
	return found
}

// WaitUntil waits until the function says yes to Text; what completes "the program does not …" in the test's failure.
func (s *Terminal) WaitUntil(what string, satisfied func(text string) bool) {
	s.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		s.mu.Lock()
		text, changed := s.screen.text(), s.changed
		s.mu.Unlock()
		if satisfied(text) {
			return
		}
		select {
		case <-changed:
		case <-s.drawn:
			if text = s.Text(); !satisfied(text) {
				s.t.Fatalf("terminal: the program has ended and does not %s\n%s", what, s.framed())
			}
			return
		case <-deadline.C:
			s.t.Fatalf("terminal: the program does not %s within %s\n%s", what, patience, s.framed())
		}
	}
}

// Wait waits for the end of the program and of its output and returns the exit code: 128+n after death by signal n, as shells tell it.
func (s *Terminal) Wait() int {
	s.t.Helper()
	select {
	case <-s.exited:
	case <-time.After(patience):
		s.t.Fatalf("terminal: the program does not end within %s\n%s", patience, s.framed())
	}
	select {
	case <-s.drawn:
	case <-time.After(drainTime):
	}
	status := s.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// framed is the screen for a failure's message.
func (s *Terminal) framed() string {
	var b strings.Builder
	b.WriteString("the screen:\n")
	for line := range strings.SplitSeq(s.Screen(), "\n") {
		b.WriteString("  | " + line + "\n")
	}
	return b.String()
}

// end kills the session that Start made and closes the terminal.
func (s *Terminal) end() {
	killSession(s.cmd.Process)
	<-s.exited
	s.master.Close()
	<-s.drawn
}

var _ io.Writer = (*screen)(nil)
