package jose

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// readVectors decodes a file of test/vectors.
func readVectors[T any](t *testing.T, name string) (v T) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../test/vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// check parses and verifies with the keys of a set, as a caller would that allows every algorithm.
func check(token string, set []byte) error {
	keys, err := ParseSet(set)
	if err != nil {
		return err
	}
	parsed, err := Parse(token, Rules{Algorithms: Algorithms(), Types: []string{"jwt"}})
	if err != nil {
		return err
	}
	return parsed.Verify(keys)
}

// hostile is the part of the table of hostile tokens that is decided before anybody looks at claims.
type hostile struct {
	JWKS  json.RawMessage
	Cases []struct {
		ID, Token, Expect string
		JWKS              json.RawMessage
		Generate          struct {
			Kind string
			N    int
		}
	}
}

// aboutClaims are the prefixes of the cases whose signature is in order and whose claims are not: internal/assertion runs
// the whole table.
var aboutClaims = []string{"exp-", "iat-", "iss-", "aud-", "sub-", "payload-", "gen-"}

func TestHostileTokensAreRefusedBeforeTheirClaimsAreRead(t *testing.T) {
	table := readVectors[hostile](t, "hostile-jose/cases.json")
	const inFile = 107
	if len(table.Cases) != inFile {
		t.Fatalf("%d cases, want %d", len(table.Cases), inFile)
	}
	for _, c := range table.Cases {
		if c.Generate.Kind != "" {
			continue // the generated ones have a test of their own
		}
		t.Run(c.ID, func(t *testing.T) {
			set := table.JWKS
			if c.JWKS != nil {
				set = c.JWKS
			}
			err := check(c.Token, set)
			claims := slices.ContainsFunc(aboutClaims, func(prefix string) bool { return strings.HasPrefix(c.ID, prefix) })
			switch {
			case c.Expect == "accept" && err != nil, claims && err != nil:
				t.Errorf("refused: %v", err)
			case c.Expect == "reject" && !claims && err == nil:
				t.Error("accepted")
			}
		})
	}
}

// A Wycheproof file of tokens, with the keys of each group.
type tokenVectors struct {
	NumberOfTests int
	TestGroups    []struct {
		Comment         string
		Public, Private json.RawMessage
		Tests           []struct {
			TcID    int
			Comment string
			JWS     json.RawMessage
			Result  string
			Flags   []string
		}
	}
}

// strangers are tokens that Wycheproof calls valid although the key's alg is not the token's: PS256 for PS384, and ES521, which
// no RFC knows. We honour the key's alg.
var strangers = map[string]bool{"rfc7520/Figure20": true, "rfc7520/Figure27": true, "rfc7520WithKeyOps/Figure20": true, "rfc7520WithKeyOps/Figure27": true}

// asSet makes a JWK set of what a group has: a key, or a set. A group has the secret half beside the public one; where it
// has only the secret one, that is what would be published.
func asSet(public, private json.RawMessage) []byte {
	keys := public
	if keys == nil {
		keys = private
	}
	var probe map[string]json.RawMessage
	if json.Unmarshal(keys, &probe) == nil && probe["keys"] != nil {
		return keys
	}
	return slices.Concat([]byte(`{"keys":[`), keys, []byte("]}"))
}

func TestWycheproofTokens(t *testing.T) {
	for name, inFile := range map[string]int{"json_web_signature": 401, "json_web_crypto": 83, "json_web_key": 26} {
		t.Run(name, func(t *testing.T) {
			vectors := readVectors[tokenVectors](t, "wycheproof/"+name+"_test.json")
			if vectors.NumberOfTests != inFile {
				t.Fatalf("%d tests, want %d", vectors.NumberOfTests, inFile)
			}
			accepted := 0
			for _, group := range vectors.TestGroups {
				set := asSet(group.Public, group.Private)
				for _, c := range group.Tests {
					var token string
					if err := json.Unmarshal(c.JWS, &token); err != nil {
						token = string(c.JWS) // the JSON serialization, or an encrypted token: never ours
					}
					err := check(token, set)
					if err == nil {
						accepted++
					}
					// What is valid and symmetric, or encrypted, is refused all the same.
					ours := group.Public != nil && !strangers[group.Comment+"/"+c.Comment]
					if want := c.Result == "valid" && ours; (err == nil) != want {
						t.Errorf("%d %s, %s: %v, want accepted to be %v", c.TcID, group.Comment, c.Comment, err, want)
					}
				}
			}
			if accepted == 0 {
				t.Error("nothing was accepted")
			}
		})
	}
}

// A Wycheproof file of bare signatures.
type signatureVectors struct {
	NumberOfTests int
	TestGroups    []struct {
		PublicKeyJwk, KeyJwk json.RawMessage
		PublicKey            struct{ Curve, Uncompressed string }
		Tests                []struct {
			TcID             int
			Comment          string
			Msg, Sig, Result string
		}
	}
}

// ecKey makes the JWK of a group that has a point only.
func ecKey(t *testing.T, curve, uncompressed string) json.RawMessage {
	t.Helper()
	name := map[string]string{"secp256r1": "P-256", "secp384r1": "P-384"}[curve]
	point := unhex(t, uncompressed)[1:]
	x, y := point[:len(point)/2], point[len(point)/2:]
	return fmt.Appendf(nil, `{"kty":"EC","crv":%q,"x":%q,"y":%q}`, name,
		base64.RawURLEncoding.EncodeToString(x), base64.RawURLEncoding.EncodeToString(y))
}

