package admin

import (
	"sallyport/internal/api"
	"sallyport/internal/fault"
	"sallyport/internal/page"
)

var badToken = fault.Validation.Refuse("NextToken is not one that this list gave out: start the list again without it")

// each shows the rows of a list. Of those that cannot be read it shows what show can tell.
func each[R, T any](s *Service, rows []R, show func(R) (T, error)) ([]T, error) {
	shown := make([]T, 0, len(rows))
	for _, row := range rows {
		one, err := show(row)
		if err != nil && !s.Store.NoteUnreadable(err) {
			return nil, err
		}
		shown = append(shown, one)
	}
	return shown, nil
}

// openPage reads where a list goes on. A token is good for the account that it was given out to.
func (s *Service) openPage(caller api.Caller, r page.Request) (page.Page, error) {
	account := ""
	if caller.Signer != nil {
		account = caller.Signer.Account
	}
	r.Of = append([]string{account}, r.Of...)
	p, err := page.Open(s.Ring, r)
	if err != nil {
		return p, badToken.Because("%v", err)
	}
	return p, nil
}
