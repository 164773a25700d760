//go:build unix

package autoprompt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"sallyport/test/terminal"
)

// programVariable makes the test binary the program under test: one prompt with the words that the variable holds.
const programVariable = "AUTOPROMPT_TEST_WORDS"

func TestMain(m *testing.M) {
	if initial, set := os.LookupEnv(programVariable); set {
		os.Exit(promptOnce(strings.Fields(initial)))
	}
	os.Exit(m.Run())
}

// promptOnce prints the words that come back, and exits as a command does. SIGUSR1 cancels its context.
func promptOnce(initial []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGUSR1)
	defer stop()
	words, err := Prompt(ctx, example(), Terminal{In: os.Stdin, Out: os.Stdout}, initial)
	var interrupted *InterruptedError
	switch {
	case errors.As(err, &interrupted):
		fmt.Printf("left %s\n", interrupted.Line)
		return 130
	case err != nil:
		fmt.Printf("failed: %v\n", err)
		return 255
	}
	text, _ := json.Marshal(words)
	fmt.Printf("words %s\n", text)
	return 0
}

func prompt(t *testing.T, initial string, change func(*terminal.Program)) *terminal.Terminal {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := terminal.Program{Command: []string{self}, Env: []string{programVariable + "=" + initial, "HOME=" + t.TempDir()}}
	if change != nil {
		change(&p)
	}
	return terminal.Start(t, p)
}

// ends checks the exit code, what is left on the screen, and that the terminal is as it was.
func ends(t *testing.T, s *terminal.Terminal, code int, screen string) {
	t.Helper()
	if got := s.Wait(); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
	if got := s.Text(); strings.TrimSpace(got) != screen {
		t.Errorf("leaves %q on the screen, want %q", got, screen)
	}
	if _, _, shown := s.Cursor(); s.AlternateScreen() || !shown {
		t.Error("the terminal is not as it was")
	}
}

func TestACommandIsPutTogetherWithKeys(t *testing.T) {
	s := prompt(t, "sso-oidc", nil)
	s.WaitFor("> tool sso-oidc")
	s.WaitFor("create-token     exchange a code")
	s.Press(terminal.Down)
	s.WaitFor("* create-token")
	s.Press(terminal.Enter)
	s.WaitFor("--client-secret          [required] its secret")
	s.Type("--client-id zoë'")
	s.WaitFor("--client-id zoë'")
	s.Press(terminal.Enter)
	s.WaitFor("a quotation mark is not closed")
	s.Press(terminal.Backspace)
	s.Type(" --client-secret one")
	s.WaitFor("of client one")
	s.Press(terminal.Tab)
	s.WaitFor("--client-secret ********")
	s.Press(terminal.Enter)
	s.WaitFor("missing: --grant-type")
	s.Press(terminal.F3)
	s.WaitFor("PAGE OF sso-oidc create-token")
	s.Type("--grant-type refr")
	s.WaitFor("PAGE OF sso-oidc create-token --grant-type")
	s.Press(terminal.Tab, terminal.Enter)
	ends(t, s, 0, `words ["sso-oidc","create-token","--client-id","zoë","--client-secret","s3cr3t value","--grant-type","refresh_token"]`)
	if strings.Contains(s.Raw(), "hunter2") {
		t.Error("a known secret was drawn")
	}
}

func TestControlCLeavesWithTheLine(t *testing.T) {
	s := prompt(t, "sso", nil)
	s.WaitFor("logout  end the session")
	s.Press(terminal.CtrlC)
	ends(t, s, 130, "left tool sso")
}

func TestSignalsAndTheEndOfTheContextRestoreTheTerminal(t *testing.T) {
	for _, c := range []struct {
		signal syscall.Signal
		code   int
		left   string
	}{
		{syscall.SIGINT, 130, "left tool sso"},
		{syscall.SIGTERM, 130, "left tool sso"},
		{syscall.SIGUSR1, 255, "failed: user defined signal 1 signal received"},
	} {
		t.Run(c.signal.String(), func(t *testing.T) {
			s := prompt(t, "sso", nil)
			s.WaitFor("logout  end the session")
			s.Signal(c.signal)
			ends(t, s, c.code, c.left)
		})
	}
}

// After the editor has gone, the terminal must echo and cut lines again: a shell that starts the editor and reads a line shows it.
func TestTheTerminalEchoesAgainAfterwards(t *testing.T) {
	s := prompt(t, "sso", func(p *terminal.Program) {
		p.Command = []string{"sh", "-c", `"$0"; echo "code $?"; stty -a | grep -o -w -e '-\{0,1\}echo' -e '-\{0,1\}icanon'`, p.Command[0]}
		p.Env = append(p.Env, "PATH="+os.Getenv("PATH"))
	})
	s.WaitFor("logout  end the session")
	s.Press(terminal.CtrlC)
	s.WaitFor("code 130")
	s.Wait()
	if got := s.Text(); strings.Contains(got, "-echo") || strings.Contains(got, "-icanon") || !strings.Contains(got, "icanon") {
		t.Errorf("the terminal is left as\n%s", got)
	}
}

