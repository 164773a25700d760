package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
)

// Lengths of RFC 7636: a challenge is the base64url of 32 bytes (§4.2), a verifier has 43 to 128 characters (§4.1).
const (
	challengeLength = 43
	verifierMin     = 43
	verifierMax     = 128
)

// Challenge is the code challenge that an authorization request commits to (RFC 7636 §4.2). Its method is S256, always.
// The zero Challenge matches no verifier.
type Challenge struct{ text string }

// ParseChallenge takes the two PKCE parameters of an authorization request. A missing method would mean plain (RFC 7636
// §4.3), and plain protects nothing once the request has been seen, so both are refused (RFC 9700 §2.1.1). A challenge that
// is not the one spelling of 32 bytes could match no verifier and is refused here, where the client can still learn why.
func ParseChallenge(method, challenge string) (Challenge, error) {
	switch {
	case challenge == "":
		return Challenge{}, errors.New("code_challenge is required: send the S256 challenge of a code verifier")
	case method == "":
		return Challenge{}, errors.New("code_challenge_method is required and must be S256")
	case method == "plain":
		return Challenge{}, errors.New("code_challenge_method plain is not supported: send S256")
	case method != "S256":
		return Challenge{}, errors.New("code_challenge_method must be S256")
	case !isS256(challenge):
		return Challenge{}, errors.New("code_challenge must be the base64url encoding, without padding, of a SHA-256 digest")
	}
	return Challenge{challenge}, nil
}

// isS256 tells whether s is the unpadded base64url of 32 bytes. The decoder passes over line breaks, so the length of what
// it makes is checked as well.
func isS256(s string) bool {
	if len(s) != challengeLength {
		return false
	}
	digest, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(digest) == sha256.Size
}

// String is the challenge as it was sent.
func (c Challenge) String() string { return c.text }

// Matches tells whether verifier is the one that c was made from (RFC 7636 §4.6). The comparison takes the same time
// wherever the two differ.
func (c Challenge) Matches(verifier string) bool {
	if !isVerifier(verifier) {
		return false
	}
	digest := sha256.Sum256([]byte(verifier))
	var text [challengeLength]byte
	base64.RawURLEncoding.Encode(text[:], digest[:])
	return subtle.ConstantTimeCompare(text[:], []byte(c.text)) == 1
}

func isVerifier(s string) bool {
	if len(s) < verifierMin || len(s) > verifierMax {
		return false
	}
	for i := range len(s) {
		if !isUnreserved(s[i]) {
			return false
		}
	}
	return true
}

// isUnreserved is the rule "unreserved" of RFC 3986 §2.3, which RFC 7636 §4.1 borrows.
func isUnreserved(c byte) bool {
	return isAlphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~'
}

func isAlphanumeric(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
