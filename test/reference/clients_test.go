//go:build clients

package reference

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// The three command lines.
const (
	ours = "ours"
	v1   = "AWS CLI v1"
	v2   = "AWS CLI v2"
)

// run is what a command line is started with.
type run struct {
	args   []string
	env    map[string]string // on top of what is always set
	folder string            // the home
}

// ended is what a command line left behind.
type ended struct {
	code           int
	stdout, stderr string
}

// commandLines are those of the test, ready to run.
type commandLines struct {
	binary     string
	references map[string]chan *forker // idle ones
}

// pairs is how many calls of one reference run at a time. Each takes a fifth of a second of one processor.
const pairs = 2

// Where test/install puts the references.
const (
	v1Python = "test/clients/.venv/bin/python"
	v2Script = "/usr/bin/aws" // PATH may name another one first
)

func startCommandLines(t *testing.T) *commandLines {
	t.Helper()
	c := &commandLines{binary: harness.Binary(t), references: map[string]chan *forker{}}
	pythons := map[string]string{v1: filepath.Join(harness.Root(), v1Python), v2: interpreter(t, v2Script)}
	for name, python := range pythons {
		c.references[name] = make(chan *forker, pairs)
		for range pairs {
			c.references[name] <- startForker(t, python, extraEnviron(t, name))
		}
	}
	return c
}

// interpreter is the program that a script names in its first line.
func interpreter(t *testing.T, script string) string {
	t.Helper()
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatalf("%v: `make test` installs what the tests need", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(strings.TrimPrefix(line, "#!"))
}

// extraEnviron points version 2 of Debian, which is older than some operations, to today's models of the services. A program reads this
// variable when it is loaded.
func extraEnviron(t *testing.T, name string) []string {
	t.Helper()
	if name != v2 {
		return nil
	}
	models := t.TempDir()
	for _, service := range api.Services {
		from := filepath.Join(harness.Root(), "test", "vectors", "aws-service-models", service.Command)
		if _, err := os.Stat(from); err != nil {
			continue // a service that both versions know well enough
		}
		if err := errors.Join(os.Mkdir(filepath.Join(models, service.Command), 0o700),
			os.Symlink(from, filepath.Join(models, service.Command, service.Version))); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"AWS_DATA_PATH=" + models}
}

// The caller of all calls. Nothing of the developer's who runs the test gets in.
const (
	accessKeyID  = "AKIDREFERENCE0000001"
	secretKey    = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	sessionToken = "session/token+of=the//caller=="
	region       = "eu-central-1"
)

func baseEnviron() map[string]string {
	return map[string]string{
		"PATH": os.Getenv("PATH"), "LANG": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "",
		"AWS_ACCESS_KEY_ID": accessKeyID, "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_SESSION_TOKEN": sessionToken,
		"AWS_DEFAULT_REGION": region,
		"AWS_RETRY_MODE":     "standard", // version 1 has another default
	}
}

func (r run) environ() map[string]string {
	environ := baseEnviron()
	environ["HOME"] = r.folder
	for name, value := range r.env {
		environ[name] = value
	}
	return environ
}

// run runs a command line to its end.
func (c *commandLines) run(t *testing.T, name string, r run) ended {
	if name == ours {
		return runBinary(t, c.binary, r)
	}
	idle := <-c.references[name]
	defer func() { c.references[name] <- idle }()
	return idle.run(t, r)
}

// longestCall is far above what a call takes with all its pauses, on a busy machine too.
const longestCall = 60 * time.Second

func runBinary(t *testing.T, binary string, r run) ended {
	ctx, cancel := context.WithTimeout(t.Context(), longestCall)
	defer cancel()
	command := exec.CommandContext(ctx, binary, r.args...)
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	for name, value := range r.environ() {
		command.Env = append(command.Env, name+"="+value)
	}
	if err := command.Run(); err != nil && command.ProcessState == nil {
		t.Error(err)
	}
	return ended{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// forker is fork.py: an AWS CLI that is loaded once for many calls.
type forker struct {
	calls io.Writer
	codes *bufio.Scanner
	log   *harness.Buffer
}

func startForker(t *testing.T, python string, extra []string) *forker {
	t.Helper()
	f := &forker{log: &harness.Buffer{}}
	program := exec.Command(python, filepath.Join(harness.Root(), "test", "reference", "fork.py"))
	program.Env, program.Stderr = append([]string{"HOME=" + t.TempDir(), "LANG=C.UTF-8"}, extra...), f.log
	in, inErr := program.StdinPipe()
	out, outErr := program.StdoutPipe()
	if err := errors.Join(inErr, outErr, program.Start()); err != nil {
		t.Fatalf("%v: `make test` installs what the tests need", err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := program.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", python, err, f.log)
		}
	})
	f.calls, f.codes = in, bufio.NewScanner(out)
	return f
}

func (f *forker) run(t *testing.T, r run) ended {
	folder := t.TempDir()
	stdout, stderr := filepath.Join(folder, "stdout"), filepath.Join(folder, "stderr")
	call, err := json.Marshal(map[string]any{"args": r.args, "env": r.environ(), "stdout": stdout, "stderr": stderr})
	if err != nil {
		t.Error(err)
		return ended{}
	}
	if _, err := f.calls.Write(append(call, '\n')); err != nil || !f.codes.Scan() {
		t.Errorf("the AWS CLI ended: %v %v\n%s", err, f.codes.Err(), f.log)
		return ended{}
	}
	var e ended
	codeErr := json.Unmarshal(f.codes.Bytes(), &e.code)
	out, outErr := os.ReadFile(stdout)
	text, textErr := os.ReadFile(stderr)
	if err := errors.Join(codeErr, outErr, textErr); err != nil {
		t.Error(err)
	}
	e.stdout, e.stderr = string(out), string(text)
	return e
}
