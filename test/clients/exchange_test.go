package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/test/harness"
)

// answer is what came back over plain HTTP.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// json decodes the body; one that is no JSON object has no members.
func (a answer) json() members {
	var m members
	if json.Unmarshal(a.body, &m) != nil {
		return nil
	}
	return m
}

// refuses reports whether the answer is the exception.
func (a answer) refuses(exception string) bool {
	return a.status != http.StatusOK && a.json().text("__type") == exception
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// plain calls operations with no library between, for any number of goroutines. An error means that no answer came.
type plain struct {
	server *harness.Server
	http   *http.Client
}

// newPlain makes a caller with room for so many connections at once. They are closed before the server ends: a server that stops in order
// waits seconds for connections on which nothing was ever asked.
func newPlain(t testing.TB, s *harness.Server, connections int) plain {
	transport := &http.Transport{MaxIdleConnsPerHost: connections}
	t.Cleanup(transport.CloseIdleConnections)
	return plain{s, &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// message is a request that may yet be spoiled.
type message struct {
	method, target string
	header         http.Header
	body           []byte
	chunked        bool
}

// compose puts an input on the wire as the operation's table says.
func compose(operation *api.Operation, in members) message {
	m := message{method: operation.Method, target: operation.Path, header: http.Header{}}
	if operation.Service.Protocol == api.Query {
		m.header.Set("Content-Type", "application/x-www-form-urlencoded")
		m.body = []byte(url.Values{"Action": {operation.Name}, "Version": {operation.Service.Version}}.Encode())
		return m
	}
	query, body := url.Values{}, members{}
	for _, member := range operation.Input.Members {
		value, given := in[member.Name]
		switch {
		case !given:
		case member.Location == api.QueryString:
			query.Set(member.Wire, fmt.Sprint(value))
		case member.Location == api.Header:
			m.header.Set(member.Wire, fmt.Sprint(value))
		default:
			body[member.Wire] = value
		}
	}
	if len(query) > 0 {
		m.target += "?" + query.Encode()
	}
	if hasBody(operation) {
		m.header.Set("Content-Type", "application/json")
		m.body, _ = json.Marshal(body) // texts and lists of texts: nothing can fail
	}
	return m
}

// hasBody reports whether members of the operation's input travel in a JSON body.
func hasBody(operation *api.Operation) bool {
	return slices.ContainsFunc(operation.Input.Members, func(m *api.Member) bool { return m.Location == api.Body })
}

func (p plain) call(operation *api.Operation, in members) (answer, error) {
	return p.deliver(compose(operation, in))
}

func (p plain) deliver(m message) (answer, error) {
	request, err := http.NewRequest(m.method, p.server.Endpoint, bytes.NewReader(m.body))
	if err != nil {
		return answer{}, err
	}
	path, query, _ := strings.Cut(m.target, "?")
	request.URL.Opaque, request.URL.RawQuery = path, query // as it stands, in no canonical form
	if strings.HasPrefix(path, "//") {
		request.URL.Opaque = p.server.Endpoint + path // what net/http would take for a host
	}
	request.Header = m.header.Clone()
	if host := m.header.Get("Host"); host != "" {
		request.Host = host
	}
	if m.chunked {
		request.ContentLength, request.GetBody = -1, nil
	}
	response, err := p.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, body}, err
}

func (p plain) get(path string) (answer, error) {
	return p.deliver(message{method: http.MethodGet, target: path})
}
