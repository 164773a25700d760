package server

import (
	"crypto/x509"
	"fmt"
	"os"
	"strconv"

	"sallyport/internal/assertion"
	"sallyport/internal/fetch"
)

// maxCAFile bounds the file of further authorities: a few hundred certificates.
const maxCAFile = 1 << 20

// newVerifier makes what verifies the tokens of issuers, which all rooms share with the keys that it keeps.
func (h *House) newVerifier(c *Config) (*assertion.Verifier, error) {
	roots, err := issuerRoots(c.IssuerCA)
	if err != nil {
		return nil, err
	}
	options := fetch.Options{AllowLoopbackHTTP: c.Dev, AllowedPrefixes: c.IssuerNetworks, RootCAs: roots}
	for _, text := range c.IssuerPorts {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return nil, err // Validate refuses such a one
		}
		options.Ports = append(options.Ports, uint16(port))
	}
	return assertion.New(assertion.Options{Fetch: fetch.New(options), Now: h.Clock.Now}), nil
}

// issuerRoots are the machine's authorities and those of the file; nil means the machine's alone.
func issuerRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read issuer_ca: %w", err)
	}
	if info.Size() > maxCAFile {
		return nil, fmt.Errorf("read issuer_ca: %s has %d bytes, more than %d", path, info.Size(), maxCAFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read issuer_ca: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("read the machine's authorities: %w", err)
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("issuer_ca: %s holds no certificate in PEM form", path)
	}
	return roots, nil
}
