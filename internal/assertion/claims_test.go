package assertion

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sallyport/internal/trace"
	"sallyport/test/vectors"
)

// bench is a verifier with configured keys, at a moment that does not move.
type bench struct {
	*Verifier
	key    *key
	now    time.Time
	issuer Issuer
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{key: newKey(t, "k1"), now: time.Unix(1_790_000_000, 0)}
	jwks, err := json.Marshal(map[string]any{"keys": []any{b.key.jwk()}})
	if err != nil {
		t.Fatal(err)
	}
	b.issuer = Issuer{URL: "https://idp.example.test", JWKS: jwks}
	b.Verifier = New(Options{Now: func() time.Time { return b.now }})
	return b
}

// claims are those of a good assertion, with others laid over them; nil takes one away.
func (b *bench) claims(over map[string]any) map[string]any {
	all := map[string]any{"iss": b.issuer.URL, "sub": "subject-1", "aud": audience, "exp": b.now.Unix() + 300}
	for name, value := range over {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	return all
}

func (b *bench) verify(t testing.TB, token string) (Claims, error) {
	t.Helper()
	return b.Verify(t.Context(), token, b.issuer, Expectations{Audiences: []string{audience}})
}

func TestClaimsThatEveryAssertionHas(t *testing.T) {
	b := newBench(t)
	const accepted = Reason(0)
	tests := []struct {
		name string
		over map[string]any
		want Reason
	}{
		{"the required claims suffice", nil, accepted},
		{"unknown claims do not matter", map[string]any{"x": []any{1, map[string]any{"y": nil}}}, accepted},
		{"iss is missing", map[string]any{"iss": nil}, OtherIssuer},
		{"iss has one slash more", map[string]any{"iss": b.issuer.URL + "/"}, OtherIssuer},
		{"iss is a list", map[string]any{"iss": []string{b.issuer.URL}}, OtherIssuer},
		{"sub is missing", map[string]any{"sub": nil}, Subject},
		{"sub is empty", map[string]any{"sub": ""}, Subject},
		{"sub is a number", map[string]any{"sub": 7}, Subject},
		{"sub is as long as it may be", map[string]any{"sub": strings.Repeat("s", 255)}, accepted},
		{"sub is longer than it may be", map[string]any{"sub": strings.Repeat("s", 256)}, Subject},
		{"sub has a character that databases refuse", map[string]any{"sub": "a\x00b"}, Subject},
		{"sub has a line end", map[string]any{"sub": "a\nb"}, Subject},
		{"aud is missing", map[string]any{"aud": nil}, Audience},
		{"aud is a list with the audience", map[string]any{"aud": []string{"x", audience}}, accepted},
		{"aud is a list without it", map[string]any{"aud": []string{"x", "y"}}, Audience},
		{"aud is an empty list", map[string]any{"aud": []string{}}, Audience},
		{"aud has an empty value beside it", map[string]any{"aud": []string{audience, ""}}, Audience},
		{"aud has a number beside it", map[string]any{"aud": []any{audience, 1}}, Audience},
		{"aud is an object", map[string]any{"aud": map[string]any{"x": audience}}, Audience},
		{"aud is the audience in capitals", map[string]any{"aud": strings.ToUpper(audience)}, Audience},
		{"jti is empty", map[string]any{"jti": ""}, Malformed},
		{"jti is a number", map[string]any{"jti": 1}, Malformed},
		{"exp is missing", map[string]any{"exp": nil}, Expired},
		{"exp is null", map[string]any{"exp": json.RawMessage("null")}, Malformed},
		{"exp is text", map[string]any{"exp": fmt.Sprint(b.now.Unix() + 300)}, Malformed},
		{"exp is negative", map[string]any{"exp": -1}, Malformed},
		{"exp is zero", map[string]any{"exp": 0}, Expired},
		{"exp has a fraction", map[string]any{"exp": json.RawMessage("1790000300.5")}, accepted},
		{"exp is spelled with an exponent", map[string]any{"exp": json.RawMessage("1.7900003E9")}, accepted},
		{"exp overflows", map[string]any{"exp": json.RawMessage("1e400")}, Malformed},
		{"exp is beyond all years", map[string]any{"exp": json.RawMessage("1e18")}, Malformed},
		{"exp has more digits than anybody needs", map[string]any{"exp": json.RawMessage("1790000300." + strings.Repeat("0", 40))}, Malformed},
		{"nbf is text", map[string]any{"nbf": "0"}, Malformed},
		{"iat is text", map[string]any{"iat": "0"}, Malformed},
		{"the life from iat is a day", map[string]any{"iat": b.now.Unix() - 60, "exp": b.now.Unix() - 60 + 86400}, accepted},
		{"the life from iat is longer than a day", map[string]any{"iat": b.now.Unix() - 60, "exp": b.now.Unix() - 60 + 86401}, Lifetime},
		{"the life from now is a day", map[string]any{"exp": b.now.Unix() + 86400}, accepted},
		{"the life from now is longer than a day", map[string]any{"exp": b.now.Unix() + 86401}, Lifetime},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := b.verify(t, b.key.sign(t, b.claims(tt.over)))
			if got := reasonOf(err); got != tt.want || (err == nil) != (tt.want == accepted) {
				t.Errorf("got %v (%v), want %v", got, err, tt.want)
			}
		})
	}
}

