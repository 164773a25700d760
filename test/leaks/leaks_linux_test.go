// Package leaks holds that clients of all kinds, the rude ones above all, leave nothing behind in the real program: when they are gone, it has
// the goroutines and descriptors that it had before.
package leaks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/test/harness"
)

const (
	// times is how often each kind of client comes. One leak in a hundred would show.
	times = 300
	// atOnce bounds how many of them come side by side.
	atOnce = 20
	// held is how many connections of each kind are left to the server to end.
	held = 30
	// backTimeout is above the server's longest patience with a client that says nothing more, on a busy machine.
	backTimeout = 2 * time.Minute
)

// world is a server with TLS and what its clients need.
type world struct {
	t      *testing.T
	server *harness.Server
	host   string
	roots  *x509.CertPool
	client *http.Client
	app    struct{ ClientID, ClientSecret string }
	tokens tokens
}

type tokens struct{ AccessToken, RefreshToken string }

func newWorld(t *testing.T) *world {
	t.Helper()
	s := harness.Start(t, "--tls-auto", "--register-rate", "0", "--device-start-rate", "0", "--log-level", "error")
	authority, err := os.ReadFile(s.CABundle)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, server: s, host: strings.TrimPrefix(s.Endpoint, "https://"), roots: x509.NewCertPool()}
	w.roots.AppendCertsFromPEM(authority)
	w.client = &http.Client{
		Transport:     &http.Transport{TLSClientConfig: w.tls(), MaxIdleConnsPerHost: atOnce},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(w.client.CloseIdleConnections)
	w.must(w.post(t.Context(), "/client/register", map[string]any{"clientName": "leaks", "clientType": "public", "scopes": []string{"sso:account:access"}}, &w.app))
	w.tokens, err = w.signIn(t.Context())
	w.must(err)
	return w
}

func (w *world) tls() *tls.Config { return &tls.Config{RootCAs: w.roots} }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// send sends a request and reads the answer to its end, whatever it is.
func (w *world) send(ctx context.Context, method, path, kind, body string, header ...string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, w.server.Endpoint+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := w.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}

func (w *world) post(ctx context.Context, path string, body, out any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	answer, err := w.send(ctx, http.MethodPost, path, "application/json", string(text))
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s: %w: %s", path, err, answer)
	}
	return nil
}

func (w *world) signIn(ctx context.Context) (got tokens, err error) {
	var code struct{ DeviceCode, UserCode string }
	err = w.post(ctx, "/device_authorization", map[string]string{"clientId": w.app.ClientID, "clientSecret": w.app.ClientSecret, "startUrl": w.server.StartURL}, &code)
	if err != nil {
		return got, err
	}
	if err := w.post(ctx, "/_dev/device", map[string]string{"userCode": code.UserCode, "userName": "alice", "decision": "approve"}, nil); err != nil {
		return got, err
	}
	err = w.post(ctx, "/token", map[string]string{
		"clientId": w.app.ClientID, "clientSecret": w.app.ClientSecret, "grantType": "urn:ietf:params:oauth:grant-type:device_code", "deviceCode": code.DeviceCode,
	}, &got)
	if err == nil && (got.AccessToken == "" || got.RefreshToken == "") {
		err = errors.New("a sign-in brought no tokens")
	}
	return got, err
}

// refreshBody asks for the same successor each time.
func (w *world) refreshBody() string {
	return fmt.Sprintf(`{"clientId":%q,"clientSecret":%q,"grantType":"refresh_token","refreshToken":%q}`, w.app.ClientID, w.app.ClientSecret, w.tokens.RefreshToken)
}

// weight is what a process has at a moment.
type weight struct{ goroutines, descriptors int }

func (w *world) weigh() (found weight, err error) {
	var told struct{ Goroutines int }
	answer, err := w.send(context.Background(), http.MethodGet, "/_dev/process", "", "")
	if err != nil {
		return found, err
	}
	if err := json.Unmarshal(answer, &told); err != nil {
		return found, fmt.Errorf("%w: %s", err, answer)
	}
	open, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(w.server.PID), "fd"))
	return weight{told.Goroutines, len(open)}, err
}

