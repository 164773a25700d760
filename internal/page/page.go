// Package page divides lists into pages: how long one is, where it begins, and the token with which the list goes on. A token is sealed, and
// good for the list and the caller that it was given out for. What a list holds and in which order is the rooms', and so are the words in
// which they refuse a token.
package page

import (
	"crypto/sha256"
	"errors"
	"slices"

	"sallyport/internal/api"
	"sallyport/internal/keys"
)

// Default is the page of a caller who names no size. AWS documents none; the models allow no more.
const Default = 100

const (
	purpose = "page"
	layout  = 1
)

// Request is what a list is asked for.
type Request struct {
	Operation *api.Operation
	Of        []string // what else makes the list what it is: whose it is, or who asks, and the parameters
	Size      *int64   // the longest page that the caller wants; nil for any
	Most      int      // the longest page that the output may hold; zero for Default
	Token     string   // with which a list goes on; empty at its beginning
}

// list tells lists apart.
func (r Request) list() string {
	sum := sha256.Sum256(keys.Pack(layout).Text(r.Operation.Service.ID).Text(r.Operation.Name).Texts(r.Of).Bytes())
	return string(sum[:])
}

// Page is where a page begins and how long it may be.
type Page struct {
	After []string // the key of the last row of the page before; empty at the beginning
	Limit int
	list  string
	ring  *keys.Ring
}

var errOther = errors.New("the token belongs to another list, or to another caller")

// Open reads where a list goes on. An error says why the token is none of this list.
func Open(ring *keys.Ring, r Request) (Page, error) {
	p := Page{Limit: Default, list: r.list(), ring: ring}
	if r.Size != nil {
		p.Limit = int(*r.Size)
	}
	if r.Most > 0 {
		p.Limit = min(p.Limit, r.Most)
	}
	if r.Token == "" {
		return p, nil
	}
	message, err := ring.Open(purpose, r.Token)
	if err != nil {
		return Page{}, err
	}
	u := keys.Unpack(layout, message)
	list := u.Text()
	p.After = u.Texts()
	if u.Err() != nil || list != p.list {
		return Page{}, errOther
	}
	return p, nil
}

// At is part i of the key that the page begins after.
func (p Page) At(i int) string {
	if i < len(p.After) {
		return p.After[i]
	}
	return ""
}

// Token is what the list goes on with behind the row of that key.
func (p Page) Token(last ...string) string {
	return p.ring.Seal(purpose, keys.Pack(layout).Text(p.list).Texts(last).Bytes())
}

// Cut takes the page from rows, of which one more was asked for than the page holds, and returns the token with which the list goes on, if it
// does.
func Cut[T any](p Page, rows []T, key func(T) []string) (kept []T, token string) {
	if len(rows) <= p.Limit {
		return rows, ""
	}
	rows = rows[:p.Limit]
	return rows, p.Token(key(rows[p.Limit-1])...)
}

// Slice takes the page from all rows of a list that is short by nature, in the order of their keys.
func Slice[T any](p Page, all []T, key func(T) []string) (kept []T, token string) {
	for len(all) > 0 && len(p.After) > 0 && slices.Compare(key(all[0]), p.After) <= 0 {
		all = all[1:]
	}
	return Cut(p, all, key)
}
