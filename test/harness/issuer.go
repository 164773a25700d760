package harness

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Issuer is an OpenID provider on loopback, as far as those who trust its tokens meet it: a discovery document, keys, and tokens. It has a
// key of each kind that providers sign with.
type Issuer struct {
	URL string
	RSA *rsa.PrivateKey
	EC  *ecdsa.PrivateKey

	fetched atomic.Int64
	server  *httptest.Server
}

// The ids of its keys.
const (
	RSAKeyID = "rsa-of-the-issuer"
	ECKeyID  = "ec-of-the-issuer"
)

// Audience is for whom the issuer's tokens are, unless a test says otherwise.
const Audience = "the application of the tests"

// StartIssuer starts an issuer that ends with the test.
func StartIssuer(t testing.TB) *Issuer {
	t.Helper()
	i, err := NewIssuer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	return i
}

// NewIssuer starts an issuer that is to be closed.
func NewIssuer() (*Issuer, error) {
	const bits = 2048 // the least that may sign (RFC 7518 §3.3)
	i := &Issuer{}
	var err error
	if i.RSA, err = rsa.GenerateKey(rand.Reader, bits); err != nil {
		return nil, err
	}
	if i.EC, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	i.server = httptest.NewServer(i.Handler())
	i.URL = i.server.URL
	return i, nil
}

// Handler serves the discovery document and the keys, for whoever keeps the keys and the address of an issuer and serves it himself.
func (i *Issuer) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		i.answer(w, map[string]any{
			"issuer": i.URL, "jwks_uri": i.URL + "/keys", "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []jose.SignatureAlgorithm{jose.RS256, jose.ES256},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, r *http.Request) {
		i.fetched.Add(1)
		i.answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
			{Key: i.RSA.Public(), KeyID: RSAKeyID, Algorithm: string(jose.RS256), Use: "sig"},
			{Key: i.EC.Public(), KeyID: ECKeyID, Algorithm: string(jose.ES256), Use: "sig"},
		}})
	})
	return mux
}

// Close ends the issuer.
func (i *Issuer) Close() { i.server.Close() }

func (*Issuer) answer(w http.ResponseWriter, document any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(document)
}

// KeysFetched counts how often the keys were asked for.
func (i *Issuer) KeysFetched() int64 { return i.fetched.Load() }

// Claims are those of a token for somebody who has just signed in. Changes are claims that differ; nil takes one away.
func (i *Issuer) Claims(email string, changes map[string]any) map[string]any {
	now := time.Now()
	claims := map[string]any{
		"iss": i.URL, "sub": "subject of " + email, "aud": Audience, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"jti": rand.Text(), "email": email, "email_verified": true,
	}
	for name, value := range changes {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return claims
}

// Token is a token with these claims, signed with the key of that id.
func (i *Issuer) Token(t testing.TB, keyID string, claims map[string]any) string {
	t.Helper()
	token, err := i.MakeToken(keyID, claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// MakeToken is Token without a test.
func (i *Issuer) MakeToken(keyID string, claims map[string]any) (string, error) {
	key := jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: i.RSA, KeyID: keyID}}
	if keyID == ECKeyID {
		key = jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: i.EC, KeyID: keyID}}
	}
	return sign(key, claims)
}

// Sign makes a compact JWS (RFC 7515 §7.1) of claims.
func Sign(t testing.TB, key jose.SigningKey, claims map[string]any) string {
	t.Helper()
	text, err := sign(key, claims)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func sign(key jose.SigningKey, claims map[string]any) (string, error) {
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// Forge makes a token that no library would: with any header, and with a signature of any kind.
func Forge(t testing.TB, header, claims map[string]any, sign func(input []byte) []byte) string {
	t.Helper()
	part := func(value any) string {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	input := part(header) + "." + part(claims)
	return input + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(input)))
}

// VerifyJWT verifies a token of the server by the keys that its discovery document leads to, and returns its header and claims.
func (s *Server) VerifyJWT(token string) (header jose.Header, claims map[string]any) {
	s.t.Helper()
	var discovery struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	var keys jose.JSONWebKeySet
	s.get("/.well-known/openid-configuration", &discovery)
	if discovery.Issuer != s.Endpoint {
		s.t.Fatalf("the discovery document is of %q, want %q", discovery.Issuer, s.Endpoint)
	}
	s.get(discovery.JWKSURI[len(s.Endpoint):], &keys)
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	if err != nil {
		s.t.Fatal(err)
	}
	header = parsed.Signatures[0].Header
	found := keys.Key(header.KeyID)
	if len(found) != 1 {
		s.t.Fatalf("the server publishes %d keys of the id %q", len(found), header.KeyID)
	}
	payload, err := parsed.Verify(found[0])
	if err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		s.t.Fatal(err)
	}
	return header, claims
}

func (s *Server) get(path string, out any) {
	s.t.Helper()
	response, err := http.Get(s.Endpoint + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(out); err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("GET %s: status %d: %v", path, response.StatusCode, err)
	}
}
