//go:build unix

package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openLock opens the lock file and takes it, or fails with errLocked. Each opening is a holder of its own. A link is not followed: who could put one
// there could have the superuser make a file anywhere.
func openLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, Private)
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
	return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
}

// keepOwner gives the file to the owner of the old one, when the superuser changes somebody's.
func keepOwner(file *os.File, old fs.FileInfo) error {
	owner, known := old.Sys().(*syscall.Stat_t)
	if !known || os.Geteuid() != 0 {
		return nil
	}
	return file.Chown(int(owner.Uid), int(owner.Gid))
}

func rename(from, to string) error { return os.Rename(from, to) }

// syncFolder has the names in a folder on the disk.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

const (
	forGroup  fs.FileMode = 0o070
	forOthers fs.FileMode = 0o007
)

// KeepPrivate has an open file be its owner's alone: it takes from the group what an orchestrator gave it, such as Kubernetes with fsGroup, which
// gives all files of a volume to a group each time that it mounts it. A file that everybody may read or change is refused, because its secret is
// out; so is one whose mode cannot be changed.
func KeepPrivate(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	mode := info.Mode().Perm()
	if mode&(forGroup|forOthers) == 0 {
		return nil
	}
	if mode&forOthers == 0 && file.Chmod(mode&^forGroup) == nil {
		return nil
	}
	return fmt.Errorf("others may read or change %s (mode %04o): chmod 600 it", file.Name(), mode)
}
