package server

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var quiet = slog.New(slog.DiscardHandler)

// testTime is a moment that moves only when a test says so.
type testTime struct{ moment time.Time }

func (t *testTime) now() time.Time { return t.moment }

// handshake connects to a listener on loopback that serves with the configuration, and returns what the client saw.
func handshake(t *testing.T, server, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if connection, err := listener.Accept(); err == nil {
			_, _ = io.Copy(io.Discard, connection) // handshakes, and waits for the client to leave
			connection.Close()
		}
	}()
	connection, err := tls.Dial("tcp", listener.Addr().String(), client)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer connection.Close()
	return connection.ConnectionState(), nil
}

func mustAuthority(t *testing.T, folder string, clock *testTime, hosts ...string) *localAuthority {
	t.Helper()
	a, err := openLocalAuthority(folder, hosts, clock.now, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// trusting returns the configuration of a client that trusts the authority's file and nothing else.
func trusting(t *testing.T, caPath, host string, at time.Time) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(caPath)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatalf("%s holds no certificate", caPath)
	}
	return &tls.Config{RootCAs: pool, ServerName: host, Time: func() time.Time { return at }}
}

func TestHandshakesBelowTLS12AreRefused(t *testing.T) {
	clock := &testTime{time.Now()}
	a := mustAuthority(t, t.TempDir(), clock, loopbackNames...)
	for _, c := range []struct {
		name    string
		version uint16
		works   bool
	}{
		{"TLS 1.0", tls.VersionTLS10, false},
		{"TLS 1.1", tls.VersionTLS11, false},
		{"TLS 1.2", tls.VersionTLS12, true},
		{"TLS 1.3", tls.VersionTLS13, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := trusting(t, a.CAPath(), "localhost", clock.moment)
			client.MinVersion, client.MaxVersion = c.version, c.version
			state, err := handshake(t, tlsConfig(a), client)
			if c.works != (err == nil) {
				t.Errorf("handshake: %v, want it to work: %v", err, c.works)
			}
			if c.works && state.Version != c.version {
				t.Errorf("negotiated %#x, want %#x", state.Version, c.version)
			}
		})
	}
}

func TestWeakCipherSuitesAreRefused(t *testing.T) {
	clock := &testTime{time.Now()}
	a := mustAuthority(t, t.TempDir(), clock, loopbackNames...)
	client := trusting(t, a.CAPath(), "localhost", clock.moment)
	client.MaxVersion = tls.VersionTLS12
	for _, suite := range tls.InsecureCipherSuites() {
		client.CipherSuites = []uint16{suite.ID}
		if _, err := handshake(t, tlsConfig(a), client); err == nil {
			t.Errorf("%s was negotiated", suite.Name)
		}
	}
}

func TestTheLocalAuthorityVouchesForEveryHostItWasMadeFor(t *testing.T) {
	clock := &testTime{time.Now()}
	hosts := append([]string{"sso.example.com", "192.0.2.1"}, loopbackNames...)
	a := mustAuthority(t, filepath.Join(t.TempDir(), "new", "tls"), clock, hosts...)
	for _, host := range hosts {
		state, err := handshake(t, tlsConfig(a), trusting(t, a.CAPath(), host, clock.moment))
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		if leaf := state.PeerCertificates[0]; leaf.NotAfter.Sub(leaf.NotBefore) > 90*day {
			t.Errorf("%s: the certificate lives from %v to %v, longer than 90 days", host, leaf.NotBefore, leaf.NotAfter)
		}
	}
	if _, err := handshake(t, tlsConfig(a), trusting(t, a.CAPath(), "other.example", clock.moment)); err == nil {
		t.Error("it vouched for a host that is not ours")
	}
}

func TestTheLocalAuthorityIsOfNoUseForOtherHosts(t *testing.T) {
	clock := &testTime{time.Now()}
	a := mustAuthority(t, t.TempDir(), clock, loopbackNames...)
	for _, host := range []string{"bank.example", "192.0.2.9"} {
		a.hosts = []string{host} // what a thief of the key would do
		a.current.Store(nil)
		if _, err := handshake(t, tlsConfig(a), trusting(t, a.CAPath(), host, clock.moment)); err == nil || !strings.Contains(err.Error(), "not permitted by any constraint") {
			t.Errorf("a client that trusts the authority got %v for %s, want the name constraint", err, host)
		}
	}
}

