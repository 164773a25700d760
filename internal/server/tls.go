package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sallyport/internal/safefile"
	"sallyport/internal/shellwords"
)

// certificates hands out the server's certificate for each handshake.
type certificates interface {
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
}

// tlsConfig is the one TLS configuration of the listener. Go's own lists of suites and curves are kept: from TLS 1.2 on they hold
// nothing that is broken, and they improve with Go.
func tlsConfig(from certificates) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12, // RFC 8996 retires what is older
		GetCertificate: from.GetCertificate,
	}
}

// certificateCheckInterval is how long a replaced certificate may go unnoticed; a stat of two files each time costs nothing.
const certificateCheckInterval = 5 * time.Second

// certificateFiles serves with the certificate of two files, and notices when they are replaced.
type certificateFiles struct {
	certPath, keyPath string
	now               func() time.Time
	log               *slog.Logger

	current   atomic.Pointer[tls.Certificate]
	nextCheck atomic.Int64 // Unix nanoseconds

	checking  sync.Mutex // held by the one handshake that looks at the files
	seen      fileStamps // of the last attempt; one that failed is made again, since a mode or an owner may have been mended
	complaint string     // the last one logged, so that a lasting fault is one line and not one every five seconds
}

// fileStamps tell whether one of the two files was written or replaced.
type fileStamps [2]struct {
	modified time.Time
	size     int64
}

// newCertificateFiles loads the certificate. now is the machine's time: a client judges the certificate by its own clock, and
// development mode moves only the server's.
func newCertificateFiles(certPath, keyPath string, now func() time.Time, log *slog.Logger) (*certificateFiles, error) {
	f := &certificateFiles{certPath: certPath, keyPath: keyPath, now: now, log: log}
	stamps, err := f.stamps()
	if err != nil {
		return nil, fmt.Errorf("TLS certificate: %w", err)
	}
	if err := f.load(); err != nil {
		return nil, fmt.Errorf("TLS certificate: %w", err)
	}
	f.seen = stamps
	f.nextCheck.Store(now().Add(certificateCheckInterval).UnixNano())
	return f, nil
}

// GetCertificate returns the certificate in use, after a look at the files when the last one was long enough ago.
func (f *certificateFiles) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if f.now().UnixNano() >= f.nextCheck.Load() && f.checking.TryLock() {
		f.check()
		f.checking.Unlock()
	}
	return f.current.Load(), nil
}

// check loads the files if they changed since the last attempt. Anything that is wrong with them leaves the old certificate in use: a
// renewal that writes two files passes through states that do not fit together.
func (f *certificateFiles) check() {
	f.nextCheck.Store(f.now().Add(certificateCheckInterval).UnixNano())
	stamps, err := f.stamps() // before loading: a write in between is noticed at the next check
	if err == nil && stamps == f.seen && f.complaint == "" {
		return
	}
	if err == nil {
		f.seen = stamps
		err = f.load()
	}
	if err == nil {
		f.complaint = ""
		f.log.Info("the TLS certificate was replaced", "not_after", f.current.Load().Leaf.NotAfter)
	} else if err.Error() != f.complaint {
		f.complaint = err.Error()
		f.log.Error("the TLS certificate was replaced by one that cannot be used; the old one stays in use", "error", err)
	}
}

func (f *certificateFiles) stamps() (stamps fileStamps, err error) {
	for i, path := range []string{f.certPath, f.keyPath} {
		info, err := os.Stat(path)
		if err != nil {
			return stamps, err
		}
		stamps[i].modified, stamps[i].size = info.ModTime(), info.Size()
	}
	return stamps, nil
}

// load puts the files in use if they hold a pair that has not expired. At the start an expired one is served all the same: clients say
// clearly what is wrong with it, which a server that does not start cannot.
func (f *certificateFiles) load() error {
	pair, err := f.readPair()
	if err != nil {
		return err
	}
	if expired := f.now().After(pair.Leaf.NotAfter); expired && f.current.Load() != nil {
		return fmt.Errorf("%s expired at %v", f.certPath, pair.Leaf.NotAfter)
	} else if expired {
		f.log.Error("the TLS certificate has expired; clients will refuse it", "file", f.certPath, "not_after", pair.Leaf.NotAfter)
	}
	f.current.Store(&pair)
	return nil
}

