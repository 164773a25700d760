package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

// The pair of RFC 7636 Appendix B.
const (
	rfcVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	rfcChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// challengeOf makes the challenge of any text, also of one that is no verifier.
func challengeOf(t testing.TB, verifier string) Challenge {
	t.Helper()
	digest := sha256.Sum256([]byte(verifier))
	c, err := ParseChallenge("S256", base64.RawURLEncoding.EncodeToString(digest[:]))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestParseChallenge(t *testing.T) {
	tests := []struct{ name, method, challenge, err string }{
		{"S256", "S256", rfcChallenge, ""},
		{"plain", "plain", rfcChallenge, "code_challenge_method plain is not supported: send S256"},
		{"no method, which would mean plain", "", rfcChallenge, "code_challenge_method is required and must be S256"},
		{"a method in another case", "s256", rfcChallenge, "code_challenge_method must be S256"},
		{"an unknown method", "S512", rfcChallenge, "code_challenge_method must be S256"},
		{"no challenge", "S256", "", "code_challenge is required: send the S256 challenge of a code verifier"},
		{"no PKCE at all", "", "", "code_challenge is required: send the S256 challenge of a code verifier"},
		{"one character short", "S256", rfcChallenge[:42], notS256},
		{"one character long", "S256", rfcChallenge + "A", notS256},
		{"with padding", "S256", rfcChallenge[:42] + "=", notS256},
		{"in the other base64 alphabet", "S256", strings.Replace(rfcChallenge, "-", "+", 1), notS256},
		{"with a line break that decoders pass over", "S256", rfcChallenge[:20] + "\n" + rfcChallenge[21:42] + "A", notS256},
		{"with bits that decode to nothing", "S256", rfcChallenge[:42] + "N", notS256},
		{"not ASCII", "S256", rfcChallenge[:41] + "é", notS256},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := ParseChallenge(tt.method, tt.challenge)
			if tt.err == "" {
				if err != nil || c.String() != tt.challenge {
					t.Errorf("got %q, %v", c, err)
				}
				return
			}
			if err == nil || err.Error() != tt.err || c != (Challenge{}) {
				t.Errorf("got %q, %v; want %q", c, err, tt.err)
			}
		})
	}
}

const notS256 = "code_challenge must be the base64url encoding, without padding, of a SHA-256 digest"

func TestChallengeMatches(t *testing.T) {
	letters := func(n int) string { return strings.Repeat("a", n) }
	tests := []struct {
		name     string
		made     string // what the challenge was made from
		verifier string
		want     bool
	}{
		{"the pair of the RFC", rfcVerifier, rfcVerifier, true},
		{"every character of the alphabet", letters(40) + "-._~Az09", letters(40) + "-._~Az09", true},
		{"the longest verifier", letters(128), letters(128), true},
		{"another verifier", rfcVerifier, strings.Replace(rfcVerifier, "d", "e", 1), false},
		{"the challenge sent as the verifier", rfcVerifier, rfcChallenge, false},
		{"nothing", rfcVerifier, "", false},
		{"a verifier that is too short, although it fits", letters(42), letters(42), false},
		{"a verifier that is too long, although it fits", letters(129), letters(129), false},
		{"a character outside the alphabet, although it fits", letters(43) + "+", letters(43) + "+", false},
		{"a NUL at the end, although it fits", letters(43) + "\x00", letters(43) + "\x00", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := challengeOf(t, tt.made).Matches(tt.verifier); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestZeroChallengeMatchesNothing(t *testing.T) {
	if (Challenge{}).Matches(rfcVerifier) || (Challenge{}).Matches("") {
		t.Error("it matched")
	}
}

func BenchmarkChallengeMatches(b *testing.B) {
	c := challengeOf(b, rfcVerifier)
	b.ReportAllocs()
	for b.Loop() {
		if !c.Matches(rfcVerifier) {
			b.Fatal("no match")
		}
	}
}

// FuzzParseChallenge checks that an accepted challenge is the one spelling of 32 bytes.
func FuzzParseChallenge(f *testing.F) {
	f.Add("S256", rfcChallenge)
	f.Add("plain", rfcVerifier)
	f.Add("S256", rfcChallenge[:42]+"\n")
	f.Fuzz(func(t *testing.T, method, challenge string) {
		c, err := ParseChallenge(method, challenge)
		if err != nil {
			return
		}
		digest, err := base64.RawURLEncoding.DecodeString(challenge)
		if method != "S256" || err != nil || len(digest) != sha256.Size ||
			base64.RawURLEncoding.EncodeToString(digest) != c.String() {
			t.Fatalf("accepted %q %q", method, challenge)
		}
	})
}
