package sigv4

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// signedRequest is a request as a client sends it, signed now.
func signedRequest(t testing.TB, now time.Time, secret, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest("POST", "http://sso.example/", strings.NewReader(body))
	r.RequestURI = "/" // as a server sees it
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	signer := Signer{Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: secret}, "us-east-1", "sso"}
	if err := signer.Sign(r, []byte(body), now); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestKeptSigningKeysDecideAsDerivedOnesDo(t *testing.T) {
	var keys SigningKeys
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	verify := func(secret string, at time.Time) error {
		claim, err := Parse(signedRequest(t, at, "right", "{}"), Policy{Service: "sso"})
		if err != nil {
			t.Fatal(err)
		}
		return claim.Verify(&keys, []byte("{}"), secret, at)
	}
	for round := range 2 {
		for _, day := range []int{0, 1} {
			if err := verify("right", now.AddDate(0, 0, day)); err != nil {
				t.Errorf("round %d, day %d: %v", round, day, err)
			}
			if err := verify("wrong", now.AddDate(0, 0, day)); err == nil {
				t.Errorf("round %d, day %d: a wrong secret was accepted", round, day)
			}
			if err := verify("", now.AddDate(0, 0, day)); err == nil {
				t.Errorf("round %d, day %d: an unknown key was accepted", round, day)
			}
		}
	}
	if len(keys.kept) != 2 {
		t.Errorf("%d keys are kept, want those of the good signatures on two days", len(keys.kept))
	}
}

func TestSigningKeysAreBounded(t *testing.T) {
	var keys SigningKeys
	for i := range 2 * maxSigningKeys {
		id := signingKeyID{secret: fmt.Sprint(i)}
		keys.put(id, id.derive())
	}
	if len(keys.kept) > maxSigningKeys {
		t.Errorf("%d keys are kept", len(keys.kept))
	}
}

func BenchmarkVerify(b *testing.B) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	body := []byte(`{"InstanceArn":"arn:aws:sso:::instance/ssoins-0123456789abcdef"}`)
	r := signedRequest(b, now, "a-secret-access-key-of-forty-characters!", string(body))
	for _, c := range []struct {
		name string
		keys func() *SigningKeys
	}{
		{"kept", func() func() *SigningKeys { kept := &SigningKeys{}; return func() *SigningKeys { return kept } }()},
		{"derived", func() *SigningKeys { return nil }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				claim, err := Parse(r, Policy{Service: "sso"})
				if err != nil {
					b.Fatal(err)
				}
				if err := claim.Verify(c.keys(), body, "a-secret-access-key-of-forty-characters!", now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