func TestClocksMayDifferByTheLeewayAndNoMore(t *testing.T) {
	b := newBench(t)
	tests := []struct {
		name   string
		claim  string
		offset int64
		want   Reason
	}{
		{"it expired 59 s ago", "exp", -59, 0},
		{"it expired 60 s ago", "exp", -60, Expired}, // on or after exp is too late: RFC 7519 §4.1.4
		{"it expired 61 s ago", "exp", -61, Expired},
		{"it is valid in 60 s", "nbf", 60, 0},
		{"it is valid in 61 s", "nbf", 61, NotYet},
		{"it was issued in 60 s", "iat", 60, 0},
		{"it was issued in 61 s", "iat", 61, NotYet},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := b.verify(t, b.key.sign(t, b.claims(map[string]any{tt.claim: b.now.Unix() + tt.offset})))
			if got := reasonOf(err); got != tt.want {
				t.Errorf("got %v (%v), want %v", got, err, tt.want)
			}
		})
	}
}

func TestAnEmptyListOfAudiencesAcceptsNothing(t *testing.T) {
	b := newBench(t)
	for _, wanted := range [][]string{nil, {}, {""}} {
		_, err := b.Verify(t.Context(), b.key.sign(t, b.claims(nil)), b.issuer, Expectations{Audiences: wanted})
		if reasonOf(err) != Audience {
			t.Errorf("%q: %v", wanted, err)
		}
	}
}

func TestTokensOfOtherKindsAreNoAssertions(t *testing.T) {
	b := newBench(t)
	for typ, want := range map[string]Reason{
		"JWT": 0, "at+jwt": 0, "application/at+jwt": 0, "": Malformed, "dpop+jwt": Malformed, "logout+jwt": Malformed, "secevent+jwt": Malformed, "JOSE": Malformed,
	} {
		_, err := b.verify(t, b.key.signWith(t, map[string]any{"alg": "ES256", "kid": "k1", "typ": typ}, b.claims(nil)))
		if got := reasonOf(err); got != want {
			t.Errorf("typ %q: got %v (%v), want %v", typ, got, err, want)
		}
	}
}

