package autoprompt

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sallyport/internal/outline"
)

// maxEntries bounds what is read of a folder: completion must not hang on one with a million files.
const maxEntries = 2000

// listing returns the names in a folder, those of folders with a slash at the end. What cannot be read has none.
type listing func(folder string) []string

// lister lists folders of this machine; a path that begins with ~/ is under home.
func lister(home string) listing {
	return func(folder string) []string {
		if rest, under := strings.CutPrefix(folder, "~/"); under && home != "" {
			folder = filepath.Join(home, rest)
		}
		if folder == "" {
			folder = "."
		}
		return readFolder(folder)
	}
}

func readFolder(folder string) []string {
	opened, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer opened.Close()
	entries, err := opened.ReadDir(maxEntries)
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		name := entry.Name()
		if isFolder(folder, entry) {
			name += "/"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// isFolder tells whether an entry is a folder or a link to one.
func isFolder(within string, entry os.DirEntry) bool {
	if entry.Type()&os.ModeSymlink == 0 {
		return entry.IsDir()
	}
	info, err := os.Stat(filepath.Join(within, entry.Name()))
	return err == nil && info.IsDir()
}

// paths completes a path: the whole value of an option that takes one, otherwise what follows file:// or fileb://. Hidden files are offered
// when a dot was typed.
func paths(isPath bool, typed string, list listing) []string {
	scheme := outline.Scheme(typed)
	if scheme == "" && !isPath {
		return nil
	}
	path := typed[len(scheme):]
	slash := strings.LastIndexByte(path, '/') + 1
	folder, begin := path[:slash], path[slash:]
	var found []string
	for _, name := range list(folder) {
		if strings.HasPrefix(name, begin) && (begin != "" || name[0] != '.') {
			found = append(found, scheme+folder+name)
		}
	}
	return found
}
