package policy

import "sync"

// cacheGeneration is how many documents a generation of a Cache holds. Installations have tens of policies that are in use; two
// generations of documents of the largest size take some 20 MiB.
const cacheGeneration = 512

// Cache keeps documents that were read, so that a request costs no parsing. It is keyed by the whole document and its kind: a policy that
// changed is another key, and nothing has to be told. The zero value is ready, and many goroutines may use it.
type Cache struct {
	mu         sync.Mutex
	young, old map[cacheKey]*Policy
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
	if c.young == nil || len(c.young) >= cacheGeneration {
		c.young, c.old = make(map[cacheKey]*Policy, cacheGeneration), c.young
	}
	c.young[key] = p
}
