//go:build clients

package browser

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"sallyport/test/harness"
)

// This file is the check that AWS CLI 2.35.13 and later make of a start URL before `aws sso login`, and a login with what comes out of
// it, over TLS with the local authority.

// resolved is what a start URL stands for.
type resolved struct {
	url    string
	region string // empty when the host does not name one
}

var (
	// ownedDomains are AWS's, with everything below them.
	ownedDomains = []string{
		"app.aws", "portal.amazonaws.com", "portal.amazonaws.com.cn", "app.amazonwebservices.com.cn", "portal.amazonaws.eu",
		"api.amazonwebservices.eu", "awsapps.com", "awsapps.cn",
	}
	// ownedHosts are AWS's, and nothing below them is.
	ownedHosts = []string{
		"identitycenter.amazonaws.com", "identitycenter.amazonaws.com.cn", "identitycenter.amazonaws.eu", "identitycenter.us-gov.amazonaws.com",
	}
	// regionHosts are the forms of host that name a Region.
	regionHosts = []*regexp.Regexp{
		regexp.MustCompile(`^[^.]+\.portal\.([^.]+)\.app\.aws$`),
		regexp.MustCompile(`^[^.]+\.([^.]+)\.portal\.amazonaws\.com(?:\.cn)?$`),
		regexp.MustCompile(`^[^.]+\.portal\.([^.]+)\.app\.amazonwebservices\.com\.cn$`),
		regexp.MustCompile(`^[^.]+\.([^.]+)\.portal\.amazonaws\.eu$`),
		regexp.MustCompile(`^[^.]+\.portal\.([^.]+)\.api\.amazonwebservices\.eu$`),
	}
	redirects = []int{
		http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect,
	}
)

var (
	errNotHTTPS = errors.New("the start URL has to be https")
	errNotAWS   = errors.New("the start URL does not resolve to an endpoint of AWS")
)

// resolve does what the CLI does: an address of AWS's is taken as it is and never contacted, any other is asked once where it leads.
func resolve(program *http.Client, startURL string) (resolved, error) {
	u, err := url.Parse(startURL)
	if err != nil {
		return resolved{}, err
	}
	if u.Scheme != "https" {
		return resolved{}, errNotHTTPS
	}
	if !owned(u.Hostname()) {
		if u, err = follow(program, u); err != nil {
			return resolved{}, err
		}
	}
	return resolved{url: normalize(u), region: regionOf(u.Hostname())}, nil
}

// follow asks a foreign start URL where it leads, and goes one step and no further.
func follow(program *http.Client, u *url.URL) (*url.URL, error) {
	response, err := ask(program, http.MethodHead, u)
	if err == nil && (response.StatusCode == http.StatusMethodNotAllowed || response.StatusCode == http.StatusNotImplemented) {
		response, err = ask(program, http.MethodGet, u)
	}
	if err != nil {
		return nil, err
	}
	if !slices.Contains(redirects, response.StatusCode) {
		return nil, errNotAWS
	}
	target, err := u.Parse(response.Header.Get("Location"))
	if err != nil {
		return nil, err
	}
	if target.Scheme != "https" || !owned(target.Hostname()) {
		return nil, errNotAWS
	}
	return target, nil
}

func ask(program *http.Client, method string, u *url.URL) (*http.Response, error) {
	request, err := http.NewRequest(method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := program.Transport.RoundTrip(request) // one exchange: no redirect is followed
	if err != nil {
		return nil, err
	}
	return response, response.Body.Close()
}

func owned(host string) bool {
	host = strings.ToLower(host)
	for _, domain := range ownedDomains {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return slices.Contains(ownedHosts, host)
}

func normalize(u *url.URL) string {
	return "https://" + strings.TrimSuffix(u.Host, ":443") + strings.TrimSuffix(u.Path, "/")
}

func regionOf(host string) string {
	for _, form := range regionHosts {
		if match := form.FindStringSubmatch(strings.ToLower(host)); match != nil {
			return match[1]
		}
	}
	return ""
}

// trusting returns a client of the server over TLS that trusts its local authority and nothing else.
func trusting(t testing.TB, s *harness.Server) *client {
	t.Helper()
	bundle, err := os.ReadFile(s.CABundle)
	if err != nil {
		t.Fatal(err)
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(bundle) {
		t.Fatalf("%s has no certificate", s.CABundle)
	}
	c := newClient(t, s)
	c.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities}}}
	return c
}

