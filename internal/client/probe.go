package client

import (
	"net/http"
	"net/url"
)

// Transport is the way to an endpoint, as calls take it: through the same proxy, with the same certificate authorities and the same
// patience. It is for whoever looks at the way itself.
func (s *Settings) Transport(endpoint *url.URL) (*http.Transport, error) {
	return s.transport(endpoint)
}
