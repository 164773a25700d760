//go:build clients

package sharing

import (
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"sallyport/test/harness"
)

// command is how a program is run.
type command struct {
	words  []string
	env    []string // beside that of the home
	folder string   // where it runs; empty is the home
}

// client is a program that finds a session in the cache.
type client struct {
	name string
	// identity prints whose the role credentials of the profile are.
	identity func(h *home) command
	keeps    bool // what it does not know in the token's file
	reads    naming
}

// naming is which names of sections of the configuration a client can read.
type naming int

const (
	plainNames    naming = iota // of ASCII letters and digits and a few signs
	unquotedNames               // that need no quotes
	anyNames
)

var (
	ours = client{name: "sallyport", keeps: true, reads: anyNames, identity: func(h *home) command { return sallyport(h.t, "sts", "get-caller-identity") }}
	aws2 = client{name: "AWS CLI v2", reads: anyNames, identity: func(h *home) command { return awsCLI2(h, "sts", "get-caller-identity", "--output", "json") }}
)

var clients = []client{
	ours,
	aws2,
	{name: "AWS CLI v1", reads: anyNames, identity: func(h *home) command {
		return command{words: []string{harness.InVenv("aws"), "sts", "get-caller-identity", "--output", "json"}}
	}},
	{name: "boto3", reads: anyNames, identity: func(*home) command {
		return command{words: []string{harness.InVenv("python"), filepath.Join(harness.Root(), "test", "clients", "python", "identity.py")}}
	}},
	{name: "JavaScript SDK", keeps: true, reads: plainNames, identity: javaScript},
	{name: "Go SDK", keeps: true, reads: unquotedNames, identity: func(h *home) command {
		return command{words: []string{itself(h.t)}, env: []string{roleEnvironment + "=" + roleIdentity}}
	}},
}

func sallyport(t testing.TB, args ...string) command {
	t.Helper()
	return command{words: append([]string{harness.Binary(t)}, args...)}
}

// awsCLI2 is Debian's AWS CLI v2.
func awsCLI2(h *home, args ...string) command {
	return command{words: append([]string{harness.AWSCLI2}, args...), env: []string{"AWS_DATA_PATH=" + h.dataFolder()}}
}

//go:embed identity.mjs
var identityModule string

// javaScript runs the module from where the packages of the SDK are found.
func javaScript(h *home) command {
	return command{
		words:  []string{harness.NodeJS(h.t), "--input-type=module", "--eval", identityModule},
		folder: filepath.Join(harness.Root(), "test", "clients", "js"),
	}
}

// itself is the test binary, which plays other programs as well.
func itself(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// exitCode is the exit code of a program that has ended, as shells tell it.
func exitCode(program *exec.Cmd) int {
	if status, ok := program.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return program.ProcessState.ExitCode()
}

// identity is what GetCallerIdentity answers.
type identity struct {
	Account string `json:"account"`
	ARN     string `json:"arn"`
}

var aliceARN = regexp.MustCompile(`^arn:aws:sts::` + account + `:assumed-role/AWSReservedSSO_` + role + `_[0-9a-f]{16}/` + person + `$`)

// identify fails the test unless the program ends well and prints that the credentials are those of the person in the role.
func (h *home) identify(profile string, c client) {
	h.t.Helper()
	isAlice(h.run(profile, c.identity(h)).with(0))
}

func isAlice(e ended) {
	e.t.Helper()
	var who identity
	if err := json.Unmarshal([]byte(e.stdout), &who); err != nil || who.Account != account || !aliceARN.MatchString(who.ARN) {
		e.t.Errorf("%q printed %q (%v), want the identity of %s as %s", e.words, e.stdout, err, person, role)
	}
}

// The AWS CLIs of these tests have to be the ones that they speak of.
func TestClientsAreThoseOfTheTable(t *testing.T) {
	for path, want := range map[string]string{harness.AWSCLI2: "aws-cli/2.", harness.InVenv("aws"): "aws-cli/1."} {
		out, err := exec.Command(path, "--version").Output()
		if err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("%s says %q (%v), want %s: `make test` installs it", path, out, err, want)
		}
	}
}
