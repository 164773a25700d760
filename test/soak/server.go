//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	readyTimeout = 60 * time.Second
	// backTimeout is how long the server may take to come back to what it was. Connections that are closed end at once; what waits for a
	// client waits two minutes at most.
	backTimeout = 3 * time.Minute
	// spare is what descriptors are needed for beside one a device.
	spare = 500
)

// roomFor fails where the limit of descriptors is too low for a connection of each device. Go raises the soft limit to the hard one at its
// start, here and in the server.
func roomFor(pollers int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Cur < uint64(pollers+spare) {
		return fmt.Errorf("a process may have %d descriptors, and %d devices need more: raise it with ulimit -Hn", limit.Cur, pollers)
	}
	return nil
}

// server is the real program, in development mode with TLS.
type server struct {
	folder  string
	command *exec.Cmd
	ended   chan error
	log     bytes.Buffer
	client  *http.Client

	Endpoint, StartURL, CABundle string
	PID                          int
}

func startServer(ctx context.Context, o options) (s *server, err error) {
	s = &server{ended: make(chan error, 1)}
	if s.folder, err = os.MkdirTemp("", "sallyport-soak-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	binary := o.binary
	if binary == "" {
		binary = filepath.Join(s.folder, "sallyport")
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "sallyport/cmd/sallyport")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return s, fmt.Errorf("build the program: %w\n%s", err, out)
		}
	}
	ready := filepath.Join(s.folder, "ready.json")
	s.command = exec.Command(binary, "serve", "--dev", "--tls-auto", "--listen", "127.0.0.1:0", "--data", s.data(), "--ready-file", ready,
		"--log-level", "warn", "--register-rate", "0", "--device-start-rate", "0", "--device-poll-interval", o.every.String())
	s.command.Stderr = &s.log
	if err := s.command.Start(); err != nil {
		return s, err
	}
	go func() { s.ended <- s.command.Wait() }()
	return s, s.await(ctx, ready)
}

func (s *server) data() string { return filepath.Join(s.folder, "data") }

// await waits until the server is ready and learns where it is.
func (s *server) await(ctx context.Context, ready string) error {
	for deadline := time.Now().Add(readyTimeout); time.Now().Before(deadline); {
		text, err := os.ReadFile(ready)
		if err == nil {
			return s.meet(text)
		}
		select {
		case err := <-s.ended:
			s.command = nil
			return fmt.Errorf("the server ended: %w\n%s", err, s.log.String())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return errors.New("the server was not ready in time")
}

func (s *server) meet(ready []byte) error {
	if err := json.Unmarshal(ready, s); err != nil {
		return err
	}
	authority, err := os.ReadFile(s.CABundle)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	s.client = &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 16},
	}
	return nil
}

// stop ends the server and removes what it had.
func (s *server) stop() {
	if s.command != nil && s.command.Process != nil {
		s.command.Process.Signal(syscall.SIGTERM)
		<-s.ended
		s.command = nil
	}
	os.RemoveAll(s.folder)
}

// call sends JSON, or nothing, and decodes the answer, which must have the status 200.
func (s *server) call(ctx context.Context, method, path, bearer string, body, out any) error {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, s.Endpoint+path, sent)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		request.Header.Set("X-Amz-Sso_bearer_token", bearer)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return errors.Join(err, fmt.Errorf("%s %s: status %d: %s", method, path, response.StatusCode, answer))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// weight is what the server has at a moment.
type weight struct {
	resident, heap, stacks  int64 // bytes
	goroutines, descriptors int
}

func (s *server) weigh(ctx context.Context) (w weight, err error) {
	var told struct {
		Goroutines            int
		HeapBytes, StackBytes int64
	}
	if err := s.call(ctx, http.MethodGet, "/_dev/process", "", nil, &told); err != nil {
		return w, err
	}
	w = weight{heap: told.HeapBytes, stacks: told.StackBytes, goroutines: told.Goroutines}
	open, err := os.ReadDir(s.proc("fd"))
	if err != nil {
		return w, err
	}
	w.descriptors = len(open)
	w.resident, err = s.field("status", "VmRSS:")
	w.resident *= 1024
	return w, err
}

