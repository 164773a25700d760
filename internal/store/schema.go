package store

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"sallyport/internal/sys"
)

// table is a table as the migrations make it. All columns are TEXT or BIGINT, and none is NULL, so that its rows can be read, compared and
// moved without knowing what they mean.
type table struct {
	name    string
	columns []column
	key     []string // the primary key, in its order
}

type column struct {
	name   string
	number bool // BIGINT
}

// names are the columns as statements list them.
func (t *table) names() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

// index is the place of a column among those of the table, or -1.
func (t *table) index(name string) int {
	return slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
}

// read takes the columns from the first on out of a row: strings and int64s.
func (t *table) read(r row) []any {
	values := make([]any, len(t.columns))
	for i, c := range t.columns {
		if c.number {
			values[i] = r.int(i)
		} else {
			values[i] = r.text(i)
		}
	}
	return values
}

var (
	tableStatement  = sys.Pattern(`(?s)^CREATE TABLE (\w+) \((.*)\)$`)
	columnClause    = sys.Pattern(`^(\w+) (TEXT|BIGINT) NOT NULL( PRIMARY KEY)?( DEFAULT .*)?$`)
	keyClause       = sys.Pattern(`^PRIMARY KEY \((.*)\)$`)
	columnStatement = sys.Pattern(`(?s)^ALTER TABLE (\w+) ADD COLUMN (.*)$`)
	dropStatement   = sys.Pattern(`^DROP TABLE (\w+)$`)
	lessStatement   = sys.Pattern(`^ALTER TABLE (\w+) DROP COLUMN (\w+)$`)
)

// storedTables are the tables of the program's own schema.
var storedTables = sync.OnceValue(func() map[string]bool {
	steps, err := migrationSteps(migrationFiles)
	tables, wrong := schemaOf(steps)
	if err != nil || wrong != nil {
		return nil // Open said so
	}
	stored := map[string]bool{}
	for _, t := range tables {
		stored[t.name] = true
	}
	return stored
})

// schemaOf is what the statements of the schema's history leave, in the order in which the tables were made. The table of migrations itself is
// not among them.
func schemaOf(steps []step) ([]*table, error) {
	var tables []*table
	find := func(name string) (*table, error) {
		at := slices.IndexFunc(tables, func(t *table) bool { return t.name == name })
		if at < 0 {
			return nil, fmt.Errorf("no statement makes the table %s", name)
		}
		return tables[at], nil
	}
	for _, s := range steps {
		switch made, more := tableStatement().FindStringSubmatch(s.statement), columnStatement().FindStringSubmatch(s.statement); {
		case made != nil:
			t, err := readTable(made[1], made[2])
			if err != nil {
				return nil, err
			}
			tables = append(tables, t)
		case more != nil:
			t, err := find(more[1])
			if err == nil {
				err = t.add(more[2])
			}
			if err != nil {
				return nil, err
			}
		default:
			if gone := dropStatement().FindStringSubmatch(s.statement); gone != nil {
				tables = slices.DeleteFunc(tables, func(t *table) bool { return t.name == gone[1] })
			}
			if gone := lessStatement().FindStringSubmatch(s.statement); gone != nil {
				t, err := find(gone[1])
				if err != nil {
					return nil, err
				}
				t.columns = slices.DeleteFunc(t.columns, func(c column) bool { return c.name == gone[2] })
			}
		}
	}
	return tables, nil
}

func readTable(name, clauses string) (*table, error) {
	t := &table{name: name}
	for line := range strings.Lines(clauses) {
		clause := strings.TrimSuffix(strings.TrimSpace(line), ",")
		if clause == "" {
			continue
		}
		if key := keyClause().FindStringSubmatch(clause); key != nil {
			t.key = strings.Split(key[1], ", ")
		} else if err := t.add(clause); err != nil {
			return nil, err
		}
	}
	if len(t.key) == 0 {
		return nil, fmt.Errorf("table %s has no primary key", name)
	}
	return t, nil
}

func (t *table) add(clause string) error {
	found := columnClause().FindStringSubmatch(clause)
	if found == nil {
		return fmt.Errorf("table %s: %q is no column of TEXT or BIGINT", t.name, clause)
	}
	t.columns = append(t.columns, column{name: found[1], number: found[2] == "BIGINT"})
	if found[3] != "" {
		t.key = []string{found[1]}
	}
	return nil
}
