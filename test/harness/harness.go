// Package harness starts the real program for tests: it builds the binary once a run, starts it on a free loopback port with a data
// folder of the test's own, and tells where it is. Tests talk to it as anybody would, over sockets.
package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/internal/testdb"
)

// readyTimeout is far above what a start takes, on a busy machine too.
const readyTimeout = 60 * time.Second

// Ready is the ready file.
type Ready struct {
	Endpoint        string `json:"endpoint"`
	StartURL        string `json:"startUrl"`
	Region          string `json:"region"`
	InstanceARN     string `json:"instanceArn"`
	IdentityStoreID string `json:"identityStoreId"`
	CABundle        string `json:"caBundle"`
	Admin           struct {
		AccessKeyID     string `json:"accessKeyId"`
		SecretAccessKey string `json:"secretAccessKey"`
	} `json:"admin"`
	Users []struct {
		UserName string `json:"userName"`
		Password string `json:"password"`
	} `json:"users"`
	PID int `json:"pid"`
}

// AWSStartURL is the address of the instance that looks like AWS's.
func (r Ready) AWSStartURL() string { return "https://" + r.IdentityStoreID + ".awsapps.com/start" }

// Password returns the password of a person of the demo.
func (r Ready) Password(userName string) string {
	for _, user := range r.Users {
		if user.UserName == userName {
			return user.Password
		}
	}
	return ""
}

// Root is the folder of the repository.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// build makes the program under a name of its own and moves it into its place at once, since packages are tested side by side.
var build = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(Root(), "out", "test", "sallyport")
	fresh := fmt.Sprintf("%s.%d", binary, os.Getpid())
	command := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", fresh, "./cmd/sallyport")
	command.Dir = Root()
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return binary, os.Rename(fresh, binary)
})

// Binary returns the path of the freshly built program.
func Binary(t testing.TB) string {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// Server is a running server.
type Server struct {
	Ready
	Data string // its data folder
	Log  *Buffer

	t    testing.TB
	node *Node
}

// Start starts the program in development mode with further arguments and returns when it answers. The test's end stops it.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return StartIn(t, t.TempDir(), append([]string{"--dev"}, args...)...)
}

// StartIn starts the program on a data folder, which may have been another server's before, with all arguments given.
func StartIn(t testing.TB, data string, args ...string) *Server {
	t.Helper()
	s := &Server{Data: data, Log: &Buffer{}, t: t}
	arguments := append([]string{"--listen", "127.0.0.1:0", "--data", data, "--log-level", "debug"}, args...)
	var err error
	if s.node, err = StartNode(NodeOptions{Args: arguments, Environment: s.environ(), Log: s.Log, Folder: t.TempDir()}); err != nil {
		t.Fatalf("%v\n%s", err, s.Log)
	}
	s.Ready = s.node.Ready
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() && os.Getenv("SALLYPORT_TEST_LOG") != "" {
			t.Logf("log of the server:\n%s", s.Log)
		}
	})
	return s
}

// cleanEnviron is the environment without settings of ours, which would reach into the tests.
func cleanEnviron() []string {
	var kept []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "SALLYPORT_") {
			kept = append(kept, entry)
		}
	}
	return kept
}

// Stop asks the server to end and waits for it. Stopping twice is no harm.
func (s *Server) Stop() { s.node.Stop() }

// Kill ends the server as a crash would.
func (s *Server) Kill() { s.node.Kill() }

// Control calls a control endpoint with a JSON body and decodes the answer into out, which may be nil. It fails the test unless the
// status is the one wanted.
func (s *Server) Control(status int, path string, body, out any) {
	s.t.Helper()
	if err := s.TryControl(status, path, body, out); err != nil {
		s.t.Fatal(err)
	}
}

// TryControl is Control for other goroutines than the test's own.
func (s *Server) TryControl(status int, path string, body, out any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	response, err := noRedirects.Post(s.Endpoint+path, "application/json", bytes.NewReader(text))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status {
		return errors.Join(err, fmt.Errorf("POST %s: status %d, want %d: %s", path, response.StatusCode, status, answer))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

var noRedirects = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// Approve approves a device authorization as a person of the demo.
func (s *Server) Approve(userCode, userName string) {
	s.t.Helper()
	s.Control(http.StatusOK, "/_dev/device", map[string]string{"userCode": userCode, "userName": userName, "decision": "approve"}, nil)
}

// Deny denies a device authorization as a person of the demo.
func (s *Server) Deny(userCode, userName string) {
	s.t.Helper()
	s.Control(http.StatusOK, "/_dev/device", map[string]string{"userCode": userCode, "userName": userName, "decision": "deny"}, nil)
}

// Advance moves the server's clock.
func (s *Server) Advance(by time.Duration) {
	s.t.Helper()
	s.Control(http.StatusOK, "/_dev/clock", map[string]string{"advance": by.String()}, nil)
}

// Buffer collects what a process writes. It is safe for use by many goroutines.
type Buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// NeedProgram returns the path of a program that a test needs, and fails the test without it: a skipped client would look like a
// working one.
func NeedProgram(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed: `make test` installs what the tests need", name)
	}
	return path
}

// environ is the environment of a program on the server's rows.
func (s *Server) environ() []string { return Environ(s.t, s.Data) }

// Environ is the environment of a program on the rows that belong to a data folder: those of a PostgreSQL, where tests run on one.
func Environ(t testing.TB, data string) []string {
	environ := cleanEnviron()
	if database := testdb.URL(t, data); database != "" {
		environ = append(environ, "SALLYPORT_DATABASE="+database)
	}
	return environ
}

// Operate runs an operator's command on the server's data folder and returns what it prints.
func (s *Server) Operate(arguments ...string) string {
	s.t.Helper()
	out, err := Operate(Binary(s.t), s.environ(), append(arguments, "--data", s.Data)...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}
