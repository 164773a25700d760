package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sallyport/test/harness"
	"sallyport/test/terminal"
)

// Each script is one behaviour of configure or doctor, at a real server in development mode, or at something on the way to it that
// misbehaves.
func TestPeople(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script/people",
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			env.Setenv("HOME", home)
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			env.Setenv("PATH", env.Getenv("PATH")[:strings.IndexByte(env.Getenv("PATH")+":", ':')]) // the program's folder: no AWS CLI
			env.Values[sceneKey{}] = &scene{t: env.T().(testing.TB)}
			return os.MkdirAll(home, 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"server": startServer, // server: starts one, at $URL, with $START_URL and $REGION
			"login":  signIn,      // login USER ARGUMENT...: signs a person of the demo in, with a device code
			"exits":  exits,       // exits CODE PROGRAM ARGUMENT...
			"before": standBefore, // before KIND: what stands before the server from now on, at $PROXY
			"fill":   fill,        // fill FILE...: replaces variables in files
		},
	})
}

// scene is what the commands of one script share.
type scene struct {
	t      testing.TB
	server *harness.Server
}

type sceneKey struct{}

func sceneOf(ts *testscript.TestScript) *scene { return ts.Value(sceneKey{}).(*scene) }

func startServer(ts *testscript.TestScript, _ bool, _ []string) {
	s := sceneOf(ts)
	s.server = harness.Start(s.t)
	ts.Setenv("URL", s.server.Endpoint)
	// As the server tells it to whoever asks with HEAD.
	ts.Setenv("START_URL", "https://"+path.Base(s.server.InstanceARN)+".portal."+s.server.Region+".app.aws/start")
	ts.Setenv("REGION", s.server.Region)
}

var userCode = regexp.MustCompile(`^[B-DF-HJ-NP-TV-Z]{4}-[B-DF-HJ-NP-TV-Z]{4}$`)

// signIn runs login and approves as the person.
func signIn(ts *testscript.TestScript, _ bool, args []string) {
	s := sceneOf(ts)
	command := exec.Command(harness.Binary(s.t), append([]string{"login", "--use-device-code", "--no-browser"}, args[1:]...)...)
	command.Env = []string{"HOME=" + ts.Getenv("HOME")}
	told, err := command.StderrPipe()
	ts.Check(err)
	ts.Check(command.Start())
	for lines := bufio.NewScanner(told); lines.Scan(); {
		if code := userCode.FindString(lines.Text()); code != "" {
			s.server.Approve(code, args[0])
		}
	}
	ts.Check(command.Wait())
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		got = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	io.WriteString(ts.Stdout(), ts.ReadFile("stdout"))
	io.WriteString(ts.Stderr(), ts.ReadFile("stderr"))
	if args[0] != strconv.Itoa(got) {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

func fill(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(os.Expand(ts.ReadFile(name), ts.Getenv)), 0o600))
	}
}

