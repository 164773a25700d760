//go:build linux

package powercut

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// A user-mode kernel has a thread that does all the reading and writing of its disks: it reads addresses of requests from a pipe, serves
// them in order, and writes the addresses back when they are done. A tap traces that thread and tells the drive what was written and when
// the kernel was answered that a flush is done. (Linux 6.1 does nothing on a flush, whose request is of no length: the host keeps what
// was written anyhow. So there may be no fsync to see, and a flush is then known by nothing being done for it.)

// What package syscall lacks of ptrace(2).
const (
	ptraceSeize          = 0x4206
	ptraceInterrupt      = 0x4207
	ptraceGetSyscallInfo = 0x420e
	allThreads           = 0x40000000 // __WALL

	syscallStop = syscall.SIGTRAP | 0x80 // with PTRACE_O_TRACESYSGOOD

	infoEntry = 1
	infoExit  = 2
)

// syscallInfo is struct ptrace_syscall_info: on entry the number and the arguments, on exit the result in their place.
type syscallInfo struct {
	kind    uint8
	_       [3]uint8
	_       uint32
	_, _    uint64
	number  uint64 // on exit: what the call returned
	args    [6]uint64
	_, _, _ uint64
}

// addressSize is that of a request's address in the pipe.
const addressSize = 8

// exchange is what the thread does from reading requests to answering them.
type exchange struct {
	requests int // in the exchange
	touched  int // calls to the disk's file made for them
	before   int // writes in the cache that had been answered when it began, which a flush keeps
	synced   bool
}

// mayFlush tells whether a flush may be among the requests. Nothing is done for it, so among several it cannot be told.
func (x exchange) mayFlush() bool { return x.synced || x.requests > 1 || x.touched == 0 }

// tap traces one thread.
type tap struct {
	thread int
	drive  *drive
	power  *fuse
	memory *os.File
	image  int      // descriptor of the image in the kernel's process, 0 until the thread has touched it
	now    exchange // under way
	inCall syscallInfo
	ended  chan error
}

// tapDrive traces the threads of a kernel that may be its disk's, and returns when all are traced. It must be called before the disk is
// first used.
func tapDrive(pid int, d *drive, power *fuse) ([]*tap, error) {
	threads, err := untracedChildren(pid)
	if err != nil {
		return nil, err
	}
	var taps []*tap
	for _, thread := range threads {
		t := &tap{thread: thread, drive: d, power: power, ended: make(chan error, 1)}
		attached := make(chan error)
		go t.run(attached)
		if err := <-attached; err != nil {
			return taps, fmt.Errorf("trace thread %d of the kernel: %w", thread, err)
		}
		taps = append(taps, t)
	}
	return taps, nil
}

// untracedChildren are the threads of the kernel's own: it traces the guest's processes itself.
func untracedChildren(pid int) ([]int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil, err
	}
	var threads []int
	for _, field := range strings.Fields(string(text)) {
		status, err := os.ReadFile("/proc/" + field + "/status")
		if err != nil || !strings.Contains(string(status), "\nTracerPid:\t0\n") {
			continue
		}
		thread, err := strconv.Atoi(field)
		if err != nil {
			return nil, err
		}
		threads = append(threads, thread)
	}
	return threads, nil
}

// run traces until the thread ends. Only the system thread that attached may trace.
func (t *tap) run(attached chan<- error) {
	runtime.LockOSThread() // never unlocked: the system thread ends with the goroutine
	err := t.attach()
	attached <- err
	if err != nil {
		return
	}
	defer t.memory.Close()
	t.ended <- t.trace()
}

func (t *tap) attach() error {
	var err error
	if t.memory, err = os.Open(fmt.Sprintf("/proc/%d/mem", t.thread)); err != nil {
		return err
	}
	if err := ptrace(ptraceSeize, t.thread, 0, syscall.PTRACE_O_TRACESYSGOOD); err != nil {
		return err
	}
	if err := ptrace(ptraceInterrupt, t.thread, 0, 0); err != nil {
		return err
	}
	_, err = t.wait()
	return err
}

