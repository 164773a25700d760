package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sallyport/internal/sys"
)

// A backup is one SQLite file, whatever holds the database, with a note that says what it is of. Restoring is copying it into an empty
// database, in which what was single-use or could be ended is over, unless the sessions are to be kept: what was spent and ended after the
// backup was made would come back otherwise.

// Manifest is what a backup says about itself.
type Manifest struct {
	MadeAt     int64            `json:"madeAt"` // Unix milliseconds, shortly before the moment whose state it has
	Version    string           `json:"version"`
	Engine     string           `json:"engine"` // "sqlite" or "postgres"
	InstanceID string           `json:"instanceId"`
	Migration  string           `json:"migration"` // the last file that was applied
	Rows       map[string]int64 `json:"rows"`      // by table
}

// Total is the number of rows of all tables.
func (m Manifest) Total() (total int64) {
	for _, rows := range m.Rows {
		total += rows
	}
	return total
}

// BackupOptions say where a backup goes.
type BackupOptions struct {
	File    string
	Replace bool   // a file that is there
	Version string // of the program
	Report  func(Progress)
}

// ErrFileExists is what begins the error about a file that is there already.
var ErrFileExists = errors.New("there is such a file")

// Backup writes the database as of one moment into a file, while others read and write. Everything that was acknowledged before Backup was
// called is in it. The file appears under its name when it is whole, on disk and verified.
func (s *Store) Backup(ctx context.Context, options BackupOptions) (m Manifest, err error) {
	if err := mayBecome(options); err != nil {
		return m, err
	}
	m = Manifest{MadeAt: s.clock.Now().UnixMilli(), Version: options.Version, Rows: map[string]int64{}}
	plan, err := planCopy(ctx, s)
	if err != nil {
		return m, err
	}
	aside, err := os.CreateTemp(filepath.Dir(options.File), "."+filepath.Base(options.File)+".*.tmp") // mode 0600
	if err != nil {
		return m, err
	}
	defer os.Remove(aside.Name())
	if err := aside.Close(); err != nil {
		return m, err
	}
	if err := s.writeBackup(ctx, aside.Name(), &m, options); err != nil {
		return m, err
	}
	if err := finishBackup(ctx, aside.Name(), plan, &m); err != nil {
		return m, err
	}
	return m, place(aside.Name(), options.File, options.Replace)
}

// mayBecome says why there can be no file of that name, before rows are written that would be lost.
func mayBecome(options BackupOptions) error {
	info, err := os.Stat(options.File)
	switch folder := filepath.Dir(options.File); {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a folder: name a file in it", options.File)
	case err == nil && !options.Replace:
		return fmt.Errorf("%w: %s", ErrFileExists, options.File)
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no folder %s: make it first", folder)
		}
	}
	return nil
}

// writeBackup writes the rows.
func (s *Store) writeBackup(ctx context.Context, path string, m *Manifest, options BackupOptions) error {
	m.Engine = s.engine()
	if exported, err := s.export(ctx, path); exported || err != nil {
		return err
	}
	to, err := Connect(Options{File: path, Access: Alone, Clock: s.clock})
	if err != nil {
		return err
	}
	_, err = copyInto(ctx, s, to, Copying{Report: options.Report})
	return errors.Join(err, to.Close())
}

// finishBackup holds the file against what SQLite knows of whole files, counts its rows and writes the manifest into it.
func finishBackup(ctx context.Context, path string, plan *copyPlan, m *Manifest) error {
	file, err := Connect(Options{File: path, Access: Alone, Clock: &sys.Clock{}})
	if err != nil {
		return err
	}
	wrong, _, err := file.integrity(ctx, 1)
	if err == nil && len(wrong) > 0 {
		err = fmt.Errorf("the backup is damaged: %s", wrong[0])
	}
	if err == nil {
		err = file.Update(ctx, func(tx *Tx) error { return tx.writeManifest(plan, m) })
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return syncFile(path)
}

func (tx *Tx) writeManifest(plan *copyPlan, m *Manifest) error {
	instance, _, err := tx.Instance()
	if err != nil {
		return err
	}
	m.InstanceID = instance.InstanceID
	for _, t := range plan.tables {
		if m.Rows[t.name], err = tx.count(t.name); err != nil {
			return err
		}
	}
	for _, s := range plan.steps {
		m.Migration = s.file
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return tx.setNote(backupNote, string(text))
}

// place gives a file its name. One that is there is replaced only when that is wanted, also when it appeared just now.
func place(aside, path string, replace bool) error {
	if replace {
		if err := os.Rename(aside, path); err != nil {
			return err
		}
	} else if err := os.Link(aside, path); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s", ErrFileExists, path)
	} else if err != nil {
		return err
	}
	return syncFile(filepath.Dir(path))
}

// Place gives a database that was written aside its name, where there is none, and waits until both are on disk.
func Place(aside, path string) error {
	if err := syncFile(aside); err != nil {
		return err
	}
	if err := place(aside, path, false); err != nil {
		return err
	}
	return os.Remove(aside)
}

// syncFile waits until a file, or the names in a folder, are on disk.
func syncFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// OpenBackup opens a backup and checks that it is whole.
func OpenBackup(ctx context.Context, path string, clock *sys.Clock) (*Store, Manifest, error) {
	s, err := Connect(Options{File: path, Access: ReadOnly, Clock: clock})
	if err != nil {
		return nil, Manifest{}, err
	}
	m, err := s.manifest(ctx)
	if err != nil {
		return nil, m, errors.Join(fmt.Errorf("%s: %w", path, err), s.Close())
	}
	return s, m, nil
}

var errNoBackup = errors.New("this is no backup: `sallyport backup` makes them, and a database that was copied otherwise may lack its last changes")

// manifest checks a backup against what SQLite knows of whole files and against its own manifest.
func (s *Store) manifest(ctx context.Context) (m Manifest, err error) {
	if err := s.checkPlain(ctx); err != nil {
		return m, err
	}
	wrong, _, err := s.integrity(ctx, 1)
	if err != nil {
		return m, err
	}
	if len(wrong) > 0 {
		return m, fmt.Errorf("the backup is damaged: %s", wrong[0])
	}
	err = s.View(ctx, func(tx *Tx) error {
		tables, err := list(tx, func(r row) string { return r.text(0) }, s.tables())
		if err != nil {
			return err
		}
		if !slices.Contains(tables, "migration") {
			return errNoBackup
		}
		text, _, found, err := tx.note(backupNote)
		if err != nil {
			return err
		}
		if !found {
			return errNoBackup
		}
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			return fmt.Errorf("read what the backup is of: %w", err)
		}
		if err := m.checkTables(tables); err != nil {
			return err
		}
		for table, rows := range m.Rows {
			if counted, err := tx.count(table); err != nil || counted != rows {
				return errors.Join(fmt.Errorf("the backup is damaged: table %s has %d rows, and had %d", table, counted, rows), err)
			}
		}
		return nil
	})
	return m, err
}

