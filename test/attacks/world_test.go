package attacks

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sallyport/test/harness"
)

const (
	grantDevice  = "urn:ietf:params:oauth:grant-type:device_code"
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"

	callback = "http://127.0.0.1:51820/oauth/callback" // what loopback clients ask for
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

// proxyElsewhere has a server expect proxies, and not the ones that send what we do: without it, development mode refuses everything that says
// it came through one.
const proxyElsewhere = "--trusted-proxies=192.0.2.1"

// world is a running server, and whoever talks to it within one entry.
type world struct {
	t      *testing.T
	run    *run
	server *harness.Server
	client *http.Client
	kept   *secrets
	broken *bool         // the entry breaks the server on purpose: failures are answered and logged
	moved  *atomic.Int64 // by how much its clock is ahead of the machine's
}

// run is one execution of the catalogue: every server that was started for it.
type run struct {
	t      *testing.T
	shared *world // for entries that need no settings and move no clock

	mu     sync.Mutex
	worlds []*world
}

// start starts a server that ends with t. Registrations and device authorizations are not limited unless a flag says how.
func (r *run) start(t *testing.T, flags ...string) *world {
	t.Helper()
	return r.startIn(t, t.TempDir(), &secrets{}, flags...)
}

// startIn starts a server on a data folder that another one may be using.
func (r *run) startIn(t *testing.T, data string, kept *secrets, flags ...string) *world {
	t.Helper()
	for _, rate := range []string{"--register-rate", "--device-start-rate"} {
		if !slices.ContainsFunc(flags, func(flag string) bool { return strings.HasPrefix(flag, rate) }) {
			flags = append(flags, rate+"=0")
		}
	}
	w := &world{run: r, server: harness.StartIn(t, data, append([]string{"--dev"}, flags...)...), kept: kept, broken: new(bool), moved: new(atomic.Int64)}
	for _, user := range w.server.Users {
		kept.add("password", user.Password)
	}
	kept.add("secret key", w.server.Admin.SecretAccessKey)
	r.mu.Lock()
	r.worlds = append(r.worlds, w)
	r.mu.Unlock()
	return w.in(t)
}

// in returns the same server for another entry.
func (w *world) in(t *testing.T) *world {
	entered := *w
	entered.t = t
	entered.client = &http.Client{
		Transport:     &watch{world: &entered, base: transport(t, w.server.CABundle)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       time.Minute,
	}
	return &entered
}

func transport(t *testing.T, caBundle string) *http.Transport {
	base := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64, Proxy: nil}
	if caBundle != "" {
		base.TLSClientConfig = &tls.Config{RootCAs: roots(t, caBundle)}
	}
	t.Cleanup(base.CloseIdleConnections)
	return base
}

func roots(t *testing.T, caBundle string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(caBundle)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(text) {
		t.Fatalf("read %s: %v", caBundle, err)
	}
	return pool
}

// another starts a server of the entry's own.
func (w *world) another(flags ...string) *world {
	w.t.Helper()
	return w.run.start(w.t, flags...)
}

// beside starts a second node on the data folder of this one.
func (w *world) beside(flags ...string) *world {
	w.t.Helper()
	return w.run.startIn(w.t, w.server.Data, w.kept, flags...)
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) String() string {
	text := string(a.body)
	if len(text) > 300 {
		text = text[:300] + "…"
	}
	return fmt.Sprintf("%d %s%s %s", a.status, a.exception(), a.header.Get("Location"), text)
}

// exception is the AWS name of a refusal.
func (a answer) exception() string { return a.header.Get("X-Amzn-Errortype") }

// member returns a text of a JSON answer, or the empty text.
func (a answer) member(name string) string {
	var all map[string]any
	if json.Unmarshal(a.body, &all) != nil {
		return ""
	}
	text, _ := all[name].(string)
	return text
}

func (a answer) isPage() bool { return strings.HasPrefix(a.header.Get("Content-Type"), "text/html") }

// location is where a redirect goes.
func (a answer) location(t *testing.T) *url.URL {
	t.Helper()
	to, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		t.Fatalf("the Location cannot be read: %v", err)
	}
	return to
}

// do sends a request. It may be called by many goroutines.
func (w *world) do(r *http.Request) answer {
	response, err := w.client.Do(r)
	if err != nil {
		w.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		return answer{header: http.Header{}}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Errorf("%s %s: read the answer: %v", r.Method, r.URL.Path, err)
	}
	return answer{response.StatusCode, response.Header, body}
}

// send sends a request to a target of the server.
func (w *world) send(method, target string, header map[string]string, body []byte) answer {
	w.t.Helper()
	r, err := http.NewRequest(method, w.server.Endpoint+target, bytes.NewReader(body))
	if err != nil {
		w.t.Errorf("%s %.100s: %v", method, target, err)
		return answer{header: http.Header{}}
	}
	for name, value := range header {
		r.Header.Set(name, value)
		if name == "Host" {
			r.Host = value
		}
	}
	return w.do(r)
}

func (w *world) get(target string) answer { w.t.Helper(); return w.send("GET", target, nil, nil) }

// members are those of a JSON object.
type members map[string]any

// with returns the members with some of them changed, or removed by nil.
func (m members) with(changes members) members {
	changed := maps.Clone(m)
	for name, value := range changes {
		if changed[name] = value; value == nil {
			delete(changed, name)
		}
	}
	return changed
}

var asJSON = map[string]string{"Content-Type": "application/json"}

func (w *world) post(path string, body members) answer {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.send("POST", path, asJSON, text)
}

func (w *world) postForm(path string, form url.Values, header map[string]string) answer {
	w.t.Helper()
	all := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	maps.Copy(all, header)
	return w.send("POST", path, all, []byte(form.Encode()))
}

// registration is a registered client.
type registration struct{ id, secret string }

var publicClient = members{
	"clientName": "tester", "clientType": "public", "scopes": []string{"sso:account:access"},
	"redirectUris": []string{"http://127.0.0.1/oauth/callback"}, "grantTypes": []string{grantCode, grantDevice, grantRefresh},
}

// register registers a client with every grant, changed as the entry wants it.
func (w *world) register(changes ...members) registration {
	w.t.Helper()
	body := publicClient
	for _, change := range changes {
		body = body.with(change)
	}
	a := w.want(200, w.post("/client/register", body))
	return registration{a.member("clientId"), a.member("clientSecret")}
}

// device is a device authorization.
type device struct{ code, userCode, complete string }

func (w *world) startRequest(c registration) members {
	return members{"clientId": c.id, "clientSecret": c.secret, "startUrl": w.server.StartURL}
}

func (w *world) start(c registration) device {
	w.t.Helper()
	a := w.want(200, w.post("/device_authorization", w.startRequest(c)))
	return device{a.member("deviceCode"), a.member("userCode"), a.member("verificationUriComplete")}
}

func pollRequest(c registration, d device) members {
	return members{"clientId": c.id, "clientSecret": c.secret, "grantType": grantDevice, "deviceCode": d.code}
}

func (w *world) poll(c registration, d device) answer {
	w.t.Helper()
	return w.post("/token", pollRequest(c, d))
}

// tokens are a session's.
type tokens struct{ access, refresh, id string }

func (a answer) tokens() tokens {
	return tokens{a.member("accessToken"), a.member("refreshToken"), a.member("idToken")}
}

// login signs a person in through the device flow.
func (w *world) login(c registration, userName string) tokens {
	w.t.Helper()
	d := w.start(c)
	w.decide(d, userName, "approve")
	return w.want(200, w.poll(c, d)).tokens()
}

func (w *world) refresh(c registration, refreshToken string) answer {
	w.t.Helper()
	return w.post("/token", members{"clientId": c.id, "clientSecret": c.secret, "grantType": grantRefresh, "refreshToken": refreshToken})
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// authorizeQuery is the query of a good authorization request, changed as the entry wants it.
func authorizeQuery(c registration, changes map[string]string) url.Values {
	query := url.Values{
		"response_type": {"code"}, "client_id": {c.id}, "redirect_uri": {callback}, "state": {"s1"},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}, "scopes": {"sso:account:access"},
	}
	for name, value := range changes {
		if query.Set(name, value); value == "" {
			query.Del(name)
		}
	}
	return query
}

// code is an authorization code for a person who allows everything.
func (w *world) code(c registration, userName string, changes map[string]string) string {
	w.t.Helper()
	var out struct{ Location string }
	w.control(303, "/_dev/authorize", members{"query": authorizeQuery(c, changes).Encode(), "userName": userName}, &out)
	to, err := url.Parse(out.Location)
	if err != nil || to.Query().Get("code") == "" {
		w.t.Fatalf("no code in %q", out.Location)
	}
	w.kept.add("code", to.Query().Get("code"))
	return to.Query().Get("code")
}

func redeemRequest(c registration, code string) members {
	return members{
		"clientId": c.id, "clientSecret": c.secret, "grantType": grantCode, "code": code, "redirectUri": callback, "codeVerifier": verifier,
	}
}

func (w *world) redeem(c registration, code string) answer {
	w.t.Helper()
	return w.post("/token", redeemRequest(c, code))
}

func bearer(token string) map[string]string {
	return map[string]string{"x-amz-sso_bearer_token": token}
}

func (w *world) accounts(accessToken string) answer {
	w.t.Helper()
	return w.send("GET", "/assignment/accounts", bearer(accessToken), nil)
}

func (w *world) credentials(accessToken, account, role string) answer {
	w.t.Helper()
	query := url.Values{"account_id": {account}, "role_name": {role}}
	return w.send("GET", "/federation/credentials?"+query.Encode(), bearer(accessToken), nil)
}

