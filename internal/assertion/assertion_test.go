package assertion

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"sallyport/internal/fetch"
	"sallyport/internal/sys"
	"sallyport/internal/trace"
)

const audience = "https://app.example.test"

// provider is an OpenID provider on loopback.
type provider struct {
	*httptest.Server
	t *testing.T

	mu        sync.Mutex
	published []map[string]any
	discovery map[string]any // members laid over those of the discovery document
	broken    bool           // answers 503
	stall     chan struct{}  // if set, key sets are held back until it is closed
	document  []byte         // if set, the key set
	asked     map[string]int // requests by path
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{t: t, asked: map[string]int{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked[r.URL.Path]++
	broken, stall, document := p.broken, p.stall, p.document
	discovery := map[string]any{"issuer": p.URL, "jwks_uri": p.URL + "/keys"}
	for name, value := range p.discovery {
		discovery[name] = value
	}
	keys := map[string]any{"keys": slices.Clone(p.published)}
	p.mu.Unlock()
	switch {
	case broken:
		http.Error(w, "down", http.StatusServiceUnavailable)
	case r.URL.Path == "/.well-known/openid-configuration":
		json.NewEncoder(w).Encode(discovery)
	case r.URL.Path == "/keys":
		if stall != nil {
			select {
			case <-stall:
			case <-r.Context().Done():
			}
		}
		if document != nil {
			w.Write(document)
			return
		}
		json.NewEncoder(w).Encode(keys)
	default:
		http.NotFound(w, r)
	}
}

// set changes the provider between two requests.
func (p *provider) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// fetches tells how often the keys were asked for.
func (p *provider) fetches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked["/keys"]
}

func (p *provider) issuer() Issuer { return Issuer{URL: p.URL} }

// key signs with ES256.
type key struct {
	id      string
	private *ecdsa.PrivateKey
}

func newKey(t testing.TB, id string) *key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &key{id, private}
}

func (k *key) jwk() map[string]any {
	point, err := k.private.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	return map[string]any{"kty": "EC", "crv": "P-256", "kid": k.id, "use": "sig", "x": encode(point[1:33]), "y": encode(point[33:])}
}

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// sign makes a token of claims, which are a map or the text of a JSON document.
func (k *key) sign(t testing.TB, claims any) string {
	t.Helper()
	return k.signWith(t, map[string]any{"alg": "ES256", "kid": k.id, "typ": "JWT"}, claims)
}

func (k *key) signWith(t testing.TB, header map[string]any, claims any) string {
	t.Helper()
	head, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	body, isText := claims.(string)
	if !isText {
		raw, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		body = string(raw)
	}
	input := encode(head) + "." + encode([]byte(body))
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, k.private, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + encode(signature)
}

// world is a verifier, a provider with one key, and a clock.
type world struct {
	*Verifier
	*provider
	key   *key
	clock *sys.Clock
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{provider: newProvider(t), key: newKey(t, "k1"), clock: new(sys.Clock)}
	w.provider.published = []map[string]any{w.key.jwk()}
	w.Verifier = New(Options{Fetch: fetch.New(fetch.Options{AllowLoopbackHTTP: true}), Now: w.clock.Now})
	return w
}

// claims are those of a good assertion, with others laid over them; nil takes one away.
func (w *world) claims(over map[string]any) map[string]any {
	now := w.clock.Now()
	all := map[string]any{
		"iss": w.URL, "sub": "subject-1", "aud": audience, "exp": now.Add(5 * time.Minute).Unix(), "iat": now.Unix(), "jti": "id-1",
		"email": "alice@example.test", "email_verified": true,
	}
	for name, value := range over {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	return all
}

// verify asks for the usual audience of the world's provider.
func (w *world) verify(token string) (Claims, error) {
	return w.Verify(w.t.Context(), token, w.issuer(), Expectations{Audiences: []string{audience}})
}

func reasonOf(err error) Reason {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	return 0
}

func TestAnAssertionOfATrustedIssuerIsAccepted(t *testing.T) {
	w := newWorld(t)
	token := w.key.sign(t, w.claims(map[string]any{"aud": []string{"other", audience}}))
	if issuer, err := PeekIssuer(token); err != nil || issuer != w.URL {
		t.Fatalf("peeked %q, %v", issuer, err)
	}
	c, err := w.verify(token)
	if err != nil {
		t.Fatal(err)
	}
	if c.Issuer != w.URL || c.Subject != "subject-1" || c.Audience != audience || len(c.Audiences) != 2 || c.ID != "id-1" || !c.EmailVerified {
		t.Errorf("got %+v", c)
	}
	if c.ExpiresAt.Sub(c.IssuedAt) != 5*time.Minute {
		t.Errorf("from %v to %v", c.IssuedAt, c.ExpiresAt)
	}
	if email, err := c.Value(t.Context(), "email"); err != nil || email != "alice@example.test" {
		t.Errorf("email is %q, %v", email, err)
	}
}

// failure is the check of a trace that failed.
func failure(t *trace.Trace) trace.Node {
	for _, node := range t.Nodes() {
		if node.Outcome == trace.Fail {
			return node
		}
	}
	return trace.Node{}
}
