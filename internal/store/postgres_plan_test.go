package store

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"sallyport/internal/testdb"
)

// rowsToPlanBy is how many rows a table gets: enough that reading all of them costs more than finding some.
const rowsToPlanBy = 3000

// few are the tables that have a handful of rows.
var few = map[string]bool{"change": true, "instance": true, "migration": true, "node": true, "note": true, "sealing_key": true}

// postgresScans are what reads whole tables on PostgreSQL and not on SQLite.
var postgresScans = map[string]string{
	"DeleteAccountInstance": "an account gives up its instance once, if ever",
}

// What is asked by a key must not read a whole table on PostgreSQL either. It costs more than time there: a serializable transaction that has
// read a whole index is in the way of all who write to the table. PostgreSQL plans by what tables hold, so they are filled first.
func TestPostgreSQLReadsNoWholeTableForAKey(t *testing.T) {
	if !testdb.OnPostgreSQL() {
		return
	}
	options := options(t, t.TempDir())
	options.Rehearse = false
	s, planner := openWith(t, options), connectTo(t, options.Database)
	fillTables(t, planner)
	methods, checked := reflect.TypeFor[*Tx](), 0
	for i := range methods.NumMethod() {
		method := methods.Method(i)
		if method.Type.NumIn() == 1 || scans[method.Name] != "" || postgresScans[method.Name] != "" {
			continue
		}
		if method.Type.In(1).Kind() == reflect.Func { // its statements are those of other methods
			continue
		}
		for _, statement := range statementsOf(t, s, method) {
			checked++
			for _, scan := range wholeScans(t, planner, statement) {
				t.Errorf("%s: %s\n%s", method.Name, scan, statement)
			}
		}
	}
	if checked < 150 {
		t.Errorf("%d statements: the test looks in the wrong place", checked)
	}
}

// connectTo opens a connection beside the store's.
func connectTo(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	address, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	query := address.Query()
	query.Del("pool_max_conns")
	for name, value := range sessionSettings {
		query.Set(name, value)
	}
	query.Set("plan_cache_mode", "force_generic_plan")
	query.Set("default_query_exec_mode", "simple_protocol")
	address.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	connection, err := pgx.Connect(t.Context(), address.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close(context.Background()) })
	return connection
}

// fillTables makes rows that differ in everything, except where the schema has a value for those who give none: most rows have that.
func fillTables(t *testing.T, connection *pgx.Conn) {
	t.Helper()
	rows, _ := connection.Query(t.Context(), `SELECT table_name, string_agg(CASE WHEN column_default <> '' THEN column_default
			WHEN data_type = 'bigint' THEN 'i' ELSE 'md5(i::text)' END, ', ' ORDER BY ordinal_position)
		FROM information_schema.columns WHERE table_schema = current_schema() GROUP BY table_name`)
	tables, table, values := map[string]string{}, "", ""
	if _, err := pgx.ForEachRow(rows, []any{&table, &values}, func() error { tables[table] = values; return nil }); err != nil {
		t.Fatal(err)
	}
	for table, values := range tables {
		if few[table] {
			continue
		}
		fill := fmt.Sprintf("INSERT INTO %s SELECT %s FROM generate_series(1, %d) i ON CONFLICT DO NOTHING", table, values, rowsToPlanBy)
		if _, err := connection.Exec(t.Context(), fill); err != nil {
			t.Fatalf("%s: %v", fill, err)
		}
	}
	if _, err := connection.Exec(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
}

// statementsOf are the statements of a method, called with whatever is empty.
func statementsOf(t *testing.T, s *Store, method reflect.Method) (statements []string) {
	t.Helper()
	called := false
	err := s.Update(t.Context(), func(tx *Tx) error {
		session := tx.c.(*postgresSession)
		if _, err := session.connection.Exec(noContext, "DEALLOCATE ALL").ReadAll(); err != nil {
			return err
		}
		session.prepared = map[string]*pgconn.StatementDescription{}
		session.connection.CustomData()[preparedStatements] = session.prepared
		arguments := []reflect.Value{reflect.ValueOf(tx)}
		for n := 1; n < method.Type.NumIn(); n++ {
			arguments = append(arguments, reflect.Zero(method.Type.In(n)))
		}
		method.Func.Call(arguments)
		statements, called = slices.Sorted(maps.Keys(session.prepared)), true
		return errSeen
	})
	if !called { // what came of it does not matter
		t.Fatal(method.Name, err)
	}
	return statements
}

// wholeScans are the steps of a statement's plan that read a table or an index without a condition.
func wholeScans(t *testing.T, planner *pgx.Conn, statement string) (found []string) {
	t.Helper()
	if verb, _, _ := strings.Cut(statement, " "); verb != "SELECT" && verb != "UPDATE" && verb != "DELETE" {
		return nil
	}
	if _, err := planner.Exec(t.Context(), "PREPARE asked AS "+statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	explain := "EXPLAIN EXECUTE asked"
	for n := 1; strings.Contains(statement, fmt.Sprint("$", n)); n++ {
		explain += map[bool]string{true: "(NULL", false: ", NULL"}[n == 1]
	}
	if strings.Contains(explain, "(") {
		explain += ")"
	}
	rows, _ := planner.Query(t.Context(), explain)
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if _, err := planner.Exec(t.Context(), "DEALLOCATE asked"); err != nil {
		t.Fatal(err)
	}
	for i, step := range plan {
		reads := strings.Contains(step, "Seq Scan on ") || strings.Contains(step, "Index") && strings.Contains(step, " Scan") && strings.Contains(step, " on ")
		if !reads || i+1 < len(plan) && strings.Contains(plan[i+1], "Index Cond:") {
			continue
		}
		_, of, _ := strings.Cut(step, " on ")
		if table, _, _ := strings.Cut(of, " "); !few[table] {
			found = append(found, strings.TrimSpace(step))
		}
	}
	return found
}

// Two sessions are ended at the same moment, among others. Neither transaction is in the way of the other.
func TestSessionsAreEndedBesideEachOther(t *testing.T) {
	if !testdb.OnPostgreSQL() {
		return // where one writes at a time
	}
	options := options(t, t.TempDir())
	options.Rehearse = false
	s := openWith(t, options)
	update(t, s, func(tx *Tx) error {
		for i := range 100 {
			if err := tx.AddSession(Session{SessionID: fmt.Sprintf("s%02d", i), UserID: "u", EndsAt: tx.Millis() + 1}); err != nil {
				return err
			}
		}
		return nil
	})
	ids := []string{"s10", "s90"}
	ran := make([]int, len(ids))
	var both, done sync.WaitGroup
	both.Add(len(ids))
	for i, id := range ids {
		done.Go(func() {
			err := s.Update(t.Context(), func(tx *Tx) error {
				_, err := tx.RevokeSession(id, "why")
				if ran[i]++; ran[i] == 1 {
					both.Done()
				}
				both.Wait()
				return err
			})
			if err != nil || ran[i] != 1 {
				t.Errorf("%s: ran %d times: %v", id, ran[i], err)
			}
		})
	}
	done.Wait()
}
