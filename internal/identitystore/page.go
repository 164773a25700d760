package identitystore

import (
	"sallyport/internal/fault"
	"sallyport/internal/page"
)

var badToken = fault.Validation.Refuse("NextToken is not one that this list gave out: start the list again without it")

// openPage reads where a list of the identity store goes on.
func (s *Service) openPage(r page.Request) (page.Page, error) {
	r.Of = append([]string{s.IdentityStoreID}, r.Of...)
	p, err := page.Open(s.Ring, r)
	if err != nil {
		return p, badToken.Because("%v", err)
	}
	return p, nil
}
