package web

import (
	"errors"
	"net/http"
	"strings"

	"sallyport/internal/fault"
	"sallyport/internal/oauth"
	"sallyport/internal/token"
)

// The authorization endpoint (RFC 6749 §3.1) and the consent page. A request that passed its checks is stored nowhere: it goes through
// sign-in and consent sealed, in links and in a hidden field, and no cookie holds any of it.

// maxCarried bounds a sealed request, so that the links that carry it stay within what a request target may have here (16 KiB). It takes a
// client with several long redirect URIs and a long state to reach it.
const maxCarried = 15 << 10

var tooLongToCarry = fault.InvalidRequest.Refuse("The request is too long: the application has to send a shorter state or register fewer redirect URIs")

// authorize is where a client sends the browser.
func (h *Handler) authorize(v *visit) error {
	if err := v.onlyWhenLookedAt(); err != nil {
		return err
	}
	request, err := h.Token.ParseAuthorize(v.ctx(), v.query)
	var redirect *token.Redirect
	if errors.As(err, &redirect) {
		return h.toClient(v, redirect)
	}
	if err != nil {
		return err
	}
	return h.proceed(v, request, h.Token.SealAuthorize(request))
}

// showConsent goes on with a request after sign-in.
func (h *Handler) showConsent(v *visit) error {
	if err := v.onlyWhenLookedAt(); err != nil {
		return err
	}
	sealed := v.query.Get(FieldRequest)
	request, err := h.Token.OpenAuthorize(v.ctx(), sealed)
	if err != nil {
		return err
	}
	return h.proceed(v, request, sealed)
}

// proceed takes a request as far as it goes without a decision: to sign-in, to the consent page, or, when the person agreed before, back
// to the client with a code.
func (h *Handler) proceed(v *visit, request token.AuthorizeRequest, sealed string) error {
	if len(sealed) > maxCarried {
		return tooLongToCarry
	}
	if !v.signedIn || request.NeedsSignIn(v.person()) {
		if request.Prompt == token.PromptNone {
			return h.toClient(v, request.Refuse(oauth.LoginRequired, "the person has to sign in"))
		}
		return v.toSignIn(continuation{continueAuthorize, sealed})
	}
	consented, err := h.Token.Consented(v.ctx(), v.person(), request)
	switch {
	case err != nil:
		return err
	case consented && v.r.Method != http.MethodHead: // HEAD issues nothing
		return h.conclude(v, request, token.Consent{Allow: true}, http.StatusFound)
	case request.Prompt == token.PromptNone:
		return h.toClient(v, request.Refuse(oauth.ConsentRequired, "the person has to agree"))
	}
	page := Consent{
		Layout: h.layout(v), Request: sealed, ClientName: request.Client.Name, Configured: request.Client.ApplicationID != "",
		Scopes: request.Scopes.Strings(), RedirectURI: request.RedirectURI.String(),
	}
	page.Ticket = h.sealTicket(ticket{actionConsent, v.holder(), request.ID})
	return Render(v.w, http.StatusOK, page)
}

// postConsent takes the decision of the person who saw the page, on the request that it showed.
func (h *Handler) postConsent(v *visit) error {
	requestID, err := h.admit(v, actionConsent, v.holder())
	if err != nil {
		return err
	}
	allow, err := v.decision()
	if err != nil {
		return err
	}
	request, err := h.Token.OpenAuthorize(v.ctx(), v.form.Get(FieldRequest))
	if err != nil {
		return err
	}
	if request.ID != requestID {
		return errTicket
	}
	consent := token.Consent{Allow: allow, Remember: v.form.Get(FieldRemember) == "yes"}
	return h.conclude(v, request, consent, http.StatusSeeOther)
}

// conclude records the decision and sends the browser to the client with it.
func (h *Handler) conclude(v *visit, request token.AuthorizeRequest, consent token.Consent, status int) error {
	location, err := h.Token.Decide(v.ctx(), v.caller, v.person(), request, consent)
	if err != nil {
		return err
	}
	return v.redirect(status, location)
}

// toClient tells the client why nothing came of its request. Anybody can register a client with any address, so a browser in which nobody
// is signed in is not sent there: a link to us would be a link to anywhere (RFC 9700 §4.11.2). Programs on the person's own machine get
// their answer, since they wait for it and a link to them leads nowhere.
func (h *Handler) toClient(v *visit, redirect *token.Redirect) error {
	v.w.Header().Set(errorTypeHeader, exceptionOf(redirect.Code))
	if redirect.To.IsLoopback() || v.signedIn {
		return v.redirect(http.StatusFound, redirect.Location())
	}
	return &pageError{
		status:     http.StatusBadRequest,
		sentence:   "An application sent you here with a request that cannot be used: " + redirect.Description + ".",
		targetHost: redirect.To.Host(),
	}
}

// kindsToClient are the refusals whose OAuth code travels by redirect.
var kindsToClient = []*fault.Kind{fault.InvalidScope, fault.UnauthorizedClient, fault.AccessDenied}

// exceptionOf is the exception that says the same as an OAuth code.
func exceptionOf(code oauth.ErrorCode) string {
	for _, kind := range kindsToClient {
		if kind.OAuth == string(code) {
			return kind.Name
		}
	}
	return fault.InvalidRequest.Name
}

// Headers with which browsers and their extensions say that nobody looks at the page yet.
var prefetchHeaders = []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"}

// onlyWhenLookedAt refuses what nobody asked for: pages fetched ahead, which would spend codes or count guesses, and pages fetched by
// other pages as anything but a document (Fetch Metadata).
func (v *visit) onlyWhenLookedAt() error {
	for _, name := range prefetchHeaders {
		purpose := strings.ToLower(v.r.Header.Get(name))
		if strings.Contains(purpose, "prefetch") || strings.Contains(purpose, "prerender") || strings.Contains(purpose, "preview") {
			return &pageError{status: http.StatusForbidden, sentence: "This page is not loaded ahead of time."}
		}
	}
	if destination := v.r.Header.Get("Sec-Fetch-Dest"); destination != "" && destination != "document" {
		return &pageError{status: http.StatusForbidden, sentence: "This page can only be opened in a window of its own."}
	}
	return nil
}
