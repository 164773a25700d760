// Package fetch is the one outbound HTTP client of the service. Whatever the service reads from an address that somebody
// configured – discovery documents and key sets of issuers – it reads through Get.
//
// It owns where a request may go and what it may cost: https only, no redirects, no address inside the operator's network
// unless the operator names it, and caps on size and time. Where a request may go is decided on the address that is dialled,
// after the name has been resolved, so that no name server can answer one thing to the check and another to the connection.
// What is fetched, how often, and what it means is left to the callers.
package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"syscall"
	"time"
)

const (
	// DefaultTimeout is the time for all of one request, from resolving the name to the last byte of the body. Whoever waits
	// for it waits with a person behind him.
	DefaultTimeout = 5 * time.Second
	// maxHeaderBytes bounds the answer's header.
	maxHeaderBytes = 32 << 10
	// maxURLBytes is far above the 512 characters that an issuer's address may have.
	maxURLBytes = 2048
)

// Options are where a client may go. The zero value may go to all public addresses by https.
type Options struct {
	// AllowLoopbackHTTP opens this machine's own addresses, and plain http to them: for development.
	AllowLoopbackHTTP bool
	// AllowedPrefixes are ranges that may be reached although they are not public, such as the network of an issuer inside
	// the organisation.
	AllowedPrefixes []netip.Prefix
	// Ports are those that may be reached; none means any. AWS fetches from 80 and 443 only.
	Ports []uint16
	// RootCAs are the authorities that servers are believed by; nil means the machine's. To believe one more, begin with
	// x509.SystemCertPool.
	RootCAs *x509.CertPool
	// Timeout is the time for all of one request; zero means DefaultTimeout.
	Timeout time.Duration
	// Resolver finds the addresses of names; nil means the machine's. What it answers is not trusted.
	Resolver *net.Resolver
}

// Client fetches. It keeps no connections, no cookies and no credentials between requests, goes through no proxy, and may be
// used by many goroutines.
type Client struct {
	options       Options
	secure, plain http.RoundTripper
}

// Rule says which rule refused, or what failed.
type Rule string

// The rules.
const (
	RuleURL         Rule = "url"         // not an absolute address of a server and nothing else
	RuleScheme      Rule = "scheme"      // neither https, nor http to this machine where that is allowed
	RulePort        Rule = "port"        // not one of those that may be reached
	RuleAddress     Rule = "address"     // not public, and not allowed
	RuleRedirect    Rule = "redirect"    // the answer sends us elsewhere
	RuleStatus      Rule = "status"      // the answer is not 200
	RuleEncoding    Rule = "encoding"    // the answer is compressed, which nobody asked for
	RuleSize        Rule = "size"        // the answer is larger than the caller takes
	RuleTime        Rule = "time"        // the answer is not complete in time
	RuleUnreachable Rule = "unreachable" // no answer: name, connection, certificate
)

// Error is why a fetch came to nothing. Its text may name addresses of the operator's network: it is for him, not for callers
// of the service.
type Error struct {
	Rule Rule
	Msg  string
	Err  error // what the network said, if it said anything
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Msg + ": " + e.Err.Error()
	}
	return e.Msg
}

func (e *Error) Unwrap() error { return e.Err }

func refuse(rule Rule, format string, args ...any) *Error {
	return &Error{Rule: rule, Msg: fmt.Sprintf(format, args...)}
}

// New makes a client.
func New(options Options) *Client {
	if options.Timeout <= 0 {
		options.Timeout = DefaultTimeout
	}
	public := reach{loopback: options.AllowLoopbackHTTP, prefixes: options.AllowedPrefixes}
	c := &Client{options: options, secure: transport(options, public)}
	if options.AllowLoopbackHTTP {
		c.plain = transport(options, reach{loopback: true, nothingElse: true})
	}
	return c
}