// standBefore puts something between the command and the server.
func standBefore(ts *testscript.TestScript, _ bool, args []string) {
	kinds := map[string]func(*testscript.TestScript) string{
		"underscores-dropped": proxyTo(func(r *http.Request) {
			for name := range r.Header {
				if strings.Contains(name, "_") {
					delete(r.Header, name)
				}
			}
		}, nil),
		"clock-ten-minutes-ahead": proxyTo(nil, func(r *http.Response) {
			r.Header.Set("Date", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
		}),
		"other-host":    proxyTo(func(r *http.Request) { r.Host = "inside.example.com" }, nil),
		"bad-gateway":   handler(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }),
		"web-server":    handler(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>hello") }),
		"nobody":        nobody,
		"tls":           certified(certificate{}),
		"tls-expired":   certified(certificate{ended: true}),
		"tls-elsewhere": certified(certificate{name: "other.example.com"}),
	}
	start, known := kinds[args[0]]
	if !known {
		ts.Fatalf("nothing is called %s", args[0])
	}
	ts.Setenv("PROXY", start(ts))
}

// proxyTo is a reverse proxy before the server that changes requests or answers.
func proxyTo(request func(*http.Request), response func(*http.Response)) func(*testscript.TestScript) string {
	return func(ts *testscript.TestScript) string { return answers(ts, reverseProxy(ts, request, response)).URL }
}

func reverseProxy(ts *testscript.TestScript, request func(*http.Request), response func(*http.Response)) http.Handler {
	target, err := url.Parse(sceneOf(ts).server.Endpoint)
	ts.Check(err)
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			if request != nil {
				request(r.Out)
			}
		},
		ModifyResponse: func(r *http.Response) error {
			if response != nil {
				response(r)
			}
			return nil
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
}

func handler(h http.HandlerFunc) func(*testscript.TestScript) string {
	return func(ts *testscript.TestScript) string { return answers(ts, h).URL }
}

func answers(ts *testscript.TestScript, h http.Handler) *httptest.Server {
	s := httptest.NewServer(h)
	ts.Defer(s.Close)
	return s
}

// nobody is a port at which nobody listens.
func nobody(ts *testscript.TestScript) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer listener.Close()
	return "http://" + listener.Addr().String()
}

// certificate is that of a server with an authority of its own, in ca.pem.
type certificate struct {
	ended bool
	name  string // 127.0.0.1 where it is empty
}

func certified(c certificate) func(*testscript.TestScript) string {
	return func(ts *testscript.TestScript) string {
		s := httptest.NewUnstartedServer(reverseProxy(ts, nil, nil))
		s.Config.ErrorLog = log.New(io.Discard, "", 0) // who hangs up is part of the tests
		s.TLS = &tls.Config{Certificates: []tls.Certificate{c.issue(ts)}}
		s.StartTLS()
		ts.Defer(s.Close)
		return s.URL
	}
}

func (c certificate) issue(ts *testscript.TestScript) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Acme Root"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	root, err := x509.CreateCertificate(rand.Reader, authority, authority, key.Public(), key)
	ts.Check(err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"}, NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if c.name != "" {
		leaf.IPAddresses, leaf.DNSNames = nil, []string{c.name}
	}
	if c.ended {
		leaf.NotAfter = time.Now().Add(-24 * time.Hour)
	}
	raw, err := x509.CreateCertificate(rand.Reader, leaf, authority, key.Public(), key)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}), 0o600))
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

// Somebody who has nothing but the address of the server ends with profiles.
func TestConfigureAsksAndSignsIn(t *testing.T) {
	server := harness.Start(t)
	home := t.TempDir()
	screen := terminal.Start(t, terminal.Program{
		Command: []string{harness.Binary(t), "configure"}, Env: []string{"HOME=" + home, "TERM=xterm", "SSH_TTY=/dev/pts/1", "AWS_EC2_METADATA_DISABLED=true"},
		Dir: t.TempDir(), Columns: 200,
	})
	screen.WaitFor("Address of your Sallyport, or start URL:")
	screen.Type("nowhere\r")
	screen.WaitFor("that is no address: one begins with https://")
	screen.Type(server.Endpoint + "\r")
	screen.WaitFor("Name of the session [sallyport]:")
	screen.Type("\r")
	code := screen.WaitForMatch(regexp.MustCompile(`\b([B-Z]{4}-[B-Z]{4})\b`))
	server.Approve(code[1], "alice")
	screen.WaitFor("Use one: export AWS_PROFILE=production-administratoraccess")
	if exit := screen.Wait(); exit != 0 {
		t.Errorf("exit code %d", exit)
	}
	text, err := os.ReadFile(filepath.Join(home, ".aws", "config"))
	if err != nil || !strings.Contains(string(text), "[profile sandbox-administratoraccess]\nsso_session = sallyport\n") {
		t.Errorf("%v: the file is\n%s", err, text)
	}
}
