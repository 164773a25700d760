package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// This file reads the files that hold secrets: root keys, PINs, private keys, and addresses of databases with their passwords.

// readSecretFile returns a file's text without the line end that editors add.
func readSecretFile(path string) (string, error) {
	raw, err := readPrivate(path, maxSecretFile)
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(raw), "\r\n")
	if text == "" {
		return "", errors.New("expected a file with a secret in it, and it is empty")
	}
	return text, nil
}

// readPrivate returns what a file holds. One that others may read is refused: its secret is theirs as well.
func readPrivate(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("expected a file that can be read: %w", err)
	}
	defer file.Close()
	info, err := file.Stat() // of what was opened: orchestrators mount links, and change where they lead
	if err != nil {
		return nil, fmt.Errorf("expected a file that can be read: %w", err)
	}
	if err := checkReaders(path, info, os.Geteuid()); err != nil {
		return nil, err
	}
	raw, err := readAtMost(file, most)
	if err != nil {
		return nil, fmt.Errorf("expected a file that can be read: %w", err)
	}
	return raw, nil
}

const (
	modeOthers     fs.FileMode = 0o077               // whoever is not the owner
	modeGroupReads fs.FileMode = modeOthers &^ 0o040 // the same, but for the group's reading
)

// checkReaders refuses a file that others than the server may read. One that is not the server's own was mounted by an orchestrator, or made by an
// administrator or a program beside it: its group may read it, or the server could not. Pipes are nobody's to find.
func checkReaders(path string, info fs.FileInfo, server int) error {
	mode := info.Mode().Perm()
	own, root, known := ownerOf(info, server)
	switch {
	case !known || !info.Mode().IsRegular():
		return nil
	case own && mode&modeOthers != 0:
		return fmt.Errorf("the file %s is readable by others (mode %04o): chmod 600 it", path, mode)
	case own || mode&modeGroupReads == 0:
		return nil
	case root:
		return fmt.Errorf("the file %s is readable by others (mode %04o): chmod 640 it, or have it mounted with the mode 0440", path, mode)
	}
	return fmt.Errorf("the file %s is readable by others (mode %04o): chmod 640 it, or chown it to the server's user and chmod 600 it", path, mode)
}
