package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
)

// The algorithms that sign (RFC 7518 §3.1). ES256 signs unless an application asks for RS256, which costs many times as much and whose
// keys cannot be derived from a seed.
const (
	ES256 = "ES256"
	RS256 = "RS256"
)

// signingKey signs ID tokens with ES256 (RFC 7518 §3.4). Signatures are deterministic (RFC 6979), so that a repeated answer has the
// same bytes.
type signingKey struct {
	private *ecdsa.PrivateKey
	header  string // the JWS header, encoded once
	jwk     jwk
}

// jwk is a public key as RFC 7517 writes it.
type jwk struct {
	KeyType   string `json:"kty"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	Curve     string `json:"crv,omitempty"` // these three of an elliptic curve key, RFC 7518 §6.2.1
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
	Modulus   string `json:"n,omitempty"` // these two of an RSA key, RFC 7518 §6.3.1
	Exponent  string `json:"e,omitempty"`
}

func newSigningKey(e *epoch) (*signingKey, error) {
	var private *ecdsa.PrivateKey
	for attempt := 0; private == nil; attempt++ {
		scalar, err := e.subkey(fmt.Sprintf("sign/ES256/%d", attempt), 32)
		if err != nil {
			return nil, err
		}
		// A scalar of 32 bytes is outside the group once in 2^32 seeds; the next attempt derives another.
		private, _ = ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	half := (len(point) - 1) / 2
	key := &signingKey{private: private, jwk: jwk{
		KeyType: "EC", Use: "sig", Algorithm: ES256, KeyID: e.id, Curve: "P-256",
		X: base64.RawURLEncoding.EncodeToString(point[1 : 1+half]),
		Y: base64.RawURLEncoding.EncodeToString(point[1+half:]),
	}}
	key.header = jwsHeader(ES256, e.id)
	return key, nil
}

func jwsHeader(algorithm, keyID string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + algorithm + `","kid":"` + keyID + `","typ":"JWT"}`))
}

// SignJWT returns the claims as a compact JWS, signed with ES256 under the key of that id. It reports false when the ring has no
// such key.
func (r *Ring) SignJWT(keyID string, claims []byte) (string, bool) {
	e, ok := r.epoch(keyID)
	if !ok {
		return "", false
	}
	memory := texts.Get().(*[]byte)
	defer keepText(memory)
	token := append(append((*memory)[:0], e.signing.header...), '.')
	token = base64.RawURLEncoding.AppendEncode(token, claims)
	digest := sha256.Sum256(token)
	der, err := e.signing.private.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return "", false
	}
	signature, ok := rawSignature(der)
	*memory = base64.RawURLEncoding.AppendEncode(append(token, '.'), signature[:])
	return string(*memory), ok
}

// rawSignature writes an ECDSA signature of P-256 as JWS has it, two numbers of 32 bytes (RFC 7518 §3.4), from the DER that crypto/ecdsa makes:
// a sequence of two integers, each of whose lengths fits a byte. encoding/asn1 reads it too, and takes a tenth as long as the signature itself.
func rawSignature(der []byte) (raw [64]byte, ok bool) {
	const sequence, integer = 0x30, 0x02
	if len(der) < 2 || der[0] != sequence || int(der[1]) != len(der)-2 {
		return raw, false
	}
	rest := der[2:]
	for half := 32; half <= len(raw); half += 32 {
		if len(rest) < 2 || rest[0] != integer || len(rest)-2 < int(rest[1]) {
			return raw, false
		}
		number := bytes.TrimLeft(rest[2:2+int(rest[1])], "\x00") // one zero byte keeps a number from being negative
		if len(number) > 32 {
			return raw, false
		}
		copy(raw[half-len(number):half], number)
		rest = rest[2+int(rest[1]):]
	}
	return raw, len(rest) == 0
}

// JWKS returns the public keys of the ring as a JWK set (RFC 7517 §5), newest first: those that sign, those that will, and those that did.
// The text is shared; do not change it.
func (r *Ring) JWKS() []byte { return r.state.Load().jwks }

func (s *state) publicKeys() []byte {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, m := range slices.Backward(s.ordered) {
		set.Keys = append(set.Keys, m.signing.jwk)
		if beside := s.rsa[m.id]; beside != nil {
			set.Keys = append(set.Keys, beside.jwk)
		}
	}
	text, err := json.Marshal(set)
	if err != nil {
		panic(err) // strings only: it cannot fail
	}
	return text
}
