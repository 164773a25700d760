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
	"sallyport/internal/sigv4"
	"sallyport/internal/strictform"
	"sallyport/internal/trace"
)

// Options are what the rim is given.
type Options struct {
	Handlers []api.Handler
	Caller   func(*http.Request) api.Caller
	FindKey  api.FindKey
	// Authorize decides by the signer's policies whether it may call an operation that does not decide so itself.
	Authorize api.Authorize
	// Refused hears of every refusal whose checks were traced; nil for nobody.
	Refused func(ctx context.Context, refused Refused)
	Now     func() time.Time
	OAuth   OAuth
	Log     *slog.Logger
}

// Rim serves the operations.
type Rim struct {
	Options
	actions map[string]api.Handler // of Query services, by version and name
	targets map[string]api.Handler // of JSON services, by X-Amz-Target

	signingKeys sigv4.SigningKeys
}

// Refused is a request that was refused. Its checks are in the context's trace, if the operation's are traced.
type Refused struct {
	Caller    api.Caller
	Operation *api.Operation
	Refusal   *fault.Refusal
}

// New makes the rim. It panics on a table that contradicts itself: two methods for an operation, or nobody to decide who may call one.
func New(options Options) *Rim {
	r := &Rim{Options: options, actions: map[string]api.Handler{}, targets: map[string]api.Handler{}}
	known := map[*api.Operation]bool{}
	for _, h := range options.Handlers {
		if known[h.Operation] || askedByPolicy(h) && options.Authorize == nil {
			panic("wire: " + h.Name + " has two methods, or nobody who authorizes its callers")
		}
		known[h.Operation] = true
		switch h.Service.Protocol {
		case api.Query:
			r.actions[h.Service.Version+" "+h.Name] = h
		case api.JSON:
			r.targets[h.Service.TargetPrefix+"."+h.Name] = h
		}
	}
	return r
}

// askedByPolicy tells whether the rim has to ask who may call the operation, whose room does not decide it.
func askedByPolicy(h api.Handler) bool { return h.Auth == api.AuthSigV4 && !h.OwnAuthorization }

// Routes enters every route of the table: no path answers that the table does not name.
func (rim *Rim) Routes(mux *http.ServeMux) {
	methods := map[string][]string{}
	routes := map[string]*restRoute{}
	for _, h := range rim.Handlers {
		if h.Service.Protocol != api.RESTJSON {
			continue
		}
		path, query, _ := strings.Cut(h.Path, "?")
		route, known := routes[h.Method+" "+path]
		if !known {
			route = rim.newRestRoute(h)
			routes[h.Method+" "+path] = route
			mux.Handle(h.Method+" "+path, route)
			methods[path] = append(methods[path], h.Method)
			if h.Method == http.MethodGet {
				methods[path] = append(methods[path], http.MethodHead) // which a GET pattern of the mux takes as well
			}
		}
		route.add(query, rim.restJSON(h))
	}
	mux.HandleFunc("POST /{$}", rim.post)
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

// serve runs an operation on a request: its signature, its input, who may call, and the one method that is its own. A refusal is for the
// caller; a failure is logged here, once, and shown as an internal error.
func (rim *Rim) serve(r *http.Request, h api.Handler, caller api.Caller, read func(into any, verify verifier) error) (any, *fault.Refusal) {
	ctx := r.Context()
	if h.Auth == api.AuthSigV4 || h.OwnAuthorization {
		ctx, _ = trace.With(ctx)
	}
	input := h.NewInput()
	err := read(input, rim.verifier(ctx, r, h, &caller))
	if err == nil && askedByPolicy(h) {
		err = rim.Authorize(ctx, caller, h.Operation, input)
	}
	var output any
	if err == nil {
		output, err = h.Call(ctx, caller, input)
	}
	if err == nil {
		return output, nil
	}
	refusal := rim.sort(ctx, h.Name, err)
	if rim.Refused != nil {
		rim.Refused(ctx, Refused{Caller: caller, Operation: h.Operation, Refusal: refusal})
	}
	return nil, refusal
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
		if !ok {
			return "", false
		}
		return all[0], true
	}
}

// parseParameters reads a query or a form.
func parseParameters(text string) (url.Values, error) {
	values, err := strictform.Parse(text)
	if err != nil {
		return nil, fault.InvalidRequest.Refuse(err.Error())
	}
	return values, nil
}
