package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
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

func (p plain) send(request *http.Request) (answer, error) {
	response, err := p.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, body}, err
}

func (p plain) call(operation *api.Operation, in members) (answer, error) {
	query, header, body := url.Values{}, http.Header{}, members{}
	for _, member := range operation.Input.Members {
		value, given := in[member.Name]
		switch {
		case !given:
		case member.Location == api.QueryString:
			query.Set(member.Wire, fmt.Sprint(value))
		case member.Location == api.Header:
			header.Set(member.Wire, fmt.Sprint(value))
		default:
			body[member.Wire] = value
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return answer{}, err
	}
	request, err := http.NewRequest(operation.Method, p.server.Endpoint+operation.Path+"?"+query.Encode(), bytes.NewReader(text))
	if err != nil {
		return answer{}, err
	}
	request.Header = header
	request.Header.Set("Content-Type", "application/json")
	return p.send(request)
}

func (p plain) get(path string) (answer, error) {
	request, err := http.NewRequest(http.MethodGet, p.server.Endpoint+path, nil)
	if err != nil {
		return answer{}, err
	}
	return p.send(request)
}
