//go:build linux

package powercut

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// integrity asks SQLite what is wrong with a database that a cut left behind, without anybody having mended it. It must be a copy: asking recovers it.
// A folder without one is sound: the power went before it was made.
func integrity(folder string) (damage []string, err error) {
	path := filepath.Join(folder, DatabaseFiles[0])
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	db, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	err = sqlitex.ExecuteTransient(db, "PRAGMA integrity_check", &sqlitex.ExecOptions{ResultFunc: func(statement *sqlite.Stmt) error {
		if text := statement.ColumnText(0); text != "ok" {
			damage = append(damage, text)
		}
		return nil
	}})
	if err != nil {
		damage = append(damage, fmt.Sprintf("integrity_check: %v", err))
	}
	return damage, nil
}
