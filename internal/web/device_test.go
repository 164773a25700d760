package web

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"sallyport/internal/oauth"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

const heading = "Does this match your device?"

// open signs alice in over the device's link and returns her browser with the page that asks her.
func (s *site) open(d device) (*browser, reply) {
	s.t.Helper()
	b := s.browser()
	page := b.follow(b.get(d.link).want(http.StatusSeeOther, ""))
	return b, b.follow(b.signIn(page, "alice")).want(http.StatusOK, heading)
}

func TestDeviceIsApprovedThroughThePages(t *testing.T) {
	s := newSite(t)
	d := s.startDevice("127.0.0.1")
	b, page := s.open(d)
	for _, shown := range []string{d.userCode, "aws-tool", "self-declared", "127.0.0.1", "aws-cli/2", "someone sent you this link"} {
		if !strings.Contains(page.body, shown) {
			t.Errorf("the page does not show %q", shown)
		}
	}
	decided := b.submit(page.form(PathDeviceDecision), FieldDecision, DecisionApprove).want(http.StatusSeeOther, "")
	b.follow(decided).want(http.StatusOK, "Device approved")
	b.get(decided.location).want(http.StatusOK, "Device approved") // loading again decides nothing again
	if _, refused := s.poll(d); refused != "" {
		t.Errorf("the device got %s, want a token", refused)
	}
}

func TestDeviceCodeCanBeTyped(t *testing.T) {
	s := newSite(t)
	d := s.startDevice("127.0.0.1")
	b := s.as("alice")
	entry := b.get(PathDevice).want(http.StatusOK, "Connect a device")
	typed := strings.ToLower(strings.ReplaceAll(d.userCode, "-", " "))
	b.follow(b.submit(entry.form(PathDevice), FieldUserCode, typed)).want(http.StatusOK, heading)
}

func TestDeviceIsDenied(t *testing.T) {
	s := newSite(t)
	d := s.startDevice("127.0.0.1")
	b, page := s.open(d)
	b.follow(b.submit(page.form(PathDeviceDecision), FieldDecision, DecisionDeny)).want(http.StatusOK, "Request denied")
	if _, refused := s.poll(d); refused != "AccessDeniedException" {
		t.Errorf("the device got %q", refused)
	}
	b.get(d.link).want(http.StatusOK, "Already denied")
}

// TestADeviceDecisionIsFinal replays the form of a second tab after each first decision.
func TestADeviceDecisionIsFinal(t *testing.T) {
	tests := []struct {
		name, first, then string
		status            int
		heading, polled   string
	}{
		{"approving twice says so", DecisionApprove, DecisionApprove, http.StatusOK, "Already approved", ""},
		{"denying after approval is a conflict", DecisionApprove, DecisionDeny, http.StatusConflict, "Already approved", ""},
		{"approving after denial is a conflict", DecisionDeny, DecisionApprove, http.StatusConflict, "Already denied", "AccessDeniedException"},
		{"denying twice says so", DecisionDeny, DecisionDeny, http.StatusOK, "Already denied", "AccessDeniedException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			d := s.startDevice("127.0.0.1")
			b, page := s.open(d)
			b.submit(page.form(PathDeviceDecision), FieldDecision, tt.first).want(http.StatusSeeOther, "")
			b.submit(page.form(PathDeviceDecision), FieldDecision, tt.then).want(tt.status, tt.heading)
			if _, refused := s.poll(d); refused != tt.polled {
				t.Errorf("the device got %q, want %q", refused, tt.polled)
			}
		})
	}
}

func TestASecondTabSaysAlreadyApproved(t *testing.T) {
	s := newSite(t)
	d := s.startDevice("127.0.0.1")
	b, page := s.open(d)
	b.submit(page.form(PathDeviceDecision), FieldDecision, DecisionApprove)
	b.get(d.link).want(http.StatusOK, "Already approved")
	if _, refused := s.poll(d); refused != "" {
		t.Fatal(refused)
	}
	b.get(d.link).want(http.StatusOK, "Already approved") // also when the device has its token
}

func TestAnExpiredDeviceSaysSo(t *testing.T) {
	s := newSite(t)
	d := s.startDevice("127.0.0.1")
	b, page := s.open(d)
	s.clock.Advance(deviceLifetime)
	b.submit(page.form(PathDeviceDecision), FieldDecision, DecisionApprove).want(http.StatusGone, "This code has expired")
	b.get(d.link).want(http.StatusGone, "This code has expired")
	if _, refused := s.poll(d); refused != "ExpiredTokenException" {
		t.Errorf("the device got %q", refused)
	}
}

