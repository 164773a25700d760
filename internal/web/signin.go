package web

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sallyport/internal/fault"
	"sallyport/internal/signin"
	"sallyport/internal/sys"
)

// Names of our cookies, without the prefix they get over TLS. Both hold nothing that can be read.
const (
	cookieSession = "sallyport-session" // sealed by signin
	cookieVisitor = "sallyport-visitor" // random: ties the sign-in form to the browser before anybody is signed in
)

const (
	visitorBytes = 16
	visitorText  = `^[A-Za-z0-9_-]{22}$` // visitorBytes in base64url
)

var visitorGrammar = sys.Pattern(visitorText)

// cookieName has the prefix that makes browsers refuse the cookie from plain connections and from sub-domains.
func (h *Handler) cookieName(name string) string {
	if h.Secure {
		return "__Host-" + name
	}
	return name
}

// setCookie sets a cookie of ours, or removes it when the value is empty. It ends with the browser: how long a sign-in lasts is for the
// server to say.
func (h *Handler) setCookie(v *visit, name, value string) {
	cookie := http.Cookie{
		Name: h.cookieName(name), Value: value, Path: "/", HttpOnly: true, Secure: h.Secure, SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(v.w, &cookie)
}

func (h *Handler) cookie(v *visit, name string) string {
	cookie, err := v.r.Cookie(h.cookieName(name))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// resume finds out who is at the browser.
func (h *Handler) resume(v *visit) error {
	sealed := h.cookie(v, cookieSession)
	if sealed == "" {
		return nil
	}
	session, fresh, err := h.Signin.Resume(v.ctx(), sealed)
	if errors.Is(err, signin.ErrNotSignedIn) {
		return nil
	}
	if err != nil {
		return err
	}
	v.session, v.signedIn = session, true
	if fresh != "" {
		h.setCookie(v, cookieSession, fresh)
	}
	return nil
}

// visitor names the browser in the ticket of the sign-in form, so that nobody else's form can sign it in (login CSRF, RFC 6749
// §10.12). It is empty when the browser brought no cookie of ours.
func (h *Handler) visitor(v *visit) string {
	value := h.cookie(v, cookieVisitor)
	if !visitorGrammar().MatchString(value) {
		return ""
	}
	return "visitor/" + value
}

// greet is visitor for a browser that is given a cookie if it has none.
func (h *Handler) greet(v *visit) string {
	if visitor := h.visitor(v); visitor != "" {
		return visitor
	}
	raw := make([]byte, visitorBytes)
	rand.Read(raw)
	value := base64.RawURLEncoding.EncodeToString(raw)
	h.setCookie(v, cookieVisitor, value)
	return "visitor/" + value
}

// continuation is where sign-in goes on. As text it is a word and something sealed by us: from a link that somebody made up it leads
// nowhere but to the portal, so that sign-in redirects to no other site. The zero value is the portal.
type continuation struct {
	word   string
	sealed string // the authorization request, or the user code
}

const (
	continueDevice    = "device"
	continueAuthorize = "authorize"
)

func (c continuation) String() string {
	if c.word == "" {
		return ""
	}
	return c.word + "." + c.sealed
}

func parseContinuation(text string) continuation {
	word, sealed, _ := strings.Cut(text, ".")
	switch word {
	case continueDevice, continueAuthorize:
		return continuation{word, sealed}
	}
	return continuation{}
}

// location is the address to go on at.
func (h *Handler) location(c continuation) string {
	switch c.word {
	case continueAuthorize:
		return PathConsent + "?" + FieldRequest + "=" + url.QueryEscape(c.sealed)
	case continueDevice:
		if code, ok := h.openUserCode(c.sealed); ok && code != "" {
			return deviceURL(code)
		}
		return PathDevice
	}
	return PathPortal
}

// toSignIn sends the browser to the sign-in page, to go on from there.
func (v *visit) toSignIn(c continuation) error {
	if c.word == "" {
		return v.seeOther(PathSignIn)
	}
	return v.seeOther(PathSignIn + "?" + FieldContinue + "=" + url.QueryEscape(c.String()))
}

// showSignIn shows the form to whoever comes, signed in or not: those who are were sent here to prove it again, or want to be somebody
// else.
func (h *Handler) showSignIn(v *visit) error {
	c := parseContinuation(v.query.Get(FieldContinue))
	page, err := h.signInPage(v, c)
	if err != nil {
		return err
	}
	if v.signedIn && c.word != "" {
		page.UserName, page.Reason = v.session.User.UserName, again[c.word]
	}
	return Render(v.w, http.StatusOK, page)
}

// again says why somebody who is signed in has to sign in.
var again = map[string]string{
	continueDevice:    "You signed in a while ago. To connect a device, sign in again: what you approve acts as you.",
	continueAuthorize: "The application asks you to sign in again.",
}

func (h *Handler) signInPage(v *visit, c continuation) (SignIn, error) {
	page := SignIn{
		Layout:   Layout{Instance: h.Instance, RequestID: v.caller.RequestID},
		Continue: c.String(), ForDevice: c.word == continueDevice,
	}
	page.Ticket = h.sealTicket(ticket{action: actionSignIn, holder: h.greet(v)})
	if h.Dev != nil {
		page.DemoUsers = h.Dev.Users
	}
	if c.word == continueAuthorize {
		request, err := h.Token.OpenAuthorize(v.ctx(), c.sealed)
		if err != nil {
			return SignIn{}, err
		}
		page.ForApplication, page.RedirectURI = request.Client.Name, request.RedirectURI.String()
		page.Configured = request.Client.ApplicationID != ""
	}
	return page, nil
}

const signInExpired = "The page was open for too long, or your browser takes no cookies. Please try again."

// postSignIn checks a password. Every success begins a new session: the cookie from before, which somebody else might know, is good for
// nothing afterwards (session fixation), and what was granted under it belongs to the new one.
func (h *Handler) postSignIn(v *visit) error {
	if _, err := h.admit(v, actionSignIn, h.visitor(v)); err != nil {
		return h.signInAgain(v, http.StatusForbidden, signInExpired)
	}
	signedIn, err := h.Signin.SignIn(v.ctx(), v.caller, v.form.Get(FieldUserName), v.form.Get(FieldPassword))
	if refusal, refused := fault.As(err); refused {
		if refusal.Kind == fault.TemporarilyUnavailable {
			h.Log.InfoContext(v.ctx(), "sign-in refused", "cause", refusal.Cause()) // signin records the others
			v.retryAfter(busyPause * time.Second)
		}
		if refusal.Wait > 0 {
			v.retryAfter(refusal.Wait)
		}
		return h.signInAgain(v, refusal.Kind.Status, refusal.Message+".")
	}
	if err != nil {
		return err
	}
	if v.signedIn {
		if err := h.Signin.Continue(v.ctx(), v.session, signedIn.Session); err != nil {
			return err
		}
	}
	h.setCookie(v, cookieSession, signedIn.Cookie)
	h.setCookie(v, cookieVisitor, "")
	return v.seeOther(h.location(parseContinuation(v.form.Get(FieldContinue))))
}

// signInAgain shows the form after a failure. Nothing but the sentence tells one failure from another.
func (h *Handler) signInAgain(v *visit, status int, sentence string) error {
	page, err := h.signInPage(v, parseContinuation(v.form.Get(FieldContinue)))
	if err != nil {
		return err
	}
	page.UserName, page.Error = v.form.Get(FieldUserName), sentence
	return Render(v.w, status, page)
}

// postSignOut ends the session of the browser and what was granted out of it.
func (h *Handler) postSignOut(v *visit) error {
	if _, err := h.admit(v, actionSignOut, v.holder()); err != nil {
		return err
	}
	if err := h.Signin.SignOut(v.ctx(), v.caller, v.session); err != nil {
		return err
	}
	h.setCookie(v, cookieSession, "")
	return Render(v.w, http.StatusOK, SignedOut{Layout{Instance: h.Instance, RequestID: v.caller.RequestID}})
}
