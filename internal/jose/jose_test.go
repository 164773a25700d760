package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"

	"sallyport/test/vectors"
)

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// signer makes tokens for the tests of this package.
type signer struct {
	algorithm Algorithm
	private   crypto.Signer
	jwk       map[string]any
}

// signers has one for each kind of key; RSA keys take so long to make that they are made once.
var signers = sync.OnceValue(func() map[Algorithm]*signer {
	all := map[Algorithm]*signer{}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	for _, algorithm := range []Algorithm{RS256, RS384, RS512, PS256, PS384, PS512} {
		all[algorithm] = &signer{algorithm, rsaKey, map[string]any{"kty": "RSA", "n": encode(rsaKey.N.Bytes()), "e": "AQAB"}}
	}
	for algorithm, curve := range map[Algorithm]elliptic.Curve{ES256: elliptic.P256(), ES384: elliptic.P384(), ES512: elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			panic(err)
		}
		point, err := key.PublicKey.Bytes()
		if err != nil {
			panic(err)
		}
		half := (len(point) - 1) / 2
		all[algorithm] = &signer{algorithm, key, map[string]any{
			"kty": "EC", "crv": curve.Params().Name, "x": encode(point[1 : 1+half]), "y": encode(point[1+half:]),
		}}
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	all[EdDSA] = &signer{EdDSA, private, map[string]any{"kty": "OKP", "crv": "Ed25519", "x": encode(public)}}
	return all
})

// hashes are those of the algorithms; EdDSA does without.
var hashes = map[Algorithm]crypto.Hash{
	RS256: crypto.SHA256, RS384: crypto.SHA384, RS512: crypto.SHA512, PS256: crypto.SHA256, PS384: crypto.SHA384, PS512: crypto.SHA512,
	ES256: crypto.SHA256, ES384: crypto.SHA384, ES512: crypto.SHA512,
}

// key is the public key as a JWK, with members of the test's own laid over.
func (s *signer) key(over map[string]any) map[string]any {
	jwk := map[string]any{}
	for _, members := range []map[string]any{s.jwk, over} {
		for name, value := range members {
			jwk[name] = value
		}
	}
	return jwk
}

// sign makes a token with exactly this header and payload.
func (s *signer) sign(t testing.TB, header, payload string) string {
	t.Helper()
	input := encode([]byte(header)) + "." + encode([]byte(payload))
	hash := hashes[s.algorithm]
	message, options := []byte(input), crypto.SignerOpts(hash)
	if hash != 0 {
		message = digest(hash, input)
	}
	if strings.HasPrefix(string(s.algorithm), "PS") {
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	}
	if ec, ok := s.private.(*ecdsa.PrivateKey); ok {
		r, v, err := ecdsa.Sign(rand.Reader, ec, message)
		if err != nil {
			t.Fatal(err)
		}
		width := (ec.Curve.Params().BitSize + 7) / 8
		raw := make([]byte, 2*width)
		r.FillBytes(raw[:width])
		v.FillBytes(raw[width:])
		return input + "." + encode(raw)
	}
	signature, err := s.private.Sign(rand.Reader, message, options)
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + encode(signature)
}

