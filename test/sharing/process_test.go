//go:build clients

package sharing

import (
	"strings"
	"testing"
)

// Programs that know no single sign-on get credentials from `sallyport credentials`, and refresh the session by it.
func TestEverybodyTakesCredentialsFromTheProcess(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	h := newHome(t, d)
	h.loginWithBrowser(sessionProfile)
	d.take()
	for _, c := range clients {
		h.endsIn(session, -1)
		h.identify(processProfile, c)
		d.want(c.name, tally{refreshes: 1, getsRole: 1})
		h.identify(processProfile, c)
		d.want(c.name+" again", tally{})
	}
}

// A program under exec is the person in the role, whatever else the environment says.
func TestProgramsUnderExecHaveTheCredentials(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	h := newHome(t, d)
	h.loginWithBrowser(sessionProfile)
	for _, c := range clients {
		inner := c.identity(h)
		under := sallyport(t, append([]string{"exec", "--profile", sessionProfile, "--"}, inner.words...)...)
		under.folder = inner.folder
		under.env = append(inner.env, "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=another", "AWS_SESSION_TOKEN=another")
		isAlice(h.run(olderProfile, under).with(0))
	}
}

// exec becomes the program: its exit code and its signals are the program's.
func TestExecEndsAsTheProgramDoes(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	h := newHome(t, d)
	h.loginWithBrowser(sessionProfile)
	h.write("not-executable", "text")
	for _, row := range []struct {
		name  string
		words []string
		code  int
	}{
		{"it succeeds", []string{"true"}, 0},
		{"it fails", []string{"sh", "-c", "exit 42"}, 42},
		{"a signal ends it", []string{"sh", "-c", "kill -TERM $$"}, 128 + 15},
		{"its options are its own", []string{"sh", "-c", `test "$1" = --profile && test "$2" = other`, "sh", "--profile", "other"}, 0},
		{"there is none", []string{"no-such-program"}, 127},
		{"it cannot be run", []string{"./not-executable"}, 126},
	} {
		h.sallyport(sessionProfile, append([]string{"exec", "--"}, row.words...)...).with(row.code)
	}
	h.sallyport("", "logout").with(0)
	marker := h.folder + "/ran"
	h.sallyport(sessionProfile, "exec", "--", "touch", marker).with(255)
	if out := h.run("", command{words: []string{"ls", h.folder}}); strings.Contains(out.stdout, "ran") {
		t.Error("exec ran a program without credentials")
	}
}
