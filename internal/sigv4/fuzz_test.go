package sigv4

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// FuzzParse feeds raw requests: nothing panics, every refusal has a reason, and nobody guesses a signature.
func FuzzParse(f *testing.F) {
	h := readVectors[hostile](f, "hostile-sigv4/cases.json")
	for _, c := range h.Cases {
		f.Add(c.Raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		claim, err := Parse(r, Policy{Service: "sso-oauth", AllowPresigned: true})
		if err == nil {
			err = claim.Verify(nil, body, "a secret that the corpus does not know", claim.Time)
		}
		if refusal := (*Error)(nil); !errors.As(err, &refusal) || refusal.Reason == "" || refusal.Message == "" {
			t.Fatalf("accepted or without a reason: %v", err)
		}
	})
}

// FuzzSignThenVerify makes targets, headers and bodies: what Sign signs is accepted, and not with another body.
func FuzzSignThenVerify(f *testing.F) {
	f.Add("/token", "aws_iam=t", "value", []byte("{}"))
	f.Add("/a%20b/é", "a=%2B+&b", " x   y ", []byte{})
	f.Add("//x", "a=1&a=2", "\t", []byte{0xff})
	f.Fuzz(func(t *testing.T, path, query, value string, body []byte) {
		target := path
		if query != "" {
			target += "?" + query
		}
		r := &http.Request{Method: "POST", Host: "localhost", RequestURI: target, Header: http.Header{"X-Amz-Meta": {value}}}
		if target == "" || ourSigner.Sign(r, body, ourTime) != nil {
			return
		}
		claim, err := Parse(r, ourPolicy)
		if refusal := (*Error)(nil); errors.As(err, &refusal) && strings.Contains(query, "X-Amz") {
			return // a query that looks presigned
		}
		if err != nil {
			t.Fatal(err)
		}
		wantReason(t, claim.Verify(nil, body, "our-secret", ourTime), "")
		wantReason(t, claim.Verify(nil, append(body, 0), "our-secret", ourTime), Mismatch)
	})
}
