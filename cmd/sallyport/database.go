package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"sallyport/internal/command"
	"sallyport/internal/server"
)

// This file is the commands about the database as a whole.

func migrate(ctx context.Context, args []string) error {
	status, args := takeSwitch(args, "--status")
	dryRun, args := takeSwitch(args, "--dry-run")
	expand, args := takeSwitch(args, "--expand")
	c, err := server.Load(args, os.Environ())
	if err != nil {
		return err
	}
	return server.Migrate(ctx, c, server.MigrateForm{Show: status, DryRun: dryRun, Expand: expand}, os.Stdout, os.Stderr)
}

// takeFile takes the file that a command begins with.
func takeFile(args []string) (file string, rest []string) {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return "", args
	}
	return args[0], args[1:]
}

func backup(ctx context.Context, args []string) error {
	file, args := takeFile(args)
	force, args := takeSwitch(args, "--force")
	c, err := server.Load(args, os.Environ())
	if err != nil {
		return err
	}
	if file == "" {
		return errors.New("FILE is missing: the backup to write")
	}
	return server.Backup(ctx, c, server.BackupForm{File: file, Replace: force}, progress(os.Stderr), os.Stdout)
}

func restore(ctx context.Context, args []string) error {
	file, args := takeFile(args)
	keep, args := takeSwitch(args, "--keep-sessions")
	c, err := server.Load(args, os.Environ())
	if err != nil {
		return err
	}
	if file == "" {
		return errors.New("FILE is missing: the backup to restore")
	}
	return server.Restore(ctx, c, server.RestoreForm{File: file, KeepSessions: keep}, progress(os.Stderr), os.Stdout)
}

func verify(ctx context.Context, args []string) error {
	file, args := takeFile(args)
	c, err := server.Load(args, os.Environ())
	if err != nil {
		return err
	}
	return server.Verify(ctx, c, file, os.Stdout)
}

func copyDatabase(ctx context.Context, args []string) error {
	from, args := takeValue(args, "--from")
	to, args := takeValue(args, "--to")
	c, err := server.Load(args, os.Environ())
	if err != nil {
		return err
	}
	return server.Copy(ctx, c, server.CopyForm{From: from, To: to}, progress(os.Stderr), os.Stdout)
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
