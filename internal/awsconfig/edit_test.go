package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

func setRegion(d *Document) error { return d.Set(ProfileSection("x"), "region", "r") }

func TestEditMakesTheFileForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "home", ".aws", "config")
	if err := Edit(t.Context(), path, setRegion); err != nil {
		t.Fatal(err)
	}
	if got := text(t, path); got != "[profile x]\nregion = r\n" {
		t.Errorf("the file says %q", got)
	}
	if file, folder := mode(t, path).Perm(), mode(t, filepath.Dir(path)).Perm(); file != 0o600 || folder != 0o700 {
		t.Errorf("the modes are %o and %o", file, folder)
	}
}

func TestEditKeepsTheMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	write(t, path, "# c\n", 0o640)
	if err := Edit(t.Context(), path, setRegion); err != nil {
		t.Fatal(err)
	}
	if got := mode(t, path).Perm(); got != 0o640 {
		t.Errorf("the mode is %o", got)
	}
}

func TestEditChangesWhatALinkLeadsTo(t *testing.T) {
	for _, there := range []bool{true, false} {
		t.Run(fmt.Sprintf("which is there: %v", there), func(t *testing.T) {
			folder := t.TempDir()
			dotfiles := filepath.Join(folder, "dotfiles")
			if err := os.Mkdir(dotfiles, 0o700); err != nil {
				t.Fatal(err)
			}
			if there {
				write(t, filepath.Join(dotfiles, "config"), "", 0o644)
			}
			path := filepath.Join(folder, "config")
			for link, to := range map[string]string{path: "second", filepath.Join(folder, "second"): filepath.Join(dotfiles, "config")} {
				if err := os.Symlink(to, link); err != nil {
					t.Fatal(err)
				}
			}
			if err := Edit(t.Context(), path, setRegion); err != nil {
				t.Fatal(err)
			}
			if mode(t, path)&os.ModeSymlink == 0 {
				t.Error("the link is gone")
			}
			if got := text(t, filepath.Join(dotfiles, "config")); got != "[profile x]\nregion = r\n" {
				t.Errorf("the target says %q", got)
			}
		})
	}
}

func TestEditLeavesTheFileAloneWhen(t *testing.T) {
	errOwn := errors.New("own")
	tests := []struct {
		name, before string
		change       func(*Document) error
		fails        bool
	}{
		{"nothing changes", "[profile x]\nregion=r", setRegion, false},
		{"the change fails", "# c\n", func(d *Document) error { return errors.Join(setRegion(d), errOwn) }, true},
		{"the file is broken", "region = r\n", setRegion, true},
		{"its indentation forbids the change", "[a]\nb=1\n[profile x]\n  c=2\n  [d]\n", func(d *Document) error { d.RemoveSection(ProfileSection("x")); return nil }, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config")
			write(t, path, test.before, 0o600)
			before, _ := os.Stat(path)
			if err := Edit(t.Context(), path, test.change); (err != nil) != test.fails {
				t.Errorf("got %v", err)
			}
			after, _ := os.Stat(path)
			if got := text(t, path); got != test.before || !os.SameFile(before, after) {
				t.Errorf("the file was replaced and says %q", got)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.tmp")); len(left) != 0 {
				t.Errorf("%q is left over", left)
			}
		})
	}
}

func TestEditRefusesWhatIsNoFile(t *testing.T) {
	folder := t.TempDir()
	loop := filepath.Join(folder, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", folder, loop} {
		if err := Edit(t.Context(), path, setRegion); err == nil {
			t.Errorf("%q was edited", path)
		}
		if _, err := Read(path); err == nil {
			t.Errorf("%q was read", path)
		}
	}
}

func TestReadShowsWhatAnEditWouldDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	d, err := Read(path)
	if err != nil || d.Set(ProfileSection("x"), "region", "r") != nil || d.Diff() == "" {
		t.Fatalf("got %v, %v", d, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
}

func TestEditWaitsForTheLockAsLongAsItMay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	err := Edit(t.Context(), path, func(*Document) error {
		inner, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		return Edit(inner, path, setRegion)
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := Edit(t.Context(), path, setRegion); err != nil {
		t.Errorf("the lock was not given back: %v", err)
	}
}

// editsEnvironment makes the test binary one of many editors.
const editsEnvironment = "AWSCONFIG_TEST_EDITS"

// edits adds a profile for each of some numbers.
func edits(path string, from, to int) error {
	for i := from; i < to; i++ {
		err := Edit(context.Background(), path, func(d *Document) error {
			return d.Set(ProfileSection("p"+strconv.Itoa(i)), "region", "r")
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func TestMain(m *testing.M) {
	if path := os.Getenv(editsEnvironment); path != "" {
		from, _ := strconv.Atoi(os.Args[1])
		to, _ := strconv.Atoi(os.Args[2])
		if err := edits(path, from, to); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Nothing that one editor wrote is lost to another, whether they are goroutines or processes.
func TestManyEditorsLoseNothing(t *testing.T) {
	const each, goroutines, processes = 10, 8, 6
	path := filepath.Join(t.TempDir(), "config")
	var all sync.WaitGroup
	for i := range goroutines + processes {
		from, to := i*each, (i+1)*each
		all.Go(func() {
			if i < goroutines {
				if err := edits(path, from, to); err != nil {
					t.Error(err)
				}
				return
			}
			editor := exec.Command(os.Args[0], strconv.Itoa(from), strconv.Itoa(to))
			editor.Env = append(os.Environ(), editsEnvironment+"="+path)
			if out, err := editor.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	all.Wait()
	files, err := Load(path, "")
	if err != nil || len(files.Profiles()) != each*(goroutines+processes) {
		t.Errorf("%d profiles are left, %v", len(files.Profiles()), err)
	}
}

func TestReadFlat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alias")
	write(t, path, "[toplevel]\nf =\n  !f() {\n    echo hi\n  }; f\n", 0o600)
	if _, err := Read(path); err == nil {
		t.Error("lines without keys are taken for a structure")
	}
	d, err := ReadFlat(path)
	if err != nil {
		t.Fatal(err)
	}
	if value, _ := d.Get(SectionName{Name: "toplevel"}, "f"); value != "\n!f() {\necho hi\n}; f" {
		t.Errorf("got %q", value)
	}
}
