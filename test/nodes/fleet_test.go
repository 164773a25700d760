//go:build clients

// Package nodes tests several servers over one PostgreSQL, and servers of two releases: the real program, behind one address as a balancer
// without memory would put it, where every request of a flow goes to a server of the test's choice.
package nodes

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/sigv4"
	"sallyport/test/harness"
)

type members = map[string]any

// fleet are the servers of a deployment.
type fleet struct {
	*testing.T
	database *harness.Postgres // nil on SQLite
	public   string            // the address that all of them have to clients
	environ  []string
	jar      http.CookieJar // of the one browser
	nodes    []*node
}

// node is a server of the fleet, with the clients' way to it.
type node struct {
	*harness.Node
	name    string
	address string
	log     *harness.Buffer
	client  *http.Client
	*fleet
}

// newFleet makes a database and no server yet.
func newFleet(t *testing.T, settings ...string) *fleet {
	t.Helper()
	database, err := harness.NewPostgres(append(settings, "fsync=off")...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { database.Remove() })
	f := newHouse(t)
	f.database = database
	f.environ = append(f.environ, "SALLYPORT_DATABASE="+database.URL())
	return f
}

// newHouse is a fleet whose rows are in a folder: one server at a time.
func newHouse(t *testing.T) *fleet {
	t.Helper()
	root := make([]byte, 32)
	rand.Read(root)
	address, err := harness.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{T: t, public: "http://" + address}
	f.environ = []string{"PATH=/usr/bin:/bin", "HOME=" + t.TempDir(), "SALLYPORT_ROOT_KEY=" + base64.StdEncoding.EncodeToString(root)}
	if f.jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	return f
}

// start adds a server: of this tree, or the given binary.
func (f *fleet) start(name, binary, data string, args ...string) *node {
	f.Helper()
	n := &node{name: name, log: &harness.Buffer{}, fleet: f}
	var err error
	if n.address, err = harness.FreeAddress(); err != nil {
		f.Fatal(err)
	}
	n.Node, err = harness.StartNode(harness.NodeOptions{
		Binary: binary, Environment: f.environ, Log: n.log, Folder: f.TempDir(),
		Args: append([]string{"--dev", "--listen", n.address, "--public-url", f.public, "--data", data, "--log-level", "debug"}, args...),
	})
	if err != nil {
		f.Fatalf("%s: %v\n%s", name, err, n.log)
	}
	f.Cleanup(n.Stop)
	dialer := &net.Dialer{}
	n.client = &http.Client{
		Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, n.address)
		}},
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	f.nodes = append(f.nodes, n)
	return n
}

// several starts servers of this tree, each with a folder of its own.
func (f *fleet) several(count int) []*node {
	f.Helper()
	for i := range count {
		f.start(string(rune('A'+i)), "", f.TempDir())
	}
	return f.nodes
}

// operate runs an operator's command on the rows, beside the servers.
func (f *fleet) operate(words ...string) string {
	f.Helper()
	binary, err := harness.Build()
	if err == nil {
		var out string
		if out, err = harness.Operate(binary, f.environ, append(words, "--data", f.TempDir())...); err == nil {
			return out
		}
	}
	f.Fatal(err)
	return ""
}

// setPassword gives a person another password by command.
func (f *fleet) setPassword(userName string) {
	f.Helper()
	binary, err := harness.Build()
	if err != nil {
		f.Fatal(err)
	}
	command := exec.Command(binary, "user", "set-password", userName, "--data", f.TempDir())
	command.Env, command.Stdin = f.environ, strings.NewReader(rand.Text()+"\n")
	if out, err := command.CombinedOutput(); err != nil {
		f.Fatalf("set-password: %v: %s", err, out)
	}
}

// answer is what a server answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) text(path ...string) string {
	var value any
	json.Unmarshal(a.body, &value)
	for _, name := range path {
		object, _ := value.(members)
		value = object[name]
	}
	text, _ := value.(string)
	return text
}

func (a answer) exception() string { return a.text("__type") }

// errSilent is what a server that does not answer is told by.
var errSilent = errors.New("no answer")