// trace lets the thread run from one system call to the next, until it is gone.
func (t *tap) trace() error {
	deliver := uintptr(0)
	for {
		err := ptrace(syscall.PTRACE_SYSCALL, t.thread, 0, deliver)
		if err != nil && !errors.Is(err, syscall.ESRCH) { // killed, and to be waited for
			return err
		}
		status, err := t.wait()
		if err != nil || status.Exited() || status.Signaled() {
			return err
		}
		deliver = 0
		switch stop := status.StopSignal(); {
		case stop == syscallStop:
			if err := t.stopped(); err != nil && !t.power.blown() {
				return err
			}
		case status>>16 == 0: // a signal for the thread, and no event of ptrace's own
			deliver = uintptr(stop)
		}
	}
}

func (t *tap) wait() (status syscall.WaitStatus, err error) {
	for {
		_, err := syscall.Wait4(t.thread, &status, allThreads, nil)
		if !errors.Is(err, syscall.EINTR) {
			return status, err
		}
	}
}

// stopped looks at the system call that the thread enters or leaves.
func (t *tap) stopped() error {
	var info syscallInfo
	if err := ptrace(ptraceGetSyscallInfo, t.thread, unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info))); err != nil {
		return err
	}
	switch info.kind {
	case infoEntry:
		t.inCall = info
		return t.entered(info)
	case infoExit:
		t.left(t.inCall, int64(info.number))
	}
	return nil
}

// entered tells the drive what a call is about to do. The thread waits meanwhile.
func (t *tap) entered(call syscallInfo) error {
	switch {
	case call.number == syscall.SYS_WRITE && t.image != 0 && t.now.mayFlush():
		return t.answerFlush()
	case slices.Contains(diskCalls, call.number) && t.touches(int(call.args[0])):
		t.now.touched++
		return t.touch(call)
	}
	return nil
}

// answerFlush keeps what a flush promises to keep, before the kernel is told that it is done.
func (t *tap) answerFlush() error {
	if t.power.meets(aFlush) {
		return nil
	}
	writes := t.now.before
	t.now.before = 0 // the answer may be written in several calls
	return t.drive.flush(writes)
}

func (t *tap) touch(call syscallInfo) error {
	switch call.number {
	case syscall.SYS_PWRITE64: // descriptor, address, length, offset
		data := make([]byte, call.args[2])
		if _, err := t.memory.ReadAt(data, int64(call.args[1])); err != nil {
			return fmt.Errorf("read what the kernel writes: %w", err)
		}
		t.written(int64(call.args[3]), data)
	case syscall.SYS_FALLOCATE: // descriptor, mode, offset, length: a hole or zeroes
		t.written(int64(call.args[2]), make([]byte, call.args[3]))
	case syscall.SYS_FSYNC, syscall.SYS_FDATASYNC:
		t.now.synced = true
	}
	return nil
}

func (t *tap) written(offset int64, data []byte) {
	if t.drive.unflushed() >= burst {
		defer t.power.meets(aBurst)
	}
	t.drive.written(offset, data)
	t.power.meets(aWrite)
}

// diskCalls are the calls that may be to the disk's file.
var diskCalls = []uint64{syscall.SYS_PREAD64, syscall.SYS_PWRITE64, syscall.SYS_FALLOCATE, syscall.SYS_FSYNC, syscall.SYS_FDATASYNC}

// touches reports whether a descriptor is the image's. The kernel opens it for good when the disk is mounted.
func (t *tap) touches(descriptor int) bool {
	if t.image == 0 {
		target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", t.thread, descriptor))
		if err != nil || target != t.drive.image.Name() {
			return false
		}
		t.image = descriptor
	}
	return descriptor == t.image
}

func (t *tap) left(call syscallInfo, result int64) {
	if call.number == syscall.SYS_READ && t.image != 0 && result > 0 {
		t.now = exchange{requests: int(result / addressSize), before: len(t.drive.cache)}
	}
}

func ptrace(request, thread int, address, data uintptr) error {
	if _, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, uintptr(request), uintptr(thread), address, data, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
