package policy

import "testing"

// FuzzValues checks that a number or a date of a condition is read in one way: what is compared with itself is equal.
func FuzzValues(f *testing.F) {
	for _, text := range []string{"1", "-0.5", "1e9", "2026-11-22", "2026-11-22T03:04Z", "253402300799", "253402300800", "0x1", "1_000", "٣"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		number, ok := parseNumber(text)
		if ok && (len(text) > maxDigits || number == nil) {
			t.Fatalf("%q is the number %v", text, number)
		}
		date, ok := parseDate(text)
		if again, same := parseDate(text); ok != same || ok && !again.Equal(date) {
			t.Fatalf("%q is %v and %v", text, date, again)
		}
		if ok && (date.Year() > 9999 || date.Year() < 0) {
			t.Fatalf("%q is %v", text, date)
		}
	})
}