// trustingChromium starts a Chromium that trusts the local authority as a person makes it: by importing the CA into the user's
// certificate store.
func trustingChromium(t testing.TB, s *harness.Server) *chromium {
	t.Helper()
	home := t.TempDir()
	store := filepath.Join(home, ".pki", "nssdb")
	if err := os.MkdirAll(store, 0o700); err != nil {
		t.Fatal(err)
	}
	certutil := harness.NeedProgram(t, "certutil")
	for _, args := range [][]string{
		{"-N", "--empty-password"},
		{"-A", "-n", "Sallyport", "-t", "C,,", "-i", s.CABundle},
	} {
		if out, err := exec.Command(certutil, append([]string{"-d", "sql:" + store}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("certutil %s: %v\n%s", args[0], err, out)
		}
	}
	c, err := launch(harness.NeedProgram(t, "chromium"), home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

// Our own https start URL passes the check, and the address that it stands for signs in, by both flows.
func TestStartURLCheckAndLoginOverTLS(t *testing.T) {
	s := harness.Start(t, "--tls-auto", "--region", "eu-central-1")
	program := trusting(t, s)
	_, instanceID, _ := strings.Cut(s.InstanceARN, "instance/")
	want := resolved{url: fmt.Sprintf("https://%s.portal.%s.app.aws/start", instanceID, s.Region), region: s.Region}
	for _, startURL := range []string{s.StartURL, s.StartURL + "/", s.StartURL + "/#/", s.Endpoint, s.Endpoint + "/"} {
		if got, err := resolve(program.http, startURL); err != nil || got != want {
			t.Errorf("%s resolves to %+v (%v), want %+v", startURL, got, err, want)
		}
	}

	alice := trustingChromium(t, s).newPerson(t)
	login := program.startLogin(want.url)
	alice.visit(login.address())
	alice.signIn(s, person)
	alice.heading("Allow access?")
	alice.click(approveButton)
	alice.heading("Back at the client")
	login.redeem().works(program)
	alice.visit(s.StartURL)
	alice.heading("Your accounts")
	alice.cookiesAreGuarded()

	device := program.startDevice("botocore-client-"+session, want.url)
	alice.visit(device.VerificationURIComplete)
	alice.heading("Does this match your device?")
	alice.click(approveButton)
	alice.heading("Device approved")
	program.redeem(device).works(program)
}

// cookiesAreGuarded checks that over TLS no other host can set or read what signs a person in.
func (b *tab) cookiesAreGuarded() {
	b.t.Helper()
	var cookies []*network.Cookie
	b.do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		cookies, err = network.GetCookies().Do(ctx)
		return err
	}))
	if len(cookies) == 0 {
		b.t.Error("the browser has no cookie")
	}
	for _, c := range cookies {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.HTTPOnly || !c.Secure || c.SameSite != network.CookieSameSiteLax {
			b.t.Errorf("the cookie %s is HttpOnly %v, Secure %v, SameSite %s", c.Name, c.HTTPOnly, c.Secure, c.SameSite)
		}
	}
}

// What the CLI refuses, the check here has to refuse as well, or it would prove nothing.
func TestStartURLCheckRefuses(t *testing.T) {
	s := harness.Start(t, "--tls-auto")
	program := trusting(t, s)
	for startURL, want := range map[string]error{
		strings.Replace(s.StartURL, "https", "http", 1): errNotHTTPS,
		s.Endpoint + "/healthz":                         errNotAWS,
	} {
		if got, err := resolve(program.http, startURL); !errors.Is(err, want) {
			t.Errorf("%s resolves to %+v (%v), want %v", startURL, got, err, want)
		}
	}
	for host, want := range map[string]bool{
		"d-1234567890.awsapps.com": true, "identitycenter.amazonaws.com": true, "awsapps.com": true, "SSOINS-1.portal.us-east-1.APP.aws": true,
		"awsapps.com.example": false, "notawsapps.com": false, "deep.identitycenter.amazonaws.com": false, "127.0.0.1": false,
	} {
		if owned(host) != want {
			t.Errorf("%s counts as AWS's: %v", host, !want)
		}
	}
	alias, err := resolve(program.http, s.AWSStartURL()+"/?a=b#/")
	if err != nil || alias != (resolved{url: s.AWSStartURL()}) {
		t.Errorf("the AWS-looking alias resolves to %+v (%v): it has to be taken as it is", alias, err)
	}
}