func TestAStaleSignInCannotApprove(t *testing.T) {
	s := newSite(t)
	d := s.startDevice("127.0.0.1")
	b, page := s.open(d)
	s.clock.Advance(approvalMaxAge + 1e9)
	before := s.counts()

	again := b.follow(b.submit(page.form(PathDeviceDecision), FieldDecision, DecisionApprove)).want(http.StatusOK, "Sign in")
	if !strings.Contains(again.body, "You signed in a while ago") {
		t.Error("the sign-in page does not say why")
	}
	b.follow(b.get(d.link)).want(http.StatusOK, "Sign in")
	s.unchanged(before, "a stale sign-in")
	if _, refused := s.poll(d); refused != "AuthorizationPendingException" {
		t.Errorf("the device got %q", refused)
	}

	page = b.follow(b.signIn(again, "alice")).want(http.StatusOK, heading)
	b.follow(b.submit(page.form(PathDeviceDecision), FieldDecision, DecisionApprove)).want(http.StatusOK, "Device approved")
}

func TestADeviceOnAnotherNetworkNeedsItsCodeTyped(t *testing.T) {
	s := newSite(t)
	d := s.startDevice("203.0.113.7")
	b := s.as("alice")
	b.header.Set(testAddress, "198.51.100.9")
	page := b.get(d.link).want(http.StatusOK, "Did you start this yourself?")
	if strings.Contains(page.body, d.userCode) || !strings.Contains(page.body, "203.0.113.7") {
		t.Errorf("the page shows the code, or not who asks:\n%s", page.body)
	}
	f := page.form(PathDeviceDecision)
	before := s.counts()
	for name, typed := range map[string]string{
		"nothing": "", "a wrong code": "BBBB-BBBB", "another device's code": s.startDevice("203.0.113.7").userCode,
	} {
		before["device_authorization"] = s.counts()["device_authorization"]
		answer := b.submit(f, FieldDecision, DecisionApprove, FieldUserCode, typed)
		answer.want(http.StatusBadRequest, "Did you start this yourself?")
		if !strings.Contains(answer.body, `role="alert"`) {
			t.Errorf("%s: no word about it", name)
		}
		s.unchanged(before, "approving with "+name)
	}
	b.follow(b.submit(f, FieldDecision, DecisionApprove, FieldUserCode, d.userCode)).want(http.StatusOK, "Device approved")
}

func TestDenyingNeedsNoTypedCode(t *testing.T) {
	s := newSite(t)
	d := s.startDevice("203.0.113.7")
	b := s.as("alice")
	page := b.get(d.link).want(http.StatusOK, "Did you start this yourself?")
	b.follow(b.submit(page.form(PathDeviceDecision), FieldDecision, DecisionDeny)).want(http.StatusOK, "Request denied")
}

