package sys

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

// NewUUID returns a UUID that sorts by the moment it was made (RFC 9562 §5.7, version 7): 48 bits of Unix milliseconds, 74 random bits.
// Rows with such keys are written side by side, and a list by id is a list by age.
func NewUUID(now time.Time) string {
	var raw [16]byte
	ms := uint64(max(now.UnixMilli(), 0))
	for i := 5; i >= 0; i-- {
		raw[i] = byte(ms)
		ms >>= 8
	}
	rand.Read(raw[6:])
	raw[6] = raw[6]&0x0f | 0x70 // version
	raw[8] = raw[8]&0x3f | 0x80 // variant
	text := make([]byte, 36)
	hex.Encode(text, raw[:4])
	text[8] = '-'
	hex.Encode(text[9:], raw[4:6])
	text[13] = '-'
	hex.Encode(text[14:], raw[6:8])
	text[18] = '-'
	hex.Encode(text[19:], raw[8:10])
	text[23] = '-'
	hex.Encode(text[24:], raw[10:])
	return string(text)
}
