package token

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sallyport/internal/creds"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/oauth"
)

// A registration is stored nowhere: RegisterClient is open to everybody, and a flood of registrations must not write a row. It travels
// sealed in the client id, because GET /authorize brings nothing else. The client secret is sealed for the same registration and shows
// that whoever asks for tokens is the one who registered.

const (
	purposeClientID     = "client-id"
	purposeClientSecret = "client-secret"
	clientLayout        = 1

	// registrationLifetime is AWS's, and the longest time that a sealing key must be kept for.
	registrationLifetime = 90 * 24 * time.Hour
)

// registration is what a client registered.
type registration struct {
	ID           string // 128 random bits
	Name         string // self-declared
	Scopes       oauth.Scopes
	RedirectURIs []oauth.RedirectURI
	GrantTypes   []oauth.GrantType
	CreatedAt    time.Time
}

func (r registration) expiresAt() time.Time { return r.CreatedAt.Add(registrationLifetime) }

// Client is a registration that was opened from its client id, or an application that was read by its ARN. That there is one does not say
// that its owner asks.
type Client struct {
	registration
	Text          string // the client id as the client sends it
	ApplicationID string // empty for a registration
}

// consentEnds is until when a person need not be asked again who agreed now.
func (c Client) consentEnds(now time.Time) time.Time {
	if c.ApplicationID != "" {
		return now.Add(registrationLifetime)
	}
	return c.expiresAt()
}

// allows reports whether the client registered for the grant, or the application is configured for it.
func (c Client) allows(grant oauth.GrantType) bool { return slices.Contains(c.GrantTypes, grant) }

// refreshable reports whether a session of the client gets refresh tokens. For an application its grants decide, whatever its scopes.
func (c Client) refreshable() bool {
	return (c.Scopes.Refreshable() || c.ApplicationID != "") && c.allows(oauth.GrantRefreshToken)
}

// sessionAccess is how long a session of the client lives that is never refreshed.
func (c Client) sessionAccess() time.Duration {
	if c.ApplicationID != "" {
		return creds.AccessLifetime + repeatGrace // in which the one answer may be given again
	}
	return accessLifetime(c.Scopes)
}

// authenticatedClient is a client that showed its secret, or an application whose policy allows the signer to act for it.
type authenticatedClient struct{ Client }

func newRegistrationID() string {
	raw := make([]byte, 16)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func (s *Service) sealClient(r registration) (clientID, clientSecret string) {
	p := keys.Pack(clientLayout).Text(r.ID).Text(r.Name).Int(r.CreatedAt.Unix()).Texts(r.Scopes.Strings())
	uris := make([]string, len(r.RedirectURIs))
	for i, uri := range r.RedirectURIs {
		uris[i] = uri.String()
	}
	grants := make([]string, len(r.GrantTypes))
	for i, grant := range r.GrantTypes {
		grants[i] = string(grant)
	}
	key := s.Ring.Active()
	return key.Seal(purposeClientID, p.Texts(uris).Texts(grants).Bytes()), key.Seal(purposeClientSecret, secretMessage(r.ID))
}

func secretMessage(id string) []byte { return keys.Pack(clientLayout).Text(id).Bytes() }

var invalidClient = fault.InvalidClient.Refuse("The client is unknown here or its registration has expired: register it again")

// openClient reads a client id.
func (s *Service) openClient(text string) (Client, error) {
	message, err := s.Ring.Open(purposeClientID, text)
	if err != nil {
		return Client{}, invalidClient.Because("the client id does not open")
	}
	u := keys.Unpack(clientLayout, message)
	r := registration{ID: u.Text(), Name: u.Text(), CreatedAt: time.Unix(u.Int(), 0).UTC()}
	scopes, uris, grants := u.Texts(), u.Texts(), u.Texts()
	if err := u.Err(); err != nil {
		return Client{}, invalidClient.Because("the client id has another layout")
	}
	for _, scope := range scopes {
		r.Scopes = append(r.Scopes, oauth.Scope(scope)) // parsed when it was sealed
	}
	for _, grant := range grants {
		r.GrantTypes = append(r.GrantTypes, oauth.GrantType(grant))
	}
	for _, uri := range uris {
		parsed, err := oauth.ParseRedirectURI(uri)
		if err != nil {
			return Client{}, invalidClient.Because("a registered redirect URI is no longer allowed")
		}
		r.RedirectURIs = append(r.RedirectURIs, parsed)
	}
	if !s.Clock.Now().Before(r.expiresAt()) {
		return Client{}, invalidClient.Because("the registration expired at %s", r.expiresAt())
	}
	return Client{registration: r, Text: text}, nil
}

// authenticate opens a client id and checks that the secret belongs to it. A client that polls is opened once.
func (s *Service) authenticate(clientID, clientSecret string) (authenticatedClient, error) {
	pair := credentials{clientID, clientSecret}
	lost := s.Ring.Lost()
	s.known.forget(lost)
	if client, known := s.known.get(pair); known && s.Clock.Now().Before(client.expiresAt()) {
		return client, nil
	}
	client, err := s.open(pair)
	if err == nil && len(pair.id) <= knownClientID {
		s.known.put(pair, client, lost)
	}
	return client, err
}

// credentials are what a client shows.
type credentials struct{ id, secret string }

const (
	// knownClients bounds the clients that are kept open.
	knownClients = 4096
	// knownClientID bounds the client id of one that is: anybody may register, and 4096 of the longest would take over 100 MB. Those of the clients
	// in use have a few hundred bytes.
	knownClientID = 1 << 10
)

// clientCache remembers clients that were authenticated. It holds nothing that their credentials do not say, so forgetting is no loss.
type clientCache struct {
	mu   sync.RWMutex
	open map[credentials]authenticatedClient
	lost atomic.Uint64 // the keys that the ring had lost when the cache was last emptied
}

// forget empties the cache when the ring has lost a key since: what that key sealed is not good any more.
func (c *clientCache) forget(lost uint64) {
	if c.lost.Load() == lost {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = nil
	c.lost.Store(lost)
}

func (c *clientCache) get(pair credentials) (authenticatedClient, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	client, known := c.open[pair]
	return client, known
}

// put keeps a client that was opened when the ring had lost so many keys. If it has lost another one since, that may have been the client's.
func (c *clientCache) put(pair credentials, client authenticatedClient, lost uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost.Load() != lost {
		return
	}
	if c.open == nil || len(c.open) >= knownClients {
		c.open = map[credentials]authenticatedClient{}
	}
	// The texts share the request's body; the cache must not keep all of it.
	pair.id, pair.secret, client.Text = strings.Clone(pair.id), strings.Clone(pair.secret), strings.Clone(client.Text)
	c.open[pair] = client
}

func (s *Service) open(pair credentials) (authenticatedClient, error) {
	client, err := s.openClient(pair.id)
	if err != nil {
		return authenticatedClient{}, err
	}
	message, err := s.Ring.Open(purposeClientSecret, pair.secret)
	if err != nil {
		return authenticatedClient{}, invalidClient.Because("the client secret does not open")
	}
	if subtle.ConstantTimeCompare(message, secretMessage(client.ID)) != 1 {
		return authenticatedClient{}, invalidClient.Because("the client secret belongs to another client")
	}
	return authenticatedClient{client}, nil
}
