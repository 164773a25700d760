package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The SQL is written once for two databases. This test holds every statement against the words that both share, and against the
// words that would bind the rows to one of them.

var (
	isSQL = regexp.MustCompile(`^\(?\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|WITH|PRAGMA|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|TRUNCATE|LOCK|VACUUM)\b[^:]`)

	verb = regexp.MustCompile(`^\(?(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b`)

	forbidden = map[string]*regexp.Regexp{
		"numbers that the database draws":        regexp.MustCompile(`(?i)\b(AUTOINCREMENT|AUTO_INCREMENT|(BIG|SMALL)?SERIAL|SEQUENCE|NEXTVAL|IDENTITY|ROWID|LAST_INSERT_ROWID)\b`),
		"foreign keys":                           regexp.MustCompile(`(?i)\b(FOREIGN\s+KEY|REFERENCES)\b`),
		"triggers and procedures":                regexp.MustCompile(`(?i)\b(TRIGGER|PROCEDURE|FUNCTION|PLPGSQL|LANGUAGE)\b`),
		"temporary tables":                       regexp.MustCompile(`(?i)\bTEMP(ORARY)?\b`),
		"savepoints and locks":                   regexp.MustCompile(`(?i)\b(SAVEPOINT|PG_ADVISORY\w*|LOCK|FOR\s+(UPDATE|SHARE)|SKIP\s+LOCKED|NOWAIT)\b`),
		"whole tables emptied":                   regexp.MustCompile(`(?i)\bTRUNCATE\b`),
		"orders and comparisons of one database": regexp.MustCompile(`(?i)\b(NOCASE|COLLATE|ILIKE|GLOB|REGEXP|NULLS\s+(FIRST|LAST))\b`),
		"upserts of SQLite":                      regexp.MustCompile(`(?i)\b(INSERT\s+OR|REPLACE\s+INTO|UPDATE\s+OR)\b`),
		"functions of one database":              regexp.MustCompile(`(?i)\b(IFNULL|NVL|DATETIME|STRFTIME|JULIANDAY|NOW|CURRENT_(TIMESTAMP|DATE|TIME)|RANDOM|GROUP_CONCAT|STRING_AGG|TO_TIMESTAMP|EXTRACT)\b\s*\(?`),
		"casts of PostgreSQL":                    regexp.MustCompile(`::`),
		"binds without a number":                 regexp.MustCompile(`\?`),
		"starred columns":                        regexp.MustCompile(`(?i)SELECT\s+(DISTINCT\s+)?(\w+\.)?\*`),
		"quoted names":                           regexp.MustCompile("[\"`\\[]"),
		"inserts that list no columns":           regexp.MustCompile(`(?i)INSERT\s+INTO\s+\w+\s+(VALUES|SELECT)`),
		"values written into the statement":      regexp.MustCompile(`=\s*'[^A-Za-z]`),
	}
)

var transactionWords = map[string]bool{"BEGIN": true, "COMMIT": true, "ROLLBACK": true}