func TestOtherNetwork(t *testing.T) {
	tests := []struct {
		name, device, viewer string
		want                 bool
	}{
		{"the same address", "203.0.113.7", "203.0.113.7", false},
		{"a neighbour", "203.0.113.7", "203.0.113.250", false},
		{"the next network", "203.0.113.7", "203.0.114.7", true},
		{"loopback in both families", "127.0.0.1", "::1", false},
		{"loopback and elsewhere", "127.0.0.1", "203.0.113.7", true},
		{"IPv4 in IPv6 clothing", "203.0.113.7", "::ffff:203.0.113.9", false},
		{"IPv6 of one site", "2001:db8:1:1::5", "2001:db8:1:2::9", false},
		{"IPv6 of two sites", "2001:db8:1::5", "2001:db8:2::5", true},
		{"a zone", "fe80::1", "fe80::2%eth0", false},
		{"two families", "203.0.113.7", "2001:db8::1", true},
		{"an address that was not known", "invalid IP", "203.0.113.7", true},
		{"a viewer without an address", "203.0.113.7", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			viewer, _ := netip.ParseAddr(tt.viewer)
			if got := otherNetwork(tt.device, viewer); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestGuessingCodesIsStopped(t *testing.T) {
	s := newSite(t)
	d := s.startDevice("127.0.0.1")
	b := s.as("alice")
	const misses = 5
	for range misses - 1 {
		b.get(deviceURL("BBBB-BBBB")).want(http.StatusBadRequest, "Connect a device")
	}
	for _, target := range []string{deviceURL("BBBB-BBBC"), d.link, PathDevice} {
		locked := b.get(target).want(http.StatusTooManyRequests, "Connect a device")
		if after := locked.header.Get("Retry-After"); after == "" || after == "0" {
			t.Errorf("%s: Retry-After is %q", target, after)
		}
		if strings.Contains(locked.body, FieldUserCode) || strings.Contains(locked.body, d.userCode) {
			t.Errorf("%s: a locked page has a form", target)
		}
	}
	if _, refused := s.poll(d); refused != "AuthorizationPendingException" {
		t.Errorf("guessing burnt a live code: %s", refused)
	}
	s.clock.Advance(deviceLifetime)
	b.get(PathDevice).want(http.StatusOK, "Connect a device")
}

func TestRightCodesAreNoMisses(t *testing.T) {
	s := newSite(t)
	d := s.startDevice("127.0.0.1")
	b := s.as("alice")
	for range 10 {
		b.get(d.link).want(http.StatusOK, heading)
	}
}

// TestAnOldPageCannotDecideOnANewDevice gives the code of a device whose page is open to another device.
func TestAnOldPageCannotDecideOnANewDevice(t *testing.T) {
	s := newSite(t)
	d := s.startDevice("127.0.0.1")
	b, page := s.open(d)
	s.clock.Advance(deviceLifetime)
	code, _ := oauth.ParseUserCode(d.userCode)
	s.update(func(tx *store.Tx) error {
		_, err := tx.AddDevice(store.Device{
			DeviceID: sys.NewID(tx.Now), Address: "127.0.0.1", CreatedAt: tx.Millis(), ExpiresAt: tx.Now.Add(deviceLifetime).UnixMilli(),
		}, "digest", s.ring.Digest("user-code", code.String()))
		return err
	})
	before := s.counts()
	b.submit(page.form(PathDeviceDecision), FieldDecision, DecisionApprove).want(http.StatusForbidden, "This was not done")
	s.unchanged(before, "a page of an older device")
	b.follow(b.get(d.link)).want(http.StatusOK, "Sign in") // it is pending still
}

func TestDeviceFormsThatWereChangedDecideNothing(t *testing.T) {
	s := newSite(t)
	b, page := s.open(s.startDevice("127.0.0.1"))
	other := b.get(s.startDevice("127.0.0.1").link).form(PathDeviceDecision)
	f := page.form(PathDeviceDecision)
	before := s.counts()
	b.submit(f, FieldDecision, DecisionApprove, FieldRequest, other.fields.Get(FieldRequest)).want(http.StatusForbidden, "")
	b.submit(f, FieldDecision, DecisionApprove, FieldRequest, "").want(http.StatusForbidden, "")
	b.submit(f, FieldDecision, DecisionApprove, FieldRequest, f.fields.Get(FieldRequest)+"A").want(http.StatusForbidden, "")
	b.submit(f, FieldDecision, "").want(http.StatusBadRequest, "")
	b.submit(f, FieldDecision, "Approve").want(http.StatusBadRequest, "")
	b.send("POST", PathDeviceDecision, nil, nil).want(http.StatusUnsupportedMediaType, "")
	s.unchanged(before, "a changed form")
}

// TestNoLinkCanClaimAnOutcome: a page that says "approved" is as good as a confirmation by telephone.
func TestNoLinkCanClaimAnOutcome(t *testing.T) {
	s := newSite(t)
	d := s.startDevice("127.0.0.1")
	b, page := s.open(d)
	f := page.form(PathDeviceDecision)
	done := b.submit(f, FieldDecision, DecisionApprove).location
	shown, _ := s.handler.openTicket(f.fields.Get(FieldTicket))
	bob := s.as("bob")
	if r := bob.get(done); r.status != http.StatusSeeOther || r.location != PathDevice {
		t.Errorf("somebody else is shown the outcome: %d %s", r.status, r.location)
	}
	for name, value := range map[string]string{
		"words": "approved", "the ticket of a form": f.fields.Get(FieldTicket),
		"a ticket for something with a number": s.handler.sealTicket(ticket{actionDevice, shown.holder, "0 x"}), "a changed seal": done[strings.Index(done, "=")+1:] + "A",
	} {
		if r := b.get(PathDevice + "?done=" + url.QueryEscape(value)); r.status != http.StatusSeeOther {
			t.Errorf("%s: %d", name, r.status)
		}
	}
	s.clock.Advance(ticketLifetime + 1e9)
	if r := b.get(done); r.status != http.StatusSeeOther {
		t.Errorf("an old outcome: %d", r.status)
	}
}

func TestTheDevicePageAsksWhoYouAreBeforeItLooksAtACode(t *testing.T) {
	s := newSite(t)
	d := s.startDevice("127.0.0.1")
	b := s.browser()
	known, unknown := b.get(d.link), b.get(deviceURL("BBBB-BBBB"))
	if known.status != unknown.status || len(known.location) != len(unknown.location) {
		t.Errorf("a known code is answered by %d %s, an unknown one by %d %s", known.status, known.location, unknown.status, unknown.location)
	}
	if strings.Contains(known.location, d.userCode) {
		t.Error("the code is in a second address that browsers keep")
	}
}
