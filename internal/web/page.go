// Package web is the rim for people: it turns values into pages and forms back into values.
//
// This file owns what every page shares: the view models, the templates, and Render with the headers a page must carry.
// The words for scopes and times are in words.go, the ~/.aws/config fragments in fragment.go, the embedded style sheet
// and icon in static.go. Pages need no script at all, and the Content-Security-Policy allows none.
//
// The table of pages and what they share as handlers are in handler.go, and each page's handler in the file of its name. A GET
// decides nothing: every form is a POST with a ticket (ticket.go). The one exception is the authorization endpoint, which
// returns to the client by GET when the person agreed before (authorize.go).
//
// What a page says is decided elsewhere: the rooms decide, a handler fills the view model, the page only shows it.
// Headers that every response of the server carries (nosniff, X-Frame-Options, HSTS) belong to the outer middleware.
package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"sallyport/internal/sys"
)

// Product is the name in the wordmark and in the footer.
const Product = "Sallyport"

// Paths that the pages post to and link to. Handlers register these constants, so a form cannot miss its handler.
const (
	PathSignIn         = "/signin"
	PathSignOut        = "/signout"
	PathPortal         = "/start"
	PathDevice         = "/device"          // the user code is typed here
	PathDeviceDecision = "/device/decision" // and decided here
	PathConsent        = "/consent"
)

// Names of form fields and query parameters, spelled once for the templates and the handlers that read them.
const (
	FieldTicket   = "ticket"    // ties the form to the browser session (CSRF)
	FieldContinue = "continue"  // opaque: where sign-in goes on
	FieldRequest  = "request"   // opaque: the one request that this form decides
	FieldUserName = "user_name" // SignIn
	FieldPassword = "password"  // SignIn
	FieldUserCode = "user_code" // DeviceEntry, and DeviceConfirm when the networks differ
	FieldDecision = "decision"  // DeviceConfirm and Consent
	FieldRemember = "remember"  // Consent; present with the value "yes" when ticked
	FieldPage     = "page"      // Portal, a query parameter counted from 1
)

// Values of FieldDecision. Anything else must be refused, never read as one of the two.
const (
	DecisionApprove = "approve"
	DecisionDeny    = "deny"
)

// Page is one of the view models of this file. The method is unexported on purpose: only what has a template is a page.
type Page interface{ look() look }

// look is what Render must know of a page besides its data.
type look struct {
	template string   // file in templates/, without .html
	title    string   // first half of the document title
	wide     bool     // uses the whole width instead of a reading column
	targets  []string // redirect URIs that a POST of this page may end at
}

// Layout is what every page shows around its content. Each view model embeds it.
type Layout struct {
	Instance  string // display name of the Identity Center instance
	User      string // display name of who is signed in; empty when nobody is
	RequestID string // shown in the footer, for whoever is asked for help

	Ticket        string // of the page's own form: ties it to this browser and to what it decides
	SignOutTicket string // of the sign-out form in the header
}

// SignIn asks for user name and password.
type SignIn struct {
	Layout
	Continue string // opaque value posted back as FieldContinue
	UserName string // what was typed before, after a failure
	Error    string // one text for every failure, so that none tells which names exist
	Reason   string // why somebody who is signed in has to sign in again

	ForDevice      bool   // a device approval follows
	ForApplication string // or an application's name, when /authorize sent the browser here
	Configured     bool   // the administrators set the application up and chose its name; it is self-declared otherwise
	// RedirectURI of that application. A remembered consent redirects there straight from the sign-in POST, and
	// browsers hold the whole chain of redirects against form-action.
	RedirectURI string

	DemoUsers []DemoUser // shown in development mode only; leave empty otherwise
}

// DemoUser is a sign-in that development mode prints on the page.
type DemoUser struct{ UserName, Password string }

// DeviceEntry asks for the user code that a device shows (RFC 8628 §3.3).
type DeviceEntry struct {
	Layout
	UserCode string        // what was typed before, after a failure
	Error    string        // unknown or expired: one text for both
	Locked   time.Duration // after too many misses: no form, but how long to wait
}

// DeviceConfirm shows a device authorization and asks for the decision (RFC 8628 §5.4).
type DeviceConfirm struct {
	Layout
	Request  string // opaque id of this authorization, so that a reused code cannot be decided from an old page
	UserCode string // shown for comparison, except when OtherNetwork asks for it to be typed
	Error    string // the code typed by hand did not match

	ClientName         string // self-declared
	ClientRegisteredAt time.Time
	RequestedAt        time.Time
	SessionEndsAt      time.Time
	Now                time.Time
	RequesterAddress   string
	RequesterAgent     string
	Scopes             []string // none means the portal access of clients registered without scopes

	// OtherNetwork: who asked and who looks at this page are on different networks, the mark of device code phishing.
	// The page then hides the code, so that it has to come from the device's own screen, and puts Deny first: it is
	// what the Enter key does.
	OtherNetwork bool
}

