package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// newLogger returns the server's log: one event one line, in the form and from the level that the settings name, with the id of the
// request that the context carries. What callers sent may be logged as an attribute; it cannot end the line or move the cursor of the
// terminal that shows it.
func newLogger(w io.Writer, format, level string) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	options := &slog.HandlerOptions{Level: least, ReplaceAttr: inUTC}
	safe := escapingWriter{w}
	switch format {
	case "text":
		return slog.New(requestIDHandler{slog.NewTextHandler(safe, options)}), nil
	case "json":
		return slog.New(requestIDHandler{slog.NewJSONHandler(safe, options)}), nil
	}
	return nil, fmt.Errorf("log format %q is neither text nor json", format)
}

// inUTC has every moment of the log in UTC: lines of machines in several zones sort, and no hour comes twice.
func inUTC(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindTime {
		a.Value = slog.TimeValue(a.Value.Time().UTC())
	}
	return a
}

type requestIDKey struct{}

// WithRequestID returns a context whose log lines carry the id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the id of the request that the context belongs to, or the empty string outside of requests.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// requestIDHandler adds the request id of the context to every record. Within a group it lands in the group.
type requestIDHandler struct{ slog.Handler }

func (h requestIDHandler) Handle(ctx context.Context, record slog.Record) error {
	if id := RequestID(ctx); id != "" {
		record.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, record)
}

func (h requestIDHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestIDHandler{h.Handler.WithAttrs(attrs)}
}

func (h requestIDHandler) WithGroup(name string) slog.Handler {
	return requestIDHandler{h.Handler.WithGroup(name)}
}

// escapingWriter writes records with the characters escaped that slog lets through and terminals obey: DEL, and in JSON the C1
// controls (a lone U+009B starts an escape sequence) and the marks that turn the direction of text. In JSON they only occur inside
// strings, so an escape means the same. slog calls Write once per record.
type escapingWriter struct{ io.Writer }

func (w escapingWriter) Write(record []byte) (int, error) {
	if !needsEscape(record) {
		return w.Writer.Write(record)
	}
	var escaped bytes.Buffer
	for _, r := range string(record) {
		if isInvisible(r) {
			writeEscape(&escaped, r)
		} else {
			escaped.WriteRune(r)
		}
	}
	if _, err := w.Writer.Write(escaped.Bytes()); err != nil {
		return 0, err
	}
	return len(record), nil
}

// needsEscape is the fast path: plain ASCII is what almost every record is.
func needsEscape(record []byte) bool {
	for _, b := range record {
		if b >= 0x7f {
			return true
		}
	}
	return false
}

func isInvisible(r rune) bool {
	return r > unicode.MaxASCII && !unicode.IsPrint(r) && r != utf8.RuneError || r == 0x7f
}

// writeEscape writes a character as JSON escapes it: in UTF-16, RFC 8259 §7.
func writeEscape(to *bytes.Buffer, r rune) {
	for _, unit := range utf16.AppendRune(nil, r) {
		fmt.Fprintf(to, `\u%04x`, unit)
	}
}
