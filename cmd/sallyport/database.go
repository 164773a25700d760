package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"sallyport/internal/command"
	"sallyport/internal/server"
)

// This file is the commands about the database as a whole.

func migrate(ctx context.Context, args []string) error {
	a := &arguments{rest: args}
	form := server.MigrateForm{Show: a.flag("--status"), DryRun: a.flag("--dry-run"), Expand: a.flag("--expand")}
	a.exclude("--status", "--dry-run", "--status lists all there is, and --dry-run what is pending")
	a.exclude("--status", "--expand", "--status lists all there is, and changes nothing")
	a.exclude("--dry-run", "--expand", "--dry-run lists what is pending, and says of each file whether it takes something away")
	c, err := a.load()
	if err != nil {
		return err
	}
	return server.Migrate(ctx, c, form, os.Stdout, os.Stderr)
}

func backup(ctx context.Context, args []string) error {
	a := &arguments{rest: args}
	form := server.BackupForm{File: a.need("FILE", "the backup to write"), Replace: a.flag("--force")}
	c, err := a.load()
	if err != nil {
		return err
	}
	return server.Backup(ctx, c, form, progress(os.Stderr), os.Stdout)
}

func restore(ctx context.Context, args []string) error {
	a := &arguments{rest: args}
	form := server.RestoreForm{File: a.need("FILE", "the backup to restore"), KeepSessions: a.flag("--keep-sessions")}
	c, err := a.load()
	if err != nil {
		return err
	}
	return server.Restore(ctx, c, form, progress(os.Stderr), os.Stdout)
}

// databaseSettings are those that name the database, besides --data, which also has the root key.
var databaseSettings = []string{"--database", "--database-file", "--database-replica", "--database-replica-file"}

func verify(ctx context.Context, args []string) error {
	a := &arguments{rest: args}
	file := a.subject("FILE", "the backup to check")
	if file != "" {
		a.excludeSettings("it is "+file+" that is checked", databaseSettings...)
	}
	c, err := a.load()
	if err != nil {
		return err
	}
	return server.Verify(ctx, c, file, os.Stdout)
}

func copyDatabase(ctx context.Context, args []string) error {
	a := &arguments{rest: args}
	form := server.CopyForm{From: a.value("--from"), To: a.value("--to")}
	if a.has("--from") && a.has("--to") {
		a.excludeSettings("--from and --to name both databases", append([]string{"--data"}, databaseSettings...)...)
	}
	c, err := a.load()
	if err != nil {
		return err
	}
	return server.Copy(ctx, c, form, progress(os.Stderr), os.Stdout)
}

// progress writes lines as they come: on a terminal one that is replaced until it is final, elsewhere the final ones.
func progress(to *os.File) server.Progress {
	if !command.IsTerminal(to) {
		return func(line string, final bool) {
			if final {
				fmt.Fprintln(to, line)
			}
		}
	}
	return func(line string, final bool) {
		const replace = "\r\x1b[K"
		io.WriteString(to, replace+line)
		if final {
			fmt.Fprintln(to)
		}
	}
}
