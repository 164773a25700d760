//go:build !windows

package doctor

import (
	"io/fs"
	"os"
	"syscall"
)

// hasModes tells whether the modes of files mean anything here.
const hasModes = true

// isOurs reports whether a file belongs to whoever runs the command.
func isOurs(info fs.FileInfo) bool {
	stat, known := info.Sys().(*syscall.Stat_t)
	return !known || int(stat.Uid) == os.Getuid()
}
