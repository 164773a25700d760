package clients

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sallyport/test/harness"
)

func TestASessionSurvivesARestart(t *testing.T) {
	data := t.TempDir()
	p := &party{T: t, server: harness.StartIn(t, data, "--dev"), client: goSDK{}}
	r := p.register(nil)
	tokens := p.signIn(r, "alice")
	waiting, userCode := p.start(r)
	spent, spentUserCode := p.start(r)
	p.server.Approve(spentUserCode, "alice")
	redeem := r.token(deviceGrant, members{"deviceCode": spent})
	p.must(createToken, redeem)
	vended := p.vend(tokens, "111122223333", "AdministratorAccess")

	p.server.Stop()
	p.server = harness.StartIn(t, data, "--dev")

	p.must(listAccounts, members{"accessToken": tokens.text("accessToken")})
	p.checkTokens(p.must(createToken, r.token(refreshGrant, members{"refreshToken": tokens.text("refreshToken")})))
	p.wantIdentity(p.whose(vended))
	p.mustRefuse("AuthorizationPendingException", createToken, r.token(deviceGrant, members{"deviceCode": waiting}))
	p.server.Approve(userCode, "alice")
	p.checkTokens(p.must(createToken, r.token(deviceGrant, members{"deviceCode": waiting})))
	p.mustRefuse("InvalidGrantException", createToken, redeem)
}

func TestASessionSurvivesANewKeyOfTheRing(t *testing.T) {
	p := &party{T: t, server: harness.Start(t), client: goSDK{}}
	r := p.register(nil)
	tokens := p.signIn(r, "alice")
	next := r.token(refreshGrant, members{"refreshToken": tokens.text("refreshToken")})
	before := p.must(createToken, next)
	p.server.Control(http.StatusOK, "/_dev/rotate", map[string]string{}, nil)
	again := p.must(createToken, next)
	if again.text("refreshToken") != before.text("refreshToken") || again.text("accessToken") != before.text("accessToken") {
		p.Error("the answer to a refresh changed with the key of the ring")
	}
	p.checkTokens(p.must(createToken, r.token(refreshGrant, members{"refreshToken": before.text("refreshToken")})))
}

// process is the program started by the test itself, for what harness.Start leaves no room for.
type process struct {
	command   *exec.Cmd
	out       *harness.Buffer
	readyFile string
	started   time.Time
	ended     chan struct{}
}

func launch(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{out: &harness.Buffer{}, readyFile: filepath.Join(t.TempDir(), "ready.json"), ended: make(chan struct{})}
	p.command = exec.Command(harness.Binary(t), append([]string{"serve", "--ready-file", p.readyFile}, args...)...)
	p.command.Env, p.command.Stdout, p.command.Stderr = bareEnviron(t.TempDir()), p.out, p.out
	p.started = time.Now()
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.command.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() { p.end() })
	return p
}

// end asks the process to end, if it has not, and returns its exit code.
func (p *process) end() int {
	p.command.Process.Signal(syscall.SIGTERM)
	<-p.ended
	return p.command.ProcessState.ExitCode()
}

// exit returns the exit code of a process that ends by itself.
func (p *process) exit(t *testing.T) int {
	t.Helper()
	eventually(t, "the end of the program", func() bool {
		select {
		case <-p.ended:
			return true
		default:
			return false
		}
	})
	return p.end()
}

func (p *process) readyText(t *testing.T) []byte {
	t.Helper()
	var text []byte
	eventually(t, "the ready file", func() (found bool) {
		var err error
		text, err = os.ReadFile(p.readyFile)
		return err == nil
	})
	return text
}

func TestTheReadyFileTellsWhatToolsNeed(t *testing.T) {
	running := launch(t, "--dev", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	text := running.readyText(t)
	info, err := os.Stat(running.readyFile)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the ready file, which has secrets, has the mode %v, want 0600 (%v)", info.Mode(), err)
	}
	var keys map[string]any
	var ready harness.Ready
	if err := json.Unmarshal(text, &keys); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &ready); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"endpoint", "startUrl", "region", "instanceArn", "identityStoreId", "admin", "users", "pid"} {
		if keys[key] == nil {
			t.Errorf("the ready file lacks %s", key)
		}
	}
	if ready.StartURL != ready.Endpoint+"/start" || ready.PID != running.command.Process.Pid ||
		!matches(`^arn:aws:sso:::instance/ssoins-[0-9a-f]{16}$`, ready.InstanceARN) || !matches(`^d-[0-9a-f]{10}$`, ready.IdentityStoreID) {
		t.Errorf("the ready file says %+v", ready)
	}
	if ready.Password("alice") == "" || ready.Password("dave") != "" {
		t.Errorf("people of the demo with passwords: %v; want alice among them and not dave, who is disabled", ready.Users)
	}
	p := &party{T: t, server: &harness.Server{Ready: ready}, client: goSDK{}}
	admin := p.whose(members{"accessKeyId": ready.Admin.AccessKeyID, "secretAccessKey": ready.Admin.SecretAccessKey})
	if admin.ARN != "arn:aws:iam::111122223333:user/admin" {
		t.Errorf("the key of the ready file is that of %s", admin.ARN)
	}
}

func TestReadyFileWithoutDevelopmentModeHasNoSecrets(t *testing.T) {
	running := launch(t, "--listen", "127.0.0.1:0", "--data", t.TempDir())
	var keys map[string]any
	if err := json.Unmarshal(running.readyText(t), &keys); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"admin", "users", "caBundle"} {
		if keys[key] != nil {
			t.Errorf("the ready file has %s", key)
		}
	}
}

