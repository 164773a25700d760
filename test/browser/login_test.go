//go:build clients

package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"sallyport/internal/web"
	"sallyport/test/harness"
)

// Debian's AWS CLI signs in by the device flow, and a person approves in the browser. The person is alice of the demo, who administers
// the account of the first profile.
const (
	person    = "alice"
	accountID = "111122223333"
	roleName  = "AdministratorAccess"
	// accountCount is how many accounts of the demo the person has.
	accountCount = 4
)

// session is the name of the sso-session in the configurations below.
const session = "sallyport"

func commandLine(s *harness.Server) web.CommandLine {
	return web.CommandLine{Session: session, StartURL: s.AWSStartURL(), Region: s.Region, Endpoint: s.Endpoint}
}

// sessionConfig is a configuration with one sso-session and the profile demo.
func sessionConfig(s *harness.Server) string {
	c := commandLine(s)
	return c.SessionFragment() + "\n" + c.ProfileFragment(web.Account{ID: accountID}, web.Role{Name: roleName, Profile: "demo"})
}

// printedConfig is the configuration that the server prints when it starts, with the profile demo as well.
func printedConfig(t *testing.T, s *harness.Server) string {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(glance) { // it comes after the ready file
		_, rest, _ := strings.Cut(s.Log.String(), "1. Add this to ~/.aws/config:\n")
		if config, _, whole := strings.Cut(rest, "\n2. aws sso login --profile demo\n"); whole {
			return config
		}
	}
	t.Fatalf("the server does not print what to do next\n%s", s.Log)
	return ""
}

// legacyConfig is a configuration as it was before there were sso-sessions: the profile itself has the start URL.
func legacyConfig(s *harness.Server) string {
	_, services, _ := strings.Cut(commandLine(s).SessionFragment(), "\n\n")
	return fmt.Sprintf("[profile demo]\nsso_start_url = %s\nsso_region = %s\nsso_account_id = %s\nsso_role_name = %s\nregion = %s\nservices = %s\n\n%s",
		s.AWSStartURL(), s.Region, accountID, roleName, s.Region, session, services)
}

// A newcomer takes the configuration from the portal page, signs in with the command that stands there, and uses the profile.
func TestLoginWithWhatThePortalPageSays(t *testing.T) {
	s := harness.Start(t)
	alice := sharedChromium(t).newPerson(t)
	alice.visit(s.StartURL)
	alice.signIn(s, person)
	alice.heading("Your accounts")
	fragment := alice.text("#setup pre")
	alice.click("details.cli summary")
	profile, command := alice.text("details.cli pre"), alice.text("details.cli pre ~ pre")
	words := strings.Fields(command)
	if len(words) != 5 || strings.Join(words[:4], " ") != "aws sso login --profile" {
		t.Fatalf("the page says to sign in by %q", command)
	}
	cli := newAWSCLI(t, s, fragment+"\n"+profile)

	login := cli.login(words[3:]...)
	alice.visit(login.complete)
	alice.heading("Does this match your device?") // and no sign-in: the browser is signed in
	alice.click(approveButton)
	alice.heading("Device approved")
	if out := login.wait().succeeded(); !strings.Contains(out, "Successfully logged into Start URL: "+s.AWSStartURL()) {
		t.Errorf("aws sso login printed %q", out)
	}
	cli.isAlice(words[4])
}

// An sso-session profile, as the server prints it: a token of one hour with a refresh token.
func TestLoginWithSessionProfile(t *testing.T) {
	s := harness.Start(t)
	cli := newAWSCLI(t, s, printedConfig(t, s))
	alice := sharedChromium(t).newPerson(t)

	login := cli.login("--profile", "demo")
	alice.visit(login.complete)
	alice.signIn(s, person)
	alice.heading("Does this match your device?")
	if shown := alice.text(".code [aria-hidden]"); shown != login.code {
		t.Errorf("the page shows the code %q, the CLI %q", shown, login.code)
	}
	alice.click(approveButton)
	alice.heading("Device approved")
	login.wait().succeeded()

	token := cli.token(session)
	if token.RefreshToken == "" {
		t.Error("there is no refresh token")
	}
	token.check(t, s, time.Hour)
	cli.isAlice("demo")
	cli.listsAccounts(s, token.AccessToken)
	cli.logsOut(s, token.AccessToken)
}

// A profile that has the start URL itself registers without scopes and gets a token of eight hours that cannot be refreshed. The code
// is typed by hand, in small letters and without the dash.
func TestLoginWithLegacyProfile(t *testing.T) {
	s := harness.Start(t)
	cli := newAWSCLI(t, s, legacyConfig(s))
	alice := sharedChromium(t).newPerson(t)

	login := cli.login("--profile", "demo")
	alice.visit(login.address)
	alice.signIn(s, person)
	alice.heading("Connect a device")
	alice.write(codeField, strings.ToLower(strings.ReplaceAll(login.code, "-", "")))
	alice.click(codeButton)
	alice.heading("Does this match your device?")
	alice.click(approveButton)
	alice.heading("Device approved")
	login.wait().succeeded()

	token := cli.token(s.AWSStartURL())
	if token.RefreshToken != "" {
		t.Error("there is a refresh token")
	}
	token.check(t, s, 8*time.Hour)
	cli.isAlice("demo")
	cli.listsAccounts(s, token.AccessToken)
	cli.logsOut(s, token.AccessToken)
}

