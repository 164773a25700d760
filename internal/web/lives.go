package web

import "sallyport/internal/keys"

// Lives tells how long what pages seal may be good.
func Lives() []keys.Life {
	return []keys.Life{
		{What: "forms of pages", Purpose: purposeTicket, Longest: ticketLifetime},
		{What: "links with a user code", Purpose: purposeUserCode, Longest: ticketLifetime}, // as long as the device code, which lives no longer
	}
}
