package doctor

import "io/fs"

// hasModes tells whether the modes of files mean anything here: access lists stand in their place.
const hasModes = false

func isOurs(fs.FileInfo) bool { return true }
