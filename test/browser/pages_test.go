//go:build clients

package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"sallyport/test/harness"
)

// elsewhere is an address of a device on another network (RFC 5737).
const elsewhere = "203.0.113.9"

// Every page is shown on a desktop and a phone, in light and dark. The pictures are for people to look at; the test itself sees that
// nothing has to be scrolled sideways and that the browser has nothing to complain about.
func TestScreenshots(t *testing.T) {
	s := harness.Start(t, "--trusted-proxies", "127.0.0.1/32")
	program := newClient(t, s)
	alice := sharedChromium(t).newPerson(t)
	// Chromium logs the status of a document that is an error page.
	alice.accept("status of 400", "status of 401", "status of 404")

	alice.visit(s.StartURL)
	alice.heading("Sign in")
	alice.screenshot("01-sign-in")
	alice.write(`input[name="user_name"]`, person)
	alice.write(`input[name="password"]`, "not the password")
	alice.click(signInButton)
	alice.alert()
	alice.screenshot("02-sign-in-error")
	alice.write(`input[name="password"]`, s.Password(person))
	alice.click(signInButton)
	alice.heading("Your accounts")
	alice.screenshot("03-portal")
	alice.click("details.account summary")
	alice.click("details.cli summary")
	alice.screenshot("04-portal-command-line")

	alice.visit(s.Endpoint + "/device")
	alice.heading("Connect a device")
	alice.screenshot("05-device-entry")
	alice.write(codeField, "BBBB-BBBB")
	alice.click(codeButton)
	alice.alert()
	alice.screenshot("06-device-entry-error")

	device := program.startDevice("botocore-client-sallyport", s.AWSStartURL())
	alice.visit(device.VerificationURIComplete)
	alice.heading("Does this match your device?")
	alice.screenshot("07-device-confirm")
	alice.click(approveButton)
	alice.heading("Device approved")
	alice.screenshot("08-device-approved")
	alice.visit(device.VerificationURIComplete)
	alice.heading("Already approved")
	alice.screenshot("09-device-already-approved")

	program.headers = map[string]string{"X-Forwarded-For": elsewhere, "User-Agent": "aws-cli/2.36.7 md/awscrt#0.29.2 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.13.9 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/distrib#debian.12 md/prompt#off md/command#sso.login"}
	device = program.startDevice("botocore-client-sallyport", s.AWSStartURL())
	alice.visit(device.VerificationURIComplete)
	alice.heading("Did you start this yourself?")
	alice.screenshot("10-device-other-network")
	alice.click(denyButton)
	alice.heading("Request denied")
	alice.screenshot("11-device-denied")

	alice.visit(program.startLogin(s.AWSStartURL()).address())
	alice.heading("Allow access?")
	alice.screenshot("12-consent")
	alice.visit(s.Endpoint + "/authorize?client_id=nobody")
	alice.heading("This request cannot be used")
	alice.screenshot("13-error")
	alice.visit(s.Endpoint + "/nowhere")
	alice.heading("There is no such page")
	alice.screenshot("14-not-found")
	alice.click(".message a.button")
	alice.heading("Your accounts")
	alice.click(signOutButton)
	alice.heading("You are signed out")
	alice.screenshot("15-signed-out")
	alice.visit(program.startLogin(s.AWSStartURL()).address())
	alice.heading("Sign in")
	alice.screenshot("16-sign-in-for-application")
}

// Who uses no mouse gets from the sign-in form to the approved device by typing, Tab and Enter, and always sees where the focus is.
func TestKeyboardOnly(t *testing.T) {
	s := harness.Start(t)
	program := newClient(t, s)
	alice := sharedChromium(t).newPerson(t)
	device := program.startDevice("botocore-client-sallyport", s.AWSStartURL())

	alice.visit(device.VerificationURIComplete)
	alice.heading("Sign in")
	alice.do(chromedp.KeyEvent(person + kb.Tab + s.Password(person) + kb.Enter)) // the first field has the focus
	alice.heading("Does this match your device?")
	alice.tabTo("button decision approve")
	alice.do(chromedp.KeyEvent(kb.Enter))
	alice.heading("Device approved")
	program.redeem(device).works(program)
}

