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

// backUp backs the database up beside servers under load, several times, restores one of the backups elsewhere, and goes on there.
var backUp = Trouble{
	Name: "backup", What: "sallyport backup under load, and restore of that", Databases: []string{SQLite, PostgreSQL}, Short: true, Nodes: 2,
	Run: func(ctx context.Context, b *bed.Bed, size Size) (f Figures, err error) {
		f.Rounds = size.Pick(8, 2)
		found, before, err := backupAndRestore(ctx, b, f.Rounds)
		if err != nil {
			return f, err
		}
		before.Look(func(book *ledger.Book, _ int64) { f.Acknowledged = book.Acknowledged })
		f.More = map[string]float64{
			"triedAgain": float64(found.Tried), "people": float64(found.People + found.Gone), "assignments": float64(found.Gates),
			"applications": float64(found.Applications),
		}
		if err := b.Advance(ctx, afterRestore); err != nil {
			return f, err
		}
		const after = 300 // answers
		return f, b.During(ctx, func(ctx context.Context) error { return b.Answers(ctx, after) })
	},
}

// afterRestore is beyond the time for which assertions are refused because they may have been issued before the restore: a minute for clocks that
// differ. A bed restores once only, because the command keeps the time of this machine: for it, assertions by a clock that was moved are new.
const afterRestore = 2 * time.Minute

// backup is one that was made under load.
type backup struct {
	file   string
	at, by check.State // when it began, and when it was whole
}

// backupAndRestore makes backups under load, restores one of them, and checks what came of everything that the ledger has, which it returns: another
// one begins.
func backupAndRestore(ctx context.Context, b *bed.Bed, times int, options ...string) (found check.RestoredCounts, before *ledger.Ledger, err error) {
	var backups []backup
	err = b.During(ctx, func(ctx context.Context) error {
		const between = 400 // answers
		for range times {
			if err := b.Answers(ctx, between); err != nil {
				return err
			}
			made, err := backUpOnce(b, len(backups))
			if err != nil {
				return err
			}
			backups = append(backups, made)
		}
		return b.Answers(ctx, between)
	})
	if err == nil {
		err = b.Check(ctx)
	}
	if err == nil {
		err = b.StopAll()
	}
	if err != nil {
		return found, nil, err
	}
	taken := backups[b.Random.IntN(len(backups))]
	if err := restoreInto(b, taken.file, options...); err != nil {
		return found, nil, err
	}
	if before, err = b.Anew(); err != nil {
		return found, nil, err
	}
	found, err = check.Restored(ctx, b.Clerk, check.Restoration{Before: before, At: taken.at, By: taken.by})
	b.Say("after the restore asked about %+v", found)
	return found, before, err
}

// backUpOnce makes a backup and has it verified.
func backUpOnce(b *bed.Bed, number int) (made backup, err error) {
	made = backup{file: filepath.Join(b.Folder, fmt.Sprintf("backup-%d.db", number)), at: check.Take(b.Ledger)}
	if err := b.Ledger.Remark("the backup begins"); err != nil {
		return made, err
	}
	out, err := b.Operate("backup", made.file)
	if err != nil {
		return made, err
	}
	made.by = check.Take(b.Ledger)
	if err := b.Ledger.Remark("the backup is whole: " + strings.TrimSpace(out)); err != nil {
		return made, err
	}
	return made, b.VerifyBackup(made.file)
}

// restoreInto restores a backup into an empty place, which is killed at first and done again, and starts the servers there.
func restoreInto(b *bed.Bed, backup string, options ...string) (err error) {
	data, database := filepath.Join(b.Folder, "restored"), ""
	if b.Database != "" {
		if database, err = b.NewDatabase("restored"); err != nil {
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
	if _, err := harness.Operate(b.Binary, nil, words...); err != nil && !strings.Contains(err.Error(), whole) {
		return err
	}
	return errors.Join(b.StartOn(data, database), b.Verify())
}
