//go:build clients

package browser

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sallyport/test/harness"
)

// cliPatience is how long a command of the AWS CLI may take, a login with all its clicks among them.
const cliPatience = 90 * time.Second

// awsCLI is Debian's AWS CLI v2 with a home of its own.
type awsCLI struct {
	t    testing.TB
	home string
	env  []string
}

// newAWSCLI gives the AWS CLI a configuration, which is written as it stands.
func newAWSCLI(t testing.TB, s *harness.Server, config string) *awsCLI {
	t.Helper()
	c := &awsCLI{t: t, home: t.TempDir()}
	configPath, data := filepath.Join(c.home, "config"), filepath.Join(c.home, "data")
	c.file(configPath, config)
	harness.WriteEndpointRules(t, data, harness.Endpoints{SSOOIDC: s.Endpoint, SSO: s.Endpoint, STS: s.Endpoint})
	c.env = []string{
		"HOME=" + c.home, "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + configPath, "AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(c.home, "credentials"), "AWS_DATA_PATH=" + data,
	}
	if version := c.run("--version").succeeded(); !strings.HasPrefix(version, "aws-cli/2.") {
		t.Fatalf("%s is %s, and has to be version 2: `make test` installs it", harness.AWSCLI2, version)
	}
	return c
}

func (c *awsCLI) file(path, text string) {
	c.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// finished is a command that has ended.
type finished struct {
	t              testing.TB
	args           []string
	code           int
	stdout, stderr string
}

// succeeded returns what the command printed, and fails the test if it did not succeed.
func (f finished) succeeded() string {
	f.t.Helper()
	return f.ended(0).stdout
}

// ended fails the test unless the command ended with the code.
func (f finished) ended(code int) finished {
	f.t.Helper()
	if f.code != code {
		f.t.Fatalf("aws %s ended with %d, want %d\n%s%s", strings.Join(f.args, " "), f.code, code, f.stdout, f.stderr)
	}
	return f
}

// run runs a command to its end.
func (c *awsCLI) run(args ...string) finished {
	c.t.Helper()
	r := c.start(args...)
	rest, err := io.ReadAll(r.lines)
	if err != nil {
		c.t.Fatal(err)
	}
	r.printed.Write(rest)
	return r.wait()
}

// running is a command under way.
type running struct {
	t       testing.TB
	command *exec.Cmd
	lines   *bufio.Reader // of its standard output
	printed bytes.Buffer  // what was read of them
	stderr  bytes.Buffer
}

func (c *awsCLI) start(args ...string) *running {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), cliPatience)
	c.t.Cleanup(cancel)
	r := &running{t: c.t, command: exec.CommandContext(ctx, harness.AWSCLI2, args...)}
	r.command.Env, r.command.Dir, r.command.Stderr = c.env, c.home, &r.stderr
	stdout, err := r.command.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	r.lines = bufio.NewReader(stdout)
	if err := r.command.Start(); err != nil {
		c.t.Fatalf("%v: `make test` installs the AWS CLI", err)
	}
	return r
}

// next returns the next line that matches.
func (r *running) next(pattern *regexp.Regexp) string {
	r.t.Helper()
	for {
		line, err := r.lines.ReadString('\n')
		r.printed.WriteString(line)
		if line = strings.TrimSpace(line); pattern.MatchString(line) {
			return line
		}
		if err != nil {
			f := r.wait()
			r.t.Fatalf("aws %s ended with %d before it printed a line like %s\n%s%s", strings.Join(f.args, " "), f.code, pattern, f.stdout, f.stderr)
		}
	}
}

func (r *running) wait() finished {
	r.t.Helper()
	rest, _ := io.ReadAll(r.lines)
	r.printed.Write(rest)
	err := r.command.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	return finished{
		t: r.t, args: r.command.Args[1:], code: r.command.ProcessState.ExitCode(), stdout: r.printed.String(), stderr: r.stderr.String(),
	}
}

// deviceLogin is `aws sso login` that waits for somebody to approve.
type deviceLogin struct {
	*running
	address  string // where a code is typed
	code     string
	complete string // where it is filled in
}

var (
	urlLine  = regexp.MustCompile(`^https?://\S+$`)
	codeLine = regexp.MustCompile(`^[A-Z]{4}-[A-Z]{4}$`)
)

// login starts `aws sso login` by the device flow and reads what it tells the person.
func (c *awsCLI) login(args ...string) *deviceLogin {
	c.t.Helper()
	r := c.start(append([]string{"sso", "login", "--no-browser"}, args...)...)
	return &deviceLogin{running: r, address: r.next(urlLine), code: r.next(codeLine), complete: r.next(urlLine)}
}

// cachedToken is the token file of the AWS CLI, with every key it may have.
type cachedToken struct {
	StartURL              string    `json:"startUrl"`
	Region                string    `json:"region"`
	AccessToken           string    `json:"accessToken"`
	ExpiresAt             time.Time `json:"expiresAt"`
	ClientID              string    `json:"clientId"`
	ClientSecret          string    `json:"clientSecret"`
	RegistrationExpiresAt time.Time `json:"registrationExpiresAt"`
	RefreshToken          string    `json:"refreshToken"`
}

// token reads the token file that belongs to a session name or, for a legacy profile, to a start URL.
func (c *awsCLI) token(key string) (token cachedToken) {
	c.t.Helper()
	digest := sha1.Sum([]byte(key))
	path := filepath.Join(c.home, ".aws", "sso", "cache", hex.EncodeToString(digest[:])+".json")
	text, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&token); err != nil {
		c.t.Fatalf("%s: %v", path, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		c.t.Errorf("the token file has mode %v, want 0600 (%v)", info.Mode().Perm(), err)
	}
	return token
}