// maxTabs is more than any page has to stop at.
const maxTabs = 20

// tabTo presses Tab until the element has the focus.
func (b *tab) tabTo(element string) {
	b.t.Helper()
	var path []string
	for range maxTabs {
		b.do(chromedp.KeyEvent(kb.Tab))
		at, ringed := b.focused()
		path = append(path, at)
		if !ringed {
			b.t.Errorf("the focus cannot be seen on %q", at)
		}
		if at == element {
			return
		}
	}
	b.t.Fatalf("Tab does not come to %q but to %q", element, path)
}

// Nothing on the way needs JavaScript.
func TestWithoutJavaScript(t *testing.T) {
	s := harness.Start(t)
	program := newClient(t, s)
	alice := sharedChromium(t).newPerson(t)
	alice.disableScripts()
	device := program.startDevice("botocore-client-sallyport", s.AWSStartURL())

	alice.visit(device.VerificationURI)
	alice.signIn(s, person)
	alice.heading("Connect a device")
	alice.write(codeField, device.UserCode)
	alice.click(codeButton)
	alice.heading("Does this match your device?")
	alice.click(approveButton)
	alice.heading("Device approved")
	program.redeem(device).works(program)

	login := program.startLogin(s.AWSStartURL())
	alice.visit(login.address())
	alice.heading("Allow access?")
	alice.click(approveButton)
	alice.heading("Back at the client")
	login.redeem().works(program)

	alice.visit(s.StartURL)
	alice.heading("Your accounts")
	alice.click(signOutButton)
	alice.heading("You are signed out")
	alice.visit(s.StartURL)
	alice.heading("Sign in")
}

// The same code in two tabs is decided once, and the second tab says so.
func TestSecondTabSaysAlreadyApproved(t *testing.T) {
	s := harness.Start(t)
	program := newClient(t, s)
	first := sharedChromium(t).newPerson(t)
	device := program.startDevice("botocore-client-sallyport", s.AWSStartURL())
	first.visit(device.VerificationURIComplete)
	first.signIn(s, person)
	first.heading("Does this match your device?")
	second, third := first.another(), first.another()
	for _, b := range []*tab{second, third} {
		b.visit(device.VerificationURIComplete)
		b.heading("Does this match your device?")
	}

	first.click(approveButton)
	first.heading("Device approved")
	first.do(chromedp.Reload())
	first.heading("Device approved")
	second.click(approveButton)
	second.heading("Already approved")
	third.accept("status of 409") // who denies what was approved has to learn that it was
	third.click(denyButton)
	third.heading("Already approved")
	program.redeem(device).works(program)
}

// What the browser complains about does fail tests: the policy of the pages refuses a script, and the tab has noticed.
func TestTheBrowsersComplaintsAreHeard(t *testing.T) {
	s := harness.Start(t)
	alice := sharedChromium(t).newPerson(t)
	alice.visit(s.StartURL)
	alice.heading("Sign in")
	alice.evaluate(`document.body.appendChild(Object.assign(document.createElement("script"), {text: "document.title = 'run'"})).localName`, nil)
	alice.accept("Content Security Policy", "ContentSecurityPolicyIssue")
	if title := alice.title(); title == "run" {
		t.Error("the script ran")
	}
	alice.mu.Lock()
	defer alice.mu.Unlock()
	if len(alice.complaints) == 0 {
		t.Error("nothing was heard")
	}
}

func (b *tab) title() (title string) {
	b.t.Helper()
	b.do(chromedp.Title(&title))
	return title
}

// Who asks the system for less motion gets none.
func TestReducedMotion(t *testing.T) {
	s := harness.Start(t)
	alice := sharedChromium(t).newPerson(t) // asks for it
	alice.visit(s.StartURL)
	alice.heading("Sign in")
	var transition string
	alice.evaluate(`getComputedStyle(document.querySelector("button")).transitionProperty`, &transition)
	if transition != "none" {
		t.Errorf("the button changes %s gradually", transition)
	}
}
