package oauth

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"sallyport/test/vectors"
)

func TestUserCodeVectors(t *testing.T) {
	var vectors struct {
		Alphabet string
		Cases    []struct{ Shown, Typed, Expect, Why string }
	}
	readVectors(t, "user-code/cases.json", &vectors)
	if vectors.Alphabet != userCodeLetters {
		t.Errorf("the alphabet is %q, want %q", userCodeLetters, vectors.Alphabet)
	}
	if len(vectors.Cases) != 25 {
		t.Errorf("read %d cases, want 25", len(vectors.Cases))
	}
	for _, c := range vectors.Cases {
		t.Run(c.Why, func(t *testing.T) {
			shown, ok := ParseUserCode(c.Shown)
			if !ok || shown.String() != c.Shown {
				t.Fatalf("the shown code %q is read as %q, %v", c.Shown, shown, ok)
			}
			typed, ok := ParseUserCode(c.Typed)
			if got := ok && typed == shown; got != (c.Expect == "match") {
				t.Errorf("%.20q is read as %q, %v; want %s", c.Typed, typed, ok, c.Expect)
			}
		})
	}
}

func TestParseUserCode(t *testing.T) {
	tests := []struct {
		name, typed, want string // want is empty when refused
	}{
		{"no-break spaces", "WDJB\u00a0MJHT\u00a0", "WDJB-MJHT"},
		{"an em dash", "WDJB\u2014MJHT", "WDJB-MJHT"},
		{"a non-breaking hyphen", "wdjb\u2011mjht", "WDJB-MJHT"},
		{"every separator between all letters", "W-D-J-B-M\tJ\tH\r\nT", "WDJB-MJHT"},
		{"the first and last letters of the alphabet", "BBBBZZZZ", "BBBB-ZZZZ"},
		{"a vowel", "WDJA-MJHT", ""},
		{"the vowel Y", "WDJY-MJHT", ""},
		{"a digit", "WDJ8-MJHT", ""},
		{"a kelvin sign, which folds to k", "WDJB-MJH\u212a", ""},
		{"a long s, which folds to s", "WDJB-MJH\u017f", ""},
		{"a Greek tau", "WDJB-MJH\u03a4", ""},
		{"a full-width hyphen", "WDJB\uff0dMJHT", "WDJB-MJHT"},
		{"a joiner without width", "WDJB\u200dMJHT", ""},
		{"a byte order mark", "\ufeffWDJB-MJHT", ""},
		{"a right-to-left override", "\u202eWDJB-MJHT", ""},
		{"a soft hyphen", "WDJB\u00adMJHT", ""},
		{"an underscore", "WDJB_MJHT", ""},
		{"bytes that are not UTF-8", "WDJB\xffMJHT", ""},
		{"two codes", "WDJB-MJHT WDJB-MJHT", ""},
		{"as much as anybody types", "WDJB-MJHT" + strings.Repeat(" ", 55), "WDJB-MJHT"},
		{"more than anybody types", "WDJB-MJHT" + strings.Repeat(" ", 56), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := ParseUserCode(tt.typed)
			if ok != (tt.want != "") || got.String() != tt.want {
				t.Errorf("got %q, %v", got, ok)
			}
		})
	}
}

func TestNewUserCodeThrowsAwayBytesThatFavourTheFirstLetters(t *testing.T) {
	// 240 to 255 would be the first sixteen letters a thirteenth time.
	source := []byte{240, 0, 255, 19, 20, 239, 250, 21, 100, 1, 2, 240, 255, 255, 255, 255}
	got, err := NewUserCode(bytes.NewReader(source))
	if err != nil || got.String() != "BZBZ-CBCD" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestNewUserCodeIsFair(t *testing.T) {
	const codes = 20_000
	source := rand.NewChaCha8([32]byte{1})
	counts := map[rune]float64{}
	for range codes {
		c, err := NewUserCode(source)
		if err != nil {
			t.Fatal(err)
		}
		again, ok := ParseUserCode(c.String())
		if !ok || again != c || len(c.String()) != 9 || c.String()[4] != '-' {
			t.Fatalf("%q is read as %q, %v", c, again, ok)
		}
		for _, r := range strings.ReplaceAll(c.String(), "-", "") {
			counts[r]++
		}
	}
	// Chi-square with 19 degrees of freedom: 43.8 is passed once in a thousand. The source is seeded, so this is no lottery.
	const want = codes * userCodeLength / float64(len(userCodeLetters))
	chi := 0.0
	for _, r := range userCodeLetters {
		chi += (counts[r] - want) * (counts[r] - want) / want
	}
	if chi > 43.8 {
		t.Errorf("chi-square is %.1f: %v", chi, counts)
	}
}

func TestNewUserCodeReportsABrokenSource(t *testing.T) {
	if _, err := NewUserCode(bytes.NewReader([]byte{1, 2, 3})); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("from a source that ends: %v", err)
	}
	stuck := bytes.NewReader(bytes.Repeat([]byte{255}, 1024))
	if c, err := NewUserCode(stuck); err == nil || c != (UserCode{}) {
		t.Errorf("from a source that is stuck: %q, %v", c, err)
	}
}

func TestZeroUserCodeIsNoCode(t *testing.T) {
	if got := (UserCode{}).String(); got != "" {
		t.Errorf("got %q", got)
	}
}

// FuzzParseUserCode checks that an accepted code has the one shape, is what was typed, and is read back as itself.
func FuzzParseUserCode(f *testing.F) {
	for _, s := range []string{"WDJB-MJHT", "wdjb mjht", "WDJB\u2013MJHT", "\uff37DJB-MJHT", "WDJB-MJH", "\xff", "WDJB-MJH\u212a"} {
		f.Add(s)
	}
	for _, typed := range append(vectors.Texts(f, "user-code/cases.json", "typed"), vectors.Naughty(f)...) {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		c, ok := ParseUserCode(typed)
		if !ok {
			if c != (UserCode{}) {
				t.Fatal("a code came with the refusal")
			}
			return
		}
		shown := c.String()
		if len(shown) != 9 || shown[4] != '-' || strings.Trim(shown[:4]+shown[5:], userCodeLetters) != "" {
			t.Fatalf("%q", shown)
		}
		if letters := strings.ToUpper(strings.Map(func(r rune) rune {
			if strings.ContainsRune(userCodeLetters+strings.ToLower(userCodeLetters), r) {
				return r
			}
			return -1
		}, typed)); letters != shown[:4]+shown[5:] {
			t.Fatalf("%q was read as %q", typed, shown)
		}
		if again, ok := ParseUserCode(shown); !ok || again != c {
			t.Fatalf("%q is read back as %q, %v", shown, again, ok)
		}
	})
}
