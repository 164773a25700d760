package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"sallyport/internal/safefile"
	"sallyport/internal/server"
)

// export writes the directory to standard output, or all at once in the place of a file, which is its owner's alone: it has people's
// addresses.
func export(ctx context.Context, args []string) error {
	a := &arguments{rest: args}
	file := a.value("-o", "--output-file") // - is standard output
	c, err := a.load()
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
