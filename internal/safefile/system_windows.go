package safefile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// The answers of Windows when somebody else has the file open.
const (
	errorAccessDenied     = syscall.Errno(5)
	errorSharingViolation = syscall.Errno(32)
)

// openLock opens the lock file for this holder alone, or fails with errLocked.
func openLock(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	const shared = 0
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, shared, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, errorSharingViolation) {
		return nil, errLocked
	}
	if err != nil {
		return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	return os.NewFile(uintptr(handle), path), nil
}

// keepOwner has nothing to do: a new file is its folder's owner's.
func keepOwner(*os.File, fs.FileInfo) error { return nil }

// A file that a reader has open cannot be replaced; reading one takes far less than all tries together.
const (
	renameTries = 50
	renamePause = 10 * time.Millisecond
)

func rename(from, to string) (err error) {
	for range renameTries {
		err = os.Rename(from, to)
		if !errors.Is(err, errorAccessDenied) && !errors.Is(err, errorSharingViolation) {
			return err
		}
		time.Sleep(renamePause)
	}
	return err
}

// syncFolder has nothing to do: the file system's own log keeps names.
func syncFolder(string) error { return nil }

// KeepPrivate has nothing to do: modes do not say here who may read a file, and look as if everybody might.
func KeepPrivate(*os.File) error { return nil }
