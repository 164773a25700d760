//go:build clients

package sharing

import "testing"

// Whoever signs out is signed out everywhere, at the server too.
func TestSigningOutEndsTheSessionForEverybody(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		logout func(h *home) command
	}{
		{"by sallyport", func(h *home) command { return sallyport(h.t, "logout") }},
		{"by sallyport, of one profile", func(h *home) command { return sallyport(h.t, "logout", "--profile", sessionProfile) }},
		{"by the AWS CLI", func(h *home) command { return awsCLI2(h, "sso", "logout") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			h := newHome(t, d)
			h.loginWithBrowser(sessionProfile)
			h.identify(sessionProfile, ours)
			h.identify(sessionProfile, aws2)
			accessToken := h.kept(session).text("accessToken")
			if !d.opens(accessToken) {
				t.Fatal("the token does not work before the sign-out")
			}
			d.take()
			h.run("", row.logout(h)).with(0)
			d.want("logout", tally{logsOut: 1})
			if d.opens(accessToken) {
				t.Error("the server takes the token after the sign-out")
			}
			if live := d.liveSessions(); live != 0 {
				t.Errorf("%d sessions live at the server after the sign-out", live)
			}
			if left := h.files(".aws/sso/cache"); len(left) != 1 { // the registration
				t.Errorf("the cache holds %q after the sign-out, want a registration", left)
			}
			if left := h.files(".aws/cli/cache"); len(left) != 0 {
				t.Errorf("credentials of roles are left after the sign-out: %q", left)
			}
			for _, c := range clients {
				if left := h.run(sessionProfile, c.identity(h)); left.code == 0 {
					t.Errorf("%s finds credentials after the sign-out: %s", c.name, left.stdout)
				}
			}
			for _, word := range []string{"token", "whoami", "credentials"} {
				h.sallyport(sessionProfile, word).with(255)
			}
			d.want("programs after the sign-out", tally{})
		})
	}
}
