//go:build linux

package powercut

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	program = "linux.uml" // of Debian's package user-mode-linux

	// memoryMiB is the guest's memory: a server, and what drives it, are small.
	memoryMiB = 384
	// needless has the kernel leave out measuring how fast it computes RAID's checksums, and a file system that would use the result: nine tenths of the
	// time that it takes to boot.
	needless = "initcall_blacklist=raid6_select_algo,calibrate_xor_blocks,btrfs_init"
	// bootTimeout is far above the fraction of a second that it takes to boot, on a busy machine too.
	bootTimeout = time.Minute
)

// The words that the guest says to the host on its console, each at the start of a line.
const (
	SaysAwake   = "powercut: awake"   // the guest runs and waits for a line before it touches its disk
	SaysChecked = "powercut: checked" // the server runs on what the disk kept, and the promises of the ledger were held against it
	SaysFailed  = "powercut: failed"  // the guest could not do its work; the reason follows
	SaysOff     = "powercut: off"     // the server stopped and the file system is unmounted
)

// saysNothing is no word.
const saysNothing = "\x00"

var errSilent = errors.New("the machine did not say")

// kernel is a running machine.
type kernel struct {
	command *exec.Cmd
	input   io.WriteCloser
	drive   *drive
	power   *fuse
	taps    []*tap
	said    chan string // what the guest says, one of the words; closed when the machine has ended
	mu      sync.Mutex
	console strings.Builder
}

// boot starts a machine whose root is a folder of the host and whose disk is the drive, and returns when the guest runs and is about to use the
// disk, which is then watched.
func boot(ctx context.Context, root, state string, d *drive) (*kernel, error) {
	path, err := find(program)
	if err != nil {
		return nil, err
	}
	k := &kernel{drive: d, said: make(chan string, 16)}
	k.command = exec.Command(path, fmt.Sprintf("mem=%dM", memoryMiB), "root=/dev/root", "rootfstype=hostfs", "rootflags="+root, "rw", "init=/init",
		"ubd0="+d.image.Name(), "con=null", "con0=fd:0,fd:1", "quiet", "panic=1", "uml_dir="+state, needless)
	k.command.Env = append(os.Environ(), "HOME="+state, "TMPDIR="+memoryFolder(state))
	k.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that all of its processes lose their power at once
	if k.input, err = k.command.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := k.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := k.command.Start(); err != nil {
		return nil, err
	}
	group := -k.command.Process.Pid
	k.power = &fuse{kill: func() error { return syscall.Kill(group, syscall.SIGKILL) }}
	go k.listen(output)
	if err := k.expect(ctx, SaysAwake, bootTimeout); err != nil {
		k.cut()
		return nil, err
	}
	if k.taps, err = tapDrive(k.command.Process.Pid, d, k.power); err != nil {
		k.cut()
		return nil, err
	}
	if _, err := io.WriteString(k.input, "go\n"); err != nil {
		k.cut()
		return nil, err
	}
	return k, nil
}

// memoryFolder is where the machine's memory lies as a file, which is executed from: in the host's memory where that has room, as containers often
// have not.
func memoryFolder(otherwise string) string {
	const shared, noexec = "/dev/shm", 8 // ST_NOEXEC
	var stat syscall.Statfs_t
	if err := syscall.Statfs(shared, &stat); err != nil || stat.Flags&noexec != 0 || stat.Bavail*uint64(stat.Bsize) < memoryMiB<<20 {
		return otherwise
	}
	return shared
}

// listen keeps what the machine prints and passes on what the guest says.
func (k *kernel) listen(output io.Reader) {
	for lines := bufio.NewScanner(output); lines.Scan(); {
		line := strings.TrimRight(lines.Text(), "\r")
		k.mu.Lock()
		fmt.Fprintln(&k.console, line)
		k.mu.Unlock()
		if strings.HasPrefix(line, "powercut: ") {
			k.said <- line
		}
	}
	close(k.said)
}

// expect waits until the guest says a word.
func (k *kernel) expect(ctx context.Context, word string, within time.Duration) error {
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	for {
		select {
		case line, alive := <-k.said:
			switch {
			case !alive:
				return fmt.Errorf("the machine ended before it said %q; its console:\n%s", word, k.printed())
			case strings.HasPrefix(line, word):
				return nil
			case strings.HasPrefix(line, SaysFailed):
				return fmt.Errorf("the guest%s", strings.TrimPrefix(line, "powercut:"))
			}
		case <-timeout.C:
			return fmt.Errorf("%w %q within %v; its console:\n%s", errSilent, word, within, k.printed())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hold lets the machine run for a while. It must not end by itself.
func (k *kernel) hold(ctx context.Context, while time.Duration) error {
	err := k.expect(ctx, saysNothing, while)
	if errors.Is(err, errSilent) {
		return nil
	}
	return err
}

func (k *kernel) printed() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.console.String()
}

// cut takes the power away, and returns when nothing of the machine runs or writes any more.
func (k *kernel) cut() error {
	k.power.blow()
	return k.wait()
}

// cutAt takes the power away when the disk is about to write or to flush for the n-th time from now, or after a while if it does not.
func (k *kernel) cutAt(ctx context.Context, event event, n int, while time.Duration) error {
	k.power.arm(event, n)
	timeout := time.NewTimer(while)
	defer timeout.Stop()
	for {
		select {
		case line, alive := <-k.said:
			if !alive {
				return k.cut()
			}
			if strings.HasPrefix(line, SaysFailed) && !k.power.blown() {
				return errors.Join(fmt.Errorf("the guest%s", strings.TrimPrefix(line, "powercut:")), k.cut())
			}
		case <-timeout.C:
			return k.cut()
		case <-ctx.Done():
			return errors.Join(ctx.Err(), k.cut())
		}
	}
}

// wait returns when the machine is gone. The drive may be touched then.
func (k *kernel) wait() error {
	var failed error
	for _, t := range k.taps {
		if err := <-t.ended; err != nil && failed == nil {
			failed = fmt.Errorf("watch the disk: %w", err)
		}
	}
	for range k.said {
	}
	k.command.Wait()
	k.input.Close()
	return failed
}

// makeDisk makes an image with an empty file system.
func makeDisk(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := file.Truncate(diskSize); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	os.Remove(path + ".platter")
	// Initialized at once: the kernel would do the rest while the test runs.
	mkfs, err := find("mkfs.ext4")
	if err != nil {
		return err
	}
	out, err := exec.Command(mkfs, "-q", "-F", "-b", strconv.Itoa(sector), "-E", "lazy_itable_init=0,lazy_journal_init=0", path).CombinedOutput()
	if err != nil {
		return fmt.Errorf("make a file system: %w\n%s", err, out)
	}
	return nil
}

// diskSize has room for the database, its log, and the file system's journal.
const diskSize = 128 << 20

// find finds a program that the tests need, which may lie where only root's PATH goes.
func find(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	path, err := exec.LookPath(filepath.Join("/usr/sbin", name))
	if err != nil {
		return "", fmt.Errorf("%s is not installed: `test/install` installs what the tests need", name)
	}
	return path, nil
}
