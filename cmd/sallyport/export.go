package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"sallyport/internal/safefile"
	"sallyport/internal/server"
)

// export writes the directory to standard output, or all at once in the place of a file, which is its owner's alone: it has people's
// addresses.
func export(ctx context.Context, args []string) error {
	file, rest := takeValue(args, "-o", "--output-file")
	if file == "" && len(rest) < len(args) {
		return errors.New("-o FILE is missing: the file to write, or - for standard output")
	}
	c, err := server.Load(rest, os.Environ())
	if err != nil {
		return err
	}
	if file == "" || file == "-" {
		return server.Export(ctx, c, os.Stdout)
	}
	var content bytes.Buffer
	if err := server.Export(ctx, c, &content); err != nil {
		return err
	}
	if err := safefile.Replace(file, safefile.Private, content.Bytes()); err != nil {
		return fmt.Errorf("write the directory file: %w", err)
	}
	return nil
}
