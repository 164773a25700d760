package web

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sallyport/test/vectors"
)

func TestPrintable(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"ordinary names pass", "Ünïcode & Söhne 株式会社", "Ünïcode & Söhne 株式会社"},
		{"an override is made visible", "a\u202eb", "a�b"},
		{"line breaks are made visible", "a\nb\u2028c", "a�b�c"},
		{"letters without ink are made visible", "\u3164", "�"},
		{"tags outside the basic plane are made visible", "\U000e0041", "�"},
		{"joiners stay for emoji and Persian", "می\u200cخواهم 👩\u200d💻", "می\u200cخواهم 👩\u200d💻"},
		{"marks stay", "é́", "é́"},
		{"stacked marks are cut", "e\u0301\u0301\u0301\u0301\u0301", "e\u0301\u0301\u0301"},
		{"bad UTF-8 is made visible", "a\xffb", "a�b"},
		{"exactly at the limit nothing is cut", strings.Repeat("x", 12), strings.Repeat("x", 12)},
		{"beyond the limit it is", strings.Repeat("x", 13), strings.Repeat("x", 12) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			limit := 12
			if len(tt.in) > 20 {
				limit = maxNameRunes
			}
			if got := printable(tt.in, limit); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("a\u202e\u0301")
	for _, text := range vectors.Naughty(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := printable(s, maxNameRunes)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, deceives) {
			t.Errorf("%q still deceives", got)
		}
		if n := utf8.RuneCountInString(got); n > maxNameRunes+1 {
			t.Errorf("%d runes", n)
		}
	})
}

func TestSpanRoundsDown(t *testing.T) {
	tests := map[time.Duration]string{
		-time.Minute:                 "less than a minute",
		59 * time.Second:             "less than a minute",
		time.Minute + 59*time.Second: "1 minute",
		time.Hour:                    "1 hour",
		time.Hour + 59*time.Second:   "1 hour",
		90 * time.Minute:             "90 minutes",
		2*time.Hour - time.Second:    "119 minutes",
		8 * time.Hour:                "8 hours",
		48*time.Hour - time.Second:   "47 hours",
		90 * 24 * time.Hour:          "90 days",
	}
	for d, want := range tests {
		if got := span(d); got != want {
			t.Errorf("span(%v) is %q, want %q", d, got, want)
		}
	}
}

func TestScopesAreSaidOnceAndUnknownOnesAreNamed(t *testing.T) {
	lines := scopeLines([]string{"sso:account:access", "sso-portal:*", "openid", "acme:wall:paint"})
	if len(lines) != 3 || lines[0].Words != portalWords || lines[2].Known || lines[2].Scope != "acme:wall:paint" {
		t.Errorf("got %+v", lines)
	}
	if none := scopeLines(nil); len(none) != 1 || none[0].Words != portalWords {
		t.Errorf("a client without scopes: got %+v, want portal access", none)
	}
}

func TestLoopbackTargets(t *testing.T) {
	tests := map[string]bool{
		"http://127.0.0.1:51820/cb":            true,
		"http://127.0.0.1/cb":                  true,
		"http://[::1]:1/cb":                    true,
		"http://[::1]/cb":                      true,
		"http://localhost:1/cb":                true,
		"https://127.0.0.1.example.test/cb":    false,
		"https://localhost.example.test/cb":    false,
		"https://127.0.0.1@evil.example.test/": false,
		"com.example.app:/cb":                  false,
	}
	for uri, want := range tests {
		if got := onLoopback(uri); got != want {
			t.Errorf("onLoopback(%q) is %v", uri, got)
		}
	}
}

func TestPageWindow(t *testing.T) {
	tests := []struct {
		current, last int
		want          []int
	}{
		{1, 1, []int{1}},
		{1, 60, []int{1, 2, 0, 60}},
		{3, 5, []int{1, 2, 3, 4, 5}},
		{30, 60, []int{1, 0, 29, 30, 31, 0, 60}},
		{60, 60, []int{1, 0, 59, 60}},
		{0, 0, nil},
	}
	for _, tt := range tests {
		if got := pageWindow(tt.current, tt.last); !slices.Equal(got, tt.want) {
			t.Errorf("pageWindow(%d, %d) is %v, want %v", tt.current, tt.last, got, tt.want)
		}
	}
}