func TestAResizeDrawsAnew(t *testing.T) {
	s := prompt(t, "sso-oidc create-token", nil)
	s.WaitFor("F1 keys  F3 help  Ctrl-C leave")
	s.Resize(30, 6)
	s.WaitFor("12 items")
	s.WaitUntil("cut the keys at the edge", func(text string) bool { return !strings.Contains(text, "F1 keys  F3") })
	s.Resize(100, 30)
	s.WaitFor("F1 keys  F3 help  Ctrl-C leave")
	s.WaitFor("--version                tell which")
	s.Press(terminal.CtrlC)
	ends(t, s, 130, "left tool sso-oidc create-token")
}

// An answer would come too late when the editor ends at once, and the shell would take it as typed.
func TestTheTerminalIsAskedNothing(t *testing.T) {
	for _, name := range []string{"xterm-256color", "xterm-kitty", "alacritty", "screen", "linux"} {
		s := prompt(t, "sso", func(p *terminal.Program) {
			p.Env = append(p.Env, "TERM="+name, "TERM_PROGRAM=WezTerm", "WT_SESSION=1")
		})
		s.WaitFor("logout  end the session")
		s.Press(terminal.CtrlC)
		ends(t, s, 130, "left tool sso")
		if question := regexp.MustCompile(`\x1b\[[?>=]?[0-9;]*(\$p|[cnq])|\x1b\[\?u|\x1bP|\?\x07`).FindString(s.Raw()); question != "" {
			t.Errorf("TERM=%s: asks %q", name, question)
		}
	}
}

func TestALongPasteIsTakenWhole(t *testing.T) {
	s := prompt(t, "--output", nil)
	s.WaitFor("value of --output")
	long := strings.Repeat("0123456789", 2000)
	s.Paste(long + "\r\nend")
	s.WaitFor("6789 end")
	s.Press(terminal.Enter)
	s.WaitFor("unknown: end")
	s.Press(terminal.Enter)
	if code := s.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if got, want := strings.TrimSpace(s.Text()), `words ["--output","`+long+`","end"]`; got != want {
		t.Errorf("got %d bytes, want %d", len(got), len(want))
	}
}

func TestTheSmallestTerminalTakesAndRunsALine(t *testing.T) {
	s := prompt(t, "configure", func(p *terminal.Program) { p.Columns, p.Rows = 9, 1 })
	s.WaitFor("nfigure")
	s.Type("list")
	s.WaitFor("ist") // wrapped after its first letter
	s.Press(terminal.Enter)
	ends(t, s, 0, `words ["configure","list"]`)
}

func TestNoColourIsEverUsed(t *testing.T) {
	s := prompt(t, "", func(p *terminal.Program) { p.Env = append(p.Env, "COLORTERM=truecolor", "CLICOLOR_FORCE=1") })
	s.WaitFor("configure  settings")
	s.Press(terminal.Down)
	s.WaitFor("* sso")
	s.Press(terminal.CtrlC)
	s.Wait()
	for _, colour := range []string{"\x1b[3", "\x1b[4", ";3", ";4"} {
		for rest := s.Raw(); ; {
			_, after, found := strings.Cut(rest, colour)
			if !found {
				break
			}
			if end := strings.IndexAny(after, "mHrRABCDGKJXP@LMdhltq"); end >= 0 && after[end] == 'm' {
				t.Errorf("colour in %q", colour+after[:end+1])
			}
			rest = after
		}
	}
}

func TestWhereNobodyCanBeAskedThePromptRefuses(t *testing.T) {
	for _, name := range []string{"dumb", ""} {
		s := prompt(t, "", func(p *terminal.Program) { p.Env = append(p.Env, "TERM="+name) })
		if code := s.Wait(); code != 255 || s.Text() != "failed: "+errDumb.Error() || strings.Contains(s.Raw(), "\x1b") {
			t.Errorf("TERM=%q: exit code %d, %q", name, code, s.Raw())
		}
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	s := prompt(t, "", func(p *terminal.Program) { p.Stdin = null })
	if code := s.Wait(); code != 255 || s.Text() != "failed: "+ErrNoTerminal.Error() {
		t.Errorf("without standard input: exit code %d, %q", code, s.Text())
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	piped := exec.Command(self)
	piped.Env = []string{programVariable + "=", "TERM=xterm"}
	if out, err := piped.Output(); err == nil || string(out) != "failed: "+ErrNoTerminal.Error()+"\n" {
		t.Errorf("without a terminal: %q, %v", out, err)
	}
}
