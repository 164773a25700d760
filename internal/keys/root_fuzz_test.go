package keys

import (
	"encoding/base64"
	"strings"
	"testing"
)

// FuzzParseRootKey checks that a text is one key of 32 bytes or none, and that the key in any spelling is the same.
func FuzzParseRootKey(f *testing.F) {
	f.Add(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\xfb", 32))))
	f.Add(" " + base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\xff", 32))) + "\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := ParseRootKey(text)
		if err != nil {
			return
		}
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			if again, err := ParseRootKey(encoding.EncodeToString(key.bytes[:])); err != nil || again != key {
				t.Fatalf("%q is another key when it is written again: %v", text, err)
			}
		}
	})
}
