package commandline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sallyport/test/harness"
	"sallyport/test/terminal"
)

// person sits at a terminal and has the server of a test at hand.
type person struct {
	t      *testing.T
	server *server
	home   string
	env    []string
}

func newPerson(t *testing.T, script string) *person {
	t.Helper()
	t.Parallel()
	answers, err := parseAnswers(script)
	if err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, home: t.TempDir()}
	p.server = startServer(answers, p.home, false)
	t.Cleanup(p.server.Close)
	p.env = []string{
		"HOME=" + p.home, "PATH=" + os.Getenv("PATH"), "AWS_REGION=eu-west-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL=" + p.server.URL,
	}
	return p
}

// pager makes a shell script the pager.
func (p *person) pager(script string) {
	p.t.Helper()
	path := filepath.Join(p.home, "pager.sh")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.env = append(p.env, "AWS_PAGER=sh "+path)
}

// createToken types a call on the terminal.
func (p *person) createToken() *terminal.Terminal {
	p.t.Helper()
	return terminal.Start(p.t, terminal.Program{
		Command: []string{harness.Binary(p.t), "sso-oidc", "create-token", "--client-id", "i", "--client-secret", "s", "--grant-type", "g"},
		Env:     p.env, Dir: p.home,
	})
}

func wantExit(t *testing.T, screen *terminal.Terminal, want int) {
	t.Helper()
	if got := screen.Wait(); got != want {
		t.Errorf("exit code %d, want %d\n%s", got, want, screen.Text())
	}
}

func TestControlCEndsACallThatWaits(t *testing.T) {
	p := newPerson(t, "=== POST /token hang\n")
	screen := p.createToken()
	<-p.server.arrived
	screen.Press(terminal.CtrlC)
	wantExit(t, screen, 130)
	if got := screen.Raw(); got != "^C\r\n" {
		t.Errorf("the terminal shows %q, want what was typed and a newline", got)
	}
}

func TestControlCEndsACallBetweenAttempts(t *testing.T) {
	p := newPerson(t, "=== POST /token 500\n=== POST /token hang\n")
	screen := p.createToken()
	<-p.server.arrived
	screen.Press(terminal.CtrlC)
	wantExit(t, screen, 130)
	if got := screen.Raw(); got != "^C\r\n" {
		t.Errorf("the terminal shows %q, want what was typed and a newline", got)
	}
}

// aKey waits for one line from the terminal, which a pager reads keys from while its standard input is the text.
const aKey = "read key </dev/tty; "

func TestControlCBelongsToThePagerWhileItRuns(t *testing.T) {
	p := newPerson(t, "=== POST /token\n"+`{"tokenType": "Bearer"}`)
	// A shell that reads a key notices a signal from just before only after the key: it looks again and again instead.
	p.pager("trap 'echo caught; caught=yes' INT; cat; echo shown; while [ -z \"$caught\" ]; do sleep 0.01; done; " + aKey + "echo left")
	screen := p.createToken()
	screen.WaitFor("shown")
	screen.Press(terminal.CtrlC)
	screen.WaitFor("caught")
	screen.Press(terminal.Enter)
	wantExit(t, screen, 0)
	if got := screen.Text(); !strings.Contains(got, `"tokenType": "Bearer"`) || !strings.Contains(got, "left") {
		t.Errorf("the terminal shows\n%s", got)
	}
}

// A pager that is left early breaks the pipe. The text is far longer than a pipe holds, so that somebody is still writing.
func TestAPagerCanBeLeftEarly(t *testing.T) {
	const long = 1 << 20
	p := newPerson(t, "=== POST /token\n"+`{"accessToken": "`+strings.Repeat("x", long)+`"}`)
	p.pager("head -c 20; echo; echo first page; while [ \"$key\" != q ]; do " + aKey + "done")
	screen := p.createToken()
	screen.WaitFor("first page")
	screen.Type("q")
	screen.Press(terminal.Enter)
	wantExit(t, screen, 0)
	if got := screen.Text(); strings.Contains(got, "ERROR") {
		t.Errorf("the terminal shows\n%s", got)
	}
}
