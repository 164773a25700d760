package token

import (
	"sync/atomic"
	"testing"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/oauth"
	"sallyport/internal/sys"
)

// Many at once, so that they share commits as they do in a server.
const benchParallelism = 64

func BenchmarkAssertions(b *testing.B) {
	w := newWorld(b)
	now := w.Clock.Now()
	assertions := make([]string, b.N)
	for i := range assertions {
		assertions[i] = w.sign(b, map[string]any{
			"iss": w.URL, "sub": "s", "aud": audience, "exp": now.Add(time.Hour).Unix(), "jti": sys.NewHex(8), "email": w.user.Email, "email_verified": true,
		})
	}
	var next atomic.Int64
	caller := w.caller()
	b.SetParallelism(benchParallelism)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			in := &api.CreateTokenWithIAMRequest{ClientID: appARN(theApp), GrantType: bearerGrant, Assertion: assertions[next.Add(1)-1]}
			if _, err := w.s.CreateTokenWithIAM(ctx, caller, in); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkExchanges(b *testing.B) {
	w := newWorld(b)
	subject := w.subject()
	caller := w.caller()
	b.SetParallelism(benchParallelism)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			in := &api.CreateTokenWithIAMRequest{
				ClientID: appARN(theApp), GrantType: exchangeGrant, SubjectToken: subject, SubjectTokenType: string(oauth.TokenTypeAccessToken),
			}
			if _, err := w.s.CreateTokenWithIAM(ctx, caller, in); err != nil {
				b.Error(err)
			}
		}
	})
}