// The messages of these files are arbitrary bytes, so they go in where a token's signed input does.
func TestWycheproofSignatures(t *testing.T) {
	tests := []struct {
		file      string
		algorithm Algorithm
		inFile    int
	}{
		{"ecdsa_secp256r1_sha256_p1363", ES256, 262},
		{"ecdsa_secp384r1_sha384_p1363", ES384, 280},
		{"ed25519", EdDSA, 151},
		{"rsa_pss_2048_sha256_mgf1_32", PS256, 108},
		{"rsa_signature_2048_sha256", RS256, 259},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			vectors := readVectors[signatureVectors](t, "wycheproof/"+tt.file+"_test.json")
			ran := 0
			for _, group := range vectors.TestGroups {
				jwk := group.PublicKeyJwk
				if jwk == nil {
					jwk = group.KeyJwk
				}
				if jwk == nil {
					jwk = ecKey(t, group.PublicKey.Curve, group.PublicKey.Uncompressed)
				}
				set, err := ParseSet(asSet(jwk, nil))
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range group.Tests {
					ran++
					token := &Token{Header: Header{Algorithm: tt.algorithm}, Input: string(unhex(t, c.Msg)), signature: unhex(t, c.Sig)}
					err := token.Verify(set)
					if (err == nil) != (c.Result == "valid") { // "acceptable" is not good enough
						t.Errorf("%d %s: %v, want %s (ignored: %v)", c.TcID, c.Comment, err, c.Result, set.Ignored)
					}
				}
			}
			if ran != tt.inFile {
				t.Errorf("%d tests ran, want %d", ran, tt.inFile)
			}
		})
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// cookbook is one example of RFC 7520, 7797 or 8037.
type cookbook struct {
	Title string
	Input struct {
		Payload string
		Key     json.RawMessage
	}
	Output struct {
		Compact        string
		JSON, JSONFlat json.RawMessage
	}
}

// public drops the secret members of the example's key, as whoever publishes it would.
func public(t *testing.T, key json.RawMessage) []byte {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal(key, &members); err != nil {
		return []byte(`{"keys":[]}`) // several keys, of the example with several signatures
	}
	if members["kty"] != "oct" {
		for _, name := range privateMembers {
			delete(members, name)
		}
	}
	text, err := json.Marshal(map[string]any{"keys": []any{members}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestCookbook(t *testing.T) {
	accepted := map[string]bool{
		"jws/4_1.rsa_v15_signature.json": true, "jws/4_2.rsa-pss_signature.json": true, "jws/4_3.ecdsa_signature.json": true,
		"curve25519/jws.json": true,
	}
	var seen int
	for _, folder := range []string{"jws", "curve25519", "rfc7797"} {
		files, err := filepath.Glob(filepath.Join("../../test/vectors/jose-cookbook", folder, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			seen++
			name := folder + "/" + filepath.Base(file)
			t.Run(name, func(t *testing.T) {
				example := readVectors[cookbook](t, "jose-cookbook/"+name)
				set := public(t, example.Input.Key)
				err := check(example.Output.Compact, set)
				if (err == nil) != accepted[name] {
					t.Fatalf("%s: %v, want accepted to be %v", example.Title, err, accepted[name])
				}
				for _, serialized := range []json.RawMessage{example.Output.JSON, example.Output.JSONFlat} {
					if serialized != nil && check(string(serialized), set) == nil {
						t.Error("the JSON serialization was accepted")
					}
				}
			})
		}
	}
	if seen != 11 {
		t.Errorf("%d examples, want 11", seen)
	}
}

func TestCookbookKeys(t *testing.T) {
	for name, usable := range map[string]int{
		"3_1.ec_public_key": 1, "3_2.ec_private_key": 0, "3_3.rsa_public_key": 1, "3_4.rsa_private_key": 0,
		"3_5.symmetric_key_mac_computation": 0, "3_6.symmetric_key_encryption": 0,
	} {
		key := readVectors[json.RawMessage](t, "jose-cookbook/jwk/"+name+".json")
		set, err := ParseSet(asSet(key, nil))
		if err != nil || set.Len() != usable {
			t.Errorf("%s: %v, %d usable keys, want %d", name, err, set.Len(), usable)
		}
		if usable == 0 && (len(set.Ignored) != 1 || set.Ignored[0].Why == "") {
			t.Errorf("%s: nothing says why: %v", name, set.Ignored)
		}
	}
}

func TestGeneratedTokensCostLittle(t *testing.T) {
	rules := Rules{Algorithms: Algorithms(), Types: []string{"jwt"}}
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256"}`))
	var members strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&members, `"%x":0,`, i)
	}
	body := func(claims string) string {
		return header + "." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".AA"
	}
	tests := []struct{ name, token string }{
		{"a million dots", strings.Repeat(".", 1_000_000)},
		{"a thousand dots", strings.Repeat(".", 1_000)},
		{"claims nested a hundred thousand deep", body(strings.Repeat("[", 100_000))},
		{"claims nested as deep as the length allows", body(strings.Repeat("[", 14_000))},
		{"a claim of a mebibyte", body(`{"x":"` + strings.Repeat("x", 1<<20) + `"}`)},
		{"as many members as the length allows", body("{" + members.String()[:14_000] + `"z":0}`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token, err := Parse(tt.token, rules)
			if err == nil {
				_, err = token.Claims()
			}
			if err == nil {
				t.Error("accepted")
			}
		})
	}
	long := strings.Repeat(".", 1_000_000)
	if n := testing.AllocsPerRun(10, func() { Parse(long, rules) }); n > 10 {
		t.Errorf("a million dots cost %v allocations", n)
	}
}
