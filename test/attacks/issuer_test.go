package attacks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// issuer is an OpenID provider on loopback that does what an entry wants of it: it publishes any document and signs anything. Several may
// share one listener, each below a path of its own.
type issuer struct {
	w    *world
	url  string
	keys []*issuerKey // the first signs unless an entry says otherwise

	fetched atomic.Int64 // times that the key set was asked for
	mu      sync.Mutex
	serve   http.HandlerFunc // answers for the key set in its place
}

// issuerKey is one key of an issuer.
type issuerKey struct {
	id  string
	ec  *ecdsa.PrivateKey
	rsa *rsa.PrivateKey // in place of ec
}

// provider is a listener for issuers.
type provider struct {
	*httptest.Server
	mux *http.ServeMux
}

func (w *world) provider() *provider {
	mux := http.NewServeMux()
	p := &provider{httptest.NewServer(mux), mux}
	w.t.Cleanup(func() {
		p.CloseClientConnections()
		p.Close()
	})
	return p
}

// issuer starts one with a key of its own.
func (w *world) issuer() *issuer { return w.provider().issuer(w, "") }

// issuer makes one below a path.
func (p *provider) issuer(w *world, path string) *issuer {
	i := &issuer{w: w, url: p.URL + path, keys: []*issuerKey{w.newKey("first")}}
	p.mux.HandleFunc("GET "+path+"/.well-known/openid-configuration", func(out http.ResponseWriter, r *http.Request) {
		writeDocument(out, members{"issuer": i.url, "jwks_uri": i.url + "/keys"})
	})
	p.mux.HandleFunc("GET "+path+"/keys", func(out http.ResponseWriter, r *http.Request) {
		i.fetched.Add(1)
		i.mu.Lock()
		serve, keys := i.serve, i.keys
		i.mu.Unlock()
		if serve != nil {
			serve(out, r)
			return
		}
		set := []members{}
		for _, k := range keys {
			set = append(set, k.jwk())
		}
		writeDocument(out, members{"keys": set})
	})
	return i
}

// publish changes the keys.
func (i *issuer) publish(keys ...*issuerKey) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = keys
}

// answer changes how the key set is answered.
func (i *issuer) answer(serve http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.serve = serve
}

func writeDocument(out http.ResponseWriter, document any) {
	out.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(out).Encode(document) // whoever went away wanted no more
}

func (w *world) newKey(id string) *issuerKey {
	w.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	return &issuerKey{id: id, ec: private}
}

func (w *world) newRSAKey(id string, bits int) *issuerKey {
	w.t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		w.t.Fatal(err)
	}
	return &issuerKey{id: id, rsa: private}
}

func inBase64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// coordinate is a number as long as those of P-256.
func coordinate(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }

// jwk is the public key (RFC 7517 §4).
func (k *issuerKey) jwk() members {
	if k.rsa != nil {
		return members{"kty": "RSA", "kid": k.id, "n": inBase64(k.rsa.N.Bytes()), "e": "AQAB"}
	}
	point, _ := k.ec.PublicKey.Bytes() // 4, x, y: it cannot fail for a key that was generated
	return members{"kty": "EC", "crv": "P-256", "kid": k.id, "x": inBase64(point[1:33]), "y": inBase64(point[33:])}
}

// private are the members that nobody may publish.
func (k *issuerKey) private() members {
	if k.rsa != nil {
		return members{"d": inBase64(k.rsa.D.Bytes())}
	}
	secret, _ := k.ec.Bytes()
	return members{"d": inBase64(secret)}
}

// algorithm is the alg of the key's signatures.
func (k *issuerKey) algorithm() string {
	if k.rsa != nil {
		return "RS256"
	}
	return "ES256"
}

// sign makes the signature part of a token.
func (k *issuerKey) sign(w *world, input string) string {
	w.t.Helper()
	digest := sha256.Sum256([]byte(input))
	if k.rsa != nil {
		raw, err := rsa.SignPKCS1v15(rand.Reader, k.rsa, crypto.SHA256, digest[:])
		if err != nil {
			w.t.Fatal(err)
		}
		return inBase64(raw)
	}
	r, s, err := ecdsa.Sign(rand.Reader, k.ec, digest[:])
	if err != nil {
		w.t.Fatal(err)
	}
	return inBase64(append(coordinate(r), coordinate(s)...))
}

// malleated is a token with the other signature (r, n-s) that verifies over the same text.
func malleated(w *world, token string) string {
	w.t.Helper()
	dot := strings.LastIndexByte(token, '.')
	raw, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil || len(raw) != 64 {
		w.t.Fatalf("the signature has %d bytes: %v", len(raw), err)
	}
	s := new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(raw[32:]))
	return token[:dot+1] + inBase64(append(raw[:32:32], coordinate(s)...))
}

// claims are those of somebody who has just signed in, changed as the entry wants it.
func (i *issuer) claims(email string, changes members) members {
	now := i.w.now()
	return members{
		"iss": i.url, "sub": "subject of " + email, "aud": "tests", "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": rand.Text(),
		"email": email, "email_verified": true,
	}.with(changes)
}

// token is a token with these claims, signed with the first key.
func (i *issuer) token(email string, changes members) string {
	return i.signed(i.keys[0], i.claims(email, changes))
}

// signed is a token with these claims, signed with a key.
func (i *issuer) signed(k *issuerKey, claims members) string {
	input := inBase64(i.w.json(members{"alg": k.algorithm(), "kid": k.id, "typ": "JWT"})) + "." + inBase64(i.w.json(claims))
	token := input + "." + k.sign(i.w, input)
	i.w.kept.add("assertion", token)
	return token
}