func TestTheLocalAuthorityOutlivesARestart(t *testing.T) {
	folder, clock := t.TempDir(), &testTime{time.Now()}
	first := mustAuthority(t, folder, clock, loopbackNames...)
	if err := os.Remove(first.CAPath()); err != nil { // the copy for clients can be lost
		t.Fatal(err)
	}
	second := mustAuthority(t, folder, clock, loopbackNames...)
	if !first.ca.Equal(second.ca) {
		t.Error("a restart made a new authority")
	}
	if first.current.Load().Leaf.Equal(second.current.Load().Leaf) {
		t.Error("a restart kept the server's certificate")
	}
	if _, err := handshake(t, tlsConfig(second), trusting(t, second.CAPath(), "127.0.0.1", clock.moment)); err != nil {
		t.Error(err)
	}
}

func TestTheAuthoritysKeyIsForItsOwnerOnly(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "tls")
	a := mustAuthority(t, folder, &testTime{time.Now()}, loopbackNames...)
	for path, want := range map[string]os.FileMode{filepath.Join(folder, "ca-key.pem"): 0o600, a.CAPath(): 0o644, folder: 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v (%v), want %v", path, info.Mode().Perm(), err, want)
		}
	}
	if text, err := os.ReadFile(a.CAPath()); err != nil || strings.Contains(string(text), "PRIVATE") {
		t.Errorf("the file for clients holds a key (%v)", err)
	}
}

func TestANewHostMakesANewAuthority(t *testing.T) {
	folder, clock := t.TempDir(), &testTime{time.Now()}
	first := mustAuthority(t, folder, clock, loopbackNames...)
	second := mustAuthority(t, folder, clock, append([]string{"sso.example.com"}, loopbackNames...)...)
	if first.ca.Equal(second.ca) {
		t.Fatal("the old authority was kept, though it may not vouch for the new host")
	}
	if _, err := handshake(t, tlsConfig(second), trusting(t, second.CAPath(), "sso.example.com", clock.moment)); err != nil {
		t.Error(err)
	}
	fewer := mustAuthority(t, folder, clock, loopbackNames...)
	if !fewer.ca.Equal(second.ca) {
		t.Error("a host less made a new authority")
	}
	if names := fewer.current.Load().Leaf.DNSNames; slices.Contains(names, "sso.example.com") {
		t.Errorf("the server's certificate is still for %q", names)
	}
}

func TestAnAuthorityAboutToExpireIsMadeAnew(t *testing.T) {
	folder, clock := t.TempDir(), &testTime{time.Now()}
	first := mustAuthority(t, folder, clock, loopbackNames...)
	clock.moment = first.ca.NotAfter.Add(-89 * day)
	if second := mustAuthority(t, folder, clock, loopbackNames...); first.ca.Equal(second.ca) {
		t.Error("an authority that ends before its certificates was kept")
	}
}

func TestABrokenAuthorityIsNotReplacedInSilence(t *testing.T) {
	folder, clock := t.TempDir(), &testTime{time.Now()}
	mustAuthority(t, folder, clock, loopbackNames...)
	if err := os.WriteFile(filepath.Join(folder, "ca-key.pem"), []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openLocalAuthority(folder, loopbackNames, clock.now, quiet); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("error %v, want one that says what to do", err)
	}
}

func TestTheServersCertificateIsRenewedInItsLastMonth(t *testing.T) {
	clock := &testTime{time.Now()}
	a := mustAuthority(t, t.TempDir(), clock, loopbackNames...)
	first := a.current.Load()
	for _, c := range []struct {
		name    string
		left    time.Duration
		renewed bool
	}{
		{"31 days before its end it is kept", 31 * day, false},
		{"29 days before its end it is renewed", 29 * day, true},
	} {
		clock.moment = first.Leaf.NotAfter.Add(-c.left)
		got, err := a.GetCertificate(nil)
		if err != nil || c.renewed != (got != first) {
			t.Errorf("%s: renewed %v (%v)", c.name, got != first, err)
		}
	}
	if _, err := handshake(t, tlsConfig(a), trusting(t, a.CAPath(), "localhost", clock.moment)); err != nil {
		t.Error(err)
	}
}

func TestTheAuthorityIsNamedByItsAbsolutePath(t *testing.T) {
	t.Chdir(t.TempDir())
	clock := &testTime{moment: time.Now()}
	if a := mustAuthority(t, "data/tls", clock, "localhost"); !filepath.IsAbs(a.CAPath()) {
		t.Errorf("clients in other folders are told to trust %q", a.CAPath())
	}
}

