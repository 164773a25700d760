//go:build clients

package sharing

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Whoever signed in with `sallyport login` is signed in everywhere.
func TestEverybodyUsesTheSessionOfLogin(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		login   func(h *home, profile string)
		profile string
		asked   tally
	}{
		{"by browser", (*home).loginWithBrowser, sessionProfile, tally{registers: 1, redeemsCode: 1}},
		{"by device code", (*home).loginWithDevice, sessionProfile, tally{registers: 1, asksForCode: 1, polls: 1}},
		{"in the older form", (*home).loginWithDevice, olderProfile, tally{registers: 1, asksForCode: 1, polls: 1}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			h := newHome(t, d)
			row.login(h, row.profile)
			h.isPrivate(".aws/sso")
			d.want("login", row.asked)
			for _, c := range clients {
				h.forgetRoles()
				h.identify(row.profile, c)
				d.want(c.name, tally{getsRole: 1})
			}
		})
	}
}

// Names of sessions may hold anything. Those who can read such a section of the configuration find the same file.
func TestEverybodyFindsASessionOfAnyName(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for _, row := range []struct {
		name    string
		section string // as the AWS CLI wants it written
		needs   naming
	}{
		{"team@home/dev:1.x+%", "team@home/dev:1.x+%", plainNames},
		{"späteSchicht", "späteSchicht", unquotedNames},
		{"späte Schicht", `"späte Schicht"`, anyNames},
		{`back\slash "mark"`, `'back\slash "mark"'`, anyNames},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHome(t, d)
			h.write(".aws/config", fmt.Sprintf("[sso-session %s]\n%ssso_registration_scopes = sso:account:access\n[profile demo]\nsso_session = %s\n%s\n%s",
				row.section, h.signInKeys(), row.name, h.roleKeys(), h.services()))
			h.loginWithBrowser(sessionProfile)
			d.take()
			for _, c := range clients {
				if c.reads < row.needs {
					continue
				}
				h.endsIn(row.name, -time.Minute)
				h.identify(sessionProfile, c)
				d.want(c.name, tally{refreshes: 1, getsRole: 1})
			}
		})
	}
}

// Where nothing can be written, what is there is used, and everything else says what is wrong.
func TestAHomeThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	h := newHome(t, d)
	h.loginWithBrowser(sessionProfile)
	h.forgetRoles()
	h.freeze()
	for _, words := range [][]string{{"token"}, {"whoami"}, {"credentials"}, {"exec", "--", "true"}, {"sts", "get-caller-identity"}} {
		h.run(sessionProfile, unprivileged(sallyport(t, words...))).with(0)
	}
	d.take()

	h.thaw()
	h.endsIn(session, -time.Minute)
	h.freeze()
	for _, words := range [][]string{{"token"}, {"whoami"}, {"credentials"}, {"exec", "--", "true"}, {"sts", "get-caller-identity"}, {"login"}, {"logout"}} {
		failed := h.run(sessionProfile, unprivileged(sallyport(t, words...)))
		if failed.code != 255 || !strings.Contains(failed.stderr, "permission denied") || !strings.Contains(failed.stderr, h.folder) {
			t.Errorf("%q ended with %d and %q", words, failed.code, failed.stderr)
		}
	}
	if asked := d.take(); asked[refreshes]+asked[asksForCode] > 0 {
		t.Errorf("the server was asked for %v, which nobody could keep", asked)
	}
}
