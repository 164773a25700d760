// Package keys owns the key ring: it seals what travels inside tokens, signs ID tokens, and digests secrets for look-up. The ring
// lives in the store, each seed sealed under a root key that comes from a file or the environment. What a sealed thing means is
// its maker's business.
package keys

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"sallyport/internal/store"
	"sallyport/internal/sys"
)

// Purposes of ring entries.
const (
	purposeEpoch  = "epoch"  // seals and signs; a new one is added by Rotate
	purposeLookup = "lookup" // digests secrets for look-up; never replaced, or nothing would be found again
	purposeRSA    = "rsa"    // signs with RS256 beside an epoch; made when first needed
)

const (
	seedSize  = 32
	keyIDSize = 4 // bytes in clear at the head of every sealed text
)

// reloadPause bounds how often an unknown key id makes the ring ask the store again: such ids come from forged tokens, too.
const reloadPause = time.Second

// Ring seals, opens, signs and digests. It is safe for use by many goroutines.
type Ring struct {
	store    *store.Store
	root     cipher.AEAD
	instance string // bound into every sealed text, so that no other installation's is accepted

	state   atomic.Pointer[state]
	loading sync.Mutex // held from reading the store to keeping what was read, so that no older reading replaces a newer

	reload     sync.Mutex
	reloadedAt time.Time

	making sync.Mutex // held while an RSA key is made: it takes a core a while, and one is enough
}

// state is the ring as of one reading of the store.
type state struct {
	epochs  map[string]*epoch
	ordered []*epoch // oldest first
	current *epoch
	lookup  *macs
	rsa     map[string]*rsaKey // by the id of the epoch beside which they sign
}

