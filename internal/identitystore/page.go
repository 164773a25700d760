package identitystore

import (
	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
)

const (
	// defaultPage is the page of a caller who names no size, which is the largest. AWS documents none.
	defaultPage = 100

	purposeCursor = "identitystore-cursor"
	cursorLayout  = 1
)

func pageSize(maxResults *int64) int {
	if maxResults == nil {
		return defaultPage
	}
	return int(*maxResults)
}

// question is the list that a next token belongs to: of another one it is refused.
type question struct {
	identityStoreID string
	operation       *api.Operation
	about           string // id of the group or user whose list it is, or the filter
}

func (s *Service) sealCursor(q question, last string) string {
	return s.Ring.Seal(purposeCursor,
		keys.Pack(cursorLayout).Text(q.identityStoreID).Text(q.operation.Name).Text(q.about).Text(last).Bytes())
}

var badCursor = fault.Validation.Refuse("NextToken is not one that this list gave out: start the list again without it")

// openCursor returns where the list goes on, which is at its beginning without a token.
func (s *Service) openCursor(q question, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	message, err := s.Ring.Open(purposeCursor, text)
	if err != nil {
		return "", badCursor
	}
	u := keys.Unpack(cursorLayout, message)
	same := u.Text() == q.identityStoreID
	same = u.Text() == q.operation.Name && same
	same = u.Text() == q.about && same
	last := u.Text()
	if u.Err() != nil || !same {
		return "", badCursor.Because("the token belongs to another list")
	}
	return last, nil
}

// cut takes a page of one row more than its size back to the size, and returns the token with which the list goes on, if it does.
func cut[T any](s *Service, q question, rows []T, size int, key func(T) string) ([]T, string) {
	if len(rows) <= size {
		return rows, ""
	}
	return rows[:size], s.sealCursor(q, key(rows[size-1]))
}
