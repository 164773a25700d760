package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"strings"
	"time"

	"sallyport/internal/client"
)

// checkTLS looks at the certificate of each address.
func checkTLS(ctx context.Context, p *patient) []finding {
	var findings []finding
	for _, d := range p.distinct() {
		switch {
		case d.url.Scheme == "http" && isLoopback(d.url.Hostname()):
			findings = append(findings, well("%s is plain HTTP, on this machine", d.url))
		case d.url.Scheme == "http":
			findings = append(findings, doubtful("%s is plain HTTP: tokens and credentials can be read on the way", d.url).
				by("serve it with --tls-cert and --tls-key, or --tls-auto, and write https:// into %s", d.origin))
		case p.Global.Has("no-verify-ssl"):
			findings = append(findings, doubtful("the certificate of %s is not verified, because of --no-verify-ssl", d.url.Host).by("leave --no-verify-ssl away"))
		default:
			findings = append(findings, p.examineCertificate(ctx, d))
		}
	}
	return findings
}

// examineCertificate takes the certificate whatever it is, and then verifies it as commands do.
func (p *patient) examineCertificate(ctx context.Context, d *door) finding {
	chain, err := d.certificates(ctx)
	if err != nil {
		var record tls.RecordHeaderError
		if errors.As(err, &record) {
			return broken("%s does not speak TLS", d.url.Host).by("write http:// into %s, if it is a server of yours on this machine", d.origin)
		}
		return broken("no TLS connection to %s: %v", d.url.Host, err).by("check what listens there, and proxies that break TLS open")
	}
	roots := d.transport.TLSClientConfig.RootCAs
	c := certificate{host: d.url.Hostname(), chain: chain, now: p.now(), bundle: p.bundle()}
	err = c.verify(roots)
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		c.elsewhere = p.findBundle(c)
	}
	return c.judge(err)
}

// certificates are those that the server shows.
func (d *door) certificates(ctx context.Context) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	transport := d.transport.Clone()
	defer transport.CloseIdleConnections()
	transport.TLSClientConfig = transport.TLSClientConfig.Clone()
	transport.TLSClientConfig.InsecureSkipVerify = true // nothing is sent that anybody may not read, and judge verifies
	transport.TLSClientConfig.VerifyConnection = func(state tls.ConnectionState) error {
		chain = state.PeerCertificates
		return nil
	}
	_, err := (&door{url: d.url, transport: transport}).ask(ctx, question{method: http.MethodHead, path: "/"})
	if chain != nil {
		return chain, nil // whatever it answered
	}
	if err == nil {
		err = errors.New("it shows no certificate")
	}
	return nil, err
}

// trustVariables name files of certificate authorities: those that commands read come first.
var trustVariables = []string{"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE"}

// bundle is what says which authorities to trust, for people; empty for those of the system.
func (p *patient) bundle() string {
	switch path, set := p.settings.Find("ca_bundle"); {
	case p.Global.Has("ca-bundle"):
		return "--ca-bundle " + p.Global.One("ca-bundle")
	case p.Getenv("AWS_CA_BUNDLE") != "":
		return "AWS_CA_BUNDLE=" + p.Getenv("AWS_CA_BUNDLE")
	case set:
		return "ca_bundle = " + path
	case p.Getenv("REQUESTS_CA_BUNDLE") != "":
		return "REQUESTS_CA_BUNDLE=" + p.Getenv("REQUESTS_CA_BUNDLE")
	}
	return ""
}

// findBundle looks for authorities that other programs are told to trust and that would do; systemBundle stands for the system's.
func (p *patient) findBundle(c certificate) string {
	if c.bundle != "" && c.verify(nil) == nil {
		return systemBundle
	}
	candidates := []string{p.keys["ca_bundle"]} // which a variable goes over
	for _, variable := range trustVariables {
		candidates = append(candidates, p.Getenv(variable))
	}
	for _, path := range candidates {
		path = client.ExpandPath(p.Environ, path)
		text, err := os.ReadFile(path)
		roots := x509.NewCertPool()
		if err == nil && roots.AppendCertsFromPEM(text) && c.verify(roots) == nil {
			return path
		}
	}
	return ""
}

