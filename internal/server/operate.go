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

	"sallyport/internal/api"
	"sallyport/internal/directory"
	"sallyport/internal/signin"
	"sallyport/internal/store"
)

// This file is what operators do beside a running server: its commands open the same store, and the server sees what they did.

// operate opens the house for one command. Only a command that furnishes may make it: another one on a folder without a database has
// been given the wrong folder.
func operate(ctx context.Context, c *Config, mayMake bool, do func(*House) error) error {
	database := filepath.Join(c.Data, store.File)
	if _, err := os.Stat(database); errors.Is(err, fs.ErrNotExist) && !mayMake && c.Database.Reveal() == "" {
		return fmt.Errorf("there is no database %s: is --data the folder that `sallyport serve` has?", database)
	}
	opens := visiting
	if mayMake {
		opens = furnishing
	}
	house, err := enterHouse(ctx, c, slog.New(slog.DiscardHandler), opens)
	if err != nil {
		return err
	}
	defer house.Close()
	return do(house)
}

// operator is the caller that the audit shows for a command.
var operator = api.Caller{Agent: "sallyport command", RequestID: "command"}

// Apply makes the directory what the file says and writes the difference to out.
func Apply(ctx context.Context, c *Config, file string, dryRun bool, out io.Writer) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the directory file: %w", err)
	}
	wanted, err := directory.Parse(file, text)
	if err != nil {
		return err
	}
	return operate(ctx, c, !dryRun, func(h *House) error {
		changes, err := directory.Apply(ctx, h.Store, operator, wanted, directory.ApplyOptions{DryRun: dryRun, Ring: h.Ring})
		if err != nil {
			return err
		}
		return changes.Write(out)
	})
}

// Export writes the directory as a file that Apply finds nothing to do for.
func Export(ctx context.Context, c *Config, out io.Writer) error {
	return operate(ctx, c, false, func(h *House) error {
		content, err := directory.Export(ctx, h.Store)
		if err == nil {
			_, err = out.Write(content)
		}
		return err
	})
}

// SetPassword sets a person's password and ends what they are signed in to.
func SetPassword(ctx context.Context, c *Config, userName, password string) error {
	return operate(ctx, c, false, func(h *House) error {
		return h.Signin.SetPassword(ctx, operator, userName, password,
			signin.PasswordOptions{Origin: store.OriginOperator, EndSessions: true})
	})
}
