package sigv4

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// message is a request as a signature sees it. Header names are in lower case and include host.
type message struct {
	method string
	path   string // as on the wire, escapes kept
	params []param
	header map[string][]string
}

// param is one pair of the query, decoded.
type param struct{ name, value string }

// read takes a request apart. On a server the target is what the client sent; on a client, what net/http will send.
func read(r *http.Request) (*message, error) {
	target := r.RequestURI
	if target == "" {
		target = r.URL.RequestURI()
	}
	if len(target) > maxTarget {
		return nil, refuse(NotCanonical, "the request target is longer than %d bytes", maxTarget)
	}
	path, query, _ := strings.Cut(target, "?")
	if err := checkPath(path); err != nil {
		return nil, err
	}
	params, err := parseQuery(query)
	if err != nil {
		return nil, err
	}
	return &message{method: r.Method, path: path, params: params, header: lowerHeader(r)}, nil
}

// checkPath refuses a path that signers normalise or that routers decode into another one: the absolute form, empty and
// dot segments, escaped or reversed slashes, path parameters.
func checkPath(path string) error {
	if !strings.HasPrefix(path, "/") {
		return refuse(NotCanonical, "the request target must start with a slash")
	}
	if strings.ContainsFunc(path, func(c rune) bool { return c <= ' ' || c == 0x7f || c == ';' || c == '#' }) {
		return refuse(NotCanonical, "the path holds a character that must be escaped")
	}
	segments := strings.Split(path[1:], "/")
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		last := i == len(segments)-1
		if err != nil || strings.ContainsAny(plain, "/\\") || plain == "." || plain == ".." || plain == "" && !last {
			return refuse(NotCanonical, "the path has an empty, dot or wrongly escaped segment")
		}
	}
	return nil
}

// parseQuery decodes a query strictly. Go's own parser drops pairs that it dislikes, which would sign one query and act on
// another, and of a repeated parameter each reader takes the one it likes.
func parseQuery(query string) ([]param, error) {
	if query == "" {
		return nil, nil
	}
	if strings.ContainsAny(query, ";#") {
		return nil, refuse(NotCanonical, "the query holds a character that must be escaped")
	}
	if strings.Count(query, "&") >= maxParams {
		return nil, refuse(NotCanonical, "the query has more than %d parameters", maxParams)
	}
	params, err := splitQuery(query)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(params))
	for _, p := range params {
		if seen[p.name] {
			return nil, refuse(NotCanonical, "a query parameter is given twice")
		}
		seen[p.name] = true
	}
	return params, nil
}

func splitQuery(query string) ([]param, error) {
	var params []param
	for pair := range strings.SplitSeq(query, "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, errName := url.QueryUnescape(rawName)
		value, errValue := url.QueryUnescape(rawValue)
		if errName != nil || errValue != nil || name == "" {
			return nil, refuse(NotCanonical, "the query has a parameter without a name or with a wrong escape")
		}
		params = append(params, param{name, value})
	}
	return params, nil
}

// lowerHeader is the header under lower-case names, with the host that net/http keeps elsewhere.
func lowerHeader(r *http.Request) map[string][]string {
	header := make(map[string][]string, len(r.Header)+1)
	for name, values := range r.Header {
		name = strings.ToLower(name)
		if other, twice := header[name]; twice { // in two spellings, which net/http never makes
			values = slices.Concat(other, values)
		}
		header[name] = values
	}
	header[headerHost] = []string{r.Host}
	if r.Host == "" && r.URL != nil {
		header[headerHost] = []string{r.URL.Host}
	}
	return header
}

// usualCanonical is a little more than most canonical requests have without a session token, in bytes.
const usualCanonical = 512

// canonical is the canonical request over the signed headers.
func (m *message) canonical(signed []string, payloadHash string) string {
	var b strings.Builder
	b.Grow(usualCanonical)
	b.WriteString(m.method)
	b.WriteByte('\n')
	escape(&b, m.path, true)
	b.WriteByte('\n')
	b.WriteString(canonicalQuery(m.params))
	b.WriteByte('\n')
	for _, name := range signed {
		b.WriteString(name)
		b.WriteByte(':')
		for i, value := range m.header[name] {
			if i > 0 {
				b.WriteByte(',')
			}
			foldSpaces(&b, value)
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	b.WriteString(strings.Join(signed, ";"))
	b.WriteByte('\n')
	b.WriteString(payloadHash)
	return b.String()
}

// canonicalQuery encodes every parameter but the signature itself, in the order of the encoded names, then values.
func canonicalQuery(params []param) string {
	encoded := make([]param, 0, len(params))
	for _, p := range params {
		if p.name != querySignature {
			encoded = append(encoded, param{escaped(p.name), escaped(p.value)})
		}
	}
	slices.SortFunc(encoded, func(a, b param) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
	var b strings.Builder
	for i, p := range encoded {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name)
		b.WriteByte('=')
		b.WriteString(p.value)
	}
	return b.String()
}

// foldSpaces trims a header value and makes one space of each run. The SDKs fold tabs as well, except the Go one, which
// sends none.
func foldSpaces(b *strings.Builder, value string) {
	isSpace := func(c byte) bool { return c == ' ' || c == '\t' }
	pending, started := false, false
	for i := range len(value) {
		c := value[i]
		if isSpace(c) {
			pending = started
			continue
		}
		if pending {
			b.WriteByte(' ')
		}
		b.WriteByte(c)
		pending, started = false, true
	}
}

func escaped(s string) string {
	var b strings.Builder
	escape(&b, s, false)
	return b.String()
}

// escape percent-encodes all but the unreserved characters of RFC 3986 §2.3. A path comes here with the escapes it had on
// the wire, so its percent signs are encoded again: the double encoding that every service but S3 asks for.
func escape(b *strings.Builder, s string, keepSlash bool) {
	const hexDigits = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if isUnreserved(c) || keepSlash && c == '/' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
}

func isUnreserved(c byte) bool {
	return isAlphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~'
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
