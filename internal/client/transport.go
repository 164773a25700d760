package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"sallyport/internal/command"
)

// Transport is the way to an endpoint, as calls take it and as those test it who look for what is wrong with the way: its proxy, its
// certificate authorities, its time-outs. Nothing of http.DefaultTransport fits: the reference asks for no compression, follows no
// redirect, sends loopback through proxies too, and waits for connections and answers apart.
func (s *Settings) Transport(endpoint *url.URL) (*http.Transport, error) {
	patience, err := s.patience()
	if err != nil {
		return nil, err
	}
	tlsConfig, err := s.tlsConfig(endpoint)
	if err != nil {
		return nil, err
	}
	transport := patience.transport(tlsConfig)
	transport.Proxy = func(request *http.Request) (*url.URL, error) { return s.proxyFor(request.URL) }
	return transport, nil
}

// patience is how long a connection may take to come about, and how long it may be silent. Zero is for ever.
type patience struct{ connect, read time.Duration }

// transport is a transport without a proxy.
func (p patience) transport(tlsConfig *tls.Config) *http.Transport {
	dialer := &net.Dialer{Timeout: p.connect}
	return &http.Transport{
		DisableCompression:  true,
		TLSClientConfig:     tlsConfig,
		TLSHandshakeTimeout: p.connect,
		OnProxyConnectResponse: func(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
			if answer.StatusCode != http.StatusOK {
				return &net.OpError{Op: opProxy, Net: "tcp", Err: fmt.Errorf("%s answered %s", proxy.Host, answer.Status)}
			}
			return nil
		},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil || p.read == 0 {
				return conn, err
			}
			return impatientConn{conn, p.read}, nil
		},
	}
}

// opProxy is what net/http calls the way through a proxy in its errors.
const opProxy = "proxyconnect"

// impatientConn gives up on a read or a write that takes too long.
type impatientConn struct {
	net.Conn
	patience time.Duration
}

func (c impatientConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c impatientConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// tlsConfig is nil for plain HTTP: there a missing CA file is no mistake.
func (s *Settings) tlsConfig(endpoint *url.URL) (*tls.Config, error) {
	if endpoint.Scheme != "https" {
		return nil, nil
	}
	if s.Global.Has("no-verify-ssl") {
		s.warn("InsecureRequestWarning: the certificate of %s is not verified", endpoint.Host)
		return &tls.Config{InsecureSkipVerify: true}, nil
	}
	path, given := s.caBundle()
	if !given {
		return &tls.Config{RootCAs: s.systemRoots()}, nil
	}
	bundle, err := os.ReadFile(ExpandPath(s.Environ, path))
	if err != nil {
		return nil, command.OtherError("Could not load the CA bundle, SSL validation failed: %v", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		return nil, command.OtherError("SSL validation failed: the CA bundle %s holds no certificate", path)
	}
	return &tls.Config{RootCAs: roots}, nil
}

// rootFiles are where systems keep the certificates of all authorities.
var rootFiles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Alpine
	"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora
	"/etc/ssl/ca-bundle.pem",                            // openSUSE
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Red Hat
	"/etc/ssl/cert.pem",                                 // BSD
}

// systemRoots are the authorities of the system, nil for those that the runtime finds. The runtime heeds SSL_CERT_FILE and SSL_CERT_DIR; the
// reference does not, so where one is set the system's own file is read instead, if there is one.
func (s *Settings) systemRoots() *x509.CertPool {
	if s.Getenv("SSL_CERT_FILE") == "" && s.Getenv("SSL_CERT_DIR") == "" {
		return nil
	}
	for _, path := range rootFiles {
		roots := x509.NewCertPool()
		if bundle, err := os.ReadFile(path); err == nil && roots.AppendCertsFromPEM(bundle) {
			return roots
		}
	}
	return nil
}

func (s *Settings) caBundle() (string, bool) {
	if path, given := s.Global.Lookup("ca-bundle"); given {
		return path, true
	}
	if path, given := s.Find("ca_bundle", "AWS_CA_BUNDLE"); given {
		return path, true
	}
	return s.LookupEnv("REQUESTS_CA_BUNDLE")
}

// proxyFor is the proxy on the way to a URL, from the variables in small letters or capitals. Unlike Go's own rule, it exempts no
// address that no_proxy does not name, and knows no all_proxy.
func (s *Settings) proxyFor(target *url.URL) (*url.URL, error) {
	text := s.eitherCase(target.Scheme + "_proxy")
	if text == "" || bypassesProxy(s.eitherCase("no_proxy"), target) {
		return nil, nil
	}
	if !strings.Contains(text, "://") {
		text = "http://" + strings.TrimPrefix(text, "//")
	}
	proxy, err := url.Parse(text)
	switch {
	case err != nil:
		err = errors.New("the address of the proxy for " + target.Scheme + " is no URL") // it may hold a password
	case proxy.Scheme != "http" && proxy.Scheme != "https":
		err = errors.New("proxies for " + proxy.Scheme + " are not spoken to")
	default:
		return proxy, nil
	}
	return nil, &net.OpError{Op: opProxy, Net: "tcp", Err: err}
}

// eitherCase is the value of a variable in small letters, even an empty one, or else of the one in capitals.
func (s *Settings) eitherCase(variable string) string {
	if value, set := s.LookupEnv(variable); set {
		return value
	}
	return s.Getenv(strings.ToUpper(variable))
}

// bypassesProxy reports whether a list of hosts and domains names the host of a URL.
func bypassesProxy(list string, target *url.URL) bool {
	host, withPort := strings.ToLower(target.Hostname()), strings.ToLower(target.Host)
	for entry := range strings.SplitSeq(strings.ToLower(list), ",") {
		entry = strings.TrimLeft(strings.TrimSpace(entry), ".")
		switch {
		case entry == "":
		case entry == "*", entry == host, entry == withPort, strings.HasSuffix(host, "."+entry), strings.HasSuffix(withPort, "."+entry):
			return true
		}
	}
	return false
}

// connectionError is the sentence of the reference about a request that got no answer.
func connectionError(target *url.URL, err error) error {
	shown := *target
	shown.RawQuery = "" // it may hold what should not be shown
	var network *net.OpError
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.As(err, &verification), errors.As(err, &record):
		return command.OtherError("SSL validation failed for %s %v", &shown, err)
	case errors.As(err, &network) && network.Op == opProxy:
		return command.OtherError("Failed to connect to proxy URL: %v", err)
	case errors.As(err, &network) && network.Op == "dial" && network.Timeout():
		return command.OtherError("Connect timeout on endpoint URL: \"%s\"", &shown)
	case errors.As(err, &network) && network.Op == "dial":
		return command.OtherError("Could not connect to the endpoint URL: \"%s\"", &shown)
	case errors.As(err, &timeout) && timeout.Timeout():
		return command.OtherError("Read timeout on endpoint URL: \"%s\"", &shown)
	}
	return command.OtherError("Connection was closed before we received a valid response from endpoint URL: \"%s\".", &shown)
}
