package token

import (
	"testing"
	"time"

	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
)

// retire takes the key in use away, as an operator does whose key has leaked.
func (b *bench) retire() {
	b.t.Helper()
	leaked := b.s.Ring.CurrentKeyID()
	if _, err := b.s.Ring.Rotate(ctx); err != nil {
		b.t.Fatal(err)
	}
	b.Clock.Advance(5 * time.Second)
	if _, err := b.s.Ring.Retire(ctx, keys.Retirement{KeyID: leaked, Force: true}); err != nil {
		b.t.Fatal(err)
	}
}

func TestWhatARetiredKeySealedIsRefused(t *testing.T) {
	b := newBench(t)
	client := b.register()
	first := b.login(client)
	b.retire()
	_, err := b.refresh(client, first.RefreshToken)
	b.refused(err, fault.InvalidClient) // also a client that was kept open
	_, err = b.refresh(b.register(), first.RefreshToken)
	b.refused(err, fault.InvalidGrant)
	if _, err := creds.Authenticate(ctx, b.Store, b.s.Ring, first.AccessToken); err == nil {
		t.Error("an access token holds")
	}
}

// Two keys are there when a session moves from one to the other. When that which its tokens are under is retired, a refresh that is repeated
// cannot be answered as before.
func TestARepeatedRefreshIsRefusedWhenItsKeyWasRetired(t *testing.T) {
	b := newBench(t)
	client := b.register()
	first := b.login(client)
	if _, err := b.s.Ring.Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	b.must(b.refresh(client, first.RefreshToken))
	b.retire()
	_, err := b.refresh(client, first.RefreshToken)
	b.refused(err, fault.InvalidGrant)
}
