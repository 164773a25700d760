//go:build !unix

package keys

import "io/fs"

// readableByOthers knows of nobody: modes do not say here who may read a file, and look as if everybody might.
func readableByOthers(fs.FileInfo) bool { return false }
