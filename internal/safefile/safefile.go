// Package safefile owns how a file is changed that several processes share: by one holder of its lock at a time, and all at once, so that a
// reader, or a crash, finds the old content or the new one.
//
// Which files there are, what they say and who may read them is the callers' business; so are their folders, which must be there.
package safefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// Private is the mode of a file that is its owner's alone.
const Private fs.FileMode = 0o600

// unfinished ends the names of files that are being written. One that is found hours later is of a process that was killed.
const unfinished = ".tmp"

// Replace puts content in the place of a file, if there is one, with a mode of its own. Where it fails, everything is as it was.
func Replace(path string, mode fs.FileMode, content []byte) error {
	return replace(path, content, func(file *os.File) error { return setMode(file, mode) })
}

// ReplaceLike is Replace with the mode of the old file, which also stays its owner's when the superuser changes it.
func ReplaceLike(old fs.FileInfo, path string, content []byte) error {
	return replace(path, content, func(file *os.File) error {
		if err := keepOwner(file, old); err != nil {
			return err
		}
		return setMode(file, old.Mode().Perm())
	})
}

// Create puts content into a file of the mode Private that is not there yet, all at once, and has it on the disk with its name. Of any number of
// callers one succeeds; the others get fs.ErrExist, and find the whole content.
func Create(path string, content []byte) (err error) {
	file, err := create(filepath.Dir(path), filepath.Base(path))
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); err != nil { // a rename would take the place of a file that came between
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// setMode changes the mode only where it is another one: not every file system can.
func setMode(file *os.File, mode fs.FileMode) error {
	if mode == Private {
		return nil // as os.CreateTemp made it
	}
	return file.Chmod(mode)
}

// replace writes a new file beside the old one and renames it, once dress has given it owner and mode and the content is on the disk: a
// crash may not leave the name with a file that is empty.
func replace(path string, content []byte, dress func(*os.File) error) (err error) {
	file, err := create(filepath.Dir(path), filepath.Base(path))
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(file.Name())
		}
	}()
	_, err = file.Write(content)
	if err == nil {
		err = dress(file)
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return rename(file.Name(), path)
}

// create makes the file that takes the place of another one: beside it, since a rename cannot leave a file system.
func create(folder, name string) (*os.File, error) {
	return os.CreateTemp(folder, "."+name+".*"+unfinished) // mode Private
}

// CheckReplaceable tells why Replace would fail in a folder: a lock can be had where no file can be made.
func CheckReplaceable(folder string) error {
	file, err := create(folder, "check")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// lockPause is about how long to wait between two tries for a lock: an edit of a file takes a millisecond, a request tens of them, and
// beside both many waiting processes cost nothing.
const lockPause = 10 * time.Millisecond

// Lock takes a lock file for this holder, waiting as long as the context allows. Goroutines of one process exclude each other too. The
// system frees it when the process ends, however it ends. The file stays: removing it would let two holders lock two files of one name.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("wait for %s: %w", path, err)
		}
		file, err := openLock(path)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, errLocked) {
			return nil, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(lockPause/2 + rand.N(lockPause)):
		}
	}
}

var errLocked = errors.New("another process holds the lock")
