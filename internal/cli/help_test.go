package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/command"
)

// Help names every option of the operation and every member of its output, and needs nothing configured.
func TestHelp(t *testing.T) {
	s := newStage(t, response{})
	delete(s.env, "AWS_REGION")
	for _, service := range api.Services {
		got := s.run(service.Command, "help")
		for _, word := range operationWords(service) {
			if got.exit != 0 || !strings.Contains(got.stdout, word) {
				t.Errorf("help of %s lacks %s", service.Command, word)
			}
		}
		for _, operation := range service.Operations {
			got := s.run(service.Command, command.Spell(operation.Name), "help")
			for _, known := range slices.Concat(operationOptions(operation), command.GlobalOptions) {
				if got.exit != 0 || !known.Hidden && !strings.Contains(got.stdout, "--"+known.Name) {
					t.Errorf("help of %s lacks --%s", operation.Name, known.Name)
				}
			}
			for _, heading := range []string{"NAME", "DESCRIPTION", "SYNOPSIS", "OPTIONS", "GLOBAL OPTIONS", "OUTPUT"} {
				if !strings.Contains("\n"+got.stdout, "\n"+heading+"\n") {
					t.Errorf("help of %s lacks %s", operation.Name, heading)
				}
			}
		}
	}
	if got := s.run("help"); got.exit != 0 || !strings.Contains(got.stdout, "sso-oidc") {
		t.Errorf("got %+v", got)
	}
	if got := s.run("sso-oidc", "create-token", "--client-id", "x", "help"); got.exit != command.ExitUsage {
		t.Errorf("help after some options: %+v", got)
	}
}

// Every operation and command has a page in every form.
func TestManual(t *testing.T) {
	s := newStage(t)
	for format, extension := range map[string]string{"man": ".1", "markdown": ".md"} {
		folder := filepath.Join(s.home, format)
		if got := s.run("manual", "--format", format, "--to", folder); got.exit != 0 {
			t.Fatalf("%+v", got)
		}
		names := []string{"sallyport", "sallyport-manual"}
		for _, service := range api.Services {
			names = append(names, "sallyport-"+service.Command)
			for _, operation := range service.Operations {
				names = append(names, "sallyport-"+service.Command+"-"+command.Spell(operation.Name))
			}
		}
		for _, name := range names {
			if text, err := os.ReadFile(filepath.Join(folder, name+extension)); err != nil || !strings.Contains(string(text), "DESCRIPTION") && format == "man" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if got := s.run("manual", "--format", "man", "--to", s.file("taken", "")); got.exit != command.ExitOther {
		t.Errorf("into a file: %+v", got)
	}
}
