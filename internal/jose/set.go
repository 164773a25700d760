package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"math/big"
	"slices"

	"sallyport/internal/strictjson"
)

// The bounds of a JWK set.
const (
	// MaxSetBytes is some fifty times as large as the sets of the large providers.
	MaxSetBytes = 1 << 20
	// MaxKeys is how many keys a set may have, fit or not. Providers that rotate daily publish fewer than ten.
	MaxKeys = 100
	// maxKeyIDBytes keeps a name a name.
	maxKeyIDBytes = 1024
	// minModulusBits is RFC 7518 §3.3's; maxModulusBits bounds what a verification costs.
	minModulusBits, maxModulusBits = 2048, 8192
	// maxExponentBytes is what fits the exponents that the standard library takes, which end below 2^31.
	maxExponentBytes = 4
)

// A set may have about ten members to a key, and certificate chains.
var setLimits = strictjson.Limits{Bytes: MaxSetBytes, Depth: 8, Members: 50 * MaxKeys}

// Set is the usable part of a JWK set (RFC 7517 §5). It does not change and may be shared.
type Set struct {
	keys    []key
	Ignored []Ignored
}

// Ignored is a key of a set that is not used, and why: it explains to an operator why a token finds no key.
type Ignored struct {
	KeyID string
	Why   string // a part of a sentence, of this package's own words
}

// key is a public key that is fit to verify with.
type key struct {
	id        string // "" if it has none
	keyType   string
	curve     string
	algorithm Algorithm // the only one it may be used with; "" if it names none
	public    crypto.PublicKey
}

// Len tells how many keys are usable.
func (s *Set) Len() int { return len(s.keys) }

// ParseSet reads a JWK set. A key that is not understood or not fit to verify with is ignored, as RFC 7517 §5 has it; a
// document that is not such a set, or has more than MaxKeys keys, is refused with an *Error.
func ParseSet(document []byte) (*Set, error) {
	v, err := strictjson.Parse(document, setLimits)
	if err != nil {
		return nil, refuse(Malformed, "The key set is not acceptable: %v.", err)
	}
	keys, found := v.Get("keys")
	if !found || keys.Kind() != strictjson.Array {
		return nil, refuse(Malformed, "The key set has no list named keys.")
	}
	if len(keys.Items()) > MaxKeys {
		return nil, refuse(Malformed, "The key set has %d keys; at most %d are accepted.", len(keys.Items()), MaxKeys)
	}
	set := &Set{}
	for _, item := range keys.Items() {
		k, why := readKey(item)
		if why != "" {
			set.Ignored = append(set.Ignored, Ignored{KeyID: k.id, Why: why})
			continue
		}
		set.keys = append(set.keys, k)
	}
	return set, nil
}

// find chooses the key for a token: of those that the token's kid names, or of all if it names none, the only one that its
// algorithm can be verified with. Where several fit the choice would be a guess, and is refused.
func (s *Set) find(h Header) (*key, error) {
	var found *key
	for i := range s.keys {
		k := &s.keys[i]
		if h.KeyID != "" && k.id != h.KeyID || !k.fits(h.Algorithm) {
			continue
		}
		if found != nil {
			return nil, refuse(ManyKeys, "More than one key of the issuer fits the token.")
		}
		found = k
	}
	if found == nil {
		return nil, refuse(NoKey, "No usable key of the issuer fits the token.")
	}
	return found, nil
}

func (k *key) fits(algorithm Algorithm) bool {
	with := schemes[algorithm]
	return with != nil && k.keyType == with.keyType && k.curve == with.curve && (k.algorithm == "" || k.algorithm == algorithm)
}

// privateMembers are those of RFC 7518 §6 that no published key has. A key whose private half has been published verifies
// nothing.
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// readKey reads one JWK. It answers why the key is not usable, or "".
func readKey(v strictjson.Value) (k key, why string) {
	if v.Kind() != strictjson.Object {
		return k, "it is not a JSON object"
	}
	if why = k.readMetadata(v); why != "" {
		return k, why
	}
	for _, name := range privateMembers {
		if _, found := v.Get(name); found {
			return k, "it has " + name + ", which belongs to a secret key"
		}
	}
	read := keyTypes[k.keyType]
	if read == nil {
		return k, "its kty is not RSA, EC or OKP"
	}
	if why = read(&k, v); why != "" {
		return k, why
	}
	if k.algorithm != "" && !k.fits(k.algorithm) {
		return k, "its alg does not go with its kind"
	}
	return k, ""
}

