//go:build linux

package powercut

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// sector is what a disk writes whole or not at all, in bytes: what disks of today do, and what ext4 needs of them. With sectors of 512 bytes a block
// of its journal is torn at times, which its checksum tells, and it refuses to mount.
const sector = 4096

// drive is a disk with a write cache that forgets when the power goes, as most disks have. The running kernel reads and writes the image
// and finds there all that it wrote. The platter has what a flush promised to keep; between two flushes a real disk may have written any
// of the sectors in its cache, in any order, or none.
type drive struct {
	image   *os.File
	platter *os.File
	cache   []extent // what was written and not flushed, oldest first
}

// extent is data at a place of the disk.
type extent struct {
	offset int64 // in bytes
	data   []byte
}

// openDrive opens an image and the platter of the same content beside it. A platter that is missing becomes a copy of the image.
func openDrive(path string) (*drive, error) {
	image, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	platter, err := os.OpenFile(path+".platter", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	d := &drive{image: image, platter: platter}
	if info, err := platter.Stat(); err != nil || info.Size() != 0 {
		return d, err
	}
	_, err = io.Copy(platter, image)
	return d, err
}

func (d *drive) close() {
	d.image.Close()
	d.platter.Close()
}

// remove takes the files away.
func (d *drive) remove() error {
	return errors.Join(os.Remove(d.image.Name()), os.Remove(d.platter.Name()))
}

// written takes a write to the image into the cache.
func (d *drive) written(offset int64, data []byte) { d.cache = append(d.cache, extent{offset, data}) }

// unflushed is how many sectors the cache has.
func (d *drive) unflushed() (sectors int) {
	for _, w := range d.cache {
		sectors += (len(w.data) + sector - 1) / sector
	}
	return sectors
}

// flush puts the first writes of the cache on the platter.
func (d *drive) flush(writes int) error {
	for _, w := range d.cache[:writes] {
		if _, err := d.platter.WriteAt(w.data, w.offset); err != nil {
			return fmt.Errorf("flush the cache of the disk: %w", err)
		}
	}
	d.cache = append([]extent(nil), d.cache[writes:]...)
	return nil
}

// losses is what a power cut did to the cache.
type losses struct {
	kept, lost int // sectors
}

// lose is the power cut: of the sectors in the cache those stay for which keep says so. Image and platter are the same afterwards. The kernel
// must be dead.
func (d *drive) lose(keep func() bool) (losses, error) {
	var l losses
	for _, w := range d.cache {
		for at := 0; at < len(w.data); at += sector {
			if !keep() {
				l.lost++
				continue
			}
			l.kept++
			if _, err := d.platter.WriteAt(w.data[at:min(at+sector, len(w.data))], w.offset+int64(at)); err != nil {
				return l, fmt.Errorf("write the sectors that the disk kept: %w", err)
			}
		}
	}
	for _, w := range d.cache {
		if _, err := d.platter.ReadAt(w.data, w.offset); err != nil {
			return l, fmt.Errorf("read the platter: %w", err)
		}
		if _, err := d.image.WriteAt(w.data, w.offset); err != nil {
			return l, fmt.Errorf("take back what the disk lost: %w", err)
		}
	}
	d.cache = nil
	return l, nil
}
