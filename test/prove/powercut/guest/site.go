//go:build linux

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"sallyport/test/harness"
	"sallyport/test/prove/clerk"
	"sallyport/test/prove/ledger"
	"sallyport/test/prove/powercut"
	"sallyport/test/prove/remote"
)

const (
	// issuerAddress is the machine's own, so it is free.
	issuerAddress = "127.0.0.1:4000"
	// issuerFile and worldFile are the host's: what the machine would not know after a cut.
	issuerFile = "/issuer.json"
	worldFile  = "/world.json"
)

// openSite makes a clerk for the server. The first time it configures the server, and after that it finds what it configured.
func openSite(ctx context.Context, server *harness.Node, l *ledger.Ledger) (*clerk.Clerk, error) {
	site := remote.NewSite()
	site.Set(server.Ready, server.Endpoint)
	issuer, err := serveIssuer()
	if err != nil {
		return nil, err
	}
	c := &clerk.Clerk{Site: site, Ledger: l}
	if err := readJSON(worldFile, &c.World); err == nil {
		c.World.Issuer = issuer
		return c, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if c.World, err = clerk.Furnish(ctx, site, issuer); err != nil {
		return nil, fmt.Errorf("configure the server: %w", err)
	}
	kept := c.World
	kept.Issuer = nil
	return c, powercut.WriteJSON(worldFile, kept)
}

// issuerKeys are the private keys of the issuer, in PKCS #8.
type issuerKeys struct{ RSA, EC []byte }

// serveIssuer serves the issuer that the server trusts, from its first day on.
func serveIssuer() (*harness.Issuer, error) {
	var keys issuerKeys
	err := readJSON(issuerFile, &keys)
	if errors.Is(err, os.ErrNotExist) {
		if keys, err = newIssuerKeys(); err == nil {
			err = powercut.WriteJSON(issuerFile, keys)
		}
	}
	if err != nil {
		return nil, err
	}
	rsaKey, err := x509.ParsePKCS8PrivateKey(keys.RSA)
	if err != nil {
		return nil, err
	}
	ecKey, err := x509.ParsePKCS8PrivateKey(keys.EC)
	if err != nil {
		return nil, err
	}
	issuer := &harness.Issuer{URL: "http://" + issuerAddress, RSA: rsaKey.(*rsa.PrivateKey), EC: ecKey.(*ecdsa.PrivateKey)}
	listener, err := net.Listen("tcp", issuerAddress)
	if err != nil {
		return nil, err
	}
	go http.Serve(listener, issuer.Handler())
	return issuer, nil
}

func newIssuerKeys() (keys issuerKeys, err error) {
	const bits = 2048 // the least that may sign (RFC 7518 §3.3)
	rsaKey, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return keys, err
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return keys, err
	}
	if keys.RSA, err = x509.MarshalPKCS8PrivateKey(rsaKey); err != nil {
		return keys, err
	}
	keys.EC, err = x509.MarshalPKCS8PrivateKey(ecKey)
	return keys, err
}

func readJSON(path string, value any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, value)
}