// send sends one request, and fails the test when the server failed: none of what a deployment goes through excuses that.
func (n *node) send(method, target string, header http.Header, body []byte) answer {
	n.Helper()
	a, err := n.try(method, target, header, body)
	if err != nil || a.status >= http.StatusInternalServerError {
		n.Fatalf("%s: %s %s: %v %d %s\n%s", n.name, method, target, err, a.status, a.body, n.log)
	}
	return a
}

func (n *node) try(method, target string, header http.Header, body []byte) (answer, error) {
	request, err := http.NewRequest(method, n.public+target, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header = header
	if request.Header == nil {
		request.Header = http.Header{}
	}
	for _, cookie := range n.jar.Cookies(request.URL) {
		request.AddCookie(cookie)
	}
	response, err := n.client.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", errSilent, err)
	}
	defer response.Body.Close()
	n.jar.SetCookies(request.URL, response.Cookies())
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, text}, err
}

// key signs requests.
type key = sigv4.Credentials

func (n *node) admin() key {
	return key{AccessKeyID: n.Admin.AccessKeyID, SecretAccessKey: n.Admin.SecretAccessKey}
}

// call calls an operation, signed with the key if it has to be.
func (n *node) call(operation *api.Operation, signer key, in members) answer {
	n.Helper()
	a, err := n.attempt(operation, signer, in)
	if err != nil || a.status >= http.StatusInternalServerError {
		n.Fatalf("%s: %s: %v %d %s\n%s", n.name, operation.Name, err, a.status, a.body, n.log)
	}
	return a
}

func (n *node) attempt(operation *api.Operation, signer key, in members) (answer, error) {
	composed := harness.Compose(operation, in)
	if operation.Auth == api.AuthSigV4 {
		request, err := http.NewRequest(composed.Method, n.public+composed.Target, bytes.NewReader(composed.Body))
		if err != nil {
			return answer{}, err
		}
		request.Header = composed.Header
		if err := (sigv4.Signer{Credentials: signer, Region: n.Region, Service: operation.Service.SigningName}).Sign(request, composed.Body, time.Now()); err != nil {
			return answer{}, err
		}
		composed.Header = request.Header
	}
	return n.try(composed.Method, composed.Target, composed.Header, composed.Body)
}

// must is call for what has to succeed.
func (n *node) must(operation *api.Operation, signer key, in members) answer {
	n.Helper()
	a := n.call(operation, signer, in)
	if a.status >= http.StatusBadRequest {
		n.Fatalf("%s: %s: %d %s", n.name, operation.Name, a.status, a.body)
	}
	return a
}

// The operations that the tests call.
var (
	registerClient  = api.RegisterClient.Operation
	startDevice     = api.StartDeviceAuthorization.Operation
	createToken     = api.CreateToken.Operation
	roleCredentials = api.GetRoleCredentials.Operation
	listAccounts    = api.ListAccounts.Operation
	logout          = api.Logout.Operation
)

// client is a registered client.
type client struct{ id, secret string }

func (n *node) register() client {
	n.Helper()
	a := n.must(registerClient, key{}, members{"clientName": "nodes", "clientType": "public", "scopes": []string{"sso:account:access"}})
	return client{a.text("clientId"), a.text("clientSecret")}
}

func (c client) with(in members) members {
	in["clientId"], in["clientSecret"] = c.id, c.secret
	return in
}

const (
	deviceGrant  = "urn:ietf:params:oauth:grant-type:device_code"
	refreshGrant = "refresh_token"
)

// device is a device authorization.
type device struct{ code, userCode string }

func (n *node) begin(c client) device {
	n.Helper()
	a := n.must(startDevice, key{}, c.with(members{"startUrl": n.StartURL}))
	return device{a.text("deviceCode"), a.text("userCode")}
}

func (n *node) approve(d device, userName string) {
	n.Helper()
	body, _ := json.Marshal(members{"userCode": d.userCode, "userName": userName, "decision": "approve"})
	if a := n.send("POST", "/_dev/device", http.Header{"Content-Type": {"application/json"}}, body); a.status != http.StatusOK {
		n.Fatalf("%s: approve: %d %s", n.name, a.status, a.body)
	}
}

