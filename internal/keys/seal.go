package keys

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"slices"
	"sync"

	"sallyport/internal/store"
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

// Seal seals the message for a purpose under the key that is active now.
func (r *Ring) Seal(purpose string, message []byte) string { return r.Active().Seal(purpose, message) }

// SealUnder seals the message under a certain key of the ring. It reports false when the ring has no such key.
func (r *Ring) SealUnder(keyID, purpose string, message []byte) (string, bool) {
	e, ok := r.epoch(keyID)
	if !ok {
		return "", false
	}
	return e.seal(purpose, message)
}

// texts are pieces of memory in which texts were written before they became strings, for those to come.
var texts = sync.Pool{New: func() any { return new([]byte) }}

// keepText keeps the memory of a text that is not unusually long.
func keepText(memory *[]byte) {
	if cap(*memory) <= maxSealed {
		texts.Put(memory)
	}
}

func (e *epoch) seal(purpose string, message []byte) (string, bool) {
	s, err := e.sealer(purpose)
	if err != nil {
		return "", false
	}
	memory := texts.Get().(*[]byte)
	defer keepText(memory)
	size := keyIDSize + vectorSize + len(message)
	raw := slices.Grow((*memory)[:0], size)[:size]
	if _, err := hex.Decode(raw, []byte(e.id)); err != nil {
		return "", false
	}
	vector := s.vector(message)
	copy(raw[keyIDSize:], vector[:])
	cipher.NewCTR(s.block, vector[:]).XORKeyStream(raw[keyIDSize+vectorSize:], message)
	*memory = textEncoding.AppendEncode(raw, raw) // behind it
	return string((*memory)[size:]), true
}

// SealedBy reads from a sealed text which key it names. It does not say that the text opens.
func SealedBy(text string) (keyID string, ok bool) {
	const head = (keyIDSize*8 + 5) / 6 // characters that hold the id
	if len(text) < textEncoding.EncodedLen(keyIDSize+vectorSize) {
		return "", false
	}
	raw, err := base64.RawURLEncoding.DecodeString(text[:head]) // not strictly: the last character holds bits of the vector
	if err != nil || len(raw) != keyIDSize {
		return "", false
	}
	return hex.EncodeToString(raw), true
}

// markOf is how every text that the key seals begins, as far as characters belong to the id alone.
func markOf(keyID string) string {
	raw, err := hex.DecodeString(keyID)
	if err != nil || len(raw) != keyIDSize {
		return ""
	}
	return textEncoding.EncodeToString(raw)[:store.KeyMark]
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