func setOf(t testing.TB, keys ...map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func reasonOf(err error) Reason {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	return 0
}

func TestEveryAlgorithmVerifiesItsOwnTokensAndNoOthers(t *testing.T) {
	for _, algorithm := range Algorithms() {
		t.Run(string(algorithm), func(t *testing.T) {
			s := signers()[algorithm]
			set := setOf(t, s.key(map[string]any{"kid": "k"}))
			token := s.sign(t, fmt.Sprintf(`{"alg":%q,"kid":"k"}`, algorithm), `{"sub":"alice"}`)
			if err := check(token, set); err != nil {
				t.Fatal(err)
			}
			for _, other := range Algorithms() {
				if other == algorithm {
					continue
				}
				renamed := s.sign(t, fmt.Sprintf(`{"alg":%q,"kid":"k"}`, other), `{"sub":"alice"}`)
				if err := check(renamed, set); err == nil {
					t.Errorf("a signature of %s was accepted as %s", algorithm, other)
				}
			}
		})
	}
}

func TestTokensThatTheHeaderRefuses(t *testing.T) {
	s := signers()[ES256]
	set := setOf(t, s.key(map[string]any{"kid": "k"}))
	tests := []struct {
		name, header string
		want         Reason // 0: accepted
	}{
		{"a plain header is accepted", `{"alg":"ES256","kid":"k","typ":"JWT"}`, 0},
		{"typ is compared without regard to case and prefix", `{"alg":"ES256","typ":"Application/jwT"}`, 0},
		{"a key brought along is not looked at", `{"alg":"ES256","jwk":{"kty":"oct","k":"AA"},"jku":"http://127.0.0.1/","x5u":"http://127.0.0.1/","x5c":["AA"]}`, 0},
		{"an unknown member is not looked at", `{"alg":"ES256","x":[1,{"y":2}]}`, 0},
		{"alg is missing", `{"kid":"k"}`, Malformed},
		{"alg is spelled in capitals", `{"ALG":"ES256"}`, Malformed},
		{"alg is none", `{"alg":"none"}`, Unlisted},
		{"alg is a symmetric one", `{"alg":"HS256"}`, Unlisted},
		{"alg is not a string", `{"alg":256}`, Malformed},
		{"alg stands twice", `{"alg":"ES256","alg":"ES256"}`, Malformed},
		{"kid is empty", `{"alg":"ES256","kid":""}`, Malformed},
		{"kid is null", `{"alg":"ES256","kid":null}`, Malformed},
		{"kid is unknown", `{"alg":"ES256","kid":"K"}`, NoKey},
		{"crit is there", `{"alg":"ES256","crit":["exp"],"exp":1}`, Malformed},
		{"crit is null", `{"alg":"ES256","crit":null}`, Malformed},
		{"b64 is true", `{"alg":"ES256","b64":true}`, Malformed},
		{"cty is there", `{"alg":"ES256","cty":"JWT"}`, Malformed},
		{"typ is of another kind", `{"alg":"ES256","typ":"dpop+jwt"}`, WrongType},
		{"typ would fold to one of ours by more than ASCII", `{"alg":"ES256","typ":"ȷwt"}`, WrongType},
		{"typ has the prefix twice", `{"alg":"ES256","typ":"application/application/jwt"}`, WrongType},
		{"the header is a list", `["ES256"]`, Malformed},
		{"the header is followed by something", `{"alg":"ES256"} {}`, Malformed},
		{"the header begins with a byte order mark", "\uFEFF" + `{"alg":"ES256"}`, Malformed},
		{"the header is not UTF-8", "{\"alg\":\"ES256\",\"x\":\"\xff\"}", Malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := check(s.sign(t, tt.header, `{}`), set)
			if got := reasonOf(err); got != tt.want || (err == nil) != (tt.want == 0) {
				t.Errorf("got %d (%v), want %d", got, err, tt.want)
			}
		})
	}
}

func TestTokensThatTheFramingRefuses(t *testing.T) {
	s := signers()[EdDSA]
	set := setOf(t, s.key(nil))
	good := s.sign(t, `{"alg":"EdDSA"}`, `{"a":"b"}`)
	if err := check(good, set); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	tests := []struct{ name, token string }{
		{"it is empty", ""},
		{"there are two parts", parts[0] + "." + parts[1]},
		{"the signature is empty", parts[0] + "." + parts[1] + "."},
		{"there is a fourth part", good + "."},
		{"there is a space before it", " " + good},
		{"there is a line end after it", good + "\n"},
		{"there is a line end inside the header", parts[0][:4] + "\n" + parts[0][4:] + "." + parts[1] + "." + parts[2]},
		{"there is a carriage return inside the payload", parts[0] + "." + parts[1][:4] + "\r" + parts[1][4:] + "." + parts[2]},
		{"there is padding", parts[0] + "." + parts[1] + "." + parts[2] + "=="},
		{"the other alphabet of base64 is used", parts[0] + "." + parts[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(parts[2]) + "+"},
		{"the last character has bits left over", parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-1] + leftOver(parts[2])},
		{"it is longer than a token may be", good + strings.Repeat("A", MaxTokenBytes)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := reasonOf(check(tt.token, set)); got != Malformed {
				t.Errorf("got %d, want %d", got, Malformed)
			}
		})
	}
}

// leftOver is another last character that decodes to the same bytes, for a decoder that does not look.
func leftOver(text string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, text[len(text)-1])^1])
}

