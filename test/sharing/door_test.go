//go:build clients

package sharing

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"sallyport/test/harness"
)

// What comes through the door.
const (
	registers    = "RegisterClient"
	asksForCode  = "StartDeviceAuthorization"
	polls        = "CreateToken, device code"
	redeemsCode  = "CreateToken, authorization code"
	refreshes    = "CreateToken, refresh token"
	probes       = "CreateToken, with what tells whether the client is known"
	listsAccount = "ListAccounts"
	getsRole     = "GetRoleCredentials"
	logsOut      = "Logout"
)

var callsByPath = map[string]string{
	"/client/register": registers, "/device_authorization": asksForCode, "/assignment/accounts": listsAccount,
	"/federation/credentials": getsRole, "/logout": logsOut,
}

var callsByGrant = map[string]string{
	"urn:ietf:params:oauth:grant-type:device_code": polls, "authorization_code": redeemsCode, "refresh_token": refreshes,
}

// door stands before the unsigned services of a server and counts. STS is called directly: its signatures cover the host.
type door struct {
	*httptest.Server
	t      testing.TB
	server *harness.Server

	mu      sync.Mutex
	passed  map[string]int // that the server answered with 200
	refused map[string]int
	waiting chan struct{} // closed when enough callers refresh at once; nil lets everybody in
	missing int           // how many are not there yet
}

func newDoor(t testing.TB) *door {
	t.Helper()
	d := &door{t: t, server: harness.Start(t), passed: map[string]int{}, refused: map[string]int{}}
	target, err := url.Parse(d.server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: transport}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := nameOf(r)
		if call == refreshes {
			d.hold()
		}
		proxy.ServeHTTP(&witness{w, func(status int) { d.count(call, status) }}, r)
	}))
	t.Cleanup(func() {
		d.Server.Close()
		transport.CloseIdleConnections()
	})
	return d
}

// witness tells of an answer before anything of it goes out, so that whoever waits for the caller finds it counted.
type witness struct {
	http.ResponseWriter
	answered func(status int)
}

func (w *witness) WriteHeader(status int) {
	w.answered(status)
	w.ResponseWriter.WriteHeader(status)
}

// nameOf names the call and leaves the body as it was.
func nameOf(r *http.Request) string {
	if r.URL.Path != "/token" {
		return callsByPath[r.URL.Path]
	}
	body, _ := io.ReadAll(r.Body) // one that broke off is no grant
	r.Body = io.NopCloser(bytes.NewReader(body))
	var in struct{ GrantType, RefreshToken string }
	_ = json.Unmarshal(body, &in)
	if in.RefreshToken == "none" {
		return probes
	}
	return callsByGrant[in.GrantType]
}

func (d *door) count(call string, status int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if status == http.StatusOK {
		d.passed[call]++
	} else {
		d.refused[call]++
	}
}

// patience is far above what anything here takes, on a busy machine too.
const patience = 60 * time.Second

// gather has the next callers that refresh wait for each other.
func (d *door) gather(callers int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting, d.missing = make(chan struct{}), callers
}

func (d *door) hold() {
	d.mu.Lock()
	waiting := d.waiting
	if d.missing--; d.missing == 0 {
		close(d.waiting)
		d.waiting = nil
	}
	d.mu.Unlock()
	if waiting == nil {
		return
	}
	select {
	case <-waiting:
	case <-time.After(patience):
		d.t.Error("fewer callers than expected refresh at once")
	}
}

// tally is what came through since the last time, by call.
type tally map[string]int

func (d *door) take() tally {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	passed := d.passed
	for call, times := range d.refused {
		if call != polls && call != probes { // a poll before the approval is refused
			d.t.Errorf("%s was refused %d times", call, times)
		}
	}
	d.passed, d.refused = map[string]int{}, map[string]int{}
	return passed
}

// want fails the test unless exactly this came through since the last time.
func (d *door) want(what string, want tally) {
	d.t.Helper()
	if got := d.take(); !maps.Equal(got, want) {
		d.t.Errorf("%s: the server was asked for %v, want %v", what, got, want)
	}
}

// opens reports whether the server takes an access token.
func (d *door) opens(accessToken string) bool {
	d.t.Helper()
	request, err := http.NewRequest(http.MethodGet, d.server.Endpoint+"/assignment/accounts", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	request.Header.Set("x-amz-sso_bearer_token", accessToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusUnauthorized {
		d.t.Errorf("ListAccounts answers with %s", response.Status)
	}
	return response.StatusCode == http.StatusOK
}

// liveSessions is how many sessions have not ended at the server.
func (d *door) liveSessions() int {
	d.t.Helper()
	response, err := http.Get(d.server.Endpoint + "/_dev/state")
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	var state struct{ LiveSessions int }
	if err := json.NewDecoder(response.Body).Decode(&state); err != nil {
		d.t.Fatal(err)
	}
	return state.LiveSessions
}