// tokens are those of one session.
type tokens struct{ access, refresh string }

func (a answer) tokens() tokens { return tokens{a.text("accessToken"), a.text("refreshToken")} }

func (n *node) redeem(c client, d device) answer {
	n.Helper()
	return n.call(createToken, key{}, c.with(members{"grantType": deviceGrant, "deviceCode": d.code}))
}

func (n *node) refresh(c client, t tokens) tokens {
	n.Helper()
	return n.must(createToken, key{}, c.with(members{"grantType": refreshGrant, "refreshToken": t.refresh})).tokens()
}

// signIn signs a person in with a device, all on this server.
func (n *node) signIn(userName string) (client, tokens) {
	n.Helper()
	c := n.register()
	d := n.begin(c)
	n.approve(d, userName)
	a := n.redeem(c, d)
	if a.status != http.StatusOK {
		n.Fatalf("%s: %d %s", n.name, a.status, a.body)
	}
	return c, a.tokens()
}

// The role that alice of the demo holds.
const (
	demoAccount = "111122223333"
	demoRole    = "AdministratorAccess"
)

func (n *node) vend(t tokens) answer {
	n.Helper()
	return n.call(roleCredentials, key{}, members{"accessToken": t.access, "accountId": demoAccount, "roleName": demoRole})
}

// vended reads the credentials of an answer.
func (n *node) vended(a answer) key {
	n.Helper()
	k := key{
		AccessKeyID:     a.text("roleCredentials", "accessKeyId"),
		SecretAccessKey: a.text("roleCredentials", "secretAccessKey"),
		SessionToken:    a.text("roleCredentials", "sessionToken"),
	}
	if k.SessionToken == "" {
		n.Fatalf("%s: no credentials: %d %s", n.name, a.status, a.body)
	}
	return k
}

// toldWithin is how soon every server refuses what was ended at one.
const toldWithin = time.Second

// refusedWithin asks again and again until the server refuses, which it has to within a second.
func (n *node) refusedWithin(what string, ask func() answer) {
	n.Helper()
	began := time.Now()
	for {
		asked := time.Now()
		a := ask()
		if a.status >= http.StatusBadRequest && a.status < http.StatusInternalServerError {
			n.Logf("%s: refused at %s after %v: %s", what, n.name, time.Since(began).Round(time.Millisecond), a.exception())
			return
		}
		if asked.Sub(began) > toldWithin {
			n.Errorf("%s: %s still answers %d after %v", what, n.name, a.status, asked.Sub(began))
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// The pages of the browser.

var formField = regexp.MustCompile(`<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"`)

// open opens a page, following redirects on the same server.
func (n *node) open(target string) answer {
	n.Helper()
	for range 10 {
		a := n.send("GET", target, http.Header{"Accept": {"text/html"}}, nil)
		to := strings.TrimPrefix(a.header.Get("Location"), n.public)
		if to == "" {
			return a
		}
		target = to
	}
	n.Fatalf("%s: too many redirects", n.name)
	return answer{}
}

// submit posts the form of a page that goes to the path: to this server, whichever the page came from.
func (n *node) submit(page answer, action string, values ...string) answer {
	n.Helper()
	_, form, found := bytes.Cut(page.body, []byte(`action="`+action+`"`))
	if !found {
		n.Fatalf("the page has no form for %s: %d %s", action, page.status, page.body)
	}
	form, _, _ = bytes.Cut(form, []byte("</form>"))
	fields := url.Values{}
	for _, field := range formField.FindAllSubmatch(form, -1) {
		fields.Set(string(field[1]), string(field[2]))
	}
	for i := 0; i < len(values); i += 2 {
		fields.Set(values[i], values[i+1])
	}
	a := n.send("POST", action, http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {n.public}, "Sec-Fetch-Site": {"same-origin"}, "Accept": {"text/html"},
	}, []byte(fields.Encode()))
	if to := strings.TrimPrefix(a.header.Get("Location"), n.public); to != "" {
		return n.open(to)
	}
	return a
}
