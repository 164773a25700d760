package clients

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

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
	signer         key    // whose signature it gets when it is delivered; empty for none
	service        string // that the signature is for
	at             time.Time
	tamper         func(*http.Request) // what is done to it after it was signed
}

// signedBy has the message signed as it is delivered, with everything that is wrong with it by then, unless it has an Authorization.
func (m message) signedBy(signer key, operation *api.Operation) message {
	if operation.Auth == api.AuthSigV4 && m.header["Authorization"] == nil {
		m.signer, m.service = signer, operation.Service.SigningName
	}
	return m
}

// compose puts an input on the wire as the operation's table says.
func compose(operation *api.Operation, in members) message {
	c := harness.Compose(operation, in)
	return message{method: c.Method, target: c.Target, header: c.Header, body: c.Body}
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
	if m.signer != (key{}) {
		if err := p.sign(request, m); err != nil {
			return answer{}, err
		}
	}
	if m.tamper != nil {
		m.tamper(request)
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

// sign signs the request with the signer of the Go SDK, which puts queries in order: the one that is sent stays as it stands.
func (p plain) sign(request *http.Request, m message) error {
	query, digest, at := request.URL.RawQuery, sha256.Sum256(m.body), m.at
	if at.IsZero() {
		at = time.Now()
	}
	credentials := aws.Credentials{AccessKeyID: m.signer.ID, SecretAccessKey: m.signer.Secret, SessionToken: m.signer.Session}
	err := v4.NewSigner().SignHTTP(request.Context(), credentials, request, hex.EncodeToString(digest[:]), m.service, p.server.Region, at)
	request.URL.RawQuery = query
	return err
}

func (p plain) get(path string) (answer, error) {
	return p.deliver(message{method: http.MethodGet, target: path})
}
