package store

import (
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"sallyport/internal/sys"
)

// FuzzABackupIsWholeOrRefused changes bytes of a backup: it opens, and can then be checked and restored, or is refused.
func FuzzABackupIsWholeOrRefused(f *testing.F) {
	dir := f.TempDir()
	s, err := Open(Options{Dir: dir, Clock: &sys.Clock{}})
	if err != nil {
		f.Fatal(err)
	}
	fillEveryTable(f, s)
	whole := filepath.Join(dir, "backup.db")
	if _, err := s.Backup(f.Context(), BackupOptions{File: whole}); err != nil {
		f.Fatal(err)
	}
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	content, err := os.ReadFile(whole)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(0), []byte("x"))
	f.Add(uint32(4096), []byte{0x0d, 0, 0, 0xff})
	f.Add(uint32(len(content)-8), []byte("{\"madeAt\":"))
	f.Add(uint32(16), []byte{0xff, 0xff})
	f.Fuzz(func(t *testing.T, at uint32, bytes []byte) {
		changed := append([]byte(nil), content...)
		copy(changed[int(at)%len(changed):], bytes)
		path := filepath.Join(t.TempDir(), "changed.db")
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		backup, m, err := OpenBackup(t.Context(), path, &sys.Clock{})
		if err != nil {
			return
		}
		defer backup.Close()
		backup.Verify(t.Context(), func(v Verified) { io.WriteString(io.Discard, v.Name) })
		to, err := Connect(Options{File: filepath.Join(t.TempDir(), "restored.db"), Access: Alone, Clock: &sys.Clock{}})
		if err != nil {
			t.Fatal(err)
		}
		defer to.Close()
		Restore(t.Context(), backup, m, to, false, nil)
	})
}

// FuzzTheKeyOfARowIsReadAsItWasWritten goes on with a copy where it stopped, whatever bytes the key has.
func FuzzTheKeyOfARowIsReadAsItWasWritten(f *testing.F) {
	f.Add("0001_house.sql", int64(3))
	f.Add(oddText, int64(-1))
	of := &table{name: "t", columns: []column{{"file", false}, {"step", true}, {"more", false}}, key: []string{"step", "file"}}
	f.Fuzz(func(t *testing.T, text string, number int64) {
		got, err := of.readKey(of.writeKey([]any{text, number, "x"}))
		if want := []any{number, text}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		of.readKey([]string{text, text})
	})
}
