package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sallyport/internal/creds"
	"sallyport/internal/keys"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// This file is what operators do with the database as a whole: bring its schema up to date, back it up and restore it, move it to another
// engine, and check it. None of it makes an instance or a key.

// Progress is how a command tells how far it has come. The text is one line; a line that is not final is replaced by the next.
type Progress func(line string, final bool)

// connect opens the database of the settings with the schema that it has. One that is not there is not made, unless mayMake.
func connect(c *Config, mayMake bool) (*store.Store, error) {
	options := store.Options{Dir: c.Data, Database: c.Database.Reveal(), Clock: &sys.Clock{}}
	if options.Database == "" {
		if err := needFile(filepath.Join(c.Data, store.File)); err != nil && !mayMake {
			return nil, err
		}
		if err := os.MkdirAll(c.Data, 0o700); err != nil {
			return nil, fmt.Errorf("make the data folder: %w", err)
		}
	}
	return store.Connect(options)
}

// needFile says that there is no database, where it has to be.
func needFile(database string) error {
	if _, err := os.Stat(database); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database %s: is --data the folder that `sallyport serve` has?", database)
	}
	return nil
}

// MigrateForm says what Migrate does.
type MigrateForm struct {
	Show   bool // list all files, and change nothing
	DryRun bool // list what is pending, and change nothing
	Expand bool // leave out what takes something away
}

// Migrate brings the schema up to date, or says how far it is.
func Migrate(ctx context.Context, c *Config, form MigrateForm, out, log io.Writer) error {
	apply := !form.Show && !form.DryRun
	s, err := connect(c, apply)
	if err != nil {
		return err
	}
	defer s.Close()
	if apply {
		applied, err := s.Migrate(ctx, form.Expand)
		for _, file := range applied {
			fmt.Fprintf(out, "applied  %s\n", file)
		}
		if err != nil {
			return err
		}
		if len(applied) == 0 {
			fmt.Fprintln(log, "nothing was pending")
		}
	}
	return showMigrations(ctx, s, form, out)
}

// showMigrations lists all files, or those that are pending still.
func showMigrations(ctx context.Context, s *store.Store, form MigrateForm, out io.Writer) error {
	all, err := s.Migrations(ctx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if !form.Show && !m.Pending() {
			continue
		}
		state := "applied  " + m.File + time.UnixMilli(m.AppliedAt).UTC().Format("  2006-01-02 15:04:05")
		switch {
		case m.Statements == 0:
			state += "  by a newer release"
		case m.Pending() && m.Contract:
			state = fmt.Sprintf("pending  %s  takes something away: it waits until all servers are of this release or a newer one, and no older one starts after it", m.File)
		case m.Pending():
			state = fmt.Sprintf("pending  %s  %d of %d statements", m.File, m.Statements-m.Applied, m.Statements)
		}
		fmt.Fprintln(out, state)
	}
	if !form.Show {
		return nil
	}
	return showServers(ctx, s, out)
}

// showServers lists the servers that run over the database. Those on SQLite do not say that they do.
func showServers(ctx context.Context, s *store.Store, out io.Writer) error {
	nodes, now, err := s.Nodes(ctx)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		state := "runs   "
		if !n.Live(now) {
			state = "is gone"
		}
		fmt.Fprintf(out, "%s  %s on %s  knows %s  started %s  seen %s ago\n", state, n.Program, n.Host, n.NewestMigration, moment(n.StartedAt),
			(time.Duration(now-n.SeenAt) * time.Millisecond).Round(time.Second))
	}
	return nil
}

// BackupForm says what Backup writes.
type BackupForm struct {
	File    string
	Replace bool
}