// The time is told and not asserted: a machine that runs tests is busy. docs/performance.md has the figure of an idle one.
func TestAnExistingDatabaseIsReadySoon(t *testing.T) {
	data := t.TempDir()
	var times []time.Duration
	for range 6 {
		running := launch(t, "--dev", "--listen", "127.0.0.1:0", "--data", data)
		var ready harness.Ready
		if err := json.Unmarshal(running.readyText(t), &ready); err != nil {
			t.Fatal(err)
		}
		times = append(times, time.Since(running.started))
		got, err := newPlain(t, &harness.Server{Ready: ready}, 1).get("/readyz")
		if err != nil || got.status != http.StatusOK {
			t.Errorf("/readyz answered %v %v when the ready file was there", got, err)
		}
		if code := running.end(); code != 0 {
			t.Errorf("the program ended with %d\n%s", code, running.out)
		}
	}
	again := slices.Sorted(slices.Values(times[1:]))
	t.Logf("ready after %v on an empty folder; on an existing database %v at best, %v in the middle",
		times[0].Round(time.Millisecond), again[0].Round(time.Millisecond), again[len(again)/2].Round(time.Millisecond))
}

func TestSIGTERMLetsARequestInFlightFinish(t *testing.T) {
	running := launch(t, "--dev", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	var ready harness.Ready
	if err := json.Unmarshal(running.readyText(t), &ready); err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(ready.Endpoint, "http://")
	connection, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	body, _ := json.Marshal(sessionRegistration)
	reader := bufio.NewReader(connection)
	// With this expectation the server says when it reads the body: the request is in flight.
	fmt.Fprintf(connection, "POST /client/register HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"+
		"Expect: 100-continue\r\n\r\n", host, len(body))
	if line, err := reader.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the server does not read the body: %q %v", line, err)
	}
	if line, err := reader.ReadString('\n'); err != nil || line != "\r\n" {
		t.Fatalf("the interim answer goes on: %q %v", line, err)
	}

	running.command.Process.Signal(syscall.SIGTERM)
	eventually(t, "the end of listening", func() bool {
		another, err := net.Dial("tcp", host)
		if err == nil {
			another.Close()
		}
		return err != nil
	})
	if _, err := connection.Write(body); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(text), "clientSecret") {
		t.Errorf("the request in flight got %d %s %v", response.StatusCode, text, err)
	}
	if code := running.end(); code != 0 {
		t.Errorf("the program ended with %d\n%s", code, running.out)
	}
}

var controlEndpoints = []string{"device", "authorize", "clock", "fault", "rotate", "state"}

func TestControlEndpointsDoNotExistWithoutDevelopmentMode(t *testing.T) {
	p := newPlain(t, harness.StartIn(t, t.TempDir()), 1)
	for _, name := range append(controlEndpoints, "") {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			got, err := p.deliver(message{method: method, target: "/_dev/" + name, header: jsonHeader(nil), body: []byte("{}")})
			if err != nil || got.status != http.StatusNotFound || !got.refuses("UnknownOperationException") {
				t.Errorf("%s /_dev/%s: %v %v, want as at a path that nothing is at", method, name, got, err)
			}
		}
	}
}

func jsonHeader(more map[string]string) http.Header {
	header := http.Header{"Content-Type": {"application/json"}}
	for name, value := range more {
		header.Set(name, value)
	}
	return header
}

func TestControlEndpointsTakeNothingFromPagesOfOthers(t *testing.T) {
	server := harness.Start(t)
	p := newPlain(t, server, 1)
	for _, row := range []struct {
		name   string
		header map[string]string
		status int
	}{
		{"a program", nil, http.StatusOK},
		{"a page of ours", map[string]string{"Origin": server.Endpoint, "Sec-Fetch-Site": "same-origin"}, http.StatusOK},
		{"a foreign Host, as after DNS rebinding", map[string]string{"Host": "evil.example"}, http.StatusMisdirectedRequest},
		{"a foreign Host with our port", map[string]string{"Host": "evil.example" + server.Endpoint[strings.LastIndexByte(server.Endpoint, ':'):]}, http.StatusMisdirectedRequest},
		{"a foreign Origin", map[string]string{"Origin": "http://evil.example"}, http.StatusForbidden},
		{"the Origin of another port", map[string]string{"Origin": "http://127.0.0.1:1"}, http.StatusForbidden},
		{"an Origin that is hidden", map[string]string{"Origin": "null"}, http.StatusForbidden},
		{"a page of another site", map[string]string{"Sec-Fetch-Site": "cross-site"}, http.StatusForbidden},
		{"a page of another port", map[string]string{"Sec-Fetch-Site": "same-site"}, http.StatusForbidden},
		{"a form", map[string]string{"Content-Type": "text/plain"}, http.StatusUnsupportedMediaType},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := p.deliver(message{method: http.MethodPost, target: "/_dev/clock", header: jsonHeader(row.header), body: []byte(`{"advance":"0s"}`)})
			if err != nil || got.status != row.status {
				t.Errorf("answered with %v %v, want %d", got, err, row.status)
			}
			if row.header["Content-Type"] != "" {
				return
			}
			got, err = p.deliver(message{method: http.MethodGet, target: "/_dev/state", header: jsonHeader(row.header)})
			if err != nil || got.status != row.status {
				t.Errorf("the state is answered with %v %v, want %d", got, err, row.status)
			}
		})
	}
}

func TestDevelopmentModeListensOnLoopbackOnly(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "host.example:0"} {
		t.Run(listen, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			refused := launch(t, "--dev", "--listen", listen, "--data", data, "--public-url", "https://sso.example")
			if code := refused.exit(t); code == 0 || !strings.Contains(refused.out.String(), "loopback") {
				t.Errorf("the program ended with %d and said %q", code, refused.out)
			}
			if _, err := os.Stat(data); err == nil {
				t.Error("it made a data folder before it refused")
			}
		})
	}
}