// maxPEMFile is far above a key with a long chain beside it.
const maxPEMFile = 1 << 20

// readPair reads both files. The key is a secret as in the other files that settings name.
func (f *certificateFiles) readPair() (tls.Certificate, error) {
	chain, err := readBounded(f.certPath, maxPEMFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := readPrivate(f.keyPath, maxPEMFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(chain, key)
}

const (
	// authorityLifetime is long, because every client has to be told again when the authority changes.
	authorityLifetime = 3650 * day

	// serverLifetime and serverRenewal: short enough that a leaked key ages out, with a month in which a renewal may fail unnoticed.
	serverLifetime = 90 * day
	serverRenewal  = 30 * day

	// clockSkew dates certificates back, for clients whose clocks are slow.
	clockSkew = time.Hour
)

// localAuthority is the certificate authority of --tls-auto. Its key stays in the data folder; the server's own key and
// certificate are made at each start and live in memory only.
type localAuthority struct {
	caPath string
	hosts  []string // sorted, each once
	now    func() time.Time
	log    *slog.Logger

	ca      *x509.Certificate
	caKey   *ecdsa.PrivateKey
	current atomic.Pointer[tls.Certificate]
	issuing sync.Mutex
}

// openLocalAuthority opens the authority in the folder, or makes one, and issues a certificate for the hosts (names and addresses). An
// authority is constrained to the hosts it was made for, so that a client that trusts it trusts it with nothing else (RFC 5280
// §4.2.1.10); when the hosts outgrow it, a new one replaces it and the log says so.
func openLocalAuthority(folder string, hosts []string, now func() time.Time, log *slog.Logger) (*localAuthority, error) {
	a := &localAuthority{caPath: filepath.Join(folder, "ca.pem"), now: now, log: log, hosts: slices.Compact(slices.Sorted(slices.Values(hosts)))}
	if err := a.open(folder); err != nil {
		return nil, fmt.Errorf("local certificate authority: %w", err)
	}
	if _, err := a.issue(); err != nil {
		return nil, fmt.Errorf("local certificate authority: %w", err)
	}
	return a, nil
}

// CAPath is the file that clients have to trust, by its absolute path: they are at work in other folders.
func (a *localAuthority) CAPath() string {
	path, err := filepath.Abs(a.caPath)
	if err != nil {
		return a.caPath
	}
	return path
}

// trustHints are the shell lines that make the usual clients trust the authority.
func (a *localAuthority) trustHints() []string {
	path := a.CAPath()
	return []string{
		"export AWS_CA_BUNDLE=" + shellwords.Quote(path) + "        # AWS CLI, boto3 and most AWS SDKs",
		"export NODE_EXTRA_CA_CERTS=" + shellwords.Quote(path) + "  # Node.js",
		"export SSL_CERT_FILE=" + shellwords.Quote(path) + "        # OpenSSL, Go on Linux",
	}
}

// open reads the authority's key file, which holds the certificate too, so that one rename replaces both. ca.pem is a copy for clients.
func (a *localAuthority) open(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	keyPath := filepath.Join(folder, "ca-key.pem")
	err := a.read(keyPath)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = a.create(keyPath)
	case err != nil:
		return fmt.Errorf("%s cannot be used: %w (remove it to have a new authority made, which clients have to trust anew)", keyPath, err)
	case !a.covers():
		a.log.Warn("the local certificate authority was made anew, because the old one does not cover the hosts or is about to expire; "+
			"clients have to trust the new one", "file", a.caPath, "hosts", a.hosts)
		err = a.create(keyPath)
	}
	if err != nil {
		return err
	}
	return safefile.Replace(a.caPath, 0o644, pemBlock("CERTIFICATE", a.ca.Raw))
}

func (a *localAuthority) read(keyPath string) error {
	pair, err := tls.LoadX509KeyPair(keyPath, keyPath)
	if err != nil {
		return err
	}
	key, isECDSA := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !isECDSA || !pair.Leaf.IsCA {
		return errors.New("it does not hold a certificate authority of ours")
	}
	a.ca, a.caKey = pair.Leaf, key
	return nil
}

// covers tells whether the authority may vouch for every host for as long as a server certificate lives.
func (a *localAuthority) covers() bool {
	if a.now().Add(serverLifetime).After(a.ca.NotAfter) {
		return false
	}
	names, networks := constraints(a.hosts)
	for _, name := range names {
		if !slices.Contains(a.ca.PermittedDNSDomains, name) {
			return false
		}
	}
	for _, network := range networks {
		if !slices.ContainsFunc(a.ca.PermittedIPRanges, func(permitted *net.IPNet) bool { return permitted.String() == network.String() }) {
			return false
		}
	}
	return true
}

func (a *localAuthority) create(keyPath string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := certificateTemplate("Sallyport local CA "+rand.Text()[:8], a.now(), authorityLifetime)
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.MaxPathLenZero = true // it signs servers only
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	template.PermittedDNSDomainsCritical = true
	template.PermittedDNSDomains, template.PermittedIPRanges = constraints(a.hosts)
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	rawKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if a.ca, err = x509.ParseCertificate(raw); err != nil {
		return err
	}
	a.caKey = key
	return safefile.Replace(keyPath, safefile.Private, append(pemBlock("PRIVATE KEY", rawKey), pemBlock("CERTIFICATE", raw)...))
}

// constraints splits hosts into the names and the single-address networks that an authority is limited to.
func constraints(hosts []string) (names []string, networks []*net.IPNet) {
	for _, host := range hosts {
		if ip := parseIP(host); ip != nil {
			networks = append(networks, &net.IPNet{IP: ip, Mask: net.CIDRMask(8*len(ip), 8*len(ip))})
		} else {
			names = append(names, host)
		}
	}
	return names, networks
}

// parseIP returns an address in as many bytes as its family has, or nil for a name.
func parseIP(host string) net.IP {
	ip := net.ParseIP(host)
	if four := ip.To4(); four != nil {
		return four
	}
	return ip
}

// GetCertificate returns the server's certificate, renewed when its last month has begun.
func (a *localAuthority) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if current := a.current.Load(); a.fresh(current) {
		return current, nil
	}
	return a.issue()
}

