//go:build clients

package sharing

import (
	"strings"
	"testing"
	"time"
)

// Everybody refreshes what everybody else has written. Between two refreshes `sallyport token` reads what lies there.
func TestEverybodyRefreshesWhatEverybodyWrote(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	h := newHome(t, d)
	h.loginWithBrowser(sessionProfile)
	d.take()
	writer := "login"
	for _, i := range everyPair(len(clients)) {
		c := clients[i]
		before := h.endsIn(session, -time.Minute)
		h.identify(sessionProfile, c)
		what := c.name + " after " + writer
		d.want(what, tally{refreshes: 1, getsRole: 1})
		after := h.kept(session)
		if after.text("refreshToken") == before.text("refreshToken") || after.text("refreshToken") == "" {
			t.Fatalf("%s: the refresh token in the file is not the new one", what)
		}
		if c.keeps && after[foreignMember] != foreignValue {
			t.Errorf("%s: a member of the file that it does not know is lost", what)
		}
		printed := strings.TrimSpace(h.sallyport(sessionProfile, "token").with(0).stdout)
		if printed != after.text("accessToken") || !d.opens(printed) {
			t.Errorf("%s: `sallyport token` prints %q, which is not the new token of the file", what, printed)
		}
		d.want("sallyport token", tally{})
		writer = c.name
	}
	h.isPrivate(".aws/sso")
	if live := d.liveSessions(); live != 1 {
		t.Errorf("%d sessions live at the server, want the one of the login", live)
	}
}

// everyPair is a walk over n places in which each is followed by each, itself among them, once: a de Bruijn cycle of Lyndon words of one
// and two letters.
func everyPair(n int) []int {
	var walk []int
	for a := range n {
		walk = append(walk, a)
		for b := a + 1; b < n; b++ {
			walk = append(walk, a, b)
		}
	}
	return append(walk, walk[0])
}

// A token that ends soon is refreshed before it does, by every command that needs it.
func TestSallyportRefreshesBeforeTheEnd(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	h := newHome(t, d)
	h.loginWithBrowser(sessionProfile)
	d.take()
	for _, row := range []struct {
		args  []string
		asked tally // beside a refresh
	}{
		{[]string{"token"}, tally{}},
		{[]string{"whoami"}, tally{listsAccount: 1}},
		{[]string{"credentials"}, tally{getsRole: 1}},
		{[]string{"exec", "--", "true"}, tally{getsRole: 1}},
		{[]string{"sts", "get-caller-identity"}, tally{getsRole: 1}},
	} {
		words := strings.Join(row.args, " ")
		h.endsIn(session, 16*time.Minute)
		h.sallyport(sessionProfile, row.args...).with(0)
		d.want(words+" with 16 minutes left", row.asked)
		h.endsIn(session, 14*time.Minute)
		h.sallyport(sessionProfile, row.args...).with(0)
		row.asked[refreshes] = 1
		d.want(words+" with 14 minutes left", row.asked)
	}
}

// When the server takes the refresh token no more, everything says that the sign-in has ended and what mends it.
func TestSallyportTellsThatASessionHasEnded(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	h := newHome(t, d)
	h.loginWithBrowser(sessionProfile)
	d.server.Advance(100 * 24 * time.Hour)
	for _, words := range []string{"token", "whoami", "credentials", "exec -- true", "sts get-caller-identity"} {
		h.endsIn(session, -time.Minute)
		refused := h.sallyport("", append(strings.Fields(words), "--profile", sessionProfile)...)
		if words == "exec -- true" {
			refused = h.sallyport("", "exec", "--profile", sessionProfile, "--", "true")
		}
		if refused.code != 255 || !strings.Contains(refused.stderr, "sallyport login --profile "+sessionProfile) {
			t.Errorf("%s ended with %d and %q", words, refused.code, refused.stderr)
		}
	}
}
