package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime/metrics"
	"sync"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/directory"
	"sallyport/internal/fault"
	"sallyport/internal/signin"
	"sallyport/internal/store"
	"sallyport/internal/strictjson"
	"sallyport/internal/token"
)

// This file is development mode: the demo, and the control endpoints with which tests and tools act for people. Nothing of it exists
// without --dev, and --dev listens on loopback alone.

// furnish applies the demo directory to a new instance.
func (h *House) furnish(ctx context.Context) error {
	var people []store.UserRecord
	err := h.Store.Look(ctx, func(tx *store.Tx) (err error) {
		people, err = tx.UsersPage("", 1) // one is enough to tell, of however many
		return err
	})
	if err != nil || len(people) > 0 {
		return err
	}
	demo, err := directory.Parse(directory.DemoFile())
	if err != nil {
		return err
	}
	passwords, err := h.demoPasswords(ctx)
	if err != nil {
		return err
	}
	// All at once: a server that dies meanwhile would find people when it starts again, and take the demo for complete.
	if _, err := directory.Apply(ctx, h.Store, api.Caller{}, demo, directory.ApplyOptions{Also: passwords}); err != nil {
		return err
	}
	return h.Store.View(ctx, func(tx *store.Tx) error { // the demo names the instance
		instance, _, err := tx.Instance()
		h.Instance = instance
		return err
	})
}

