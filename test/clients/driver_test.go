//go:build clients

package clients

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"testing"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// driver is an SDK of another language, behind a program of that language which calls operations line by line.
type driver struct {
	lines   io.Writer
	answers *bufio.Scanner
	whoami  []string // command that prints whose the role credentials of the profile are
}

// maxAnswer is above any line that a driver prints.
const maxAnswer = 1 << 20

// startDriver starts the program. It ends with the test, when its standard input does.
func startDriver(t *testing.T, whoami []string, name string, args ...string) *driver {
	t.Helper()
	program, errOut := exec.Command(name, args...), &harness.Buffer{}
	program.Dir, program.Env, program.Stderr = folder(), bareEnviron(t.TempDir()), errOut
	in, err := program.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatalf("%v: `make test` installs what the tests need", err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := program.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, errOut)
		}
	})
	answers := bufio.NewScanner(out)
	answers.Buffer(nil, maxAnswer)
	return &driver{in, answers, whoami}
}

// folder is where the programs of this package are.
func folder() string { return filepath.Join(harness.Root(), "test", "clients") }

func (d *driver) call(t testing.TB, s *harness.Server, signer key, operation *api.Operation, in members) (members, *refusal) {
	t.Helper()
	request := map[string]any{
		"service": operation.Service.Command, "operation": operation.Name, "region": s.Region, "endpoint": s.Endpoint, "input": in,
	}
	if operation.Auth == api.AuthSigV4 && signer != (key{}) {
		request["key"] = signer
	}
	line, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.lines.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	if !d.answers.Scan() {
		t.Fatalf("the driver gave no answer: %v", d.answers.Err())
	}
	var answer struct {
		Output  members  `json:"output"`
		Refusal *refusal `json:"refusal"`
	}
	if err := json.Unmarshal(d.answers.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Output, answer.Refusal
}

func (d *driver) identity(t testing.TB, h *home) identity {
	t.Helper()
	return whoami(t, h, d.whoami)
}

// whoami runs a program at home that prints an identity.
func whoami(t testing.TB, h *home, command []string) (who identity) {
	t.Helper()
	out, err := atHome(h, command...).Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", command, err, errorOutput(err))
	}
	if err := json.Unmarshal(out, &who); err != nil {
		t.Fatalf("%v printed %q", command, out)
	}
	return who
}

func atHome(h *home, command ...string) *exec.Cmd {
	program := exec.Command(command[0], command[1:]...)
	program.Dir, program.Env = folder(), h.environ()
	return program
}

func errorOutput(err error) string {
	if exit, ok := err.(*exec.ExitError); ok {
		return string(exit.Stderr)
	}
	return ""
}
