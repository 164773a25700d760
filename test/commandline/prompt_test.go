package commandline

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sallyport/test/harness"
	"sallyport/test/terminal"
)

// promptStage is a server that remembers bodies, and a home with a profile and a sign-in.
type promptStage struct {
	t      *testing.T
	url    string
	home   string
	bodies chan string
}

func newPromptStage(t *testing.T) *promptStage {
	t.Helper()
	s := &promptStage{t: t, home: t.TempDir(), bodies: make(chan string, 9)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.bodies <- string(body)
		io.WriteString(w, `{"accessToken":"it-worked"}`)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	s.file(".aws/config", "[profile work]\nregion = eu-north-1\ncli_auto_prompt = on-partial\n")
	s.file(".aws/sso/cache/0123456789abcdef0123456789abcdef01234567.json",
		`{"startUrl":"https://acme.example/start","region":"eu-north-1","accessToken":"aoa-cached","expiresAt":"2999-01-01T00:00:00Z","refreshToken":"aor-cached","clientId":"cached-client","clientSecret":"cached-secret"}`)
	return s
}

func (s *promptStage) file(name, content string) {
	s.t.Helper()
	path := filepath.Join(s.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *promptStage) start(env []string, args ...string) *terminal.Terminal {
	s.t.Helper()
	env = append(env, "HOME="+s.home, "PATH="+os.Getenv("PATH"), "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL="+s.url, "AWS_PAGER=")
	return terminal.Start(s.t, terminal.Program{Command: append([]string{harness.Binary(s.t)}, args...), Env: env, Columns: 100, Rows: 30})
}

// A whole command is put together from the menu, with values that the machine knows, and runs.
func TestAutoPromptPutsACommandTogether(t *testing.T) {
	t.Parallel()
	s := newPromptStage(t)
	screen := s.start(nil, "--cli-auto-prompt")
	screen.WaitFor("Register clients")
	screen.Type("sso-oidc create-tok")
	screen.WaitFor("Redeem a device code")
	screen.Press(terminal.Tab, terminal.Enter)
	screen.WaitFor("--client-id")
	screen.Type("--client-id ")
	screen.WaitFor("cached-client")
	screen.Type("cached-client --client-secret ")
	screen.WaitFor("client secret of the sign-in at https://acme.example/start")
	if strings.Contains(screen.Text(), "cached-secret") {
		t.Error("the menu shows a secret")
	}
	screen.Type("other --grant-type ")
	screen.WaitFor("authorization_code")
	screen.Type("refresh_token")
	screen.Press(terminal.Enter)
	screen.WaitFor("it-worked")
	if exit := screen.Wait(); exit != 0 {
		t.Errorf("exit %d", exit)
	}
	if got, want := <-s.bodies, `{"clientId": "cached-client", "clientSecret": "other", "grantType": "refresh_token"}`; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
}

// With on-partial, a command that is understood runs at once, and one that is not comes up for editing.
func TestAutoPromptMendsWhatWasNotUnderstood(t *testing.T) {
	t.Parallel()
	complete := []string{"sso-oidc", "create-token", "--client-id", "a", "--client-secret", "b", "--grant-type", "c"}
	for _, env := range []string{"AWS_CLI_AUTO_PROMPT=on-partial", "AWS_PROFILE=work"} {
		s := newPromptStage(t)
		if screen := s.start([]string{env}, complete...); screen.Wait() != 0 || !strings.Contains(screen.Text(), "it-worked") {
			t.Errorf("%s: a complete command: %s", env, screen.Text())
		}
		screen := s.start([]string{env}, complete[:6]...)
		screen.WaitFor("> sallyport sso-oidc create-token --client-id a --client-secret b")
		screen.Type(" --grant-type c")
		screen.Press(terminal.Enter)
		screen.WaitFor("it-worked")
		if exit := screen.Wait(); exit != 0 {
			t.Errorf("%s: exit %d", env, exit)
		}
	}
}

func TestAutoPromptIsLeftWithoutRunning(t *testing.T) {
	t.Parallel()
	s := newPromptStage(t)
	screen := s.start([]string{"AWS_CLI_AUTO_PROMPT=on"}, "sso-oidc", "create-token", "--code", "x")
	screen.WaitFor("> sallyport sso-oidc create-token --code x")
	screen.Press(terminal.CtrlC)
	if exit := screen.Wait(); exit != 130 || len(s.bodies) != 0 {
		t.Errorf("exit %d after %d requests", exit, len(s.bodies))
	}
	if !strings.Contains(screen.Text(), "sso-oidc create-token --code x") {
		t.Errorf("what was typed is lost: %s", screen.Text())
	}
}

// Help, the version and --no-cli-auto-prompt are not asked about.
func TestAutoPromptKeepsOutOfTheWay(t *testing.T) {
	t.Parallel()
	s := newPromptStage(t)
	for _, args := range [][]string{{"--version"}, {"sso", "help"}, {"sso-oidc", "create-token", "--no-cli-auto-prompt"}} {
		screen := s.start([]string{"AWS_CLI_AUTO_PROMPT=on", "PAGER=cat"}, args...)
		exit := screen.Wait()
		if screen.AlternateScreen() || (exit != 0) != (args[len(args)-1] == "--no-cli-auto-prompt") {
			t.Errorf("%v: exit %d: %s", args, exit, screen.Text())
		}
	}
}