// Backup writes the database into a file, beside running servers.
func Backup(ctx context.Context, c *Config, form BackupForm, progress Progress, out io.Writer) error {
	s, err := connect(c, false)
	if err != nil {
		return err
	}
	defer s.Close()
	m, err := s.Backup(ctx, store.BackupOptions{File: form.File, Replace: form.Replace, Version: Version(), Report: progress.rows()})
	if errors.Is(err, store.ErrFileExists) {
		return fmt.Errorf("%w: --force replaces it", err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s has %d rows as of %s, of instance %s at %s\n", form.File, m.Total(), moment(m.MadeAt), m.InstanceID, m.Migration)
	fmt.Fprintln(out, "The root key is not in it, and nothing that is sealed opens without that: keep it in another place, not beside the backup.")
	return nil
}

func moment(millis int64) string {
	return time.UnixMilli(millis).UTC().Format("2006-01-02 15:04:05 UTC")
}

// RestoreForm says what Restore does.
type RestoreForm struct {
	File         string
	KeepSessions bool
}

// Restore puts a backup into an empty place: a data folder without a database, or an empty PostgreSQL.
func Restore(ctx context.Context, c *Config, form RestoreForm, progress Progress, out io.Writer) error {
	backup, m, err := store.OpenBackup(ctx, form.File, &sys.Clock{})
	if err != nil {
		return err
	}
	defer backup.Close()
	if c.Database.Reveal() != "" {
		err = restorePostgres(ctx, c, form, backup, m, progress)
	} else {
		err = restoreFile(ctx, c, form, backup, m, progress)
	}
	if errors.Is(err, store.ErrNotEmpty) {
		return fmt.Errorf("%w; a backup is restored into an empty database only", err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "restored %d rows as of %s\n", m.Total(), moment(m.MadeAt))
	if form.KeepSessions {
		fmt.Fprintln(out, "Sessions were kept: what was signed out, revoked or used once since then counts again.")
	} else {
		fmt.Fprintln(out, "Everybody signs in again: the backup does not know what was signed out, revoked or used once since then.")
	}
	if !rootKeyAtHand(c) {
		fmt.Fprintf(out, "There is no root key here: put the one that belongs to it at %s before the server starts.\n", filepath.Join(c.Data, "root.key"))
	}
	return nil
}

func restorePostgres(ctx context.Context, c *Config, form RestoreForm, backup *store.Store, m store.Manifest, progress Progress) error {
	s, err := connect(c, true)
	if err != nil {
		return err
	}
	_, err = store.Restore(ctx, backup, m, s, form.KeepSessions, progress.rows())
	return errors.Join(err, s.Close())
}

// restoreFile writes the new database aside and gives it its name when it is whole.
func restoreFile(ctx context.Context, c *Config, form RestoreForm, backup *store.Store, m store.Manifest, progress Progress) error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	database := filepath.Join(c.Data, store.File)
	for _, ending := range []string{"", "-wal", "-shm"} { // a log that is left over would be read as the new database's
		if _, err := os.Lstat(database + ending); err == nil {
			return fmt.Errorf("%w: there is %s: move it away first, with what begins with its name", store.ErrNotEmpty, database+ending)
		}
	}
	aside := database + ".restoring"
	for _, ending := range []string{"", "-journal"} { // of a run that was cut short
		if err := os.Remove(aside + ending); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	s, err := store.Connect(store.Options{File: aside, Access: store.Alone, Clock: &sys.Clock{}})
	if err != nil {
		return err
	}
	_, err = store.Restore(ctx, backup, m, s, form.KeepSessions, progress.rows())
	if err := errors.Join(err, s.Close()); err != nil {
		return errors.Join(err, os.Remove(aside))
	}
	return store.Place(aside, database)
}

// rootKeyAtHand reports whether there is a root key, where the settings say.
func rootKeyAtHand(c *Config) bool {
	_, err := os.Stat(filepath.Join(c.Data, "root.key"))
	return err == nil || c.RootKey.Reveal() != "" || c.PKCS11Key != ""
}

// CopyForm says from where to where Copy goes: sqlite:PATH, where PATH is a database or the folder of one, or postgres://…; an empty address is
// that of the settings.
type CopyForm struct{ From, To string }

// ErrGoesOn is what is true of a command that was interrupted, where it is.
var ErrGoesOn = errors.New("the same command goes on where this one stopped")

// Copy copies one database into another one that is empty, or goes on with that.
func Copy(ctx context.Context, c *Config, form CopyForm, progress Progress, out io.Writer) error {
	if form.From == form.To {
		return errors.New("--from and --to are the same: expected two databases, each sqlite:PATH or postgres://…")
	}
	from, err := openAddress(c, form.From, false)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	defer from.Close()
	to, err := openAddress(c, form.To, true)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	began := time.Now()
	rows, err := store.Copy(ctx, from, to, progress.rows())
	if err := errors.Join(err, to.Close()); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", err, ErrGoesOn)
		}
		return err
	}
	fmt.Fprintf(out, "copied %d rows in %s, and compared them\n", rows, time.Since(began).Round(time.Second))
	return nil
}

const sqliteAddress = "sqlite:"

// openAddress opens the database of an address.
func openAddress(c *Config, address string, mayMake bool) (*store.Store, error) {
	path, isFile := strings.CutPrefix(address, sqliteAddress)
	switch {
	case address == "":
		return connect(c, mayMake)
	case strings.HasPrefix(address, "postgres://"), strings.HasPrefix(address, "postgresql://"):
		return store.Connect(store.Options{Database: address, Clock: &sys.Clock{}})
	case !isFile || path == "":
		return nil, errors.New("expected sqlite:PATH or postgres://…")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() || mayMake && filepath.Ext(path) == "" {
		if mayMake {
			if err := os.MkdirAll(path, 0o700); err != nil {
				return nil, err
			}
		}
		path = filepath.Join(path, store.File)
	}
	if !mayMake {
		if err := store.CheckFile(path); err != nil {
			return nil, err
		}
	}
	return store.Connect(store.Options{File: path, Clock: &sys.Clock{}})
}

// ErrWrong is what Verify returns when something is.
var ErrWrong = errors.New("the database is not as it has to be: each line that begins with \"wrong\" says what")

// Verify checks the database of the settings, or a backup, and writes one line for each check.
func Verify(ctx context.Context, c *Config, backup string, out io.Writer) error {
	s, err := verified(ctx, c, backup)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := needSchema(ctx, s); err != nil {
		return err
	}
	wrong := 0
	report := func(v store.Verified) {
		if len(v.Wrong) == 0 {
			fmt.Fprintf(out, "ok     %9d  %s\n", v.Rows, v.Name)
			return
		}
		wrong++
		fmt.Fprintf(out, "wrong  %9d  %s\n", v.Rows, v.Name)
		for _, line := range v.Wrong {
			fmt.Fprintf(out, "                  %s\n", line)
		}
		if v.More {
			fmt.Fprintln(out, "                  and more")
		}
	}
	if err := s.Verify(ctx, report); err != nil {
		return err
	}
	if wrong == 0 {
		err = verifySealed(ctx, c, s, report, out)
	}
	if err == nil && wrong > 0 {
		return ErrWrong
	}
	return err
}

// needSchema says that a database has no tables.
func needSchema(ctx context.Context, s *store.Store) error {
	all, err := s.Migrations(ctx)
	if err == nil && !slices.ContainsFunc(all, func(m store.Migration) bool { return m.Applied > 0 }) {
		err = errors.New("the database holds nothing: is it the one that `sallyport serve` has?")
	}
	return err
}

func verified(ctx context.Context, c *Config, backup string) (*store.Store, error) {
	if backup == "" {
		return connect(c, false)
	}
	if info, err := os.Stat(backup); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder: `sallyport verify --data %s` checks the database in it", backup, backup)
	}
	s, _, err := store.OpenBackup(ctx, backup, &sys.Clock{})
	return s, err
}

// verifySealed checks that what is sealed opens, where the root key is at hand.
func verifySealed(ctx context.Context, c *Config, s *store.Store, report func(store.Verified), out io.Writer) error {
	if !rootKeyAtHand(c) {
		fmt.Fprintln(out, "       not looked at: whether what is sealed opens, since there is no root key here")
		return nil
	}
	h := &House{Store: s, Clock: &sys.Clock{}, Log: slog.New(slog.DiscardHandler)}
	root, previous, err := h.rootKeys(ctx, c)
	if err != nil {
		return err
	}
	var seeds []store.SealingKey
	var sealed []store.AccessKey
	err = s.View(ctx, func(tx *store.Tx) (err error) {
		if h.Instance, _, err = tx.Instance(); err != nil {
			return err
		}
		if seeds, err = tx.SealingKeys(); err != nil {
			return err
		}
		sealed, err = tx.AccessKeys()
		return err
	})
	if err != nil {
		return err
	}
	ring, err := keys.Open(ctx, s, root, h.Instance.InstanceID, previous...) // it makes no key, since there are some
	opened := store.Verified{Name: "keys of the ring open under the root key", Rows: int64(len(seeds))}
	if err != nil {
		opened.Wrong = []string{err.Error()}
		report(opened)
		return nil
	}
	report(opened)
	secrets := store.Verified{Name: "secrets of access keys open under the ring", Rows: int64(len(sealed))}
	for _, key := range sealed {
		if _, ok := creds.OpenAccessKeySecret(ring, key.AccessKeyID, key.SealedSecret); !ok {
			secrets.Wrong = append(secrets.Wrong, key.AccessKeyID)
		}
	}
	report(secrets)
	return nil
}

// rows tells of rows as lines: how many, and how many a second.
func (p Progress) rows() func(store.Progress) {
	if p == nil {
		return nil
	}
	began, told, table := time.Now(), time.Time{}, ""
	return func(at store.Progress) {
		if at.Table != table {
			began, table = time.Now(), at.Table
		}
		if !at.Done && time.Since(told) < tellEvery {
			return
		}
		told = time.Now()
		line := fmt.Sprintf("%-8s %-32s %10d rows", at.Doing, at.Table, at.Rows)
		if passed := time.Since(began); passed >= time.Second {
			line += fmt.Sprintf("  %.0f/s", float64(at.Rows)/passed.Seconds())
		}
		p(line, at.Done)
	}
}

// tellEvery is how often a line is replaced.
const tellEvery = 200 * time.Millisecond
