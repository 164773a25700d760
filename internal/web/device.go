package web

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/fault"
	"sallyport/internal/token"
)

// The device page (RFC 8628 §3.3). It asks for sign-in before it looks at a code, so that guessing costs an account, and decides by POST
// alone.

// fieldDone is the query parameter of the page that tells what was decided. Its value is sealed: a link cannot claim an outcome.
const fieldDone = "done"

// maxUserCode is more than anybody types; what is longer is cut and matches nothing.
const maxUserCode = 80

// Prefix lengths of what counts as one network: what a site or a household has.
const (
	networkBitsIPv4 = 24
	networkBitsIPv6 = 48
)

const (
	unknownUserCode = "This code is not known, or has expired. Compare it with your device, or start again there."
	wrongUserCode   = "This is not the code of the request below. Type the code that your own device shows, or deny."
)

func deviceURL(userCode string) string {
	return PathDevice + "?" + FieldUserCode + "=" + url.QueryEscape(userCode)
}

// showDevice shows the form for a code, what the code stands for, or what became of it.
func (h *Handler) showDevice(v *visit) error {
	if err := v.onlyWhenLookedAt(); err != nil {
		return err
	}
	code := cut(v.query.Get(FieldUserCode), maxUserCode)
	switch {
	case !v.signedIn:
		return v.toSignIn(h.toDevice(code))
	case v.query.Get(fieldDone) != "":
		return h.showOutcome(v)
	case code == "":
		return h.showDeviceEntry(v, http.StatusOK, DeviceEntry{})
	}
	request, found, err := h.lookUp(v, code)
	switch {
	case err != nil:
		return h.orLocked(v, err)
	case !found:
		return h.showDeviceEntry(v, http.StatusBadRequest, DeviceEntry{UserCode: code, Error: unknownUserCode})
	case request.State != token.DevicePending:
		return h.showDecided(v, request.State, request.ClientName, statusOfState[request.State])
	case !h.Token.Fresh(v.person()):
		return v.toSignIn(h.toDevice(code))
	}
	return h.showDeviceConfirm(v, http.StatusOK, request, "")
}

// toDevice goes on at the device page with the code.
func (h *Handler) toDevice(code string) continuation {
	return continuation{continueDevice, h.sealUserCode(code)}
}

// cut shortens what was typed, at a letter's edge.
func cut(text string, limit int) string {
	if len(text) > limit {
		text = text[:limit]
	}
	return strings.ToValidUTF8(text, "")
}

// lookUp finds what a typed code stands for. The try is counted before the code is looked at (RFC 8628 §5.1), and given back when the
// code was right.
func (h *Handler) lookUp(v *visit, typed string) (request token.DeviceRequest, found bool, err error) {
	miss, err := h.Signin.CountUserCodeMiss(v.ctx(), v.caller, v.session)
	if err != nil {
		return request, false, err
	}
	if request, found, err = h.Token.FindDevice(v.ctx(), typed); err != nil || !found {
		return request, false, err
	}
	return request, true, h.Signin.ForgiveUserCodeMiss(v.ctx(), miss)
}

// orLocked shows how long to wait when a look-up was refused, and hands on every other error.
func (h *Handler) orLocked(v *visit, err error) error {
	if refusal, refused := fault.As(err); !refused || refusal.Kind == fault.TemporarilyUnavailable {
		return err
	}
	wait, err := h.Signin.UserCodeLocked(v.ctx(), v.caller, v.session)
	if err != nil {
		return err
	}
	return h.showLocked(v, max(wait, time.Second))
}

func (h *Handler) showLocked(v *visit, wait time.Duration) error {
	v.retryAfter(wait)
	return Render(v.w, http.StatusTooManyRequests, DeviceEntry{Layout: h.layout(v), Locked: wait})
}

func (h *Handler) showDeviceEntry(v *visit, status int, page DeviceEntry) error {
	wait, err := h.Signin.UserCodeLocked(v.ctx(), v.caller, v.session)
	if err != nil {
		return err
	}
	if wait > 0 {
		return h.showLocked(v, wait)
	}
	page.Layout = h.layout(v)
	page.Ticket = h.sealTicket(ticket{action: actionFindDevice, holder: v.holder()})
	return Render(v.w, status, page)
}

// postDevice takes the code that was typed to the page that looks it up.
func (h *Handler) postDevice(v *visit) error {
	if _, err := h.admit(v, actionFindDevice, v.holder()); err != nil {
		return err
	}
	return v.seeOther(deviceURL(cut(v.form.Get(FieldUserCode), maxUserCode)))
}

func (h *Handler) showDeviceConfirm(v *visit, status int, d token.DeviceRequest, failure string) error {
	page := DeviceConfirm{
		Layout: h.layout(v), Request: h.sealUserCode(d.UserCode.String()), UserCode: d.UserCode.String(), Error: failure,
		ClientName: d.ClientName, ClientRegisteredAt: d.ClientRegistered, RequestedAt: d.Started, SessionEndsAt: d.SessionEnds,
		Now: h.Clock.Now(), RequesterAddress: d.Address, RequesterAgent: d.Agent, Scopes: d.Scopes.Strings(),
		OtherNetwork: otherNetwork(d.Address, v.caller.Address),
	}
	page.Ticket = h.sealTicket(ticket{actionDevice, v.holder(), d.DeviceID})
	return Render(v.w, status, page)
}

