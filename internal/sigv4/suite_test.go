package sigv4

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The credentials, scope and moment of both public suites.
const (
	suiteKey     = "AKIDEXAMPLE"
	suiteSecret  = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	suiteRegion  = "us-east-1"
	suiteService = "service"
)

var suiteTime = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)

// suiteCase is one signed request of a suite, with what its signer computed on the way.
type suiteCase struct {
	name       string
	signed     string // the request as sent
	canonical  string
	toSign     string
	signature  string
	normalized bool // whether its signer cleaned the path before it signed
}

func suiteCases(t *testing.T) []suiteCase {
	t.Helper()
	var cases []suiteCase
	botocore := readVectors[map[string]map[string]string](t, "aws-sigv4/botocore-aws4.json")
	for _, name := range slices.Sorted(maps.Keys(botocore)) {
		f := botocore[name]
		_, signature, _ := strings.Cut(f["authz"], "Signature=")
		cases = append(cases, suiteCase{
			name: "botocore " + name, signed: f["sreq"], canonical: f["creq"], toSign: f["sts"], signature: signature,
			normalized: strings.HasPrefix(name, "normalize-path/"),
		})
	}
	cAuth := readVectors[map[string]map[string]json.RawMessage](t, "aws-sigv4/c-auth-v4.json")
	for _, name := range slices.Sorted(maps.Keys(cAuth)) {
		for _, kind := range []string{"header", "query"} {
			file := func(suffix string) (text string) {
				if err := json.Unmarshal(cAuth[name][kind+suffix], &text); err != nil {
					t.Fatalf("%s %s%s: %v", name, kind, suffix, err)
				}
				return text
			}
			cases = append(cases, suiteCase{
				name: "c-auth " + name + " " + kind, signed: file("-signed-request.txt"),
				canonical: file("-canonical-request.txt"), toSign: file("-string-to-sign.txt"),
				signature: file("-signature.txt"), normalized: strings.HasSuffix(name, "-normalized"),
			})
		}
	}
	const inBoth = 34 + 2*38
	if len(cases) != inBoth {
		t.Fatalf("the suites have %d requests, want %d", len(cases), inBoth)
	}
	return cases
}

// hasPathToClean tells the cases whose path a normalising signer changes.
func hasPathToClean(c suiteCase) bool {
	return slices.ContainsFunc([]string{"relative", "slash"}, func(s string) bool { return strings.Contains(c.name, "get-"+s) })
}

func readVectors[T any](t testing.TB, name string) (v T) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../test/vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// suiteRequest reads a request of the suites, which http.ReadRequest does not: some targets have raw spaces.
func suiteRequest(t *testing.T, text string) (*http.Request, []byte) {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	line, rest, _ := strings.Cut(head, "\n")
	method, target, _ := strings.Cut(strings.TrimSuffix(line, " HTTP/1.1"), " ")
	header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(strings.TrimSuffix(rest, "\n") + "\n\n"))).ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{Method: method, RequestURI: target, Host: header.Get("Host"), Header: http.Header(header)}
	r.Header.Del("Host")
	return r, []byte(body)
}

func TestCanonicalRequestsAndSignaturesOfBothSuites(t *testing.T) {
	for _, c := range suiteCases(t) {
		if c.normalized && hasPathToClean(c) {
			continue // its twin without normalisation is here; TestVerifySuites sees this one refused
		}
		t.Run(c.name, func(t *testing.T) {
			r, _ := suiteRequest(t, c.signed)
			path, query, found := strings.Cut(r.RequestURI, "?")
			m := &message{method: r.Method, path: path, header: lowerHeader(r)}
			if found {
				params, err := splitQuery(query)
				if err != nil {
					t.Fatal(err)
				}
				m.params = params
			}
			if strings.Contains(c.name, "post-sts-header-after query") {
				m.params = slices.DeleteFunc(m.params, func(p param) bool { return p.name == queryToken })
			}
			lines := strings.Split(c.canonical, "\n")
			signed := strings.Split(lines[len(lines)-2], ";")
			canonical := m.canonical(signed, lines[len(lines)-1])
			if canonical != c.canonical {
				t.Errorf("canonical request\n%s\nwant\n%s", canonical, c.canonical)
			}
			scope := scope(suiteTime.Format(dateLayout), suiteRegion, suiteService)
			if got := stringToSign(canonical, suiteTime, scope); got != c.toSign {
				t.Errorf("string to sign\n%s\nwant\n%s", got, c.toSign)
			}
			if got := hex.EncodeToString(signature(canonical, suiteSecret, suiteTime, suiteRegion, suiteService)); got != c.signature {
				t.Errorf("signature %s, want %s", got, c.signature)
			}
		})
	}
}

// refusedOfSuites names the validly signed requests that we refuse all the same, and why.
var refusedOfSuites = []struct {
	contains string
	reason   Reason
	because  string
}{
	{"get-relative", NotCanonical, "dot segments: signed and routed path could differ"},
	{"get-slash", NotCanonical, "empty or dot segments: signed and routed path could differ"},
	{"get-space", NotCanonical, "a raw space is no legal target"},
	{"get-vanilla-query-order-key.", NotCanonical, "a parameter is given twice"},
	{"get-vanilla-query-order-value", NotCanonical, "a parameter is given twice"},
	{"botocore get-vanilla-with-session-token", Mismatch, "the file bears the signature of get-vanilla"},
	{"post-sts-header-after header", Incomplete, "the session token is not signed"},
	{"post-sts-header-after query", Mismatch, "the session token is not signed"},
	{"post-sts-token/post-sts-header-after", Incomplete, "the session token is not signed"},
}

func TestVerifySuites(t *testing.T) {
	for _, c := range suiteCases(t) {
		t.Run(c.name, func(t *testing.T) {
			r, body := suiteRequest(t, c.signed)
			claim, err := Parse(r, Policy{Service: suiteService, Regions: []string{suiteRegion}, AllowPresigned: true})
			if err == nil {
				err = claim.Verify(nil, body, suiteSecret, suiteTime)
			}
			var want Reason
			for _, refused := range refusedOfSuites {
				if strings.Contains(c.name+".", refused.contains) {
					want = refused.reason
					t.Logf("to be refused: %s", refused.because)
				}
			}
			wantReason(t, err, want)
		})
	}
}

func TestSignMakesTheAuthorizationOfTheSuite(t *testing.T) {
	signed := 0
	for _, c := range suiteCases(t) {
		r, body := suiteRequest(t, c.signed)
		want := r.Header.Get("Authorization")
		_, err := read(r)
		onlyOurs := !strings.Contains(want, "my-header") && !strings.Contains(want, "content-length")
		if err != nil || !onlyOurs || strings.Contains(c.name, "post-sts-header-after") || !strings.HasSuffix(want, c.signature) {
			continue // a query, a target we refuse, or headers and omissions that Sign does not have
		}
		t.Run(c.name, func(t *testing.T) {
			token := r.Header.Get("X-Amz-Security-Token")
			signer := Signer{Credentials{suiteKey, suiteSecret, token}, suiteRegion, suiteService}
			if err := signer.Sign(r, body, suiteTime); err != nil {
				t.Fatal(err)
			}
			if got := r.Header.Get("Authorization"); got != want {
				t.Errorf("Authorization %s\nwant %s", got, want)
			}
		})
		signed++
	}
	if signed < 30 {
		t.Errorf("only %d requests of the suites were signed", signed)
	}
}

// wantReason checks that err is a refusal for the reason, or nil when there should be none.
func wantReason(t *testing.T, err error, want Reason) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		return
	}
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Reason != want {
		t.Fatalf("error %v, want reason %q", err, want)
	}
}
