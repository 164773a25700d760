//go:build unix

package login

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sallyport/test/harness"
	"sallyport/test/terminal"
)

// tokenMembers are the members of the file of a token that can be refreshed.
var tokenMembers = []string{"accessToken", "clientId", "clientSecret", "expiresAt", "refreshToken", "region", "registrationExpiresAt", "startUrl"}

// secretMembers are those that must never be shown.
var secretMembers = []string{"accessToken", "clientSecret", "refreshToken"}

// checkSilent fails the test if a command showed a secret that is kept.
func (p *person) checkSilent(e ended) {
	p.t.Helper()
	for _, object := range p.cached("clientSecret") {
		for _, member := range secretMembers {
			if secret, _ := object[member].(string); secret != "" && strings.Contains(e.stdout+e.stderr, secret) {
				p.t.Errorf("%q shows the %s:\n%s%s", e.line, member, e.stdout, e.stderr)
			}
		}
	}
}

func TestLoginWithABrowserWritesWhatTheReferenceWrites(t *testing.T) {
	p := newPerson(t)
	e := p.run("login --profile dev").with(0)
	if want := "Successfully logged into Start URL: " + p.server.StartURL + "\n"; e.stdout != want {
		t.Errorf("standard output is %q, want %q", e.stdout, want)
	}
	e.says("/authorize?response_type=code&", "&scopes=sso%3Aaccount%3Aaccess&", "Waiting for you to approve, 10 minutes at most.")
	p.checkSilent(e)
	path, kept := only(t, p.cached("accessToken"))
	if got := slices.Sorted(maps.Keys(kept)); !slices.Equal(got, tokenMembers) {
		t.Errorf("the token has the members %v", got)
	}
	if filepath.Base(path) != "89e495e7941cf9e40e6980d14a16bf023ccd4c91.json" { // SHA-1 of "demo"
		t.Errorf("the token is in %s", path)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	if _, registration := only(t, p.cached("grantTypes")); registration["authorizationEndpoint"] != p.server.Endpoint+"/authorize" {
		t.Errorf("the registration is %v", registration)
	}
}

func TestTheNextLoginUsesTheSameClient(t *testing.T) {
	p := newPerson(t)
	p.run("login --profile dev").with(0)
	_, first := only(t, p.cached("accessToken"))
	p.run("login --profile dev").with(0)
	_, second := only(t, p.cached("accessToken"))
	if first["clientId"] != second["clientId"] || first["accessToken"] == second["accessToken"] {
		t.Error("the second sign-in has another client, or the same token")
	}
	// A client for the browser is none for device codes, nor the other way round.
	p.run("login --profile dev --use-device-code").with(0)
	_, third := only(t, p.cached("accessToken"))
	if third["clientId"] == second["clientId"] {
		t.Error("the device code has the browser's client")
	}
}

func TestLoginReplacesAClientThatTheServerForgot(t *testing.T) {
	for _, test := range []struct{ name, flow string }{{"in the browser", ""}, {"with a device code", " --use-device-code"}} {
		t.Run(test.name, func(t *testing.T) {
			p := newPerson(t)
			p.run("login --profile dev" + test.flow).with(0)
			p.changeIn("scopes", "clientId", "forgotten")
			p.run("login --profile dev" + test.flow).with(0)
			if _, registration := only(t, p.cached("scopes")); registration["clientId"] == "forgotten" {
				t.Error("the client is still the old one")
			}
		})
	}
}

func TestLoginWithADeviceCode(t *testing.T) {
	p := newPerson(t).with("SSH_CONNECTION=192.0.2.1 1 192.0.2.2 22")
	e := p.run("login --profile dev").with(0)
	e.says(p.server.Endpoint+"/device\n", "/device?user_code=", "Waiting for you to approve, 10 minutes at most.")
	if code := regexp.MustCompile(`(?m)^[B-Z]{4}-[B-Z]{4}$`).FindString(e.stderr); code == "" {
		t.Errorf("no code is shown:\n%s", e.stderr)
	}
	p.checkSilent(e)
	if _, kept := only(t, p.cached("accessToken")); kept["refreshToken"] == nil {
		t.Error("a session with scopes has no refresh token")
	}
}

func TestAProfileOfTheOlderFormGetsTheLongToken(t *testing.T) {
	p := newPerson(t)
	p.run("login --profile old").with(0)
	_, kept := only(t, p.cached("accessToken"))
	ends, err := time.Parse(time.RFC3339, kept["expiresAt"].(string))
	if err != nil || kept["refreshToken"] != nil || time.Until(ends) < 7*time.Hour {
		t.Errorf("the token ends at %v, %v, refresh token: %v", ends, err, kept["refreshToken"] != nil)
	}
}

func TestLoginWithoutAProfile(t *testing.T) {
	p := newPerson(t)
	where := " --start-url " + p.server.StartURL + " --region " + p.server.Region + " --endpoint-url " + p.server.Endpoint
	p.run("login" + where).with(0).says("/authorize?")
	p.run("whoami" + where).with(0)
	p.run("whoami"+where+" --sso-session other").with(255).says("you are not signed in: run `sallyport login --start-url", "--sso-session other`")
}

func TestLoginThatIsNotApproved(t *testing.T) {
	p := newPerson(t)
	refused := p.with(browserVariable + "=" + refuses)
	refused.run("login --profile dev").with(255).says("refused in the browser (access_denied: not today)")
	refused.run("login --profile dev --use-device-code").with(254).says("AccessDeniedException")
	if kept := p.cached("accessToken"); len(kept) > 0 {
		t.Errorf("there are tokens: %v", kept)
	}
}

func TestAGuessedStateDoesNotEndTheSignIn(t *testing.T) {
	newPerson(t).with(browserVariable + "=" + wanders).run("login --profile dev").with(0)
}

func TestWithoutABrowserTheAddressIsThere(t *testing.T) {
	p := newPerson(t).with(browserVariable + "=" + fails)
	screen := terminal.Start(t, terminal.Program{Command: []string{harness.Binary(t), "login", "--profile", "dev"}, Env: p.env, Columns: 120, Rows: 40})
	screen.WaitFor("No browser could be opened")
	screen.WaitFor("--use-device-code")
	screen.WaitFor("left. Ctrl-C stops.")
	if err := browse(approves, addressOn(t, screen)); err != nil {
		t.Fatal(err)
	}
	if exit := screen.Wait(); exit != 0 || !strings.Contains(screen.Text(), "Successfully logged into Start URL: ") {
		t.Errorf("it ended with %d:\n%s", exit, screen.Text())
	}
}

var authorizePattern = regexp.MustCompile(`http://\S+/authorize\?\S+`)

// addressOn is the address of the authorization page that a screen shows.
func addressOn(t testing.TB, screen *terminal.Terminal) string {
	t.Helper()
	return screen.WaitForMatch(authorizePattern)[0]
}

func TestAnInterruptEndsTheLoginCleanly(t *testing.T) {
	for _, test := range []struct{ name, line string }{{"in the browser", "login --profile dev --no-browser"}, {"with a device code", "login --profile dev --no-browser --use-device-code"}} {
		t.Run(test.name, func(t *testing.T) {
			p := newPerson(t)
			screen := terminal.Start(t, terminal.Program{Command: append([]string{harness.Binary(t)}, strings.Fields(test.line)...), Env: p.env, Columns: 120, Rows: 60})
			screen.WaitFor("left. Ctrl-C stops.")
			var listener string
			if address := authorizePattern.FindString(screen.Text()); address != "" {
				page, err := url.Parse(address)
				if err != nil {
					t.Fatal(err)
				}
				redirect, err := url.Parse(page.Query().Get("redirect_uri"))
				if err != nil {
					t.Fatal(err)
				}
				listener = redirect.Host
			}
			screen.Press(terminal.CtrlC)
			if exit := screen.Wait(); exit != 130 {
				t.Errorf("it ended with %d, want 130", exit)
			}
			if strings.Contains(screen.Screen(), "Ctrl-C stops") || strings.Contains(screen.Screen(), "ERROR") {
				t.Errorf("the screen is not clean:\n%s", screen.Screen())
			}
			if _, _, shown := screen.Cursor(); !shown {
				t.Error("the cursor is gone")
			}
			if listener == "" {
				return
			}
			if _, err := net.Dial("tcp", listener); err == nil {
				t.Error("the port is open still")
			}
		})
	}
}

func TestTheTerminalShowsCodeAndTimeLeft(t *testing.T) {
	p := newPerson(t)
	screen := terminal.Start(t, terminal.Program{
		Command: []string{harness.Binary(t), "login", "--profile", "dev", "--use-device-code", "--no-browser"}, Env: p.env, Columns: 100, Rows: 60,
	})
	address := screen.WaitForMatch(regexp.MustCompile(`http://\S+\?user_code=([A-Z-]+)`))
	screen.WaitForMatch(regexp.MustCompile(`Waiting for you to approve, 9:5\d left`)) // the line has been drawn anew
	for _, line := range drawQR(address[0], 100, maxQRRows) {
		blocks := strings.TrimRight(strings.TrimSuffix(strings.TrimPrefix(line, qrColors), qrReset), " ")
		if !strings.Contains(screen.Text(), blocks) {
			t.Fatalf("the screen lacks a line of the QR code:\n%s", screen.Screen())
		}
	}
	p.server.Approve(address[1], "alice")
	if exit := screen.Wait(); exit != 0 {
		t.Errorf("it ended with %d", exit)
	}
	if strings.Contains(screen.Screen(), "Waiting") {
		t.Errorf("the waiting is there still:\n%s", screen.Screen())
	}
}

func TestATerminalThatIsNarrowOrNotUnicodeGetsNoQRCode(t *testing.T) {
	for _, test := range []struct {
		name    string
		columns int
		env     string
	}{{"narrow", 30, "LANG=C.UTF-8"}, {"not Unicode", 100, "LC_ALL=C"}} {
		t.Run(test.name, func(t *testing.T) {
			p := newPerson(t).with(test.env)
			screen := terminal.Start(t, terminal.Program{
				Command: []string{harness.Binary(t), "login", "--profile", "dev", "--use-device-code"}, Env: p.env, Columns: test.columns, Rows: 60,
			})
			if exit := screen.Wait(); exit != 0 || strings.ContainsAny(screen.Text(), "█▀▄") {
				t.Errorf("it ended with %d:\n%s", exit, screen.Text())
			}
		})
	}
}

func TestAnExpiredCodeNamesTheCommandThatBeginsAnew(t *testing.T) {
	p := newPerson(t)
	screen := terminal.Start(t, terminal.Program{
		Command: []string{harness.Binary(t), "login", "--profile", "dev", "--use-device-code", "--no-browser"}, Env: p.env, Columns: 200, Rows: 60,
	})
	screen.WaitFor("left. Ctrl-C stops.")
	p.server.Advance(11 * time.Minute)
	if exit := screen.Wait(); exit != 255 || !strings.Contains(screen.Text(), "Run `sallyport login --profile dev` again") {
		t.Errorf("it ended with %d:\n%s", exit, screen.Text())
	}
}

func TestTokenRefreshesOnceForManyProcesses(t *testing.T) {
	const processes, rounds = 16, 4
	p := newPerson(t)
	p.run("login --profile dev").with(0)
	for range rounds {
		_, before := only(t, p.cached("accessToken"))
		p.change("expiresAt", time.Now().Add(5*time.Minute).UTC().Format(time.RFC3339))
		tokens, refreshes := map[string]bool{}, 0
		for _, e := range p.runAll(processes, "token --profile dev --debug") {
			tokens[e.with(0).stdout] = true
			refreshes += strings.Count(e.stderr, "refreshed the token")
		}
		if refreshes != 1 {
			t.Errorf("%d of %d processes refreshed", refreshes, processes)
		}
		printed, _ := only(t, tokens)
		_, after := only(t, p.cached("accessToken"))
		if strings.TrimSuffix(printed, "\n") != after["accessToken"] || after["refreshToken"] == before["refreshToken"] {
			t.Fatal("the token that is kept is not the one that was printed, or was not refreshed")
		}
		if got := slices.Sorted(maps.Keys(after)); !slices.Equal(got, tokenMembers) {
			t.Errorf("the token has the members %v", got)
		}
	}
	p.server.Advance(time.Minute) // the time in which a spent refresh token is still good
	p.change("expiresAt", time.Now().Add(-time.Minute).UTC().Format(time.RFC3339))
	p.run("whoami --profile dev").with(0)
}

// runAll runs a command line in many processes at once.
func (p *person) runAll(processes int, line string) []ended {
	p.t.Helper()
	type running struct {
		stdout, stderr strings.Builder
		wait           func() error
		exit           func() int
	}
	all := make([]*running, processes)
	for i := range all {
		r := &running{}
		c := p.command(line)
		c.Stdout, c.Stderr = &r.stdout, &r.stderr
		if err := c.Start(); err != nil {
			p.t.Fatal(err)
		}
		r.wait, r.exit = c.Wait, func() int { return c.ProcessState.ExitCode() }
		all[i] = r
	}
	var done []ended
	for _, r := range all {
		_ = r.wait() // the exit code tells
		done = append(done, ended{p.t, line, r.exit(), r.stdout.String(), r.stderr.String()})
	}
	return done
}

// The name of a session says nothing about its server. What one issued, another must not see.
func TestATokenOfAnotherServerIsNone(t *testing.T) {
	p := newPerson(t)
	p.run("login --profile dev").with(0)
	p.change("startUrl", "https://d-1234567890.awsapps.com/start")
	p.run("token --profile dev").with(255).says("you are not signed in")
	p.change("startUrl", strings.ToUpper(p.server.StartURL)+"/#/")
	p.run("token --profile dev").with(0)
}

// What --debug shows is masked where it is secret.
func TestDebugShowsNoSecret(t *testing.T) {
	p := newPerson(t)
	for _, line := range []string{
		"login --profile dev --debug", "login --profile dev --use-device-code --debug", "whoami --profile dev --debug",
		"token --profile dev --debug", "credentials --profile dev --debug", "logout --profile old --debug",
	} {
		e := p.run(line).with(0)
		if line == "token --profile dev --debug" || line == "credentials --profile dev --debug" {
			e.stdout = "" // it is asked for there
		}
		p.checkSilent(e)
		if strings.HasPrefix(line, "login") && !strings.Contains(e.stderr, "sallyport debug: answer ") {
			t.Errorf("%q shows nothing", line)
		}
	}
}

func TestTokenThatCannotBeRefreshed(t *testing.T) {
	p := newPerson(t)
	p.run("token --profile dev").with(255).says("you are not signed in: run `sallyport login --profile dev`")
	p.run("login --profile dev").with(0)
	_, kept := only(t, p.cached("accessToken"))

	p.change("refreshToken", "aor-unknown")
	p.change("expiresAt", time.Now().Add(5*time.Minute).UTC().Format(time.RFC3339))
	if e := p.run("token --profile dev").with(0); strings.TrimSpace(e.stdout) != kept["accessToken"] {
		t.Error("a token that is valid still is not used when its refresh is refused")
	}
	p.change("expiresAt", time.Now().Add(-time.Second).UTC().Format(time.RFC3339))
	e := p.run("token --profile dev").with(255).says("the sign-in has ended: run `sallyport login --profile dev`")
	if e.stdout != "" || strings.Contains(e.stderr, "aor-unknown") {
		t.Errorf("it printed %q and %q", e.stdout, e.stderr)
	}

	p.change("registrationExpiresAt", time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	p.run("token --profile dev").with(255).says("the sign-in has ended")

	p.server.Stop()
	p.change("registrationExpiresAt", time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	p.with("AWS_MAX_ATTEMPTS=1").run("token --profile dev").with(255).says("Could not connect to the endpoint URL")
}

func TestWhoami(t *testing.T) {
	p := newPerson(t)
	p.run("whoami --profile dev").with(255).says("`sallyport login --profile dev`")
	p.run("login --profile dev").with(0)
	lines := p.run("whoami --profile dev").with(0).stdout
	for _, want := range []string{"Session      demo\n", "Start URL    " + p.server.StartURL + "\n", "renewed by itself", "Accounts     111122223333 Production\n"} {
		if !strings.Contains(lines, want) {
			t.Errorf("it does not print %q:\n%s", want, lines)
		}
	}
	var object struct {
		SsoSession, StartUrl, Region, Profile, ExpiresAt string
		Refreshable                                      bool
		Accounts                                         []struct{ AccountId, AccountName, EmailAddress string }
	}
	e := p.run("whoami --profile dev --output json").with(0)
	if err := json.Unmarshal([]byte(e.stdout), &object); err != nil {
		t.Fatal(err)
	}
	if object.SsoSession != "demo" || object.StartUrl != p.server.StartURL || object.Profile != "dev" || !object.Refreshable || len(object.Accounts) != 4 {
		t.Errorf("the object is %s", e.stdout)
	}
	p.checkSilent(e)
	if got := p.run("whoami --profile dev --query accounts[0].accountId --output text").with(0).stdout; got != accountOfAlice+"\n" {
		t.Errorf("the query gives %q", got)
	}
	if got := p.run("whoami --profile dev --output off").with(0).stdout; got != "" {
		t.Errorf("off gives %q", got)
	}
	p.run("whoami --profile dev --query accounts[").with(252)
	p.change("accessToken", "aoa-revoked")
	p.run("whoami --profile dev").with(255).says("revoked: run `sallyport login --profile dev`")
}

func TestLogout(t *testing.T) {
	p := newPerson(t)
	for _, profile := range []string{"dev", "old"} {
		p.run("login --profile " + profile).with(0)
		p.run("credentials --profile " + profile).with(0)
	}
	p.run("credentials --profile twin").with(0)
	token := strings.TrimSpace(p.run("token --profile dev").with(0).stdout)

	p.run("logout --profile dev").with(0).says("Removed 1 token and 2 cached credentials.")
	p.run("sso list-accounts --profile dev --region us-east-1 --access-token " + token).with(254).says("UnauthorizedException")
	p.run("whoami --profile dev").with(255)
	p.run("whoami --profile old").with(0)
	p.run("logout --profile dev").with(0).says("Removed 0 tokens and 0 cached credentials.")

	p.run("login --profile dev").with(0)
	p.with("AWS_PROFILE=dev").run("logout").with(0).says("Removed 2 tokens and 1 cached credential.")
	if kept := p.cached("accessToken"); len(kept) != 0 {
		t.Errorf("there are tokens still: %v", kept)
	}
	if registrations := p.cached("clientSecret"); len(registrations) != 2 {
		t.Errorf("there are %d registrations, want 2", len(registrations))
	}
}

func TestLogoutWithoutAServerRemovesTheFilesAndSaysSo(t *testing.T) {
	p := newPerson(t).with("AWS_MAX_ATTEMPTS=1")
	p.run("login --profile dev").with(0)
	p.server.Stop()
	p.run("logout").with(255).says("The server did not hear of the sign-out: Could not connect", "Removed 1 token", "signed out here, but not at the server")
	if kept := p.cached("accessToken"); len(kept) != 0 {
		t.Errorf("there are tokens still: %v", kept)
	}
}

// A token is a secret of the server that issued it: the sign-out of everything asks each token's own server.
func TestLogoutTellsEachServerAboutItsOwnToken(t *testing.T) {
	p, other := newPerson(t), newPerson(t)
	p.run("login --profile dev").with(0)
	other.run("login --profile dev").with(0)
	_, strange := only(t, other.cached("accessToken"))
	text, err := os.ReadFile(filepath.Join(p.home, ".aws/config"))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := strings.NewReplacer("[profile dev]", "[profile elsewhere]", "= demo", "= strange", "[sso-session demo]", "[sso-session strange]",
		p.server.Endpoint, other.server.Endpoint, p.server.StartURL, other.server.StartURL, "[profile twin]", "[profile elsetwin]", "[profile old]", "[profile elseold]")
	p.write(".aws/config", string(text)+elsewhere.Replace(string(text)))
	strangeFile, err := json.Marshal(strange)
	if err != nil {
		t.Fatal(err)
	}
	p.write(".aws/sso/cache/"+sha1Of("strange")+".json", string(strangeFile))
	p.run("logout").with(0)
	other.run("whoami --profile dev").with(255).says("revoked")
}

// The folder has tokens whose server nothing tells. They are removed, and no server gets one that may be another's.
func TestLogoutSendsNoTokenToAnotherServer(t *testing.T) {
	p := newPerson(t)
	p.run("login --profile dev").with(0)
	_, swapped := only(t, p.cached("accessToken"))
	swapped["startUrl"] = "https://other.example/start"
	text, err := json.Marshal(swapped)
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"logout --profile dev", "logout"} {
		p.write(".aws/sso/cache/"+sha1Of("demo")+".json", string(text))
		p.run(words).with(255).says("issued for https://other.example/start", "Removed 1 token")
	}
	p.run("sso list-accounts --profile dev --region us-east-1 --access-token " + swapped["accessToken"].(string)).with(0) // it lives yet
}

func sha1Of(text string) string {
	digest := sha1.Sum([]byte(text))
	return hex.EncodeToString(digest[:])
}

func TestCredentials(t *testing.T) {
	p := newPerson(t)
	p.run("credentials --profile dev").with(255).says("`sallyport login --profile dev`")
	p.run("login --profile dev").with(0)
	first := p.run("credentials --profile dev").with(0).stdout
	var object map[string]any
	if err := json.Unmarshal([]byte(first), &object); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(object)); !slices.Equal(got, []string{"AccessKeyId", "Expiration", "SecretAccessKey", "SessionToken", "Version"}) || object["Version"] != 1.0 {
		t.Errorf("the object is %s", first)
	}
	if again := p.run("credentials --profile dev").with(0).stdout; again != first {
		t.Error("the second time brings other credentials")
	}
	if other := p.run("credentials --profile dev --role-name Billing").with(0).stdout; other == first {
		t.Error("another role brings the same credentials")
	}
	p.run("credentials --profile dev --role-name Nobody").with(254).says("ForbiddenException")
	p.run("credentials --profile dev --account-id 12").with(252).says("12 digits")
	p.run("credentials --start-url https://x.example --region us-east-1").with(253).says("--account-id and --role-name", "`sallyport configure`")
}

func TestExec(t *testing.T) {
	p := newPerson(t).with("AWS_PROFILE=twin", "AWS_SECURITY_TOKEN=old")
	p.run("login --profile dev").with(0)
	printed := p.run("exec --profile dev -- env").with(0).stdout
	for _, want := range []string{"AWS_ACCESS_KEY_ID=ASIA", "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=", "AWS_CREDENTIAL_EXPIRATION=20", "AWS_REGION=eu-north-1\n", "AWS_DEFAULT_REGION=eu-north-1\n"} {
		if !strings.Contains(printed, want) {
			t.Errorf("the program does not find %q", want)
		}
	}
	for _, gone := range []string{"AWS_PROFILE", "AWS_SECURITY_TOKEN"} {
		if strings.Contains(printed, gone) {
			t.Errorf("the program finds %s", gone)
		}
	}
	if got := p.run("exec --profile dev --region us-west-2 -- sh -c echo;exit${IFS}7").stdout; got != "\n" {
		t.Errorf("the program printed %q", got)
	}
	p.run("exec --profile dev -- sh -c exit${IFS}7").with(7)
	p.run("exec --profile dev -- nonsuch-program").with(127).says("cannot run nonsuch-program")
	p.run("exec --profile dev -- /").with(126)
	p.run("exec --profile dev --").with(252).says("-- COMMAND")
	p.run("exec --profile old -- env").with(255).says("`sallyport login --profile old`")
}

func TestSignalsOfExecAreTheProgramsOwn(t *testing.T) {
	p := newPerson(t)
	p.run("login --profile dev").with(0)
	c := p.command("exec --profile dev -- sh -c kill${IFS}-TERM${IFS}$$")
	_ = c.Run() // it ends by the signal
	if status := c.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v, want the signal", status)
	}
}
