package sigv4

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

var sdkTargets = map[string]string{
	"a plain path":                     "/token?aws_iam=t",
	"the root":                         "/",
	"no path":                          "",
	"a base path with escapes":         "/my%20base/%C3%A9/$x:y@z/token?aws_iam=t",
	"a query with spaces and signs":    "/?b=x+y%20z&a=1%2B1%3D2&e=&%C3%A9=~-._*'()",
	"a query parameter without equals": "/?flag&a=1",
}

// verifier answers 200 to what it accepts and 403 with the reason to what it does not.
func verifier(t *testing.T, policy Policy) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := must(io.ReadAll(r.Body))
		claim, err := Parse(r, policy)
		if err == nil {
			err = claim.Verify(nil, body, "our-secret", ourTime)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func wantAccepted(t *testing.T, r *http.Request) {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text := must(io.ReadAll(res.Body)); res.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", res.StatusCode, text)
	}
}

func sdkRequest(method, target string, body []byte) *http.Request {
	r := must(http.NewRequest(method, target, bytes.NewReader(body)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Amz-Sdk-Request", "attempt=1;  max=3")
	r.Header.Set("X-Amz-User-Agent", "aws-sdk-go-v2/1  ua/2.1 ")
	return r
}

func TestSignaturesOfTheSDKAreAccepted(t *testing.T) {
	for tokenName, token := range map[string]string{"a long-term key": "", "a session token": "token/+=="} {
		credentials := aws.Credentials{AccessKeyID: "AKIAOURS", SecretAccessKey: "our-secret", SessionToken: token}
		for name, target := range sdkTargets {
			t.Run("header of "+tokenName+" over "+name, func(t *testing.T) {
				server := verifier(t, Policy{Service: "sso-oauth"})
				r := sdkRequest("POST", server.URL+target, ourBody)
				err := v4.NewSigner().SignHTTP(context.Background(), credentials, r, hashOf(ourBody), "sso-oauth", "us-east-1", ourTime)
				if err != nil {
					t.Fatal(err)
				}
				wantAccepted(t, r)
			})
			t.Run("query of "+tokenName+" over "+name, func(t *testing.T) {
				server := verifier(t, Policy{Service: "sts", AllowPresigned: true})
				r := must(http.NewRequest("GET", server.URL+target, nil))
				r.Header.Set("X-K8s-Aws-Id", "cluster")
				signed, header, err := v4.NewSigner().PresignHTTP(context.Background(), credentials, r, hashOf(nil), "sts", "us-east-1", ourTime)
				if err != nil {
					t.Fatal(err)
				}
				r.URL, r.Header = must(url.Parse(signed)), header
				wantAccepted(t, r)
			})
		}
	}
}

func TestOwnSignaturesAreAccepted(t *testing.T) {
	for name, target := range sdkTargets {
		t.Run(name, func(t *testing.T) {
			server := verifier(t, Policy{Service: "sso-oauth"})
			r := sdkRequest("POST", server.URL+target, ourBody)
			signer := ourSigner
			for _, token := range []string{"first", "second", ""} { // as retries with renewed credentials do
				signer.Credentials.SessionToken = token
				if err := signer.Sign(r, ourBody, ourTime); err != nil {
					t.Fatal(err)
				}
				if got := r.Header.Get("X-Amz-Security-Token"); got != token {
					t.Errorf("session token %q, want %q", got, token)
				}
			}
			wantAccepted(t, r)
		})
	}
}

func TestSignRefusesATargetThatTheVerifierWouldRefuse(t *testing.T) {
	r := must(http.NewRequest("POST", "http://127.0.0.1//token", nil))
	wantReason(t, ourSigner.Sign(r, nil, ourTime), NotCanonical)
}