func TestTrustHintsSurviveASpaceInThePath(t *testing.T) {
	a := &localAuthority{caPath: "/home/o'neil data/tls/ca.pem"}
	if hints := a.trustHints(); len(hints) != 3 || !strings.Contains(hints[0], `AWS_CA_BUNDLE='/home/o'\''neil data/tls/ca.pem'`) {
		t.Errorf("hints are %q", hints)
	}
}

// writePair issues a certificate for localhost, as an operator's own authority would, into the two files.
func writePair(t *testing.T, certPath, keyPath string, clock *testTime) *x509.Certificate {
	t.Helper()
	issued := mustAuthority(t, t.TempDir(), clock, "localhost").current.Load()
	rawKey, err := x509.MarshalPKCS8PrivateKey(issued.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	writeReplaced(t, certPath, string(pemBlock("CERTIFICATE", issued.Leaf.Raw)))
	writeReplaced(t, keyPath, string(pemBlock("PRIVATE KEY", rawKey)))
	return issued.Leaf
}

// writeReplaced writes a file with a modification time of its own, however coarse the file system's clock is.
func writeReplaced(t *testing.T, path, text string) {
	t.Helper()
	later := time.Now()
	if info, err := os.Stat(path); err == nil {
		later = info.ModTime().Add(time.Second)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
}

func TestReplacedCertificateFilesAreNoticed(t *testing.T) {
	folder, clock := t.TempDir(), &testTime{time.Now()}
	certPath, keyPath := filepath.Join(folder, "c.pem"), filepath.Join(folder, "k.pem")
	first := writePair(t, certPath, keyPath, clock)
	files, err := newCertificateFiles(certPath, keyPath, clock.now, quiet)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(step string, want *x509.Certificate) {
		t.Helper()
		if got, err := files.GetCertificate(nil); err != nil || !got.Leaf.Equal(want) {
			t.Errorf("%s: another certificate is in use (%v)", step, err)
		}
	}
	expect("at the start", first)

	second := writePair(t, certPath, keyPath, clock)
	expect("before the next look", first)
	clock.moment = clock.moment.Add(certificateCheckInterval)
	expect("after the next look", second)

	writeReplaced(t, certPath, "half a certif")
	clock.moment = clock.moment.Add(certificateCheckInterval)
	expect("after a broken replacement", second)

	if err := os.Remove(keyPath); err != nil {
		t.Fatal(err)
	}
	clock.moment = clock.moment.Add(certificateCheckInterval)
	expect("while a file is missing", second)

	third := writePair(t, certPath, keyPath, clock)
	clock.moment = clock.moment.Add(certificateCheckInterval)
	expect("after the repair", third)

	past := &testTime{clock.moment.Add(-91 * day)}
	writePair(t, certPath, keyPath, past)
	clock.moment = clock.moment.Add(certificateCheckInterval)
	expect("after a replacement that has expired", third)
}

func TestAFaultOfTheCertificateFilesIsLoggedOnce(t *testing.T) {
	folder, clock := t.TempDir(), &testTime{time.Now()}
	certPath, keyPath := filepath.Join(folder, "c.pem"), filepath.Join(folder, "k.pem")
	writePair(t, certPath, keyPath, clock)
	var out strings.Builder
	files, err := newCertificateFiles(certPath, keyPath, clock.now, slog.New(slog.NewTextHandler(&out, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(certPath); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		clock.moment = clock.moment.Add(certificateCheckInterval)
		files.GetCertificate(nil)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 1 {
		t.Errorf("%d lines for one fault:\n%s", lines, out.String())
	}
}

func TestMissingCertificateFilesEndTheStart(t *testing.T) {
	if _, err := newCertificateFiles("/nonexistent/c.pem", "/nonexistent/k.pem", time.Now, quiet); err == nil {
		t.Error("started without a certificate")
	}
}

func TestAClientThatSpeaksNoTLSIsLetGo(t *testing.T) {
	a := mustAuthority(t, t.TempDir(), &testTime{time.Now()}, loopbackNames...)
	client, server := net.Pipe()
	go func() {
		_, _ = client.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
		client.Close()
	}()
	if err := tls.Server(server, tlsConfig(a)).Handshake(); err == nil {
		t.Error("a handshake with plain HTTP worked")
	}
}
