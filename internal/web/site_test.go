package web

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/portal"
	"sallyport/internal/signin"
	"sallyport/internal/store"
	"sallyport/internal/sys"
	"sallyport/internal/testdb"
	"sallyport/internal/token"
)

const (
	password       = "four unrelated words, still"
	approvalMaxAge = 5 * time.Minute
	deviceLifetime = 10 * time.Minute
	idleTimeout    = time.Hour

	testAddress = "X-Test-Address" // stands for the address that the outer middleware resolves
)

// site is the pages over real rooms and a real store, on a server of their own.
type site struct {
	t       *testing.T
	clock   *sys.Clock
	store   *store.Store
	ring    *keys.Ring
	signin  *signin.Service
	token   *token.Service
	portal  *portal.Service
	handler *Handler
	url     string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, clock: new(sys.Clock)}
	dir := t.TempDir()
	var err error
	if s.store, err = store.Open(store.Options{Dir: dir, Database: testdb.URL(t, dir), Rehearse: testdb.Rehearse(), Clock: s.clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.store.Close() })
	root, err := keys.RootKeyFile(filepath.Join(dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	if s.ring, err = keys.Open(t.Context(), s.store, root, "test"); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	s.wire(mux)
	for _, name := range []string{"alice", "bob", "carol", "dave"} {
		s.addUser(name)
	}
	return s
}

func (s *site) wire(mux *http.ServeMux) {
	startURLs := token.StartURLs{
		Own: s.url + "/start", InstanceID: "ssoins-1111222233334444", IdentityStoreID: "d-9067f2a3c1", Region: "eu-central-1",
	}
	log := slog.New(slog.DiscardHandler)
	s.signin = signin.New(signin.Options{Store: s.store, Ring: s.ring, SessionDuration: 8 * time.Hour, IdleTimeout: idleTimeout})
	s.token = token.New(token.Options{
		Store: s.store, Ring: s.ring, Clock: s.clock, Log: log, Issuer: s.url, StartURLs: startURLs,
		SessionDuration: 8 * time.Hour, RefreshWindow: 30 * time.Second, DeviceCodeLifetime: deviceLifetime, PollInterval: time.Second,
		DeviceGrant: true, ApprovalMaxAge: approvalMaxAge,
	})
	s.portal = portal.New(portal.Options{Store: s.store, Ring: s.ring, Clock: s.clock, Log: log})
	s.handler = New(Options{
		Signin: s.signin, Token: s.token, Portal: s.portal, Ring: s.ring, Clock: s.clock,
		Instance: "Harbour", Issuer: s.url, StartURLs: startURLs, Region: "eu-central-1", Caller: testCaller,
	})
	s.handler.Routes(mux)
}

func testCaller(r *http.Request) api.Caller {
	address := r.Header.Get(testAddress)
	if address == "" {
		address = "127.0.0.1"
	}
	return api.Caller{Address: netip.MustParseAddr(address), Agent: r.UserAgent(), RequestID: "request-1"}
}

// addUser makes a person; carol is disabled and dave has no password.
func (s *site) addUser(name string) {
	s.t.Helper()
	user := store.User{UserID: "user-" + name, UserName: name, DisplayName: strings.ToUpper(name), Status: store.StatusEnabled}
	s.update(func(tx *store.Tx) error { return tx.PutUser(user) })
	if name == "dave" {
		return
	}
	err := s.signin.SetPassword(s.t.Context(), api.Caller{}, name, password, signin.PasswordOptions{Origin: store.OriginOperator})
	if err != nil {
		s.t.Fatal(err)
	}
	if name == "carol" {
		user.Status = store.StatusDisabled
		s.update(func(tx *store.Tx) error { return tx.PutUser(user) })
	}
}

func (s *site) update(fn func(*store.Tx) error) {
	s.t.Helper()
	if err := s.store.Update(s.t.Context(), fn); err != nil {
		s.t.Fatal(err)
	}
}

// counts are the rows of every table but that of the limits, which a GET may count in.
func (s *site) counts() map[string]int64 {
	s.t.Helper()
	rows, live, err := s.store.Counts(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	delete(rows, "attempt")
	rows["live sessions"] = live
	return rows
}

func (s *site) unchanged(before map[string]int64, what string) {
	s.t.Helper()
	if after := s.counts(); !maps.Equal(before, after) {
		s.t.Errorf("%s changed rows:\nbefore %v\nafter  %v", what, before, after)
	}
}

// client is a registered client.
type client struct{ id, secret string }

const (
	loopbackURI = "http://127.0.0.1/oauth/callback"
	webURI      = "https://app.example.test/callback"
)

func (s *site) register(redirectURIs ...string) client {
	s.t.Helper()
	return s.registerFor([]string{"sso:account:access"}, redirectURIs...)
}

func (s *site) registerFor(scopes []string, redirectURIs ...string) client {
	s.t.Helper()
	in := &api.RegisterClientRequest{ClientName: "aws-tool", ClientType: "public", Scopes: scopes}
	if redirectURIs != nil {
		in.RedirectURIs, in.GrantTypes = redirectURIs, []string{"authorization_code", "refresh_token"}
	}
	out, err := s.token.RegisterClient(s.t.Context(), api.Caller{}, in)
	if err != nil {
		s.t.Fatal(err)
	}
	return client{out.ClientID, out.ClientSecret}
}

// device is a device authorization that was begun.
type device struct {
	client
	code, userCode, link string
}

func (s *site) startDevice(address string) device {
	s.t.Helper()
	c := s.register()
	out, err := s.token.StartDeviceAuthorization(s.t.Context(), api.Caller{Address: netip.MustParseAddr(address), Agent: "aws-cli/2"},
		&api.StartDeviceAuthorizationRequest{ClientID: c.id, ClientSecret: c.secret, StartURL: s.url + "/start"})
	if err != nil {
		s.t.Fatal(err)
	}
	return device{c, out.DeviceCode, out.UserCode, strings.TrimPrefix(out.VerificationURIComplete, s.url)}
}

// poll redeems the device code and returns the name of the refusal, empty when there is a token.
func (s *site) poll(d device) (accessToken, refused string) {
	s.t.Helper()
	return s.redeem(&api.CreateTokenRequest{
		ClientID: d.id, ClientSecret: d.secret, GrantType: "urn:ietf:params:oauth:grant-type:device_code", DeviceCode: d.code,
	})
}

func (s *site) redeem(in *api.CreateTokenRequest) (accessToken, refused string) {
	s.t.Helper()
	out, err := s.token.CreateToken(s.t.Context(), api.Caller{Address: netip.MustParseAddr("127.0.0.1")}, in)
	if refusal, ok := fault.As(err); ok {
		return "", refusal.Kind.Name
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return out.AccessToken, ""
}

// browser keeps cookies and follows no redirect by itself.
type browser struct {
	*site
	client *http.Client
	header http.Header // of every request
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{s, &http.Client{Jar: jar, CheckRedirect: stay}, http.Header{
		"Accept": {"text/html,application/xhtml+xml,*/*;q=0.8"}, "Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Dest": {"document"},
	}}
}

// reply is an answer that was read.
type reply struct {
	t        *testing.T
	status   int
	header   http.Header
	body     string
	location string // without our own address
}

func (b *browser) send(method, target string, form url.Values, header http.Header) reply {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+target, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range []http.Header{b.header, header} {
		for name, values := range h {
			r.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	location := strings.TrimPrefix(response.Header.Get("Location"), b.url)
	return reply{b.t, response.StatusCode, response.Header, string(body), location}
}

func (b *browser) get(target string) reply {
	b.t.Helper()
	return b.send("GET", target, nil, nil)
}

// submit presses a button of a form.
func (b *browser) submit(f form, changes ...string) reply {
	b.t.Helper()
	fields := maps.Clone(f.fields)
	for i := 0; i < len(changes); i += 2 {
		fields.Set(changes[i], changes[i+1])
	}
	return b.send("POST", f.action, fields, nil)
}

// follow goes where a page sent the browser, as long as that is a page of ours.
func (b *browser) follow(r reply) reply {
	b.t.Helper()
	const maxHops = 5
	for range maxHops {
		if !strings.HasPrefix(r.location, "/") {
			return r
		}
		r = b.get(r.location)
	}
	b.t.Fatalf("redirects without end, last to %s", r.location)
	return r
}

// signIn fills in the sign-in page and returns what comes of it.
func (b *browser) signIn(page reply, userName string) reply {
	b.t.Helper()
	r := b.submit(page.want(http.StatusOK, "Sign in").form(PathSignIn), FieldUserName, userName, FieldPassword, password)
	return r.want(http.StatusSeeOther, "")
}

// as is a browser in which somebody is signed in.
func (s *site) as(userName string) *browser {
	s.t.Helper()
	b := s.browser()
	b.signIn(b.get(PathSignIn), userName)
	return b
}

// want checks the status and, when there is a page, its heading.
func (r reply) want(status int, heading string) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d; location %q\n%s", r.status, status, r.location, r.body)
	}
	if heading != "" && !strings.Contains(r.body, "<h1>"+heading+"</h1>") && !strings.Contains(r.body, `<h1 id="title">`+heading) {
		r.t.Fatalf("the page is not %q:\n%s", heading, r.body)
	}
	return r
}

// form is a form of a page, as a browser would send it.
type form struct {
	action string
	fields url.Values
}

// form finds the form that posts to the path.
func (r reply) form(action string) form {
	r.t.Helper()
	d := xml.NewDecoder(strings.NewReader(r.body))
	d.Entity = xml.HTMLEntity
	var found *form
	for {
		node, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			r.t.Fatalf("the page cannot be read: %v\n%s", err, r.body)
		}
		start, ok := node.(xml.StartElement)
		if !ok {
			if end, ok := node.(xml.EndElement); ok && end.Name.Local == "form" && found != nil {
				return *found
			}
			continue
		}
		attr := map[string]string{}
		for _, a := range start.Attr {
			attr[a.Name.Local] = a.Value
		}
		switch {
		case start.Name.Local == "form" && attr["action"] == action:
			found = &form{action, url.Values{}}
		case start.Name.Local == "input" && found != nil:
			found.fields.Set(attr["name"], attr["value"])
		}
	}
	r.t.Fatalf("the page has no form for %s:\n%s", action, r.body)
	return form{}
}

// authorizeQuery is a request as the AWS CLI sends it, with changes; the value "-" leaves a parameter out.
func authorizeQuery(c client, changes ...string) string {
	query := url.Values{
		"response_type": {"code"}, "client_id": {c.id}, "redirect_uri": {"http://127.0.0.1:51820/oauth/callback"}, "state": {"state-1"},
		"code_challenge_method": {"S256"}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
		"scopes": {"sso:account:access"},
	}
	for i := 0; i < len(changes); i += 2 {
		if query.Set(changes[i], changes[i+1]); changes[i+1] == "-" {
			query.Del(changes[i])
		}
	}
	return PathAuthorize + "?" + query.Encode()
}

// verifier belongs to the challenge above (RFC 7636 appendix B).
const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

func (s *site) redeemCode(c client, code string) (accessToken, refused string) {
	s.t.Helper()
	return s.redeem(&api.CreateTokenRequest{
		ClientID: c.id, ClientSecret: c.secret, GrantType: "authorization_code", Code: code, CodeVerifier: verifier,
		RedirectURI: "http://127.0.0.1:51820/oauth/callback",
	})
}

// answered reads the parameters with which the browser was sent to the client.
func (r reply) answered(status int, to string) url.Values {
	r.t.Helper()
	r.want(status, "")
	base, query, _ := strings.Cut(r.location, "?")
	values, err := url.ParseQuery(query)
	if err != nil || base != to {
		r.t.Fatalf("sent to %q, want %s: %v", r.location, to, err)
	}
	for name, value := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
		if got := r.header.Get(name); got != value {
			r.t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	return values
}

func (s *site) addAccounts(userID string, n int) {
	s.t.Helper()
	s.update(func(tx *store.Tx) error {
		set := store.PermissionSet{PermissionSetID: "ps-1", Name: "ReadOnly", SessionDurationS: 3600}
		if err := tx.PutPermissionSet(set); err != nil {
			return err
		}
		for i := range n {
			id := fmt.Sprintf("%012d", i+1)
			if err := tx.PutAccount(store.Account{AccountID: id, Name: "workload", Email: "aws@example.test"}); err != nil {
				return err
			}
			if err := tx.AddAssignment(store.Assignment{
				PrincipalType: store.PrincipalUser, PrincipalID: userID, AccountID: id, PermissionSetID: "ps-1",
			}); err != nil {
				return err
			}
		}
		return nil
	})
}
