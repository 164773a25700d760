package terminal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"sallyport/test/terminal"
)

func shell(script string) terminal.Program {
	return terminal.Program{Command: []string{"sh", "-c", script}, Env: []string{"PATH=" + os.Getenv("PATH"), "PS1=$ "}}
}

func TestAProgramSeesTheTerminalItIsGiven(t *testing.T) {
	p := shell(`stty size; tty -s && echo terminal; echo "$TERM $GIVEN"; pwd`)
	p.Columns, p.Rows, p.Dir = 40, 7, t.TempDir()
	p.Env = append(p.Env, "GIVEN=environment")
	s := terminal.Start(t, p)
	if code := s.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"7 40\n", "terminal\n", "xterm-256color environment", filepath.Base(p.Dir)} {
		if !strings.Contains(s.Text(), want) {
			t.Errorf("no %q in\n%s", want, s.Text())
		}
	}
}

func TestTypingReachesTheProgram(t *testing.T) {
	s := terminal.Start(t, shell(`printf 'name? '; read name; echo "hello, $name"; exit 3`))
	s.WaitFor("name? ")
	s.Type("wörld")
	s.Press(terminal.Enter)
	if got := s.WaitForMatch(regexp.MustCompile(`hello, (\S+)`)); got[1] != "wörld" {
		t.Errorf("greets %q", got[1])
	}
	if code := s.Wait(); code != 3 {
		t.Errorf("exit code %d", code)
	}
}

func TestControlCAndSignalsEndAProgramAsShellsTellIt(t *testing.T) {
	pressed := terminal.Start(t, shell(`echo ready; read forever`))
	pressed.WaitFor("ready")
	pressed.Press(terminal.CtrlC)
	if code := pressed.Wait(); code != 130 {
		t.Errorf("exit code %d after Ctrl-C", code)
	}
	signalled := terminal.Start(t, shell(`echo ready; read forever`))
	signalled.WaitFor("ready")
	signalled.Signal(syscall.SIGTERM)
	if code := signalled.Wait(); code != 143 {
		t.Errorf("exit code %d after SIGTERM", code)
	}
}

func TestAResizeReachesTheProgram(t *testing.T) {
	s := terminal.Start(t, shell(`trap 'stty size; exit' WINCH; echo ready; while :; do read line; done`))
	s.WaitFor("ready")
	s.Resize(33, 11)
	s.WaitFor("11 33")
	s.Wait()
}

func TestAQuestionOfTheProgramIsAnswered(t *testing.T) {
	s := terminal.Start(t, shell(`stty raw -echo; printf 'abc\033[6n'; answer=$(dd bs=1 count=6 2>/dev/null); stty sane; printf '\r\n'; printf %s "$answer" | od -An -c`))
	s.WaitFor("033   [   1   ;   4   R")
	s.Wait()
}

func TestKeysFollowTheModesOfTheTerminal(t *testing.T) {
	s := terminal.Start(t, shell(`stty raw -echo; show() { dd bs=1 count=$1 2>/dev/null | od -An -c; printf '\r'; }
		printf 'ready\r\n'; show 3; printf '\033[?1h\033[?2004happlication\r\n'; show 3; show 14`))
	s.WaitFor("ready")
	s.Press(terminal.Up)
	s.WaitFor("033   [   A")
	s.WaitFor("application")
	s.Press(terminal.Up)
	s.WaitFor("033   O   A")
	s.Paste("xy")
	s.WaitFor("033   [   2   0   0   ~   x   y 033   [   2   0   1   ~")
	s.Wait()
}

func TestStandardOutputCanGoElsewhereWhilePromptsStay(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	p := shell(`echo data; echo prompt >/dev/tty; echo trouble >&2`)
	p.Stdin, p.Stdout, p.Stderr = null, out, out
	s := terminal.Start(t, p)
	if code := s.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if got := s.Text(); got != "prompt" {
		t.Errorf("the terminal shows %q", got)
	}
	if got, err := os.ReadFile(out.Name()); err != nil || string(got) != "data\ntrouble\n" {
		t.Errorf("the file holds %q (%v)", got, err)
	}
}

func TestWhatWasWrittenLastIsSeenAfterTheEnd(t *testing.T) {
	s := terminal.Start(t, shell(`i=0; while [ $i -lt 2000 ]; do echo "line $i"; i=$((i+1)); done; printf '\033[?1049halternate\033[?25l'`))
	s.Wait()
	if !s.AlternateScreen() || s.Screen() != "" && !strings.Contains(s.Screen(), "alternate") {
		t.Errorf("shows %q", s.Screen())
	}
	if _, _, shown := s.Cursor(); shown {
		t.Error("the cursor is shown")
	}
	if raw := s.Raw(); !strings.Contains(raw, "line 0\r\n") || !strings.Contains(raw, "line 1999\r\n") {
		t.Error("output is missing")
	}
}

func TestAChildThatStaysDoesNotKeepTheTestWaiting(t *testing.T) {
	s := terminal.Start(t, shell(`trap '' HUP; (while :; do sleep 1000; done) & echo done`))
	if code := s.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if got := s.Text(); got != "done" {
		t.Errorf("shows %q", got)
	}
}
