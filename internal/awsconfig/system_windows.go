package awsconfig

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// errorSharingViolation is what Windows answers when somebody has the file open for himself.
const errorSharingViolation = syscall.Errno(32)

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
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(handle), path), nil
}

// keepOwner has nothing to do: a new file is its folder's owner's.
func keepOwner(*os.File, fs.FileInfo) error { return nil }
