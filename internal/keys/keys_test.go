package keys

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"sallyport/internal/store"
	"sallyport/internal/sys"
)

func openRing(t testing.TB, dir, instance string) *Ring {
	t.Helper()
	s, err := store.Open(store.Options{Dir: dir, Clock: &sys.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	root, err := RootKeyFile(filepath.Join(dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := Open(context.Background(), s, root, instance)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestWhatWasSealedOpensOnlyForItsPurposeAndInstance(t *testing.T) {
	dir := t.TempDir()
	ring := openRing(t, dir, "ssoins-1")
	text := ring.Seal("access", []byte("message"))
	if got, err := ring.Open("access", text); err != nil || string(got) != "message" {
		t.Fatalf("opened %q, %v", got, err)
	}
	if _, err := ring.Open("refresh", text); err != ErrNotSealed {
		t.Errorf("another purpose: %v", err)
	}
	if _, err := openRing(t, dir, "ssoins-2").Open("access", text); err != ErrNotSealed {
		t.Errorf("another instance under the same keys: %v", err)
	}
	if _, err := openRing(t, t.TempDir(), "ssoins-1").Open("access", text); err != ErrNotSealed {
		t.Errorf("another installation: %v", err)
	}
}

func TestEveryChangeOfASealedTextIsNoticed(t *testing.T) {
	ring := openRing(t, t.TempDir(), "ssoins-1")
	text := ring.Seal("access", []byte("a message of some length"))
	for i := range text {
		for _, c := range []byte{'A', 'B', '_', '\n', '=', 0xff} {
			if text[i] == c {
				continue
			}
			changed := text[:i] + string(c) + text[i+1:]
			if _, err := ring.Open("access", changed); err == nil {
				t.Fatalf("opened with character %d changed to %q", i, c)
			}
		}
		if _, err := ring.Open("access", text[:i]); err == nil {
			t.Fatalf("opened when cut to %d characters", i)
		}
		if _, err := ring.Open("access", text[:i]+"\n"+text[i:]); err == nil {
			t.Fatalf("opened with a line break at %d", i)
		}
	}
	for _, tail := range []string{"A", "=", "AA", "AAAA", " "} {
		if _, err := ring.Open("access", text+tail); err == nil {
			t.Errorf("opened with %q appended", tail)
		}
	}
}

// Deterministic sealing is safe only as long as two different messages never share a vector.
func TestSealingIsDeterministicAndDifferentMessagesShareNoVector(t *testing.T) {
	ring := openRing(t, t.TempDir(), "ssoins-1")
	vectors := map[string]string{}
	rapid.Check(t, func(t *rapid.T) {
		message := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "message")
		text := ring.Seal("refresh", message)
		if again := ring.Seal("refresh", message); again != text {
			t.Fatalf("sealed twice, got %q and %q", text, again)
		}
		raw, _ := textEncoding.DecodeString(text)
		vector := string(raw[keyIDSize : keyIDSize+vectorSize])
		if before, met := vectors[vector]; met && before != string(message) {
			t.Fatalf("two messages share a vector")
		}
		vectors[vector] = string(message)
		opened, err := ring.Open("refresh", text)
		if err != nil || !bytes.Equal(opened, message) {
			t.Fatalf("opened %q, %v", opened, err)
		}
	})
}

func TestRotationKeepsWhatOlderKeysSealed(t *testing.T) {
	dir := t.TempDir()
	ring, other := openRing(t, dir, "i"), openRing(t, dir, "i")
	before, beforeID := ring.Seal("refresh", []byte("m")), ring.CurrentKeyID()
	if _, err := ring.Rotate(context.Background()); err != nil {
		t.Fatal(err)
	}
	after := ring.Seal("refresh", []byte("m"))
	if after == before || ring.CurrentKeyID() == beforeID {
		t.Fatal("rotation changed nothing")
	}
	if again, ok := ring.SealUnder(beforeID, "refresh", []byte("m")); !ok || again != before {
		t.Errorf("the older key seals %q, want the same bytes as before", again)
	}
	for _, text := range []string{before, after} {
		if _, err := other.Open("refresh", text); err != nil {
			t.Errorf("another node does not open it: %v", err)
		}
	}
}

func TestSignedTokensVerifyAgainstTheJWKS(t *testing.T) {
	ring := openRing(t, t.TempDir(), "i")
	claims := []byte(`{"sub":"alice"}`)
	token, ok := ring.SignJWT(ring.CurrentKeyID(), claims)
	if !ok {
		t.Fatal("not signed")
	}
	if again, _ := ring.SignJWT(ring.CurrentKeyID(), claims); again != token {
		t.Error("two signatures of the same claims differ")
	}
	if _, err := ring.Rotate(context.Background()); err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(ring.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := jws.Verify(set)
	if err != nil || string(payload) != string(claims) {
		t.Errorf("verified %q, %v", payload, err)
	}
}

func TestRootKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root.key")
	first, err := RootKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := RootKeyFile(path); err != nil || second != first {
		t.Errorf("read again: %v", err)
	}
	os.WriteFile(path, []byte("short"), 0o600)
	if _, err := RootKeyFile(path); err == nil {
		t.Error("a short key was read")
	}
}

// Two servers that start on a new folder at once, or one after another that died there.
func TestEverybodyWhoMakesTheRootKeyHasTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root.key")
	var made [20]RootKey
	var all sync.WaitGroup
	for i := range made {
		all.Go(func() {
			var err error
			if made[i], err = RootKeyFile(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, key := range made {
		if key != made[0] {
			t.Fatal("two have different keys")
		}
	}
}

func TestAnotherRootKeyDoesNotOpenTheRing(t *testing.T) {
	dir := t.TempDir()
	ring := openRing(t, dir, "i")
	if _, err := Open(context.Background(), ring.store, RootKey{}, "i"); err == nil {
		t.Error("the ring opened under another root key")
	}
}

func FuzzOpen(f *testing.F) {
	ring := openRing(f, f.TempDir(), "i")
	f.Add(ring.Seal("other", []byte("message")))
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := ring.Open("access", text); err == nil {
			t.Errorf("a text that was never sealed opened: %q", text)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	f.Add(Pack(1).Text("a").Texts([]string{"b", "c"}).Int(-5).Bytes())
	f.Fuzz(func(t *testing.T, message []byte) {
		u := Unpack(1, message)
		text, texts, number := u.Text(), u.Texts(), u.Int()
		if u.Err() == nil {
			v := Unpack(1, Pack(1).Text(text).Texts(texts).Int(number).Bytes())
			if v.Text() != text || len(v.Texts()) != len(texts) || v.Int() != number || v.Err() != nil {
				t.Error("what was read does not survive being written")
			}
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	ring := openRing(b, b.TempDir(), "i")
	text := ring.Seal("access", make([]byte, 120))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ring.Open("access", text); err != nil {
			b.Fatal(err)
		}
	}
}

// A clock that was fast when the last key was made must not keep the next from becoming the current one.
func TestARotationTakesEffectAfterTheClockWasSetBack(t *testing.T) {
	clock := &sys.Clock{}
	s, err := store.Open(store.Options{Dir: t.TempDir(), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	ring, err := Open(ctx, s, RootKey{}, "ssoins-1")
	if err != nil {
		t.Fatal(err)
	}
	for range 8 { // keys of one moment would be in the order of their ids
		clock.Advance(-time.Hour)
		id, err := ring.Rotate(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got := ring.CurrentKeyID(); got != id {
			t.Fatalf("the current key is %s, want %s", got, id)
		}
	}
}

func TestAKeyThatWasTakenUpIsNotForgottenByASlowerReload(t *testing.T) {
	ring := openRing(t, t.TempDir(), "ssoins-1")
	ctx, stop := context.WithCancel(context.Background())
	var reloads sync.WaitGroup
	defer reloads.Wait()
	defer stop()
	for range 4 {
		reloads.Go(func() {
			for ctx.Err() == nil {
				ring.Reload(context.Background())
			}
		})
	}
	for range 50 {
		id, err := ring.Rotate(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			if got := ring.CurrentKeyID(); got != id {
				t.Fatalf("the current key is %s again, after %s", got, id)
			}
			runtime.Gosched()
		}
	}
}

// Client ids and secrets are sealed text, and stand behind options of command lines.
func TestSealedTextNeverLooksLikeAnOption(t *testing.T) {
	for range 2000 { // one id in 64 would
		raw, err := hex.DecodeString(newKeyID())
		if err != nil || textEncoding.EncodeToString(raw)[0] == '-' {
			t.Fatalf("%x seals to %s, %v", raw, textEncoding.EncodeToString(raw), err)
		}
	}
}
