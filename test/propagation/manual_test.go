package propagation

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sallyport/test/harness"
)

var (
	yamlOfTheManual = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	setting         = regexp.MustCompile(`^[a-z0-9]+_[a-z0-9_]+: \S`) // names of settings have an underscore, those of the directory none
)

func TestTheDirectoryOfTheManualApplies(t *testing.T) {
	manual, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "operate.md"))
	if err != nil {
		t.Fatal(err)
	}
	var directory strings.Builder
	for _, block := range yamlOfTheManual.FindAllSubmatch(manual, -1) {
		switch first, _, _ := strings.Cut(string(block[1]), "\n"); {
		case strings.HasPrefix(first, "format:"): // a file of its own, which the directory's tests apply
		case setting.MatchString(first): // of the server's settings
		default:
			directory.Write(block[1])
		}
	}
	if !strings.Contains(directory.String(), "applications:") {
		t.Fatal("the manual shows no application")
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "directory.yaml")
	if err := os.WriteFile(file, []byte(directory.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{", 0 removed, 0 unchanged\n", "0 added, 0 changed, 0 removed, "} {
		out, err := exec.Command(harness.Binary(t), "apply", "-f", file, "--data", filepath.Join(folder, "data")).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Fatalf("%v: no %q in\n%s\n%s", err, want, out, directory.String())
		}
	}
}
