// Package testdb says on which database a test keeps its rows: SQLite in the test's folder, or, where TEST_DATABASE names a
// PostgreSQL, a schema there that stands for the folder. Nothing but tests imports it.
package testdb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Variable is the environment variable with the address of the PostgreSQL for tests.
const Variable = "TEST_DATABASE"

// OnPostgreSQL reports whether tests keep their rows on PostgreSQL.
func OnPostgreSQL() bool { return os.Getenv(Variable) != "" }

// Rehearse is what store.Options.Rehearse has to be: with TEST_REHEARSE in the environment every transaction runs twice.
func Rehearse() bool { return os.Getenv("TEST_REHEARSE") != "" }

var (
	making sync.Mutex
	made   = map[string]bool{} // the folders that have a schema
)

// URL is what store.Options.Database has to be for a store in the folder: the same for the same folder, so that what one store kept
// another finds, and empty for SQLite. The rows are gone when the test has ended.
func URL(t testing.TB, folder string) string {
	t.Helper()
	if !OnPostgreSQL() {
		return ""
	}
	address, err := url.Parse(os.Getenv(Variable))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(folder))
	schema := "t_" + hex.EncodeToString(sum[:8])
	making.Lock()
	defer making.Unlock()
	if !made[folder] {
		run(t, "CREATE SCHEMA "+schema)
		made[folder] = true
		t.Cleanup(func() {
			making.Lock()
			defer making.Unlock()
			run(t, "DROP SCHEMA "+schema+" CASCADE")
			delete(made, folder)
		})
	}
	query := address.Query()
	query.Set("search_path", schema)
	query.Set("pool_max_conns", "6") // many tests share one server
	// In addresses of databases a plus is a plus.
	address.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	return address.String()
}

func run(t testing.TB, statement string) {
	t.Helper()
	ctx := context.Background()
	connection, err := pgx.Connect(ctx, os.Getenv(Variable))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(ctx)
	if _, err := connection.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}
