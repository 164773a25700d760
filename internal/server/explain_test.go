package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/explain"
	"sallyport/internal/fault"
	"sallyport/internal/sys"
	"sallyport/internal/trace"
	"sallyport/internal/wire"
)

const refusedRequest = "6a1f0c1e-9d0b-4c53-8f0e-2f6f6b1f9a01"

// refuseOne has a house record one refused request, as the rim tells of it.
func refuseOne(t *testing.T, c *Config) (*explain.Recorder, *sys.Clock) {
	t.Helper()
	house, err := OpenHouse(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	recorder := house.newRecorder()
	t.Cleanup(func() {
		recorder.Close(context.Background())
		house.Close()
	})
	ctx, checks := trace.With(t.Context())
	checks.Pass("signature", "made with AKIAEXAMPLE")
	checks.Fail("audience", "none of 1 is authorized")
	checks.Fix("aws sso-admin put-application-grant")
	recordRefusals(recorder, house.Clock)(ctx, wire.Refused{
		Caller:    api.Caller{RequestID: refusedRequest, Signer: &api.Signer{ARN: "arn:aws:iam::111122223333:user/app"}},
		Operation: &api.Operation{Name: "CreateTokenWithIAM"},
		Refusal:   fault.InvalidGrant.Refuse("The assertion is not for this application.").Because("audience"),
	})
	return recorder, house.Clock
}

func explainConfig(t *testing.T) *Config {
	t.Helper()
	c, err := Load([]string{"--data", t.TempDir(), "--dev"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnOperatorAsksWhyARequestWasRefused(t *testing.T) {
	c := explainConfig(t)
	recorder, _ := refuseOne(t, c)
	if err := recorder.Close(t.Context()); err != nil { // writes it
		t.Fatal(err)
	}
	for _, ask := range []struct {
		name, requestID string
		form            ExplainForm
		want            []string
	}{
		{"as text", refusedRequest, ExplainForm{Marks: trace.UTF8}, []string{
			"operation  CreateTokenWithIAM\n", "caller     arn:aws:iam::111122223333:user/app\n", "because    audience\n",
			"InvalidGrantException: The assertion is not for this application.\n",
			"✓ signature: made with AKIAEXAMPLE\n✗ audience: none of 1 is authorized\n", "  aws sso-admin put-application-grant\n",
		}},
		{"as JSON", refusedRequest, ExplainForm{JSON: true}, []string{
			`"requestId": "` + refusedRequest + `"`, `"principal": "arn:aws:iam::111122223333:user/app"`, `"check": "audience"`, `"outcome": "fail"`,
		}},
		{"in a list", "", ExplainForm{}, []string{refusedRequest, "CreateTokenWithIAM", "InvalidGrantException"}},
		{"in a list as JSON", "", ExplainForm{JSON: true}, []string{`"decisions": [`, `"requestId": "` + refusedRequest + `"`}},
	} {
		t.Run(ask.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Explain(t.Context(), c, ask.requestID, ask.form, &out); err != nil {
				t.Fatal(err)
			}
			for _, want := range ask.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is missing from:\n%s", want, out.String())
				}
			}
		})
	}
	err := Explain(t.Context(), c, "another", ExplainForm{}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "only refused requests") {
		t.Errorf("of another request: %v", err)
	}
}

func TestDevelopmentModeExplainsARefusalAtOnce(t *testing.T) {
	recorder, clock := refuseOne(t, explainConfig(t))
	var foreign error
	route := explainRoute(recorder, clock, func(*http.Request) error { return foreign })
	ask := func(requestID, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, pathExplain+"?request_id="+requestID, nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		route(w, r)
		return w
	}
	for _, c := range []struct {
		name, accept, contentType, want string
	}{
		{"to a browser", "text/html,*/*;q=0.8", "text/plain; charset=utf-8", "✗ audience"},
		{"to a program", "application/json", "application/json", `"check": "audience"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := ask(refusedRequest, c.accept)
			if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || got != c.contentType || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("%d %s\n%s", w.Code, got, w.Body)
			}
		})
	}
	if w := ask("another", ""); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "only refused requests") {
		t.Errorf("of another request: %d %s", w.Code, w.Body)
	}
	foreign = errors.New("of another origin")
	if w := ask(refusedRequest, ""); w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "audience") {
		t.Errorf("to a page of another origin: %d %s", w.Code, w.Body)
	}
}

func TestTheLineOfARefusalSaysWhereItIsExplained(t *testing.T) {
	within := WithRequestID(t.Context(), refusedRequest)
	traced, _ := trace.With(within)
	nobodys, _ := trace.With(t.Context())
	for _, c := range []struct {
		name    string
		ctx     context.Context
		message string
		linked  bool
	}{
		{"a refusal", traced, "Refused", true},
		{"a failure", traced, "Failed", true},
		{"another line", traced, "SessionBegun", false},
		{"a refusal whose checks are not traced", within, "Refused", false},
		{"a line outside of requests", nobodys, "Refused", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var text bytes.Buffer
			log := explainLinks(slog.New(slog.NewTextHandler(&text, nil)), func() string { return "http://127.0.0.1:8080" })
			log.With("a", 1).InfoContext(c.ctx, c.message)
			link := fmt.Sprintf(`explain="http://127.0.0.1:8080/_dev/explain?request_id=%s"`, refusedRequest)
			if linked := strings.Contains(text.String(), link); linked != c.linked {
				t.Errorf("linked %v in %s", linked, text.String())
			}
		})
	}
}
