package assertion

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"sallyport/internal/fetch"
	"sallyport/internal/jose"
	"sallyport/internal/strictjson"
)

// How long keys are believed, and how much their issuers are asked. What an issuer says about caching is not heard: a value of
// seconds would make a fetch of every request, and one of years would keep a withdrawn key for ever.
const (
	// freshFor is for how long fetched keys are used: a key that the issuer withdraws is refused after that.
	freshFor = 10 * time.Minute
	// renewAfter is when an assertion makes us fetch them again, without waiting for them.
	renewAfter = 5 * time.Minute
	// staleFor is for how long keys are used beyond freshFor while they cannot be fetched: an outage of the issuer's web server is
	// not one of ours, but a key may have been withdrawn meanwhile.
	staleFor = time.Hour
	// failureFor is for how long a failed fetch is not repeated.
	failureFor = 15 * time.Second
	// unknownKeyPause is the time between two fetches that are made because no key fits an assertion. Everybody can send such
	// assertions.
	unknownKeyPause = 60 * time.Second
	// loadTimeout is for discovery document and key set together.
	loadTimeout = 5 * time.Second
	// maxWaiting is how many assertions may wait for the keys of one issuer. Those beyond are refused at once.
	maxWaiting = 512
	// maxIssuers is of how many issuers keys are kept; the least recently used give way. An instance may have ten, an account a
	// hundred.
	maxIssuers = 256
	// maxStatic is how many configured key sets are kept in their parsed form.
	maxStatic = 256
	// maxDiscoveryBytes is some hundred times as large as such documents are.
	maxDiscoveryBytes = 256 << 10
)

// discoveryLimits bound the members of a discovery document, which has lists of claims, scopes and algorithms.
var discoveryLimits = strictjson.Limits{Bytes: maxDiscoveryBytes, Depth: 8, Members: 5_000}

// keySet is keys that may be used now.
type keySet struct {
	set     *jose.Set
	fetched time.Time // zero if they are configured
	outage  error     // why they could not be fetched since, if that was tried
}

func (k keySet) describe(now time.Time) string {
	text := fmt.Sprintf("%d usable, %d ignored", k.set.Len(), len(k.set.Ignored))
	if k.fetched.IsZero() {
		return text + ", as configured"
	}
	text += fmt.Sprintf(", fetched %s ago", now.Sub(k.fetched).Round(time.Second))
	if k.outage != nil {
		text += fmt.Sprintf(", and not since: %v", k.outage)
	}
	return text
}

// whyIgnored tells why keys of that name are not used.
func (k keySet) whyIgnored(keyID string) string {
	var reasons []string
	for _, ignored := range k.set.Ignored {
		if ignored.KeyID == keyID {
			reasons = append(reasons, "A key of that name is ignored: "+ignored.Why+".")
		}
	}
	return strings.Join(reasons, " ")
}

// cache keeps the keys of issuers, by the issuer's address: what one publishes never verifies the assertions of another. Its lock is
// never held while something is fetched.
type cache struct {
	fetch *fetch.Client
	now   func() time.Time

	mu      sync.Mutex
	issuers map[string]*publication
	uses    uint64
	parsed  map[[sha256.Size]byte]*jose.Set
}

// publication is the keys of one issuer, and what happened on the way to them.
type publication struct {
	url     string
	set     *jose.Set // nil until they have been fetched once
	fetched time.Time
	failed  time.Time // of the last fetch, zero if it succeeded
	failure error
	sought  time.Time     // when an assertion that no key fitted last made us fetch
	loading chan struct{} // closed when the fetch under way has ended; nil if none is
	waiting int
	used    uint64
}

func newCache(client *fetch.Client, now func() time.Time) *cache {
	return &cache{fetch: client, now: now, issuers: map[string]*publication{}, parsed: map[[sha256.Size]byte]*jose.Set{}}
}

var (
	errBusy   = errors.New("too many assertions of the issuer are waiting for its keys")
	errGaveUp = errors.New("the caller did not wait for the keys of the issuer")
)

// static parses configured keys, once for all that have the same.
func (c *cache) static(document []byte) (*jose.Set, error) {
	name := sha256.Sum256(document)
	c.mu.Lock()
	set := c.parsed[name]
	c.mu.Unlock()
	if set != nil {
		return set, nil
	}
	set, err := jose.ParseSet(document)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.parsed) >= maxStatic {
		clear(c.parsed) // configurations change rarely, and are parsed quickly
	}
	c.parsed[name] = set
	return set, nil
}

// keys answers the keys of an issuer that may be used now, and fetches them if need be. All who need them at the same time wait for
// one fetch.
func (c *cache) keys(ctx context.Context, url string) (keySet, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.publication(url)
	now := c.now()
	if p.set != nil && now.Sub(p.fetched) < freshFor {
		if now.Sub(p.fetched) >= renewAfter && !p.failedLately(now) {
			c.load(p)
		}
		return p.usable(now)
	}
	if p.failedLately(now) {
		return p.usable(now)
	}
	if err := c.await(ctx, p); err != nil {
		return keySet{}, err
	}
	return p.usable(c.now())
}

