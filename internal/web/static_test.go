package web

import (
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestStaticFilesAreServedForEver(t *testing.T) {
	for name, contentType := range staticTypes {
		path := staticPath(name)
		if !regexp.MustCompile(`^/static/sallyport\.[0-9a-f]{12}\.(css|svg)$`).MatchString(path) {
			t.Errorf("path %q", path)
		}
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := httptest.NewRecorder()
			StaticHandler().ServeHTTP(w, httptest.NewRequest(method, path, nil))
			h := w.Header()
			if w.Code != 200 || h.Get("Content-Type") != contentType || !strings.Contains(h.Get("Cache-Control"), "immutable") {
				t.Errorf("%s %s: %d %v", method, path, w.Code, h)
			}
		}
	}
}

func TestStaticHandlerRefusesEverythingElse(t *testing.T) {
	css := staticPath("sallyport.css")
	tests := []struct {
		name, method, path string
		want               int
	}{
		{"the directory", "GET", "/static/", 404},
		{"a name without its hash", "GET", "/static/sallyport.css", 404},
		{"another hash", "GET", "/static/sallyport.000000000000.css", 404},
		{"dots", "GET", "/static/../../etc/passwd", 404},
		{"dots that lead back", "GET", "/static/../static/" + strings.TrimPrefix(css, StaticPrefix), 404},
		{"a backslash", "GET", `/static/..\..\etc\passwd`, 404},
		{"a NUL", "GET", css + "\x00", 404},
		{"a trailing slash", "GET", css + "/", 404},
		{"a POST", "POST", css, 405},
		{"a DELETE", "DELETE", css, 405},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/", nil)
			r.URL = &url.URL{Path: tt.path}
			w := httptest.NewRecorder()
			StaticHandler().ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("%d, want %d", w.Code, tt.want)
			}
		})
	}
}

func TestTheStyleSheetLoadsNothing(t *testing.T) {
	css, err := staticFiles.ReadFile("static/sallyport.css")
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`url\(|@import|@font-face`).Find(css); m != nil {
		t.Errorf("the style sheet has %q, which the policy of our pages refuses", m)
	}
}

// TestColoursHaveEnoughContrast computes WCAG 2 contrast for the pairs that carry text (4.5:1) or mark a control (3:1).
func TestColoursHaveEnoughContrast(t *testing.T) {
	css, err := staticFiles.ReadFile("static/sallyport.css")
	if err != nil {
		t.Fatal(err)
	}
	light, rest, _ := strings.Cut(string(css), "prefers-color-scheme: dark")
	dark, _, _ := strings.Cut(rest, "*, *::before")
	pairs := []struct {
		text, ground string
		least        float64
	}{
		{"ink", "ground", 7}, {"ink", "surface", 7}, {"ink", "sunk", 7}, {"ink", "accent-wash", 7},
		{"quiet", "ground", 4.5}, {"quiet", "surface", 4.5}, {"quiet", "sunk", 4.5},
		{"accent", "ground", 4.5}, {"accent", "surface", 4.5}, {"accent", "accent-wash", 4.5},
		{"accent-deep", "surface", 4.5}, {"on-accent", "accent", 4.5}, {"on-accent", "accent-deep", 4.5},
		{"warn-ink", "warn-ground", 4.5}, {"bad-ink", "bad-ground", 4.5},
		{"edge", "surface", 3}, {"edge", "ground", 3}, {"bad-line", "surface", 3},
	}
	for scheme, sheet := range map[string]string{"light": light, "dark": dark} {
		colours := variables(t, sheet)
		for _, p := range pairs {
			if got := contrast(colours[p.text], colours[p.ground]); got < p.least {
				t.Errorf("%s: %s on %s has %.2f:1, want %.1f:1", scheme, p.text, p.ground, got, p.least)
			}
		}
	}
}

var variable = regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`)

func variables(t *testing.T, sheet string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, m := range variable.FindAllStringSubmatch(sheet, -1) {
		found[m[1]] = m[2]
	}
	return found
}

// contrast is the ratio of WCAG 2.2, definition of "contrast ratio".
func contrast(a, b string) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(hex string) float64 {
	rgb, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		return 0 // an unknown colour has contrast 1 with black and fails
	}
	linear := func(shift uint) float64 {
		c := float64(rgb>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
}
