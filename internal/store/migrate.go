package store

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// Migrations go forward only. Each file is a list of statements; each statement is a transaction of its own, recorded by its
// checksum, so that a start that was cut short goes on where it stopped.

//go:embed migrations/*.sql
var migrationFiles embed.FS

// step is one statement of the schema's history.
type step struct {
	file      string
	number    int64
	statement string
}

func (s step) checksum() string {
	sum := sha256.Sum256([]byte(s.statement))
	return hex.EncodeToString(sum[:])
}

func migrationSteps() ([]step, error) {
	files, err := fs.Glob(migrationFiles, "migrations/*.sql") // sorted by name, which begins with the number
	if err != nil {
		return nil, err
	}
	var steps []step
	for _, file := range files {
		text, err := migrationFiles.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for i, statement := range strings.Split(strings.TrimSpace(string(text)), ";\n") {
			steps = append(steps, step{
				file:      strings.TrimPrefix(file, "migrations/"),
				number:    int64(i),
				statement: strings.TrimSuffix(strings.TrimSpace(statement), ";"),
			})
		}
	}
	return steps, nil
}

const createMigrationTable = `CREATE TABLE IF NOT EXISTS migration (
	file TEXT NOT NULL, step BIGINT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL,
	PRIMARY KEY (file, step))`

func migrate(c *conn, now time.Time) error {
	steps, err := migrationSteps()
	if err != nil {
		return err
	}
	if err := begin(c); err != nil {
		return err
	}
	applied, err := appliedSteps(c)
	if err := endWith(c, err); err != nil {
		return err
	}
	for _, s := range steps {
		if err := applyStep(c, s, applied, now); err != nil {
			return fmt.Errorf("migration %s, statement %d: %w", s.file, s.number+1, err)
		}
	}
	if len(applied) > len(steps) {
		return fmt.Errorf("the database was written by a newer sallyport: it knows %d migration statements, this program %d",
			len(applied), len(steps))
	}
	return nil
}

func appliedSteps(c *conn) (map[string]string, error) {
	applied := map[string]string{}
	if err := c.do(createMigrationTable); err != nil {
		return nil, err
	}
	err := c.query(`SELECT file, step, checksum FROM migration`, nil, func(r row) error {
		applied[stepKey(r.text(0), r.int(1))] = r.text(2)
		return nil
	})
	return applied, err
}

func applyStep(c *conn, s step, applied map[string]string, now time.Time) error {
	if checksum, found := applied[stepKey(s.file, s.number)]; found {
		return s.compare(checksum)
	}
	if err := begin(c); err != nil {
		return err
	}
	return endWith(c, s.apply(c, now))
}

// apply runs the statement and records it, unless another process that started at the same time was first.
func (s step) apply(c *conn, now time.Time) error {
	first := ""
	err := c.query(`SELECT checksum FROM migration WHERE file = $1 AND step = $2`, []any{s.file, s.number}, func(r row) error {
		first = r.text(0)
		return nil
	})
	if err != nil {
		return err
	}
	if first != "" {
		return s.compare(first)
	}
	if err := c.do(definition(s.statement)); err != nil {
		return err
	}
	_, err = c.exec(`INSERT INTO migration (file, step, checksum, applied_at) VALUES ($1, $2, $3, $4)`,
		[]any{s.file, s.number, s.checksum(), now.UnixMilli()})
	return err
}

// compare holds the statement against what was applied under its number.
func (s step) compare(checksum string) error {
	if checksum != s.checksum() {
		return errors.New("the statement changed after it was applied")
	}
	return nil
}

// endWith commits, or rolls back and returns the error.
func endWith(c *conn, err error) error {
	if err != nil {
		c.do("ROLLBACK")
		return err
	}
	return c.do("COMMIT")
}

func stepKey(file string, number int64) string { return fmt.Sprintf("%s#%d", file, number) }
