package keys

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"sallyport/internal/store"
)

// Rewrapped tells what Rewrap did.
type Rewrapped struct {
	Root    string // the name of the root that wraps all entries now
	Done    int    // entries that were wrapped anew
	Already int    // entries that were wrapped by it before
}

// rewrapRounds bounds how often Rewrap reads the ring: a server that has not heard of the new root adds keys under the old one meanwhile.
const rewrapRounds = 10

// Rewrap wraps every entry by the root of the ring, one entry a transaction, and leaves those that are already. It may be cut short at any
// point and run again, and servers go on meanwhile: the keys themselves do not change. Nothing is replaced before what takes its place has
// been opened.
//
// Record is called in a transaction of its own when all is done, if anything was; nil for nothing.
func (r *Ring) Rewrap(ctx context.Context, record func(tx *store.Tx, done Rewrapped) error) (Rewrapped, error) {
	result := Rewrapped{Root: r.roots.current.Name()}
	for range rewrapRounds {
		entries, already, err := r.wrappedByOthers(ctx)
		if err != nil {
			return result, err
		}
		if len(entries) == 0 {
			result.Already = already - result.Done
			return result, r.recordRewrap(ctx, result, record)
		}
		for _, entry := range entries {
			done, err := r.rewrapOne(ctx, entry)
			if err != nil {
				return result, fmt.Errorf("wrap key %s anew: %w", entry.KeyID, err)
			}
			if done {
				result.Done++
			}
		}
	}
	return result, errors.New("keys come faster than they are wrapped anew: give the new root key to all servers first")
}

func (r *Ring) recordRewrap(ctx context.Context, result Rewrapped, record func(tx *store.Tx, done Rewrapped) error) error {
	if record == nil || result.Done == 0 {
		return nil
	}
	return r.store.Update(ctx, func(tx *store.Tx) error { return record(tx, result) })
}

// wrappedByOthers returns the entries that other roots wrap, or that do not say which, and how many this one wraps.
func (r *Ring) wrappedByOthers(ctx context.Context) (others []store.SealingKey, own int, err error) {
	var entries []store.SealingKey
	err = r.store.Look(ctx, func(tx *store.Tx) (err error) {
		entries, err = tx.SealingKeys()
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("read the key ring: %w", err)
	}
	for _, entry := range entries {
		if entry.RootKeyID == r.roots.current.Name() {
			own++
		} else {
			others = append(others, entry)
		}
	}
	return others, own, nil
}

// rewrapOne wraps one entry anew. It reports false when somebody else has done so, or the key was retired, since the entry was read.
func (r *Ring) rewrapOne(ctx context.Context, entry store.SealingKey) (bool, error) {
	seed, err := r.openSeed(ctx, entry)
	if err != nil {
		return false, err
	}
	next, err := r.wrapped(ctx, entry.KeyID, entry.Purpose, seed)
	if err != nil {
		return false, err
	}
	sealed, err := base64.RawURLEncoding.DecodeString(next.SealedSeed)
	if err != nil {
		return false, err
	}
	again, err := r.roots.current.Unwrap(ctx, sealed, rowData(entry.KeyID, entry.Purpose))
	if err != nil || !bytes.Equal(again, seed) {
		return false, errors.Join(errors.New("the new root key does not give back what it was given"), err)
	}
	done := false
	err = r.store.Update(ctx, func(tx *store.Tx) (err error) {
		done, err = tx.RewrapSealingKey(entry, next.SealedSeed, next.RootKeyID)
		return err
	})
	return done, err
}