// DeviceOutcome says what became of a device authorization.
type DeviceOutcome int

// The outcomes that DeviceDone can tell.
const (
	DeviceApproved DeviceOutcome = iota
	DeviceDenied
	DeviceAlreadyApproved
	DeviceAlreadyDenied
	DeviceExpired
)

// DeviceDone tells the outcome and what to do next.
type DeviceDone struct {
	Layout
	Outcome    DeviceOutcome
	ClientName string // self-declared; may be empty
}

// Consent asks whether an application may act for the person (RFC 6749 §3.1).
type Consent struct {
	Layout
	Request     string // opaque id of this authorization request; its parameters stay on the server
	ClientName  string // self-declared, if not Configured
	Configured  bool   // by the administrators, who chose the name
	Scopes      []string
	RedirectURI string // checked by the caller; shown as its host, and allowed as the target of the form
}

// Portal lists the accounts and roles of a person. Accounts holds one page of them.
type Portal struct {
	Layout
	Accounts []Account
	Total    int // accounts on all pages
	Page     int // counted from 1
	Pages    int
	CLI      CommandLine
}

// AccountsPerPage keeps a portal page under 250 KiB, before compression, with five roles in each account.
const AccountsPerPage = 50

// Account is one AWS account of the portal.
type Account struct {
	ID, Name, Email string
	Roles           []Role
}

// Role is a permission set that the person may use in an account.
type Role struct {
	Name        string
	Description string        // optional
	Session     time.Duration // how long its credentials live; zero is not shown
	Profile     string        // name of the profile in ~/.aws/config; NameProfiles fills it
}

// SignedOut tells that the session is over.
type SignedOut struct{ Layout }

// Error explains a refusal or a failure. Heading, Sentence and Next are whole texts; RequestID belongs in Layout.
type Error struct {
	Layout
	Heading  string
	Sentence string
	Next     string // what to do now
	Home     bool   // the way to the portal is offered to whoever is not signed in, too
	// TargetHost is where a refused /authorize request wanted the browser to go. It is named, never linked.
	TargetHost string
}

func (p SignIn) look() look {
	return look{template: "signin", title: problem(p.Error, "Sign in"), targets: target(p.RedirectURI)}
}

func (p DeviceEntry) look() look {
	return look{template: "device_entry", title: problem(p.Error, "Connect a device")}
}

func (p DeviceConfirm) look() look {
	return look{template: "device_confirm", title: problem(p.Error, "Approve a device")}
}

func (p Consent) look() look {
	return look{template: "consent", title: "Allow access", targets: target(p.RedirectURI)}
}

func (p Portal) look() look     { return look{template: "portal", title: "Your accounts", wide: true} }
func (p DeviceDone) look() look { return look{template: "message", title: p.Message().Heading} }
func (p SignedOut) look() look  { return look{template: "message", title: p.Message().Heading} }
func (p Error) look() look      { return look{template: "message", title: p.Message().Heading} }

// problem puts a failure into the document title, which a screen reader reads first when the page comes back.
func problem(failure, title string) string {
	if failure == "" {
		return title
	}
	return "Problem: " + title
}

func target(redirectURI string) []string {
	if redirectURI == "" {
		return nil
	}
	return []string{redirectURI}
}

// message is what message.html shows: a page that reports and asks nothing.
type message struct {
	Tone       string // good, stop or late: picks the sign beside the heading
	Heading    string
	Sentence   string
	Next       string
	Client     string // self-declared name to show below the sentence
	TargetHost string
	LinkPath   string
	LinkText   string
}

var deviceMessages = map[DeviceOutcome]message{
	DeviceApproved: {
		Tone: "good", Heading: "Device approved",
		Sentence: "Your device is signed in now.",
		Next:     "You can close this window and return to your terminal.",
	},
	DeviceDenied: {
		Tone: "stop", Heading: "Request denied",
		Sentence: "Nothing was given to the device.",
		Next:     "You can close this window. If you did not start this request, tell your administrator about it.",
	},
	DeviceAlreadyApproved: {
		Tone: "good", Heading: "Already approved",
		Sentence: "This code was approved before, perhaps in another tab. Nothing more was given out.",
		Next:     "You can close this window and return to your terminal.",
	},
	DeviceAlreadyDenied: {
		Tone: "stop", Heading: "Already denied",
		Sentence: "This code was denied before and stays denied.",
		Next:     "To sign in after all, start again on the device: it will show a new code.",
	},
	DeviceExpired: {
		Tone: "late", Heading: "This code has expired",
		Sentence: "Codes live for a few minutes only. Nothing was given to the device.",
		Next:     "Start again on the device: it will show a new code.",
	},
}

// Message is read by message.html.
func (p DeviceDone) Message() message {
	m := deviceMessages[p.Outcome]
	m.Client = p.ClientName
	return m
}

