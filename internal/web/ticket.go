package web

import (
	"net/http"
	"time"

	"sallyport/internal/keys"
)

// Purposes of what the pages seal.
const (
	purposeTicket   = "page-ticket"
	purposeUserCode = "page-user-code"
	sealLayout      = 1
)

// ticketLifetime is how long a page may stay open before its form is refused. Nothing that a person decides here lives longer than ten
// minutes itself.
const ticketLifetime = 15 * time.Minute

// What a ticket is for. A form of one kind cannot be sent with the ticket of another.
const (
	actionSignIn     = "sign-in"
	actionSignOut    = "sign-out"
	actionFindDevice = "find-device"
	actionDevice     = "decide-device"
	actionConsent    = "decide-consent"
	actionOutcome    = "outcome" // not a form: shows a result that nobody can make up
)

// ticket says that a form is ours, whom it was shown to, and what it decides: a form without one is somebody else's (CSRF, RFC 6819
// §4.4.1.8), and one of another sign-in was left open by another person (§4.4.1.9).
type ticket struct {
	action string
	holder string // the sign-in or the visitor that saw the page
	object string // the one thing that the form decides
}

func (h *Handler) sealTicket(t ticket) string {
	return h.Ring.Seal(purposeTicket, keys.Pack(sealLayout).Text(t.action).Text(t.holder).Text(t.object).
		Int(h.Clock.Now().UnixMilli()).Bytes())
}

// openTicket reads a ticket. It reports false for one that is forged or too old.
func (h *Handler) openTicket(text string) (ticket, bool) {
	message, err := h.Ring.Open(purposeTicket, text)
	if err != nil {
		return ticket{}, false
	}
	u := keys.Unpack(sealLayout, message)
	t := ticket{u.Text(), u.Text(), u.Text()}
	age := h.Clock.Now().Sub(time.UnixMilli(u.Int()))
	return t, u.Err() == nil && age <= ticketLifetime
}

// errTicket is the one answer to a form whose ticket is missing, forged, too old, or of another kind, person or thing.
var errTicket = &pageError{status: http.StatusForbidden,
	sentence: "The form is no longer good: it was open for too long, or you signed in or out since."}

// admit checks the ticket of a form and returns what the form decides.
func (h *Handler) admit(v *visit, action, holder string) (object string, err error) {
	t, ok := h.openTicket(v.form.Get(FieldTicket))
	if !ok || t.action != action || holder == "" || t.holder != holder {
		return "", errTicket
	}
	return t.object, nil
}

// holder names the sign-in in tickets; it is empty when nobody is signed in.
func (v *visit) holder() string {
	if !v.signedIn {
		return ""
	}
	return "sign-in/" + v.session.SignInID
}

// sealUserCode hides a user code in a link or a form: the page may be the one that does not show it.
func (h *Handler) sealUserCode(code string) string {
	return h.Ring.Seal(purposeUserCode, keys.Pack(sealLayout).Text(code).Bytes())
}

func (h *Handler) openUserCode(text string) (code string, ok bool) {
	message, err := h.Ring.Open(purposeUserCode, text)
	if err != nil {
		return "", false
	}
	u := keys.Unpack(sealLayout, message)
	code = u.Text()
	return code, u.Err() == nil
}