// demoPasswords returns what sets the passwords of the demo in a transaction.
func (h *House) demoPasswords(ctx context.Context) (func(*store.Tx) error, error) {
	var all []func(*store.Tx) (audit.Event, error)
	for _, person := range directory.DemoPasswords() {
		set, err := h.Signin.PreparePassword(ctx, person.UserName, person.Password, signin.PasswordOptions{Origin: store.OriginDemo})
		if err != nil {
			return nil, err
		}
		all = append(all, set)
	}
	return func(tx *store.Tx) error {
		for _, set := range all {
			event, err := set(tx)
			if err == nil {
				err = audit.Record(tx, api.Caller{}, event)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// demoUser is a person of the demo, as the ready file names them.
type demoUser struct {
	UserName string `json:"userName"`
	Password string `json:"password"`
}

// demoUsers are the people whose password is still the demo's.
func (h *House) demoUsers(ctx context.Context) ([]demoUser, error) {
	var names []string
	err := h.Store.View(ctx, func(tx *store.Tx) (err error) {
		names, err = tx.UserNamesByPasswordOrigin(store.OriginDemo)
		return err
	})
	var users []demoUser
	for _, name := range names {
		for _, person := range directory.DemoPasswords() {
			if person.UserName == name {
				users = append(users, demoUser{name, person.Password})
			}
		}
	}
	return users, err
}

// devRim serves the control endpoints.
type devRim struct {
	*Server
	tokens *token.Service
	faults *faults
}

func (d *devRim) routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /_dev/device", d.control(d.device))
	mux.HandleFunc("POST /_dev/authorize", d.control(d.authorize))
	mux.HandleFunc("POST /_dev/clock", d.control(d.clock))
	mux.HandleFunc("POST /_dev/fault", d.control(d.fault))
	mux.HandleFunc("POST /_dev/rotate", d.control(d.rotate))
	mux.HandleFunc("POST /_dev/retire", d.control(d.retire))
	mux.HandleFunc("GET /_dev/keys", d.keys)
	mux.HandleFunc("GET /_dev/state", d.state)
	mux.HandleFunc("GET /_dev/process", d.process)
}

// devError is a mistake of the caller of a control endpoint.
type devError struct {
	status  int
	message string
}

func (e *devError) Error() string { return e.message }

func mistake(status int, message string) error { return &devError{status, message} }

// control wraps an endpoint: a JSON object in, JSON out. The Host was checked by the hygiene; a browser's page of another origin cannot
// send application/json without asking first, and is refused by its Origin besides.
func (d *devRim) control(do func(http.ResponseWriter, *http.Request, strictjson.Value) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := d.readControl(w, r)
		var answer any
		if err == nil {
			answer, err = do(w, r, body)
		}
		d.answer(w, r, answer, err)
	}
}

const maxControl = 64 << 10

func (d *devRim) readControl(w http.ResponseWriter, r *http.Request) (strictjson.Value, error) {
	if err := d.sameOrigin(r); err != nil {
		return strictjson.Value{}, err
	}
	if r.Header.Get("Content-Type") != "application/json" {
		return strictjson.Value{}, mistake(http.StatusUnsupportedMediaType, "Content-Type must be application/json")
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControl))
	if err != nil {
		return strictjson.Value{}, mistake(http.StatusBadRequest, "the body cannot be read")
	}
	value, err := strictjson.Parse(text, strictjson.Limits{})
	if err != nil || value.Kind() != strictjson.Object {
		return strictjson.Value{}, mistake(http.StatusBadRequest, "the body must be a JSON object")
	}
	return value, nil
}

// sameOrigin refuses what a page of another origin sends: DNS rebinding brings such pages to loopback servers. It refuses what came through a
// proxy as well, one that the configuration expects included: behind it, anybody could act for everybody.
func (d *devRim) sameOrigin(r *http.Request) error {
	if cameThroughProxy(r.Header) {
		return mistake(http.StatusForbidden, "control endpoints take no requests that came through a proxy")
	}
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	if origin != "" && origin != d.config.PublicURL || site != "" && site != "same-origin" && site != "none" {
		return mistake(http.StatusForbidden, "control endpoints take no requests from pages of another origin")
	}
	return nil
}

func (d *devRim) answer(w http.ResponseWriter, r *http.Request, answer any, err error) {
	status := http.StatusOK
	if err != nil {
		status = http.StatusInternalServerError
		var message = err.Error()
		if known, ok := err.(*devError); ok {
			status = known.status
		} else if refusal, ok := fault.As(err); ok {
			status, message = refusal.Kind.Status, refusal.Message
		} else {
			d.Log.ErrorContext(r.Context(), "a control endpoint failed", "error", err)
		}
		answer = map[string]string{"message": message}
	} else if _, redirects := answer.(devLocation); redirects {
		status = http.StatusSeeOther
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer)
}

// textOf returns a member that must be a text.
func textOf(body strictjson.Value, name string) (string, error) {
	value, _ := body.Get(name)
	if value.Kind() != strictjson.String || value.Text() == "" {
		return "", mistake(http.StatusBadRequest, "the body lacks the text "+name)
	}
	return value.Text(), nil
}

// person finds the user that a request acts as, and acts as if they had signed in just now.
func (d *devRim) person(ctx context.Context, body strictjson.Value) (token.Person, error) {
	userName, err := textOf(body, "userName")
	if err != nil {
		return token.Person{}, err
	}
	var person token.Person
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		user, found, err := tx.UserByName(userName)
		if err == nil && (!found || !user.Enabled()) {
			err = mistake(http.StatusNotFound, "no enabled user has the name of userName")
		}
		person = token.Person{UserID: user.UserID, AuthTime: tx.Now}
		return err
	})
	return person, err
}

// device decides a device authorization as the user would.
func (d *devRim) device(w http.ResponseWriter, r *http.Request, body strictjson.Value) (any, error) {
	person, err := d.person(r.Context(), body)
	if err != nil {
		return nil, err
	}
	userCode, err := textOf(body, "userCode")
	if err != nil {
		return nil, err
	}
	decision, err := textOf(body, "decision")
	if err != nil {
		return nil, err
	}
	if decision != "approve" && decision != "deny" {
		return nil, mistake(http.StatusBadRequest, "decision must be approve or deny")
	}
	request, found, err := d.tokens.FindDevice(r.Context(), userCode)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, mistake(http.StatusNotFound, "no device authorization has this user code")
	}
	state, changed, err := d.tokens.DecideDevice(r.Context(), d.caller(r), person, request.DeviceID, decision == "approve")
	if err != nil {
		return nil, err
	}
	if !changed {
		return nil, mistake(http.StatusConflict, "the device authorization is "+string(state)+" already")
	}
	return map[string]string{"state": string(state)}, nil
}

