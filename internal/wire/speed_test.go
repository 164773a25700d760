package wire

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"sallyport/internal/oauth"
	"sallyport/internal/sigv4"
)

// discard is a response that nobody reads.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }

// measure sends the request again and again, past the sockets.
func (b *bench) measure(bb *testing.B, r *http.Request, body string, want int) {
	w := &discard{header: http.Header{}}
	r.RequestURI, r.ContentLength = r.URL.RequestURI(), int64(len(body))
	text := strings.NewReader(body)
	r.Body = io.NopCloser(text)
	bb.ReportAllocs()
	for bb.Loop() {
		text.Reset(body)
		clear(w.header)
		b.handler.ServeHTTP(w, r)
		if w.status != want {
			bb.Fatalf("status %d", w.status)
		}
	}
}

// A device that polls is the request that there are most of.
func BenchmarkCreateTokenPoll(bb *testing.B) {
	b := newBench(bb)
	client := b.register()
	body := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q,"grantType":%q,"deviceCode":%q}`,
		client.ClientID, client.ClientSecret, oauth.GrantDeviceCode, b.start(client).DeviceCode)
	b.measure(bb, b.request("POST", "/token", body, "Content-Type", typeJSON), body, http.StatusBadRequest)
}

func BenchmarkGetCallerIdentity(bb *testing.B) {
	b := newBench(bb)
	id, secret := b.keep()
	b.measure(bb, b.signedBy(sigv4.Credentials{AccessKeyID: id, SecretAccessKey: secret}), whoAmI, http.StatusOK)
}

func BenchmarkUnsignedCreateTokenWithIAM(bb *testing.B) {
	b := newBench(bb)
	const body = `{"clientId":"arn:aws:sso::111122223333:application/ssoins-1111111111111111/apl-1111111111111111","grantType":"refresh_token"}`
	b.measure(bb, b.request("POST", "/token?aws_iam=t", body, "Content-Type", typeJSON), body, http.StatusForbidden)
}

func BenchmarkListInstances(bb *testing.B) {
	b := newBench(bb)
	r := b.target(b.signers()["admin"], "sso", "SWBExternalService.ListInstances", "{}")
	b.measure(bb, r, "{}", http.StatusOK)
}
