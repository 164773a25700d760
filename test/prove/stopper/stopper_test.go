//go:build linux

package stopper

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestMain lets the program of the tests be the stopper.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Word {
		os.Exit(Main(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// writer appends a line to a file in each folder, five times.
const writer = `i=1; while [ $i -le 5 ]; do echo line >> "$1/file"; echo line >> "$2/file"; i=$((i + 1)); done`

func TestTheProgramDiesBeforeTheNthWriteToTheFolder(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n <= 6; n++ {
		watched, other := t.TempDir(), t.TempDir()
		options := Options{Folder: watched, N: n, Result: filepath.Join(t.TempDir(), "result"), Armed: true}
		words := append(options.Words(program), "sh", "-c", writer, "sh", watched, other)
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		result, err := ReadResult(options.Result)
		if err != nil {
			t.Fatal(err)
		}
		want := Result{Writes: min(n, 5), Killed: n <= 5}
		if want.Killed {
			want.At = "write file"
		}
		if result != want {
			t.Errorf("%d: the result is %+v, want %+v", n, result, want)
		}
		if got := lines(t, watched); got != min(n-1, 5) {
			t.Errorf("%d: the folder got %d lines, want %d", n, got, min(n-1, 5))
		}
	}
}

func lines(t *testing.T, folder string) int64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "file"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return int64(strings.Count(string(text), "\n"))
}

func TestNeighboursCountAsOne(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	options := Options{Folder: folder, N: 100, Result: filepath.Join(t.TempDir(), "result"), Runs: true, Armed: true}
	words := append(options.Words(program), "sh", "-c", writer+`; echo line >> "$1/other"; echo line >> "$1/file"`, "sh", folder, t.TempDir())
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if result, err := ReadResult(options.Result); err != nil || result.Writes != 3 {
		t.Errorf("%+v (%v), want three runs", result, err)
	}
}

func TestAStopperSaysWhatItNeeds(t *testing.T) {
	for _, arguments := range [][]string{nil, {"folder", "x", "result", "true", "true", "true"}, {"/nowhere/at/all", strconv.Itoa(1), "result", "true", "true", "true"}} {
		if code := Main(arguments); code == 0 {
			t.Errorf("%q is taken", arguments)
		}
	}
}
