package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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

	contractLine = "-- contract\n"
)

// Some rows of the table of migrations are notes about the database as a whole: a text in place of a checksum, under the name of no file.
const (
	requiredFile = "required" // which file a program has to know
	copyNote     = "copy"     // how far a copy into this database has come: it is not whole
	backupNote   = "backup"   // what this backup is of, as JSON
	restoreNote  = "restored" // from which backup, and when, the database was restored
)

// migrate applies what this program knows and the database does not have.
func (s *Store) migrate(wanted migrating) error {
	steps, err := migrationSteps(migrationFiles)
	if err != nil {
		return err
	}
	applied, err := s.readMigrations(context.Background())
	if err != nil {
		return err
	}
	if _, copying := applied[step{file: copyNote}.key()]; copying {
		return errUnfinishedCopy
	}
	_, err = s.apply(context.Background(), steps, applied, wanted)
	return err
}

// errUnfinishedCopy keeps programs from a database that lacks rows.
var errUnfinishedCopy = errors.New("the database holds an unfinished copy: run the command that began it again, it goes on where it stopped")

// migrating is what may be done about steps that are pending.
type migrating int

const (
	applyAll    migrating = iota
	applyAdding           // what takes something away waits
	applyNone             // nothing may be pending that adds
)

func (s *Store) migrateTo(steps []step) error {
	applied, err := s.readMigrations(context.Background())
	if err == nil {
		_, err = s.apply(context.Background(), steps, applied, applyAll)
	}
	return err
}

// readMigrations returns what was applied to the database, and the notes about it. It makes the table of migrations of a new one.
func (s *Store) readMigrations(ctx context.Context) (applied map[string]string, err error) {
	err = s.Update(ctx, func(tx *Tx) (err error) {
		if _, err := tx.exec(s.definition(createMigrationTable)); err != nil {
			return err
		}
		applied, err = tx.appliedSteps()
		return err
	})
	return applied, err
}

// apply applies the steps that were not, and returns them.
func (s *Store) apply(ctx context.Context, steps []step, applied map[string]string, wanted migrating) (done []step, err error) {
	if err := checkRequired(steps, applied); err != nil {
		return nil, err
	}
	for _, step := range steps {
		checksum, found := applied[step.key()]
		switch {
		case found:
			err = step.compare(checksum)
		case step.contract && wanted != applyAll:
			continue
		case wanted == applyNone:
			return nil, fmt.Errorf("the database lacks %s, and may not be changed at the start (migrate: false): run `sallyport migrate` first", step.file)
		default:
			if err = s.applyStep(ctx, step); err == nil {
				done = append(done, step)
			}
		}
		if waits := new(errWaits); errors.As(err, &waits) {
			s.log.Warn("a change of the database waits for a node of an older release to end: the next start makes it, and so does `sallyport migrate`",
				"migration", step.file, "node", waits.node.String())
			continue
		}
		if err != nil {
			return done, fmt.Errorf("migration %s, statement %d: %w", step.file, step.number+1, err)
		}
	}
	return done, nil
}

// Migration is a file of the schema's history, and how much of it the database has.
type Migration struct {
	File       string
	Contract   bool  // it takes something away: older programs do not run on the database any more
	Statements int   // 0 for a file that a newer program brought
	Applied    int   // of them
	AppliedAt  int64 // the last of them; 0 for none
}

// Pending reports whether statements of the file are still to be applied.
func (m Migration) Pending() bool { return m.Applied < m.Statements }

// Migrations returns the files that this program knows and those that the database has, by name.
func (s *Store) Migrations(ctx context.Context) ([]Migration, error) {
	steps, err := migrationSteps(migrationFiles)
	if err != nil {
		return nil, err
	}
	byFile := map[string]*Migration{}
	for _, step := range steps {
		if byFile[step.file] == nil {
			byFile[step.file] = &Migration{File: step.file, Contract: step.contract}
		}
		byFile[step.file].Statements++
	}
	history, err := s.readHistory(ctx)
	for _, done := range history {
		m := byFile[done.File]
		if m == nil {
			m = &Migration{File: done.File}
			byFile[m.File] = m
		}
		m.Applied++
		m.AppliedAt = max(m.AppliedAt, done.AppliedAt)
	}
	if err != nil {
		return nil, err
	}
	var all []Migration
	for _, file := range slices.Sorted(maps.Keys(byFile)) {
		all = append(all, *byFile[file])
	}
	return all, nil
}

// readHistory returns file and moment of each statement that was applied. A new database has none.
func (s *Store) readHistory(ctx context.Context) (done []Migration, err error) {
	err = s.View(ctx, func(tx *Tx) error {
		tables, err := list(tx, func(r row) string { return r.text(0) }, s.tables())
		if err != nil || !slices.Contains(tables, "migration") {
			return err
		}
		done, err = list(tx, func(r row) Migration { return Migration{File: r.text(0), AppliedAt: r.int(1)} },
			`SELECT file, applied_at FROM migration WHERE file NOT IN ($1, $2, $3, $4)`, requiredFile, copyNote, backupNote, restoreNote)
		return err
	})
	return done, err
}

// Migrate applies what is pending, or of that what adds, and returns the files of which it applied something.
func (s *Store) Migrate(ctx context.Context, addingOnly bool) (files []string, err error) {
	steps, err := migrationSteps(migrationFiles)
	if err != nil {
		return nil, err
	}
	applied, err := s.readMigrations(ctx)
	if err != nil {
		return nil, err
	}
	if _, copying := applied[step{file: copyNote}.key()]; copying {
		return nil, errUnfinishedCopy
	}
	wanted := applyAll
	if addingOnly {
		wanted = applyAdding
	}
	done, err := s.apply(ctx, steps, applied, wanted)
	for _, step := range done {
		if !slices.Contains(files, step.file) {
			files = append(files, step.file)
		}
	}
	return files, err
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

// awaitNodes returns errWaits when a node lives that does not know the step.
func (tx *Tx) awaitNodes(step step, tables string, now int64) error {
	nodes, err := tx.nodes(tables)
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

// note returns one of the notes about the database as a whole.
func (tx *Tx) note(name string) (text string, at int64, found bool, err error) {
	found, err = tx.one(`SELECT checksum, applied_at FROM migration WHERE file = $1 AND step = 0`,
		func(r row) { text, at = r.text(0), r.int(1) }, name)
	return text, at, found, err
}

// setNote writes a note in place of an earlier one.
func (tx *Tx) setNote(name, text string) error { return tx.recordStep(name, 0, text) }

func (tx *Tx) recordStep(file string, number int64, checksum string) error {
	return tx.recordAt(file, number, checksum, tx.Millis())
}

// recordAt writes what was done at another moment than now.
func (tx *Tx) recordAt(file string, number int64, checksum string, at int64) error {
	_, err := tx.exec(`INSERT INTO migration (file, step, checksum, applied_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (file, step) DO UPDATE SET checksum = excluded.checksum, applied_at = excluded.applied_at`,
		file, number, checksum, at)
	return err
}

// compare holds the statement against what was applied under its number.
func (s step) compare(checksum string) error {
	if checksum != s.checksum() {
		return errors.New("the statement changed after it was applied")
	}
	return nil
}
