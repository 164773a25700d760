//go:build clients

package propagation

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"sallyport/test/harness"
)

// registration is an application as the provider knows it. Each has its ID tokens signed with an algorithm of its own.
type registration struct {
	ID          string                  `json:"id"`
	Secret      string                  `json:"secret"`
	RedirectURI string                  `json:"redirectURI"`
	Algorithm   jose.SignatureAlgorithm `json:"algorithm"`
}

// settings are what provider.mjs reads. A provider that starts again with the same settings is the same one.
type settings struct {
	Port     string                    `json:"port"`
	Keys     []jose.JSONWebKey         `json:"keys"` // private ones
	Clients  []registration            `json:"clients"`
	Resource string                    `json:"resource"`
	People   map[string]map[string]any `json:"people"` // claims by login
}

// provider is a running oidc-provider.
type provider struct {
	settings
	url string

	t       testing.TB
	command *exec.Cmd
	log     *harness.Buffer
}

// startProvider starts a provider on a free port. The test's end stops it.
func startProvider(t testing.TB, with settings) *provider {
	t.Helper()
	p := &provider{settings: with, t: t, log: &harness.Buffer{}}
	p.Port = "0"
	p.start()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("log of the provider:\n%s", p.log)
		}
	})
	return p
}

// start starts it where it was, if it was anywhere, and returns when it answers.
func (p *provider) start() {
	p.t.Helper()
	text, err := json.Marshal(p.settings)
	if err != nil {
		p.t.Fatal(err)
	}
	p.command = exec.Command(harness.NodeJS(p.t), "provider.mjs")
	p.command.Dir = filepath.Join(harness.Root(), "test", "propagation", "provider")
	p.command.Stdin, p.command.Stderr = bytes.NewReader(text), p.log
	out, err := p.command.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.stop()
		p.t.Fatalf("the provider does not start: %v\n%s", err, p.log)
	}
	p.url = strings.TrimSpace(line)
	at, err := url.Parse(p.url)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Port = at.Port()
}

// stop ends it as an outage would. Stopping twice is no harm.
func (p *provider) stop() {
	p.command.Process.Kill()
	p.command.Wait()
}

// restart has it come back with other keys.
func (p *provider) restart(keys []jose.JSONWebKey) {
	p.t.Helper()
	p.stop()
	p.Keys = keys
	p.start()
}

// tokens are what the provider gives to an application for a person.
type tokens struct {
	ID     string `json:"id_token"`
	Access string `json:"access_token"`
}

// signIn goes through the authorization code flow (OpenID Connect Core §3.1) with a browser that types what the person types. With a
// resource, the access token is a JWT for it (RFC 8707).
func (p *provider) signIn(app registration, login, resource string) tokens {
	p.t.Helper()
	verifier, state := rand.Text()+rand.Text(), rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {app.ID}, "redirect_uri": {app.RedirectURI}, "scope": {"openid email"}, "state": {state},
		"nonce":                 {rand.Text()}, // without it, two ID tokens of one second may be the same
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}
	redeem := url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {app.RedirectURI}, "code_verifier": {verifier}}
	if resource != "" {
		query.Set("scope", "openid email read")
		query.Set("resource", resource)
		redeem.Set("resource", resource)
	}
	back := p.browse(query, login)
	if back.Get("state") != state || back.Get("code") == "" {
		p.t.Fatalf("the provider sends the browser back with %v", back)
	}
	redeem.Set("code", back.Get("code"))
	return p.redeem(app, redeem)
}

// maxPages is one more than the provider answers with: a page to sign in, one to consent, and the way back.
const maxPages = 4

// browse fills in the pages of the provider until it sends the browser away, and returns with what.
func (p *provider) browse(query url.Values, login string) url.Values {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(to *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(to.URL.String(), p.url) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	response, err := browser.Get(p.url + "/auth?" + query.Encode())
	for range maxPages {
		page := p.read(response, err)
		if away, err := response.Location(); err == nil {
			return away.Query()
		}
		action, fields := p.form(page)
		if fields.Has("login") {
			fields.Set("login", login)
			fields.Set("password", "any will do: the provider asks nobody")
		}
		response, err = browser.PostForm(action, fields)
	}
	p.t.Fatalf("the provider shows more than %d pages", maxPages)
	return nil
}

// read returns the body of what a browser got.
func (p *provider) read(response *http.Response, err error) string {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// What the provider's forms are found by.
var (
	formAction = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)
	formField  = regexp.MustCompile(`<input[^>]* name="([^"]*)"(?:[^>]* value="([^"]*)")?`)
)

// form finds the form of a page, with its fields as they stand there.
func (p *provider) form(page string) (action string, fields url.Values) {
	p.t.Helper()
	found := formAction.FindStringSubmatch(page)
	if found == nil {
		p.t.Fatalf("the provider shows a page without a form:\n%s", page)
	}
	fields = url.Values{}
	for _, field := range formField.FindAllStringSubmatch(page, -1) {
		fields.Set(field[1], html.UnescapeString(field[2]))
	}
	return html.UnescapeString(found[1]), fields
}

// redeem gets tokens for the code.
func (p *provider) redeem(app registration, in url.Values) tokens {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+"/token", strings.NewReader(in.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(app.ID), url.QueryEscape(app.Secret)) // RFC 6749 §2.3.1
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	var out tokens
	if err := json.NewDecoder(response.Body).Decode(&out); err != nil || response.StatusCode != http.StatusOK {
		p.t.Fatalf("the provider answers %s: %v", response.Status, err)
	}
	return out
}

// person is the claims of somebody whose address the provider has verified.
func person(email string, changes map[string]any) map[string]any {
	claims := map[string]any{"email": email, "email_verified": true}
	maps.Copy(claims, changes)
	return claims
}