// Who denies ends the login at the next poll.
func TestLoginDenied(t *testing.T) {
	s := harness.Start(t)
	cli := newAWSCLI(t, s, sessionConfig(s))
	alice := sharedChromium(t).newPerson(t)

	login := cli.login("--profile", "demo")
	alice.visit(login.complete)
	alice.signIn(s, person)
	alice.heading("Does this match your device?")
	alice.click(denyButton)
	alice.heading("Request denied")
	failed := login.wait().ended(254)
	if !strings.Contains(failed.stderr, "(AccessDeniedException) when calling the CreateToken operation") {
		t.Errorf("the CLI says %q", failed.stderr)
	}
}

// A code that nobody approves in time ends the login, and the page says that it is too late.
func TestLoginExpires(t *testing.T) {
	s := harness.Start(t)
	cli := newAWSCLI(t, s, sessionConfig(s))
	alice := sharedChromium(t).newPerson(t)

	login := cli.login("--profile", "demo")
	alice.visit(login.complete)
	alice.signIn(s, person)
	alice.heading("Does this match your device?")
	s.Advance(10*time.Minute + time.Second)
	failed := login.wait().ended(255)
	if !strings.Contains(failed.stderr, "expired") {
		t.Errorf("the CLI says %q", failed.stderr)
	}
	alice.accept("410 (Gone)")
	alice.click(approveButton)
	alice.heading("This code has expired")
}

// check holds the token file against what the server promises.
func (token cachedToken) check(t *testing.T, s *harness.Server, lifetime time.Duration) {
	t.Helper()
	if token.StartURL != s.AWSStartURL() || token.Region != s.Region {
		t.Errorf("the token file names %q in %q", token.StartURL, token.Region)
	}
	if token.AccessToken == "" || token.ClientID == "" || token.ClientSecret == "" {
		t.Error("the token file lacks a token or the registration")
	}
	// The CLI counts from when it reads the answer, which may be a second or two ago.
	within(t, "the token lives for", time.Until(token.ExpiresAt), lifetime)
	within(t, "the registration lives for", time.Until(token.RegistrationExpiresAt), 90*24*time.Hour)
}

func within(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got > want+time.Second || got < want-time.Minute {
		t.Errorf("%s %v, want %v", what, got, want)
	}
}

var aliceARN = regexp.MustCompile(`^arn:aws:sts::` + accountID + `:assumed-role/AWSReservedSSO_` + roleName + `_[0-9a-f]{16}/` + person + `$`)

// isAlice asks STS who the credentials of a profile are.
func (c *awsCLI) isAlice(profile string) {
	c.t.Helper()
	var identity struct{ UserID, Account, Arn string }
	c.decode(c.run("sts", "get-caller-identity", "--profile", profile).succeeded(), &identity)
	if identity.Account != accountID || !aliceARN.MatchString(identity.Arn) || !strings.HasSuffix(identity.UserID, ":"+person) {
		c.t.Errorf("sts get-caller-identity says %+v", identity)
	}
}

// listsAccounts lists the accounts with an access token.
func (c *awsCLI) listsAccounts(s *harness.Server, accessToken string) {
	c.t.Helper()
	var answer struct {
		AccountList []struct{ AccountID, AccountName, EmailAddress string }
	}
	c.decode(c.run("sso", "list-accounts", "--region", s.Region, "--access-token", accessToken).succeeded(), &answer)
	if len(answer.AccountList) != accountCount {
		c.t.Errorf("sso list-accounts says %+v", answer.AccountList)
	}
}

// logsOut signs out, after which the access token is worth nothing.
func (c *awsCLI) logsOut(s *harness.Server, accessToken string) {
	c.t.Helper()
	c.run("sso", "logout").succeeded()
	refused := c.run("sso", "list-accounts", "--region", s.Region, "--access-token", accessToken).ended(254)
	if !strings.Contains(refused.stderr, "(UnauthorizedException) when calling the ListAccounts operation") {
		c.t.Errorf("the CLI says %q", refused.stderr)
	}
	if status, _ := newClient(c.t, s).listAccounts(accessToken); status != http.StatusUnauthorized {
		c.t.Errorf("the access token is answered with %d after signing out", status)
	}
}

func (c *awsCLI) decode(text string, out any) {
	c.t.Helper()
	if err := json.Unmarshal([]byte(text), out); err != nil {
		c.t.Fatalf("%v in %q", err, text)
	}
}