func TestCallersChooseAlgorithmsTypesAndLength(t *testing.T) {
	token := signers()[ES256].sign(t, `{"alg":"ES256","typ":"at+jwt"}`, `{}`)
	tests := []struct {
		name  string
		rules Rules
		want  Reason
	}{
		{"all that is needed is allowed", Rules{Algorithms: []Algorithm{ES256}, Types: []string{"at+jwt"}}, 0},
		{"no algorithm is allowed", Rules{Types: []string{"at+jwt"}}, Unlisted},
		{"another algorithm is allowed", Rules{Algorithms: []Algorithm{RS256}, Types: []string{"at+jwt"}}, Unlisted},
		{"another type is allowed", Rules{Algorithms: []Algorithm{ES256}, Types: []string{"jwt"}}, WrongType},
		{"the token is one byte too long", Rules{Algorithms: []Algorithm{ES256}, Types: []string{"at+jwt"}, MaxBytes: len(token) - 1}, Malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse(token, tt.rules); reasonOf(err) != tt.want {
				t.Errorf("got %v, want %d", err, tt.want)
			}
		})
	}
	symmetric := encode([]byte(`{"alg":"HS256"}`)) + ".e30.AA"
	if _, err := Parse(symmetric, Rules{Algorithms: []Algorithm{"HS256"}}); reasonOf(err) != Unlisted {
		t.Errorf("a caller could allow HS256: %v", err)
	}
}