const systemBundle = "the system's"

// certificate is what a server shows, and what it is held against.
type certificate struct {
	host      string
	chain     []*x509.Certificate
	now       time.Time
	bundle    string // says which authorities are trusted; empty for the system's
	elsewhere string // a file whose authorities would do
}

func (c certificate) verify(roots *x509.CertPool) error {
	between := x509.NewCertPool()
	for _, other := range c.chain[1:] {
		between.AddCert(other)
	}
	_, err := c.chain[0].Verify(x509.VerifyOptions{DNSName: c.host, Roots: roots, Intermediates: between, CurrentTime: c.now})
	return err
}

const (
	// soon is how long before its end a certificate is worth a word.
	soon = 7 * 24 * time.Hour
	// shortLived is a life within which a week before the end is nothing to speak of: whoever issues such certificates renews them by itself.
	shortLived = 4 * soon
)

// judge says what the outcome of the verification means.
func (c certificate) judge(err error) finding {
	leaf := c.chain[0]
	var invalid x509.CertificateInvalidError
	var hostname x509.HostnameError
	var unknown x509.UnknownAuthorityError
	switch {
	case err == nil && leaf.NotAfter.Sub(c.now) < soon && leaf.NotAfter.Sub(leaf.NotBefore) > shortLived:
		return doubtful("the certificate of %s ends on %s", c.host, day(leaf.NotAfter)).by("renew it; Sallyport takes replaced files up within seconds")
	case err == nil:
		return well("the certificate of %s is good until %s", c.host, day(leaf.NotAfter))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && c.now.Before(leaf.NotBefore):
		return broken("the certificate of %s is good from %s on only", c.host, day(leaf.NotBefore)).by("set the clock of this machine; it says %s", c.now.UTC().Format(time.RFC3339))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return broken("the certificate of %s, or one above it, has expired; it was good until %s", c.host, day(leaf.NotAfter)).
			by("renew it on the server; Sallyport takes replaced files up within seconds").by("or set the clock of this machine, if it is not %s", day(c.now))
	case errors.As(err, &hostname):
		return broken("the certificate is not for %s but for %s", c.host, some(namesOf(leaf))).
			by("write one of its names into the endpoint, or have the server's certificate made for %s", c.host)
	case errors.As(err, &unknown):
		return c.judgeUnknown(leaf)
	}
	return broken("the certificate of %s is refused: %v", c.host, err).by("have the server's certificate made anew")
}

// judgeUnknown is about a certificate of an authority that is not trusted.
func (c certificate) judgeUnknown(leaf *x509.Certificate) finding {
	issuer := leaf.Issuer.CommonName
	if issuer == "" {
		issuer = leaf.Issuer.String()
	}
	f := broken("the certificate of %s is from an authority that is not trusted: %s", c.host, issuer)
	if c.bundle != "" {
		f = broken("the certificate of %s is from an authority that %s does not hold: %s", c.host, c.bundle, issuer)
	}
	switch {
	case c.elsewhere == systemBundle:
		return f.by("take %s away: this system trusts the authority", c.bundle)
	case c.elsewhere != "":
		return f.by("export AWS_CA_BUNDLE=%s", quote(c.elsewhere))
	case strings.Join(leaf.Issuer.Organization, "") == "Sallyport":
		return f.by("the server made its own authority (--tls-auto): copy tls/ca.pem of its data folder here").
			by("export AWS_CA_BUNDLE=FILE, or write ca_bundle = FILE into the profile; NODE_EXTRA_CA_CERTS for JavaScript")
	}
	return f.by("export AWS_CA_BUNDLE=FILE with the PEM certificate of that authority, or write ca_bundle = FILE into the profile")
}

func namesOf(leaf *x509.Certificate) []string {
	names := append([]string{}, leaf.DNSNames...)
	for _, address := range leaf.IPAddresses {
		names = append(names, address.String())
	}
	if len(names) == 0 {
		names = []string{"no name at all"}
	}
	return names
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }
