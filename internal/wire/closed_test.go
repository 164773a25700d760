package wire

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/sigv4"
)

// hollow is the rim over the whole table, with operations that only say that they were reached.
type hollow struct {
	handler http.Handler
	rim     *Rim
	reached []string
}

var errNotAllowed = fault.AdminAccessDenied.Refuse("not you")

// newHollow serves every operation but the one that is left out. One access key is known, and it may do nothing.
func newHollow(without string) *hollow {
	h := &hollow{}
	var handlers []api.Handler
	for _, service := range api.Served {
		for _, operation := range service.Answered() {
			if operation.Name == without {
				continue
			}
			handlers = append(handlers, api.Handler{
				Operation: operation,
				NewInput:  func() any { return nil },
				Call: func(context.Context, api.Caller, any) (any, error) {
					h.reached = append(h.reached, operation.Name)
					return nil, errors.New("reached")
				},
			})
		}
	}
	h.rim = New(Options{
		Handlers: handlers, Caller: func(*http.Request) api.Caller { return api.Caller{RequestID: requestID} }, Now: time.Now,
		Log: slog.New(slog.DiscardHandler),
		FindKey: func(_ context.Context, id, _ string) (api.Key, error) {
			return api.Key{Known: id == "AKIAKNOWN", Secret: map[string]string{"AKIAKNOWN": "secret"}[id]}, nil
		},
		Authorize: func(context.Context, api.Caller, *api.Operation, any) error { return errNotAllowed },
	})
	mux := http.NewServeMux()
	h.rim.Routes(mux)
	mux.HandleFunc("/", h.rim.NotFound)
	h.handler = h.rim.Presigned(mux)
	return h
}

// call asks for an operation as clients do.
func call(operation *api.Operation) (r *http.Request, body string) {
	target, contentType := operation.Path, "application/json"
	body = "{}"
	switch operation.Service.Protocol {
	case api.Query:
		body, contentType = "Action="+operation.Name+"&Version="+operation.Service.Version, "application/x-www-form-urlencoded"
	case api.JSON:
		contentType = "application/x-amz-json-1.1"
	}
	r = httptest.NewRequest(operation.Method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	if operation.Service.Protocol == api.JSON {
		r.Header.Set("X-Amz-Target", operation.Service.TargetPrefix+"."+operation.Name)
	}
	return r, body
}

// exception is the status and the name of a refusal, where clients of the protocol look for it.
func (h *hollow) exception(t *testing.T, r *http.Request, protocol api.Protocol) (status int, name string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	if protocol == api.Query {
		var refusal xmlRefusal
		if err := xml.Unmarshal(w.Body.Bytes(), &refusal); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
		return w.Code, refusal.Code
	}
	var refusal struct {
		Type string `json:"__type"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &refusal); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return w.Code, refusal.Type
}

// signedOperations are those that must not be reached without a signature.
func signedOperations() (all []*api.Operation) {
	for _, service := range api.Served {
		for _, operation := range service.Answered() {
			if operation.Auth == api.AuthSigV4 {
				all = append(all, operation)
			}
		}
	}
	return all
}

// The rule: routes are closed unless a table gives them a rule. Each operation that the table marks as signed is asked for without a
// signature, with one by nobody, with one for each other service, and – where identity policies decide – with one by somebody who may not.
func TestNoSignedOperationIsReachedWithoutItsSignature(t *testing.T) {
	type answer struct {
		status int
		name   string
	}
	missing := map[api.Protocol]answer{
		api.RESTJSON: {403, "MissingAuthenticationTokenException"}, api.JSON: {400, "MissingAuthenticationTokenException"},
		api.Query: {403, "MissingAuthenticationToken"},
	}
	unknown := map[api.Protocol]answer{
		api.RESTJSON: {403, "UnrecognizedClientException"}, api.JSON: {400, "UnrecognizedClientException"}, api.Query: {403, "InvalidClientTokenId"},
	}
	wrong := map[api.Protocol]answer{
		api.RESTJSON: {403, "InvalidSignatureException"}, api.JSON: {400, "InvalidSignatureException"}, api.Query: {403, "SignatureDoesNotMatch"},
	}
	h := newHollow("")
	all := signedOperations()
	const least = 79 + 19 + 5 + 1 - 8 // sso-admin without those that are not answered, identitystore, STS, CreateTokenWithIAM
	if len(all) < least {
		t.Errorf("%d operations are signed, want %d at least", len(all), least)
	}
	for _, operation := range all {
		protocol := operation.Service.Protocol
		check := func(how string, r *http.Request, want answer) {
			t.Helper()
			if status, name := h.exception(t, r, protocol); (answer{status, name}) != want {
				t.Errorf("%s %s: %d %s, want %v", operation.Name, how, status, name, want)
			}
		}
		signed := func(id, service string) *http.Request {
			r, body := call(operation)
			signer := sigv4.Signer{Credentials: sigv4.Credentials{AccessKeyID: id, SecretAccessKey: "secret"}, Region: "us-east-1", Service: service}
			if err := signer.Sign(r, []byte(body), time.Now()); err != nil {
				t.Fatal(err)
			}
			return r
		}
		bare, _ := call(operation)
		check("without a signature", bare, missing[protocol])
		bearing, _ := call(operation)
		bearing.Header.Set("x-amz-sso_bearer_token", "token")
		check("with a bearer token", bearing, missing[protocol])
		for _, streaming := range []string{"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "UNSIGNED-PAYLOAD"} { // CVE-2025-31489 and its kin
			r, _ := call(operation)
			r.Header.Set("X-Amz-Content-Sha256", streaming)
			r.Header.Set("Expect", "100-continue")
			check("with "+streaming, r, missing[protocol])
		}
		check("with a key that nobody has", signed("AKIAUNKNOWN", operation.Service.SigningName), unknown[protocol])
		for _, service := range api.Served {
			if service.SigningName != operation.Service.SigningName {
				check("signed for "+service.SigningName, signed("AKIAKNOWN", service.SigningName), wrong[protocol])
			}
		}
	}
	if len(h.reached) > 0 {
		t.Errorf("reached: %q", h.reached)
	}
}

func TestWhoMayCallIsAskedBeforeAnOperationIsReached(t *testing.T) {
	asked := api.ListInstances // the only one of the kind whose input may be empty
	reached := false
	for name, allowed := range map[string]error{"refused": errNotAllowed, "allowed": nil} {
		rim := New(Options{
			Handlers: []api.Handler{asked.Handle(func(_ context.Context, caller api.Caller, _ *api.ListInstancesRequest) (*api.ListInstancesResponse, error) {
				reached = true
				if caller.Signer.ARN != "arn:known" || caller.Signer.Region != "us-east-1" {
					t.Errorf("it is called by %+v", caller.Signer)
				}
				return &api.ListInstancesResponse{}, nil
			})},
			Caller: func(*http.Request) api.Caller { return api.Caller{} }, Now: time.Now, Log: slog.New(slog.DiscardHandler),
			FindKey: func(context.Context, string, string) (api.Key, error) {
				return api.Key{Known: true, Secret: "secret", Signer: api.Signer{ARN: "arn:known"}}, nil
			},
			Authorize: func(_ context.Context, caller api.Caller, operation *api.Operation, _ any) error {
				if operation != asked.Operation || caller.Signer.ARN != "arn:known" {
					t.Errorf("asked about %s by %+v", operation.Name, caller.Signer)
				}
				return allowed
			},
		})
		r, body := call(asked.Operation)
		signer := sigv4.Signer{Credentials: sigv4.Credentials{AccessKeyID: "AKIAKNOWN", SecretAccessKey: "secret"}, Region: "us-east-1", Service: "sso"}
		if err := signer.Sign(r, []byte(body), time.Now()); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		rim.post(w, r)
		if want := allowed == nil; reached != want || (w.Code == http.StatusOK) != want {
			t.Errorf("%s: reached %v, %d %s", name, reached, w.Code, w.Body)
		}
		reached = false
	}
}

// Who asks for an operation that is not served is never answered with another one.
func TestAnOperationWithoutAMethodIsNotReached(t *testing.T) {
	for _, service := range api.Served {
		for _, operation := range service.Answered() {
			h := newHollow(operation.Name)
			r, _ := call(operation)
			status, name := h.exception(t, r, service.Protocol)
			want := map[api.Protocol]string{
				api.RESTJSON: "UnknownOperationException", api.JSON: "UnknownOperationException", api.Query: "InvalidAction",
			}[service.Protocol]
			if name != want || status < 400 || status >= 500 || len(h.reached) > 0 {
				t.Errorf("%s: %d %s, reached %q", operation.Name, status, name, h.reached)
			}
		}
	}
}

func TestATableThatContradictsItselfDoesNotStart(t *testing.T) {
	signed := api.Handler{Operation: api.ListInstances.Operation}
	authorize := func(context.Context, api.Caller, *api.Operation, any) error { return nil }
	for name, options := range map[string]Options{
		"two methods for an operation":    {Handlers: []api.Handler{signed, signed}, Authorize: authorize},
		"nobody who authorizes a request": {Handlers: []api.Handler{signed}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: it starts", name)
				}
			}()
			New(options)
		}()
	}
}

// presigned returns GetCallerIdentity as the Go SDK presigns it.
func (b *bench) presigned(method string, who sigv4.Credentials, expires string, header ...string) *http.Request {
	b.t.Helper()
	target := b.url + "/?" + whoAmI
	if expires != "" {
		target += "&X-Amz-Expires=" + expires
	}
	r, err := http.NewRequest(method, target, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	signed, signedHeader, err := v4.NewSigner().PresignHTTP(ctx, aws.Credentials{
		AccessKeyID: who.AccessKeyID, SecretAccessKey: who.SecretAccessKey, SessionToken: who.SessionToken,
	}, r, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "sts", "us-east-1", b.clock.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	if r.URL, err = url.Parse(signed); err != nil {
		b.t.Fatal(err)
	}
	r.Header = signedHeader
	return r
}

func TestPresignedQuestionsWhoOneIs(t *testing.T) {
	cases := []struct {
		name    string
		method  string
		expires string
		header  []string
		later   time.Duration
		code    string // "" for an answer
	}{
		{name: "as the SDK presigns it", method: "GET"},
		{name: "as it is found in tokens for Kubernetes", method: "GET", expires: "60", header: []string{"X-K8s-Aws-Id", "cluster"}},
		{name: "those live for a quarter of an hour, as at the real STS", method: "GET", expires: "60", later: 15*time.Minute - 2*time.Second},
		{name: "and no longer", method: "GET", expires: "60", later: 15*time.Minute + 2*time.Second, code: "SignatureDoesNotMatch"},
		{name: "for an hour, which is not granted", method: "GET", expires: "3600", later: 15*time.Minute + 2*time.Second, code: "SignatureDoesNotMatch"},
		{name: "for longer than a week", method: "GET", expires: "604801", code: "IncompleteSignature"},
		{name: "for no time", method: "GET", expires: "0", code: "IncompleteSignature"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			r := b.presigned(c.method, credentialsOf(b.vend("alice")), c.expires, c.header...)
			b.clock.Advance(c.later)
			got := b.do(r)
			if c.code == "" {
				b.wantIdentity(got, "alice")
				return
			}
			if got.status < 400 || !strings.Contains(got.body, "<Code>"+c.code+"</Code>") {
				t.Errorf("%d, %s", got.status, got.body)
			}
		})
	}
}

func TestAPresignedRequestIsGoodForNothingElse(t *testing.T) {
	b := newBench(t)
	who := credentialsOf(b.vend("alice"))
	change := func(old, new string) *http.Request {
		r := b.presigned("GET", who, "60")
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, old, new, 1)
		return r
	}
	headed := b.presigned("GET", who, "60")
	headed.Header.Set("X-Amz-Target", "SWBExternalService.ListInstances")
	other := b.presigned("GET", who, "60")
	other.URL.Path = "/token"
	both := b.presigned("GET", who, "60")
	both.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x")
	for name, r := range map[string]*http.Request{
		"another action":           change("GetCallerIdentity", "GetSessionToken"),
		"a member that was added":  change("Version=", "DurationSeconds=900&Version="),
		"as POST":                  b.presigned("POST", who, "60"),
		"as HEAD":                  b.presigned("HEAD", who, "60"),
		"as DELETE":                b.presigned("DELETE", who, "60"),
		"presigned for HEAD":       func() *http.Request { r := b.presigned("HEAD", who, "60"); r.Method = "GET"; return r }(),
		"with a target":            headed,
		"at another path":          other,
		"with another signature":   both,
		"with its action twice":    change("Action=", "Action=AssumeRole&Action="),
		"with its action unsigned": change("Action=GetCallerIdentity&", ""),
	} {
		if got := b.do(r); got.status < 400 || slices.Contains([]int{500, 503}, got.status) {
			t.Errorf("%s: %d, %s", name, got.status, got.body)
		}
	}
}
