package page

import (
	"time"

	"sallyport/internal/keys"
)

// life is how long somebody may take from page to page. A token itself has no end.
const life = 24 * time.Hour

// Lives tells how long what is sealed here may be good.
func Lives() []keys.Life {
	return []keys.Life{{What: "tokens of pages", Purpose: purpose, Longest: life}}
}
