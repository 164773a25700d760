//go:build clients

package browser

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sallyport/internal/web"
	"sallyport/test/harness"
)

// redirectURI is what current AWS CLIs register: without the port, which they do not know yet (RFC 8252 §7.3).
const redirectURI = "http://127.0.0.1/oauth/callback"

// pkceLogin is one `aws sso login` as AWS CLI 2.22 and later run it for an sso-session profile: a registration, a listener on this
// computer, an address for the browser, and an exchange of the code that comes back.
type pkceLogin struct {
	*client
	registration
	redirectURI, state, verifier string

	callback chan url.Values
}

// startLogin registers and listens. The start URL goes into issuerUrl as the CLI sends it.
func (c *client) startLogin(issuerURL string) *pkceLogin {
	c.t.Helper()
	l := &pkceLogin{client: c, state: rand.Text(), verifier: rand.Text() + rand.Text(), callback: make(chan url.Values, 1)}
	c.post("/client/register", map[string]any{
		"clientName": "botocore-client-" + session, "clientType": "public",
		"grantTypes":   []string{"authorization_code", "refresh_token"},
		"redirectUris": []string{redirectURI},
		"scopes":       []string{"sso:account:access"},
		"issuerUrl":    issuerURL,
	}, &l.registration)
	l.listen()
	return l
}

// listen opens the CLI's tiny server: on all interfaces and any port, answering nothing but GET.
func (l *pkceLogin) listen() {
	l.t.Helper()
	listener, err := net.Listen("tcp4", ":0")
	if err != nil {
		l.t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	l.redirectURI = strings.Replace(redirectURI, "127.0.0.1", "127.0.0.1:"+port, 1)
	server := &http.Server{Handler: http.HandlerFunc(l.answer)}
	go server.Serve(listener)
	l.t.Cleanup(func() { server.Close() })
}

func (l *pkceLogin) answer(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.WriteHeader(http.StatusNotImplemented)
		return
	}
	if r.URL.Path == "/oauth/callback" {
		l.callback <- r.URL.Query()
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte("<!doctype html><title>Client</title><link rel=icon href=data:,><h1>Back at the client</h1>"))
}

// address is where the CLI sends the browser. Order and encoding are the CLI's; its parameter for scopes has the plural.
func (l *pkceLogin) address() string {
	challenge := sha256.Sum256([]byte(l.verifier))
	return l.endpoint + "/authorize?response_type=code&client_id=" + url.QueryEscape(l.ClientID) +
		"&redirect_uri=" + url.QueryEscape(l.redirectURI) + "&state=" + l.state +
		"&code_challenge_method=S256&scopes=sso%3Aaccount%3Aaccess" +
		"&code_challenge=" + base64.RawURLEncoding.EncodeToString(challenge[:])
}

// returned waits for the browser to come back, and checks that it is this login that it comes back from.
func (l *pkceLogin) returned() url.Values {
	l.t.Helper()
	select {
	case query := <-l.callback:
		if query.Get("state") != l.state {
			l.t.Errorf("the state came back as %q, want %q", query.Get("state"), l.state)
		}
		return query
	case <-time.After(patience):
		l.t.Fatal("the browser did not come back")
		return nil
	}
}

// redeem exchanges the code that the browser brought.
func (l *pkceLogin) redeem() tokens {
	l.t.Helper()
	query := l.returned()
	if query.Get("code") == "" {
		l.t.Fatalf("the browser came back with %v instead of a code", query)
	}
	var issued tokens
	l.post("/token", map[string]any{
		"grantType": "authorization_code", "clientId": l.ClientID, "clientSecret": l.ClientSecret,
		"redirectUri": l.redirectURI, "codeVerifier": l.verifier, "code": query.Get("code"),
	}, &issued)
	return issued
}

// works checks that the tokens are those of an sso-session: an hour, refreshable, and good for the portal.
func (issued tokens) works(c *client) {
	c.t.Helper()
	if issued.RefreshToken == "" || issued.ExpiresIn < 3590 || issued.ExpiresIn > 3600 {
		c.t.Errorf("the token lives %d seconds and has a refresh token: %v", issued.ExpiresIn, issued.RefreshToken != "")
	}
	if status, accounts := c.listAccounts(issued.AccessToken); status != http.StatusOK || accounts != accountCount {
		c.t.Errorf("ListAccounts answers %d with %d accounts", status, accounts)
	}
}

var rememberBox = field(web.FieldRemember)

// The person signs in and consents once. The next login comes back without a page; a new client is asked about again.
func TestAuthorizationCodeLogin(t *testing.T) {
	s := harness.Start(t)
	program := newClient(t, s)
	alice := sharedChromium(t).newPerson(t)

	first := program.startLogin(s.AWSStartURL())
	if want := s.Endpoint + "/authorize"; first.AuthorizationEndpoint != want {
		t.Errorf("RegisterClient names the authorization endpoint %q, want %q", first.AuthorizationEndpoint, want)
	}
	alice.visit(first.address())
	alice.signIn(s, person)
	alice.heading("Allow access?")
	alice.click(approveButton)
	alice.heading("Back at the client")
	first.redeem().works(program)

	second := *first
	second.state, second.verifier, second.callback = rand.Text(), strings.Repeat("v", 64), make(chan url.Values, 1)
	second.listen()
	alice.visit(second.address())
	alice.heading("Back at the client")
	second.redeem().works(program)

	stranger := program.startLogin(s.AWSStartURL())
	alice.visit(stranger.address())
	alice.heading("Allow access?")
}

// Who denies is sent back with the error that makes the CLI give up, and nothing is remembered.
func TestAuthorizationCodeLoginDenied(t *testing.T) {
	s := harness.Start(t)
	program := newClient(t, s)
	alice := sharedChromium(t).newPerson(t)

	login := program.startLogin(s.AWSStartURL())
	alice.visit(login.address())
	alice.signIn(s, person)
	alice.heading("Allow access?")
	alice.click(denyButton)
	alice.heading("Back at the client")
	query := login.returned()
	if query.Get("error") != "access_denied" || query.Get("error_description") == "" || query.Has("code") {
		t.Errorf("the browser came back with %v", query)
	}
	alice.visit(login.address())
	alice.heading("Allow access?")
}

// Who takes the tick away is asked again at the next login.
func TestAuthorizationCodeLoginNotRemembered(t *testing.T) {
	s := harness.Start(t)
	program := newClient(t, s)
	alice := sharedChromium(t).newPerson(t)

	login := program.startLogin(s.AWSStartURL())
	alice.visit(login.address())
	alice.signIn(s, person)
	alice.heading("Allow access?")
	alice.click(rememberBox)
	alice.click(approveButton)
	alice.heading("Back at the client")
	login.redeem().works(program)
	alice.visit(login.address())
	alice.heading("Allow access?")
}