// devLocation is where a browser would be sent to.
type devLocation struct {
	Location string `json:"location"`
}

// authorize answers an authorization request as the user would who allows everything.
func (d *devRim) authorize(w http.ResponseWriter, r *http.Request, body strictjson.Value) (any, error) {
	person, err := d.person(r.Context(), body)
	if err != nil {
		return nil, err
	}
	raw, err := textOf(body, "query")
	if err != nil {
		return nil, err
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, mistake(http.StatusBadRequest, "query cannot be read as a query")
	}
	location, err := d.decide(r, person, query)
	if err != nil {
		return nil, err
	}
	w.Header().Set("Location", location)
	return devLocation{location}, nil
}

func (d *devRim) decide(r *http.Request, person token.Person, query url.Values) (string, error) {
	request, err := d.tokens.ParseAuthorize(r.Context(), query)
	if redirect, ok := err.(*token.Redirect); ok {
		return redirect.Location(), nil
	}
	if err != nil {
		return "", err
	}
	return d.tokens.Decide(r.Context(), d.caller(r), person, request, token.Consent{Allow: true})
}

// clock moves the server's clock.
func (d *devRim) clock(w http.ResponseWriter, r *http.Request, body strictjson.Value) (any, error) {
	advance, err := textOf(body, "advance")
	if err != nil {
		return nil, err
	}
	by, err := parseDuration(advance)
	if err != nil {
		return nil, mistake(http.StatusBadRequest, "advance: "+err.Error())
	}
	d.Clock.Advance(by)
	return map[string]string{"now": d.Clock.Now().Format(time.RFC3339)}, nil
}

// rotate makes a new key of the ring the current one, at once or after a while.
func (d *devRim) rotate(w http.ResponseWriter, r *http.Request, body strictjson.Value) (any, error) {
	activateIn := time.Duration(0)
	if value, given := body.Get("activateIn"); given {
		var err error
		if activateIn, err = parseDuration(value.Text()); err != nil || activateIn < 0 {
			return nil, mistake(http.StatusBadRequest, "activateIn: expected a duration such as 1h")
		}
	}
	key, err := d.rotateKey(r.Context(), d.caller(r), activateIn)
	return map[string]string{"keyId": key.KeyID, "activatesAt": key.ActivatesAt.Format(time.RFC3339Nano)}, err
}

// retire takes a key out of the ring, before its time with "force": true.
func (d *devRim) retire(w http.ResponseWriter, r *http.Request, body strictjson.Value) (any, error) {
	keyID, err := textOf(body, "keyId")
	if err != nil {
		return nil, err
	}
	force, _ := body.Get("force")
	_, ended, err := d.retireKey(r.Context(), d.caller(r), keyID, force.Kind() == strictjson.Bool && force.Bool())
	if err != nil {
		return nil, mistake(http.StatusConflict, err.Error())
	}
	return map[string]int{"sessionsEnded": ended}, nil
}

// keys lists the keys of the ring, by the server's clock.
func (d *devRim) keys(w http.ResponseWriter, r *http.Request) {
	if err := d.sameOrigin(r); err != nil {
		d.answer(w, r, nil, err)
		return
	}
	listed, err := d.Ring.List(r.Context(), lives())
	d.answer(w, r, map[string]any{"keys": listed}, err)
}

