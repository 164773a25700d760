//go:build clients

package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"sallyport/internal/web"
	"sallyport/test/harness"
)

const (
	// patience is how long Chromium may take to start, and a page to show what a test waits for. It is far above what either takes, on a
	// busy machine too.
	patience = 60 * time.Second
	// glance is how often a test looks whether a page shows what it waits for. chromedp's own 5 ms keep a processor busy.
	glance = 25 * time.Millisecond
)

// chromium is a running Chromium with a profile of its own, which is empty at first.
type chromium struct{ ctx context.Context }

// launch starts Chromium. In home it looks for the authorities that it trusts besides its own.
func launch(path, home string) (*chromium, error) {
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.Env("HOME=" + home), chromedp.WSURLReadTimeout(patience),
		chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.WindowSize(desktop.width, desktop.height),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), // containers have little of it
	}
	if os.Geteuid() == 0 {
		flags = append(flags, chromedp.NoSandbox) // Chromium refuses to run as root with it
	}
	allocator, _ := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, _ := chromedp.NewContext(allocator)
	if err := chromedp.Run(ctx); err != nil {
		return nil, fmt.Errorf("start Chromium: %w", err)
	}
	return &chromium{ctx}, nil
}

// close ends Chromium and removes its profile.
func (c *chromium) close() { chromedp.Cancel(c.ctx) }

// shared is the Chromium that most tests use, each in a browser context of its own.
var shared struct {
	start  sync.Once
	chrome *chromium
	home   string
	err    error
}

func sharedChromium(t testing.TB) *chromium {
	t.Helper()
	path := harness.NeedProgram(t, "chromium")
	shared.start.Do(func() {
		if shared.home, shared.err = os.MkdirTemp("", "sallyport-chromium-"); shared.err == nil {
			shared.chrome, shared.err = launch(path, shared.home)
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.chrome
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.chrome != nil {
		shared.chrome.close()
	}
	os.RemoveAll(shared.home)
	os.Exit(code)
}

// tab is a page that a test looks at. Everything the browser complains about on it fails the test: a breach of the Content Security
// Policy, an error in the console, a document in quirks mode.
type tab struct {
	t       testing.TB
	ctx     context.Context
	browser *chromium
	person  cdp.BrowserContextID // has the cookies

	mu         sync.Mutex
	complaints []string
	accepted   []string
}

// newPerson opens a tab that shares cookies with no other person's.
func (c *chromium) newPerson(t testing.TB) *tab {
	t.Helper()
	executor := cdp.WithExecutor(c.ctx, chromedp.FromContext(c.ctx).Browser)
	person, err := target.CreateBrowserContext().Do(executor)
	if err != nil {
		t.Fatalf("open a browser context: %v", err)
	}
	t.Cleanup(func() { target.DisposeBrowserContext(person).Do(executor) })
	return c.open(t, person)
}

// another opens a second tab of the same person.
func (b *tab) another() *tab {
	b.t.Helper()
	return b.browser.open(b.t, b.person)
}

// open opens a tab in a window, without which a browser context of Chromium has no place for it.
func (c *chromium) open(t testing.TB, person cdp.BrowserContextID) *tab {
	t.Helper()
	executor := cdp.WithExecutor(c.ctx, chromedp.FromContext(c.ctx).Browser)
	id, err := target.CreateTarget("about:blank").WithBrowserContextID(person).WithNewWindow(true).Do(executor)
	if err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	ctx, cancel := chromedp.NewContext(c.ctx, chromedp.WithTargetID(id))
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx, browser: c, person: person}
	chromedp.ListenTarget(ctx, b.listen)
	// Each tab behaves as if it were the one in front: only that one has a focus.
	if err := chromedp.Run(ctx, audits.Enable(), emulation.SetFocusEmulationEnabled(true)); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	b.wear(desktop, light)
	t.Cleanup(b.verdict) // runs before cancel
	return b
}

// listen notes what Chromium says of the page.
func (b *tab) listen(event any) {
	switch event := event.(type) {
	case *log.EventEntryAdded:
		b.complain("log: %s %s", event.Entry.Text, event.Entry.URL)
	case *runtime.EventExceptionThrown:
		b.complain("exception: %s", event.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		b.complain("console: %s", event.Type)
	case *audits.EventIssueAdded:
		details, _ := json.Marshal(event.Issue.Details)
		b.complain("issue: %s %s", event.Issue.Code, details)
	}
}

func (b *tab) complain(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, fmt.Sprintf(format, args...))
}

// accept says that the browser may complain with these words, because the test provokes it.
func (b *tab) accept(words ...string) { b.accepted = append(b.accepted, words...) }

func (b *tab) verdict() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, complaint := range b.complaints {
		if !containsAny(complaint, b.accepted) {
			b.t.Errorf("the browser complains: %s", complaint)
		}
	}
}

func containsAny(text string, words []string) bool {
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// do runs actions, each of which waits until it can be done.
func (b *tab) do(actions ...chromedp.Action) {
	b.t.Helper()
	if err := b.try(actions...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.describe())
	}
}

func (b *tab) try(actions ...chromedp.Action) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, actions...)
}

