package strictjson

import "unicode/utf8"

// AppendString appends s to dst as a JSON string (RFC 8259 §7). It escapes what the grammar requires and nothing more:
// quotation mark, backslash and the control characters below U+0020. Everything else stands as it is, also <, > and &,
// because what we write is JSON and never a part of a page. A byte of s that is not UTF-8 becomes U+FFFD, so the result is
// always a string that Parse accepts.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0 // s[from:i] waits to be copied unchanged
	for i := 0; i < len(s); {
		if plain := plainEights(s[i:]); plain > 0 {
			i += plain
			continue
		}
		if c := s[i]; c < utf8.RuneSelf {
			if c < 0x20 || c == '"' || c == '\\' {
				dst = appendEscape(append(dst, s[from:i]...), c)
				from = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = utf8.AppendRune(append(dst, s[from:i]...), utf8.RuneError)
			from = i + 1
		}
		i += size
	}
	return append(append(dst, s[from:]...), '"')
}

// plainEights is how many bytes s begins with that stand in a JSON string as they are, counted by eights: tokens are kilobytes of them.
func plainEights(s string) (n int) {
	for ; len(s)-n >= 8; n += 8 {
		eight := s[n : n+8]
		word := uint64(eight[0]) | uint64(eight[1])<<8 | uint64(eight[2])<<16 | uint64(eight[3])<<24 |
			uint64(eight[4])<<32 | uint64(eight[5])<<40 | uint64(eight[6])<<48 | uint64(eight[7])<<56
		if highBits&(word|below(word, 0x20)|below(word^eachByte*'"', 1)|below(word^eachByte*'\\', 1)) != 0 {
			break
		}
	}
	return n
}

const (
	eachByte = 0x0101010101010101
	highBits = eachByte << 7
)

// below sets the high bit of a byte when one of the word is less than the limit, as long as none has its own high bit set.
func below(word, limit uint64) uint64 { return (word - eachByte*limit) &^ word }

// shortEscapes are the characters with an escape of two letters.
var shortEscapes = [0x80]byte{'"': '"', '\\': '\\', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't'}

func appendEscape(dst []byte, c byte) []byte {
	if short := shortEscapes[c]; short != 0 {
		return append(dst, '\\', short)
	}
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&0xF])
}

// AppendTo appends the value as JSON without blanks. Order of members and spelling of numbers stay as they were read.
func (v Value) AppendTo(dst []byte) []byte {
	switch v.kind {
	case String:
		return AppendString(dst, v.text)
	case Array:
		dst = append(dst, '[')
		for i, item := range v.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.AppendTo(dst)
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		for i, member := range v.members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = member.Value.AppendTo(append(AppendString(dst, member.Name), ':'))
		}
		return append(dst, '}')
	case Null:
		return append(dst, "null"...)
	}
	return append(dst, v.text...)
}
