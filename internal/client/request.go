package client

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"sallyport/internal/command"
	"slices"
	"strings"
	"unicode"

	"sallyport/internal/api"
	"sallyport/internal/jmespath"
)

// message is a request before it is sent: it becomes one *http.Request for each attempt.
type message struct {
	method string
	url    *url.URL
	header http.Header
	body   []byte
}

// newMessage puts the input of an operation on the wire, by the protocol of its service.
func newMessage(endpoint *url.URL, operation *api.Operation, input jmespath.Value) *message {
	m := &message{method: operation.Method, header: http.Header{}}
	if operation.Service.Protocol == api.Query {
		m.asForm(endpoint, operation, input)
	} else {
		m.asREST(endpoint, operation, input)
	}
	m.header.Set("Accept-Encoding", "identity")
	return m
}

// asREST spreads the members over the query, the headers and a JSON body (restJson1). They go out in the order in which they were given, as
// the reference's do.
func (m *message) asREST(endpoint *url.URL, operation *api.Operation, input jmespath.Value) {
	path, query, _ := strings.Cut(operation.Path, "?")
	parameters := strings.FieldsFunc(query, func(r rune) bool { return r == '&' })
	var body []jmespath.Member
	for _, given := range input.Members() {
		member := operation.Input.Member(given.Name)
		switch {
		case member == nil: // not of this operation: what is validated has none
		case member.Location == api.QueryString:
			parameters = append(parameters, escape(member.Wire)+"="+escape(plainText(given.Value)))
		case member.Location == api.Header:
			m.header.Set(member.Wire, plainText(given.Value))
		default:
			body = append(body, jmespath.Member{Name: member.Wire, Value: given.Value})
		}
	}
	m.url = join(endpoint, path, strings.Join(parameters, "&"))
	if slices.ContainsFunc(operation.Input.Members, func(member *api.Member) bool { return member.Location == api.Body }) {
		m.header.Set("Content-Type", "application/json")
		m.body = jmespath.Wire.AppendJSON(nil, jmespath.ObjectOf(body))
	}
}

// asForm writes the members as a form (awsQuery). The model has no lists and structures in the input of such an operation yet.
func (m *message) asForm(endpoint *url.URL, operation *api.Operation, input jmespath.Value) {
	form := "Action=" + escape(operation.Name) + "&Version=" + escape(operation.Service.Version)
	for _, member := range operation.Input.Members {
		if value, given := input.Get(member.Name); given {
			form += "&" + escape(member.Wire) + "=" + escape(plainText(value))
		}
	}
	m.url = join(endpoint, operation.Path, "")
	m.header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	m.body = []byte(form)
}

// plainText is how a text or a number stands in a query, a header or a form.
func plainText(value jmespath.Value) string { return value.Text() + value.Number() }

// escape leaves only unreserved characters alone (RFC 3986 §2.3).
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// join puts the path of an operation behind the path of the endpoint, escapes and all.
func join(endpoint *url.URL, path, query string) *url.URL {
	joined := *endpoint
	joined.RawPath = strings.TrimSuffix(endpoint.EscapedPath(), "/") + path
	joined.Path, _ = url.PathUnescape(joined.RawPath) // both halves were parsed before
	joined.RawQuery = query
	return &joined
}

// check refuses values that would break out of their header: a token read from a file that ends in a newline.
func (m *message) check() error {
	for name, values := range m.header {
		if strings.ContainsFunc(values[0], unicode.IsControl) {
			return command.OtherError("Invalid header value for %s: it holds a line end or another control character", name)
		}
	}
	return nil
}

// attempt is the request of one attempt.
func (m *message) attempt(ctx context.Context) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, m.method, m.url.String(), bytes.NewReader(m.body))
	if err != nil {
		return nil, err
	}
	request.Header = m.header.Clone()
	// An attempt is sent once; sending again is our decision. The transport makes it by itself for requests that it can repeat, if a used
	// connection ends, and takes those without a body for such: unless they have one, be it empty.
	request.GetBody = nil
	if request.Body == http.NoBody && request.Method == http.MethodGet {
		request.Body = io.NopCloser(strings.NewReader(""))
	}
	return request, nil
}

// userAgent tells the server what calls, in the form of the reference.
func (c *Client) userAgent(operation *api.Operation) string {
	return command.Program + "/" + c.settings.Version + " ua/2.1 os/" + runtime.GOOS + " md/arch#" + runtime.GOARCH +
		" lang/go#" + strings.TrimPrefix(runtime.Version(), "go") +
		" cfg/retry-mode#standard md/command#" + operation.Service.Command + "." + command.Spell(operation.Name)
}
