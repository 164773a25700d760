package keys

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"sync"
)

// Sealing is deterministic: the same message for the same purpose under the same key gives the same text, so that a repeated
// refresh can be answered with the same bytes although none were stored. That needs a mode in which no nonce can be misused. This
// is the SIV composition of Rogaway and Shrimpton ("Deterministic Authenticated-Encryption", 2006), with HMAC-SHA-256 as the PRF and
// AES-256-CTR as the cipher: the initial vector is a MAC of the whole message and is the tag as well. Two messages share a vector
// only if they are equal.
//
// Sealed text is base64url of: key id (4 bytes, in clear), vector (16 bytes), ciphertext.

const vectorSize = 16

// maxSealed bounds the text that Open looks at.
const maxSealed = 16 << 10

// textEncoding is strict: one text per message, or a changed last character would open as well.
var textEncoding = base64.RawURLEncoding.Strict()

type sealer struct {
	mac   *macs
	block cipher.Block
}

func (s *sealer) vector(message []byte) [vectorSize]byte {
	sum := s.mac.sum(message)
	return [vectorSize]byte(sum[:vectorSize])
}

// macs computes HMAC-SHA-256 under one key. A hash that was used once has digested its key and is cheaper to use again than a new one.
type macs struct{ pool sync.Pool }

func newMACs(key []byte) *macs {
	return &macs{sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

func (m *macs) sum(parts ...[]byte) (sum [sha256.Size]byte) {
	mac := m.pool.Get().(hash.Hash)
	defer m.pool.Put(mac)
	mac.Reset()
	for _, part := range parts {
		mac.Write(part)
	}
	mac.Sum(sum[:0])
	return sum
}

// Seal seals the message for a purpose under the current key.
func (r *Ring) Seal(purpose string, message []byte) string {
	text, ok := r.SealUnder(r.CurrentKeyID(), purpose, message)
	if !ok {
		panic("keys: the current key is not in the ring")
	}
	return text
}

// SealUnder seals the message under a certain key of the ring. It reports false when the ring has no such key.
func (r *Ring) SealUnder(keyID, purpose string, message []byte) (string, bool) {
	e, ok := r.epoch(keyID)
	if !ok {
		return "", false
	}
	s, err := e.sealer(purpose)
	if err != nil {
		return "", false
	}
	raw := make([]byte, keyIDSize+vectorSize+len(message))
	if _, err := hex.Decode(raw, []byte(e.id)); err != nil {
		return "", false
	}
	vector := s.vector(message)
	copy(raw[keyIDSize:], vector[:])
	cipher.NewCTR(s.block, vector[:]).XORKeyStream(raw[keyIDSize+vectorSize:], message)
	return textEncoding.EncodeToString(raw), true
}

// Open returns the message that was sealed for the purpose. Every text that Seal did not make gives ErrNotSealed.
func (r *Ring) Open(purpose, text string) ([]byte, error) {
	if len(text) > maxSealed {
		return nil, ErrNotSealed
	}
	raw, err := textEncoding.DecodeString(text)
	if err != nil || len(raw) < keyIDSize+vectorSize || textEncoding.EncodedLen(len(raw)) != len(text) {
		return nil, ErrNotSealed // the decoder skips line breaks; the length shows them
	}
	e, ok := r.epoch(hex.EncodeToString(raw[:keyIDSize]))
	if !ok {
		return nil, ErrNotSealed
	}
	s, err := e.sealer(purpose)
	if err != nil {
		return nil, err
	}
	vector, message := raw[keyIDSize:keyIDSize+vectorSize], raw[keyIDSize+vectorSize:]
	cipher.NewCTR(s.block, vector).XORKeyStream(message, message)
	if expected := s.vector(message); subtle.ConstantTimeCompare(expected[:], vector) != 1 {
		return nil, ErrNotSealed
	}
	return message, nil
}