// Open reads the ring from the store and makes its first keys when there are none.
func Open(ctx context.Context, s *store.Store, root RootKey, instance string) (*Ring, error) {
	aead, err := root.aead()
	if err != nil {
		return nil, err
	}
	r := &Ring{store: s, root: aead, instance: instance}
	err = s.Update(ctx, func(tx *store.Tx) error {
		entries, err := tx.SealingKeys()
		if err != nil {
			return err
		}
		have := map[string]bool{}
		for _, entry := range entries {
			have[entry.Purpose] = true
		}
		for _, purpose := range []string{purposeLookup, purposeEpoch} {
			if !have[purpose] {
				if _, err := r.add(tx, purpose, entries); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open the key ring: %w", err)
	}
	return r, r.load(ctx)
}

// Rotate adds a new key to the ring and makes it the current one. Older keys stay: what they sealed keeps opening until it expires. Where
// the current key has an RSA key beside it, the new one gets one as well, so that no request has to wait for it.
func (r *Ring) Rotate(ctx context.Context) (keyID string, err error) {
	before := r.state.Load()
	var beside []byte
	if before.rsa[before.current.id] != nil {
		if beside, err = newRSAKey(); err != nil {
			return "", fmt.Errorf("rotate the key ring: %w", err)
		}
	}
	err = r.store.Update(ctx, func(tx *store.Tx) error {
		entries, err := tx.SealingKeys()
		if err != nil {
			return err
		}
		keyID, err = r.add(tx, purposeEpoch, entries)
		if err != nil || beside == nil {
			return err
		}
		_, err = tx.AddSealingKeyOnce(r.sealed(tx, rsaKeyID(keyID), purposeRSA, beside))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("rotate the key ring: %w", err)
	}
	return keyID, r.load(ctx)
}

// Reload reads the ring again, so that a key added by another process becomes the current one here.
func (r *Ring) Reload(ctx context.Context) error { return r.load(ctx) }

// CurrentKeyID names the key that seals and signs now.
func (r *Ring) CurrentKeyID() string { return r.state.Load().current.id }

// Key is an entry of the ring as operators see it.
type Key struct {
	ID        string
	CreatedAt time.Time
	Use       string // what it does, in words
	Current   bool
}

// Keys returns the keys that seal and sign, oldest first, each followed by the RSA key beside it if there is one.
func (r *Ring) Keys() []Key {
	var listed []Key
	s := r.state.Load()
	for _, e := range s.ordered {
		listed = append(listed, Key{e.id, e.createdAt, "seals, signs " + ES256, e == s.current})
		if beside := s.rsa[e.id]; beside != nil {
			listed = append(listed, Key{beside.id, beside.createdAt, "signs " + RS256, e == s.current})
		}
	}
	return listed
}

// add makes a key that is younger than those there are, whatever the clock shows: the youngest is the current one.
func (r *Ring) add(tx *store.Tx, purpose string, there []store.SealingKey) (string, error) {
	createdAt := tx.Millis()
	for _, entry := range there {
		createdAt = max(createdAt, entry.CreatedAt+1)
	}
	seed := make([]byte, seedSize)
	rand.Read(seed)
	id := newKeyID()
	entry := r.sealed(tx, id, purpose, seed)
	entry.CreatedAt = createdAt
	return id, tx.AddSealingKey(entry)
}

// sealed is the row of a new entry, its secret sealed under the root key.
func (r *Ring) sealed(tx *store.Tx, id, purpose string, secret []byte) store.SealingKey {
	return store.SealingKey{
		KeyID:      id,
		Purpose:    purpose,
		SealedSeed: base64.RawURLEncoding.EncodeToString(r.root.Seal(nil, nil, secret, rowData(id, purpose))),
		CreatedAt:  tx.Millis(),
	}
}

// newKeyID is an id whose sealed text does not begin with "-": client ids and secrets are sealed, and every command line would take them for
// options.
func newKeyID() string {
	for {
		id := sys.NewHex(keyIDSize)
		if raw, _ := hex.DecodeString(id); textEncoding.EncodeToString(raw)[0] != '-' {
			return id
		}
	}
}

// rowData binds a sealed seed to its place, so that rows cannot be swapped.
func rowData(keyID, purpose string) []byte { return []byte("sealing_key/" + keyID + "/" + purpose) }

func (r *Ring) load(ctx context.Context) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	var entries []store.SealingKey
	err := r.store.Look(ctx, func(tx *store.Tx) (err error) {
		entries, err = tx.SealingKeys()
		return err
	})
	if err != nil {
		return fmt.Errorf("read the key ring: %w", err)
	}
	next := &state{epochs: map[string]*epoch{}, rsa: map[string]*rsaKey{}}
	before := r.state.Load()
	for _, entry := range entries {
		if known := before.rsaKey(entry); known != nil { // rows never change, and reading one of these costs as much as all others together
			next.rsa[known.epochID] = known
			continue
		}
		seed, err := r.openSeed(entry)
		if err != nil {
			return err
		}
		switch entry.Purpose {
		case purposeLookup:
			next.lookup = newMACs(seed)
		case purposeEpoch:
			e, err := newEpoch(entry.KeyID, seed, r.instance)
			if err != nil {
				return err
			}
			e.createdAt = time.UnixMilli(entry.CreatedAt).UTC()
			next.epochs[e.id] = e
			next.ordered = append(next.ordered, e)
			next.current = e
		case purposeRSA:
			key, err := readRSAKey(entry, seed)
			if err != nil {
				return err
			}
			next.rsa[key.epochID] = key
		}
	}
	r.state.Store(next)
	return nil
}

func (r *Ring) openSeed(entry store.SealingKey) ([]byte, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(entry.SealedSeed)
	if err != nil {
		return nil, fmt.Errorf("key %s of the ring is damaged: %w", entry.KeyID, err)
	}
	seed, err := r.root.Open(nil, nil, sealed, rowData(entry.KeyID, entry.Purpose))
	if err != nil {
		return nil, fmt.Errorf("key %s of the ring does not open under this root key: was the root key file replaced?", entry.KeyID)
	}
	return seed, nil
}

// epoch returns the key of that id, asking the store again when it is unknown here: another node may have rotated.
func (r *Ring) epoch(id string) (*epoch, bool) {
	if e, ok := r.state.Load().epochs[id]; ok {
		return e, true
	}
	r.reload.Lock()
	defer r.reload.Unlock()
	if e, ok := r.state.Load().epochs[id]; ok {
		return e, true
	}
	if now := time.Now(); now.Sub(r.reloadedAt) >= reloadPause {
		r.reloadedAt = now
		if err := r.load(context.Background()); err != nil {
			return nil, false
		}
	}
	e, ok := r.state.Load().epochs[id]
	return e, ok
}

// Digest returns the keyed hash of a secret, under which the store finds it. The kind keeps equal secrets of different kinds apart.
func (r *Ring) Digest(kind, secret string) string {
	sum := r.state.Load().lookup.sum([]byte(kind), []byte{0}, []byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Derive returns n secret bytes, at most 32, that belong to the name under the key: the same for every node, found in no store.
func (r *Ring) Derive(keyID, name string, n int) ([]byte, bool) {
	e, ok := r.epoch(keyID)
	if !ok {
		return nil, false
	}
	sum := e.derive.sum([]byte(name))
	return sum[:n], true
}

// epoch is one key of the ring with everything derived from its seed.
type epoch struct {
	id        string
	createdAt time.Time
	derive    *macs
	signing   *signingKey

	seed     []byte
	instance string
	sealers  sync.Map // purpose to *sealer
}

func newEpoch(id string, seed []byte, instance string) (*epoch, error) {
	e := &epoch{id: id, seed: seed, instance: instance}
	derive, err := e.subkey("derive", sha256.Size)
	if err != nil {
		return nil, err
	}
	e.derive = newMACs(derive)
	if e.signing, err = newSigningKey(e); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *epoch) subkey(name string, n int) ([]byte, error) {
	return hkdf.Key(sha256.New, e.seed, nil, "sallyport/"+e.instance+"/"+name, n)
}

// sealer returns the sealer of a purpose, made once.
func (e *epoch) sealer(purpose string) (*sealer, error) {
	if made, ok := e.sealers.Load(purpose); ok {
		return made.(*sealer), nil
	}
	macKey, err := e.subkey("seal/mac/"+purpose, sha256.Size)
	if err != nil {
		return nil, err
	}
	encKey, err := e.subkey("seal/enc/"+purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(encKey)
	if err != nil {
		return nil, err
	}
	made, _ := e.sealers.LoadOrStore(purpose, &sealer{mac: newMACs(macKey), block: block})
	return made.(*sealer), nil
}

// ErrNotSealed is the one answer to every text that does not open: forged, damaged, of another purpose, instance or key.
var ErrNotSealed = errors.New("keys: not sealed here")
