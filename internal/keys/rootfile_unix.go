//go:build unix

package keys

import "io/fs"

// readableByOthers reports whether others than its owner may read, or change, a file.
func readableByOthers(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }
