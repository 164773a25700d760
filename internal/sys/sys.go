// Package sys holds what the rest of the house takes from the machine: the time and time-ordered ids.
// It owns no state but the offset of a clock; files, network and configuration are other packages' business.
package sys

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/hex"
	"sync/atomic"
	"time"
)

// Clock tells the time. Development mode moves it; everything that decides by time asks one.
// The zero value tells the machine's time.
type Clock struct{ offset atomic.Int64 }

// Now returns the current moment in UTC, to the millisecond: the precision that the store keeps.
func (c *Clock) Now() time.Time {
	return time.Now().Add(time.Duration(c.offset.Load())).UTC().Truncate(time.Millisecond)
}

// Advance moves the clock by d for everybody who asks it.
func (c *Clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }

// idEncoding keeps the order of the bytes in the order of the text, so that ids sort by age in any database.
var idEncoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// IDLength is the length of what NewID returns, in bytes of ASCII text.
const IDLength = 26

// NewID returns a row id that sorts by the moment it was made: one byte of shard (always zero on a single node), 48 bits of
// Unix milliseconds, 72 random bits. It names a row and is no secret.
func NewID(now time.Time) string {
	var raw [16]byte
	putMillis(raw[:], now)
	rand.Read(raw[7:])
	return idEncoding.EncodeToString(raw[:])
}

// FirstID returns the smallest id that NewID can return at the moment or later: the bound of a sweep by age.
func FirstID(moment time.Time) string {
	var raw [16]byte
	putMillis(raw[:], moment)
	return idEncoding.EncodeToString(raw[:])
}

func putMillis(raw []byte, moment time.Time) {
	ms := uint64(max(moment.UnixMilli(), 0))
	for i := 6; i >= 1; i-- {
		raw[i] = byte(ms)
		ms >>= 8
	}
}

// NewHex returns n random bytes as lower-case hex text: the form of AWS resource ids such as ssoins-….
func NewHex(n int) string {
	raw := make([]byte, n)
	rand.Read(raw)
	return hex.EncodeToString(raw)
}
