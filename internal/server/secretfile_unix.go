//go:build unix

package server

import (
	"io/fs"
	"syscall"
)

// ownerOf reports whether a file is the superuser's, or else the server's own, which runs under the user id; known is false where the file system
// does not say whose it is.
func ownerOf(info fs.FileInfo, server int) (own, root, known bool) {
	owned, known := info.Sys().(*syscall.Stat_t)
	root = known && owned.Uid == 0
	return known && !root && int(owned.Uid) == server, root, known
}
