package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sallyport/internal/safefile"
)

// folderMode is that of a folder that is made: these files may hold secrets.
const folderMode = 0o700

// Read is a file as it stands, for looking at what a change would do. One that is not there is empty.
func Read(path string) (*Document, error) {
	target, err := followLinks(path)
	if err != nil {
		return nil, err
	}
	d, _, err := readDocument(path, target)
	return d, err
}

// ReadFlat is a file whose values of several lines are text, as those of aliases are, and no keys of their own. One that is not there, or
// that is no file, is empty.
func ReadFlat(path string) (*Document, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return parseAs(path, text, true)
}

// Edit changes a file. The change is made under a lock that every Edit of the file waits for, on what the file says then, and
// takes the place of the old file at once, so that no reader ever sees half of it; if the change fails or changes nothing, the
// file stays untouched. The change may not wait for anybody. The file keeps its mode and, where it is reached by a symbolic
// link, its place; a new one is its owner's alone.
//
// Other programs do not know the lock: what the AWS CLI writes between our reading and our writing is lost. That is a moment of
// microseconds, and it does the same to itself.
func Edit(ctx context.Context, path string, change func(*Document) error) error {
	target, err := followLinks(path)
	if err != nil {
		return err
	}
	folder, name := filepath.Split(target)
	if err := os.MkdirAll(folder, folderMode); err != nil {
		return err
	}
	unlock, err := safefile.Lock(ctx, filepath.Join(folder, "."+name+".lock"))
	if err != nil {
		return fmt.Errorf("lock %s: %w", path, err)
	}
	defer unlock()
	d, old, err := readDocument(path, target)
	if err != nil {
		return err
	}
	if err := change(d); err != nil || !d.Changed() {
		return err
	}
	if err := d.verify(); err != nil {
		return err
	}
	return replaceFile(target, old, d.String())
}

// maxLinks is how many symbolic links may lead to a file: what Linux allows.
const maxLinks = 40

// followLinks is the file that a path stands for. It need not be there.
func followLinks(path string) (string, error) {
	if path == "" {
		return "", errors.New("there is no file to change: the variable that names it is set to nothing, or no home folder is known")
	}
	for range maxLinks {
		next, err := os.Readlink(path)
		if err != nil {
			return filepath.Abs(path) // no link, or nothing there; reading tells
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(path), next)
		}
		path = next
	}
	return "", fmt.Errorf("%s leads through too many symbolic links", path)
}

// readDocument reads the target for changing it: other than for a mere reader, a file that cannot be opened is not empty.
func readDocument(path, target string) (*Document, fs.FileInfo, error) {
	file, err := os.Open(target)
	if errors.Is(err, fs.ErrNotExist) {
		d, err := parse(path, "")
		return d, nil, err
	}
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is no regular file", path)
	}
	text, err := readBounded(file)
	if err != nil {
		return nil, nil, err
	}
	d, err := parse(path, text)
	return d, info, err
}

// replaceFile puts a text in the place of a file, which old describes if there was one. One that its owner made read-only is
// left alone, though a rename could replace it.
func replaceFile(target string, old fs.FileInfo, text string) error {
	if old == nil {
		return safefile.Replace(target, safefile.Private, []byte(text))
	}
	file, err := os.OpenFile(target, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	file.Close()
	return safefile.ReplaceLike(old, target, []byte(text))
}