// literals calls each for every string of the Go files below a folder, tests left out; strings that are joined are seen as one.
func literals(t *testing.T, folder string, each func(file string, position token.Position, text string)) {
	t.Helper()
	positions := token.NewFileSet()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(positions, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			expression, ok := node.(ast.Expr)
			if !ok {
				return true
			}
			text, found := joined(expression)
			if found {
				each(path, positions.Position(node.Pos()), text)
			}
			return !found
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// joined returns a string literal, or the literals of a sum, in which a name stands for whatever it holds.
func joined(expression ast.Expr) (string, bool) {
	switch e := expression.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, isLeft := joined(e.X)
		right, isRight := joined(e.Y)
		return left + right, e.Op == token.ADD && (isLeft || isRight)
	}
	return "", false
}

func TestStatementsUseTheWordsThatBothDatabasesShare(t *testing.T) {
	statements := 0
	check := func(where, text string) {
		statements++
		for what, pattern := range forbidden {
			if found := pattern.FindString(text); found != "" {
				t.Errorf("%s: %q: %s are not portable", where, found, what)
			}
		}
	}
	literals(t, ".", func(file string, position token.Position, text string) {
		// Where the databases differ, each has its own words.
		if strings.HasPrefix(file, "sqlite") || strings.HasPrefix(file, "postgres") || transactionWords[text] || !isSQL.MatchString(text) && !strings.Contains(text, "\n\t") {
			return
		}
		if file != "migrate.go" && isSQL.MatchString(text) && !verb.MatchString(text) {
			t.Errorf("%s: statements begin with SELECT, INSERT INTO, UPDATE or DELETE FROM: %q", position, text)
		}
		check(position.String(), text)
	})
	if statements < 50 {
		t.Errorf("the test found %d statements: it looks in the wrong place", statements)
	}
	steps, err := migrationSteps(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		check(step.file+": "+firstLine(step.statement), step.statement)
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

var (
	tableForm  = regexp.MustCompile(`^CREATE TABLE [a-z_]+ \(\n((?:\t[a-z0-9_]+ (?:TEXT|BIGINT) NOT NULL(?: PRIMARY KEY)?,?\n)+)(\tPRIMARY KEY \([a-z0-9_, ]+\)\n)?\)$`)
	indexForm  = regexp.MustCompile(`^CREATE (UNIQUE )?INDEX [a-z_]+ ON [a-z_]+ \([a-z0-9_, ]+\)$`)
	primaryKey = regexp.MustCompile(`PRIMARY KEY`)

	// What a later migration may do to the tables of an earlier one. A new column has a value in the rows that are there already.
	columnForm = regexp.MustCompile(`^ALTER TABLE [a-z_]+ ADD COLUMN [a-z0-9_]+ (?:TEXT NOT NULL DEFAULT '[A-Za-z]*'|BIGINT NOT NULL DEFAULT [0-9]+)$`)
	fillForm   = regexp.MustCompile(`^(?:INSERT INTO [a-z_]+ \([a-z0-9_, ]+\)\s+SELECT |UPDATE [a-z_]+ SET )`)
	dropForm   = regexp.MustCompile(`^DROP INDEX [a-z_]+$`)
)

func TestTheSchemaHasTablesWithOneKeyAndPlainIndexesOnly(t *testing.T) {
	steps, err := migrationSteps(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	first := steps[0].file
	for _, step := range steps {
		switch {
		case step.file > first && (columnForm.MatchString(step.statement) || fillForm.MatchString(step.statement) || dropForm.MatchString(step.statement)):
		case tableForm.MatchString(step.statement):
			if n := len(primaryKey.FindAllString(step.statement, -1)); n != 1 {
				t.Errorf("%s has %d primary keys, want 1", firstLine(step.statement), n)
			}
		case indexForm.MatchString(step.statement): // no WHERE: the one database plans partial indexes where the other does not
		default:
			t.Errorf("statement %d of %s is neither a table of TEXT and BIGINT columns nor a plain index, nor a column or values for a table of an earlier file: %s", step.number, step.file, step.statement)
		}
	}
}

func TestNoStatementStandsOutsideTheStore(t *testing.T) {
	statement := regexp.MustCompile(`(?i)^\s*(SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+(TABLE|INDEX)\s|PRAGMA\s)`)
	literals(t, "..", func(file string, position token.Position, text string) {
		if !strings.HasPrefix(filepath.ToSlash(file), "../store/") && statement.MatchString(text) {
			t.Errorf("%s: SQL outside the store: %q", position, text)
		}
	})
}

// SQLite 3.7.0 to 3.51.2 could damage a WAL database when a checkpoint met a writer in another process.
func TestTheLinkedSQLiteIsPastTheDamageToWALDatabases(t *testing.T) {
	s := openFile(t)
	version := view(t, s, func(tx *Tx) (version string, err error) {
		_, err = tx.one(`SELECT sqlite_version()`, func(r row) { version = r.text(0) })
		return version, err
	})
	var numbers []int
	for part := range strings.SplitSeq(version, ".") {
		number, err := strconv.Atoi(part)
		if err != nil {
			t.Fatal(version)
		}
		numbers = append(numbers, number)
	}
	if len(numbers) != 3 || numbers[0]*1_000_000+numbers[1]*1_000+numbers[2] < 3_051_003 {
		t.Errorf("SQLite %s is linked, want 3.51.3 or later", version)
	}
}