// notPlain finds what no backup has and what would run as it is read: views, triggers, tables of modules.
const notPlain = `SELECT name FROM sqlite_master WHERE type NOT IN ('table', 'index') OR sql LIKE 'CREATE VIRTUAL%' LIMIT 1`

// checkPlain refuses a file with more in it than rows.
func (s *Store) checkPlain(ctx context.Context) error {
	return s.Look(ctx, func(tx *Tx) error {
		name := ""
		found, err := tx.one(notPlain, func(r row) { name = r.text(0) })
		if found && err == nil {
			err = fmt.Errorf("%w; it has more in it than tables: %q", errNoBackup, name)
		}
		return err
	})
}

var plainName = sys.Pattern(`^[a-z_]+$`)

// checkTables holds the manifest against the tables of the file. Their names become parts of statements.
func (m Manifest) checkTables(tables []string) error {
	if at := slices.IndexFunc(tables, func(name string) bool { return !plainName().MatchString(name) }); at >= 0 {
		return fmt.Errorf("%w; it has a table %q", errNoBackup, tables[at])
	}
	want := slices.DeleteFunc(slices.Clone(tables), func(name string) bool { return name == "migration" || ofNodes[name] })
	if got := slices.Sorted(maps.Keys(m.Rows)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		return fmt.Errorf("the backup is damaged: it has the tables %q, and says that it has %q", want, got)
	}
	return nil
}

// restoredBecause is why sessions have ended that a backup had.
const restoredBecause = "the database was restored from a backup"

// Restore copies a backup into an empty database, or goes on with that. Unless sessions are kept, what a person or a client could use once
// is spent, and sessions and sign-ins are ended: whether they were spent or ended since, the backup does not know.
func Restore(ctx context.Context, backup *Store, m Manifest, to *Store, keepSessions bool, report func(Progress)) (rows int64, err error) {
	copying := Copying{Report: report, finish: func(tx *Tx) error {
		text, err := json.Marshal(restored{Backup: m.MadeAt, KeptSessions: keepSessions})
		if err != nil {
			return err
		}
		if err := tx.setNote(restoreNote, string(text)); err != nil {
			return err
		}
		return tx.AddAuditEvent(AuditEvent{Name: "DatabaseRestored", RequestID: "command",
			Detail: "backup of " + time.UnixMilli(m.MadeAt).UTC().Format(time.RFC3339) + map[bool]string{true: ", sessions kept"}[keepSessions]})
	}}
	if !keepSessions {
		copying.change = endAll(m.MadeAt)
	}
	return copyInto(ctx, backup, to, copying)
}

// restored is the note in a database that was restored.
type restored struct {
	Backup       int64 `json:"backup"` // when the backup was made, Unix milliseconds
	KeptSessions bool  `json:"keptSessions,omitempty"`
}

// endAll ends what a backup holds that was under way, as of the moment at which it was made: a moment of the restoring would differ when that
// is done in two parts.
func endAll(at int64) map[string]func(*moved) {
	revoke := func(r *moved) bool {
		if r.number("revoked_at") != 0 {
			return false
		}
		r.set("revoked_at", at)
		return true
	}
	return map[string]func(*moved){
		"sign_in": func(r *moved) { revoke(r) },
		"session": func(r *moved) {
			if revoke(r) {
				r.set("revoked_because", restoredBecause)
			}
		},
		"device_authorization": func(r *moved) {
			if state := r.text("state"); state == DevicePending || state == DeviceApproved {
				r.set("state", DeviceDenied)
			}
		},
		"authorization_code": func(r *moved) {
			if r.text("state") == CodeIssued {
				r.set("state", CodeDenied)
			}
		},
	}
}
