package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	ourTime   = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	ourBody   = []byte(`{"clientId":"arn:aws:sso::123456789012:application/ssoins-1/apl-1"}`)
	ourPolicy = Policy{Service: "sso-oauth", Regions: []string{"us-east-1", "homelab"}}
	ourSigner = Signer{Credentials{"AKIAOURS", "our-secret", ""}, "us-east-1", "sso-oauth"}
)

const ourTarget = "http://127.0.0.1:8420/token?aws_iam=t"

// ourRequest is a request as a server sees it, signed after change was applied.
func ourRequest(t testing.TB, s Signer, change func(*http.Request)) *http.Request {
	t.Helper()
	r := must(http.NewRequest("POST", ourTarget, nil))
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r)
	}
	if err := s.Sign(r, ourBody, ourTime); err != nil {
		t.Fatal(err)
	}
	return asServed(r)
}

// asServed moves what a client set to where a server finds it.
func asServed(r *http.Request) *http.Request {
	r.RequestURI = r.URL.RequestURI()
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	return r
}

func verify(r *http.Request, policy Policy, now time.Time) error {
	claim, err := Parse(r, policy)
	if err != nil {
		return err
	}
	return claim.Verify(nil, ourBody, "our-secret", now)
}

func TestVerifySignedRequests(t *testing.T) {
	replace := func(name, old, new string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, strings.Replace(r.Header.Get(name), old, new, 1)) }
	}
	add := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Add(name, value) }
	}
	retarget := func(target string) func(*http.Request) {
		return func(r *http.Request) { r.RequestURI = target }
	}
	for _, c := range []struct {
		name   string
		before func(*http.Request) // what the client sends
		signer func(*Signer)
		after  func(*http.Request) // what happens to it on the way
		policy func(*Policy)
		want   Reason
	}{
		{name: "a signed request is accepted"},
		{name: "a Region of the list is accepted", signer: func(s *Signer) { s.Region = "homelab" }},
		{name: "a Region outside the list is refused", signer: func(s *Signer) { s.Region = "eu-west-1" }, want: WrongScope},
		{name: "any Region is accepted without a list", signer: func(s *Signer) { s.Region = "eu-west-1" }, policy: func(p *Policy) { p.Regions = nil }},
		{name: "another service is refused", signer: func(s *Signer) { s.Service = "sts" }, want: WrongScope},
		{name: "a policy without service refuses all", policy: func(p *Policy) { p.Service = "" }, want: WrongScope},
		{name: "a host of the list is accepted", policy: func(p *Policy) { p.Hosts = []string{"127.0.0.1:8420"} }},
		{name: "a host outside the list is refused", policy: func(p *Policy) { p.Hosts = []string{"sso.example.com"} }, want: WrongScope},
		{name: "a request without host is refused", after: func(r *http.Request) { r.Host, r.URL.Host = "", "" }, want: WrongScope},
		{name: "another secret is a mismatch", signer: func(s *Signer) { s.Credentials.SecretAccessKey = "other" }, want: Mismatch},
		{name: "the session token is part of the claim", signer: func(s *Signer) { s.Credentials.SessionToken = "token" }},
		{name: "an unsigned session token is refused", after: add("X-Amz-Security-Token", "token"), want: Incomplete},
		{name: "an empty session token is refused", after: add("X-Amz-Security-Token", ""), want: Incomplete},
		{name: "an unsigned x-amz header is refused", after: add("X-Amz-Target", "SWBExternalService.ListInstances"), want: Incomplete},
		{name: "an unsigned plain header is accepted", after: add("X-Forwarded-For", "192.0.2.1")},
		{name: "a signed header cut in two is refused", before: add("X-Amz-Meta", "a,b"), after: func(r *http.Request) { r.Header["X-Amz-Meta"] = []string{"a", "b"} }, want: Incomplete},
		{name: "two Authorization headers are refused", after: add("Authorization", "AWS4-HMAC-SHA256 x"), want: Incomplete},
		{name: "no Authorization header is missing", after: func(r *http.Request) { r.Header.Del("Authorization") }, want: Missing},
		{name: "an empty Authorization header is missing", after: func(r *http.Request) { r.Header.Set("Authorization", "") }, want: Missing},
		{name: "another scheme is incomplete", after: func(r *http.Request) { r.Header.Set("Authorization", "Bearer aoaA") }, want: Incomplete},
		{name: "a SigV4A signature is incomplete", after: replace("Authorization", "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), want: Incomplete},
		{name: "a longer Authorization header than 4 KiB is refused", after: replace("Authorization", ", S", ","+strings.Repeat(" ", maxAuthorization)+"S"), want: Incomplete},
		{name: "no date is refused", after: func(r *http.Request) { r.Header.Del("X-Amz-Date") }, want: Incomplete},
		{name: "a fraction of a second is refused", after: replace("X-Amz-Date", "Z", ".5Z"), want: Incomplete},
		{name: "a scope of the day before is refused", after: replace("Authorization", "20261122", "20261121"), want: WrongScope},
		{name: "a date moved within the day is a mismatch", after: replace("X-Amz-Date", "100000Z", "100001Z"), want: Mismatch},
		{name: "a host that is not signed is refused", after: replace("Authorization", "host;", ""), want: Incomplete},
		{name: "a date that is not signed is refused", after: replace("Authorization", ";x-amz-date", ""), want: Incomplete},
		{name: "signed headers out of order are refused", after: replace("Authorization", "content-type;host", "host;content-type"), want: Incomplete},
		{name: "signed headers in capitals are refused", after: replace("Authorization", "host", "Host"), want: Incomplete},
		{name: "spaces inside a value fold", before: add("X-Amz-Meta", "a b"), after: func(r *http.Request) { r.Header.Set("X-Amz-Meta", "  a \t b ") }},
		{name: "spaces inside a value do not vanish", before: add("X-Amz-Meta", "a b"), after: func(r *http.Request) { r.Header.Set("X-Amz-Meta", "ab") }, want: Mismatch},
		{name: "the hash of the body is accepted", before: add("X-Amz-Content-Sha256", hashOf(ourBody))},
		{name: "the hash of another body is a mismatch", before: add("X-Amz-Content-Sha256", hashOf(nil)), want: Mismatch},
		{name: "a hash in capitals is refused", before: add("X-Amz-Content-Sha256", strings.ToUpper(hashOf(ourBody))), want: Incomplete},
		{name: "an empty hash is refused", before: add("X-Amz-Content-Sha256", ""), want: Incomplete},
		{name: "a session token beyond the bound is refused", signer: func(s *Signer) { s.Credentials.SessionToken = strings.Repeat("t", maxSessionToken+1) }, want: Incomplete},
		{name: "an unsigned payload is refused", before: add("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"), want: Incomplete},
		{name: "a streamed payload is refused", before: add("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), want: Incomplete},
		{name: "a plus in the query is a space", before: func(r *http.Request) { r.URL.RawQuery = "a=b%20c" }, after: retarget("/token?a=b+c")},
		{name: "an escaped plus is not a space", before: func(r *http.Request) { r.URL.RawQuery = "a=b%20c" }, after: retarget("/token?a=b%2Bc"), want: Mismatch},
		{name: "query order does not matter", before: func(r *http.Request) { r.URL.RawQuery = "b=&a=1" }, after: retarget("/token?a=1&b")},
		{name: "an added parameter is a mismatch", after: retarget("/token?aws_iam=t&x=1"), want: Mismatch},
		{name: "an escaped path letter is a mismatch", after: retarget("/%74oken?aws_iam=t"), want: Mismatch},
		{name: "a base path with escapes is accepted", before: func(r *http.Request) { r.URL = must(url.Parse("http://h/my%20base/$x/token?aws_iam=t")) }},
		{name: "header and query together are refused", after: retarget("/token?aws_iam=t&X-Amz-Signature=0"), want: Incomplete},
	} {
		t.Run(c.name, func(t *testing.T) {
			signer, policy := ourSigner, ourPolicy
			if c.signer != nil {
				c.signer(&signer)
			}
			if c.policy != nil {
				c.policy(&policy)
			}
			r := ourRequest(t, signer, c.before)
			if c.after != nil {
				c.after(r)
			}
			wantReason(t, verify(r, policy, ourTime), c.want)
		})
	}
}

func TestTargetsThatCouldBeReadInTwoWaysAreRefused(t *testing.T) {
	for _, target := range []string{
		"", "*", "token", "http://127.0.0.1:8420/token", "//token", "/token//", "/./token", "/a/../token", "/a/..", "/.",
		"/%2e%2e/token", "/%2E/token", "/token%2Fx", "/token%5Cx", "/to\\ken", "/token;a=b", "/token#x", "/to ken", "/to\tken", "/token\x7f",
		"/token%", "/token%4", "/token%zz", "/token?a=%", "/token?a=%zz", "/token?%zz=a", "/token?a=1;b=2", "/token?a=1#x",
		"/token?a=1&a=1", "/token?a=1&%61=2", "/token?a", "/token?&", "/token?a=1&&b=2", "/token?=x", "/token?a=1&",
		"/token?" + strings.Repeat("x", maxTarget), "/token?a0=" + manyParams(maxParams+1),
	} {
		t.Run(target[:min(len(target), 40)], func(t *testing.T) {
			r := ourRequest(t, ourSigner, nil)
			r.RequestURI = target
			if target == "" {
				r.URL = &url.URL{Opaque: "token"}
			}
			want := NotCanonical
			if target == "/token?a" {
				want = Mismatch // a parameter without a value is one with an empty value
			}
			wantReason(t, verify(r, ourPolicy, ourTime), want)
		})
	}
}

func manyParams(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&a%d=", i+1)
	}
	return b.String()
}

func TestClockWindow(t *testing.T) {
	r := ourRequest(t, ourSigner, nil)
	for _, c := range []struct {
		name    string
		now     time.Duration // since the signature
		skew    time.Duration
		want    Reason
		message string
	}{
		{name: "five minutes late is in time", now: 5 * time.Minute},
		{name: "a moment more is expired", now: 5*time.Minute + time.Second, want: Expired,
			message: "Signature expired: 20261122T100000Z is now earlier than 20261122T100001Z (20261122T100501Z - 5 min.)"},
		{name: "five minutes early is in time", now: -5 * time.Minute},
		{name: "a moment more is not yet current", now: -5*time.Minute - time.Second, want: NotYet,
			message: "Signature not yet current: 20261122T100000Z is still later than 20261122T095959Z (20261122T095459Z + 5 min.)"},
		{name: "a wider window is kept", now: 15 * time.Minute, skew: 15 * time.Minute},
		{name: "a wider window ends", now: 15*time.Minute + time.Second, skew: 15 * time.Minute, want: Expired,
			message: "Signature expired: 20261122T100000Z is now earlier than 20261122T100001Z (20261122T101501Z - 15 min.)"},
		{name: "a year later is expired", now: 365 * 24 * time.Hour, want: Expired},
	} {
		t.Run(c.name, func(t *testing.T) {
			policy := ourPolicy
			policy.Skew = c.skew
			err := verify(r, policy, ourTime.Add(c.now))
			wantReason(t, err, c.want)
			if refusal := new(Error); c.message != "" && (!errors.As(err, &refusal) || refusal.Message != c.message) {
				t.Errorf("message %q\nwant %q", refusal.Message, c.message)
			}
		})
	}
}

func TestAnUnknownKeyIsNeverAccepted(t *testing.T) {
	for _, secret := range []string{"our-secret", "", noSecret} {
		signer := ourSigner
		signer.Credentials.SecretAccessKey = secret
		claim := must(Parse(ourRequest(t, signer, nil), ourPolicy))
		wantReason(t, claim.Verify(nil, ourBody, "", ourTime), UnknownKey)
	}
}

// empty stands for a parameter that is sent without a value.
const empty = "(empty)"

// presign is a presigned GetCallerIdentity with the given parameters laid over the usual ones, where "" leaves one out.
func presign(t testing.TB, over map[string]string, header http.Header) *http.Request {
	t.Helper()
	values := url.Values{
		"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}, queryAlgorithm: {algorithm},
		queryCredential: {"AKIAOURS/20261122/us-east-1/sts/aws4_request"}, queryDate: {stamp(ourTime)},
		queryExpires: {"60"}, querySignedHeaders: {"host"},
	}
	for name, value := range over {
		values.Set(name, value)
		switch value {
		case "":
			values.Del(name)
		case empty:
			values.Set(name, "")
		}
	}
	r := asServed(must(http.NewRequest("GET", "http://127.0.0.1:8420/?"+values.Encode(), nil)))
	if header != nil {
		r.Header = header
	}
	m := must(read(r))
	if _, given := over[querySignature]; !given {
		canonical := m.canonical(strings.Split(values.Get(querySignedHeaders), ";"), hashOf(nil))
		r.RequestURI += "&" + querySignature + "=" + hex.EncodeToString(signature(canonical, "our-secret", ourTime, "us-east-1", "sts"))
	}
	return r
}

func TestPresignedRequests(t *testing.T) {
	for _, c := range []struct {
		name   string
		over   map[string]string
		header http.Header
		max    time.Duration
		life   time.Duration
		later  time.Duration
		want   Reason
	}{
		{name: "a presigned request is accepted"},
		{name: "it lives as long as it says", later: time.Minute},
		{name: "it dies after", later: time.Minute + time.Second, want: Expired},
		{name: "it may not come from the future", later: -DefaultSkew - time.Second, want: NotYet},
		{name: "without a lifetime it lives a quarter of an hour", over: map[string]string{queryExpires: ""}, later: 15 * time.Minute},
		{name: "without a lifetime it dies after a quarter of an hour", over: map[string]string{queryExpires: ""}, later: 15*time.Minute + time.Second, want: Expired},
		{name: "the policy bounds a lifetime that is not stated", over: map[string]string{queryExpires: ""}, max: time.Minute, later: 2 * time.Minute, want: Expired},
		{name: "the longest lifetime is a week", over: map[string]string{queryExpires: "604800"}},
		{name: "a longer one is refused", over: map[string]string{queryExpires: "604801"}, want: Incomplete},
		{name: "the policy bounds the lifetime", max: time.Minute - time.Second, want: Incomplete},
		{name: "a life that the policy sets is longer than the stated one", life: 15 * time.Minute, later: 15 * time.Minute},
		{name: "a life that the policy sets ends", life: 15 * time.Minute, later: 15*time.Minute + time.Second, want: Expired},
		{name: "a life that the policy sets is shorter than the stated one", life: 15 * time.Minute, over: map[string]string{queryExpires: "3600"}, later: 15*time.Minute + time.Second, want: Expired},
		{name: "a life that the policy sets stands for one that is not stated", life: time.Minute, over: map[string]string{queryExpires: ""}, later: time.Minute + time.Second, want: Expired},
		{name: "a life that the policy sets does not mend a stated one", life: 15 * time.Minute, over: map[string]string{queryExpires: "x"}, want: Incomplete},
		{name: "a lifetime of nothing is refused", over: map[string]string{queryExpires: "0"}, want: Incomplete},
		{name: "a negative lifetime is refused", over: map[string]string{queryExpires: "-60"}, want: Incomplete},
		{name: "a signed lifetime number is refused", over: map[string]string{queryExpires: "+60"}, want: Incomplete},
		{name: "a lifetime that overflows is refused", over: map[string]string{queryExpires: "9223372036854775807"}, want: Incomplete},
		{name: "a session token in the query is signed", over: map[string]string{queryToken: "token"}},
		{name: "a session token in the header as well is refused", over: map[string]string{queryToken: "token"}, header: http.Header{"X-Amz-Security-Token": {"token"}}, want: Incomplete},
		{name: "an empty session token is refused", over: map[string]string{queryToken: empty}, want: Incomplete},
		{name: "a signed date in the header as well is refused", over: map[string]string{querySignedHeaders: "host;x-amz-date"}, header: http.Header{"X-Amz-Date": {"20261122T100000Z"}}, want: Incomplete},
		{name: "a signed hash in the header is refused", over: map[string]string{querySignedHeaders: "host;x-amz-content-sha256"}, header: http.Header{"X-Amz-Content-Sha256": {hashOf(ourBody)}}, want: Incomplete},
		{name: "an unsigned x-amz header is refused", header: http.Header{"X-Amz-Target": {"x"}}, want: Incomplete},
		{name: "the hash of the empty body is accepted", over: map[string]string{queryContentSHA256: hashOf(nil)}},
		{name: "the hash of another body is a mismatch", over: map[string]string{queryContentSHA256: hashOf(ourBody)}, want: Mismatch},
		{name: "an unsigned payload is refused", over: map[string]string{queryContentSHA256: "UNSIGNED-PAYLOAD"}, want: Incomplete},
		{name: "another algorithm is refused", over: map[string]string{queryAlgorithm: "AWS4-ECDSA-P256-SHA256"}, want: Incomplete},
		{name: "no algorithm is refused", over: map[string]string{queryAlgorithm: ""}, want: Incomplete},
		{name: "no date is refused", over: map[string]string{queryDate: ""}, want: Incomplete},
		{name: "a host that is not signed is refused", over: map[string]string{querySignedHeaders: "accept"}, header: http.Header{"Accept": {"*/*"}}, want: Incomplete},
		{name: "no signature is refused", over: map[string]string{querySignature: ""}, want: Incomplete},
		{name: "a wrong signature is a mismatch", over: map[string]string{querySignature: strings.Repeat("0", 64)}, want: Mismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			claim, err := Parse(presign(t, c.over, c.header), Policy{Service: "sts", AllowPresigned: true, MaxPresign: c.max, PresignLife: c.life})
			if err == nil {
				if !claim.Presigned || claim.SessionToken != c.over[queryToken] {
					t.Errorf("presigned %v with token %q", claim.Presigned, claim.SessionToken)
				}
				err = claim.Verify(nil, nil, "our-secret", ourTime.Add(c.later))
			}
			wantReason(t, err, c.want)
		})
	}
	t.Run("a policy without presigning takes it for unsigned", func(t *testing.T) {
		_, err := Parse(presign(t, nil, nil), Policy{Service: "sts"})
		wantReason(t, err, Missing)
	})
}

func TestMalformedCredentialsAreIncomplete(t *testing.T) {
	for _, credential := range []string{
		"", "AKIAOURS", "AKIAOURS/20261122/us-east-1/sso-oauth", "/20261122/us-east-1/sso-oauth/aws4_request",
		"AKIA OURS/20261122/us-east-1/sso-oauth/aws4_request", "AKIA\"OURS/20261122/us-east-1/sso-oauth/aws4_request",
		strings.Repeat("A", maxAccessKeyID+1) + "/20261122/us-east-1/sso-oauth/aws4_request",
		"AKIAOURS/2026112/us-east-1/sso-oauth/aws4_request", "AKIAOURS/2026112x/us-east-1/sso-oauth/aws4_request",
		"AKIAOURS/20261122//sso-oauth/aws4_request", "AKIAOURS/20261122/us east/sso-oauth/aws4_request",
		"AKIAOURS/20261122/" + strings.Repeat("r", maxScopePart+1) + "/sso-oauth/aws4_request",
		"AKIAOURS/20261122/us-east-1//aws4_request", "AKIAOURS/20261122/us-east-1/sso:oauth/aws4_request",
		"AKIAOURS/20261122/us-east-1/sso-oauth/", "AKIAOURS/20261122/us-east-1/sso-oauth/aws4_request/",
	} {
		t.Run(credential[:min(len(credential), 40)], func(t *testing.T) {
			r := ourRequest(t, ourSigner, nil)
			r.Header.Set("Authorization", algorithm+" Credential="+credential+
				", SignedHeaders=content-type;host;x-amz-date, Signature="+hashOf(nil))
			_, err := Parse(r, Policy{})
			wantReason(t, err, Incomplete)
		})
	}
}

func TestClaimSaysWhoSigned(t *testing.T) {
	signer := ourSigner
	signer.Credentials.SessionToken = "token"
	claim := must(Parse(ourRequest(t, signer, nil), ourPolicy))
	wantHeaders := []string{"content-type", "host", "x-amz-date", "x-amz-security-token"}
	if claim.AccessKeyID != "AKIAOURS" || claim.Date != "20261122" || claim.Region != "us-east-1" || claim.Service != "sso-oauth" ||
		claim.SessionToken != "token" || !claim.Time.Equal(ourTime) || claim.Presigned || !slices.Equal(claim.SignedHeaders, wantHeaders) {
		t.Errorf("claim %+v of %q at %s over %q", claim, claim.SessionToken, claim.Time, claim.SignedHeaders)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	credentials := Credentials{"AKIAOURS", "the-secret", "the-token"}
	claim := must(Parse(ourRequest(t, Signer{credentials, "us-east-1", "sso-oauth"}, nil), ourPolicy))
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "claim", claim, "credentials", credentials, "signer", Signer{Credentials: credentials})
	for _, v := range []any{credentials, &credentials, claim, *claim, Signer{Credentials: credentials}} {
		fmt.Fprintf(&log, "%v %+v %#v %s %q", v, v, v, v, v)
		log.Write(must(json.Marshal(v)))
	}
	if strings.Contains(log.String(), "the-") {
		t.Error("printed: " + log.String())
	}
}

func TestMoreSignedHeadersThanTheBoundAreRefused(t *testing.T) {
	for count, want := range map[int]Reason{maxSignedHeaders: "", maxSignedHeaders + 1: Incomplete} {
		const already = 3 // content-type, host, x-amz-date
		r := ourRequest(t, ourSigner, func(r *http.Request) {
			for i := range count - already {
				r.Header.Set(fmt.Sprintf("X-Amz-Meta-%03d", i), "v")
			}
		})
		wantReason(t, verify(r, ourPolicy, ourTime), want)
	}
}

func hashOf(body []byte) string {
	digest := sha256.Sum256(body)
	return hex.EncodeToString(digest[:])
}

// TestNoMutationOfWhatIsSignedIsAccepted changes every byte of method, target, host, signed header values, signature and
// body to every other value.
func TestNoMutationOfWhatIsSignedIsAccepted(t *testing.T) {
	signer := ourSigner
	signer.Credentials.SessionToken = strings.Repeat("token/+=", 8)
	original := ourRequest(t, signer, func(r *http.Request) { r.Header.Set("X-Amz-Target", "SWBExternalService.ListInstances") })
	header := func(name string) func(*http.Request, *[]byte) *string {
		return func(r *http.Request, _ *[]byte) *string { return &r.Header[name][0] }
	}
	body := string(ourBody)
	places := map[string]func(*http.Request, *[]byte) *string{
		"method": func(r *http.Request, _ *[]byte) *string { return &r.Method },
		"target": func(r *http.Request, _ *[]byte) *string { return &r.RequestURI },
		"host":   func(r *http.Request, _ *[]byte) *string { return &r.Host },
		"type":   header("Content-Type"), "date": header("X-Amz-Date"), "token": header("X-Amz-Security-Token"),
		"operation": header("X-Amz-Target"), "authorization": header("Authorization"),
		"body": func(*http.Request, *[]byte) *string { return &body },
	}
	secrets := map[string]string{"AKIAOURS": "our-secret"}
	mutations := 0
	for place, find := range places {
		text := *find(original, nil)
		for i := range len(text) {
			for flip := 1; flip < 256; flip++ {
				changed := []byte(text)
				changed[i] ^= byte(flip)
				*find(original, nil) = string(changed)
				claim, err := Parse(original, ourPolicy)
				if err == nil {
					err = claim.Verify(nil, []byte(body), secrets[claim.AccessKeyID], ourTime)
				}
				if err == nil {
					t.Errorf("%s with byte %d changed to %q is accepted", place, i, changed[i])
				}
				mutations++
			}
		}
		*find(original, nil) = text
	}
	wantReason(t, verify(original, ourPolicy, ourTime), "")
	const least = 100_000
	if mutations < least {
		t.Errorf("%d mutations, want at least %d", mutations, least)
	}
}

// TestNoMutationOfWhatThePublicSuitesSignIsAccepted flips every bit of method, target, signed header values, signature and body of every
// request that the suites sign and we accept, in its header and in its query. A change that is accepted has to be another spelling of the same
// request: an escape in other letter case, another blank in a header.
func TestNoMutationOfWhatThePublicSuitesSignIsAccepted(t *testing.T) {
	policy := Policy{Service: suiteService, Regions: []string{suiteRegion}, AllowPresigned: true}
	mutations, requests := 0, 0
	for _, c := range suiteCases(t) {
		r, body := suiteRequest(t, c.signed)
		accept := func() *Claim {
			claim, err := Parse(r, policy)
			if err != nil || claim.AccessKeyID != suiteKey || claim.Verify(nil, body, suiteSecret, suiteTime) != nil {
				return nil
			}
			return claim
		}
		original := accept()
		if original == nil {
			continue // TestVerifySuites says why
		}
		requests++
		means := func(claim *Claim) string { // what is routed, and the headers as they were signed
			m := claim.message
			return fmt.Sprintf("%q %q %q %s", m.method, m.path, m.params, m.canonical(claim.SignedHeaders, hashOf(body)))
		}
		meant := means(original)
		text := string(body)
		places := []*string{&r.Method, &r.RequestURI, &r.Host, &text}
		for name, values := range r.Header {
			if name == "Authorization" || slices.Contains(original.SignedHeaders, strings.ToLower(name)) {
				places = append(places, &values[0])
			}
		}
		for _, place := range places {
			kept := *place
			for i := range 8 * len(kept) {
				changed := []byte(kept)
				changed[i/8] ^= 1 << (i % 8)
				*place = string(changed)
				body = []byte(text)
				if claim := accept(); claim != nil && means(claim) != meant {
					t.Errorf("%s: %q in place of %q is accepted", c.name, changed, kept)
				}
				mutations++
			}
			*place = kept
		}
	}
	const leastRequests, leastMutations = 60, 150_000
	if requests < leastRequests || mutations < leastMutations {
		t.Errorf("%d mutations of %d requests, want at least %d of %d", mutations, requests, leastMutations, leastRequests)
	}
}

// TestNoMutationOfAPresignedRequestIsAccepted changes every byte of the target of a presigned request to every other value.
func TestNoMutationOfAPresignedRequestIsAccepted(t *testing.T) {
	original := presign(t, map[string]string{queryToken: "token/+=", queryContentSHA256: hashOf(nil)}, nil)
	target := original.RequestURI
	policy := Policy{Service: "sts", AllowPresigned: true}
	meant := must(Parse(original, policy)).message
	for i := range len(target) {
		for flip := 1; flip < 256; flip++ {
			changed := []byte(target)
			changed[i] ^= byte(flip)
			original.RequestURI = string(changed)
			claim, err := Parse(original, policy)
			if err != nil || claim.AccessKeyID != "AKIAOURS" || claim.SessionToken != "token/+=" || claim.Verify(nil, nil, "our-secret", ourTime) != nil {
				continue
			}
			if claim.message.path != meant.path || !slices.Equal(claim.message.params, meant.params) {
				t.Errorf("%q is accepted", changed)
			}
		}
	}
	original.RequestURI = target
	wantReason(t, must(Parse(original, policy)).Verify(nil, nil, "our-secret", ourTime), "")
}
