// Package wire is the rim for programs: it reads requests of the AWS protocols into the inputs of operations and writes their answers
// and refusals back. It knows operations by their table alone; what they do is the rooms' business.
package wire

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/fault"
)

// Options are what the rim is given.
type Options struct {
	Handlers []api.Handler
	Caller   func(*http.Request) api.Caller
	FindKey  api.FindKey
	Now      func() time.Time
	Regions  []string // that a signature may be scoped to; empty means any
	OAuth    OAuth
	Log      *slog.Logger
}

// Rim serves the operations.
type Rim struct {
	Options
	actions map[string]api.Handler // of Query services, by version and name
}

// New makes the rim.
func New(options Options) *Rim {
	r := &Rim{Options: options, actions: map[string]api.Handler{}}
	for _, h := range options.Handlers {
		if h.Service.Protocol == api.Query {
			r.actions[h.Service.Version+" "+h.Name] = h
		}
	}
	return r
}

// Routes enters every route of the table: no path answers that the table does not name.
func (rim *Rim) Routes(mux *http.ServeMux) {
	methods := map[string][]string{}
	for _, h := range rim.Handlers {
		if h.Service.Protocol == api.RESTJSON {
			mux.HandleFunc(h.Method+" "+h.Path, rim.restJSON(h))
			methods[h.Path] = append(methods[h.Path], h.Method)
			if h.Method == http.MethodGet {
				methods[h.Path] = append(methods[h.Path], http.MethodHead) // which a GET pattern of the mux takes as well
			}
		}
	}
	mux.HandleFunc("POST /{$}", rim.query)
	rim.oauthRoutes(mux, methods)
	for path, allowed := range methods {
		mux.HandleFunc(path, rim.methodNotAllowed(allowed))
	}
}

// methodNotAllowed answers the methods of a path that have no operation.
func (rim *Rim) methodNotAllowed(allowed []string) http.HandlerFunc {
	slices.Sort(allowed)
	allow := strings.Join(allowed, ", ")
	refusal := fault.MethodNotAllowed.Refuse("This path takes " + allow)
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		writeRefusal(w, true, refusal)
	}
}

// NotFound answers paths that nothing is at.
func (rim *Rim) NotFound(w http.ResponseWriter, r *http.Request) {
	writeRefusal(w, true, fault.UnknownOperation.Refuse("There is no operation at this path"))
}

// call runs an operation and sorts its outcome: a refusal is for the caller, a failure is logged here, once, and shown as an internal
// error.
func (rim *Rim) call(ctx context.Context, h api.Handler, caller api.Caller, input any) (any, *fault.Refusal) {
	output, err := h.Call(ctx, caller, input)
	if err == nil {
		return output, nil
	}
	return nil, rim.sort(ctx, h.Name, err)
}

// sort turns an error into the refusal to answer with.
func (rim *Rim) sort(ctx context.Context, operation string, err error) *fault.Refusal {
	refusal, refused := fault.As(err)
	if !refused {
		rim.Log.LogAttrs(ctx, slog.LevelError, "Failed", slog.String("operation", operation), slog.String("error", err.Error()))
		return internal
	}
	level := slog.LevelInfo
	if refusal.Kind == fault.AuthorizationPending || refusal.Kind == fault.SlowDown {
		level = slog.LevelDebug // the normal course of a sign-in, hundreds of times
	}
	if rim.Log.Enabled(ctx, level) {
		rim.Log.LogAttrs(ctx, level, "Refused", slog.String("operation", operation), slog.String("exception", refusal.Kind.Name),
			slog.String("message", refusal.Message), slog.String("cause", refusal.Cause()))
	}
	return refusal
}

var internal = fault.InternalServer.Refuse("Something failed here: try again, and quote the request id if it goes on")

// single returns the only value of a query or form parameter.
func single(values url.Values) func(string) (string, bool) {
	return func(name string) (string, bool) {
		all, ok := values[name]
		if !ok || len(all) == 0 {
			return "", false
		}
		return all[0], true
	}
}

// checkSingle refuses parameters that were sent twice: two readers of such a request could disagree about what it says.
func checkSingle(values url.Values) error {
	for _, all := range values {
		if len(all) > 1 {
			return fault.InvalidRequest.Refuse("a parameter was sent more than once")
		}
	}
	return nil
}
