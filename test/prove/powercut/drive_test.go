//go:build linux

package powercut

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const testSectors = 8

// newDrive has testSectors sectors of dots.
func newDrive(t *testing.T) *drive {
	t.Helper()
	path := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(path, bytes.Repeat([]byte{'.'}, testSectors*sector), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := openDrive(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	return d
}

// write does what the kernel does, and tells the drive.
func (d *drive) write(t *testing.T, at int, letters string) {
	t.Helper()
	var data []byte
	for _, letter := range []byte(letters) {
		data = append(data, bytes.Repeat([]byte{letter}, sector)...)
	}
	if _, err := d.image.WriteAt(data, int64(at*sector)); err != nil {
		t.Fatal(err)
	}
	d.written(int64(at*sector), data)
}

// letters are one for each sector; a sector that is not whole is a fault.
func letters(t *testing.T, file *os.File) string {
	t.Helper()
	var found []byte
	for at := range testSectors {
		text := make([]byte, sector)
		if _, err := file.ReadAt(text, int64(at*sector)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text, bytes.Repeat(text[:1], sector)) {
			t.Fatalf("sector %d is torn", at)
		}
		found = append(found, text[0])
	}
	return string(found)
}

func TestWhatTheDriveKeeps(t *testing.T) {
	all, none := func() bool { return true }, func() bool { return false }
	for _, row := range []struct {
		name    string
		flushed int // of the writes AB at 0, CD at 1, E at 0
		keep    func() bool
		want    string
		losses  losses
	}{
		{"nothing that was not flushed, where nothing was written", 0, none, "........", losses{0, 5}},
		{"what was flushed, and nothing else", 1, none, "AB......", losses{0, 3}},
		{"the flushed write over an older one", 2, none, "ACD.....", losses{0, 1}},
		{"everything when all was written", 1, all, "ECD.....", losses{3, 0}},
		{"single sectors of a write", 0, everySecond(), "EC......", losses{3, 2}},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := newDrive(t)
			d.write(t, 0, "AB")
			d.write(t, 1, "CD")
			d.write(t, 0, "E")
			if err := d.flush(row.flushed); err != nil {
				t.Fatal(err)
			}
			lost, err := d.lose(row.keep)
			if err != nil {
				t.Fatal(err)
			}
			if lost != row.losses {
				t.Errorf("%+v, want %+v", lost, row.losses)
			}
			for _, file := range []*os.File{d.image, d.platter} {
				if got := letters(t, file); got != row.want {
					t.Errorf("%s has %s, want %s", filepath.Base(file.Name()), got, row.want)
				}
			}
		})
	}
}

// everySecond keeps the first, the third and so on.
func everySecond() func() bool {
	asked := 0
	return func() bool {
		asked++
		return asked%2 == 1
	}
}

func TestAnExchangeMayFlush(t *testing.T) {
	for _, row := range []struct {
		name string
		x    exchange
		want bool
	}{
		{"when nothing is done for its only request", exchange{requests: 1}, true},
		{"when it has several requests, of which one may be a flush", exchange{requests: 2, touched: 2}, true},
		{"when the file was synchronized", exchange{requests: 1, touched: 1, synced: true}, true},
		{"not when its only request is a write", exchange{requests: 1, touched: 4}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := row.x.mayFlush(); got != row.want {
				t.Errorf("%v, want %v", got, row.want)
			}
		})
	}
}

func TestTheFuseBlowsAtTheNthEvent(t *testing.T) {
	f := &fuse{kill: func() error { return nil }}
	var blown []string
	meet := func(name string, what event) {
		if f.meets(what) {
			blown = append(blown, name)
		}
	}
	meet("a write before it was armed", aWrite)
	f.arm(aWrite, 2)
	meet("the first write", aWrite)
	meet("a flush", aFlush)
	meet("the second write", aWrite)
	meet("a flush after it", aFlush)
	if want := []string{"the second write", "a flush after it"}; !slices.Equal(blown, want) {
		t.Errorf("the power was gone at %q, want %q", blown, want)
	}
}