// readMetadata reads what all kinds of key have in common (RFC 7517 §4).
func (k *key) readMetadata(v strictjson.Value) (why string) {
	var use, algorithm string
	for _, m := range []struct {
		name string
		into *string
	}{{"kid", &k.id}, {"kty", &k.keyType}, {"use", &use}, {"alg", &algorithm}} {
		member, found := v.Get(m.name)
		if !found {
			continue
		}
		if *m.into = member.Text(); *m.into == "" || len(*m.into) > maxKeyIDBytes {
			*m.into = ""
			return "its " + m.name + " is not a string of acceptable length"
		}
	}
	k.algorithm = Algorithm(algorithm)
	if use != "" && use != "sig" {
		return "its use is not sig"
	}
	if operations, found := v.Get("key_ops"); found && !allowsVerify(operations) {
		return "its key_ops do not have verify"
	}
	return ""
}

func allowsVerify(operations strictjson.Value) bool {
	return slices.ContainsFunc(operations.Items(), func(o strictjson.Value) bool { return o.Text() == "verify" })
}

// keyTypes holds each kind of key beside its reader.
var keyTypes = map[string]func(*key, strictjson.Value) (why string){
	"RSA": (*key).readRSA,
	"EC":  (*key).readEC,
	"OKP": (*key).readOKP,
}

// bytesOf decodes a member. Anything but a string of canonical base64url answers nil.
func bytesOf(v strictjson.Value, name string) []byte {
	member, _ := v.Get(name)
	raw, ok := decode(member.Text())
	if !ok {
		return nil
	}
	return raw
}

// readRSA reads RFC 7518 §6.3.1. Both numbers are in as few bytes as they need (§2, Base64urlUInt).
func (k *key) readRSA(v strictjson.Value) (why string) {
	n, e := bytesOf(v, "n"), bytesOf(v, "e")
	if len(n) == 0 || n[0] == 0 || len(e) == 0 || e[0] == 0 {
		return "its n or e is missing, or not a number in the fewest bytes"
	}
	if len(e) > maxExponentBytes {
		return "its exponent is too large"
	}
	if len(n) > maxModulusBits/8 {
		return fmt.Sprintf("its modulus has more than %d bits", maxModulusBits)
	}
	modulus := new(big.Int).SetBytes(n)
	if modulus.BitLen() < minModulusBits {
		return fmt.Sprintf("its modulus has fewer than %d bits", minModulusBits)
	}
	exponent := new(big.Int).SetBytes(e).Int64()
	if exponent < 3 || exponent%2 == 0 || exponent > 1<<31-1 {
		return "its exponent is not an odd number from 3 to 2^31"
	}
	if modulus.Bit(0) == 0 {
		return "its modulus is even"
	}
	if hasROCA(modulus) {
		return "its modulus has the mark of keys that can be factored (CVE-2017-15361)"
	}
	k.public = &rsa.PublicKey{N: modulus, E: int(exponent)}
	return ""
}

// rocaPrimes are small primes for which the powers of 65537 are few enough to tell.
var rocaPrimes = []int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157}

// hasROCA tells whether the modulus is one of those that a widespread chip made from guessable primes: modulo each of many
// small primes it is a power of 65537, which of other moduli is so once in 10^8 (CVE-2017-15361).
func hasROCA(modulus *big.Int) bool {
	const generator = 65537
	var residue big.Int
	for _, prime := range rocaPrimes {
		want := residue.Mod(modulus, big.NewInt(prime)).Int64()
		power, found := int64(1), false
		for range prime {
			if power = power * generator % prime; power == want {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// curves are the curves of ECDSA keys, with the width of a coordinate in bytes (RFC 7518 §6.2.1).
var curves = map[string]struct {
	curve func() elliptic.Curve
	width int
}{
	"P-256": {elliptic.P256, 32},
	"P-384": {elliptic.P384, 48},
	"P-521": {elliptic.P521, 66},
}

// readEC reads RFC 7518 §6.2.1. Coordinates have the full width of the curve, and the point is on it.
func (k *key) readEC(v strictjson.Value) (why string) {
	name, _ := v.Get("crv")
	known, found := curves[name.Text()]
	if !found {
		return "its crv is not P-256, P-384 or P-521"
	}
	x, y := bytesOf(v, "x"), bytesOf(v, "y")
	if len(x) != known.width || len(y) != known.width {
		return "its x or y does not have the width of its curve"
	}
	const uncompressed = 4 // SEC 1 §2.3.3
	public, err := ecdsa.ParseUncompressedPublicKey(known.curve(), slices.Concat([]byte{uncompressed}, x, y))
	if err != nil {
		return "its point is not on its curve"
	}
	k.curve, k.public = name.Text(), public
	return ""
}

// readOKP reads RFC 8037 §2, of whose curves only Ed25519 signs and is in the standard library.
func (k *key) readOKP(v strictjson.Value) (why string) {
	if name, _ := v.Get("crv"); name.Text() != "Ed25519" {
		return "its crv is not Ed25519"
	}
	x := bytesOf(v, "x")
	if len(x) != ed25519.PublicKeySize {
		return "its x does not have 32 bytes"
	}
	k.curve, k.public = "Ed25519", ed25519.PublicKey(x)
	return ""
}
