//go:build linux

package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sallyport/internal/command"
	"sallyport/internal/testdb"
	"sallyport/test/harness"
	"sallyport/test/terminal"
)

// manyRows is how many rows are still to be moved when the signal comes: seconds of work, which begins with the first line of progress.
const manyRows = 200_000

func emptyDatabase(t *testing.T) (data string) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "data")
	directory := filepath.Join(t.TempDir(), "directory.yaml")
	write(t, directory, "users: []\ngroups: []\naccounts: []\npermissionSets: []\nassignments: []\n", 0o600)
	operate(t, data, "apply", "-f", directory)
	return data
}

// filledDatabase makes a database that takes a while to move: its audit, which is among the last tables, is long.
func filledDatabase(t *testing.T) (data string) {
	t.Helper()
	data = emptyDatabase(t)
	numbers, digits := "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) ", "printf('%08d', i)"
	if testdb.OnPostgreSQL() {
		digits = "to_char(i, 'FM00000000')"
	}
	harness.Rows(t, data, `INSERT INTO audit_event (event_id, name, request_id, user_id, client_id, session_id, address, detail, created_at) `+
		numbers+`SELECT `+digits+`, 'SessionBegun', '', '', '', '', '', 'one of many', 1 FROM n`, manyRows)
	return data
}

// operate runs a command on a data folder to its end.
func operate(t *testing.T, data string, arguments ...string) string {
	t.Helper()
	out, err := harness.Operate(harness.Binary(t), harness.Environ(t, data), append(arguments, "--data", data)...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// interrupt runs a command on a data folder and has it interrupted when what it waits for has come. The command has to say so, with what is more to
// be said, and nothing else; it returns what the command printed to standard error.
func interrupt(t *testing.T, data string, wait func(told *bufio.Reader) error, more string, arguments ...string) (printed string) {
	t.Helper()
	program := exec.Command(harness.Binary(t), append(arguments, "--data", data)...)
	program.Env = harness.Environ(t, data)
	var out bytes.Buffer
	program.Stdout = &out
	stderr, err := program.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	told := bufio.NewReader(stderr)
	if err := wait(told); err != nil {
		t.Errorf("%s did not come as far: %v", arguments[0], err)
	}
	if err := program.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	rest, err := io.ReadAll(told)
	if err != nil {
		t.Error(err)
	}
	program.Wait()
	if code := program.ProcessState.ExitCode(); code != command.ExitInterrupt {
		t.Errorf("%s ends with %d, want %d: %s%s", arguments[0], code, command.ExitInterrupt, out.Bytes(), rest)
	}
	if last := "sallyport: " + arguments[0] + ": interrupted before it was done" + more + "\n"; !strings.HasSuffix(string(rest), last) {
		t.Errorf("%s ends by saying %q, want %q", arguments[0], rest, last)
	}
	if out.Len() > 0 {
		t.Errorf("%s was interrupted and says that it is done: %s", arguments[0], out.Bytes())
	}
	return string(rest)
}

// firstLine waits for a line of progress.
func firstLine(told *bufio.Reader) error {
	_, err := told.ReadString('\n')
	return err
}

func namesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestAnInterruptedCopyGoesOnAndIsNoDatabaseBefore(t *testing.T) {
	data := filledDatabase(t)
	target := filepath.Join(t.TempDir(), "target")
	if told := interrupt(t, data, firstLine, "; the same command goes on where this one stopped", "copy", "--to", "sqlite:"+target); strings.Contains(told, "compare") {
		t.Errorf("the copy was over: %s", told)
	}
	refusesHalf(t, nil, target)
	if out := operate(t, data, "copy", "--to", "sqlite:"+target); !strings.Contains(out, "copied ") {
		t.Errorf("the copy that goes on says %s", out)
	}
}

// refusesHalf sees that neither a server nor a command takes half a copy for a database.
func refusesHalf(t *testing.T, environment []string, data string) {
	t.Helper()
	for _, words := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"backup", filepath.Join(t.TempDir(), "half.db")}} {
		out, err := harness.Operate(harness.Binary(t), environment, append(words, "--data", data)...)
		if err == nil || !strings.Contains(out, "unfinished copy") {
			t.Errorf("%s on half a copy: %v, %s", words[0], err, out)
		}
	}
}

func TestAnInterruptedRestoreCanBeMadeAgain(t *testing.T) {
	data := filledDatabase(t)
	file := filepath.Join(t.TempDir(), "backup.db")
	operate(t, data, "backup", file)
	other := filepath.Join(t.TempDir(), "other")
	interrupt(t, other, firstLine, "", "restore", file)
	if testdb.OnPostgreSQL() {
		refusesHalf(t, harness.Environ(t, other), other)
	} else if names := namesIn(t, other); len(names) > 0 {
		t.Errorf("the folder has %v", names)
	}
	if out := operate(t, other, "restore", file); !strings.Contains(out, "restored ") {
		t.Errorf("the restore that is made again says %s", out)
	}
}

func TestAnInterruptedBackupLeavesNoFile(t *testing.T) {
	data := filledDatabase(t)
	folder := t.TempDir()
	file := filepath.Join(folder, "backup.db")
	interrupt(t, data, begunIn(t, folder), "", "backup", file)
	if names := namesIn(t, folder); len(names) > 0 {
		t.Errorf("the folder has %v", names)
	}
	operate(t, data, "backup", file)
	if names := namesIn(t, folder); !slices.Equal(names, []string{"backup.db"}) {
		t.Errorf("after a backup that was made again the folder has %v", names)
	}
}

// begunIn waits until a file is made in a folder: SQLite tells of no progress while it writes one.
func begunIn(t *testing.T, folder string) func(*bufio.Reader) error {
	t.Helper()
	watch, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(watch) })
	if _, err := syscall.InotifyAddWatch(watch, folder, syscall.IN_CREATE); err != nil {
		t.Fatal(err)
	}
	return func(*bufio.Reader) error {
		_, err := syscall.Read(watch, make([]byte, 4096))
		return err
	}
}

func TestAQuestionIsEndedByControlC(t *testing.T) {
	program := terminal.Program{Command: []string{harness.Binary(t), "user", "set-password", "alice"}, Dir: t.TempDir()}
	asked := terminal.Start(t, program)
	asked.WaitFor("New password: ")
	asked.Press(terminal.CtrlC)
	if code := asked.Wait(); code != command.ExitInterrupt {
		t.Errorf("exit code %d, want %d", code, command.ExitInterrupt)
	}
	asked.WaitFor("sallyport: user set-password: interrupted before it was done")
}

func TestAPipeThatNobodyClosesIsLeftAfterAnInterrupt(t *testing.T) {
	data := emptyDatabase(t)
	program := exec.Command(harness.Binary(t), "iam", "create-oidc-provider", "https://ci.example.com", "--client-id", "builds", "--jwks", "-", "--data", data)
	program.Env = harness.Environ(t, data)
	var said bytes.Buffer
	program.Stderr = &said
	in, err := program.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	const moreThanFits = 1<<16 + 1 // of a pipe: it is written when the program reads
	if _, err := in.Write(make([]byte, moreThanFits)); err != nil {
		t.Error(err)
	}
	if err := program.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	program.Wait()
	if code := program.ProcessState.ExitCode(); code != command.ExitInterrupt || !strings.Contains(said.String(), "interrupted before it was done") {
		t.Errorf("it ends with %d and says %s", code, said.Bytes())
	}
}
