package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sallyport/internal/explain"
	"sallyport/internal/sys"
	"sallyport/internal/trace"
	"sallyport/internal/wire"
)

// This file joins the record of refusals to the doors: the rim tells of each refusal, operators ask for one by `sallyport explain`, and in
// development mode the log links to it.

// newRecorder makes the recorder of refusals. Close it before the store.
func (h *House) newRecorder() *explain.Recorder {
	return explain.New(explain.Options{Store: h.Store, Clock: h.Clock, Log: h.Log})
}

// recordRefusals returns what the rim tells of each refusal.
func recordRefusals(recorder *explain.Recorder, clock *sys.Clock) func(context.Context, wire.Refused) {
	return func(ctx context.Context, refused wire.Refused) {
		d := explain.Decision{
			RequestID: refused.Caller.RequestID,
			At:        clock.Now(),
			Operation: refused.Operation.Name,
			Exception: refused.Refusal.Kind.Name,
			Message:   refused.Refusal.Message,
			Cause:     refused.Refusal.Cause(),
			Trace:     trace.From(ctx).Record(),
		}
		if signer := refused.Caller.Signer; signer != nil {
			d.Principal = signer.ARN
		}
		recorder.Record(d)
	}
}

const pathExplain = "/_dev/explain"

// explainRoute shows a decision in development mode: as text, or as JSON to those who accept it. It reads and changes nothing; sameOrigin
// refuses pages of other origins all the same, because a decision is not for them.
func explainRoute(recorder *explain.Recorder, clock *sys.Clock, sameOrigin func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := sameOrigin(r); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		requestID := r.URL.Query().Get("request_id")
		d, found, err := recorder.Find(r.Context(), requestID)
		switch {
		case err != nil:
			recorder.Log.ErrorContext(r.Context(), "a decision was not read", "error", err)
			http.Error(w, "the decision cannot be read", http.StatusInternalServerError)
		case !found:
			http.Error(w, explain.Unknown(requestID).Error(), http.StatusNotFound)
		case strings.Contains(r.Header.Get("Accept"), "application/json"):
			w.Header().Set("Content-Type", "application/json")
			_ = d.JSON(w) // the caller may be gone
		default:
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_ = d.Text(w, trace.UTF8, clock.Now())
		}
	}
}

// explainLinks returns the log of development mode, in which the line of a refusal says where it is explained. The public URL is asked for
// line by line, because it is not known before the server listens.
func explainLinks(log *slog.Logger, publicURL func() string) *slog.Logger {
	return slog.New(linkHandler{log.Handler(), publicURL})
}

type linkHandler struct {
	slog.Handler
	publicURL func() string
}

// Handle adds the link to the lines that the rim writes about requests whose checks are traced.
func (h linkHandler) Handle(ctx context.Context, record slog.Record) error {
	if id := RequestID(ctx); id != "" && trace.From(ctx) != nil && (record.Message == "Refused" || record.Message == "Failed") {
		record.AddAttrs(slog.String("explain", h.publicURL()+pathExplain+"?request_id="+url.QueryEscape(id)))
	}
	return h.Handler.Handle(ctx, record)
}

func (h linkHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return linkHandler{h.Handler.WithAttrs(attrs), h.publicURL}
}

func (h linkHandler) WithGroup(name string) slog.Handler {
	return linkHandler{h.Handler.WithGroup(name), h.publicURL}
}

// ExplainForm is how an operator wants a decision shown.
type ExplainForm struct {
	JSON  bool
	Marks trace.Marks
}

// listedDecisions is how many refusals a list shows: a screen full.
const listedDecisions = 20

// Explain writes why a request was refused, or, without a request id, the requests that were refused last.
func Explain(ctx context.Context, c *Config, requestID string, form ExplainForm, out io.Writer) error {
	return operate(ctx, c, false, func(h *House) error {
		if requestID == "" {
			return h.listDecisions(ctx, form, out)
		}
		d, found, err := explain.Find(ctx, h.Store, requestID)
		switch {
		case err != nil:
			return err
		case !found:
			return explain.Unknown(requestID)
		case form.JSON:
			return d.JSON(out)
		}
		return d.Text(out, form.Marks, time.Now())
	})
}

func (h *House) listDecisions(ctx context.Context, form ExplainForm, out io.Writer) error {
	decisions, err := explain.Latest(ctx, h.Store, listedDecisions)
	switch {
	case err != nil:
		return err
	case form.JSON:
		return explain.ListJSON(out, decisions)
	}
	return explain.ListText(out, decisions, time.Now())
}
