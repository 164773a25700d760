//go:build clients

package sharing

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/ssocache"
	"sallyport/test/harness"
)

// The files of a process that waits for the start: it says that it is there by a line on one, and starts when the other ends.
const (
	gateFile  = 3
	readyFile = 4
)

// atGate is the program behind the gate, for those that do not wait themselves.
func atGate(c command) command {
	c.words = append([]string{"sh", "-c", `echo >&4; read -r nothing <&3; exec "$@" 3<&- 4>&-`, "sh"}, c.words...)
	return c
}

// race are processes that start at once.
type race struct {
	h         *home
	processes []*exec.Cmd
	printed   []*bytes.Buffer // by each
	said      []*bytes.Buffer // by each, on standard error
	gate      *os.File
}

// lineUp starts the processes and returns when all of them stand at the gate.
func (h *home) lineUp(commands []command) *race {
	h.t.Helper()
	gate, open := h.pipe()
	ready, say := h.pipe()
	r := &race{h: h, gate: open}
	for _, c := range commands {
		program, stop := h.program(sessionProfile, c)
		h.t.Cleanup(stop)
		printed, said := &bytes.Buffer{}, &bytes.Buffer{}
		program.Stdout, program.Stderr, program.ExtraFiles = printed, said, []*os.File{gate, say}
		if err := program.Start(); err != nil {
			h.t.Fatal(err)
		}
		r.processes, r.printed, r.said = append(r.processes, program), append(r.printed, printed), append(r.said, said)
	}
	gate.Close()
	say.Close()
	for left := len(commands); left > 0; {
		n, err := ready.Read(make([]byte, left))
		if left -= n; err != nil {
			h.t.Fatalf("%d processes never came to the gate: %s", left, r.said)
		}
	}
	ready.Close()
	return r
}

func (h *home) pipe() (reader, writer *os.File) {
	h.t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		h.t.Fatal(err)
	}
	return reader, writer
}

// start opens the gate.
func (r *race) start() { r.gate.Close() }

// finish waits for all and returns what each printed. All have to succeed.
func (r *race) finish() []string {
	r.h.t.Helper()
	var printed []string
	for i, program := range r.processes {
		if err := program.Wait(); err != nil {
			r.h.t.Fatalf("%q: %v\n%s", program.Args, err, r.said[i])
		}
		printed = append(printed, strings.TrimSpace(r.printed[i].String()))
	}
	return printed
}

// allWait waits until each process has been seen to do nothing in the program: it has read the old token and waits for the lock. One that
// is thought so too early makes the race a little easier, and nothing else.
func (r *race) allWait(program string) {
	r.h.t.Helper()
	waiting := make([]bool, len(r.processes))
	deadline := time.Now().Add(patience)
	for left := len(waiting); left > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			r.h.t.Fatalf("%d of %d processes do not wait for the lock", left, len(waiting))
		}
		for i, process := range r.processes {
			if !waiting[i] && isIdle(process.Process.Pid, program) {
				waiting[i] = true
				left--
			}
		}
	}
}

// isIdle reports whether all threads of a process sleep, and it runs the program; or whether it has ended, which the test will hear of.
func isIdle(pid int, program string) bool {
	folder := fmt.Sprintf("/proc/%d", pid)
	if stat, err := os.ReadFile(folder + "/stat"); err == nil && bytes.Contains(stat, []byte(") Z ")) {
		return true
	}
	if path, err := os.Readlink(folder + "/exe"); err != nil || path != program {
		return false
	}
	threads, err := filepath.Glob(folder + "/task/*/stat")
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		_, state, found := bytes.Cut(stat, []byte(") ")) // pid (name) state …
		if err != nil || !found || state[0] != 'S' {
			return false
		}
	}
	return err == nil && len(threads) > 0
}

const (
	racers = 16
	rounds = 50
)