// describe says where the tab is and what it shows, for whoever reads why a test failed.
func (b *tab) describe() string {
	var address, text string
	if err := b.try(chromedp.Location(&address), chromedp.Text("body", &text, chromedp.ByQuery)); err != nil {
		return "the tab cannot be read: " + err.Error()
	}
	return "the tab is at " + address + " and shows:\n" + text
}

func (b *tab) visit(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

// heading waits for the page with this heading.
func (b *tab) heading(text string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(fmt.Sprintf("//h1[normalize-space()=%q]", text), chromedp.BySearch, chromedp.RetryInterval(glance)))
}

// alert waits for a problem that the page reports, and returns it.
func (b *tab) alert() (text string) {
	b.t.Helper()
	b.do(chromedp.Text("#problem", &text, chromedp.ByQuery))
	return text
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(selector, chromedp.ByQuery))
}

func (b *tab) write(selector, text string) {
	b.t.Helper()
	b.do(chromedp.SendKeys(selector, text, chromedp.ByQuery))
}

// text returns what an element holds, as the page wrote it.
func (b *tab) text(selector string) (text string) {
	b.t.Helper()
	b.do(chromedp.TextContent(selector, &text, chromedp.ByQuery))
	return text
}

// evaluate runs an expression on the page.
func (b *tab) evaluate(expression string, result any) {
	b.t.Helper()
	b.do(chromedp.Evaluate(expression, result))
}

// Selectors of the pages.
var (
	signInButton  = fmt.Sprintf("form[action=%q] button", web.PathSignIn)
	signOutButton = fmt.Sprintf("form[action=%q] button", web.PathSignOut)
	codeField     = field(web.FieldUserCode)
	codeButton    = fmt.Sprintf("form[action=%q] button", web.PathDevice)
	approveButton = decision(web.DecisionApprove)
	denyButton    = decision(web.DecisionDeny)
)

func field(name string) string { return fmt.Sprintf("input[name=%q]", name) }

func decision(value string) string {
	return fmt.Sprintf("button[name=%q][value=%q]", web.FieldDecision, value)
}

// signIn fills in the form that is on the page.
func (b *tab) signIn(s *harness.Server, userName string) {
	b.t.Helper()
	b.heading("Sign in")
	b.write(field(web.FieldUserName), userName)
	b.write(field(web.FieldPassword), s.Password(userName))
	b.click(signInButton)
}

// device is what a page is shown on.
type device struct {
	name          string
	width, height int
	mobile        bool
}

var (
	desktop = device{name: "desktop", width: 1280, height: 800}
	phone   = device{name: "phone", width: 390, height: 844, mobile: true}
)

// What people prefer, in the words of the media feature prefers-color-scheme.
const (
	light = "light"
	dark  = "dark"
)

// wear shows the page on a device, in colours.
func (b *tab) wear(d device, scheme string) {
	b.t.Helper()
	b.do(
		emulation.SetDeviceMetricsOverride(int64(d.width), int64(d.height), 1, d.mobile),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme},
			{Name: "prefers-reduced-motion", Value: "reduce"}, // a picture is not taken in the middle of a transition
		}),
	)
}

// screenshot writes the whole page, as it looks on each device and in all colours, to the folder that git ignores.
func (b *tab) screenshot(name string) {
	b.t.Helper()
	folder := filepath.Join(harness.Root(), "out", "screenshots")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		b.t.Fatal(err)
	}
	for _, d := range []device{desktop, phone} {
		for _, scheme := range []string{light, dark} {
			b.wear(d, scheme)
			b.fits(name, d)
			var png []byte
			b.do(chromedp.FullScreenshot(&png, 100)) // 100 is PNG
			path := filepath.Join(folder, fmt.Sprintf("%s-%s-%s.png", name, d.name, scheme))
			if err := os.WriteFile(path, png, 0o644); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	b.wear(desktop, light)
}

// fits fails the test if the page has to be scrolled sideways.
func (b *tab) fits(name string, d device) {
	b.t.Helper()
	var width int
	b.evaluate("document.documentElement.scrollWidth", &width)
	if width > d.width {
		b.t.Errorf("%s is %d pixels wide on the %s, which has %d", name, width, d.name, d.width)
	}
}

// focused returns the element that has the focus as its name, its form field and its value, and whether the browser draws a ring
// around it.
func (b *tab) focused() (element string, ringed bool) {
	b.t.Helper()
	b.evaluate(`[document.activeElement.localName, document.activeElement.name, document.activeElement.value].filter(Boolean).join(" ")`, &element)
	b.evaluate(`getComputedStyle(document.activeElement).outlineStyle !== "none"`, &ringed)
	return element, ringed
}

// disableScripts turns JavaScript off for the page. What the test evaluates runs all the same.
func (b *tab) disableScripts() {
	b.t.Helper()
	b.do(emulation.SetScriptExecutionDisabled(true))
}