// control calls a control endpoint of development mode.
func (w *world) control(status int, path string, body members, into any) {
	w.t.Helper()
	a := w.want(status, w.post(path, body))
	if into != nil {
		if err := json.Unmarshal(a.body, into); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) decide(d device, userName, decision string) {
	w.t.Helper()
	w.control(200, "/_dev/device", members{"userCode": d.userCode, "userName": userName, "decision": decision}, nil)
}

func (w *world) advance(by time.Duration) {
	w.t.Helper()
	w.control(200, "/_dev/clock", members{"advance": by.String()}, nil)
	w.moved.Add(int64(by))
}

// rows are the rows of each table. Counters, the audit and the reasons of refusals may grow by what is refused.
func (w *world) rows() map[string]int {
	w.t.Helper()
	var state struct{ Rows map[string]int }
	if err := json.Unmarshal(w.want(200, w.get("/_dev/state")).body, &state); err != nil {
		w.t.Fatal(err)
	}
	delete(state.Rows, "attempt")
	delete(state.Rows, "audit_event")
	delete(state.Rows, "decision")
	return state.Rows
}

// unchanged runs what must write no row.
func (w *world) unchanged(what string, do func()) {
	w.t.Helper()
	before := w.rows()
	do()
	if after := w.rows(); !maps.Equal(before, after) {
		w.t.Errorf("%s: rows changed from %v to %v", what, before, after)
	}
}

// command runs the program on the data folder of the server, as an operator would beside it.
func (w *world) command(stdin string, args ...string) (string, error) {
	w.t.Helper()
	c := exec.Command(harness.Binary(w.t), append(args, "--data", w.server.Data)...)
	c.Env, c.Stdin = harness.Environ(w.t, w.server.Data), strings.NewReader(stdin)
	out, err := c.CombinedOutput()
	if !onlyAdds(args) {
		heard()
	}
	return string(out), err
}

// onlyAdds reports whether a command changes nothing, or adds what nobody has been answered about: of that servers need not hear.
func onlyAdds(args []string) bool {
	switch args[0] {
	case "explain", "export", "config", "verify":
		return true
	}
	return len(args) > 1 && (args[0] == "iam" && strings.HasPrefix(args[1], "create-") || args[0] == "keys" && args[1] == "list")
}

// apply makes the directory the demo's with some texts replaced: pairs of old and new.
func (w *world) apply(replacements ...string) {
	w.t.Helper()
	if out, err := w.tryApply(replacements...); err != nil {
		w.t.Fatalf("apply: %v\n%s", err, out)
	}
}

func (w *world) tryApply(replacements ...string) (string, error) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "internal", "directory", "demo.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	directory := string(text)
	for i := 0; i < len(replacements); i += 2 {
		if strings.Count(directory, replacements[i]) != 1 {
			w.t.Fatalf("the directory has %q %d times", replacements[i], strings.Count(directory, replacements[i]))
		}
		directory = strings.Replace(directory, replacements[i], replacements[i+1], 1)
	}
	file := filepath.Join(w.t.TempDir(), "directory.yaml")
	if err := os.WriteFile(file, []byte(directory), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return w.command("", "apply", "-f", file)
}

// Texts of the demo directory that entries add to.
const (
	users          = "\nusers:\n"
	permissionSets = "\npermissionSets:\n"
	assignments    = "\nassignments:\n"
)

// withAdmin gives alice the role that the templates of the portal name.
var withAdmin = []string{
	users, users + "  - userName: mike\n    givenName: Mike\n    familyName: Miller\n    email: mike@acme.example\n",
	permissionSets, permissionSets + "  - name: Admin\n",
	assignments, assignments + "  - account: \"111122223333\"\n    permissionSet: Admin\n    users: [alice]\n",
}

func (w *world) setPassword(userName, password string) {
	w.t.Helper()
	w.kept.add("password", password)
	if out, err := w.command(password+"\n", "user", "set-password", userName); err != nil {
		w.t.Fatalf("set the password of %s: %v\n%s", userName, err, out)
	}
}

// logPatience bounds the wait for the log, which comes through a pipe and so may be behind the answer.
const logPatience = 5 * time.Second

// logs fails the entry unless the server's log has, or soon has, every one of the texts.
func (w *world) logs(texts ...string) {
	w.t.Helper()
	deadline := time.After(logPatience)
	for _, text := range texts {
		for !strings.Contains(w.server.Log.String(), text) {
			select {
			case <-deadline:
				w.t.Errorf("the log does not have %q", text)
				return
			case <-time.After(time.Millisecond):
			}
		}
	}
}

// want fails the entry unless the answer has the status.
func (w *world) want(status int, a answer) answer {
	w.t.Helper()
	if a.status != status {
		w.t.Fatalf("want %d, got %s", status, a)
	}
	return a
}

// refused fails the entry unless the answer is this refusal. Alternatives of the exception are separated by |.
func (w *world) refused(a answer, status int, exceptions string) answer {
	w.t.Helper()
	if a.status != status || !oneOf(exceptions, a.exception()) {
		w.t.Errorf("want %d %s, got %s", status, exceptions, a)
	}
	return a
}

// refusedBy is refused for any of the statuses.
func (w *world) refusedBy(a answer, statuses ...int) answer {
	w.t.Helper()
	if !slices.Contains(statuses, a.status) {
		w.t.Errorf("want one of %v, got %s", statuses, a)
	}
	return a
}

func oneOf(alternatives, text string) bool {
	return slices.Contains(strings.Split(alternatives, "|"), text)
}

// alike fails the entry unless two refusals read the same.
func (w *world) alike(what string, a, b answer) {
	w.t.Helper()
	if a.status != b.status || !bytes.Equal(a.body, b.body) || a.exception() != b.exception() {
		w.t.Errorf("%s can be told apart: %s and %s", what, a, b)
	}
}

// together runs n things at the same moment and waits for them.
func together(n int, do func(i int)) {
	var started, done sync.WaitGroup
	gun := make(chan struct{})
	for i := range n {
		started.Add(1)
		done.Go(func() { started.Done(); <-gun; do(i) })
	}
	started.Wait()
	close(gun)
	done.Wait()
}