func (s *server) proc(name string) string { return filepath.Join("/proc", strconv.Itoa(s.PID), name) }

// field reads a number of a file of /proc by its name.
func (s *server) field(file, name string) (int64, error) {
	text, err := os.ReadFile(s.proc(file))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, name); found {
			return strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("%s has no %s", s.proc(file), name)
}

// processorTime is what the server has taken so far, zero when it cannot be read.
func (s *server) processorTime() time.Duration {
	text, err := os.ReadFile(s.proc("stat"))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+2:]))
	ticks := int64(0)
	for _, field := range fields[11:13] { // utime and stime
		n, _ := strconv.ParseInt(field, 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * tick
}

// shares is who took how much of the machine's processor time.
type shares struct{ all, idle, server, generator time.Duration }

// tick is the unit in which Linux tells processor time.
const tick = 10 * time.Millisecond

// processors reads the shares so far, zero where they cannot be read.
func (s *server) processors() (now shares) {
	now.server = s.processorTime()
	var own syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &own) == nil {
		now.generator = time.Duration(own.Utime.Nano() + own.Stime.Nano())
	}
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		ticks, _ := strconv.ParseInt(field, 10, 64) // the first is no number, and counts nothing
		if i <= 8 {                                 // what guests take is in the first already
			now.all += time.Duration(ticks) * tick
		}
		if i == 4 || i == 5 { // idle, and idle while waiting for the disk
			now.idle += time.Duration(ticks) * tick
		}
	}
	return now
}

func (s shares) since(before shares) shares {
	return shares{s.all - before.all, s.idle - before.idle, s.server - before.server, s.generator - before.generator}
}

// tell prints the shares. Where others took much, the times of polls tell of them.
func (s shares) tell(r *report) {
	if s.all <= 0 {
		return
	}
	percent := func(part time.Duration) float64 { return 100 * float64(part) / float64(s.all) }
	r.figure("share of the processors, server", percent(s.server), "%", nil)
	r.figure("share of the processors, generator", percent(s.generator), "%", nil)
	r.figure("share of the processors, idle", percent(s.idle), "%", nil)
	r.figure("share of the processors, others on the machine", percent(s.all-s.idle-s.server-s.generator), "%", nil)
}

// disk is what lies in the data folder, and what the server had the disk write.
type disk struct {
	files   map[string]string // size and time of the last change, by path
	written int64             // bytes
}

// disk looks at the data folder from outside. The file with which SQLite's readers agree among each other (-shm) is memory that has a name:
// it is not the database, and is not compared.
func (s *server) disk() (d disk, err error) {
	d.files = map[string]string{}
	err = filepath.WalkDir(s.data(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "-shm") {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			d.files[path] = fmt.Sprint(info.Size(), info.ModTime().UnixNano())
		}
		return err
	})
	if err != nil {
		return d, err
	}
	d.written, err = s.field("io", "write_bytes:")
	return d, err
}

func (d disk) changedSince(before disk) (changed int) {
	for path, stamp := range d.files {
		if before.files[path] != stamp {
			changed++
		}
	}
	return changed
}

// comesBack waits until the server has no more goroutines and descriptors than before anybody came.
func (s *server) comesBack(ctx context.Context, r *report, before weight) {
	var w weight
	for deadline := time.Now().Add(backTimeout); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		var err error
		if w, err = s.weigh(ctx); err == nil && w.goroutines <= before.goroutines && w.descriptors <= before.descriptors {
			break
		}
	}
	r.figure("goroutines left behind", float64(w.goroutines-before.goroutines), "", notPositive)
	r.figure("descriptors left behind", float64(w.descriptors-before.descriptors), "", notPositive)
	r.figure("resident memory when all have left", mib(w.resident), "MiB", nil)
}

func notPositive(v float64) bool { return v <= 0 }

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }
