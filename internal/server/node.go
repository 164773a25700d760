package server

import (
	"context"
	"os"
	"runtime/debug"
)

// join makes the server one of the nodes over its database. The names of machine and program are for operators alone.
func (h *House) join(ctx context.Context) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return h.Store.Join(ctx, host, Version())
}

// Version is the version of the program's module, or the revision that it was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && info.Main.Version == "(devel)" {
			return setting.Value[:min(12, len(setting.Value))]
		}
	}
	return info.Main.Version
}
