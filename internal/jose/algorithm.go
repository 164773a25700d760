package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.SHA256
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512
	"math/big"
)

// Algorithm is a value of alg (RFC 7518 §3.1, RFC 8037 §3.1).
type Algorithm string

// The algorithms that can be verified. Neither none nor the symmetric ones are among them, whatever a caller allows.
const (
	RS256 Algorithm = "RS256"
	RS384 Algorithm = "RS384"
	RS512 Algorithm = "RS512"
	PS256 Algorithm = "PS256"
	PS384 Algorithm = "PS384"
	PS512 Algorithm = "PS512"
	ES256 Algorithm = "ES256"
	ES384 Algorithm = "ES384"
	ES512 Algorithm = "ES512"
	EdDSA Algorithm = "EdDSA" // with Ed25519 only
)

// Algorithms lists all of them, for callers that allow whatever is sound.
func Algorithms() []Algorithm {
	return []Algorithm{RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA}
}

// scheme is how an algorithm verifies, and with which kind of key.
type scheme struct {
	keyType string // kty
	curve   string // crv, if the kind of key has curves
	verify  func(key crypto.PublicKey, input string, signature []byte) bool
}

// schemes holds every algorithm beside its verifier. An algorithm has one curve (RFC 7518 §3.4), so that a key says by its
// kind alone what may be verified with it.
var schemes = map[Algorithm]*scheme{
	RS256: {"RSA", "", pkcs1(crypto.SHA256)},
	RS384: {"RSA", "", pkcs1(crypto.SHA384)},
	RS512: {"RSA", "", pkcs1(crypto.SHA512)},
	PS256: {"RSA", "", pss(crypto.SHA256)},
	PS384: {"RSA", "", pss(crypto.SHA384)},
	PS512: {"RSA", "", pss(crypto.SHA512)},
	ES256: {"EC", "P-256", ecdsaWith(crypto.SHA256, 32)},
	ES384: {"EC", "P-384", ecdsaWith(crypto.SHA384, 48)},
	ES512: {"EC", "P-521", ecdsaWith(crypto.SHA512, 66)},
	EdDSA: {"OKP", "Ed25519", verifyEd25519},
}

func digest(hash crypto.Hash, input string) []byte {
	h := hash.New()
	h.Write([]byte(input))
	return h.Sum(nil)
}

func pkcs1(hash crypto.Hash) func(crypto.PublicKey, string, []byte) bool {
	return func(key crypto.PublicKey, input string, signature []byte) bool {
		public, ok := key.(*rsa.PublicKey)
		return ok && rsa.VerifyPKCS1v15(public, hash, digest(hash, input), signature) == nil
	}
}

// pss takes salts of the hash's length only, as RFC 7518 §3.5 demands.
func pss(hash crypto.Hash) func(crypto.PublicKey, string, []byte) bool {
	options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	return func(key crypto.PublicKey, input string, signature []byte) bool {
		public, ok := key.(*rsa.PublicKey)
		return ok && rsa.VerifyPSS(public, hash, digest(hash, input), signature, options) == nil
	}
}

// ecdsaWith takes the two numbers of the signature in the full width of the curve's order, one after the other (RFC 7518 §3.4).
func ecdsaWith(hash crypto.Hash, width int) func(crypto.PublicKey, string, []byte) bool {
	return func(key crypto.PublicKey, input string, signature []byte) bool {
		public, ok := key.(*ecdsa.PublicKey)
		if !ok || len(signature) != 2*width {
			return false
		}
		r := new(big.Int).SetBytes(signature[:width])
		s := new(big.Int).SetBytes(signature[width:])
		return ecdsa.Verify(public, digest(hash, input), r, s)
	}
}

func verifyEd25519(key crypto.PublicKey, input string, signature []byte) bool {
	public, ok := key.(ed25519.PublicKey)
	return ok && ed25519.Verify(public, []byte(input), signature)
}