func TestTheClaimAtAPath(t *testing.T) {
	b := newBench(t)
	claims := b.claims(map[string]any{
		"email": "alice@example.test", "email_verified": true,
		"preferred_username": "alice", "number": 7, "none": json.RawMessage("null"), "list": []string{"alice"}, "empty": "", "control": "a\x00b",
		"long": strings.Repeat("x", maxValueBytes+1), "longest": strings.Repeat("x", maxValueBytes),
		"a":             map[string]any{"b": map[string]any{"c": "deep", "list": []any{map[string]any{"c": "x"}}, "null": nil, "number": 1}, "d_e": "joined"},
		"name.with.dot": "literal", "name": map[string]any{"with": map[string]any{"dot": "walked"}},
		"other.list": []string{"x"}, "other": map[string]any{"list": "walked"},
		"user":    map[string]any{"email": "bob@example.test", "email_verified": true},
		"sibling": map[string]any{"email": "eve@example.test"},
		"said":    map[string]any{"email": "eve@example.test", "email_verified": "true"},
	})
	c, err := b.verify(t, b.key.sign(t, claims))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path, want string
		refused    Reason
	}{
		{"email", "alice@example.test", 0},
		{"sub", "subject-1", 0},
		{"preferred_username", "alice", 0},
		{"a.b.c", "deep", 0},
		{"a.d_e", "joined", 0},
		{"name.with.dot", "literal", 0},
		{"longest", strings.Repeat("x", maxValueBytes), 0},
		{"user.email", "bob@example.test", 0},
		{"Email", "", Claim},
		{"missing", "", Claim},
		{"number", "", Claim},
		{"none", "", Claim},
		{"list", "", Claim},
		{"empty", "", Claim},
		{"long", "", Claim},
		{"control", "", Claim},
		{"a", "", Claim},
		{"a.b", "", Claim},
		{"a_b_c", "", Claim},
		{"a.b.list", "", Claim},
		{"a.b.list.c", "", Claim},
		{"a.b.null", "", Claim},
		{"a.b.number", "", Claim},
		{"a.b.missing", "", Claim},
		{"email.x", "", Claim},
		{"list.alice", "", Claim},
		{"other.list", "", Claim}, // the claim of that very name is a list; what a walk would find does not replace it
		{"", "", Claim},
		{".", "", Claim},
		{"sibling.email", "", EmailUnverified}, // the verification of another address is not that of this one
		{"said.email", "", EmailUnverified},
	}
	for _, tt := range tests {
		got, err := c.Value(t.Context(), tt.path)
		if got != tt.want || reasonOf(err) != tt.refused || (err == nil) != (tt.refused == 0) {
			t.Errorf("%q: got %q, %v, want %q, %v", tt.path, got, err, tt.want, tt.refused)
		}
	}
}

func TestOnlyTheBooleanTrueVerifiesAnAddress(t *testing.T) {
	b := newBench(t)
	tests := []struct {
		name     string
		verified any
		strict   Reason // of an issuer as such
		trusted  Reason // of an issuer whose addresses are trusted
	}{
		{"true", true, 0, 0},
		{"false", false, EmailUnverified, EmailUnverified},
		{"the text true", "true", EmailUnverified, EmailUnverified},
		{"the text false", "false", EmailUnverified, EmailUnverified},
		{"a one", 1, EmailUnverified, EmailUnverified},
		{"a list", []any{true}, EmailUnverified, EmailUnverified},
		{"null", json.RawMessage("null"), EmailUnverified, EmailUnverified},
		{"missing", nil, EmailUnverified, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token := b.key.sign(t, b.claims(map[string]any{"email": "alice@example.test", "email_verified": tt.verified}))
			for trust, want := range map[bool]Reason{false: tt.strict, true: tt.trusted} {
				issuer := b.issuer
				issuer.TrustEmail = trust
				c, err := b.Verify(t.Context(), token, issuer, Expectations{Audiences: []string{audience}})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.Value(t.Context(), "email"); reasonOf(err) != want {
					t.Errorf("trusted %v: got %v, want %v", trust, err, want)
				}
				if sub, err := c.Value(t.Context(), "sub"); err != nil || sub != "subject-1" {
					t.Errorf("a claim that is no address: %q, %v", sub, err)
				}
			}
		})
	}
}

