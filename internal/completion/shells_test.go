//go:build clients

package completion

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// The scripts run in real shells, at a real terminal where the shell has no other way to be asked. The build tag is that of the tests
// whose programs test/install installs.

// patience bounds the wait for a shell that does not answer.
const patience = 20 * time.Second

// folder is a home with files to complete, and with the program in bin.
func folder(t *testing.T) string {
	t.Helper()
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bin", "certs", "certs/inner"} {
		if err := os.Mkdir(filepath.Join(home, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"certs/authority.pem", "certs/with blank.pem"} {
		if err := os.WriteFile(filepath.Join(home, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(program, filepath.Join(home, "bin", "sallyport")); err != nil {
		t.Fatal(err)
	}
	for _, shell := range Shells {
		text, _ := Script(shell)
		if err := os.WriteFile(filepath.Join(home, "script."+shell), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

func command(t *testing.T, home, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: test/install installs it", name)
	}
	c := exec.Command(path, args...)
	c.Dir = home
	c.Env = []string{"HOME=" + home, "ZDOTDIR=" + home, "PATH=" + filepath.Join(home, "bin") + ":/usr/bin:/bin", "TERM=xterm", "LC_ALL=C.UTF-8"}
	return c
}

// terminal is a shell at a terminal.
type terminal struct {
	t    *testing.T
	pty  *os.File
	read chan []byte
	seen []byte
}

// prompt is what the shells are told to show when they wait.
const prompt = "READY> "

func open(t *testing.T, c *exec.Cmd, setup string) *terminal {
	t.Helper()
	file, err := pty.StartWithSize(c, &pty.Winsize{Rows: 50, Cols: 2000})
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, pty: file, read: make(chan []byte)}
	t.Cleanup(func() {
		if err := c.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = c.Wait() // killed
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		for range term.read {
		}
	})
	go func() {
		defer close(term.read)
		for {
			buffer := make([]byte, 4096)
			n, err := file.Read(buffer)
			if err != nil {
				return
			}
			term.read <- buffer[:n]
		}
	}()
	term.send(setup + "\r")
	term.wait("\n" + prompt)
	return term
}

func (term *terminal) send(keys string) {
	term.t.Helper()
	if _, err := term.pty.WriteString(keys); err != nil {
		term.t.Fatal(err)
	}
}

// wait returns what the terminal showed up to the text, and the text.
func (term *terminal) wait(text string) string {
	term.t.Helper()
	deadline := time.After(patience)
	for {
		if i := bytes.Index(term.seen, []byte(text)); i >= 0 {
			shown := string(term.seen[:i+len(text)])
			term.seen = term.seen[i+len(text):]
			return shown
		}
		select {
		case more, open := <-term.read:
			if !open {
				term.t.Fatalf("the shell ended; it showed %q", term.seen)
			}
			term.seen = append(term.seen, more...)
		case <-deadline:
			term.t.Fatalf("the shell never showed %q, but %q", text, term.seen)
		}
	}
}

// completed types a line with one tab behind it and returns the words that the shell would run: the line becomes the arguments of printf.
func (term *terminal) completed(line string) string {
	term.t.Helper()
	const start = "\x01" // Ctrl-A
	term.send(line + "\t" + start + "printf '<%s>' \r")
	shown := term.wait("\n" + prompt)
	_, words, found := strings.Cut(shown, "\n<sallyport>")
	if !found {
		term.t.Fatalf("%q ran as %q", line, shown)
	}
	words, _, _ = strings.Cut(escapes.ReplaceAllString(words, ""), "\r")
	return words
}

// escapes are control sequences (ECMA-48 §5.4).
var escapes = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)

// lines are what a tab makes of a line, in every shell: what is behind the program's name then.
var lines = []struct{ name, typed, want string }{
	{"a service", "sso-o", "<sso-oidc>"},
	{"an operation", "sso-oidc cre", "<sso-oidc><create-token>"},
	{"an operation after a global option", "--output json sso-oidc cre", "<--output><json><sso-oidc><create-token>"},
	{"an option", "sso-oidc create-token --gr", "<sso-oidc><create-token><--grant-type>"},
	{"a value with colons", "sso-oidc create-token --grant-type urn", "<sso-oidc><create-token><--grant-type><urn:ietf:params:oauth:grant-type:device_code>"},
	{"a value with colons, half of it typed", "sso-oidc create-token --grant-type urn:ietf:par",
		"<sso-oidc><create-token><--grant-type><urn:ietf:params:oauth:grant-type:device_code>"},
	{"a value behind an equals sign", "sso-oidc create-token --grant-type=urn:ie", "<sso-oidc><create-token><--grant-type=urn:ietf:params:oauth:grant-type:device_code>"},
	{"a value behind an equals sign of which nothing is typed but a letter", "--output=j", "<--output=json>"},
	{"a value with a letter that shells match files with", "sso-oidc create-token --scope sso-p", "<sso-oidc><create-token><--scope><sso-portal:*>"},
	{"a value with a blank", "--profile my", "<--profile><my profile>"},
	{"a value with a quote", "--profile it", "<--profile><it's>"},
	{"a value that would run if it were not quoted", "--profile \\$", "<--profile><$(touch harm)>"},
	{"a value in quotes that are open", "--profile 'my", "<--profile><my profile>"},
	{"a value in double quotes behind an equals sign", "--profile=\"my", "<--profile=my profile>"},
	{"a value behind one in quotes", "--profile 'my profile' --output \"json\" sso-oidc cre", "<--profile><my profile><--output><json><sso-oidc><create-token>"},
	{"a value with a backslash", "--profile my\\ p", "<--profile><my profile>"},
	{"a path", "--ca-bundle certs/au", "<--ca-bundle><certs/authority.pem>"},
	{"a path with a blank", "--ca-bundle certs/wi", "<--ca-bundle><certs/with blank.pem>"},
	{"a path behind an equals sign", "--ca-bundle=certs/au", "<--ca-bundle=certs/authority.pem>"},
	{"a folder, which a path goes on from", "--ca-bundle certs/in", "<--ca-bundle><certs/inner/>"},
	{"a path behind a scheme", "sso-oidc create-token --code file://certs/au", "<sso-oidc><create-token><--code><file://certs/authority.pem>"},
	{"a folder behind a scheme", "sso-oidc create-token --code file://cer", "<sso-oidc><create-token><--code><file://certs/>"},
	{"a path behind an equals sign and a scheme", "sso-oidc create-token --code=file://certs/au", "<sso-oidc><create-token><--code=file://certs/authority.pem>"},
	{"a path with a blank behind a scheme", "sso-oidc create-token --code file://certs/with\\ b", "<sso-oidc><create-token><--code><file://certs/with blank.pem>"},
	{"nothing that fits", "nothing", "<nothing>"},
}

func checkLines(t *testing.T, home string, term *terminal) {
	for _, line := range lines {
		t.Run(line.name, func(t *testing.T) {
			inner := *term
			inner.t = t
			if got := inner.completed("sallyport " + line.typed); got != line.want {
				t.Errorf("%s<tab> ran as %s, want %s", line.typed, got, line.want)
			}
			term.seen = inner.seen
		})
	}
	if _, err := os.Stat(filepath.Join(home, "harm")); err == nil {
		t.Error("a candidate was run")
	}
}

// The shells are told to write nothing but the line and what it prints, and to show the prompt, which the setup must not contain.
const bashSetup = "bind 'set enable-bracketed-paste off'; eval \"$(cat script.bash)\"; PS1=$'\\n'READY'> '"

// The same for zsh, around compinit: functions in folders of fpath come before it, a script to source after it.
const (
	zshQuiet  = "unsetopt prompt_sp prompt_cr auto_remove_slash; unset zle_bracketed_paste; bindkey -e; autoload -U compinit; "
	zshSource = "compinit -u; source ./script.zsh; "
	zshPrompt = "PS1=$'\\n'READY'> '"
)

func TestBash(t *testing.T) {
	home := folder(t)
	c := command(t, home, "bash", "--norc", "--noprofile", "-i")
	term := open(t, c, bashSetup)
	checkLines(t, home, term)
}

func TestZsh(t *testing.T) {
	home := folder(t)
	c := command(t, home, "zsh", "-f", "-i")
	term := open(t, c, zshQuiet+zshSource+zshPrompt)
	checkLines(t, home, term)
}

func TestZshShowsHelp(t *testing.T) {
	home := folder(t)
	term := open(t, command(t, home, "zsh", "-f", "-i"), zshQuiet+zshSource+zshPrompt)
	term.send("sallyport sso-oidc create-token --cod\t\t")
	term.wait("--code           -- Code")
	term.wait("--code-verifier  -- Verifier")
}

// A file in a folder of fpath is how packages install a script.
func TestZshLoadsTheScriptByItself(t *testing.T) {
	home := folder(t)
	if err := os.Rename(filepath.Join(home, "script.zsh"), filepath.Join(home, "bin", "_sallyport")); err != nil {
		t.Fatal(err)
	}
	term := open(t, command(t, home, "zsh", "-f", "-i"), zshQuiet+"fpath=(~/bin $fpath); compinit -u; "+zshPrompt)
	for range 2 { // the first time loads it
		if got := term.completed("sallyport sso-o"); got != "<sso-oidc>" {
			t.Errorf("got %s", got)
		}
	}
}

func TestBashListsWords(t *testing.T) {
	home := folder(t)
	term := open(t, command(t, home, "bash", "--norc", "--noprofile", "-i"), bashSetup)
	term.send("sallyport sso-oidc create-token --code\t\t")
	term.wait("--code           --code-verifier")
}

// The program is the one that the line names, wherever it is.
func TestBashAsksTheProgramOfTheLine(t *testing.T) {
	home := folder(t)
	if err := os.Rename(filepath.Join(home, "bin"), filepath.Join(home, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	term := open(t, command(t, home, "bash", "--norc", "--noprofile", "-i"), bashSetup)
	term.send("~/elsewhere/sallyport sso-o\t" + "\x01echo \r")
	if shown := term.wait("\n" + prompt); !strings.Contains(shown, "/elsewhere/sallyport sso-oidc\r\n") {
		t.Errorf("it ran %q", shown)
	}
}

func TestFish(t *testing.T) {
	cases := []struct{ name, typed, want string }{
		{"services with help", "ss", "sso-oidc\tGet tokens|sso\tList accounts"},
		{"an operation after a global option", "--output json sso-oidc cre", "create-token\tRedeem"},
		{"options", "sso-oidc create-token --cod", "--code\tCode|--code-verifier\tVerifier"},
		{"a value with colons", "sso-oidc create-token --grant-type urn:ietf:par", "urn:ietf:params:oauth:grant-type:device_code"},
		{"a value behind an equals sign", "--output=t", "--output=table|--output=text"},
		{"a value with a blank", "--profile my", "my profile\twith a blank"},
		{"a value behind one in quotes", "--profile 'my profile' --output \"json\" sso-oidc cre", "create-token\tRedeem"},
		{"a value in quotes that are open", "--profile 'my", "my profile\twith a blank"},
		{"a value in double quotes behind an equals sign", "--profile=\"my", "--profile=my profile\twith a blank"},
		{"a value with a backslash", "--profile my\\ p", "my profile\twith a blank"},
		{"a path", "--ca-bundle certs/au", "certs/authority.pem"},
		{"a path behind an equals sign", "--ca-bundle=certs/au", "--ca-bundle=certs/authority.pem"},
		{"a path behind a scheme", "sso-oidc create-token --code file://certs/", "file://certs/authority.pem|file://certs/inner/|file://certs/with blank.pem"},
		{"no files where none belong", "sso-oidc create-token --client-id ce", ""},
	}
	home := folder(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fish := command(t, home, "fish", "--no-config", "-c", "source script.fish; complete -C\"$argv[1]\"", "sallyport "+c.typed)
			out, err := fish.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if got := strings.ReplaceAll(strings.TrimRight(string(out), "\n"), "\n", "|"); got != c.want {
				t.Errorf("%s<tab> offers %q, want %q", c.typed, got, c.want)
			}
		})
	}
}
