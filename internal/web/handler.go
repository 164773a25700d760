package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/portal"
	"sallyport/internal/signin"
	"sallyport/internal/strictform"
	"sallyport/internal/sys"
	"sallyport/internal/token"
)

// PathAuthorize is where clients send the browser (RFC 6749 §3.1). No page of ours links to it.
const PathAuthorize = "/authorize"

const (
	// maxForm has room for the longest form: consent, with a sealed request of maxCarried in it.
	maxForm = 64 << 10
	// busyPause is what a person waits after "too many are signing in", in seconds: the wait that signin itself allows.
	busyPause = 5
)

// Options are what the pages are given.
type Options struct {
	Signin *signin.Service
	Token  *token.Service
	Portal *portal.Service
	Ring   *keys.Ring
	Clock  *sys.Clock
	Log    *slog.Logger

	Instance  string          // display name
	Issuer    string          // our public URL, without a slash at the end
	StartURLs token.StartURLs // the addresses of the instance
	Region    string
	Secure    bool      // the public URL is https: cookies get the __Host- prefix and stay off plain connections
	Dev       *DevHints // nil but in development mode

	Caller func(*http.Request) api.Caller // who sent a request, through trusted proxies
}

// DevHints is what development mode prints on the sign-in page.
type DevHints struct{ Users []DemoUser }

// Handler answers browsers.
type Handler struct {
	Options
	sameOrigin *http.CrossOriginProtection
}

// New makes the handler.
func New(options Options) *Handler {
	h := &Handler{Options: options, sameOrigin: http.NewCrossOriginProtection()}
	if h.Log == nil {
		h.Log = slog.New(slog.DiscardHandler)
	}
	h.sameOrigin.SetDenyHandler(http.HandlerFunc(h.refuseCrossOrigin))
	return h
}

// answer is one method of one page. A *fault.Refusal or a *pageError that it returns becomes an error page of its status, any other
// error a page that names the request id.
type answer func(h *Handler, v *visit) error

// page is a path with the methods that it has. GET serves HEAD as well.
type page struct {
	path      string
	get, post answer
}

// pages is the table of every page. Only what is in it can be reached, and a test posts to each of its forms from elsewhere.
var pages = []page{
	{path: "/{$}", get: (*Handler).home},
	{path: PathPortal, get: (*Handler).startURL},
	{path: PathPortal + "/{$}", get: (*Handler).startURL},
	{path: PathSignIn, get: (*Handler).showSignIn, post: (*Handler).postSignIn},
	{path: PathSignOut, post: (*Handler).postSignOut},
	{path: PathDevice, get: (*Handler).showDevice, post: (*Handler).postDevice},
	{path: PathDeviceDecision, post: (*Handler).postDeviceDecision},
	{path: PathAuthorize, get: (*Handler).authorize},
	{path: PathConsent, get: (*Handler).showConsent, post: (*Handler).postConsent},
}

// shared are the paths that other services answer as well, by other methods.
var shared = []string{"/{$}"}

// Routes registers the pages. The multiplexer may have other routes.
func (h *Handler) Routes(mux *http.ServeMux) {
	for _, p := range pages {
		if p.get != nil {
			mux.Handle("GET "+p.path, h.serve(p.get))
		}
		if p.post != nil {
			mux.Handle("POST "+p.path, h.serve(p.post))
		}
		if !slices.Contains(shared, p.path) {
			mux.Handle(p.path, h.otherMethod(p))
		}
	}
	mux.Handle(StaticPrefix, StaticHandler())
	mux.HandleFunc(strings.TrimSuffix(StaticPrefix, "/"), http.NotFound) // or the multiplexer would redirect to the folder
}

func (h *Handler) otherMethod(p page) http.Handler {
	var allow []string
	if p.get != nil {
		allow = append(allow, http.MethodGet, http.MethodHead)
	}
	if p.post != nil {
		allow = append(allow, http.MethodPost)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", strings.Join(allow, ", "))
		h.Error(w, r, http.StatusMethodNotAllowed, h.Caller(r).RequestID, "This address does not take "+r.Method+" requests.")
	})
}

// serve runs an answer behind the cross-origin check and turns its error into a page.
func (h *Handler) serve(answer answer) http.Handler {
	return h.sameOrigin.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{w: w, r: r, caller: h.Caller(r)}
		err := h.receive(v)
		if err == nil {
			err = answer(h, v)
		}
		if err != nil {
			h.fail(v, err)
		}
	}))
}

// refuseCrossOrigin answers forms that came from another site. The ticket would refuse them, too; this does so before anything is read.
func (h *Handler) refuseCrossOrigin(w http.ResponseWriter, r *http.Request) {
	h.Error(w, r, http.StatusForbidden, h.Caller(r).RequestID, "The form was sent from another site.")
}

// visit is one request of a browser.
type visit struct {
	w        http.ResponseWriter
	r        *http.Request
	caller   api.Caller
	query    url.Values     // each parameter once
	form     url.Values     // of a POST: each field once
	session  signin.Session // who is there, if signedIn
	signedIn bool
}

func (v *visit) ctx() context.Context { return v.r.Context() }

// person is who decides.
func (v *visit) person() token.Person {
	return token.Person{UserID: v.session.User.UserID, SignInID: v.session.SignInID, AuthTime: v.session.AuthTime}
}

// receive reads what every answer needs: parameters, form, and who is there.
func (h *Handler) receive(v *visit) (err error) {
	if v.query, err = parse(v.r.URL.RawQuery); err != nil {
		return err
	}
	if v.r.Method == http.MethodPost {
		if v.form, err = readForm(v.w, v.r); err != nil {
			return err
		}
	}
	return h.resume(v)
}

