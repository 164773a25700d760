package keys

import (
	"context"
	"fmt"
	"time"

	"sallyport/internal/store"
)

// A new key is published before it is used. It is in the ring and in the JWKS at once, and seals and signs from its moment on: by then every
// node has read it, and relying parties have fetched the JWKS again. No node has anything to do when the moment comes, and clocks need not
// agree: whatever a node thinks of the moment, it opens what the key made.
//
// Keys follow each other in the order in which they were made, which no clock decides. The newest whose moment has come is the one that seals.

// Publication is how a key is to be added.
type Publication struct {
	// ActivateIn is how long the key is published before it seals and signs. Zero has it do so at once, when other nodes and relying parties
	// do not know it yet.
	ActivateIn time.Duration
	// Record is called in the transaction that adds the key; nil for nothing.
	Record func(tx *store.Tx, key Published) error

	after *member // the key that the new one is to follow; nil for whichever is the newest
}

// Published is a key that was added.
type Published struct {
	KeyID       string
	ActivatesAt time.Time
}

// Rotate adds a key that seals and signs at once, and returns its id.
func (r *Ring) Rotate(ctx context.Context) (keyID string, err error) {
	added, err := r.Publish(ctx, Publication{})
	return added.KeyID, err
}

// Publish adds a key to the ring. Older keys stay: what they sealed goes on opening. Where a key has an RSA key beside it, the new one gets
// one as well, so that no request has to wait for it and relying parties know it.
func (r *Ring) Publish(ctx context.Context, p Publication) (Published, error) {
	added, _, err := r.publish(ctx, p)
	return added, err
}

// RotateIfDue publishes a key when the newest will have been in use for the time that one is, so that the next takes over then. However
// many nodes find so, one adds a key, and the others report false.
func (r *Ring) RotateIfDue(ctx context.Context, every time.Duration, p Publication) (Published, bool, error) {
	s := r.state.Load()
	newest := s.ordered[len(s.ordered)-1]
	if every == 0 || r.store.Now().Before(time.UnixMilli(newest.activatesAt).Add(every-p.ActivateIn)) {
		return Published{}, false, nil
	}
	p.after = &newest
	return r.publish(ctx, p)
}

func (r *Ring) publish(ctx context.Context, p Publication) (published Published, added bool, err error) {
	entry, err := r.newEntry(ctx, purposeEpoch)
	if err != nil {
		return Published{}, false, fmt.Errorf("rotate the key ring: %w", err)
	}
	beside, err := r.newBeside(ctx, entry.KeyID)
	if err != nil {
		return Published{}, false, fmt.Errorf("rotate the key ring: %w", err)
	}
	err = r.store.Update(ctx, func(tx *store.Tx) (err error) {
		published, added, err = p.add(tx, entry, beside)
		return err
	})
	if err != nil {
		return Published{}, false, fmt.Errorf("rotate the key ring: %w", err)
	}
	return published, added, r.load(ctx)
}

// newBeside makes the RSA key for a key to be added, if the last has one. It takes a while.
func (r *Ring) newBeside(ctx context.Context, epochID string) (*store.SealingKey, error) {
	s := r.state.Load()
	if s.rsa[s.ordered[len(s.ordered)-1].id] == nil && s.rsa[r.CurrentKeyID()] == nil {
		return nil, nil
	}
	text, err := newRSAKey()
	if err != nil {
		return nil, err
	}
	entry, err := r.wrapped(ctx, rsaKeyID(epochID), purposeRSA, text)
	return &entry, err
}

// add adds the rows of a key, and reports false when the key that it was to follow is no longer the newest.
func (p Publication) add(tx *store.Tx, entry store.SealingKey, beside *store.SealingKey) (Published, bool, error) {
	entries, err := tx.SealingKeys()
	if err != nil {
		return Published{}, false, err
	}
	newest := int64(0)
	for _, e := range entries {
		if e.Purpose == purposeEpoch {
			newest = max(newest, e.CreatedAt)
		}
	}
	if p.after != nil {
		newest = p.after.createdAt
	}
	// Younger than those there are, whatever the clock shows: the order of keys is the order in which they were made.
	entry.CreatedAt = max(tx.Millis(), newest+1)
	entry.ActivatesAt = tx.Now.Add(p.ActivateIn).UnixMilli()
	added, err := tx.AddSealingKeyAfter(entry, newest)
	if err != nil || !added {
		return Published{}, false, err
	}
	if beside != nil {
		second := *beside
		second.CreatedAt, second.ActivatesAt = entry.CreatedAt, entry.ActivatesAt
		if _, err := tx.AddSealingKeyOnce(second); err != nil {
			return Published{}, false, err
		}
	}
	key := Published{entry.KeyID, time.UnixMilli(entry.ActivatesAt).UTC()}
	if p.Record != nil {
		err = p.Record(tx, key)
	}
	return key, true, err
}
