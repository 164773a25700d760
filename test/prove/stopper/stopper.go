//go:build linux

// Package stopper runs a program and kills it just before the n-th time that it writes to a folder: not before the n-th write of a program that was
// built for that, but of the program that everybody runs. It stands between the program and the kernel, by ptrace(2).
package stopper

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Result is what became of the program. It is written to the result file when the program has ended.
type Result struct {
	Writes int64  `json:"writes"` // counted since the stopper was armed
	Killed bool   `json:"killed"` // before write number n
	At     string `json:"at"`     // what that would have been: the call and the file
}

// Options say when a program is killed.
type Options struct {
	Folder string // writes to files in it count
	N      int64  // the write before which the program is killed; it does not happen
	Result string // where the result goes
	// Runs has neighbouring calls of one kind on one file count as one: to a transaction they are alike, and there are many of them.
	Runs  bool
	Armed bool // whether writes count from the beginning. Otherwise they do from the first SIGUSR1 on, which the stopper is sent.
}

// Words are the words before a command that run it under a program with a stopper in it, whose main calls Main when its first argument is Word.
func (o Options) Words(program string) []string {
	return []string{program, Word, o.Folder, strconv.FormatInt(o.N, 10), o.Result, strconv.FormatBool(o.Runs), strconv.FormatBool(o.Armed)}
}

// Word is the first argument of a program that is to be a stopper.
const Word = "stop-at-write"

// Main is the stopper, with the arguments after Word. It returns the exit code.
func Main(arguments []string) int {
	const own = 5
	if len(arguments) <= own {
		fmt.Fprintln(os.Stderr, "the stopper needs a folder, a number, a result file, true or false twice, and a command")
		return 2
	}
	o := Options{Folder: arguments[0], Result: arguments[2]}
	var err error
	var wrong [3]error
	o.N, wrong[0] = strconv.ParseInt(arguments[1], 10, 64)
	o.Runs, wrong[1] = strconv.ParseBool(arguments[3])
	o.Armed, wrong[2] = strconv.ParseBool(arguments[4])
	if err = errors.Join(wrong[:]...); err == nil {
		err = run(o, arguments[own:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "stop at a write:", err)
		return 1
	}
	return 0
}

// ReadResult reads the result of a stopper that has ended.
func ReadResult(path string) (r Result, err error) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err
}

// writes are the calls that change a file on disk. SQLite's shared memory is mapped, and means nothing after a crash.
var writes = map[uint64]string{
	syscall.SYS_WRITE: "write", syscall.SYS_PWRITE64: "pwrite64", syscall.SYS_WRITEV: "writev", syscall.SYS_PWRITEV: "pwritev",
	syscall.SYS_FSYNC: "fsync", syscall.SYS_FDATASYNC: "fdatasync", syscall.SYS_FTRUNCATE: "ftruncate",
}

type stopper struct {
	Options
	Result
	pid   int
	last  string // what was counted last
	armed atomic.Bool
}

func run(options Options, command []string) error {
	folder, err := filepath.EvalSymlinks(options.Folder)
	if err != nil {
		return err
	}
	options.Folder = folder
	s := &stopper{Options: options}
	s.armed.Store(options.Armed)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	go func() {
		for range signals {
			s.armed.Store(true)
		}
	}()
	if err := s.trace(command); err != nil {
		return err
	}
	text, err := json.Marshal(s.Result)
	if err != nil {
		return err
	}
	return os.WriteFile(options.Result, text, 0o600)
}

// The requests and options of ptrace(2) that package syscall has no name for.
const (
	optionExitKill          = 0x100000
	requestGetSyscall       = 0x420e
	stopOfCall              = syscall.SIGTRAP | 0x80
	operationEntry    uint8 = 1
)

// trace runs the command until it ends. All of ptrace has to come from the thread that began it.
func (s *stopper) trace(command []string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	program := exec.Command(command[0], command[1:]...)
	program.Stdout, program.Stderr = os.Stdout, os.Stderr
	program.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}
	if err := program.Start(); err != nil {
		return err
	}
	s.pid = program.Process.Pid
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(s.pid, &status, 0, nil); err != nil {
		return err
	}
	const options = syscall.PTRACE_O_TRACECLONE | syscall.PTRACE_O_TRACESYSGOOD | optionExitKill
	if err := syscall.PtraceSetOptions(s.pid, options); err != nil {
		return fmt.Errorf("trace the program: %w", err)
	}
	if err := syscall.PtraceSyscall(s.pid, 0); err != nil {
		return err
	}
	return s.follow()
}

// follow lets every thread go on after each of its stops, until the program has ended.
func (s *stopper) follow() error {
	begun := map[int]bool{s.pid: true}
	for {
		var status syscall.WaitStatus
		thread, err := syscall.Wait4(-1, &status, syscall.WALL, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.ECHILD):
			return nil
		case err != nil:
			return err
		case status.Exited() || status.Signaled():
			if thread == s.pid {
				return nil
			}
			continue
		}
		deliver := 0
		switch stop := status.StopSignal(); {
		case stop == stopOfCall:
			if err := s.call(thread); err != nil {
				return err
			}
		case stop == syscall.SIGTRAP: // an event: a thread begins
		case stop == syscall.SIGSTOP && !begun[thread]: // a new thread's first
		default:
			deliver = int(stop)
		}
		begun[thread] = true
		if err := syscall.PtraceSyscall(thread, deliver); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
}

// callInfo is struct ptrace_syscall_info, as far as it is about the entry.
type callInfo struct {
	Operation uint8
	_         [3]uint8
	_         uint32
	_, _      uint64
	Number    uint64
	Arguments [6]uint64
	_         [16]uint8 // what newer kernels may add
}

// call counts a call that a thread is about to make, and kills the program if it is the one.
func (s *stopper) call(thread int) error {
	var info callInfo
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PTRACE, requestGetSyscall, uintptr(thread), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno == syscall.ESRCH {
		return nil // killed meanwhile
	}
	if errno != 0 {
		return fmt.Errorf("ask for the call: %w", errno)
	}
	name, counts := writes[info.Number]
	if info.Operation != operationEntry || !counts || !s.armed.Load() || s.Killed {
		return nil
	}
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", s.pid, info.Arguments[0]))
	if err != nil || !strings.HasPrefix(path, s.Folder+string(filepath.Separator)) {
		return nil
	}
	what := name + " " + filepath.Base(path)
	if s.Runs && what == s.last {
		return nil
	}
	s.last = what
	if s.Writes++; s.Writes == s.N {
		s.Killed, s.At = true, what
		return syscall.Kill(s.pid, syscall.SIGKILL)
	}
	return nil
}
