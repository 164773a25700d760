package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
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

// checkConfigFile tells when the settings file holds secrets that are in force, and others may read it. That is said and not refused: such a file
// is as often for everybody, because most settings are no secrets.
func (c *Config) checkConfigFile() error {
	secrets := c.secretsInFile()
	if len(secrets) == 0 {
		return nil
	}
	info, err := os.Stat(c.ConfigFile)
	if err == nil {
		err = checkReaders(c.ConfigFile, info, os.Geteuid())
	}
	if err != nil {
		return fmt.Errorf("it holds %s: %w", strings.Join(secrets, ", "), err)
	}
	return nil
}

// secretsInFile are the settings whose secrets stand in the settings file itself.
func (c *Config) secretsInFile() (keys []string) {
	for _, s := range settings() {
		if !s.hidden || c.source(s.key).rank != rankFile || find(settings(), (*setting).keyName, s.fileKey()).value(c).String() != "" {
			continue
		}
		if secret := s.value(c).Interface().(Secret).Reveal(); s.form != "URL" || holdsPassword(secret) {
			keys = append(keys, s.key)
		}
	}
	return keys
}

// holdsPassword reports whether the address of a database has a password in it, in any place that libpq knows.
func holdsPassword(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return true // nobody can tell
	}
	_, given := u.User.Password()
	return given || u.Query().Has("password") || u.Query().Has("sslpassword")
}