// state counts what the store holds.
func (d *devRim) state(w http.ResponseWriter, r *http.Request) {
	if err := d.sameOrigin(r); err != nil {
		d.answer(w, r, nil, err)
		return
	}
	rows, live, err := d.Store.Counts(r.Context())
	d.answer(w, r, map[string]any{"rows": rows, "liveSessions": live, "pid": os.Getpid()}, err)
}

// process weighs the server, for tests that look for what is left behind. It asks for nothing that would stop the others.
func (d *devRim) process(w http.ResponseWriter, r *http.Request) {
	if err := d.sameOrigin(r); err != nil {
		d.answer(w, r, nil, err)
		return
	}
	samples := []metrics.Sample{{Name: "/sched/goroutines:goroutines"}, {Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	d.answer(w, r, map[string]any{
		"pid": os.Getpid(), "goroutines": samples[0].Value.Uint64(),
		"heapBytes":  samples[1].Value.Uint64(), // what lived at the last collection
		"stackBytes": samples[2].Value.Uint64(),
	}, nil)
}

// fault has the next calls of an operation answered with one of its exceptions, or panic, for those who test how a client takes it and
// what it leaves behind.
func (d *devRim) fault(w http.ResponseWriter, r *http.Request, body strictjson.Value) (any, error) {
	operation, err := textOf(body, "operation")
	if err != nil {
		return nil, err
	}
	exception, err := textOf(body, "exception")
	if err != nil {
		return nil, err
	}
	times := 1
	if value, given := body.Get("times"); given {
		if err := json.Unmarshal([]byte(value.Number()), &times); err != nil || times < 0 || times > maxFaults {
			return nil, mistake(http.StatusBadRequest, "times must be 0 to 1000")
		}
	}
	if !d.faults.set(operation, exception, times) {
		return nil, mistake(http.StatusNotFound, "no operation of this name declares this exception")
	}
	return map[string]int{"times": times}, nil
}

const maxFaults = 1000

// faultPanic in the place of an exception has the handler panic, for those who test what is left behind.
const faultPanic = "panic"

// faults are the exceptions that wait for their calls.
type faults struct {
	mu       sync.Mutex
	declared map[string][]*fault.Kind
	waiting  map[string]*injected
}

type injected struct {
	refusal *fault.Refusal // nil for a panic
	times   int
}

func newFaults(handlers []api.Handler) *faults {
	f := &faults{declared: map[string][]*fault.Kind{}, waiting: map[string]*injected{}}
	for _, h := range handlers {
		f.declared[h.Name] = append(append([]*fault.Kind(nil), h.Refusals...), h.Unlisted...)
	}
	return f
}

func (f *faults) set(operation, exception string, times int) bool {
	declared, known := f.declared[operation]
	if known && exception == faultPanic {
		f.wait(operation, nil, times)
		return true
	}
	for _, kind := range declared {
		if kind.Name == exception {
			f.wait(operation, kind.Refuse("Asked for at /_dev/fault"), times)
			return true
		}
	}
	return false
}

func (f *faults) wait(operation string, refusal *fault.Refusal, times int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting[operation] = &injected{refusal, times}
}

// take tells whether the next call of the operation fails, and with which refusal.
func (f *faults) take(operation string) (refusal *fault.Refusal, fails bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	waiting := f.waiting[operation]
	if waiting == nil || waiting.times == 0 {
		return nil, false
	}
	waiting.times--
	return waiting.refusal, true
}

// wrap puts the waiting faults before the operations.
func (f *faults) wrap(handlers []api.Handler) []api.Handler {
	wrapped := make([]api.Handler, len(handlers))
	for i, h := range handlers {
		wrapped[i] = h
		wrapped[i].Call = func(ctx context.Context, caller api.Caller, input any) (any, error) {
			switch refusal, fails := f.take(h.Name); {
			case fails && refusal == nil:
				panic("asked for at /_dev/fault")
			case fails:
				return nil, refusal
			}
			return h.Call(ctx, caller, input)
		}
	}
	return wrapped
}
