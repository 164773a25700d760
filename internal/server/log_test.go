package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"sallyport/test/vectors"
)

func mustLogger(t testing.TB, w *bytes.Buffer, format, level string) *slog.Logger {
	t.Helper()
	log, err := newLogger(w, format, level)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func TestLogLinesCarryTheRequestID(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := mustLogger(t, &out, format, "info").With("component", "test")
		ctx := WithRequestID(t.Context(), "id-of-the-request")
		log.InfoContext(ctx, "inside")
		log.InfoContext(t.Context(), "outside")
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], "id-of-the-request") || strings.Contains(lines[1], "request_id") {
			t.Errorf("%s: %q, want the id in the first of two lines", format, lines)
		}
		if RequestID(ctx) != "id-of-the-request" || RequestID(t.Context()) != "" {
			t.Errorf("%s: the context does not give the id back", format)
		}
	}
}

func TestMomentsInTheLogAreInUTC(t *testing.T) {
	elsewhere := time.FixedZone("elsewhere", 5*60*60+45*60)
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := mustLogger(t, &out, format, "info")
		record := slog.NewRecord(time.Date(2030, 1, 2, 3, 4, 5, 0, elsewhere), slog.LevelInfo, "said", 0)
		record.AddAttrs(slog.Time("until", time.Date(2031, 1, 2, 3, 4, 5, 0, elsewhere)))
		if err := log.Handler().Handle(t.Context(), record); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "2030-01-01T21:19:05") || !strings.Contains(out.String(), "2031-01-01T21:19:05") || strings.Contains(out.String(), "+05:45") {
			t.Errorf("%s: %s", format, out.String())
		}
	}
}

func TestLogKeepsToItsLevelAndFormat(t *testing.T) {
	var out bytes.Buffer
	log := mustLogger(t, &out, "json", "warn")
	log.Info("not this")
	log.Warn("this")
	var event struct{ Level, Msg string }
	if err := json.Unmarshal(out.Bytes(), &event); err != nil || event.Level != "WARN" || event.Msg != "this" {
		t.Errorf("logged %q, want one warning as JSON", out.String())
	}
	for _, wrong := range [][2]string{{"xml", "info"}, {"json", "loud"}} {
		if _, err := newLogger(&out, wrong[0], wrong[1]); err == nil {
			t.Errorf("format %q, level %q gave a logger", wrong[0], wrong[1])
		}
	}
}

func TestEscapedJSONMeansTheSame(t *testing.T) {
	var out bytes.Buffer
	sent := "a\u0085b\u009b31mc\u202ed\x7fe\U000e0001f\u2028g é \U0001f600"
	mustLogger(t, &out, "json", "info").Info(sent)
	var event struct{ Msg string }
	if err := json.Unmarshal(out.Bytes(), &event); err != nil || event.Msg != sent {
		t.Errorf("logged %q (%v), which does not mean %q", out.String(), err, sent)
	}
}

func FuzzOneEventIsOneHarmlessLine(f *testing.F) {
	for _, text := range []string{"plain", "two\nlines\r\n", "\x1b[2J\x00\a", "\u009b2J\u0085\u2028\u2029", "\u202eevil\u2066", "\xff\xc2", "\x7f", "\U000e0001", "é😀"} {
		f.Add(text)
	}
	for _, text := range vectors.Naughty(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range []string{"text", "json"} {
			var out bytes.Buffer
			log := mustLogger(t, &out, format, "info").With(text, text)
			log.InfoContext(WithRequestID(t.Context(), text), text, "value", text, "error", errors.New(text), "raw", []byte(text), slog.Group(text, "a", text))
			line, ended := strings.CutSuffix(out.String(), "\n")
			if !ended || !utf8.ValidString(line) {
				t.Fatalf("%s: %q is not one line of UTF-8", format, out.String())
			}
			for _, r := range line {
				if !unicode.IsPrint(r) && r != utf8.RuneError {
					t.Fatalf("%s: %q has the character %U in it", format, line, r)
				}
			}
		}
	})
}
