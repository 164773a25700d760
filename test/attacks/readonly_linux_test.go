package attacks

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"
)

// writesRefusedBySystem are the ways in which the system can keep a running server from changing its files. A file system cannot be mounted
// read-only while somebody has a file open for writing, which is why the errors that a disk gives in that state are brought about otherwise:
// by the process's bound on the size of files, which needs no rights, and by the flag that makes files immutable, which not every file
// system and not every container has.
func writesRefusedBySystem(w *world) []refusal {
	all := []refusal{{"the process may write no file", func() error { return limitFiles(w.server.PID, 0) }, func() error { return limitFiles(w.server.PID, ^uint64(0)) }, false}}
	probe := filepath.Join(w.server.Data, "probe")
	if err := os.WriteFile(probe, nil, 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := errors.Join(immutable(probe, true), immutable(probe, false)); err != nil {
		w.t.Logf("files cannot be made immutable here, so that is not tried: %v", err)
		return all
	}
	if err := os.Remove(probe); err != nil {
		w.t.Fatal(err)
	}
	set := func(on bool) error {
		names := []string{"sallyport.db", "sallyport.db-wal", "root.key", ""}
		var failed error
		for _, name := range names {
			err := immutable(filepath.Join(w.server.Data, name), on)
			if !errors.Is(err, os.ErrNotExist) {
				failed = errors.Join(failed, err)
			}
		}
		return failed
	}
	return append(all, refusal{"the folder and its files are immutable", func() error { return set(true) }, func() error { return set(false) }, true})
}

// limitFiles bounds how long files another process may make, until it is called again.
func limitFiles(pid int, size uint64) error {
	const fileSize = syscall.RLIMIT_FSIZE
	var limit syscall.Rlimit
	if _, _, failed := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), fileSize, 0, uintptr(unsafe.Pointer(&limit)), 0, 0); failed != 0 {
		return fmt.Errorf("read the limits of a process: %w", failed)
	}
	limit.Cur = min(size, limit.Max)
	if _, _, failed := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), fileSize, uintptr(unsafe.Pointer(&limit)), 0, 0, 0); failed != 0 {
		return fmt.Errorf("limit a process: %w", failed)
	}
	return nil
}

// The requests of ioctl_iflags(2).
const (
	getFlags      = 0x80086601
	setFlags      = 0x40086602
	immutableFlag = 0x10
)

// immutable sets or clears the flag of a file or folder by which nobody changes it, root included.
func immutable(path string, on bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var flags uint64 // the kernel writes 32 bits of it
	if _, _, failed := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), getFlags, uintptr(unsafe.Pointer(&flags))); failed != 0 {
		return fmt.Errorf("read the flags of %s: %w", path, failed)
	}
	flags &^= immutableFlag
	if on {
		flags |= immutableFlag
	}
	if _, _, failed := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), setFlags, uintptr(unsafe.Pointer(&flags))); failed != 0 {
		return fmt.Errorf("set the flags of %s: %w", path, failed)
	}
	return nil
}
