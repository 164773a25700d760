package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sallyport/internal/command"
	"sallyport/internal/ssocache"
)

// This file is the folder of cached sign-ins. Nothing in it is removed: what cannot be read gets another name.

const (
	safeFile   = 0o600
	safeFolder = 0o700
	others     = 0o077 // the bits of whoever is not the owner

	setAside     = ".broken" // is added to the name of a file that nobody can read
	unfinished   = ".tmp"
	unfinishedBy = time.Hour // a write takes milliseconds
	lockPatience = 5 * time.Second
	maxCacheFile = 1 << 20
)

func (p *patient) cache() ssocache.Cache { return ssocache.Open(ssocache.Dir(p.Home)) }

// cacheEntries are the files of the cache; none if it cannot be listed, of which checkCache tells.
func (p *patient) cacheEntries() []ssocache.Entry {
	entries, _ := p.cache().List()
	return entries
}

// checkCache looks at the folder and at each file.
func checkCache(ctx context.Context, p *patient) []finding {
	folder := ssocache.Dir(p.Home)
	entries, err := p.cache().List()
	if err != nil {
		return []finding{broken("%s cannot be listed: %v", folder, reasonOf(err)).by("chmod %o %s", safeFolder, quote(folder))}
	}
	if _, err := os.Stat(folder); err != nil {
		return []finding{well("%s is not there yet", folder)}
	}
	findings := p.checkMode(folder, safeFolder)
	for _, e := range entries {
		findings = append(findings, p.checkEntry(ctx, e)...)
	}
	findings = append(findings, p.checkUnfinished(folder)...)
	if findings == nil {
		findings = []finding{well("%d files in %s", len(entries), folder)}
	}
	return findings
}

// checkMode finds what others may read or write, and what is not ours.
func (p *patient) checkMode(path string, safe fs.FileMode) []finding {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return []finding{broken("%s: %v", path, reasonOf(err))}
	case info.Mode()&fs.ModeSymlink != 0:
		return nil // its place is somebody's choice
	case !isOurs(info):
		return []finding{broken("%s belongs to somebody else", path).by("sudo chown \"$USER\" %s", quote(path))}
	case !hasModes || info.Mode().Perm()&others == 0:
		return nil
	case !p.fix:
		return []finding{doubtful("%s can be read by others (mode %04o)", path, info.Mode().Perm()).by("chmod %o %s", safe, quote(path)).by("%s", p.fixCommand())}
	}
	if err := os.Chmod(path, safe); err != nil {
		return []finding{broken("%s can be read by others, and its mode cannot be changed: %v", path, reasonOf(err))}
	}
	return []finding{mended("%s: mode %04o, was %04o", path, safe, info.Mode().Perm())}
}

func (p *patient) fixCommand() string {
	return command.Program + " doctor" + p.profileOption() + " --" + optionFix
}

// checkEntry looks at one file.
func (p *patient) checkEntry(ctx context.Context, e ssocache.Entry) []finding {
	findings := p.checkMode(e.Path, safeFile)
	text, err := readBounded(e.Path)
	var members map[string]any
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return append(findings, broken("%s cannot be read: %v", e.Path, reasonOf(err)).by("chmod %o %s", safeFile, quote(e.Path)))
	case json.Unmarshal(text, &members) != nil:
		return append(findings, p.asideWith(e.Path))
	case e.Token != nil && e.Problem == "":
		findings = append(findings, p.checkTime(ctx, e, members)...)
	case e.Token != nil:
		findings = append(findings, broken("the token %s %s: programs take it for none", e.Path, e.Problem).by("%s login%s", command.Program, p.profileOption()))
	}
	return findings
}

func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxCacheFile {
		return nil, errors.New("it is too large")
	}
	return os.ReadFile(path)
}

// asideWith gives a file that is no JSON another name. Nobody can have a session in it.
func (p *patient) asideWith(path string) finding {
	if !p.fix {
		return broken("%s is not the JSON that every program expects: some stop at it", path).
			by("mv %s %s", quote(path), quote(path+setAside)).by("%s", p.fixCommand())
	}
	if err := os.Rename(path, path+setAside); err != nil {
		return broken("%s is no JSON, and cannot be renamed: %v", path, reasonOf(err))
	}
	return mended("%s was no JSON; it is now %s", path, path+setAside)
}

// timeMembers are those that SDKs read as RFC 3339. Old AWS CLIs wrote UTC in place of Z, on which the SDKs for Go and JavaScript stop.
var timeMembers = []string{"expiresAt", "registrationExpiresAt"}

// checkTime finds times that some SDK does not read, and writes the token anew, in which all else stays.
func (p *patient) checkTime(ctx context.Context, e ssocache.Entry, members map[string]any) []finding {
	name := ""
	for _, member := range timeMembers {
		text, given := members[member].(string)
		if _, err := time.Parse(time.RFC3339, text); given && err != nil {
			name = member
		}
	}
	switch {
	case name == "":
		return nil
	case !p.fix:
		return []finding{doubtful("%s of %s is not in the form that the SDKs for Go and JavaScript read", name, e.Path).by("%s", p.fixCommand())}
	}
	if err := p.rewrite(ctx, e.Key); err != nil {
		return []finding{broken("%s of %s cannot be rewritten: %v", name, e.Path, err)}
	}
	return []finding{mended("%s: %s is now in the form that every SDK reads", e.Path, name)}
}

// rewrite writes a token as it was read, under the lock of whoever refreshes it.
func (p *patient) rewrite(ctx context.Context, key string) error {
	waiting, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	unlock, err := p.cache().Lock(waiting, key)
	if err != nil {
		return err
	}
	defer unlock()
	token, err := p.cache().ReadToken(key)
	if err != nil {
		return err
	}
	return p.cache().WriteToken(key, token)
}

// checkUnfinished finds what a program left that was ended while it wrote.
func (p *patient) checkUnfinished(folder string) []finding {
	files, _ := os.ReadDir(folder)
	var findings []finding
	for _, file := range files {
		info, err := file.Info()
		if err != nil || !strings.HasSuffix(file.Name(), unfinished) || p.now().Sub(info.ModTime()) < unfinishedBy {
			continue
		}
		path := filepath.Join(folder, file.Name())
		findings = append(findings, doubtful("%s was left by a program that did not end its writing; it may hold a token", path).by("rm %s", quote(path)))
	}
	return findings
}

// reasonOf is an error of the system without the path, which the sentence has already.
func reasonOf(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}