func (a *localAuthority) fresh(certificate *tls.Certificate) bool {
	return certificate != nil && a.now().Before(certificate.Leaf.NotAfter.Add(-serverRenewal))
}

// issue makes the server's certificate, unless another handshake just has.
func (a *localAuthority) issue() (*tls.Certificate, error) {
	a.issuing.Lock()
	defer a.issuing.Unlock()
	if current := a.current.Load(); a.fresh(current) {
		return current, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := certificateTemplate("Sallyport", a.now(), serverLifetime)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, host := range a.hosts {
		if ip := parseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.ca, key.Public(), a.caKey)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, err
	}
	issued := &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}
	a.current.Store(issued)
	a.log.Info("issued a TLS certificate from the local authority", "hosts", a.hosts, "not_after", leaf.NotAfter)
	return issued, nil
}

func certificateTemplate(name string, now time.Time, lifetime time.Duration) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: randomSerial(),
		Subject:      pkix.Name{Organization: []string{"Sallyport"}, CommonName: name},
		NotBefore:    now.Add(-clockSkew),
		NotAfter:     now.Add(lifetime - clockSkew),
	}
}

// randomSerial returns 127 random bits: positive, and within the 20 octets of RFC 5280 §4.1.2.2.
func randomSerial() *big.Int {
	var raw [16]byte
	rand.Read(raw[:])
	raw[0] &= 0x7f
	return new(big.Int).SetBytes(raw[:])
}

func pemBlock(kind string, raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
}
