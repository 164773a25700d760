package fetch

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sallyport/test/vectors"
)

// handler answers every path that a test of this package asks for.
func handler(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/fine":
		io.WriteString(w, "fine")
	case "/echo":
		fmt.Fprintf(w, "%s|%s|%s|%s", r.Header.Get("Accept-Encoding"), r.Header.Get("Cookie"), r.Header.Get("Authorization"), r.Header.Get("Referer"))
	case "/cookie":
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
	case "/redirect":
		http.Redirect(w, r, "/fine", http.StatusFound)
	case "/away":
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusTemporaryRedirect)
	case "/missing":
		http.NotFound(w, r)
	case "/empty":
		w.WriteHeader(http.StatusNoContent)
	case "/zipped":
		w.Header().Set("Content-Encoding", "gzip")
		zipped := gzip.NewWriter(w)
		zipped.Write(make([]byte, 1<<20))
		zipped.Close()
	case "/endless":
		for chunk := make([]byte, 4096); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	case "/liar":
		w.Header().Set("Content-Length", "1000000000")
		io.WriteString(w, "short")
	case "/header":
		w.Header().Set("X", strings.Repeat("x", 2*maxHeaderBytes))
	case "/silent":
		<-r.Context().Done()
	case "/drip":
		for r.Context().Err() == nil {
			io.WriteString(w, ".")
			w.(http.Flusher).Flush()
		}
	}
}

func ruleOf(err error) Rule {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal.Rule
	}
	return ""
}

func loopbackServer(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(handler))
	t.Cleanup(server.Close)
	return server
}

func TestAnswersThatAreTaken(t *testing.T) {
	server := loopbackServer(t)
	client := New(Options{AllowLoopbackHTTP: true})
	tests := []struct {
		name, path string
		max        int64
		want       string
		rule       Rule
	}{
		{"a short answer", "/fine", 100, "fine", ""},
		{"an answer of just the size", "/fine", 4, "fine", ""},
		{"an answer of one byte more", "/fine", 3, "", RuleSize},
		{"an answer without end", "/endless", 1 << 20, "", RuleSize},
		{"an answer that is shorter than announced", "/liar", 100, "", RuleUnreachable},
		{"an answer with a header without end", "/header", 100, "", RuleUnreachable},
		{"a redirect on the same server", "/redirect", 100, "", RuleRedirect},
		{"a redirect to where clouds keep credentials", "/away", 100, "", RuleRedirect},
		{"no such document", "/missing", 100, "", RuleStatus},
		{"no content", "/empty", 100, "", RuleStatus},
		{"a compressed answer", "/zipped", 1 << 30, "", RuleEncoding},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := client.Get(t.Context(), server.URL+tt.path, tt.max)
			if ruleOf(err) != tt.rule || string(got) != tt.want {
				t.Errorf("got %q, %v, want %q, %q", got, err, tt.want, tt.rule)
			}
		})
	}
}

