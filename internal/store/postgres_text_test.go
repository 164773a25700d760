package store

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzTextsSurviveThePostgresForm(f *testing.F) {
	for _, text := range []string{"", "alice", "a\x00b", "\xff", "é\xc3", "\uFDD0", "\uFDD000;", "\uFFFD", "\xed\xa0\x80", strings.Repeat("\x00", 9)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		written := toPostgresText(text)
		if !utf8.ValidString(written) || strings.ContainsRune(written, 0) {
			t.Errorf("%q is written as %q, which PostgreSQL refuses", text, written)
		}
		if read := fromPostgresText([]byte(written)); read != text {
			t.Errorf("%q is read back as %q", text, read)
		}
	})
}

func TestAnyTextIsKeptAndFound(t *testing.T) {
	s, _ := open(t)
	for _, name := range []string{"plain", "nul\x00", "bad\xff", "\uFDD0", "quote'\"", "emoji😀"} {
		update(t, s, func(tx *Tx) error { return tx.PutAccount(Account{AccountID: name, Name: name}) })
		account := view(t, s, func(tx *Tx) (Account, error) { a, _, err := tx.Account(name); return a, err })
		if account.Name != name {
			t.Errorf("%q is kept as %q", name, account.Name)
		}
	}
}
