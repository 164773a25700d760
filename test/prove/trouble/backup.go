//go:build linux

package trouble

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"sallyport/test/harness"
	"sallyport/test/prove/bed"
	"sallyport/test/prove/check"
	"sallyport/test/prove/ledger"
)

// backUp backs the database up beside servers under load, restores that elsewhere, and goes on there.
var backUp = Trouble{
	Name: "backup", What: "sallyport backup under load, and restore of that", Databases: []string{SQLite, PostgreSQL}, Short: true, Nodes: 2,
	Run: func(ctx context.Context, b *bed.Bed, size Size) (Figures, error) {
		return backupAndRestore(ctx, b, size.Pick(3, 1))
	},
}

// afterRestore is beyond the time for which assertions are refused because they may have been issued before the restore: a minute for clocks that differ.
const afterRestore = 2 * time.Minute

func backupAndRestore(ctx context.Context, b *bed.Bed, rounds int, options ...string) (f Figures, err error) {
	f.More = map[string]float64{}
	for b.Round = 1; b.Round <= rounds; b.Round++ {
		found, of, err := restoreOnce(ctx, b, options...)
		if err != nil {
			return f, err
		}
		of.Look(func(book *ledger.Book, _ int64) { f.Acknowledged += book.Acknowledged })
		f.More["triedAgain"] += float64(found.Tried)
		f.More["people"] += float64(found.People + found.Gone)
		f.More["assignments"] += float64(found.Gates)
		f.More["applications"] += float64(found.Applications)
		if err := b.Advance(ctx, afterRestore); err != nil {
			return f, err
		}
		const after = 200 // answers
		if err := b.During(ctx, func(ctx context.Context) error { return b.Answers(ctx, after) }); err != nil {
			return f, err
		}
		if err := b.Check(ctx); err != nil {
			return f, err
		}
		f.Rounds++
	}
	return f, nil
}

// restoreOnce backs up under load, restores, and checks what came of everything that the ledger has, which it returns: another one begins.
func restoreOnce(ctx context.Context, b *bed.Bed, options ...string) (found check.RestoredCounts, before *ledger.Ledger, err error) {
	backup := filepath.Join(b.Folder, fmt.Sprintf("backup-%d.db", b.Round))
	var of check.Restoration
	err = b.During(ctx, func(ctx context.Context) error {
		const before, after = 400, 400 // answers
		if err := b.Answers(ctx, before); err != nil {
			return err
		}
		of.At = check.Take(b.Ledger)
		if err := b.Ledger.Remark("the backup begins"); err != nil {
			return err
		}
		out, err := b.Operate("backup", backup)
		if err != nil {
			return err
		}
		if err := b.Ledger.Remark("the backup is whole: " + strings.TrimSpace(out)); err != nil {
			return err
		}
		of.By = check.Take(b.Ledger)
		return b.Answers(ctx, after)
	})
	if err == nil {
		err = b.Check(ctx)
	}
	if err == nil {
		err = b.StopAll()
	}
	if err == nil {
		err = restoreInto(b, backup, options...)
	}
	if err == nil {
		of.Before, err = b.Anew()
	}
	if err == nil {
		found, err = check.Restored(ctx, b.Clerk, of)
		b.Say("round %d: after the restore asked about %+v", b.Round, found)
	}
	return found, of.Before, err
}

// restoreInto restores a backup into an empty place, which is killed at first and done again, and starts the servers there.
func restoreInto(b *bed.Bed, backup string, options ...string) (err error) {
	data, database := filepath.Join(b.Folder, fmt.Sprintf("restored-%d", b.Round)), ""
	if b.Database != "" {
		if database, err = b.NewDatabase(fmt.Sprintf("restored%d", b.Round)); err != nil {
			return err
		}
	}
	if err := b.TakeRootKey(data); err != nil {
		return err
	}
	words := append([]string{"restore", backup, "--data", data}, options...)
	if database != "" {
		words = append(words, "--database", database)
	}
	const lines = 30 // of progress, of some sixty
	if _, err := harness.OperateUntil(b.Binary, b.Random.IntN(lines), 0, words...); err != nil {
		return err
	}
	if _, err := harness.Operate(b.Binary, nil, words...); err != nil && !strings.Contains(err.Error(), "the target is not empty") {
		return err // it had been whole when it was to be killed
	}
	return errors.Join(b.StartOn(data, database), b.Verify())
}
