package creds

import (
	"context"
	"fmt"

	"sallyport/internal/keys"
	"sallyport/internal/store"
)

// resealAtOnce bounds the access keys that are read, and moved, in one step.
const resealAtOnce = 100

// ResealAccessKeys moves the secrets of long-lived keys, which have no end, to the key of the ring that is in use, so that older ones can go.
// It returns how many it moved. Any number of nodes may do so at once, and it may be cut short. A secret that does not open is left as it
// is: it is of no use, and whoever looks at it should find it.
func ResealAccessKeys(ctx context.Context, s *store.Store, ring *keys.Ring) (moved int, err error) {
	for after := ""; ; {
		var page []store.SealedSecret
		err := s.Look(ctx, func(tx *store.Tx) (err error) {
			page, err = tx.SealedSecrets(after, resealAtOnce)
			return err
		})
		if err != nil || len(page) == 0 {
			return moved, err
		}
		after = page[len(page)-1].AccessKeyID
		n, err := resealPage(ctx, s, ring, page)
		moved += n
		if err != nil {
			return moved, fmt.Errorf("seal the secrets of access keys anew: %w", err)
		}
	}
}

func resealPage(ctx context.Context, s *store.Store, ring *keys.Ring, page []store.SealedSecret) (moved int, err error) {
	active := ring.Active()
	next := map[store.SealedSecret]string{}
	for _, was := range page {
		if keyID, ok := keys.SealedBy(was.SealedSecret); !ok || keyID == active.ID() {
			continue
		}
		if secret, ok := OpenAccessKeySecret(ring, was.AccessKeyID, was.SealedSecret); ok {
			next[was] = active.Seal(purposeAccessKey, accessKeyMessage(was.AccessKeyID, secret))
		}
	}
	if len(next) == 0 {
		return 0, nil
	}
	err = s.Update(ctx, func(tx *store.Tx) error {
		moved = 0
		for _, was := range page { // each has a value of its own, and the page is short
			sealed, ours := next[was]
			if !ours {
				continue
			}
			resealed, err := tx.ResealAccessKey(was, sealed)
			if err != nil {
				return err
			}
			if resealed {
				moved++
			}
		}
		return nil
	})
	return moved, err
}
