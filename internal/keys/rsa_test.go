package keys

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"sallyport/internal/store"
)

var claims = []byte(`{"sub":"alice"}`)

func sign(t testing.TB, ring *Ring, keyID, algorithm string) string {
	t.Helper()
	token, err := ring.SignJWTAlg(context.Background(), keyID, algorithm, claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func jwks(t *testing.T, ring *Ring) (set jose.JSONWebKeySet) {
	t.Helper()
	if err := json.Unmarshal(ring.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	return set
}

func TestRS256SignaturesVerifyAgainstTheJWKS(t *testing.T) {
	ring := openRing(t, t.TempDir(), "i")
	token := sign(t, ring, ring.CurrentKeyID(), RS256)
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	if payload, err := jws.Verify(jwks(t, ring)); err != nil || string(payload) != string(claims) {
		t.Errorf("verified %q, %v", payload, err)
	}

	// And by the standard library alone, with the key as the set writes it.
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(ring.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(set.Keys, func(k map[string]string) bool { return k["alg"] == "RS256" })
	modulus, _ := base64.RawURLEncoding.DecodeString(set.Keys[i]["n"])
	exponent, _ := base64.RawURLEncoding.DecodeString(set.Keys[i]["e"])
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
	if public.N.BitLen() != 2048 || public.E != 65537 {
		t.Errorf("a key of %d bits with exponent %d", public.N.BitLen(), public.E)
	}
	dot := strings.LastIndexByte(token, '.')
	signature, _ := base64.RawURLEncoding.DecodeString(token[dot+1:])
	digest := sha256.Sum256([]byte(token[:dot]))
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature); err != nil {
		t.Error(err)
	}
}

func TestEveryNodeSignsTheSameBytes(t *testing.T) {
	dir := t.TempDir()
	ring, other := openRing(t, dir, "i"), openRing(t, dir, "i")
	keyID := ring.CurrentKeyID()
	token := sign(t, ring, keyID, RS256)
	for name, node := range map[string]*Ring{"this node again": ring, "another node": other, "a node that starts later": openRing(t, dir, "i")} {
		if again := sign(t, node, keyID, RS256); again != token {
			t.Errorf("%s signs other bytes", name)
		}
	}
}

func TestNodesThatNeedTheFirstRSAKeyAtOnceMakeOne(t *testing.T) {
	dir := t.TempDir()
	nodes := []*Ring{openRing(t, dir, "i"), openRing(t, dir, "i")}
	tokens := make([]string, 4*len(nodes))
	var all sync.WaitGroup
	for i := range tokens {
		node := nodes[i%len(nodes)]
		all.Go(func() { tokens[i], _ = node.SignJWTAlg(context.Background(), node.CurrentKeyID(), RS256, claims) })
	}
	all.Wait()
	if distinct := slices.Compact(slices.Sorted(slices.Values(tokens))); len(distinct) != 1 || distinct[0] == "" {
		t.Errorf("%d different tokens", len(distinct))
	}
	if n := len(rows(t, nodes[0], purposeRSA)); n != 1 {
		t.Errorf("%d RSA keys are kept, want 1", n)
	}
}

func rows(t *testing.T, ring *Ring, purpose string) (found []store.SealingKey) {
	t.Helper()
	err := ring.store.View(context.Background(), func(tx *store.Tx) error {
		entries, err := tx.SealingKeys()
		found = slices.DeleteFunc(entries, func(e store.SealingKey) bool { return e.Purpose != purpose })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestNoRSAKeyIsMadeUntilOneIsNeeded(t *testing.T) {
	ring := openRing(t, t.TempDir(), "i")
	if _, err := ring.Rotate(context.Background()); err != nil {
		t.Fatal(err)
	}
	if keys := list(t, ring); len(keys) != 2 || len(jwks(t, ring).Keys) != 2 {
		t.Errorf("keys %+v, want those of two epochs", keys)
	}
}

func TestRotationRenewsTheRSAKeyAndOlderTokensStillVerify(t *testing.T) {
	ring := openRing(t, t.TempDir(), "i")
	before := ring.CurrentKeyID()
	token := sign(t, ring, before, RS256)
	after, err := ring.Rotate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(rows(t, ring, purposeRSA)); n != 2 {
		t.Errorf("%d RSA keys are kept after the rotation, want 2", n)
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jws.Verify(jwks(t, ring)); err != nil {
		t.Errorf("a token from before the rotation: %v", err)
	}
	if again := sign(t, ring, before, RS256); again != token {
		t.Error("the older key signs other bytes than before")
	}
	if renewed := sign(t, ring, after, RS256); renewed == token {
		t.Error("the rotation changed nothing")
	}
	var listed []string
	for _, key := range list(t, ring) {
		listed = append(listed, key.ID+" "+key.Use+", "+string(key.State))
	}
	want := []string{
		before + " seals, signs ES256, kept", before + "-rs256 signs RS256, kept",
		after + " seals, signs ES256, current", after + "-rs256 signs RS256, current",
	}
	if !slices.Equal(listed, want) {
		t.Errorf("listed %q, want %q", listed, want)
	}
}

func TestARingWhoseRSAKeyIsDamagedDoesNotOpen(t *testing.T) {
	for _, c := range []struct {
		name, keyID string
		secret      func() []byte
	}{
		{"no PKCS #8", "00000001-rs256", func() []byte { return []byte("seed") }},
		{"an id of no epoch", "00000001", func() []byte { text, _ := newRSAKey(); return text }},
	} {
		t.Run(c.name, func(t *testing.T) {
			ring := openRing(t, t.TempDir(), "i")
			entry, err := ring.wrapped(context.Background(), c.keyID, purposeRSA, c.secret())
			if err != nil {
				t.Fatal(err)
			}
			err = ring.store.Update(context.Background(), func(tx *store.Tx) error { return tx.AddSealingKey(entry) })
			if err != nil {
				t.Fatal(err)
			}
			if err := ring.Reload(context.Background()); err == nil || !strings.Contains(err.Error(), c.keyID) {
				t.Errorf("got %v, want an error that names the key", err)
			}
		})
	}
}

// The attack crypto-alg-agility: whoever chooses the key by kid takes the algorithm from the key, and no token of one kind passes under the
// key of another.
func TestNoAlgorithmPassesUnderTheKeyOfAnother(t *testing.T) {
	ring := openRing(t, t.TempDir(), "i")
	tokens := map[string]string{}
	for _, algorithm := range []string{ES256, RS256} {
		tokens[algorithm] = sign(t, ring, ring.CurrentKeyID(), algorithm)
	}
	set := jwks(t, ring)
	kids := map[string]string{}
	for _, key := range set.Keys {
		if kids[key.KeyID] != "" {
			t.Errorf("two keys have the kid %s", key.KeyID)
		}
		kids[key.KeyID] = key.Algorithm
	}
	both := []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.HS256}
	for algorithm, token := range tokens {
		jws, err := jose.ParseSignedCompact(token, both)
		if err != nil {
			t.Fatal(err)
		}
		if header := jws.Signatures[0].Header; header.Algorithm != algorithm || kids[header.KeyID] != algorithm {
			t.Errorf("a token signed with %s names key %s of %s", algorithm, header.KeyID, kids[header.KeyID])
		}
		_, rest, _ := strings.Cut(token, ".")
		for kid := range kids {
			for _, claimed := range []string{ES256, RS256, "HS256"} {
				forged := jwsHeader(claimed, kid) + "." + rest
				if forged == token {
					continue
				}
				jws, err := jose.ParseSignedCompact(forged, both)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := jws.Verify(set); err == nil {
					t.Errorf("a token signed with %s passes as %s under key %s", algorithm, claimed, kid)
				}
			}
		}
	}
}

// The attack crypto-jwks-public.
func TestTheJWKSHasNoPrivateMembers(t *testing.T) {
	ring := openRing(t, t.TempDir(), "i")
	sign(t, ring, ring.CurrentKeyID(), RS256)
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(ring.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	public := map[string][]string{
		"EC":  {"alg", "crv", "kid", "kty", "use", "x", "y"},
		"RSA": {"alg", "e", "kid", "kty", "n", "use"},
	}
	kinds := map[string]int{}
	for _, key := range set.Keys {
		var members []string
		for name := range key {
			members = append(members, name)
		}
		slices.Sort(members)
		if !slices.Equal(members, public[key["kty"]]) {
			t.Errorf("a key of kind %s has the members %q", key["kty"], members)
		}
		kinds[key["kty"]]++
	}
	if kinds["EC"] != 1 || kinds["RSA"] != 1 {
		t.Errorf("the set has the kinds %v", kinds)
	}
}

func TestAnRSAKeyIsKeptSealed(t *testing.T) {
	ring := openRing(t, t.TempDir(), "i")
	sign(t, ring, ring.CurrentKeyID(), RS256)
	kept := rows(t, ring, purposeRSA)[0]
	raw, err := base64.RawURLEncoding.DecodeString(kept.SealedSeed)
	if err != nil {
		t.Fatal(err)
	}
	prime := ring.state.Load().rsa[ring.CurrentKeyID()].private.Primes[0].Bytes()
	if strings.Contains(string(raw), string(prime)) {
		t.Error("the row shows a prime")
	}
	if _, err := ring.openSeed(context.Background(), store.SealingKey{KeyID: kept.KeyID, Purpose: purposeEpoch, SealedSeed: kept.SealedSeed}); err == nil {
		t.Error("the row opens in the place of another")
	}
}

func TestNothingIsSignedUnderUnknownKeysAndAlgorithms(t *testing.T) {
	ring := openRing(t, t.TempDir(), "i")
	for _, algorithm := range []string{ES256, RS256} {
		if _, err := ring.SignJWTAlg(context.Background(), "ffffffff", algorithm, claims); err != ErrUnknownKey {
			t.Errorf("%s under an unknown key: %v", algorithm, err)
		}
	}
	for _, algorithm := range []string{"", "none", "HS256", "PS256", "rs256"} {
		if token, err := ring.SignJWTAlg(context.Background(), ring.CurrentKeyID(), algorithm, claims); err == nil {
			t.Errorf("signed with %q: %s", algorithm, token)
		}
	}
	if len(rows(t, ring, purposeRSA)) != 0 {
		t.Error("a refused signature left a key")
	}
}

func BenchmarkSign(b *testing.B) {
	ring := openRing(b, b.TempDir(), "i")
	for _, algorithm := range []string{ES256, RS256} {
		b.Run(algorithm, func(b *testing.B) {
			for b.Loop() {
				sign(b, ring, ring.CurrentKeyID(), algorithm)
			}
		})
	}
}
