package policy

import "sync"

// The bounds of a generation of a Cache. Installations have tens of policies that are in use, of about a thousand characters. A document that
// is all wildcards takes sixty bytes a character when it is read, and everybody who may take on a role can write one for a session: two
// generations of those take some 30 MiB.
const (
	cacheGeneration = 512       // documents
	cacheText       = 256 << 10 // bytes of all of them
)

// Cache keeps documents that were read, so that a request costs no parsing. It is keyed by the whole document and its kind: a policy that
// changed is another key, and nothing has to be told. The zero value is ready, and many goroutines may use it.
type Cache struct {
	mu         sync.Mutex
	young, old map[cacheKey]*Policy
	text       int // bytes of the documents in young
}

type cacheKey struct {
	document string
	kind     Kind
}

// Parse is the function Parse, remembered. Documents that are refused are not kept: nobody may fill the cache with them.
func (c *Cache) Parse(document string, kind Kind) (*Policy, error) {
	key := cacheKey{document, kind}
	if p := c.find(key); p != nil {
		return p, nil
	}
	p, err := Parse([]byte(document), kind)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(key, p)
	return p, nil
}

func (c *Cache) find(key cacheKey) *Policy {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.young[key]; p != nil {
		return p
	}
	p := c.old[key]
	if p != nil {
		c.keep(key, p)
	}
	return p
}

// keep enters the policy into the young generation. When that is full it becomes the old one, whose policies go unless they are asked for.
func (c *Cache) keep(key cacheKey, p *Policy) {
	if _, entered := c.young[key]; entered { // by another request, meanwhile
		return
	}
	if c.young == nil || len(c.young) >= cacheGeneration || c.text+len(key.document) > cacheText {
		c.young, c.old, c.text = make(map[cacheKey]*Policy, cacheGeneration), c.young, 0
	}
	c.young[key] = p
	c.text += len(key.document)
}
