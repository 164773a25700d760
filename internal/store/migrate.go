package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Migrations go forward only. Each file is a list of statements; each statement is a transaction of its own, recorded by its
// checksum, so that a start that was cut short goes on where it stopped, and nodes that start together do each step once.
//
// Nodes of two releases may run over one database while it is upgraded, so a file either adds (the older release works on), or takes away
// what no program uses any more that knows the file. The latter begins with the line "-- contract": a program that does not know it refuses
// to start from then on.

//go:embed migrations/*.sql
var migrationFiles embed.FS

// step is one statement of the schema's history.
type step struct {
	file      string
	number    int64
	statement string
	contract  bool // it takes something away that programs without this file need
}

func (s step) key() string { return fmt.Sprintf("%s#%d", s.file, s.number) }

func (s step) checksum() string {
	sum := sha256.Sum256([]byte(s.statement))
	return hex.EncodeToString(sum[:])
}

func migrationSteps(files fs.FS) ([]step, error) {
	names, err := fs.Glob(files, "migrations/*.sql") // sorted by name, which begins with the number
	if err != nil {
		return nil, err
	}
	var steps []step
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		statements, contract := strings.CutPrefix(strings.TrimSpace(string(text)), contractLine)
		for i, statement := range strings.Split(statements, ";\n") {
			steps = append(steps, step{
				file:      strings.TrimPrefix(name, "migrations/"),
				contract:  contract,
				number:    int64(i),
				statement: strings.TrimSuffix(strings.TrimSpace(statement), ";"),
			})
		}
	}
	return steps, nil
}

const (
	createMigrationTable = `CREATE TABLE IF NOT EXISTS migration (
	file TEXT NOT NULL, step BIGINT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL,
	PRIMARY KEY (file, step))`

	// requiredFile names the row of the table of migrations that says, in place of a checksum, which file a program has to know.
	requiredFile = "required"
	contractLine = "-- contract\n"
)

// migrate applies what this program knows and the database does not have.
func (s *Store) migrate() error {
	steps, err := migrationSteps(migrationFiles)
	if err != nil {
		return err
	}
	return s.migrateTo(steps)
}

func (s *Store) migrateTo(steps []step) error {
	ctx := context.Background()
	var applied map[string]string
	err := s.Update(ctx, func(tx *Tx) (err error) {
		if _, err := tx.exec(s.definition(createMigrationTable)); err != nil {
			return err
		}
		applied, err = tx.appliedSteps()
		return err
	})
	if err != nil {
		return err
	}
	if err := checkRequired(steps, applied); err != nil {
		return err
	}
	for _, step := range steps {
		if checksum, found := applied[step.key()]; found {
			err = step.compare(checksum)
		} else {
			err = s.applyStep(ctx, step)
		}
		if waits := new(errWaits); errors.As(err, &waits) {
			s.log.Warn("a change of the database waits for a node of an older release to end: the next start makes it, and so does `sallyport migrate`",
				"migration", step.file, "node", waits.node.String())
			continue
		}
		if err != nil {
			return fmt.Errorf("migration %s, statement %d: %w", step.file, step.number+1, err)
		}
	}
	return nil
}

// checkRequired refuses a database from which something was taken away that this program still needs.
func checkRequired(steps []step, applied map[string]string) error {
	required := applied[step{file: requiredFile}.key()]
	if required == "" {
		return nil
	}
	for _, step := range steps {
		if step.file == required {
			return nil
		}
	}
	return fmt.Errorf("the database was changed by a newer sallyport in a way that this program does not know (%s): run the newer one", required)
}

// appliedSteps is what was applied, with the checksum of each.
func (tx *Tx) appliedSteps() (map[string]string, error) {
	applied := map[string]string{}
	err := tx.query(`SELECT file, step, checksum FROM migration`, nil, func(r row) error {
		applied[step{file: r.text(0), number: r.int(1)}.key()] = r.text(2)
		return nil
	})
	return applied, err
}

// errWaits keeps a step from a database that a node uses which does not know it.
type errWaits struct{ node Node }

func (e *errWaits) Error() string {
	return fmt.Sprintf("the node %s runs an older release: end it first", e.node)
}

// applyStep runs a statement in a transaction of its own. One that takes something away waits for nodes that do not know of it: it returns
// errWaits. A node that starts at the same time finds that it is too old (Join), because one of the two transactions comes first.
func (s *Store) applyStep(ctx context.Context, step step) error {
	now := int64(0)
	if step.contract {
		var err error
		if now, err = s.now(ctx); err != nil {
			return err
		}
	}
	return s.Update(ctx, func(tx *Tx) error {
		if now != 0 {
			if err := tx.awaitNodes(step, s.tables(), now); err != nil {
				return err
			}
		}
		return tx.applyStep(step, s.definition(step.statement))
	})
}

// awaitNodes returns errWaits when a node lives that does not know the step. A database without a table of nodes has none.
func (tx *Tx) awaitNodes(step step, tables string, now int64) error {
	there, err := list(tx, func(r row) string { return r.text(0) }, tables)
	if err != nil || !slices.Contains(there, "node") {
		return err
	}
	nodes, err := tx.nodes()
	if err != nil {
		return err
	}
	for _, node := range nodes {
		if node.Live(now) && node.NewestMigration < step.file {
			return &errWaits{node}
		}
	}
	return nil
}

// applyStep runs the statement and records it, unless another process that started at the same time was first.
func (tx *Tx) applyStep(s step, definition string) error {
	first := ""
	_, err := tx.one(`SELECT checksum FROM migration WHERE file = $1 AND step = $2`, func(r row) { first = r.text(0) }, s.file, s.number)
	if err != nil {
		return err
	}
	if first != "" {
		return s.compare(first)
	}
	tx.hearing = nil // no node has to hear of it: what it adds or takes away none of them reads
	if err := tx.recordStep(s.file, s.number, s.checksum()); err != nil {
		return err
	}
	if s.contract {
		if err := tx.recordStep(requiredFile, 0, s.file); err != nil {
			return err
		}
	}
	_, err = tx.exec(definition)
	return err
}

func (tx *Tx) recordStep(file string, number int64, checksum string) error {
	_, err := tx.exec(`INSERT INTO migration (file, step, checksum, applied_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (file, step) DO UPDATE SET checksum = excluded.checksum, applied_at = excluded.applied_at`,
		file, number, checksum, tx.Millis())
	return err
}

// compare holds the statement against what was applied under its number.
func (s step) compare(checksum string) error {
	if checksum != s.checksum() {
		return errors.New("the statement changed after it was applied")
	}
	return nil
}