// otherNetwork reports whether the device is somewhere else than the person who looks at the page. An address that cannot be read is.
func otherNetwork(device string, viewer netip.Addr) bool {
	asked, err := netip.ParseAddr(device)
	if err != nil || !viewer.IsValid() {
		return true
	}
	asked, viewer = asked.Unmap().WithZone(""), viewer.Unmap().WithZone("")
	if asked.IsLoopback() && viewer.IsLoopback() {
		return false
	}
	bits := networkBitsIPv6
	if asked.Is4() {
		bits = networkBitsIPv4
	}
	return asked.Is4() != viewer.Is4() || !netip.PrefixFrom(asked, bits).Contains(viewer)
}

// postDeviceDecision approves or denies the device that the page showed. The ticket names that device, so that an old page cannot
// decide on another one that was given the same code since.
func (h *Handler) postDeviceDecision(v *visit) error {
	deviceID, err := h.admit(v, actionDevice, v.holder())
	if err != nil {
		return err
	}
	approve, err := v.decision()
	if err != nil {
		return err
	}
	code, opened := h.openUserCode(v.form.Get(FieldRequest))
	if !opened {
		return errTicket
	}
	request, found, err := h.Token.FindDevice(v.ctx(), code)
	switch {
	case err != nil:
		return err
	case !found || request.DeviceID != deviceID:
		return errTicket
	case request.State != token.DevicePending:
		return h.showUnchanged(v, request.State, request.ClientName, approve)
	}
	if approve && otherNetwork(request.Address, v.caller.Address) {
		typed, found, err := h.lookUp(v, v.form.Get(FieldUserCode))
		if err != nil {
			return h.orLocked(v, err)
		}
		if !found || typed.DeviceID != deviceID {
			return h.showDeviceConfirm(v, http.StatusBadRequest, request, wrongUserCode)
		}
	}
	return h.decideDevice(v, request, approve)
}

// decision reads which button was pressed.
func (v *visit) decision() (approve bool, err error) {
	switch v.form.Get(FieldDecision) {
	case DecisionApprove:
		return true, nil
	case DecisionDeny:
		return false, nil
	}
	return false, &pageError{status: http.StatusBadRequest, sentence: "The form says neither yes nor no."}
}

func (h *Handler) decideDevice(v *visit, request token.DeviceRequest, approve bool) error {
	state, changed, err := h.Token.DecideDevice(v.ctx(), v.caller, v.person(), request.DeviceID, approve)
	switch {
	case errors.Is(err, token.ErrStale):
		return v.toSignIn(h.toDevice(request.UserCode.String()))
	case err != nil:
		return err
	case !changed:
		return h.showUnchanged(v, state, request.ClientName, approve)
	}
	outcome := DeviceDenied
	if approve {
		outcome = DeviceApproved
	}
	return v.seeOther(h.outcomeURL(v, outcome, request.ClientName))
}

// outcomeOfState is what a page says of a device that was decided before.
var outcomeOfState = map[token.DeviceState]DeviceOutcome{
	token.DeviceApproved: DeviceAlreadyApproved,
	token.DeviceDenied:   DeviceAlreadyDenied,
	token.DeviceExpired:  DeviceExpired,
}

// statusOfState is the status of that page for somebody who only looks.
var statusOfState = map[token.DeviceState]int{
	token.DeviceApproved: http.StatusOK,
	token.DeviceDenied:   http.StatusOK,
	token.DeviceExpired:  http.StatusGone,
}

func (h *Handler) showDecided(v *visit, state token.DeviceState, clientName string, status int) error {
	return Render(v.w, status, DeviceDone{Layout: h.layout(v), Outcome: outcomeOfState[state], ClientName: clientName})
}

// showUnchanged tells somebody who decided that it had been decided, or is too late. The other decision is a conflict.
func (h *Handler) showUnchanged(v *visit, state token.DeviceState, clientName string, approve bool) error {
	status := statusOfState[state]
	if approve && state == token.DeviceDenied || !approve && state == token.DeviceApproved {
		status = http.StatusConflict
	}
	return h.showDecided(v, state, clientName, status)
}

// outcomeURL is a page that can be loaded again without deciding again.
func (h *Handler) outcomeURL(v *visit, outcome DeviceOutcome, clientName string) string {
	sealed := h.sealTicket(ticket{actionOutcome, v.holder(), strconv.Itoa(int(outcome)) + " " + clientName})
	return PathDevice + "?" + fieldDone + "=" + url.QueryEscape(sealed)
}

// showOutcome shows the outcome to whoever decided, and the form to everybody else.
func (h *Handler) showOutcome(v *visit) error {
	t, ok := h.openTicket(v.query.Get(fieldDone))
	number, clientName, _ := strings.Cut(t.object, " ")
	outcome, err := strconv.Atoi(number)
	if !ok || t.action != actionOutcome || t.holder != v.holder() || err != nil {
		return v.seeOther(PathDevice)
	}
	return Render(v.w, http.StatusOK, DeviceDone{Layout: h.layout(v), Outcome: DeviceOutcome(outcome), ClientName: clientName})
}
