package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"

	"sallyport/internal/api"
	"sallyport/internal/client"
)

// This file is the way to the server: where it is said to be, and whether anybody is there.

// door is an address that requests go to.
type door struct {
	service   *api.Service
	url       *url.URL
	origin    string // what names it, for people
	transport *http.Transport
	proxy     *url.URL // nil for none
}

// question is one request that is sent as it is.
type question struct {
	method, path, body string
	header             http.Header
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// maxAnswer bounds what is read of an answer; what says more is not one of ours.
const maxAnswer = 1 << 16

func readAnswer(response *http.Response) (*answer, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return &answer{response.StatusCode, response.Header, string(body)}, err
}

// ask sends one request to a server and reads the answer. Nothing is followed and nothing is sent twice.
func (d *door) ask(ctx context.Context, q question) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, stepPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, q.method, d.url.String()+q.path, strings.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	maps.Copy(request.Header, q.header)
	if q.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := d.transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	return readAnswer(response)
}

// isService reports whether an answer is in the protocol of AWS's services: an error is named in a header.
func (a *answer) isService() bool { return a.header.Get("X-Amzn-Errortype") != "" }

// doorServices are the services that a sign-in needs, in the order of the doors.
var doorServices = []*api.Service{api.SSOOIDC, api.SSO}

func (p *patient) oidc() *door { return p.doors[0] }

func (p *patient) portal() *door { return p.doors[1] }