// transport is a round tripper and no http.Client: it follows no redirect, and sends nothing that it was not told to send.
func transport(options Options, to reach) *http.Transport {
	dialer := &net.Dialer{Timeout: options.Timeout, Resolver: options.Resolver, Control: to.control}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: options.RootCAs},
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true, // a small answer cannot become a large one
		DisableKeepAlives:      true, // fetches are minutes apart, and each is to look up its address anew
	}
}

// control refuses an address at the last moment before it is connected to.
func (to reach) control(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return refuse(RuleAddress, "the address that the name stands for cannot be read")
	}
	if !to.allows(target.Addr()) {
		return refuse(RuleAddress, "the address %s is not public, and not among those that are allowed", target.Addr())
	}
	return nil
}

// Get fetches a document of at most maxBytes. Every error is an *Error. The content type is not looked at: what a document is
// shows when it is parsed.
func (c *Client) Get(ctx context.Context, address string, maxBytes int64) ([]byte, error) {
	target, err := c.target(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, refuse(RuleURL, "the address cannot be requested")
	}
	request.Header.Set("Accept", "application/json, */*;q=0.1")
	request.Header.Set("Accept-Encoding", "identity")
	request.Header.Set("User-Agent", "sallyport")
	through := c.secure
	if target.Scheme == "http" {
		through = c.plain
	}
	answer, err := through.RoundTrip(request)
	if err != nil {
		return nil, failed(err)
	}
	defer answer.Body.Close()
	if err := acceptable(answer); err != nil {
		return nil, err
	}
	return read(answer.Body, maxBytes)
}

// target reads the address and holds it against the rules that need no network.
func (c *Client) target(address string) (*url.URL, error) {
	target, err := url.Parse(address)
	switch {
	case err != nil || len(address) > maxURLBytes:
		return nil, refuse(RuleURL, "the address cannot be read as a URL")
	case target.Opaque != "" || target.Hostname() == "":
		return nil, refuse(RuleURL, "the address names no server")
	case target.User != nil:
		return nil, refuse(RuleURL, "the address holds a user name")
	case target.Fragment != "":
		return nil, refuse(RuleURL, "the address has a fragment")
	case target.Scheme == "http" && c.plain == nil, target.Scheme != "http" && target.Scheme != "https":
		return nil, refuse(RuleScheme, "the address does not begin with https:")
	}
	port := target.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[target.Scheme]
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 || len(c.options.Ports) > 0 && !slices.Contains(c.options.Ports, uint16(number)) {
		return nil, refuse(RulePort, "the port %s is not among those that may be fetched from", port)
	}
	return target, nil
}

// failed tells a rule of ours, and time that ran out, from what the network said.
func failed(err error) *Error {
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	var late interface{ Timeout() bool }
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.As(err, &late) && late.Timeout() {
		return &Error{Rule: RuleTime, Msg: "there was no answer in time", Err: err}
	}
	return &Error{Rule: RuleUnreachable, Msg: "there was no answer", Err: err}
}

// acceptable holds the head of an answer against the rules.
func acceptable(answer *http.Response) error {
	switch {
	case answer.StatusCode >= 300 && answer.StatusCode < 400:
		return refuse(RuleRedirect, "the answer is a redirect (%d), and none is followed", answer.StatusCode)
	case answer.StatusCode != http.StatusOK:
		return refuse(RuleStatus, "the answer has status %d", answer.StatusCode)
	case len(answer.Header.Values("Content-Encoding")) > 0 && answer.Header.Get("Content-Encoding") != "identity":
		return refuse(RuleEncoding, "the answer is compressed although that was not asked for")
	}
	return nil
}

// read takes a body up to the cap, whatever length it was announced with.
func read(body io.Reader, maxBytes int64) ([]byte, error) {
	document, err := io.ReadAll(io.LimitReader(body, maxBytes+1))
	if int64(len(document)) > maxBytes {
		return nil, refuse(RuleSize, "the answer is larger than %d bytes", maxBytes)
	}
	if err != nil {
		return nil, failed(err)
	}
	return document, nil
}