// comesBack waits until the server has no more than before. It asks over one connection, as it did then.
func (w *world) comesBack(before weight) {
	w.t.Helper()
	var now weight
	for deadline := time.Now().Add(backTimeout); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		w.client.CloseIdleConnections()
		var err error
		now, err = w.weigh()
		w.must(err)
		if now.goroutines <= before.goroutines && now.descriptors <= before.descriptors {
			return
		}
	}
	w.t.Errorf("the server has %+v, before it had %+v", now, before)
}

// many does something many times, some at once, and fails the test with the first error.
func (w *world) many(do func(i int) error) {
	w.t.Helper()
	next := make(chan int)
	failures := make(chan error, atOnce)
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for i := range next {
				if err := do(i); err != nil {
					select {
					case failures <- err:
					default:
					}
				}
			}
		})
	}
	for i := range times {
		next <- i
	}
	close(next)
	all.Wait()
	select {
	case err := <-failures:
		w.t.Error(err)
	default:
	}
}

// plain opens a connection without TLS to the port of the server.
func (w *world) plain() (*net.TCPConn, error) {
	conn, err := net.Dial("tcp", w.host)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// begun opens a connection with TLS and sends the beginning of something.
func (w *world) begun(text string) (*tls.Conn, error) {
	conn, err := tls.Dial("tcp", w.host, w.tls())
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(conn, text)
	return conn, err
}

// reset closes a connection so that the other side gets a reset in the place of an end.
func reset(conn *net.TCPConn) error {
	return errors.Join(conn.SetLinger(0), conn.Close())
}

const halfHeader = "POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Ty"

// halfBody is a request whose body stays away.
func (w *world) halfBody() string {
	return "POST /token HTTP/1.1\r\nHost: " + w.host + "\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{\"clientId\":"
}

// clientHello is the beginning of a handshake, to be cut anywhere.
func clientHello(t *testing.T) []byte {
	t.Helper()
	client, server := net.Pipe()
	go tls.Client(client, &tls.Config{ServerName: "localhost"}).Handshake()
	defer client.Close()
	defer server.Close()
	record := make([]byte, 4<<10)
	n, err := server.Read(record)
	if err != nil {
		t.Fatal(err)
	}
	return record[:n]
}

func TestClientsLeaveNothingBehind(t *testing.T) {
	w := newWorld(t)
	hello := clientHello(t)
	requests := []struct{ method, path, kind, body string }{
		{"GET", "/healthz", "", ""},
		{"GET", "/readyz", "", ""},
		{"GET", "/start", "", ""},
		{"GET", "/nowhere", "", ""},
		{"GET", "/.well-known/openid-configuration", "", ""},
		{"PUT", "/token", "application/json", "{}"},
		{"POST", "/token", "application/json", "{"},
		{"POST", "/token", "text/plain", strings.Repeat("x", 100_000)},
		{"POST", "/token", "application/json", w.refreshBody()},
		{"POST", "/token?aws_iam=t", "application/json", "{}"},
		{"POST", "/client/register", "application/json", `{"clientName":"x","clientType":"public"}`},
		{"POST", "/", "application/x-www-form-urlencoded", "Action=GetCallerIdentity&Version=2011-06-15"},
		{"GET", "/federation/credentials?role_name=AdministratorAccess&account_id=111122223333", "", ""},
		{"GET", "/assignment/accounts", "", ""},
	}
	kinds := []struct {
		name string
		do   func(i int) error
	}{
		{"requests of all kinds, answered and refused", func(i int) error {
			r := requests[i%len(requests)]
			_, err := w.send(t.Context(), r.method, r.path, r.kind, r.body, "X-Amz-Sso_bearer_token", w.tokens.AccessToken)
			return err
		}},
		{"whole sign-ins", func(i int) error {
			if i%10 != 0 {
				return nil
			}
			_, err := w.signIn(t.Context())
			return err
		}},
		{"requests that the client gives up", func(i int) error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*10*time.Microsecond)
			defer cancel()
			w.send(ctx, http.MethodPost, "/token", "application/json", w.refreshBody())
			return nil
		}},
		{"answers that nobody reads", func(int) error {
			conn, err := w.begun("GET /start HTTP/1.1\r\nHost: " + w.host + "\r\n\r\n")
			if err != nil {
				return err
			}
			return reset(conn.NetConn().(*net.TCPConn))
		}},
		{"bodies that are cut off", func(int) error {
			conn, err := w.begun(w.halfBody())
			if err != nil {
				return err
			}
			return reset(conn.NetConn().(*net.TCPConn))
		}},
		{"headers that are cut off", func(int) error {
			conn, err := w.begun(halfHeader)
			if err != nil {
				return err
			}
			return conn.Close()
		}},
		{"handshakes that are cut off", func(i int) error {
			conn, err := w.plain()
			if err != nil {
				return err
			}
			_, err = conn.Write(hello[:i%len(hello)])
			return errors.Join(err, reset(conn))
		}},
		{"handshakes that fail", func(i int) error {
			config := &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, InsecureSkipVerify: true}
			if i%2 == 0 {
				config = &tls.Config{} // does not trust the authority
			}
			conn, err := tls.Dial("tcp", w.host, config)
			if err == nil {
				conn.Close()
				return errors.New("the handshake was made")
			}
			return nil
		}},
		{"requests without TLS", func(int) error {
			conn, err := w.plain()
			if err != nil {
				return err
			}
			defer conn.Close()
			io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
			io.Copy(io.Discard, conn)
			return nil
		}},
		{"handlers that panic", func(i int) error {
			if i != 0 { // the next call of anybody panics, so nobody else calls
				return nil
			}
			if err := w.post(t.Context(), "/_dev/fault", map[string]any{"operation": "RegisterClient", "exception": "panic", "times": 1}, nil); err != nil {
				return err
			}
			answer, err := w.send(t.Context(), http.MethodPost, "/client/register", "application/json", `{"clientName":"x","clientType":"public"}`)
			if err == nil && !strings.Contains(string(answer), "InternalServerException") {
				err = fmt.Errorf("a handler that panicked answered %s", answer)
			}
			return err
		}},
	}
	for _, kind := range kinds { // what is opened once and kept, like the readers of the database, is no leak
		w.many(kind.do)
	}
	w.client.CloseIdleConnections()
	before := w.settled()
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			inner := *w
			inner.t = t
			inner.many(kind.do)
			inner.comesBack(before)
		})
	}
	t.Run("connections that the server has to end", func(t *testing.T) {
		inner := *w
		inner.t = t
		inner.hold(hello)
		inner.comesBack(before)
	})
}

