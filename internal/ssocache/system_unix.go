//go:build unix

package ssocache

import (
	"errors"
	"os"
	"syscall"
)

// openLock opens the lock file and takes it, or fails with errLocked. Each opening is a holder of its own, so that goroutines
// exclude each other too.
func openLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return nil, errLocked
	}
	return nil, &os.PathError{Op: "lock", Path: path, Err: err}
}

func rename(from, to string) error { return os.Rename(from, to) }