// Sixteen processes find the token at its end at the same moment, fifty times. One refreshes; all print what it got.
func TestSixteenProcessesRefreshOnce(t *testing.T) {
	d := newDoor(t)
	h := newHome(t, d)
	h.loginWithBrowser(sessionProfile)
	d.take()
	var commands []command
	for range racers {
		commands = append(commands, atGate(sallyport(t, "token")))
	}
	cache := ssocache.Open(filepath.Dir(h.tokenFile(session)))
	last := h.kept(session).text("accessToken")
	for round := range rounds {
		h.endsIn(session, -time.Minute)
		unlock, err := cache.Lock(t.Context(), ssocache.TokenKey(session, ""))
		if err != nil {
			t.Fatal(err)
		}
		r := h.lineUp(commands)
		r.start()
		r.allWait(harness.Binary(t))
		unlock()
		printed := r.finish()
		token := h.kept(session).text("accessToken")
		for _, one := range printed {
			if one != token {
				t.Fatalf("round %d: the file has %q, and a process printed %q", round, token, one)
			}
		}
		if token == last || !d.opens(token) {
			t.Fatalf("round %d: the token is not a new one that works", round)
		}
		d.want(fmt.Sprintf("round %d", round), tally{refreshes: 1})
		last = token
	}
	h.stillSignedIn()
}

// mixedRounds are fewer, because programs in other languages take their time.
const mixedRounds = 5

// Others do not know our lock. They refresh beside us with the same refresh token, all at the same moment; the server gives all of them the
// same answer, and the session lives on. Nobody fails: not those who read while others write in place, either. Of those there is one,
// since two would spoil the file for each other, and have always done so.
func TestOthersRefreshBesideSallyport(t *testing.T) {
	python := command{words: []string{harness.InVenv("python"), filepath.Join(harness.Root(), "test", "sharing", "bearer.py")}}
	program := command{words: []string{itself(t)}, env: []string{roleEnvironment + "=" + roleToken}}
	for _, row := range []struct {
		name   string
		tokens []command               // others that print the token
		others func(h *home) []command // and that print something else
	}{
		{"two programs in Python and two in Go", []command{python, python, program, program}, func(*home) []command { return nil }},
		{"one in JavaScript", nil, func(h *home) []command { return []command{atGate(javaScript(h))} }},
		{"the AWS CLI v2", nil, func(h *home) []command { return []command{atGate(awsCLI2(h, "sts", "get-caller-identity"))} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := newDoor(t)
			h := newHome(t, d)
			h.loginWithBrowser(sessionProfile)
			h.identify(sessionProfile, ours) // makes the folder of the credentials, at which AWS CLI 2.9 fails when it is not the only one
			d.take()
			others := append(row.others(h), atGate(sallyport(t, "sts", "get-caller-identity")), atGate(sallyport(t, "credentials")))
			commands := slices.Clone(row.tokens)
			for len(commands)+len(others) < racers {
				commands = append(commands, atGate(sallyport(t, "token")))
			}
			tokens := len(commands)
			commands = append(commands, others...)
			callers := len(row.tokens) + len(row.others(h)) + 1 // one of ours
			for round := range mixedRounds {
				h.endsIn(session, -time.Minute)
				r := h.lineUp(commands)
				d.gather(callers)
				r.start()
				printed := r.finish()
				token := h.kept(session).text("accessToken")
				for i, one := range printed[:tokens] {
					if one != token {
						t.Fatalf("round %d: the file has %q, and %q printed %q", round, token, commands[i].words, one)
					}
				}
				if !d.opens(token) {
					t.Fatalf("round %d: the server does not take the token", round)
				}
				if asked := d.take(); asked[refreshes] != callers {
					t.Errorf("round %d: %d refreshed, want %d", round, asked[refreshes], callers)
				}
			}
			h.stillSignedIn()
		})
	}
}

// stillSignedIn checks that nobody lost the session: it is the one of the login, and can be refreshed.
func (h *home) stillSignedIn() {
	h.t.Helper()
	if live := h.door.liveSessions(); live != 1 {
		h.t.Errorf("%d sessions live at the server, want the one of the login", live)
	}
	before := h.endsIn(session, -time.Minute)
	h.sallyport(sessionProfile, "whoami").with(0)
	if h.kept(session).text("refreshToken") == before.text("refreshToken") {
		h.t.Error("the session is not refreshed after the race")
	}
}
