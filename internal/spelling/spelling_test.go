package spelling

import (
	"strings"
	"testing"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		limit int
		want  int
	}{
		{"listen", "listen", 9, 0},
		{"lsten", "listen", 9, 1},
		{"listne", "listen", 9, 2},
		{"", "abc", 9, 3},
		{"abc", "", 9, 3},
		{"kitten", "sitting", 9, 3},
		{"kitten", "sitting", 2, 2},
		{"a", "abcdef", 3, 3},
		{strings.Repeat("a", 129), strings.Repeat("a", 129), 7, 7},
	} {
		if got := Distance(c.a, c.b, c.limit); got != c.want {
			t.Errorf("%.10q to %.10q within %d: %d, want %d", c.a, c.b, c.limit, got, c.want)
		}
	}
}
