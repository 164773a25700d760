//go:build clients

package sharing

import (
	"strings"
	"testing"
	"time"
)

// A person has signed in with the AWS CLI; our commands use that session and refresh it, and the AWS CLI goes on with what they wrote.
func TestSallyportUsesTheSessionOfTheAWSCLI(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	h := newHome(t, d)
	h.signIn(sessionProfile, awsCLI2(h, "sso", "login", "--no-browser"))
	d.want("aws sso login", tally{registers: 1, asksForCode: 1, polls: 1})
	h.usesSignIn(sessionProfile, session)

	for range 2 {
		before := h.endsIn(session, -time.Minute)
		printed := strings.TrimSpace(h.sallyport(sessionProfile, "token").with(0).stdout)
		d.want("sallyport token", tally{refreshes: 1})
		after := h.kept(session)
		if printed != after.text("accessToken") || after.text("refreshToken") == before.text("refreshToken") {
			t.Error("`sallyport token` does not keep what it prints")
		}
		if after.text("registrationExpiresAt") != before.text("registrationExpiresAt") || after.text("clientId") != before.text("clientId") {
			t.Error("`sallyport token` changed whose the token is")
		}
		h.identify(sessionProfile, aws2)
		d.want(aws2.name, tally{getsRole: 1})
		h.endsIn(session, -time.Minute)
		h.identify(sessionProfile, aws2)
		d.want(aws2.name, tally{refreshes: 1, getsRole: 1})
		h.forgetRoles()
		h.usesSignIn(sessionProfile, session)
	}
}

// In the older form the profile has the start URL itself, and nobody refreshes.
func TestSallyportUsesTheOlderSessionOfTheAWSCLI(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	h := newHome(t, d)
	h.signIn(olderProfile, awsCLI2(h, "sso", "login", "--no-browser"))
	d.take()
	h.usesSignIn(olderProfile, h.startURL())

	h.endsIn(h.startURL(), -time.Minute)
	for _, words := range []string{"token", "whoami", "credentials", "sts get-caller-identity"} {
		refused := h.sallyport(olderProfile, strings.Fields(words)...)
		if refused.code != 255 || !strings.Contains(refused.stderr, "sallyport login") {
			t.Errorf("%s with a token that is over ended with %d and %q", words, refused.code, refused.stderr)
		}
	}
	d.want("commands with a token that is over", tally{})
}

// usesSignIn runs our commands on a session that somebody else began.
func (h *home) usesSignIn(profile, key string) {
	h.t.Helper()
	accessToken := h.kept(key).text("accessToken")
	if printed := strings.TrimSpace(h.sallyport(profile, "token").with(0).stdout); printed != accessToken {
		h.t.Errorf("token prints %q, want what the file has", printed)
	}
	h.door.want("token", tally{})
	if printed := h.sallyport(profile, "whoami", "--query", "[startUrl,length(accounts)]", "--output", "text").with(0).stdout; printed != h.startURL()+"\t4\n" {
		h.t.Errorf("whoami prints %q", printed)
	}
	h.door.want("whoami", tally{listsAccount: 1})
	if printed := h.sallyport(profile, "sso", "list-accounts", "--access-token", accessToken, "--query", "length(accountList)").with(0).stdout; printed != "4\n" {
		h.t.Errorf("sso list-accounts counts %q", printed)
	}
	h.door.want("sso list-accounts", tally{listsAccount: 1})
	h.sallyport(profile, "credentials").with(0)
	h.door.want("credentials", tally{getsRole: 1})
	h.identify(profile, ours)
	h.door.want("sts get-caller-identity with kept credentials", tally{})
	h.forgetRoles()
	h.identify(profile, ours)
	h.door.want("sts get-caller-identity", tally{getsRole: 1})
	h.forgetRoles()
}

// A client that one of the two has registered serves the other, so that signing in again and again registers nobody.
func TestRegistrationsAreShared(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for _, profile := range []string{sessionProfile, olderProfile} {
		t.Run(profile, func(t *testing.T) {
			h := newHome(t, d)
			login := func(what string, c command, registrations int) {
				h.signIn(profile, c)
				if asked := d.take(); asked[registers] != registrations || asked[asksForCode] != 1 {
					t.Errorf("%s asked for %v, want %d registrations and a code", what, asked, registrations)
				}
			}
			login("sallyport login", sallyport(t, "login"), 1)
			login("aws sso login", awsCLI2(h, "sso", "login", "--no-browser"), 0)
			login("sallyport login", sallyport(t, "login"), 0)
			if files := h.files(".aws/sso/cache"); len(files) != 2 {
				t.Errorf("the cache holds %q, want a token and a registration", files)
			}
		})
	}
}

// The client that a sign-in by browser has registered serves an AWS CLI that knows device codes only, and us the next time.
func TestARegistrationForTheBrowserServesOlderAWSCLIs(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	h := newHome(t, d)
	for _, asked := range []tally{{registers: 1, redeemsCode: 1}, {redeemsCode: 1}} {
		h.loginWithBrowser(sessionProfile)
		d.want("sallyport login", asked)
		h.signIn(sessionProfile, awsCLI2(h, "sso", "login", "--no-browser"))
		d.want("aws sso login", tally{asksForCode: 1, polls: 1})
	}
}

// The AWS CLI v2 and we keep credentials of roles under the same names.
func TestRoleCredentialsAreShared(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for _, row := range []struct {
		profile string
		login   func(h *home, profile string)
	}{{sessionProfile, (*home).loginWithBrowser}, {olderProfile, (*home).loginWithDevice}} {
		t.Run(row.profile, func(t *testing.T) {
			h := newHome(t, d)
			row.login(h, row.profile)
			d.take()
			for _, c := range []client{ours, aws2} {
				h.forgetRoles()
				h.identify(row.profile, c)
				d.want(c.name, tally{getsRole: 1})
				h.sallyport(row.profile, "credentials").with(0)
				d.want("credentials after "+c.name, tally{})
			}
			h.forgetRoles()
			h.sallyport(row.profile, "credentials").with(0)
			h.isPrivate(".aws/cli")
			d.want("credentials", tally{getsRole: 1})
			for _, c := range []client{ours, aws2} {
				h.identify(row.profile, c)
				d.want(c.name+" after credentials", tally{})
			}
		})
	}
}