// settled is what the server has when it has not changed for a while.
func (w *world) settled() weight {
	w.t.Helper()
	const calm = 25
	var last weight
	for same, deadline := 0, time.Now().Add(backTimeout); same < calm && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		now, err := w.weigh()
		w.must(err)
		if same++; now != last {
			same, last = 0, now
		}
	}
	return last
}

// hold opens connections, says half of something on each, and waits for the server to lose its patience with every one of them.
func (w *world) hold(hello []byte) {
	w.t.Helper()
	var silent []net.Conn
	for range held {
		for _, said := range [][]byte{nil, hello[:len(hello)/2], []byte("GET")} {
			conn, err := w.plain()
			w.must(err)
			_, err = conn.Write(said)
			w.must(err)
			silent = append(silent, conn)
		}
		for _, said := range []string{halfHeader, w.halfBody()} {
			conn, err := w.begun(said)
			w.must(err)
			silent = append(silent, conn)
		}
		conn, err := w.begun(halfHeader) // says that nothing more comes, and listens on
		w.must(err)
		w.must(conn.CloseWrite())
		silent = append(silent, conn)
	}
	deadline := time.Now().Add(backTimeout)
	for _, conn := range silent {
		conn.SetReadDeadline(deadline)
		_, err := io.Copy(io.Discard, conn)
		if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
			w.t.Error("the server holds a connection on which nothing comes")
		}
		conn.Close()
	}
}