// renewed answers keys that were fetched after old had none that fitted, if the issuer may be asked so soon. An assertion waits
// here at most as long as the fetch takes.
func (c *cache) renewed(ctx context.Context, url string, old *jose.Set) (keySet, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.publication(url)
	if now := c.now(); p.set == old {
		if p.loading == nil && (p.failedLately(now) || now.Sub(p.sought) < unknownKeyPause) {
			return keySet{}, false
		}
		if p.loading == nil {
			p.sought = now
		}
		if c.await(ctx, p) != nil {
			return keySet{}, false
		}
	}
	keys, err := p.usable(c.now())
	return keys, err == nil && keys.set != old
}

// publication finds the issuer's, or makes room for it.
func (c *cache) publication(url string) *publication {
	p := c.issuers[url]
	if p == nil {
		if len(c.issuers) >= maxIssuers {
			c.evict()
		}
		p = &publication{url: url}
		c.issuers[url] = p
	}
	c.uses++
	p.used = c.uses
	return p
}

// evict forgets the issuer that was not asked for the longest.
func (c *cache) evict() {
	var oldest *publication
	for _, p := range c.issuers {
		if p.loading == nil && (oldest == nil || p.used < oldest.used) {
			oldest = p
		}
	}
	if oldest != nil {
		delete(c.issuers, oldest.url)
	}
}

func (p *publication) failedLately(now time.Time) bool {
	return p.failure != nil && now.Sub(p.failed) < failureFor
}

// usable answers the keys while they are fresh, and beyond that during an outage.
func (p *publication) usable(now time.Time) (keySet, error) {
	age := now.Sub(p.fetched)
	switch {
	case p.set != nil && age < freshFor, p.set != nil && p.failure != nil && age < freshFor+staleFor:
		return keySet{set: p.set, fetched: p.fetched, outage: p.failure}, nil
	case p.failure != nil:
		return keySet{}, p.failure
	}
	return keySet{}, errGaveUp
}

// await waits for the fetch under way, or for a new one, without the lock.
func (c *cache) await(ctx context.Context, p *publication) error {
	if p.waiting >= maxWaiting {
		return errBusy
	}
	loading := c.load(p)
	p.waiting++
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		p.waiting--
	}()
	select {
	case <-loading:
		return nil
	case <-ctx.Done():
		return errGaveUp
	}
}

// load begins a fetch unless one is under way. It goes on when those who wait for it go away: the next ones need it.
func (c *cache) load(p *publication) (loading chan struct{}) {
	if p.loading == nil {
		p.loading = make(chan struct{})
		go c.fetchInto(p, p.loading, c.now())
	}
	return p.loading
}

func (c *cache) fetchInto(p *publication, loading chan struct{}, began time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
	defer cancel()
	set, err := c.download(ctx, p.url)
	c.mu.Lock()
	defer c.mu.Unlock()
	p.loading, p.failure = nil, err
	if err == nil {
		p.set, p.fetched, p.failed = set, began, time.Time{}
	} else {
		p.failed = c.now()
	}
	close(loading)
}

// download follows OpenID Connect Discovery §4: the document of the issuer, which has to be the issuer's own (§4.3), and the key
// set that it names.
func (c *cache) download(ctx context.Context, url string) (*jose.Set, error) {
	document, err := c.fetch.Get(ctx, strings.TrimSuffix(url, "/")+"/.well-known/openid-configuration", maxDiscoveryBytes)
	if err != nil {
		return nil, fmt.Errorf("fetching the discovery document: %w", err)
	}
	address, err := readDiscovery(document, url)
	if err != nil {
		return nil, err
	}
	keys, err := c.fetch.Get(ctx, address, jose.MaxSetBytes)
	if err != nil {
		return nil, fmt.Errorf("fetching the keys: %w", err)
	}
	return jose.ParseSet(keys)
}

// readDiscovery is the address of the keys that the discovery document of an issuer names.
func readDiscovery(document []byte, issuer string) (keysAddress string, err error) {
	discovery, err := strictjson.Parse(document, discoveryLimits)
	if err != nil {
		return "", fmt.Errorf("reading the discovery document: %w", err)
	}
	if named, _ := discovery.Get("issuer"); named.Text() != issuer {
		return "", fmt.Errorf("the discovery document is of issuer %q, not of %q", named.Text(), issuer)
	}
	address, _ := discovery.Get("jwks_uri")
	if address.Text() == "" {
		return "", errors.New("the discovery document has no jwks_uri")
	}
	return address.Text(), nil
}
