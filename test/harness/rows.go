package harness

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"sallyport/internal/testdb"
)

// Rows runs a statement on the rows that belong to a data folder, beside the server, and returns what it answers as texts. Values are bound
// as $1 and so on. Nodes hear of what it changes, within a second.
func Rows(t testing.TB, data, statement string, values ...any) [][]string {
	t.Helper()
	run := rowsOfFile
	place := filepath.Join(data, "sallyport.db")
	if database := testdb.URL(t, data); database != "" {
		run, place = rowsOfPostgres, database
	}
	rows, err := run(place, statement, values)
	if table := changedTable.FindStringSubmatch(statement); err == nil && table != nil && testdb.OnPostgreSQL() {
		_, err = run(place, `INSERT INTO change (change_id, about, made_at)
			VALUES (md5(random()::text), $1, CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT))`, []any{table[1]})
	}
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return rows
}

var changedTable = regexp.MustCompile(`^(?:UPDATE|DELETE FROM|INSERT INTO) (\w+)`)

// Query runs a statement on a PostgreSQL and returns what it answers as texts.
func Query(address, statement string, values ...any) ([][]string, error) {
	return rowsOfPostgres(address, statement, values)
}

func rowsOfFile(path, statement string, values []any) (rows [][]string, err error) {
	db, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	err = sqlitex.ExecuteTransient(db, strings.ReplaceAll(statement, "$", "?"), &sqlitex.ExecOptions{Args: values, ResultFunc: func(row *sqlite.Stmt) error {
		texts := make([]string, row.ColumnCount())
		for i := range texts {
			texts[i] = row.ColumnText(i)
		}
		rows = append(rows, texts)
		return nil
	}})
	return rows, err
}

func rowsOfPostgres(address, statement string, values []any) (rows [][]string, err error) {
	ctx := context.Background()
	config, err := pgx.ParseConfig(withoutPool(address))
	if err != nil {
		return nil, err
	}
	db, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	defer db.Close(ctx)
	answer, err := db.Query(ctx, statement, values...)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	for answer.Next() {
		values, err := answer.Values()
		if err != nil {
			return nil, err
		}
		texts := make([]string, len(values))
		for i, value := range values {
			texts[i] = fmt.Sprint(value)
		}
		rows = append(rows, texts)
	}
	return rows, answer.Err()
}

// withoutPool is an address without what only a pool understands.
func withoutPool(address string) string {
	before, query, _ := strings.Cut(address, "?")
	var kept []string
	for _, parameter := range strings.Split(query, "&") {
		if !strings.HasPrefix(parameter, "pool_") {
			kept = append(kept, parameter)
		}
	}
	return before + "?" + strings.Join(kept, "&")
}
