package keys

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"sallyport/internal/store"
)

// RS256 (RFC 7518 §3.3) is for relying parties that verify nothing else, application by application: a signature takes a core about a
// millisecond, thirty times an ES256 signature. Its signatures (RFC 8017 §8.2) are deterministic, so repeated answers stay the same.
//
// An RSA key is no function of a seed that every release of the library computes alike, so it has a row of its own in the ring. The row's
// id follows from the epoch's: whoever needs the key first makes it, and two nodes cannot make two.

// rsaBits is the least that RFC 7518 §3.3 allows: more would make each signature several times dearer.
const rsaBits = 2048

// rsaSuffix makes the id of an RSA key from its epoch's. Two keys of different kinds must not share a kid: a verifier that chooses by it
// would have to trust the token's word for the algorithm (RFC 8725 §3.1).
const rsaSuffix = "-rs256"

func rsaKeyID(epochID string) string { return epochID + rsaSuffix }

// rsaKey signs with RS256 beside an epoch.
type rsaKey struct {
	id, epochID string
	private     *rsa.PrivateKey
	header      string
	jwk         jwk
}

// newRSAKey makes a key, as PKCS #8 keeps it. It takes a core a tenth of a second, so never call it inside of a transaction.
func newRSAKey() ([]byte, error) {
	private, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(private)
}

func readRSAKey(entry store.SealingKey, text []byte) (*rsaKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(text)
	if err != nil {
		return nil, entryFault(entry.KeyID, "is damaged: %w", err)
	}
	private, isRSA := parsed.(*rsa.PrivateKey)
	epochID, isBeside := strings.CutSuffix(entry.KeyID, rsaSuffix)
	if !isRSA || !isBeside {
		return nil, entryFault(entry.KeyID, "is no RSA key")
	}
	return &rsaKey{
		id: entry.KeyID, epochID: epochID,
		private: private, header: jwsHeader(RS256, entry.KeyID),
		jwk: jwk{
			KeyType: "RSA", Use: "sig", Algorithm: RS256, KeyID: entry.KeyID,
			Modulus:  base64.RawURLEncoding.EncodeToString(private.N.Bytes()),
			Exponent: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(private.E)).Bytes()),
		},
	}, nil
}

// rsaKey returns the key of a row that was read before.
func (s *state) rsaKey(entry store.SealingKey) *rsaKey {
	if s == nil || entry.Purpose != purposeRSA {
		return nil
	}
	epochID, _ := strings.CutSuffix(entry.KeyID, rsaSuffix)
	return s.rsa[epochID]
}

// ErrUnknownKey is returned for a key id that the ring does not have.
var ErrUnknownKey = errors.New("keys: the ring has no such key")

// SignJWTAlg returns the claims as a compact JWS, signed under the key of that id with ES256 or, by the RSA key beside it, with RS256. An
// RSA key that is not there yet is made and stored: never call this inside of a transaction.
func (r *Ring) SignJWTAlg(ctx context.Context, keyID, algorithm string, claims []byte) (string, error) {
	switch algorithm {
	case ES256:
		if text, ok := r.SignJWT(keyID, claims); ok {
			return text, nil
		}
		return "", ErrUnknownKey
	case RS256:
		key, err := r.rsaKey(ctx, keyID)
		if err != nil {
			return "", err
		}
		return key.sign(claims)
	}
	return "", fmt.Errorf("keys: nothing here signs with %q", algorithm)
}

func (k *rsaKey) sign(claims []byte) (string, error) {
	input := k.header + "." + base64.RawURLEncoding.EncodeToString(claims)
	digest := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign with key %s: %w", k.id, err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// rsaKey returns the RSA key beside an epoch, and makes it when it is needed for the first time.
func (r *Ring) rsaKey(ctx context.Context, epochID string) (*rsaKey, error) {
	if _, ok := r.epoch(epochID); !ok {
		return nil, ErrUnknownKey
	}
	if key := r.state.Load().rsa[epochID]; key != nil {
		return key, nil
	}
	r.making.Lock()
	defer r.making.Unlock()
	if err := r.load(ctx); err != nil { // another node may have made it, or who held the lock
		return nil, err
	}
	if key := r.state.Load().rsa[epochID]; key != nil {
		return key, nil
	}
	return r.makeRSAKey(ctx, epochID)
}

func (r *Ring) makeRSAKey(ctx context.Context, epochID string) (*rsaKey, error) {
	text, err := newRSAKey()
	if err != nil {
		return nil, fmt.Errorf("make an RSA key: %w", err)
	}
	entry, err := r.wrapped(ctx, rsaKeyID(epochID), purposeRSA, text)
	if err != nil {
		return nil, err
	}
	err = r.store.Update(ctx, func(tx *store.Tx) error {
		entries, err := tx.SealingKeys()
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(entries, func(e store.SealingKey) bool { return e.KeyID == epochID }) {
			return ErrUnknownKey // retired meanwhile
		}
		added := entry
		added.CreatedAt, added.ActivatesAt = tx.Millis(), tx.Millis()
		_, err = tx.AddSealingKeyOnce(added)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keep an RSA key: %w", err)
	}
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	key := r.state.Load().rsa[epochID]
	if key == nil {
		return nil, fmt.Errorf("RSA key %s was kept and is not there", rsaKeyID(epochID))
	}
	return key, nil
}
