//go:build unix

package server

import (
	"io/fs"
	"syscall"
)

// superusersFile reports whether a file is the superuser's; known is false where the file system does not say whose it is.
func superusersFile(info fs.FileInfo) (superusers, known bool) {
	owned, known := info.Sys().(*syscall.Stat_t)
	return known && owned.Uid == 0, known
}
