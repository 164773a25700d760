package server

import (
	"fmt"
	"syscall"
)

// PR_SET_DUMPABLE of <linux/prctl.h>, which package syscall does not have.
const prSetDumpable = 4

// forbidCoreFiles keeps the memory of the process, with every key in it, to the process: no crash writes it to a disk, and nobody but the
// superuser reads it while it runs.
func forbidCoreFiles() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("forbid core files: %w", err)
	}
	if _, _, errno := syscall.Syscall(syscall.SYS_PRCTL, prSetDumpable, 0, 0); errno != 0 {
		return fmt.Errorf("forbid others to read the process: %w", errno)
	}
	return nil
}
