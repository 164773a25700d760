package token

import (
	"net/url"
	"strings"
)

// StartURLs recognises the addresses of the instance: our own, and those that AWS would give it. Current AWS CLIs accept only the
// latter (see docs/divergences.md), so a configuration has to be able to name the instance by them.
type StartURLs struct {
	Own             string // https://host/start
	InstanceID      string // ssoins-…
	IdentityStoreID string // d-…
	Region          string
	Aliases         []string // names before .awsapps.com that are ours, too
}

// AWS is the address to write into a client's configuration: it looks like one of AWS's, and clients never contact it.
func (s StartURLs) AWS() string { return "https://" + s.IdentityStoreID + ".awsapps.com/start" }

// Redirect is the address that our own start URL sends clients to that check whether it is AWS's; the Region can be read off it.
func (s StartURLs) Redirect() string {
	return "https://" + s.InstanceID + ".portal." + s.Region + ".app.aws/start"
}

// Matches reports whether the URL is an address of the instance, whatever stands after it: nothing, a slash, /# or /#/.
func (s StartURLs) Matches(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Opaque != "" || strings.TrimRight(u.Fragment, "/") != "" {
		return false
	}
	own, err := url.Parse(s.Own)
	if err != nil {
		return false
	}
	host, path := strings.ToLower(u.Host), strings.TrimRight(u.Path, "/")
	if u.Scheme == own.Scheme && host == strings.ToLower(own.Host) {
		return path == "" || path == own.Path
	}
	if u.Scheme != "https" {
		return false
	}
	return s.matchesAWS(strings.TrimSuffix(host, ":443"), path)
}

func (s StartURLs) matchesAWS(host, path string) bool {
	switch host {
	case s.InstanceID + ".portal." + s.Region + ".app.aws",
		s.InstanceID + "." + s.Region + ".portal.amazonaws.com":
		return path == "" || path == "/start"
	case "identitycenter.amazonaws.com":
		return path == "/"+s.InstanceID
	case "start.us-gov-home.awsapps.com":
		return path == "/directory/"+s.IdentityStoreID
	}
	name, ok := strings.CutSuffix(host, ".awsapps.com")
	if !ok || path != "/start" {
		return false
	}
	for _, alias := range append([]string{s.IdentityStoreID}, s.Aliases...) {
		if name == strings.ToLower(alias) {
			return true
		}
	}
	return false
}
