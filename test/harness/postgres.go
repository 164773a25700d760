package harness

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Postgres is a private PostgreSQL server of a test: Debian's programs, a folder and a loopback port of its own. It ends with whoever
// started it.
type Postgres struct {
	Port int

	folder   string // holds data and log
	bin      string
	settings []string
	owner    *syscall.Credential // PostgreSQL refuses to run as root
	process  *exec.Cmd
	ended    chan struct{}
}

// postgresUser and postgresDatabase are what initdb makes. The server trusts whoever reaches its loopback port.
const postgresUser, postgresDatabase = "postgres", "postgres"

// NewPostgres makes a server in a new folder and starts it. Settings are lines like "fsync=off".
func NewPostgres(settings ...string) (*Postgres, error) {
	p, err := newPostgres(settings)
	if err != nil {
		return nil, err
	}
	err = errors.Join(p.command("initdb", "--pgdata", p.data(), "--username", postgresUser, "--auth", "trust", "--encoding", "UTF8",
		"--locale-provider", "icu", "--icu-locale", "en", "--locale", "C.UTF-8", "--no-instructions"))
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		return nil, errors.Join(err, p.Remove())
	}
	return p, nil
}

// Standby makes a second server that follows this one.
func (p *Postgres) Standby(settings ...string) (*Postgres, error) {
	s, err := newPostgres(settings)
	if err != nil {
		return nil, err
	}
	err = s.command("pg_basebackup", "--pgdata", s.data(), "--write-recovery-conf", "--wal-method", "stream", "--checkpoint", "fast",
		"--host", "127.0.0.1", "--port", strconv.Itoa(p.Port), "--username", postgresUser)
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		return nil, errors.Join(err, s.Remove())
	}
	return s, nil
}

func newPostgres(settings []string) (*Postgres, error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "postgres")
	if err != nil {
		return nil, err
	}
	p := &Postgres{folder: folder, bin: bin, settings: settings}
	if os.Getuid() == 0 {
		if p.owner, err = credential(postgresUser); err != nil {
			return nil, err
		}
		if err := os.Chown(folder, int(p.owner.Uid), int(p.owner.Gid)); err != nil {
			return nil, err
		}
	}
	if p.Port, err = freePort(); err != nil || os.Getenv(PostgresVariable) == "" {
		return p, err
	}
	return p, p.bringPrograms()
}

// bringPrograms puts the programs, with the libraries and files that they look for beside their own folder, where the owner of the data may
// read them: whoever unpacked them may have a home of their own.
func (p *Postgres) bringPrograms() error {
	there := filepath.Join(p.folder, "programs")
	if err := os.CopyFS(there, os.DirFS(filepath.Dir(p.bin))); err != nil {
		return err
	}
	p.bin = filepath.Join(there, filepath.Base(p.bin))
	return nil
}

// PostgresVariable names a folder with the programs of another PostgreSQL than Debian's.
const PostgresVariable = "TEST_POSTGRES_PROGRAMS"

// postgresPrograms finds the folder that the environment names, or the newest of Debian's servers.
func postgresPrograms() (string, error) {
	if folder := os.Getenv(PostgresVariable); folder != "" {
		return folder, nil
	}
	return debianPrograms()
}

func debianPrograms() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", errors.New("no PostgreSQL server is installed: test/install installs Debian's")
	}
	slices.SortFunc(found, func(a, b string) int { return len(a) - len(b) })
	return filepath.Dir(slices.MaxFunc(found, strings.Compare)), nil
}

func credential(name string) (*syscall.Credential, error) {
	account, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (p *Postgres) data() string { return filepath.Join(p.folder, "data") }

// URL is the address of the server's database.
func (p *Postgres) URL() string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", postgresUser, p.Port, postgresDatabase)
}

