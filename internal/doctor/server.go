package doctor

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/jmespath"
)

// This file is what the server is and what it gets of our requests.

// greeting is the question that tells a service: every one of its servers refuses it in the protocol's words.
var greeting = map[*api.Service]question{
	api.SSOOIDC: {method: http.MethodPost, path: "/token", body: "{}"},
	api.SSO:     {method: http.MethodGet, path: "/assignment/accounts"},
}

// checkServer asks each service something that it has to refuse. The Date of the answer is kept for the clock.
func checkServer(ctx context.Context, p *patient) []finding {
	var findings []finding
	for _, d := range p.doors {
		sent := p.now()
		got, err := d.ask(ctx, greeting[d.service])
		if err != nil {
			findings = append(findings, broken("%s takes the connection and does not answer: %v", d.url, err).by("see the log of the server, and of proxies before it"))
			continue
		}
		if f := judgeAnswer(d, got); f.status != ok {
			findings = append(findings, f)
			continue
		}
		if theirs, err := http.ParseTime(got.header.Get("Date")); err == nil {
			p.clockSkew, p.answered = theirs.Sub(sent.Add(p.now().Sub(sent)/2)), true
		}
	}
	if len(findings) > 0 {
		return findings
	}
	if p.oidc().isAWS() {
		return []finding{well("AWS IAM Identity Center answers")}
	}
	return []finding{well("%s answers like IAM Identity Center", p.oidc().url.Host)}
}

// judgeAnswer tells a service from something else that listens there.
func judgeAnswer(d *door, got *answer) finding {
	said := sentenceOf(got.body)
	switch {
	case got.status == http.StatusMisdirectedRequest:
		return broken("the server does not know itself as %s: %s", d.url.Host, said).
			by("have the proxy pass Host unchanged, or add %s to allowed_hosts of the server", d.url.Host)
	case got.isService() && got.status < http.StatusInternalServerError:
		return well("")
	case got.isService():
		return broken("%s answers %d: %s", d.service.Command, got.status, said).by("look for request id %s in the log of the server", got.header.Get("X-Amzn-Requestid"))
	case got.status >= 300 && got.status < 400:
		return broken("%s is redirected to %s, which no client follows", d.url, got.header.Get("Location")).by("write the address that it leads to into %s", d.origin)
	case got.status >= http.StatusInternalServerError:
		return broken("a proxy before %s answers %d", d.url.Host, got.status).by("start the server behind it, and see the proxy's log")
	}
	return broken("what answers at %s is no IAM Identity Center (status %d)", d.url, got.status).
		by("mend the address in %s: it is the base of the service, without /start", d.origin)
}

// sentenceOf is what an error says to people.
func sentenceOf(body string) string {
	value, err := jmespath.ParseJSON([]byte(body))
	if err != nil {
		return "(no sentence)"
	}
	for _, name := range []string{"message", "error_description"} {
		if text, found := value.Get(name); found && text.Text() != "" {
			return text.Text()
		}
	}
	return "(no sentence)"
}

// The differences of clocks that matter: signatures are taken within five minutes, and tokens that seem to last or to be over by more
// than a minute are refreshed at the wrong time.
const (
	skewBreaks   = 5 * time.Minute
	skewTroubles = time.Minute
	skewUnseen   = 2 * time.Second // the Date header tells whole seconds, and the way takes time
)

// checkClock compares the clocks.
func checkClock(_ context.Context, p *patient) []finding {
	if !p.answered {
		return []finding{doubtful("the server tells no time").by("have proxies pass the Date header")}
	}
	return []finding{judgeClock(p.clockSkew)}
}

func judgeClock(skew time.Duration) finding {
	side := "behind"
	if skew < 0 {
		side = "ahead of"
	}
	off := skew.Abs().Round(time.Second)
	switch {
	case off >= skewBreaks:
		return broken("this machine is %s %s the server: signatures and tokens are refused", off, side).by("set the clock: sudo timedatectl set-ntp true")
	case off >= skewTroubles:
		return doubtful("this machine is %s %s the server: tokens are refreshed at the wrong time", off, side).by("set the clock: sudo timedatectl set-ntp true")
	}
	if off < skewUnseen {
		return well("agrees with the server's")
	}
	return well("differs from the server's by %s", off)
}

// The portal's token travels in x-amz-sso_bearer_token, a header with underscores, which some proxies drop without a word; nginx does
// unless it is told otherwise. A wrong token and none get the same answer, so a probe counts instead: our server refuses a request of more
// than two hundred header fields, whatever they are called. Fields that were dropped are not counted.
const (
	probeFields    = 250 // more than the server takes, and fewer than the thousand of usual proxies
	probeLongField = 6 << 10
)

// checkHeaders looks at what happens to headers on the way to the portal.
func checkHeaders(ctx context.Context, p *patient) []finding {
	d := p.portal()
	if d.isAWS() {
		return []finding{well("not looked at: nothing of yours stands before AWS")}
	}
	return []finding{d.probeUnderscores(ctx), d.probeLength(ctx)}
}

const healthPath = "/healthz"

// probeUnderscores compares a request with too many fields of plain names to one with as many that have underscores.
func (d *door) probeUnderscores(ctx context.Context) finding {
	plain, err := d.ask(ctx, question{method: http.MethodGet, path: healthPath, header: fields("X-Probe-%d")})
	if err != nil {
		return doubtful("it cannot be told whether underscores get through: %v", err)
	}
	underscored, err := d.ask(ctx, question{method: http.MethodGet, path: healthPath, header: fields("x_probe_%d")})
	if err != nil {
		return doubtful("it cannot be told whether underscores get through: %v", err)
	}
	counted := func(a *answer) bool { return a.status == http.StatusRequestHeaderFieldsTooLarge && a.isService() }
	switch {
	case !counted(plain):
		return well("whether underscores get through, the session tells: the way takes no more than a few headers")
	case !counted(underscored):
		return broken("a proxy before %s drops headers with underscores, and with them every token for the portal (x-amz-sso_bearer_token)", d.url.Host).
			by("underscores_in_headers on; in the server block of nginx").by("see \"Behind a proxy\" in docs/operate.md for others")
	}
	return well("those with underscores get through")
}

// fields are more header fields than the server takes. Their names are spelled as they stand.
func fields(form string) http.Header {
	header := http.Header{}
	for i := range probeFields {
		header[fmt.Sprintf(form, i)] = []string{"1"}
	}
	return header
}

// probeLength sends a field as long as the longest tokens are.
func (d *door) probeLength(ctx context.Context) finding {
	got, err := d.ask(ctx, question{method: http.MethodGet, path: healthPath, header: http.Header{"X-Probe": {strings.Repeat("a", probeLongField)}}})
	if err != nil {
		return doubtful("a long header gets no answer: %v", err).by("raise the proxy's limit of a header to 8 KB (large_client_header_buffers 4 16k; in nginx)")
	}
	if got.status != http.StatusOK {
		return broken("a header of %d KB is answered with %d: tokens and authorizations may be as long", probeLongField>>10, got.status).
			by("raise the proxy's limit of a header to 8 KB (large_client_header_buffers 4 16k; in nginx)")
	}
	return well("one of %d KB gets through", probeLongField>>10)
}
