package sigv4

import (
	"crypto/sha256"
	"sync"
)

// maxSigningKeys bounds the keys that are kept: one for each access key, day, Region and service in use. When there are more, all are derived
// anew, which costs each of them four HMACs.
const maxSigningKeys = 4096

// SigningKeys keeps the keys that are derived from secrets for a day, so that a verification does not derive them again. Only keys under
// which a signature was good are kept: strangers, who choose the Region that they claim to sign for, cannot fill it. The zero value is ready,
// and safe for many goroutines; nil keeps none.
type SigningKeys struct {
	mu   sync.RWMutex
	kept map[signingKeyID][sha256.Size]byte
}

type signingKeyID struct{ secret, date, region, service string }

// derive computes the key of one day, Region and service.
func (id signingKeyID) derive() [sha256.Size]byte {
	key := mac([]byte("AWS4"+id.secret), id.date)
	for _, part := range []string{id.region, id.service, terminator} {
		key = mac(key, part)
	}
	return [sha256.Size]byte(key)
}

// get returns the key, and whether it was kept.
func (k *SigningKeys) get(id signingKeyID) (key [sha256.Size]byte, kept bool) {
	if k == nil {
		return id.derive(), false
	}
	k.mu.RLock()
	key, kept = k.kept[id]
	k.mu.RUnlock()
	if !kept {
		key = id.derive()
	}
	return key, kept
}

func (k *SigningKeys) put(id signingKeyID, key [sha256.Size]byte) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == nil || len(k.kept) >= maxSigningKeys {
		k.kept = map[signingKeyID][sha256.Size]byte{}
	}
	k.kept[id] = key
}