// Message is read by message.html.
func (p SignedOut) Message() message {
	return message{
		Tone: "good", Heading: "You are signed out",
		Sentence: "This browser is no longer signed in, and the sessions of your command line tools have ended.",
		Next:     "AWS credentials that were handed out before keep working until they expire.",
		LinkPath: PathSignIn, LinkText: "Sign in again",
	}
}

// Message is read by message.html.
func (p Error) Message() message {
	m := message{Tone: "stop", Heading: p.Heading, Sentence: p.Sentence, Next: p.Next, TargetHost: p.TargetHost}
	if p.User != "" || p.Home {
		m.LinkPath, m.LinkText = PathPortal, "Go to your accounts"
	}
	return m
}

// shell is the data of layout.html; main.html blocks see Page.
type shell struct {
	Layout
	Title string
	Wide  bool
	Page  Page
}

//go:embed templates/*.html
var templateFiles embed.FS

// templates holds one set per page, each the layout with that page's "main". It is parsed at the first request, since
// importing a package does no work.
var templates = sync.OnceValue(func() map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(words).ParseFS(templateFiles, "templates/layout.html"))
	sets := map[string]*template.Template{}
	for _, name := range []string{"signin", "device_entry", "device_confirm", "consent", "portal", "message"} {
		sets[name] = template.Must(template.Must(layout.Clone()).ParseFS(templateFiles, "templates/"+name+".html"))
	}
	return sets
})

// Render writes a page with its status and headers. Nothing is written when it fails: the caller still owns the response.
//
// Referrer-Policy no-referrer keeps codes out of Referer, and makes browsers send "Origin: null" with the page's forms;
// cross-origin checks have to read Sec-Fetch-Site first, as http.CrossOriginProtection does.
func Render(w http.ResponseWriter, status int, page Page) error {
	look := page.look()
	policy, err := contentSecurityPolicy(look.targets)
	if err != nil {
		return fmt.Errorf("render %s: %w", look.template, err)
	}
	var body bytes.Buffer
	data := shell{Layout: layoutOf(page), Title: look.title, Wide: look.wide, Page: page}
	if look.template == "message" {
		data.RequestID = "" // message.html has it beside the advice to mention it
	}
	if err := templates()[look.template].ExecuteTemplate(&body, "layout.html", data); err != nil {
		return fmt.Errorf("render %s: %w", look.template, err)
	}
	// A byte that is not UTF-8 could take the one after it along when a browser guesses; hidden fields carry what came in.
	content := bytes.ToValidUTF8(body.Bytes(), []byte("\uFFFD"))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(content)))
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	// A reader that went away is not a failure of the page.
	_, _ = w.Write(content)
	return nil
}

// layoutOf reads the Layout that every view model embeds.
func layoutOf(page Page) Layout { return page.(interface{ common() Layout }).common() }

func (l Layout) common() Layout { return l }

// contentSecurityPolicy allows our own style sheet and icon, and nothing else. Browsers also hold redirects after a POST
// against form-action, so the targets of such redirects are part of it.
func contentSecurityPolicy(targets []string) (string, error) {
	formAction := "'self'"
	for _, t := range targets {
		source, err := formActionSource(t)
		if err != nil {
			return "", err
		}
		formAction += " " + source
	}
	return "default-src 'none'; style-src 'self'; img-src 'self'; form-action " + formAction +
		"; frame-ancestors 'none'; base-uri 'none'", nil
}

var (
	hostGrammar   = sys.Pattern(`^[A-Za-z0-9.-]+$`)
	portGrammar   = sys.Pattern(`^[0-9]{1,5}$`)
	schemeGrammar = sys.Pattern(`^[a-z][a-z0-9+.-]*$`)
)

// neverTargets are schemes that run or show content of the caller's choosing in the browser itself.
var neverTargets = map[string]bool{
	"javascript": true, "vbscript": true, "data": true, "blob": true, "filesystem": true, "about": true, "file": true,
}

// formActionSource is the CSP source expression (CSP3 §2.3.1) for the place a redirect URI points at.
func formActionSource(redirectURI string) (string, error) {
	u, err := url.Parse(redirectURI)
	if err != nil || !schemeGrammar().MatchString(u.Scheme) || neverTargets[u.Scheme] {
		return "", fmt.Errorf("form-action: %q is no redirect target", redirectURI)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return u.Scheme + ":", nil // private-use scheme of a native application, RFC 8252 §7.1
	}
	host, port := u.Hostname(), u.Port()
	if strings.Contains(host, ":") {
		host = "*" // the CSP grammar has no IPv6 addresses; the port still narrows it
	} else if !hostGrammar().MatchString(host) {
		return "", fmt.Errorf("form-action: %q has no usable host", redirectURI)
	}
	if port == "" {
		return u.Scheme + "://" + host, nil
	}
	if !portGrammar().MatchString(port) {
		return "", fmt.Errorf("form-action: %q has no usable port", redirectURI)
	}
	return u.Scheme + "://" + host + ":" + port, nil
}
