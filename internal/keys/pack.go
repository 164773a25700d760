package keys

import (
	"encoding/binary"
	"errors"
)

// Packer writes the fields of a message to be sealed, one after the other. Both sides name the fields in the same order; a first
// byte tells the layout, so that it can change.
type Packer struct{ buf []byte }

// Pack starts a message of the layout.
func Pack(layout byte) *Packer { return &Packer{buf: append(make([]byte, 0, 128), layout)} }

// Text adds a string.
func (p *Packer) Text(s string) *Packer {
	p.buf = binary.AppendUvarint(p.buf, uint64(len(s)))
	p.buf = append(p.buf, s...)
	return p
}

// Texts adds a list of strings.
func (p *Packer) Texts(list []string) *Packer {
	p.buf = binary.AppendUvarint(p.buf, uint64(len(list)))
	for _, s := range list {
		p.Text(s)
	}
	return p
}

// Int adds an integer.
func (p *Packer) Int(i int64) *Packer {
	p.buf = binary.AppendVarint(p.buf, i)
	return p
}

// Bytes returns the message.
func (p *Packer) Bytes() []byte { return p.buf }

// Unpacker reads a message that Packer wrote. After a failure every field is empty, and Err tells.
type Unpacker struct {
	buf    []byte
	failed bool
}

// Unpack reads a message of the layout.
func Unpack(layout byte, message []byte) *Unpacker {
	if len(message) == 0 || message[0] != layout {
		return &Unpacker{failed: true}
	}
	return &Unpacker{buf: message[1:]}
}

// Text reads a string.
func (u *Unpacker) Text() string {
	n, size := binary.Uvarint(u.buf)
	if u.failed || size <= 0 || n > uint64(len(u.buf)-size) {
		u.failed = true
		return ""
	}
	s := string(u.buf[size : size+int(n)])
	u.buf = u.buf[size+int(n):]
	return s
}

// Texts reads a list of strings, nil when it is empty.
func (u *Unpacker) Texts() []string {
	n, size := binary.Uvarint(u.buf)
	if u.failed || size <= 0 || n > uint64(len(u.buf)-size) {
		u.failed = true
		return nil
	}
	u.buf = u.buf[size:]
	var list []string
	for range n {
		list = append(list, u.Text())
	}
	return list
}

// Int reads an integer.
func (u *Unpacker) Int() int64 {
	i, size := binary.Varint(u.buf)
	if u.failed || size <= 0 {
		u.failed = true
		return 0
	}
	u.buf = u.buf[size:]
	return i
}

// Err tells whether a field was missing or bytes are left.
func (u *Unpacker) Err() error {
	if u.failed || len(u.buf) != 0 {
		return errors.New("keys: a message of another layout")
	}
	return nil
}