func TestTheKeyOfATokenIsNeverAGuess(t *testing.T) {
	ec, other, edwards := signers()[ES256], signers()[RS256], signers()[EdDSA]
	unnamed := ec.sign(t, `{"alg":"ES256"}`, `{}`)
	named := ec.sign(t, `{"alg":"ES256","kid":"a"}`, `{}`)
	stranger := map[string]any{"kty": "EC", "crv": "P-256", "x": "KSexBRK64-3c_kZ4KBKLrSkDJpkZ9whgacjE32xzKDg", "y": "x3h5ZOqsAOWSH7FJimD0YGdms9loUAFVjRqXTnNBUT4"}
	strangerNamed := func(kid string) map[string]any {
		return (&signer{jwk: stranger}).key(map[string]any{"kid": kid})
	}
	tests := []struct {
		name, token string
		keys        []map[string]any
		want        Reason
	}{
		{"no kid, and one key", unnamed, []map[string]any{ec.key(nil)}, 0},
		{"no kid, and one key of the kind", unnamed, []map[string]any{other.key(nil), ec.key(nil), edwards.key(nil)}, 0},
		{"no kid, and one key of the kind for this algorithm", unnamed, []map[string]any{ec.key(map[string]any{"alg": "ES256"}), other.key(nil)}, 0},
		{"no kid, and two keys of the kind", unnamed, []map[string]any{ec.key(nil), stranger}, ManyKeys},
		{"no kid, and no key of the kind", unnamed, []map[string]any{other.key(nil)}, NoKey},
		{"no kid, and no key at all", unnamed, []map[string]any{}, NoKey},
		{"a kid, and the key of that name among others", named, []map[string]any{strangerNamed("b"), ec.key(map[string]any{"kid": "a"})}, 0},
		{"a kid, and a key without name", named, []map[string]any{ec.key(nil)}, NoKey},
		{"a kid, and a key of another kind by that name too", named, []map[string]any{other.key(map[string]any{"kid": "a"}), ec.key(map[string]any{"kid": "a"})}, 0},
		{"a kid, and two keys of the kind by that name", named, []map[string]any{ec.key(map[string]any{"kid": "a"}), strangerNamed("a")}, ManyKeys},
		{"a kid, and somebody else's key by that name", named, []map[string]any{strangerNamed("a")}, Mismatched},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := reasonOf(check(tt.token, setOf(t, tt.keys...))); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestKeysThatAreNotUsed(t *testing.T) {
	r, e, o := signers()[RS256], signers()[ES256], signers()[EdDSA]
	modulus := func(bits uint) string {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return encode(n.SetBit(n, 0, 1).Bytes())
	}
	zeroFirst := func(member string) string {
		raw, err := base64.RawURLEncoding.DecodeString(r.jwk[member].(string))
		if err != nil {
			t.Fatal(err)
		}
		return encode(append([]byte{0}, raw...))
	}
	even := new(big.Int).Lsh(big.NewInt(3), 2046)
	tests := []struct {
		name string
		jwk  any
		want string // a part of the reason; "" if the key is used
	}{
		{"a plain RSA key is used", r.key(nil), ""},
		{"a key for signatures is used", e.key(map[string]any{"use": "sig", "key_ops": []string{"verify"}, "alg": "ES256"}), ""},
		{"unknown members do not matter", o.key(map[string]any{"x5t": "AA", "issuer": "x"}), ""},
		{"a modulus of 8,192 bits is used", r.key(map[string]any{"n": modulus(8192)}), ""},
		{"it is a string", "key", "not a JSON object"},
		{"kty is missing", map[string]any{"n": "AQ", "e": "AQAB"}, "kty"},
		{"kty is unknown", map[string]any{"kty": "AKP"}, "kty"},
		{"kty is oct", map[string]any{"kty": "oct", "k": "AAAA"}, "secret"},
		{"kid is a number", r.key(map[string]any{"kid": 1}), "kid"},
		{"kid is endless", r.key(map[string]any{"kid": strings.Repeat("k", 2000)}), "kid"},
		{"use is enc", r.key(map[string]any{"use": "enc"}), "use"},
		{"use is a list", r.key(map[string]any{"use": []string{"sig"}}), "use"},
		{"key_ops does not verify", e.key(map[string]any{"key_ops": []string{"sign"}}), "key_ops"},
		{"key_ops is a string", e.key(map[string]any{"key_ops": "verify"}), "key_ops"},
		{"alg is of another kind of key", e.key(map[string]any{"alg": "RS256"}), "alg"},
		{"alg is of another curve", e.key(map[string]any{"alg": "ES384"}), "alg"},
		{"alg is none of ours", r.key(map[string]any{"alg": "RSA-OAEP"}), "alg"},
		{"an RSA key has its secret", r.key(map[string]any{"d": "AQAB"}), "secret"},
		{"an RSA key has a prime", r.key(map[string]any{"p": "AQAB"}), "secret"},
		{"an elliptic key has its secret", e.key(map[string]any{"d": "AQAB"}), "secret"},
		{"a modulus of 2,047 bits", r.key(map[string]any{"n": modulus(2047)}), "fewer"},
		{"a modulus of 8,193 bits", r.key(map[string]any{"n": modulus(8193)}), "more"},
		{"an even modulus", r.key(map[string]any{"n": encode(even.Bytes())}), "even"},
		{"a modulus that begins with zero", r.key(map[string]any{"n": zeroFirst("n")}), "fewest"},
		{"a modulus with padding", r.key(map[string]any{"n": r.jwk["n"].(string) + "=="}), "n or e"},
		{"an exponent that begins with zero", r.key(map[string]any{"e": zeroFirst("e")}), "fewest"},
		{"an exponent of 1", r.key(map[string]any{"e": "AQ"}), "odd"},
		{"an even exponent", r.key(map[string]any{"e": "BA"}), "odd"},
		{"an exponent of 2^31 and more", r.key(map[string]any{"e": "gAAAAQ"}), "odd"},
		{"an exponent of five bytes", r.key(map[string]any{"e": "AQAAAAE"}), "large"},
		{"no exponent", r.key(map[string]any{"e": nil}), "n or e"},
		{"an unknown curve", e.key(map[string]any{"crv": "secp256k1"}), "crv"},
		{"a coordinate that is too short", e.key(map[string]any{"x": "AQ"}), "width"},
		{"a point off the curve", e.key(map[string]any{"y": e.jwk["x"]}), "curve"},
		{"the point at infinity", e.key(map[string]any{"x": encode(make([]byte, 32)), "y": encode(make([]byte, 32))}), "curve"},
		{"a curve that does not sign", o.key(map[string]any{"crv": "X25519"}), "Ed25519"},
		{"an Ed25519 key of 31 bytes", o.key(map[string]any{"x": encode(make([]byte, 31))}), "32"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, err := json.Marshal(map[string]any{"keys": []any{tt.jwk}})
			if err != nil {
				t.Fatal(err)
			}
			set, err := ParseSet(text)
			if err != nil {
				t.Fatal(err)
			}
			if used := set.Len() == 1; used != (tt.want == "") {
				t.Fatalf("used is %v, ignored %v", used, set.Ignored)
			}
			if tt.want != "" && !strings.Contains(set.Ignored[0].Why, tt.want) {
				t.Errorf("ignored because %q, want %q in it", set.Ignored[0].Why, tt.want)
			}
		})
	}
}

func TestDocumentsThatAreNoKeySets(t *testing.T) {
	tests := []struct{ name, document string }{
		{"it is empty", ""},
		{"it is a list", "[]"},
		{"keys is missing", `{"Keys":[]}`},
		{"keys is an object", `{"keys":{}}`},
		{"keys stands twice", `{"keys":[],"keys":[]}`},
		{"there is more after it", `{"keys":[]}{}`},
		{"there are more keys than a set may have", `{"keys":[` + strings.Repeat("{},", MaxKeys) + `{}]}`},
		{"there are ten thousand keys", `{"keys":[` + strings.Repeat(`{"kty":"RSA"},`, 10_000) + `{}]}`},
		{"it is larger than a mebibyte", `{"keys":[],"x":"` + strings.Repeat("x", MaxSetBytes) + `"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ParseSet([]byte(tt.document)); reasonOf(err) != Malformed {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestMessagesHoldNothingOfTheToken(t *testing.T) {
	const mark = "sEcReT"
	for _, header := range []string{
		`{"alg":"` + mark + `"}`, `{"alg":"ES256","kid":"` + mark + `"}`, `{"alg":"ES256","typ":"` + mark + `"}`, `{"alg":"ES256","crit":["` + mark + `"]}`,
		`{"alg":"ES256","` + mark + `"`,
	} {
		err := check(signers()[ES256].sign(t, header, mark), setOf(t))
		if err == nil || strings.Contains(strings.ToLower(err.Error()), strings.ToLower(mark)) {
			t.Errorf("%s: %v", header, err)
		}
	}
}

func TestChangingAnyBitOfATokenRefusesIt(t *testing.T) {
	s := signers()[ES256]
	set := setOf(t, s.key(nil))
	token := s.sign(t, `{"alg":"ES256"}`, `{"sub":"alice"}`)
	for i := range len(token) {
		for bit := range 8 {
			changed := []byte(token)
			changed[i] ^= 1 << bit
			if check(string(changed), set) == nil {
				t.Fatalf("accepted with bit %d of byte %d changed", bit, i)
			}
		}
	}
}

// FuzzParse checks that whatever is parsed is spelled in the only way there is, and that nothing is verified by chance.
func FuzzParse(f *testing.F) {
	s := signers()[EdDSA]
	f.Add(s.sign(f, `{"alg":"EdDSA"}`, `{"sub":"alice"}`))
	f.Add("..")
	f.Add("eyJhbGciOiJFUzI1NiJ9.e30.AA")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	other, err := ParseSet(setOf(f, signers()[ES256].key(nil), signers()[RS256].key(nil)))
	if err != nil {
		f.Fatal(err)
	}
	for _, token := range vectors.Tokens(f) {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token, err := Parse(text, Rules{Algorithms: Algorithms(), Types: []string{"jwt"}})
		if err != nil {
			if reasonOf(err) == 0 {
				t.Fatalf("refused with %#v", err)
			}
			return
		}
		header, _, _ := strings.Cut(text, ".")
		if rebuilt := header + "." + encode(token.Payload) + "." + encode(token.signature); rebuilt != text {
			t.Fatalf("%q is read as %q", text, rebuilt)
		}
		if token.Input+"."+encode(token.signature) != text {
			t.Fatal("the signed input is not what was sent")
		}
		token.Claims()
		if token.Verify(other) == nil {
			t.Fatal("verified by keys that signed nothing")
		}
	})
}

// FuzzParseSet checks that every key that is used can be used without a panic.
func FuzzParseSet(f *testing.F) {
	for _, algorithm := range []Algorithm{RS256, ES256, ES384, ES512, EdDSA} {
		f.Add(setOf(f, signers()[algorithm].key(map[string]any{"kid": "k", "use": "sig", "alg": string(algorithm)})))
	}
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AA"},{"kty":"RSA","n":"AQ","e":"AQAB"},1]}`))
	for _, set := range vectors.KeySets(f) {
		f.Add([]byte(set))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		set, err := ParseSet(document)
		if err != nil {
			if reasonOf(err) == 0 {
				t.Fatalf("refused with %#v", err)
			}
			return
		}
		if set.Len()+len(set.Ignored) > MaxKeys {
			t.Fatalf("%d and %d keys", set.Len(), len(set.Ignored))
		}
		for i := range set.keys {
			for _, algorithm := range Algorithms() {
				token := &Token{Header: Header{Algorithm: algorithm}, Input: "a.b", signature: make([]byte, 64)}
				if token.Verify(&Set{keys: set.keys[i : i+1]}) == nil && set.keys[i].keyType != "OKP" {
					t.Fatal("a signature of zeros was accepted") // of Ed25519 keys, those of small order accept it; who publishes one harms himself
				}
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	for _, algorithm := range []Algorithm{ES256, RS256, EdDSA} {
		b.Run(string(algorithm), func(b *testing.B) {
			s := signers()[algorithm]
			text := s.sign(b, fmt.Sprintf(`{"alg":%q,"kid":"k"}`, algorithm), `{"iss":"https://idp.example.test","sub":"alice","aud":"app","exp":1767225600}`)
			set, err := ParseSet(setOf(b, s.key(map[string]any{"kid": "k"})))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				token, err := Parse(text, Rules{Algorithms: Algorithms()})
				if err == nil {
					err = token.Verify(set)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