// parse reads the parameters of a query or a form.
func parse(text string) (url.Values, error) {
	values, err := strictform.Parse(text)
	if err != nil {
		return nil, fault.InvalidRequest.Refuse("The request cannot be read: " + err.Error())
	}
	return values, nil
}

func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, fault.UnsupportedMediaType.Refuse("Only forms are taken here")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, fault.RequestTooLarge.Refuse("The form has more than " + strconv.Itoa(maxForm) + " bytes")
	case err != nil:
		return nil, fault.InvalidRequest.Refuse("The form did not arrive whole").Because("%v", err)
	}
	return parse(string(body))
}

// layout is the frame of a page for the visit.
func (h *Handler) layout(v *visit) Layout {
	l := Layout{Instance: h.Instance, RequestID: v.caller.RequestID}
	if v.signedIn {
		l.User = v.session.User.DisplayName
		if l.User == "" {
			l.User = v.session.User.UserName
		}
		l.SignOutTicket = h.sealTicket(ticket{action: actionSignOut, holder: v.holder()})
	}
	return l
}

// seeOther sends the browser on with a GET, whatever it came with: 303 repeats no form, as 307 would with the password in it
// (RFC 9700 §4.12).
func (v *visit) seeOther(location string) error { return v.redirect(http.StatusSeeOther, location) }

// redirect sends the browser on. The location is ours, or a redirect URI that was checked, with a query that is percent-encoded.
func (v *visit) redirect(status int, location string) error {
	header := v.w.Header()
	header.Set("Location", location)
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	v.w.WriteHeader(status)
	return nil
}

// retryAfter tells clients when to come again. It promises no less than the wait.
func (v *visit) retryAfter(wait time.Duration) {
	v.w.Header().Set("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
}

// pageError is a refusal that concerns the page alone, and so has no name in the catalogue.
type pageError struct {
	status     int
	sentence   string
	targetHost string // see Error.TargetHost
}

func (e *pageError) Error() string { return e.sentence }

const errorTypeHeader = "x-amzn-ErrorType"

// fail shows what went wrong. What is not a refusal is a failure of ours: the page has the request id, the log the cause.
func (h *Handler) fail(v *visit, err error) {
	shown := &pageError{status: http.StatusInternalServerError, sentence: "The server failed. It is not your fault."}
	if refusal, refused := fault.As(err); refused {
		h.Log.InfoContext(v.ctx(), "page refused", "kind", refusal.Kind.Name, "message", refusal.Message, "cause", refusal.Cause())
		v.w.Header().Set(errorTypeHeader, refusal.Kind.Name)
		shown = &pageError{status: pageStatus(refusal.Kind), sentence: refusal.Message + "."}
	} else if !errors.As(err, &shown) {
		h.logFailure(v, err)
	}
	h.show(v.w, h.layout(v), shown)
}

func (h *Handler) logFailure(v *visit, err error) {
	level := slog.LevelError
	if v.ctx().Err() != nil {
		level = slog.LevelDebug // the browser went away, and what was being done for it ended
	}
	h.Log.Log(v.ctx(), level, "page failed", "path", v.r.URL.Path, "error", err)
}

// pageStatus is the status of a refusal on a page. A 401 would have to name a scheme that browsers can answer with (RFC 9110 §15.5.2).
func pageStatus(kind *fault.Kind) int {
	if kind.Status == http.StatusUnauthorized {
		return http.StatusBadRequest
	}
	return kind.Status
}

// Error shows an error page to a browser: for what is refused outside of this package, before there is a page.
func (h *Handler) Error(w http.ResponseWriter, _ *http.Request, status int, requestID, message string) {
	h.show(w, Layout{Instance: h.Instance, RequestID: requestID}, &pageError{status: status, sentence: message})
}

func (h *Handler) show(w http.ResponseWriter, layout Layout, e *pageError) {
	words := wordsFor(e.status)
	page := Error{
		Layout: layout, Heading: words.heading, Sentence: e.sentence, Next: words.next,
		Home: e.status == http.StatusNotFound, TargetHost: e.targetHost,
	}
	if err := Render(w, e.status, page); err != nil {
		h.Log.Error("error page failed", "error", err)
		http.Error(w, e.sentence, e.status)
	}
}

// statusWords are the heading of an error page and what to do now.
type statusWords struct{ heading, next string }

var wordsByStatus = map[int]statusWords{
	http.StatusForbidden:             {"This was not done", "Go back, load the page again and repeat what you did."},
	http.StatusNotFound:              {"There is no such page", "Check the address, or begin at your accounts."},
	http.StatusMethodNotAllowed:      {"This cannot be done here", "Go back and use the links and buttons of the page."},
	http.StatusRequestEntityTooLarge: {"That was too much", "Send less: no form here needs as much."},
	http.StatusMisdirectedRequest:    {"This is not the address of this service", "Use the address that your administrator gave you."},
	http.StatusTooManyRequests:       {"Too many tries", "Wait, then try again."},
	http.StatusServiceUnavailable:    {"Not at this moment", "Wait a few seconds, then load the page again."},
}

func wordsFor(status int) statusWords {
	words, special := wordsByStatus[status]
	switch {
	case special:
		return words
	case status >= http.StatusInternalServerError:
		return statusWords{"Something went wrong", "Try again. If it happens again, tell your administrator."}
	default:
		return statusWords{"This request cannot be used", "Go back to where you came from, and start again there."}
	}
}