// wayOnly are the settings of a run without a profile that works, which looks at the way to a server that the command line names. The
// error is for people.
func (p *patient) wayOnly() (*client.Settings, error) {
	if !p.Global.Has("endpoint-url") {
		return nil, errors.New("not looked at, because of sign-in")
	}
	own := *p.Call
	own.Global = maps.Clone(p.Global)
	delete(own.Global, "profile")
	own.LookupEnv = p.LookupWithout("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
	return client.Load(&own)
}

// checkAddress finds where requests go, and who says so.
func checkAddress(_ context.Context, p *patient) []finding {
	region := ""
	if p.settings == nil || p.signIn == nil {
		settings, err := p.wayOnly()
		if err != nil {
			return []finding{skipped(err.Error())}
		}
		p.settings = settings
	} else {
		region = p.signIn.Region
	}
	for _, service := range doorServices {
		endpoint, err := p.settings.Endpoint(service, region)
		if err != nil {
			return []finding{broken("%v", err)}
		}
		transport, err := p.settings.Transport(endpoint)
		if err != nil {
			return []finding{broken("%v", err).by("unset AWS_CA_BUNDLE, or give it a PEM file with the certificate authority")}
		}
		endpoint.Path = strings.TrimRight(endpoint.Path, "/")
		p.doors = append(p.doors, &door{service: service, url: endpoint, origin: p.origin(service), transport: transport})
	}
	return judgeAddresses(p.oidc(), p.portal())
}

// judgeAddresses tells whether the two services are where one sign-in can use both.
func judgeAddresses(oidc, portal *door) []finding {
	var findings []finding
	switch {
	case oidc.isAWS() != portal.isAWS():
		lost, way := portal, oidc
		if oidc.isAWS() {
			lost, way = oidc, portal
		}
		findings = append(findings, broken("%s goes to %s by %s, but %s goes to AWS", way.service.Command, way.url, way.origin, lost.service.Command).
			by("write endpoint_url = %s for %s into the services section of the profile", way.url, configName(lost.service)).
			by("or export %s=%s", variableOf(lost.service), quote(way.url.String())))
	case oidc.url.Host == portal.url.Host:
		findings = append(findings, well("%s, by %s", oidc.url, oidc.origin))
	default:
		findings = append(findings, well("%s and %s, by %s", oidc.url, portal.url, oidc.origin))
	}
	if oidc.url.Path != "" {
		findings = append(findings, doubtful("%s has a path, which the AWS CLI drops when it opens the browser", oidc.url).
			by("serve Sallyport at the root of a host, and take the path out of endpoint_url"))
	}
	return findings
}

func configName(service *api.Service) string { return strings.ReplaceAll(service.Command, "-", "_") }

func variableOf(service *api.Service) string {
	return variableGlobal + "_" + strings.ToUpper(configName(service))
}

// origin is what names the address of a service, in the order in which commands look.
func (p *patient) origin(service *api.Service) string {
	nested, _ := p.files.Service(p.keys[keyServices], configName(service), keyEndpoint)
	switch {
	case p.Global.Has("endpoint-url"):
		return "--endpoint-url"
	case isTrue(p.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")):
	case p.Getenv(variableOf(service)) != "":
		return variableOf(service)
	case p.Getenv(variableGlobal) != "":
		return variableGlobal
	case nested != "":
		return "[services " + p.keys[keyServices] + "]"
	case p.keys[keyEndpoint] != "":
		return "endpoint_url of the profile"
	}
	return "the Region, as nothing else is configured"
}

// awsDomains are those of AWS's services.
var awsDomains = []string{"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "api.aws", "amazonwebservices.com.cn", "amazonwebservices.eu"}

func (d *door) isAWS() bool { return isBelow(d.url.Hostname(), awsDomains) }

// isBelow reports whether a host is one of the domains or has a name below one.
func isBelow(host string, domains []string) bool {
	host = strings.ToLower(host)
	for _, domain := range domains {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
}

// distinct are the doors that differ in their address.
func (p *patient) distinct() []*door {
	if len(p.doors) == len(doorServices) && p.oidc().url.Host == p.portal().url.Host && p.oidc().url.Scheme == p.portal().url.Scheme {
		return p.doors[:1]
	}
	return p.doors
}

// checkProxy finds proxies on the way.
func checkProxy(_ context.Context, p *patient) []finding {
	var findings []finding
	for _, d := range p.doors {
		proxy, err := d.transport.Proxy(&http.Request{URL: d.url})
		if err != nil {
			return []finding{broken("the variable for the proxy holds no address: %v", err).by("unset HTTPS_PROXY HTTP_PROXY, or give it a URL")}
		}
		d.proxy = proxy
	}
	for _, d := range p.distinct() {
		switch {
		case d.proxy != nil && isLoopback(d.url.Hostname()):
			findings = append(findings, broken("%s is this machine, but the AWS CLI asks the proxy %s for it", d.url.Host, d.proxy.Host).
				by("export NO_PROXY=%s", quote(joinComma(p.Getenv("NO_PROXY"), d.url.Hostname()))))
		case d.proxy != nil:
			findings = append(findings, well("%s is reached through the proxy %s", d.url.Host, d.proxy.Host))
		}
	}
	if findings == nil {
		findings = []finding{well("none on the way")}
	}
	return findings
}

func joinComma(before, more string) string {
	if before == "" {
		return more
	}
	return before + "," + more
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// target is the host and port that a connection goes to: the proxy's, if there is one.
func (d *door) target() (host, port string) {
	at := d.url
	if d.proxy != nil {
		at = d.proxy
	}
	port = at.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[at.Scheme]
	}
	return at.Hostname(), port
}

// checkName looks the names up.
func checkName(ctx context.Context, p *patient) []finding {
	var findings []finding
	for _, d := range p.distinct() {
		host, _ := d.target()
		if _, err := netip.ParseAddr(host); err == nil {
			findings = append(findings, well("%s is an address", host))
			continue
		}
		looking, cancel := context.WithTimeout(ctx, stepPatience)
		addresses, err := net.DefaultResolver.LookupHost(looking, host)
		cancel()
		if err != nil {
			findings = append(findings, broken("nobody knows %s: %s", host, lookupReason(err)).
				by("check the spelling in %s, the network and the VPN", d.origin).by("getent hosts %s", quote(host)))
			continue
		}
		findings = append(findings, well("%s is %s", host, some(addresses)))
	}
	return findings
}

func lookupReason(err error) string {
	var failed *net.DNSError
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err.Error()
}

// checkConnection opens a connection and closes it.
func checkConnection(ctx context.Context, p *patient) []finding {
	var findings []finding
	for _, d := range p.distinct() {
		host, port := d.target()
		dialing, cancel := context.WithTimeout(ctx, stepPatience)
		conn, err := (&net.Dialer{}).DialContext(dialing, "tcp", net.JoinHostPort(host, port))
		cancel()
		if err != nil {
			findings = append(findings, judgeDial(net.JoinHostPort(host, port), d.origin, err))
			continue
		}
		conn.Close()
		findings = append(findings, well("%s takes connections", net.JoinHostPort(host, port)))
	}
	return findings
}

// judgeDial tells why there was no connection.
func judgeDial(address, origin string, err error) finding {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return broken("nobody listens at %s", address).by("start the server, or mend the port in %s", origin)
	case errors.As(err, &timeout) && timeout.Timeout():
		return broken("%s does not answer", address).by("check the network, the VPN and firewalls between here and %s", address)
	}
	return broken("%s cannot be reached: %s", address, dialReason(err)).by("check the network, the VPN and the port in %s", origin)
}

// dialReason is an error of the network without the address, which the sentence has already.
func dialReason(err error) string {
	var failed *net.OpError
	if errors.As(err, &failed) && failed.Err != nil {
		return failed.Err.Error()
	}
	return fmt.Sprint(err)
}
