package admin

import (
	"crypto/sha256"
	"slices"

	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
)

const (
	// defaultPage is the page of a caller who names no size: the most that the model allows. AWS documents none.
	defaultPage = 100

	purposeCursor = "admin-cursor"
	cursorLayout  = 1
)

// pageRequest is what a list operation was asked for.
type pageRequest struct {
	MaxResults *int64
	NextToken  string
	Most       int      // longest page that the output may hold; zero for defaultPage
	Of         []string // the parameters that make the list what it is
}

// page is where a list begins and how long it may be.
type page struct {
	After []string // the key of the last row of the page before; empty at the beginning
	Limit int
	seal  func(last []string) string
}

// at is part i of the key that the page begins after.
func (p page) at(i int) string {
	if i < len(p.After) {
		return p.After[i]
	}
	return ""
}

var badToken = fault.Validation.Refuse("NextToken is not one that this list gave out: start the list again without it")

// openPage reads where the list goes on. A token is good for the account, the operation and the parameters that it was given out for.
func (s *Service) openPage(caller api.Caller, operation *api.Operation, r pageRequest) (page, error) {
	account := ""
	if caller.Signer != nil {
		account = caller.Signer.Account
	}
	sum := sha256.Sum256(keys.Pack(cursorLayout).Text(account).Text(operation.Name).Texts(r.Of).Bytes())
	list := string(sum[:])
	p := page{Limit: defaultPage, seal: func(last []string) string {
		return s.Ring.Seal(purposeCursor, keys.Pack(cursorLayout).Text(list).Texts(last).Bytes())
	}}
	if r.MaxResults != nil {
		p.Limit = int(*r.MaxResults)
	}
	if r.Most > 0 {
		p.Limit = min(p.Limit, r.Most)
	}
	if r.NextToken == "" {
		return p, nil
	}
	message, err := s.Ring.Open(purposeCursor, r.NextToken)
	if err != nil {
		return page{}, badToken
	}
	u := keys.Unpack(cursorLayout, message)
	given := u.Text()
	p.After = u.Texts()
	if u.Err() != nil || given != list {
		return page{}, badToken.Because("the token belongs to another list")
	}
	return p, nil
}

// cut takes the page from rows, of which one more was asked for than the page holds, and says how to go on.
func cut[T any](p page, rows []T, key func(T) []string) (kept []T, nextToken string) {
	if len(rows) <= p.Limit {
		return rows, ""
	}
	rows = rows[:p.Limit]
	return rows, p.seal(key(rows[p.Limit-1]))
}

// slice takes the page from all rows of a list that is short by nature, in the order of their keys.
func slice[T any](p page, all []T, key func(T) []string) (kept []T, nextToken string) {
	for len(all) > 0 && len(p.After) > 0 && slices.Compare(key(all[0]), p.After) <= 0 {
		all = all[1:]
	}
	return cut(p, all, key)
}
