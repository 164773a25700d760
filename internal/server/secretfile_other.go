//go:build !unix

package server

import "io/fs"

// ownerOf knows nothing: modes do not say here who may read a file.
func ownerOf(fs.FileInfo, int) (own, root, known bool) { return false, false, false }