func TestWhoeverSaysNothingOfVerificationLearnsOfTheSetting(t *testing.T) {
	b := newBench(t)
	for _, tt := range []struct {
		name     string
		verified any
		named    bool
	}{
		{"an issuer that says nothing", nil, true},
		{"an issuer that says no", false, false},
	} {
		c, err := b.Verify(t.Context(), b.key.sign(t, b.claims(map[string]any{"email": "alice@example.test", "email_verified": tt.verified})), b.issuer,
			Expectations{Audiences: []string{audience}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, traced := trace.With(t.Context())
		if _, err := c.Value(ctx, "email"); reasonOf(err) != EmailUnverified || strings.Contains(err.Error(), "trust_email") {
			t.Errorf("%s: %v", tt.name, err)
		}
		if text := fmt.Sprint(traced.Record()); strings.Contains(text, "trust_email") != tt.named {
			t.Errorf("%s: %s", tt.name, text)
		}
	}
}

func TestAnAssertionIsRecognisedWhateverItsSignature(t *testing.T) {
	b := newBench(t)
	replay := func(token string) Replay {
		t.Helper()
		c, err := b.verify(t, token)
		if err != nil {
			t.Fatal(err)
		}
		return c.Replay()
	}
	with := b.claims(map[string]any{"jti": "id-1"})
	first := b.key.sign(t, with)
	if first == malleated(t, first) {
		t.Fatal("the signature was not changed")
	}
	if a, b := replay(first), replay(malleated(t, first)); a != b {
		t.Errorf("the other signature of the same assertion is another one: %v, %v", a, b)
	}
	if a, b := replay(first), replay(b.key.sign(t, with)); a != b {
		t.Errorf("signing again makes another one: %v, %v", a, b)
	}
	other := replay(b.key.sign(t, b.claims(map[string]any{"jti": "id-1", "x": 1})))
	if a := replay(first); a.ID != other.ID || a.Input == other.Input {
		t.Errorf("with the same jti: %v, %v", a, other)
	}
	renamed := replay(b.key.sign(t, b.claims(map[string]any{"jti": "id-2"})))
	if a := replay(first); a.ID == renamed.ID || a.Input == renamed.Input {
		t.Errorf("with another jti: %v, %v", a, renamed)
	}
	without := replay(b.key.sign(t, b.claims(nil)))
	if without.ID != "" || without.Input == "" || without.Until != time.Unix(b.now.Unix()+300, 0).Add(Leeway+10*time.Minute).UTC() {
		t.Errorf("without jti: %v", without)
	}
	if digest("a", "bc") == digest("ab", "c") {
		t.Error("two lists of texts have the same digest")
	}
}

// malleated replaces s by n - s, which verifies as well.
func malleated(t *testing.T, token string) string {
	t.Helper()
	at := strings.LastIndexByte(token, '.') + 1
	raw, err := base64.RawURLEncoding.DecodeString(token[at:])
	if err != nil {
		t.Fatal(err)
	}
	order, _ := new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
	order.Sub(order, new(big.Int).SetBytes(raw[32:])).FillBytes(raw[32:])
	return token[:at] + encode(raw)
}

func TestTheTraceTellsTheOperatorAndTheRefusalDoesNot(t *testing.T) {
	b := newBench(t)
	tests := []struct {
		name, check, shown string
		token              string
	}{
		{"another audience", "audience", "https://other.example.test", b.key.sign(t, b.claims(map[string]any{"aud": "https://other.example.test"}))},
		{"an expired assertion", "expiry", "5m0s ago", b.key.sign(t, b.claims(map[string]any{"exp": b.now.Unix() - 300}))},
		{"another issuer", "issuer", "https://idp.example.test", b.key.sign(t, b.claims(map[string]any{"iss": "https://evil.example.test"}))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, traced := trace.With(t.Context())
			_, err := b.Verify(ctx, tt.token, b.issuer, Expectations{Audiences: []string{audience}})
			if err == nil {
				t.Fatal("accepted")
			}
			failed := failure(traced)
			if failed.Check != tt.check || !strings.Contains(failed.Detail, tt.shown) {
				t.Errorf("the trace has %+v", failed)
			}
			if strings.Contains(err.Error(), tt.shown) {
				t.Errorf("the refusal says %q", err)
			}
		})
	}
	ctx, traced := trace.With(t.Context())
	if _, err := b.Verify(ctx, tests[0].token, b.issuer, Expectations{Audiences: []string{"https://other.example.test"}}); err != nil || traced.Failed() {
		t.Errorf("an accepted assertion: %v, failed %v", err, traced.Failed())
	}
}

// hostile is the table of hostile tokens, for one verifier.
type hostile struct {
	Config struct {
		Now                int64
		Issuer, Audience   string
		MaxLifetimeSeconds int `json:"max_lifetime_seconds"`
	}
	JWKS  json.RawMessage
	Cases []struct {
		ID, Token, Expect, Sub string
		JWKS                   json.RawMessage
		Generate               struct {
			Kind string
			N    int
		}
	}
}

func TestHostileTokens(t *testing.T) {
	data, err := os.ReadFile("../../test/vectors/hostile-jose/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var h hostile
	if err := json.Unmarshal(data, &h); err != nil {
		t.Fatal(err)
	}
	const inFile = 107
	if len(h.Cases) != inFile {
		t.Fatalf("%d cases, want %d", len(h.Cases), inFile)
	}
	verifier := New(Options{
		Now:         func() time.Time { return time.Unix(h.Config.Now, 0) },
		MaxLifetime: time.Duration(h.Config.MaxLifetimeSeconds) * time.Second,
	})
	for _, c := range h.Cases {
		t.Run(c.ID, func(t *testing.T) {
			issuer := Issuer{URL: h.Config.Issuer, JWKS: h.JWKS}
			if c.JWKS != nil {
				issuer.JWKS = c.JWKS
			}
			token := c.Token
			if c.Generate.Kind != "" {
				token = generated(t, c.ID, c.Generate.N)
			}
			claims, err := verifier.Verify(t.Context(), token, issuer, Expectations{Audiences: []string{h.Config.Audience}})
			if c.Expect != "either" && (err == nil) != (c.Expect == "accept") {
				t.Errorf("got %v, want %s", err, c.Expect)
			}
			if err != nil && (reasonOf(err) == 0 || err.Error() == "") {
				t.Errorf("refused with %#v", err)
			}
			if err == nil && c.Sub != "" && claims.Subject != c.Sub {
				t.Errorf("accepted as %q, want %q", claims.Subject, c.Sub)
			}
		})
	}
}

// generated makes the tokens that are described and not written down. Nobody has the key any more, so what is meant to be signed is not.
func generated(t *testing.T, id string, n int) string {
	t.Helper()
	body := func(claims string) string {
		return encode([]byte(`{"alg":"RS256","kid":"r1"}`)) + "." + encode([]byte(claims)) + ".AA"
	}
	switch id {
	case "gen-dots":
		return strings.Repeat(".", n)
	case "gen-payload-depth":
		return body(`{"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}")
	case "gen-claims-1m":
		return body(`{"x":"` + strings.Repeat("x", n) + `"}`)
	case "gen-many-keys":
		var members strings.Builder
		for i := range n {
			fmt.Fprintf(&members, `"%x":0,`, i)
		}
		return body("{" + members.String() + `"x":0}`)
	}
	t.Fatalf("no rule to make %s", id)
	return ""
}

func TestSignedClaimsAreBoundedToo(t *testing.T) {
	b := newBench(t)
	var members strings.Builder
	for i := range 1_500 {
		fmt.Fprintf(&members, `"%x":0,`, i)
	}
	for name, body := range map[string]string{
		"nested":   `{"iss":"https://idp.example.test","x":` + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000) + "}",
		"long":     `{"iss":"https://idp.example.test","x":"` + strings.Repeat("x", 20_000) + `"}`,
		"populous": "{" + members.String() + `"iss":"https://idp.example.test"}`,
		"repeated": `{"iss":"https://idp.example.test","iss":"https://idp.example.test"}`,
		"followed": `{"iss":"https://idp.example.test"}{}`,
		"a list":   `[{"iss":"https://idp.example.test"}]`,
	} {
		token := b.key.sign(t, body)
		if _, err := b.verify(t, token); reasonOf(err) != Malformed {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := PeekIssuer(token); reasonOf(err) != Malformed {
			t.Errorf("%s: peeked with %v", name, err)
		}
	}
}

func TestReasonsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for r := Malformed; r <= EmailUnverified; r++ {
		if name := r.String(); name == "unknown" || seen[name] {
			t.Errorf("%d is named %q", r, name)
		}
		seen[r.String()] = true
	}
	if Reason(0).String() != "unknown" || Reason(200).String() != "unknown" {
		t.Error("what is no reason has a name")
	}
}

// FuzzVerify checks that no text is accepted that the issuer has not signed, and that each refusal says why.
func FuzzVerify(f *testing.F) {
	b := newBench(f)
	good := b.key.sign(f, b.claims(nil))
	f.Add(good)
	f.Add(b.key.sign(f, b.claims(map[string]any{"aud": []any{1}})))
	f.Add(b.key.sign(f, "{}"))
	f.Add("..")
	other := newBench(f)
	for _, token := range vectors.Tokens(f) {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := other.verify(t, token); reasonOf(err) == 0 {
			t.Fatalf("%v", err)
		}
		if _, err := PeekIssuer(token); err != nil && reasonOf(err) == 0 {
			t.Fatalf("peeked with %v", err)
		}
	})
}

// FuzzClaims checks that signed claims of whatever form are read without a panic, and that what is accepted obeys the rules.
func FuzzClaims(f *testing.F) {
	b := newBench(f)
	for _, over := range []map[string]any{nil, {"nbf": 1.5, "iat": 0, "jti": "x"}, {"email": "a@b", "email_verified": "true"}, {"aud": []string{"x", audience}}} {
		body, err := json.Marshal(b.claims(over))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(body), "email")
	}
	f.Add(`{"a":{"b":{"c":[]}}}`, "a.b.c")
	f.Fuzz(func(t *testing.T, body, path string) {
		c, err := b.verify(t, b.key.sign(t, body))
		if err != nil {
			if reasonOf(err) == 0 {
				t.Fatalf("refused with %#v", err)
			}
			return
		}
		if c.Issuer != b.issuer.URL || c.Subject == "" || c.Audience != audience || !b.now.Before(c.ExpiresAt.Add(Leeway)) || c.Replay().Input == "" {
			t.Fatalf("accepted as %+v", c)
		}
		value, err := c.Value(t.Context(), path)
		var refusal *Refusal
		if err == nil && value == "" || err != nil && !errors.As(err, &refusal) {
			t.Fatalf("%q, %v", value, err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	bench := newBench(b)
	token := bench.key.sign(b, bench.claims(map[string]any{"email": "alice@example.test", "email_verified": true, "jti": "id-1"}))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bench.verify(b, token); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzReadDiscovery checks that no document is taken for an issuer's that does not say so in the one way, and that its address is a text.
func FuzzReadDiscovery(f *testing.F) {
	const issuer = "https://idp.example.test"
	f.Add([]byte(`{"issuer":"https://idp.example.test","jwks_uri":"https://idp.example.test/keys"}`))
	f.Add([]byte(`{"issuer":"https://idp.example.test","Issuer":"x","jwks_uri":["a"],"jwks_uri":"b"}`))
	for _, document := range vectors.JSONTestSuite(f) {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		address, err := readDiscovery(document, issuer)
		if (err == nil) != (address != "") || !utf8.ValidString(address) {
			t.Fatalf("read %q, %v", address, err)
		}
		if err == nil && !json.Valid(document) {
			t.Fatalf("%q was taken", document)
		}
	})
}
