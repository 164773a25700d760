//go:build clients

package reference

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	pathpkg "path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// This file computes Signature Version 4 once more, from what came over the wire and without our own package, which so is held against
// something that it did not make.

var authorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]*)/([^/,]+)/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$`)

// checkSignature puts words in the place of the moment and of the signature, and tells whether the latter is right.
func checkSignature(t *testing.T, name string, r request, header http.Header) string {
	text := header.Get("Authorization")
	if text == "" {
		return "none"
	}
	parts := authorization.FindStringSubmatch(text)
	if parts == nil {
		t.Errorf("%s sends an Authorization of another form: %s", name, text)
		return "unreadable"
	}
	key, day, scopeRegion, service, signed, signature := parts[1], parts[2], parts[3], parts[4], parts[5], parts[6]
	moment := checkMoment(t, name, header, day)
	scope := strings.Join([]string{day, scopeRegion, service, "aws4_request"}, "/")
	want := hmacOf(signingKey(day, scopeRegion, service), "AWS4-HMAC-SHA256\n"+moment+"\n"+scope+"\n"+hexDigest(canonical(r, signed)))
	header.Set("Authorization", fmt.Sprintf("by %s for %s in %s, of %s", key, service, scopeRegion, signed))
	if hex.EncodeToString(want) != signature {
		return "wrong"
	}
	return "right"
}

// clockTolerance is how far apart the clocks of a test and of its child may be: they are the same clock, on a busy machine.
const clockTolerance = 2 * time.Minute

func checkMoment(t *testing.T, name string, header http.Header, day string) string {
	text := header.Get("X-Amz-Date")
	moment, err := time.Parse("20060102T150405Z", text)
	if err != nil || time.Since(moment).Abs() > clockTolerance || !strings.HasPrefix(text, day) {
		t.Errorf("%s signs at %q for the day %s", name, text, day)
	}
	header.Set("X-Amz-Date", "now")
	return text
}

func canonical(r request, signed string) string {
	path, query, _ := strings.Cut(r.target, "?")
	lines := []string{r.method, escapeAgain(normal(path)), canonicalQuery(query)}
	for name := range strings.SplitSeq(signed, ";") {
		value := strings.Join(r.header.Values(name), ",")
		if name == "host" {
			value = r.host
		}
		lines = append(lines, name+":"+strings.Join(strings.Fields(value), " "))
	}
	return strings.Join(append(lines, "", signed, hexDigest(string(r.body))), "\n")
}

// normal is a path without empty and dot segments (RFC 3986 §5.2.4), which is what is signed, though the path is sent as it was.
func normal(path string) string {
	cleaned := pathpkg.Clean(path)
	if strings.HasSuffix(path, "/") && cleaned != "/" {
		cleaned += "/"
	}
	return cleaned
}

// escapeAgain is the second of the two encodings that paths get, by every service but S3.
func escapeAgain(path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("/-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func canonicalQuery(query string) string {
	if query == "" {
		return ""
	}
	pairs := strings.Split(query, "&")
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func signingKey(day, scopeRegion, service string) []byte {
	key := []byte("AWS4" + secretKey)
	for _, part := range []string{day, scopeRegion, service, "aws4_request"} {
		key = hmacOf(key, part)
	}
	return key
}

func hmacOf(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexDigest(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}