func TestNothingIsSentThatWasNotMeantToBe(t *testing.T) {
	server := loopbackServer(t)
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	client := New(Options{AllowLoopbackHTTP: true})
	if _, err := client.Get(t.Context(), server.URL+"/cookie", 100); err != nil {
		t.Fatal(err)
	}
	got, err := client.Get(t.Context(), server.URL+"/echo", 100)
	if err != nil || string(got) != "identity|||" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTimeRunsOutOnWhoeverIsSlow(t *testing.T) {
	server := loopbackServer(t)
	client := New(Options{AllowLoopbackHTTP: true, Timeout: 50 * time.Millisecond})
	for _, path := range []string{"/silent", "/drip"} {
		began := time.Now()
		_, err := client.Get(t.Context(), server.URL+path, 1<<30)
		if ruleOf(err) != RuleTime || time.Since(began) > 2*time.Second {
			t.Errorf("%s: %v after %v", path, err, time.Since(began))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Get(ctx, server.URL+"/fine", 100); ruleOf(err) != RuleTime {
		t.Errorf("a caller that went away: %v", err)
	}
}

func TestAddressesThatAreRefusedBeforeAnythingIsSent(t *testing.T) {
	tests := []struct {
		name, address string
		options       Options
		want          Rule
	}{
		{"plain http", "http://idp.example.test/", Options{}, RuleScheme},
		{"plain http to this machine", "http://127.0.0.1/", Options{}, RuleScheme},
		{"another scheme", "ftp://idp.example.test/", Options{AllowLoopbackHTTP: true}, RuleScheme},
		{"a file", "file:///etc/passwd", Options{}, RuleURL},
		{"no scheme", "//idp.example.test/", Options{}, RuleScheme},
		{"a user name", "https://a:b@idp.example.test/", Options{}, RuleURL},
		{"a fragment", "https://idp.example.test/#x", Options{}, RuleURL},
		{"no server", "https:///x", Options{}, RuleURL},
		{"a path only", "/x", Options{}, RuleURL},
		{"a line end", "https://idp.example.test/\r\nX: y", Options{}, RuleURL},
		{"no end", "https://idp.example.test/" + strings.Repeat("x", maxURLBytes), Options{}, RuleURL},
		{"a port that is not allowed", "https://192.0.2.1:22/", Options{Ports: []uint16{80, 443}}, RulePort},
		{"port 0", "https://192.0.2.1:0/", Options{}, RulePort},
		{"a port that is no port", "https://192.0.2.1:65536/", Options{}, RulePort},
		{"this machine by its address", "https://127.0.0.1/", Options{}, RuleAddress},
		{"this machine by its short address", "https://[::1]/", Options{}, RuleAddress},
		{"this machine by its name", "https://localhost/", Options{}, RuleAddress},
		{"this machine by no address", "https://0.0.0.0/", Options{}, RuleAddress},
		{"where clouds keep credentials", "https://169.254.169.254/latest/meta-data/", Options{}, RuleAddress},
		{"a private network", "https://10.1.2.3/", Options{AllowLoopbackHTTP: true}, RuleAddress},
		{"plain http to a network that is allowed", "http://10.1.2.3/", Options{AllowLoopbackHTTP: true, AllowedPrefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, RuleAddress},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.options).Get(t.Context(), tt.address, 100)
			if ruleOf(err) != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestWhichAddressesMayBeReached(t *testing.T) {
	inside := reach{prefixes: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}}
	tests := []struct {
		address                  string
		public, loopback, inside bool
	}{
		{"93.184.216.34", true, true, true},
		{"2606:2800:220:1::1", true, true, true},
		{"::ffff:93.184.216.34", true, true, true},
		{"64:ff9b::5db8:d822", true, true, true}, // NAT64 of 93.184.216.34
		{"2002:5db8:d822::1", true, true, true},  // 6to4 of it
		{"127.0.0.1", false, true, false},
		{"127.255.255.254", false, true, false},
		{"::1", false, true, false},
		{"::ffff:127.0.0.1", false, true, false},
		{"64:ff9b::7f00:1", false, true, false},
		{"2002:7f00:1::", false, true, false},
		{"::127.0.0.1", false, false, false},
		{"::ffff:0:127.0.0.1", false, false, false},
		{"0.0.0.0", false, false, false},
		{"::", false, false, false},
		{"10.20.1.1", false, false, true},
		{"10.21.1.1", false, false, false},
		{"::ffff:10.20.1.1", false, false, true},
		{"64:ff9b::a14:101", false, false, true}, // NAT64 of 10.20.1.1
		{"2002:a15:101::", false, false, false},  // 6to4 of 10.21.1.1
		{"64:ff9b:1::a14:101", false, false, false},
		{"fd00:1::5", false, false, true},
		{"fd00:2::5", false, false, false},
		{"172.31.255.255", false, false, false},
		{"172.32.0.1", true, true, true},
		{"192.168.0.1", false, false, false},
		{"100.64.0.1", false, false, false},
		{"100.128.0.1", true, true, true},
		{"169.254.169.254", false, false, false},
		{"fd00:ec2::254", false, false, false},
		{"fe80::1%eth0", false, false, false},
		{"fec0::1", false, false, false},
		{"224.0.0.1", false, false, false},
		{"ff02::1", false, false, false},
		{"255.255.255.255", false, false, false},
		{"240.0.0.1", false, false, false},
		{"192.0.2.1", false, false, false},
		{"198.18.0.1", false, false, false},
		{"2001::1", false, false, false},
		{"2001:db8::1", false, false, false},
		{"100::1", false, false, false},
	}
	for _, tt := range tests {
		address := netip.MustParseAddr(tt.address)
		for name, check := range map[string]struct{ got, want bool }{
			"with nothing allowed":   {reach{}.allows(address), tt.public},
			"with loopback allowed":  {reach{loopback: true}.allows(address), tt.loopback},
			"with prefixes allowed":  {inside.allows(address), tt.inside},
			"with loopback only":     {reach{loopback: true, nothingElse: true}.allows(address), tt.loopback && !tt.public},
			"with an invalid prefix": {reach{prefixes: []netip.Prefix{{}}}.allows(address), tt.public},
		} {
			if check.got != check.want {
				t.Errorf("%s %s: %v, want %v", tt.address, name, check.got, check.want)
			}
		}
	}
	if (reach{}).allows(netip.Addr{}) {
		t.Error("no address at all is allowed")
	}
}

func TestServersAreBelievedByTheirCertificatesOnly(t *testing.T) {
	start := func(config *tls.Config) *httptest.Server {
		server := httptest.NewUnstartedServer(http.HandlerFunc(handler))
		server.TLS, server.Config.ErrorLog = config, log.New(io.Discard, "", 0)
		server.StartTLS()
		t.Cleanup(server.Close)
		return server
	}
	modern := start(nil)
	old := start(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	pool := x509.NewCertPool()
	pool.AddCert(modern.Certificate())
	pool.AddCert(old.Certificate())
	tests := []struct {
		name, address string
		roots         *x509.CertPool
		want          Rule
	}{
		{"an authority that is believed", modern.URL, pool, ""},
		{"an authority that nobody knows", modern.URL, nil, RuleUnreachable},
		{"a name that the certificate does not have", strings.Replace(modern.URL, "127.0.0.1", "localhost", 1), pool, RuleUnreachable},
		{"TLS 1.1", old.URL, pool, RuleUnreachable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := New(Options{AllowLoopbackHTTP: true, RootCAs: tt.roots})
			if _, err := client.Get(t.Context(), tt.address+"/fine", 100); ruleOf(err) != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// A name server that answers a permitted address to the first question and another to the next is the rebinding of
// attacks on fetchers: the second connection has to be refused, since what counts is the address that is dialled.
func TestRebindingANameReachesNothing(t *testing.T) {
	var reached atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		io.WriteString(w, "fine")
	}))
	t.Cleanup(server.Close)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	names := &nameServer{answers: []string{"127.0.0.1", "127.0.0.2", "10.0.0.1", "127.0.0.1"}}
	client := New(Options{
		AllowedPrefixes: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		RootCAs:         pool,
		Resolver:        names.resolver(t),
	})
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	address := "https://example.com:" + at.Port() + "/" // a name that the certificate has
	for i, want := range []Rule{"", RuleAddress, RuleAddress, ""} {
		if _, err := client.Get(t.Context(), address, 100); ruleOf(err) != want {
			t.Errorf("request %d to %s: %v, want %q", i, names.answers[i], err, want)
		}
	}
	if got := reached.Load(); got != 2 {
		t.Errorf("%d requests arrived, want 2", got)
	}
}

// nameServer answers one address after the other, whatever name it is asked for (RFC 1035 §4.1).
type nameServer struct {
	answers []string
	mu      sync.Mutex
	asked   int
}

func (n *nameServer) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	listener, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for packet := make([]byte, 512); ; {
			size, from, err := listener.ReadFrom(packet)
			if err != nil {
				return
			}
			listener.WriteTo(n.answer(packet[:size]), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", listener.LocalAddr().String())
	}}
}

// answer copies the question, and adds an address to it if one of version 4 was asked for.
func (n *nameServer) answer(query []byte) []byte {
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	question := query[12 : end+5]
	answer := append([]byte{}, query[:2]...)
	answer = append(answer, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0) // a response, and one question
	answer = append(answer, question...)
	if binary.BigEndian.Uint16(query[end+1:]) != 1 {
		return answer
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	address := netip.MustParseAddr(n.answers[min(n.asked, len(n.answers)-1)]).As4()
	n.asked++
	answer[7] = 1 // one answer: the name of the question, type A, class IN, to be forgotten at once
	answer = append(answer, 0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
	return append(answer, address[:]...)
}

// FuzzTarget checks that no spelling of an address gets past the rules that need no network.
func FuzzTarget(f *testing.F) {
	for _, address := range []string{"https://idp.example.test/", "http://127.0.0.1:80/", "https://a@b/", "https://[::1]:443/", "HTTPS://x", "https://x:00443"} {
		f.Add(address)
	}
	client := New(Options{Ports: []uint16{443}})
	for _, address := range vectors.URLs(f) {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		target, err := client.target(address)
		if err != nil {
			if ruleOf(err) == "" {
				t.Fatalf("refused with %#v", err)
			}
			return
		}
		if target.Scheme != "https" || target.User != nil || target.Hostname() == "" {
			t.Fatalf("%q is taken", address)
		}
		again, err := url.Parse(target.String())
		if err != nil || again.Host != target.Host {
			t.Fatalf("%q is sent as %q", address, target)
		}
	})
}