// as has a program run as the owner of the data.
func (p *Postgres) as(program string, args ...string) *exec.Cmd {
	path := filepath.Join(p.bin, program)
	if _, err := os.Stat(path); err != nil { // some packages have the server alone: Debian's clients fit any
		if bin, err := debianPrograms(); err == nil {
			path = filepath.Join(bin, program)
		}
	}
	c := exec.Command(path, args...)
	c.Dir = p.folder
	c.SysProcAttr = &syscall.SysProcAttr{Credential: p.owner, Pdeathsig: syscall.SIGKILL, Setpgid: true}
	return c
}

func (p *Postgres) command(program string, args ...string) error {
	if out, err := p.as(program, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	return nil
}

// Start starts the server and returns when it takes connections.
func (p *Postgres) Start() error {
	log, err := os.OpenFile(filepath.Join(p.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", p.data(), "-p", strconv.Itoa(p.Port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="}
	for _, setting := range p.settings {
		args = append(args, "-c", setting)
	}
	p.process, p.ended = p.as("postgres", args...), make(chan struct{})
	p.process.Stdout, p.process.Stderr = log, log
	started := make(chan error)
	go func() { // Pdeathsig is of the thread that starts
		err := p.process.Start()
		started <- err
		if err == nil {
			p.process.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	for deadline := time.Now().Add(readyTimeout); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-p.ended:
			return fmt.Errorf("PostgreSQL ended at once:\n%s", p.Log())
		default:
		}
		if p.command("pg_isready", "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(p.Port), "-t", "5") == nil {
			return nil
		}
	}
	return fmt.Errorf("PostgreSQL took no connection:\n%s", p.Log())
}

// Log is what the server wrote.
func (p *Postgres) Log() []byte {
	text, err := os.ReadFile(filepath.Join(p.folder, "log"))
	if err != nil {
		return nil
	}
	return bytes.TrimSpace(text)
}

// Kill ends all processes of the server at once, as a power cut of a machine does.
func (p *Postgres) Kill() { p.end(syscall.SIGKILL) }

// Stop ends the server and cuts connections (a fast shutdown).
func (p *Postgres) Stop() { p.end(syscall.SIGINT) }

func (p *Postgres) end(signal syscall.Signal) {
	if p.process == nil || p.process.Process == nil {
		return
	}
	if signal == syscall.SIGKILL {
		p.hold()
	}
	backends := children(p.process.Process.Pid)
	if signal == syscall.SIGKILL {
		for _, pid := range backends {
			syscall.Kill(pid, signal) // each leads a session of its own, and would finish what it is at
		}
	}
	p.process.Process.Signal(signal)
	<-p.ended
	for deadline := time.Now().Add(readyTimeout); slices.ContainsFunc(backends, lives) && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond) // the next server does not start beside the last of them
	}
	p.process = nil
}

// hold stops the server from starting processes, which would be nobody's when it is killed: one that was started meanwhile answered for ten
// seconds more, and no other server started beside it.
func (p *Postgres) hold() {
	p.process.Process.Signal(syscall.SIGSTOP)
	for deadline := time.Now().Add(readyTimeout); !stopped(p.process.Process.Pid) && time.Now().Before(deadline); {
		time.Sleep(100 * time.Microsecond)
	}
}

// stopped reports whether a process stands still, or has ended.
func stopped(pid int) bool {
	fields := statOf(fmt.Sprintf("/proc/%d/stat", pid))
	return len(fields) == 0 || fields[0] == "T" || fields[0] == "Z"
}

// statOf are the fields behind the name of a process.
func statOf(stat string) []string {
	text, err := os.ReadFile(stat)
	if err != nil {
		return nil // it has ended
	}
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
}

func lives(pid int) bool { return syscall.Kill(pid, 0) == nil }

// children are the processes that a process has started.
func children(parent int) (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		fields := statOf(stat)
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Promote makes a standby the one that is written to, and returns when it is.
func (p *Postgres) Promote() error { return p.command("pg_ctl", "promote", "-D", p.data(), "-w") }

// Remove ends the server and removes its folder.
func (p *Postgres) Remove() error {
	p.Kill()
	return os.RemoveAll(p.folder)
}
