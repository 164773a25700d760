package doctor

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sallyport/internal/command"
	"sallyport/internal/fault"
	"sallyport/internal/jmespath"
	"sallyport/internal/ssocache"
)

// This file is the start URL, as each client looks at it. AWS CLI 2.35.13 and later sign in only where it is AWS's: either by its host,
// which is then never contacted, or because it leads there with one redirect. Older ones and all SDKs take any text: they send it to the
// server, and profiles of the older form name the token's file by it, letter by letter.

var (
	// startDomains are those of start URLs that the AWS CLI takes for AWS's, with everything below them.
	startDomains = []string{
		"app.aws", "portal.amazonaws.com", "portal.amazonaws.com.cn", "app.amazonwebservices.com.cn", "portal.amazonaws.eu",
		"api.amazonwebservices.eu", "awsapps.com", "awsapps.cn",
	}
	// startHosts are the same, without anything below them.
	startHosts = []string{
		"identitycenter.amazonaws.com", "identitycenter.amazonaws.com.cn", "identitycenter.amazonaws.eu", "identitycenter.us-gov.amazonaws.com",
	}
	// redirects are the statuses that count as one.
	redirects = []int{
		http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect,
	}
	// regionHosts are the forms of host that name a Region.
	regionHosts = []hostForm{
		{at: 2, labels: []string{"*", "portal", "*", "app", "aws"}},
		{at: 1, labels: []string{"*", "*", "portal", "amazonaws", "com"}},
		{at: 1, labels: []string{"*", "*", "portal", "amazonaws", "com", "cn"}},
		{at: 2, labels: []string{"*", "portal", "*", "app", "amazonwebservices", "com", "cn"}},
		{at: 1, labels: []string{"*", "*", "portal", "amazonaws", "eu"}},
		{at: 2, labels: []string{"*", "portal", "*", "api", "amazonwebservices", "eu"}},
	}
)

// hostForm is a form of host: labels, of which * stands for any, and the place of the Region among them.
type hostForm struct {
	at     int
	labels []string
}

func (f hostForm) region(host string) string {
	labels := strings.Split(strings.ToLower(host), ".")
	if len(labels) != len(f.labels) {
		return ""
	}
	for i, want := range f.labels {
		if want != "*" && want != labels[i] {
			return ""
		}
	}
	return labels[f.at]
}

func regionOf(host string) string {
	for _, form := range regionHosts {
		if region := form.region(host); region != "" {
			return region
		}
	}
	return ""
}

func isStartHost(host string) bool {
	return isBelow(host, startDomains) || slices.Contains(startHosts, strings.ToLower(host))
}

// checkStartURL looks at it as it stands, as the AWS CLI does, and as the server does.
func checkStartURL(ctx context.Context, p *patient) []finding {
	startURL := p.signIn.StartURL
	address, err := url.Parse(startURL)
	if err != nil {
		return []finding{broken("%s is no URL", startURL)}
	}
	findings := []finding{p.checkOwned(ctx, address)}
	if p.answered {
		if f := p.askWhetherKnown(ctx); f != nil {
			findings = append(findings, *f)
		}
	}
	if p.signIn.Older {
		if f := otherSpelling(startURL, p.cacheEntries()); f != nil {
			findings = append(findings, *f)
		}
	}
	return findings
}

// whereItLeads asks for the start URL as the AWS CLI does, and is nil where it leads nowhere.
func (p *patient) whereItLeads(ctx context.Context, address *url.URL) (*url.URL, error) {
	transport, err := p.settings.Transport(address)
	if err != nil {
		return nil, err
	}
	defer transport.CloseIdleConnections()
	d := &door{url: &url.URL{Scheme: address.Scheme, Host: address.Host}, transport: transport}
	path := address.RequestURI()
	got, err := d.ask(ctx, question{method: http.MethodHead, path: path})
	if err == nil && (got.status == http.StatusMethodNotAllowed || got.status == http.StatusNotImplemented) {
		got, err = d.ask(ctx, question{method: http.MethodGet, path: path})
	}
	if err != nil || !slices.Contains(redirects, got.status) {
		return nil, err
	}
	return address.Parse(got.header.Get("Location"))
}

// checkOwned is the AWS CLI's check. Versions before it sign in all the same.
func (p *patient) checkOwned(ctx context.Context, address *url.URL) finding {
	if address.Scheme == "https" && isStartHost(address.Hostname()) {
		return judgeRegion(address.Hostname(), p.signIn.Region)
	}
	leads, err := p.whereItLeads(ctx, address)
	if err == nil && leads != nil && leads.Scheme == "https" && isStartHost(leads.Hostname()) {
		p.startURL = leads.String()
		if address.Scheme == "https" {
			return judgeRegion(leads.Hostname(), p.signIn.Region)
		}
	}
	p.startURLRefused = true
	f := doubtful("AWS CLI %s and later refuse %s: it is not AWS's and does not lead there", startURLCheck, address)
	if address.Scheme != "https" {
		f = doubtful("AWS CLI %s and later refuse %s: it is not https", startURLCheck, address)
	}
	if p.startURL != "" {
		return f.by("write sso_start_url = %s, then %s", p.startURL, p.signIn.Command("login"))
	}
	return f.by("write the start URL that the server prints at its start, https://….awsapps.com/start, then %s", p.signIn.Command("login"))
}

// judgeRegion compares the Region that the host names with the configured one, which the AWS CLI would change.
func judgeRegion(host, configured string) finding {
	if region := regionOf(host); region != "" && region != configured {
		return doubtful("the instance is in %s, and sso_region is %s: the AWS CLI changes it at the next sign-in", region, configured).by("write sso_region = %s", region)
	}
	return well("every version of the AWS CLI takes it")
}

// askWhetherKnown has the server compare the start URL with its own, which it does for the issuer of a client. Nothing is left behind by
// that: registrations are in the hands of clients.
func (p *patient) askWhetherKnown(ctx context.Context) *finding {
	d := p.oidc()
	if d.isAWS() {
		return nil // AWS tells at the sign-in, and registrations are nothing to play with there
	}
	body := jmespath.Compact.AppendJSON(nil, jmespath.ObjectOf([]jmespath.Member{
		{Name: "clientName", Value: jmespath.TextOf(command.Program + "-doctor")},
		{Name: "clientType", Value: jmespath.TextOf("public")},
		{Name: "issuerUrl", Value: jmespath.TextOf(p.signIn.StartURL)},
	}))
	got, err := d.ask(ctx, question{method: http.MethodPost, path: "/client/register", body: string(body)})
	switch {
	case err != nil:
		return one(doubtful("it cannot be told whether the server knows the start URL: %v", err))
	case got.header.Get("X-Amzn-Errortype") == fault.InvalidRequest.Name:
		return one(broken("the server does not know %s: %s", p.signIn.StartURL, sentenceOf(got.body)).
			by("write one of the server's start URLs as sso_start_url, then %s", p.signIn.Command("login")))
	}
	return nil
}

// otherSpelling finds a token that was kept for the same start URL, spelled otherwise. Profiles of the older form do not find it.
func otherSpelling(startURL string, entries []ssocache.Entry) *finding {
	for _, e := range entries {
		if e.Token == nil || e.Token.StartURL == startURL || plainURL(e.Token.StartURL) != plainURL(startURL) || e.Key != ssocache.TokenKey("", e.Token.StartURL) {
			continue
		}
		return one(doubtful("a token is kept for %s, which is spelled otherwise than sso_start_url: it is not found", e.Token.StartURL).
			by("write sso_start_url = %s", e.Token.StartURL))
	}
	return nil
}

// plainURL is a start URL without what does not matter to the server: letter case of the host, and slashes and # at the end.
func plainURL(text string) string {
	address, err := url.Parse(text)
	if err != nil {
		return text
	}
	return strings.ToLower(address.Scheme+"://"+address.Host) + strings.TrimRight(address.Path, "/")
}
