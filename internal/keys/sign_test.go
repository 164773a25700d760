package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"math/big"
	"testing"
)

// pair is a signature of ECDSA in DER.
type pair struct{ R, S *big.Int }

func TestASignatureIsTheTwoNumbersOfItsDER(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2000 { // one number in 256 is shorter than 32 bytes
		digest := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		der, err := key.Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		raw, ok := rawSignature(der)
		if r, s := new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:]); !ok || !ecdsa.Verify(&key.PublicKey, digest[:], r, s) {
			t.Fatalf("%x: %x, %v", der, raw, ok)
		}
	}
}

func FuzzRawSignature(f *testing.F) {
	for _, numbers := range []pair{{big.NewInt(1), big.NewInt(255)}, {new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(0)}, {new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(7)}} {
		der, err := asn1.Marshal(numbers)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
		f.Add(der[:len(der)-1])
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		raw, ok := rawSignature(der)
		var want pair
		if _, err := asn1.Unmarshal(der, &want); err != nil || want.R.Sign() < 0 || want.S.Sign() < 0 {
			return // crypto/ecdsa makes nothing of the kind
		}
		if again, err := asn1.Marshal(want); err != nil || !bytes.Equal(again, der) {
			return // encoding/asn1 lets more members follow
		}
		if fits := want.R.BitLen() <= 256 && want.S.BitLen() <= 256; ok != fits {
			t.Fatalf("%x: read %v, and it fits %v", der, ok, fits)
		}
		if ok && (new(big.Int).SetBytes(raw[:32]).Cmp(want.R) != 0 || new(big.Int).SetBytes(raw[32:]).Cmp(want.S) != 0) {
			t.Fatalf("%x: %x", der, raw)
		}
	})
}
