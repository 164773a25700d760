// Package strictform reads form encoding, of queries and of bodies, so that no two readers can disagree about what it says. It owns what is
// well formed; how much may be read, and what the parameters mean, is for the rims.
package strictform

import (
	"errors"
	"net/url"
	"unicode/utf8"
)

// The errors are sentences for whoever sent the text, and repeat nothing of it.
var (
	errEncoding = errors.New("the parameters cannot be read: join them with & and percent-encode what is in them")
	errRepeated = errors.New("a parameter was sent more than once")
	errText     = errors.New("a parameter is not UTF-8")
)

// Parse reads parameters, each of which stands once. What cannot be decoded, which net/url drops in silence, is refused, and so is a parameter
// that is repeated, of which one reader takes the first and another the last, and text that is not UTF-8, which no JSON body can hold either.
func Parse(text string) (url.Values, error) {
	if text == "" {
		return nil, nil
	}
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, errEncoding
	}
	for name, all := range values {
		if len(all) > 1 {
			return nil, errRepeated
		}
		if !utf8.ValidString(name) || !utf8.ValidString(all[0]) {
			return nil, errText
		}
	}
	return values, nil
}
