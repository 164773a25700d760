package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"sallyport/internal/command"
	"sallyport/internal/manual"
)

// manualFormats are the forms that the pages of the manual can be written in, each with how and its file extension.
var manualFormats = []struct {
	name, extension string
	write           func(manual.Page, io.Writer, string) error
}{
	{"man", "1", func(page manual.Page, w io.Writer, version string) error {
		return page.Man(w, manual.Colophon{Source: command.Program + " " + version})
	}},
	{"markdown", "md", func(page manual.Page, w io.Writer, _ string) error { return page.Markdown(w) }},
}

func manualFormatNames() []string {
	var names []string
	for _, known := range manualFormats {
		names = append(names, known.name)
	}
	return names
}

// manualCommand writes the help of every command into files.
func (p *Program) manualCommand() *command.Command {
	return &command.Command{
		Word:    "manual",
		Purpose: "Write the help of all commands as man pages or Markdown",
		Description: []string{
			"Writes a file for each command into a folder, from the same texts that help shows. Man pages are found by man when the folder's parent is in MANPATH " +
				"and the folder is called man1.",
		},
		Options: command.Options{
			{Name: "format", Arity: command.OneValue, Required: true, Choices: manualFormatNames(), Purpose: "The form of the pages."},
			{Name: "to", Arity: command.OneValue, Required: true, Path: true, Purpose: "The folder to write into. It is made if it is missing."},
		},
		Examples: []command.Example{{Title: "Make the pages known to man", Line: "manual --format man --to ~/.local/share/man/man1"}},
		Run: func(_ context.Context, call *command.Call) error {
			return p.writeManual(call.Local.One("format"), call.Local.One("to"), call.Version)
		},
	}
}

func (p *Program) writeManual(format, folder, version string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return command.OtherError("the manual cannot be written: %v", err)
	}
	for _, known := range manualFormats {
		if known.name != format {
			continue
		}
		for _, page := range p.manualPages() {
			var text bytes.Buffer
			if err := known.write(page, &text, version); err != nil {
				return fmt.Errorf("page %s: %w", page.Name, err)
			}
			if err := os.WriteFile(filepath.Join(folder, page.FileName(known.extension)), text.Bytes(), 0o644); err != nil {
				return command.OtherError("the manual cannot be written: %v", err)
			}
		}
	}
	return nil
}
